"""The reserve: sized once a quarter, rebalanced by a new ratio, drawn on by decision."""

import re
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from capacity.enums import Budget
from capacity.formulas.reserve import (
    HIGHEST_RATIO,
    LOWEST_RATIO,
    QuarterCosts,
    reserve_of,
)
from capacity.models import ReserveDraw, ReserveSize
from capacity.selectors.budgets import by_quarter
from capacity.selectors.forecast import ground
from capacity.selectors.problems import (
    DecisionUsed,
    ReserveLapsed,
    ReserveNotFixed,
    ReserveTooSmall,
)
from capacity.selectors.reserve import draw_of, drawn_from, size_of
from capacity.services.entries import Entry, at_most, bounded, given, require, too_far
from capacity.services.locks import lock_reserve
from portal.kernel import access, clock
from portal.kernel.errors import FieldError
from portal.kernel.formats import money
from portal.kernel.models import User
from portal.kernel.periods import Quarter
from portal.kernel.selectors import numbers
from portal.kernel.services import audit

LARGEST_DRAW = 1_000_000_000_000
LONGEST_REASON = 2_000
DECISION = re.compile(r"D-[1-9][0-9]{0,8}")
LINK = "/capacity/rates/#reserve"


@transaction.atomic
def fix_reserve(
    *,
    actor: User,
    quarter: Quarter,
    ratio: Decimal,
    decision: str,
    reason: str = "",
    now: datetime,
) -> Entry[ReserveSize]:
    """Size a quarter's reserve on the forecast of now; once fixed, only its ratio moves.

    The same ratio again changes nothing. Raises NotAllowed, Invalid, PriceMissing where the
    forecast lacks a price, or ReserveTooSmall where more is drawn already.
    """
    access.require(actor, "reserve.record")
    require(
        _wrong_ratio(ratio),
        _wrong_decision(decision),
        at_most("reason", reason, LONGEST_REASON),
        too_far(quarter, now),
    )
    lock_reserve()
    present = size_of(quarter)
    if present is not None and present.ratio == ratio:
        return Entry(present, is_new=False)
    _require_not_lapsed(quarter, now)
    costs = _costs_of(present) if present else _forecast_costs(quarter)
    parts = reserve_of(costs, ratio)
    currency = numbers.current().currency
    drawn = drawn_from(quarter)
    if parts.amount < drawn:
        raise ReserveTooSmall(
            f"{money(drawn, currency, cents=True)} is drawn from the reserve of "
            f"{quarter.label} already; at {ratio * 100:f} % it would hold "
            f"{money(parts.amount, currency, cents=True)}. Nothing was changed.",
            link=LINK,
        )
    row = ReserveSize.objects.create(
        quarter=str(quarter),
        ratio=ratio,
        tokens_cost=costs.tokens,
        compute_cost=costs.compute,
        ops_cost=costs.ops,
        from_tokens=parts.from_tokens,
        from_compute=parts.from_compute,
        from_ops=parts.from_ops,
        currency=currency,
        decision=decision,
        entered_by=actor,
        entered_at=now,
        reason=reason.strip(),
    )
    _record_size(present, row, actor=actor, now=now)
    return Entry(row, is_new=True)


@transaction.atomic
def draw_reserve(
    *,
    actor: User,
    quarter: Quarter,
    amount: Decimal,
    budget: Budget,
    decision: str,
    reason: str,
    now: datetime,
) -> Entry[ReserveDraw]:
    """Take an amount for a budget, never more than is left. One draw a decision.

    Raises NotAllowed, Invalid, ReserveNotFixed, ReserveLapsed, ReserveTooSmall or
    DecisionUsed.
    """
    access.require(actor, "reserve.record")
    require(
        _wrong_amount(amount),
        _wrong_decision(decision),
        given(
            "reason",
            reason,
            most=LONGEST_REASON,
            why="A draw on the reserve needs its reason.",
        ),
    )
    lock_reserve()
    present = draw_of(decision)
    if present is not None:
        return _the_same(present, quarter, amount, budget)
    _require_left(quarter, amount, now)
    row = ReserveDraw.objects.create(
        quarter=str(quarter),
        amount=amount,
        budget=budget,
        currency=numbers.current().currency,
        decision=decision,
        entered_by=actor,
        entered_at=now,
        reason=reason.strip(),
    )
    audit.record(
        "reserve.drawn",
        f"reserve/{quarter}",
        actor=actor,
        now=now,
        after={
            "amount": f"{amount:.2f}",
            "budget": str(budget),
            "decision": decision,
            "currency": row.currency,
        },
        reason=row.reason,
    )
    return Entry(row, is_new=True)


