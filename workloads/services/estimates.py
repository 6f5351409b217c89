"""Estimates: opening and editing a draft, submitting it, closing a refused version."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max, prefetch_related_objects

from portal.kernel import access
from portal.kernel.errors import FieldError, Invalid, Stale
from portal.kernel.models import AuditEntry, User
from portal.kernel.selectors import numbers
from portal.kernel.services import audit
from workloads.enums import EstimateState, Status
from workloads.models import INPUT_FIELDS, Estimate, Workload
from workloads.models.estimates import MOST_TOKENS_PER_MONTH
from workloads.rules.estimates import TOKEN_FACTORS, missing_inputs
from workloads.selectors.estimates import (
    budgets_of,
    content_sha256,
    default_inputs,
    etag_of,
    get_estimate,
    inputs_of,
    inputs_to_go_on_from,
)
from workloads.services import lifecycle
from workloads.services.errors import (
    DraftExists,
    EstimateIncomplete,
    NotADraft,
    WorkloadRetired,
)
from workloads.services.locks import lock_workload, lock_workloads
from workloads.services.pointers import (
    point_at_estimates,
    point_many_at_estimates,
)

EDITABLE = (*INPUT_FIELDS, "note")


@transaction.atomic
def open_draft(
    *, number: int, actor: User, changes: Mapping[str, Any], now: datetime
) -> Estimate:
    """Open the next version as a draft with these inputs; the rest takes its default.

    Raises NotAllowed, Invalid, DraftExists (there is at most one) or WorkloadRetired.
    """
    workload = lock_workload(number)
    [estimate] = _open_drafts(
        [(workload, {**default_inputs(), **changes})], {number: changes}, actor, now
    )
    return estimate


@transaction.atomic
def open_drafts(
    *, actor: User, changes_of: Mapping[int, Mapping[str, Any]], now: datetime
) -> list[Estimate]:
    """Open the next version of many workloads, by number, in few statements.

    Each goes on from its newest submitted version, where it has one. Raises as
    `open_draft` does.
    """
    workloads = list(lock_workloads(changes_of).values())
    prefetch_related_objects(workloads, "submitted_estimate", "draft_estimate")
    defaults = default_inputs()
    inputs = [
        {**inputs_to_go_on_from(row, defaults), **changes_of[row.number]}
        for row in workloads
    ]
    return _open_drafts(
        list(zip(workloads, inputs, strict=True)), changes_of, actor, now
    )


def _open_drafts(
    drafts: Sequence[tuple[Workload, Mapping[str, Any]]],
    changes_of: Mapping[int, Mapping[str, Any]],
    actor: User,
    now: datetime,
) -> list[Estimate]:
    for workload, _ in drafts:
        access.require(actor, "estimate.write", workload)
        _require_not_retired(workload)
        _require_no_draft(workload)
    estimates = _new_drafts(drafts, actor, now)
    audit.record_all(
        _edit_entry(
            estimate,
            actor,
            before={},
            after=_plain(changes_of[estimate.workload.number]),
            now=now,
        )
        for estimate in estimates
    )
    return estimates


@transaction.atomic
def edit_draft(
    *,
    number: int,
    version: int,
    actor: User,
    changes: Mapping[str, Any],
    now: datetime,
    if_match: str | None = None,
) -> Estimate:
    """Change inputs of the open draft; whoever changes one is a contributor.

    `if_match` is the hash of the draft that the person saw (412 when stale). Without a
    change nothing is written. Raises NotAllowed, Stale, Invalid or NotADraft.
    """
    workload = lock_workload(number)
    access.require(actor, "estimate.write", workload)
    estimate = get_estimate(workload, version)
    if if_match is not None and if_match != etag_of(estimate):
        raise Stale(
            f"{workload.ref} v{version} changed since you read it; nothing was saved.",
            link=link_to(workload, version),
        )
    _require_not_retired(workload)
    _require_draft(estimate)
    before = {name: getattr(estimate, name) for name in changes}
    changed = {name: new for name, new in changes.items() if new != before[name]}
    if not changed:
        return estimate
    for name, new in changed.items():
        setattr(estimate, name, new)
    estimate.edited_at = now
    _size(estimate)
    estimate.save(
        update_fields=[
            *changed,
            "edited_at",
            "tokens_per_user_month",
            "tokens_per_month",
        ]
    )
    estimate.contributors.add(actor)
    entry = _edit_entry(
        estimate,
        actor,
        before=_plain({name: before[name] for name in changed}),
        after=_plain(changed),
        now=now,
    )
    audit.record_all([entry])
    return estimate


@transaction.atomic
def submit_estimate(
    *,
    number: int,
    version: int,
    actor: User,
    now: datetime,
    if_match: str | None = None,
) -> Estimate:
    """Freeze a complete draft and lay it before the signers.

    Supersedes the version submitted before in the same transaction, and a planned
    workload goes back to candidate. Keeps the signing policy of this moment with it.
    Raises NotAllowed, Stale, NotADraft or EstimateIncomplete.
    """
    workload = lock_workload(number)
    access.require(actor, "estimate.submit", workload)
    estimate = get_estimate(workload, version)
    if if_match is not None and if_match != etag_of(estimate):
        raise Stale(
            f"{workload.ref} v{version} changed since you read it; it was not submitted.",
            link=link_to(workload, version),
        )
    _require_not_retired(workload)
    _require_draft(estimate)
    _require_complete(workload, estimate)
    earlier = workload.submitted_estimate
    if earlier is not None and earlier.state == EstimateState.SUBMITTED:
        Estimate.objects.filter(pk=earlier.pk).update(state=EstimateState.SUPERSEDED)
    _freeze(estimate, actor, now)
    point_at_estimates(workload)
    if workload.status == Status.PLANNED:
        lifecycle.fall_back_to_candidate(
            workload,
            reason=f"Estimate v{version} was submitted; it needs three signatures.",
            now=now,
        )
    audit.record(
        "estimate.submitted",
        f"workload/{workload.ref}",
        actor=actor,
        now=now,
        before={"version": earlier.version} if earlier is not None else None,
        after={"version": version, "sha256": estimate.sha256},
    )
    return estimate


def refuse_version(workload: Workload, estimate: Estimate, *, now: datetime) -> None:
    """Close a refused version and open the next with the same inputs and authors.

    On a locked row. A draft that is open already stays the next version.
    """
    Estimate.objects.filter(pk=estimate.pk).update(state=EstimateState.REFUSED)
    if workload.draft_estimate is None:
        inputs = {name: getattr(estimate, name) for name in INPUT_FIELDS}
        [draft] = _new_drafts([(workload, inputs)], None, now)
        draft.contributors.set(estimate.contributors.all())
    else:
        point_at_estimates(workload)


def _new_drafts(
    drafts: Sequence[tuple[Workload, Mapping[str, Any]]],
    author: User | None,
    now: datetime,
) -> list[Estimate]:
    workloads = [workload for workload, _ in drafts]
    newest = dict(
        Estimate.objects.filter(workload__in=workloads)
        .order_by()
        .values_list("workload_id")
        .annotate(Max("version"))
    )
    estimates = [
        Estimate(
            workload=workload,
            version=newest.get(workload.pk, 0) + 1,
            created_by=author,
            created_at=now,
            edited_at=now,
            **inputs,
        )
        for workload, inputs in drafts
    ]
    for estimate in estimates:
        _size(estimate)
    Estimate.objects.bulk_create(estimates, batch_size=500)
    if author is not None:
        through = Estimate.contributors.through
        through.objects.bulk_create(
            through(estimate=estimate, user=author) for estimate in estimates
        )
    point_many_at_estimates(workloads)
    return estimates


def _size(estimate: Estimate) -> None:
    """Keep the draft's tokens beside its inputs, so that rows can show and sort them."""
    if estimate.is_declared and any(
        getattr(estimate, name) is not None for name in TOKEN_FACTORS
    ):
        raise Invalid(
            "An estimate declares its tokens or states the factors, not both.",
            errors=[
                FieldError(
                    "/declared_tokens_per_user_month",
                    "contradictory",
                    "Leave it empty, or leave turns and tokens per turn empty.",
                )
            ],
        )
    # A draft keeps only its tokens, and those have no currency.
    budgets = budgets_of(inputs_of(estimate), currency="")
    per_month = budgets.tokens_per_month
    if per_month is not None and per_month > MOST_TOKENS_PER_MONTH:
        raise Invalid(
            "These inputs give more tokens a month than any platform serves.",
            errors=[
                FieldError(
                    "/users",
                    "too_many_tokens",
                    f"{per_month} tokens a month is above the most, "
                    f"{MOST_TOKENS_PER_MONTH}; one of the factors is a slip.",
                )
            ],
        )
    estimate.tokens_per_user_month = budgets.tokens_per_user_month
    estimate.tokens_per_month = per_month


