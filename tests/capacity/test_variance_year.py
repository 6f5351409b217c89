"""The fiscal year in money: what differs by volume, mix and price, and where it ends."""

from datetime import date
from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from capacity.selectors.problems import PriceMissing
from capacity.selectors.variance import BudgetVariance, year_variance
from portal.kernel.periods import Month
from tests.capacity import actual_stories as told
from tests.capacity import rates
from tests.workloads import stories
from tests.workloads.pages import Reader, words

pytestmark = pytest.mark.django_db

JUNE = date(2026, 6, 2)
D = Decimal


@pytest.fixture
def chat(cast: SimpleNamespace):
    """W-01, live in May: 4,200 users at 520,000 tokens, 40 % of them in May."""
    for name in ("Sonnet", "Haiku"):
        rates.price(name) if name == "Sonnet" else rates.price(
            name, "2025-01-01", "1", "5"
        )
    rates.staff("2026Q2", "5")
    return stories.live(cast)


def budgets(today: date = JUNE) -> dict[str, BudgetVariance]:
    return {str(one.budget): one for one in year_variance(today).budgets}


def test_tokens_as_forecast_differ_by_nothing(chat) -> None:
    # 873.6M tokens, three quarters of them input: 655.2M × 3 + 218.4M × 15.
    told.used(chat, "2026-05-20", input_tokens=655_200_000, output_tokens=218_400_000)

    tokens = budgets()["tokens"]

    assert tokens.months == (Month(2026, 5),)
    assert tokens.total.forecast == tokens.total.actual == D("5241.60")
    assert tokens.outlook_year == tokens.forecast_year


def test_tokens_split_into_volume_mix_and_price(chat) -> None:
    rates.price("Sonnet", "2026-05-16", "6.00", "30.00")
    told.used(chat, "2026-05-10", input_tokens=655_200_000, output_tokens=218_400_000)
    told.used(chat, "2026-05-20", input_tokens=655_200_000, output_tokens=218_400_000)
    told.used(chat, "2026-05-21", model="Haiku", input_tokens=1_000_000)

    split = budgets()["tokens"].total

    assert split.actual == D("5241.60") * 3 + 1
    # Twice the tokens and a million more, at the mean forecast price of 6.00.
    assert split.volume == D("5241.60") + 6
    assert split.mix == 1 - 6
    assert split.price == D("5241.60")
    assert split.volume + split.mix + split.price == split.difference


def test_entered_tokens_are_priced_as_the_workload_s_own_model(chat) -> None:
    told.tokens(chat, "2026-05", cached_input_tokens=1_000_000)

    (row,) = budgets()["tokens"].rows

    # 2M × 3.00 + 1M × 0.30 + 1M × 15.00.
    assert (row.name, row.split.actual) == ("W-01", D("21.30"))


def test_the_outlook_carries_the_pace_to_the_year_s_end(chat) -> None:
    told.used(
        chat, "2026-05-20", input_tokens=2 * 655_200_000, output_tokens=2 * 218_400_000
    )

    tokens = budgets()["tokens"]

    assert tokens.outlook_year == 2 * tokens.forecast_year


def test_a_workload_that_has_used_nothing_yet_is_expected_as_forecast(
    chat, cast: SimpleNamespace
) -> None:
    stories.committed(cast, name="Q&A")
    told.used(chat, "2026-05-20", input_tokens=655_200_000, output_tokens=218_400_000)

    tokens = budgets()["tokens"]

    # What it should have cost in May is not spent; the months to come are as forecast.
    unspent = next(row for row in tokens.rows if row.name == "W-02")
    assert unspent.split.actual == 0
    assert tokens.outlook_year == tokens.forecast_year + tokens.total.difference


def test_the_running_month_is_left_out(chat) -> None:
    told.used(chat, "2026-05-20", input_tokens=1)

    assert budgets(date(2026, 5, 31))["tokens"].months == ()
    assert budgets(date(2026, 6, 1))["tokens"].months == (Month(2026, 5),)


def test_compute_differs_by_sessions_and_by_price(chat) -> None:
    rates.line("orchestration", month="800.00")
    rates.line("inference_endpoint", session="10.00")
    told.compute("2026-05", "orchestration", "850.00")
    told.compute("2026-05", "inference_endpoint", "700.00")
    told.compute("2026-05", "own_gpu", "5.00")
    told.ComputeActual.objects.create(
        month="2026-05", peak_concurrent_sessions=D("50"), entered_at=told.NOW
    )

    compute = budgets()["compute"]

    rows = {row.name: row.split for row in compute.rows}
    assert (rows["orchestration"].volume, rows["orchestration"].price) == (0, 50)
    endpoint = rows["inference endpoint"]
    # A peak of 50 needs 68 sessions at 10.00; the bill says 700.
    assert endpoint.volume == 680 - endpoint.forecast
    assert endpoint.price == 20
    assert rows["own gpu"].actual == 5
    total = compute.total
    assert total.actual == 1555
    assert total.volume + total.mix + total.price == total.difference


def test_ops_differ_by_hours_at_the_price_of_an_hour(chat) -> None:
    told.ops(chat, "2026-W20", "100")

    ops = budgets()["ops"]

    # 6 stable and 12 in the first quarter: 18 × 13 ÷ 3 = 78 hours at 80.00.
    assert (ops.total.forecast, ops.total.actual) == (6240, 8000)
    assert (ops.total.volume, ops.total.mix, ops.total.price) == (1760, 0, 0)


def test_an_empty_plan_has_no_variance_and_no_error(db: None) -> None:
    assert [one.rows for one in year_variance(JUNE).budgets] == [(), (), ()]


def test_a_year_costs_the_same_queries_with_more_workloads(chat) -> None:
    counts = []
    for day in ("2026-05-20", "2026-05-21"):
        told.used(chat, day)
        told.ops(chat, "2026-W20", "1")
        with CaptureQueriesContext(connection) as asked:
            year_variance(JUNE)
        counts.append(len(asked))

    assert counts[0] == counts[1]


def test_the_page_tells_variance_alerts_and_loops(
    chat, cast: SimpleNamespace, at_now: None
) -> None:
    told.ops(chat, "2026-W17", "100")
    told.used(chat, "2026-05-05", "person-ref", tool_calls=400)
    path = "/capacity/actuals/variance/"

    for who, shown in (
        ("noor", True),
        ("felix", True),
        ("sarah", True),
        ("pia", False),
    ):
        page = words(Reader(cast)(who).get(path))
        assert "Ops, fiscal year 2026 The year ends at" in page
        assert ("person-ref" in page) is shown, who


def test_the_page_says_what_is_not_live_yet_and_signs_no_nothing(
    cast: SimpleNamespace, at_now: None, chat
) -> None:
    stories.committed(cast, name="Not there yet", ship_quarter="2026Q2")
    told.ops(chat, "2026-W17", "100")
    told.used(chat, "2026-04-20", "person-ref")

    page = words(Reader(cast)("noor").get("/capacity/actuals/variance/"))

    assert "W-02 Not there yet committed, not live yet" in page
    assert "W-01 Customer support chat committed" not in page
    assert "+$0" not in page
    assert "−$0" not in page


def test_without_a_price_the_page_says_which(
    chat, cast: SimpleNamespace, at_now: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(_today: date) -> None:
        raise PriceMissing("The rate card has no price of Sonnet.")

    monkeypatch.setattr("capacity.views.variance.year_variance", missing)

    page = Reader(cast)("pia").get("/capacity/actuals/variance/")

    assert "The rate card has no price of Sonnet." in words(page)
