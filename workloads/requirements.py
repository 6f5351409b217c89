"""The plan's own conditions of the lifecycle, in the order of the settings list.

Each is a small class: the statuses it guards, and a check that answers with one sentence,
met or not, and a link to where it is mended.
"""

from abc import ABC, abstractmethod
from datetime import datetime

from django.urls import reverse

from portal.kernel import clock
from portal.kernel.formats import listed, quarter
from portal.kernel.selectors import numbers
from workloads.enums import EstimateState, ReadinessCheck, SignRole, Status, Verdict
from workloads.models import Estimate, Workload
from workloads.models.signoffs import Signoff
from workloads.rules.estimates import missing_inputs
from workloads.rules.requirements import Requirement, StepRequest
from workloads.selectors.estimates import inputs_of, is_priced, lacks_of
from workloads.selectors.signoffs import is_signed, snapshot, standing_rows
from workloads.selectors.sizing import Sizing, sizing_on

ESTIMATE_WRITERS = ("estimate.write",)
UNPRICED = (
    "Estimate v{} carries no cost: it was submitted before the rate card had a price. "
    "A new version takes the prices of today."
)
READABLE = {
    "users": "users",
    "sessions_per_user_month": "sessions per user and month",
    "turns_per_session": "turns per session",
    "input_tokens_per_turn": "input tokens per turn",
    "output_tokens_per_turn": "output tokens per turn",
    "session_minutes": "session minutes",
    "ops_hours_week": "ops hours a week",
}


def _estimate_link(workload: Workload, estimate: Estimate | None) -> str:
    if estimate is None:
        return reverse("workloads:estimate-new", args=[workload.ref])
    return reverse("workloads:estimate", args=[workload.ref, estimate.version])


def in_words(missing: tuple[str, ...]) -> str:
    return listed([READABLE[name] for name in missing])


class EstimateComplete:
    """The newest submitted estimate has all inputs, and all three budgets are priced."""

    code = "estimate_complete"
    guards = frozenset({Status.PLANNED})

    def check(
        self, workload: Workload, step: StepRequest, now: datetime
    ) -> Requirement:
        submitted, draft = workload.submitted_estimate, workload.draft_estimate
        if submitted is not None and self._stands(submitted):
            return self._answer(
                workload,
                step,
                met=True,
                message=f"Estimate v{submitted.version} is complete and submitted.",
                link=_estimate_link(workload, submitted),
                evidence="declared tokens" if submitted.is_declared else "",
            )
        if draft is None:
            lacks = f"No estimate yet. {workload.ref} needs one before anyone can sign."
            if submitted is not None and submitted.state == EstimateState.SUBMITTED:
                lacks = UNPRICED.format(submitted.version)
            link = _estimate_link(workload, None)
            return self._answer(workload, step, met=False, message=lacks, link=link)
        return self._of_draft(workload, draft, step, now)

    def _stands(self, submitted: Estimate) -> bool:
        return submitted.state == EstimateState.SUBMITTED and is_priced(submitted)

    def _of_draft(
        self, workload: Workload, draft: Estimate, step: StepRequest, now: datetime
    ) -> Requirement:
        """What it lacks: inputs, a priced model, a reason for its hours; or the press."""
        missing = missing_inputs(inputs_of(draft))
        lacks = lacks_of(draft, self._sizing(step, now))
        sentences = [one.sentence for one in lacks]
        if missing:
            sentences.insert(0, f"Draft v{draft.version} lacks {in_words(missing)}.")
        message = f"Draft v{draft.version} is complete and not submitted."
        elsewhere = lacks[0] if lacks and not missing else None
        return self._answer(
            workload,
            step,
            met=False,
            message=" ".join(sentences) or message,
            link=(elsewhere and elsewhere.link) or _estimate_link(workload, draft),
            mended_by=elsewhere.mended_by if elsewhere else ESTIMATE_WRITERS,
        )

    def _sizing(self, step: StepRequest, now: datetime) -> Sizing:
        """The rate card is read once for a long list."""
        sizing: Sizing | None = step.once.get(self.code)
        if sizing is None:
            sizing = step.once[self.code] = sizing_on(clock.today(now))
        return sizing

    def _answer(
        self,
        workload: Workload,
        step: StepRequest,
        *,
        met: bool,
        message: str,
        link: str,
        mended_by: tuple[str, ...] = ESTIMATE_WRITERS,
        evidence: str = "",
    ) -> Requirement:
        return Requirement(
            code=self.code,
            met=met,
            message=message,
            link=link,
            to=step.to,
            mended_by=mended_by,
            since=workload.status_since,
            evidence=evidence,
        )


