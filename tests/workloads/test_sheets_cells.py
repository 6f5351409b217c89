"""Every cell as people type it."""

from decimal import Decimal

import pytest

from workloads.enums import CostGate, Status
from workloads.rules.sheets import figures, words
from workloads.rules.sheets.cells import BadCell, OddCell, Oddity, is_empty, shown
from workloads.rules.sheets.neutral import neutralise, plain

MOST = 1_000_000_000_000


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("4200", 4200),
        ("4,200", 4200),
        ("1,234,567", 1_234_567),
        ("4,200.0", 4200),
        ("520k", 520_000),
        ("640K", 640_000),
        ("1.2k", 1_200),
        (" 2k ", 2_000),
        ("\u00a02k\u00a0", 2_000),
        ("\u202f18\u2009", 18),
        ("1.4M", 1_400_000),
        ("2.2m", 2_200_000),
        ("1.4000M", 1_400_000),
        ("1,400k", 1_400_000),
        ("2.18B", 2_180_000_000),
        ("1000B", MOST),
        (".5k", 500),
        ("4\u00a0200", 4200),
        ("4\u202f200", 4200),
        ("0", 0),
        ("-0", 0),
        ("007", 7),
        (4200, 4200),
        (4200.0, 4200),
        (520000.00000000006, 520_000),
        (1e6, 1_000_000),
        ("", None),
        (None, None),
        ("   ", None),
        ("\u00a0", None),
        ("—", None),
        ("\u2013", None),
        ("-", None),
        ("\u2212", None),
        (" — ", None),
    ],
)
def test_a_whole_number_is_read_as_people_type_it(typed, number):
    assert figures.read_whole(typed, most=MOST) == number


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("1,4M", "not_a_number"),
        ("5 20k", "not_a_number"),
        ("4 200", "not_a_number"),
        ("520 k", "not_a_number"),
        ("4,20", "not_a_number"),
        ("42,00", "not_a_number"),
        ("4,2000", "not_a_number"),
        (",200", "not_a_number"),
        ("4,200,", "not_a_number"),
        ("1.2.3", "not_a_number"),
        ("5.", "not_a_number"),
        ("1e6", "not_a_number"),
        ("1.4E+06", "not_a_number"),
        ("0x10", "not_a_number"),
        ("1_000", "not_a_number"),
        ("+5", "not_a_number"),
        ("about 500", "not_a_number"),
        ("520kk", "not_a_number"),
        ("520G", "not_a_number"),
        ("k", "not_a_number"),
        ("nan", "not_a_number"),
        ("inf", "not_a_number"),
        ("Infinity", "not_a_number"),
        (float("nan"), "not_a_number"),
        (float("inf"), "not_a_number"),
        ("٤٢٠٠", "not_a_number"),
        ("\uff14\uff12\uff10\uff10", "not_a_number"),
        ("½", "not_a_number"),
        ("5²", "not_a_number"),
        ("50%", "not_a_number"),
        ("$500", "not_a_number"),
        ("'4200", "not_a_number"),
        ("=1+1", "not_a_number"),
        ("5\x00", "not_a_number"),
        ("9" * 41, "not_a_number"),
        ("9" * 100_000, "not_a_number"),
        ("95.5", "not_whole"),
        ("1.2345k", "not_whole"),
        ("1.400", "not_whole"),
        (95.5, "not_whole"),
        ("-5", "negative"),
        ("\u22125k", "negative"),
        (-1, "negative"),
        (-0.5, "negative"),
        ("1000000000001", "too_large"),
        ("1001B", "too_large"),
        (10**18, "too_large"),
        (1e300, "too_large"),
        (OddCell(Oddity.FORMULA, "=A1*2"), "formula"),
        (OddCell(Oddity.DATE, "2026-05-01"), "date"),
        (OddCell(Oddity.TRUTH, "True"), "truth_value"),
        (OddCell(Oddity.PERCENT, "0.5"), "percent"),
        (OddCell(Oddity.FAILED, "#REF!"), "failed_formula"),
    ],
)
def test_a_whole_number_is_refused_with_its_code(typed, code):
    with pytest.raises(BadCell) as refused:
        figures.read_whole(typed, most=MOST)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("6", "6"),
        ("6.5", "6.5"),
        ("6.25", "6.25"),
        ("6.250", "6.25"),
        (0.1 + 0.2, "0.3"),
        (7.199999999999999, "7.2"),
        ("1.2k", "1200"),
    ],
)
def test_a_quantity_keeps_two_decimals(typed, number):
    assert figures.read_quantity(typed, most=10_000) == Decimal(number)


