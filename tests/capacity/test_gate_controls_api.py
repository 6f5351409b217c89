"""Kill switches and spend limits through the API."""

from decimal import Decimal

import pytest

from capacity.models import KillSwitch, SpendCounter, SpendLimit
from portal.kernel.enums import Scope
from portal.kernel.models import WebhookDelivery
from portal.kernel.services.webhooks import subscribe
from tests.conftest import NOW
from tests.kernel.in_the_admin import client_of
from tests.workloads import stories
from workloads.services.departments import create_department

pytestmark = pytest.mark.django_db
SWITCHES, LIMITS = "/api/v1/gates/kill-switches/", "/api/v1/gates/spend-limits/"
SWITCH = {"scope": "workload", "target": "W-01", "reason": "It leaks."}
LIMIT = {"scope": "workload", "target": "W-01", "period": "day", "amount": "250.00"}


@pytest.fixture
def chat(cast):
    service = create_department(
        actor=cast.ada, code="service", name="Service", head=cast.dana, now=NOW
    )
    return stories.proposed(cast, department=service)


# --- Kill switches --------------------------------------------------------------------


def test_a_switch_is_thrown_read_and_lifted(api, chat):
    caller = api("noor")
    made = caller("POST", SWITCHES, SWITCH)
    path = made["Location"]
    read = caller("GET", path)

    assert made.status_code == 201
    assert (
        made.json()
        == read.json()
        == {
            "id": KillSwitch.objects.get().pk,
            **SWITCH,
            "thrown_by": "noor",
            "thrown_at": "2026-05-12T09:00:00Z",
            "lifted_by": None,
            "lifted_at": None,
            "lift_reason": "",
        }
    )
    assert read["ETag"] == made["ETag"]
    lifted = caller("DELETE", path, {"reason": "Mended."}, If_Match=read["ETag"])
    assert (lifted.status_code, lifted.json()["lift_reason"]) == (200, "Mended.")
    assert caller("GET", path).json() == lifted.json()
    assert lifted["ETag"] != read["ETag"]


def test_a_switch_for_everything_has_no_target(api, chat):
    caller = api("noor")
    for body in ({"scope": "all", "target": None}, {"scope": "all"}):
        answer = caller("POST", SWITCHES, {**body, "reason": "All out."})
        assert (answer.status_code, answer.json()["target"]) in [
            (201, None),
            (200, None),
        ]
    assert KillSwitch.objects.count() == 1


def test_one_that_stands_is_the_answer(api, chat):
    first = api("noor")("POST", SWITCHES, SWITCH)
    again = api("felix")("POST", SWITCHES, {**SWITCH, "reason": "Another."})

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()


def test_refusals_of_lifting_come_in_their_order(api, chat):
    noor = api("noor")
    path = noor("POST", SWITCHES, SWITCH)["Location"]
    tag = noor("GET", path)["ETag"]
    body = {"reason": "m"}
    answers = [
        api(None)("DELETE", path, body),
        noor("DELETE", f"{SWITCHES}{2**70}/", body, If_Match=tag),
        api("felix")("DELETE", path, body),
        noor("DELETE", path, body),
        noor("DELETE", path, body, If_Match='"old"'),
        noor("DELETE", path, {}, If_Match=tag),
        noor("DELETE", path, {"reason": " "}, If_Match=tag),
        noor("DELETE", path, body, If_Match=tag),
        noor("DELETE", path, body, If_Match=tag),
        noor("DELETE", path, body, If_Match="*"),
    ]

    assert [one.status_code for one in answers] == [
        *(401, 404, 403, 428, 412, 400, 400, 200, 412, 409)
    ]
    assert answers[-1].json()["code"] == "switch_lifted"


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"reason": ""}, 400, "blank"),
        ({"reason": None}, 400, "null"),
        ({"scope": "tier"}, 400, "invalid_choice"),
        ({"target": 1}, 400, "invalid"),
        ({"target": "a" * 201}, 400, "max_length"),
        ({"until": "2026-06-01"}, 400, "unknown_field"),
        ({"lifted_at": None}, 400, "read_only"),
        ({"target": "W-99"}, 422, "unknown_target"),
        ({"target": None}, 422, "unknown_target"),
        ({"scope": "department", "target": "nowhere"}, 422, "unknown_target"),
        ({"scope": "all"}, 422, "unknown_target"),
    ],
    ids=str,
)
def test_a_switch_that_makes_no_sense_is_refused(api, chat, changes, status, code):
    answer = api("noor")("POST", SWITCHES, {**SWITCH, **changes})

    assert answer.status_code == status
    assert [one["code"] for one in answer.json()["errors"]] == [code]
    assert not KillSwitch.objects.exists()


def test_switches_need_the_scope_of_governance(api, chat):
    assert api("noor", Scope.PLAN_WRITE)("POST", SWITCHES, SWITCH).status_code == 403
    assert (
        api("noor", Scope.GOVERNANCE_WRITE)("POST", SWITCHES, SWITCH).status_code == 201
    )
    assert api("noor", Scope.GOVERNANCE_READ)("GET", SWITCHES).status_code == 200


def test_the_list_of_switches(api, chat):
    caller = api("noor")
    caller("POST", SWITCHES, SWITCH)
    loop = caller("POST", SWITCHES, {"scope": "agent", "target": "loop", "reason": "r"})
    caller("DELETE", loop["Location"], {"reason": "m"}, If_Match=loop["ETag"])

    def targets(query: str) -> list[str]:
        found = caller("GET", f"{SWITCHES}{query}").json()["results"]
        return [one["target"] for one in found]

    assert targets("") == ["loop", "W-01"]
    assert targets("?standing=true") == ["W-01"]
    assert targets("?standing=false") == ["loop"]
    assert targets("?scope=agent") == targets("?search=loop") == ["loop"]


