"""Alerts of a workload that nobody has acknowledged, and whose month runs."""

from datetime import datetime

from capacity.models import Alert
from portal.kernel import clock
from workloads.models import Workload

CONTRACT_EVENT = 100


def open_contract_events(workload: Workload, now: datetime) -> int:
    """Users at their ceiling whose alert is unacknowledged. One query."""
    return Alert.objects.filter(
        workload=workload,
        level=CONTRACT_EVENT,
        spoken=True,
        month=clock.today(now).replace(day=1),
        acknowledged_at__isnull=True,
    ).count()