def test_a_quantity_with_three_decimals_is_refused():
    with pytest.raises(BadCell) as refused:
        figures.read_quantity("6.125", most=10_000)
    assert refused.value.code == "too_precise"
    assert refused.value.detail == (
        "It reads as 6.125. At most two decimals are kept: round it."
    )


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        (
            "1,4M",
            "A comma parts thousands, in groups of three; a decimal takes a point.",
        ),
        ("5 20k", "A space stands inside it."),
        ("1e6", "A power of ten has lost digits."),
        ("lots", "It is not a number."),
    ],
)
def test_a_refused_number_says_the_rule_and_the_way_out(typed, reason):
    with pytest.raises(BadCell) as refused:
        figures.read_whole(typed, most=MOST)
    assert refused.value.detail == (
        f"{reason} Type it as 4200, 4,200, 520k or 1.4M, or leave it empty."
    )


@pytest.mark.parametrize(
    ("typed", "quarter"),
    [
        ("Q2-2026", "2026Q2"),
        ("2026Q2", "2026Q2"),
        ("2026-Q2", "2026Q2"),
        ("Q2 2026", "2026Q2"),
        ("2026 Q2", "2026Q2"),
        ("Q2/2026", "2026Q2"),
        ("q4-2026", "2026Q4"),
        ("Q22026", "2026Q2"),
        (" Q2-2026 ", "2026Q2"),
        ("—", ""),
        ("", ""),
        (None, ""),
    ],
)
def test_a_quarter_is_read_as_people_type_it(typed, quarter):
    assert words.read_quarter(typed) == quarter


@pytest.mark.parametrize(
    "typed",
    ["Q5-2026", "Q0-2026", "2026", "Q2-26", "Q2'26", "May 2026", 2026, "2026Q22"],
)
def test_what_is_no_quarter_is_refused(typed):
    with pytest.raises(BadCell) as refused:
        words.read_quarter(typed)
    assert refused.value.code == "not_a_quarter"


@pytest.mark.parametrize(
    ("typed", "tier"),
    [
        ("Sonnet→Haiku", ("Sonnet", "Haiku")),
        ("Sonnet->Haiku", ("Sonnet", "Haiku")),
        (" Sonnet  → Haiku ", ("Sonnet", "Haiku")),
        ("Sonnet\u2013>Haiku", ("Sonnet", "Haiku")),
        ("Sonnet", ("Sonnet", "")),
        ("gpt-4.1 mini", ("gpt-4.1 mini", "")),
        ("claude-opus-4->claude-haiku", ("claude-opus-4", "claude-haiku")),
        ("—", ("", "")),
        ("", ("", "")),
    ],
)
def test_a_model_tier_is_read_as_people_type_it(typed, tier):
    assert words.read_model_tier(typed) == tier


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("Sonnet→", "not_a_model_tier"),
        ("→Haiku", "not_a_model_tier"),
        ("Opus→Sonnet→Haiku", "not_a_model_tier"),
        ("m" * 101, "too_long"),
        ("m" * 1_000, "too_long"),
        ("Son\nnet", "control_character"),
    ],
)
def test_a_wrong_model_tier_is_refused(typed, code):
    with pytest.raises(BadCell) as refused:
        words.read_model_tier(typed)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("typed", "gate"),
    [
        ("soft-cap", CostGate.SOFT_CAP),
        ("Soft cap", CostGate.SOFT_CAP),
        ("soft_cap", CostGate.SOFT_CAP),
        ("SOFTCAP", CostGate.SOFT_CAP),
        ("hard cap", CostGate.HARD_CAP),
        ("Hard-Cap", CostGate.HARD_CAP),
        ("PAYG", CostGate.PAY_AS_YOU_GO),
        ("payg", CostGate.PAY_AS_YOU_GO),
        ("pay-as-you-go", CostGate.PAY_AS_YOU_GO),
        ("pay as you go", CostGate.PAY_AS_YOU_GO),
        ("Pay\u2011as\u2011you\u2011go", CostGate.PAY_AS_YOU_GO),
        ("—", None),
        ("", None),
    ],
)
def test_a_cost_gate_is_read_as_people_type_it(typed, gate):
    assert words.read_cost_gate(typed) == gate


