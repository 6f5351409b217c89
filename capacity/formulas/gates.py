"""The decision on one call: a policy, the counters and an instant in, an action out.

Pure, and of the standard library alone: simulate, the web view, the gate server and the
client package decide with this one file. The order is fixed, and the first that holds
the call back is named: kill switch, retired or no active gate, model policy, spend limits,
the tier's ceiling; thresholds only speak.
"""

import calendar
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple
from zoneinfo import ZoneInfo


class Action(StrEnum):
    ALLOW = "allow"
    DEGRADE = "degrade"
    BLOCK = "block"
    METER = "meter"


class Overage(StrEnum):
    """What happens at the ceiling."""

    HARD_CAP = "hard_cap"
    SOFT_CAP = "soft_cap"
    PAY_AS_YOU_GO = "pay_as_you_go"


class Held(StrEnum):
    """Which gate held the call back, or turned it."""

    KILL_SWITCH = "kill_switch"
    SPEND_LIMIT = "spend_limit"
    TIER_CEILING = "tier_ceiling"
    NO_ACTIVE_GATE = "no_active_gate"
    MODEL_POLICY = "model_policy"


class Reason(StrEnum):
    UNDER_CEILING = "under_ceiling"
    OVER_CEILING = "over_ceiling"
    KILL_SWITCH = "kill_switch"
    SPEND_LIMIT = "spend_limit"
    NO_ACTIVE_GATE = "no_active_gate"
    MODEL_NOT_IN_POLICY = "model_not_in_policy"
    RETIRED = "retired"
    UNREACHABLE = "unreachable"


SPOKEN_AS: Mapping[int, str] = {70: "soft_notice", 90: "banner", 100: "contract_event"}
"""The kind of signal of each level."""
LEVELS = (70, 90, 100)


@dataclass(frozen=True, slots=True)
class Tier:
    """One tier's rule. Ceilings are tokens a user and month.

    `opted_in` is whether a metered opt-in stands; `overage_limit` are the tokens over the
    ceiling that may be metered, none for any number.
    """

    ceiling: int
    overage: Overage
    opted_in: bool = False
    overage_limit: int | None = None


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Thousandths of the ceiling, so that a boundary is met exactly; as they stood when
    the version was activated."""

    floor: int = 500
    notice: int = 700
    banner: int = 900


THRESHOLDS = Thresholds()


@dataclass(frozen=True, slots=True)
class Policy:
    """One version of a workload's gate, as it decides. `observes`: it holds nothing."""

    version: int | None
    primary_model: str
    degrade_model: str
    thresholds: Thresholds = THRESHOLDS
    observes: bool = False


@dataclass(frozen=True, slots=True)
class Counters:
    """One user's tokens in one workload and month, all tiers together.

    `settled` was used, `reserved` is promised to calls in flight; `was_over` is whether an
    answer of this tier and month has already been over.
    """

    settled: int
    reserved: int = 0
    was_over: bool = False


class Month(NamedTuple):
    """Where an instant lies in its month: days are counted from 1, today included."""

    day: int
    days: int
    first_day: str
    resets_at: datetime
    resets_in_words: str

    @property
    def elapsed(self) -> float:
        return self.day / self.days


@dataclass(frozen=True, slots=True)
class Stop:
    """What holds every call of the workload, whatever was used."""

    held: Held
    reason: Reason
    sentence: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer's facts. `reserves` are the tokens it promises to this call.

    `consumed` and `projected` are shares of the ceiling by settled tokens; `level` is the
    highest that is true now, none below the floor.
    """

    action: Action
    model: str | None
    level: int | None
    consumed: float | None
    projected: float | None
    remaining_tokens: int | None
    reserves: int
    held: Held | None
    reason_code: Reason
    reason: str
    over: bool = False


def month_of(now: datetime, zone: ZoneInfo) -> Month:
    """The month of an aware instant on the organisation's clock."""
    local = now.astimezone(zone)
    days = calendar.monthrange(local.year, local.month)[1]
    first = local.replace(day=1, hour=0, minute=0, second=0, microsecond=0, fold=0)
    after = (first + timedelta(days=32)).replace(day=1).astimezone(UTC)
    return Month(
        local.day,
        days,
        first.date().isoformat(),
        after,
        f"{after:%Y-%m-%d %H:%M} UTC",
    )


def is_over(ceiling: int, counters: Counters, expected: int | None) -> bool:
    """Announced tokens must fit; without any, a ceiling that is reached is enough."""
    promised = counters.settled + counters.reserved
    return promised + expected > ceiling if expected else promised >= ceiling


def level_of(
    settled: int,
    ceiling: int,
    month: Month,
    thresholds: Thresholds = THRESHOLDS,
    *,
    over: bool = False,
) -> int | None:
    """The highest level that is true: 100 by the counter itself, the others by pace.

    Tokens against tokens; nothing is ever said below the floor. In whole numbers, since
    settled ÷ ceiling ÷ elapsed ≥ threshold is a boundary that a float may miss.
    """
    if over or settled >= ceiling:
        return 100
    if settled * 1000 < ceiling * thresholds.floor:
        return None
    paced, limit = settled * month.days * 1000, ceiling * month.day
    if paced >= limit * thresholds.banner:
        return 90
    return 70 if paced >= limit * thresholds.notice else None


