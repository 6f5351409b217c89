"""The recalibrated line: the forecast of the observed inputs, not a factor on the cost."""

from datetime import date
from decimal import Decimal
from types import SimpleNamespace

import pytest

from capacity.selectors.forecast import ground
from capacity.selectors.recalibrated import Recalibrated, recalibrated
from portal.kernel.periods import Month, Quarter
from tests.capacity import recalibration as story
from tests.capacity.rates import price
from workloads.models import Workload
from workloads.services.estimates import submit_estimate

pytestmark = pytest.mark.django_db

Q2, Q3 = Quarter(2026, 2), Quarter(2026, 3)
MAY, JULY, SEPTEMBER = Month(2026, 5), Month(2026, 7), Month(2026, 9)


@pytest.fixture
def live(cast: SimpleNamespace) -> Workload:
    """A thousand users of 52,800 input and 13,200 output tokens at 3.00 and 15.00."""
    price("Sonnet")
    return story.live(cast)


def line() -> Recalibrated:
    found = recalibrated(ground(), Q3)
    assert found is not None
    return found


def cost(month: Month) -> Decimal:
    (forecast,) = ground().months(month, 1)
    return line().tokens_cost(forecast)


def test_as_forecast_it_lies_on_the_signed_line(live: Workload) -> None:
    story.used(live)
    story.recalibrated()

    (signed,) = ground().months(JULY, 1)
    assert cost(JULY) == signed.tokens_cost == Decimal("356.40")


def test_what_costs_more_is_priced_by_what_it_is(live: Workload) -> None:
    """Twice the output: 1.2 times the tokens, and 1.56 times the cost."""
    story.used(live, output_tokens=26_400_000)
    story.recalibrated()

    assert cost(JULY) == Decimal("554.40")
    # 52.8 million at 3.00 and 26.4 million at 15.00 a million, as in the quarter itself.
    assert cost(MAY) == Decimal("554.40")


def test_cached_input_is_as_cheap_as_it_was(live: Workload) -> None:
    story.used(live, cached_input_tokens=26_400_000)
    story.recalibrated()

    # Half the input at a tenth of 3.00.
    assert cost(JULY) == Decimal("79.20") + Decimal("7.92") + Decimal("198.00")


def test_a_price_change_bears_on_the_observed_tokens(live: Workload) -> None:
    story.used(live, output_tokens=26_400_000)
    story.recalibrated()
    price("Sonnet", valid_from=str(date(2026, 9, 1)), given="3.00", made="30.00")

    assert cost(JULY) == Decimal("554.40")
    assert cost(SEPTEMBER) == Decimal("950.40")


def test_growth_begins_after_the_quarter_that_was_observed(
    cast: SimpleNamespace,
) -> None:
    price("Sonnet")
    workload = story.live(cast, inputs={"growth_per_month": Decimal("0.10")})
    story.used(workload)
    story.recalibrated()

    assert [cost(month) for month in (MAY, JULY, Month(2026, 8), SEPTEMBER)] == [
        Decimal("356.40"),
        Decimal("356.40"),
        Decimal("392.04"),
        Decimal("431.24"),
    ]


def test_a_declared_estimate_keeps_its_model_and_takes_the_turns(
    cast: SimpleNamespace,
) -> None:
    price("Sonnet")
    declared = {
        "declared_tokens_per_user_month": 40_000,
        **dict.fromkeys(
            ("turns_per_session", "input_tokens_per_turn", "output_tokens_per_turn")
        ),
    }
    workload = story.live(cast, inputs=declared)
    story.used(workload)
    story.recalibrated()

    (signed,) = ground().months(JULY, 1)
    # 40 million tokens, three quarters of them input; in truth 66 million.
    assert signed.tokens_cost == Decimal("240.00")
    assert cost(JULY) == Decimal("356.40")


def test_a_workload_without_usage_stands_as_it_was_signed(
    live: Workload, cast: SimpleNamespace
) -> None:
    second = story.live(cast, name="Second")
    story.used(live, output_tokens=26_400_000)
    story.recalibrated()

    assert set(line().observed) == {live.ref} != {second.ref}
    assert cost(JULY) == Decimal("554.40") + Decimal("356.40")


def test_the_draft_that_it_wrote_forecasts_the_same(
    live: Workload, cast: SimpleNamespace
) -> None:
    story.used(live, users=1601, sessions=16_013, output_tokens=26_400_001)
    story.recalibrated()
    before = cost(SEPTEMBER)

    (draft,) = story.drafts(live)
    sent = submit_estimate(
        number=live.number, version=draft.version, actor=cast.sarah, now=story.AFTER
    )

    assert Decimal(sent.budgets["tokens"]["cost_per_month"]) == before


def test_nothing_observed_makes_no_line(live: Workload) -> None:
    story.recalibrated()

    assert recalibrated(ground(), Q3) is None
    assert recalibrated(ground(), Q2) is None
