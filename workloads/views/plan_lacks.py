"""What a row still lacks to reach the status that its sheet asked for."""

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from portal.kernel import clock
from workloads.enums import Status
from workloads.rules.shown import ref_of
from workloads.selectors.plan import get_workload
from workloads.selectors.plan_table import PlanRow
from workloads.selectors.requirements import road_for


def lacks_html(row: PlanRow, closes: str) -> SafeString:
    """The panel under a row; `closes` is the page's address without it."""
    ref, wanted = ref_of(row.number), Status(row.requested_status)
    road = road_for(get_workload(ref), to=wanted, now=clock.now())
    context = {"ref": ref, "requirements": road, "to": str(wanted), "closes": closes}
    return render_to_string("workloads/plan/_lacks.html", context)
