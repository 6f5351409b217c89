"""One cell as people type it: its value, or the reason why it has none."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

from workloads.rules.sheets.neutral import DASHES, plain

MOST_SHOWN: Final = 120


class Oddity(StrEnum):
    """What a workbook's cell can be besides text and a number."""

    FORMULA = "formula"
    DATE = "date"
    TRUTH = "truth_value"
    PERCENT = "percent"
    FAILED = "failed_formula"


@dataclass(frozen=True, slots=True)
class OddCell:
    """A workbook's cell whose value the plan cannot take; `shown` is what it holds."""

    oddity: Oddity
    shown: str


RawCell: TypeAlias = str | int | float | OddCell | None


@dataclass(frozen=True, slots=True)
class CellError:
    """Why one cell is refused. `detail` says the rule and the way out."""

    column: str
    value: str
    code: str
    detail: str


class BadCell(ValueError):
    """A cell that cannot be read; `code` is stable, the text a sentence."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


_ODD_DETAIL = {
    Oddity.FORMULA: (
        "The cell holds a formula. Paste its result as a value; formulas are not run."
    ),
    Oddity.DATE: (
        "The spreadsheet turned this cell into a date. Format it as text and type the "
        "value again."
    ),
    Oddity.TRUTH: "The cell holds TRUE or FALSE. Type the value itself.",
    Oddity.PERCENT: "The cell is a percentage. Type the number itself, without %.",
    Oddity.FAILED: "The cell holds a spreadsheet's error. Type the value itself.",
}


def shown(raw: RawCell) -> str:
    """The cell as an error repeats it: short, and with nothing that cannot be stored."""
    text = raw.shown if isinstance(raw, OddCell) else typed(raw)
    visible = "".join(c if c.isprintable() else "�" for c in text[: MOST_SHOWN + 1])
    return visible if len(visible) <= MOST_SHOWN else f"{visible[: MOST_SHOWN - 1]}…"


def error(column: str, raw: RawCell, code: str, detail: str) -> CellError:
    return CellError(column=str(column), value=shown(raw), code=code, detail=detail)


def typed(raw: str | float | None) -> str:
    """The cell's text; a workbook's number loses its binary tail (4200.0 is 4200)."""
    if raw is None:
        return ""
    if isinstance(raw, float):
        return f"{raw:.15g}"
    return str(raw)


def read_text(raw: RawCell) -> str:
    """Text without outer spaces; "" for an empty cell or a dash."""
    if isinstance(raw, OddCell):
        raise BadCell(raw.oddity, _ODD_DETAIL[raw.oddity])
    text = typed(raw).strip()
    if text in DASHES:
        return ""
    return plain(text).strip()


def is_empty(raw: RawCell) -> bool:
    return not isinstance(raw, OddCell) and not read_text(raw)
