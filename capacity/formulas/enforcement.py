"""Whether a gate holds at runtime: judged by what runtimes asked and what they used. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

# Unreachable calls are one outage while no hour passes between their arrivals.
ONE_OUTAGE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Terms:
    """How fresh evidence is, and which share of calls may be undecided (0–1)."""

    within: timedelta = timedelta(hours=24)
    tolerance: float = 0.01

    @property
    def hours(self) -> str:
        hours = round(self.within.total_seconds() / 3600)
        return "the last hour" if hours == 1 else f"the last {hours} hours"


@dataclass(frozen=True, slots=True)
class Asked:
    """The newest decision: when, and by which version; none where no gate was active."""

    at: datetime
    version: int | None


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """A runtime that said that it holds a bundle with this version of the gate."""

    runtime: str
    version: int
    etag: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Arrived:
    """Calls of the window, by arrival. `outage_since` is the first unreachable one of the
    stretch that has not ended; none where there is none."""

    calls: int = 0
    decided: int = 0
    unreachable: int = 0
    outage_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one workload's active version. `observes`: it holds nothing."""

    version: int
    observes: bool = False
    last: Asked | None = None
    acknowledged: tuple[Acknowledged, ...] = ()
    arrived: Arrived = field(default_factory=Arrived)


@dataclass(frozen=True, slots=True)
class Enforcement:
    """The verdict and its evidence. `share` is undecided ÷ all calls, none without calls;
    `undecided_calls` leaves out those that are excused as unreachable.

    `decisions_a_day` and `versions_seen` (version, decisions, last) are of the last week.
    """

    is_enforced: bool
    sentence: str
    version: int | None
    last_decision: Asked | None
    acknowledged: tuple[Acknowledged, ...]
    calls: int
    undecided_calls: int
    excused_calls: int
    share: float | None
    terms: Terms
    counts_tests: bool = False
    decisions_a_day: tuple[tuple[date, int], ...] = ()
    versions_seen: tuple[tuple[int | None, int, datetime], ...] = ()


def outage_since(minutes: Sequence[datetime]) -> datetime | None:
    """When the newest stretch of unreachable calls began, of arrivals in rising order."""
    began = None
    for earlier, later in zip((None, *minutes), minutes, strict=False):
        if earlier is None or later - earlier > ONE_OUTAGE:
            began = later
    return began


def no_gate(terms: Terms) -> Enforcement:
    return Enforcement(
        is_enforced=False,
        sentence="Not enforced: no version of its gate is active.",
        version=None,
        last_decision=None,
        acknowledged=(),
        calls=0,
        undecided_calls=0,
        excused_calls=0,
        share=None,
        terms=terms,
    )


def judge(
    facts: Facts, now: datetime, terms: Terms, *, counts_tests: bool = False
) -> Enforcement:
    """Enforced: asked or acknowledged with the active version, and next to nothing used
    without a decision. Without usage, the last decision holds however old it is."""
    arrived, since = facts.arrived, now - terms.within
    began = arrived.outage_since
    # An outage of over a day is no excuse any more.
    excused = arrived.unreachable if began is None or began > since else 0
    undecided = max(0, arrived.calls - arrived.decided - excused)
    share = undecided / arrived.calls if arrived.calls else None
    fault = _fault(facts, since, share, terms)
    return Enforcement(
        is_enforced=fault is None,
        sentence=f"Not enforced: {fault}" if fault else _enforced(facts, share, terms),
        version=facts.version,
        last_decision=facts.last,
        acknowledged=facts.acknowledged,
        calls=arrived.calls,
        undecided_calls=undecided,
        excused_calls=excused,
        share=share,
        terms=terms,
        counts_tests=counts_tests,
    )


def _fault(
    facts: Facts, since: datetime, share: float | None, terms: Terms
) -> str | None:
    if facts.observes:
        return f"version {facts.version} only observes."
    asked = facts.last is not None and facts.last.version == facts.version
    fresh = asked and facts.last is not None and facts.last.at > since
    holds = any(
        one.version == facts.version and one.at > since for one in facts.acknowledged
    )
    if not (fresh or holds or (asked and share is None)):
        return _silent(facts, terms)
    if share is not None and share > terms.tolerance:
        return (
            f"{share:.1%} of {facts.arrived.calls:,} calls came without a decision in"
            f" {terms.hours}; {terms.tolerance:.0%} is tolerated."
        )
    return None


def _silent(facts: Facts, terms: Terms) -> str:
    if facts.last is None:
        return (
            "no runtime has asked it for a decision, or acknowledged version"
            f" {facts.version} in {terms.hours}."
        )
    when = f"{facts.last.at:%Y-%m-%d %H:%M} UTC"
    if facts.last.version != facts.version:
        used = (
            f"used version {facts.last.version}"
            if facts.last.version is not None
            else "found no active gate"
        )
        return f"the last decision, {when}, {used}; version {facts.version} is active."
    return (
        f"the last decision was asked for on {when}, and {facts.arrived.calls:,} calls"
        f" were used in {terms.hours}."
    )


def _enforced(facts: Facts, share: float | None, terms: Terms) -> str:
    if share is None:
        if facts.last is not None and facts.last.version == facts.version:
            return (
                f"Enforced: the last decision, {facts.last.at:%Y-%m-%d %H:%M} UTC, used"
                f" version {facts.version}; nothing was used since."
            )
        return f"Enforced: a runtime holds version {facts.version}; nothing was used."
    return (
        f"Enforced: version {facts.version} decides; {share:.1%} of"
        f" {facts.arrived.calls:,} calls were undecided in {terms.hours}."
    )
