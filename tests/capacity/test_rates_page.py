"""The page "Rates and staffing": what is in force, who may enter, and what is said."""

from datetime import date

import pytest

from capacity.models import ComputeLine, ModelPrice, ReserveDraw, ReserveSize, Staffing
from tests.capacity import rates
from tests.workloads import stories
from tests.workloads.pages import Reader, toasts, words

pytestmark = pytest.mark.django_db
PAGE = "/capacity/rates/"
PRICE = {
    "model": "Sonnet",
    "class": "standard",
    "valid_from": "2026-04-01",
    "input_per_million": "3.00",
    "cached_input_per_million": "0.30",
    "output_per_million": "15",
    "aliases": "claude-sonnet, sonnet-4",
}
LINE = {
    "line": "vector_database",
    "valid_from": "2026-04-01",
    "amount_per_month": "900",
}
PEOPLE = {
    "quarter": "2026-Q3",
    "full_time_equivalents": "1.25",
    "vacancies": "0.25",
    "reason": "As planned.",
}


@pytest.fixture
def as_(cast, at_now):
    return Reader(cast)


def test_a_new_portal_says_what_is_missing(as_):
    page = words(as_("felix").get(PAGE))

    assert "No models have a price, and no compute lines are in force." in page
    assert "2026-Q2: No ceiling yet: nothing commits into it." in page
    assert "No price yet." in page
    assert "No compute line yet." in page


@pytest.mark.parametrize(
    ("who", "kind", "sent", "said", "model"),
    [
        (
            "felix",
            "price",
            PRICE,
            "Sonnet has a new price from 1 Apr 2026 on.",
            ModelPrice,
        ),
        (
            "felix",
            "line",
            LINE,
            "vector_database has a new amount from 1 Apr 2026 on.",
            ComputeLine,
        ),
        ("noor", "staffing", PEOPLE, "2026-Q3 has 1 FTE staffed.", Staffing),
    ],
)
def test_a_row_is_entered_once(as_, who, kind, sent, said, model):
    client = as_(who)

    first = client.post(f"{PAGE}{kind}/", sent)
    shown = client.get(PAGE)
    again = client.post(f"{PAGE}{kind}/", sent, follow=True)

    assert (first.status_code, first["Location"].partition("#")[0]) == (302, PAGE)
    assert toasts(shown) == [said]
    assert toasts(again) == ["It stood there already: nothing is changed."]
    assert model.objects.count() == 1


def test_what_is_in_force_to_come_and_past_is_told_apart(as_):
    rates.price("Sonnet", "2026-01-01", "4.00")
    rates.price("Sonnet", "2026-04-01", "3.00")
    rates.price("Sonnet", "2026-07-01", "2.50")
    rates.price("Sonnet", "2026-07-01", "2.25")
    page = words(as_("nils").get(PAGE))

    assert "Sonnet standard 1 Apr 2026 $3.00 $0.30 $15.00" in page
    assert "Sonnet standard 1 Jul 2026 to come $2.25 $0.225" in page
    for told in (
        "Sonnet 1 Jul 2026 to come $2.25",
        "Sonnet 1 Jul 2026 replaced $2.50",
        "Sonnet 1 Apr 2026 in force $3.00",
        "Sonnet 1 Jan 2026 past $4.00",
    ):
        assert told in page


def test_a_refused_price_stands_open_with_what_was_typed(as_):
    answer = as_("felix").post(
        f"{PAGE}price/", {**PRICE, "cached_input_per_million": "30"}
    )

    page = answer.content.decode()
    assert answer.status_code == 400
    assert "Cached input at 30 would cost more than input at 3.00." in words(answer)
    assert '<details class="confirm after" open>' in page
    assert 'value="claude-sonnet, sonnet-4"' in page
    assert not ModelPrice.objects.exists()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"input_per_million": "-3"}, "-3 is below 0"),
        ({"output_per_million": "1000000"}, "more than 100,000"),
        ({"class": "dear"}, "Select a valid choice"),
        ({"valid_from": "1999-01-01"}, "is not from 2020-01-01"),
        ({"model": ""}, "This field is required"),
    ],
)
def test_what_makes_no_sense_is_told_at_its_field(as_, changes, said):
    answer = as_("felix").post(f"{PAGE}price/", {**PRICE, **changes})

    assert answer.status_code == 400
    assert said in words(answer)
    assert not ModelPrice.objects.exists()


def test_a_raise_is_refused_with_who_can(as_):
    client = as_("noor")
    client.post(f"{PAGE}staffing/", PEOPLE)
    answer = client.post(f"{PAGE}staffing/", {**PEOPLE, "full_time_equivalents": "2"})

    assert answer.status_code == 409
    assert "only a staffing decision of the committee" in words(answer)
    assert Staffing.objects.count() == 1


def test_closed_doors_say_who_can(as_):
    page = words(as_("sarah").get(PAGE))

    assert "Enter a price The finance lead can." in page
    assert "Enter a compute line The finance lead can." in page
    assert "Enter staffing The ops lead can." in page
    assert "Draw on a reserve A committee member can." in page


