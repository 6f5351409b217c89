"""Estimates: opening and editing a draft, submitting it, closing a refused version."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import prefetch_related_objects

from portal.kernel import access, clock
from portal.kernel.errors import FieldError, Stale
from portal.kernel.models import User
from portal.kernel.selectors import numbers
from portal.kernel.services import audit
from workloads.enums import EstimateState, Status
from workloads.models import INPUT_FIELDS, Estimate, Workload
from workloads.rules.estimates import missing_inputs
from workloads.selectors.estimates import (
    content_sha256,
    default_inputs,
    etag_of,
    get_estimate,
    inputs_if_submitted,
    inputs_of,
    inputs_to_go_on_from,
)
from workloads.selectors.sizing import Sizing, sizing_on
from workloads.services import lifecycle
from workloads.services.drafts import add_drafts, change_drafts, edit_entry
from workloads.services.errors import (
    DraftExists,
    EstimateIncomplete,
    NotADraft,
    WorkloadRetired,
)
from workloads.services.links import to_version
from workloads.services.locks import lock_workload, lock_workloads
from workloads.services.pointers import point_at_estimates

EDITABLE = (*INPUT_FIELDS, "note")


@transaction.atomic
def open_draft(
    *, number: int, actor: User, changes: Mapping[str, Any], now: datetime
) -> Estimate:
    """Open the next version as a draft with these inputs; the rest takes its default.

    Raises NotAllowed, Invalid, DraftExists (there is at most one) or WorkloadRetired.
    """
    workload = lock_workload(number)
    access.require(actor, "estimate.write", workload)
    _require_not_retired(workload)
    if workload.draft_estimate is not None:
        draft = workload.draft_estimate
        raise DraftExists(
            f"{workload.ref} has an open draft, v{draft.version}. Edit or submit that.",
            link=to_version(draft),
        )
    inputs = {**default_inputs(), **changes}
    [estimate] = add_drafts([(workload, inputs)], actor, now)
    entry = edit_entry(estimate, actor, before={}, after=changes, now=now)
    audit.record_all([entry])
    return estimate


@transaction.atomic
def write_drafts(
    *, actor: User, changes_of: Mapping[int, Mapping[str, Any]], now: datetime
) -> None:
    """Change inputs of many workloads, by number: in the open draft, or in a new one.

    A new one goes on from the newest submitted version, where there is one. Raises
    NotAllowed, Invalid or WorkloadRetired.
    """
    workloads = list(lock_workloads(changes_of).values())
    prefetch_related_objects(workloads, "submitted_estimate", "draft_estimate")
    for workload in workloads:
        access.require(actor, "estimate.write", workload)
        _require_not_retired(workload)
    defaults = default_inputs()
    changes: list[tuple[Estimate, Mapping[str, Any]]] = []
    additions: list[tuple[Workload, Mapping[str, Any]]] = []
    for row in workloads:
        wanted = changes_of[row.number]
        if row.draft_estimate is not None:
            # One instance of the row, and no query for it per draft.
            row.draft_estimate.workload = row
            changes.append((row.draft_estimate, wanted))
        else:
            base = inputs_to_go_on_from(row, defaults)
            additions.append((row, {**base, **wanted}))
    entries = change_drafts(changes, actor, now)
    entries += [
        edit_entry(
            draft, actor, before={}, after=changes_of[draft.workload.number], now=now
        )
        for draft in add_drafts(additions, actor, now)
    ]
    audit.record_all(entries)


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
            link=to_version(estimate),
        )
    _require_not_retired(workload)
    _require_draft(estimate)
    audit.record_all(change_drafts([(estimate, changes)], actor, now))
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

    The budgets are those of the steady month at the prices in force on this day.
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
            link=to_version(estimate),
        )
    _require_not_retired(workload)
    _require_draft(estimate)
    sizing = sizing_on(clock.today(now))
    _require_complete(workload, estimate, sizing)
    earlier = workload.submitted_estimate
    if earlier is not None and earlier.state == EstimateState.SUBMITTED:
        Estimate.objects.filter(pk=earlier.pk).update(state=EstimateState.SUPERSEDED)
    _freeze(estimate, actor, now, sizing)
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
        [draft] = add_drafts([(workload, inputs)], None, now)
        draft.contributors.set(estimate.contributors.all())
    else:
        point_at_estimates(workload)


def _freeze(estimate: Estimate, actor: User, now: datetime, sizing: Sizing) -> None:
    current = numbers.current()
    estimate.primary_model = estimate.workload.primary_model
    estimate.degrade_model = estimate.workload.degrade_model
    budgets = sizing.budgets(inputs_of(estimate))
    estimate.budgets = budgets.as_json()
    estimate.tokens_per_user_month = budgets.tokens_per_user_month
    estimate.tokens_per_month = budgets.tokens_per_month
    estimate.sha256 = content_sha256(estimate, estimate.budgets)
    estimate.state = EstimateState.SUBMITTED
    estimate.submitted_at = now
    estimate.submitted_by = actor
    estimate.rate_card_version = sizing.rate_card_version
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
            "rate_card_version",
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
            link=to_version(estimate),
        )


def _require_complete(workload: Workload, estimate: Estimate, sizing: Sizing) -> None:
    """All inputs, a priced model, and a reason where the hours ask for one."""
    inputs = inputs_if_submitted(estimate)
    missing = missing_inputs(inputs)
    lacks = sizing.lacks(workload, inputs)
    if not missing and not lacks:
        return
    sentences = [one.sentence for one in lacks]
    if missing:
        sentences.insert(0, f"It lacks {', '.join(missing)}.")
    raise EstimateIncomplete(
        f"{workload.ref} v{estimate.version} was not submitted. {' '.join(sentences)}",
        errors=[
            *(
                FieldError(f"/{name}", "required", "A complete estimate needs it.")
                for name in missing
            ),
            *(FieldError(f"/{one.field}", one.code, one.sentence) for one in lacks),
        ],
        extra={"missing": [*missing, *(one.field for one in lacks)]},
        link=(lacks and not missing and lacks[0].link) or to_version(estimate),
    )


def _require_not_retired(workload: Workload) -> None:
    if workload.status == Status.RETIRED:
        raise WorkloadRetired(f"{workload.ref} is retired; it takes no estimate.")
