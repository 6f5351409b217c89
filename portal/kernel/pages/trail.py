"""An audit entry as a page shows it: before → after, a field a line."""

import re
from dataclasses import dataclass
from typing import Any

from portal.kernel import formats
from portal.kernel.models import AuditEntry
from portal.kernel.pages.words import action_words, reference_of

REFERENCE = re.compile(r"[A-Z]{1,2}-[0-9]+")
SHOWN_AT_ONCE = 4
_LONGEST = 160


@dataclass(frozen=True)
class Change:
    field: str
    before: str
    after: str


@dataclass(frozen=True)
class Line:
    """One entry; `first` changes stand open, `rest` behind a press."""

    entry: AuditEntry
    changes: tuple[Change, ...]

    @property
    def first(self) -> tuple[Change, ...]:
        return self.changes[:SHOWN_AT_ONCE]

    @property
    def rest(self) -> tuple[Change, ...]:
        return self.changes[SHOWN_AT_ONCE:]

    @property
    def ref(self) -> str:
        return reference_of(self.entry.object)

    @property
    def link(self) -> str:
        """Where the object is, when its reference is one that the address takes."""
        return f"/{self.ref}" if REFERENCE.fullmatch(self.ref) else ""

    @property
    def words(self) -> str:
        return action_words(self.entry.action)

    @property
    def who(self) -> str:
        """By name; the username, which the hash covers, stands on hover."""
        person = self.entry.actor
        return person.display_name if person else "the system"

    @property
    def big(self) -> bool:
        """A status or a signature: the square of the history."""
        return self.entry.action in {"workload.transitioned", "signoff.given"}


def line_of(entry: AuditEntry) -> Line:
    before, after = entry.before or {}, entry.after or {}
    names = list(dict.fromkeys([*before, *after]))
    return Line(
        entry,
        tuple(
            Change(
                name.replace("_", " "),
                plain_text(before[name]) if name in before else "",
                plain_text(after[name]) if name in after else "",
            )
            for name in names
        ),
    )


def plain_text(value: Any) -> str:
    """A value as it was kept, in one line."""
    if value is None or value == "":
        return formats.BLANK
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return formats.in_full(value)
    if isinstance(value, list):
        text = ", ".join(plain_text(item) for item in value) or formats.BLANK
    elif isinstance(value, dict):
        text = ", ".join(f"{name} {plain_text(item)}" for name, item in value.items())
    else:
        text = str(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
