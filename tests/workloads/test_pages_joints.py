"""What the plan puts on the house's own pages: the search, the home page, exports."""

from types import SimpleNamespace

import pytest

from portal.kernel.periods import Quarter
from tests.conftest import NOW
from tests.workloads import stories
from tests.workloads.pages import Reader, words
from workloads.enums import Moment
from workloads.services.baselines import take_baseline
from workloads.services.departments import create_department

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_now")]


@pytest.fixture
def as_(cast: SimpleNamespace) -> Reader:
    return Reader(cast)


@pytest.mark.parametrize("typed", ["W-01", "w1", "w-001"])
def test_a_reference_goes_straight_to_its_workload(cast, as_, typed):
    stories.proposed(cast)

    answer = as_("adele").get(f"/find/?q={typed}")

    assert answer.headers["Location"] == "/workloads/W-01/"


def test_a_reference_works_in_the_address(cast, as_):
    stories.proposed(cast)

    assert as_("adele").get("/W-01").headers["Location"].endswith("/workloads/W-01/")
    assert as_("adele").get("/W-02").status_code == 404


def test_a_name_comes_before_the_owner_of_that_name(cast, as_):
    stories.proposed(cast, name="Drafts")
    stories.proposed(cast, name="Sarah's own", owner=cast.marcus)

    page = words(as_("adele").get("/find/?q=sarah"))

    assert page.index("Sarah's own") < page.index("Drafts")
    assert "candidate · 2026-Q2" in page


def test_departments_and_baselines_are_found(cast, as_):
    create_department(
        actor=cast.clara, code="it", name="Internal IT", head=None, now=NOW
    )
    take_baseline(
        actor=cast.clara, quarter=Quarter(2026, 2), moment=Moment.OPENED, now=NOW
    )

    assert "Internal IT" in words(as_("adele").get("/find/?q=internal"))
    assert as_("adele").get("/find/?q=B-1").headers["Location"] == "/plan/baselines/1/"


def test_home_shows_what_is_committed_and_the_ops_hours(cast, as_):
    stories.committed(cast)
    stories.proposed(cast, name="Second")

    page = words(as_("adele").get("/"))

    assert "Committed for 2026-Q2 1 of 2 in the plan W-01; none is live yet" in page
    assert "Ops hours, 2026-Q2 18 + ? of 4,000 h/week" in page


@pytest.mark.parametrize(("person", "may"), [("pia", True), ("adele", False)])
def test_home_offers_to_propose_to_whoever_may(cast, as_, person, may):
    page = as_(person).get("/").content.decode()

    assert ('href="/workloads/propose/"' in page) is may


@pytest.mark.parametrize(
    ("kind", "content_type"),
    [
        ("csv", "text/csv; charset=utf-8"),
        (
            "xlsx",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        ),
        ("json", "application/json"),
    ],
)
def test_an_export_has_exactly_what_the_page_shows(cast, as_, kind, content_type):
    stories.planned(cast)
    stories.proposed(cast, name="Second")

    answer = as_("adele").get(f"/plan/export.{kind}?status=planned&group=none")

    assert answer.headers["Content-Type"] == content_type
    assert answer.headers["Content-Disposition"] == (
        f'attachment; filename="plan-2026-05-12.{kind}"'
    )
    assert b"Second" not in answer.content
    if kind == "csv":
        assert answer.content.decode().splitlines()[1] == (
            "W-01,Customer support chat,Sarah Lind,planned,4200,18,520000,6,"
            "Sonnet→Haiku,soft-cap,Q2-2026"
        )


def test_a_kind_of_file_that_is_none_is_not_found(as_):
    assert as_("adele").get("/plan/export.pdf").status_code == 404


def test_the_pages_export_carries_its_filters(cast, as_):
    stories.proposed(cast)

    page = as_("adele").get("/plan/?status=candidate&sort=users").content.decode()

    assert 'href="/plan/export.csv?status=candidate&amp;sort=users"' in page
