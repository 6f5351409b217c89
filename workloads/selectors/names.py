"""What references stand for, where a page shows several of them."""

from collections.abc import Iterable

from workloads.models import Workload
from workloads.rules.shown import ref_of


def workload_names(refs: Iterable[str]) -> dict[str, str]:
    """W-01 and its name, of those there are. One query, none for no reference."""
    numbers = {int(ref.partition("-")[2]) for ref in refs}
    if not numbers:
        return {}
    found = Workload.objects.filter(number__in=numbers).values_list("number", "name")
    return {ref_of(number): name for number, name in found}
