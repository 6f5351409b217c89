"""Where apps plug into the portal's own pages: dotted paths in the settings.

The home page, the badge and the search belong to the house; what stands in them belongs
to the apps. Each list names plain functions, read once.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string


@dataclass(frozen=True)
class Waiting:
    """One thing that waits for a person, as the home page lists it.

    `more` says that there are others, and where; it is not counted itself.
    """

    title: str
    detail: str
    link: str
    button: str
    due_on: date | None = None
    ref: str = ""
    ref_link: str = ""
    primary: bool = False
    more: bool = False


@dataclass(frozen=True)
class Figure:
    """One of the four numbers of the home page; with a limit it is drawn as a beam."""

    label: str
    number: str
    unit: str = ""
    link: str = ""
    line: str = ""
    load: float | None = None
    limit: float | None = None
    kind: str = "ceiling"
    words: str = ""


@dataclass(frozen=True)
class Action:
    """A button of the home page's head; `why` makes it dashed, with that reason."""

    label: str
    href: str
    kind: str = ""
    why: str = ""


@dataclass(frozen=True)
class Panel:
    """A template that an app renders for itself on a page of many subjects."""

    template: str
    context: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Found:
    """One answer of the search: a reference or the word Page, a name, a live figure."""

    ref: str
    name: str
    link: str
    figure: str = ""
    exact: bool = False


WaitingSource = Callable[[Any, datetime], Iterable[Waiting]]
FigureSource = Callable[[Any, datetime], Iterable[Figure]]
ActionSource = Callable[[Any, datetime], Iterable[Action]]
PanelSource = Callable[[Any, datetime], Iterable[Panel]]
FindSource = Callable[[Any, str, int], Iterable[Found]]
CountSource = Callable[[Any, datetime], int]


@cache
def _functions(paths: tuple[str, ...]) -> tuple[Callable[..., Any], ...]:
    return tuple(import_string(path) for path in paths)


def _named(setting: str) -> tuple[Callable[..., Any], ...]:
    return _functions(tuple(getattr(settings, setting, ())))


def waiting_for(user: Any, now: datetime) -> list[Waiting]:
    """What waits for this person, the most pressing first, undated last."""
    items = [item for source in _named("HOME_WAITING") for item in source(user, now)]
    return sorted(
        items, key=lambda item: (item.due_on is None, item.due_on or date.max)
    )


def figures_for(user: Any, now: datetime) -> list[Figure]:
    """Four at most: a fifth number is not a headline."""
    items = [item for source in _named("HOME_FIGURES") for item in source(user, now)]
    return items[:4]


def actions_for(user: Any, now: datetime) -> list[Action]:
    """Three at most."""
    items = [item for source in _named("HOME_ACTIONS") for item in source(user, now)]
    return items[:3]


def panels_for(user: Any, now: datetime) -> list[Panel]:
    return [panel for source in _named("HOME_PANELS") for panel in source(user, now)]


def panels_of(workload: Any, now: datetime) -> list[Panel]:
    """What stands on a workload's own page beside what the plan knows of it."""
    return [p for source in _named("WORKLOAD_PANELS") for p in source(workload, now)]


def find(user: Any, words: str, limit: int) -> list[Found]:
    """Exact references first, then in the order of the sources."""
    found: list[Found] = []
    for source in _named("FIND_SOURCES"):
        found.extend(source(user, words, limit))
    return sorted(found, key=lambda item: not item.exact)[:limit]


def approvals_waiting(user: Any, now: datetime) -> int:
    """The badge: what waits for this very person."""
    return sum(source(user, now) for source in _named("APPROVALS_WAITING"))
