"""Actuals of the past months, entered in the days after each by who answers for them."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from capacity.services.actuals import enter_compute, enter_ops
from governance.services.demo.bills import bills_of
from governance.services.demo.days import Days, at_work
from governance.services.demo.events import Act, Story
from governance.services.demo.ops_hours import hours_of
from governance.services.demo.usage_tables import months_of_the_past
from portal.kernel.models import User
from portal.kernel.periods import Month


def actuals_of_the_past(people: Mapping[str, User], days: Days) -> Story:
    """Hours by the ops lead, bills by the engineering lead; this month has none yet."""
    story = Story()
    for month in months_of_the_past(days)[:-1]:
        story.then(
            at_work(month.last_day + timedelta(days=7), 9),
            _hours_entered(people["noor"], month, days),
            _bills_entered(people["ines"], month),
        )
    return story


def _hours_entered(actor: User, month: Month, days: Days) -> Act:
    def act(now: datetime) -> None:
        for entry in hours_of(month, days):
            enter_ops(actor=actor, entry=entry, now=now)

    return act


def _bills_entered(actor: User, month: Month) -> Act:
    def act(now: datetime) -> None:
        for entry in bills_of(month):
            enter_compute(actor=actor, entry=entry, now=now)

    return act
