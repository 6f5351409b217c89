"""Baselines on pages: taken by the committee, shown as they stood, compared."""

from types import SimpleNamespace

import pytest

from tests.conftest import NOW
from tests.workloads import stories
from tests.workloads.pages import Reader, toasts, words
from workloads.models import PlanBaseline
from workloads.services.plan import edit_workload

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_now")]

PAGE = "/plan/baselines/"
OPENED = {"quarter": "2026-Q2", "moment": "opened"}
CLOSED = {"quarter": "Q2-2026", "moment": "closed"}


@pytest.fixture
def as_(cast: SimpleNamespace) -> Reader:
    return Reader(cast)


def test_the_committee_freezes_the_plan(cast, as_):
    stories.committed(cast)
    clara = as_("clara")

    answer = clara.post(PAGE, OPENED)

    assert answer.headers["Location"] == PAGE
    taken = PlanBaseline.objects.get()
    assert (taken.number, taken.quarter, taken.moment) == (1, "2026Q2", "opened")
    page = clara.get(PAGE)
    assert toasts(page) == ["B-1 holds 1 rows of the plan."]
    assert "B-1 2026-Q2 review opened 1 Today 09:00 Clara Boyd" in words(page)


def test_a_baseline_shows_the_rows_as_they_stood(cast, as_):
    stories.committed(cast)
    as_("clara").post(PAGE, OPENED)
    edit_workload(number=1, actor=cast.pia, changes={"name": "Renamed"}, now=NOW)

    page = words(as_("adele").get(f"{PAGE}1/"))

    assert "W-01 Customer support chat Sarah Lind Committed 4,200 18 520k 6" in page
    assert "Renamed" not in page


def test_two_baselines_are_compared_by_row_and_by_budget(cast, as_):
    stories.committed(cast)
    as_("clara").post(PAGE, OPENED)
    edit_workload(number=1, actor=cast.pia, changes={"name": "Renamed"}, now=NOW)
    stories.proposed(cast, name="Second")
    stories.committed(cast, name="Third")
    as_("clara").post(PAGE, CLOSED)

    page = words(as_("adele").get(f"{PAGE}compare/?from=1&to=B-2"))

    assert (
        "From 2026-Q2 review opened to 2026-Q2 review closed: 2 added, 1 changed."
        in page
    )
    assert "W-01 Renamed changed Workload: Customer support chat → Renamed" in page
    assert "W-02 Second added" in page
    assert "2026-Q2 Tokens 4.59B +4.59B · +100 % 9.17B Ops h/week 18 +22" in page


def test_equal_baselines_say_that_nothing_differs(cast, as_):
    stories.proposed(cast)
    for data in (OPENED, CLOSED):
        as_("clara").post(PAGE, data)

    assert "Nothing differs." in words(as_("adele").get(f"{PAGE}compare/?from=1&to=2"))


@pytest.mark.parametrize("person", ["sarah", "pia", "noor", "adele", "ada", "nils"])
def test_others_see_the_button_dashed_with_who_can(as_, person):
    other = as_(person)

    assert "Freeze the plan A committee member can." in words(other.get(PAGE))
    assert other.post(PAGE, OPENED).status_code == 403
    assert not PlanBaseline.objects.exists()


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ({"quarter": "soon", "moment": "opened"}, "“soon” is not a quarter"),
        ({"quarter": "2026-Q2", "moment": "between"}, "Select a valid choice."),
        ({}, "This field is required."),
    ],
)
def test_a_wrong_field_takes_no_baseline(as_, data, why):
    answer = as_("clara").post(PAGE, data)

    assert answer.status_code == 400
    assert why in words(answer)
    assert not PlanBaseline.objects.exists()


@pytest.mark.parametrize("query", ["", "?from=1&to=9", "?from=x&to=y"])
def test_a_baseline_that_is_not_there_is_not_found(as_, query):
    assert as_("adele").get(f"{PAGE}compare/{query}").status_code == 404
    assert as_("adele").get(f"{PAGE}9/").status_code == 404


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_takes_the_same_queries_whatever_its_rows(
    cast, as_, django_assert_num_queries, count
):
    for _ in range(count):
        as_("clara").post(PAGE, OPENED)
    adele = as_("adele")
    adele.get(PAGE)

    with django_assert_num_queries(4):
        adele.get(PAGE)
