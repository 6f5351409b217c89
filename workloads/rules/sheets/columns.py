"""The columns of the plan, in the order and with the headings of every sheet."""

import unicodedata
from collections.abc import Mapping, Sequence
from enum import StrEnum

from workloads.rules.sheets.errors import SheetError


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


_COLUMN_OF = {folded(column): column for column in Column}


def count_known(headings: Sequence[str]) -> int:
    """How many of the headings name a column of the plan."""
    return sum(folded(heading) in _COLUMN_OF for heading in headings)


def match_headings(headings: Sequence[str]) -> Mapping[Column, int]:
    """Position of each column. SheetError names what is unknown, doubled or missing."""
    positions: dict[Column, int] = {}
    unknown: list[str] = []
    for position, heading in enumerate(headings):
        # A column without a heading is refused only where a cell stands in it.
        if not folded(heading):
            continue
        column = _COLUMN_OF.get(folded(heading))
        if column is None:
            unknown.append(heading)
        elif column in positions:
            raise SheetError(
                f"The column “{column}” stands twice in the first row. Take one of "
                "the two out."
            )
        else:
            positions[column] = position
    _refuse_wrong_set(positions, unknown)
    return positions


def _refuse_wrong_set(positions: Mapping[Column, int], unknown: Sequence[str]) -> None:
    missing = [c for c in Column if c not in positions and c not in OPTIONAL]
    if not positions:
        raise SheetError(
            "The first row holds none of the plan's headings. It must be: "
            + ", ".join(HEADINGS)
            + "."
        )
    if unknown:
        raise SheetError(
            f"The plan has no column {_quoted(unknown)}. Its columns are: "
            + ", ".join(HEADINGS)
            + "."
        )
    if missing:
        raise SheetError(
            f"The first row lacks the column {_quoted(missing)}. A column may be empty, "
            "but its heading must stand there."
        )


def _quoted(headings: Sequence[str]) -> str:
    shown = [f"“{heading.strip()[:60]}”" for heading in headings[:5]]
    more = len(headings) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")