def newly_due(
    level: int | None, passed: frozenset[int]
) -> tuple[int | None, list[int]]:
    """(the level to speak now, the levels passed with it): what was skipped is never
    sent late."""
    if level is None or level in passed:
        return None, []
    return level, [one for one in LEVELS if one <= level and one not in passed]


def asked_model(policy: Policy, model: str | None) -> str | None:
    """The model to answer with while allowed; none for one outside of the policy."""
    if not model:
        return policy.primary_model
    asked = model.casefold()
    for known in (policy.primary_model, policy.degrade_model):
        if known and known.casefold() == asked:
            return known
    return None


def decide(
    policy: Policy,
    tier: Tier,
    counters: Counters,
    month: Month,
    *,
    expected: int | None = None,
    model: str | None = None,
    stop: Stop | None = None,
    name: str = "this gate",
) -> Verdict:
    """What happens to one call. Units: tokens; `name` is what the sentence calls it.

    `stop` is a kill switch, a retired workload or a spend limit that is reached. Allowed
    calls reserve what they expect; degraded and metered calls reserve nothing.
    """
    ceiling, settled = tier.ceiling, counters.settled
    consumed = settled / ceiling if ceiling else 1.0
    projected = consumed * month.days / month.day
    left = max(0, ceiling - settled - counters.reserved)
    answered = asked_model(policy, model)
    if stop is None and answered is None:
        stop = _outside(policy, model)
    over = stop is None and is_over(ceiling, counters, expected)
    at = level_of(
        settled, ceiling, month, policy.thresholds, over=over or counters.was_over
    )
    if stop is not None:
        return _held(stop, at, consumed, projected, left)
    if policy.observes or not over:
        reserves = expected or 0
        return Verdict(
            Action.ALLOW,
            answered,
            None if policy.observes else at,
            consumed,
            projected,
            max(0, left - reserves),
            reserves,
            None,
            Reason.UNDER_CEILING,
            _under(policy, ceiling, settled),
        )
    action = _over_action(tier, counters, expected)
    return Verdict(
        action,
        _over_model(policy, action, answered),
        at,
        consumed,
        projected,
        left,
        0,
        Held.TIER_CEILING,
        Reason.OVER_CEILING,
        _over(name, tier, counters, month, expected, action),
        over=True,
    )


def nothing_decides(stop: Stop) -> Verdict:
    """A workload without an active gate, or a retired one: there is no ceiling to name."""
    return _held(stop, None, None, None, None)


def _held(
    stop: Stop,
    level: int | None,
    consumed: float | None,
    projected: float | None,
    left: int | None,
) -> Verdict:
    return Verdict(
        Action.BLOCK,
        None,
        level,
        consumed,
        projected,
        left,
        0,
        stop.held,
        stop.reason,
        stop.sentence,
    )


def decide_unreachable(
    policy: Policy,
    *,
    allows: bool,
    model: str | None = None,
    stop: Stop | None = None,
    name: str = "this gate",
) -> Verdict:
    """What happens to one call while nothing can be counted: the policy's own field says.

    Switches and the models of the policy hold as they were last known. Nothing is
    reserved; whoever calls reports the usage as undecided.
    """
    answered = asked_model(policy, model)
    if stop is None and answered is None:
        stop = _outside(policy, model)
    if stop is not None:
        return nothing_decides(stop)
    said = "lets calls pass" if allows else "holds calls"
    return Verdict(
        Action.ALLOW if allows else Action.BLOCK,
        answered if allows else None,
        None,
        None,
        None,
        None,
        0,
        None,
        Reason.UNREACHABLE,
        f"The counters of {name} are out of reach; its policy {said} meanwhile.",
    )


def _over_action(tier: Tier, counters: Counters, expected: int | None) -> Action:
    if tier.overage == Overage.SOFT_CAP:
        return Action.DEGRADE
    # A withdrawn opt-in leaves a hard cap.
    if tier.overage == Overage.HARD_CAP or not tier.opted_in:
        return Action.BLOCK
    if tier.overage_limit is None:
        return Action.METER
    most = Counters(counters.settled, counters.reserved)
    spent = is_over(tier.ceiling + tier.overage_limit, most, expected)
    return Action.BLOCK if spent else Action.METER


def _over_model(policy: Policy, action: Action, answered: str | None) -> str | None:
    if action == Action.DEGRADE:
        return policy.degrade_model
    return answered if action == Action.METER else None


def _outside(policy: Policy, model: str | None) -> Stop:
    known = " and ".join(
        one for one in (policy.primary_model, policy.degrade_model) if one
    )
    return Stop(
        Held.MODEL_POLICY,
        Reason.MODEL_NOT_IN_POLICY,
        f"{model} is not in this gate's policy, which knows {known}.",
    )


def _under(policy: Policy, ceiling: int, settled: int) -> str:
    if policy.observes:
        return f"Observed only: {settled:,} tokens used this month, nothing is held."
    return f"{settled:,} of {ceiling:,} tokens used this month."


def _over(
    name: str,
    tier: Tier,
    counters: Counters,
    month: Month,
    expected: int | None,
    action: Action,
) -> str:
    wanted = f" {expected:,} more do not fit." if expected else ""
    then = {
        Action.DEGRADE: "The call goes to the budget model.",
        Action.METER: "The call is metered as overage.",
    }.get(action, "The call is held.")
    return (
        f"Over the ceiling of {name}: {counters.settled:,} settled and"
        f" {counters.reserved:,} reserved of {tier.ceiling:,} tokens.{wanted} {then}"
        f" It resets on {month.resets_in_words}."
    )
