"""Months of the usage tables: made once, and by a role that owns nothing."""

from datetime import date

import pytest
from django.db import connection, transaction
from django.db.utils import ProgrammingError

from capacity.services.partitions import ensure_usage_months
from portal.kernel.periods import Month

MONTH = Month(2031, 2)
TABLES = ("usageday", "usageevent", "usagehour")


def partitions() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT inhrelid::regclass::text FROM pg_inherits "
            "WHERE inhrelid::regclass::text LIKE '%%203102' ORDER BY 1"
        )
        return [name for (name,) in cursor.fetchall()]


@pytest.mark.django_db
def test_a_month_is_made_once() -> None:
    assert partitions() == []
    for _ in range(2):
        ensure_usage_months([MONTH, MONTH])

    assert partitions() == [f"capacity_{table}_203102" for table in TABLES]


@pytest.mark.django_db
def test_a_role_that_may_only_write_has_the_month_made() -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE ROLE usage_writer")
        cursor.execute("GRANT USAGE ON SCHEMA public TO usage_writer")
        cursor.execute("SET LOCAL ROLE usage_writer")
        ensure_usage_months([MONTH])
        with pytest.raises(ProgrammingError), transaction.atomic():
            cursor.execute(
                "CREATE TABLE mine PARTITION OF capacity_usageday "
                "FOR VALUES FROM (%s) TO (%s)",
                [date(2031, 3, 1), date(2031, 4, 1)],
            )
        cursor.execute("RESET ROLE")

    assert len(partitions()) == len(TABLES)
