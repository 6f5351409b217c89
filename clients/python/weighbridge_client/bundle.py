"""The portal's policies, switches and limits, as one document; and the decision by it.

Used while nobody can be asked. The verdict is the portal's own function (gates.py), over
what this process heard and used since.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from weighbridge_client.decisions import UNREACHABLE, Decision, Question
from weighbridge_client.gates import (
    Counters,
    Held,
    Month,
    Overage,
    Policy,
    Reason,
    Stop,
    Thresholds,
    Tier,
    Verdict,
    decide,
    month_of,
    nothing_decides,
)

ALL, AGENT, WORKLOAD, DEPARTMENT = "all", "agent", "workload", "department"


@dataclass(frozen=True, slots=True)
class Gate:
    """One workload's active version. `ends_on` is the last day of one that observes."""

    workload: str
    department: str
    policy: Policy
    tiers: Mapping[str, Tier]
    allows_unreachable: bool
    ends_on: date | None = None


@dataclass(frozen=True, slots=True)
class Bundle:
    """`switches` and `limits` by what they are on: (scope, target)."""

    etag: str
    zone: ZoneInfo
    gates: Mapping[str, Gate]
    switches: Mapping[tuple[str, str], str]
    limits: Mapping[tuple[str, str], tuple[str, ...]]

    def places(self, question: Question) -> Iterator[tuple[str, str]]:
        """What of the question a switch or a limit can be on."""
        yield ALL, ""
        yield WORKLOAD, question.workload
        if question.agent:
            yield AGENT, question.agent
        gate = self.gates.get(question.workload)
        if gate is not None and gate.department:
            yield DEPARTMENT, gate.department


@dataclass(frozen=True, slots=True)
class Heard:
    """What is known of the counters: settled tokens of this month, and when this call's
    workload was last held by a spend limit. `ceiling` is the user's own, which an
    exception may have raised, as the answer of that version of the gate told it."""

    settled: int = 0
    was_over: bool = False
    limited_at: datetime | None = None
    ceiling: int | None = None
    version: int | None = None


def read_bundle(document: Mapping[str, Any], etag: str) -> Bundle:
    gates = {one["workload"]: _gate(one) for one in document["workloads"]}
    limits: dict[tuple[str, str], tuple[str, ...]] = {}
    for one in document.get("spend_limits", ()):
        place = one["scope"], one["target"]
        limits[place] = (*limits.get(place, ()), one["period"])
    return Bundle(
        etag,
        ZoneInfo(document.get("time_zone") or "UTC"),
        gates,
        {
            (one["scope"], one.get("target") or ""): one.get("reason") or ""
            for one in document.get("kill_switches", ())
        },
        limits,
    )


def decide_locally(
    bundle: Bundle | None, question: Question, heard: Heard, now: datetime
) -> Decision:
    """What happens to a call that nobody could be asked about.

    Switches, limits and the model policy hold as ever. Past them the gate's
    `on_unreachable` says whether to block, or to go on by the counters as last heard.
    Without a bundle, or a gate in it, the call is held: there is no undefined behaviour.
    """
    if bundle is None:
        return _held_unreachable(
            question, "Nobody answers, and no bundle was ever fetched."
        )
    month = month_of(now, bundle.zone)
    gate = bundle.gates.get(question.workload)
    stop = _stop(bundle, gate, question, heard, now)
    if gate is None or (stop is not None and stop.held == Held.NO_ACTIVE_GATE):
        return _read(nothing_decides(stop or _no_gate(question)), gate, month)
    tier = gate.tiers.get(question.tier)
    if tier is None:
        return _held_unreachable(
            question, f"Nobody answers, and {question.tier} is no tier of the bundle."
        )
    if heard.ceiling is not None and heard.version == gate.policy.version:
        tier = replace(tier, ceiling=heard.ceiling)
    verdict = decide(
        gate.policy,
        tier,
        Counters(heard.settled, 0, heard.was_over),
        month,
        expected=question.expected_tokens,
        model=question.model,
        stop=stop,
        name=f"gate v{gate.policy.version} of {gate.workload}, tier {question.tier}",
    )
    if verdict.held in {None, Held.TIER_CEILING} and not gate.allows_unreachable:
        return _held_unreachable(question, "Nobody answers, and its gate blocks then.")
    return _read(verdict, gate, month, tier, heard)


