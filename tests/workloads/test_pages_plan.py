"""The plan as a table: what each row shows, how it is asked, what it adds up to."""

import re
from types import SimpleNamespace

import pytest

from portal.kernel import clock
from portal.kernel.models import SavedView
from tests.conftest import NOW
from tests.workloads import stories
from tests.workloads.pages import Reader, words
from workloads.enums import SignRole, Status
from workloads.models import Workload
from workloads.services.departments import create_department
from workloads.services.lifecycle import advance
from workloads.services.plan import Proposal, edit_workload, propose_workloads

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_now")]

PAGE = "/plan/"
COLUMNS = [
    "Workload",
    "Owner",
    "Status",
    "Users",
    "Sessions /user/month",
    "Tokens /user/month",
    "Ops hours/week",
    "Model tier",
    "Cost gate",
    "Ship quarter",
    "Signed",
]


@pytest.fixture
def as_(cast: SimpleNamespace) -> Reader:
    return Reader(cast)


def propose_many(cast, count, **values):
    propose_workloads(
        actor=cast.pia,
        proposals=[
            Proposal({"name": f"Workload {n}", "ship_quarter": "2026Q3", **values})
            for n in range(count)
        ],
        now=NOW,
    )


def row(response, ref):
    """The text of one row, its cells parted by bars."""
    found = re.search(
        rf'<tr role="row" id="{ref}">(.*?)</tr>', response.content.decode()
    )
    assert found, f"{ref} is not on the page"
    cells = re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", found[1])
    plain = [re.sub(r"<[^>]+>", " ", cell) for cell in cells]
    return [" ".join(cell.replace("&ensp;", " ").split()) for cell in plain]


def refs(response):
    return re.findall(r'<tr role="row" id="(W-\d+)">', response.content.decode())


# --- the row -------------------------------------------------------------------------


def test_the_ten_columns_stand_in_the_order_of_every_sheet(cast, as_):
    stories.proposed(cast)

    head = re.search(
        r"<thead.*?</thead>", as_("pia").get(PAGE).content.decode(), re.DOTALL
    )[0]

    found = re.findall(r"<th [^>]*>(.*?)</th>", head)
    assert [words_of(one) for one in found] == COLUMNS


def words_of(markup):
    return " ".join(re.sub(r"<[^>]+>", " ", markup).split())


def test_a_signed_row_shows_its_figures_and_three_signatures(cast, as_):
    stories.planned(cast)

    cells = row(as_("pia").get(PAGE), "W-01")

    assert cells[:10] == [
        "W-01 Customer support chat",
        "Sarah Lind",
        "Planned",
        "4,200",
        "18",
        "520k",
        "6",
        "Sonnet→Haiku",
        "soft-cap",
        "2026-Q2",
    ]
    assert cells[10] == (
        "E Engineering signed. v1. F Finance signed. v1. O Ops signed. v1."
    )


def test_exact_figures_stand_behind_the_short_ones(cast, as_):
    stories.planned(cast)

    assert '<data value="520000" title="520,000">520k</data>' in (
        as_("pia").get(PAGE).content.decode()
    )


def test_an_empty_gate_is_red_and_says_so(cast, as_):
    stories.proposed(cast, cost_gate="")

    page = as_("pia").get(PAGE)

    assert row(page, "W-01")[8] == "No gate"
    assert 'class="gateless"' in page.content.decode()


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        (
            {"cost_gate": "soft_cap", "degrade_model": ""},
            "A soft cap degrades to a second model past its ceiling, and only Sonnet "
            "is named.",
        ),
        (
            {"cost_gate": "pay_as_you_go"},
            "Pay-as-you-go goes on past its ceiling at the account",
        ),
    ],
)
def test_a_gate_that_nothing_could_hold_yet_is_amber_with_the_reason(
    cast, as_, values, sentence
):
    stories.proposed(cast, **values)

    page = as_("pia").get(PAGE)

    assert 'class="unheld"' in page.content.decode()
    assert sentence in row(page, "W-01")[8]


