"""What the search finds of gates: by a workload's reference or name."""

from collections.abc import Iterable
from typing import Any

from django.urls import reverse

from capacity.models import GatePolicy
from capacity.selectors.gates import OPEN_STATES
from portal.kernel.pages.joints import Found
from workloads.models import Workload
from workloads.rules.plan_filter import PlanFilter
from workloads.rules.shown import ref_of
from workloads.selectors.plan import number_of
from workloads.selectors.plan_table import found_by

WORD = "gate"
MOST_BESIDES = 2


def find_gates(_user: Any, words: str, limit: int) -> Iterable[Found]:
    """ "gate W-08" and "gate release" lead to gates; a name alone finds those that are
    there, after the workloads themselves."""
    named = [word for word in words.split() if word.casefold() not in (WORD, "gates")]
    asked = len(named) < len(words.split())
    if not named:
        return
    rest = " ".join(named)
    exact = number_of(rest)
    rows = (
        Workload.objects.filter(number=exact)
        if exact is not None
        else found_by(PlanFilter(search=rest))
    )
    if not asked and exact is None:
        rows = rows.filter(pk__in=GatePolicy.objects.values("workload"))
    states = _states(list(rows[: limit if asked else MOST_BESIDES]))
    for workload, state in states:
        ref = ref_of(workload.number)
        yield Found(
            ref=ref,
            name=f"Gate of {workload.name}",
            link=reverse("gates:gate", args=[ref]),
            figure=state,
        )


def _states(workloads: list[Workload]) -> list[tuple[Workload, str]]:
    standing = ["active", *(str(one) for one in OPEN_STATES)]
    found = GatePolicy.objects.filter(workload__in=workloads, state__in=standing)
    words: dict[int, str] = {}
    for gate in found.order_by("state"):
        # "active" sorts first, and stays.
        words.setdefault(gate.workload_id, f"v{gate.version} {gate.state}")
    return [(one, words.get(one.pk, "no gate")) for one in workloads]
