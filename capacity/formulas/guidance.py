"""Least hours a week that a workload takes, by what the platform already runs. Pure."""

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

STABLE_LEAST, STABLE_MOST = Decimal(4), Decimal(8)
DIFFERENT_LEAST, DIFFERENT_MOST = Decimal(10), Decimal(12)
OWN = "own"


class Kind(StrEnum):
    """How a workload stands to those live or committed before it."""

    FIRST = "first"
    ALIKE = "alike"
    DIFFERENT = "different"


@dataclass(frozen=True, slots=True)
class Guidance:
    """Hours a week: below `least` an estimate states its reason."""

    kind: Kind
    least: Decimal
    most: Decimal

    def is_breached_by(self, hours_week: Decimal) -> bool:
        return hours_week < self.least


def guidance_of(
    shape: str, audience: str, before: Collection[tuple[str, str]]
) -> Guidance:
    """4–8 hours for the platform's first workload and for one alike, 10–12 for another.

    `before` holds shape and audience of every workload live or committed before it. Alike
    is the same shape for the same audience; without a shape, or with `own`, nothing is.
    Source: the capacity model's guidance on ops hours.
    """
    if not before:
        return Guidance(Kind.FIRST, STABLE_LEAST, STABLE_MOST)
    if shape not in ("", OWN) and (shape, audience) in before:
        return Guidance(Kind.ALIKE, STABLE_LEAST, STABLE_MOST)
    return Guidance(Kind.DIFFERENT, DIFFERENT_LEAST, DIFFERENT_MOST)
