"""Reads of kill switches."""

from django.db.models import Q, QuerySet

from capacity.enums import SwitchScope
from capacity.models import KillSwitch
from portal.kernel.api.etags import etag_of
from portal.kernel.errors import NotFound
from workloads.models import Workload

HIGHEST_ID = 2**63 - 1  # PostgreSQL's bigint


def get_switch(number: int) -> KillSwitch:
    found = (
        KillSwitch.objects.select_related("thrown_by", "lifted_by")
        .filter(pk=min(number, HIGHEST_ID))
        .first()
    )
    if found is None:
        raise NotFound(f"There is no kill switch {number}.")
    return found


def tag_of(switch: KillSwitch) -> str:
    state = "on" if switch.lifted_at is None else "off"
    return etag_of("kill-switch", switch.pk, state)


def standing_switches() -> QuerySet[KillSwitch]:
    """What holds calls now, newest first, with who threw it. One query."""
    return KillSwitch.objects.select_related("thrown_by").filter(lifted_at__isnull=True)


def switches_over(workload: Workload) -> QuerySet[KillSwitch]:
    """Standing switches that hold this workload's calls, whatever agent makes them."""
    held = Q(scope=SwitchScope.ALL) | Q(scope=SwitchScope.WORKLOAD, target=workload.ref)
    if workload.department is not None:
        held |= Q(scope=SwitchScope.DEPARTMENT, target=workload.department.code)
    return standing_switches().filter(held)
