"""Imports at the same moment as each other and as people, on a real PostgreSQL."""

import os
from functools import partial

import pytest

from portal.kernel.models import AuditEntry
from portal.kernel.selectors.audit import verify
from tests.conftest import NOW
from tests.faults.races import at_once, codes
from tests.workloads import stories
from tests.workloads.test_imports_plan import PLAN, sheet
from workloads.models import Estimate, Workload
from workloads.services import uploads
from workloads.services.imports import apply_import
from workloads.services.plan import edit_workload, propose_workload

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = int(os.environ.get("WEIGHBRIDGE_RACE_ROUNDS", "3"))


@pytest.fixture(params=range(ROUNDS))
def round_number(request):
    return int(request.param)


def take(content, actor):
    return partial(apply_import, content=content, actor=actor, now=NOW)


def test_one_file_imported_by_eight_at_once_is_one_plan(cast, round_number):
    outcomes = at_once([take(PLAN, cast.pia)] * 8)

    assert codes(outcomes) == ["ok"] * 8
    assert list(Workload.objects.values_list("number", flat=True)) == [1, 2, 3, 4, 5]
    assert Estimate.objects.count() == 4
    assert AuditEntry.objects.filter(action="plan.imported").count() == 1
    assert verify().broken is None


def test_imports_and_proposals_at_once_never_share_a_reference(cast, round_number):
    sheets = [
        sheet(*({"Workload": f"Sheet {n} row {row}"} for row in range(5)))
        for n in range(3)
    ]
    proposals = [
        partial(
            propose_workload, actor=cast.pia, values={"name": f"By hand {n}"}, now=NOW
        )
        for n in range(5)
    ]

    outcomes = at_once([*(take(content, cast.pia) for content in sheets), *proposals])

    assert codes(outcomes) == ["ok"] * 8
    numbers = list(Workload.objects.values_list("number", flat=True))
    assert numbers == list(range(1, 21))


def test_an_import_and_a_renaming_leave_one_of_the_two_names(cast, round_number):
    workload = stories.proposed(cast, name="Chat")
    stories.proposed(cast, name="Docs")
    content = sheet(
        {"Workload": "Chat", "Users": "5k"}, {"Workload": "Docs", "Users": "6k"}
    )
    rename = partial(
        edit_workload,
        number=workload.number,
        actor=cast.sarah,
        changes={"name": "Support"},
        now=NOW,
    )

    outcomes = at_once([take(content, cast.pia), rename])

    assert codes(outcomes) == ["ok", "ok"]
    names = set(Workload.objects.values_list("name", flat=True))
    # Renamed first, the sheet's "Chat" is a new workload; imported first, it is the old.
    assert names in ({"Support", "Docs"}, {"Support", "Docs", "Chat"})
    assert Estimate.objects.filter(state="draft").count() == 2


def test_an_import_and_two_signatures_at_once_lose_nothing(cast, round_number):
    workload = stories.proposed(cast)
    estimate = stories.submitted(workload, cast.sarah)
    content = sheet({"Ref": "W-01", "Workload": workload.name, "Users": "5k"})
    presses = [
        partial(stories.press, estimate, getattr(cast, name), role)
        for role, name in stories.SIGNERS.items()
    ]

    outcomes = at_once([take(content, cast.pia), *presses])

    assert codes(outcomes) == ["ok"] * 4
    workload.refresh_from_db(fields=["shown_estimate", "draft_estimate"])
    assert workload.shown_estimate_id == estimate.pk
    assert workload.draft_estimate.users == 5000


def test_a_sheet_confirmed_by_eight_at_once_is_imported_once(cast, round_number):
    kept = uploads.upload_sheet(
        content=PLAN, file_name="plan.csv", actor=cast.pia, now=NOW
    )
    confirm = partial(
        uploads.confirm_upload, import_id=kept.pk, actor=cast.pia, now=NOW
    )

    outcomes = at_once([confirm] * 8)

    assert codes(outcomes) == ["already_imported"] * 7 + ["ok"]
    assert Workload.objects.count() == 5
    assert AuditEntry.objects.filter(action="plan.imported").count() == 1