def test_throwing_and_lifting_are_told_to_webhooks(api, cast, chat):
    subscribe(
        actor=cast.ada,
        url="https://hooks.example.com/",
        kinds=["kill_switch.changed"],
        now=NOW,
    )
    made = api("noor")("POST", SWITCHES, SWITCH)
    api("noor")("DELETE", made["Location"], {"reason": "m"}, If_Match=made["ETag"])

    bodies = WebhookDelivery.objects.order_by("id").values_list("body", flat=True)
    states = ['"state": "on"' in body for body in bodies]
    assert states == [True, False]


# --- Spend limits ---------------------------------------------------------------------


def test_a_limit_is_set_read_and_ended(api, chat):
    caller = api("felix")
    made = caller("POST", LIMITS, LIMIT)
    path = made["Location"]
    read = caller("GET", path)

    assert made.status_code == 201
    assert (
        made.json()
        == read.json()
        == {
            "id": SpendLimit.objects.get().pk,
            **LIMIT,
            "currency": "USD",
            "alert_at": 0.8,
            "reason": "",
            "set_by": "felix",
            "set_at": "2026-05-12T09:00:00Z",
            "ended_by": None,
            "ended_at": None,
            "spent": "0.00",
            "reserved": "0.00",
            "reached": False,
        }
    )
    SpendCounter.objects.update(settled=Decimal("200.126"), reserved=Decimal(50))
    told = caller("GET", path).json()
    assert (told["spent"], told["reached"]) == ("250.13", True)
    ended = caller("DELETE", path, {"reason": "m"}, If_Match=read["ETag"])
    assert (ended.status_code, ended.json()["ended_by"]) == (200, "felix")


def test_another_amount_takes_the_place(api, chat):
    caller = api("felix")
    answers = [
        caller("POST", LIMITS, {**LIMIT, "amount": amount})
        for amount in ("250.00", "250.00", "300.00")
    ]

    assert [one.status_code for one in answers] == [201, 200, 201]
    standing = caller("GET", f"{LIMITS}?standing=true").json()["results"]
    assert [one["amount"] for one in standing] == ["300.00"]
    assert len(caller("GET", LIMITS).json()["results"]) == 2


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"amount": "0.00"}, 400, "min_value"),
        ({"amount": "-1.00"}, 400, "min_value"),
        ({"amount": 250}, 400, "invalid"),
        ({"amount": "1.005"}, 400, "places"),
        ({"alert_at": 0}, 400, "min_value"),
        ({"alert_at": 1.1}, 400, "max_value"),
        ({"period": "year"}, 400, "invalid_choice"),
        ({"scope": "all"}, 400, "invalid_choice"),
        ({"target": ""}, 400, "blank"),
        ({"spent": "0.00"}, 400, "read_only"),
        ({"currency": "EUR"}, 400, "read_only"),
        ({"target": "W-99"}, 422, "unknown_target"),
    ],
    ids=str,
)
def test_a_limit_that_makes_no_sense_is_refused(api, chat, changes, status, code):
    answer = api("felix")("POST", LIMITS, {**LIMIT, **changes})

    assert answer.status_code == status
    assert [one["code"] for one in answer.json()["errors"]] == [code]
    assert not SpendLimit.objects.exists()


def test_refusals_of_ending_come_in_their_order(api, chat):
    felix = api("felix")
    made = felix("POST", LIMITS, LIMIT)
    path, tag, body = made["Location"], made["ETag"], {"reason": "m"}
    answers = [
        api("noor")("DELETE", path, body),
        felix("DELETE", path, body),
        felix("DELETE", path, body, If_Match='"old"'),
        felix("DELETE", path, {}, If_Match=tag),
        felix("DELETE", path, body, If_Match=tag),
        felix("DELETE", path, body, If_Match=tag),
    ]

    assert [one.status_code for one in answers] == [403, 428, 412, 400, 200, 412]


def test_a_head_limits_the_department_and_is_told_what_else(api, chat):
    mine = {**LIMIT, "scope": "department", "target": "service", "period": "month"}

    assert api("dana")("POST", LIMITS, mine).status_code == 201
    refused = api("dana")("POST", LIMITS, LIMIT)
    assert refused.json()["detail"] == (
        "You cannot set a spend limit of W-01. The finance lead can."
    )


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("path", [SWITCHES, LIMITS])
def test_a_list_asks_a_fixed_number_of_times(
    api, chat, path, count, django_assert_num_queries
):
    for number in range(count):
        target = {"scope": "agent", "target": f"a-{number}"}
        api("felix")("POST", SWITCHES, {**SWITCH, **target})
        api("felix")("POST", LIMITS, {**LIMIT, **target})
    caller = api("nils")
    caller("GET", path)

    with django_assert_num_queries(2 if path == SWITCHES else 3):
        assert len(caller("GET", path).json()["results"]) == count


def test_the_admin_shows_switches(api, cast, chat):
    made = api("noor")("POST", SWITCHES, SWITCH).json()
    client = client_of(cast.clara)

    for path in ("", "?q=W-01", f"{made['id']}/change/"):
        page = client.get(f"/admin/capacity/killswitch/{path}")
        assert page.status_code == 200
