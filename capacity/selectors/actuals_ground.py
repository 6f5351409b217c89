"""What entries of actuals are judged against, read at one moment."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Model, Q, QuerySet

from capacity.enums import KNOWN_LINES
from capacity.models import (
    ComputeActual,
    ComputeLine,
    OpsActual,
    TokenActual,
    UsageDay,
)
from capacity.rules.actuals.entries import COUNTS, AnyEntry, Kind
from capacity.rules.actuals.judging import Ground, Known
from capacity.selectors.quarters_state import states_of
from portal.kernel import clock
from portal.kernel.periods import Month, Quarter, beyond_reach
from portal.kernel.selectors import numbers
from workloads.models import Workload
from workloads.rules.shown import ref_of
from workloads.selectors.plan import number_of

HIGHEST_ID = 2**63 - 1  # PostgreSQL's bigint
MODELS: dict[Kind, type[Model]] = {
    Kind.COMPUTE: ComputeActual,
    Kind.OPS: OpsActual,
    Kind.TOKENS: TokenActual,
}


def ground_for(kind: Kind, entries: Sequence[AnyEntry], now: datetime) -> Ground:
    """As few queries for many entries as for one."""
    months = _months(entries)
    refs = {entry.ref for entry in entries if entry.ref is not None}
    today = clock.today(now)
    here = Month.of(today)
    return Ground(
        today=today,
        closed=_closed(months, now),
        lines=known_lines() if kind is Kind.COMPUTE else frozenset(),
        refs=frozenset(workload_ids(refs)) if refs else frozenset(),
        measured=_measured(months, refs) if kind is Kind.TOKENS else frozenset(),
        currency=numbers.current().currency,
        far={str(one): far for one in months if (far := beyond_reach(one, here))},
        known=_known(kind, entries),
    )


def known_lines() -> frozenset[str]:
    """The usual lines and those that a price was ever entered for."""
    own = ComputeLine.objects.order_by("line").values_list("line", flat=True).distinct()
    return frozenset((*KNOWN_LINES, *own))


def workload_ids(refs: Iterable[str]) -> dict[str, int]:
    """The key of each workload by its reference; unknown ones are left out."""
    numbers = {number for ref in refs if (number := number_of(ref)) is not None}
    rows = Workload.objects.filter(number__in=numbers).values_list("number", "pk")
    return {ref_of(number): key for number, key in rows}


def _months(entries: Sequence[AnyEntry]) -> list[Month]:
    found = set()
    for entry in entries:
        try:
            found.add(Month.parse(entry.month))
        except ValueError:
            continue  # the judge says so
    return sorted(found)


def _closed(months: Sequence[Month], now: datetime) -> dict[str, str]:
    starts = numbers.current().fiscal_year_starts
    quarters = {month: Quarter.of(month.first_day, starts) for month in months}
    states = states_of(sorted(set(quarters.values())), now)
    return {
        str(month): quarter.label
        for month, quarter in quarters.items()
        if states[quarter].is_closed
    }


def _measured(
    months: Sequence[Month], refs: Iterable[str]
) -> frozenset[tuple[str, str]]:
    ids = {key: ref for ref, key in workload_ids(refs).items()}
    found = set()
    for month in months:
        rows = (
            UsageDay.objects.filter(
                day__range=(month.first_day, month.last_day), workload_id__in=ids
            )
            .order_by()
            .values_list("workload_id", flat=True)
            .distinct()
        )
        found |= {(str(month), ids[key]) for key in rows}
    return frozenset(found)


def _known(kind: Kind, entries: Sequence[AnyEntry]) -> tuple[Known, ...]:
    """Every entry of what is entered, corrected ones too, and those that are named."""
    named = {
        entry.corrects
        for entry in entries
        if entry.corrects is not None and 0 < entry.corrects <= HIGHEST_ID
    }
    rows = _ROWS[kind](entries, Q(pk__in=named))
    return tuple(rows)


def _compute(entries: Sequence[Any], named: Q) -> Iterable[Known]:
    rows = _asked(ComputeActual, named, month__in={one.month for one in entries})
    for one in rows:
        values = (one.amount, one.peak_concurrent_sessions)
        yield _as_known(one, (one.month, one.line), values)


def _ops(entries: Sequence[Any], named: Q) -> Iterable[Known]:
    rows = _asked(OpsActual, named, week__in={one.week for one in entries})
    for one in rows.select_related("workload", "corrected_by"):
        ref = one.workload.ref if one.workload else None
        yield _as_known(one, (ref, one.week), (one.category, one.hours))


def _tokens(entries: Sequence[Any], named: Q) -> Iterable[Known]:
    rows = _asked(TokenActual, named, month__in={one.month for one in entries})
    for one in rows.select_related("workload", "corrected_by"):
        values = tuple(getattr(one, name) for name in COUNTS)
        yield _as_known(one, (one.month, one.workload.ref), values)


_ROWS = {Kind.COMPUTE: _compute, Kind.OPS: _ops, Kind.TOKENS: _tokens}


def _asked(model: Any, named: Q, **period: Any) -> QuerySet[Any]:
    rows: QuerySet[Any] = model.objects.filter(named | Q(**period))
    return rows.select_related("corrected_by").order_by("id")


def _as_known(row: Any, identity: tuple[Any, ...], values: tuple[Any, ...]) -> Known:
    # The other side of a one-to-one raises where there is nobody.
    newer = getattr(row, "corrected_by", None)
    return Known(row.pk, identity, values, row.corrects_id, newer.pk if newer else None)
