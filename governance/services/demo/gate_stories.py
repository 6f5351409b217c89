"""What became of the gates: tried before a launch, tried in shadow, stopped, limited."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import connection

from capacity.enums import LimitPeriod, LimitScope, SwitchScope
from capacity.runtime.asking import decide_call
from capacity.runtime.events import Batch, batch_of
from capacity.runtime.ingest import Sender, ingest
from capacity.runtime.questions import Question
from capacity.runtime.references import hashed
from capacity.selectors.gates import open_gate
from capacity.selectors.spend_limits import begin_of, settled_since
from capacity.services.accounts import create_account
from capacity.services.gate_exceptions import grant_exception
from capacity.services.gate_proposals import propose_ceilings
from capacity.services.gates import shadow_gate
from capacity.services.kill_switches import lift_switch, throw_switch
from capacity.services.spend_limits import set_limit
from governance.services.demo.acts import Acts
from governance.services.demo.days import Days
from governance.services.demo.events import Act, Story
from governance.services.demo.gate_terms import SHADOWED, STANDARD, stricter_values
from governance.services.demo.gateway import AGENTS, caller_of
from governance.services.demo.habits import HABITS
from governance.services.demo.heavy_users import ACCOUNT
from governance.services.demo.usage import user_ref
from portal.kernel import clock
from portal.kernel.models import User
from workloads.models import Workload

RAISED = 8
LIMITED = "sales"
SPENT_OF_THE_LIMIT = Decimal("0.85")
STOPPED, STOPPED_DAYS_AGO, STOPPED_FOR = 10, 47, timedelta(minutes=34)
People = Mapping[str, User]


def tested(people: People, number: int) -> Act:
    """One question before the launch, kept apart from every count."""
    question = Question(
        f"W-{number:02d}",
        STANDARD,
        "smoke-test",
        agent=AGENTS.get(number, ""),
        expected=2_000,
        test=True,
    )

    def act(now: datetime) -> None:
        decide_call(caller_of(people["gateway"]), question, now)
        # The statement plans for a short transaction of its own; this one goes on.
        with connection.cursor() as cursor:
            for name in ("seqscan", "bitmapscan", "hashjoin", "mergejoin"):
                cursor.execute(f"RESET enable_{name}")

    return act


def gates_of_late(people: People, days: Days, now: datetime) -> list[Story]:
    return [
        _account(people, days),
        _shadow(people, days),
        _stopped(people, days),
        _raised(people, days),
        _proposed(days),
        _refused_event(people, now),
        _limit(people, now),
    ]


def _shadow(people: People, days: Days) -> Story:
    """W-10's second version decides beside the first, and nobody is held by it yet."""
    acts, story = Acts(people, SHADOWED), Story()

    def shadowed(now: datetime) -> None:
        policy = open_gate(Workload.objects.get(number=SHADOWED))
        if policy is not None:
            shadow_gate(
                number=SHADOWED,
                version=policy.version,
                actor=people["sarah"],
                now=now,
            )

    story.then(
        days.working_days_before(13, 15), acts.gate_drafted("sarah", stricter_values)
    )
    story.then(days.working_days_before(12, 9), shadowed)
    return story


def _account(people: People, days: Days) -> Story:
    """Who is told about the agency's overage, and who is billed for it."""
    story = Story()
    values = {
        "code": ACCOUNT,
        "name": "Lumen agency",
        "owner_email": "jonas.weber@lumen.example",
        "billing_email": "billing@lumen.example",
    }
    story.then(
        days.in_quarter(-1, 20, 14),
        lambda now: create_account(actor=people["daniel"], values=values, now=now),
    )
    return story


def _raised(people: People, days: Days) -> Story:
    """One release manager writes the notes of a whole product line for some weeks."""
    story = Story()
    values = {
        "tier": STANDARD,
        "user_ref": hashed(user_ref(HABITS[RAISED].crowd, 3)),
        "ceiling_tokens": 2_500_000,
        "reason": "Notes of a whole product line, one person for five products.",
        "ends_on": days.today + timedelta(days=18),
    }
    story.then(
        days.working_days_before(6, 15),
        lambda now: grant_exception(
            number=RAISED, actor=people["daniel"], values=values, now=now
        ),
    )
    return story


def _proposed(days: Days) -> Story:
    """The quarter's look at every ceiling."""
    story = Story()
    story.then(days.working_days_before(1, 6), lambda now: propose_ceilings(now=now))
    return story


def _stopped(people: People, days: Days) -> Story:
    story = Story()
    thrown = days.before(STOPPED_DAYS_AGO, 14)
    switches: list[int] = []

    def throw(now: datetime) -> None:
        found = throw_switch(
            scope=SwitchScope.AGENT,
            target=AGENTS[STOPPED],
            reason="It promises refunds that the shop does not give, since this morning.",
            actor=people["ines"],
            now=now,
        )
        switches.append(found.row.pk)

    def lift(now: datetime) -> None:
        lift_switch(
            id=switches[-1],
            reason="The prompt of yesterday is back, and the eval set passes.",
            actor=people["noor"],
            now=now,
        )

    story.then(thrown, throw)
    story.then(thrown + STOPPED_FOR, lift)
    return story


def _refused_event(people: People, now: datetime) -> Story:
    """Someone's script sends a tier that no gate knows: kept, and not counted."""
    story = Story()

    def sent(at: datetime) -> None:
        told = at - timedelta(minutes=2)
        ingest(_stray(told), sender=Sender.of(people["gateway"].username), now=at)

    story.then(now - timedelta(minutes=50), sent)
    return story


def _stray(told: datetime) -> Batch:
    event = {
        "id": "batch-7-0041",
        "source": "nightly-minutes",
        "time": told.isoformat(),
        "workload": "W-07",
        "tier": "premium",
        "user": "staff-batch",
        "model": "Haiku",
        "input_tokens": 18_400,
        "output_tokens": 1_150,
    }
    return batch_of([event])


def _limit(people: People, now: datetime) -> Story:
    """Set this morning on what the month has cost so far."""
    story = Story()

    def limited(at: datetime) -> None:
        begin = begin_of(LimitPeriod.MONTH, at)
        spent = settled_since(LimitScope.DEPARTMENT, LIMITED, begin, clock.today(at))
        set_limit(
            scope=LimitScope.DEPARTMENT,
            target=LIMITED,
            period=LimitPeriod.MONTH,
            amount=max(Decimal(1), Decimal(round(spent / SPENT_OF_THE_LIMIT))),
            reason="The clause finder takes longer texts than it was signed for.",
            actor=people["daniel"],
            now=at,
        )

    story.then(now - timedelta(minutes=1), limited)
    return story
