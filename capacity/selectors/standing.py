"""Entries that stand: those that no later entry corrects."""

from django.db.models import QuerySet

from capacity.models import ComputeActual, OpsActual, TokenActual


def compute_standing() -> QuerySet[ComputeActual]:
    """One entry a month and line, and one peak a month."""
    return ComputeActual.objects.filter(corrected_by__isnull=True)


def ops_standing() -> QuerySet[OpsActual]:
    """Several of one week and category add up."""
    return OpsActual.objects.filter(corrected_by__isnull=True)


def tokens_standing() -> QuerySet[TokenActual]:
    """One entry a month and workload."""
    return TokenActual.objects.filter(corrected_by__isnull=True)
