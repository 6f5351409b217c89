"""Who is staffed for agentic ops, quarter by quarter: what the ops ceilings rest on."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from capacity.selectors.staffing import row_of
from capacity.services.staffing import enter_staffing
from governance.services.demo.days import Days
from governance.services.demo.events import Act, Story
from governance.services.demo.plan_stories import IMPORTED_DAYS_AGO
from portal.kernel.models import User
from portal.kernel.periods import Quarter

OPS = "noor"
PLANNED_AHEAD = 2
"""Quarters: who ships in one has to know its ceiling when committing."""

# Quarters from today's; the second one's team shrank, and its people paid for it.
PEOPLE_BY_OFFSET: Mapping[int, tuple[str, str]] = {
    -6: ("0.5", "Half a person, for the first workload."),
    -5: ("1", "Two workloads ship; one person keeps them."),
    -4: ("1", "As before."),
    -3: ("1", "As before."),
    -2: ("1.25", "Refund replies are read by customers, so evenings are covered."),
    -1: ("1.5", "A second person for half of the week."),
    0: ("1.5", "As before."),
    1: ("1.5", "As before, until the plan is reviewed."),
    2: ("1.5", "As before, until the plan is reviewed."),
}
# The plan's quarters do not move with today's date.
PEOPLE_OF_THE_PLAN: Mapping[Quarter, tuple[str, str]] = {
    Quarter(2026, 2): ("1.75", "Two workloads of the plan ship in one quarter."),
    Quarter(2026, 3): ("1.5", "The plan's third quarter."),
    Quarter(2026, 4): ("1.5", "The plan's fourth quarter."),
}
SHORT_OF_PEOPLE = -5
VACANT = Decimal("0.25")


def staffing_of_the_quarters(people: Mapping[str, User], days: Days) -> Story:
    """A first row for each quarter, two quarters ahead."""
    story = Story()
    for at, quarter, persons, reason in sorted(_first_rows(days), key=_by_time):
        act = _entered(people[OPS], quarter, persons, Decimal(0), reason)
        story.then(at, act)
    return story


def vacancies(people: Mapping[str, User], days: Days) -> Story:
    """One that a past quarter paid for, and one to come."""
    story = Story()
    noor = people[OPS]
    story.then(
        days.in_quarter(SHORT_OF_PEOPLE, 6),
        _vacant(
            noor,
            days.quarter(SHORT_OF_PEOPLE),
            "A person went to four days a week, and nobody took the fifth.",
        ),
    )
    story.then(
        days.working_days_before(12),
        _vacant(noor, days.quarter(1), "A fixed term ends with this quarter."),
    )
    return story


def _first_rows(days: Days) -> list[tuple[datetime, Quarter, Decimal, str]]:
    rows: dict[Quarter, tuple[datetime, Decimal, str]] = {}
    for offset, (persons, reason) in PEOPLE_BY_OFFSET.items():
        at = days.in_quarter(offset - PLANNED_AHEAD, 8, 9)
        rows[days.quarter(offset)] = (at, Decimal(persons), reason)
    imported = days.before(IMPORTED_DAYS_AGO + 1, 9)
    for quarter, (persons, reason) in PEOPLE_OF_THE_PLAN.items():
        at, others, _ = rows.get(quarter, (imported, Decimal(0), ""))
        rows[quarter] = (min(at, imported), max(others, Decimal(persons)), reason)
    return [
        (at, quarter, persons, reason)
        for quarter, (at, persons, reason) in rows.items()
    ]


def _by_time(row: tuple[datetime, Quarter, Decimal, str]) -> tuple[datetime, Quarter]:
    return row[0], row[1]


def _entered(
    actor: User, quarter: Quarter, persons: Decimal, vacant: Decimal, reason: str
) -> Act:
    return lambda now: enter_staffing(
        actor=actor,
        quarter=quarter,
        full_time_equivalents=persons,
        vacancies=vacant,
        reason=reason,
        now=now,
    )


def _vacant(actor: User, quarter: Quarter, reason: str) -> Act:
    """The people stay as they are; a part of them is not there."""

    def act(now: datetime) -> None:
        row = row_of(quarter)
        if row is not None:
            _entered(actor, quarter, row.full_time_equivalents, VACANT, reason)(now)

    return act
