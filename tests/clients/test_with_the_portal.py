"""The client and the portal itself, through the portal's WSGI application."""

from collections.abc import Iterator
from types import SimpleNamespace

import httpx
import pgtrigger
import pytest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections

from capacity.enums import SwitchScope
from capacity.models import (
    BundleAcknowledgement,
    Decision,
    UsageEvent,
    UsageHour,
    UserCounter,
)
from capacity.services.kill_switches import throw_switch
from portal.kernel.enums import Scope
from portal.kernel.services.tokens import issue_token
from portal.wsgi import application
from tests.capacity.usage import active_gate
from tests.conftest import NOW
from tests.workloads import stories
from tests.workloads.conftest import at_now
from weighbridge_client import Client, Held, Options, Refused, Unreachable
from weighbridge_client.portal import DECIDE

__all__ = ["at_now"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_now")]
PORTAL = "http://testserver"


class Between(httpx.BaseTransport):
    """Carries requests to the portal, except to the paths that are `cut`."""

    def __init__(self) -> None:
        self.inside = httpx.WSGITransport(app=application)
        self.cut: tuple[str, ...] = ()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.startswith(self.cut):
            raise httpx.ConnectError("cut", request=request)
        return self.inside.handle_request(request)


@pytest.fixture
def between() -> Iterator[Between]:
    # As Django's own test client: the test's transaction is on this connection.
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield Between()
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def gated(cast: SimpleNamespace, rate_card: None):
    return active_gate(stories.proposed(cast), cast, {"standard": 10_000})


@pytest.fixture
def runtime(cast: SimpleNamespace, gated, between, tmp_path):
    """A client whose thread sleeps: it would not see this test's transaction."""
    issued = issue_token(
        actor=cast.ada,
        user=cast.gateway,
        scopes=(Scope.GATES_DECIDE, Scope.USAGE_WRITE),
        now=NOW,
    )
    client = Client(
        PORTAL,
        token=issued.secret,
        runtime="support-bot",
        directory=tmp_path,
        options=Options(transport=between, clock=lambda: NOW, cool_off_seconds=0.0),
    )
    client.start = lambda: None
    yield client
    client.close()


def _away(between: Between) -> None:
    between.cut = ("/",)


def test_a_call_is_decided_reserved_used_and_settled(runtime):
    with runtime.call("W-01", user="u-1", expected_tokens=1_000) as call:
        assert UserCounter.objects.get().reserved == 1_000
        call.extend()
        call.used(input_tokens=100, output_tokens=20)
    runtime.flush()
    runtime.flush()

    decision = Decision.objects.get()
    assert call.decision.decision == str(decision.id)
    assert (call.model, call.decision.gate_version) == ("Sonnet", 1)
    event = UsageEvent.objects.get()
    assert (event.decision, event.input_tokens) == (decision.id, 100)
    counter = UserCounter.objects.get()
    assert (counter.settled, counter.reserved) == (120, 0)
    hour = UsageHour.objects.get()
    assert (hour.calls, hour.decided_calls, hour.unreachable_calls) == (1, 1, 0)


def test_a_question_that_is_repeated_reserves_once(runtime):
    question = runtime.question("W-01", user="u-1", expected_tokens=1_000)

    assert runtime.decide(question).decision == runtime.decide(question).decision
    assert UserCounter.objects.get().reserved == 1_000


def test_a_call_that_used_nothing_lets_its_reservation_go(runtime, caplog):
    with runtime.call("W-01", user="u-1", expected_tokens=1_000):
        pass

    assert UserCounter.objects.get().reserved == 0


@pytest.mark.parametrize(
    ("question", "status", "code"),
    [
        ({"workload": "W-77"}, 404, "unknown_workload"),
        ({"workload": "W-01", "tier": "gold"}, 422, "unknown_tier"),
    ],
)
def test_a_wrong_question_is_refused(runtime, question, status, code):
    with pytest.raises(Refused) as refusal:
        runtime.decide(runtime.question(**question, user="u-1"))

    assert (refusal.value.status, refusal.value.code) == (status, code)


def test_the_bundle_is_fetched_and_acknowledged(runtime):
    runtime.refresh()
    runtime.refresh()

    acknowledged = BundleAcknowledgement.objects.get()
    assert (acknowledged.runtime, acknowledged.versions) == ("support-bot", {"W-01": 1})
    assert runtime.bundle.etag == acknowledged.etag


@pytest.mark.parametrize("used", [0, 5_000, 9_000, 9_999, 10_000])
@pytest.mark.parametrize("expected", [None, 1, 1_000])
def test_the_bundle_decides_word_for_word_as_the_portal_did(
    runtime, gated, between, used, expected
):
    _allow_unreachable(gated)
    if used:
        with runtime.call("W-01", user="u-1") as call:
            call.used(input_tokens=used, output_tokens=0)
        runtime.flush()
    runtime.refresh()

    def asked(expected_tokens):
        return runtime.decide(
            runtime.question("W-01", user="u-1", expected_tokens=expected_tokens)
        )

    near = asked(expected)
    _away(between)
    far = asked(expected)

    assert far.is_local
    assert not near.is_local
    for name in ("action", "model", "gate", "reason_code", "level", "consumed_tokens"):
        assert getattr(near, name) == getattr(far, name), name
    assert (near.reason, near.resets_at) == (far.reason, far.resets_at)


def test_a_kill_switch_holds_while_nobody_answers(runtime, gated, between):
    _allow_unreachable(gated)
    throw_switch(
        scope=SwitchScope.WORKLOAD,
        target="W-01",
        reason="Leak.",
        actor=gated.workload.owner,
        now=NOW,
    )
    runtime.refresh()
    _away(between)

    with pytest.raises(Held, match="Leak") as held:
        runtime.call("W-01", user="u-1")

    assert held.value.decision.gate == "kill_switch"


def _allow_unreachable(policy) -> None:
    with pgtrigger.ignore():
        policy.on_unreachable = "allow"
        policy.save(update_fields=["on_unreachable"])


def test_a_call_that_nobody_decided_is_counted_as_unreachable(runtime, gated, between):
    _allow_unreachable(gated)
    runtime.refresh()
    between.cut = (DECIDE,)

    with runtime.call("W-01", user="u-1") as call:
        call.used(input_tokens=100, output_tokens=20, cached_input_tokens=40)
    runtime.flush()
    runtime.flush()

    event = UsageEvent.objects.get()
    assert (event.input_tokens, event.output_tokens, event.cached_input_tokens) == (
        100,
        20,
        40,
    )
    hour = UsageHour.objects.get()
    assert (hour.calls, hour.decided_calls, hour.unreachable_calls) == (1, 0, 1)


def test_what_the_portal_refuses_alone_is_said_and_does_not_stay(runtime, caplog):
    question = runtime.question("W-77", user="u-1")
    call = runtime.begun(question, runtime.decide_locally(question, Unreachable()))
    call.used(input_tokens=1, output_tokens=1, model="Sonnet")
    call.finish()

    assert runtime.flush() == 1
    assert runtime.spooled == 0
    assert "unknown_workload" in caplog.text
