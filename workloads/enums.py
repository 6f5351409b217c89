"""The closed vocabularies of the plan. Values are the words of API, sheets and audit."""

from enum import StrEnum


class Status(StrEnum):
    CANDIDATE = "candidate"
    PLANNED = "planned"
    COMMITTED = "committed"
    LIVE = "live"
    RETIRED = "retired"


COUNTED: tuple[Status, ...] = (Status.COMMITTED, Status.LIVE)
"""What a quarter's sums count; its ship quarter is fixed, its signed figures stay."""


class CostGate(StrEnum):
    """Overage pattern of a workload's default tier."""

    HARD_CAP = "hard_cap"
    SOFT_CAP = "soft_cap"
    PAY_AS_YOU_GO = "pay_as_you_go"

    @property
    def sheet(self) -> str:
        """As sheets and pages write it."""
        return self.value.replace("_", "-")


class Shape(StrEnum):
    CHAT = "chat"
    RETRIEVAL_QA = "retrieval_qa"
    SUMMARISATION = "summarisation"
    CODE = "code"
    DRAFTING = "drafting"
    EXTRACTION = "extraction"
    WORKFLOW_AUTOMATION = "workflow_automation"
    OWN = "own"


class Audience(StrEnum):
    INTERNAL = "internal"
    CUSTOMER = "customer"


class EstimateState(StrEnum):
    """Stored states; a submitted version with three standing signatures reads "signed"."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    REFUSED = "refused"
    SUPERSEDED = "superseded"


class SignRole(StrEnum):
    """Who signs what: engineering compute, finance tokens, ops hours."""

    ENGINEERING = "engineering"
    FINANCE = "finance"
    OPS = "ops"

    @property
    def budget(self) -> str:
        return _BUDGET_OF[self]


_BUDGET_OF = {
    SignRole.ENGINEERING: "compute",
    SignRole.FINANCE: "tokens",
    SignRole.OPS: "ops hours",
}


class Verdict(StrEnum):
    APPROVE = "approve"
    REFUSE = "refuse"


class SignoffEndKind(StrEnum):
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"
    RENEWED = "renewed"


class InputSource(StrEnum):
    PILOT = "pilot"
    OBSERVED = "observed"
    SIMILAR = "similar"
    ASSUMED = "assumed"


class ReadinessCheck(StrEnum):
    LOAD_TEST = "load_test"
    EDGE_CASES = "edge_cases"
    PIPELINE_DOCUMENTED = "pipeline_documented"
    AUDIT_SEEN = "audit_seen"
    ROLLBACK_REHEARSED = "rollback_rehearsed"


class Moment(StrEnum):
    """When a baseline was frozen: as the quarterly review opened, or as it closed."""

    OPENED = "opened"
    CLOSED = "closed"


class ImportState(StrEnum):
    """What becomes of an uploaded sheet: judged, confirmed, taken into the plan."""

    CHECKING = "checking"
    CHECKED = "checked"
    APPLYING = "applying"
    APPLIED = "applied"
