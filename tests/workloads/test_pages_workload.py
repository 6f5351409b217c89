"""The workload's page: where it stands, what it lacks, who signed, what is next."""

from datetime import timedelta
from types import SimpleNamespace

import pytest

from portal.kernel.models import AuditEntry, OutboxMessage
from tests.conftest import NOW
from tests.workloads import stories
from tests.workloads.pages import Reader, press, toasts, words
from workloads.enums import SignRole, Status, Verdict
from workloads.models import Workload
from workloads.services.plan import edit_workload

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_now")]

PAGE = "/workloads/W-01/"


@pytest.fixture
def as_(cast: SimpleNamespace) -> Reader:
    return Reader(cast)


# --- what it shows -------------------------------------------------------------------


def test_a_candidate_lists_every_requirement_of_planned_with_who_can_mend_it(cast, as_):
    workload = stories.proposed(cast)
    stories.submitted(workload, cast.sarah)

    page = words(as_("sarah").get(PAGE))

    assert "Missing for planned: 3 of 4" in page
    assert "Estimate v1 is complete and submitted." in page
    assert "The finance signature on v1 is missing." in page
    assert "Felix Arndt can mend it." in page


@pytest.mark.parametrize(
    ("story", "heading", "steps"),
    [
        (stories.proposed, "Missing for planned: 4 of 4", ["Drop W-01"]),
        (
            stories.planned,
            "Missing for committed: 3 of",
            ["Withdraw to candidate", "Drop W-01"],
        ),
        (stories.committed, "Missing for live: 1 of", ["De-commit W-01", "Drop W-01"]),
        (stories.live, "Live", ["Retire W-01"]),
    ],
)
def test_each_status_names_what_is_missing_and_the_steps_back(
    cast, as_, story, heading, steps
):
    story(cast)

    page = words(as_("sarah").get(PAGE))

    assert heading in page
    assert [step in page for step in steps] == [True] * len(steps)


def test_a_retired_workload_offers_nothing(cast, as_):
    stories.moved(stories.proposed(cast), Status.RETIRED, cast.sarah, reason="No need.")

    page = words(as_("sarah").get(PAGE))

    assert "Other steps" not in page
    assert "W-01 is retired." in page
    assert "“No need.”" in page


def test_the_road_to_live_holds_the_conditions_of_all_three_statuses(cast, as_):
    stories.proposed(cast)

    page = words(as_("sarah").get(PAGE))

    assert "Missing for planned: 4 of 4" in page
    assert "Missing for committed:" in page
    assert "Missing for live:" in page


def test_a_signer_is_led_to_the_signature_and_others_to_read_it(cast, as_):
    stories.submitted(stories.proposed(cast), cast.sarah)

    assert "Weigh and sign" in words(as_("noor").get(PAGE))
    assert "Weigh and sign" not in words(as_("sarah").get(PAGE))


def test_signatures_stand_with_name_time_version_and_lapse(cast, as_):
    stories.signed(stories.proposed(cast), cast)

    page = words(as_("sarah").get(PAGE))

    assert "Signatures on v1" in page
    assert "Noor Haddad signed ops hours 12 May 2026, 09:00 · until 31 Dec 2026" in page


def test_a_signature_that_lapses_soon_says_in_how_many_days(cast, as_, monkeypatch):
    stories.signed(stories.proposed(cast), cast)
    soon = NOW.replace(month=12, day=17)
    monkeypatch.setattr("portal.kernel.clock.now", lambda: soon)

    assert "lapses in 14 days" in words(as_("sarah").get(PAGE))


def test_a_refusal_stands_with_its_reason(cast, as_):
    estimate = stories.submitted(stories.proposed(cast), cast.sarah)
    stories.press(
        estimate, cast.felix, SignRole.FINANCE, Verdict.REFUSE, "The share is a guess."
    )

    page = words(as_("sarah").get(PAGE))

    assert "Felix Arndt refused tokens “The share is a guess.”" in page
    assert "refused by finance" in page
    assert "Open draft v2" in page


def test_a_committed_workload_with_a_newer_version_is_marked_unsigned(cast, as_):
    workload = stories.committed(cast)
    stories.submitted(workload, cast.sarah, users=5000)

    page = words(as_("sarah").get(PAGE))

    assert "Re-estimate unsigned. v2 waits for engineering, finance and ops." in page
    assert "The plan shows the figures of v1, which are signed." in page
    assert "Compare v1 with v2" in page


def test_the_status_that_an_import_asked_for_stands_with_what_it_lacks(cast, as_):
    stories.proposed(cast, requested_status="committed")

    page = words(as_("sarah").get(PAGE))

    assert "An imported plan asks for committed." in page
    assert "7 requirements stand on that road unmet." in page


def test_the_three_budgets_stand_apart_and_no_figure_adds_them(cast, as_):
    stories.signed(stories.proposed(cast), cast)

    page = words(as_("sarah").get(PAGE))

    assert "Tokens 2.18B tokens/month Compute 72.69 peak sessions Ops 6 h/week" in page


def test_history_tells_before_and_after_and_leads_to_the_trail(cast, as_):
    workload = stories.planned(cast)
    edit_workload(
        number=workload.number,
        actor=cast.sarah,
        changes={"ship_quarter": "2026Q3"},
        now=NOW,
    )

    response = as_("sarah").get(PAGE)

    page = words(response)
    assert "Row edited Ship quarter: 2026-Q2 → 2026-Q3" in page
    assert "Moved on Status: candidate → planned" in page
    assert 'href="/audit/?object=W-01"' in response.content.decode()
    assert 'href="/api/v1/workloads/W-01/"' in response.content.decode()


