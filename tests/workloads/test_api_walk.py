"""From a proposal to planned and on to live, through the API alone; and what stops it."""

from collections.abc import Callable
from typing import Any

import pytest

from portal.kernel.models import AuditEntry
from workloads.enums import Status
from workloads.models import StatusStep, Workload

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("rate_card")]
LIST = "/api/v1/workloads/"
ONE = f"{LIST}W-01/"
ESTIMATES = f"{ONE}estimates/"
SIGNERS = {"engineering": "ines", "finance": "felix", "ops": "noor"}

PROPOSAL = {
    "name": "Customer support chat",
    "owner": "sarah",
    "ship_quarter": "2026Q2",
    "model_tier": "Sonnet→Haiku",
    "cost_gate": "soft_cap",
}
INPUTS = {
    "users": 4200,
    "sessions_per_user_month": 18,
    "declared_tokens_per_user_month": 520_000,
    "ops_hours_week": 6,
}
PROOFS = (
    "load_test",
    "edge_cases",
    "pipeline_documented",
    "audit_seen",
    "rollback_rehearsed",
)
Api = Callable[..., Any]


def propose(api: Api, **changes: Any) -> None:
    made = api("pia")("POST", LIST, {**PROPOSAL, **changes})
    assert made.status_code == 201


def estimate(api: Api, **changes: Any) -> None:
    made = api("pia")("POST", ESTIMATES, {**INPUTS, **changes})
    assert made.status_code == 201
    sent = api("pia")("POST", f"{made['Location']}submit/", If_Match=made["ETag"])
    assert sent.status_code == 200


def sign(api: Api, *roles: str, verdict: str = "approve", version: int = 1) -> None:
    path = f"{ESTIMATES}{version}/"
    for role in roles:
        signer = api(SIGNERS[role])
        body = {
            "role": role,
            "verdict": verdict,
            "reason": "Too many users." if verdict == "refuse" else "",
            "sha256": signer("GET", path).json()["sha256"],
        }
        assert signer("POST", f"{path}signoffs/", body).status_code == 201


def move(api: Api, to: str, who: str = "sarah", reason: str = "") -> Any:
    return api(who)("POST", f"{ONE}transitions/", {"to": to, "reason": reason})


def staff(api: Api, people: float = 10) -> None:
    body = {
        "quarter": "2026Q2",
        "full_time_equivalents": people,
        "reason": "As planned.",
    }
    made = api("noor")("POST", "/api/v1/staffing/", body)
    assert made.status_code in {200, 201}


def write_criterion(api: Api) -> None:
    body = {
        "metric": "Minutes saved per chat",
        "baseline": "0",
        "target": "6",
        "due_on": "2026-09-30",
    }
    assert api("sarah")("POST", f"{ONE}success-criteria/", body).status_code == 201


def draft_gate(api: Api, **changes: Any) -> Any:
    tier = {"tier": "standard", "ceiling_tokens": 780_000, "overage": "soft_cap"}
    made = api("pia")("POST", f"{ONE}gates/", {"tiers": [{**tier, **changes}]})
    assert made.status_code == 201
    return made


def activate_gate(api: Api, *people: str, version: int = 1) -> None:
    for person in people:
        agreed = api(person)("POST", f"{ONE}gates/{version}/activate/")
        assert agreed.status_code == 200


def enforce_gate(api: Api) -> None:
    """A runtime fetches the policies and says that it holds them."""
    etag = api("gateway")("GET", "/api/v1/gates/bundle/")["ETag"]
    body = {"etag": etag, "runtime": "llm-gateway"}
    held = api("gateway")("POST", "/api/v1/gates/bundle/ack/", body)
    assert held.status_code in {200, 201}


def prove(api: Api, *items: str, factor: float = 2) -> None:
    for item in items:
        body = {
            "item": item,
            "link": "https://wiki.example.com/",
            "done_on": "2026-05-01",
        }
        if item == "load_test":
            body["load_test_factor"] = factor
        answer = api("sarah")("POST", f"{ONE}production-readiness/", body)
        assert answer.status_code == 201


