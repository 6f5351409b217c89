"""The plan's two numbers on the home page, and its way in."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.urls import reverse

from portal.kernel import clock, formats
from portal.kernel.access import allows
from portal.kernel.pages.joints import Action, Figure
from portal.kernel.periods import Quarter
from portal.kernel.selectors.numbers import current
from workloads.enums import Status
from workloads.rules.shown import ref_of
from workloads.selectors.quarters import heads_of
from workloads.selectors.roadmap import committed_in
from workloads.views.plan_heads import beam_words, with_planned

NAMED_AT_MOST = 3


def figures(_user: Any, now: datetime) -> Iterable[Figure]:
    """Committed for this quarter, and its ops hours against the ceiling."""
    quarter = Quarter.of(clock.today(now), current().fiscal_year_starts)
    rows, total = committed_in(quarter)
    yield Figure(
        label=f"Committed for {quarter.label}",
        number=str(len(rows)),
        unit=f"of {total} in the plan",
        link=f"{reverse('workloads:plan-table')}?quarter={quarter}",
        line=_named(rows),
    )
    (head,) = heads_of([quarter], codes=("ops",))
    ops = head.parts.get("ops")
    if ops is not None:
        yield _ops(quarter, ops)


def _ops(quarter: Quarter, ops: Any) -> Figure:
    ceiling, planned = ops["ceiling_hours_week"], Decimal(ops["planned"])
    of = "" if ceiling is None else f"of {formats.in_full(Decimal(ceiling))} "
    unknown = " + ?" if ops["unknown"] else ""
    return Figure(
        label=f"Ops hours, {quarter.label}",
        number=f"{formats.in_full(Decimal(ops['hours_week']))}{unknown}",
        unit=f"{of}h/week",
        link=reverse("workloads:plan-roadmap"),
        line="no ceiling yet"
        if ceiling is None
        else (f"+ {formats.in_full(planned)} planned" if planned else ""),
        load=float(with_planned(ops)),
        limit=None if ceiling is None else float(ceiling),
        words=beam_words(ops),
    )


def _named(rows: list[tuple[int, str]]) -> str:
    """W-01 and W-02; neither is live yet."""
    if not rows:
        return "nothing yet"
    refs = [ref_of(number) for number, _ in rows[:NAMED_AT_MOST]]
    if len(rows) > NAMED_AT_MOST:
        refs.append(f"{len(rows) - NAMED_AT_MOST} more")
    named = formats.listed(refs)
    live = sum(status == Status.LIVE for _, status in rows)
    return f"{named}; {live} live" if live else f"{named}; none is live yet"


def actions(user: Any, _now: datetime) -> Iterable[Action]:
    """Proposing is the way into the plan; it stands here for whoever may."""
    if allows(user, "workload.propose"):
        yield Action("Propose a workload", reverse("workloads:propose"))