def _freeze(estimate: Estimate, actor: User, now: datetime) -> None:
    current = numbers.current()
    estimate.primary_model = estimate.workload.primary_model
    estimate.degrade_model = estimate.workload.degrade_model
    budgets = budgets_of(inputs_of(estimate))
    estimate.budgets = budgets.as_json()
    estimate.tokens_per_user_month = budgets.tokens_per_user_month
    estimate.tokens_per_month = budgets.tokens_per_month
    estimate.sha256 = content_sha256(estimate, estimate.budgets)
    estimate.state = EstimateState.SUBMITTED
    estimate.submitted_at = now
    estimate.submitted_by = actor
    estimate.numbers_version = current.version
    estimate.signature_validity_quarters = current.signature_validity_quarters
    estimate.signature_reminder_days = current.signature_reminder_days
    estimate.save(
        update_fields=[
            "primary_model",
            "degrade_model",
            "budgets",
            "tokens_per_user_month",
            "tokens_per_month",
            "sha256",
            "state",
            "submitted_at",
            "submitted_by",
            "numbers_version",
            "signature_validity_quarters",
            "signature_reminder_days",
        ]
    )


def _require_draft(estimate: Estimate) -> None:
    if estimate.state != EstimateState.DRAFT:
        raise NotADraft(
            f"{estimate.workload.ref} v{estimate.version} is {estimate.state}. "
            "Open a new draft to change its numbers.",
            link=link_to(estimate.workload, estimate.version),
        )


