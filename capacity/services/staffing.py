"""People by quarter: entered and lowered by ops, raised only by a staffing decision."""

from datetime import datetime
from decimal import Decimal

from django.db import transaction

from capacity.models import Staffing
from capacity.selectors.problems import DecisionRequired
from capacity.selectors.staffing import row_of
from capacity.services.entries import Entry, at_most, bounded, given, require, too_far
from capacity.services.locks import lock_staffing
from portal.kernel import access
from portal.kernel.errors import FieldError
from portal.kernel.models import User
from portal.kernel.periods import Quarter
from portal.kernel.services import audit

MOST_PEOPLE = 10_000
LONGEST_REASON = 2_000
LONGEST_DECISION = 20


@transaction.atomic
def enter_staffing(
    *,
    actor: User,
    quarter: Quarter,
    full_time_equivalents: Decimal,
    vacancies: Decimal | None = None,
    reason: str = "",
    now: datetime,
) -> Entry[Staffing]:
    """The quarter's people from now on; an equal row changes nothing.

    Without `vacancies` they stay as they are. The first row and a lowering need a reason.
    Raises NotAllowed, Invalid or DecisionRequired.
    """
    access.require(actor, "staffing.change")
    require(
        bounded(
            "full_time_equivalents",
            full_time_equivalents,
            most=MOST_PEOPLE,
            places=2,
            unit="full-time equivalents",
        ),
        bounded(
            "vacancies",
            vacancies,
            most=MOST_PEOPLE,
            places=2,
            unit="full-time equivalents",
        )
        if vacancies is not None
        else None,
        at_most("reason", reason, LONGEST_REASON),
        too_far(quarter, now),
    )
    lock_staffing(quarter)
    present = row_of(quarter)
    if vacancies is None:
        vacancies = present.vacancies if present else Decimal(0)
    require(_too_vacant(full_time_equivalents, vacancies))
    if present and _is(present, full_time_equivalents, vacancies):
        return Entry(present, is_new=False)
    _require_no_raise(present, full_time_equivalents)
    if present is None or full_time_equivalents < present.full_time_equivalents:
        require(_reasoned(reason, quarter, is_first=present is None))
    row = Staffing.objects.create(
        quarter=str(quarter),
        full_time_equivalents=full_time_equivalents,
        vacancies=vacancies,
        entered_by=actor,
        entered_at=now,
        reason=reason.strip(),
    )
    _record("staffing.entered", present, row, actor=actor, now=now)
    return Entry(row, is_new=True)


@transaction.atomic
def raise_staffing(
    *,
    quarter: Quarter,
    full_time_equivalents: Decimal,
    decision: str,
    actor: User | None,
    now: datetime,
) -> Entry[Staffing]:
    """What an approved staffing decision writes: people of a quarter, vacancies as they are.

    Called by the decision's own use case, which knows who may decide.
    """
    require(
        bounded(
            "full_time_equivalents",
            full_time_equivalents,
            most=MOST_PEOPLE,
            places=2,
            unit="full-time equivalents",
        ),
        given(
            "decision",
            decision,
            most=LONGEST_DECISION,
            why="A raise names the decision behind it.",
        ),
        too_far(quarter, now),
    )
    lock_staffing(quarter)
    present = row_of(quarter)
    vacancies = present.vacancies if present else Decimal(0)
    require(_too_vacant(full_time_equivalents, vacancies))
    if present and _is(present, full_time_equivalents, vacancies):
        return Entry(present, is_new=False)
    row = Staffing.objects.create(
        quarter=str(quarter),
        full_time_equivalents=full_time_equivalents,
        vacancies=vacancies,
        decision=decision,
        entered_by=actor,
        entered_at=now,
    )
    _record("staffing.decided", present, row, actor=actor, now=now)
    return Entry(row, is_new=True)


def _is(row: Staffing, full_time_equivalents: Decimal, vacancies: Decimal) -> bool:
    return (row.full_time_equivalents, row.vacancies) == (
        full_time_equivalents,
        vacancies,
    )


def _require_no_raise(present: Staffing | None, wanted: Decimal) -> None:
    if present is None or wanted <= present.full_time_equivalents:
        return
    quarter = Quarter.parse(present.quarter).label
    raise DecisionRequired(
        f"{quarter} has {present.full_time_equivalents:f} full-time equivalents. "
        f"{wanted:f} would be a raise, which only a staffing decision of the committee "
        "writes. Nothing was changed.",
        link="/capacity/rates/#staffing",
    )


def _too_vacant(people: Decimal, vacancies: Decimal) -> FieldError | None:
    if vacancies <= people:
        return None
    return FieldError(
        "/vacancies",
        "max_value",
        f"{vacancies:f} vacancies are more than the {people:f} full-time equivalents "
        "that they are part of.",
    )


def _reasoned(reason: str, quarter: Quarter, *, is_first: bool) -> FieldError | None:
    what = "The first row of" if is_first else "A lowering of"
    return given(
        "reason",
        reason,
        most=LONGEST_REASON,
        why=f"{what} {quarter.label} needs a reason: it moves the quarter's ceiling.",
    )


def _record(
    action: str,
    before: Staffing | None,
    row: Staffing,
    *,
    actor: User | None,
    now: datetime,
) -> None:
    audit.record_change(
        action,
        f"staffing/{row.quarter}",
        actor=actor,
        now=now,
        before=_plain(before) if before else {},
        after=_plain(row) | ({"decision": row.decision} if row.decision else {}),
        reason=row.reason,
    )


def _plain(row: Staffing) -> dict[str, str]:
    return {
        "full_time_equivalents": f"{row.full_time_equivalents:.2f}",
        "vacancies": f"{row.vacancies:.2f}",
    }
