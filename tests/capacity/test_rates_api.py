"""Rate card, compute lines and staffing through the API."""

import pytest

from capacity.models import ComputeLine, ModelPrice, Staffing
from portal.kernel.enums import Scope
from portal.kernel.models import AuditEntry
from tests.capacity import rates

pytestmark = pytest.mark.django_db
CARD, LINES, STAFFING = (
    f"/api/v1/{name}/" for name in ("rate-card", "compute-lines", "staffing")
)
PRICE = {
    "model": "Sonnet",
    "class": "standard",
    "aliases": ["claude-sonnet"],
    "valid_from": "2026-04-01",
    "input_per_million": "3.00",
    "cached_input_per_million": "0.30",
    "output_per_million": "15.00",
    "currency": "USD",
}
LINE = {
    "line": "vector_database",
    "valid_from": "2026-04-01",
    "amount_per_month": "900.00",
    "currency": "USD",
}
PEOPLE = {
    "quarter": "2026Q3",
    "full_time_equivalents": 1.25,
    "vacancies": 0.25,
    "reason": "As planned.",
}
KINDS = [
    ("felix", CARD, PRICE, ModelPrice),
    ("felix", LINES, LINE, ComputeLine),
    ("noor", STAFFING, PEOPLE, Staffing),
]


@pytest.mark.parametrize(("who", "path", "body", "model"), KINDS)
def test_a_row_is_made_once_and_an_equal_one_is_200(api, who, path, body, model):
    first = api(who)("POST", path, body)
    again = api(who)("POST", path, body)

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert {name: first.json()[name] for name in body} == body
    assert model.objects.count() == AuditEntry.objects.filter(source="api").count() == 1


@pytest.mark.parametrize(("who", "path", "body", "model"), KINDS)
def test_the_same_key_twice_writes_once(api, who, path, body, model):
    for _ in range(2):
        answer = api(who)("POST", path, body, Idempotency_Key="one")

        assert answer.status_code == 201
    assert model.objects.count() == 1


@pytest.mark.parametrize(("who", "path", "body", "model"), KINDS)
def test_others_are_told_who_can(api, who, path, body, model):
    answer = api("pia")("POST", path, body)

    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")
    assert "lead can." in answer.json()["detail"]
    assert not model.objects.exists()


@pytest.mark.parametrize(
    ("path", "reads", "writes"),
    [
        (CARD, Scope.PLAN_READ, Scope.PLAN_WRITE),
        (LINES, Scope.PLAN_READ, Scope.ACTUALS_WRITE),
        (STAFFING, Scope.PLAN_READ, Scope.ACTUALS_WRITE),
    ],
)
def test_a_token_needs_its_scope(api, path, reads, writes):
    assert api("felix", reads)("GET", path).status_code == 200
    refused = api("felix", reads)("POST", path, {})
    assert (refused.status_code, refused.json()["code"]) == (403, "insufficient_scope")
    judged = api("noor" if path == STAFFING else "felix", writes)("POST", path, {})
    assert judged.status_code == 400


@pytest.mark.parametrize(
    ("changes", "pointer", "code"),
    [
        ({"class": "dear"}, "/class", "invalid_choice"),
        ({"currency": "EUR"}, "/currency", "wrong_currency"),
        ({"input_per_million": "-1.00"}, "/input_per_million", "min_value"),
        ({"input_per_million": 3.0}, "/input_per_million", "invalid"),
        ({"output_per_million": "9" * 18}, "/output_per_million", "max_value"),
        ({"output_per_million": "100001"}, "/output_per_million", "max_value"),
        ({"output_per_million": None}, "/output_per_million", "null"),
        ({"valid_from": "soon"}, "/valid_from", "invalid"),
        ({"valid_from": "1999-01-01"}, "/valid_from", "out_of_range"),
        ({"aliases": ["a", ""]}, "/aliases/1", "blank"),
        ({"model": ""}, "/model", "blank"),
        ({"model_class": "premium"}, "/model_class", "unknown_field"),
        ({"entered_by": "felix"}, "/entered_by", "read_only"),
    ],
    ids=str,
)
def test_a_price_that_makes_no_sense_names_its_field(api, changes, pointer, code):
    answer = api("felix")("POST", CARD, {**PRICE, **changes})

    assert answer.status_code == 400
    assert [(e["pointer"], e["code"]) for e in answer.json()["errors"]] == [
        (pointer, code)
    ]
    assert not ModelPrice.objects.exists()


@pytest.mark.parametrize("left_out", sorted(set(PRICE) - {"aliases", "currency"}))
def test_a_price_that_lacks_a_field_names_it(api, left_out):
    body = {name: value for name, value in PRICE.items() if name != left_out}
    answer = api("felix")("POST", CARD, body)

    assert [(e["pointer"], e["code"]) for e in answer.json()["errors"]] == [
        (f"/{left_out}", "required")
    ]


