"""Geometry of the charts: values in, coordinates out, the same in every theme."""

import pytest

from portal.kernel.charts_bars import Bar, bar_chart
from portal.kernel.charts_curve import curve
from portal.kernel.charts_frame import frame
from portal.kernel.charts_heat import heat_map
from portal.kernel.charts_months import Band, Line, month_chart
from portal.kernel.charts_twin import Twin


@pytest.mark.parametrize(
    ("highest", "step", "steps"),
    [
        (0, 1, 1),
        (43, 10, 5),
        (24_014, 5_000, 5),
        (1, 0.2, 5),
        (0.03, 0.01, 3),
        (1_000_000, 200_000, 5),
    ],
)
def test_an_axis_has_at_most_five_steps_that_read(highest, step, steps):
    held = frame(highest, width=360, height=190)

    assert held.step == pytest.approx(step)
    assert held.steps == steps
    assert held.top >= highest
    assert held.y(0) == held.base


def test_a_line_breaks_where_a_month_has_no_value():
    drawn = month_chart(
        list("JFMA"),
        lines=[Line("signed", [None, 1.0, None, 3.0])],
        actual=[1.0, None, None, None],
        open_month=0,
        words=str,
    )

    assert [kind for kind, _ in drawn.lines] == ["signed", "signed"]
    assert [dot.open for dot in drawn.dots] == [True]
    assert [label.words for label in drawn.labels] == ["3.0"]


def test_the_longest_words_of_an_axis_have_their_room():
    short = month_chart(list("JF"), lines=[Line("signed", [1.0, 2.0])], words=str)
    long = month_chart(
        list("JF"),
        lines=[Line("signed", [1.0, 2.0])],
        words=lambda value: f"$12,{value:.1f}k",
    )

    assert short.frame.left < long.frame.left
    assert long.months[0][0] == long.frame.left


def test_a_band_goes_up_and_comes_back():
    drawn = month_chart(
        list("JF"), band=Band([1.0, 2.0], [2.0, 4.0]), words=str, lines=()
    )

    (points,) = drawn.bands
    assert len(points.split()) == 4
    assert drawn.frame.top >= 4


def test_bars_stack_and_limits_of_one_height_are_one_line():
    bars = [
        Bar("a", (("b1", 10), ("b2", 24), ("b3", 4)), limit=40),
        Bar("b", (("b1", 15), ("b2", 0)), limit=40),
        Bar("c", (("b1", 15),), open="W-05 ?"),
    ]

    drawn = bar_chart(bars, words=str)

    first = drawn.bars[0].boxes
    assert first[1].y + first[1].height == pytest.approx(first[0].y)
    assert [len(one.boxes) for one in drawn.bars] == [3, 1, 1]
    assert len(drawn.limits) == 1
    assert drawn.bars[2].open is not None


def test_a_week_has_six_steps_with_their_ranges_and_a_framed_peak():
    values = [0.0] * 168
    values[34] = 53.2

    drawn = heat_map(values, "peak 53, Tue 10")

    assert [step.words for step in drawn.steps] == [
        "0–1",
        "2–11",
        "12–21",
        "22–32",
        "33–42",
        "43–53",
    ]
    assert drawn.peak == drawn.cells[34]
    assert drawn.cells[34].kind == "h5"
    assert drawn.cells[0].kind == "h0"


@pytest.mark.parametrize("highest", [0.0, 0.004, 0.4, 7.3, 1e6])
def test_any_peak_falls_in_a_printed_step(highest):
    drawn = heat_map([highest, *[highest / 3] * 167], "peak")

    kinds = {step.kind for step in drawn.steps}
    assert {cell.kind for cell in drawn.cells} <= kinds


def test_a_curve_marks_its_lowest_point():
    drawn = curve(
        [0.0, 20.0, 40.0],
        [("signed", [9.0, 3.0, 6.0])],
        lowest=(20.0, 3.0, "$3 at 20 h"),
        labelled=[0.0, 20.0, 40.0],
        words=str,
        across_words=str,
    )

    assert f"{drawn.lowest.x:g},{drawn.lowest.y:g}" in drawn.lines[0][1]
    assert drawn.lowest.words == "$3 at 20 h"


def test_a_twin_tells_what_is_not_known():
    twin = Twin(("Month", "Cost"), [("2026-04", None), ("2026-05", 12_000)])

    assert twin.shown == [("2026-04", ["—"]), ("2026-05", ["12,000"])]
