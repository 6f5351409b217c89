"""One workload's token cost by month, forecast against actuals, on its own page."""

from calendar import month_abbr
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from capacity.selectors.problems import NotForecast, PriceMissing
from capacity.selectors.workload_months import WorkloadMonths, workload_months
from capacity.views.budget_words import axis_money, month_in_words
from capacity.views.drawn import Drawn, floats
from portal.kernel import clock, formats
from portal.kernel.charts_months import Line, month_chart
from portal.kernel.charts_twin import Twin
from portal.kernel.pages.joints import Panel
from portal.kernel.periods import Month
from workloads.models import Workload
from workloads.selectors.plan import get_workload
from workloads.services.sheets.writer import CONTENT_TYPES, write_csv


def tokens_by_month(workload: Workload, now: datetime) -> Iterator[Panel]:
    """A chart with its twin, or why there is none."""
    found = workload_months(workload.number, clock.today(now))
    fact, sentence = ("", "") if found.is_drawn or found.untold else _why_not(found)
    context = {
        "ref": workload.ref,
        "drawn": _drawn(found) if found.is_drawn else None,
        "has_forecast": any(one.forecast is not None for one in found.months),
        "has_actuals": any(one.actual is not None for one in found.months),
        "fact": fact,
        "sentence": sentence,
        "notes": [_note(one, is_drawn=found.is_drawn) for one in found.untold],
    }
    yield Panel("capacity/workloads/_tokens.html", context)


@require_safe
def export(_request: HttpRequest, ref: str) -> HttpResponse:
    """The chart's twin as CSV, exact."""
    workload = get_workload(ref)
    found = workload_months(workload.number, clock.today(clock.now()))
    twin = _twin(found)
    response = HttpResponse(
        write_csv(twin.headings, twin.rows), content_type=CONTENT_TYPES["csv"]
    )
    name = f"tokens-{workload.ref}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _drawn(found: WorkloadMonths) -> Drawn:
    months, currency = found.months, found.currency
    present = [one.month for one in months].index(found.present)
    return Drawn(
        slug="tokens",
        name="Token cost a month, forecast against actuals",
        chart=month_chart(
            [month_abbr[one.month.month][0] for one in months],
            lines=[Line("signed", floats([one.forecast for one in months]))],
            actual=floats([one.actual for one in months]),
            open_month=present,
            words=axis_money(currency),
            label_words=lambda value: formats.money(Decimal(str(value)), currency),
        ),
        finding=_finding(found),
        twin=_twin(found),
    )


def _twin(found: WorkloadMonths) -> Twin:
    return Twin(
        ("Month", f"Forecast, {found.currency}", f"Actual, {found.currency}"),
        [(str(one.month), one.forecast, one.actual) for one in found.months],
    )


def _finding(found: WorkloadMonths) -> str:
    """The newest whole month with both; else where the forecast goes."""
    for one in reversed(found.months):
        if one.actual is not None and one.month < found.present:
            return _against(one.month, one.actual, one.forecast, found.currency)
    forecast = [
        (one.month, one.forecast) for one in found.months if one.forecast is not None
    ]
    if not forecast:
        return "Tokens were used, and none are forecast for these months."
    month, cost = forecast[-1]
    return (
        f"{month_in_words(month)} is forecast at "
        f"{formats.money(cost, found.currency)}; no month with actuals "
        "has ended yet."
    )


def _against(
    month: Month, actual: Decimal, forecast: Decimal | None, currency: str
) -> str:
    words = f"{month_in_words(month)} cost {formats.money(actual, currency)}"
    if forecast is None:
        return f"{words}; nothing was forecast for it."
    off = actual - forecast
    told = f"forecast of {formats.money(forecast, currency)}"
    if not off:
        return f"{words}, as forecast."
    side = "over" if off > 0 else "under"
    return f"{words}, {formats.money(abs(off), currency)} {side} the {told}."


def _note(problem: NotForecast, *, is_drawn: bool) -> dict[str, str]:
    """What is left out of the chart, why, and where that is mended."""
    lacks_price = isinstance(problem, PriceMissing)
    fact = "Months without a price are left out" if lacks_price else problem.title
    return {
        "fact": f"{fact if is_drawn else problem.title}.",
        "sentence": problem.detail,
        "link": (problem.link or "") if lacks_price else "",
    }


def _why_not(found: WorkloadMonths) -> tuple[str, str]:
    if not found.is_sized:
        return (
            "No forecast yet.",
            "It begins with a submitted estimate that is complete and a ship quarter.",
        )
    return "Nothing in these months.", "It is not there in any month shown here."
