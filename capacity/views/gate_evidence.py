"""Whether a gate holds at runtime, and what a version in shadow would do otherwise."""

from collections import defaultdict
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from capacity.enums import GateState
from capacity.formulas.enforcement import Enforcement
from capacity.models import GatePolicy
from capacity.selectors.enforcement import evidence_of, shadow_results
from capacity.selectors.user_references import shown_reference
from capacity.views.gate_enforced import told
from portal.kernel import clock, formats
from portal.kernel.charts_bars import Bar, bar_chart
from portal.kernel.charts_twin import Twin
from portal.kernel.templatetags import look
from workloads.models import Workload

DAYS = 8
"""The last week and today."""
USERS_SHOWN = 6
ACTIONS = {
    "allow": "allowed",
    "degrade": "degraded",
    "block": "blocked",
    "meter": "metered",
}


def evidence(workload: Workload, now: datetime) -> dict[str, Any]:
    """The verdict, the facts behind it, and the decisions of each day."""
    found = evidence_of(workload, now)
    verdict = told(found)
    days = dict(found.decisions_a_day)
    today = clock.today(now)
    shown = [today - timedelta(days=back) for back in range(DAYS - 1, -1, -1)]
    counts = [(day, int(days.get(day, 0))) for day in shown]
    return {
        "tone": verdict.tone,
        "word": "at runtime" if verdict.is_enforced else "not enforced",
        "why": verdict.why,
        "facts": _facts(found, counts),
        "chart": bar_chart(
            [
                Bar(formats.day(day, year=False), [("b1", float(count))])
                if n in (0, DAYS - 1)
                else Bar("", [("b1", float(count))])
                for n, (day, count) in enumerate(counts)
            ],
            words=lambda value: formats.short(Decimal(str(value))),
            width=340,
            height=110,
        )
        if any(days.values())
        else None,
        "finding": _finding(counts),
        "twin": Twin(
            ("Day", "Decisions"), [(formats.day(day), count) for day, count in counts]
        ),
    }


def shadow_of(gate: GatePolicy, *, may_see: bool) -> dict[str, Any] | None:
    """What the version in shadow would have done; None while none is."""
    if gate.state != GateState.SHADOW:
        return None
    found = shadow_results(gate)
    pairs: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    for one in found.users:
        pairs[one.action, one.shadow_action][0] += one.calls
        pairs[one.action, one.shadow_action][1] += 1
    ranked = sorted(pairs.items(), key=lambda item: -item[1][0])
    users = [
        shown_reference(one.user_ref, may_see=may_see)
        for one in found.users[:USERS_SHOWN]
    ]
    return {
        "version": gate.version,
        "sentence": _shadowed(gate, found.calls, found.otherwise, found.user_count),
        "rows": [
            {
                "now": formats_action(action),
                "then": formats_action(shadow),
                "calls": calls,
                "users": count,
            }
            for (action, shadow), (calls, count) in ranked
        ],
        "users": list(dict.fromkeys(users)),
        "users_words": "Most affected:",
        "more": max(0, found.user_count - len(users)),
    }


def formats_action(action: str) -> str:
    return ACTIONS.get(action, action).capitalize()


def _facts(
    found: Enforcement, counts: list[tuple[Any, int]]
) -> list[tuple[str, Any, str]]:
    last = found.last_decision
    facts: list[tuple[str, Any, str]] = [
        ("Last decision", look.moment(last.at) if last else "never", ""),
        (
            "Decisions, today",
            formats.in_full(counts[-1][1]),
            f"{formats.in_full(sum(count for _, count in counts))} in a week",
        ),
        (
            "Usage without a decision",
            formats.share(round(found.share, 4))
            if found.share is not None
            else "none used",
            f"of {formats.share(found.terms.tolerance)}"
            if found.share is not None
            else "",
        ),
        ("Versions seen", _versions(found), ""),
    ]
    if found.excused_calls:
        facts.append(
            ("While unreachable", formats.in_full(found.excused_calls), "excused")
        )
    if found.acknowledged:
        runtimes = {one.runtime for one in found.acknowledged}
        facts.append(("Runtimes with the bundle", formats.in_full(len(runtimes)), ""))
    if found.counts_tests:
        facts.append(("Test calls", "count", "until it is live"))
    return facts


def _versions(found: Enforcement) -> str:
    seen = [
        f"v{version}" if version is not None else "no gate"
        for version, _, _ in found.versions_seen
    ]
    if not seen:
        return "none"
    return f"{seen[0]} only" if len(seen) == 1 else ", ".join(seen)


def _finding(counts: list[tuple[Any, int]]) -> str:
    most = max(counts, key=lambda one: one[1])
    total = sum(count for _, count in counts)
    return (
        f"{formats.in_full(total)} decisions in the last week; most, "
        f"{formats.in_full(most[1])}, on {formats.day(most[0])}."
    )


def _shadowed(gate: GatePolicy, calls: int, otherwise: int, users: int) -> str:
    if not calls:
        return f"No call was decided beside v{gate.version} yet."
    if not otherwise:
        return (
            f"v{gate.version} would have treated none of {formats.in_full(calls)} calls "
            "otherwise."
        )
    whose = "one user" if users == 1 else f"{formats.in_full(users)} users"
    return (
        f"v{gate.version} would have treated {formats.in_full(otherwise)} of "
        f"{formats.in_full(calls)} calls otherwise, of {whose}."
    )
