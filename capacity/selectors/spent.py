"""What tokens really cost by month, and what the newest recalibration makes of the plan."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from django.db.models import Sum

from capacity.formulas.prices import NoPrice, RateCard, exact_cost
from capacity.formulas.rounding import to_cents
from capacity.formulas.tokens import Tokens
from capacity.models import UsageDay
from capacity.selectors.actuals import days_of
from capacity.selectors.forecast import Ground
from capacity.selectors.standing import tokens_standing
from portal.kernel.periods import Month
from workloads.rules.shown import ref_of

_SUMS = ("input_tokens", "cached_input_tokens", "output_tokens")


def tokens_spent(
    ground: Ground, months: Iterable[Month], *, number: int | None = None
) -> dict[Month, Decimal]:
    """Money of each month with actuals, in cents: of one workload, where `number` names
    it. A month in which a price is missing is left out. Two queries."""
    return read_spent(ground, months, number=number).by_month()


def read_spent(
    ground: Ground, months: Iterable[Month], *, number: int | None = None
) -> "Spent":
    """As `tokens_spent`, with the prices that are missing.

    Usage takes the price of its day; what somebody entered, where a workload has no usage
    in a month, that of the month's first day and of the workload's own model.
    """
    spent = Spent(ground.rates.card)
    wanted = sorted(set(months))
    if not wanted:
        return spent
    of_one = {} if number is None else {"workload__number": number}
    measured = _measured(spent, wanted, of_one)
    models = {one.ref: one.model for one in ground.plan.sized}
    entered = tokens_standing().filter(
        month__in=[str(month) for month in wanted], **of_one
    )
    for number, name, *counts in entered.values_list(
        "workload__number", "month", *_SUMS
    ):
        month, ref = Month.parse(name), ref_of(number)
        if (number, month) not in measured and ref in models:
            spent.add(month, Tokens(*counts), models[ref], month.first_day)
    return spent


def _measured(
    spent: "Spent", months: list[Month], of_one: Mapping[str, int]
) -> set[tuple[int, Month]]:
    rows = (
        UsageDay.objects.filter(days_of(months), **of_one)
        .order_by()
        .values_list("workload__number", "day", "model")
        .annotate(*(Sum(name) for name in _SUMS))
    )
    found = set()
    for number, day, model, *counts in rows:
        month = Month.of(day)
        found.add((number, month))
        spent.add(month, Tokens(*map(int, counts)), model, day)
    return found


@dataclass
class Spent:
    """Exact sums by month, rounded once; `lacks` holds the first day without a price of
    each model that has none, by its name in small letters."""

    card: RateCard
    exact: dict[Month, Decimal] = field(default_factory=dict)
    unpriced: set[Month] = field(default_factory=set)
    lacks: dict[str, NoPrice] = field(default_factory=dict)

    def add(self, month: Month, tokens: Tokens, model: str, day: date) -> None:
        try:
            part = exact_cost(tokens, self.card.price(model, day))
        except NoPrice as error:
            self.unpriced.add(month)
            name = error.model.casefold()
            known = self.lacks.setdefault(name, error)
            if error.day < known.day:
                self.lacks[name] = error
            return
        self.exact[month] = self.exact.get(month, Decimal(0)) + part

    def by_month(self) -> dict[Month, Decimal]:
        return {
            month: to_cents(exact)
            for month, exact in self.exact.items()
            if month not in self.unpriced
        }
