"""Random inputs of a plan: which ones, in which order, and one stream for a seed. Pure.

The stream is PCG64's, one number an input and sample, in the order of the draws; it is the
same however many samples are taken at a time.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from capacity.formulas.forecast import Sized

Floats = NDArray[np.float64]

# Where nobody states a range, users alone are uncertain.
USERS = "users"
FEWEST_USERS, MOST_USERS = Decimal("0.7"), Decimal("1.5")


@dataclass(frozen=True, slots=True)
class Draw:
    """One uncertain input: triangular from `low` to `high`, most likely `mode`."""

    ref: str
    name: str
    low: float
    mode: float
    high: float


def draws_of(workloads: Sequence[Sized]) -> list[Draw]:
    """Every uncertain input, by reference, then by name."""
    return [
        draw
        for workload in sorted(workloads, key=lambda one: place_of(one.ref))
        for draw in _draws(workload)
    ]


def place_of(ref: str) -> tuple[int, str]:
    """References in the order of their numbers: W-99 stands before W-100."""
    return len(ref), ref


def _draws(workload: Sized) -> Iterator[Draw]:
    ranges = {name: ends for name, ends in workload.ranges.items() if name != USERS}
    for name in sorted((*ranges, USERS)):
        if name == USERS:
            mode = Decimal(workload.users)
            low, high = workload.ranges.get(
                USERS, (mode * FEWEST_USERS, mode * MOST_USERS)
            )
        elif name in workload.inputs:
            mode, (low, high) = workload.inputs[name], ranges[name]
        else:
            continue  # a range of an input that the estimate does not state
        # A range that leaves the input out is widened to it: the mode is the input.
        yield Draw(
            workload.ref,
            name,
            float(min(low, mode)),
            float(mode),
            float(max(high, mode)),
        )


class Stream:
    """Samples of all draws, some at a time, from one seed."""

    def __init__(self, draws: Sequence[Draw], samples: int, seed: int) -> None:
        self.draws = draws
        self.samples = samples
        self._seed = seed

    def chunks(self, most: int) -> Iterator[tuple[slice, Floats]]:
        """Rows of inputs, a row a draw, at most `most` samples at a time."""
        for begins in range(0, self.samples, most):
            ends = min(begins + most, self.samples)
            yield slice(begins, ends), self._drawn(begins, ends)

    def _drawn(self, begins: int, ends: int) -> Floats:
        """The samples `begins` to `ends` of each draw: each has a stretch of its own."""
        rows = np.empty((len(self.draws), ends - begins))
        source = np.random.PCG64(self._seed).advance(begins)
        random = np.random.Generator(source)
        skipped = self.samples - (ends - begins)
        for row, draw in zip(rows, self.draws, strict=True):
            random.random(out=row)
            if skipped:
                source.advance(skipped)
            _spread(row, draw)
        return rows


def _spread(row: Floats, draw: Draw) -> None:
    """The triangular distribution's inverse, in place of even numbers from 0 to 1.

    low + √(u · (mode − low) · base) up to the mode, high − √((1 − u) · (high − mode) · base)
    above it: what NumPy's own `triangular` makes of the same numbers.
    """
    base = draw.high - draw.low
    if base <= 0:
        row[:] = draw.mode
        return
    above = np.flatnonzero(row > (draw.mode - draw.low) / base)
    rest = 1.0 - row[above]
    row *= (draw.mode - draw.low) * base
    np.sqrt(row, out=row)
    row += draw.low
    rest *= (draw.high - draw.mode) * base
    np.sqrt(rest, out=rest)
    row[above] = draw.high - rest
