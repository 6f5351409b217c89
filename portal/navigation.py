"""The entries of the navigation, in the order of the work, and who sees which.

A role sees fewer entries, never fewer facts: a hidden entry's page still opens.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from functools import cache

from django.urls import NoReverseMatch, reverse

from portal.kernel.enums import Role

_SEES_AUDIT = frozenset({Role.COMMITTEE, Role.AUDITOR, Role.ADMIN, Role.PLANNER})


@cache
def _address(url_name: str) -> str:
    """The page's address; nothing while no installed app has that page."""
    try:
        return reverse(url_name)
    except NoReverseMatch:
        return ""


@dataclass(frozen=True)
class Place:
    """A page that has a place in the navigation."""

    name: str
    url_name: str

    @property
    def address(self) -> str:
        return _address(self.url_name)


@dataclass(frozen=True)
class Section(Place):
    """`under` are the first path segments that belong to this section."""

    under: tuple[str, ...] = ()
    pages: tuple[Place, ...] = field(default=())
    hidden_from: frozenset[Role] = frozenset()
    shown_to: frozenset[Role] | None = None
    counts: bool = False
    # Pages of another section's objects that belong here: /workloads/W-01/gate/.
    parts: tuple[str, ...] = ()

    def holds(self, path: str) -> bool:
        """Whether a page lies in this section by what its address is about."""
        return path.count("/") > 2 and path.split("/")[3] in self.parts

    def is_shown_to(self, roles: Collection[str]) -> bool:
        held = set(roles)
        if self.shown_to is not None:
            return bool(held & self.shown_to)
        return not held or bool(held - self.hidden_from)


SECTIONS = (
    Section("Home", "portal:home"),
    Section(
        "Plan",
        "workloads:plan-table",
        under=("plan", "workloads", "departments"),
        pages=(
            Place("Table", "workloads:plan-table"),
            Place("Roadmap", "workloads:plan-roadmap"),
            Place("Departments", "workloads:departments"),
        ),
    ),
    Section(
        "Approvals",
        "workloads:approvals",
        under=("approvals",),
        hidden_from=frozenset({Role.AUDITOR}),
        counts=True,
    ),
    Section(
        "Capacity",
        "capacity:budgets",
        under=("capacity",),
        pages=(
            Place("Budgets", "capacity:budgets"),
            Place("Scenarios", "capacity:scenarios"),
            Place("Actuals", "capacity:actuals"),
            Place("Usage", "capacity:usage"),
            Place("Recalibration", "capacity:recalibration"),
            Place("Rates and staffing", "capacity:rates"),
        ),
    ),
    Section(
        "Gates",
        "gates:list",
        under=("gates",),
        pages=(
            Place("Workloads", "gates:list"),
            Place("Alerts", "gates:alerts"),
            Place("Kill switches", "gates:switches"),
            Place("Spend limits", "gates:limits"),
            Place("Accounts", "gates:accounts"),
        ),
        parts=("gate",),
    ),
    Section("Audit", "portal:audit", under=("audit",), shown_to=_SEES_AUDIT),
)

SETTINGS_TABS = (
    ("Look and keys", "portal:settings"),
    ("API tokens", "portal:tokens"),
    ("Saved views", "portal:views"),
    ("Password", "portal:password"),
    ("Deputies", "workloads:deputies"),
    ("Numbers of the model", "portal:numbers"),
    ("Accounts", "portal:accounts"),
    ("Mail", "portal:mail"),
    ("Webhooks", "portal:webhooks"),
)


@dataclass(frozen=True)
class Entry:
    """One entry as it stands on a page; `current` also on the pages below its own."""

    name: str
    address: str
    current: bool
    is_page: bool = False
    counts: bool = False
    pages: tuple["Entry", ...] = ()


def entries_for(roles: Collection[str], path: str) -> list[Entry]:
    here = _section_of(path)
    return [
        _entry(section, path, current=section is here)
        for section in SECTIONS
        if section.address and section.is_shown_to(roles)
    ]


def _section_of(path: str) -> Section | None:
    """The section that a page lies in: one that claims it by its part comes first."""
    first = path.strip("/").split("/", 1)[0]
    if not first:
        return next((one for one in SECTIONS if one.address == "/"), None)
    claimed = (one for one in SECTIONS if one.holds(path))
    named = (one for one in SECTIONS if first in one.under)
    return next(claimed, None) or next(named, None)


def _entry(section: Section, path: str, *, current: bool) -> Entry:
    return Entry(
        section.name,
        section.address,
        current=current,
        is_page=current and path == section.address and not section.pages,
        counts=section.counts,
        pages=tuple(
            _page(page, path, is_first=page.address == section.address)
            for page in section.pages
            if page.address
        )
        if current
        else (),
    )


def _page(page: Place, path: str, *, is_first: bool) -> Entry:
    # Every page of the section lies below its first one's address.
    here = path == page.address
    below = not is_first and path.startswith(page.address)
    return Entry(page.name, page.address, current=here or below, is_page=here)
