"""What only a workload's owner can mend, or somebody was asked to. Plain Python."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from workloads.enums import ReadinessCheck, SignRole, Status


class Duty(StrEnum):
    """One thing to do, in the order in which a workload needs it."""

    ANSWER = "answer"
    FINISH = "finish"
    SUBMIT = "submit"
    ESTIMATE = "estimate"
    ASK = "ask"
    MOVE = "move"
    OWNER = "owner"
    QUARTER = "quarter"
    CRITERIA = "criteria"
    READINESS = "readiness"


@dataclass(frozen=True, slots=True)
class Ask:
    """Who asked for a requirement."""

    code: str
    by: str


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of a workload, as far as its duties depend on it."""

    status: Status
    has_estimate: bool
    """A version is submitted, and it was not refused."""
    refused: bool
    has_draft: bool
    draft_is_complete: bool
    ready: bool
    """A candidate whose newest version carries three valid signatures."""
    lapsed: tuple[SignRole, ...]
    has_owner: bool
    has_quarter: bool
    has_criteria: bool
    proofs: int
    is_own: bool
    """Whoever looks owns it; another person sees only what they were asked for."""
    asks: Mapping[str, Ask] = field(default_factory=dict)


# The requirement by which a duty is asked for.
CODES = {
    Duty.ANSWER: "estimate_complete",
    Duty.FINISH: "estimate_complete",
    Duty.SUBMIT: "estimate_complete",
    Duty.ESTIMATE: "estimate_complete",
    Duty.OWNER: "owner_named",
    Duty.QUARTER: "ship_quarter_set",
    Duty.CRITERIA: "success_criteria",
    Duty.READINESS: "production_ready",
}


def duties_of(standing: Standing) -> Iterator[tuple[Duty, Ask | None]]:
    """What is to be done now, and who asked for it.

    A requirement of a later status is a duty once somebody asked for it.
    """
    for duty, due in _open(standing):
        ask = standing.asks.get(CODES.get(duty, ""))
        if ask is not None or (due and standing.is_own):
            yield duty, ask


def _open(standing: Standing) -> Iterator[tuple[Duty, bool]]:
    """What is missing, with whether the workload's present step needs it."""
    estimate = _estimate(standing)
    if estimate is not None:
        yield estimate, True
    if standing.lapsed:
        yield Duty.ASK, True
    if standing.ready:
        yield Duty.MOVE, True
    status = standing.status
    if not standing.has_owner:
        yield Duty.OWNER, False
    if not standing.has_quarter:
        yield Duty.QUARTER, status == Status.PLANNED
    if not standing.has_criteria:
        yield Duty.CRITERIA, status == Status.PLANNED
    if standing.proofs < len(ReadinessCheck) and status != Status.LIVE:
        yield Duty.READINESS, status == Status.COMMITTED


def _estimate(standing: Standing) -> Duty | None:
    if standing.has_draft:
        if standing.refused:
            return Duty.ANSWER
        return Duty.SUBMIT if standing.draft_is_complete else Duty.FINISH
    return None if standing.has_estimate else Duty.ESTIMATE
