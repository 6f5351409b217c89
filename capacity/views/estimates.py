"""What an estimate means for the rest of the plan, beside its three budgets."""

from collections.abc import Iterable
from datetime import datetime

from portal.kernel.pages.joints import Panel
from workloads.models import Workload
from workloads.rules.estimates import Budgets
from workloads.selectors.sizing import Sizing


def consequences(
    workload: Workload, budgets: Budgets, sizing: Sizing, now: datetime
) -> Iterable[Panel]:
    return []
