"""One figure of a row, changed where it stands in the plan's table."""

from datetime import datetime
from typing import Any

from django.db import transaction

from portal.kernel import access
from portal.kernel.errors import Conflict, Stale
from portal.kernel.models import User
from workloads.enums import EstimateState
from workloads.models import Estimate, Workload
from workloads.rules.estimates import TOKEN_FACTORS
from workloads.selectors.estimates import etag_of
from workloads.services.estimates import write_drafts
from workloads.services.locks import lock_workload
from workloads.services.plan import require_version


class TokensFromFactors(Conflict):
    code = "tokens_from_factors"
    title = "These tokens come from their factors"


def newest_version(workload: Workload) -> Estimate | None:
    """The version that a new draft starts from: the open draft, else the newest."""
    return (
        workload.draft_estimate
        or workload.submitted_estimate
        or workload.shown_estimate
    )


def has_factors(estimate: Estimate | None) -> bool:
    """Whether its tokens are computed, so that they cannot be declared beside it."""
    return estimate is not None and any(
        getattr(estimate, name) is not None for name in TOKEN_FACTORS
    )


@transaction.atomic
def change_figure(
    *,
    number: int,
    field: str,
    value: Any,
    actor: User,
    now: datetime,
    if_version: int | None = None,
    if_match: str | None = None,
) -> Estimate:
    """Put one input into the open draft, or into a new one that keeps all others.

    Never into a submitted version. `if_match` is the hash of the draft that was seen;
    without a draft, `if_version` is the row's. Raises NotAllowed, Stale, Conflict.
    """
    workload = lock_workload(number)
    access.require(actor, "estimate.write", workload)
    newest = newest_version(workload)
    if field == "declared_tokens_per_user_month" and has_factors(newest):
        raise TokensFromFactors(
            f"The tokens of {workload.ref} come from turns and tokens per turn. "
            "Change those in its estimate."
        )
    _require_as_seen(workload, if_version, if_match)
    write_drafts(actor=actor, changes_of={number: {field: value}}, now=now)
    return Estimate.objects.get(workload=workload, state=EstimateState.DRAFT)


def _require_as_seen(
    workload: Workload, if_version: int | None, if_match: str | None
) -> None:
    draft = workload.draft_estimate
    if draft is None:
        require_version(workload, if_version)
    elif (if_match or if_version is not None) and if_match != etag_of(draft):
        raise Stale(
            f"The draft of {workload.ref} changed since you read it; nothing was saved."
        )
