"""Months of the usage tables: made before their first row."""

from collections.abc import Iterable

from django.db import connection

from portal.kernel.periods import Month


def ensure_usage_months(months: Iterable[Month]) -> None:
    """Attach the partitions of these months; those that stand already are left alone."""
    with connection.cursor() as cursor:
        for month in sorted(set(months)):
            cursor.execute("SELECT capacity_ensure_usage_month(%s)", [month.first_day])
