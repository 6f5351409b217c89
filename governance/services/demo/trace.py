"""Real calls of a code assistant: what the demo's usage takes its spread from.

From the Azure Public Dataset, CC-BY 4.0; `data/README.md` says what was changed.
"""

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

CALLS_FILE = Path(__file__).parent / "data" / "code_calls.csv"


@dataclass(frozen=True)
class Calls:
    """Tokens of each call ÷ their mean: 1.0 is a call of average size."""

    input_sizes: NDArray[np.float64]
    output_sizes: NDArray[np.float64]

    def drawn(
        self, chance: np.random.Generator, count: int
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """So many calls with replacement; a call keeps its input beside its output."""
        rows = chance.integers(0, len(self.input_sizes), count)
        return self.input_sizes[rows], self.output_sizes[rows]


@cache
def real_calls() -> Calls:
    with CALLS_FILE.open(encoding="ascii", newline="") as file:
        rows = list(csv.DictReader(file))
    given = np.array([int(row["input_tokens"]) for row in rows], dtype=np.float64)
    made = np.array([int(row["output_tokens"]) for row in rows], dtype=np.float64)
    return Calls(given / given.mean(), made / made.mean())
