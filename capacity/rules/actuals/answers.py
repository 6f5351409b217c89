"""What comes of each row of a sheet of actuals, as previews and commands tell it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

from capacity.rules.actuals.entries import Kind
from capacity.rules.actuals.judging import Judged, Verdict
from capacity.rules.actuals.sheets import COLUMN_OF, SheetRow
from capacity.rules.actuals.words import in_words
from workloads.rules.sheets.cells import CellError


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """`stands`: the entry that says the same, or that this one takes the place of."""

    row: int
    said: str
    verdict: Verdict
    stands: int | None
    figures: str
    errors: tuple[CellError, ...]

    @classmethod
    def of(cls, row: SheetRow, judged: Judged | None) -> Self:
        if judged is None:
            return cls(row.number, row.said, Verdict.ERROR, None, "", row.errors)
        errors = tuple(
            CellError(str(COLUMN_OF.get(one.field, "")), "", one.code, one.detail)
            for one in judged.refusals
        )
        figures = _figures(judged)
        stands = judged.stands
        return cls(row.number, row.said, judged.verdict, stands, figures, errors)

    def as_kept(self) -> dict[str, Any]:
        """As JSON keeps it."""
        return {**asdict(self), "verdict": str(self.verdict)}

    @classmethod
    def from_kept(cls, kept: Mapping[str, Any]) -> Self:
        errors = tuple(CellError(**one) for one in kept["errors"])
        return cls(**{**kept, "verdict": Verdict(kept["verdict"]), "errors": errors})


@dataclass(frozen=True)
class Answer:
    """Every row of a sheet; `applied` says whether they are entered now."""

    kind: Kind
    rows: tuple[AnswerRow, ...]
    applied: bool = False

    @property
    def counts(self) -> dict[Verdict, int]:
        return {
            verdict: sum(row.verdict is verdict for row in self.rows)
            for verdict in Verdict
        }

    @property
    def wrong_rows(self) -> Sequence[AnswerRow]:
        return [row for row in self.rows if row.verdict is Verdict.ERROR]

    @property
    def changes_nothing(self) -> bool:
        return all(row.verdict is Verdict.UNCHANGED for row in self.rows)


def _figures(judged: Judged) -> str:
    """The row's figures as they were read: a person sees what became of 520k."""
    values = [value for value in judged.entry.values if value not in (None, "")]
    return " · ".join(
        in_words(value) if isinstance(value, str) else f"{value:,}" for value in values
    )