def _the_same(
    present: ReserveDraw, quarter: Quarter, amount: Decimal, budget: Budget
) -> Entry[ReserveDraw]:
    asked = (str(quarter), amount, str(budget))
    if (present.quarter, present.amount, present.budget) == asked:
        return Entry(present, is_new=False)
    drawn = money(present.amount, present.currency, cents=True)
    raise DecisionUsed(
        f"{present.decision} stands behind the draw of {drawn} for {present.budget} in "
        f"{Quarter.parse(present.quarter).label}. Each draw has a decision of its own.",
        link=LINK,
    )


def _require_left(quarter: Quarter, amount: Decimal, now: datetime) -> None:
    size = size_of(quarter)
    if size is None:
        raise ReserveNotFixed(
            f"The reserve of {quarter.label} is provisional: nothing is drawn before the "
            "committee fixes it.",
            link=LINK,
        )
    _require_not_lapsed(quarter, now)
    left = size.amount - drawn_from(quarter)
    if amount > left:
        raise ReserveTooSmall(
            f"{money(left, size.currency, cents=True)} is left of the reserve of "
            f"{quarter.label}, and {money(amount, size.currency, cents=True)} was asked "
            "for. Nothing was drawn.",
            extra={"left": f"{left:.2f}", "currency": size.currency},
            link=LINK,
        )


def _require_not_lapsed(quarter: Quarter, now: datetime) -> None:
    last = quarter.last_day(numbers.current().fiscal_year_starts)
    if clock.today(now) > last:
        raise ReserveLapsed(
            f"{quarter.label} ended on {last}; what was left of its reserve lapsed.",
            link=LINK,
        )


def _forecast_costs(quarter: Quarter) -> QuarterCosts:
    current = ground()
    return by_quarter(current, [quarter])[quarter].costs(current.current.ops_hour_price)


def _costs_of(size: ReserveSize) -> QuarterCosts:
    """What the quarter was first sized on: rebalancing moves the ratio, not the ground."""
    return QuarterCosts(size.compute_cost, size.tokens_cost, size.ops_cost)


def _wrong_ratio(ratio: Decimal) -> FieldError | None:
    if ratio.is_finite() and LOWEST_RATIO <= ratio <= HIGHEST_RATIO:
        return bounded("ratio", ratio, most=1, places=4, unit="shares")
    return FieldError(
        "/ratio",
        "out_of_range",
        f"A reserve holds 15 to 20 % of the three budgets, not {ratio * 100:f} %.",
    )


def _wrong_amount(amount: Decimal) -> FieldError | None:
    if amount == 0:
        return FieldError("/amount", "min_value", "A draw takes an amount above 0.")
    currency = numbers.current().currency
    return bounded("amount", amount, most=LARGEST_DRAW, places=2, unit=currency)


def _wrong_decision(decision: str) -> FieldError | None:
    if DECISION.fullmatch(decision):
        return None
    return FieldError(
        "/decision", "invalid", "It takes the number of the decision, like D-12."
    )


def _record_size(
    before: ReserveSize | None, row: ReserveSize, *, actor: User, now: datetime
) -> None:
    audit.record_change(
        "reserve.rebalanced" if before else "reserve.fixed",
        f"reserve/{row.quarter}",
        actor=actor,
        now=now,
        before=_plain(before) if before else {},
        after=_plain(row),
        reason=row.reason,
    )


def _plain(row: ReserveSize) -> dict[str, str]:
    return {
        "ratio": f"{row.ratio:.4f}",
        "amount": f"{row.amount:.2f}",
        "from_tokens": f"{row.from_tokens:.2f}",
        "from_compute": f"{row.from_compute:.2f}",
        "from_ops": f"{row.from_ops:.2f}",
        "currency": row.currency,
        "decision": row.decision,
    }