def test_a_quarter_shows_what_is_needed_of_its_ceiling(cast, as_):
    stories.committed(cast)
    rates.staff("2026Q3", "1.00", "0.90")
    page = words(as_("noor").get(PAGE))

    assert "2026-Q3 1 0.9 0.1" in page
    assert "6 of 4 h/week, 2 over" in page
    assert "18 of 4,000 h/week, room for 3,982" in page


def test_the_plans_models_without_a_price_are_named(cast, as_):
    rates.price("Sonnet", "2026-06-01")
    stories.proposed(cast)
    stories.proposed(cast, name="Search", primary_model="Nova")
    page = words(as_("felix").get(PAGE))

    assert "The rate card has no price of Nova, which W-02 needs." in page
    assert (
        "The price of Sonnet begins on 1 Jun 2026; W-01 needs one from 1 May 2026 on."
        in page
    )


def test_the_committee_fixes_and_draws_on_the_reserve(cast, as_):
    stories.committed(cast)
    client = as_("clara")
    before = words(client.get(PAGE))
    sent = {"quarter": "2026-Q2", "percent": "17.5", "decision": "D-10"}
    draw = {
        "quarter": "2026-Q2",
        "amount": "1000",
        "budget": "ops",
        "decision": "D-11",
        "reason": "Incidents.",
    }

    client.post(f"{PAGE}reserve/", sent)
    client.post(f"{PAGE}draw/", draw)
    too_much = client.post(
        f"{PAGE}draw/", {**draw, "amount": "99999", "decision": "D-12"}
    )
    page = words(client.get(PAGE))

    assert "2026-Q2 provisional 17.5 %" in before
    assert "2026-Q2 fixed, D-10 17.5 %" in page
    assert "D-11 2026-Q2 $1,000 ops Incidents." in page
    assert too_much.status_code == 409
    assert "is left of the reserve of 2026-Q2" in words(too_much)
    assert (ReserveSize.objects.count(), ReserveDraw.objects.count()) == (1, 1)


def test_a_reserve_whose_forecast_lacks_a_price_says_so(cast, as_):
    rates.price("Sonnet", "2026-05-01")
    stories.committed(cast)
    page = words(as_("clara").get(PAGE))

    assert "2026-Q2 Provisional, and not known: The price of Sonnet begins" in page


def test_an_unknown_form_or_table_is_not_there(as_):
    client = as_("felix")

    assert client.post(f"{PAGE}gold/").status_code == 404
    assert client.get(f"{PAGE}gold.csv").status_code == 404


def test_each_table_is_a_file_with_its_whole_history(cast, as_):
    rates.price("Sonnet", "2026-04-01")
    rates.price("=1+1", "2026-04-01")
    rates.line("vector_database", month="900.00")
    rates.staff("2026Q3", "1.00", "0.25")
    client = as_("nils")

    def lines(table: str) -> list[str]:
        answer = client.get(f"{PAGE}{table}.csv")
        assert answer["Content-Type"].startswith("text/csv")
        return answer.content.decode().splitlines()

    assert lines("prices")[1].startswith("'=1+1,standard,,2026-04-01,3,0.3,15,,,USD")
    assert lines("prices")[2].startswith("Sonnet,standard,,2026-04-01,3,0.3,15,,,USD")
    assert lines("lines")[1].startswith("vector_database,2025-01-01,900,,USD")
    assert lines("staffing")[1].startswith("2026Q3,1,0.25,")
    assert lines("reserve") == [
        "quarter,ratio,amount,from_tokens,from_compute,from_ops,currency,decision,"
        "entered_at,entered_by,reason"
    ]
    assert lines("draws")[0].startswith("quarter,amount,budget,currency,decision")


@pytest.mark.parametrize("count", [1, 3])
def test_the_page_asks_a_fixed_number_of_times(
    cast, as_, django_assert_num_queries, count
):
    for number in range(count):
        rates.price(f"Model {number}")
        rates.line(f"line_{number}", month="1.00")
        rates.staff(f"202{6 + number}Q2")
        ReserveSize.objects.create(
            quarter=f"202{6 + number}Q2",
            ratio="0.175",
            **dict.fromkeys(("tokens_cost", "compute_cost", "ops_cost"), 1),
            **dict.fromkeys(("from_tokens", "from_compute", "from_ops"), 1),
            currency="USD",
            decision=f"D-{number + 1}",
            entered_at=cast.nils.created_at,
        )
    client = as_("nils")
    client.get(PAGE)

    with django_assert_num_queries(18):
        client.get(PAGE)


def test_days_are_read_as_browsers_send_them(as_):
    as_("felix").post(f"{PAGE}price/", PRICE)

    assert ModelPrice.objects.get().valid_from == date(2026, 4, 1)


def test_the_address_of_a_form_opened_by_hand_leads_back_to_its_page(as_):
    answer = as_("felix").get(f"{PAGE}price/")

    assert answer.status_code == 405
    assert answer["Allow"] == "POST"
    assert "nothing was sent, and nothing was changed" in words(answer)
    assert f'href="{PAGE}"' in answer.content.decode()
