"""Alerts of a workload that hold back its retirement."""

from datetime import datetime

from capacity.selectors.alerts import open_alerts
from workloads.models import Workload

CONTRACT_EVENT = 100


def open_contract_events(workload: Workload, now: datetime) -> int:
    """Users at their ceiling whose alert is unacknowledged. One query."""
    return open_alerts(workload, now).filter(level=CONTRACT_EVENT).count()
