"""A cell of the plan, changed where it stands: in place with script, on a page without."""

from types import SimpleNamespace

import pytest

from portal.kernel.models import AuditEntry
from tests.conftest import NOW
from tests.workloads import stories
from tests.workloads.pages import Reader, field, press, toasts, words
from workloads.enums import Status
from workloads.models import Estimate, Workload
from workloads.services.estimates import edit_draft
from workloads.services.plan import edit_workload

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_now")]

HTMX = {"HX-Request": "true"}


@pytest.fixture
def as_(cast: SimpleNamespace) -> Reader:
    return Reader(cast)


def address(column, ref="W-01"):
    return f"/plan/cells/{ref}/{column}/"


def sent(client, column, value, **headers):
    """The value, with the versions that the field was opened with."""
    page = client.get(address(column))
    data = {"value": value, "if_version": field(page, "if_version")}
    if 'name="if_match" value=' in page.content.decode():
        data["if_match"] = field(page, "if_match")
    return client.post(address(column), data, headers=headers)


# --- the row itself ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "typed", "expected"),
    [
        ("name", "Support chat", {"name": "Support chat"}),
        ("ship_quarter", "Q3-2026", {"ship_quarter": "2026Q3"}),
        ("ship_quarter", "", {"ship_quarter": ""}),
        (
            "model_tier",
            "Opus->Sonnet",
            {"primary_model": "Opus", "degrade_model": "Sonnet"},
        ),
        ("model_tier", "", {"primary_model": "", "degrade_model": ""}),
        ("cost_gate", "hard_cap", {"cost_gate": "hard_cap"}),
        ("owner", "", {"owner_id": None}),
    ],
)
def test_a_cell_of_the_row_is_saved_as_people_type_it(
    cast, as_, column, typed, expected
):
    stories.proposed(cast)

    answer = sent(as_("pia"), column, typed)

    workload = Workload.objects.get()
    assert answer.status_code == 302
    assert {name: getattr(workload, name) for name in expected} == expected


def test_saving_in_place_answers_with_the_row_alone(cast, as_):
    stories.proposed(cast)

    answer = sent(as_("pia"), "ship_quarter", "2027-Q1", **HTMX)

    assert answer.headers["HX-Retarget"] == "#W-01"
    assert answer.content.decode().startswith('<tr role="row" id="W-01">')
    assert "2027-Q1" in words(answer)
    assert "<html" not in answer.content.decode()


def test_without_script_it_goes_back_to_the_table_as_it_was(cast, as_):
    stories.proposed(cast)
    pia = as_("pia")
    table = "http://testserver/plan/?edit=on&status=candidate"

    page = pia.get(address("name"), headers={"Referer": table})
    data = {
        "value": "Support",
        "if_version": field(page, "if_version"),
        "back": field(page, "back"),
    }
    answer = pia.post(address("name"), data)

    assert answer.headers["Location"] == "/plan/?edit=on&status=candidate#W-01"
    assert toasts(pia.get("/plan/")) == ["Workload of W-01 is saved."]


@pytest.mark.parametrize(
    "back", ["https://elsewhere.example/plan/", "//elsewhere.example/plan/", "/audit/"]
)
def test_it_goes_back_to_no_other_address_than_the_plan(cast, as_, back):
    stories.proposed(cast)

    answer = press(as_("pia"), address("name"), {"value": "Support", "back": back})

    assert answer.headers["Location"] == "/plan/?edit=on#W-01"


@pytest.mark.parametrize(
    ("column", "typed", "why"),
    [
        ("name", "", "This field is required."),
        ("ship_quarter", "soon", "“soon” is not a quarter; write it as 2026-Q2."),
        ("model_tier", "a->b->c", "A model tier is one model, or a primary"),
        ("users", "4.2k+", "It is not a number."),
        ("users", "-3", "It is below 0."),
        ("ops_hours", "3.141", "At most two decimals are kept"),
        ("cost_gate", "no such gate", "Select a valid choice."),
    ],
)
def test_a_value_that_cannot_be_read_stays_in_the_field_with_the_reason(
    cast, as_, column, typed, why
):
    stories.proposed(cast)

    answer = sent(as_("pia"), column, typed, **HTMX)

    assert answer.status_code == 400
    assert why in words(answer)
    assert AuditEntry.objects.filter(action="workload.edited").count() == 0


def test_a_name_that_is_taken_is_refused_at_its_field(cast, as_):
    stories.proposed(cast)
    stories.proposed(cast, name="Other")

    answer = press(
        as_("pia"), address("name", "W-02"), {"value": "customer support CHAT"}
    )

    assert answer.status_code == 409
    assert 'W-01 is called "Customer support chat" already.' in words(answer)


def test_who_was_faster_is_named_with_both_values(cast, as_):
    workload = stories.proposed(cast)
    pia = as_("pia")
    seen = {"value": "2027-Q1", "if_version": str(workload.version)}
    edit_workload(
        number=1, actor=cast.sarah, changes={"ship_quarter": "2026Q4"}, now=NOW
    )

    in_place = pia.post(address("ship_quarter"), seen, headers=HTMX)
    on_a_page = pia.post(address("ship_quarter"), seen)

    said = (
        "was faster. Ship quarter of W-01 is now 2026-Q4; you typed 2027-Q1. Nothing "
        "was saved."
    )
    assert (in_place.status_code, on_a_page.status_code) == (412, 412)
    assert said in words(in_place)
    assert said in words(on_a_page)
    assert "2026-Q4" in words(in_place)
    assert field(on_a_page, "value") == "2027-Q1"
    assert Workload.objects.get().ship_quarter == "2026Q4"

    again = pia.post(
        address("ship_quarter"),
        {"value": "2027-Q1", "if_version": field(on_a_page, "if_version")},
    )
    assert again.status_code == 302
    assert Workload.objects.get().ship_quarter == "2027Q1"