def test_the_currency_is_the_organisations(api):
    body = {name: value for name, value in PRICE.items() if name != "currency"}

    assert api("felix")("POST", CARD, body).json()["currency"] == "USD"


def test_amounts_keep_their_places_and_no_more(api):
    body = {**PRICE, "cached_input_per_million": "0.075", "output_per_million": "15"}
    answer = api("felix")("POST", CARD, body).json()

    assert answer["cached_input_per_million"] == "0.075"
    assert answer["output_per_million"] == "15.00"
    assert answer["batch_input_per_million"] is None


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"amount_per_month": None}, "one_amount"),
        ({"amount_per_session_month": "1.00"}, "one_amount"),
    ],
)
def test_a_line_costs_one_of_two(api, changes, code):
    answer = api("felix")("POST", LINES, {**LINE, **changes})

    assert [e["code"] for e in answer.json()["errors"]] == [code]


def test_a_raise_is_decision_required(api):
    api("noor")("POST", STAFFING, PEOPLE)
    answer = api("noor")("POST", STAFFING, {**PEOPLE, "full_time_equivalents": 2})

    assert (answer.status_code, answer.json()["code"]) == (409, "decision_required")
    assert answer.json()["link"] == "/capacity/rates/#staffing"
    assert Staffing.objects.count() == 1


def test_a_lowering_without_a_reason_names_it(api):
    api("noor")("POST", STAFFING, PEOPLE)
    body = {"quarter": "2026Q3", "full_time_equivalents": 1}
    answer = api("noor")("POST", STAFFING, body)

    assert answer.status_code == 400
    assert [(e["pointer"], e["code"]) for e in answer.json()["errors"]] == [
        ("/reason", "required")
    ]


def test_staffing_lists_what_counts_and_on_request_all(api):
    rates.staff("2026Q2", "1.00")
    rates.staff("2026Q3", "2.00")
    rates.staff("2026Q3", "1.50", "0.50")
    caller = api("nils")

    def listed(query: str = "") -> list[tuple[str, float, float]]:
        rows = caller("GET", f"{STAFFING}{query}").json()["results"]
        return [
            (one["quarter"], one["full_time_equivalents"], one["vacancies"])
            for one in rows
        ]

    assert listed() == [("2026Q2", 1, 0), ("2026Q3", 1.5, 0.5)]
    assert listed("?quarter=2026Q3") == [("2026Q3", 1.5, 0.5)]
    assert listed("?quarter=2026-Q2&quarter=2026Q3&ordering=-quarter") == [
        ("2026Q3", 1.5, 0.5),
        ("2026Q2", 1, 0),
    ]
    assert len(listed("?history=true")) == 3


def test_the_rate_card_lists_what_counts_by_model_and_day(api):
    rates.price("Sonnet", "2026-01-01", "4.00")
    rates.price("Sonnet", "2026-04-01", "3.50")
    rates.price("Sonnet", "2026-04-01", "3.00")
    rates.price("Haiku", "2026-01-01", "0.80")
    caller = api("nils")

    def listed(query: str = "") -> list[tuple[str, str, str]]:
        rows = caller("GET", f"{CARD}{query}").json()["results"]
        return [
            (one["model"], one["valid_from"], one["input_per_million"]) for one in rows
        ]

    assert listed() == [
        ("Haiku", "2026-01-01", "0.80"),
        ("Sonnet", "2026-04-01", "3.00"),
        ("Sonnet", "2026-01-01", "4.00"),
    ]
    assert listed("?model=Sonnet&in_force_on=2026-03-31") == [
        ("Sonnet", "2026-01-01", "4.00")
    ]
    assert listed("?in_force_on=2026-04-01&search=son") == [
        ("Sonnet", "2026-04-01", "3.00")
    ]
    assert listed("?class=premium") == []
    assert len(listed("?history=true")) == 4


def test_lines_in_force_on_a_day(api):
    rates.line("vector_database", month="900.00", valid_from="2026-01-01")
    rates.line("vector_database", month="1000.00", valid_from="2026-05-01")
    rates.line("inference_endpoint", session="12.5", valid_from="2026-01-01")
    answer = api("nils")("GET", f"{LINES}?in_force_on=2026-04-30").json()

    assert [
        (one["line"], one["amount_per_month"], one["amount_per_session_month"])
        for one in answer["results"]
    ] == [
        ("inference_endpoint", None, "12.50"),
        ("vector_database", "900.00", None),
    ]


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("path", [CARD, LINES, STAFFING])
def test_a_list_asks_a_fixed_number_of_times(
    api, path, count, django_assert_num_queries
):
    for number in range(count):
        rates.price(f"Model {number}")
        rates.line(f"line_{number}", month="1.00")
        rates.staff(f"202{6 + number}Q1")
    caller = api("nils")
    caller("GET", path)

    with django_assert_num_queries(2):
        assert len(caller("GET", path).json()["results"]) == count
