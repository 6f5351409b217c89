"""Giving, refusing, renewing and withdrawing signatures through the API."""

from datetime import timedelta

import pytest

from portal.kernel import clock
from portal.kernel.models import AuditEntry, User
from tests.conftest import CAST, NOW
from tests.workloads import stories
from workloads.enums import SignRole, Status
from workloads.models import Deputy, Signoff, SignoffEnd, Workload

pytestmark = pytest.mark.django_db
ONE = "/api/v1/workloads/W-01/estimates/1/"
SIGN = f"{ONE}signoffs/"
ROLES = [str(role) for role in SignRole]
EVERYONE = [username for username, *_ in CAST]


@pytest.fixture
def estimate(cast):
    return stories.submitted(stories.proposed(cast), cast.sarah)


def approve(role, sha256):
    return {"role": role, "verdict": "approve", "sha256": sha256}


# --- Giving --------------------------------------------------------------------------


def test_a_signature_is_on_the_numbers_that_were_read(estimate, api):
    sha256 = api("felix")("GET", ONE).json()["sha256"]

    answer = api("felix")("POST", SIGN, approve("finance", sha256))

    assert answer.status_code == 201
    assert answer["ETag"] == f'"{sha256}"'
    assert answer.json() == {
        "role": "finance",
        "verdict": "approve",
        "by": "felix",
        "on_behalf_of": None,
        "at": "2026-05-12T09:00:00Z",
        "attested": False,
        "lapses_on": "2026-12-31",
        "reason": "",
    }
    entry = AuditEntry.objects.get(action="signoff.given")
    assert entry.object == "workload/W-01"
    assert entry.after == {"role": "finance", "verdict": "approve", "version": 1}


def test_the_etag_stands_for_the_hash(estimate, api):
    tag = api("felix")("GET", ONE)["ETag"]
    body = {"role": "finance", "verdict": "approve"}

    assert api("felix")("POST", SIGN, body, If_Match=tag).status_code == 201


@pytest.mark.parametrize(
    ("sha256", "tag", "status", "code"),
    [
        (None, None, 428, "precondition_required"),
        ("", None, 428, "precondition_required"),
        (None, "*", 428, "precondition_required"),
        ("right", "*", 428, "precondition_required"),
        (None, "", 428, "precondition_required"),
        (5, None, 428, "precondition_required"),
        ("0" * 64, None, 412, "stale_estimate"),
        ("RIGHT", None, 412, "stale_estimate"),
        (None, '"0"', 412, "stale_estimate"),
        (None, "right", 201, None),
        ("right", '"0"', 412, "stale_estimate"),
        ("0" * 64, '"right"', 412, "stale_estimate"),
        ("right", '"right"', 201, None),
        (None, '"0", "right"', 201, None),
    ],
)
def test_a_signature_names_the_numbers_it_is_on(
    estimate, api, sha256, tag, status, code
):
    body = {"role": "ops", "verdict": "approve"}
    if sha256 is not None:
        right = {"right": estimate.sha256, "RIGHT": estimate.sha256.upper()}
        body["sha256"] = right.get(sha256, sha256)
    headers = {"If_Match": tag.replace("right", estimate.sha256)} if tag else {}

    answer = api("noor")("POST", SIGN, body, **headers)

    assert (answer.status_code, answer.json().get("code")) == (status, code)
    assert Signoff.objects.count() == (status == 201)


# Each row mends what the one above was refused for.
ORDER = [
    (None, ONE, b"{", 401, "not_signed_in"),
    ("adele", "/api/v1/workloads/W-01/estimates/9/", b"{", 404, "not_found"),
    ("adele", ONE, b"{", 403, "not_allowed"),
    ("clara", ONE, {"role": "finance"}, 403, "not_allowed"),
    ("felix", ONE, {"role": "ops"}, 403, "not_allowed"),
    ("ines", ONE, {"role": "engineering"}, 403, "separation_of_duties"),
    ("felix", ONE, {"role": "finance"}, 428, "precondition_required"),
    ("felix", ONE, {"role": "finance", "sha256": "0"}, 412, "stale_estimate"),
    ("felix", ONE, {"role": "finance", "sha256": "right"}, 400, "invalid"),
    (
        "felix",
        ONE,
        {"role": "finance", "sha256": "right", "verdict": "approve", "at": "now"},
        400,
        "read_only",
    ),
    (
        "felix",
        ONE,
        {"role": "finance", "sha256": "right", "verdict": "refuse"},
        400,
        "invalid",
    ),
    (
        "felix",
        ONE,
        {"role": "finance", "sha256": "right", "verdict": "approve"},
        409,
        "already_signed",
    ),
]


