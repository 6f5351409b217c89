"""Quarters and months as values."""

from datetime import date

import pytest

from portal.kernel.periods import Month, Quarter


@pytest.mark.parametrize("text", ["2026Q2", "2026-Q2", "Q2-2026", "2026q2", " 2026Q2 "])
def test_quarter_reads_what_people_type(text: str) -> None:
    assert Quarter.parse(text) == Quarter(2026, 2)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026",
        "Q2",
        "2026Q5",
        "2026Q0",
        "26Q2",
        "Q2 2026",
        "2026Q2x",
        "\u0662\u0660\u0662\u0666Q2",
        "—",
    ],
)
def test_quarter_refuses_anything_else(text: str) -> None:
    with pytest.raises(ValueError, match="is not a quarter"):
        Quarter.parse(text)


def test_quarter_writes_itself_for_api_pages_and_sheets() -> None:
    quarter = Quarter(2026, 2)

    assert (str(quarter), quarter.label, quarter.sheet) == (
        "2026Q2",
        "2026-Q2",
        "Q2-2026",
    )


@pytest.mark.parametrize(
    ("day", "fiscal_year_starts", "quarter"),
    [
        (date(2026, 1, 1), 1, "2026Q1"),
        (date(2026, 3, 31), 1, "2026Q1"),
        (date(2026, 4, 1), 1, "2026Q2"),
        (date(2026, 12, 31), 1, "2026Q4"),
        # Named by the year in which the fiscal year ends.
        (date(2026, 6, 30), 7, "2026Q4"),
        (date(2026, 7, 1), 7, "2027Q1"),
        (date(2027, 6, 30), 7, "2027Q4"),
        (date(2026, 4, 1), 4, "2027Q1"),
        (date(2026, 3, 31), 4, "2026Q4"),
        (date(2026, 1, 31), 2, "2026Q4"),
        (date(2026, 2, 1), 2, "2027Q1"),
        (date(2025, 12, 1), 12, "2026Q1"),
        (date(2026, 11, 30), 12, "2026Q4"),
    ],
)
def test_quarter_of_a_day(day: date, fiscal_year_starts: int, quarter: str) -> None:
    assert str(Quarter.of(day, fiscal_year_starts)) == quarter


@pytest.mark.parametrize(
    ("quarter", "fiscal_year_starts", "first", "last"),
    [
        ("2026Q1", 1, date(2026, 1, 1), date(2026, 3, 31)),
        ("2026Q4", 1, date(2026, 10, 1), date(2026, 12, 31)),
        ("2027Q1", 7, date(2026, 7, 1), date(2026, 9, 30)),
        ("2027Q3", 7, date(2027, 1, 1), date(2027, 3, 31)),
        ("2027Q4", 2, date(2026, 11, 1), date(2027, 1, 31)),
        ("2024Q1", 1, date(2024, 1, 1), date(2024, 3, 31)),
    ],
)
def test_quarter_knows_its_days(
    quarter: str, fiscal_year_starts: int, first: date, last: date
) -> None:
    parsed = Quarter.parse(quarter)

    assert parsed.first_day(fiscal_year_starts) == first
    assert parsed.last_day(fiscal_year_starts) == last


@pytest.mark.parametrize("fiscal_year_starts", range(1, 13))
def test_every_day_of_a_quarter_is_in_it(fiscal_year_starts: int) -> None:
    for quarter in (Quarter(2024, 1).plus(step) for step in range(8)):
        first = quarter.first_day(fiscal_year_starts)
        last = quarter.last_day(fiscal_year_starts)

        assert Quarter.of(first, fiscal_year_starts) == quarter
        assert Quarter.of(last, fiscal_year_starts) == quarter
        assert quarter.plus(1).first_day(fiscal_year_starts).toordinal() == (
            last.toordinal() + 1
        )


@pytest.mark.parametrize(
    ("steps", "result"),
    [(0, "2026Q2"), (2, "2026Q4"), (3, "2027Q1"), (-1, "2026Q1"), (-2, "2025Q4")],
)
def test_quarter_plus(steps: int, result: str) -> None:
    assert str(Quarter(2026, 2).plus(steps)) == result


def test_quarters_and_months_are_in_the_order_of_time() -> None:
    assert Quarter(2025, 4) < Quarter(2026, 1) < Quarter(2026, 2)
    assert Month(2025, 12) < Month(2026, 1)


def test_quarter_has_three_months() -> None:
    assert [str(month) for month in Quarter(2026, 4).months()] == [
        "2026-10",
        "2026-11",
        "2026-12",
    ]


def test_month_reads_and_writes_itself() -> None:
    month = Month.parse("2026-05")

    assert (str(month), month) == ("2026-05", Month(2026, 5))


@pytest.mark.parametrize(
    "text", ["", "2026-13", "2026-00", "2026-5", "05-2026", "2026"]
)
def test_month_refuses_anything_else(text: str) -> None:
    with pytest.raises(ValueError, match="is not a month"):
        Month.parse(text)


@pytest.mark.parametrize(
    ("month", "first", "last"),
    [
        (Month(2024, 2), date(2024, 2, 1), date(2024, 2, 29)),
        (Month(2026, 2), date(2026, 2, 1), date(2026, 2, 28)),
        (Month(2026, 12), date(2026, 12, 1), date(2026, 12, 31)),
    ],
)
def test_month_knows_its_days(month: Month, first: date, last: date) -> None:
    assert (month.first_day, month.last_day) == (first, last)


@pytest.mark.parametrize(
    ("steps", "result"), [(1, "2026-02"), (-1, "2025-12"), (12, "2027-01")]
)
def test_month_plus(steps: int, result: str) -> None:
    assert str(Month(2026, 1).plus(steps)) == result


def test_month_of_a_day() -> None:
    assert Month.of(date(2026, 5, 31)) == Month(2026, 5)


@pytest.mark.parametrize(("year", "number"), [(2026, 0), (2026, 5), (0, 1), (9999, 1)])
def test_impossible_quarter_cannot_be_made(year: int, number: int) -> None:
    with pytest.raises(ValueError, match="is not a quarter"):
        Quarter(year, number)
