"""Lead times: whether a further workload comes live sooner and for fewer hours."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from portal.kernel import clock
from portal.kernel.charts import line_chart
from portal.kernel.formats import in_full
from workloads.selectors.lead_times import lead_times_to_live
from workloads.services.sheets.writer import CONTENT_TYPES, write_csv
from workloads.views.plan import TABS

HEADINGS = ("Ref", "Workload", "Went live", "Days to live", "Hours to add it")


@require_safe
def lead_times(request: HttpRequest) -> HttpResponse:
    """Two curves over the workloads that went live, in the order in which they did."""
    found = lead_times_to_live()
    days = [(one.ref, one.days_to_live) for one in found]
    hours = [
        (one.ref, float(one.hours_to_add))
        for one in found
        if one.hours_to_add is not None
    ]
    context = {
        "title": "Lead times",
        "lede": _lede(days, hours),
        "tabs": TABS,
        "found": found,
        "curves": [
            _curve("Days from proposal to live", "days", days),
            _curve("Hours spent to add a workload", "hours", hours),
        ],
    }
    return render(request, "workloads/lead_times/page.html", context)


@require_safe
def export(_request: HttpRequest) -> HttpResponse:
    """The same rows as CSV, exact."""
    rows = [
        (
            one.ref,
            one.name,
            clock.today(one.went_live_at).isoformat(),
            str(one.days_to_live),
            one.hours_to_add,
        )
        for one in lead_times_to_live()
    ]
    response = HttpResponse(
        write_csv(HEADINGS, rows), content_type=CONTENT_TYPES["csv"]
    )
    response["Content-Disposition"] = 'attachment; filename="lead-times.csv"'
    return response


def _curve(name: str, unit: str, values: list[tuple[str, float]]) -> dict[str, Any]:
    return {
        "name": name,
        "unit": unit,
        "finding": _finding(unit, values),
        "chart": line_chart(values) if len(values) > 1 else None,
    }


def _finding(unit: str, values: list[tuple[str, float]]) -> str:
    """The curve in one sentence, the first workload against the newest."""
    if len(values) < 2:
        return "A curve needs two workloads that went live."
    (first, before), (last, after) = values[0], values[-1]
    if before == after:
        return f"It stayed at {in_full(before)} {unit} from {first} to {last}."
    verb = "fell" if after < before else "rose"
    return (
        f"It {verb} from {in_full(before)} {unit} for {first} to {in_full(after)} for "
        f"{last}."
    )


def _lede(days: list[tuple[str, float]], hours: list[tuple[str, float]]) -> str:
    """What should be, and whether it is: the first workload against the newest."""
    if not days:
        return "Nothing is live yet, so no lead time is measured."
    rule = "With each further workload, days and hours should fall."
    if len(days) < 2:
        return f"{rule} One workload is live, so there is nothing to compare yet."
    parts = [f"days {_course(days)}"]
    if len(hours) > 1:
        parts.append(f"hours {_course(hours)}")
    said = ", and ".join(parts)
    return f"{rule} Over {in_full(len(days))} workloads {said}."


def _course(values: list[tuple[str, float]]) -> str:
    before, after = values[0][1], values[-1][1]
    if before == after:
        return f"stayed at {in_full(after)}"
    verb = "fell" if after < before else "rose"
    return f"{verb} from {in_full(before)} to {in_full(after)}"
