"""Lists: every row once, in order, both ways, whatever is equal or null."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from portal.kernel.models import User

PEOPLE = "/api/probe/people/"
KEPT = "/api/probe/kept/"
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.fixture
def crowd(cast):
    """23 people more; many share a visit's time, and some never came."""
    people = [
        User(
            username=f"u{number:02}",
            name=f"Name {number % 4}",
            created_at=NOON,
            last_visit_at=NOON + timedelta(hours=number % 3) if number % 5 else None,
        )
        for number in range(23)
    ]
    User.objects.bulk_create(people)


def walk(call, path, direction):
    """Every page from `path` on, by the links of the answers."""
    pages = []
    while path:
        answer = call("GET", path).json()
        pages.append([row["username"] for row in answer["results"]])
        last, path = answer, answer[direction]
    return pages, last


@pytest.mark.parametrize(
    "ordering", ["username", "-username", "seen", "-seen", "name,-seen", "-name,seen"]
)
@pytest.mark.parametrize("limit", [1, 4, 500])
@pytest.mark.parametrize("address", [PEOPLE, KEPT])
def test_pages_hold_every_row_once_in_order_both_ways(
    address, ordering, limit, crowd, cast, caller_of, probe
):
    call = caller_of(cast.nils)
    start = f"{address}?ordering={ordering}&limit="
    whole = [row["username"] for row in call("GET", start + "500").json()["results"]]

    forward, last = walk(call, start + str(limit), "next")
    there = [name for page in forward for name in page]

    assert len(whole) == User.objects.count()
    assert there == whole
    if last["previous"]:
        backward, _ = walk(call, last["previous"], "previous")
        back = [name for page in reversed(backward) for name in page]
        assert back + forward[-1] == whole


def test_an_order_is_postgresqls_own(crowd, cast, caller_of, probe):
    rows = caller_of(cast.nils)("GET", f"{PEOPLE}?ordering=-seen").json()["results"]

    expected = User.objects.order_by("-last_visit_at", "-id")
    assert [row["username"] for row in rows] == [one.username for one in expected]


def test_the_first_page_has_nothing_before_it(crowd, cast, caller_of, probe):
    answer = caller_of(cast.nils)("GET", f"{PEOPLE}?limit=5").json()

    assert answer["previous"] is None
    assert answer["next"].startswith(
        "http://testserver/api/probe/people/?limit=5&cursor="
    )


def test_a_row_that_arrives_is_not_seen_twice(crowd, cast, caller_of, probe):
    call = caller_of(cast.nils)
    first = call("GET", f"{PEOPLE}?limit=5").json()
    User.objects.create(username="aaa", created_at=NOON)

    second = call("GET", first["next"]).json()

    seen = [row["username"] for row in first["results"]]
    assert not set(seen) & {row["username"] for row in second["results"]}


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("search=sarah", ["sarah"]),
        ("search=LIND%20sar", ["sarah"]),
        ("search=sarah%20webb", []),
        ("name=Sarah%20Lind&name=Pia%20Novak", ["pia", "sarah"]),
        ("name=sarah", []),
        ("search=%25", []),
    ],
)
def test_a_list_is_narrowed_by_declared_names(query, names, cast, caller_of, probe):
    answer = caller_of(cast.nils)("GET", f"{PEOPLE}?{query}").json()

    assert [row["username"] for row in answer["results"]] == names


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("limit=0", "invalid_parameter"),
        ("limit=501", "invalid_parameter"),
        ("limit=many", "invalid_parameter"),
        ("limit=1e2", "invalid_parameter"),
        ("limit=" + "9" * 5000, "invalid_parameter"),
        ("limit=5&limit=6", "invalid_parameter"),
        ("ordering=password", "invalid_parameter"),
        ("ordering=", "invalid_parameter"),
        ("ordering=name,-name", "invalid_parameter"),
        ("cursor=x", "invalid_parameter"),
        ("cursor=W10", "invalid_parameter"),
        ("cursor=WzEsMiwzXQ", "invalid_parameter"),
        ("search=" + "x" * 501, "invalid_parameter"),
        ("active=perhaps", "invalid_parameter"),
        ("weeks=13", "invalid_parameter"),
        ("weeks=٣", "invalid_parameter"),
        ("page=2", "unknown_parameter"),
        ("password=x", "unknown_parameter"),
        ("search=a%00b", "malformed"),
    ],
)
def test_a_question_that_is_not_understood_is_refused(
    query, code, cast, caller_of, probe
):
    answer = caller_of(cast.nils)("GET", f"{PEOPLE}?{query}")

    assert (answer.status_code, answer.json()["code"]) == (400, code)


def test_a_cursor_of_another_order_is_refused(crowd, cast, caller_of, probe):
    call = caller_of(cast.nils)
    link = call("GET", f"{PEOPLE}?limit=5&ordering=name").json()["next"]

    answer = call("GET", link.replace("ordering=name", "ordering=seen"))

    assert answer.json()["errors"][0]["pointer"] == "?cursor"


@pytest.mark.parametrize("rows", [1, 3])
def test_a_page_costs_one_query_beside_the_token(rows, cast, caller_of, probe):
    call = caller_of(cast.nils)
    call("GET", PEOPLE)

    with CaptureQueriesContext(connection) as queries:
        call("GET", f"{PEOPLE}?limit={rows}")

    assert len(queries) == 2


def test_a_kept_statement_answers_each_question_for_itself(
    crowd, cast, caller_of, probe
):
    call = caller_of(cast.nils)
    questions = [
        *("", "?search=u0", "?search=u1", "?name=Name%201", "?name=Name%202"),
        *("?name=Name%201&name=Name%202", "?limit=3", "?ordering=-username"),
    ]

    for question in questions * 2:
        kept = call("GET", KEPT + question).json()["results"]
        assert kept == call("GET", PEOPLE + question).json()["results"]


def test_a_kept_statement_sees_what_was_written_since(crowd, cast, caller_of, probe):
    call = caller_of(cast.nils)
    before = call("GET", f"{KEPT}?limit=1").json()["results"]
    User.objects.create(username="aaa", created_at=NOON)

    after = call("GET", f"{KEPT}?limit=1").json()["results"]

    assert before[0]["username"] != "aaa"
    assert after[0]["username"] == "aaa"