def test_the_quarter_of_a_committed_row_is_refused_with_the_way_out(cast, as_):
    stories.committed(cast)

    answer = sent(as_("pia"), "ship_quarter", "2027-Q1")

    assert answer.status_code == 409
    assert "De-commit it first; then its ship quarter can move." in words(answer)


# --- figures -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "typed", "name", "value"),
    [
        ("users", "4.5k", "users", 4500),
        ("sessions", "22.5", "sessions_per_user_month", 22.5),
        ("tokens", "1.4M", "declared_tokens_per_user_month", 1_400_000),
        ("ops_hours", "3", "ops_hours_week", 3),
    ],
)
def test_the_first_figure_opens_the_first_draft(cast, as_, column, typed, name, value):
    stories.proposed(cast)

    answer = sent(as_("pia"), column, typed, **HTMX)

    draft = Estimate.objects.get()
    assert (draft.version, draft.state, getattr(draft, name)) == (1, "draft", value)
    assert 'class="under' not in answer.content.decode()


def test_a_figure_of_a_signed_row_goes_into_a_draft_that_keeps_the_rest(cast, as_):
    stories.planned(cast)

    answer = sent(as_("pia"), "users", "5k", **HTMX)

    draft = Estimate.objects.get(state="draft")
    assert (draft.version, draft.users, draft.ops_hours_week) == (2, 5000, 6)
    assert draft.declared_tokens_per_user_month == 520_000
    assert list(draft.contributors.all()) == [cast.pia]
    assert "4,200" in words(answer)
    assert (
        "Draft v2 of W-01 takes it. The row shows v1 until the draft is submitted and "
        "signed. Open v2" in words(answer)
    )
    assert Workload.objects.get().status == Status.PLANNED


def test_the_field_says_where_a_figure_goes(cast, as_):
    workload = stories.committed(cast)
    pia = as_("pia")

    assert "Opens draft v2 from v1." in words(pia.get(address("users")))
    stories.submitted(workload, cast.sarah, users=9000)
    assert "Opens draft v3 from v2. The row shows v1, in force." in words(
        pia.get(address("users"))
    )
    assert field(pia.get(address("users")), "value") == "9,000"
    stories.drafted(workload, cast.sarah, users=9500)
    assert "Goes into draft v3." in words(pia.get(address("users")))


def test_a_draft_that_changed_meanwhile_is_not_overwritten(cast, as_):
    workload = stories.proposed(cast)
    draft = stories.drafted(workload, cast.sarah)
    pia = as_("pia")
    page = pia.get(address("users"))
    edit_draft(
        number=1, version=draft.version, actor=cast.sarah, changes={"users": 7}, now=NOW
    )

    answer = pia.post(
        address("users"),
        {
            "value": "9k",
            "if_version": field(page, "if_version"),
            "if_match": field(page, "if_match"),
        },
        headers=HTMX,
    )

    assert answer.status_code == 412
    assert "Users of W-01 is now 7; you typed 9,000. Nothing was saved." in words(
        answer
    )
    assert Estimate.objects.get().users == 7


def test_a_draft_that_somebody_opened_meanwhile_is_not_overwritten(cast, as_):
    workload = stories.proposed(cast)
    pia = as_("pia")
    page = pia.get(address("users"))
    stories.drafted(workload, cast.sarah)

    answer = pia.post(
        address("users"), {"value": "9k", "if_version": field(page, "if_version")}
    )

    assert answer.status_code == 412
    assert Estimate.objects.get().users == 4200


def test_tokens_that_come_from_factors_are_changed_in_the_estimate(cast, as_):
    workload = stories.proposed(cast)
    stories.drafted(
        workload,
        cast.sarah,
        declared_tokens_per_user_month=None,
        turns_per_session=8,
        input_tokens_per_turn=1000,
        output_tokens_per_turn=200,
    )

    page = as_("pia").get(address("tokens"), headers=HTMX)
    forced = as_("pia").post(address("tokens"), {"value": "1M"})

    assert "These tokens come from turns and tokens per turn." in words(page)
    assert 'href="/workloads/W-01/estimates/1/"' in page.content.decode()
    assert forced.status_code == 409
    assert Estimate.objects.get().declared_tokens_per_user_month is None


# --- who may -------------------------------------------------------------------------


@pytest.mark.parametrize("person", ["marcus", "ines", "clara", "adele", "ada", "nils"])
@pytest.mark.parametrize("column", ["name", "users"])
def test_others_than_the_owner_and_a_planner_change_no_cell(cast, as_, person, column):
    stories.proposed(cast)

    answer = as_(person).post(address(column), {"value": "5"})

    assert answer.status_code == 403
    assert "Its owner Sarah Lind or a planner can." in words(answer)
    assert not Estimate.objects.exists()


def test_a_cell_that_is_none_is_not_found(cast, as_):
    stories.proposed(cast)

    assert as_("pia").get(address("status")).status_code == 404
    assert as_("pia").get(address("name", "W-99")).status_code == 404


def test_leaving_a_field_brings_its_row_back_with_the_focus_where_it_was(cast, as_):
    stories.proposed(cast)

    answer = as_("pia").get("/plan/cells/W-01/?cell=users").content.decode()

    assert answer.startswith('<tr role="row" id="W-01">')
    assert 'hx-get="/plan/cells/W-01/users/" autofocus>' in answer
