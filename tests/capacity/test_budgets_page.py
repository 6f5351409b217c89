"""The page of the budgets: four panels, charts with their twins, and why."""

import csv
import io
from types import SimpleNamespace

import pytest

from capacity.enums import GateState
from capacity.models import GatePolicy
from tests.capacity.actual_stories import used
from tests.capacity.rates import line, price, staff
from tests.workloads import stories
from tests.workloads.pages import Reader, words

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_now")]

PAGE = "/capacity/"


@pytest.fixture
def as_(cast: SimpleNamespace) -> Reader:
    return Reader(cast)


@pytest.fixture(autouse=True)
def fewer_hours_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(stories.COMPLETE, "ops_reason", "They run by themselves.")


@pytest.fixture
def real(cast: SimpleNamespace) -> None:
    """The real plan with its prices, two compute lines, and one person a quarter."""
    price("Sonnet")
    price("Opus", given="5.00", made="25.00")
    line("orchestration", month="2000.00")
    line("inference_endpoint", session="14.00")
    rows = [
        ("Customer support chat", stories.committed, "2026Q2", (4200, 520_000, 6)),
        ("Internal Q&A over docs", stories.committed, "2026Q2", (1100, 980_000, 4)),
        ("Sales-call summariser", stories.planned, "2026Q3", (280, 1_400_000, 2)),
        ("Code review assistant", stories.planned, "2026Q3", (95, 2_200_000, 3)),
    ]
    for name, story, quarter, (users, tokens, hours) in rows:
        stated = {
            "users": users,
            "declared_tokens_per_user_month": tokens,
            "ops_hours_week": hours,
        }
        with stories.stating(stated):
            story(cast, name=name, ship_quarter=quarter)
    for quarter in ("2026Q2", "2026Q3", "2026Q4"):
        staff(quarter)


# --- The panels ----------------------------------------------------------------------


def test_the_three_budgets_and_the_reserve_stand_side_by_side(real, as_):
    page = words(as_("noor").get(PAGE))

    assert "Capacity, 2026-Q2" in page
    assert "$41,101 in the quarter 6.85B tokens · $19,572 a month in June" in page
    assert "124 sessions to buy, June" in page
    assert "38 h/week = 0.95 FTE 10 stable + 24 first quarter + 4 platform" in page
    assert "2026-Q2 38 of 40 · 95 %, room for 2 h" in page
    assert "Provisional: it follows the forecast" in page


def test_every_computed_number_opens_its_formula(real, as_):
    page = words(as_("noor").get(PAGE))

    assert (
        "W-01: 4,200 users × 520k = 2.18B tokens, 1.64B in at $3.00 and 546M out at "
        "$15.00 a million on Sonnet = $13,104." in page
    )
    assert "= 91.73 × 1.350 = 124 sessions, rounded up." in page
    assert "= (6 + 4) + 2 × 12 + 4 = 38 h/week." in page
    assert "38 ÷ 40 = 0.95 full-time equivalents." in page


def test_five_workloads_at_six_hours_one_shipping_ask_for_46_hours(cast, as_):
    price("Sonnet")
    for name in ("One", "Two", "Three", "Four"):
        stories.committed(cast, name=name, ship_quarter="2026Q1")
    stories.committed(cast, name="Five", ship_quarter="2026Q2")
    staff("2026Q2", "1.25")

    page = words(as_("noor").get(PAGE))

    assert "46 h/week = 1.15 FTE 30 stable + 12 first quarter + 4 platform" in page
    assert "= 5 × 6 + 1 × 12 + 4 = 46 h/week." in page
    assert "46 ÷ 40 = 1.15 full-time equivalents." in page
    assert "2026-Q2 46 of 50 · 92 %, room for 4 h" in page


def test_the_quarter_is_in_the_address_and_nonsense_is_this_one(real, as_):
    later = words(as_("noor").get(f"{PAGE}?quarter=2026Q3"))
    odd = words(as_("noor").get(f"{PAGE}?quarter=soon&by=x&status=y"))

    assert "Capacity, 2026-Q3" in later
    assert "Capacity, 2026-Q2" in odd


def test_what_is_planned_counts_where_it_is_asked_for(real, as_):
    page = words(as_("noor").get(f"{PAGE}?quarter=2026Q3&status=planned"))

    assert "43 h/week = 1.075 FTE" in page
    assert "43 of 40 · 108 %, 3 h over" in page


def test_a_quarter_without_a_price_shows_the_rest_and_says_who_can_mend_it(cast, as_):
    price("Opus")
    price("Sonnet", "2026-05-01")
    stories.committed(cast)

    page = words(as_("noor").get(PAGE))

    assert "4.59B tokens in the quarter No price The price of Sonnet begins on" in page
    assert "99 sessions to buy, June" in page
    assert "It is a share of the three budgets, and tokens have no cost." in page


def test_an_empty_plan_has_its_page_too(as_):
    page = words(as_("noor").get(PAGE))

    assert "$0 in the quarter" in page
    assert "No workload is estimated, so nobody is counted." in page


def test_what_is_not_estimated_is_named(real, cast, as_):
    stories.proposed(cast, name="Marketing copy drafts", ship_quarter="2026Q4")

    page = words(as_("noor").get(PAGE))

    assert "W-05 is not estimated, so in none of these figures." in page
    assert "14 + ? h" in page


# --- Traps and people ----------------------------------------------------------------


