"""Who should have no say in the plan, and tries every way to get one."""

from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from portal.kernel import clock
from portal.kernel.access import allows
from portal.kernel.errors import Invalid, NotAllowed
from portal.kernel.models import User
from tests.conftest import NOW
from tests.kernel.conftest import Caller
from tests.workloads import stories
from workloads.enums import SignRole
from workloads.models import Deputy, Signoff, Workload
from workloads.rules.sheets.columns import HEADINGS
from workloads.services.deputies import name_deputy
from workloads.services.errors import OwnerHasSigned, SeparationOfDuties
from workloads.services.estimates import submit_estimate
from workloads.services.imports import apply_import
from workloads.services.plan import edit_workload, propose_workload

pytestmark = pytest.mark.django_db

Api = Callable[..., Caller]
READERS = ["adele", "gateway", "ada"]


def deputise(cast: SimpleNamespace, deputy: User) -> None:
    today = clock.today(NOW)
    name_deputy(
        actor=cast.felix,
        role=SignRole.FINANCE,
        deputy=deputy,
        from_day=today,
        until_day=today + timedelta(days=5),
        now=NOW,
    )


@pytest.mark.parametrize("reader", READERS)
def test_who_only_reads_is_named_deputy_by_nobody(
    cast: SimpleNamespace, reader: str
) -> None:
    with pytest.raises(Invalid) as refused:
        deputise(cast, getattr(cast, reader))

    assert [error.code for error in refused.value.errors] == ["no_say"]
    assert not Deputy.objects.exists()


@pytest.mark.parametrize("role", ["auditor", "runtime", "admin"])
def test_a_deputy_who_became_a_reader_signs_nothing(
    cast: SimpleNamespace, role: str
) -> None:
    deputise(cast, cast.marcus)
    estimate = stories.submitted(stories.proposed(cast), cast.sarah)
    User.objects.filter(pk=cast.marcus.pk).update(roles=[role])

    with pytest.raises(NotAllowed):
        stories.press(estimate, User.objects.get(pk=cast.marcus.pk), SignRole.FINANCE)

    assert not Signoff.objects.exists()


@pytest.mark.parametrize("reader", READERS)
def test_who_only_reads_is_named_owner_by_nobody(
    cast: SimpleNamespace, api: Api, reader: str
) -> None:
    workload = stories.proposed(cast)
    person = getattr(cast, reader)

    with pytest.raises(Invalid):
        propose_workload(
            actor=cast.pia, values={"name": "Theirs", "owner": person}, now=NOW
        )
    with pytest.raises(Invalid):
        edit_workload(
            number=workload.number, actor=cast.pia, changes={"owner": person}, now=NOW
        )
    answer = api("pia")(
        "PATCH",
        f"/api/v1/workloads/{workload.ref}/",
        {"owner": reader},
        If_Match="*",
    )

    assert answer.status_code == 400
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/owner"]
    assert Workload.objects.get().owner == cast.sarah


def test_an_import_takes_a_reader_for_a_name_without_an_account(
    cast: SimpleNamespace,
) -> None:
    rows = ["Theirs,adele,,,,,,,,", "Ours,sarah,,,,,,,,"]
    sheet = "\n".join([",".join(HEADINGS[-10:]), *rows])

    apply_import(content=sheet.encode(), actor=cast.pia, now=NOW)

    assert list(
        Workload.objects.order_by("number").values_list("owner__username", "owner_text")
    ) == [(None, "adele"), ("sarah", "")]


@pytest.mark.parametrize("role", ["auditor", "runtime", "admin"])
def test_an_owner_who_became_a_reader_reads(cast: SimpleNamespace, role: str) -> None:
    workload = stories.proposed(cast)
    cast.sarah.roles = [role]

    assert not allows(cast.sarah, "workload.edit", workload)
    assert not allows(cast.sarah, "workload.move_to_live", workload)


def test_who_changes_the_models_under_a_draft_does_not_sign_it(
    cast: SimpleNamespace,
) -> None:
    """The models are in what is signed, and stand on the row, not in the draft."""
    User.objects.filter(pk=cast.felix.pk).update(roles=["finance", "planner"])
    felix = User.objects.get(pk=cast.felix.pk)
    workload = stories.proposed(cast)
    draft = stories.drafted(workload, cast.sarah)
    changes: dict[str, Any] = {"primary_model": "Opus", "degrade_model": ""}
    edit_workload(number=workload.number, actor=felix, changes=changes, now=NOW)
    estimate = submit_estimate(
        number=workload.number, version=draft.version, actor=cast.sarah, now=NOW
    )

    with pytest.raises(SeparationOfDuties):
        stories.press(estimate, felix, SignRole.FINANCE)

    assert not Signoff.objects.exists()


def test_an_owner_does_not_hand_the_row_over_for_the_time_of_signing(
    cast: SimpleNamespace,
) -> None:
    User.objects.filter(pk=cast.sarah.pk).update(roles=["owner", "finance"])
    sarah = User.objects.get(pk=cast.sarah.pk)
    workload = stories.proposed(cast)
    estimate = stories.submitted(workload, cast.pia)
    edit_workload(
        number=workload.number, actor=sarah, changes={"owner": cast.marcus}, now=NOW
    )
    stories.press(estimate, sarah, SignRole.FINANCE)

    with pytest.raises(OwnerHasSigned):
        edit_workload(
            number=workload.number,
            actor=cast.marcus,
            changes={"owner": cast.sarah},
            now=NOW,
        )

    assert Workload.objects.get().owner == cast.marcus
