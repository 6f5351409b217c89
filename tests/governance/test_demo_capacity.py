"""The demo company's capacity: rates, people, usage and actuals of six quarters."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.db import transaction
from django.db.models import Max, Min, Sum

from capacity.enums import Budget, RunStatus
from capacity.formulas.people import spread
from capacity.models import (
    ComputeActual,
    ComputeLine,
    ModelPrice,
    OpsActual,
    RecalibrationResult,
    RecalibrationRun,
    ReserveDraw,
    ReserveSize,
    Staffing,
    UsageDay,
    UsageHour,
)
from capacity.selectors.forecast import ground
from capacity.selectors.rates import rate_card
from capacity.selectors.staffing import staffed
from capacity.selectors.usage_source import derived_usage
from governance.services.demo.company import make_company
from governance.services.demo.people import PASSWORD
from portal.kernel import clock
from portal.kernel.periods import Month, Quarter
from workloads.enums import EstimateState
from workloads.models import Estimate, Workload

RUNS_OVER = 9
"""W-09 takes 1.6 times the tokens of its estimate since the last quarter."""


MADE_AT = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
THIS_QUARTER = Quarter(2026, 4)


@pytest.fixture(scope="module")
def made(django_db_setup: None, django_db_blocker: object) -> Iterator[None]:
    with django_db_blocker.unblock(), transaction.atomic():
        make_company(password=PASSWORD, now=MADE_AT)
        yield
        transaction.set_rollback(True)


@pytest.fixture(autouse=True)
def company(made: None, db: None) -> None:
    """The whole company as it stands on one day in November."""


def result(quarter: Quarter, number: int) -> RecalibrationResult:
    return RecalibrationResult.objects.get(
        run__period=str(quarter), run__is_current=True, workload__number=number
    )


# --- Rates and people ----------------------------------------------------------------


def test_models_cost_what_the_plan_reckons_with() -> None:
    card, today = rate_card(), clock.today(MADE_AT)

    assert {
        model: (
            price.input_per_million,
            price.cached_input_per_million,
            price.output_per_million,
        )
        for model in ("Sonnet", "Opus", "Haiku")
        if (price := card.price(model, today))
    } == {
        "Sonnet": (Decimal("3"), Decimal("0.30"), Decimal("15")),
        "Opus": (Decimal("15"), Decimal("1.50"), Decimal("75")),
        "Haiku": (Decimal("0.80"), Decimal("0.08"), Decimal("4")),
    }


def test_one_price_fell_inside_a_quarter_and_one_line_rose() -> None:
    prices = Counter(ModelPrice.objects.values_list("model", flat=True))
    lines = Counter(ComputeLine.objects.values_list("line", flat=True))
    cheaper = ModelPrice.objects.filter(model="Haiku").aggregate(on=Max("valid_from"))

    assert prices == {"Sonnet": 1, "Opus": 1, "Haiku": 2}
    assert lines == {
        "vector_database": 1,
        "orchestration": 1,
        "observability": 2,
        "inference_endpoint": 1,
    }
    quarter = THIS_QUARTER.plus(-4)
    assert cheaper["on"] == quarter.months()[1].first_day


def test_w_01_costs_what_is_published() -> None:
    """4,200 users, 520k tokens, three parts of four input: 13,104.00 a month."""
    steady = ground().months(Month(2026, 6), 1)[0].by_workload["W-01"]

    assert steady.tokens.total == 2_184_000_000
    assert steady.tokens_cost == Decimal("13104.00")


def test_every_quarter_around_today_and_of_the_plan_is_staffed() -> None:
    entered = staffed()
    around = {THIS_QUARTER.plus(offset) for offset in range(-6, 2)}

    assert around <= set(entered)
    assert {Quarter(2026, 2), Quarter(2026, 3), Quarter(2026, 4)} <= set(entered)


def test_one_quarter_was_short_of_people_and_logged_what_that_cost() -> None:
    short = THIS_QUARTER.plus(-5)
    lost = OpsActual.objects.filter(category="engineering_time_lost")

    lowered = Staffing.objects.filter(quarter=str(short)).first()

    assert staffed()[short] == Decimal("0.75")
    assert lowered is not None
    assert Quarter.of(clock.today(lowered.entered_at)) == short
    assert set(lost.values_list("quarter", flat=True)) == {str(short)}


# --- Usage ---------------------------------------------------------------------------


def test_usage_reaches_from_the_first_workload_to_today() -> None:
    days = UsageDay.objects.aggregate(first=Min("day"), last=Max("day"))
    first = Workload.objects.get(number=6).steps.get(target="live").at

    assert days["first"] > clock.today(first)
    # The crowds up to yesterday; three people have used theirs since.
    assert days["last"] == clock.today(MADE_AT)


def test_days_and_hours_tell_of_the_same_sessions() -> None:
    def by_workload(model: type) -> dict[int, int]:
        sums = model.objects.values("workload").annotate(all=Sum("sessions"))
        return {row["workload"]: row["all"] for row in sums}

    assert by_workload(UsageDay) == by_workload(UsageHour)


def test_only_what_was_live_was_used() -> None:
    used = set(UsageDay.objects.values_list("workload__number", flat=True).distinct())

    assert used == {6, 7, 8, 9, 10, 11, 12}


def test_users_are_no_mean() -> None:
    """The spread is that of real calls: the heaviest tenth takes far over a tenth."""
    month = THIS_QUARTER.plus(-1).months()[1]
    tokens = (
        UsageDay.objects.filter(
            workload__number=7, day__range=(month.first_day, month.last_day)
        )
        .values("user_ref")
        .annotate(all=Sum("input_tokens") + Sum("output_tokens"))
        .values_list("all", flat=True)
    )
    found = spread(list(tokens))

    assert found is not None
    assert found.p99 > 2 * found.mean > found.p50
    assert found.share_of_top_10_percent > Decimal("0.18")


def test_pages_say_where_the_usage_comes_from() -> None:
    said = derived_usage()

    assert "Azure Public Dataset, CC-BY 4.0" in said
    assert "seeded rule" in said


def test_one_session_went_round_in_circles() -> None:
    looped = UsageDay.objects.filter(tool_calls__gt=50, sessions=1)

    assert [row.workload.ref for row in looped.select_related("workload")] == ["W-08"]


def test_some_people_use_several_workloads() -> None:
    month = THIS_QUARTER.plus(-1).months()[2]
    pairs = (
        UsageDay.objects.filter(day__range=(month.first_day, month.last_day))
        .values_list("user_ref", "workload")
        .distinct()
    )
    most = Counter(user for user, _ in pairs).most_common(1)[0][1]

    assert most > 1


# --- Actuals and recalibrations ------------------------------------------------------


def test_every_past_month_has_hours_bills_and_a_peak() -> None:
    past = [
        str(month)
        for offset in range(-5, 0)
        for month in THIS_QUARTER.plus(offset).months()
    ]
    for month in past:
        bills = ComputeActual.objects.filter(month=month)
        assert bills.filter(amount__isnull=False).count() == 4
        assert bills.filter(peak_concurrent_sessions__gt=0).count() == 1
        assert OpsActual.objects.filter(month=month).exists()


def test_the_last_two_quarters_are_calibrated_and_closed() -> None:
    for offset in (-2, -1):
        run = RecalibrationRun.objects.get(
            period=str(THIS_QUARTER.plus(offset)), is_current=True
        )
        assert (run.status, run.is_calibrated) == (RunStatus.COMPLETE, True)


def test_one_workload_runs_at_1_6_times_its_forecast() -> None:
    found = result(THIS_QUARTER.plus(-1), RUNS_OVER)
    ratio = 1 + float(found.budgets["tokens"]["error"])

    assert 1.55 < ratio < 1.7
    assert {"sessions_per_user_month", "input_tokens_per_turn"} <= set(found.off)


def test_its_observed_inputs_wait_as_a_draft_for_its_owner() -> None:
    drafts = Estimate.objects.filter(state=EstimateState.DRAFT)

    assert [draft.workload.ref for draft in drafts] == ["W-09"]
    assert drafts[0].version == result(THIS_QUARTER.plus(-1), RUNS_OVER).draft_version


def test_the_forecast_of_tokens_gets_better_each_quarter() -> None:
    errors = errors_of("tokens")

    assert len(errors) == 6
    assert errors == sorted(errors, reverse=True)


@pytest.mark.parametrize("budget", ["tokens", "compute", "ops"])
def test_the_last_forecast_is_better_than_the_first(budget: str) -> None:
    errors = errors_of(budget)

    assert errors[-1] < errors[0]


def errors_of(budget: str) -> list[float]:
    """Of each recalibrated quarter in turn, either way."""
    runs = RecalibrationRun.objects.filter(is_current=True).order_by("period")
    return [abs(float(run.budgets[budget]["error"])) for run in runs]


def test_the_reserve_is_fixed_and_drawn_on_once() -> None:
    size = ReserveSize.objects.get(quarter=str(THIS_QUARTER))
    draw = ReserveDraw.objects.get()

    assert size.ratio == Decimal("0.1750")
    assert size.amount == size.from_tokens + size.from_compute + size.from_ops
    assert (draw.quarter, draw.budget) == (str(THIS_QUARTER), Budget.TOKENS)
    assert draw.amount < size.amount
