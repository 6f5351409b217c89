"""A recalibration sets what was used against what was forecast, workload by workload."""

from datetime import datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.core.management import CommandError, call_command

from capacity.enums import RunStatus
from capacity.models import ComputeLine, UsageHour
from capacity.selectors.problems import NothingObserved
from capacity.selectors.quarters_state import state_of
from capacity.services import recalibration
from capacity.services.quarters import reopen_quarter
from capacity.services.recalibration import request_recalibration
from capacity.services.recalibration_offers import take_observed
from portal.kernel import clock
from portal.kernel.errors import NotAllowed
from portal.kernel.models import AuditEntry, OutboxMessage
from portal.kernel.periods import Quarter
from tests.capacity import recalibration as story
from workloads.models import Workload
from workloads.services.estimates import edit_draft, open_draft

pytestmark = pytest.mark.django_db

LATER = story.AFTER + timedelta(days=1)


def with_everything(cast: SimpleNamespace, **usage: int) -> Workload:
    workload = story.live(cast)
    story.used(workload, **usage)
    story.worked(workload)
    story.billed()
    return workload


# --- Comparing -----------------------------------------------------------------------


def test_usage_as_forecast_has_no_error_and_drafts_nothing(
    cast: SimpleNamespace,
) -> None:
    workload = with_everything(cast)

    run = story.recalibrated()

    found = story.result(run, workload)
    assert run.status == RunStatus.COMPLETE
    assert (run.is_current, run.done, run.total) == (True, 1, 1)
    assert found.missing == found.off == []
    assert {one["error"] for one in found.inputs.values()} == {"0", None}
    assert found.budgets["tokens"] == {
        "forecast": "198000000",
        "actual": "198000000",
        "error": "0",
    }
    assert found.budgets["ops"] == {"forecast": "6", "actual": "6", "error": "0"}
    assert story.drafts(workload) == []


def test_usage_events_tell_distinct_people_of_a_month(cast: SimpleNamespace) -> None:
    workload = story.live(cast, inputs={"users": 30})
    for day in (6, 7):
        story.measured(
            workload,
            story.APRIL.first_day.replace(day=day),
            30,
            sessions=5,
            turns=25,
            input_tokens=20_000,
            output_tokens=5_000,
        )

    run = story.recalibrated("2026-04")

    inputs = story.result(run, workload).inputs
    assert inputs["users"] == {"forecast": "30", "actual": "30", "error": "0"}
    assert inputs["sessions_per_user_month"]["actual"] == "10"
    assert inputs["input_tokens_per_turn"]["actual"] == "800"


def test_missing_data_of_one_workload_never_stops_the_others(
    cast: SimpleNamespace,
) -> None:
    silent = story.live(cast, name="Silent")
    workload = with_everything(cast, users=1600, sessions=16_000)

    run = story.recalibrated()

    assert story.result(run, silent).missing == ["tokens", "ops"]
    assert story.result(run, workload).missing == []
    assert story.result(run, workload).draft_version == 2
    assert run.budgets["tokens"]["error"] == "0"
    texts = set(run.log.values_list("text", flat=True))
    assert f"{silent.ref}: no actuals of tokens and ops." in texts
    assert f"{workload.ref}: users +60 %, turns per session −38 %." in texts


def test_compute_is_compared_for_the_platform_where_each_line_has_its_amount(
    cast: SimpleNamespace,
) -> None:
    ComputeLine.objects.create(
        line="vector_database",
        valid_from=story.WENT_LIVE.date().replace(day=1),
        amount_per_month=Decimal(900),
        currency="USD",
        entered_at=story.WENT_LIVE,
    )
    workload = story.live(cast)
    story.used(workload)
    story.worked(workload)
    story.billed(Decimal(12), vector_database=Decimal(990))

    run = story.recalibrated()

    assert run.budgets["compute_cost"] == {
        "forecast": "2700",
        "actual": "2970",
        "error": "0.1",
    }
    # 10,000 sessions × 12/52 ÷ 40 × 10/60 at once.
    assert run.budgets["compute"]["forecast"] == "9.615385"
    assert run.budgets["compute"]["actual"] == "12"
    assert run.is_calibrated is True


def test_what_is_entered_after_it_was_asked_for_waits_for_the_next_run(
    cast: SimpleNamespace,
) -> None:
    workload = story.live(cast)
    story.used(workload, entered_at=LATER)

    early = story.recalibrated()
    late = story.recalibrated(now=LATER)

    assert "tokens" in story.result(early, workload).missing
    assert "tokens" not in story.result(late, workload).missing


