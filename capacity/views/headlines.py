"""The reserve's number on the home page."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.urls import reverse

from capacity.selectors.problems import NotForecast, PriceMissing
from capacity.selectors.reserve import reserve_of
from capacity.views.budget_words import rounded
from portal.kernel import clock, formats
from portal.kernel.pages.joints import Figure
from portal.kernel.periods import Quarter
from portal.kernel.selectors.numbers import current


def figures(_user: Any, now: datetime) -> Iterable[Figure]:
    """What is left of this quarter's reserve. Without a price it cannot be sized."""
    numbers = current()
    quarter = Quarter.of(clock.today(now), numbers.fiscal_year_starts)
    link = f"{reverse('capacity:budgets')}#reserve"
    label = f"Reserve left, {quarter.label}"
    try:
        reserve = reserve_of(quarter)
    except NotForecast as problem:
        lacks_price = isinstance(problem, PriceMissing)
        line = "a model has no price" if lacks_price else problem.title
        yield Figure(label, formats.BLANK, link=link, line=line)
        return
    left = formats.money(reserve.left, reserve.currency)
    whole = formats.money(reserve.amount, reserve.currency)
    kept = rounded(reserve.left / reserve.amount, 4) if reserve.amount else 0
    yield Figure(
        label=label,
        number=left,
        unit=f"of {whole}",
        link=link,
        line="provisional: it follows the forecast"
        if reserve.provisional
        else f"{formats.share(kept)} left",
        load=float(reserve.left),
        limit=float(reserve.amount) or None,
        kind="stock",
        words=f"{left} of {whole} left",
    )
