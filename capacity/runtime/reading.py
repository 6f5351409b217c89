"""A snapshot as the database has it now: of all workloads, or of one."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection

from capacity.enums import GateMode, GateState, OnUnreachable
from capacity.formulas.ceilings import Shares, blended_price
from capacity.formulas.gates import (
    Held,
    Overage,
    Policy,
    Reason,
    Stop,
    Thresholds,
    Tier,
)
from capacity.formulas.prices import NoPrice, RateCard
from capacity.runtime.snapshot import Caller, Gate, Ground, Limit, Raise, Rung, Snapshot
from capacity.selectors.gate_ground import shares_of
from capacity.selectors.rates import rate_card
from portal.kernel import clock, formats
from workloads.models import Estimate
from workloads.rules.shown import ref_of

Row = tuple[Any, ...]

_EPOCH = "SELECT coalesce(max(version), 0) FROM capacity_gateepoch"
_ONE = " AND w.number = %(number)s"
_WORKLOADS = """
    SELECT w.id, w.number, w.status, coalesce(d.code, ''), w.shown_estimate_id
    FROM workloads_workload w
    LEFT JOIN workloads_department d ON d.id = w.department_id
    WHERE true {one}
"""
_GATES = """
    SELECT p.workload_id, p.state, p.id, p.version, p.mode, p.primary_model,
        p.degrade_model, p.on_unreachable, p.ends_on, p.spend_limit, p.floor,
        p.notice_at, p.banner_at, p.estimate_id, t.tier, t.ceiling_tokens, t.overage,
        t.overage_limit_tokens, o.id IS NOT NULL AND o.withdrawn_at IS NULL
    FROM capacity_gatepolicy p
    JOIN workloads_workload w ON w.id = p.workload_id
    LEFT JOIN capacity_gatetier t ON t.policy_id = p.id
    LEFT JOIN capacity_meteredoptin o ON o.id = t.opt_in_id
    WHERE p.state IN ('active', 'shadow') {one}
    ORDER BY p.id, t.tier
"""
_RAISES = """
    SELECT x.workload_id, x.tier, x.user_ref, coalesce(a.code, ''), x.ceiling_tokens,
        x.ends_on
    FROM capacity_gateexception x
    JOIN workloads_workload w ON w.id = x.workload_id
    LEFT JOIN capacity_account a ON a.id = x.account_id
    WHERE x.ended_at IS NULL AND x.ends_on >= %(yesterday)s {one}
"""
_SWITCHES = """
    SELECT scope, target, reason, thrown_at FROM capacity_killswitch
    WHERE lifted_at IS NULL
"""
_LIMITS = """
    SELECT id, scope, target, period, amount FROM capacity_spendlimit
    WHERE ended_at IS NULL
"""
_CALLERS = """
    SELECT t.digest, t.id, t.prefix, t.scopes, t.workloads, t.expires_at,
        t.revoked_at IS NOT NULL, u.id, u.username, u.roles, u.is_active
    FROM portal_apitoken t JOIN portal_user u ON u.id = t.user_id
