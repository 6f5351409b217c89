"""A month-by-month chart: lines, dots of what was, and a band of what may be."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import ceil

from portal.kernel.charts_frame import Frame, frame

WIDTH, HEIGHT = 360, 190
LEFT = 44
LETTER = 7.2
"""Room that a letter of an axis takes; "$12.5k" must not lose its first."""

Values = Sequence[float | None]


@dataclass(frozen=True)
class Line:
    """One series over the months; None where it has no value. `kind` is its CSS class."""

    kind: str
    values: Values


@dataclass(frozen=True)
class Band:
    """What values may be, month by month: low and high, None where unknown."""

    low: Values
    high: Values


@dataclass(frozen=True)
class Spot:
    """A dot, `open` while its month is not over."""

    x: float
    y: float
    open: bool = False


@dataclass(frozen=True)
class Label:
    x: float
    y: float
    words: str
    anchor: str


@dataclass(frozen=True)
class MonthChart:
    """Coordinates for `components/_month_chart.html`."""

    frame: Frame
    ticks: tuple[tuple[float, str], ...]
    months: tuple[tuple[float, str], ...]
    lines: tuple[tuple[str, str], ...]
    dots: tuple[Spot, ...]
    bands: tuple[str, ...]
    labels: tuple[Label, ...]


def month_chart(
    months: Sequence[str],
    *,
    lines: Sequence[Line] = (),
    actual: Values = (),
    open_month: int | None = None,
    band: Band | None = None,
    labelled: Sequence[int] = (),
    words: Callable[[float], str],
    label_words: Callable[[float], str] | None = None,
) -> MonthChart:
    """`months` are the letters below the axis. The first line's value is written at the
    places `labelled`, and always at its end, by `label_words`; `open_month` is the month that still runs."""
    highest = _highest([one.values for one in lines], actual, band)
    held = frame(highest, width=WIDTH, height=HEIGHT, left=LEFT)
    longest = max(len(said) for _, said in held.ticks(words))
    held = replace(held, left=max(LEFT, ceil(longest * LETTER) + 8))
    count = len(months) - 1
    return MonthChart(
        frame=held,
        ticks=held.ticks(words),
        months=tuple((held.across(n, count), name) for n, name in enumerate(months)),
        lines=tuple(
            (line.kind, points)
            for line in lines
            for points in _runs(held, line.values, count)
        ),
        dots=tuple(
            Spot(held.across(n, count), held.y(value), n == open_month)
            for n, value in enumerate(actual)
            if value is not None
        ),
        bands=_area(held, band, count) if band else (),
        labels=_labels(held, lines[0].values, labelled, count, label_words or words)
        if lines
        else (),
    )


def _highest(lines: Sequence[Values], actual: Values, band: Band | None) -> float:
    drawn = [*lines, actual, *((band.high,) if band else ())]
    return max(
        (value for values in drawn for value in values if value is not None), default=0
    )


def _runs(held: Frame, values: Values, count: int) -> list[str]:
    """The points of each stretch without a gap."""
    runs: list[list[str]] = [[]]
    for n, value in enumerate(values):
        if value is None:
            runs.append([])
        else:
            runs[-1].append(f"{held.across(n, count):g},{held.y(value):g}")
    return [" ".join(run) for run in runs if run]


def _area(held: Frame, band: Band, count: int) -> tuple[str, ...]:
    there = [
        (held.across(n, count), held.y(low), held.y(high))
        for n, (low, high) in enumerate(zip(band.low, band.high, strict=True))
        if low is not None and high is not None
    ]
    if not there:
        return ()
    upper = [f"{x:g},{high:g}" for x, _, high in there]
    lower = [f"{x:g},{low:g}" for x, low, _ in reversed(there)]
    return (" ".join([*upper, *lower]),)


def _labels(
    held: Frame,
    values: Values,
    labelled: Sequence[int],
    count: int,
    words: Callable[[float], str],
) -> tuple[Label, ...]:
    known = [n for n, value in enumerate(values) if value is not None]
    places = [*(n for n in labelled if n in known[:-1]), *known[-1:]]
    found: list[Label] = []
    for n in places:
        value = values[n] or 0.0
        # Below the line, so that what rises to its right leaves the figure free.
        y = min(held.y(value) + 18, held.base - 4)
        at_end = n > count - 2
        found.append(
            Label(
                held.across(n, count) + (0 if at_end else 6),
                y,
                words(value),
                "r" if at_end else "",
            )
        )
    return tuple(found)
