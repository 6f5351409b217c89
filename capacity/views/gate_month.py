"""A month under a gate, of a made-up user or a real one, and the answer to one question.

Both stand in the address: looking again, or sending the link, shows the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse

from capacity.formulas.gate_months import (
    DayUnder,
    Pace,
    days_in,
    month_under,
    spread,
    turned,
)
from capacity.formulas.gates import Counters, Tier, decide, month_of
from capacity.models import GatePolicy
from capacity.selectors.users_near import NearUser, used_by_day
from capacity.views.gate_drawing import AtCeiling, draw
from capacity.views.gate_words import (
    OVERAGE_WORDS,
    SAID_KINDS,
    action_tone,
    action_words,
    over_words,
    policy_of,
    tier_name,
    tiers_of,
    turn_words,
)
from capacity.views.listing import one_of, text_of
from portal.kernel import access, clock, formats
from portal.kernel.charts_twin import Twin
from portal.kernel.templatetags.look import zone
from workloads.enums import CostGate
from workloads.models import Workload

PACES = {
    Pace.SPEEDS_UP: "who speeds up after the 20th",
    Pace.STEADY: "with a steady pace",
    Pace.SLOWS_DOWN: "who slows down after the 20th",
}
USER = "u:"
MOST_TOKENS = 10**15
AS_DEFAULT = 1.12
"""A made-up user ends a little over the ceiling, so that every level is met."""
TOLD = {
    70: "Notice in the product",
    90: "Banner, one email to the account's owner",
    100: "Contract event",
}
PARAMETERS = ("tier", "who", "tokens")
ASKED = ("a_tier", "used", "at", "expecting", "model")


@dataclass(frozen=True)
class _Month:
    """What the drawing shows. `near` is a real user; `tokens` are a made-up one's."""

    tier: str
    rule: Tier
    who: str
    tokens: int
    first: date
    days: list[DayUnder]
    near: NearUser | None = None
    ahead: float | None = None


def month_context(
    request: HttpRequest,
    workload: Workload,
    gate: GatePolicy,
    near: Sequence[NearUser],
    now: datetime,
) -> dict[str, Any]:
    """The drawing, its finding and its twin, and the form that chooses what it shows."""
    tiers, policy = tiers_of(gate), policy_of(gate)
    found = _month(request, workload, gate, near, now)
    tier = found.rule
    drawn = draw(
        found.days,
        first=found.first,
        thresholds=policy.thresholds,
        ceiling=tier.ceiling,
        ahead=found.ahead,
        over=AtCeiling(OVERAGE_WORDS[CostGate(tier.overage)], over_words(tier, policy)),
    )
    query = urlencode(
        [("tier", found.tier), ("who", found.who), ("tokens", str(found.tokens))]
    )
    csv = reverse("gates:month-csv", args=[workload.ref, gate.version])
    return {
        "drawn": drawn,
        "finding": _finding(found, gate),
        "twin": twin_of(found.days),
        "csv": f"{csv}?{query}",
        "is_real": found.near is not None,
        "turns_to": gate.degrade_model
        if turned(found.days) and found.days[-1].verdict.action == "degrade"
        else "",
        "model": gate.primary_model,
        "tier": found.tier,
        "tokens": found.tokens,
        "tiers": [(code, tier_name(code), code == found.tier) for code in tiers],
        "whos": [
            (str(pace), f"a made-up user {words}", found.who == pace)
            for pace, words in PACES.items()
        ]
        + [
            (f"{USER}{one.shown}", one.shown, found.who == f"{USER}{one.shown}")
            for one in near
        ],
        "kept": _kept(request, ASKED),
    }


def month_twin(
    request: HttpRequest,
    workload: Workload,
    gate: GatePolicy,
    near: Sequence[NearUser],
    now: datetime,
) -> Twin:
    return twin_of(_month(request, workload, gate, near, now).days)


def ask_context(
    request: HttpRequest, workload: Workload, gate: GatePolicy, now: datetime
) -> dict[str, Any]:
    """The simulator: what this gate would answer one call. It changes nothing."""
    tiers, policy = tiers_of(gate), policy_of(gate)
    code = one_of(request, "a_tier", tiers) or next(iter(tiers))
    tier = tiers[code]
    used = _whole(text_of(request, "used"))
    expecting = _whole(text_of(request, "expecting"))
    at = _day(text_of(request, "at")) or clock.today(now)
    model = text_of(request, "model")
    context = {
        "tiers": [(one, tier_name(one), one == code) for one in tiers],
        "used": "" if used is None else used,
        "expecting": "" if expecting is None else expecting,
        "at": at,
        "model": model,
        "ceiling": tier.ceiling,
        "kept": _kept(request, PARAMETERS),
    }
    if used is None:
        return context
    month = month_of(datetime.combine(at, time(12), tzinfo=zone()), zone())
    verdict = decide(
        policy,
        tier,
        Counters(used),
        month,
        expected=expecting,
        model=model or None,
        name=f"{workload.ref}, {tier_name(code)}",
    )
    return {
        **context,
        "verdict": verdict,
        "words": action_words(verdict),
        "tone": action_tone(verdict),
        "says": SAID_KINDS[verdict.level] if verdict.level else "",
        "month": month,
    }


