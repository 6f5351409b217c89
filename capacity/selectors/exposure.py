"""What a workload without an active gate may cost: a month at its users' P99."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Sum

from capacity.formulas.people import Spread, equalled, exposure
from capacity.formulas.prices import NoPrice, RateCard, exact_cost
from capacity.formulas.rounding import total
from capacity.formulas.tokens import Tokens
from capacity.models import UsageDay
from capacity.selectors.actuals import days_of
from capacity.selectors.forecast import Ground
from capacity.selectors.gates import with_active_gate
from capacity.selectors.problems import NotForecast
from portal.kernel.periods import Month
from workloads.rules.shown import ref_of


@dataclass(frozen=True)
class Exposure:
    """Money of a month in which every user is the one at P99.

    `equals` are other workloads whose token budgets of the month it would pay for, and
    `budgets` their sum. `cost` is None where a model that was used has no price.
    """

    cost: Decimal | None
    equals: tuple[str, ...] = ()
    budgets: Decimal = Decimal(0)


def exposures(
    month: Month, spreads: Mapping[str, Spread], on: Ground
) -> dict[str, Exposure]:
    """Of each workload with a spread and without an active gate. One query."""
    gated = with_active_gate()
    open_ones = {ref: one for ref, one in spreads.items() if ref not in gated}
    if not open_ones:
        return {}
    spent = _spent(month, on.rates.card)
    budgets = _budgets(month, on)
    found = {}
    for ref, one in open_ones.items():
        used = spent.get(ref)
        if used is None:
            found[ref] = Exposure(None)
            continue
        cost = exposure(used, one)
        others = {other: cost for other, cost in budgets.items() if other != ref}
        equals = equalled(cost, others)
        found[ref] = Exposure(cost, equals, total(*(others[name] for name in equals)))
    return found


def _budgets(month: Month, on: Ground) -> Mapping[str, Decimal]:
    """Token budgets of the month as forecast; none where they cannot be told."""
    try:
        (found,) = on.months(month, 1)
    except NotForecast:
        return {}
    return {ref: part.tokens_cost for ref, part in found.by_workload.items()}


def _spent(month: Month, card: RateCard) -> dict[str, Decimal | None]:
    """Exact money by workload; None where a model has no price. One query."""
    rows = (
        UsageDay.objects.filter(days_of([month]))
        .order_by()
        .values_list("workload__number", "day", "model")
        .annotate(Sum("input_tokens"), Sum("cached_input_tokens"), Sum("output_tokens"))
    )
    spent: dict[str, Decimal | None] = {}
    for number, day, model, *counts in rows:
        ref = ref_of(number)
        before = spent.setdefault(ref, Decimal(0))
        if before is None:
            continue
        try:
            cost = exact_cost(Tokens(*map(int, counts)), card.price(model, day))
        except NoPrice:
            spent[ref] = None
        else:
            spent[ref] = total(before, cost)
    return spent
