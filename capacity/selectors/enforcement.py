"""The evidence that gates hold at runtime, shadow results, and usage nobody decided."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection

from capacity.enums import GateMode, GateState
from capacity.formulas.enforcement import (
    Acknowledged,
    Arrived,
    Asked,
    Enforcement,
    Facts,
    Terms,
    judge,
    no_gate,
    outage_since,
)
from capacity.models import BundleAcknowledgement, GatePolicy, UsageArrival
from workloads.enums import Status
from workloads.models import Workload
from workloads.rules.shown import ref_of

WEEK = timedelta(days=7)
MOST_ACKNOWLEDGED = 20
MOST_DRIFT = 50
MOST_USERS = 50
# A test speaks for a gate until its workload is live.
BEFORE_LIVE = (Status.CANDIDATE, Status.PLANNED, Status.COMMITTED)

_LAST = """
    SELECT asked.workload, last.at, last.policy_id
    FROM unnest(%(workloads)s, %(tests)s::boolean[]) AS asked (workload, tests)
    CROSS JOIN LATERAL (
        SELECT decision.at, decision.policy_id FROM capacity_decision AS decision
        WHERE decision.workload_id = asked.workload
            AND (asked.tests OR NOT decision.test)
        ORDER BY decision.at DESC LIMIT 1
    ) AS last
"""
_ARRIVED = """
    SELECT arrival.workload_id, sum(arrival.calls), sum(arrival.decided_calls),
        sum(arrival.unreachable_calls)
    FROM unnest(%(workloads)s, %(tests)s::boolean[]) AS asked (workload, tests)
    JOIN capacity_usagearrival AS arrival ON arrival.workload_id = asked.workload
        AND arrival.minute >= date_trunc('minute', %(since)s::timestamptz)
        AND (asked.tests OR NOT arrival.test)
    GROUP BY arrival.workload_id
"""
_OF_A_WEEK = """
    SELECT (at AT TIME ZONE %(zone)s)::date AS day, policy_id, count(*), max(at)
    FROM capacity_decision
    WHERE workload_id = %(workload)s AND at > %(since)s AND (%(tests)s OR NOT test)
    GROUP BY day, policy_id
"""
_SHADOW = """
    SELECT user_ref, action, shadow_action, count(*) FROM capacity_decision
    WHERE shadow_policy_id = %s AND NOT test
    GROUP BY user_ref, action, shadow_action
"""
_DRIFT = """
    SELECT source, agent, model, sum(calls), sum(calls - decided_calls),
        sum(unreachable_calls), max(at)
    FROM capacity_usageevent
    WHERE workload_id = %(workload)s AND at > %(since)s AND day >= %(day)s
        AND decided_calls < calls AND NOT test
    GROUP BY source, agent, model ORDER BY 5 DESC, source, agent, model LIMIT %(most)s
"""


@dataclass(frozen=True, slots=True)
class TreatedOtherwise:
    """A user whom a version in shadow would have treated otherwise."""

    user_ref: str
    calls: int
    action: str
    shadow_action: str


@dataclass(frozen=True, slots=True)
class ShadowResults:
    """Of `calls` decided beside it, how many it would have decided otherwise, and whose.

    `users` are the most affected; `user_count` are all of them.
    """

    calls: int
    otherwise: int
    user_count: int
    users: tuple[TreatedOtherwise, ...]


@dataclass(frozen=True, slots=True)
class Drift:
    """Usage without a decision, by who sent it."""

    source: str
    agent: str
    model: str
    calls: int
    undecided_calls: int
    unreachable_calls: int
    last_at: datetime


def terms() -> Terms:
    return Terms(
        timedelta(hours=settings.ENFORCED_WITHIN_HOURS),
        settings.UNDECIDED_TOLERANCE_PERCENT / 100,
    )


def evidence_of(workload: Workload, now: datetime) -> Enforcement:
    """Of the active version, with the week's decisions. Six queries."""
    found = enforcement_of([workload], now)[workload.pk]
    days, versions = _of_a_week(workload, now, counts_tests=found.counts_tests)
    return replace(found, decisions_a_day=days, versions_seen=versions)


def enforcement_of(
    workloads: Iterable[Workload], now: datetime
) -> dict[int, Enforcement]:
    """Of many workloads by key, without the week. Five queries, however many."""
    workloads = list(workloads)
    agreed, since = terms(), now - terms().within
    gates = {
        gate.workload_id: gate
        for gate in GatePolicy.objects.filter(
            workload__in=workloads, state=GateState.ACTIVE
        )
    }
    held = [one for one in workloads if one.pk in gates]
    tests = {one.pk: one.status in BEFORE_LIVE for one in held}
    asked = {"workloads": list(tests), "tests": list(tests.values()), "since": since}
    last = _last(asked) if held else {}
    arrived = _arrived(asked) if held else {}
    outages = _outages(tests, since) if held else {}
    holding = _acknowledged(held, since) if held else {}
    found = {}
    for workload in workloads:
        gate = gates.get(workload.pk)
        if gate is None:
            found[workload.pk] = no_gate(agreed)
            continue
        facts = Facts(
            version=gate.version,
            observes=gate.mode == GateMode.OBSERVE,
            last=last.get(workload.pk),
            acknowledged=holding.get(workload.pk, ()),
            arrived=replace(
                arrived.get(workload.pk, Arrived()),
                outage_since=outages.get(workload.pk),
            ),
        )
        found[workload.pk] = judge(facts, now, agreed, counts_tests=tests[workload.pk])
    return found


