"""Signatures: giving, refusing, renewing and withdrawing them."""

from typing import NamedTuple

from rest_framework.response import Response

from portal.kernel import clock
from portal.kernel.api.etags import ANY, matches_strongly
from portal.kernel.api.fields import Text, Word
from portal.kernel.api.operations import operation
from portal.kernel.api.serializers import StrictSerializer
from portal.kernel.api.views import WeighbridgeView
from portal.kernel.enums import Scope
from portal.kernel.errors import NotFound, PreconditionRequired
from workloads.api.estimates import OneEstimateView, estimate_of, quoted
from workloads.api.signatures import SignatureAnswer, shown_signature
from workloads.enums import SignRole, Verdict
from workloads.models import Estimate, Workload
from workloads.selectors.estimates import etag_of
from workloads.services.errors import (
    AlreadySigned,
    NoSuchSignature,
    NotOpenForSigning,
    SeparationOfDuties,
    SignatureInUse,
    StaleEstimate,
)
from workloads.services.signoff_ends import require_withdrawer, withdraw_signature
from workloads.services.signoffs import (
    Press,
    require_any_signer,
    require_same_numbers,
    require_signer,
    sign,
)


class Signature(StrictSerializer):
    role = Word(SignRole)
    verdict = Word(Verdict)
    reason = Text(max_length=2000, required=False, allow_blank=True)
    sha256 = Text(
        max_length=64,
        required=False,
        help_text="The version's hash as it was read; or send If-Match.",
    )


class Withdrawal(StrictSerializer):
    reason = Text(max_length=2000)


def _may_sign(view: WeighbridgeView) -> None:
    """Role, then separation of duties: 403 before anything else of the body."""
    estimate, role = view.subject, view.peek("role")
    today = clock.today(view.now)
    if isinstance(role, str) and role in set(SignRole):
        require_signer(estimate, SignRole(role), view.actor, today)
    else:
        require_any_signer(estimate, view.actor, today)


class SignoffsView(OneEstimateView):
    def require_current_version(self) -> None:
        """428 without the numbers that were seen, 412 where they are others."""
        for sha256 in self._hashes_seen() or [None]:
            require_same_numbers(self.subject, sha256)

    def _hashes_seen(self) -> list[str | None]:
        sent = self.peek("sha256")
        seen: list[str | None] = [sent] if isinstance(sent, str) and sent else []
        if self.if_match and self.if_match.strip():
            seen.append(self._hash_of(self.if_match))
        return seen

    def _hash_of(self, if_match: str) -> str:
        # `*` names no numbers, and a signature is on those that were on the screen.
        if if_match.strip() == ANY:
            raise PreconditionRequired(
                "A signature is on the numbers that were seen: send the version's"
                " sha256, or its ETag in If-Match; * names none."
            )
        current = etag_of(self.subject)
        # The bare hash is not an entity tag, and it names the numbers all the same.
        return current if matches_strongly(if_match, quoted(current)) else if_match

    @operation(
        scope=Scope.PLAN_WRITE,
        action=_may_sign,
        body=Signature,
        answer=SignatureAnswer,
        status=201,
        problems=(
            SeparationOfDuties,
            PreconditionRequired,
            StaleEstimate,
            AlreadySigned,
            NotOpenForSigning,
        ),
    )
    def post(self) -> Response:
        """Give, refuse or renew the signature of one role on one version.

        The call carries the version's `sha256` as it was read, or its ETag in If-Match.
        The third signature moves nothing by itself. A refusal needs a reason; it closes
        the version and opens the next as a draft.
        """
        asked = self.body
        signoff = sign(
            number=self.subject.workload.number,
            version=self.subject.version,
            press=Press(
                role=asked["role"],
                verdict=asked["verdict"],
                reason=asked.get("reason", ""),
                sha256=asked.get("sha256") or etag_of(self.subject),
            ),
            actor=self.actor,
            now=self.now,
        )
        ref, version = self.subject.workload.ref, self.subject.version
        return self.answer(
            shown_signature(signoff),
            etag=self.etag(self.subject),
            location=f"/api/v1/workloads/{ref}/estimates/{version}/",
        )


class GivenRole(NamedTuple):
    estimate: Estimate
    role: SignRole


def _may_withdraw(view: WeighbridgeView) -> None:
    estimate, role = view.subject
    require_withdrawer(estimate, role, view.actor, clock.today(view.now))


class SignoffView(WeighbridgeView):
    def get_subject(self, ref: str, version: int, role: str) -> GivenRole:
        if role not in set(SignRole):
            raise NotFound(f'No role that signs is called "{role}".')
        estimate = estimate_of(ref, version)
        return GivenRole(estimate, SignRole(role))

    def guarded(self, subject: GivenRole) -> Workload:
        return subject.estimate.workload

    def etag(self, subject: GivenRole) -> str:
        return quoted(etag_of(subject.estimate))

    @operation(
        scope=Scope.PLAN_WRITE,
        action=_may_withdraw,
        body=Withdrawal,
        status=204,
        problems=(NoSuchSignature, SignatureInUse, NotOpenForSigning, StaleEstimate),
    )
    def delete(self) -> Response:
        """Withdraw your signature, while the status does not rest on it."""
        estimate, role = self.subject
        any_version = (self.if_match or "").strip() == ANY
        withdraw_signature(
            number=estimate.workload.number,
            version=estimate.version,
            role=role,
            actor=self.actor,
            reason=self.body["reason"],
            if_match=None if any_version else etag_of(estimate),
            now=self.now,
        )
        return self.answer()