@pytest.mark.parametrize("lacks", ["a month of hours", "a peak", "usage", "nothing"])
def test_a_quarter_is_calibrated_when_every_actual_is_there(
    cast: SimpleNamespace, lacks: str
) -> None:
    workload = story.live(cast)
    story.used(workload, story.MONTHS[: 2 if lacks == "usage" else 3])
    months = story.MONTHS[: 2 if lacks == "a month of hours" else 3]
    story.worked(workload, Decimal(0), months)
    if lacks != "a peak":
        story.billed()

    run = story.recalibrated()

    assert run.is_calibrated is (lacks == "nothing")


# --- Drafts --------------------------------------------------------------------------


def test_an_input_that_is_off_drafts_what_was_observed(cast: SimpleNamespace) -> None:
    workload = with_everything(cast, users=1600, sessions=16_000)

    run = story.recalibrated()

    [draft] = story.drafts(workload)
    assert story.result(run, workload).off == ["users", "turns_per_session"]
    assert (draft.version, draft.created_by, draft.users) == (2, None, 1600)
    assert (draft.turns_per_session, draft.input_tokens_per_turn) == (
        Decimal("3.13"),
        Decimal("800"),
    )
    assert (draft.sources["users"], draft.ops_hours_week) == ("observed", Decimal(6))
    assert "2026-Q2" in draft.note
    assert not draft.contributors.exists()
    actions = AuditEntry.objects.order_by("-id").values_list("action", flat=True)
    assert list(actions[:2]) == ["recalibration.finished", "estimate.edited"]


def test_a_newer_run_renews_the_systems_own_draft(cast: SimpleNamespace) -> None:
    workload = with_everything(cast, users=1600, sessions=16_000)
    story.recalibrated()
    story.measured(
        workload, story.MAY.first_day, 2000, sessions=8, turns=40, input_tokens=9_000
    )

    run = story.recalibrated(now=LATER)

    [draft] = story.drafts(workload)
    assert (draft.version, draft.users) == (2, 1733)
    assert story.result(run, workload).draft_version == 2


def test_the_same_again_changes_nothing(cast: SimpleNamespace) -> None:
    workload = with_everything(cast, users=1600, sessions=16_000)
    first = story.recalibrated()
    [before] = story.drafts(workload)

    second = story.recalibrated(now=LATER)

    [after] = story.drafts(workload)
    assert after.users == before.users
    assert (second.is_current, second.budgets) == (True, first.budgets)
    first.refresh_from_db()
    assert first.is_current is False


def test_a_persons_draft_is_never_touched_but_offered(cast: SimpleNamespace) -> None:
    workload = with_everything(cast, users=1600, sessions=16_000)
    open_draft(
        number=workload.number, actor=cast.sarah, changes={"users": 7}, now=LATER
    )

    run = story.recalibrated()
    workload.refresh_from_db()
    taken = take_observed(run=run, workload=workload, actor=cast.sarah, now=LATER)

    assert story.result(run, workload).draft_version is None
    assert (taken.version, taken.users) == (2, 1600)
    assert taken.sources["users"] == "observed"
    assert list(taken.contributors.all()) == [cast.sarah]


def test_the_systems_draft_that_somebody_edited_is_a_persons(
    cast: SimpleNamespace,
) -> None:
    workload = with_everything(cast, users=1600, sessions=16_000)
    story.recalibrated()
    edit_draft(
        number=workload.number,
        version=2,
        actor=cast.sarah,
        changes={"users": 1500},
        now=LATER,
    )

    run = story.recalibrated(now=LATER)

    [draft] = story.drafts(workload)
    assert (draft.users, story.result(run, workload).draft_version) == (1500, None)


@pytest.mark.parametrize(
    ("period", "now"),
    [
        ("2026Q2", story.AFTER + timedelta(days=100)),
        ("2026-05", story.AFTER),
        ("2026Q2", story.AFTER - timedelta(days=10)),
    ],
)
def test_only_the_newest_ended_quarter_drafts(
    cast: SimpleNamespace, period: str, now: datetime
) -> None:
    workload = story.live(cast)
    story.used(workload, users=1600, entered_at=story.WENT_LIVE)

    run = story.recalibrated(period, now)

    assert "users" in story.result(run, workload).off
    assert story.drafts(workload) == []


