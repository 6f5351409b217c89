"""What an import answers: a verdict for every row of the sheet."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from workloads.rules.imports.changes import CellChange
from workloads.rules.imports.verdicts import ImportVerdict, JudgedRow
from workloads.rules.sheets.cells import CellError
from workloads.rules.shown import ref_of


@dataclass(frozen=True)
class AnswerRow:
    """One row: what it does, and what its workload still lacks for the status it asks."""

    row: int
    ref: str | None
    name: str
    verdict: ImportVerdict
    requested_status: str | None
    missing: tuple[str, ...]
    changes: tuple[CellChange, ...]
    errors: tuple[CellError, ...]

    @classmethod
    def of(cls, judged: JudgedRow, missing: tuple[str, ...]) -> "AnswerRow":
        ref = judged.row.ref or None
        asked = judged.row.requested_status
        return cls(
            row=judged.row.number,
            ref=ref if judged.number is None else ref_of(judged.number),
            name=judged.row.name,
            verdict=judged.verdict,
            requested_status=None if asked is None else str(asked),
            missing=missing,
            changes=judged.changes,
            errors=judged.errors,
        )

    @classmethod
    def from_kept(cls, kept: Mapping[str, Any]) -> "AnswerRow":
        """The row that `as_kept` wrote."""
        return cls(
            **{
                **kept,
                "verdict": ImportVerdict(kept["verdict"]),
                "missing": tuple(kept["missing"]),
                "changes": tuple(CellChange(**change) for change in kept["changes"]),
                "errors": tuple(CellError(**error) for error in kept["errors"]),
            }
        )

    def as_kept(self) -> dict[str, Any]:
        return {**asdict(self), "verdict": str(self.verdict)}

    def as_json(self) -> dict[str, Any]:
        """The members that the API promises."""
        kept = self.as_kept()
        del kept["name"], kept["changes"]
        return kept

    @property
    def would_do(self) -> tuple[Any, ...]:
        """What a confirmation rests on; what is missing may change meanwhile."""
        return (self.row, self.ref, self.verdict, self.changes, self.errors)


@dataclass(frozen=True)
class ImportAnswer:
    """The verdicts in the order of the sheet; `applied` when the plan now holds them."""

    rows: tuple[AnswerRow, ...]
    applied: bool
    sha256: str

    @property
    def counts(self) -> dict[str, int]:
        """How many rows have each verdict; every verdict is there."""
        found = Counter(row.verdict for row in self.rows)
        return {str(verdict): found[verdict] for verdict in ImportVerdict}

    @property
    def wrong_rows(self) -> tuple[AnswerRow, ...]:
        return tuple(row for row in self.rows if row.verdict is ImportVerdict.ERROR)

    @property
    def changes_nothing(self) -> bool:
        return all(row.verdict is ImportVerdict.UNCHANGED for row in self.rows)

    def as_json(self) -> dict[str, Any]:
        return {"rows": [row.as_json() for row in self.rows], "applied": self.applied}
