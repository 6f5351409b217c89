"""The estimate as a form whose budgets follow what is typed, as a page, as a comparison."""

from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from portal.kernel.models import AuditEntry
from tests.conftest import NOW
from tests.workloads import stories
from tests.workloads.pages import Reader, field, press, toasts, words
from workloads.enums import EstimateState, Status
from workloads.models import Estimate, Workload
from workloads.services.estimates import edit_draft
from workloads.services.plan import edit_workload

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_now")]

NEW = "/workloads/W-01/estimates/new/"
FORMULA = {
    "basis": "formula",
    "users": "280",
    "sessions_per_user_month": "60",
    "turns_per_session": "8",
    "input_tokens_per_turn": "2.6k",
    "output_tokens_per_turn": "350",
    "output_multiplier": "1.2",
    "tool_call_factor": "1.1",
    "retry_factor": "1.05",
    "session_minutes": "10",
    "profile": "business_hours",
    "ops_hours_week": "6",
    "growth_per_month": "2",
    "cached_input_share": "30",
    "source_users": "observed",
}
DECLARED = {
    "basis": "declared",
    "users": "4,200",
    "sessions_per_user_month": "18",
    "declared_tokens_per_user_month": "520k",
    "declared_input_share": "75",
    "session_minutes": "10",
    "profile": "business_hours",
    "ops_hours_week": "6",
}


@pytest.fixture
def as_(cast: SimpleNamespace) -> Reader:
    return Reader(cast)


# --- a new draft ---------------------------------------------------------------------


def test_a_draft_by_the_formula_keeps_what_was_typed(cast, as_):
    stories.proposed(cast)

    as_("sarah").post(NEW, {**FORMULA, "note": "First week of the pilot."})

    draft = Estimate.objects.get()
    assert (draft.users, draft.input_tokens_per_turn) == (280, Decimal("2600.00"))
    assert draft.growth_per_month == Decimal("0.02")
    assert draft.cached_input_share == Decimal("0.3")
    assert draft.sources == {"users": "observed"}
    assert draft.note == "First week of the pilot."
    assert draft.tokens_per_user_month == 1_674_288


def test_a_declared_draft_leaves_the_factors_out(cast, as_):
    stories.proposed(cast)

    as_("sarah").post(NEW, {**DECLARED, "turns_per_session": "8"})

    draft = Estimate.objects.get()
    assert draft.declared_tokens_per_user_month == 520_000
    assert draft.turns_per_session is None
    assert draft.tokens_per_month == 2_184_000_000


def test_a_new_estimate_opens_with_the_newest_versions_inputs(cast, as_):
    stories.submitted(stories.proposed(cast), cast.sarah, users=777)

    page = as_("sarah").get(NEW)

    assert "v2 opens with the inputs of v1." in words(page)
    assert field(page, "users") == "777"


def test_where_a_draft_is_open_a_new_one_is_that(cast, as_):
    stories.drafted(stories.proposed(cast), cast.sarah)

    assert as_("sarah").get(NEW)["Location"] == "/workloads/W-01/estimates/1/"


def test_a_draft_that_was_opened_meanwhile_is_named_and_nothing_typed_is_lost(
    cast, as_
):
    stories.drafted(stories.proposed(cast), cast.sarah)

    refused = as_("sarah").post(NEW, {**DECLARED, "users": "4321"})

    assert refused.status_code == 409
    assert "Draft v1 is open already" in words(refused)
    assert field(refused, "users") == "4321"


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"users": "many"}, "“many”: It is not a number."),
        ({"users": "-3"}, "It is below 0."),
        ({"users": "1.5"}, "must be whole"),
        ({"users": "9" * 30}, "It is above 1,000,000,000"),
        ({"ops_hours_week": "6.123"}, "At most two decimals are kept"),
        ({"output_multiplier": "1.23456"}, "At most 4 decimals are kept"),
        ({"cached_input_share": "101"}, "It goes from 0 to 100."),
        ({"growth_per_month": "-101"}, "It goes from -100 to 1,000."),
        ({"retry_factor": "²"}, "It is not a number."),
        ({"users": "1e9"}, "A power of ten has lost digits."),
        ({"low_users": "10"}, "A range has a low and a high end."),
        ({"low_users": "10", "high_users": "5"}, "The low end is above the high end."),
        ({"profile": "nights"}, "Select a valid choice."),
        ({"source_users": "a friend"}, "Select a valid choice."),
    ],
)
def test_an_input_that_cannot_be_read_says_the_rule_and_keeps_the_rest(
    cast, as_, sent, said
):
    stories.proposed(cast)

    refused = as_("sarah").post(NEW, {**FORMULA, **sent})

    assert refused.status_code == 400
    assert said in words(refused).replace("−", "-")
    assert field(refused, "sessions_per_user_month") == "60"
    assert not Estimate.objects.exists()


