"""The whole demo company: everybody, then everything that happened, in order of time."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from pathlib import Path

from django.db import transaction

from governance.services.demo.actuals import actuals_of_the_past
from governance.services.demo.days import Days, moment
from governance.services.demo.events import Act, Story, tell
from governance.services.demo.gate_stories import gates_of_late
from governance.services.demo.history import keeping_of_signatures, story_of
from governance.services.demo.people import make_departments, make_people
from governance.services.demo.plan_stories import IMPORTED_DAYS_AGO, PLAN_STORIES
from governance.services.demo.rates import cheaper_model, rates_of_the_past
from governance.services.demo.reviews import (
    recalibrations_of_the_past,
    reserves_of_the_quarters,
)
from governance.services.demo.shipped import FIRST_QUARTER, SHIPPED
from governance.services.demo.staffing import staffing_of_the_quarters, vacancies
from governance.services.demo.usage_tables import usage_of_the_past
from portal.kernel.errors import Conflict
from portal.kernel.models import User
from portal.kernel.services.saved_views import save_view
from workloads.enums import Moment, SignRole
from workloads.models import Workload
from workloads.services.baselines import take_baseline
from workloads.services.deputies import name_deputy
from workloads.services.imports import apply_import
from workloads.services.reminders import ask_for_requirement, remind_of_waiting

PLAN_FILE = Path(__file__).with_name("plan.csv")
BEGINS_BEFORE_THE_FIRST_QUARTER = 3
"""Quarters: the longest lead time, and some weeks in which the company is set up."""


class NotEmpty(Conflict):
    code = "not_empty"
    title = "There is a company already"


@transaction.atomic
def make_company(*, password: str, now: datetime) -> None:
    """Make it, whole or not at all. Raises NotEmpty where anybody has an account."""
    if User.objects.exists() or Workload.objects.exists():
        raise NotEmpty(
            "There are accounts or workloads here already, so no demo company is made. "
            "`manage.py demo --reset` empties everything first."
        )
    days = Days.of(now)
    begins = moment(
        days.quarter(FIRST_QUARTER - BEGINS_BEFORE_THE_FIRST_QUARTER).first_day(), 9
    )
    people = make_people(password=password, now=begins)
    make_departments(people, now=begins + timedelta(hours=1))
    tell(
        [
            rates_of_the_past(people, days, begins + timedelta(hours=2)),
            cheaper_model(people, days),
            staffing_of_the_quarters(people, days),
            vacancies(people, days),
            keeping_of_signatures(people, days),
            *(story_of(shipped, people, days) for shipped in SHIPPED),
            _import(people, days),
            *(story(people, days) for story in PLAN_STORIES),
            _reviews(people, days),
            _deputies(people, days),
            _views_of_the_planner(people, days),
            _reminders(people, days),
            *usage_of_the_past(people, days, now),
            actuals_of_the_past(people, days),
            recalibrations_of_the_past(people, days),
            reserves_of_the_quarters(people, days),
            *gates_of_late(people, days, now),
        ],
        until=now,
    )


def _import(people: Mapping[str, User], days: Days) -> Story:
    story = Story()
    story.then(
        days.before(IMPORTED_DAYS_AGO, 9),
        lambda now: apply_import(
            content=PLAN_FILE.read_bytes(), actor=people["lena"], now=now
        ),
    )
    return story


def _reviews(people: Mapping[str, User], days: Days) -> Story:
    """The review of the last quarter: the plan as it opened, and as it closed."""
    story = Story()

    def frozen(moment: Moment) -> Act:
        return lambda now: take_baseline(
            actor=people["helen"], quarter=days.quarter(-1), moment=moment, now=now
        )

    story.then(days.in_quarter(-1, 5), frozen(Moment.OPENED))
    story.then(days.before_the_end_of(-1, 1, 16), frozen(Moment.CLOSED))
    return story


def _deputies(people: Mapping[str, User], days: Days) -> Story:
    story = Story()

    def named(who: str, role: SignRole, deputy: str, span: tuple[date, date]) -> Act:
        return lambda now: name_deputy(
            actor=people[who],
            role=role,
            deputy=people[deputy],
            from_day=span[0],
            until_day=span[1],
            now=now,
        )

    # Signs for the finance lead while W-11 is on its way.
    long_leave = (
        days.quarter(-2).first_day() + timedelta(days=20),
        days.quarter(-1).last_day(),
    )
    story.then(
        days.in_quarter(-2, 20), named("daniel", SignRole.FINANCE, "viktor", long_leave)
    )
    fortnight = (days.today, days.today + timedelta(days=14))
    story.then(
        days.working_days_before(3, 12),
        named("noor", SignRole.OPS, "greta", fortnight),
    )
    return story


def _views_of_the_planner(people: Mapping[str, User], days: Days) -> Story:
    story = Story()

    def kept(name: str, query: str) -> Act:
        return lambda now: save_view(
            actor=people["lena"],
            page="workloads:plan-table",
            name=name,
            query=query,
            now=now,
        )

    story.then(
        days.before(40, 11),
        kept("By quarter", "group=quarter"),
        kept("Missing a signature", "only=unsigned"),
        kept("What is live", "status=live&group=department"),
    )
    return story


def _reminders(people: Mapping[str, User], days: Days) -> Story:
    story = Story()
    story.then(
        days.working_days_before(2, 17),
        lambda now: ask_for_requirement(
            number=2, code="signoff_fresh", actor=people["marcus"], now=now
        ),
        lambda now: remind_of_waiting(now=now),
    )
    return story