def test_who_may_not_estimate_takes_nothing_over(cast: SimpleNamespace) -> None:
    workload = with_everything(cast, users=1600, sessions=16_000)
    run = story.recalibrated()

    with pytest.raises(NotAllowed):
        take_observed(run=run, workload=workload, actor=cast.felix, now=LATER)


def test_nothing_is_taken_over_where_nothing_is_off(cast: SimpleNamespace) -> None:
    workload = with_everything(cast)
    run = story.recalibrated()

    with pytest.raises(NothingObserved):
        take_observed(run=run, workload=workload, actor=cast.sarah, now=LATER)


def test_an_absurd_month_drafts_nothing_and_stops_nobody(cast: SimpleNamespace) -> None:
    absurd = story.live(cast, name="Absurd")
    story.used(absurd, input_tokens=10**18, turns=1, retries=0, tool_calls=0)
    workload = with_everything(cast, users=1600, sessions=16_000)

    run = story.recalibrated()

    assert run.status == RunStatus.COMPLETE
    assert story.drafts(absurd) == []
    assert len(story.drafts(workload)) == 1
    assert run.log.filter(key=f"refused {absurd.ref}").exists()


def test_a_profile_is_learned_from_the_hours_in_which_sessions_began(
    cast: SimpleNamespace,
) -> None:
    workload = with_everything(cast, users=1600, sessions=16_000)
    story.measured(workload, story.APRIL.first_day, 0)
    # Wednesday, 1 April 2026.
    UsageHour.objects.bulk_create(
        UsageHour(
            day=story.APRIL.first_day, workload=workload, hour=hour, sessions=many
        )
        for hour, many in ((9, 30), (20, 10))
    )

    story.recalibrated()

    [draft] = story.drafts(workload)
    weights = {hour: many for hour, many in enumerate(draft.profile) if many}
    assert weights == {57: 30, 68: 10}


# --- Runs ----------------------------------------------------------------------------


def test_asking_posts_the_task_with_the_run(cast: SimpleNamespace) -> None:
    run = request_recalibration(period="2026Q2", actor=cast.noor, now=story.AFTER)

    [message] = OutboxMessage.objects.all()
    assert message.payload == {
        "task": "capacity.tasks.run_recalibration",
        "arguments": [run.pk],
    }
    assert AuditEntry.objects.latest("id").object == f"recalibration/R-{run.pk}"


@pytest.mark.parametrize("who", ["sarah", "ines", "clara", "adele", "nils"])
def test_others_cannot_ask(cast: SimpleNamespace, who: str) -> None:
    with pytest.raises(NotAllowed):
        request_recalibration(
            period="2026Q2", actor=getattr(cast, who), now=story.AFTER
        )


def test_a_reopened_quarter_is_closed_by_its_next_recalibration(
    cast: SimpleNamespace,
) -> None:
    with_everything(cast)
    quarter = Quarter.parse("2026Q2")
    much_later = story.AFTER + timedelta(days=60)
    reopen_quarter(
        actor=cast.felix, quarter=quarter, reason="A bill came late.", now=much_later
    )

    story.recalibrated(now=much_later)

    assert state_of(quarter, much_later).is_closed


def test_the_command_carries_it_out_and_tells_its_log(
    cast: SimpleNamespace,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with_everything(cast)
    monkeypatch.setattr(clock, "now", lambda: story.AFTER)

    call_command("recalibrate", "2026-Q2")

    told = capsys.readouterr()
    assert "1 of 1" in told.err
    assert told.out.splitlines()[-1].endswith("of 2026Q2: 1 of 1 workloads.")


def test_the_command_says_what_is_no_period(cast: SimpleNamespace) -> None:
    with pytest.raises(CommandError, match="write 2026Q2 or 2026-05"):
        call_command("recalibrate", "soon")


@pytest.mark.parametrize("count", [1, 3])
def test_statements_do_not_grow_with_workloads(
    cast: SimpleNamespace, django_assert_num_queries: object, count: int
) -> None:
    for number in range(count):
        workload = story.live(cast, name=f"Workload {number}")
        story.used(workload)
    run = request_recalibration(period="2026Q2", actor=None, now=story.AFTER)

    with django_assert_num_queries(36):  # type: ignore[operator]
        recalibration.run_recalibration(
            run_id=run.pk, worker="worker", clock=lambda: story.AFTER
        )
