"""A workload's page draws what its tokens cost by month against the forecast."""

import csv
import io
from datetime import date
from decimal import Decimal
from types import SimpleNamespace

import pytest

from capacity.formulas.prices import Price, RateCard
from capacity.selectors import workload_months
from tests.capacity.actual_stories import tokens, used
from tests.capacity.rates import price
from tests.workloads import stories
from tests.workloads.pages import Reader, words

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_now")]

PAGE = "/workloads/W-01/"
RATES = '<a href="/capacity/rates/">Rates and staffing</a>'
CSV = "/capacity/workloads/W-01/tokens.csv"


@pytest.fixture
def as_(cast: SimpleNamespace) -> Reader:
    return Reader(cast)


def _rows(response) -> list[list[str]]:
    return list(csv.reader(io.StringIO(response.content.decode("utf-8-sig"))))


def test_without_an_estimate_it_says_what_is_lacking(cast, as_):
    stories.proposed(cast)

    page = words(as_("adele").get(PAGE))

    assert "No forecast yet. It begins with a submitted estimate" in page


def test_without_a_price_it_names_the_model(cast, as_, monkeypatch):
    monkeypatch.setattr(workload_months, "rate_card", lambda: RateCard({}))
    stories.submitted(stories.proposed(cast), cast.sarah)

    answer = as_("adele").get(PAGE)

    page = words(answer)
    assert "The rate card has no price of Sonnet." in page
    assert "The finance lead can enter one" in page
    assert RATES in answer.content.decode()


def test_months_without_a_price_are_named_beside_the_chart(cast, as_):
    price("Sonnet")
    workload = stories.committed(cast)
    tokens(workload, "2026-02")
    used(workload, "2026-04-20", model="Homegrown")
    used(workload, "2026-04-02", "u-2", model="Homegrown")

    answer = as_("adele").get(PAGE)

    assert 'class="ln signed"' in answer.content.decode()
    assert (
        "Months without a price are left out. The rate card has no price of Homegrown. "
        "The finance lead can enter one that is valid from 2026-04-01. "
        "Rates and staffing"
    ) in words(answer)
    assert words(answer).count("Months without a price") == 1


def test_a_price_that_begins_later_is_told_from_the_first_month_it_lacks(
    cast, as_, monkeypatch
):
    stories.committed(cast)
    later = Price(date(2026, 8, 1), Decimal(3), Decimal(1), Decimal(15))
    card = RateCard({"sonnet": [later]})
    monkeypatch.setattr(workload_months, "rate_card", lambda: card)

    answer = as_("adele").get(PAGE)

    assert "The price of Sonnet begins on 2026-08-01, so 2026-0" in words(answer)
    assert RATES in answer.content.decode()


def test_with_every_price_nothing_is_noted(cast, as_):
    price("Sonnet")
    tokens(stories.committed(cast), "2026-03")

    assert "left out" not in words(as_("adele").get(PAGE))


def test_the_line_the_dots_the_finding_and_the_twin(cast, as_):
    price("Sonnet")
    workload = stories.committed(cast)
    other = stories.proposed(cast, name="Another")
    tokens(workload, "2026-03")
    tokens(other, "2026-03")
    used(workload, "2026-04-02", input_tokens=1_000_000, output_tokens=0)

    answer = as_("adele").get(PAGE)

    html = answer.content.decode()
    assert 'class="ln signed"' in html
    assert html.count('r="3.5"') == 2
    assert CSV in html
    assert "April 2026 cost $3, $" in words(answer)


def test_the_csv_holds_the_twelve_months_exact(cast, as_):
    price("Sonnet")
    tokens(stories.committed(cast), "2026-03")

    heading, *rows = _rows(as_("adele").get(CSV))

    assert heading == ["Month", "Forecast, USD", "Actual, USD"]
    assert (rows[0][0], rows[-1][0]) == ("2025-11", "2026-10")
    assert [row[2] for row in rows if row[2]] == ["21.3"]
    assert all(row[1] for row in rows[6:])


def test_an_unknown_workload_has_no_csv(as_):
    assert as_("adele").get(CSV).status_code == 404
