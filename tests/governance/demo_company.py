"""What the tests of the demo company compare with."""

from workloads.models import Workload

STATUSES = {
    "W-01": "committed",
    "W-02": "committed",
    "W-03": "planned",
    "W-04": "candidate",
    "W-05": "candidate",
    "W-06": "live",
    "W-07": "live",
    "W-08": "live",
    "W-09": "live",
    "W-10": "live",
    "W-11": "live",
    "W-12": "retired",
}


def statuses() -> dict[str, str]:
    return {row.ref: str(row.status) for row in Workload.objects.all()}


def role_lines(said: str) -> list[tuple[str, str, str]]:
    """Role, username, password: the lines of three words, as `make run` keeps them."""
    lines = [line.split() for line in said.splitlines()]
    return [(line[0], line[1], line[2]) for line in lines if len(line) == 3]
