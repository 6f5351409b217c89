"""The plan as a roadmap: rows against quarters, heads, and what mends a full one."""

import re
from types import SimpleNamespace

import pytest

from capacity.models import Staffing
from portal.kernel.periods import Quarter
from tests.conftest import NOW
from tests.workloads import stories
from tests.workloads.pages import Reader, words
from workloads.enums import Status
from workloads.selectors.quarters import heads_of
from workloads.selectors.roadmap import quarter_loads
from workloads.services.lifecycle import advance
from workloads.services.plan import Proposal, propose_workloads

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_now")]

PAGE = "/plan/roadmap/"


@pytest.fixture
def as_(cast: SimpleNamespace) -> Reader:
    return Reader(cast)


def staff_2026():
    """One full-time equivalent in every quarter of 2026, nobody yet from 2027 on."""
    Staffing.objects.bulk_create(
        Staffing(quarter=f"2026Q{n}", full_time_equivalents=1, entered_at=NOW)
        for n in range(1, 5)
    )


@pytest.fixture
def staffed(real):
    staff_2026()


@pytest.fixture
def real(cast):
    """The real plan: two committed for Q2, two planned for Q3, one without an estimate."""
    rows = [
        ("Customer support chat", "2026Q2", stories.committed, (4200, 520_000, 6)),
        ("Internal Q&A over docs", "2026Q2", stories.committed, (1100, 980_000, 4)),
        ("Sales-call summariser", "2026Q3", stories.planned, (280, 1_400_000, 2)),
        ("Code review assistant", "2026Q3", stories.planned, (95, 2_200_000, 3)),
    ]
    for name, quarter, story, (users, tokens, hours) in rows:
        stated = {
            "users": users,
            "declared_tokens_per_user_month": tokens,
            "ops_hours_week": hours,
            "ops_reason": "As the plan says.",
        }
        with stories.stating(stated):
            story(cast, name=name, ship_quarter=quarter)
    stories.proposed(
        cast, name="Marketing copy drafts", ship_quarter="2026Q4", cost_gate=""
    )


def cells(response, ref):
    found = re.search(
        rf'<tr id="{ref}">(.*?)</tr>', response.content.decode(), re.DOTALL
    )
    assert found, f"{ref} is not on the roadmap"
    return [
        " ".join(re.sub(r"<[^>]+>", " ", cell).split())
        for cell in re.findall(r"<td[^>]*>(.*?)</td>", found[1], re.DOTALL)
    ]


# --- rows ----------------------------------------------------------------------------


def test_a_row_ships_in_its_quarter_and_runs_from_then_on(real, as_):
    page = as_("pia").get(PAGE)

    assert cells(page, "W-01") == [
        "Committed 6 stable + 12 first quarter $13,104 tokens/month · 72.69 peak sessions",
        "6 h/week",
        "6 h/week",
        "6 h/week",
    ]
    assert cells(page, "W-03") == [
        "",
        "Planned 2 stable + 12 first quarter $2,352 tokens/month · 4.85 peak sessions",
        "2 h/week",
        "2 h/week",
    ]
    assert cells(page, "W-05") == [
        "",
        "",
        "Candidate no estimate, no gate",
        "not estimated",
    ]


def test_what_can_still_move_runs_on_a_dashed_line(real, as_):
    page = as_("pia").get(PAGE).content.decode()

    assert page.count('class="runs soft"') == 2 + 2 + 1
    assert page.count('class="runs"') == 3 + 3 + 4


def test_a_live_workload_stands_in_the_quarter_in_which_it_went_live(cast, as_):
    stories.live(cast, ship_quarter="2026Q4")

    page = as_("pia").get(f"{PAGE}?from=2026Q2")

    assert cells(page, "W-01")[0] == (
        "Live 6 stable + 12 first quarter $13,104 tokens/month · 72.69 peak sessions"
    )


@pytest.mark.parametrize("ships", ["2026Q1", "2026Q4"])
def test_a_live_workload_stands_there_whatever_it_was_to_ship_in(cast, as_, ships):
    stories.live(cast, ship_quarter=ships)

    page = as_("pia").get(f"{PAGE}?from=2026Q2&quarters=1").content.decode()

    assert 'id="W-01"' in page


def test_a_live_workload_is_no_row_before_it_went_live(cast, as_):
    stories.live(cast, ship_quarter="2026Q1")

    page = as_("pia").get(f"{PAGE}?from=2026Q1&quarters=1").content.decode()

    assert 'id="W-01"' not in page


def test_a_retired_workload_leaves_the_roadmap(cast, as_):
    workload = stories.proposed(cast)
    advance(
        number=workload.number,
        to=Status.RETIRED,
        actor=cast.sarah,
        reason="Not needed.",
        now=NOW,
    )

    assert "Nothing ships in these quarters." in words(as_("pia").get(PAGE))


def test_rows_without_a_quarter_are_named_beside_it(cast, as_):
    stories.proposed(cast, ship_quarter="")

    page = words(as_("pia").get(PAGE))

    assert "W-01 has no ship quarter." in page


# --- heads ---------------------------------------------------------------------------