def test_the_averaging_trap_names_56_and_72_percent(real, as_):
    page = as_("noor").get(f"{PAGE}?quarter=2026Q3")

    assert "W-03 Sales-call summariser 172M 392M −56 %" in words(page)
    assert "W-04 Code review assistant 58.5M 209M −72 %" in words(page)
    assert 'title="−56.0 %"' in page.content.decode()
    assert 'title="−72.0 %"' in page.content.decode()


def test_before_there_is_usage_unique_users_are_bounds(real, as_):
    page = words(as_("noor").get(PAGE))

    assert "At least 4,200 and at most 5,300 people use" in page
    assert "bounds, not a forecast" in page


def test_usage_brings_the_matrix_the_spread_and_the_actual_cost(real, cast, as_):
    first, second = (stories.Workload.objects.get(number=number) for number in (1, 2))
    for user in ("a", "b"):
        used(first, "2026-05-04", user, input_tokens=1_000_000, output_tokens=0)
    used(second, "2026-05-04", "b", input_tokens=3_000_000, output_tokens=0)
    # Nothing holds the first's cost any more; the second's gate still does.
    GatePolicy.objects.filter(workload=first).update(state=GateState.SUPERSEDED)

    page = as_("noor").get(PAGE)

    assert "2 people used the workloads in May 2026" in words(page)
    assert "W-01 and W-02 1 100 % 1,100" in words(page)
    assert (
        "The line counts W-01 and W-02, which are committed and not live: no actual."
        in words(page)
    )
    assert "The spread behind the mean" in words(page)
    # 3.00 in May at W-01's two alike users, 9.00 at W-02's one.
    assert "50 % 50 % $6 less than any other budget" in words(page)
    assert "gated —" in words(page)
    assert '<circle class="dot open"' in page.content.decode()
    assert "May 2026 really cost $15." in page.content.decode()


def test_the_floor_is_what_the_dearest_model_would_cost(real, cast, as_):
    staff("2026Q2", "9.00")
    stories.committed(cast, name="On Opus", ship_quarter="2026Q2", primary_model="Opus")

    page = words(as_("noor").get(PAGE))

    assert "All on Opus, the dearest model of the plan, the month would cost" in page


def test_too_few_people_cost_more_than_enough_of_them(real, as_):
    page = words(as_("noor").get(PAGE))

    assert "The lowest point is $3,040 a week at 38 h/week staffed." in page
    assert "Each hour short costs 3 hours of incidents and lost velocity." in page


def test_the_standing_stress_tests_say_which_one_is_not_absorbed(real, as_):
    page = words(as_("noor").get(PAGE))

    assert "The standing stress tests, of the plan as it is now:" in page
    twice = (
        "W-01, the dearest workload, at twice its forecast missing $28,643 in 2026-Q3"
    )
    assert twice in page
    assert "Sonnet, the largest spend, 25 % dearer absorbed" in page
    assert "One full-time equivalent vacant from 2026-Q3 absorbed" in page


# --- Charts and their twins ----------------------------------------------------------


@pytest.mark.parametrize("slug", ["tokens", "compute", "ops", "week", "staffing"])
def test_each_chart_has_a_finding_a_twin_and_a_csv(real, as_, slug):
    page = as_("noor").get(f"{PAGE}?quarter=2026Q3")
    answer = as_("noor").get(f"{PAGE}budgets/{slug}.csv?quarter=2026Q3")

    assert (
        f'href="/capacity/budgets/{slug}.csv?quarter=2026Q3"' in page.content.decode()
    )
    assert answer["Content-Type"].startswith("text/csv")
    assert f"{slug}-2026Q3.csv" in answer["Content-Disposition"]
    heading, *rows = csv.reader(io.StringIO(answer.content.decode()))
    assert rows
    assert all(len(row) == len(heading) for row in rows)


def test_no_chart_of_that_name_is_404(as_):
    assert as_("noor").get(f"{PAGE}budgets/nothing.csv").status_code == 404


def test_charts_are_drawn_by_classes_alone(real, as_):
    page = as_("noor").get(PAGE).content.decode()

    assert page.count('role="img"') >= 5
    assert "style=" not in page
    assert page.count("<script") == page.count("<script src=")


def test_the_ops_chart_stacks_three_parts_under_the_staffing(real, as_):
    rows = as_("noor").get(f"{PAGE}budgets/ops.csv").content.decode().splitlines()

    assert rows[0] == "Quarter,Stable,First quarter,Platform,Required,Staffed,Logged"
    assert rows[1] == "2026-Q2,10,24,4,38,40,"
    assert rows[4].startswith("2027-Q1,10,0,4,14,,")


def test_by_workload_opens_each_part_and_what_is_nobodys(real, as_):
    page = words(as_("noor").get(f"{PAGE}?by=workload"))

    assert "By workload, 2026-Q2" in page
    assert "$6,000 of fixed lines that belong to no workload" in page


# --- Cost ----------------------------------------------------------------------------


@pytest.mark.parametrize("workloads", [1, 3])
def test_the_page_takes_the_same_queries_whatever_it_shows(
    cast, as_, django_assert_num_queries, workloads
):
    for index in range(workloads):
        stories.committed(cast, name=f"Workload {index}")
    noor = as_("noor")
    noor.get(PAGE)

    with django_assert_num_queries(18):
        noor.get(f"{PAGE}?by=workload")
