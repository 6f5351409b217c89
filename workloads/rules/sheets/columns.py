"""The columns of a sheet: those of the plan, and how headings are matched to any."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, TypeVar

from workloads.rules.sheets.errors import SheetError

C = TypeVar("C", bound=StrEnum)


class Column(StrEnum):
    """A column of the plan; the value is its heading."""

    REF = "Ref"
    WORKLOAD = "Workload"
    OWNER = "Owner"
    STATUS = "Status"
    USERS = "Users"
    SESSIONS = "Sessions/user/month"
    TOKENS = "Tokens/user/month"
    OPS_HOURS = "Ops hours/week"
    MODEL_TIER = "Model tier"
    COST_GATE = "Cost gate"
    SHIP_QUARTER = "Ship quarter"


HEADINGS: tuple[str, ...] = tuple(str(column) for column in Column)

# A row without a reference is matched by its name, so a sheet may leave the column out.
OPTIONAL = frozenset({Column.REF})


def folded(heading: str) -> str:
    """A heading without what people vary: case, spaces, punctuation, a byte-order mark."""
    plain = unicodedata.normalize("NFKC", heading).casefold()
    return "".join(character for character in plain if character.isalnum())


@dataclass(frozen=True)
class Headings(Generic[C]):
    """The first row of one kind of sheet. `optional` columns may be left out, and
    `unread` ones may stand there: an export has them, and nobody asks for them."""

    columns: tuple[C, ...]
    optional: frozenset[C]
    sheet: str
    unread: tuple[C, ...] = ()
    _by_folded: Mapping[str, C] = field(init=False)

    def __post_init__(self) -> None:
        known = (*self.columns, *self.unread)
        by_folded = {folded(column): column for column in known}
        object.__setattr__(self, "_by_folded", by_folded)

    def count_known(self, headings: Sequence[str]) -> int:
        """How many of the headings name a column of the sheet."""
        return sum(folded(heading) in self._by_folded for heading in headings)

    def match(self, headings: Sequence[str]) -> Mapping[C, int]:
        """Position of each column. SheetError names what is unknown, doubled, missing."""
        positions: dict[C, int] = {}
        unknown: list[str] = []
        for position, heading in enumerate(headings):
            # A column without a heading is refused only where a cell stands in it.
            if not folded(heading):
                continue
            column = self._by_folded.get(folded(heading))
            if column is None:
                unknown.append(heading)
            elif column in positions:
                raise SheetError(
                    f"The column “{column}” stands twice in the first row. Take one of "
                    "the two out."
                )
            else:
                positions[column] = position
        self._refuse_wrong_set(positions, unknown)
        return positions

    def _refuse_wrong_set(
        self, positions: Mapping[C, int], unknown: Sequence[str]
    ) -> None:
        missing = [
            column
            for column in self.columns
            if column not in positions and column not in self.optional
        ]
        if not positions:
            raise SheetError(
                f"The first row holds none of {self.sheet}'s headings. It must be: "
                + ", ".join(self.columns)
                + "."
            )
        if unknown:
            raise SheetError(
                f"{self.sheet[:1].upper()}{self.sheet[1:]} has no column "
                f"{_quoted(unknown)}. Its columns are: {', '.join(self.columns)}."
            )
        if missing:
            raise SheetError(
                f"The first row lacks the column {_quoted(missing)}. A column may be "
                "empty, but its heading must stand there."
            )


PLAN = Headings(tuple(Column), OPTIONAL, "the plan")


def _quoted(headings: Sequence[str]) -> str:
    shown = [f"“{heading.strip()[:60]}”" for heading in headings[:5]]
    more = len(headings) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")