def test_a_workload_walks_from_proposal_to_live_through_the_api(api):
    propose(api)
    estimate(api)
    sign(api, *SIGNERS)
    assert api("nils")("GET", ONE).json()["status"] == "candidate"
    assert move(api, "planned").json()["status"] == "planned"
    write_criterion(api)
    staff(api)
    draft_gate(api)
    assert move(api, "committed").json()["status"] == "committed"
    prove(api, *PROOFS)
    activate_gate(api, "felix", "sarah")
    enforce_gate(api)
    answer = move(api, "live")

    body = answer.json()
    assert (answer.status_code, body["status"]) == (200, "live")
    assert body["estimate"] == {"version": 1, "state": "signed", "declared": True}
    assert body["tokens_per_month"] == 4200 * 520_000
    assert list(
        StatusStep.objects.order_by("sequence").values_list("source", "target")
    ) == [("candidate", "planned"), ("planned", "committed"), ("committed", "live")]
    doors = AuditEntry.objects.filter(object="workload/W-01").values_list("source")
    assert set(doors) == {("api",)}


# --- Every single condition, broken --------------------------------------------------


def no_estimate(api: Api) -> None:
    propose(api)


def a_draft_only(api: Api) -> None:
    propose(api)
    api("pia")("POST", ESTIMATES, INPUTS)


def a_draft_that_lacks_users(api: Api) -> None:
    propose(api)
    api("pia")("POST", ESTIMATES, {**INPUTS, "users": None})


def without(role: str) -> Callable[[Api], None]:
    def story(api: Api) -> None:
        propose(api)
        estimate(api)
        sign(api, *(one for one in SIGNERS if one != role))

    return story


def refused_by_finance(api: Api) -> None:
    propose(api)
    estimate(api)
    sign(api, "engineering")
    sign(api, "finance", verdict="refuse")


def a_withdrawn_signature(api: Api) -> None:
    propose(api)
    estimate(api)
    sign(api, *SIGNERS)
    gone = api("noor")(
        "DELETE", f"{ESTIMATES}1/signoffs/ops/", {"reason": "Recount."}, If_Match="*"
    )
    assert gone.status_code == 204


def a_newer_version(api: Api) -> None:
    propose(api)
    estimate(api)
    sign(api, *SIGNERS)
    estimate(api, users=5000)


def planned(
    api: Api, *, people: float | None = 10, gated: bool = True, **changes: Any
) -> None:
    propose(api, **changes)
    estimate(api)
    sign(api, *SIGNERS)
    if people is not None:
        staff(api, people)
    assert move(api, "planned", who="pia").status_code == 200
    if gated:
        draft_gate(api)


def no_owner(api: Api) -> None:
    planned(api, owner=None)
    body = {"metric": "m", "baseline": "0", "target": "1", "due_on": "2026-09-30"}
    api("pia")("POST", f"{ONE}success-criteria/", body)


def no_ship_quarter(api: Api) -> None:
    planned(api, ship_quarter=None)
    write_criterion(api)


def no_staffing(api: Api) -> None:
    planned(api, people=None)
    write_criterion(api)


def no_headroom(api: Api) -> None:
    planned(api, people=0.4)
    write_criterion(api)


def no_criterion(api: Api) -> None:
    planned(api)


def no_gate(api: Api) -> None:
    planned(api, gated=False)
    write_criterion(api)


def a_gate_whose_opt_in_was_withdrawn(api: Api) -> None:
    planned(api, gated=False)
    write_criterion(api)
    opt_in = {"by": "Jo", "at": "2026-05-01T09:00:00Z", "reference": "MSA-17"}
    draft_gate(api, overage="pay_as_you_go", metered_opt_in=opt_in)
    path = f"{ONE}gates/1/opt-ins/standard/withdraw/"
    gone = api("felix")("POST", path, {"reason": "The contract ended."})
    assert gone.status_code == 200


def committed(api: Api, *, active: bool = True, enforced: bool = True) -> None:
    planned(api)
    write_criterion(api)
    assert move(api, "committed").status_code == 200
    if active:
        activate_gate(api, "sarah", "felix")
    if active and enforced:
        enforce_gate(api)


def a_draft_of_a_gate(api: Api) -> None:
    committed(api, active=False)
    prove(api, *PROOFS)


def a_gate_that_nobody_asked(api: Api) -> None:
    committed(api, enforced=False)
    prove(api, *PROOFS)


def a_gate_that_awaits_finance(api: Api) -> None:
    a_draft_of_a_gate(api)
    activate_gate(api, "sarah")


def no_proof_of(item: str) -> Callable[[Api], None]:
    def story(api: Api) -> None:
        committed(api)
        prove(api, *(one for one in PROOFS if one != item))

    return story


