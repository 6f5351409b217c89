"""Text cells: names, the closed vocabularies, model tiers, quarters and references."""

import re
import unicodedata
from typing import Final, NamedTuple

from workloads.enums import CostGate, Status
from workloads.rules.sheets.cells import BadCell, RawCell, read_text
from workloads.rules.shown import ref_of

LONGEST_NAME: Final = 200
LONGEST_OWNER: Final = 200
LONGEST_MODEL: Final = 100

_REF = re.compile(r"w[-\u2010\u2011\u2013]?0*([1-9][0-9]{0,8})", re.IGNORECASE)
_QUARTER = re.compile(
    r"q([1-4])[-/\s]?(20[0-9]{2})|(20[0-9]{2})[-/\s]?q([1-4])", re.IGNORECASE
)
# Text editors turn the typed `->` into a dash or an arrow of their own.
_ARROW = re.compile(r"\s*(?:→|[-\u2013—]>|⇒|➔)\s*")
_STATUS = {str(status): status for status in Status}
_COST_GATE = {str(gate).replace("_", ""): gate for gate in CostGate} | {
    "payg": CostGate.PAY_AS_YOU_GO
}


class ModelTier(NamedTuple):
    primary: str
    degrade: str


def read_line(raw: RawCell, *, longest: int) -> str:
    """One line of text, at most `longest` characters, nothing invisible in it."""
    text = read_text(raw)
    if len(text) > longest:
        raise BadCell(
            "too_long",
            f"It has {len(text):,} characters, and at most {longest} are kept.",
        )
    for character in text:
        # Cc: NUL, tabs, line breaks. Cs: half of a character, which no database stores.
        if (
            unicodedata.category(character) in {"Cc", "Cs"}
            or character in "\u2028\u2029"
        ):
            raise BadCell(
                "control_character",
                f"It holds a line break or a control character (U+{ord(character):04X}). "
                "Type it on one line.",
            )
    return text


def read_name(raw: RawCell) -> str:
    name = read_line(raw, longest=LONGEST_NAME)
    if not name:
        raise BadCell("required", "Every row needs the name of its workload.")
    return name


def read_owner(raw: RawCell) -> str:
    return read_line(raw, longest=LONGEST_OWNER)


def read_ref(raw: RawCell) -> str:
    """`w-1` and `W-01` are the same workload; "" for an empty cell."""
    text = read_text(raw)
    match = _REF.fullmatch(text)
    if not text:
        return ""
    if match is None:
        raise BadCell(
            "not_a_reference",
            "A reference is W- and a number from 1: W-01. Leave it empty for a new "
            "workload.",
        )
    return ref_of(int(match[1]))


def number_of(ref: str) -> int:
    """The number in a reference that `read_ref` gave."""
    return int(ref.removeprefix("W-"))


def name_key(name: str) -> str:
    """Two names with one key are one name: the case does not tell workloads apart."""
    return name.lower()


def read_status(raw: RawCell) -> Status | None:
    text = read_text(raw)
    if not text:
        return None
    status = _STATUS.get(text.casefold())
    if status is None:
        raise BadCell(
            "unknown_status", f"A status is one of: {', '.join(_STATUS)}. Or empty."
        )
    return status


def read_cost_gate(raw: RawCell) -> CostGate | None:
    text = read_text(raw)
    if not text:
        return None
    gate = _COST_GATE.get(re.sub(r"[\s_\-\u2010-\u2013]+", "", text.casefold()))
    if gate is None:
        raise BadCell(
            "unknown_cost_gate",
            f"A cost gate is one of: {', '.join(g.sheet for g in CostGate)}. Or empty.",
        )
    return gate


def read_model_tier(raw: RawCell) -> ModelTier:
    """`Sonnet→Haiku`, `Sonnet->Haiku` or `Sonnet`; both "" for an empty cell."""
    text = read_line(raw, longest=2 * LONGEST_MODEL + 8)
    if not text:
        return ModelTier("", "")
    names = [name.strip() for name in _ARROW.split(text)]
    if len(names) > len(ModelTier._fields) or not all(names):
        raise BadCell(
            "not_a_model_tier",
            "A model tier is one model, or a primary and a degrade model: Sonnet→Haiku.",
        )
    if max(map(len, names)) > LONGEST_MODEL:
        raise BadCell(
            "too_long", f"The name of a model has at most {LONGEST_MODEL} characters."
        )
    return ModelTier(names[0], names[1] if len(names) > 1 else "")


def read_quarter(raw: RawCell) -> str:
    """`Q2-2026`, `2026Q2`, `2026-Q2` or `Q2 2026` as `2026Q2`; "" for an empty cell."""
    text = read_text(raw)
    match = _QUARTER.fullmatch(text)
    if not text:
        return ""
    if match is None:
        raise BadCell(
            "not_a_quarter",
            "A quarter is typed as Q2-2026, 2026Q2 or 2026-Q2. Or empty.",
        )
    year, quarter = match[2] or match[3], match[1] or match[4]
    return f"{year}Q{quarter}"
