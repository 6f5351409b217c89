"""How a shipped workload went from proposal to live, and how its signatures were kept."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from governance.services.demo.acts import Acts
from governance.services.demo.days import Days, at_work, moment
from governance.services.demo.events import Story
from governance.services.demo.gate_stories import tested
from governance.services.demo.gate_terms import first_gate
from governance.services.demo.shipped import (
    FIRST_QUARTER,
    RETIRED_ON,
    SHIPPED,
    Shipped,
)
from portal.kernel import clock
from portal.kernel.models import User
from workloads.enums import EstimateState, ReadinessCheck, SignRole, Status, Verdict
from workloads.models import Signoff
from workloads.selectors.signoffs import numbers_with_lapsed
from workloads.services.signoff_ends import lapse_signatures
from workloads.services.signoffs import Press, sign

RENEWED_BEFORE_THE_END = 8
"""Days before a quarter's end; the policy lets a signer renew from 14 days on."""


def story_of(shipped: Shipped, people: Mapping[str, User], days: Days) -> Story:
    """From proposal to live, on the days at which its kind of work got there."""
    acts = Acts(people, shipped.number)
    owner = shipped.owner
    live = days.in_quarter(shipped.quarter, shipped.day)

    def at(share: float, hour: int = 10) -> datetime:
        """When this share of the lead time was over."""
        remaining = timedelta(days=round(shipped.lead_days * (1 - share)))
        return at_work(live.date() - remaining, hour)

    story = Story()
    row = {
        **shipped.row,
        "owner": owner,
        "ship_quarter": str(days.quarter(shipped.quarter)),
    }
    # The proposal is not moved off a weekend: the lead time is measured from it.
    proposed = moment(live.date() - timedelta(days=shipped.lead_days), 9)
    story.then(proposed, acts.proposed(owner, row, shipped.followers))
    story.then(at(0.10), acts.drafted(owner, inputs_of(shipped)))
    story.then(at(0.15, 14), acts.submitted(owner))
    story.then(at(0.20, 11), acts.signed(SignRole.ENGINEERING))
    story.then(at(0.25, 15), acts.signed(SignRole.FINANCE, shipped.finance_by))
    story.then(at(0.28, 9), acts.signed(SignRole.OPS))
    story.then(at(0.32), acts.moved(owner, Status.PLANNED))
    story.then(at(0.42), acts.criterion(owner, *shipped.criterion))
    story.then(at(0.50, 14), acts.gate_drafted(owner, first_gate(shipped.number)))
    story.then(at(0.55, 15), acts.moved(owner, Status.COMMITTED))
    story.then(at(0.60, 11), acts.gate_agreed("daniel"))
    story.then(at(0.64, 15), acts.gate_agreed(owner))
    for item, share in zip(ReadinessCheck, (0.70, 0.76, 0.82, 0.88, 0.94), strict=True):
        story.then(at(share, 16), acts.proven(owner, item))
    # The gateway shows that it asks; its answer counts for nothing else.
    story.then(live - timedelta(hours=1), tested(people, shipped.number))
    story.then(live, acts.moved(owner, Status.LIVE))
    hours = Decimal(shipped.hours_to_add)
    story.then(
        at_work(live.date() + timedelta(days=2), 11),
        acts.edited(owner, {"hours_to_add": hours}),
    )
    if shipped.retired_in is not None:
        story.then(
            days.in_quarter(shipped.retired_in, RETIRED_ON),
            acts.moved(owner, Status.RETIRED, shipped.retired_because),
        )
    return story


def inputs_of(shipped: Shipped) -> dict[str, Any]:
    """Numbers that the data writes as text are decimals."""
    words = ("profile", "ops_reason")
    return {
        name: Decimal(value) if isinstance(value, str) and name not in words else value
        for name, value in shipped.inputs.items()
    }


def keeping_of_signatures(people: Mapping[str, User], days: Days) -> Story:
    """Each quarter ends with renewals, and the next begins with what lapsed."""
    story = Story()
    by_id = {person.pk: person for person in people.values()}

    def renewed(now: datetime) -> None:
        for row in renewable(now):
            press = Press(SignRole(row.role), Verdict.APPROVE, "", row.sha256)
            estimate = row.estimate
            sign(
                number=estimate.workload.number,
                version=estimate.version,
                press=press,
                actor=by_id[row.signer_id],
                now=now,
            )

    for offset in range(FIRST_QUARTER, 0):
        story.then(days.before_the_end_of(offset, RENEWED_BEFORE_THE_END, 16), renewed)
        story.then(moment(days.quarter(offset + 1).first_day(), 0), lapsed)
    return story


def lapsed(now: datetime) -> None:
    for number in numbers_with_lapsed(clock.today(now)):
        lapse_signatures(number=number, now=now)


def renewable(now: datetime) -> list[Signoff]:
    """Signatures that lapse within days, besides those that somebody forgets."""
    forgotten = [one.number for one in SHIPPED if one.forgets_to_renew]
    today = clock.today(now)
    return [
        row
        for row in Signoff.objects.filter(
            end__isnull=True,
            verdict=Verdict.APPROVE,
            lapses_on__range=(today, today + timedelta(days=13)),
            estimate__state=EstimateState.SUBMITTED,
        )
        .exclude(estimate__workload__status=Status.RETIRED)
        .select_related("estimate__workload")
        .order_by("estimate__workload__number", "id")
        if not (row.role == SignRole.OPS and row.estimate.workload.number in forgotten)
    ]
