"""Importing a plan: a sheet is taken whole or not at all, and twice is as once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Any

from django.db import transaction

from portal.kernel import access
from portal.kernel.models import User
from portal.kernel.periods import Quarter
from portal.kernel.services import audit
from workloads.rules.imports.answers import AnswerRow, ImportAnswer
from workloads.rules.imports.verdicts import ImportVerdict, JudgedRow, judge_rows
from workloads.rules.sheets.rows import ParsedRow
from workloads.selectors.imports import (
    Rows,
    accounts_named,
    estimate_changes,
    missing_codes,
    plan_for,
    rows_as_they_would_be,
    workload_changes,
)
from workloads.services.errors import PlanMoved, RowsRefused
from workloads.services.estimates import write_drafts
from workloads.services.locks import NEXT_WORKLOAD, lock_next, lock_workloads
from workloads.services.plan import (
    Proposal,
    edit_workloads,
    propose_workloads,
    quarter_to_reach_from,
)
from workloads.services.sheets.files import read_plan_file

# Takes how many rows are done, and of how many.
Progress = Callable[[int, int], None]
PROGRESS_EVERY = 100
MOST_TRIES = 5
MOST_NAMED = 5


@dataclass(frozen=True)
class _Judgement:
    """The verdicts at one moment, and the rows that they were made from."""

    judged: Sequence[JudgedRow]
    rows: Rows

    def of(self, verdict: ImportVerdict) -> list[JudgedRow]:
        return [row for row in self.judged if row.verdict is verdict]

    @property
    def touched(self) -> set[int]:
        """Numbers of the workloads that the sheet changes."""
        return {row.number or 0 for row in self.of(ImportVerdict.UPDATE)}


class _RowsMoved(Exception):
    """A row that the sheet changes was not locked: it came or was renamed meanwhile."""


def preview_import(
    *,
    content: bytes,
    actor: User,
    now: datetime,
    progress: Progress = lambda _done, _total: None,
) -> ImportAnswer:
    """What importing this file would do to each row. Writes nothing, locks nothing.

    Raises NotAllowed, UnreadableFile or FileTooLarge.
    """
    access.require(actor, "plan.import")
    return judge_sheet(content=content, now=now, progress=progress)


def judge_sheet(
    *, content: bytes, now: datetime, progress: Progress = lambda _done, _total: None
) -> ImportAnswer:
    """As `preview_import`, for a sheet whose sender was let in before."""
    judgement = _judge(read_plan_file(content), now)
    return _answer(judgement, content, now, progress)


def apply_import(
    *,
    content: bytes,
    actor: User,
    now: datetime,
    expected: ImportAnswer | None = None,
    progress: Progress = lambda _done, _total: None,
) -> ImportAnswer:
    """Take the file into the plan, or raise why not, with nothing written.

    `expected` is the preview that a person confirms. Raises NotAllowed, UnreadableFile,
    FileTooLarge, RowsRefused (it carries the verdicts) or PlanMoved.
    """
    access.require(actor, "plan.import")
    parsed = read_plan_file(content)
    for _ in range(MOST_TRIES):
        try:
            return _apply(parsed, content, actor, now, expected, progress)
        except _RowsMoved:
            continue
    raise PlanMoved(
        "Others keep changing the rows of this sheet, so nothing was imported. Import it "
        "again in a minute."
    )


@transaction.atomic
def _apply(
    parsed: Sequence[ParsedRow],
    content: bytes,
    actor: User,
    now: datetime,
    expected: ImportAnswer | None,
    progress: Progress,
) -> ImportAnswer:
    # Rows first, then the lock under which names and references are given out: the order
    # in which a renaming takes them. What was judged before the locks is judged again.
    locked = lock_workloads(_judge(parsed, now).touched)
    lock_next(NEXT_WORKLOAD)
    judgement = _judge(parsed, now)
    if not judgement.touched <= locked.keys():
        raise _RowsMoved
    answer = _answer(judgement, content, now, progress)
    if answer.wrong_rows:
        raise RowsRefused(answer)
    _require_as_expected(answer, expected)
    if not answer.changes_nothing:
        _write(judgement, actor, now)
        counts = {name: count for name, count in answer.counts.items() if count}
        audit.record(
            "plan.imported",
            "plan",
            actor=actor,
            now=now,
            after={**counts, "sha256": answer.sha256},
        )
    return replace(answer, applied=True)


def _judge(parsed: Sequence[ParsedRow], now: datetime) -> _Judgement:
    named = (Quarter.parse(row.ship_quarter) for row in parsed if row.ship_quarter)
    plan, rows = plan_for(parsed, quarter_to_reach_from(named, now))
    return _Judgement(list(judge_rows(parsed, plan)), rows)


def _answer(
    judgement: _Judgement, content: bytes, now: datetime, progress: Progress
) -> ImportAnswer:
    imagined = rows_as_they_would_be(judgement.judged, judgement.rows)
    total = len(imagined)
    once: dict[str, Any] = {"workloads": [one.pk for one in imagined]}
    rows = []
    for done, (judged, workload) in enumerate(
        zip(judgement.judged, imagined, strict=True), start=1
    ):
        missing = missing_codes(judged, workload, now, once)
        rows.append(AnswerRow.of(judged, tuple(missing)))
        if done % PROGRESS_EVERY == 0 or done == total:
            progress(done, total)
    return ImportAnswer(tuple(rows), applied=False, sha256=sha256(content).hexdigest())


def _require_as_expected(answer: ImportAnswer, expected: ImportAnswer | None) -> None:
    """A person confirms what the preview said, and nothing else."""
    if expected is None:
        return
    before = {row.row: row.would_do for row in expected.rows}
    moved = [
        f"{row.row} ({row.ref or row.name})"
        for row in answer.rows
        if row.would_do != before.get(row.row)
    ]
    if moved:
        raise PlanMoved(
            f"The plan changed since the preview: row {_some_of(moved)} would now be "
            "taken otherwise. Nothing was imported; look at the preview again."
        )


def _some_of(names: Sequence[str]) -> str:
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _write(judgement: _Judgement, actor: User, now: datetime) -> None:
    """Through the use cases of rows and estimates; all or nothing by the transaction."""
    created = judgement.of(ImportVerdict.CREATE)
    updated = judgement.of(ImportVerdict.UPDATE)
    accounts = accounts_named([*created, *updated])
    propose_workloads(
        actor=actor,
        proposals=[Proposal(workload_changes(r, accounts), r.number) for r in created],
        now=now,
    )
    edit_workloads(
        actor=actor,
        changes_of={
            row.number or 0: workload_changes(row, accounts)
            for row in updated
            if row.fields
        },
        now=now,
    )
    write_drafts(
        actor=actor,
        changes_of={
            row.number or 0: estimate_changes(row)
            for row in (*created, *updated)
            if row.figures
        },
        now=now,
    )
