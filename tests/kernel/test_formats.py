"""Numbers, money and days as design.md §5 writes them: one table a kind."""

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.kernel import formats
from portal.kernel.templatetags import look

NB = "\N{NO-BREAK SPACE}"


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (Decimal("528.07"), Decimal("860.25"), "+$332 · +63\N{NO-BREAK SPACE}%"),
        (Decimal("860.25"), Decimal("528.07"), "−$332 · −39\N{NO-BREAK SPACE}%"),
        (0, 12, "+$12"),
        (5, 5, "same"),
    ],
)
def test_money_changes_in_whole_units(before, after, words):
    assert formats.money_change(before, after, "USD") == words


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "0"),
        (6, "6"),
        (4_200, "4,200"),
        (9_999, "9,999"),
        (10_000, "10k"),
        (12_345, "12.3k"),
        (99_960, "100k"),
        (520_000, "520k"),
        (999_499, "999k"),
        (999_500, "1.00M"),
        (1_000_000, "1M"),
        (1_120_000, "1.12M"),
        (1_400_000, "1.4M"),
        (172_200_000, "172M"),
        (1_302_000_000, "1.30B"),
        (2_184_000_000, "2.18B"),
        (3_863_000_000, "3.86B"),
        (5_000_000_000_000, "5T"),
        (999_999_999_999_999, "1,000T"),
        (-3, "−3"),
        (-140_000, "−140k"),
        (Decimal("4.50"), "4.5"),
        (Decimal("40.00"), "40"),
        (1.25, "1.25"),
    ],
)
def test_short_keeps_three_figures_from_ten_thousand_on(number, words):
    assert formats.short(number) == words


@pytest.mark.parametrize(
    ("amount", "currency", "cents", "words"),
    [
        (13_104, "USD", False, "$13,104"),
        (Decimal("13104.50"), "USD", False, "$13,105"),
        (Decimal("13104.5"), "USD", True, "$13,104.50"),
        (-924, "USD", False, "−$924"),
        (10, "EUR", False, "€10"),
        (10, "CHF", False, f"CHF{NB}10"),
    ],
)
def test_money_is_whole_on_pages_and_has_cents_in_exports(
    amount, currency, cents, words
):
    assert formats.money(amount, currency, cents=cents) == words


@pytest.mark.parametrize(
    ("ratio", "words"),
    [
        (Decimal("0.88"), f"88{NB}%"),
        (0.079, f"7.9{NB}%"),
        (Decimal("0.05"), f"5{NB}%"),
        (0, f"0{NB}%"),
        (1.08, f"108{NB}%"),
        (Decimal("-0.227"), f"−23{NB}%"),
    ],
)
def test_share_has_a_decimal_only_under_ten(ratio, words):
    assert formats.share(ratio) == words


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (42, 48, f"+6 · +14{NB}%"),
        (980_000, 1_120_000, f"+140k · +14{NB}%"),
        (4, 6, f"+2 · +50{NB}%"),
        (40, 38, f"−2 · −5{NB}%"),
        (1_100, 1_100, "same"),
        (0, 5, "+5"),
    ],
)
def test_change_says_step_and_share(before, after, words):
    assert formats.change(before, after) == words


@pytest.mark.parametrize(
    ("text", "words"),
    [("2026Q2", "2026-Q2"), ("2026-Q2", "2026-Q2"), ("", "—"), (None, "—")],
)
def test_quarter_carries_its_hyphen_on_pages(text, words):
    assert formats.quarter(text) == words


def test_unknown_part_and_bounds_are_said():
    assert formats.with_unknown(19, unknown=True) == "19 + ?"
    assert formats.with_unknown(19, unknown=False) == "19"
    assert formats.bounds(4200, 5675) == "at least 4,200 and at most 5,675"


TODAY = date(2026, 4, 9)


@pytest.mark.parametrize(
    ("on", "words", "tone"),
    [
        (date(2026, 4, 7), "2 days over", "stop"),
        (date(2026, 4, 8), "1 day over", "stop"),
        (date(2026, 4, 9), "Today", "wait"),
        (date(2026, 4, 10), "Tomorrow", "wait"),
        (date(2026, 4, 23), "In 14 days", ""),
        (None, "No date", ""),
    ],
)
def test_due_is_a_word_and_a_tone(on, words, tone):
    assert formats.due(on, TODAY) == words
    assert formats.due_tone(on, TODAY) == tone


MORNING = datetime(2026, 4, 9, 9, 41, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (formats.day(TODAY), "9 Apr 2026"),
        (formats.day(TODAY, year=False), "9 Apr"),
        (formats.long_day(TODAY), "Thursday 9 April 2026"),
        (formats.minute(MORNING, UTC), "9 Apr 2026, 09:41"),
        (formats.second(MORNING, UTC), "9 Apr 2026, 09:41:07 UTC"),
        (
            formats.second(MORNING, ZoneInfo("Europe/Berlin")),
            "9 Apr 2026, 11:41:07 CEST",
        ),
        (formats.moment(MORNING, TODAY, UTC), "Today 09:41"),
        (formats.moment(MORNING, date(2026, 4, 10), UTC), "Yesterday 09:41"),
        (formats.moment(MORNING, date(2026, 4, 11), UTC), "9 Apr 2026, 09:41"),
        (formats.rfc3339(MORNING), "2026-04-09T09:41:07Z"),
    ],
)
def test_days_and_times(words, expected):
    assert words == expected


@pytest.mark.parametrize(
    ("shown", "html"),
    [
        (look.short(520_000), '<data value="520000" title="520,000">520k</data>'),
        (look.short(4_200), "4,200"),
        (look.short(None), "—"),
        (look.money(13_104), "$13,104"),
        (
            look.money(Decimal("1033.20")),
            '<data value="1033.20" title="$1,033.20">$1,033</data>',
        ),
        (look.hours(6), '6 <span class="unit">h/week</span>'),
        (look.share(None), "—"),
        (look.day(TODAY), '<time datetime="2026-04-09">9 Apr 2026</time>'),
    ],
)
def test_filters_keep_the_exact_figure_on_hover(shown, html):
    assert str(shown) == html


@pytest.mark.parametrize(
    ("words", "expected"),
    [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")],
)
def test_words_are_listed_as_a_sentence_lists_them(words, expected):
    assert formats.listed(words) == expected
    assert formats.listed(words, "or") == expected.replace(" and ", " or ")


@given(st.integers(min_value=-(10**15), max_value=10**15))
def test_short_is_never_further_off_than_half_of_its_last_figure(number):
    text = formats.short(number).replace("−", "-").replace(",", "")
    scale = {"k": 10**3, "M": 10**6, "B": 10**9, "T": 10**12}.get(text[-1], 1)
    value = Decimal(text.rstrip("kMBT")) * scale
    assert abs(value - number) <= abs(number) * Decimal("0.005")
