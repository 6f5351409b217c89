"""A curve over numbers, with the point that matters marked on it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from portal.kernel.charts_frame import Frame, frame

WIDTH, HEIGHT = 600, 260


@dataclass(frozen=True)
class Mark:
    """A diamond on the curve, or an upright line, with its words."""

    x: float
    y: float
    words: str
    anchor: str = "m"


@dataclass(frozen=True)
class Curve:
    """Coordinates for `components/_curve.html`: lines by CSS class, the lowest marked."""

    frame: Frame
    ticks: tuple[tuple[float, str], ...]
    labels: tuple[tuple[float, str], ...]
    lines: tuple[tuple[str, str], ...]
    lowest: Mark
    uprights: tuple[Mark, ...]

    @property
    def diamond(self) -> str:
        x, y = self.lowest.x, self.lowest.y
        return f"M{x:g} {y - 6:g}l6 6-6 6-6-6z"

    @property
    def aside(self) -> int:
        """How far right of the diamond its words begin: the curve rises on both sides."""
        return -10 if self.lowest.anchor == "r" else 10

    @property
    def label_y(self) -> int:
        return self.frame.base + 18


def curve(
    across: Sequence[float],
    lines: Sequence[tuple[str, Sequence[float]]],
    *,
    lowest: tuple[float, float, str],
    uprights: Sequence[tuple[float, str]] = (),
    labelled: Sequence[float],
    words: Callable[[float], str],
    across_words: Callable[[float], str],
) -> Curve:
    """`lines` are (CSS class, value at each of `across`); `lowest` is x, value, words."""
    highest = max((value for _, values in lines for value in values), default=0.0)
    held = frame(
        highest * 1.05, width=WIDTH, height=HEIGHT, left=52, below=30, right=16
    )
    last = max(across, default=0.0) or 1.0

    def x(value: float) -> float:
        return held.across(value, last)

    at, value, said = lowest
    return Curve(
        frame=held,
        ticks=held.ticks(words),
        labels=tuple((x(one), across_words(one)) for one in labelled),
        lines=tuple((kind, _points(x, held, across, values)) for kind, values in lines),
        lowest=Mark(x(at), held.y(value), said, "r" if at / last > 0.7 else ""),
        uprights=tuple(
            Mark(x(place), held.ceiling, named, _anchor(place / last))
            for place, named in uprights
        ),
    )


def _points(
    x: Callable[[float], float],
    held: Frame,
    across: Sequence[float],
    values: Sequence[float],
) -> str:
    return " ".join(
        f"{x(one):g},{held.y(value):g}"
        for one, value in zip(across, values, strict=True)
    )


def _anchor(share: float) -> str:
    """Words near an edge run towards the middle."""
    if share < 0.2:
        return ""
    return "r" if share > 0.8 else "m"