def test_ranges_are_kept_as_numbers(cast, as_):
    stories.proposed(cast)
    ranges = {"low_users": "200", "high_users": "400"}
    growth = {"low_growth_per_month": "-1", "high_growth_per_month": "2.5"}

    as_("sarah").post(NEW, {**FORMULA, **ranges, **growth})

    assert Estimate.objects.get().ranges == {
        "users": [200, 400],
        "growth_per_month": [-0.01, 0.025],
    }


# --- the budgets as one types --------------------------------------------------------


def test_the_preview_computes_and_saves_nothing(cast, as_):
    stories.proposed(cast)

    shown = as_("sarah").post("/workloads/W-01/estimates/preview/", FORMULA)

    page = words(shown)
    assert "Tokens Signed by finance, reviewed monthly 469M tokens/month" in page
    assert "60 × 8 × (2,600 + 350 × 1.2) × 1.1 × 1.05" in page
    assert "$1,862 a month on Sonnet. 1.67M per user and month." in page
    assert (
        "Compute Signed by engineering, reviewed quarterly 16.15 peak sessions" in page
    )
    assert "Complete It can be submitted." in page
    assert not Estimate.objects.exists()


def test_the_preview_names_what_is_missing_and_survives_what_is_wrong(cast, as_):
    stories.proposed(cast)
    sent = {**FORMULA, "users": "many", "ops_hours_week": ""}

    shown = as_("sarah").post("/workloads/W-01/estimates/preview/", sent)

    assert shown.status_code == 200
    assert "Missing users and stable hours." in words(shown)


def test_recalculating_without_script_shows_the_budgets_and_saves_nothing(cast, as_):
    stories.proposed(cast)

    shown = as_("sarah").post(NEW, {**DECLARED, "do": "recalculate"})

    assert shown.status_code == 200
    assert "2.18B tokens/month" in words(shown)
    assert not Estimate.objects.exists()


def test_the_largest_inputs_are_a_clear_refusal(cast, as_):
    stories.proposed(cast)
    largest = {
        "users": "1000000000",
        "sessions_per_user_month": "100000",
        "turns_per_session": "100000",
        "input_tokens_per_turn": "100000000",
        "output_tokens_per_turn": "100000000",
        "output_multiplier": "1000",
        "tool_call_factor": "1000",
        "retry_factor": "1000",
    }
    sarah = as_("sarah")

    shown = sarah.post("/workloads/W-01/estimates/preview/", {**FORMULA, **largest})
    refused = sarah.post(NEW, {**FORMULA, **largest})

    assert shown.status_code == 200
    assert refused.status_code == 400
    assert "more tokens" in words(refused) or "above the most" in words(refused)
    assert not Estimate.objects.exists()


# --- editing a draft -----------------------------------------------------------------


def edits() -> list[dict[str, Any]]:
    entries = AuditEntry.objects.filter(action="estimate.edited").order_by("id")
    return [{"before": entry.before, "after": entry.after} for entry in entries]


def test_saving_an_unchanged_draft_changes_nothing(cast, as_):
    draft = stories.drafted(stories.proposed(cast), cast.sarah)
    pia = as_("pia")
    address = "/workloads/W-01/estimates/1/"
    before = edits()

    saved = pia.post(address, {**DECLARED, "seen": field(pia.get(address), "seen")})

    assert saved.status_code == 302
    assert edits() == before  # The entry names the input that differed.
    assert list(draft.contributors.all()) == [cast.sarah]


