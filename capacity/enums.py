"""The closed vocabularies of the capacity model. Values are the words of API and audit."""

from enum import StrEnum


class Budget(StrEnum):
    """The three budgets: each with its own forecast, owner and review; never added up."""

    TOKENS = "tokens"
    COMPUTE = "compute"
    OPS = "ops"


class ModelClass(StrEnum):
    PREMIUM = "premium"
    STANDARD = "standard"
    BUDGET = "budget"


KNOWN_LINES = (
    "vector_database",
    "orchestration",
    "observability",
    "inference_endpoint",
)
"""Compute lines by their usual names; a platform may add its own."""


class OpsCategory(StrEnum):
    """What people's hours went into. The last ones belong to first quarters, or to
    quarters with too few people."""

    ON_CALL = "on_call"
    INCIDENT_REVIEW = "incident_review"
    PROMPT_DRIFT = "prompt_drift"
    EVAL_SET_MAINTENANCE = "eval_set_maintenance"
    STAKEHOLDER_REPORTING = "stakeholder_reporting"
    PLATFORM = "platform"
    INCIDENT_RESPONSE = "incident_response"
    PROMPT_TUNING = "prompt_tuning"
    OBSERVABILITY_BUILD_OUT = "observability_build_out"
    ENGINEERING_TIME_LOST = "engineering_time_lost"


class QuarterMark(StrEnum):
    CLOSED = "closed"
    REOPENED = "reopened"


class RunStatus(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    COMPLETE = "complete"
    FAILED = "failed"


# --- Gates -------------------------------------------------------------------------


class GateState(StrEnum):
    DRAFT = "draft"
    SHADOW = "shadow"
    ACTIVE = "active"
    SUPERSEDED = "superseded"


class GateMode(StrEnum):
    ENFORCE = "enforce"
    OBSERVE = "observe"


class CeilingBasis(StrEnum):
    """Where a tier's ceiling comes from."""

    FIXED = "fixed"
    ESTIMATE = "estimate"
    MONEY = "money"


class OnUnreachable(StrEnum):
    """What a runtime does while it reaches neither portal nor gate server."""

    ALLOW = "allow"
    BLOCK = "block"


class ProposalCause(StrEnum):
    QUARTER = "quarter"
    RATE_CARD = "rate_card"
    ESTIMATE = "estimate"


class ProposalState(StrEnum):
    OPEN = "open"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    OUTDATED = "outdated"


class LimitScope(StrEnum):
    WORKLOAD = "workload"
    AGENT = "agent"
    DEPARTMENT = "department"


class LimitPeriod(StrEnum):
    DAY = "day"
    MONTH = "month"


class SwitchScope(StrEnum):
    WORKLOAD = "workload"
    AGENT = "agent"
    DEPARTMENT = "department"
    ALL = "all"
