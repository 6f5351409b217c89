"""The list of the plan's rows through the API: filtered, searched, ordered, paged."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.workloads import stories

pytestmark = pytest.mark.django_db
LIST = "/api/v1/workloads/"
ONE = f"{LIST}W-01/"


def three(cast):
    stories.planned(cast)
    stories.proposed(
        cast, name="Internal Q&A", owner=cast.marcus, ship_quarter="2026Q3"
    )
    stories.proposed(
        cast, name="Copy drafts", owner=None, owner_text="Aisha", cost_gate=""
    )


@pytest.mark.parametrize("rows", [1, 3])
def test_the_list_asks_three_times_whatever_its_length(cast, api, rows):
    three(cast)
    caller = api("nils")
    caller("GET", LIST)

    with CaptureQueriesContext(connection) as asked:
        answer = caller("GET", f"{LIST}?limit={rows}")

    assert len(answer.json()["results"]) == rows
    # The token with its person, the rows, the marks of all of them.
    assert len(asked) == 3


def test_a_row_of_the_list_is_the_row_itself(cast, api):
    three(cast)
    listed = api("nils")("GET", LIST).json()["results"]

    alone = api("nils")("GET", ONE).json()
    own = {"stakeholders", "lead_time_days", "days_in_status", "links"}
    assert listed[0] == {name: alone[name] for name in alone if name not in own}
    assert [row["ref"] for row in listed] == ["W-01", "W-02", "W-03"]


FILTERS = [
    ("status=planned", ["W-01"]),
    ("status=planned&status=candidate", ["W-01", "W-02", "W-03"]),
    ("owner=marcus", ["W-02"]),
    ("ship_quarter=2026-Q3", ["W-02"]),
    ("cost_gate=hard_cap", []),
    ("search=aisha", ["W-03"]),
    ("search=internal+q", ["W-02"]),
    ("department=none", []),
    ("ordering=-ref", ["W-03", "W-02", "W-01"]),
    ("ordering=name", ["W-03", "W-01", "W-02"]),
    ("ordering=tokens_per_month,ref", ["W-01", "W-02", "W-03"]),
]


@pytest.mark.parametrize(("query", "refs"), FILTERS)
def test_the_list_is_filtered_searched_and_ordered(cast, api, query, refs):
    three(cast)

    answer = api("nils")("GET", f"{LIST}?{query}")

    assert [row["ref"] for row in answer.json()["results"]] == refs


@pytest.mark.parametrize(
    "query", ["status=alive", "limit=0", "limit=501", "colour=red", "ordering=colour"]
)
def test_a_wrong_parameter_is_refused(cast, api, query):
    assert api("nils")("GET", f"{LIST}?{query}").status_code == 400


def test_pages_follow_each_other(cast, api):
    three(cast)
    seen, path = [], f"{LIST}?limit=1&ordering=-ref"
    while path:
        page = api("nils")("GET", path).json()
        seen += [row["ref"] for row in page["results"]]
        path = page["next"]

    assert seen == ["W-03", "W-02", "W-01"]