def test_while_a_newer_version_waits_the_row_shows_what_is_in_force(cast, as_):
    workload = stories.committed(cast)
    second = stories.submitted(workload, cast.sarah, users=9000)
    stories.press(second, cast.ines, SignRole.ENGINEERING)

    cells = row(as_("pia").get(PAGE), "W-01")

    assert cells[3] == "4,200"
    assert cells[2] == "Committed re-estimate unsigned"
    assert "Engineering signed. v2 waits, not in force." in cells[10]
    assert "Ops waiting." in cells[10]
    assert cells[10].endswith("v2 waits")


def test_a_status_that_a_sheet_asked_for_opens_what_the_row_lacks(cast, as_):
    stories.proposed(cast, requested_status="committed")

    closed = as_("pia").get(PAGE)
    opened = as_("pia").get(f"{PAGE}?lacks=W-01")

    assert row(closed, "W-01")[2] == "Candidate asks for committed"
    assert "Missing for committed" not in words(closed)
    assert "Missing for committed: 7 of 9" in words(opened)
    assert "No success criterion is written" in words(opened)


def test_an_owner_whom_no_account_matches_stands_as_the_sheet_typed_it(cast, as_):
    stories.proposed(cast, owner=None, owner_text="Aisha")

    page = as_("pia").get(PAGE)

    assert row(page, "W-01")[1] == "Aisha"
    assert "No one account matches the owner “Aisha”." in page.content.decode()


def test_what_people_typed_is_never_markup(cast, as_):
    stories.proposed(
        cast, name="<b>Bold</b>", owner=None, owner_text="<i>x</i>", primary_model="<u>"
    )

    page = as_("pia").get(f"{PAGE}?edit=on").content.decode()

    assert "<b>Bold" not in page
    assert "<i>x" not in page
    assert "<u>" not in page


# --- asking --------------------------------------------------------------------------


@pytest.fixture
def five(cast):
    """Five workloads in four statuses, three quarters, two departments."""
    it = create_department(
        actor=cast.clara, code="it", name="Internal IT", head=None, now=NOW
    )
    stories.committed(cast, name="Alpha chat", department=it)
    beta = stories.planned(cast, name="Beta code", ship_quarter="2026Q3")
    edit_workload(
        number=beta.number, actor=cast.pia, changes={"owner": cast.marcus}, now=NOW
    )
    waiting = stories.proposed(cast, name="Gamma docs", ship_quarter="2026Q3")
    stories.submitted(waiting, cast.sarah, users=50)
    stories.proposed(
        cast, name="Delta drafts", owner=None, cost_gate="", ship_quarter="2026Q4"
    )
    dropped = stories.proposed(cast, name="Epsilon", ship_quarter="")
    advance(
        number=dropped.number,
        to=Status.RETIRED,
        actor=cast.sarah,
        reason="Not needed.",
        now=NOW,
    )


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["W-01", "W-02", "W-03", "W-04", "W-05"]),
        ("status=planned", ["W-02"]),
        ("owner=marcus", ["W-02"]),
        ("owner=-", ["W-04"]),
        ("department=it", ["W-01"]),
        ("department=-&status=candidate", ["W-03", "W-04"]),
        ("quarter=2026-Q3", ["W-02", "W-03"]),
        ("quarter=-", ["W-05"]),
        ("only=unsigned", ["W-03"]),
        ("only=no-gate", ["W-04"]),
        ("q=W-04", ["W-04"]),
        ("q=w4", ["W-04"]),
        ("q=beta", ["W-02"]),
        ("q=marcus", ["W-02"]),
        ("q=sarah+chat", ["W-01"]),
        ("q=nothing", []),
        ("group=none&sort=-users", ["W-01", "W-02", "W-03", "W-04", "W-05"]),
        ("group=none&sort=users", ["W-03", "W-01", "W-02", "W-04", "W-05"]),
        ("group=none&sort=-name", ["W-03", "W-05", "W-04", "W-02", "W-01"]),
        ("group=none&sort=owner", ["W-02", "W-01", "W-03", "W-05", "W-04"]),
        ("group=none&sort=-ref", ["W-05", "W-04", "W-03", "W-02", "W-01"]),
        ("group=none&sort=-ship_quarter", ["W-04", "W-02", "W-03", "W-01", "W-05"]),
        ("group=status", ["W-03", "W-04", "W-02", "W-01", "W-05"]),
        ("group=owner", ["W-02", "W-01", "W-03", "W-05", "W-04"]),
        ("group=department", ["W-01", "W-02", "W-03", "W-04", "W-05"]),
        ("status=nonsense&sort=nonsense&group=nonsense&quarter=x&page=x", None),
    ],
)
def test_every_question_is_an_address(five, as_, query, found):
    page = as_("adele").get(f"{PAGE}?{query}")

    everything = ["W-01", "W-02", "W-03", "W-04", "W-05"]
    assert page.status_code == 200
    assert refs(page) == (everything if found is None else found)


