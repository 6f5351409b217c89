"""The list of gates: what holds each workload, and where nothing does."""

from types import SimpleNamespace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.capacity import gate_pages as told
from tests.workloads import stories
from tests.workloads.pages import Reader, words

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_now")]

PAGE = "/gates/"


@pytest.fixture
def reader(cast: SimpleNamespace) -> Reader:
    return Reader(cast)


def refs(page: object) -> list[str]:
    return [row["ref"] for row in page.context["rows"]]  # type: ignore[attr-defined]


def test_each_gate_stands_in_sentences_and_a_missing_one_is_said(
    reader: Reader,
) -> None:
    told.gated(reader.cast)
    stories.proposed(reader.cast, name="Search")

    page = words(reader("nils").get(PAGE))

    assert "1 of 2 workloads has no active gate: their calls are blocked" in page
    assert "Free : Blocked at 100k tokens a month." in page
    assert "W-02 Search No active gate" in page
    assert "Not enforced" in page


def test_the_list_is_filtered_searched_and_sorted(reader: Reader) -> None:
    first = told.gated(reader.cast)
    stories.proposed(reader.cast, name="Search")
    second = stories.proposed(reader.cast, name="Notes")
    stories.gated(second, reader.cast)
    told.said(first, "u-1", 100)
    told.proposed(first.gates.get(), 120_000)
    nils = reader("nils")

    def found(query: str) -> list[str]:
        return refs(nils.get(f"{PAGE}?{query}"))

    assert found("") == ["W-01", "W-02", "W-03"]
    assert found("show=without") == ["W-02", "W-03"]
    assert found("show=waiting") == ["W-03"]
    assert found("show=proposed") == ["W-01"]
    assert found("show=near") == ["W-01"]
    assert found("overage=pay_as_you_go") == ["W-01"]
    assert found("status=candidate&q=sea") == ["W-02"]
    assert found("status=live") == []
    assert found("q=w-03") == ["W-03"]
    assert found("sort=name") == ["W-01", "W-03", "W-02"]
    assert found("sort=near&dir=desc") == ["W-01", "W-02", "W-03"]
    assert found("sort=ceiling") == ["W-01", "W-02", "W-03"]
    assert "No gate fits these filters." in words(nils.get(f"{PAGE}?q=nothing"))
    for nonsense in ("show=x", "sort=x", "page=0", "page=9999999"):
        assert nils.get(f"{PAGE}?{nonsense}").status_code == 200


def test_a_kill_switch_and_what_waits_stand_in_the_row(reader: Reader) -> None:
    workload = told.gated(reader.cast)
    stories.gated(workload, reader.cast)
    reader("noor").post(
        "/gates/switches/",
        {"scope": "workload", "target": "W-01", "reason": "It loops."},
    )

    page = words(reader("nils").get(PAGE))

    assert "Held by a kill switch" in page
    assert "v2 draft" in page


def test_an_export_has_a_line_a_tier_and_exactly_what_is_shown(reader: Reader) -> None:
    told.gated(reader.cast)
    stories.proposed(reader.cast, name="=Search")
    nils = reader("nils")

    lines = nils.get(f"{PAGE}export.csv").content.decode().splitlines()
    narrowed = nils.get(f"{PAGE}export.csv?show=without").content.decode()

    assert len(lines) == 5
    assert lines[1].startswith("W-01,Customer support chat,candidate,Sarah Lind,v1")
    assert "'=Search" in lines[4]
    assert "W-01" not in narrowed
    assert nils.get(f"{PAGE}export.xlsx").status_code == 200
    assert nils.get(f"{PAGE}export.pdf").status_code == 404


def test_the_list_asks_as_much_for_three_gates_as_for_one(reader: Reader) -> None:
    nils = reader("nils")
    counts = []
    for number in range(3):
        workload = told.gated(reader.cast, name=f"Gate {number}")
        told.said(workload, "u-1")
        nils.get(PAGE)
        with CaptureQueriesContext(connection) as asked:
            nils.get(PAGE)
        counts.append(len(asked))

    assert counts == [16, 16, 16]
