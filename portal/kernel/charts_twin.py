"""The table beside a chart: what it draws, in figures, and the same as CSV."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from portal.kernel import formats

Cell = str | int | Decimal | None


@dataclass(frozen=True)
class Twin:
    """The first column names the row. Figures are exact; None is not known."""

    headings: tuple[str, ...]
    rows: Sequence[tuple[Cell, ...]]

    @property
    def shown(self) -> list[tuple[str, list[str]]]:
        """Each row's name, and its figures as pages write them."""
        return [(shown(row[0]), [shown(cell) for cell in row[1:]]) for row in self.rows]


def shown(cell: Cell) -> str:
    if cell is None:
        return formats.BLANK
    return cell if isinstance(cell, str) else formats.in_full(cell)
