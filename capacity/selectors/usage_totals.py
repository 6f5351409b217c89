"""What was used in a month, summed as it is asked."""

from datetime import date
from typing import Any

from django.contrib.postgres.aggregates import BoolOr
from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet, Sum, Value

from capacity.formulas.prices import NoPrice, RateCard
from capacity.models import UsageDay
from capacity.selectors.rates import rate_card
from portal.kernel.periods import Month

PATHS = {"workload": "workload__number", "user": "user_ref", "model": "model"}
SUMMED = ("calls", "input_tokens", "cached_input_tokens", "output_tokens")


def totals(
    month: Month, by: tuple[str, ...], *, workload: int | None, user: str | None
) -> QuerySet[Any, dict[str, Any]]:
    """Rows of the named columns, sums and whether some of it has no price."""
    rows = UsageDay.objects.filter(day__range=(month.first_day, month.last_day))
    if workload is not None:
        rows = rows.filter(workload__number=workload)
    if user is not None:
        rows = rows.filter(user_ref=user)
    lacking = _unpriced(month)
    is_lacking = BoolOr(ExpressionWrapper(lacking, BooleanField())) if lacking else None
    return (
        rows.order_by()
        .values(*(PATHS[one] for one in by))
        .annotate(
            **{f"sum_of_{name}": Sum(name) for name in SUMMED},
            unpriced=is_lacking if is_lacking is not None else Value(value=False),
        )
    )


def _unpriced(month: Month) -> Q | None:
    """Which usage of the month no price covers; none where the card covers all."""
    days = Q(day__range=(month.first_day, month.last_day))
    used = UsageDay.objects.filter(days).order_by().values_list("model", flat=True)
    card = rate_card()
    lacking = None
    for model in used.distinct():
        begins = _priced_from(card, model, month)
        if begins == month.first_day:
            continue
        uncovered = Q(model=model)
        if begins is not None:
            uncovered &= Q(day__lt=begins)
        lacking = uncovered if lacking is None else lacking | uncovered
    return lacking


def _priced_from(card: RateCard, model: str, month: Month) -> date | None:
    """The first day of the month with a price; none where it has none at all."""
    try:
        card.price(model, month.first_day)
    except NoPrice as lack:
        if lack.begins is None or lack.begins > month.last_day:
            return None
        return lack.begins
    return month.first_day
