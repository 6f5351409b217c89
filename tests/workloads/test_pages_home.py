"""Home, as the plan fills it: what waits for a signer, and what only an owner can mend."""

import re
from datetime import timedelta
from types import SimpleNamespace

import pytest

from portal.kernel import clock
from portal.kernel.services import audit
from tests.conftest import NOW
from tests.workloads import stories
from tests.workloads.pages import Reader, words
from workloads.enums import ReadinessCheck, SignRole, Status, Verdict
from workloads.models import Workload
from workloads.services.criteria import record_readiness
from workloads.services.reminders import ask_for_requirement

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_now")]


@pytest.fixture
def as_(cast: SimpleNamespace) -> Reader:
    return Reader(cast)


def a_candidate(cast: SimpleNamespace) -> Workload:
    return stories.proposed(cast)


def unfinished(cast: SimpleNamespace) -> Workload:
    workload = stories.proposed(cast)
    stories.drafted(workload, cast.sarah, users=None, ops_hours_week=None)
    return workload


def drafted(cast: SimpleNamespace) -> Workload:
    workload = stories.proposed(cast)
    stories.drafted(workload, cast.sarah)
    return workload


def refused(cast: SimpleNamespace) -> Workload:
    workload = stories.proposed(cast)
    estimate = stories.submitted(workload, cast.sarah)
    stories.press(estimate, cast.felix, SignRole.FINANCE, Verdict.REFUSE, "A guess.")
    return workload


def signed(cast: SimpleNamespace) -> Workload:
    workload = stories.proposed(cast)
    stories.signed(workload, cast)
    return workload


def without_quarter(cast: SimpleNamespace) -> Workload:
    workload = stories.planned(cast, ship_quarter="")
    stories.with_criterion(workload, cast.sarah)
    return workload


def half_proven(cast: SimpleNamespace) -> Workload:
    workload = stories.committed(cast)
    for item in (ReadinessCheck.AUDIT_SEEN, ReadinessCheck.EDGE_CASES):
        record_readiness(
            number=workload.number,
            actor=cast.sarah,
            item=item,
            link="https://wiki.example.com/proof",
            done_on=NOW.date(),
            now=NOW,
        )
    return workload


@pytest.mark.parametrize(
    ("story", "said", "button", "link"),
    [
        (
            a_candidate,
            "Estimate it Customer support chat. It has no estimate yet, so nobody can",
            "Estimate W-01",
            "/workloads/W-01/estimates/new/",
        ),
        (
            unfinished,
            "Finish draft v1 Customer support chat. It lacks users and ops hours a week.",
            "Open v1",
            "/workloads/W-01/estimates/1/",
        ),
        (
            drafted,
            "Submit draft v1 Customer support chat. It is complete; nobody can sign it",
            "Submit v1",
            "/workloads/W-01/estimates/1/submit/",
        ),
        (
            refused,
            "Answer the refusal of v1 Customer support chat. Draft v2 is open",
            "Open v2",
            "/workloads/W-01/estimates/2/",
        ),
        (
            signed,
            "Move it to planned Customer support chat. v1 carries three signatures sin",
            "See the step",
            "/workloads/W-01/step/planned/",
        ),
        (
            without_quarter,
            "Set its ship quarter Customer support chat. It cannot be committed",
            "Edit W-01",
            "/workloads/W-01/edit/",
        ),
        (
            stories.planned,
            "Write its success criteria Customer support chat. It cannot be committed",
            "Write criteria",
            "/workloads/W-01/criteria/",
        ),
        (
            half_proven,
            "Prove that it is ready for production Customer support chat. 2 of 5 proofs",
            "Add a proof",
            "/workloads/W-01/readiness/",
        ),
    ],
)
def test_an_owner_reads_what_only_they_can_mend_one_click_away(
    cast, as_, story, said, button, link
):
    story(cast)
    sarah = as_("sarah")

    page = sarah.get("/")

    assert f"W-01 {said}" in words(page)
    assert "One thing waits for you" in words(page)
    found = rf'<a class="btn small-btn go" href="{link}">{button}<'
    assert re.search(found, page.content.decode())
    assert sarah.get(link).status_code == 200
    assert "Nothing waits for you" in words(as_("marcus").get("/"))


@pytest.mark.parametrize("story", [stories.live, stories.ready])
def test_what_needs_nothing_is_not_listed(cast, as_, story):
    if story is stories.live:
        stories.live(cast)
    else:
        story(stories.committed(cast), cast.sarah)

    assert "Nothing waits for you" in words(as_("sarah").get("/"))


def test_a_lapsed_signature_is_to_be_asked_for(cast, as_, monkeypatch):
    stories.live(cast)
    monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(days=240))

    page = words(as_("sarah").get("/"))

    assert "Ask for the engineering, finance and ops signatures again" in page
    assert "They lapsed on v1." in page