def test_lead_time_counts_the_days_in_each_status(cast, as_, monkeypatch):
    stories.planned(cast)
    monkeypatch.setattr("portal.kernel.clock.now", lambda: NOW + timedelta(days=3))

    page = words(as_("sarah").get(PAGE))

    assert "Proposal to live not live yet" in page
    assert "Planned 3 days" in page


def test_an_unknown_reference_is_a_problem_page(as_):
    response = as_("sarah").get("/workloads/W-99/")

    assert response.status_code == 404
    assert 'There is no workload "W-99".' in words(response)


def test_the_list_of_workloads_is_the_plan(as_):
    assert as_("sarah").get("/workloads/")["Location"] == "/plan/"


# --- who may -------------------------------------------------------------------------


def test_what_a_person_cannot_use_is_dashed_with_who_can(cast, as_):
    stories.proposed(cast)

    response = as_("adele").get(PAGE)

    page = words(response)
    assert "Its owner Sarah Lind or a planner can." in page
    assert "Its owner Sarah Lind or a committee member can." in page
    assert "You cannot ask:" in page
    assert 'href="estimates/new/"' not in response.content.decode()


@pytest.mark.parametrize("who", ["nils", "adele", "gateway", "clara"])
def test_everyone_signed_in_reads_it(cast, as_, who):
    stories.committed(cast)

    assert as_(who).get(PAGE).status_code == 200


def test_an_outsider_is_sent_to_the_sign_in(cast, client):
    stories.proposed(cast)

    assert client.get(PAGE)["Location"].startswith("/sign-in/")


# --- asking --------------------------------------------------------------------------


def test_asking_reminds_whoever_can_mend_it_once_a_day(cast, as_):
    stories.submitted(stories.proposed(cast), cast.sarah)
    sarah = as_("sarah")

    first = sarah.post(f"{PAGE}ask/signoff_ops/", follow=True)
    second = sarah.post(f"{PAGE}ask/signoff_ops/")

    assert toasts(first) == ["Asked by mail: Noor Haddad."]
    assert second.status_code == 409
    assert OutboxMessage.objects.filter(channel="mail").count() == 1


def test_an_auditor_asks_nobody(cast, as_):
    stories.submitted(stories.proposed(cast), cast.sarah)

    assert as_("adele").post(f"{PAGE}ask/signoff_ops/").status_code == 403


# --- steps ---------------------------------------------------------------------------


def test_the_owner_moves_it_on_with_one_press(cast, as_):
    workload = stories.proposed(cast)
    stories.signed(workload, cast)

    moved = press(as_("sarah"), f"{PAGE}step/planned/", follow=True)

    assert toasts(moved) == ["W-01 is planned."]
    assert Workload.objects.get().status == Status.PLANNED


def test_a_step_that_lacks_something_answers_with_the_list_and_changes_nothing(
    cast, as_
):
    stories.submitted(stories.proposed(cast), cast.sarah)

    refused = press(as_("sarah"), f"{PAGE}step/planned/")

    page = words(refused)
    assert refused.status_code == 409
    assert "W-01 cannot be planned yet" in page
    assert "Missing for planned: 3 of 4" in page
    assert "Noor Haddad can mend it." in page
    assert "Back to W-01" in page
    assert Workload.objects.get().status == Status.CANDIDATE


def test_a_step_from_a_stale_page_is_refused(cast, as_):
    workload = stories.proposed(cast)
    stories.signed(workload, cast)

    refused = as_("sarah").post(f"{PAGE}step/planned/", {"if_version": "1"})

    assert refused.status_code == 412
    assert Workload.objects.get().status == Status.CANDIDATE


def test_a_step_that_is_not_the_persons_is_refused_with_who_can(cast, as_):
    stories.signed(stories.proposed(cast), cast)

    refused = as_("noor").post(f"{PAGE}step/planned/")

    assert refused.status_code == 403
    assert "Its owner Sarah Lind or a planner can." in words(refused)


def test_a_step_back_asks_for_its_reason(cast, as_):
    stories.planned(cast)
    sarah = as_("sarah")

    without = press(sarah, f"{PAGE}step/candidate/", {"reason": " "})
    with_it = press(sarah, f"{PAGE}step/candidate/", {"reason": "Scope changed."})

    assert without.status_code == 409
    assert "A reason is needed." in words(without)
    assert with_it.status_code == 302
    assert AuditEntry.objects.first().reason == "Scope changed."


@pytest.mark.parametrize(
    ("to", "status"), [("live", 409), ("candidate", 409), ("frozen", 404)]
)
def test_a_step_that_does_not_exist_says_so(cast, as_, to, status):
    stories.proposed(cast)

    assert as_("sarah").get(f"{PAGE}step/{to}/").status_code == status


def test_the_step_page_lists_what_it_asks_for_before_it_is_pressed(cast, as_):
    stories.committed(cast)

    page = words(as_("sarah").get(f"{PAGE}step/live/"))

    assert "Missing for live: 1 of" in page
    assert "1 of 4 missing" in page


# --- queries -------------------------------------------------------------------------


@pytest.mark.parametrize(("estimates", "queries"), [(1, 25), (3, 25)])
def test_the_page_takes_the_same_queries_for_one_and_for_three_estimates(
    cast, as_, django_assert_num_queries, estimates, queries
):
    workload = stories.proposed(cast)
    for n in range(estimates):
        stories.submitted(workload, cast.sarah, users=1000 + n)
    client = as_("sarah")

    with django_assert_num_queries(queries):
        client.get(PAGE)
