"""The frame that charts with an axis share: y from zero, in steps that read."""

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, floor, log10

MOST_STEPS = 5
_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True)
class Frame:
    """Where values from zero to `top` stand in a drawing of these measures."""

    width: int
    height: int
    left: int
    right: int
    ceiling: int
    base: int
    step: float
    steps: int

    @property
    def top(self) -> float:
        return self.step * self.steps

    def y(self, value: float) -> float:
        return round(self.base - (self.base - self.ceiling) * value / self.top, 1)

    def across(self, place: float, places: float) -> float:
        """x of the `place`th of `places` steps from the left end to the right."""
        return round(self.left + (self.right - self.left) * place / max(1, places), 1)

    def ticks(self, words: Callable[[float], str]) -> tuple[tuple[float, str], ...]:
        """Each line of the grid: its y and what stands beside it, from zero on."""
        return tuple(
            (self.y(self.step * n), words(self.step * n)) for n in range(self.steps + 1)
        )


def frame(
    highest: float,
    *,
    width: int,
    height: int,
    left: int = 36,
    right: int = 8,
    above: int = 12,
    below: int = 24,
) -> Frame:
    """A frame that holds `highest`: at most five steps of 1, 2, 2.5 or 5 × a power of 10."""
    step = _step(highest)
    return Frame(
        width=width,
        height=height,
        left=left,
        right=width - right,
        ceiling=above,
        base=height - below,
        step=step,
        steps=max(1, ceil(round(highest / step, 9))),
    )


def _step(highest: float) -> float:
    if highest <= 0:
        return 1.0
    least = highest / MOST_STEPS
    power = 10.0 ** floor(log10(least))
    return next(one * power for one in _STEPS if one * power >= least * (1 - 1e-9))
