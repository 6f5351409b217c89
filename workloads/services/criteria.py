"""Success criteria and proofs of production readiness."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db import transaction

from portal.kernel import access, clock
from portal.kernel.errors import Conflict, FieldError, Invalid, NotFound, Stale
from portal.kernel.models import User
from portal.kernel.services import audit
from workloads.enums import ReadinessCheck, Status
from workloads.models import ReadinessItem, SuccessCriterion, Workload
from workloads.selectors.criteria import criteria_stamp, readiness_stamp
from workloads.services.errors import WorkloadRetired
from workloads.services.links import to_workload
from workloads.services.locks import lock_workload

Record = TypeVar("Record", SuccessCriterion, ReadinessItem)


class MetricTaken(Conflict):
    code = "metric_taken"
    title = "The workload has a criterion of this metric"


@transaction.atomic
def write_criterion(
    *,
    number: int,
    actor: User,
    metric: str,
    baseline: str,
    target: str,
    due_on: date,
    now: datetime,
    if_seen: str | None = None,
) -> SuccessCriterion:
    """Write a criterion, or rewrite the one of the same metric.

    `if_seen` is the stamp of the list that the person saw. Raises NotAllowed or Stale.
    """
    workload = lock_workload(number)
    access.require(actor, "criteria.edit", workload)
    _require_not_retired(workload)
    _require_as_seen(workload, if_seen, criteria_stamp)
    return _put(
        SuccessCriterion,
        workload,
        key={"metric": metric},
        values={"baseline": baseline, "target": target, "due_on": due_on},
        by={"written_by": actor, "written_at": now},
        action="criterion.written",
        actor=actor,
        now=now,
    )


@transaction.atomic
def edit_criterion(
    *,
    number: int,
    criterion_id: int,
    actor: User,
    changes: Mapping[str, Any],
    now: datetime,
    if_written_at: datetime | None = None,
) -> SuccessCriterion:
    """Change parts of a criterion; without a change nothing is written.

    Raises NotFound, NotAllowed, Stale or MetricTaken.
    """
    workload = lock_workload(number)
    access.require(actor, "criteria.edit", workload)
    criterion = _find(workload, criterion_id, if_written_at)
    _require_not_retired(workload)
    before = {name: getattr(criterion, name) for name in changes}
    changed = {name: new for name, new in changes.items() if new != before[name]}
    if not changed:
        return criterion
    others = workload.criteria.exclude(pk=criterion_id)
    if others.filter(metric=changed.get("metric", "")).exists():
        raise MetricTaken(
            f'{workload.ref} has a criterion of "{changed["metric"]}" already.'
        )
    for name, new in {**changed, "written_by": actor, "written_at": now}.items():
        setattr(criterion, name, new)
    criterion.save(update_fields=[*changed, "written_by", "written_at"])
    audit.record(
        "criterion.written",
        f"workload/{workload.ref}",
        actor=actor,
        now=now,
        before=_texts({name: before[name] for name in changed}),
        after={"metric": criterion.metric, **_texts(changed)},
    )
    return criterion


def _find(
    workload: Workload, criterion_id: int, if_written_at: datetime | None
) -> SuccessCriterion:
    criterion = workload.criteria.filter(pk=criterion_id).first()
    if criterion is None:
        raise NotFound(f"{workload.ref} has no such criterion.")
    if if_written_at is not None and criterion.written_at != if_written_at:
        raise Stale(
            f'"{criterion.metric}" changed since you read it; nothing was saved.'
        )
    return criterion


@transaction.atomic
def remove_criterion(
    *,
    number: int,
    criterion_id: int,
    actor: User,
    now: datetime,
    if_written_at: datetime | None = None,
) -> None:
    """Take a criterion back. Raises NotFound, NotAllowed or Stale."""
    workload = lock_workload(number)
    access.require(actor, "criteria.edit", workload)
    criterion = _find(workload, criterion_id, if_written_at)
    _require_not_retired(workload)
    audit.record(
        "criterion.removed",
        f"workload/{workload.ref}",
        actor=actor,
        now=now,
        before={
            "metric": criterion.metric,
            "baseline": criterion.baseline,
            "target": criterion.target,
            "due_on": criterion.due_on.isoformat(),
        },
    )
    criterion.delete()


@transaction.atomic
def record_readiness(
    *,
    number: int,
    actor: User,
    item: ReadinessCheck,
    link: str,
    done_on: date,
    now: datetime,
    load_test_factor: Decimal | None = None,
    if_seen: str | None = None,
) -> ReadinessItem:
    """Record one proof, or replace the earlier one of the same item.

    `if_seen` is as above. Raises NotAllowed, Stale, or Invalid for a day that has not
    come yet and for a link that a browser would not open as a page.
    """
    workload = lock_workload(number)
    access.require(actor, "readiness.edit", workload)
    _require_not_retired(workload)
    _require_page(link)
    if done_on > clock.today(now):
        raise Invalid(
            "A proof is of something done.",
            errors=[FieldError("/done_on", "in_the_future", "The day is yet to come.")],
        )
    _require_as_seen(workload, if_seen, readiness_stamp)
    return _put(
        ReadinessItem,
        workload,
        key={"item": str(item)},
        values={
            "link": link,
            "done_on": done_on,
            "load_test_factor": load_test_factor,
        },
        by={"recorded_by": actor, "recorded_at": now},
        action="readiness.recorded",
        actor=actor,
        now=now,
    )


def _put(
    kind: type[Record],
    workload: Workload,
    *,
    key: Mapping[str, Any],
    values: Mapping[str, Any],
    by: Mapping[str, Any],
    action: str,
    actor: User,
    now: datetime,
) -> Record:
    """Write a record, or rewrite the one of the same key; as it stands, nothing.

    `by` holds the record's own columns for `actor` and `now`.
    """
    earlier = kind._default_manager.filter(workload=workload, **key).first()
    before = {name: getattr(earlier, name) for name in values} if earlier else None
    if earlier is not None and before == values:
        return earlier
    record, _ = kind._default_manager.update_or_create(
        workload=workload, **key, defaults={**values, **by}
    )
    audit.record(
        action,
        f"workload/{workload.ref}",
        actor=actor,
        now=now,
        before=_texts(before) if before else None,
        after={**key, **_texts(values)},
    )
    return record


def _require_as_seen(
    workload: Workload, if_seen: str | None, stamp: Callable[[Workload], str]
) -> None:
    if if_seen is not None and if_seen != stamp(workload):
        raise Stale(
            f"The records of {workload.ref} changed since you read them; nothing was "
            "saved.",
            link=to_workload(workload),
        )


def _require_page(link: str) -> None:
    try:
        URLValidator(schemes=["http", "https"])(link)
    except ValidationError:
        raise Invalid(
            "A proof is a page that others can open.",
            errors=[FieldError("/link", "invalid", "It takes an http(s) address.")],
        ) from None


def _require_not_retired(workload: Workload) -> None:
    if workload.status == Status.RETIRED:
        raise WorkloadRetired(
            f"{workload.ref} is retired; its records stay as they are."
        )


def _texts(values: Mapping[str, object]) -> dict[str, str | None]:
    return {name: None if one is None else str(one) for name, one in values.items()}