class _SignoffGiven:
    """One role's signature stands on the newest submitted version."""

    code: str
    role: SignRole
    guards = frozenset({Status.PLANNED})

    def check(
        self, workload: Workload, step: StepRequest, now: datetime
    ) -> Requirement:
        estimate = workload.submitted_estimate
        signoff = self._given(estimate)
        met = (
            signoff is not None
            and estimate is not None
            and estimate.state == EstimateState.SUBMITTED
            and snapshot(signoff).holds_on(clock.today(now))
        )
        return Requirement(
            code=self.code,
            met=met,
            message=self._sentence(estimate, signoff, met=met),
            link=self._link(workload, estimate),
            to=step.to,
            mended_by=(f"signoff.{self.role}",),
            since=estimate.submitted_at if estimate else workload.status_since,
            evidence=(
                f"{signoff.signer.display_name}, until {signoff.lapses_on:%-d %b %Y}"
                if met and signoff
                else ""
            ),
        )

    def _given(self, estimate: Estimate | None) -> Signoff | None:
        if estimate is None:
            return None
        return next(
            (row for row in standing_rows(estimate) if row.role == self.role), None
        )

    def _link(self, workload: Workload, estimate: Estimate | None) -> str:
        if estimate is None or estimate.state != EstimateState.SUBMITTED:
            return _estimate_link(workload, workload.draft_estimate)
        return reverse(
            "workloads:approval", args=[workload.ref, estimate.version, self.role]
        )

    def _sentence(
        self, estimate: Estimate | None, signoff: Signoff | None, *, met: bool
    ) -> str:
        name = str(self.role).capitalize()
        if estimate is None:
            return f"No estimate is submitted, so {self.role} cannot sign."
        if met and signoff:
            return f"{name} signed {self.role.budget} on v{estimate.version}."
        if signoff and signoff.verdict == Verdict.REFUSE:
            return (
                f"{name} refused v{estimate.version}: {signoff.reason} "
                "The next version is open as a draft."
            )
        if estimate.state == EstimateState.REFUSED:
            return f"v{estimate.version} was refused; {self.role} signs the next one."
        if signoff:
            return f"The {self.role} signature on v{estimate.version} has lapsed."
        return f"The {self.role} signature on v{estimate.version} is missing."


class SignoffEngineering(_SignoffGiven):
    code = "signoff_engineering"
    role = SignRole.ENGINEERING


class SignoffFinance(_SignoffGiven):
    code = "signoff_finance"
    role = SignRole.FINANCE


class SignoffOps(_SignoffGiven):
    code = "signoff_ops"
    role = SignRole.OPS


class _Condition(ABC):
    """What is the same in most: one judgement, mended on one page of the workload."""

    code: str
    guards: frozenset[Status]
    mended_by: tuple[str, ...]
    page: str

    def check(
        self, workload: Workload, step: StepRequest, now: datetime
    ) -> Requirement:
        met, message = self.judge(workload)
        return Requirement(
            code=self.code,
            met=met,
            message=message,
            link=reverse(f"workloads:{self.page}", args=[workload.ref]),
            to=step.to,
            mended_by=self.mended_by,
            since=workload.status_since,
        )

    @abstractmethod
    def judge(self, workload: Workload) -> tuple[bool, str]:
        """Whether it is met, and the sentence that says so."""


class OwnerNamed(_Condition):
    """The owner is an account, not only a name that a sheet carried."""

    code = "owner_named"
    guards = frozenset({Status.COMMITTED})
    mended_by = ("workload.edit",)
    page = "edit"

    def judge(self, workload: Workload) -> tuple[bool, str]:
        owner = workload.owner
        if owner and owner.is_active:
            return True, f"{owner.display_name} owns it."
        if owner:
            return False, f"Its owner {owner.display_name} has no active account."
        if workload.owner_text:
            return False, f'No one account matches the owner "{workload.owner_text}".'
        return False, "No owner is named."


