"""Requirements, asking, and the steps of a workload through the API."""

from datetime import timedelta

import pytest

from portal.kernel import clock
from portal.kernel.models import AuditEntry, OutboxMessage
from tests.conftest import CAST, NOW
from tests.workloads import stories
from workloads.enums import SignRole, Status
from workloads.models import Reminder, Workload

pytestmark = pytest.mark.django_db
ONE = "/api/v1/workloads/W-01/"
NEEDS = f"{ONE}requirements/"
MOVE = f"{ONE}transitions/"
EVERYONE = [username for username, *_ in CAST]


# --- Requirements --------------------------------------------------------------------


def test_requirements_are_told_with_four_members_each(cast, api):
    stories.proposed(cast)

    answer = api("nils")("GET", f"{NEEDS}?to=planned")

    assert answer.json() == {
        "to": "planned",
        "met": False,
        "requirements": [
            {
                "code": "estimate_complete",
                "met": False,
                "message": "No estimate yet. W-01 needs one before anyone can sign.",
                "link": "/workloads/W-01/estimates/new/",
            },
            *(
                {
                    "code": f"signoff_{role}",
                    "met": False,
                    "message": f"No estimate is submitted, so {role} cannot sign.",
                    "link": "/workloads/W-01/estimates/new/",
                }
                for role in SignRole
            ),
        ],
    }


@pytest.mark.parametrize(
    ("story", "next_status"),
    [
        ("proposed", "planned"),
        ("planned", "committed"),
        ("committed", "live"),
        ("live", "retired"),
    ],
)
def test_without_a_status_the_next_one_is_meant(cast, api, story, next_status):
    getattr(stories, story)(cast)

    assert api("nils")("GET", NEEDS).json()["to"] == next_status


def test_one_status_is_told_whatever_the_present_one(cast, api):
    stories.live(cast)

    answer = api("nils")("GET", f"{NEEDS}?to=planned").json()

    assert answer["met"] is True
    assert len(answer["requirements"]) == 4


def test_the_road_tells_who_can_mend_and_how_long_it_waits(cast, api, monkeypatch):
    stories.submitted(stories.proposed(cast), cast.sarah)
    caller = api("nils")
    monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(days=3))

    answer = caller("GET", f"{NEEDS}?to=live&road=true").json()

    told = {one["code"]: one for one in answer["requirements"]}
    assert [(one["to"], one["code"]) for one in answer["requirements"]] == [
        ("planned", "estimate_complete"),
        ("planned", "signoff_engineering"),
        ("planned", "signoff_finance"),
        ("planned", "signoff_ops"),
        ("committed", "owner_named"),
        ("committed", "ship_quarter_set"),
        ("committed", "gate_defined"),
        ("committed", "no_staffing"),
        ("committed", "success_criteria"),
        ("live", "gate_active"),
        ("live", "gate_enforced"),
        ("live", "signoff_fresh"),
        ("live", "production_ready"),
    ]
    assert told["signoff_finance"]["who"] == "Felix Arndt can mend it."
    assert told["signoff_finance"]["waited_days"] == 3
    assert told["estimate_complete"]["waited_days"] is None


def test_requirements_of_a_word_that_is_no_status_are_refused(cast, api):
    stories.proposed(cast)

    answer = api("nils")("GET", f"{NEEDS}?to=done")

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_parameter")


# --- Asking --------------------------------------------------------------------------


def test_asking_reminds_who_can_mend_it(cast, api):
    stories.submitted(stories.proposed(cast), cast.sarah)

    answer = api("sarah")("POST", f"{NEEDS}signoff_finance/ask/", {})

    assert answer.status_code == 200
    assert answer.json() == {
        "code": "signoff_finance",
        "asked": ["felix"],
        "at": "2026-05-12T09:00:00Z",
    }
    assert OutboxMessage.objects.filter(kind="reminder").count() == 1
    assert AuditEntry.objects.filter(action="requirement.asked").count() == 1


@pytest.mark.parametrize(
    ("who", "code", "status", "problem"),
    [
        (None, "signoff_finance", 401, "not_signed_in"),
        ("adele", "no_such_thing", 404, "not_found"),
        ("adele", "signoff_finance", 403, "not_allowed"),
        ("gateway", "signoff_finance", 403, "not_allowed"),
        ("sarah", "owner_named", 409, "nothing_to_ask"),
    ],
)
def test_asking_is_refused(cast, api, who, code, status, problem):
    stories.submitted(stories.proposed(cast), cast.sarah)

    answer = api(who)("POST", f"{NEEDS}{code}/ask/", {})

    assert (answer.status_code, answer.json()["code"]) == (status, problem)
    assert not Reminder.objects.exists()


def test_asking_twice_on_a_day_is_refused(cast, api):
    stories.submitted(stories.proposed(cast), cast.sarah)
    api("sarah")("POST", f"{NEEDS}signoff_finance/ask/")

    answer = api("sarah")("POST", f"{NEEDS}signoff_finance/ask/")

    assert (answer.status_code, answer.json()["code"]) == (409, "already_asked")


# --- Steps ---------------------------------------------------------------------------


