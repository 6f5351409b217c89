"""What a row may not change, each with the way that leads there instead."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from workloads.enums import COUNTED, Status
from workloads.rules.estimates import MOST_TOKENS_PER_MONTH
from workloads.rules.imports.changes import Changes
from workloads.rules.imports.plan import FIGURE_COLUMNS, Figures, KnownRow, Plan
from workloads.rules.sheets.cells import CellError
from workloads.rules.sheets.columns import Column
from workloads.rules.sheets.rows import ParsedRow
from workloads.rules.sheets.written import written_quarter
from workloads.rules.shown import ref_of

# References are short by nature; a slip like W-20260401 would make every later one long.
HIGHEST_NEW_REFERENCE: Final = 999_999


def mismatch(row: ParsedRow, number: int, plan: Plan) -> Iterator[CellError]:
    named = plan.named(row.name)
    if named is not None and named != number:
        yield CellError(
            column=str(Column.WORKLOAD),
            value=row.name,
            code="ref_and_name_differ",
            detail=(
                f"{row.ref} is “{plan.names[number]}”, and this name is that of "
                f"{ref_of(named)}. Correct the reference or the name."
            ),
        )


def already_named(
    row: ParsedRow, number: int, seen: dict[int, int]
) -> Iterator[CellError]:
    first = seen.setdefault(number, row.number)
    if first != row.number:
        yield CellError(
            column=str(Column.WORKLOAD),
            value=row.name,
            code="repeated",
            detail=f"Row {first} is {ref_of(number)} already. One workload has one row.",
        )


def too_high(row: ParsedRow) -> CellError:
    return CellError(
        column=str(Column.REF),
        value=row.ref,
        code="reference_too_high",
        detail=(
            f"A new reference is at most W-{HIGHEST_NEW_REFERENCE}. Leave it empty, and "
            "the next free one is taken."
        ),
    )


def too_far(quarter: str, plan: Plan) -> Iterator[CellError]:
    """A ship quarter that is set, and lies further away than anybody plans."""
    if quarter and (detail := plan.far(quarter)):
        yield CellError(
            column=str(Column.SHIP_QUARTER),
            value=written_quarter(quarter),
            code="out_of_range",
            detail=detail,
        )


def forbidden(
    row: ParsedRow,
    known: KnownRow,
    changes: Changes,
) -> Iterator[CellError]:
    ref = ref_of(known.number)
    if known.status is Status.RETIRED and changes.cells:
        first = changes.cells[0]
        yield CellError(
            column=first.column,
            value=first.after,
            code="workload_retired",
            detail=f"{ref} is retired; its row stays as it was. Take the row out.",
        )
        return
    if known.status in COUNTED:
        yield from _fixed(row, known, changes.fields, ref)
    elif changes.fields.get("owner_id") in known.signer_ids:
        yield CellError(
            column=str(Column.OWNER),
            value=row.owner,
            code="owner_has_signed",
            detail=(
                f"{row.owner} signed the estimate of {ref}, and an owner does not sign. "
                "Name another owner, or submit a new version first."
            ),
        )


def said_by_the_gate(known: KnownRow, changes: Changes) -> Iterator[CellError]:
    """Model tier and cost gate of a row that has a gate are the gate's words."""
    if not known.gate_decides:
        return
    for change in changes.cells:
        if change.column in (Column.MODEL_TIER, Column.COST_GATE):
            yield CellError(
                column=change.column,
                value=change.after,
                code="gate_decides",
                detail=(
                    f"The gate of {ref_of(known.number)} says {change.before}. Leave the "
                    "cell as it is, or draft the next version of the gate."
                ),
            )


def _fixed(
    row: ParsedRow, known: KnownRow, fields: Mapping[str, Any], ref: str
) -> Iterator[CellError]:
    if "owner_id" in fields:
        yield CellError(
            column=str(Column.OWNER),
            value=row.owner,
            code="owner_is_committed",
            detail=(
                f"{ref} is {known.status}, and an import does not change its owner "
                f"({known.owner or 'none'}). Change it on the workload's page."
            ),
        )
    if "ship_quarter" in fields:
        yield CellError(
            column=str(Column.SHIP_QUARTER),
            value=written_quarter(row.ship_quarter),
            code="quarter_is_committed",
            detail=(
                f"{ref} is {known.status} for {written_quarter(known.ship_quarter)}. "
                "De-commit it first; then its ship quarter can move."
            ),
        )


def sized(known: KnownRow, figures: Mapping[str, Any]) -> Iterator[CellError]:
    if not figures:
        return iter(())
    base = known.draft or known.shown
    merged = {name: figures.get(name, getattr(base, name)) for name in FIGURE_COLUMNS}
    return too_many_tokens(Figures(**merged))


def too_many_tokens(figures: Figures) -> Iterator[CellError]:
    per_month = (figures.users or 0) * (figures.tokens or 0)
    if per_month > MOST_TOKENS_PER_MONTH:
        yield CellError(
            column=str(Column.TOKENS),
            value=f"{figures.tokens:,}",
            code="too_many_tokens",
            detail=(
                f"With {figures.users:,} users that is {per_month:,} tokens a month, more "
                "than any platform serves. One of the two is a slip."
            ),
        )
