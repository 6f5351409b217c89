"""Two and more people press at the same moment, on a real PostgreSQL.

`WEIGHBRIDGE_RACE_ROUNDS` sets the rounds: few in CI, 200 in `make soak`.
"""

import os
from functools import partial
from types import SimpleNamespace

import pytest

from portal.kernel.models import AuditEntry
from portal.kernel.selectors.audit import verify
from tests.conftest import NOW
from tests.faults.races import at_once, codes
from tests.workloads import stories
from workloads.enums import SignRole, Status, Verdict
from workloads.models import Estimate, Signoff, StatusStep, Workload
from workloads.services.estimates import edit_draft, open_draft, submit_estimate
from workloads.services.lifecycle import advance
from workloads.services.plan import edit_workload, propose_workload

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = int(os.environ.get("WEIGHBRIDGE_RACE_ROUNDS", "3"))
ENGINEERING, FINANCE, OPS = SignRole


@pytest.fixture(params=range(ROUNDS))
def round_number(request: pytest.FixtureRequest) -> int:
    return int(request.param)


def move(workload: Workload, actor, to: Status = Status.PLANNED, reason: str = ""):
    return partial(
        advance, number=workload.number, to=to, actor=actor, reason=reason, now=NOW
    )


def test_twenty_equal_presses_take_one_step(
    cast: SimpleNamespace, round_number: int
) -> None:
    workload = stories.proposed(cast)
    stories.signed(workload, cast)

    outcomes = at_once([move(workload, cast.sarah)] * 20)

    assert codes(outcomes) == ["illegal_transition"] * 19 + ["ok"]
    assert StatusStep.objects.count() == 1
    assert AuditEntry.objects.filter(action="workload.transitioned").count() == 1
    assert Workload.objects.get().status == Status.PLANNED


def test_the_last_signatures_at_once_are_both_given(
    cast: SimpleNamespace, round_number: int
) -> None:
    workload = stories.proposed(cast)
    estimate = stories.submitted(workload, cast.sarah)
    stories.press(estimate, cast.ines, ENGINEERING)

    outcomes = at_once(
        [
            partial(stories.press, estimate, cast.felix, FINANCE),
            partial(stories.press, estimate, cast.noor, OPS),
        ]
    )

    assert codes(outcomes) == ["ok", "ok"]
    assert Estimate.objects.get().signed_at == NOW
    assert Workload.objects.get().shown_estimate_id == estimate.pk
    assert stories.moved(workload, Status.PLANNED, cast.sarah).status == Status.PLANNED


def test_one_role_signed_by_twenty_is_signed_once(
    cast: SimpleNamespace, round_number: int
) -> None:
    estimate = stories.submitted(stories.proposed(cast), cast.sarah)

    outcomes = at_once([partial(stories.press, estimate, cast.ines, ENGINEERING)] * 20)

    assert codes(outcomes) == ["already_signed"] * 19 + ["ok"]
    assert Signoff.objects.count() == 1


def test_one_person_at_three_roles_gives_one(
    cast: SimpleNamespace, round_number: int
) -> None:
    cast.ines.roles = ["engineering", "finance", "ops"]
    cast.ines.save()
    estimate = stories.submitted(stories.proposed(cast), cast.sarah)

    outcomes = at_once(
        [partial(stories.press, estimate, cast.ines, role) for role in SignRole]
    )

    assert codes(outcomes) == ["ok", "separation_of_duties", "separation_of_duties"]
    assert Signoff.objects.count() == 1


def test_approve_against_refuse_has_one_winner(
    cast: SimpleNamespace, round_number: int
) -> None:
    estimate = stories.submitted(stories.proposed(cast), cast.sarah)

    outcomes = at_once(
        [
            partial(stories.press, estimate, cast.ines, ENGINEERING),
            partial(
                stories.press, estimate, cast.ines, ENGINEERING, Verdict.REFUSE, "No."
            ),
        ]
    )

    assert codes(outcomes) in (
        ["already_signed", "ok"],
        ["not_open_for_signing", "ok"],
    )
    assert Signoff.objects.count() == 1


