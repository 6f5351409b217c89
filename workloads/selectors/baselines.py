"""Reads of baselines: the rows as they freeze, and what changed between two."""

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet

from portal.kernel.errors import NotFound
from workloads.models import PlanBaseline
from workloads.rules.estimates import format_number
from workloads.selectors.plan import rows

COMPARED = (
    "name",
    "owner",
    "status",
    "ship_quarter",
    "users",
    "sessions_per_user_month",
    "tokens_per_user_month",
    "tokens_per_month",
    "ops_hours_week",
    "model_tier",
    "cost_gate",
    "estimate_version",
)


def frozen_rows() -> list[dict[str, Any]]:
    """Every row of the plan as plain values, in the order of references."""
    return [_frozen(workload) for workload in rows().order_by("number")]


def _frozen(workload: Any) -> dict[str, Any]:
    shown = workload.shown_estimate
    sessions = shown.sessions_per_user_month if shown else None
    hours = shown.ops_hours_week if shown else None
    return {
        "ref": workload.ref,
        "name": workload.name,
        "owner": workload.owner_name,
        "status": workload.status,
        "ship_quarter": workload.ship_quarter,
        "users": shown.users if shown else None,
        "sessions_per_user_month": format_number(sessions)
        if sessions is not None
        else None,
        "tokens_per_user_month": shown.tokens_per_user_month if shown else None,
        "tokens_per_month": shown.tokens_per_month if shown else None,
        "ops_hours_week": format_number(hours) if hours is not None else None,
        "model_tier": workload.model_tier,
        "cost_gate": workload.cost_gate,
        "estimate_version": shown.version if shown else None,
    }


def baselines() -> QuerySet[PlanBaseline]:
    """All, newest first, with who took each."""
    return PlanBaseline.objects.select_related("taken_by").order_by("-number")


def get_baseline(number: int) -> PlanBaseline:
    found = (
        PlanBaseline.objects.filter(number=number).select_related("taken_by").first()
    )
    if found is None:
        raise NotFound(f"There is no baseline B-{number}.")
    return found


def compare_baselines(
    earlier: PlanBaseline, later: PlanBaseline
) -> list[dict[str, Any]]:
    """Rows that differ: `{ref, name, change, changes: {field: [before, after]}}`."""
    before = {row["ref"]: row for row in earlier.rows}
    after = {row["ref"]: row for row in later.rows}
    compared = []
    for ref in sorted({*before, *after}, key=lambda one: int(one[2:])):
        old, new = before.get(ref), after.get(ref)
        changes = _changes(old or {}, new or {})
        if changes:
            change = "added" if old is None else "removed" if new is None else "changed"
            name = (new or old or {})["name"]
            compared.append(
                {"ref": ref, "name": name, "change": change, "changes": changes}
            )
    return compared


def _changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, list[Any]]:
    return {
        name: [old.get(name), new.get(name)]
        for name in COMPARED
        if old.get(name) != new.get(name)
    }