def _require_complete(workload: Workload, estimate: Estimate) -> None:
    missing = missing_inputs(inputs_of(estimate))
    if missing:
        raise EstimateIncomplete(
            f"{workload.ref} v{estimate.version} lacks {', '.join(missing)}. "
            "Fill them in, then submit.",
            errors=[
                FieldError(f"/{name}", "required", "A complete estimate needs it.")
                for name in missing
            ],
            extra={"missing": list(missing)},
            link=link_to(workload, estimate.version),
        )


def _require_not_retired(workload: Workload) -> None:
    if workload.status == Status.RETIRED:
        raise WorkloadRetired(f"{workload.ref} is retired; it takes no estimate.")


def _require_no_draft(workload: Workload) -> None:
    draft = workload.draft_estimate
    if draft is not None:
        raise DraftExists(
            f"{workload.ref} has an open draft, v{draft.version}. Edit or submit that.",
            link=link_to(workload, draft.version),
        )


def _edit_entry(
    estimate: Estimate,
    actor: User,
    *,
    before: dict[str, Any],
    after: dict[str, Any],
    now: datetime,
) -> AuditEntry:
    return audit.entry(
        "estimate.edited",
        f"workload/{estimate.workload.ref}",
        actor=actor,
        now=now,
        before={"version": estimate.version, **before},
        after={"version": estimate.version, **after},
    )


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values as the audit trail keeps them: decimals as text."""
    return {
        name: value if isinstance(value, str | int | list | dict) else _shown(value)
        for name, value in values.items()
    }


def _shown(value: Any) -> str | None:
    return None if value is None else str(value)


def link_to(workload: Workload, version: int) -> str:
    return f"/workloads/{workload.ref}/estimates/{version}/"
