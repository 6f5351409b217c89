"""What a measurement says: against a floor, or a figure of its own."""

import pytest

from governance.management.bench.results import Result, median_of, not_measured


def of(ours: float, floor: float | None, *, absolute: bool) -> Result:
    ratio = None if floor is None else ours / floor
    return Result(ratio, 150.0, "lower", floor, ours, "ms", absolute=absolute)


@pytest.mark.parametrize(("ours", "ok"), [(149.9, True), (150.0, True), (150.1, False)])
def test_a_figure_without_a_floor_is_held_against_its_bar(
    ours: float, ok: bool
) -> None:
    result = of(ours, None, absolute=True)

    assert result.ok is ok
    assert result.as_json()["ratio"] is None
    assert result.as_json()["ours"] == ours


def test_a_figure_that_has_lost_its_floor_is_not_ok() -> None:
    assert not of(1.0, None, absolute=False).ok


def test_what_was_not_measured_is_not_ok_and_says_why() -> None:
    result = not_measured("The plan is empty.")

    assert (result.ok, result.as_json()["reason"]) == (False, "The plan is empty.")


def test_the_median_leaves_the_first_round_out() -> None:
    figures = iter([1000.0, 3.0, 1.0, 2.0])

    assert median_of(lambda: next(figures)) == 2.0
