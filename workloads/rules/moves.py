"""Which workload, moved to which later quarter, makes an over-full quarter fit. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class QuarterLoad:
    """Hours a week that a quarter asks for, and the ceiling it has (None: none yet).

    `workloads` counts those that run or ship in it; `platform` is the part of `hours`
    that falls away when fewer than two are left.
    """

    name: str
    hours: Decimal
    ceiling: Decimal | None
    workloads: int = 0
    platform: Decimal = Decimal(0)

    @property
    def over(self) -> Decimal:
        """Hours above the ceiling; 0 where they fit or where there is no ceiling."""
        if self.ceiling is None:
            return Decimal(0)
        return max(self.hours - self.ceiling, Decimal(0))


@dataclass(frozen=True)
class Shipping:
    """A workload that ships in the over-full quarter: its stable hours, its uplift."""

    ref: str
    status: str
    hours: Decimal
    uplift: Decimal


@dataclass(frozen=True)
class Move:
    """One move that fits: hours a week in both quarters after it."""

    ref: str
    status: str
    to: str
    here: Decimal
    there: Decimal


def moves_that_fit(
    quarters: Sequence[QuarterLoad], place: int, shipping: Iterable[Shipping]
) -> list[Move]:
    """For each workload that ships in `quarters[place]`, the nearest quarter it fits in.

    Its stable hours leave this quarter and those before the new one; in the new one they
    stand already, so only its first-quarter uplift is added. Nothing moves into a quarter
    without a ceiling. Hours a week.
    """
    moves = []
    for workload in shipping:
        here = _without(quarters[place], workload)
        if here > (quarters[place].ceiling or Decimal(0)):
            continue
        for later in quarters[place + 1 :]:
            there = later.hours + workload.uplift
            if later.ceiling is not None and there <= later.ceiling:
                moves.append(
                    Move(workload.ref, workload.status, later.name, here, there)
                )
                break
    return moves


def _without(quarter: QuarterLoad, workload: Shipping) -> Decimal:
    left = quarter.hours - workload.hours - workload.uplift
    return left - quarter.platform if quarter.workloads == 2 else left