class ShipQuarterSet(_Condition):
    code = "ship_quarter_set"
    guards = frozenset({Status.COMMITTED})
    mended_by = ("workload.edit",)
    page = "edit"

    def judge(self, workload: Workload) -> tuple[bool, str]:
        if not workload.ship_quarter:
            return False, "No ship quarter is set."
        return True, f"It ships in {quarter(workload.ship_quarter)}."


class SuccessCriteriaWritten(_Condition):
    code = "success_criteria"
    guards = frozenset({Status.COMMITTED})
    mended_by = ("criteria.edit",)
    page = "criteria"

    def judge(self, workload: Workload) -> tuple[bool, str]:
        criteria = list(workload.criteria.all())
        if not criteria:
            lacks = "No success criterion is written: metric, baseline, target, date."
            return False, lacks
        return True, f"Success criteria are written: {criteria[0].metric}."


class SignoffFresh:
    """Its three signatures are on the newest submitted version."""

    code = "signoff_fresh"
    guards = frozenset({Status.LIVE})

    def check(
        self, workload: Workload, step: StepRequest, now: datetime
    ) -> Requirement:
        estimate = workload.submitted_estimate
        met = is_signed(estimate, clock.today(now))
        if estimate is None:
            sentence = "No estimate is submitted."
        elif met:
            sentence = f"The three signatures stand on v{estimate.version}, the newest."
        else:
            sentence = (
                f"v{estimate.version} is the newest submitted estimate and does not "
                "carry three valid signatures."
            )
        return Requirement(
            code=self.code,
            met=met,
            message=sentence,
            link=_estimate_link(workload, estimate),
            to=step.to,
            mended_by=tuple(f"signoff.{role}" for role in SignRole),
            since=estimate.submitted_at if estimate else workload.status_since,
        )


READINESS_WORDS = {
    ReadinessCheck.LOAD_TEST: "a load test",
    ReadinessCheck.EDGE_CASES: "edge and failure cases tested",
    ReadinessCheck.PIPELINE_DOCUMENTED: "the data pipeline documented",
    ReadinessCheck.AUDIT_SEEN: "the audit trail seen",
    ReadinessCheck.ROLLBACK_REHEARSED: "the rollback rehearsed",
}


class ProductionReady(_Condition):
    """Load test, edge cases, pipeline, audit trail, rollback: each with link and date."""

    code = "production_ready"
    guards = frozenset({Status.LIVE})
    mended_by = ("readiness.edit",)
    page = "readiness"

    def judge(self, workload: Workload) -> tuple[bool, str]:
        done = {item.item: item for item in workload.readiness.all()}
        missing = [
            words
            for check, words in READINESS_WORDS.items()
            if check not in done or not self._enough(done[check], check)
        ]
        if missing:
            return False, f"Missing for production: {', '.join(missing)}."
        return True, "It is production-ready: all five proofs are on record."

    @staticmethod
    def _enough(item: object, check: ReadinessCheck) -> bool:
        """A load test that states its factor must reach the organisation's least one."""
        factor = getattr(item, "load_test_factor", None)
        return (
            check != ReadinessCheck.LOAD_TEST
            or factor is None
            or factor >= numbers.current().load_test_peak_factor
        )


class ReasonGiven:
    """A retirement carries its reason; read from the request, so unmet in a list."""

    code = "reason_given"
    guards = frozenset({Status.RETIRED, Status.CANDIDATE})

    def check(
        self, workload: Workload, step: StepRequest, now: datetime
    ) -> Requirement:
        met = bool(step.reason and step.reason.strip())
        return Requirement(
            code=self.code,
            met=met,
            message="A reason is given." if met else "A reason is needed.",
            link=reverse("workloads:step", args=[workload.ref, step.to]),
            to=step.to,
            mended_by=(
                "workload.retire"
                if step.to == Status.RETIRED
                else "workload.withdraw_to_candidate",
            ),
        )
