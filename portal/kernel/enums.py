"""The kernel's closed lists of words. Standard library only."""

from enum import StrEnum


class Role(StrEnum):
    """What a person may be asked to do; a person may hold several."""

    OWNER = "owner"
    PLANNER = "planner"
    ENGINEERING = "engineering"
    FINANCE = "finance"
    OPS = "ops"
    COMMITTEE = "committee"
    DEPARTMENT_HEAD = "department_head"
    AUDITOR = "auditor"
    RUNTIME = "runtime"
    ADMIN = "admin"


class CommitteeFunction(StrEnum):
    """What a person with the role `committee` does in it."""

    CHAIR = "chair"
    SECRETARY = "secretary"
    MEMBER = "member"


class Scope(StrEnum):
    """What an API token may be used for; its user's roles hold all the same."""

    PLAN_READ = "plan:read"
    PLAN_WRITE = "plan:write"
    GATES_DECIDE = "gates:decide"
    USAGE_WRITE = "usage:write"
    ACTUALS_WRITE = "actuals:write"
    GOVERNANCE_READ = "governance:read"
    GOVERNANCE_WRITE = "governance:write"


class Source(StrEnum):
    """The door through which a change came in."""

    PAGE = "page"
    API = "api"
    ADMIN = "admin"
    COMMAND = "command"
    SYSTEM = "system"


class Channel(StrEnum):
    """How an outbox message leaves the house."""

    MAIL = "mail"
    TASK = "task"
    WEBHOOK = "webhook"


class EventKind(StrEnum):
    """What a webhook can be told of; the same words as in the audit trail."""

    WORKLOAD_TRANSITIONED = "workload.transitioned"
    SIGNOFF_GIVEN = "signoff.given"
    GATE_ACTIVATED = "gate.activated"
    KILL_SWITCH_CHANGED = "kill_switch.changed"
    GATE_THRESHOLD = "gate.threshold"
    DECISION_RECORDED = "decision.recorded"
    ANTIPATTERN_DETECTED = "antipattern.detected"
    RECALIBRATION_FINISHED = "recalibration.finished"


class Profile(StrEnum):
    """Named hour-of-week profiles: when a workload's sessions happen."""

    BUSINESS_HOURS = "business_hours"
    EVENINGS = "evenings"
    FLAT = "flat"
