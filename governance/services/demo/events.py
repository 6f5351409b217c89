"""A history as a list of moments, each with one act; stories may overlap."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from portal.kernel.enums import Source
from portal.kernel.origin import origin

Act = Callable[[datetime], object]


@dataclass(frozen=True)
class Event:
    at: datetime
    act: Act


@dataclass
class Story:
    """Events in their order: an act that falls before the one it follows waits for it."""

    events: list[Event] = field(default_factory=list)

    def then(self, at: datetime, *acts: Act) -> None:
        for act in acts:
            earliest = self.events[-1].at + timedelta(minutes=7) if self.events else at
            self.events.append(Event(max(at, earliest), act))


def tell(stories: Iterable[Story], *, until: datetime) -> None:
    """Live through all stories in the order of time, as the audit trail must be."""
    events = [event for story in stories for event in story.events]
    for event in sorted(events, key=lambda one: one.at):
        if event.at <= until:
            with origin(Source.COMMAND):
                event.act(event.at)
