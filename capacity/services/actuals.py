"""Entering what was used: never changed, corrected by a newer entry that names it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Model

from capacity.models import ComputeActual, OpsActual, TokenActual
from capacity.rules.actuals.entries import (
    COUNTS,
    LONGEST_REASON,
    AnyEntry,
    ComputeEntry,
    Kind,
    OpsEntry,
    Refusal,
    TokenEntry,
    thursday_of,
)
from capacity.rules.actuals.judging import Judged, Verdict, judge_all
from capacity.selectors.actuals_ground import MODELS, ground_for, workload_ids
from capacity.selectors.problems import (
    AlreadyCorrected,
    AlreadyEntered,
    QuarterClosed,
    UsageEventsTell,
)
from capacity.services.entries import Entry, at_most, require
from capacity.services.locks import lock_actuals
from portal.kernel import access
from portal.kernel.errors import FieldError, Invalid, Problem
from portal.kernel.models import AuditEntry, ModelNumbers, User
from portal.kernel.periods import Quarter
from portal.kernel.selectors import numbers
from portal.kernel.services import audit

PAGE = "/capacity/actuals/"
CONFLICTS: Mapping[str, type[Problem]] = {
    "quarter_closed": QuarterClosed,
    "usage_events": UsageEventsTell,
    "already_entered": AlreadyEntered,
    "already_corrected": AlreadyCorrected,
}


def enter_compute(
    *, actor: User, entry: ComputeEntry, now: datetime
) -> Entry[ComputeActual]:
    """A line's cost in a month, or the month's peak; what is entered already changes
    nothing.

    Raises NotAllowed, Invalid, QuarterClosed, AlreadyEntered or AlreadyCorrected.
    """
    return _enter(Kind.COMPUTE, actor, entry, now)


def enter_ops(*, actor: User, entry: OpsEntry, now: datetime) -> Entry[OpsActual]:
    """Hours of a week; they add to those of the same week and category.

    Raises NotAllowed, Invalid, QuarterClosed or AlreadyCorrected.
    """
    return _enter(Kind.OPS, actor, entry, now)


def enter_tokens(
    *, actor: User, entry: TokenEntry, now: datetime
) -> Entry[TokenActual]:
    """A workload's usage in a month that no usage event tells.

    Raises as `enter_compute`, and UsageEventsTell.
    """
    return _enter(Kind.TOKENS, actor, entry, now)


@transaction.atomic
def _enter(kind: Kind, actor: User, entry: AnyEntry, now: datetime) -> Entry[Any]:
    access.require(actor, f"actuals.{kind}")
    require(at_most("reason", entry.reason, LONGEST_REASON))
    lock_actuals()
    (judged,) = judge_all([entry], ground_for(kind, [entry], now), is_sheet=False)
    if judged.verdict is Verdict.ERROR:
        raise problem_of(judged.refusals)
    if judged.verdict is Verdict.UNCHANGED:
        return Entry(_present(kind, judged), is_new=False)
    (row,) = write_entries(kind, [judged], actor=actor, now=now)
    return Entry(row, is_new=True)


def problem_of(refusals: Sequence[Refusal]) -> Problem:
    """What is wrong in the entry itself, all at once; else what it meets."""
    wrong = [one for one in refusals if not one.is_state]
    if wrong:
        detail = " ".join(dict.fromkeys(one.detail for one in wrong))
        return Invalid(detail, errors=[_field_error(one) for one in wrong])
    first = refusals[0]
    return CONFLICTS[first.code](first.detail, link=PAGE)


def write_entries(
    kind: Kind, taken: Sequence[Judged], *, actor: User | None, now: datetime
) -> list[Any]:
    """Write what was judged to be new, under `lock_actuals` and in a transaction."""
    refs = {one.entry.ref for one in taken if one.entry.ref is not None}
    keys = workload_ids(refs) if refs else {}
    model: Any = MODELS[kind]
    before = model.objects.in_bulk(
        [one.stands for one in taken if one.verdict is Verdict.CORRECT]
    )
    current = numbers.current()
    rows = [_row(one, keys, current, actor, now) for one in taken]
    made = model.objects.bulk_create(rows, batch_size=1_000)
    audit.record_all(
        _told(kind, row, one, before.get(row.corrects_id), actor, now)
        for row, one in zip(made, taken, strict=True)
    )
    return list(made)


def _present(kind: Kind, judged: Judged) -> Any:
    model: Any = MODELS[kind]
    return model.objects.get(pk=judged.stands)


def _row(
    judged: Judged,
    keys: Mapping[str, int],
    current: ModelNumbers,
    actor: User | None,
    now: datetime,
) -> Model:
    entry = judged.entry
    about = {
        "entered_by": actor,
        "entered_at": now,
        "reason": entry.reason.strip(),
        "corrects_id": entry.corrects,
    }
    if isinstance(entry, ComputeEntry):
        return ComputeActual(
            month=entry.month,
            line=entry.line,
            amount=entry.amount,
            currency=current.currency if entry.amount is not None else "",
            peak_concurrent_sessions=entry.peak_concurrent_sessions,
            **about,
        )
    if isinstance(entry, OpsEntry):
        return OpsActual(
            workload_id=keys[entry.ref] if entry.ref is not None else None,
            week=entry.week,
            month=entry.month,
            quarter=str(
                Quarter.of(thursday_of(entry.week), current.fiscal_year_starts)
            ),
            category=entry.category,
            hours=entry.hours,
            **about,
        )
    return TokenActual(
        month=entry.month,
        workload_id=keys[entry.ref],
        **{name: getattr(entry, name) for name in COUNTS},
        **about,
    )


def _told(
    kind: Kind,
    row: Any,
    judged: Judged,
    before: Any | None,
    actor: User | None,
    now: datetime,
) -> AuditEntry:
    return audit.entry(
        "actual.corrected" if before is not None else "actual.entered",
        f"actual/{kind}/{row.pk}",
        actor=actor,
        now=now,
        before=_plain(before, judged.entry.ref) if before is not None else None,
        after=_plain(row, judged.entry.ref),
        reason=row.reason,
    )


def _plain(row: Any, ref: str | None) -> dict[str, Any]:
    """What an entry says, as the audit trail keeps it; `ref` names its workload."""
    if isinstance(row, ComputeActual):
        said = {"month": row.month, "line": row.line or None}
        amount, peak = row.amount, row.peak_concurrent_sessions
        if amount is not None:
            return {**said, "amount": f"{amount:.2f}", "currency": row.currency}
        return {"month": row.month, "peak_concurrent_sessions": f"{peak:.2f}"}
    if isinstance(row, OpsActual):
        return {
            "workload": ref,
            "week": row.week,
            "category": row.category,
            "hours": f"{row.hours:.2f}",
        }
    counts = {name: getattr(row, name) for name in COUNTS}
    return {"month": row.month, "workload": ref, **counts}


def _field_error(refusal: Refusal) -> FieldError:
    return FieldError(f"/{refusal.field}", refusal.code, refusal.detail)
