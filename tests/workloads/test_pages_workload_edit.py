"""Proposing and editing a row, its criteria and its proofs, through the pages."""

from types import SimpleNamespace

import pytest

from tests.conftest import NOW
from tests.workloads import stories
from tests.workloads.pages import Reader, field, press, toasts, words
from workloads.models import ReadinessItem, SuccessCriterion, Workload
from workloads.services.plan import edit_workload

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_now")]

EDIT = "/workloads/W-01/edit/"
ROW = {
    "name": "Customer support chat",
    "purpose": "Answers order questions.",
    "ship_quarter": "Q3-2026",
    "shape": "chat",
    "audience": "customer",
    "primary_model": "Sonnet",
    "degrade_model": "Haiku",
    "cost_gate": "soft_cap",
    "hours_to_add": "120.5",
}


@pytest.fixture
def as_(cast: SimpleNamespace) -> Reader:
    return Reader(cast)


# --- proposing -----------------------------------------------------------------------


def test_an_owner_proposes_a_workload_with_every_field(cast, as_):
    sent = {**ROW, "owner": cast.sarah.pk, "stakeholders": [cast.noor.pk, cast.dana.pk]}

    done = as_("sarah").post("/workloads/propose/", sent, follow=True)

    workload = Workload.objects.get()
    assert toasts(done) == ["W-01 Customer support chat is in the plan."]
    assert (workload.owner, workload.ship_quarter) == (cast.sarah, "2026Q3")
    assert str(workload.hours_to_add) == "120.50"
    assert set(workload.stakeholders.all()) == {cast.noor, cast.dana}


@pytest.mark.parametrize("who", ["noor", "clara", "adele", "ada", "nils"])
def test_who_proposes_nothing_is_told_who_does(as_, who):
    refused = as_(who).get("/workloads/propose/")

    assert refused.status_code == 403
    assert "A workload owner or a planner can." in words(refused)


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"name": ""}, "This field is required."),
        ({"ship_quarter": "summer"}, "“summer” is not a quarter; write it as 2026-Q2."),
        ({"primary_model": ""}, "It degrades from a primary model; name that first."),
        ({"hours_to_add": "a lot"}, "“a lot”:"),
        ({"name": "nul\x00"}, "Null characters are not allowed."),
    ],
)
def test_a_field_that_cannot_be_taken_says_why_and_keeps_the_rest(as_, sent, said):
    refused = as_("sarah").post("/workloads/propose/", {**ROW, **sent})

    assert refused.status_code == 400
    assert said in words(refused)
    assert "Answers order questions." in words(refused)
    assert not Workload.objects.exists()


def test_a_name_that_is_taken_is_refused_at_its_field(cast, as_):
    stories.proposed(cast)

    refused = as_("sarah").post("/workloads/propose/", ROW)

    assert refused.status_code == 409
    assert "W-01 is called" in words(refused)


# --- editing -------------------------------------------------------------------------


def test_an_edit_from_the_newest_page_is_saved(cast, as_):
    stories.proposed(cast)
    sarah = as_("sarah")
    version = field(sarah.get(EDIT), "if_version")

    sarah.post(EDIT, {**ROW, "owner": cast.sarah.pk, "if_version": version})

    assert Workload.objects.get().ship_quarter == "2026Q3"


def test_an_edit_from_a_stale_page_shows_both_values_and_loses_none(cast, as_):
    stories.proposed(cast)
    sarah = as_("sarah")
    seen = field(sarah.get(EDIT), "if_version")
    edit_workload(
        number=1, actor=cast.pia, changes={"purpose": "Pia's words."}, now=NOW
    )

    stale = sarah.post(EDIT, {**ROW, "owner": cast.sarah.pk, "if_version": seen})

    page = words(stale)
    assert stale.status_code == 412
    assert "Someone was faster. Pia Novak at 09:00 UTC changed W-01." in page
    assert "Answers order questions. Pia's words." in page
    assert Workload.objects.get().purpose == "Pia's words."

    again = {**ROW, "owner": cast.sarah.pk, "if_version": field(stale, "if_version")}
    assert sarah.post(EDIT, again).status_code == 302
    assert Workload.objects.get().purpose == "Answers order questions."


def test_a_committed_quarter_is_refused_at_its_field(cast, as_):
    workload = stories.committed(cast)
    sent = {**ROW, "owner": cast.sarah.pk, "if_version": workload.version}

    refused = as_("sarah").post(EDIT, sent)

    assert refused.status_code == 409
    assert "De-commit it first" in words(refused)


@pytest.mark.parametrize("who", ["noor", "marcus", "clara", "adele"])
def test_who_does_not_edit_it_is_told_who_does(cast, as_, who):
    stories.proposed(cast)

    refused = as_(who).get(EDIT)

    assert refused.status_code == 403
    assert "Its owner Sarah Lind or a planner can." in words(refused)


# --- criteria and proofs -------------------------------------------------------------

CRITERION = {
    "metric": "Minutes saved",
    "baseline": "0",
    "target": "6",
    "due_on": "2026-09-30",
}
PROOF = {
    "item": "load_test",
    "link": "https://wiki.example.com/run",
    "done_on": "2026-05-01",
    "load_test_factor": "2.5",
}


def test_a_criterion_is_written_and_removed(cast, as_):
    stories.proposed(cast)
    sarah = as_("sarah")

    written = press(sarah, "/workloads/W-01/criteria/", CRITERION, follow=True)
    assert toasts(written) == ["Criterion “Minutes saved” is written."]
    criterion = SuccessCriterion.objects.get()
    sarah.post(
        f"/workloads/W-01/criteria/{criterion.pk}/remove/",
        {"written_at": criterion.written_at.isoformat()},
    )

    assert not SuccessCriterion.objects.exists()


def test_a_proof_is_recorded_with_its_load(cast, as_):
    stories.proposed(cast)

    press(as_("sarah"), "/workloads/W-01/readiness/", PROOF)

    assert str(ReadinessItem.objects.get().load_test_factor) == "2.50"


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"done_on": "2026-05-13"}, "The day is yet to come."),
        ({"link": "in the drawer"}, "Enter a valid URL."),
        ({"load_test_factor": "0"}, "0 is no load."),
    ],
)
def test_a_proof_that_proves_nothing_is_refused(cast, as_, sent, said):
    stories.proposed(cast)

    refused = as_("sarah").post("/workloads/W-01/readiness/", {**PROOF, **sent})

    assert refused.status_code == 400
    assert said in words(refused)


@pytest.mark.parametrize("page", ["criteria", "readiness"])
def test_who_writes_none_sees_the_button_dashed(cast, as_, page):
    stories.proposed(cast)
    noor = as_("noor")

    shown = noor.get(f"/workloads/W-01/{page}/")
    refused = noor.post(f"/workloads/W-01/{page}/", {**CRITERION, **PROOF})

    assert "Its owner Sarah Lind or a planner can." in words(shown)
    assert refused.status_code == 403
