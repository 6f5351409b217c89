"""Text cells that a spreadsheet would run as a formula, made harmless and back again."""

import re
from typing import Final

# A spreadsheet takes a cell that starts so for a formula. Full-width forms count: some
# spreadsheets read them as their plain twins.
SIGNS: Final = frozenset("=+-@\uff1d\uff0b\uff0d\uff20")
# Some drop these in front of a sign, and some start a new cell at one.
BREAKS: Final = frozenset("\t\r\n")
_LEAD = re.compile(r"['\s]*")

# A cell that holds only this says "nothing known". The minus sign and the hyphen are what
# keyboards offer in place of the dash.
DASHES: Final = frozenset("—\u2013-\u2212")


def neutralise(text: str) -> str:
    """Put an apostrophe before text that would be read as a formula, or as empty."""
    return f"'{text}" if _is_marked(text) else text


def plain(text: str) -> str:
    """Take off the apostrophe that `neutralise` put there; other text stays as it is.

    `plain(neutralise(text)) == text` for every text, also one that began with an
    apostrophe of its own, so that importing an export changes nothing.
    """
    return text[1:] if text.startswith("'") and _is_marked(text) else text


def _is_marked(text: str) -> bool:
    """Whether text needs the apostrophe; one in front of it makes no difference."""
    lead, bare = _parted(text)
    return bare[:1] in SIGNS or bare.strip() in DASHES or not BREAKS.isdisjoint(lead)


def _parted(text: str) -> tuple[str, str]:
    match = _LEAD.match(text)
    end = match.end() if match else 0
    return text[:end], text[end:]