def test_a_draft_that_changed_meanwhile_shows_both_and_loses_nothing(cast, as_):
    stories.drafted(stories.proposed(cast), cast.sarah)
    sarah, address = as_("sarah"), "/workloads/W-01/estimates/1/"
    seen = field(sarah.get(address), "seen")
    edit_draft(
        number=1, version=1, actor=cast.pia, changes={"ops_hours_week": 8}, now=NOW
    )

    sent = {**DECLARED, "users": "5000", "seen": seen}
    stale = sarah.post(address, sent)

    page = words(stale)
    assert stale.status_code == 412
    assert "Someone was faster. Pia Novak at 09:00 UTC changed W-01." in page
    assert "Users 5,000 4,200" in page
    assert "Stable hours 6 8" in page
    assert field(stale, "users") == "5000"
    assert Estimate.objects.get().users == 4200

    assert (
        sarah.post(address, {**sent, "seen": field(stale, "seen")}).status_code == 302
    )
    assert Estimate.objects.get().users == 5000


def test_a_version_that_was_submitted_meanwhile_takes_no_edit(cast, as_):
    submitted = stories.submitted(stories.proposed(cast), cast.sarah)

    refused = as_("sarah").post(
        "/workloads/W-01/estimates/1/", {**DECLARED, "seen": submitted.sha256}
    )

    assert refused.status_code == 409
    assert "Open a new draft to change its numbers." in words(refused)


@pytest.mark.parametrize("who", ["noor", "marcus", "clara", "adele"])
def test_who_does_not_write_it_reads_it(cast, as_, who):
    stories.drafted(stories.proposed(cast), cast.sarah)
    reader = as_(who)

    shown = reader.get("/workloads/W-01/estimates/1/")
    refused = reader.post("/workloads/W-01/estimates/1/", DECLARED)

    assert "Its owner Sarah Lind or a planner can." in words(shown)
    assert "Save draft" not in words(shown)
    assert refused.status_code == 403


# --- submitting ----------------------------------------------------------------------


def test_save_and_submit_asks_once_more_and_names_what_it_does(cast, as_):
    workload = stories.planned(cast)
    stories.drafted(workload, cast.sarah, users=5000)
    sarah = as_("sarah")
    address = "/workloads/W-01/estimates/2/"
    sent = {**DECLARED, "users": "5001", "seen": field(sarah.get(address), "seen")}

    asked = sarah.post(address, {**sent, "do": "submit"}, follow=True)

    page = words(asked)
    assert "It supersedes v1" in page
    assert "W-01 goes back from planned to candidate" in page
    assert "Ops signs ops hours Noor Haddad" in page
    assert Workload.objects.get().status == Status.PLANNED

    done = sarah.post(f"{address}submit/", {"seen": field(asked, "seen")}, follow=True)
    assert toasts(done) == ["v2 of W-01 waits for three signatures."]
    assert Workload.objects.get().status == Status.CANDIDATE


def test_an_incomplete_draft_is_saved_and_says_what_it_lacks(cast, as_):
    stories.proposed(cast)

    saved = as_("sarah").post(
        NEW, {**DECLARED, "users": "", "do": "submit"}, follow=True
    )

    assert toasts(saved) == ["Draft v1 is saved. It lacks users."]
    assert Estimate.objects.get().state == EstimateState.DRAFT


def test_a_draft_that_changed_under_the_question_is_not_submitted(cast, as_):
    stories.drafted(stories.proposed(cast), cast.sarah)
    sarah = as_("sarah")
    seen = field(sarah.get("/workloads/W-01/estimates/1/submit/"), "seen")
    edit_draft(number=1, version=1, actor=cast.pia, changes={"users": 9}, now=NOW)

    stale = sarah.post("/workloads/W-01/estimates/1/submit/", {"seen": seen})

    assert stale.status_code == 412
    assert "Pia Novak at 09:00 UTC changed W-01 v1" in words(stale)
    assert Estimate.objects.get().state == EstimateState.DRAFT