def test_who_was_asked_reads_by_whom(cast, as_):
    workload = stories.proposed(cast, owner=cast.marcus)
    estimate = stories.submitted(workload, cast.marcus)
    for code, actor in (
        ("success_criteria", cast.noor),
        ("signoff_finance", cast.marcus),
    ):
        ask_for_requirement(number=1, code=code, actor=actor, now=NOW)

    owner, planner, signer = (
        words(as_(who).get("/")) for who in ("marcus", "pia", "felix")
    )

    asked = "Write its success criteria Customer support chat."
    assert asked in owner
    assert asked in planner
    assert "Noor Haddad asks for it." in planner
    assert f"Sign tokens, estimate v{estimate.version}" in signer
    assert "Marcus Webb asks for it." in signer

    stories.with_criterion(workload, cast.marcus)
    assert "Nothing waits for you" in words(as_("pia").get("/"))


def test_an_ask_of_long_ago_is_no_news(cast, as_, monkeypatch):
    stories.submitted(stories.proposed(cast), cast.sarah)
    ask_for_requirement(number=1, code="success_criteria", actor=cast.noor, now=NOW)
    monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(days=31))

    assert "success criteria" not in words(as_("sarah").get("/"))


def test_what_was_retired_asks_for_nothing(cast, as_):
    stories.moved(stories.proposed(cast), Status.RETIRED, cast.sarah, "Dropped.")

    assert "Nothing waits for you" in words(as_("sarah").get("/"))


def test_an_auditor_has_nothing_to_do(cast, as_):
    stories.submitted(stories.proposed(cast), cast.sarah)

    assert "Nothing waits for you" in words(as_("adele").get("/"))


def test_a_long_list_says_where_the_rest_is(cast, as_, monkeypatch):
    monkeypatch.setattr("workloads.views.waiting.MOST_SIGNATURES", 2)
    monkeypatch.setattr("workloads.views.waiting.MOST_WORKLOADS", 1)
    for n in range(3):
        stories.submitted(stories.proposed(cast, name=f"Workload {n}"), cast.sarah)
    for n in range(2):
        stories.proposed(cast, name=f"Candidate {n}")

    signer, owner = as_("noor").get("/"), as_("sarah").get("/")

    assert "More than two things wait for you" in words(signer)
    assert "More wait for your signature" in words(signer)
    assert 'href="/approvals/?only=yours"' in signer.content.decode()
    assert "More of your workloads wait for you" in words(owner)
    assert 'href="/plan/?owner=sarah"' in owner.content.decode()


def test_answered_asks_take_no_place_from_what_is_still_to_do(cast, as_, monkeypatch):
    monkeypatch.setattr("workloads.views.waiting.MOST_WORKLOADS", 2)
    for n in range(3):
        workload = stories.proposed(cast, name=f"Workload {n}", owner=cast.marcus)
        ask_for_requirement(
            number=workload.number, code="success_criteria", actor=cast.noor, now=NOW
        )
        stories.with_criterion(workload, cast.marcus)
    stories.proposed(cast, name="Her own", owner=cast.pia)

    page = words(as_("pia").get("/"))

    assert "Estimate it Her own." in page
    assert "One thing waits for you" in page


def test_what_a_person_can_do_no_more_is_not_asked_of_them(cast, as_):
    workload = stories.proposed(cast, owner=cast.marcus)
    ask_for_requirement(number=1, code="success_criteria", actor=cast.noor, now=NOW)
    before = [words(as_(who).get("/")) for who in ("marcus", "pia")]

    cast.pia.roles = ["owner"]
    cast.pia.save()
    Workload.objects.filter(pk=workload.pk).update(owner=cast.sarah)
    after = [words(as_(who).get("/")) for who in ("marcus", "pia")]

    assert all("Write its success criteria" in page for page in before)
    assert all("Nothing waits for you" in page for page in after)


def test_the_way_to_the_rest_survives_any_name_of_an_account(cast, as_, monkeypatch):
    monkeypatch.setattr("workloads.views.waiting.MOST_WORKLOADS", 1)
    cast.sarah.username = "sarah+plan@example.com"
    cast.sarah.save()
    for n in range(2):
        stories.proposed(cast, name=f"Workload {n}")

    page = as_("sarah").get("/").content.decode()

    assert 'href="/plan/?owner=sarah%2Bplan%40example.com"' in page


@pytest.mark.parametrize("who", ["noor", "sarah", "nils"])
@pytest.mark.parametrize("rows", [1, 3])
def test_home_takes_the_same_queries_for_one_and_for_three(
    cast, as_, django_assert_num_queries, who, rows
):
    for n in range(rows):
        stories.submitted(stories.proposed(cast, name=f"Workload {n}"), cast.sarah)
        stories.planned(cast, name=f"Planned {n}")
        audit.record("workload.edited", "workload/W-01", actor=cast.pia, now=NOW)
    person = getattr(cast, who)
    person.last_visit_at = NOW - timedelta(days=1)
    person.save()
    client = as_(who)

    with django_assert_num_queries(17):
        client.get("/")
