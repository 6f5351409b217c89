"""Prices and lines: append-only, each wrong field named, an equal row adds nothing."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from capacity.formulas.prices import NoPrice
from capacity.models import ComputeLine, ModelPrice
from capacity.selectors.rates import compute_lines, rate_card
from capacity.services.rates import NewLine, NewPrice, enter_line, enter_price
from portal.kernel.errors import Invalid, NotAllowed
from portal.kernel.models import AuditEntry
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
APRIL, MAY = date(2026, 4, 1), date(2026, 5, 1)
SONNET = NewPrice(
    model="Sonnet",
    model_class="standard",
    valid_from=APRIL,
    input_per_million=Decimal("3.00"),
    cached_input_per_million=Decimal("0.30"),
    output_per_million=Decimal("15.00"),
    aliases=["claude-sonnet"],
    currency="USD",
)
DATABASE = NewLine(
    line="vector_database",
    valid_from=APRIL,
    amount_per_month=Decimal("900.00"),
    currency="USD",
)


def enter(cast, price=SONNET, reason="", **changes):
    return enter_price(
        actor=cast.felix, price=replace(price, **changes), reason=reason, now=NOW
    )


def enter_a_line(cast, **changes):
    return enter_line(actor=cast.felix, line=replace(DATABASE, **changes), now=NOW)


def refused(call, *arguments, **changes) -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as refusal:
        call(*arguments, **changes)
    return [(error.pointer, error.code) for error in refusal.value.errors]


# --- Prices --------------------------------------------------------------------------


def test_a_price_is_in_force_from_its_day_on(cast):
    enter(cast)
    enter(cast, valid_from=MAY, input_per_million=Decimal("2.50"))

    card = rate_card()
    assert card.price("sonnet", date(2026, 4, 30)).input_per_million == 3
    assert card.price("Sonnet", MAY).input_per_million == Decimal("2.50")
    assert card.price("claude-sonnet", MAY).input_per_million == Decimal("2.50")
    with pytest.raises(NoPrice):
        card.price("Sonnet", date(2026, 3, 31))


def test_a_changed_price_is_told_against_the_one_before_it(cast):
    enter(cast)
    enter(cast, valid_from=MAY, input_per_million=Decimal("2.50"), reason="New terms.")

    entry = AuditEntry.objects.latest("id")
    assert (entry.action, entry.object) == ("price.entered", "rate-card/Sonnet")
    assert entry.before == {"valid_from": "2026-04-01", "input_per_million": "3.000000"}
    assert entry.after == {"valid_from": "2026-05-01", "input_per_million": "2.500000"}
    assert entry.reason == "New terms."


def test_an_equal_price_changes_nothing(cast):
    first = enter(cast)
    again = enter(cast, input_per_million=Decimal("3"), aliases=["claude-sonnet"])

    assert (again.row, again.is_new) == (first.row, False)
    assert ModelPrice.objects.count() == AuditEntry.objects.count() == 1


def test_a_correction_of_a_day_counts_and_the_first_row_stays(cast):
    enter(cast)
    enter(cast, output_per_million=Decimal("14.00"))

    assert rate_card().price("Sonnet", APRIL).output_per_million == 14
    assert ModelPrice.objects.count() == 2


def test_back_to_the_first_price_is_a_row_of_its_own(cast):
    enter(cast)
    enter(cast, output_per_million=Decimal("14.00"))
    entry = enter(cast)

    assert entry.is_new
    assert rate_card().price("Sonnet", APRIL).output_per_million == 15


def test_a_model_keeps_its_spelling_and_its_aliases(cast):
    enter(cast)
    row = enter(cast, model="SONNET", valid_from=MAY, aliases=None).row

    assert (row.model, row.aliases) == ("Sonnet", ["claude-sonnet"])


def test_aliases_are_trimmed_and_kept_once(cast):
    row = enter(cast, aliases=[" sonnet-4 ", "Sonnet-4", "a"]).row

    assert row.aliases == ["a", "sonnet-4"]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"model": "  "}, [("/model", "required")]),
        ({"model": "x" * 101}, [("/model", "max_length")]),
        ({"model_class": "dear"}, [("/class", "invalid_choice")]),
        ({"input_per_million": Decimal(-3)}, None),
        (
            {"output_per_million": Decimal("-0.01")},
            [("/output_per_million", "min_value")],
        ),
        (
            {"output_per_million": Decimal(10) ** 18},
            [("/output_per_million", "max_value")],
        ),
        ({"output_per_million": Decimal("NaN")}, [("/output_per_million", "invalid")]),
        (
            {"output_per_million": Decimal("1.1234567")},
            [("/output_per_million", "places")],
        ),
        (
            {"cached_input_per_million": Decimal("3.01")},
            [("/cached_input_per_million", "max_value")],
        ),
        (
            {"batch_input_per_million": Decimal(-1)},
            [("/batch_input_per_million", "min_value")],
        ),
        ({"currency": "EUR"}, [("/currency", "wrong_currency")]),
        ({"valid_from": date(1999, 1, 1)}, [("/valid_from", "out_of_range")]),
        ({"valid_from": date(2100, 1, 1)}, [("/valid_from", "out_of_range")]),
        ({"aliases": ["fine", " "]}, [("/aliases/1", "invalid")]),
        ({"aliases": ["x"] * 51}, [("/aliases", "max_length")]),
        (
            {"currency": "EUR", "model_class": ""},
            [("/class", "invalid_choice"), ("/currency", "wrong_currency")],
        ),
    ],
    ids=str,
)
def test_what_makes_no_sense_names_its_field_and_is_not_written(
    cast, changes, expected
):
    found = refused(enter, cast, **changes)

    assert found == expected or (
        expected is None and ("/input_per_million", "min_value") in found
    )
    assert not ModelPrice.objects.exists()
    assert not AuditEntry.objects.exists()


def test_a_wrong_currency_says_which_is_right(cast):
    with pytest.raises(Invalid, match='Every amount is in USD, not in "EUR"'):
        enter(cast, currency="EUR")


@pytest.mark.parametrize("alias", ["sonnet", "Claude-Sonnet", "CLAUDE-SONNET "])
def test_an_alias_means_one_model(cast, alias):
    enter(cast)

    found = refused(enter, cast, model="Opus", aliases=["opus-4", alias])

    assert found == [("/aliases/1", "overlapping_alias")]
    assert ModelPrice.objects.count() == 1


def test_an_alias_is_no_model_of_its_own(cast):
    enter(cast)

    with pytest.raises(Invalid, match="is an alias of Sonnet"):
        enter(cast, model="Claude-Sonnet", aliases=[])


def test_the_models_own_name_may_stand_among_its_aliases(cast):
    assert enter(cast, aliases=["sonnet"]).is_new


@pytest.mark.parametrize("who", ["noor", "ines", "clara", "pia", "ada", "gateway"])
def test_only_the_finance_lead_changes_rates(cast, who):
    actor = getattr(cast, who)

    with pytest.raises(NotAllowed, match="The finance lead can"):
        enter_price(actor=actor, price=SONNET, now=NOW)
    with pytest.raises(NotAllowed, match="The finance lead can"):
        enter_line(actor=actor, line=DATABASE, now=NOW)

    assert not ModelPrice.objects.exists()
    assert not ComputeLine.objects.exists()


# --- Lines ---------------------------------------------------------------------------


def test_lines_add_up_from_their_days_on(cast):
    enter_a_line(cast)
    enter_a_line(cast, line="orchestration", amount_per_month=Decimal(400))
    enter_a_line(cast, valid_from=MAY, amount_per_month=Decimal(1000))
    enter_a_line(
        cast,
        line="inference_endpoint",
        amount_per_month=None,
        amount_per_session_month=Decimal("12.5"),
    )

    known = compute_lines()
    assert [known.fixed(day) for day in (APRIL, MAY)] == [1300, 1400]
    assert known.per_session(MAY) == Decimal("12.5")


def test_an_equal_line_changes_nothing(cast):
    first = enter_a_line(cast)
    again = enter_a_line(cast, amount_per_month=Decimal(900))

    assert (again.row, again.is_new) == (first.row, False)
    assert AuditEntry.objects.count() == 1


def test_an_endpoint_without_a_price_of_its_own_costs_nothing(cast):
    entry = enter_a_line(
        cast, amount_per_month=None, amount_per_session_month=Decimal(0)
    )

    assert entry.is_new
    assert compute_lines().per_session(APRIL) == 0


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"line": ""}, ("/line", "invalid")),
        ({"line": "Vector database"}, ("/line", "invalid")),
        ({"line": "x" * 61}, ("/line", "invalid")),
        ({"amount_per_month": None}, ("/amount_per_month", "one_amount")),
        (
            {"amount_per_session_month": Decimal(1)},
            ("/amount_per_month", "one_amount"),
        ),
        ({"amount_per_month": Decimal(-1)}, ("/amount_per_month", "min_value")),
        ({"amount_per_month": Decimal(10) ** 18}, ("/amount_per_month", "max_value")),
        ({"amount_per_month": Decimal("0.001")}, ("/amount_per_month", "places")),
        ({"currency": "usd"}, ("/currency", "wrong_currency")),
        ({"valid_from": date(2019, 12, 31)}, ("/valid_from", "out_of_range")),
    ],
    ids=str,
)
def test_a_line_that_makes_no_sense_names_its_field(cast, changes, expected):
    assert refused(enter_a_line, cast, **changes) == [expected]
    assert not ComputeLine.objects.exists()
