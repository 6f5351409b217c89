"""The reserve of a quarter: as the committee fixed it, or provisional until then."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import OuterRef, QuerySet, Subquery, Sum

from capacity.formulas import reserve as formulas
from capacity.formulas.reserve import ReserveParts
from capacity.models import ReserveDraw, ReserveSize
from capacity.selectors.budgets import QuarterForecast, by_quarter
from capacity.selectors.forecast import Ground, ground
from portal.kernel.models import ModelNumbers
from portal.kernel.periods import Month, Quarter


@dataclass(frozen=True)
class Reserve:
    """Money that belongs to no workload. `provisional` until it is fixed: then it follows
    the forecast, and nothing is drawn from it."""

    quarter: Quarter
    parts: ReserveParts
    drawn: Decimal
    currency: str
    provisional: bool

    @property
    def ratio(self) -> Decimal:
        return self.parts.ratio

    @property
    def amount(self) -> Decimal:
        return self.parts.amount

    @property
    def left(self) -> Decimal:
        return self.amount - self.drawn

    def by_month(self, fiscal_year_starts: int = 1) -> Mapping[Month, Decimal]:
        """The amount ÷ 3, in cents, for each month of the quarter."""
        months = self.quarter.months(fiscal_year_starts)
        return dict(zip(months, formulas.by_month(self.amount), strict=True))


def reserve_of(quarter: Quarter, on: Ground | None = None) -> Reserve:
    """`PriceMissing` where it is provisional and the forecast lacks a price."""
    return reserves_of([quarter], on)[quarter]


def reserves_of(
    quarters: Iterable[Quarter], on: Ground | None = None
) -> dict[Quarter, Reserve]:
    """One query, and the forecast's own where one is provisional and `on` is not given."""
    wanted = list(dict.fromkeys(quarters))
    found = fixed_reserves(wanted)
    open_ones = [quarter for quarter in wanted if quarter not in found]
    if open_ones:
        # Money alone: who is staffed bears on no cost.
        on = on or ground(with_people=False)
        for quarter, forecast in by_quarter(on, open_ones).items():
            found[quarter] = provisional_reserve(forecast, on.current)
    return {quarter: found[quarter] for quarter in wanted}


def fixed_reserves(quarters: Iterable[Quarter]) -> dict[Quarter, Reserve]:
    """Of those quarters whose reserve is fixed. One query."""
    names = [str(quarter) for quarter in quarters]
    draws = ReserveDraw.objects.filter(quarter=OuterRef("quarter")).order_by()
    summed = draws.values("quarter").annotate(drawn=Sum("amount")).values("drawn")
    sizes = ReserveSize.objects.filter(quarter__in=names).annotate(
        drawn=Subquery(summed)
    )
    return {
        Quarter.parse(size.quarter): Reserve(
            Quarter.parse(size.quarter),
            ReserveParts(
                size.ratio, size.from_compute, size.from_tokens, size.from_ops
            ),
            size.drawn or Decimal(0),
            size.currency,
            provisional=False,
        )
        for size in sizes.order_by("quarter", "-id").distinct("quarter")
    }


def provisional_reserve(forecast: QuarterForecast, current: ModelNumbers) -> Reserve:
    """The same formula on the current forecast, at the organisation's ratio."""
    costs = forecast.costs(current.ops_hour_price)
    return Reserve(
        forecast.quarter,
        formulas.reserve_of(costs, current.reserve_ratio),
        Decimal(0),
        current.currency,
        provisional=True,
    )


def size_of(quarter: Quarter) -> ReserveSize | None:
    """The row that counts."""
    return ReserveSize.objects.filter(quarter=str(quarter)).order_by("-id").first()


def draw_of(decision: str) -> ReserveDraw | None:
    return ReserveDraw.objects.filter(decision=decision).first()


def drawn_from(quarter: Quarter) -> Decimal:
    rows = ReserveDraw.objects.filter(quarter=str(quarter))
    return rows.aggregate(drawn=Sum("amount"))["drawn"] or Decimal(0)


def size_rows() -> QuerySet[ReserveSize]:
    """Every size that was ever decided, newest first."""
    return ReserveSize.objects.select_related("entered_by")


def draw_rows() -> QuerySet[ReserveDraw]:
    """Every draw, newest first."""
    return ReserveDraw.objects.select_related("entered_by")