@pytest.mark.parametrize(
    "column",
    [
        "name",
        "owner",
        "status",
        "users",
        "sessions",
        "tokens",
        "ops_hours",
        "model_tier",
        "cost_gate",
        "ship_quarter",
    ],
)
def test_each_column_sorts_both_ways_and_says_so(five, as_, column):
    up = as_("adele").get(f"{PAGE}?group=none&sort={column}")
    down = as_("adele").get(f"{PAGE}?group=none&sort=-{column}")

    assert up.content.decode().count('aria-sort="ascending"') == 1
    assert down.content.decode().count('aria-sort="descending"') == 1
    assert sorted(refs(up)) == sorted(refs(down))


def test_counted_chips_answer_the_questions_people_ask(five, as_):
    page = words(as_("adele").get(PAGE))
    narrowed = words(as_("adele").get(f"{PAGE}?status=candidate"))

    assert "All 5 Missing a signature 1 No gate 1" in page
    assert "All 2 Missing a signature 1 No gate 1" in narrowed


def test_a_lapsed_signature_is_missing_again(cast, as_, monkeypatch):
    stories.planned(cast)
    later = NOW.replace(year=2027, month=1, day=2)
    monkeypatch.setattr(clock, "now", lambda: later)

    page = as_("pia").get(f"{PAGE}?only=unsigned")

    assert refs(page) == ["W-01"]
    assert "Ops lapsed." in row(page, "W-01")[10]


def test_filters_are_kept_by_sorting_paging_and_saving(five, as_):
    page = as_("pia").get(f"{PAGE}?status=candidate&only=no-gate").content.decode()

    assert "?status=candidate&amp;only=no-gate&amp;sort=users" in page
    assert "query=status%3Dcandidate%26only%3Dno-gate" in page
    assert '<input type="hidden" name="only" value="no-gate">' in page


def test_a_view_that_was_saved_opens_the_table_as_it_was(five, as_):
    pia = as_("pia")
    asked = {"page": "workloads:plan-table", "query": "status=planned", "name": "Mine"}

    answer = pia.post("/settings/views/new/", asked)

    assert SavedView.objects.get().name == "Mine"
    assert answer.headers["Location"] == "/plan/?status=planned"


# --- groups and totals ---------------------------------------------------------------


def test_a_quarter_heads_its_rows_with_its_ops_hours(five, as_):
    page = words(as_("adele").get(PAGE))

    assert "2026-Q2 18 of 4,000 ops h/week room for 3,982 h/week" in page
    assert "2026-Q3 6 + 22 planned ops h/week no ceiling yet" in page
    assert (
        "2026-Q4 6 + 10 planned + ? ops h/week W-04 has no estimate, so its hours are "
        "not in it" in page
    )
    assert "No ship quarter It counts in no quarter's hours until it ships." in page


def test_other_groups_are_headed_by_a_figure_a_budget(five, as_):
    page = words(as_("adele").get(f"{PAGE}?group=status"))

    assert (
        "Candidate 2 workloads 6 + ? ops h/week stable · 26M + ? tokens/month; 1 not "
        "estimated" in page
    )
    assert "Internal IT 1 workload 6 ops h/week" in words(
        as_("adele").get(f"{PAGE}?group=department")
    )