def test_an_incomplete_version_cannot_be_submitted_by_force(cast, as_):
    stories.drafted(stories.proposed(cast), cast.sarah, users=None)

    refused = press(as_("sarah"), "/workloads/W-01/estimates/1/submit/")

    assert refused.status_code == 409
    assert "lacks users" in words(refused)


# --- reading and comparing -----------------------------------------------------------


def test_a_submitted_version_shows_inputs_sources_hash_and_signatures(cast, as_):
    estimate = stories.submitted(
        stories.proposed(cast), cast.sarah, sources={"users": "pilot"}
    )

    page = words(as_("noor").get("/workloads/W-01/estimates/1/"))

    assert "Users 4,200 users pilot measured" in page
    assert "1 pilot measured, " in page
    assert estimate.sha256 in page
    assert "Waiting for ops: Noor Haddad" in page


def test_an_older_version_names_the_newer_one(cast, as_):
    workload = stories.proposed(cast)
    stories.submitted(workload, cast.sarah)
    stories.submitted(workload, cast.sarah, users=5000)

    assert "v2 is newer." in words(as_("noor").get("/workloads/W-01/estimates/1/"))


@pytest.mark.parametrize(("left", "right"), [(1, 2), (2, 1)])
def test_two_versions_stand_side_by_side_the_older_left(cast, as_, left, right):
    workload = stories.proposed(cast)
    stories.submitted(workload, cast.sarah)
    stories.submitted(workload, cast.sarah, users=5000, ops_hours_week=8)

    page = words(as_("noor").get(f"/workloads/W-01/estimates/{left}/compare/{right}/"))

    assert "W-01: v1 beside v2" in page
    assert "Users 4,200 users +800 · +19 % 5,000 users" in page
    assert "Tokens at full adoption 2.18B /month +416M · +19 % 2.6B /month" in page
    assert "Stable hours 6 h/week +2 · +33 % 8 h/week" in page
    assert "v1 , superseded Change v2 , submitted" in page


def test_a_signed_version_is_called_signed_beside_a_draft(cast, as_):
    workload = stories.planned(cast)
    stories.drafted(workload, cast.sarah)

    page = words(as_("noor").get("/workloads/W-01/estimates/1/compare/2/"))

    assert "v1 , signed Change v2 , draft" in page


def test_a_draft_stands_beside_the_submitted_version_with_its_models(cast, as_):
    workload = stories.proposed(cast)
    stories.submitted(workload, cast.sarah)
    stories.drafted(workload, cast.sarah)
    noor = as_("noor")

    same = words(noor.get("/workloads/W-01/estimates/1/compare/2/"))
    edit_workload(
        number=1, actor=cast.sarah, changes={"primary_model": "Opus"}, now=NOW
    )
    changed = words(noor.get("/workloads/W-01/estimates/1/compare/2/"))

    assert "Model tier Sonnet→ Haiku same Sonnet→ Haiku" in same
    assert "Model tier Sonnet→ Haiku changed Opus→ Haiku" in changed
    assert "Model tier Opus→Haiku" in words(noor.get("/workloads/W-01/estimates/2/"))


def test_a_version_that_does_not_exist_is_not_found(cast, as_):
    stories.proposed(cast)

    assert as_("noor").get("/workloads/W-01/estimates/7/").status_code == 404


# --- queries -------------------------------------------------------------------------


@pytest.mark.parametrize(("estimates", "queries"), [(1, 16), (3, 16)])
def test_a_version_takes_the_same_queries_beside_one_and_three(
    cast, as_, django_assert_num_queries, estimates, queries
):
    workload = stories.proposed(cast)
    for n in range(estimates):
        stories.submitted(workload, cast.sarah, users=1000 + n)
    client = as_("noor")

    with django_assert_num_queries(queries):
        client.get(f"/workloads/W-01/estimates/{estimates}/")
