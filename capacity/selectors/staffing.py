"""Who is staffed in which quarter."""

from collections.abc import Mapping
from decimal import Decimal

from django.db.models import QuerySet

from capacity.models import Staffing
from portal.kernel.periods import Quarter


def staffed() -> Mapping[Quarter, Decimal]:
    """Full-time equivalents less vacancies of every quarter that has a row. One query.

    No row is carried over: a quarter without one has no ceiling.
    """
    return {
        Quarter.parse(quarter): people - vacancies
        for quarter, people, vacancies in newest().values_list(
            "quarter", "full_time_equivalents", "vacancies"
        )
    }


def newest() -> QuerySet[Staffing]:
    """The row that counts of each quarter, by quarter."""
    return Staffing.objects.order_by("quarter", "-id").distinct("quarter")


def row_of(quarter: Quarter) -> Staffing | None:
    return Staffing.objects.filter(quarter=str(quarter)).order_by("-id").first()


def rows() -> QuerySet[Staffing]:
    """Every row that was ever entered, newest first."""
    return Staffing.objects.select_related("entered_by")
