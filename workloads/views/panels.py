"""What other apps put beside an estimate's budgets: functions that the settings name."""

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import cache

from django.conf import settings
from django.utils.module_loading import import_string

from portal.kernel.pages.joints import Panel
from workloads.models import Workload
from workloads.rules.estimates import Budgets
from workloads.selectors.sizing import Sizing

PanelSource = Callable[[Workload, Budgets, Sizing, datetime], Iterable[Panel]]


@cache
def _load(paths: tuple[str, ...]) -> tuple[PanelSource, ...]:
    return tuple(import_string(path) for path in paths)


def panels_for(
    workload: Workload, budgets: Budgets, sizing: Sizing, now: datetime
) -> list[Panel]:
    """In the order of ESTIMATE_PANELS; each draws its part from what is typed so far."""
    sources = _load(tuple(settings.ESTIMATE_PANELS))
    return [
        panel for source in sources for panel in source(workload, budgets, sizing, now)
    ]
