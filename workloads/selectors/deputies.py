"""Reads of deputies: whom a person named, and for whom they stand in."""

from datetime import date

from portal.kernel.models import User
from workloads.models import Deputy


def deputies_around(user: User, today: date) -> tuple[list[Deputy], list[Deputy]]:
    """Spans that are not over: named by this person, and naming this person."""
    open_spans = (
        Deputy.objects.filter(until_day__gte=today)
        .select_related("signer", "deputy")
        .order_by("from_day", "id")
    )
    return list(open_spans.filter(signer=user)), list(open_spans.filter(deputy=user))
