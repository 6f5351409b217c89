"""What a page of criteria or proofs showed, as one short text to compare with later."""

from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256

from workloads.models import Workload


def criteria_stamp(workload: Workload) -> str:
    return _stamp(workload.criteria.values_list("pk", "written_at"))


def readiness_stamp(workload: Workload) -> str:
    return _stamp(workload.readiness.values_list("pk", "recorded_at"))


def _stamp(rows: Iterable[tuple[int, datetime]]) -> str:
    lines = sorted(f"{pk} {moment.isoformat()}" for pk, moment in rows)
    return sha256("\n".join(lines).encode()).hexdigest()