def test_a_step_answers_with_the_workload(cast, api):
    stories.signed(stories.proposed(cast), cast)

    answer = api("pia")("POST", MOVE, {"to": "planned"})

    assert answer.status_code == 200
    assert answer.json()["status"] == "planned"
    assert answer["ETag"] == f'"W-01.{Workload.objects.get().version}"'
    entry = AuditEntry.objects.get(action="workload.transitioned")
    assert (entry.actor_username, entry.source) == ("pia", "api")


def test_what_is_missing_comes_with_the_refusal(cast, api):
    stories.proposed(cast)
    needs = api("sarah")("GET", f"{NEEDS}?to=planned").json()

    answer = api("sarah")("POST", MOVE, {"to": "planned"})

    body = answer.json()
    assert (answer.status_code, body["code"]) == (409, "requirements_not_met")
    assert {name: body[name] for name in ("to", "met", "requirements")} == needs
    assert body["link"] == "/workloads/W-01/"
    assert Workload.objects.get().status == Status.CANDIDATE


@pytest.mark.parametrize("reason", [None, "", "  "])
def test_a_step_back_needs_a_reason(cast, api, reason):
    stories.planned(cast)
    body = {"to": "candidate"} | ({} if reason is None else {"reason": reason})

    answer = api("sarah")("POST", MOVE, body)

    assert answer.status_code == 409
    assert [one["code"] for one in answer.json()["requirements"] if not one["met"]] == [
        "reason_given"
    ]


ILLEGAL = [
    ("proposed", "committed"),
    ("proposed", "live"),
    ("proposed", "candidate"),
    ("planned", "live"),
    ("committed", "candidate"),
    ("live", "committed"),
]


@pytest.mark.parametrize(("story", "to"), ILLEGAL)
@pytest.mark.parametrize(
    ("who", "status", "code"),
    [
        ("sarah", 409, "illegal_transition"),
        ("clara", 409, "illegal_transition"),
        ("felix", 403, "not_allowed"),
        ("adele", 403, "not_allowed"),
    ],
)
def test_a_step_that_does_not_exist(cast, api, story, to, who, status, code):
    before = getattr(stories, story)(cast).status

    answer = api(who)("POST", MOVE, {"to": to, "reason": "Because."})

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert Workload.objects.get().status == before


ORDER = [
    (None, MOVE, None, b"{", 401, "not_signed_in"),
    ("adele", "/api/v1/workloads/W-9/transitions/", None, b"{", 404, "not_found"),
    ("adele", MOVE, None, b"{", 403, "not_allowed"),
    ("clara", MOVE, None, {"to": "planned"}, 403, "not_allowed"),
    ("sarah", MOVE, '"W-01.0"', b"{", 412, "stale"),
    ("sarah", MOVE, None, b"{", 400, "malformed"),
    ("sarah", MOVE, None, {"to": "done"}, 400, "invalid"),
    ("sarah", MOVE, None, {"to": ["planned"]}, 400, "invalid"),
    ("sarah", MOVE, None, {}, 400, "invalid"),
    ("sarah", MOVE, None, {"to": "planned", "status": "live"}, 400, "read_only"),
    ("sarah", MOVE, None, {"to": "planned"}, 409, "requirements_not_met"),
]


@pytest.mark.parametrize(("who", "path", "tag", "body", "status", "code"), ORDER)
def test_a_step_is_refused_in_one_order(cast, api, who, path, tag, body, status, code):
    stories.proposed(cast)

    answer = api(who)("POST", path, body, **({"If_Match": tag} if tag else {}))

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert Workload.objects.get().status == Status.CANDIDATE


@pytest.mark.parametrize("person", EVERYONE)
def test_who_may_move_to_planned(cast, api, person):
    stories.signed(stories.proposed(cast), cast)

    answer = api(person)("POST", MOVE, {"to": "planned"})

    assert answer.status_code == (200 if person in {"sarah", "pia"} else 403)


def test_the_same_key_moves_once_and_tells_the_same(cast, api):
    stories.signed(stories.proposed(cast), cast)

    first = api("pia")("POST", MOVE, {"to": "planned"}, Idempotency_Key="k")
    again = api("pia")("POST", MOVE, {"to": "planned"}, Idempotency_Key="k")
    later = api("pia")("POST", MOVE, {"to": "planned"})

    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json() == again.json()
    assert (later.status_code, later.json()["code"]) == (409, "illegal_transition")
    assert AuditEntry.objects.filter(action="workload.transitioned").count() == 1


def test_a_live_workload_tells_its_lead_time(cast, api, monkeypatch):
    workload = stories.committed(cast)
    stories.ready(workload, cast.sarah)
    later = NOW + timedelta(days=10)
    stories.enforced(workload, cast.gateway, later)
    stories.moved(workload, Status.LIVE, cast.sarah, now=later)
    caller = api("nils")
    monkeypatch.setattr(clock, "now", lambda: later + timedelta(days=2))

    row = caller("GET", ONE).json()

    assert row["lead_time_days"] == 10
    assert row["days_in_status"] == {
        "candidate": 0,
        "planned": 0,
        "committed": 10,
        "live": 2,
    }
