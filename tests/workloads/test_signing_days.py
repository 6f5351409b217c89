"""What signatures do as days pass: refusing in the days of renewal, a lapse unseen."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from tests.workloads import stories
from workloads.enums import EstimateState, SignRole, Status, Verdict
from workloads.models import SignoffEnd, Workload
from workloads.rules.duties import Duty
from workloads.selectors.duties import duties_for
from workloads.services.errors import AlreadySigned, IllegalTransition
from workloads.services.signoff_ends import lapse_signatures

pytestmark = pytest.mark.django_db

DAYS_OF_RENEWAL = datetime(2026, 12, 20, 12, tzinfo=UTC)
AFTER_THE_LAPSE = datetime(2027, 1, 1, 0, 30, tzinfo=UTC)


def test_a_refusal_in_the_days_of_renewal_is_no_renewal(cast: SimpleNamespace) -> None:
    workload = stories.planned(cast)
    estimate = workload.submitted_estimate

    with pytest.raises(AlreadySigned):
        stories.press(
            estimate,
            cast.ines,
            SignRole.ENGINEERING,
            verdict=Verdict.REFUSE,
            reason="Second thoughts.",
            now=DAYS_OF_RENEWAL,
        )

    estimate.refresh_from_db(fields=["state"])
    assert estimate.state == EstimateState.SUBMITTED
    assert SignoffEnd.objects.count() == 0


def test_a_lapse_that_nobody_recorded_yet_stops_committed(
    cast: SimpleNamespace,
) -> None:
    workload = stories.planned(cast)
    stories.with_criterion(workload, cast.sarah)

    with pytest.raises(IllegalTransition) as refused:
        stories.moved(workload, Status.COMMITTED, cast.sarah, now=AFTER_THE_LAPSE)

    assert refused.value.detail == (
        "W-01 falls back to candidate: a signature on v1 lapsed. Renew it, then move it "
        "to planned again."
    )
    fresh = Workload.objects.get(number=workload.number)
    assert (fresh.status, fresh.status_steps) == (Status.PLANNED, 1)


def test_a_workload_with_a_lapsed_signature_can_still_be_dropped(
    cast: SimpleNamespace,
) -> None:
    workload = stories.planned(cast)

    dropped = stories.moved(
        workload, Status.RETIRED, cast.sarah, "Out of money.", now=AFTER_THE_LAPSE
    )

    assert dropped.status == Status.RETIRED


def test_a_refused_version_stays_on_the_row_and_its_draft_changes_nothing(
    cast: SimpleNamespace,
) -> None:
    workload = stories.proposed(cast)
    estimate = stories.submitted(workload, cast.sarah)

    stories.press(
        estimate, cast.felix, SignRole.FINANCE, Verdict.REFUSE, "Too many tokens."
    )

    fresh = Workload.objects.get(number=workload.number)
    assert fresh.shown_estimate == estimate
    assert fresh.draft_estimate.version == 2


def test_a_lapse_is_recorded_once(cast: SimpleNamespace) -> None:
    workload = stories.planned(cast)

    ended = [
        lapse_signatures(number=workload.number, now=AFTER_THE_LAPSE) for _ in range(2)
    ]

    assert ended == [3, 0]


def test_home_calls_nothing_ready_whose_signature_lapsed(cast: SimpleNamespace) -> None:
    workload = stories.proposed(cast)
    stories.signed(workload, cast)

    def duties(now: datetime) -> list[Duty]:
        return [todo.duty for todo in duties_for(cast.sarah, now, most=9)]

    assert duties(DAYS_OF_RENEWAL) == [Duty.MOVE]
    assert duties(AFTER_THE_LAPSE) == [Duty.ASK]