def _stop(
    bundle: Bundle,
    gate: Gate | None,
    question: Question,
    heard: Heard,
    now: datetime,
) -> Stop | None:
    places = list(bundle.places(question))
    for place in places:
        if place in bundle.switches:
            on = " ".join(part for part in place if part)
            return Stop(
                Held.KILL_SWITCH,
                Reason.KILL_SWITCH,
                f"A kill switch is on for {on}: {bundle.switches[place]}",
            )
    if gate is None or _has_ended(gate, bundle, now):
        return _no_gate(question)
    if heard.limited_at is None:
        return None
    for place in places:
        for period in bundle.limits.get(place, ()):
            if _same_period(period, heard.limited_at, now, bundle.zone):
                return Stop(
                    Held.SPEND_LIMIT,
                    Reason.SPEND_LIMIT,
                    f"The spend limit was reached this {period}, when last heard.",
                )
    return None


def _same_period(period: str, one: datetime, other: datetime, zone: ZoneInfo) -> bool:
    first, second = one.astimezone(zone).date(), other.astimezone(zone).date()
    if period == "day":
        return first == second
    return (first.year, first.month) == (second.year, second.month)


def _has_ended(gate: Gate, bundle: Bundle, now: datetime) -> bool:
    return (
        gate.ends_on is not None and now.astimezone(bundle.zone).date() > gate.ends_on
    )


def _no_gate(question: Question) -> Stop:
    return Stop(
        Held.NO_ACTIVE_GATE,
        Reason.NO_ACTIVE_GATE,
        f"{question.workload} has no active gate.",
    )


def _held_unreachable(question: Question, why: str) -> Decision:
    return Decision(
        action="block",
        model=None,
        reason=f"{why} {question.workload} is held until the portal answers.",
        reason_code=UNREACHABLE,
        is_local=True,
    )


def _read(
    verdict: Verdict,
    gate: Gate | None,
    month: Month,
    tier: Tier | None = None,
    heard: Heard | None = None,
) -> Decision:
    return Decision(
        action=str(verdict.action),
        model=verdict.model,
        reason=verdict.reason,
        reason_code=str(verdict.reason_code),
        gate=None if verdict.held is None else str(verdict.held),
        level=verdict.level,
        consumed_tokens=None if heard is None else heard.settled,
        ceiling_tokens=None if tier is None else tier.ceiling,
        consumed=verdict.consumed,
        projected=verdict.projected,
        remaining_tokens=verdict.remaining_tokens,
        resets_at=month.resets_at,
        gate_version=None if gate is None else gate.policy.version,
        is_local=True,
    )


def _gate(entry: Mapping[str, Any]) -> Gate:
    ends_on = entry.get("ends_on")
    return Gate(
        entry["workload"],
        entry.get("department") or "",
        Policy(
            entry["version"],
            entry["primary_model"],
            entry.get("degrade_model") or "",
            _thresholds(entry.get("thresholds")),
            observes=entry.get("mode") == "observe",
        ),
        {one["tier"]: _tier(one) for one in entry["tiers"]},
        entry.get("on_unreachable") == "allow",
        date.fromisoformat(ends_on) if ends_on else None,
    )


def _tier(entry: Mapping[str, Any]) -> Tier:
    return Tier(
        entry["ceiling_tokens"],
        Overage(entry["overage"]),
        bool(entry.get("metered_opt_in")),
        entry.get("overage_limit_tokens"),
    )


def _thresholds(entry: Mapping[str, Any] | None) -> Thresholds:
    """Shares of the ceiling; the decision counts in thousandths."""
    if not entry:
        return Thresholds()
    return Thresholds(
        *(round(float(entry[name]) * 1000) for name in ("floor", "notice", "banner"))
    )
