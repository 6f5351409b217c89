"""What home tells of the quarter's capacity: ops hours, and what is left in reserve."""

from types import SimpleNamespace

import pytest

from tests.capacity.rates import price, staff
from tests.workloads import stories
from tests.workloads.pages import Reader, words

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_now")]


def home(cast: SimpleNamespace) -> str:
    return words(Reader(cast)("noor").get("/"))


def test_home_names_ops_hours_under_their_ceiling_and_the_reserve_that_is_left(cast):
    stories.committed(cast)
    staff("2026Q2")

    page = home(cast)

    assert "Ops hours, 2026-Q2 18 of 40 h/week" in page
    # 17.5 % of 27,518.40 of tokens and of 18 × 13 × 80.00 of ops.
    assert "Reserve left, 2026-Q2 $8,092 of $8,092" in page
    assert "provisional: it follows the forecast" in page


def test_without_a_price_the_reserve_is_not_told(cast):
    price("Sonnet", "2026-05-01")
    stories.committed(cast)

    assert "Reserve left, 2026-Q2 — a model has no price" in home(cast)


@pytest.mark.parametrize("count", [1, 3])
def test_home_takes_twelve_queries_for_one_workload_and_for_three(
    cast, django_assert_num_queries, count
):
    for number in range(count):
        stories.committed(cast, name=f"Workload {number}", ship_quarter="2026Q2")
    staff("2026Q2", "4")
    noor = Reader(cast)("noor")
    noor.get("/")

    with django_assert_num_queries(15):
        noor.get("/")
