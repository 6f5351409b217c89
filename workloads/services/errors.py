"""What can go wrong in the plan, each named after what happened."""

from collections.abc import Iterable

from portal.kernel.errors import Conflict, Invalid, NotAllowed, Stale, Unprocessable
from workloads.rules.imports.answers import ImportAnswer
from workloads.rules.requirements import Requirement


class RequirementsNotMet(Conflict):
    """A step was asked for whose conditions do not all hold; nothing was changed."""

    code = "requirements_not_met"
    title = "Not all requirements are met"

    def __init__(
        self, detail: str, *, to: str, requirements: Iterable[Requirement], link: str
    ) -> None:
        self.requirements = list(requirements)
        super().__init__(
            detail,
            extra={
                "to": to,
                "met": False,
                "requirements": [item.as_json() for item in self.requirements],
            },
            link=link,
        )


class IllegalTransition(Conflict):
    code = "illegal_transition"
    title = "Not a step of the lifecycle"


class NotADraft(Conflict):
    code = "not_a_draft"
    title = "Only a draft is edited or submitted"


class DraftExists(Conflict):
    code = "draft_exists"
    title = "A draft is already open"


class EstimateIncomplete(Conflict):
    code = "estimate_incomplete"
    title = "The estimate is not complete"


class WorkloadRetired(Conflict):
    code = "workload_retired"
    title = "A retired workload is not changed"


class GateDecides(Invalid):
    """Model tier and cost gate of a workload that has a gate: the gate says them."""

    code = "read_only"
    title = "The gate decides this"


class QuarterIsCommitted(Conflict):
    code = "quarter_is_committed"
    title = "The ship quarter is committed"


class NameTaken(Conflict):
    code = "name_taken"
    title = "Another workload has this name"


class OwnerHasSigned(Conflict):
    code = "owner_has_signed"
    title = "The new owner signed the estimate"


class AlreadySigned(Conflict):
    code = "already_signed"
    title = "This signature is given"


class NotOpenForSigning(Conflict):
    code = "not_open_for_signing"
    title = "This version takes no signature"


class NoSuchSignature(Conflict):
    code = "not_signed"
    title = "There is no standing signature"


class SignatureInUse(Conflict):
    code = "signature_in_use"
    title = "The status rests on this signature"


class SeparationOfDuties(NotAllowed):
    code = "separation_of_duties"
    title = "Separation of duties"


class StaleEstimate(Stale):
    code = "stale_estimate"
    title = "These are not the numbers of this version"


class AlreadyAsked(Conflict):
    code = "already_asked"
    title = "They were asked today"


class RowsRefused(Unprocessable):
    """A sheet with at least one wrong row; none of its rows was imported."""

    code = "rows_refused"
    title = "The sheet has errors"

    def __init__(self, answer: ImportAnswer) -> None:
        self.answer = answer
        wrong = answer.wrong_rows
        first = wrong[0]
        error = first.errors[0]
        cell = f"{error.column or 'a cell'} “{error.value}”"
        super().__init__(
            f"{len(wrong):,} of {len(answer.rows):,} rows "
            f"{'has' if len(wrong) == 1 else 'have'} errors, so nothing was imported. "
            f"The first is row {first.row}, {cell}: {error.detail}",
            extra=answer.as_json(),
        )


class PlanMoved(Conflict):
    """The plan changed between the preview of an import and its confirmation."""

    code = "plan_moved"
    title = "The plan changed since the preview"


class AlreadyImported(Conflict):
    code = "already_imported"
    title = "This sheet is imported"


class SheetRemoved(Conflict):
    code = "sheet_removed"
    title = "This sheet is no longer kept"


class StillJudging(Conflict):
    code = "still_judging"
    title = "The sheet is still being judged"
