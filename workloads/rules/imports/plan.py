"""What a sheet is judged against: the plan's rows, names and people, as plain values."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from workloads.enums import Status
from workloads.rules.sheets.columns import Column
from workloads.rules.sheets.words import name_key


@dataclass(frozen=True, slots=True)
class Figures:
    """The estimate's cells of one row; None where nothing is known."""

    users: int | None = None
    sessions: Decimal | None = None
    tokens: int | None = None
    ops_hours: Decimal | None = None


FIGURE_COLUMNS: Final[Mapping[str, Column]] = {
    "users": Column.USERS,
    "sessions": Column.SESSIONS,
    "tokens": Column.TOKENS,
    "ops_hours": Column.OPS_HOURS,
}


@dataclass(frozen=True, slots=True)
class KnownRow:
    """One workload as the plan shows it, and what its open draft says, if it has one.

    `owner` is the name that its row shows; `signer_ids` gave a standing signature on the
    newest submitted version.
    """

    number: int
    name: str
    status: Status
    requested_status: str
    owner_id: int | None
    owner: str
    ship_quarter: str
    primary_model: str
    degrade_model: str
    cost_gate: str
    shown: Figures
    draft: Figures | None
    signer_ids: frozenset[int] = frozenset()
    gate_decides: bool = False


@dataclass(frozen=True)
class People:
    """Accounts by what a sheet may call them, all in lower case."""

    by_username: Mapping[str, int] = field(default_factory=dict)
    by_email: Mapping[str, int] = field(default_factory=dict)
    by_name: Mapping[str, Sequence[int]] = field(default_factory=dict)

    def named(self, text: str) -> int | None:
        """By username, then e-mail, then display name; None when none or two match."""
        key = text.lower()
        exact = self.by_username.get(key) or self.by_email.get(key)
        if exact is not None:
            return exact
        namesakes = self.by_name.get(key, ())
        return namesakes[0] if len(namesakes) == 1 else None


@dataclass(frozen=True)
class Plan:
    """What rows are matched against: every name and number, and the rows in question.

    `far` says of a quarter, as "2026Q2", why it lies too far from today; empty in reach.
    """

    numbers_by_name: Mapping[str, Sequence[int]]
    names: Mapping[int, str]
    rows: Mapping[int, KnownRow]
    people: People
    far: Callable[[str], str] = lambda _quarter: ""

    def named(self, name: str) -> int | None:
        """The workload of that name. Of two that differ in case only, the exact one."""
        numbers = self.numbers_by_name.get(name_key(name), ()) if name else ()
        exact = [number for number in numbers if self.names[number] == name]
        return next(iter(exact or numbers), None)
