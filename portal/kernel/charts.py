"""Geometry of charts that the server draws: plain numbers in, SVG coordinates out."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

from portal.kernel import formats

WIDTH, HEIGHT = 560, 220
LEFT, RIGHT, TOP, BOTTOM = 48, 40, 28, 34
INSET = 32  # keeps the first value clear of the axis's figures
TICKS = 4
ROOM = 44  # what a label takes; where values stand closer, some go without theirs


@dataclass(frozen=True)
class Dot:
    """One value where it stands: `x` and `y` in the chart's units.

    `labelled` tells whether there is room for its label and figure.
    """

    x: float
    y: float
    label: str
    value: float
    labelled: bool = True


@dataclass(frozen=True)
class LineChart:
    """A line over labelled positions; y starts at zero."""

    dots: tuple[Dot, ...]
    ticks: tuple[tuple[float, str], ...]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    base: int = HEIGHT - BOTTOM

    @property
    def points(self) -> str:
        return " ".join(f"{dot.x:g},{dot.y:g}" for dot in self.dots)


def line_chart(values: Sequence[tuple[str, float]]) -> LineChart:
    """The chart of labelled values in their order; empty for none."""
    top = _round_up(max((value for _, value in values), default=0.0))
    span = HEIGHT - TOP - BOTTOM
    step = (WIDTH - LEFT - INSET - RIGHT) / max(1, len(values) - 1)
    every = ceil(ROOM / step)
    dots = tuple(
        Dot(
            x=round(LEFT + INSET + step * index, 1),
            y=round(TOP + span * (1 - value / top), 1),
            label=label,
            value=value,
            # Counted from the newest, which always has its label.
            labelled=(len(values) - 1 - index) % every == 0,
        )
        for index, (label, value) in enumerate(values)
    )
    ticks = tuple(
        (round(TOP + span * (1 - part / TICKS), 1), formats.in_full(top * part / TICKS))
        for part in range(TICKS + 1)
    )
    return LineChart(dots=dots, ticks=ticks)


def _round_up(value: float) -> float:
    """The next 1, 2, 4, 6 or 8 (times a power of ten) from `value` on: its quarters are
    figures that read."""
    if value <= 0:
        return float(TICKS)
    power = 10 ** floor(log10(value))
    for factor in (1, 2, 4, 6, 8, 10):
        if value <= factor * power:
            return float(factor * power)
    return float(ceil(value))
