"""What a decision is judged by, held in memory: policies, switches, limits, callers.

Of one epoch. Who decides by it sends the epoch along; when it moved, the snapshot is read
again (capacity.runtime.reading) and the question is judged anew.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from capacity.enums import LimitPeriod, SwitchScope
from capacity.formulas.gates import Held, Month, Policy, Reason, Stop, Tier
from workloads.enums import Status

DAY, MONTH = str(LimitPeriod.DAY), str(LimitPeriod.MONTH)


@dataclass(frozen=True, slots=True)
class Caller:
    """A token and its user. `token_id` is 0 for a browser's session."""

    token_id: int
    prefix: str = ""
    scopes: frozenset[str] = frozenset()
    workloads: frozenset[str] = frozenset()
    expires_at: datetime | None = None
    is_revoked: bool = False
    user_id: int = 0
    username: str = ""
    roles: tuple[str, ...] = ()
    is_active: bool = True
    # As the access table asks of every actor.
    is_authenticated: bool = True

    @property
    def pk(self) -> int:
        return self.user_id


@dataclass(frozen=True, slots=True)
class Rung:
    """A tier of a version. `over_action` is what the statement does at the ceiling, `most`
    where metering ends."""

    tier: Tier
    over_action: str
    most: int | None = None


@dataclass(frozen=True, slots=True)
class Gate:
    """A version that is active or in shadow. `row` is its key."""

    row: int
    policy: Policy
    rungs: Mapping[str, Rung]
    allows_unreachable: bool
    ends_on: date | None = None
    spend_limit: Decimal | None = None

    def stands(self, day: date) -> bool:
        return self.ends_on is None or day <= self.ends_on


@dataclass(frozen=True, slots=True)
class Raise:
    """An exception: a ceiling of one user's or one account's own."""

    tier: str
    user: str
    account: str
    ceiling: int
    ends_on: date


@dataclass(frozen=True, slots=True)
class Ground:
    """One workload. `prices` is money a token of each model, where limits need it."""

    row: int
    ref: str
    status: str
    department: str
    gate: Gate | None = None
    shadow: Gate | None = None
    raises: tuple[Raise, ...] = ()
    prices: Mapping[str, Decimal] = field(default_factory=dict)

    def ceiling(self, tier: str, user: str, account: str, day: date, own: int) -> int:
        """The tier's own, or the highest that an exception raises it to."""
        found = [
            one.ceiling
            for one in self.raises
            if (one.user == user if one.user else account and one.account == account)
            and one.tier in {"", tier}
            and day <= one.ends_on
        ]
        return max(own, *found) if found else own


@dataclass(frozen=True, slots=True)
class Limit:
    """A most in money; `row` is negative for what an observing version may cost."""

    row: int
    amount: Decimal
    sentence: str


HeldCounter = tuple[str, str, str, str, Limit | None]
"""Scope, target, period, its first day, and the limit that stands on it."""


@dataclass(frozen=True)
class Snapshot:
    """`limits` by (scope, target, period); `switches` by (scope, target)."""

    epoch: int
    grounds: Mapping[str, Ground]
    switches: Mapping[tuple[str, str], Stop]
    limits: Mapping[tuple[str, str, str], Limit]
    callers: Mapping[str, Caller] = field(default_factory=dict)
    # What was made of them: rules by their facts, see capacity.runtime.calls.
    rules: dict[Any, Any] = field(default_factory=dict)

    def stop(self, ground: Ground, agent: str, day: date) -> Stop | None:
        """What holds the call whatever was used: a switch, else no gate that stands."""
        if self.switches:
            for place in _places(ground, agent):
                if (found := self.switches.get(place)) is not None:
                    return found
        if ground.status == Status.RETIRED:
            return Stop(
                Held.NO_ACTIVE_GATE,
                Reason.RETIRED,
                f"{ground.ref} is retired: nothing runs on it any more.",
            )
        if ground.gate is None:
            return _no_gate(
                f"{ground.ref} has no active gate. Its owner and finance activate one."
            )
        if not ground.gate.stands(day):
            return _no_gate(
                f"The gate of {ground.ref} only observed, until"
                f" {ground.gate.ends_on}. Its owner and finance activate one that holds."
            )
        return None

    def limits_of(
        self, ground: Ground, agent: str, month: Month, day: date
    ) -> tuple[HeldCounter, ...]:
        """(scope, target, period, first day, limit) of every counter that the call is
        held against, in key order; none where no limit stands on any of them."""
        places = [
            (scope, target, period, starts_on)
            for scope, target in _targets(ground, agent)
            for period, starts_on in ((DAY, day.isoformat()), (MONTH, month.first_day))
        ]
        found = [
            (*place, self._limit(ground, place[0], place[1], place[2]))
            for place in sorted(places)
        ]
        return tuple(found) if any(one[4] for one in found) else ()

    def _limit(
        self, ground: Ground, scope: str, target: str, period: str
    ) -> Limit | None:
        """The lower one, where an observing version has its own."""
        found = self.limits.get((scope, target, period))
        gate = ground.gate
        if gate is None or gate.spend_limit is None or not gate.policy.observes:
            return found
        if (scope, period) != ("workload", MONTH):
            return found
        own = Limit(
            -gate.row,
            gate.spend_limit,
            f"The gate of {ground.ref} observes only, and may cost"
            f" {gate.spend_limit:.2f} a month: that is reached.",
        )
        return own if found is None or own.amount < found.amount else found


def _no_gate(sentence: str) -> Stop:
    return Stop(Held.NO_ACTIVE_GATE, Reason.NO_ACTIVE_GATE, sentence)


def _places(ground: Ground, agent: str) -> Iterable[tuple[str, str]]:
    yield SwitchScope.ALL, ""
    yield SwitchScope.WORKLOAD, ground.ref
    if agent:
        yield SwitchScope.AGENT, agent
    if ground.department:
        yield SwitchScope.DEPARTMENT, ground.department


def _targets(ground: Ground, agent: str) -> Iterable[tuple[str, str]]:
    yield "workload", ground.ref
    if agent:
        yield "agent", agent
    if ground.department:
        yield "department", ground.department
