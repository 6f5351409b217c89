"""A workload's gate on its own page: what each tier gets, and whether it holds."""

from collections.abc import Iterator
from datetime import datetime

from capacity.enums import GateState
from capacity.selectors.gates import OPEN_STATES, versions
from capacity.selectors.kill_switches import switches_over
from capacity.views.gate_enforced import enforced_of
from capacity.views.gate_words import told_sentences
from portal.kernel.pages.joints import Panel
from workloads.models import Workload


def gate_in_words(workload: Workload, now: datetime) -> Iterator[Panel]:
    """The active version's sentences; else what is on its way, or that nothing is."""
    states = [str(one) for one in (GateState.ACTIVE, *OPEN_STATES)]
    found = list(versions(workload).filter(state__in=states))
    active = next((one for one in found if one.state == GateState.ACTIVE), None)
    opened = next((one for one in found if one.state in OPEN_STATES), None)
    shown = active or opened
    enforced = enforced_of([workload] if active else [], now)
    yield Panel(
        "capacity/workloads/_gate.html",
        {
            "ref": workload.ref,
            "active": active,
            "opened": opened,
            "sentences": told_sentences(shown) if shown else [],
            "enforced": enforced.get(workload.pk),
            "is_held": switches_over(workload).exists(),
        },
    )
