"""What a measurement is, and how floor and product are taken in turns."""

import statistics
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

ROUNDS = 3


class NotMeasured(Exception):
    """A figure that could not be taken; its text is the reason that is printed."""


@dataclass(frozen=True)
class Result:
    """One figure: a ratio to a floor of the same run, beside the absolute figures.

    `bar` is the limit, `better` the side on which it must stay; a figure that could not
    be measured is not ok and says why.
    """

    ratio: float | None
    bar: float
    better: str
    floor: float | None
    ours: float | None
    unit: str
    rounds: int = ROUNDS
    growth: float | None = None
    growth_bar: float | None = None
    extra: dict[str, Any] = field(default_factory=dict)
    reason: str = ""
    # Some bars are figures of their own: there is no floor to hold them against.
    absolute: bool = False

    @property
    def judged(self) -> float | None:
        """What stands against the bar."""
        return self.ours if self.absolute else self.ratio

    @property
    def ok(self) -> bool:
        judged = self.judged
        if judged is None or self.reason:
            return False
        if self.growth_bar is not None and (
            self.growth is None or self.growth > self.growth_bar
        ):
            return False
        if any(self.extra[name] > bar for name, bar in self._further_bars()):
            return False
        if self.better == "lower":
            return judged <= self.bar
        return judged >= self.bar

    def _further_bars(self) -> list[tuple[str, float]]:
        """Figures beside the ratio that have a most of their own: `p99_ms_bar`."""
        return [
            (name.removesuffix("_bar"), bar)
            for name, bar in self.extra.items()
            if name.endswith("_bar")
        ]

    def as_json(self) -> dict[str, Any]:
        shown = {
            "ratio": _rounded(self.ratio),
            "bar": self.bar,
            "better": self.better,
            "ok": self.ok,
            "floor": _rounded(self.floor),
            "ours": _rounded(self.ours),
            "unit": self.unit,
            "rounds": self.rounds,
            **self.extra,
        }
        if self.growth_bar is not None:
            shown |= {"growth": _rounded(self.growth), "growth_bar": self.growth_bar}
        if self.reason:
            shown["reason"] = self.reason
        return shown


def not_measured(reason: str) -> Result:
    return Result(None, 0, "lower", None, None, "", rounds=0, reason=reason)


def in_turns(
    floor: Callable[[], float], ours: Callable[[], float], rounds: int = ROUNDS
) -> tuple[float, float]:
    """Medians of floor and product, taken floor, product, floor, product, …

    One round before them warms both up and is thrown away.
    """
    floors, product = [], []
    for number in range(rounds + 1):
        measured = floor(), ours()
        if number:
            floors.append(measured[0])
            product.append(measured[1])
    return statistics.median(floors), statistics.median(product)


def median_of(ours: Callable[[], float], rounds: int = ROUNDS) -> float:
    """The median of a figure without a floor, after one round that is thrown away."""
    ours()
    return statistics.median(ours() for _ in range(rounds))


def _rounded(figure: float | None) -> float | None:
    return None if figure is None else round(figure, 4)
