"""Scenarios as a page: the state in the address, the verdict in words, the same as CSV."""

from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.capacity.rates import price, staff
from tests.workloads import stories
from tests.workloads.pages import words

pytestmark = pytest.mark.django_db

PAGE = "/capacity/scenarios/"
# Few samples: these tests read words, not percentiles.
FEW = "samples=50"


@pytest.fixture
def reader(
    cast: SimpleNamespace,
    at_now: None,
    client: Client,
    monkeypatch: pytest.MonkeyPatch,
) -> Client:
    """W-01 of the spec is committed for this quarter, with one person; nils looks on."""
    monkeypatch.setitem(stories.COMPLETE, "ops_reason", "It runs by itself.")
    price("Sonnet")
    stories.committed(cast)
    for number in (2, 3, 4):
        staff(f"2026Q{number}")
    client.force_login(cast.nils)
    return client


def read(client: Client, query: str = "") -> Any:
    """The page of an address that says no more than it has to."""
    answer = client.get(f"{PAGE}?{query}" if query else PAGE)
    assert answer.status_code == 200, answer.headers.get("Location")
    return answer


# --- The verdict ---------------------------------------------------------------------


def test_without_a_change_the_scenario_is_the_plan(reader: Client) -> None:
    text = words(read(reader))

    assert "Nothing is changed yet." in text
    assert "as in the plan" in text


def test_what_the_reserve_cannot_carry_is_named_in_money_and_quarter(
    reader: Client,
) -> None:
    text = words(read(reader, f"from=2026-07&months=3&users.W-01=2&{FEW}"))

    # 39,312 of tokens more; the reserve is 17.5 % of them and of 18 hours a week.
    assert "The reserve absorbs it: no, missing $31,340 in 2026-Q3." in text
    assert "+$39,312" in text


def test_what_the_reserve_carries_is_said_to_be_absorbed(reader: Client) -> None:
    text = words(read(reader, f"price.Sonnet=1.1&{FEW}"))

    assert "The reserve absorbs it: yes." in text


def test_the_stress_tests_are_links_to_their_scenarios(reader: Client) -> None:
    content = read(reader).content.decode()

    assert "?users.W-01=2" in content
    assert "?price.Sonnet=1.25" in content
    assert "?from=2026-07&amp;vacancy=40" in content


def test_samples_give_a_band_and_a_share(reader: Client) -> None:
    drawn, without = read(reader, FEW), read(reader, "samples=0")

    assert "50 samples, seed 7" in words(drawn)
    assert 'class="band"' in drawn.content.decode()
    assert 'class="band"' not in without.content.decode()


# --- The address -----------------------------------------------------------------------


def test_the_address_keeps_only_what_differs(reader: Client) -> None:
    sent = "from=2026-05&months=12&users=1&users.W-01=2.0&slip.W-01=0&vacancy=&seed=7"

    answer = reader.get(f"{PAGE}?{sent}")

    assert (answer.status_code, answer.headers["Location"]) == (
        302,
        f"{PAGE}?users.W-01=2",
    )


def test_nobody_at_all_is_a_scenario_of_its_own(reader: Client) -> None:
    answer = read(reader, f"users.W-01=0&{FEW}")

    assert "+$0" not in words(answer)
    assert "$0" in words(answer)


def test_a_change_in_place_tells_the_browser_its_address(reader: Client) -> None:
    answer = reader.get(
        f"{PAGE}?users=2&months=12&{FEW}", headers={"HX-Request": "true"}
    )

    assert answer.status_code == 200
    assert answer.headers["HX-Push-Url"] == f"{PAGE}?users=2&{FEW}"


def test_an_added_workload_stands_in_the_address(reader: Client) -> None:
    text = words(
        read(
            reader,
            f"{FEW}&add.users=100&add.sessions=10&add.tokens=100000&add.hours=4"
            "&add.ships=2026Q3&add.model=Sonnet",
        )
    )

    assert "The reserve absorbs it" in text


# --- What it refuses --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("users=-1", "Users of every workload: It takes 0 to 1,000."),
        ("months=61", "Months: It takes 1 to 60."),
        ("samples=100001", "Samples: It takes 0 to 100,000."),
        ("from=May", "Write a month like 2026-05."),
        ("from=2099-01", "It lies more than 20 years from 2026-05."),
        ("users.W-99=2", "W-99 is not among the workloads that the forecast counts."),
        ("price.Nova=2", "The rate card has no price of Nova."),
        ("add.users=5", "An added workload needs it."),
        ("users=many", "That is no number. It takes 0 to 1,000."),
    ],
)
def test_a_wrong_address_says_why_and_keeps_what_was_written(
    reader: Client, query: str, said: str
) -> None:
    answer = read(reader, query)

    assert "The scenario was not played." in words(answer)
    assert said in words(answer)
    assert f'value="{query.split("=")[1]}"' in answer.content.decode()


def test_a_month_without_a_price_leads_to_the_rates(reader: Client) -> None:
    price("Nova", valid_from="2026-09-01")

    answer = read(
        reader,
        f"{FEW}&add.users=100&add.sessions=10&add.tokens=100000&add.hours=4"
        "&add.ships=2026Q3&add.model=Nova",
    )

    assert "The price of Nova begins on 2026-09-01, so 2026-07 has none." in words(
        answer
    )
    assert 'href="/capacity/rates/"' in answer.content.decode()


# --- The same as CSV, and its cost ----------------------------------------------------------


def test_the_files_hold_exact_figures(reader: Client) -> None:
    query = "from=2026-07&months=2&users.W-01=2&samples=0"

    tokens = reader.get(f"{PAGE}tokens.csv?{query}").content.decode().splitlines()
    quarters = reader.get(f"{PAGE}quarters.csv?{query}").content.decode().splitlines()

    assert tokens == [
        "Month,Plan,Scenario,P10,P50,P90",
        "2026-07,13104,26208,,,",
        "2026-08,13104,26208,,,",
    ]
    assert quarters[1].startswith("2026Q3,26208,0,0,26208,")


def test_a_file_of_no_chart_is_not_found(reader: Client) -> None:
    assert reader.get(f"{PAGE}people.csv").status_code == 404
    assert reader.get(f"{PAGE}tokens.csv?users=-1").status_code == 400


def test_an_empty_plan_says_so(cast: SimpleNamespace, client: Client) -> None:
    client.force_login(cast.nils)

    text = words(client.get(PAGE))

    assert "The plan is empty." in text


def test_many_workloads_are_picked_one_by_one(
    reader: Client, cast: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("capacity.forms.scenarios.SHOWN", 0)

    picked = read(reader, f"{FEW}&more=W-01").content.decode()

    assert 'name="users.W-01"' in picked
    assert 'name="users.W-01"' not in read(reader, FEW).content.decode()


def test_the_number_of_queries_does_not_grow_with_the_plan(
    reader: Client, cast: SimpleNamespace
) -> None:
    def queries() -> int:
        read(reader, FEW)
        with CaptureQueriesContext(connection) as captured:
            read(reader, FEW)
        return len(captured)

    with_one = queries()
    stories.committed(cast, name="Second", ship_quarter="2026Q3")
    stories.committed(cast, name="Third", ship_quarter="2026Q4")

    assert queries() == with_one