def test_a_head_counts_committed_and_names_planned_beside_it(real, as_):
    page = words(as_("pia").get(PAGE))

    assert (
        "2026-Q2 Ops 38 of 4,000 h/week Tokens 6.85B $41,101 Compute 92 peak · 124 "
        "to buy $0" in page
    )
    assert "2026-Q3 Ops 14 + 29 planned h/week, no ceiling yet" in page
    assert (
        "2026-Q4 Ops 14 + 5 planned + ? h/week, no ceiling yet Tokens 9.79B + 1.80B "
        "planned + ? $58,716 Compute 92 peak + 6 planned · 124 to buy $0 W-05 has no "
        "estimate, so its hours are not in it." in page
    )


def test_without_staffing_the_roadmap_says_that_no_quarter_has_a_ceiling(real, as_):
    page = words(as_("pia").get(f"{PAGE}?from=2026Q3"))

    assert "None of those shown has one yet." in page
    assert (
        "2026-Q3, 2026-Q4, 2027-Q1, 2027-Q2 have no staffing row, so they have no "
        "ceiling yet." in page
    )
    assert "over-full" not in page


def test_an_over_full_quarter_computes_each_move_that_would_fit(real, staffed, as_):
    page = as_("pia").get(PAGE)

    said = words(page)
    assert "2026-Q3 is 3 h/week over with what is planned for it" in said
    assert "2026-Q3 needs 43 h/week and has 40. W-03 and W-04 ship in it." in said
    assert "Move W-04 to 2026-Q4 : 28 h here, 31 h there" in said
    assert "Move W-03 to 2026-Q4 : 29 h here, 31 h there" in said
    assert "Raise staffing to 1.08 FTE or more" in said
    assert 'href="/plan/cells/W-04/ship_quarter/"' in page.content.decode()
    assert page.content.decode().count('<td class="over">') == 2


def test_heads_and_moves_count_a_live_workload_from_the_same_quarter(cast, real):
    stories.live(cast, name="Live before its quarter", ship_quarter="2026Q4")
    quarters = [Quarter(2026, number) for number in (1, 2, 3, 4)]
    heads = heads_of(quarters, codes=("ops",))

    loads = quarter_loads(quarters, [head.parts["ops"] for head in heads])

    assert [load.workloads for load in loads] == [0, 3, 5, 5]
    assert [load.hours for load in loads] == [0, 56, 49, 25]


def test_the_page_says_from_which_quarter_a_workload_counts(real, as_):
    assert (
        "Each counts from its ship quarter on, and once live from the quarter in which "
        "it went live." in words(as_("pia").get(PAGE))
    )


def test_a_committed_workload_moves_once_it_is_de_committed(cast, as_):
    for name in ("One", "Two", "Three"):
        stories.committed(cast, name=name, ship_quarter="2026Q3")
    staff_2026()

    page = as_("pia").get(PAGE)

    assert (
        "Move W-03 to 2026-Q4 : 40 h here, 34 h there, once it is de-committed"
        in words(page)
    )
    assert 'href="/workloads/W-03/step/planned/"' in page.content.decode()


def test_the_table_names_the_overload_too(real, staffed, as_):
    page = words(as_("pia").get("/plan/"))

    assert "14 + 29 planned of 40 ops h/week" in page
    assert "3 h/week over. The roadmap says which moves would fit." in page
    assert "room for 2 h/week" in page


# --- the window ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "first", "last"),
    [
        ("", "2026-Q2", "2027-Q1"),
        ("?from=2026Q3", "2026-Q3", "2027-Q2"),
        ("?from=2026-Q3&quarters=2", "2026-Q3", "2026-Q4"),
        ("?quarters=99", "2026-Q2", "2028-Q1"),
        ("?quarters=0", "2026-Q2", "2026-Q2"),
        ("?from=soon&quarters=many", "2026-Q2", "2027-Q1"),
    ],
)
def test_the_quarters_shown_are_in_the_address(real, as_, query, first, last):
    assert f"{first} to {last}" in words(as_("pia").get(f"{PAGE}{query}"))


def test_earlier_and_later_keep_the_filters(real, as_):
    page = as_("pia").get(f"{PAGE}?from=2026Q3&status=planned").content.decode()

    assert "?from=2025Q3&amp;status=planned" in page
    assert "?from=2027Q3&amp;status=planned" in page


def test_filters_narrow_the_rows_and_never_the_heads(real, as_):
    page = as_("pia").get(f"{PAGE}?status=planned")

    assert 'id="W-01"' not in page.content.decode()
    assert "Ops 38 of 4,000 h/week" in words(page)


# --- cost ----------------------------------------------------------------------------


@pytest.mark.parametrize("rows", [1, 3, 120])
def test_the_roadmap_takes_the_same_queries_whatever_its_rows(
    cast, as_, django_assert_num_queries, rows
):
    stories.planned(cast)
    propose_workloads(
        actor=cast.pia,
        proposals=[
            Proposal({"name": f"Workload {n}", "ship_quarter": "2026Q2"})
            for n in range(rows - 1)
        ],
        now=NOW,
    )
    pia = as_("pia")
    pia.get(PAGE)

    with django_assert_num_queries(16):
        pia.get(PAGE)