def test_three_totals_stand_apart_and_candidates_never_count(five, as_):
    page = words(as_("adele").get(PAGE))

    assert (
        "Tokens, one workload committed or live, at full adoption 2.18B tokens/month "
        "+ 2.18B planned Two candidates not counted: 26M tokens/month" in page
    )
    assert "Compute, peak of all workloads together by quarter" in page
    assert (
        "Ops, stable hours of one workload committed or live 6 h/week + 6 planned Two "
        "candidates not counted: 6 h/week" in page
    )


def test_the_title_is_followed_by_a_sentence_of_state(five, as_):
    assert (
        "Five workloads over three quarters: one retired, one committed, one planned, "
        "two candidate. Two without an estimate and one without a gate."
        in words(as_("adele").get(PAGE))
    )


# --- empty, paged, allowed -----------------------------------------------------------


def test_an_empty_plan_says_what_to_do_first(as_):
    page = words(as_("pia").get(PAGE))

    assert "No workload yet." in page
    assert "Import a plan" in page


def test_filters_that_leave_nothing_lead_back_to_the_whole_plan(cast, as_):
    stories.proposed(cast)

    page = as_("pia").get(f"{PAGE}?q=nothing")

    assert "No workload fits these filters." in words(page)
    assert 'href="/plan/">Show all' in page.content.decode()


def test_a_long_plan_is_paged_by_a_hundred(cast, as_):
    propose_many(cast, 120)

    first, second = as_("pia").get(PAGE), as_("pia").get(f"{PAGE}?page=2")

    assert "1–100 of 120" in words(first)
    assert "101–120 of 120" in words(second)
    assert len(refs(first)) == 100
    assert refs(second) == [f"W-{n}" for n in range(101, 121)]


def test_a_door_that_is_closed_says_who_can_open_it(cast, as_):
    stories.proposed(cast)

    auditor = words(as_("adele").get(PAGE))
    planner = as_("pia").get(PAGE).content.decode()

    assert "Import A planner can." in auditor
    assert "Propose a workload A workload owner or a planner can." in auditor
    assert "Edit cells Its owner or a planner can." in auditor
    assert 'aria-disabled="true">Import' not in planner


def test_only_rows_that_one_may_change_become_fields(cast, as_):
    stories.proposed(cast)
    stories.proposed(cast, name="Of Marcus", owner=cast.marcus)

    page = as_("sarah").get(f"{PAGE}?edit=on").content.decode()

    assert 'href="/plan/cells/W-01/users/"' in page
    assert 'href="/plan/cells/W-02/users/"' not in page


def test_the_ship_quarter_of_a_committed_row_is_dashed_with_the_reason(cast, as_):
    stories.committed(cast)

    page = as_("pia").get(f"{PAGE}?edit=on").content.decode()

    assert "It is committed: de-commit it first" in page
    assert 'href="/plan/cells/W-01/ship_quarter/"' not in page


def test_a_stranger_is_sent_to_sign_in(client):
    assert client.get(PAGE).headers["Location"].startswith("/sign-in/?next=/plan/")


# --- cost ----------------------------------------------------------------------------


@pytest.mark.parametrize("rows", [1, 3, 120])
@pytest.mark.parametrize("group", ["quarter", "owner"])
def test_the_table_takes_eight_queries_whatever_its_rows(
    cast, as_, django_assert_num_queries, rows, group
):
    stories.planned(cast)
    propose_many(cast, rows - 1, owner=cast.sarah)
    pia = as_("pia")
    pia.get(PAGE)

    with django_assert_num_queries(8):
        pia.get(f"{PAGE}?group={group}")


def test_the_page_sees_a_change_at_once(cast, as_):
    """Its statements are kept from one request to the next; their answers are not."""
    stories.proposed(cast)
    pia = as_("pia")
    before = row(pia.get(PAGE), "W-01")

    edit_workload(number=1, actor=cast.pia, changes={"ship_quarter": "2027Q1"}, now=NOW)

    assert before[9] == "2026-Q2"
    assert row(pia.get(PAGE), "W-01")[9] == "2027-Q1"
    assert Workload.objects.count() == 1
