"""What gates, limits, switches and alerts refuse, with its code."""

from typing import Self

from portal.kernel.errors import (
    Conflict,
    FieldError,
    NotAllowed,
    NotFound,
    Unprocessable,
)


class GateInvalid(Unprocessable):
    """A draft that no gate could hold; nothing was stored."""

    code = "invalid_gate"
    title = "No gate can hold this"


class GateIncomplete(Conflict):
    """A stored version that was sound when it was drafted, and is not any more."""

    code = "gate_incomplete"
    title = "The gate does not hold as it stands"


class AlreadyAgreed(Conflict):
    code = "already_agreed"
    title = "This agreement is given"


class AlreadyActive(Conflict):
    code = "already_active"
    title = "This version is active"


class NoticeRunning(Conflict):
    """Users were told of a later day, or were not told at all."""

    code = "notice_running"
    title = "Its users were told of another day"


class ObservationOver(Conflict):
    code = "observation_over"
    title = "Its last day has passed"


class OptInWithdrawn(Conflict):
    code = "not_opted_in"
    title = "No opt-in stands"


class ProposalDecided(Conflict):
    code = "proposal_decided"
    title = "This proposal is decided"


class ExceptionInvalid(Unprocessable):
    code = "invalid_exception"
    title = "No such raise can be granted"


class ExceptionEnded(Conflict):
    code = "exception_ended"
    title = "This exception has ended"


class AccountTaken(Conflict):
    code = "account_taken"
    title = "Another account has this id"


class UnknownTarget(Unprocessable):
    """A limit or switch of something that the plan does not know."""

    code = "unknown_target"
    title = "There is nothing by that name"

    @classmethod
    def of(cls, scope: str, target: object) -> Self:
        named = f'"{str(target)[:100]}"'
        detail = {
            "workload": f"There is no workload {named}. The plan lists them all.",
            "department": f"There is no department {named}.",
            "agent": "An agent is named by its id, of 1 to 200 characters.",
            "all": "A switch for everything has no target: leave it out, or send null.",
        }[scope]
        return cls(detail, errors=[FieldError("/target", cls.code, detail)])


class SwitchLifted(Conflict):
    code = "switch_lifted"
    title = "The kill switch is lifted"


class LimitEnded(Conflict):
    code = "limit_ended"
    title = "The spend limit has ended"


class AlreadyReplayed(Conflict):
    code = "already_replayed"
    title = "The event is counted already"


class UnknownWorkload(NotFound):
    """A question about something that is not in the plan: never a silent allow."""

    code = "unknown_workload"
    title = "There is no such workload"


class UnknownTier(Unprocessable):
    code = "unknown_tier"
    title = "The gate has no such tier"


class WorkloadNotBound(NotAllowed):
    """The token of a runtime that may ask for other workloads only."""

    code = "workload_not_bound"
    title = "The token is bound to other workloads"


class RequestIdReused(Unprocessable):
    code = "request_id_reused"
    title = "This request_id was used with another body"


class BundleOutdated(Conflict):
    """An acknowledgement of a bundle that is not the one in force."""

    code = "bundle_changed"
    title = "The bundle has changed"