@pytest.mark.parametrize(("who", "path", "body", "status", "code"), ORDER)
def test_a_signature_is_refused_in_one_order(cast, api, who, path, body, status, code):
    workload = stories.proposed(cast)
    stories.drafted(workload, cast.sarah)
    # ines is a contributor of the version, and may not sign it.
    api("pia")("PATCH", ONE, {"note": "Checked."}, If_Match="*")
    cast.ines.roles = ["engineering", "planner"]
    cast.ines.save()
    api("ines")("PATCH", ONE, {"users": 4300}, If_Match="*")
    api("sarah")("POST", f"{ONE}submit/")
    sha256 = api("nils")("GET", ONE).json()["sha256"]
    if status == 409:
        api("felix")("POST", SIGN, approve("finance", sha256))
    given = Signoff.objects.count()
    if isinstance(body, dict) and body.get("sha256") == "right":
        body = {**body, "sha256": sha256}

    answer = api(who)("POST", f"{path}signoffs/", body)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert Signoff.objects.count() == given


@pytest.mark.parametrize("person", [*EVERYONE, "root"])
@pytest.mark.parametrize("role", ROLES)
def test_who_may_give_which_signature(estimate, cast, api, person, role):
    cast.root = User.objects.create(
        username="root", is_superuser=True, is_staff=True, created_at=NOW
    )
    allowed = {"ines": "engineering", "felix": "finance", "noor": "ops"}

    answer = api(person)("POST", SIGN, approve(role, estimate.sha256))

    may = allowed.get(person) == role
    assert answer.status_code == (201 if may else 403)
    assert Signoff.objects.count() == may


# Who has all three roles, and in which part of the case they stand.
SEPARATION = ["owner", "contributor", "signed another role"]


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("part", SEPARATION)
@pytest.mark.parametrize("superuser", [False, True])
def test_duties_are_separate_whoever_it_is(cast, api, role, part, superuser):
    person = cast.marcus
    person.roles = ["owner", "planner", *ROLES]
    person.is_superuser = superuser
    person.save()
    owner = person if part == "owner" else cast.sarah
    author = person if part == "contributor" else cast.pia
    estimate = stories.submitted(stories.proposed(cast, owner=owner), author)
    if part == "signed another role":
        other = next(one for one in SignRole if one != role)
        stories.press(estimate, person, other)

    answer = api("marcus")("POST", SIGN, approve(role, estimate.sha256))

    assert (answer.status_code, answer.json()["code"]) == (403, "separation_of_duties")
    assert answer.json()["link"] == "/workloads/W-01/estimates/1/"


def test_a_draft_takes_no_signature(cast, api):
    stories.drafted(stories.proposed(cast), cast.sarah)
    tag = api("felix")("GET", ONE)["ETag"]

    answer = api("felix")(
        "POST", SIGN, {"role": "finance", "verdict": "approve"}, If_Match=tag
    )

    assert (answer.status_code, answer.json()["code"]) == (409, "not_open_for_signing")


def test_a_superseded_version_takes_no_signature(estimate, cast, api):
    stories.submitted(Workload.objects.get(), cast.sarah, users=5000)

    answer = api("felix")("POST", SIGN, approve("finance", estimate.sha256))

    assert (answer.status_code, answer.json()["code"]) == (409, "not_open_for_signing")


def test_a_refusal_closes_the_version_and_opens_the_next(estimate, api):
    answer = api("felix")(
        "POST",
        SIGN,
        {
            "role": "finance",
            "verdict": "refuse",
            "reason": "Sessions look low.",
            "sha256": estimate.sha256,
        },
    )

    assert answer.status_code == 201
    assert answer.json()["lapses_on"] is None
    assert api("nils")("GET", ONE).json()["state"] == "refused"
    opened = api("nils")("GET", ONE.replace("/1/", "/2/")).json()
    assert (opened["state"], opened["users"]) == ("draft", 4200)


