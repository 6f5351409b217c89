"""Entries that stand: those that no later entry corrects.

With `as_of`, those that stood at that moment, whatever was entered after it.
"""

from datetime import datetime
from typing import TypeVar

from django.db.models import Model, QuerySet

from capacity.models import ComputeActual, OpsActual, TokenActual

Entry = TypeVar("Entry", bound=Model)


def compute_standing(as_of: datetime | None = None) -> QuerySet[ComputeActual]:
    """One entry a month and line, and one peak a month."""
    return _standing(ComputeActual.objects.all(), as_of)


def ops_standing(as_of: datetime | None = None) -> QuerySet[OpsActual]:
    """Several of one week and category add up."""
    return _standing(OpsActual.objects.all(), as_of)


def tokens_standing(as_of: datetime | None = None) -> QuerySet[TokenActual]:
    """One entry a month and workload."""
    return _standing(TokenActual.objects.all(), as_of)


def _standing(rows: QuerySet[Entry], as_of: datetime | None) -> QuerySet[Entry]:
    if as_of is None:
        return rows.filter(corrected_by__isnull=True)
    return rows.filter(entered_at__lte=as_of).exclude(
        corrected_by__entered_at__lte=as_of
    )
