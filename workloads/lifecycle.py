"""The legal steps of a workload's status, who may take each, and what each asks for.

Plain Python: the state machine field, the database trigger, the use case, the pages and
the tests all read this one table.
"""

from dataclasses import dataclass

from workloads.enums import Status


@dataclass(frozen=True)
class Step:
    """One legal step of the status.

    `action` names the row of the access table; `verb` is what a button says; `asks` tells
    whether the requirements of the target status are checked; a backward step or a
    retirement asks for a reason instead.
    """

    source: Status
    target: Status
    action: str
    verb: str
    asks: bool
    needs_reason: bool


STEPS: tuple[Step, ...] = (
    Step(
        Status.CANDIDATE,
        Status.PLANNED,
        "workload.move_to_planned",
        "Move to planned",
        asks=True,
        needs_reason=False,
    ),
    Step(
        Status.PLANNED,
        Status.COMMITTED,
        "workload.move_to_committed",
        "Commit",
        asks=True,
        needs_reason=False,
    ),
    Step(
        Status.COMMITTED,
        Status.LIVE,
        "workload.move_to_live",
        "Go live",
        asks=True,
        needs_reason=False,
    ),
    Step(
        Status.LIVE,
        Status.RETIRED,
        "workload.retire",
        "Retire",
        asks=True,
        needs_reason=True,
    ),
    Step(
        Status.PLANNED,
        Status.CANDIDATE,
        "workload.withdraw_to_candidate",
        "Withdraw to candidate",
        asks=False,
        needs_reason=True,
    ),
    Step(
        Status.COMMITTED,
        Status.PLANNED,
        "workload.decommit",
        "De-commit",
        asks=False,
        needs_reason=True,
    ),
    Step(
        Status.CANDIDATE,
        Status.RETIRED,
        "workload.retire",
        "Drop",
        asks=True,
        needs_reason=True,
    ),
    Step(
        Status.PLANNED,
        Status.RETIRED,
        "workload.retire",
        "Drop",
        asks=True,
        needs_reason=True,
    ),
    Step(
        Status.COMMITTED,
        Status.RETIRED,
        "workload.retire",
        "Drop",
        asks=True,
        needs_reason=True,
    ),
)

FORWARD: tuple[Status, ...] = (
    Status.CANDIDATE,
    Status.PLANNED,
    Status.COMMITTED,
    Status.LIVE,
)


def step_between(source: Status, target: Status) -> Step | None:
    """The legal step from `source` to `target`, or None."""
    for step in STEPS:
        if step.source == source and step.target == target:
            return step
    return None


def steps_from(source: Status) -> tuple[Step, ...]:
    return tuple(step for step in STEPS if step.source == source)


def road_to(target: Status) -> tuple[Status, ...]:
    """Every status whose conditions stand on the way to `target`, in order.

    `retired` has no road of its own: it is reached from anywhere.
    """
    if target not in FORWARD:
        return (target,)
    return FORWARD[1 : FORWARD.index(target) + 1]


def next_status(source: Status) -> Status:
    """Where the way on leads from `source`; from retired it leads nowhere else."""
    steps = steps_from(source)
    return steps[0].target if steps else source
