"""Lead times as a page: the curves in a sentence, their numbers, and a file."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.test import Client

from portal.kernel.charts import line_chart
from tests.conftest import NOW
from tests.workloads import stories
from workloads.enums import Status

pytestmark = pytest.mark.django_db


def gone_live(cast: SimpleNamespace, name: str, days: int) -> None:
    workload = stories.committed(cast, name=name)
    stories.ready(workload, cast.sarah)
    stories.enforced(workload, cast.gateway, NOW + timedelta(days=days))
    stories.moved(workload, Status.LIVE, cast.sarah, now=NOW + timedelta(days=days))


def test_two_workloads_give_a_curve_and_its_sentence(
    cast: SimpleNamespace, client: Client
) -> None:
    gone_live(cast, "First", 40)
    gone_live(cast, "Second", 20)
    client.force_login(cast.nils)

    page = client.get("/plan/lead-times/").content.decode()

    # In the order of going live: the second came first.
    assert "It rose from 20 days for W-02 to 40 for W-01." in page
    assert "Over 2 workloads days rose from 20 to 40." in page
    assert page.count("<circle") == 2


def test_without_a_live_workload_the_page_says_what_is_measured(
    cast: SimpleNamespace, client: Client
) -> None:
    client.force_login(cast.nils)

    page = client.get("/plan/lead-times/").content.decode()

    assert "Nothing is live yet, so no lead time is measured." in page
    assert "<circle" not in page


def test_the_file_holds_exact_figures(cast: SimpleNamespace, client: Client) -> None:
    gone_live(cast, "First", 40)
    client.force_login(cast.nils)

    rows = client.get("/plan/lead-times.csv").content.decode().splitlines()

    assert rows == [
        "Ref,Workload,Went live,Days to live,Hours to add it",
        "W-01,First,2026-06-21,40.0,",
    ]


@pytest.mark.parametrize("workloads", [1, 3])
def test_the_page_takes_the_same_queries_whatever_the_rows(
    cast: SimpleNamespace, client: Client, django_assert_num_queries, workloads: int
) -> None:
    for index in range(workloads):
        gone_live(cast, f"Workload {index}", 10 + index)
    client.force_login(cast.nils)
    client.get("/plan/lead-times/")

    with django_assert_num_queries(4):
        client.get("/plan/lead-times/")


@pytest.mark.parametrize(
    ("values", "ticks"),
    [
        ([("a", 40.0), ("b", 10.0)], ["0", "10", "20", "30", "40"]),
        ([("a", 0.0), ("b", 0.0)], ["0", "1", "2", "3", "4"]),
        ([("a", 170.0), ("b", 90.0)], ["0", "50", "100", "150", "200"]),
        ([("a", 420.0), ("b", 130.0)], ["0", "150", "300", "450", "600"]),
        ([("a", 7000.0), ("b", 1.0)], ["0", "2,000", "4,000", "6,000", "8,000"]),
    ],
)
def test_a_chart_starts_at_zero_and_its_ticks_read(
    values: list[tuple[str, float]], ticks: list[str]
) -> None:
    chart = line_chart(values)

    assert [words for _, words in chart.ticks] == ticks
    assert all(chart.base >= dot.y for dot in chart.dots)


@pytest.mark.parametrize(
    ("count", "labelled"), [(2, [0, 1]), (11, [*range(11)]), (12, [*range(1, 12, 2)])]
)
def test_a_crowded_chart_labels_some_and_always_the_newest(count, labelled) -> None:
    chart = line_chart([(f"W-{index}", 1.0) for index in range(count)])

    assert [place for place, dot in enumerate(chart.dots) if dot.labelled] == labelled
