"""Where a refusal sends people: addresses of pages, which mails and the API carry too."""

from workloads.models import Estimate, Workload


def to_workload(workload: Workload) -> str:
    return f"/workloads/{workload.ref}/"


def to_version(estimate: Estimate) -> str:
    return f"{to_workload(estimate.workload)}estimates/{estimate.version}/"
