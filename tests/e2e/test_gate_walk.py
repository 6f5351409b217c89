"""A gate from its draft to a kill switch in a real browser, with a runtime that asks."""

import json
from types import SimpleNamespace
from typing import Any
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Page, expect

from capacity.enums import GateState
from capacity.models import GatePolicy
from portal.kernel import clock
from portal.kernel.enums import Scope
from portal.kernel.services.tokens import issue_token
from tests.workloads import stories

pytestmark = pytest.mark.django_db(transaction=True)
GATE = "/workloads/W-01/gate/"


class Runtime:
    """What a gateway does before each call, over the network as it would."""

    def __init__(self, address: str, people: SimpleNamespace) -> None:
        issued = issue_token(
            actor=None,
            user=people.gateway,
            scopes=[Scope.GATES_DECIDE],
            now=clock.now(),
        )
        self.address = f"{address}/api/v1/gates/decide/"
        self.headers = {
            "Authorization": f"Bearer {issued.secret}",
            "Content-Type": "application/json",
        }

    def ask(self) -> dict[str, Any]:
        question = {"workload": "W-01", "tier": "standard", "user": "u-1"}
        body = json.dumps(question).encode()
        request = Request(self.address, body, self.headers)  # noqa: S310 - our own
        with urlopen(request) as answer:  # noqa: S310
            return dict(json.load(answer))


@pytest.fixture
def runtime(live_server: Any, people: SimpleNamespace) -> Runtime:
    return Runtime(live_server.url, people)


def draft(page: Page) -> None:
    page.goto(GATE)
    expect(page.get_by_text("Nothing decides for W-01.")).to_be_visible()
    page.get_by_role("link", name="Draft a gate").first.click()
    # Prefilled from the plan: 520k tokens × 1.5.
    expect(page.get_by_text("520,000 × 1.5")).to_be_visible()
    page.get_by_role("button", name="Save the draft").click()
    expect(
        page.get_by_text("served by Haiku past 780k tokens a month").first
    ).to_be_visible()


def put_in_shadow(page: Page) -> None:
    page.get_by_role("button", name="Put it in shadow").click()
    expect(page.locator(".toast")).to_contain_text("Gate v1 decides in shadow")


def activate(page: Page, seat: str, told: str) -> None:
    page.goto(f"{GATE}1/")
    page.get_by_role("button", name=f"Activate as {seat}").click()
    expect(page.locator(".toast")).to_contain_text(told)


def stop(page: Page) -> None:
    page.goto(GATE)
    page.get_by_role("link", name="Kill switch…").click()
    page.locator("#id_reason").fill(
        "It answers in another language since this morning."
    )
    page.get_by_role("button", name="Throw the switch").click()
    expect(page.get_by_text("Held").first).to_be_visible()


def test_a_gate_is_drafted_tried_activated_asked_and_stopped(
    walk_with: Any, people: SimpleNamespace, runtime: Runtime
) -> None:
    stories.planned(people)
    walk = walk_with()
    sarah = walk("sarah")
    draft(sarah)
    assert runtime.ask()["reason_code"] == "no_active_gate"

    put_in_shadow(sarah)
    activate(sarah, "its owner", "You agreed to gate v1. It awaits finance.")
    assert runtime.ask()["action"] == "block"
    felix = walk("felix")
    activate(felix, "finance", "Gate v1 is active from the next decision on.")
    assert GatePolicy.objects.get().state == GateState.ACTIVE

    answer = runtime.ask()
    assert (answer["action"], answer["model"]) == ("allow", "Sonnet")
    assert answer["gate_version"] == 1
    sarah.goto(GATE)
    evidence = sarah.get_by_role("region", name="Enforced")
    expect(evidence).to_contain_text("Last decision")
    expect(evidence).to_contain_text("Today")

    stop(sarah)
    answer = runtime.ask()
    assert (answer["action"], answer["gate"]) == ("block", "kill_switch")
    assert "another language" in answer["reason"]
    sarah.goto(GATE)
    expect(sarah.get_by_text("another language").first).to_be_visible()
    assert walk.complaints == []