def test_a_signature_against_a_new_version_never_signs_what_was_replaced(
    cast: SimpleNamespace, round_number: int
) -> None:
    workload = stories.proposed(cast)
    estimate = stories.submitted(workload, cast.sarah)
    stories.press(estimate, cast.ines, ENGINEERING)
    stories.press(estimate, cast.felix, FINANCE)
    stories.drafted(workload, cast.sarah, users=9)

    outcomes = at_once(
        [
            partial(stories.press, estimate, cast.noor, OPS),
            partial(
                submit_estimate,
                number=workload.number,
                version=2,
                actor=cast.sarah,
                now=NOW,
            ),
            move(workload, cast.pia),
        ]
    )

    # Whoever was first, the new version is in and carries no signature of the old one.
    assert "ok" in codes(outcomes)
    fresh = Workload.objects.get()
    assert fresh.status == Status.CANDIDATE
    assert fresh.submitted_estimate.version == 2
    assert not Signoff.objects.filter(estimate__version=2).exists()
    assert StatusStep.objects.count() in (0, 2)


def test_the_step_against_a_withdrawing_edit_is_one_or_the_other(
    cast: SimpleNamespace, round_number: int
) -> None:
    workload = stories.proposed(cast)
    stories.signed(workload, cast)
    stories.drafted(workload, cast.sarah, users=9)

    outcomes = at_once(
        [
            move(workload, cast.pia),
            partial(
                submit_estimate,
                number=workload.number,
                version=2,
                actor=cast.sarah,
                now=NOW,
            ),
        ]
    )

    steps = list(StatusStep.objects.values_list("target", flat=True))
    assert (codes(outcomes), steps) in (
        (["ok", "ok"], ["planned", "candidate"]),
        (["ok", "requirements_not_met"], []),
    )
    assert Workload.objects.get().status == Status.CANDIDATE


def test_two_drafts_at_once_open_one(cast: SimpleNamespace, round_number: int) -> None:
    workload = stories.proposed(cast)

    outcomes = at_once(
        [
            partial(
                open_draft,
                number=workload.number,
                actor=actor,
                changes=stories.COMPLETE,
                now=NOW,
            )
            for actor in (cast.sarah, cast.pia) * 5
        ]
    )

    assert codes(outcomes) == ["draft_exists"] * 9 + ["ok"]


def test_two_edits_of_what_both_saw_keep_the_first(
    cast: SimpleNamespace, round_number: int
) -> None:
    workload = stories.proposed(cast)

    outcomes = at_once(
        [
            partial(
                edit_workload,
                number=workload.number,
                actor=cast.sarah,
                changes={"purpose": f"Purpose {index}"},
                now=NOW,
                if_version=workload.version,
            )
            for index in range(10)
        ]
    )

    assert codes(outcomes) == ["ok"] + ["stale"] * 9


def test_a_submit_against_an_edit_freezes_what_was_read_or_refuses(
    cast: SimpleNamespace, round_number: int
) -> None:
    workload = stories.proposed(cast)
    stories.drafted(workload, cast.sarah)

    outcomes = at_once(
        [
            partial(
                submit_estimate,
                number=workload.number,
                version=1,
                actor=cast.sarah,
                now=NOW,
            ),
            partial(
                edit_draft,
                number=workload.number,
                version=1,
                actor=cast.pia,
                changes={"users": 7},
                now=NOW,
            ),
        ]
    )

    estimate = Estimate.objects.get()
    assert (codes(outcomes), estimate.users) in (
        (["ok", "ok"], 7),
        (["not_a_draft", "ok"], 4200),
    )
    assert estimate.budgets["tokens"]["tokens_per_month"] == estimate.users * 520_000


def test_references_have_no_gap_and_no_double(
    cast: SimpleNamespace, round_number: int
) -> None:
    at_once(
        [
            partial(
                propose_workload,
                actor=cast.pia,
                values={"name": f"Workload {index}"},
                now=NOW,
            )
            for index in range(12)
        ]
    )

    assert sorted(Workload.objects.values_list("number", flat=True)) == list(
        range(1, 13)
    )
    assert verify().broken is None
