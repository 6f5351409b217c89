"""What becomes of entries, given what stands already: one rule for forms, API and sheets."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

from capacity.rules.actuals.entries import (
    AnyEntry,
    ComputeEntry,
    OpsEntry,
    Refusal,
    TokenEntry,
    starts_after,
)


class Verdict(StrEnum):
    CREATE = "create"
    CORRECT = "correct"
    UNCHANGED = "unchanged"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Known:
    """An entry that was made before; `corrected_by` is the one in its place."""

    id: int
    identity: tuple[Any, ...]
    values: tuple[Any, ...]
    corrects: int | None
    corrected_by: int | None


@dataclass(frozen=True)
class Ground:
    """What entries are judged against, at one moment.

    `closed` names the closed quarter of each month that lies in one, `measured` the
    (month, reference) that usage events tell, `far` says of a month why it lies too far
    from this day.
    """

    today: date
    closed: Mapping[str, str]
    lines: Collection[str]
    refs: Collection[str]
    measured: Collection[tuple[str, str]]
    currency: str = ""
    far: Mapping[str, str] = field(default_factory=dict)
    known: Sequence[Known] = ()
    by_id: Mapping[int, Known] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_id", {one.id: one for one in self.known})


@dataclass(frozen=True)
class Judged:
    """`stands` is the entry that says the same already, or that the new one corrects."""

    entry: AnyEntry
    verdict: Verdict
    stands: int | None = None
    refusals: tuple[Refusal, ...] = ()


class Judge:
    """Judges entries one after the other; each knows of those before it.

    From a sheet, a row that was entered before is unchanged, whatever corrected it since:
    the same sheet twice changes nothing. Hours that were logged once are matched once.
    """

    def __init__(self, ground: Ground, *, is_sheet: bool) -> None:
        self.ground = ground
        self.is_sheet = is_sheet
        first = [one for one in ground.known if one.corrects is None]
        self.firsts = {one.identity: one for one in first}
        self.unmatched = Counter((one.identity, one.values) for one in first)
        self.seen: set[tuple[Any, ...]] = set()
        self.corrected: set[int] = set()

    def judge(self, entry: AnyEntry) -> Judged:
        wrong = tuple(self._refusals(entry))
        if wrong:
            return Judged(entry, Verdict.ERROR, None, wrong)
        if entry.corrects is not None:
            judged = self._correction(entry, self.ground.by_id[entry.corrects])
        elif isinstance(entry, OpsEntry):
            judged = self._hours(entry)
        else:
            judged = self._first(entry)
        if judged.verdict in {Verdict.CREATE, Verdict.CORRECT}:
            state = tuple(self._state(entry))
            if state:
                return Judged(entry, Verdict.ERROR, judged.stands, state)
            self.seen.add(entry.identity)
        return judged

    # --- What the entry says ---------------------------------------------------------

    def _refusals(self, entry: AnyEntry) -> Iterator[Refusal]:
        yield from entry.refusals()
        yield from self._period(entry)
        if isinstance(entry, ComputeEntry):
            if entry.line and entry.line not in self.ground.lines:
                known = ", ".join(sorted(self.ground.lines))
                yield Refusal(
                    "line",
                    "unknown_line",
                    f"There is no compute line of that name. The lines are: {known}. "
                    "The finance lead can enter another.",
                )
        elif entry.ref is not None and entry.ref not in self.ground.refs:
            yield Refusal(
                "workload", "unknown_workload", f"There is no workload {entry.ref}."
            )
        if entry.corrects is not None:
            yield from self._target(entry, entry.corrects)

    def _period(self, entry: AnyEntry) -> Iterator[Refusal]:
        try:
            entry.month  # noqa: B018 - a week of no year says so when asked
        except ValueError:
            yield Refusal(
                "week",
                "invalid",
                "It is no ISO week. One is written 2026-W17; most years end with 52.",
            )
            return
        if detail := self.ground.far.get(entry.month):
            yield Refusal(entry.period_field, "out_of_range", detail)
        elif starts_after(entry, self.ground.today):
            yield Refusal(
                entry.period_field,
                "in_the_future",
                "It has not begun, so nothing can have been used in it.",
            )

    def _target(self, entry: AnyEntry, number: int) -> Iterator[Refusal]:
        target = self.ground.by_id.get(number)
        if target is None:
            yield Refusal(
                "corrects", "unknown_entry", f"There is no entry {number} of this kind."
            )
        elif target.identity != entry.identity:
            yield Refusal(
                "corrects",
                "not_the_same",
                f"Entry {number} is of {_words(target.identity)}; a correction is of "
                "the same. To take it out, correct it to 0 and enter it anew.",
            )

    # --- What stands already ---------------------------------------------------------

    def _correction(self, entry: AnyEntry, target: Known) -> Judged:
        # What was corrected since is not brought back by a 200; a sheet's rows may be old.
        stands = self.is_sheet or target.corrected_by is None
        if stands and target.values == entry.values:
            return Judged(entry, Verdict.UNCHANGED, target.id)
        if target.corrected_by is not None:
            newer = self.ground.by_id.get(target.corrected_by)
            if newer is not None and newer.values == entry.values:
                return Judged(entry, Verdict.UNCHANGED, newer.id)
        if target.corrected_by is not None or target.id in self.corrected:
            by = target.corrected_by
            instead = f"entry {by}" if by else "an earlier row"
            return self._conflict(
                entry,
                "corrects",
                "already_corrected",
                f"Entry {target.id} is corrected by {instead} already. Correct that one.",
            )
        self.corrected.add(target.id)
        return Judged(entry, Verdict.CORRECT, target.id)

    def _hours(self, entry: OpsEntry) -> Judged:
        key = (entry.identity, entry.values)
        if self.is_sheet and self.unmatched[key] > 0:
            self.unmatched[key] -= 1
            return Judged(entry, Verdict.UNCHANGED)
        return Judged(entry, Verdict.CREATE)

    def _first(self, entry: AnyEntry) -> Judged:
        if entry.identity in self.seen:
            return self._conflict(
                entry,
                entry.period_field,
                "repeated",
                f"An earlier row is of {_words(entry.identity)} already.",
            )
        first = self.firsts.get(entry.identity)
        if first is None:
            return Judged(entry, Verdict.CREATE)
        if self.is_sheet and first.values == entry.values:
            return Judged(entry, Verdict.UNCHANGED, first.id)
        stands = self._standing(first)
        if stands.values == entry.values:
            return Judged(entry, Verdict.UNCHANGED, stands.id)
        return self._conflict(
            entry,
            "corrects",
            "already_entered",
            f"Entry {stands.id} is of {_words(entry.identity)} and says otherwise. Name "
            f"it as corrected ({stands.id}), and this one takes its place.",
        )

    def _standing(self, known: Known) -> Known:
        while known.corrected_by is not None:
            known = self.ground.by_id[known.corrected_by]
        return known

    # --- What is closed --------------------------------------------------------------

    def _state(self, entry: AnyEntry) -> Iterator[Refusal]:
        closed = self.ground.closed.get(entry.month)
        if closed is not None:
            yield Refusal(
                entry.period_field,
                "quarter_closed",
                f"{closed} is closed and takes no entries. The finance lead can open it "
                "again, with a reason.",
                is_state=True,
            )
        ours = self.ground.currency
        if isinstance(entry, ComputeEntry) and entry.currency not in ("", ours):
            yield Refusal("currency", "wrong_currency", f"Every amount is in {ours}.")
        measured = self.ground.measured
        if isinstance(entry, TokenEntry) and entry.identity in measured:
            yield Refusal(
                "month",
                "usage_events",
                f"Usage events tell what {entry.ref} used in {entry.month}; nobody "
                "enters it beside them.",
                is_state=True,
            )

    def _conflict(self, entry: AnyEntry, name: str, code: str, detail: str) -> Judged:
        refusal = Refusal(name, code, detail, is_state=True)
        return Judged(entry, Verdict.ERROR, None, (refusal,))


def judge_all(
    entries: Sequence[AnyEntry], ground: Ground, *, is_sheet: bool
) -> list[Judged]:
    judge = Judge(ground, is_sheet=is_sheet)
    return [judge.judge(entry) for entry in entries]


def _words(identity: tuple[Any, ...]) -> str:
    named = [str(part) for part in identity if part]
    return " ".join(named) if len(named) > 1 else f"{named[0]}, the platform's"