def test_an_unknown_cost_gate_is_refused():
    with pytest.raises(BadCell) as refused:
        words.read_cost_gate("medium cap")
    assert refused.value.code == "unknown_cost_gate"
    assert refused.value.detail == (
        "A cost gate is one of: hard-cap, soft-cap, pay-as-you-go. Or empty."
    )


@pytest.mark.parametrize(
    ("typed", "status"),
    [
        ("candidate", Status.CANDIDATE),
        ("LIVE", Status.LIVE),
        (" Planned", Status.PLANNED),
    ],
)
def test_a_status_is_read_in_any_case(typed, status):
    assert words.read_status(typed) == status


def test_an_unknown_status_is_refused():
    with pytest.raises(BadCell) as refused:
        words.read_status("approved")
    assert refused.value.code == "unknown_status"


@pytest.mark.parametrize(
    ("typed", "ref"),
    [
        ("W-01", "W-01"),
        ("w-1", "W-01"),
        ("W1", "W-01"),
        ("W\u201107", "W-07"),
        ("W-123", "W-123"),
        ("", ""),
        ("—", ""),
    ],
)
def test_a_reference_is_read_in_its_variants(typed, ref):
    assert words.read_ref(typed) == ref


@pytest.mark.parametrize(
    "typed", ["W-0", "W-00", "W-", "X-01", "1", 1, "W-1234567890", "W-٣"]
)
def test_a_wrong_reference_is_refused(typed):
    with pytest.raises(BadCell) as refused:
        words.read_ref(typed)
    assert refused.value.code == "not_a_reference"


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("", "required"),
        ("—", "required"),
        ("x" * 201, "too_long"),
        ("a\x00b", "control_character"),
        ("a\nb", "control_character"),
        ("a\tb", "control_character"),
        ("a\x7fb", "control_character"),
        ("a\u2028b", "control_character"),
        ("a\ud800b", "control_character"),
    ],
)
def test_a_wrong_name_is_refused(typed, code):
    with pytest.raises(BadCell) as refused:
        words.read_name(typed)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("Q&A  bot", "Q&A  bot"),
        (" Chat ", "Chat"),
        ("客服助手 🤖", "客服助手 🤖"),
        (365, "365"),
        (365.0, "365"),
        ("'=SUM(A1)", "=SUM(A1)"),
        ("'-", "-"),
        ("''-", "'-"),
        ("'Tis the season", "'Tis the season"),
    ],
)
def test_a_name_is_kept_as_typed(typed, name):
    assert words.read_name(typed) == name


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("=1+1", "'=1+1"),
        ("+49 30", "'+49 30"),
        ("-5", "'-5"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        (" =1", "' =1"),
        ("\uff1d1", "'\uff1d1"),
        ("—", "'—"),
        ("'=1", "''=1"),
        ("'Tis", "'Tis"),
        ("Sonnet→Haiku", "Sonnet→Haiku"),
        ("a=b", "a=b"),
        ("", ""),
        ("'", "'"),
    ],
)
def test_a_formula_is_neutralised_and_comes_back(text, written):
    assert neutralise(text) == written
    assert plain(written) == text


def test_an_error_repeats_the_cell_without_what_cannot_be_stored():
    assert shown("a\x00b\nc") == "a�b�c"
    assert shown("x" * 500) == "x" * 119 + "…"


def test_an_odd_cell_is_never_empty():
    assert is_empty(OddCell(Oddity.FORMULA, "")) is False
