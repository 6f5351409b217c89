"""The two traps, for the plan as it stands: averaging, and one dear model for all."""

from dataclasses import dataclass

from capacity.formulas import traps
from capacity.formulas.forecast import MonthForecast, Sized
from capacity.selectors.forecast import Ground
from portal.kernel.periods import Quarter
from workloads.enums import COUNTED, Status


@dataclass(frozen=True)
class Averaged:
    """One workload against what averaging it into `others` would have forecast."""

    workload: Sized
    others: tuple[str, ...]
    trap: traps.Averaged


def averaging_of(ground: Ground, workload: Sized) -> Averaged | None:
    """Against all live and committed ones except itself; None with none before it."""
    others = [
        one
        for one in ground.plan.sized
        if one.status in COUNTED and one.ref != workload.ref
    ]
    trap = traps.averaging_trap(
        workload.per_user.total, [(one.users, one.per_user.total) for one in others]
    )
    if trap is None:
        return None
    return Averaged(workload, tuple(one.ref for one in others), trap)


def averaging(ground: Ground) -> list[Averaged]:
    """Of every workload on this ground that is not retired."""
    found = (
        averaging_of(ground, one)
        for one in ground.plan.sized
        if one.status != Status.RETIRED
    )
    return [one for one in found if one is not None]


def new_in(ground: Ground, quarter: Quarter) -> list[Averaged]:
    """Of those that are still to come: planned or candidate, or committed for `quarter`
    while others were there before it."""
    return [one for one in averaging(ground) if _is_new(one.workload, ground, quarter)]


def _is_new(workload: Sized, ground: Ground, quarter: Quarter) -> bool:
    if workload.status not in COUNTED:
        return True
    before = any(
        one.status in COUNTED and one.first_quarter <= quarter.plus(-1)
        for one in ground.plan.sized
    )
    return workload.first_quarter == quarter and before


def floor_of(ground: Ground, month: MonthForecast) -> traps.Floor | None:
    """What a month would cost if every workload ran on the dearest model among them."""
    models = {one.ref: one.model for one in ground.plan.sized}
    return traps.floor_trap(
        [(models[ref], part.tokens) for ref, part in month.by_workload.items()],
        ground.rates.card,
        month.month.first_day,
    )