def twin_of(days: Sequence[DayUnder]) -> Twin:
    return Twin(
        ("Day", "Used, tokens", "Used", "Month ends at", "What happens"),
        [
            (
                f"{one.day}",
                one.settled,
                formats.share(round(one.consumed, 3)),
                formats.share(round(one.projected, 3)),
                _happens(one),
            )
            for one in days
        ],
    )


def _happens(one: DayUnder) -> str:
    said = [TOLD[one.speaks]] if one.speaks else []
    if one.verdict.action != "allow":
        said.append(action_words(one.verdict))
    return "; ".join(said) or formats.BLANK


def _month(
    request: HttpRequest,
    workload: Workload,
    gate: GatePolicy,
    near: Sequence[NearUser],
    now: datetime,
) -> _Month:
    tiers, today = tiers_of(gate), clock.today(now)
    who = text_of(request, "who")
    if who.startswith(USER):
        real = _real(request, workload, gate, near, now, who)
        if real is not None:
            return real
    code = one_of(request, "tier", tiers) or _default(tiers)
    tier = tiers[code]
    tokens = _whole(text_of(request, "tokens"))
    if tokens is None:
        tokens = round(tier.ceiling * AS_DEFAULT)
    pace = Pace(one_of(request, "who", Pace) or Pace.SPEEDS_UP)
    first = today.replace(day=1)
    days = _under(gate, tier, spread(tokens, pace, first), first)
    return _Month(code, tier, pace, tokens, first, days)


def _real(
    request: HttpRequest,
    workload: Workload,
    gate: GatePolicy,
    near: Sequence[NearUser],
    now: datetime,
    who: str,
) -> _Month | None:
    """A user of the list, or one that is named by whoever may see names (403)."""
    key = who.removeprefix(USER)
    one = next((one for one in near if one.shown == key), None)
    tiers, today = tiers_of(gate), clock.today(now)
    if one is None:
        access.require(request.user, "user_reference.see", workload)
    code = one.tier if one and one.tier in tiers else ""
    code = code or one_of(request, "tier", tiers) or _default(tiers)
    tier = tiers[code]
    if one is not None:
        tier = Tier(one.ceiling, tier.overage, tier.opted_in, tier.overage_limit)
    first = today.replace(day=1)
    used = used_by_day(workload, one.user_ref if one else key, first, today)
    days = _under(gate, tier, used, first)
    return _Month(
        code, tier, who, used[-1], first, days, near=one, ahead=days[-1].projected
    )


def _under(
    gate: GatePolicy, tier: Tier, used: Sequence[int], first: date
) -> list[DayUnder]:
    return month_under(policy_of(gate), tier, used, first=first, zone=zone())


def _default(tiers: dict[str, Tier]) -> str:
    return "standard" if "standard" in tiers else next(iter(tiers))


def _finding(found: _Month, gate: GatePolicy) -> str:
    tier = found.rule
    events = [
        f"{SAID_KINDS[one.speaks]} on day {one.day}"
        for one in found.days
        if one.speaks in (70, 90)
    ]
    first = turned(found.days)
    if first is not None:
        events.append(f"{turn_words(tier, policy_of(gate))} from day {first.day}")
    happens = _sentence(events) if events else "Nothing is said and nothing is held."
    name = tier_name(found.tier)
    if found.ahead is not None:
        last = found.days[-1]
        days = days_in(found.first)
        return (
            f"{found.who.removeprefix(USER)}, {name}, up to day {last.day} of {days}: "
            f"{formats.share(round(last.consumed, 3))} used, the month ends at "
            f"{formats.share(round(last.projected, 3))} at this pace. {happens}"
        )
    return (
        f"Simulated: a {name} user {PACES[Pace(found.who)]} and uses "
        f"{formats.short(found.tokens)} tokens. {happens} Looking changes nothing."
    )


def _sentence(parts: list[str]) -> str:
    return f"{access.capitalised(', '.join(parts))}."


def _whole(text: str) -> int | None:
    """Tokens as people type them: 780000, 780,000 or 780k; nonsense is nothing."""
    plain = text.replace(",", "").replace(" ", "").lower()
    factor = {"k": 1_000, "m": 1_000_000}.get(plain[-1:], 1)
    digits = plain.rstrip("km") if factor > 1 else plain
    if not digits.isascii() or not digits.isdecimal() or len(digits) > 15:
        return None
    return min(int(digits) * factor, MOST_TOKENS)


def _day(text: str) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if 2000 <= found.year < 2200 else None


def _kept(request: HttpRequest, names: Sequence[str]) -> list[tuple[str, str]]:
    """The other form's part of the address."""
    return [(name, text_of(request, name)) for name in names if request.GET.get(name)]
