"""The approvals inbox: what waits for whom, and the ticket."""

from datetime import timedelta
from types import SimpleNamespace

import pytest

from portal.kernel import clock
from tests.conftest import NOW
from tests.workloads import stories
from tests.workloads.approvals import OPS
from tests.workloads.pages import Reader, words
from workloads.enums import SignRole, Status, Verdict
from workloads.models import Estimate, Workload
from workloads.services.lifecycle import advance
from workloads.services.signoff_ends import lapse_signatures, withdraw_signature

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_now")]


@pytest.fixture
def as_(cast: SimpleNamespace) -> Reader:
    return Reader(cast)


@pytest.fixture
def waiting(cast: SimpleNamespace) -> Estimate:
    return stories.submitted(stories.proposed(cast), cast.sarah)


# --- the list ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "yours", "others"),
    [("noor", 1, 2), ("ines", 1, 2), ("felix", 1, 2), ("sarah", 0, 3), ("clara", 0, 3)],
)
def test_everyone_sees_what_waits_and_which_of_it_is_theirs(
    as_, waiting, who, yours, others
):
    page = words(as_(who).get("/approvals/"))

    assert f"Yours · {yours}" in page
    assert f"Other roles · {others}" in page


@pytest.mark.parametrize(("who", "count"), [("noor", "1"), ("sarah", "0")])
def test_the_badge_counts_what_this_person_can_sign(as_, waiting, who, count):
    page = as_(who).get("/approvals/").content.decode()

    assert (f'<span class="count">{count}<' in page) is (count != "0")


def test_an_empty_inbox_says_what_will_stand_there(as_):
    page = words(as_("noor").get("/approvals/"))

    assert "Nothing waits for a signature." in page
    assert "A submitted estimate stands here until" in page


def test_how_long_it_waits_stands_in_working_days(as_, waiting, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(days=9))

    assert "waited 7 working days" in words(as_("noor").get("/approvals/"))


# --- the ticket ----------------------------------------------------------------------


def test_the_ticket_shows_what_is_signed_the_own_budget_first(as_, waiting):
    page = words(as_("noor").get(OPS))

    assert page.index("Ops hours: to sign here") < page.index("Compute: waits for")
    assert "Stable hours — 6 h/week" in page
    assert "Peak concurrent sessions, its own — 72.69" in page
    assert f"sha256 {waiting.sha256}" in page
    assert "You are signing ops hours: 6 h/week." in page
    assert "Engineering and finance are still missing after yours." in page


def test_the_ticket_shows_what_changed_since_the_last_signature(cast, as_):
    workload = stories.committed(cast)
    stories.submitted(workload, cast.sarah, users=5000, ops_hours_week=8)

    page = words(as_("noor").get("/approvals/W-01/2/ops/"))

    assert "v1, signed 12 May 2026 Change v2, to sign" in page
    assert "Stable hours 6 h/week +2 · +33 % 8 h/week" in page
    assert "Users 4,200 users +800 · +19 % 5,000 users" in page
    assert "6 → 8 h/week" in page


def test_a_lapsed_signature_says_who_gave_it_and_that_nothing_changed(
    cast, as_, monkeypatch
):
    workload = stories.live(cast)
    after = NOW.replace(year=2027, month=1, day=1)
    monkeypatch.setattr(clock, "now", lambda: after)
    unseen = words(as_("noor").get(OPS))
    lapse_signatures(number=workload.number, now=after)

    page = words(as_("noor").get(OPS))

    for said in (unseen, page):
        assert (
            "Noor Haddad signed these same numbers on 12 May 2026; the signature lapsed "
            "on 31 Dec 2026. Nothing changed since." in said
        )
        assert "v1, signed 12 May 2026 Change v1, to sign again" in said
        assert "Stable hours 6 h/week same 6 h/week" in said
        assert "Ops hours: lapsed on 31 Dec 2026, to sign again" in said
        assert "none before" not in said
        assert "Compare v1 with v1" not in said


def test_a_renewal_shows_the_numbers_that_its_signer_signed(cast, as_, monkeypatch):
    stories.planned(cast)
    monkeypatch.setattr(clock, "now", lambda: NOW.replace(month=12, day=20))

    page = words(as_("noor").get(OPS))

    assert (
        "Noor Haddad signed these same numbers on 12 May 2026; the signature lapses on "
        "31 Dec 2026. Nothing changed since." in page
    )
    assert "v1, signed 12 May 2026 Change v1, to sign again" in page


