"""The band of the budgets' page: drawn once, and anew for whatever it is drawn from."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from capacity.formulas.changes import Changes
from capacity.formulas.monte_carlo import tokens_bands
from capacity.formulas.prices import RateCard
from capacity.models import ModelPrice
from capacity.selectors import bands
from capacity.selectors.bands import SAMPLES, SEED, tokens_band
from capacity.selectors.forecast import ground
from capacity.selectors.problems import PriceMissing
from capacity.selectors.scenarios import stage
from portal.kernel.models import ModelNumbers
from portal.kernel.periods import Month
from tests.capacity.rates import price, staff
from tests.conftest import NOW
from tests.workloads import stories
from workloads.enums import Status
from workloads.models import Workload

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_now")]
MAY = Month(2026, 5)


@pytest.fixture(autouse=True)
def drawn(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """Each time that samples are drawn; nothing is kept from another test."""
    times: list[Any] = []

    def counted(*args: Any, **options: Any) -> Any:
        times.append(options)
        return tokens_bands(*args, **options)

    monkeypatch.setattr(bands, "tokens_bands", counted)
    bands._kept.clear()
    yield times
    bands._kept.clear()


@pytest.fixture
def plan(cast: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> Workload:
    monkeypatch.setitem(stories.COMPLETE, "ops_reason", "It runs by itself.")
    price("Sonnet")
    staff("2026Q2")
    return stories.committed(cast)


def band() -> dict[Month, Any]:
    return tokens_band(ground(), MAY, 9)


def test_it_is_the_band_of_a_whole_monte_carlo_run(plan: Workload) -> None:
    run = stage(MAY, 9).sample(Changes(), samples=SAMPLES, seed=SEED)

    assert list(band().values()) == [month.tokens_cost for month in run.months]


def test_the_second_view_draws_nothing(plan: Workload, drawn: list[Any]) -> None:
    assert band() == band()
    assert len(drawn) == 1


def _newer_price() -> None:
    price("Sonnet", valid_from="2026-06-01", given="4.00")


def _corrected_price() -> None:
    before = ModelPrice.objects.get(model="Sonnet", valid_from="2025-01-01")
    price("Sonnet", valid_from=str(before.valid_from), given="3.10")


def _other_ramp() -> None:
    row = ModelNumbers.objects.order_by("-version")[0]
    row.pk, row.version = None, row.version + 1
    row.adoption_ramp = [Decimal("0.40"), Decimal("0.60"), Decimal("1.00")]
    row.changed_at = NOW
    row.save()


def _another_workload(cast: SimpleNamespace) -> None:
    stories.staffed(cast, "2026Q3")
    stories.committed(cast, name="Another", ship_quarter="2026Q3")


def _other_ranges(cast: SimpleNamespace) -> None:
    later = NOW + timedelta(days=1)
    stories.signed(
        Workload.objects.get(number=1), cast, later, ranges={"users": [4000, 9000]}
    )


def _dropped(cast: SimpleNamespace) -> None:
    workload = Workload.objects.get(number=1)
    stories.moved(workload, Status.PLANNED, cast.clara, "It waits.")


@pytest.mark.parametrize(
    "change",
    [
        lambda _: _newer_price(),
        lambda _: _corrected_price(),
        lambda _: _other_ramp(),
        _another_workload,
        _other_ranges,
        _dropped,
    ],
    ids=["newer price", "corrected price", "ramp", "workload", "ranges", "dropped"],
)
def test_a_change_of_what_it_is_drawn_from_draws_it_anew(
    plan: Workload, cast: SimpleNamespace, drawn: list[Any], change: Any
) -> None:
    before = band()

    change(cast)
    after = band()

    assert len(drawn) == 2
    assert after != before


def test_what_moves_no_token_is_not_drawn_anew(
    plan: Workload, cast: SimpleNamespace, drawn: list[Any]
) -> None:
    before = band()

    staff("2026Q4", "3.00")
    stories.proposed(cast, name="A candidate")

    assert band() == before
    assert len(drawn) == 1


def test_no_more_than_a_few_are_kept(
    plan: Workload, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bands, "MOST_KEPT", 2)

    for later in range(4):
        tokens_band(ground(), MAY.plus(later), 1)

    assert len(bands._kept) == 2


def test_a_month_without_a_price_has_no_band(plan: Workload) -> None:
    on = ground()
    without = replace(on, rates=replace(on.rates, card=RateCard({})))

    with pytest.raises(PriceMissing):
        tokens_band(without, MAY, 9)