def shadow_results(gate: GatePolicy) -> ShadowResults:
    """What a version in shadow would have done. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_SHADOW, [gate.pk])
        rows = cursor.fetchall()
    differing = [
        TreatedOtherwise(user, count, action, shadow)
        for user, action, shadow, count in rows
        if action != shadow
    ]
    differing.sort(key=lambda one: (-one.calls, one.user_ref))
    return ShadowResults(
        calls=sum(count for *_, count in rows),
        otherwise=sum(one.calls for one in differing),
        user_count=len({one.user_ref for one in differing}),
        users=tuple(differing[:MOST_USERS]),
    )


def drift_of(
    workload: Workload, now: datetime, within: timedelta = WEEK
) -> list[Drift]:
    """Who uses the workload without asking, the most first. One query."""
    since = now - within
    with connection.cursor() as cursor:
        cursor.execute(
            _DRIFT,
            {
                "workload": workload.pk,
                "since": since,
                # A zone is a day away from UTC at most.
                "day": since.date() - timedelta(days=1),
                "most": MOST_DRIFT,
            },
        )
        rows = cursor.fetchall()
    return [
        Drift(source, agent, model, int(calls), int(undecided), int(unreachable), at)
        for source, agent, model, calls, undecided, unreachable, at in rows
    ]


def _last(asked: Mapping[str, Any]) -> dict[int, Asked]:
    with connection.cursor() as cursor:
        cursor.execute(_LAST, asked)
        rows = cursor.fetchall()
    versions = _versions(policy for *_, policy in rows)
    return {workload: Asked(at, versions.get(policy)) for workload, at, policy in rows}


def _versions(policies: Iterable[int | None]) -> dict[int | None, int]:
    keys = {one for one in policies if one is not None}
    found = GatePolicy.objects.filter(pk__in=keys).values_list("pk", "version")
    return dict(found)


def _arrived(asked: Mapping[str, Any]) -> dict[int, Arrived]:
    with connection.cursor() as cursor:
        cursor.execute(_ARRIVED, asked)
        return {
            workload: Arrived(int(calls), int(decided), int(unreachable))
            for workload, calls, decided, unreachable in cursor.fetchall()
        }


def _outages(tests: Mapping[int, bool], since: datetime) -> dict[int, datetime]:
    """When each workload's newest stretch of unreachable calls began."""
    rows = (
        UsageArrival.objects.filter(
            workload__in=list(tests), unreachable_calls__gt=0, minute__gt=since - WEEK
        )
        .order_by("workload_id", "minute")
        .values_list("workload_id", "test", "minute")
    )
    minutes: dict[int, list[datetime]] = {}
    for workload, is_test, minute in rows:
        if tests[workload] or not is_test:
            minutes.setdefault(workload, []).append(minute)
    began = {workload: outage_since(some) for workload, some in minutes.items()}
    return {workload: at for workload, at in began.items() if at is not None}


def _acknowledged(
    workloads: Sequence[Workload], since: datetime
) -> dict[int, tuple[Acknowledged, ...]]:
    """The newest acknowledgement of each runtime within the window."""
    rows = BundleAcknowledgement.objects.filter(at__gt=since).order_by("-at")
    newest: dict[str, BundleAcknowledgement] = {}
    for row in rows[:1_000]:
        newest.setdefault(row.runtime, row)
    return {
        workload.pk: tuple(
            Acknowledged(one.runtime, one.versions[ref], one.etag, one.at)
            for one in newest.values()
            if (ref := ref_of(workload.number)) in one.versions
        )[:MOST_ACKNOWLEDGED]
        for workload in workloads
    }


def _of_a_week(
    workload: Workload, now: datetime, *, counts_tests: bool
) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(
            _OF_A_WEEK,
            {
                "zone": str(settings.ORGANISATION_TIME_ZONE),
                "workload": workload.pk,
                "since": now - WEEK,
                "tests": counts_tests,
            },
        )
        rows = cursor.fetchall()
    days: dict[Any, int] = {}
    seen: dict[int | None, tuple[int, datetime]] = {}
    versions = _versions(policy for _, policy, _, _ in rows)
    for day, policy, count, last in rows:
        days[day] = days.get(day, 0) + count
        version = versions.get(policy)
        before = seen.get(version, (0, last))
        seen[version] = (before[0] + count, max(before[1], last))
    by_last = sorted(seen.items(), key=lambda one: one[1][1], reverse=True)
    return (
        tuple(sorted(days.items())),
        tuple((version, *told) for version, told in by_last),
    )
