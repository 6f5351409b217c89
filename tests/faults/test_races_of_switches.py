"""Switches, limits and alerts pressed at the same moment, on a real PostgreSQL."""

import threading
import time
from decimal import Decimal
from functools import partial
from types import SimpleNamespace
from uuid import uuid4

import pytest
from django.db import connection

from capacity.enums import LimitPeriod, LimitScope, SwitchScope
from capacity.formulas.gates import Action
from capacity.models import Alert, KillSwitch, SpendAlert, SpendCounter, SpendLimit
from capacity.runtime.asking import decide_call
from capacity.runtime.questions import Question
from capacity.runtime.snapshot import Caller
from capacity.selectors.kill_switches import tag_of
from capacity.services.alerts import acknowledge_alert, deliver_alert
from capacity.services.kill_switches import lift_switch, throw_switch
from capacity.services.spend_alerts import alert_spending
from capacity.services.spend_limits import set_limit
from portal.kernel.models import AuditEntry, OutboxMessage, WebhookDelivery
from portal.kernel.services.webhooks import subscribe
from tests.conftest import NOW
from tests.faults.races import at_once, codes
from tests.workloads import stories
from workloads.models import Workload

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = 10


@pytest.fixture
def chat(cast: SimpleNamespace) -> Workload:
    return stories.proposed(cast)


def throw(cast: SimpleNamespace, who: str = "noor"):
    return throw_switch(
        scope=SwitchScope.WORKLOAD,
        target="W-01",
        reason="It leaks.",
        actor=getattr(cast, who),
        now=NOW,
    )


def test_two_who_throw_at_once_throw_one(cast, chat) -> None:
    presses = [partial(throw, cast, who) for who in ("noor", "felix", "ines", "clara")]
    outcomes = at_once(presses)

    assert codes(outcomes) == ["ok"] * 4
    assert len({one.row.pk for one in outcomes}) == KillSwitch.objects.count() == 1
    assert sorted(one.is_new for one in outcomes) == [False, False, False, True]
    assert AuditEntry.objects.filter(action="kill_switch.changed").count() == 1


def test_two_who_lift_what_they_saw_lift_once(cast, chat) -> None:
    switch = throw(cast).row
    press = partial(
        lift_switch, id=switch.pk, reason="m", now=NOW, if_match=tag_of(switch)
    )

    outcomes = at_once(
        [partial(press, actor=cast.noor), partial(press, actor=cast.clara)]
    )

    assert codes(outcomes) == ["ok", "stale"]
    assert AuditEntry.objects.filter(action="kill_switch.changed").count() == 2


def test_throwing_against_lifting_ends_in_one_of_two_orders(cast, chat) -> None:
    for _ in range(ROUNDS):
        standing = throw(cast).row
        lift = partial(
            lift_switch, id=standing.pk, reason="m", actor=cast.clara, now=NOW
        )
        thrown, lifted = at_once([partial(throw, cast, "felix"), lift])

        # First thrown: it stood already, and is lifted. First lifted: another stands.
        standing.refresh_from_db()
        now_standing = KillSwitch.objects.filter(lifted_at=None)
        assert standing.lifted_at is not None
        assert thrown.is_new == (now_standing.count() == 1)
        assert lifted.pk == standing.pk
        for one in now_standing:
            lift_switch(id=one.pk, reason="m", actor=cast.noor, now=NOW)


def test_a_decision_that_is_asked_after_the_switch_is_never_an_allow(
    cast, chat
) -> None:
    """Sixteen ask without a pause; whoever begins after the throw has ended is held."""
    workload = Workload.objects.get(number=1)
    stories.signed(workload, cast)
    stories.activated(stories.gated(workload, cast), cast)
    stop, answers, broken = threading.Event(), [], []

    def ask(number: int) -> None:
        caller = Caller(token_id=0, username="gateway", roles=("runtime",))
        question = Question("W-01", "standard", f"u-{number}", expected=1)
        try:
            while not stop.is_set():
                began = time.monotonic()
                answer = decide_call(caller, question, NOW)
                answers.append((began, answer["action"], answer["gate"]))
        except BaseException as error:  # noqa: BLE001 - handed to the test below
            broken.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    time.sleep(1)
    switch = throw(cast).row
    thrown = time.monotonic()
    time.sleep(1)
    lift_switch(id=switch.pk, reason="m", actor=cast.noor, now=NOW)
    lifted = time.monotonic()
    time.sleep(1)
    stop.set()
    for thread in threads:
        thread.join(timeout=30)

    assert broken == []
    # What began while one of the two was pressed may have either answer.
    before = {action for began, action, _ in answers if began < thrown - 0.5}
    held = {
        (action, gate)
        for began, action, gate in answers
        if thrown < began < lifted - 0.5
    }
    after = {action for began, action, _ in answers if began > lifted}
    assert before == after == {Action.ALLOW}
    assert held == {(Action.BLOCK, "kill_switch")}


def test_two_who_set_a_limit_leave_one_standing(cast, chat) -> None:
    for amount in range(1, ROUNDS):
        outcomes = at_once(
            [
                partial(
                    set_limit,
                    scope=LimitScope.WORKLOAD,
                    target="W-01",
                    period=LimitPeriod.DAY,
                    amount=Decimal(10 * amount + one),
                    actor=cast.felix,
                    now=NOW,
                )
                for one in range(4)
            ]
        )

        assert codes(outcomes) == ["ok"] * 4
        assert SpendLimit.objects.filter(ended_at=None).count() == 1
    assert SpendCounter.objects.count() == 1


def test_an_alert_that_many_deliver_leaves_once(cast, chat) -> None:
    subscribe(
        actor=cast.ada,
        url="https://hooks.example.com/",
        kinds=["gate.threshold"],
        now=NOW,
    )
    alert = Alert.objects.create(
        workload=chat,
        user_ref="u-1",
        tier="standard",
        month=NOW.date().replace(day=1),
        level=90,
        spoken=True,
        kind="banner",
        decision=uuid4(),
        overage="soft_cap",
        consumed=0.9,
        projected=1.2,
        at=NOW,
    )
    presses = [partial(deliver_alert, alert_id=alert.pk, now=NOW)] * 8

    assert codes(at_once(presses)) == ["ok"] * 8
    assert OutboxMessage.objects.filter(channel="mail").count() == 1
    assert WebhookDelivery.objects.count() == 1

    seen = [
        partial(acknowledge_alert, alert_id=alert.pk, actor=actor, now=NOW)
        for actor in (cast.noor, cast.felix, cast.sarah)
    ]
    assert codes(at_once(seen)) == ["ok"] * 3
    assert AuditEntry.objects.filter(action="alert.acknowledged").count() == 1


def test_spending_that_many_look_at_is_told_once(cast, chat) -> None:
    set_limit(
        scope=LimitScope.WORKLOAD,
        target="W-01",
        period=LimitPeriod.DAY,
        amount=Decimal(100),
        actor=cast.felix,
        now=NOW,
    )
    SpendCounter.objects.update(settled=100)

    told = at_once([partial(alert_spending, now=NOW)] * 8)

    assert sorted(told) == [0] * 7 + [1]
    assert SpendAlert.objects.count() == 1
    assert OutboxMessage.objects.filter(channel="mail").count() == 1
