"""The rules of signing: who may give which signature, on what. Plain Python."""

from dataclasses import dataclass
from datetime import date

from workloads.enums import EstimateState, SignRole, Status, Verdict


@dataclass(frozen=True)
class StandingSignature:
    """A signature or refusal that nothing has ended."""

    role: SignRole
    verdict: Verdict
    signer_id: int
    on_behalf_of_id: int | None
    lapses_on: date | None

    def holds_on(self, day: date) -> bool:
        """Whether it counts on `day`: an approval that has not lapsed."""
        return (
            self.verdict == Verdict.APPROVE
            and self.lapses_on is not None
            and day <= self.lapses_on
        )

    def people(self) -> frozenset[int]:
        return _people(self.signer_id, self.on_behalf_of_id)


@dataclass(frozen=True)
class SigningCase:
    """One press of a signature, as it stands under the lock."""

    role: SignRole
    verdict: Verdict
    signer_id: int
    on_behalf_of_id: int | None
    owner_id: int | None
    contributor_ids: frozenset[int]
    state: EstimateState
    standing: tuple[StandingSignature, ...]
    renewable_from: date | None
    today: date

    def people(self) -> frozenset[int]:
        """The person who presses and, for a deputy, the one who is stood in for."""
        return _people(self.signer_id, self.on_behalf_of_id)


@dataclass(frozen=True)
class Refusal:
    """Why a signature is refused: a code of the API and one sentence."""

    code: str
    sentence: str


def separation_refusal(case: SigningCase) -> Refusal | None:
    """Owner, contributors and signers of another role do not sign. No exception.

    For a deputy both people are checked. Asked before the body is read (403).
    """
    code = "separation_of_duties"
    if case.owner_id in case.people():
        return Refusal(code, "the owner of a workload does not sign its estimate")
    if case.contributor_ids & case.people():
        return Refusal(code, "who wrote or edited a version does not sign it")
    for signature in case.standing:
        if signature.role != case.role and signature.people() & case.people():
            return Refusal(
                code,
                f"one person gives at most one of the three signatures, and the "
                f"{signature.role} signature is theirs",
            )
    return None


def state_refusal(case: SigningCase) -> Refusal | None:
    """Whether the version still takes this signature (409)."""
    if case.state != EstimateState.SUBMITTED:
        return Refusal(
            "not_open_for_signing",
            f"this version is {case.state} and takes no signature",
        )
    given = signature_of(case.standing, case.role)
    if given is None or is_renewal(case) or not given.holds_on(case.today):
        return None
    return Refusal(
        "already_signed", f"the {case.role} signature of this version is given"
    )


def is_renewal(case: SigningCase) -> bool:
    """The same signer signs an unchanged version again, from `renewable_from` on.

    A refusal renews nothing: who signed withdraws, while no status rests on it.
    """
    given = signature_of(case.standing, case.role)
    return (
        given is not None
        and case.verdict == Verdict.APPROVE
        and given.holds_on(case.today)
        and given.signer_id == case.signer_id
        and case.renewable_from is not None
        and case.today >= case.renewable_from
    )


def signature_of(
    standing: tuple[StandingSignature, ...], role: SignRole
) -> StandingSignature | None:
    for signature in standing:
        if signature.role == role:
            return signature
    return None


def status_rests_on(status: Status, *, signed: bool) -> bool:
    """Whether the status has used a version's signatures, so that none is withdrawn.

    `signed`: the version has received all three.
    """
    return signed and status != Status.CANDIDATE


def _people(signer_id: int, on_behalf_of_id: int | None) -> frozenset[int]:
    return frozenset({signer_id, on_behalf_of_id or signer_id})


def carries_three(standing: tuple[StandingSignature, ...], today: date) -> bool:
    """Whether all three roles signed and none has lapsed."""
    return all(
        (given := signature_of(standing, role)) is not None and given.holds_on(today)
        for role in SignRole
    )