def a_light_load_test(api: Api) -> None:
    committed(api)
    prove(api, *PROOFS, factor=1.5)


def an_unsigned_re_estimate(api: Api) -> None:
    committed(api)
    prove(api, *PROOFS)
    estimate(api, users=5000)


def live_without_a_reason(api: Api) -> None:
    committed(api)
    prove(api, *PROOFS)
    assert move(api, "live").status_code == 200


SIGNOFFS = [f"signoff_{role}" for role in SIGNERS]
NEW = "/workloads/W-01/estimates/new/"
V1 = "/workloads/W-01/estimates/1/"
V2 = "/workloads/W-01/estimates/2/"
EDIT = "/workloads/W-01/edit/"
READINESS = "/workloads/W-01/readiness/"
GATE = "/workloads/W-01/gate/"

BROKEN = [
    # what is broken, who moves, to, the unmet codes with their links
    (no_estimate, "planned", dict.fromkeys(["estimate_complete", *SIGNOFFS], NEW)),
    (a_draft_only, "planned", dict.fromkeys(["estimate_complete", *SIGNOFFS], V1)),
    (
        a_draft_that_lacks_users,
        "planned",
        dict.fromkeys(["estimate_complete", *SIGNOFFS], V1),
    ),
    *(
        (
            without(role),
            "planned",
            {f"signoff_{role}": f"/approvals/W-01/1/{role}/"},
        )
        for role in SIGNERS
    ),
    (
        refused_by_finance,
        "planned",
        dict.fromkeys(["estimate_complete", *SIGNOFFS], V2),
    ),
    (
        a_withdrawn_signature,
        "planned",
        {"signoff_ops": "/approvals/W-01/1/ops/"},
    ),
    (
        a_newer_version,
        "planned",
        {f"signoff_{role}": f"/approvals/W-01/2/{role}/" for role in SIGNERS},
    ),
    (no_owner, "committed", {"owner_named": EDIT}),
    (no_ship_quarter, "committed", {"ship_quarter_set": EDIT, "ops_headroom": EDIT}),
    (no_gate, "committed", {"gate_defined": GATE}),
    (a_gate_whose_opt_in_was_withdrawn, "committed", {"gate_defined": GATE}),
    (no_staffing, "committed", {"no_staffing": "/capacity/rates/#staffing"}),
    (no_headroom, "committed", {"ops_headroom": "/plan/roadmap/"}),
    (
        no_criterion,
        "committed",
        {"success_criteria": "/workloads/W-01/criteria/"},
    ),
    (
        a_draft_of_a_gate,
        "live",
        {"gate_active": f"{GATE}1/", "gate_enforced": GATE},
    ),
    (
        a_gate_that_awaits_finance,
        "live",
        {"gate_active": f"{GATE}1/", "gate_enforced": GATE},
    ),
    (a_gate_that_nobody_asked, "live", {"gate_enforced": GATE}),
    *((no_proof_of(item), "live", {"production_ready": READINESS}) for item in PROOFS),
    (a_light_load_test, "live", {"production_ready": READINESS}),
    (an_unsigned_re_estimate, "live", {"signoff_fresh": V2}),
    (
        live_without_a_reason,
        "retired",
        {"reason_given": "/workloads/W-01/step/retired/"},
    ),
]


@pytest.mark.parametrize(("story", "to", "unmet"), BROKEN)
def test_a_broken_condition_is_refused_with_its_code_and_a_link(api, story, to, unmet):
    story(api)
    before = Workload.objects.get().status
    steps = StatusStep.objects.count()
    # Only a planner can move what nobody owns.
    who = "pia" if story is no_owner else "sarah"

    answer = move(api, to, who=who)

    body = answer.json()
    assert (answer.status_code, body["code"]) == (409, "requirements_not_met")
    assert (body["to"], body["met"]) == (to, False)
    assert {
        one["code"]: one["link"] for one in body["requirements"] if not one["met"]
    } == unmet
    assert Workload.objects.get().status == before
    assert StatusStep.objects.count() == steps


def test_a_new_version_takes_a_planned_workload_back_and_it_can_return(api):
    planned(api)
    estimate(api, users=5000)
    assert api("nils")("GET", ONE).json()["status"] == "candidate"

    sign(api, *SIGNERS, version=2)
    answer = move(api, "planned")

    assert answer.json()["status"] == Status.PLANNED
    assert answer.json()["users"] == 5000
