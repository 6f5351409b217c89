"""Every page that changes something carries what it showed; without that it saves
nothing, as if somebody had been faster."""

from types import SimpleNamespace
from typing import Any

import pytest

from portal.kernel.models import AuditEntry, User
from portal.kernel.pages.seen import UNSAID
from portal.kernel.selectors import numbers
from portal.kernel.services.numbers import NUMBERS
from tests.conftest import NOW
from tests.workloads import stories
from tests.workloads.pages import Reader, seen, words
from workloads.enums import SignRole, Status
from workloads.models import Workload
from workloads.services.criteria import write_criterion
from workloads.services.departments import create_department
from workloads.services.plan import edit_workload

CRITERION = {
    "metric": "Minutes saved",
    "baseline": "0",
    "target": "4",
    "due_on": "2026-12-01",
}
PROOF = {"item": "audit_seen", "link": "https://x.example/", "done_on": "2026-05-01"}
ESTIMATE = {
    "basis": "declared",
    "users": "9",
    "declared_tokens_per_user_month": "5",
    "declared_input_share": "75",
    **dict.fromkeys(("output_multiplier", "tool_call_factor", "retry_factor"), "1"),
    "profile": "business_hours",
}
RETIRE = {"reason": "No use."}
W = "/workloads/W-01/"
# Whose page, its address, what its form is called for, and what is sent.
FORMS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "row": ("pia", f"{W}edit/", {"name": "Other", "audience": "internal"}),
    "cell": ("pia", "/plan/cells/W-01/name/", {"value": "Other"}),
    "figure": ("pia", "/plan/cells/W-01/users/", {"value": "9"}),
    "draft": ("pia", f"{W}estimates/2/", ESTIMATE),
    "submit": ("pia", f"{W}estimates/2/submit/", {}),
    "step": ("sarah", f"{W}step/retired/", RETIRE),
    "withdraw": ("noor", f"{W}estimates/1/ops/withdraw/", {"reason": "Too early."}),
    "criterion": ("pia", f"{W}criteria/", CRITERION),
    "readiness": ("pia", f"{W}readiness/", PROOF),
    "department": ("clara", "/departments/it/", {"name": "Other"}),
    "numbers": ("clara", "/settings/numbers/change/", {"reason": "More."}),
    "account": ("ada", "/settings/accounts/{nils}/", {"name": "Other"}),
}


@pytest.fixture
def world(cast: SimpleNamespace) -> SimpleNamespace:
    """W-01 with a submitted version that ops signed, a draft beside it, a criterion."""
    workload = stories.proposed(cast)
    stories.press(stories.submitted(workload, cast.sarah), cast.noor, SignRole.OPS)
    stories.drafted(workload, cast.sarah, users=5000)
    create_department(actor=cast.clara, code="it", name="IT", head=None, now=NOW)
    write_criterion(
        number=1, actor=cast.sarah, now=NOW, **{**CRITERION, "due_on": NOW.date()}
    )
    return cast


def sent(world: SimpleNamespace, name: str) -> tuple[Any, str, dict[str, Any]]:
    """A browser, the address, and the form's visible fields."""
    who, address, body = FORMS[name]
    if name == "numbers":
        present = numbers.current()
        body = {one: str(getattr(present, one)) for one in NUMBERS} | body
        body |= {"adoption_ramp": "0.4, 0.7, 1", "platform_hours_week": "6"}
    address = address.format(nils=world.nils.pk)
    return Reader(world)(who), address, body


@pytest.mark.parametrize("name", FORMS)
def test_a_form_that_says_what_it_saw_is_saved(
    world: SimpleNamespace, name: str
) -> None:
    client, address, body = sent(world, name)
    entries = AuditEntry.objects.count()
    shown = seen(client.get(address))

    answer = client.post(address, {**body, **shown})

    assert shown
    assert answer.status_code == 302, words(answer)
    assert AuditEntry.objects.count() > entries


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("said", [None, "", "x", "9" * 5000])
def test_a_form_that_does_not_say_what_it_saw_saves_nothing(
    world: SimpleNamespace, name: str, said: str | None
) -> None:
    client, address, body = sent(world, name)
    entries = AuditEntry.objects.count()
    shown = seen(client.get(address))
    changed = {one: said for one in shown if said is not None}

    answer = client.post(address, {**body, **changed})

    assert answer.status_code == 412, words(answer)
    assert AuditEntry.objects.count() == entries
    if not said:
        assert UNSAID in words(answer)


@pytest.mark.parametrize(
    ("name", "beside"),
    [
        ("row", "Workload Other Customer support chat"),
        ("cell", "Workload of W-01 is now Customer support chat; you typed Other."),
        ("draft", "Users 9 5,000"),
        ("criterion", "Target"),
        ("department", "Now IT, no head"),
        ("numbers", "Platform hours week 6 4"),
        ("account", "Name Other Nils Berg"),
    ],
)
def test_both_values_stand_beside_each_other(
    world: SimpleNamespace, name: str, beside: str
) -> None:
    client, address, body = sent(world, name)
    body = {**body, "target": "5"} if name == "criterion" else body

    answer = client.post(address, body)

    assert answer.status_code == 412
    assert beside in words(answer)


def test_a_criterion_that_changed_meanwhile_is_not_removed(
    world: SimpleNamespace,
) -> None:
    criterion = Workload.objects.get().criteria.get()
    address = f"{W}criteria/{criterion.pk}/remove/"
    client = Reader(world)("pia")

    answers = [
        client.post(address, {"written_at": moment}).status_code
        for moment in ("", "2026-02-31T00:00", "2026-05-01T00:00:00+00:00")
    ]
    right = client.post(address, {"written_at": criterion.written_at.isoformat()})

    assert answers == [412] * 3
    assert right.status_code == 302
    assert not Workload.objects.get().criteria.exists()


def test_who_was_faster_with_an_account_is_not_overwritten(
    world: SimpleNamespace,
) -> None:
    client, address, body = sent(world, "account")
    shown = seen(client.get(address))
    User.objects.filter(pk=world.nils.pk).update(email="n@example.com")

    answer = client.post(address, {**body, **shown})

    assert answer.status_code == 412
    assert "The account nils changed since you read it" in words(answer)


def test_a_step_on_a_row_that_changed_is_not_taken(world: SimpleNamespace) -> None:
    client, address, body = sent(world, "step")
    shown = seen(client.get(address))
    edit_workload(number=1, actor=world.pia, changes={"purpose": "More"}, now=NOW)

    answer = client.post(address, {**body, **shown})

    assert answer.status_code == 412
    assert Workload.objects.get().status == Status.CANDIDATE
