"""Signatures: giving, refusing and renewing them."""

from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction

from portal.kernel import access, clock
from portal.kernel.enums import EventKind
from portal.kernel.errors import FieldError, Invalid, NotAllowed, PreconditionRequired
from portal.kernel.models import User
from portal.kernel.periods import Quarter
from portal.kernel.selectors import numbers
from portal.kernel.services import audit
from portal.kernel.services.webhooks import emit
from workloads.enums import SignoffEndKind, SignRole, Status, Verdict
from workloads.models import Estimate, Signoff, SignoffEnd, Workload
from workloads.rules.signing import (
    SigningCase,
    is_renewal,
    separation_refusal,
    state_refusal,
)
from workloads.selectors.estimates import etag_of, get_estimate
from workloads.selectors.signoffs import (
    is_signed,
    principals_by_role,
    signing_case,
    standing_rows,
    stands_in_for,
)
from workloads.services.errors import (
    AlreadySigned,
    NotOpenForSigning,
    SeparationOfDuties,
    StaleEstimate,
)
from workloads.services.estimates import refuse_version
from workloads.services.links import to_version
from workloads.services.locks import lock_workload
from workloads.services.pointers import point_at_estimates
from workloads.services.signoff_ends import end_lapsed, name_of


@dataclass(frozen=True)
class Press:
    """What a person pressed: role, verdict, reason, and the numbers on the screen."""

    role: SignRole
    verdict: Verdict
    reason: str
    sha256: str | None


@transaction.atomic
def sign(
    *, number: int, version: int, press: Press, actor: User, now: datetime
) -> Signoff:
    """Give, refuse or renew one role's signature on one version.

    Raises NotAllowed or SeparationOfDuties (403), PreconditionRequired (428),
    StaleEstimate (412), Invalid (400: a refusal without reason), AlreadySigned or
    NotOpenForSigning (409). The third signature moves no status.
    """
    workload = lock_workload(number)
    end_lapsed(workload, now=now)
    estimate = get_estimate(workload, version)
    today = clock.today(now)
    case = require_signer(estimate, press.role, actor, today, press.verdict)
    require_same_numbers(estimate, press.sha256)
    _require_reason(press)
    if workload.status == Status.RETIRED:
        raise NotOpenForSigning(f"{workload.ref} is retired; nothing is signed on it.")
    refusal = state_refusal(case)
    if refusal is not None:
        kind = AlreadySigned if refusal.code == "already_signed" else NotOpenForSigning
        raise kind(
            f"{name_of(estimate)}: {refusal.sentence}.", link=to_version(estimate)
        )
    signoff = _write(estimate, case, press, now)
    if press.verdict == Verdict.REFUSE:
        refuse_version(workload, estimate, now=now)
    _record(workload, signoff, actor, now)
    return signoff


def require_signer(
    estimate: Estimate,
    role: SignRole,
    actor: User,
    today: date,
    verdict: Verdict = Verdict.APPROVE,
) -> SigningCase:
    """The case of this press, once the person may give this signature at all (403).

    A person with the role signs for themselves; a deputy for the first signer they stand
    in for whom separation of duties allows.
    """
    candidates = stands_in_for(actor, role, principals_by_role(actor, today))
    if not candidates:
        raise NotAllowed(
            f"You cannot sign {name_of(estimate)} for {role}: "
            f"{access.who_can(f'signoff.{role}')} can."
        )
    refusal = None
    for principal in candidates:
        case = signing_case(estimate, role, actor, principal, today, verdict)
        refusal = separation_refusal(case)
        if refusal is None:
            return case
    raise SeparationOfDuties(
        f"You cannot sign {name_of(estimate)} for {role}: "
        f"{refusal.sentence if refusal else ''}. Another person with the role {role} can.",
        link=to_version(estimate),
    )


def require_any_signer(estimate: Estimate, actor: User, today: date) -> None:
    """403 for who could give none of the three signatures, whatever the role asked."""
    may = any(access.allows(actor, f"signoff.{role}") for role in SignRole)
    if not may and not principals_by_role(actor, today):
        who = " or ".join(access.who_can(f"signoff.{role}") for role in SignRole)
        raise NotAllowed(f"You cannot sign {name_of(estimate)}: {who} can.")


def require_same_numbers(estimate: Estimate, sha256: str | None) -> None:
    """428 without the numbers that were seen, 412 where they are others."""
    if not sha256:
        raise PreconditionRequired(
            "Say which numbers you sign: send the version's sha256, or If-Match."
        )
    if sha256 != etag_of(estimate):
        raise StaleEstimate(
            f"The numbers you saw are not those of {name_of(estimate)}; nothing was "
            "signed. Read the version again.",
            link=to_version(estimate),
        )


def _require_reason(press: Press) -> None:
    if press.verdict == Verdict.REFUSE and not press.reason.strip():
        raise Invalid(
            "A refusal needs a reason.",
            errors=[
                FieldError(
                    "/reason", "required", "Say why, so that the next version mends it."
                )
            ],
        )


def _write(
    estimate: Estimate, case: SigningCase, press: Press, now: datetime
) -> Signoff:
    renewed = _renewed(estimate, case)
    if renewed is not None:
        SignoffEnd.objects.create(
            signoff=renewed,
            kind=SignoffEndKind.RENEWED,
            at=now,
            actor_id=case.signer_id,
        )
    approves = press.verdict == Verdict.APPROVE
    signoff = Signoff.objects.create(
        estimate=estimate,
        role=press.role,
        verdict=press.verdict,
        signer_id=case.signer_id,
        on_behalf_of_id=case.on_behalf_of_id,
        at=now,
        reason=press.reason.strip(),
        sha256=estimate.sha256,
        lapses_on=_lapses_on(estimate, case.today) if approves else None,
        renews=renewed,
    )
    if approves and estimate.signed_at is None:
        _note_third_signature(estimate, now)
    return signoff


def _renewed(estimate: Estimate, case: SigningCase) -> Signoff | None:
    if not is_renewal(case):
        return None
    return next(row for row in standing_rows(estimate) if row.role == case.role)


def _lapses_on(estimate: Estimate, today: date) -> date:
    """The end of the n-th quarter after the one of signing, by the policy at submit."""
    starts = numbers.current().fiscal_year_starts
    quarters = estimate.signature_validity_quarters or 0
    return Quarter.of(today, starts).plus(quarters).last_day(starts)


def _note_third_signature(estimate: Estimate, now: datetime) -> None:
    fresh = get_estimate(estimate.workload, estimate.version)
    if is_signed(fresh, clock.today(now)):
        Estimate.objects.filter(pk=estimate.pk).update(signed_at=now)
        point_at_estimates(estimate.workload)


def _record(workload: Workload, signoff: Signoff, actor: User, now: datetime) -> None:
    approves = signoff.verdict == Verdict.APPROVE
    given = {
        "role": signoff.role,
        "verdict": signoff.verdict,
        "version": signoff.estimate.version,
    }
    if approves:
        told = {"workload": workload.ref, "actor": actor.username, **given}
        emit(EventKind.SIGNOFF_GIVEN, told, now=now)
    audit.record(
        "signoff.given" if approves else "signoff.refused",
        f"workload/{workload.ref}",
        actor=actor,
        now=now,
        after=given,
        reason=signoff.reason,
    )
