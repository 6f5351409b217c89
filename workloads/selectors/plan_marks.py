"""E F O of the rows that the plan's table shows, in one query."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import QuerySet

from workloads.enums import EstimateState, SignRole
from workloads.models import Estimate
from workloads.selectors.compiled import among_keys, fetch_compiled
from workloads.selectors.signoffs import mark_of


@dataclass(slots=True)
class Submitted:
    """The newest submitted version of a row: its number, its state, its E F O."""

    version: int
    state: str
    marks: dict[str, str]

    @property
    def states(self) -> tuple[str, str, str]:
        engineering, finance, ops = (self.marks[role] for role in SignRole)
        return engineering, finance, ops

    @property
    def is_waiting(self) -> bool:
        return self.state == EstimateState.SUBMITTED


def submitted_versions(ids: Sequence[int], today: date) -> dict[int, Submitted]:
    """By id of the estimate, in one query; signatures in the order they were given."""
    found = fetch_compiled(_signatures, keys=list(ids)) if ids else []
    versions: dict[int, Submitted] = {}
    for pk, version, state, role, verdict, lapses_on, end in found:
        one = versions.get(pk)
        if one is None:
            waiting = "waiting" if state == EstimateState.SUBMITTED else "none"
            one = Submitted(version, state, dict.fromkeys(_ROLES, waiting))
            versions[pk] = one
        mark = role and mark_of(verdict, lapses_on, end, today)
        if mark:
            one.marks[role] = mark
    return versions


def _signatures() -> QuerySet[Any, Any]:
    return (
        Estimate.objects.filter(pk__in=among_keys())
        .order_by("signoffs__at", "signoffs__id")
        .values_list(
            "pk",
            "version",
            "state",
            "signoffs__role",
            "signoffs__verdict",
            "signoffs__lapses_on",
            "signoffs__end__kind",
        )
    )


_ROLES = tuple(str(role) for role in SignRole)