def test_the_same_key_signs_once(estimate, api):
    body = approve("ops", estimate.sha256)

    first = api("noor")("POST", SIGN, body, Idempotency_Key="k")
    again = api("noor")("POST", SIGN, body, Idempotency_Key="k")
    later = api("noor")("POST", SIGN, body)

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert (later.status_code, later.json()["code"]) == (409, "already_signed")
    assert Signoff.objects.count() == 1


def test_a_signer_renews_before_the_lapse_by_the_same_call(estimate, api, monkeypatch):
    body = approve("ops", estimate.sha256)
    caller = api("noor")
    caller("POST", SIGN, body)
    # Two weeks before the end of 2026Q4.
    monkeypatch.setattr(clock, "now", lambda: NOW.replace(month=12, day=18))

    answer = caller("POST", SIGN, body)

    assert answer.status_code == 201
    assert answer.json()["lapses_on"] == "2027-06-30"
    assert len(caller("GET", ONE).json()["signoffs"]) == 1
    assert SignoffEnd.objects.get().kind == "renewed"


def test_a_deputy_signs_in_their_own_name(estimate, cast, api):
    Deputy.objects.create(
        role="finance",
        signer=cast.felix,
        deputy=cast.clara,
        from_day=NOW.date(),
        until_day=NOW.date() + timedelta(days=7),
        named_at=NOW,
    )

    answer = api("clara")("POST", SIGN, approve("finance", estimate.sha256))

    assert answer.status_code == 201
    assert (answer.json()["by"], answer.json()["on_behalf_of"]) == ("clara", "felix")


# --- Withdrawing ---------------------------------------------------------------------


def test_a_signer_withdraws_a_signature(estimate, cast, api):
    stories.press(estimate, cast.felix, SignRole.FINANCE)

    answer = api("felix")(
        "DELETE",
        f"{SIGN}finance/",
        {"reason": "Wrong price."},
        If_Match=f'"{estimate.sha256}"',
    )

    assert answer.status_code == 204
    assert api("nils")("GET", ONE).json()["signoffs"] == []
    assert AuditEntry.objects.get(action="signoff.withdrawn").reason == "Wrong price."


WITHDRAWAL_ORDER = [
    (None, "finance", None, None, 401, "not_signed_in"),
    ("adele", "sales", None, None, 404, "not_found"),
    ("adele", "finance", None, None, 403, "not_allowed"),
    ("noor", "finance", None, None, 403, "not_allowed"),
    ("adele", "ops", None, None, 403, "not_allowed"),
    ("felix", "finance", None, {"reason": "x"}, 428, "precondition_required"),
    ("felix", "finance", '"0"', {"reason": "x"}, 412, "stale"),
    ("felix", "finance", "*", {}, 400, "invalid"),
    ("felix", "finance", "*", {"reason": " "}, 400, "invalid"),
    ("felix", "finance", "*", {"reason": "x", "by": "y"}, 400, "unknown_field"),
    ("noor", "ops", "*", {"reason": "x"}, 409, "not_signed"),
]


@pytest.mark.parametrize(
    ("who", "role", "tag", "body", "status", "code"), WITHDRAWAL_ORDER
)
def test_a_withdrawal_is_refused_in_one_order(
    estimate, cast, api, who, role, tag, body, status, code
):
    stories.press(estimate, cast.felix, SignRole.FINANCE)

    answer = api(who)(
        "DELETE", f"{SIGN}{role}/", body, **({"If_Match": tag} if tag else {})
    )

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert not SignoffEnd.objects.exists()


@pytest.mark.parametrize(
    ("to", "code"),
    [("planned", "signature_in_use"), ("retired", "not_open_for_signing")],
)
def test_a_signature_that_the_status_has_used_stays(estimate, cast, api, to, code):
    workload = estimate.workload
    stories.press(estimate, cast.felix, SignRole.FINANCE)
    if to == "planned":
        stories.press(estimate, cast.ines, SignRole.ENGINEERING)
        stories.press(estimate, cast.noor, SignRole.OPS)
    stories.moved(workload, Status(to), cast.sarah, reason="No use.")

    answer = api("felix")("DELETE", f"{SIGN}finance/", {"reason": "x"}, If_Match="*")

    assert (answer.status_code, answer.json()["code"]) == (409, code)
    assert not SignoffEnd.objects.exists()
