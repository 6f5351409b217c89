"""Columns that several tables of the capacity model share in kind."""

from typing import Any

from django.conf import settings
from django.db import models

QUARTER = r"^20[0-9]{2}Q[1-4]$"
MONTH = r"^20[0-9]{2}-(0[1-9]|1[0-2])$"
WEEK = r"^20[0-9]{2}-W(0[1-9]|[1-4][0-9]|5[0-3])$"
NAME = r"^[a-z][a-z0-9_]{0,59}$"


class Entered(models.Model):
    """Who entered a row and when; a row is never changed, a newer one takes its place."""

    entered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        help_text="Empty for what the system or an import of the demo entered.",
    )
    entered_at = models.DateTimeField()
    reason = models.TextField(max_length=2000, blank=True)

    class Meta:
        abstract = True


class Corrected(Entered):
    """An entry that a newer one may name, and so take its place: once, never in a fork."""

    corrects = models.OneToOneField(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="corrected_by",
    )

    class Meta:
        abstract = True


def money(help_text: str, **options: Any) -> models.DecimalField:
    """An amount in the organisation's currency, in cents."""
    return models.DecimalField(
        max_digits=16, decimal_places=2, help_text=help_text, **options
    )


def price(help_text: str, **options: Any) -> models.DecimalField:
    """A unit price, with more places than money has."""
    return models.DecimalField(
        max_digits=16, decimal_places=6, help_text=help_text, **options
    )


def quarter() -> models.CharField:
    return models.CharField(max_length=6, help_text="2026Q2.")


def month() -> models.CharField:
    return models.CharField(max_length=7, help_text="2026-05.")


def written_as(field: str, form: str, name: str) -> models.CheckConstraint:
    return models.CheckConstraint(
        condition=models.Q(**{f"{field}__regex": form}), name=name
    )


def not_negative(table: str, *fields: str) -> list[models.CheckConstraint]:
    return [
        models.CheckConstraint(
            condition=models.Q(**{f"{field}__gte": 0})
            | models.Q(**{f"{field}__isnull": True}),
            name=f"{table}_{field}_not_negative"[:60],
        )
        for field in fields
    ]


def person() -> models.ForeignKey:
    return models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )


def one_of(field: str, words: Any, name: str) -> models.CheckConstraint:
    return models.CheckConstraint(
        condition=models.Q(**{f"{field}__in": [str(word) for word in words]}), name=name
    )


def tier_code(help_text: str, **options: Any) -> models.CharField:
    return models.CharField(max_length=60, help_text=help_text, **options)
