"""A week as a heat map: seven days of twenty-four hours in six steps, its peak framed."""

from collections.abc import Sequence
from dataclasses import dataclass

from portal.kernel import formats

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
HOURS = 24
STEPS = 6
LEFT, TOP = 36, 4
CELL, ROW = 22, 28
GAP = 1.5
# Below this a peak is told with one decimal, below a tenth of it with two.
WHOLE_FROM = 20


@dataclass(frozen=True)
class Cell:
    x: float
    y: float
    kind: str


@dataclass(frozen=True)
class Step:
    """One tint and the values that it stands for."""

    kind: str
    words: str


@dataclass(frozen=True)
class HeatMap:
    """Coordinates for `components/_heat_map.html`."""

    cells: tuple[Cell, ...]
    days: tuple[tuple[float, str], ...]
    hours: tuple[tuple[float, str], ...]
    steps: tuple[Step, ...]
    peak: Cell | None
    peak_words: str
    width: int = LEFT + CELL * HOURS + 4
    height: int = TOP + ROW * 7 + 24
    cell: float = CELL - GAP
    row: float = ROW - GAP

    @property
    def peak_x(self) -> float:
        return self.peak.x - GAP if self.peak else 0

    @property
    def peak_top(self) -> float:
        return self.peak.y - GAP if self.peak else 0

    @property
    def peak_width(self) -> float:
        return self.cell + 2 * GAP

    @property
    def peak_height(self) -> float:
        return self.row + 2 * GAP

    @property
    def peak_y(self) -> float:
        return self.peak.y + ROW / 2 if self.peak else 0

    @property
    def words_before(self) -> bool:
        """Whether the peak's name has room at its left."""
        return bool(self.peak and self.peak.x > LEFT + CELL * 7)

    @property
    def words_x(self) -> float:
        if self.peak is None:
            return 0
        return self.peak.x - 8 if self.words_before else self.peak.x + CELL + 8


def heat_map(values: Sequence[float], peak_words: str) -> HeatMap:
    """168 values from Monday 00:00 on; `peak_words` name the first of the highest."""
    highest = max(values, default=0.0)
    unit = _unit(highest)
    bounds = _bounds(round(highest / unit))
    cells = tuple(
        Cell(
            LEFT + CELL * (hour % HOURS),
            TOP + ROW * (hour // HOURS),
            f"h{_step(round(value / unit), bounds)}",
        )
        for hour, value in enumerate(values)
    )
    peak = cells[max(range(len(values)), key=lambda n: values[n])] if highest else None
    return HeatMap(
        cells=cells,
        days=tuple((TOP + ROW * n + 18, day) for n, day in enumerate(DAYS)),
        hours=tuple((LEFT + CELL * n, f"{n:02}") for n in range(0, HOURS, 3)),
        steps=_steps(bounds, unit),
        peak=peak,
        peak_words=peak_words,
    )


def _unit(highest: float) -> float:
    if highest >= WHOLE_FROM:
        return 1.0
    return 0.1 if highest >= WHOLE_FROM / 10 else 0.01


def _bounds(highest: int) -> tuple[int, ...]:
    """The greatest value of each step, in units: nearly nothing, then five alike."""
    if highest <= STEPS:
        return tuple(range(highest + 1))
    lowest = highest // 40
    return (
        lowest,
        *(lowest + (highest - lowest) * n // (STEPS - 1) for n in range(1, STEPS)),
    )


def _step(value: int, bounds: Sequence[int]) -> int:
    place = next(
        (n for n, bound in enumerate(bounds) if value <= bound), len(bounds) - 1
    )
    return min(place, STEPS - 1)


def _steps(bounds: Sequence[int], unit: float) -> tuple[Step, ...]:
    steps, least = [], 0
    for n, bound in enumerate(bounds[:STEPS]):
        low, high = (formats.in_full(round(one * unit, 2)) for one in (least, bound))
        steps.append(Step(f"h{n}", low if least == bound else f"{low}–{high}"))
        least = bound + 1
    return tuple(steps)
