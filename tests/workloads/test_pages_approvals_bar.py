"""The inbox's filters, saved views and files."""

import csv
import io
from types import SimpleNamespace

import pytest

from tests.workloads import stories
from tests.workloads.approvals import OPS, approve
from tests.workloads.pages import Reader, words
from workloads.models import Estimate

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_now")]


@pytest.fixture
def as_(cast: SimpleNamespace) -> Reader:
    return Reader(cast)


# --- filters, views and files --------------------------------------------------------


@pytest.fixture
def two(cast: SimpleNamespace) -> list[Estimate]:
    """W-01 of Sarah for 2026-Q2, W-02 of Marcus for 2026-Q3."""
    second = {"name": "=Drafts()", "owner": cast.marcus, "ship_quarter": "2026Q3"}
    return [
        stories.submitted(stories.proposed(cast), cast.sarah),
        stories.submitted(stories.proposed(cast, **second), cast.marcus),
    ]


@pytest.mark.parametrize(
    ("query", "yours", "others"),
    [
        ("", 2, 4),
        ("role=ops", 2, 0),
        ("role=finance", 0, 2),
        ("quarter=2026Q3", 1, 2),
        ("owner=marcus&role=ops", 1, 0),
        ("only=yours", 2, 0),
        ("q=W-02", 1, 2),
        ("wait=sign&q=support", 1, 2),
        ("role=nonsense&wait=-&only=x&order=y&page=0", 2, 4),
        (f"page={'9' * 5000}", 2, 4),
    ],
)
def test_the_address_narrows_the_inbox(as_, two, query, yours, others):
    page = words(as_("noor").get(f"/approvals/?{query}"))

    assert f"Yours · {yours}" in page
    assert (f"Other roles · {others}" in page) == bool(others)


def test_filters_go_along_from_line_to_line_and_through_the_press(as_, two):
    noor = as_("noor")
    query = "?role=ops&order=ref"
    listed = noor.get(f"/approvals/{query}&wait=").content.decode()

    done = noor.post(f"{OPS}{query}", approve(two[0]))

    kept = "?role=ops&amp;order=ref"
    assert f'href="/approvals/W-02/1/ops/{kept}"' in listed
    assert f'action="/approvals/W-01/1/ops/{kept}"' in listed
    assert done.headers["Location"] == f"/approvals/{query}"


def test_the_bar_works_without_a_script_and_keeps_what_was_asked(as_, two):
    page = as_("noor").get(f"{OPS}?role=ops&only=yours&order=newest").content.decode()

    assert '<form class="bar" role="search" method="get" action="/approvals/">' in page
    assert '<input type="hidden" name="only" value="yours">' in page
    assert '<option value="ops" selected>Ops: ops hours</option>' in page
    assert '<option value="newest" selected>Newest first</option>' in page
    assert '<button class="btn">Show</button>' in page


def test_nothing_that_fits_says_what_to_do(as_, two):
    page = as_("noor").get("/approvals/?quarter=2031Q1")

    assert "Nothing that waits fits these filters." in words(page)
    assert 'href="/approvals/">Show everything</a>' in page.content.decode()
    asked = '<option value="2031Q1" selected>2031-Q1</option>'
    assert asked in page.content.decode()


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("role=ops", "Two signatures that wait fit these filters; two of them are"),
        ("q=W-02&role=finance", "One signature that waits fits these filters; it is n"),
        ("q=W-02&role=ops", "One signature that waits fits these filters; it is your"),
        ("q=W-02", "Three signatures that wait fit these filters; one of them is y"),
    ],
)
def test_the_lede_counts_what_fits(as_, two, query, said):
    assert said in words(as_("noor").get(f"/approvals/?{query}"))


def test_a_saved_view_of_the_inbox_is_a_chip_of_it(as_, two):
    noor = as_("noor")
    query = "role=ops&only=yours"
    asked = f"{query}&q=&order=oldest&page=1"
    offered = noor.get(f"/approvals/?{asked}").content.decode()
    noor.post(
        "/settings/views/new/",
        {"name": "My ops", "page": "workloads:approvals", "query": query},
    )

    page = noor.get(f"/approvals/?{query}").content.decode()

    saves = "?page=workloads:approvals&amp;query=role%3Dops%26only%3Dyours"
    assert f'href="/settings/views/new/{saves}"' in offered
    chip = f'href="/approvals/?{query.replace("&", "&amp;")}" aria-current="true"'
    assert f"{chip}>My ops</a>" in page


def test_a_queue_longer_than_a_page_goes_on(as_, two, monkeypatch):
    monkeypatch.setattr("workloads.views.signoffs.ITEMS_A_PAGE", 2)
    monkeypatch.setattr("workloads.views.inbox_bar.ITEMS_A_PAGE", 2)
    noor = as_("noor")

    first, last = noor.get("/approvals/?order=ref"), noor.get("/approvals/?page=3")

    assert "1–2 of 6" in words(first)
    assert 'href="/approvals/?order=ref&amp;page=2"' in first.content.decode()
    assert "5–6 of 6" in words(last)
    assert "Yours · 2" in words(last)
    assert "Nothing waits for you." not in words(last)


def test_a_signature_on_another_page_is_signed_at_its_own_address(
    as_, two, monkeypatch
):
    monkeypatch.setattr("workloads.views.signoffs.ITEMS_A_PAGE", 1)

    page = words(as_("noor").get("/approvals/W-02/1/ops/"))

    assert "Yours · 2" in page
    assert "You are signing ops hours: 6 h/week." in page


def test_the_export_is_what_is_shown_with_formulas_made_harmless(as_, two):
    answer = as_("noor").get("/approvals/export.csv?role=ops&order=ref&only=yours")

    rows = list(csv.DictReader(io.StringIO(answer.content.decode())))
    assert answer.headers["Content-Disposition"] == (
        'attachment; filename="approvals-2026-05-12.csv"'
    )
    assert [(row["Ref"], row["Workload"]) for row in rows] == [
        ("W-01", "Customer support chat"),
        ("W-02", "'=Drafts()"),
    ]
    assert rows[1] == {
        "Ref": "W-02",
        "Workload": "'=Drafts()",
        "Version": "1",
        "Signature": "ops",
        "Waits for": "a signature",
        "Figure": "ops hours a week",
        "Last in force": "",
        "To sign": "6",
        "Waiting since": "2026-05-12",
        "Working days": "0",
        "Lapses on": "",
        "Yours": "yes",
        "Deputy for": "",
        "Owner": "Marcus Webb",
        "Department": "",
        "Status": "candidate",
        "Ship quarter": "Q3-2026",
    }


def test_the_export_names_the_figure_in_force_before(cast, as_):
    stories.submitted(stories.committed(cast), cast.sarah, users=5000, ops_hours_week=8)

    rows = as_("noor").get("/approvals/export.json").json()["rows"]

    assert [
        (row["Signature"], row["Last in force"], row["To sign"]) for row in rows
    ] == [
        ("ops", 6, 8),
        ("engineering", 4200, 5000),
        ("finance", 2_184_000_000, 2_600_000_000),
    ]


@pytest.mark.parametrize(
    ("kind", "status"), [("xlsx", 200), ("json", 200), ("pdf", 404)]
)
def test_the_export_has_the_kinds_of_the_plan(as_, two, kind, status):
    assert as_("adele").get(f"/approvals/export.{kind}").status_code == status