def test_a_signature_taken_back_is_none_before(cast, as_, waiting):
    stories.press(waiting, cast.noor, SignRole.OPS)
    withdraw_signature(
        number=1,
        version=1,
        role=SignRole.OPS,
        actor=cast.noor,
        reason="Too early.",
        now=NOW,
    )

    page = words(as_("noor").get(OPS))

    assert "none before" in page
    assert "signed these same numbers" not in page


def test_the_last_signature_says_what_it_completes(as_, cast, waiting):
    stories.press(waiting, cast.ines, SignRole.ENGINEERING)
    stories.press(waiting, cast.felix, SignRole.FINANCE)

    page = words(as_("noor").get(OPS))

    assert "With it all three are given and v1 is signed" in page
    assert "W-01 can then be moved to planned." in page
    assert "Tokens: signed by Felix Arndt, 12 May" in page
    assert "yours is the last" in page


def test_a_committed_workload_shows_what_its_hours_do_to_the_quarters(cast, as_):
    workload = stories.committed(cast)
    stories.submitted(workload, cast.sarah, ops_hours_week=8)

    page = words(as_("noor").get("/approvals/W-01/2/ops/"))

    assert "2026-Q2 ops 18 → 20 of 4,000 h/week 3,980 left" in page
    assert "2026-Q3 ops 6 → 8 h/week" in page


def test_a_candidate_says_that_its_hours_count_once_it_is_committed(as_, waiting):
    page = words(as_("noor").get(OPS))

    assert "its 6 h/week count in 2026-Q2 once it is committed" in page


def test_sources_are_counted_and_a_declared_figure_is_marked(cast, as_):
    stories.submitted(stories.proposed(cast), cast.sarah, sources={"users": "pilot"})

    page = words(as_("felix").get("/approvals/"))

    assert "Sources 1 pilot measured, " in page
    assert "declared as one figure, not by the formula" in page


# --- home ----------------------------------------------------------------------------


def test_home_lists_signatures_refusals_and_what_is_ready_to_move(cast, as_):
    first = stories.submitted(stories.proposed(cast), cast.sarah)
    stories.press(first, cast.felix, SignRole.FINANCE, Verdict.REFUSE, "A guess.")
    second = stories.proposed(cast, name="Second")
    stories.signed(second, cast)
    third = stories.proposed(cast, name="Third")
    stories.submitted(third, cast.sarah)

    signer, owner = words(as_("noor").get("/")), words(as_("sarah").get("/"))

    assert "W-03 Sign ops hours, estimate v1" in signer
    assert "Answer the refusal of v1" in owner
    assert "W-02 Move it to planned" in owner


def test_home_forgets_what_was_moved(cast, as_):
    workload = stories.proposed(cast)
    stories.signed(workload, cast)
    advance(number=1, to=Status.PLANNED, actor=cast.sarah, reason="", now=NOW)

    page = words(as_("sarah").get("/"))
    assert "Move it to planned" not in page
    assert "Write its success criteria" in page
    assert Workload.objects.get().status == Status.PLANNED


# --- queries -------------------------------------------------------------------------


@pytest.mark.parametrize("workloads", [1, 3])
@pytest.mark.parametrize("query", ["", "?role=ops&q=workload&only=yours&wait=sign"])
def test_the_inbox_takes_the_same_queries_for_one_and_for_three(
    cast, as_, django_assert_num_queries, workloads, query
):
    for n in range(workloads):
        stories.submitted(stories.proposed(cast, name=f"Workload {n}"), cast.sarah)
    client = as_("noor")

    with django_assert_num_queries(17):
        client.get(f"/approvals/{query}")


@pytest.mark.parametrize("workloads", [1, 3])
def test_the_export_takes_the_same_queries_for_one_and_for_three(
    cast, as_, django_assert_num_queries, workloads
):
    for n in range(workloads):
        stories.submitted(stories.proposed(cast, name=f"Workload {n}"), cast.sarah)
    client = as_("noor")

    with django_assert_num_queries(4):
        client.get("/approvals/export.csv")
