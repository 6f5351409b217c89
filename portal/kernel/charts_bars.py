"""Stacked bars, with a limit over each where there is one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from portal.kernel.charts_frame import Frame, frame

# Share of its place that a bar fills.
FILLED = 0.68
UNKNOWN = 0.12


@dataclass(frozen=True)
class Bar:
    """One bar: (CSS class, value) from the ground up, words above, below and second below.

    `limit` is what the bar is held against; `open` words stand in a dashed box on top, for
    a part that nobody has estimated.
    """

    name: str
    parts: Sequence[tuple[str, float]]
    above: str = ""
    below: str = ""
    tone: str = "em"
    limit: float | None = None
    open: str = ""

    @property
    def height(self) -> float:
        return sum(value for _, value in self.parts)


@dataclass(frozen=True)
class Box:
    kind: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class DrawnBar:
    middle: float
    top: float
    bar: Bar
    boxes: tuple[Box, ...]
    open: Box | None = None

    @property
    def open_y(self) -> float:
        return self.open.y + self.open.height / 2 + 4 if self.open else 0


@dataclass(frozen=True)
class Limit:
    """A stretch of the limit line; `words` stand at the end of the last."""

    x1: float
    x2: float
    y: float


@dataclass(frozen=True)
class BarChart:
    """Coordinates for `components/_bar_chart.html`."""

    frame: Frame
    ticks: tuple[tuple[float, str], ...]
    bars: tuple[DrawnBar, ...]
    limits: tuple[Limit, ...] = ()
    limit_words: tuple[str, ...] = ()
    wide: bool = field(default=False)

    @property
    def limit_y(self) -> float:
        return self.limits[-1].y if self.limits else 0

    @property
    def label_y(self) -> int:
        return self.frame.base + 18

    @property
    def second_y(self) -> int:
        return self.frame.base + 34


def bar_chart(  # noqa: PLR0913 - what can be drawn, each by its name
    bars: Sequence[Bar],
    *,
    words: Callable[[float], str],
    limit_words: Sequence[str] = (),
    width: int = 360,
    height: int = 190,
    left: int = 36,
    right: int = 8,
    above: int = 12,
    below: int = 24,
    wide: bool = False,
) -> BarChart:
    """`words` writes a value of the axis; y starts at zero."""
    # A part that nobody estimated has a box that its name fits in, whatever it will be.
    unknown = UNKNOWN * max(
        (max(bar.height, bar.limit or 0.0) for bar in bars), default=0.0
    )
    highest = max(
        (
            max(bar.height + (unknown if bar.open else 0), bar.limit or 0.0)
            for bar in bars
        ),
        default=0.0,
    )
    held = frame(
        highest * 1.06,
        width=width,
        height=height,
        left=left,
        right=right,
        above=above,
        below=below,
    )
    place = (held.right - held.left) / max(1, len(bars))
    return BarChart(
        frame=held,
        ticks=held.ticks(words),
        bars=tuple(
            _bar(held, bar, held.left + place * n, place, unknown)
            for n, bar in enumerate(bars)
        ),
        limits=_limits(held, bars, place),
        limit_words=tuple(limit_words),
        wide=wide,
    )


def _bar(held: Frame, bar: Bar, start: float, place: float, unknown: float) -> DrawnBar:
    width = round(place * FILLED, 1)
    x = round(start + (place - width) / 2, 1)
    boxes, reached = [], 0.0
    for kind, value in bar.parts:
        if value > 0:
            top = held.y(reached + value)
            tall = round(held.y(reached) - top, 1)
            boxes.append(Box(kind, x, top, width, tall))
        reached += value
    dashed = None
    if bar.open:
        top = held.y(reached + unknown)
        dashed = Box("bx", x, top, width, round(held.y(reached) - top, 1))
        reached += unknown
    middle = round(start + place / 2, 1)
    return DrawnBar(middle, held.y(reached) - 6, bar, tuple(boxes), dashed)


def _limits(held: Frame, bars: Sequence[Bar], place: float) -> tuple[Limit, ...]:
    """One stretch a run of equal limits; none over a bar without one."""
    stretches: list[Limit] = []
    for n, bar in enumerate(bars):
        if bar.limit is None:
            continue
        x1, x2 = round(held.left + place * n, 1), round(held.left + place * (n + 1), 1)
        y = held.y(bar.limit)
        if stretches and stretches[-1].x2 == x1 and stretches[-1].y == y:
            stretches[-1] = Limit(stretches[-1].x1, x2, y)
        else:
            stretches.append(Limit(x1, x2, y))
    return tuple(stretches)
