"""The standing stress tests in words, each with its address as a scenario."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from capacity.formulas.scenarios import Outcome, StressTest
from portal.kernel import formats
from portal.kernel.periods import Quarter


def stress_rows(
    tests: Iterable[tuple[StressTest, Outcome]], *, currency: str, starts: int
) -> list[dict[str, Any]]:
    """`starts` is the month in which the fiscal year starts."""
    return [
        {
            "sentence": _sentence(test),
            "absorbed": outcome.reserve_absorbs,
            "words": "absorbed"
            if outcome.reserve_absorbs
            else missing_words(outcome, currency),
            "href": f"{reverse('capacity:scenarios')}?{urlencode(_query(test, starts))}",
        }
        for test, outcome in tests
    ]


def missing_words(outcome: Outcome, currency: str) -> str:
    """missing $1,200 in 2026-Q3, and how many quarters more."""
    short = [one for one in outcome.quarters if not one.absorbed]
    worst = max(short, key=lambda one: one.missing)
    quarter = Quarter.parse(str(worst.quarter)).label
    said = f"missing {formats.money(worst.missing, currency)} in {quarter}"
    more = len(short) - 1
    if not more:
        return said
    return f"{said}, and less in {more} more quarter{'s' if more > 1 else ''}"


def _sentence(test: StressTest) -> str:
    if test.code == "twice_the_forecast":
        return f"{test.subject}, the dearest workload, at twice its forecast"
    if test.code == "price_rise":
        return f"{test.subject}, the largest spend, 25 % dearer"
    return f"One full-time equivalent vacant from {Quarter.parse(test.subject).label}"


def _query(test: StressTest, starts: int) -> dict[str, str]:
    if test.code == "twice_the_forecast":
        return {f"users.{test.subject}": "2"}
    if test.code == "price_rise":
        return {f"price.{test.subject}": "1.25"}
    first = Quarter.parse(test.subject).months(starts)[0]
    hours = f"{test.changes.vacancy_hours_week.normalize():f}"
    return {"from": str(first), "vacancy": hours}
