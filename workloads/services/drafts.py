"""What a draft is on a locked row: adding one, changing one, sizing it.

`workloads.services.estimates` holds the use cases; nothing here opens a transaction,
asks who may, or writes the trail.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Max

from portal.kernel.errors import FieldError, Invalid
from portal.kernel.models import AuditEntry, User
from portal.kernel.services import audit
from workloads.models import Estimate, Workload
from workloads.rules.estimates import TOKEN_FACTORS, slip_in
from workloads.selectors.estimates import inputs_of
from workloads.selectors.sizing import unpriced
from workloads.services.pointers import point_many_at_estimates

SIZES = ("tokens_per_user_month", "tokens_per_month")


def add_drafts(
    drafts: Sequence[tuple[Workload, Mapping[str, Any]]],
    author: User | None,
    now: datetime,
) -> list[Estimate]:
    """The next version of each workload, with all of these inputs."""
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
        size_draft(estimate)
    Estimate.objects.bulk_create(estimates, batch_size=500)
    if author is not None:
        _add_contributor(estimates, author)
    point_many_at_estimates(workloads)
    return estimates


def change_drafts(
    drafts: Sequence[tuple[Estimate, Mapping[str, Any]]],
    author: User | None,
    now: datetime,
) -> list[AuditEntry]:
    """Write what differs and make the author a contributor; the entries it calls for.

    Without an author it is the system that renews what it wrote itself.
    """
    entries = []
    changed = []
    for estimate, wanted in drafts:
        before = {name: getattr(estimate, name) for name in wanted}
        after = {name: new for name, new in wanted.items() if new != before[name]}
        if not after:
            continue
        for name, new in after.items():
            setattr(estimate, name, new)
        estimate.edited_at = now
        size_draft(estimate)
        estimate.save(update_fields=[*after, "edited_at", *SIZES])
        changed.append(estimate)
        before = {name: before[name] for name in after}
        entries.append(
            edit_entry(estimate, author, before=before, after=after, now=now)
        )
    if author is not None:
        _add_contributor(changed, author)
    return entries


def _add_contributor(estimates: Sequence[Estimate], author: User) -> None:
    through = Estimate.contributors.through
    through.objects.bulk_create(
        [through(estimate=estimate, user=author) for estimate in estimates],
        ignore_conflicts=True,
    )


def size_draft(estimate: Estimate) -> None:
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
    budgets = unpriced(inputs_of(estimate))
    if slip := slip_in(budgets):
        raise Invalid(
            "These inputs give more tokens a month than any platform serves.",
            errors=[FieldError("/users", "too_many_tokens", slip)],
        )
    estimate.tokens_per_user_month = budgets.tokens_per_user_month
    estimate.tokens_per_month = budgets.tokens_per_month


def edit_entry(
    estimate: Estimate,
    actor: User | None,
    *,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    now: datetime,
) -> AuditEntry:
    return audit.entry(
        "estimate.edited",
        f"workload/{estimate.workload.ref}",
        actor=actor,
        now=now,
        before={"version": estimate.version, **_plain(before)},
        after={"version": estimate.version, **_plain(after)},
    )


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values as the audit trail keeps them: decimals as text."""
    return {
        name: value if isinstance(value, str | int | list | dict) else _shown(value)
        for name, value in values.items()
    }


def _shown(value: Any) -> str | None:
    return None if value is None else str(value)
