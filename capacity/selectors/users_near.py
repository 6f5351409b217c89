"""Users near their ceiling: what they used this month against their tier's ceiling.

References of users are for ops, finance and the workload's owner; the others see a short
hash, by which nobody is found elsewhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import F, Sum

from capacity.formulas.gates import Counters, Policy, Tier, Verdict, decide, month_of
from capacity.models import Alert, GateException, UsageDay, UserCounter
from capacity.selectors.user_references import shown_reference
from portal.kernel.clock import today
from workloads.models import Workload

MOST_SHOWN = 12
NEAR = 0.4
"""Of the ceiling: nothing is said below half of it, and these come next."""


@dataclass(frozen=True)
class NearUser:
    """`key` is how the address names the user: the reference, or its short hash."""

    shown: str
    user_ref: str
    tier: str
    settled: int
    ceiling: int
    verdict: Verdict
    said: int | None
    exception: GateException | None

    @property
    def consumed(self) -> float:
        return self.verdict.consumed or 0.0

    @property
    def projected(self) -> float:
        return self.verdict.projected or 0.0


def users_near(
    workload: Workload,
    policy: Policy,
    tiers: Mapping[str, Tier],
    *,
    now: datetime,
    may_see: bool,
) -> list[NearUser]:
    """The dozen nearest to their ceiling or over it, the nearest first. Four queries."""
    if not tiers:
        return []
    day = today(now)
    first = day.replace(day=1)
    least = min(tier.ceiling for tier in tiers.values())
    counters = list(
        UserCounter.objects.filter(
            workload=workload, month=first, test=False, settled__gte=round(least * NEAR)
        )
        .order_by("-settled", "user_ref")
        .values("user_ref", "settled", "reserved", "spoken")[: MOST_SHOWN * 4]
    )
    refs = [one["user_ref"] for one in counters]
    tier_of = _tiers_of(workload, refs, first, day) if len(tiers) > 1 else {}
    raised = _exceptions(workload, refs, day)
    said = _said(workload, refs, first)
    month = month_of(now, ZoneInfo(str(settings.ORGANISATION_TIME_ZONE)))
    found = []
    for one in counters:
        ref = one["user_ref"]
        name = tier_of.get(ref, next(iter(tiers)))
        if name not in tiers:
            continue
        tier, exception = tiers[name], raised.get(ref)
        if exception and exception.tier in ("", name):
            tier = Tier(
                max(tier.ceiling, exception.ceiling_tokens),
                tier.overage,
                tier.opted_in,
                tier.overage_limit,
            )
        else:
            exception = None
        passed = frozenset(one["spoken"].get(name, ()))
        held = Counters(one["settled"], one["reserved"], was_over=100 in passed)
        verdict = decide(policy, tier, held, month)
        if one["settled"] >= tier.ceiling * NEAR or passed:
            found.append(
                NearUser(
                    shown_reference(ref, may_see=may_see),
                    ref,
                    name,
                    one["settled"],
                    tier.ceiling,
                    verdict,
                    said.get((ref, name)),
                    exception,
                )
            )
    found.sort(key=lambda one: -one.consumed)
    return found[:MOST_SHOWN]


def used_by_day(
    workload: Workload, user_ref: str, first: date, last: date
) -> list[int]:
    """Tokens of one user up to the end of each day from `first` to `last`."""
    days = dict(
        UsageDay.objects.filter(
            workload=workload, user_ref=user_ref, day__gte=first, day__lte=last
        )
        .order_by()
        .values_list("day")
        .annotate(tokens=Sum(F("input_tokens") + F("output_tokens")))
    )
    reached, found = 0, []
    for n in range(first.day, last.day + 1):
        reached += int(days.get(first.replace(day=n), 0))
        found.append(reached)
    return found


def _tiers_of(
    workload: Workload, refs: list[str], first: date, last: date
) -> dict[str, str]:
    """The tier in which each used most of its tokens this month."""
    rows = (
        UsageDay.objects.filter(
            workload=workload, user_ref__in=refs, day__gte=first, day__lte=last
        )
        .order_by()
        .values("user_ref", "tier")
        .annotate(tokens=Sum(F("input_tokens") + F("output_tokens")))
        .order_by("tokens")
    )
    return {row["user_ref"]: row["tier"] for row in rows}


def _said(
    workload: Workload, refs: list[str], month: date
) -> dict[tuple[str, str], int]:
    """The highest level that was spoken to each, by user and tier."""
    rows = Alert.objects.filter(
        workload=workload, user_ref__in=refs, month=month, spoken=True
    )
    return {
        (ref, tier): level
        for ref, tier, level in rows.order_by("level").values_list(
            "user_ref", "tier", "level"
        )
    }


def _exceptions(
    workload: Workload, refs: list[str], day: date
) -> dict[str, GateException]:
    """A user's own exception; an account's reaches whoever calls for that account."""
    standing = GateException.objects.filter(
        workload=workload, user_ref__in=refs, ends_on__gte=day, ended_at__isnull=True
    )
    return {one.user_ref: one for one in standing.order_by("id")}
