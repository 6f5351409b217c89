"""Reads of signatures: what stands, who may act, and what waits for whom."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

from django.db.models import Prefetch, QuerySet

from portal.kernel import access
from portal.kernel.models import User
from workloads.enums import EstimateState, SignoffEndKind, SignRole, Verdict
from workloads.models import Deputy, Estimate, Signoff
from workloads.rules.signing import (
    SigningCase,
    StandingSignature,
    carries_three,
)


def with_ends(queryset: QuerySet[Signoff]) -> QuerySet[Signoff]:
    return queryset.select_related("end", "signer", "on_behalf_of")


def prefetch_signoffs(path: str) -> "Prefetch[str, QuerySet[Signoff], str]":
    """Signatures with signer and end, for any queryset that leads to an estimate."""
    return Prefetch(path, queryset=with_ends(Signoff.objects.all()))


def ended(signoff: Signoff) -> bool:
    return getattr(signoff, "end", None) is not None


def standing_rows(estimate: Estimate) -> list[Signoff]:
    """The signatures and refusals on a version that nothing has ended."""
    return [signoff for signoff in estimate.signoffs.all() if not ended(signoff)]


def standing_signatures(estimate: Estimate) -> tuple[StandingSignature, ...]:
    return tuple(snapshot(signoff) for signoff in standing_rows(estimate))


def snapshot(signoff: Signoff) -> StandingSignature:
    return StandingSignature(
        role=SignRole(signoff.role),
        verdict=Verdict(signoff.verdict),
        signer_id=signoff.signer_id,
        on_behalf_of_id=signoff.on_behalf_of_id,
        lapses_on=signoff.lapses_on,
    )


def is_signed(estimate: Estimate | None, today: date) -> bool:
    """Whether this very version carries three valid signatures."""
    return (
        estimate is not None
        and estimate.state == EstimateState.SUBMITTED
        and carries_three(standing_signatures(estimate), today)
    )


def shown_state(estimate: Estimate, today: date) -> str:
    """The state that people read: a submitted version with three signatures is signed."""
    return "signed" if is_signed(estimate, today) else str(estimate.state)


def marks_of(estimate: Estimate | None, today: date) -> dict[SignRole, str]:
    """E F O of the newest submitted version: signed, waiting, refused, lapsed, none."""
    if estimate is None:
        return dict.fromkeys(SignRole, "none")
    waiting = "waiting" if estimate.state == EstimateState.SUBMITTED else "none"
    marks = dict.fromkeys(SignRole, waiting)
    for signoff in estimate.signoffs.all():
        mark = _mark(signoff, today)
        if mark:
            marks[SignRole(signoff.role)] = mark
    return marks


def _mark(signoff: Signoff, today: date) -> str:
    end = getattr(signoff, "end", None)
    return mark_of(signoff.verdict, signoff.lapses_on, end and end.kind, today)


def mark_of(
    verdict: str, lapses_on: date | None, end_kind: str | None, today: date
) -> str:
    """What one signature leaves of its letter; "" where it counts for nothing more."""
    if end_kind is not None:
        return "lapsed" if end_kind == SignoffEndKind.LAPSED else ""
    if verdict == Verdict.REFUSE:
        return "refused"
    holds = lapses_on is not None and today <= lapses_on
    return "signed" if holds else "lapsed"


def renewable_from(signoff: Signoff, estimate: Estimate) -> date | None:
    """The first day on which its signer may renew it, by the policy kept at submit."""
    if signoff.lapses_on is None or estimate.signature_reminder_days is None:
        return None
    return signoff.lapses_on - timedelta(days=estimate.signature_reminder_days)


def deputyships(user_id: int, today: date) -> QuerySet[Deputy]:
    """The spans of today in which this person stands in for someone."""
    return Deputy.objects.filter(
        deputy=user_id,
        from_day__lte=today,
        until_day__gte=today,
        signer__is_active=True,
    )


def principals_by_role(user: User, today: date) -> dict[SignRole, list[User]]:
    """For whom this person may sign as deputy today, by role, in one query."""
    # Named while they had other roles, perhaps: an auditor of today signs nothing.
    if not access.has_a_say(user):
        return {}
    rows = deputyships(user.pk, today).select_related("signer")
    by_role: dict[SignRole, list[User]] = {}
    for row in rows.order_by("id"):
        if row.role in row.signer.roles:
            by_role.setdefault(SignRole(row.role), []).append(row.signer)
    return by_role


def active_deputies(role: SignRole, today: date) -> list[Deputy]:
    """Deputies whose span holds today, for signers who hold the role."""
    return list(
        Deputy.objects.filter(
            role=role,
            from_day__lte=today,
            until_day__gte=today,
            signer__is_active=True,
            deputy__is_active=True,
            signer__roles__contains=[str(role)],
        )
        .select_related("signer", "deputy")
        .order_by("id")
    )


def waiting_since(estimate: Estimate, role: SignRole) -> datetime | None:
    """From when a missing signature waits: the submit, or the end of the last one."""
    moments = [estimate.submitted_at] if estimate.submitted_at else []
    moments += [
        row.end.at for row in estimate.signoffs.all() if row.role == role and ended(row)
    ]
    return max(moments, default=None)


def contributor_ids(estimate: Estimate) -> frozenset[int]:
    """Everyone who wrote or edited the version while it was a draft."""
    return frozenset(user.pk for user in estimate.contributors.all())


def signing_case(
    estimate: Estimate,
    role: SignRole,
    actor: User,
    principal: User | None,
    today: date,
    verdict: Verdict = Verdict.APPROVE,
) -> SigningCase:
    """A press as the rules judge it; `principal` is whom a deputy stands in for."""
    rows = standing_rows(estimate)
    given = next((row for row in rows if row.role == role), None)
    return SigningCase(
        role=role,
        verdict=verdict,
        signer_id=actor.pk,
        on_behalf_of_id=principal.pk if principal else None,
        owner_id=estimate.workload.owner_id,
        contributor_ids=contributor_ids(estimate),
        state=EstimateState(estimate.state),
        standing=tuple(snapshot(row) for row in rows),
        renewable_from=renewable_from(given, estimate) if given else None,
        today=today,
    )


def stands_in_for(
    actor: User,
    role: SignRole,
    principals: Mapping[SignRole, Sequence[User]],
) -> list[User | None]:
    """For whom this person may give a role's signature; None is for themselves.

    Who holds the role signs in their own name only; a deputy for any signer of theirs.
    """
    if access.allows(actor, f"signoff.{role}"):
        return [None]
    return list(principals.get(role, ()))


def numbers_with_lapsed(today: date) -> list[int]:
    """Numbers of the workloads that carry a signature whose last day is over."""
    return list(
        Signoff.objects.filter(
            end__isnull=True,
            lapses_on__lt=today,
            estimate__state=EstimateState.SUBMITTED,
        )
        .values_list("estimate__workload__number", flat=True)
        .distinct()
        .order_by("estimate__workload__number")
    )