"""


def read_epoch() -> int:
    with connection.cursor() as cursor:
        cursor.execute(_EPOCH)
        return int(cursor.fetchone()[0])


def read_snapshot(now: datetime, *, only: int | None = None) -> Snapshot:
    """All of it with every caller, or what decides on workload number `only`.

    The epoch is read first: what changes while the rest is read moves it again.
    """
    one = "" if only is None else _ONE
    asked = {"number": only, "yesterday": clock.today(now) - timedelta(days=1)}

    def rows(statement: str) -> list[Row]:
        with connection.cursor() as cursor:
            cursor.execute(statement.format(one=one), asked)
            return list(cursor.fetchall())

    epoch = rows(_EPOCH)[0][0]
    workloads, gates = rows(_WORKLOADS), _gates(rows(_GATES))
    raises = _raises(rows(_RAISES))
    switches = {
        (scope, target): _stop(scope, target, *more)
        for scope, target, *more in rows(_SWITCHES)
    }
    limits = {
        (scope, target, period): _limit(row, scope, target, period, amount)
        for row, scope, target, period, amount in rows(_LIMITS)
    }
    callers = {} if only is not None else dict(map(_caller, rows(_CALLERS)))
    prices = _Prices(workloads, gates, clock.today(now), any_limit=bool(limits))
    grounds = {}
    for pk, number, status, department, _estimate in workloads:
        active = gates.get((pk, str(GateState.ACTIVE)))
        shadow = gates.get((pk, str(GateState.SHADOW)))
        grounds[ref_of(number)] = Ground(
            row=pk,
            ref=ref_of(number),
            status=status,
            department=department,
            gate=active[0] if active else None,
            shadow=shadow[0] if shadow else None,
            raises=raises.get(pk, ()),
            prices=prices.of(pk),
        )
    return Snapshot(epoch, grounds, switches, limits, callers)


def _gates(rows: Iterable[Row]) -> dict[tuple[int, str], tuple[Gate, int | None]]:
    """(gate, its estimate) by workload and state."""
    rungs: dict[int, dict[str, Rung]] = defaultdict(dict)
    heads: dict[int, Row] = {}
    for row in rows:
        heads[row[2]] = row
        if row[14] is not None:
            rungs[row[2]][row[14]] = rung_of(*row[15:19])
    return {
        (row[0], row[1]): (_gate(row, rungs[pk]), row[13]) for pk, row in heads.items()
    }


def _gate(row: Row, rungs: Mapping[str, Rung]) -> Gate:
    _, _, pk, version, mode, primary, degrade, unreachable, ends_on, spend = row[:10]
    return Gate(
        row=pk,
        policy=Policy(
            version,
            primary,
            degrade,
            Thresholds(*row[10:13]),
            observes=mode == GateMode.OBSERVE,
        ),
        rungs=_observed(rungs) if mode == GateMode.OBSERVE else rungs,
        allows_unreachable=unreachable == OnUnreachable.ALLOW,
        ends_on=ends_on if mode == GateMode.OBSERVE else None,
        spend_limit=spend,
    )


def rung_of(
    ceiling: int,
    overage: str,
    overage_limit: int | None,
    opted_in: bool,  # noqa: FBT001
) -> Rung:
    tier = Tier(ceiling, Overage(overage), bool(opted_in), overage_limit)
    if overage == Overage.SOFT_CAP:
        return Rung(tier, "degrade")
    # A withdrawn opt-in leaves a hard cap.
    if overage == Overage.HARD_CAP or not opted_in:
        return Rung(tier, "block")
    most = None if overage_limit is None else ceiling + overage_limit
    return Rung(tier, "meter", most)


def _observed(rungs: Mapping[str, Rung]) -> dict[str, Rung]:
    return {tier: Rung(one.tier, "allow") for tier, one in rungs.items()}


def _raises(rows: Iterable[Row]) -> dict[int, tuple[Raise, ...]]:
    found: dict[int, tuple[Raise, ...]] = defaultdict(tuple)
    for workload, *values in rows:
        found[workload] += (Raise(*values),)
    return found


def _stop(scope: str, target: str, reason: str, at: datetime) -> Stop:
    what = {
        "all": "everything",
        "workload": target,
        "agent": f"the agent {target}",
        "department": f"the department {target}",
    }[scope]
    sentence = (
        f"The kill switch of {what} is on since {formats.rfc3339(at)}: {reason}"
        " Ops or the committee can lift it."
    )
    return Stop(Held.KILL_SWITCH, Reason.KILL_SWITCH, sentence)


def _limit(row: int, scope: str, target: str, period: str, amount: Decimal) -> Limit:
    named = target if scope == "workload" else f"the {scope} {target}"
    sentence = f"The spend limit of {named} for this {period} is reached: {amount:.2f}."
    return Limit(row, amount, sentence)


def _caller(row: Row) -> tuple[str, Caller]:
    digest, pk, prefix, scopes, workloads, expires_at, revoked, *person = row
    user_id, username, roles, is_active = person
    return digest, Caller(
        pk,
        prefix,
        frozenset(scopes),
        frozenset(workloads),
        expires_at,
        revoked,
        user_id,
        username,
        tuple(roles),
        is_active,
    )


class _Prices:
    """Money a token of each workload's models; asked only where money is limited."""

    def __init__(
        self,
        workloads: Iterable[Row],
        gates: Mapping[tuple[int, str], tuple[Gate, int | None]],
        day: date,
        *,
        any_limit: bool,
    ) -> None:
        self.day = day
        self.needed: dict[int, tuple[Gate, int]] = {}
        for pk, _number, _status, _department, shown in workloads:
            gate, estimate = gates.get((pk, str(GateState.ACTIVE)), (None, None))
            if gate is None or not (any_limit or gate.policy.observes):
                continue
            if basis := estimate or shown:
                self.needed[pk] = (gate, basis)
        self.shares: dict[int, Shares | None] = {}
        self.card: RateCard | None = None
        if self.needed:
            self.card = rate_card()
            estimates = Estimate.objects.in_bulk(
                {one for _, one in self.needed.values()}
            )
            self.shares = {pk: shares_of(one) for pk, one in estimates.items()}

    def of(self, workload: int) -> Mapping[str, Decimal]:
        gate, estimate = self.needed.get(workload, (None, 0))
        shares = self.shares.get(estimate)
        if gate is None or self.card is None or shares is None or not shares.total:
            return {}
        models = {gate.policy.primary_model, gate.policy.degrade_model} - {""}
        return {
            model: price
            for model in models
            if (price := self._price(shares, model)) is not None
        }

    def _price(self, shares: Shares, model: str) -> Decimal | None:
        assert self.card is not None  # noqa: S101
        try:
            million = blended_price(shares, self.card.price(model, self.day))
        except NoPrice:
            return None
        return Decimal(round(million * 10**6)).scaleb(-12)
