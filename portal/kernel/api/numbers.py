"""The numbers of the model: read by everyone, changed by the committee."""

from decimal import Decimal
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from rest_framework import serializers
from rest_framework.response import Response

from portal.kernel.api.etags import etag_of
from portal.kernel.api.fields import Integer, Listed, Number, Text, Word
from portal.kernel.api.operations import operation
from portal.kernel.api.renderers import number
from portal.kernel.api.serializers import StrictSerializer
from portal.kernel.api.views import WeighbridgeView
from portal.kernel.enums import Profile, Scope
from portal.kernel.models import ModelNumbers
from portal.kernel.selectors import numbers
from portal.kernel.services.numbers import NUMBERS, change_numbers

LONGEST_REASON = 2000
_COLUMNS = ModelNumbers._meta.concrete_fields


def _field_of(name: str) -> "serializers.Field[Any, Any, Any, Any]":
    """The body's field for a number of the model, with the model's own bounds."""
    column = next(one for one in _COLUMNS if one.name == name)
    options: dict[str, Any] = {"required": False, "help_text": column.help_text}
    if isinstance(column, ArrayField):
        share = Number(min_value=0, max_value=1, places=3)
        return Listed(share, max_length=24, allow_empty=False, **options)
    if isinstance(column, models.DecimalField):
        least, most = _bounds(column)
        places = column.decimal_places or 0
        return Number(min_value=least, max_value=most, places=places, **options)
    if isinstance(column, models.IntegerField):
        least, most = _bounds(column)
        return Integer(min_value=int(least), max_value=int(most), **options)
    if column.choices:
        return Word(Profile, **options)
    return Text(max_length=column.max_length or 100, **options)


def _bounds(column: "models.Field[Any, Any]") -> tuple[Decimal, Decimal]:
    """The tightest of the model's validators; the database type brings its own."""
    lows, highs = (
        [one.limit_value for one in column.validators if isinstance(one, kind)]
        for kind in (MinValueValidator, MaxValueValidator)
    )
    return Decimal(max(lows)), Decimal(min(highs))


class _Edit(StrictSerializer):
    reason = Text(max_length=LONGEST_REASON, help_text="Everybody counts with it.")


NumbersEdit = type("NumbersEdit", (_Edit,), {name: _field_of(name) for name in NUMBERS})


class _Version(serializers.Serializer[Any]):
    version = serializers.IntegerField(read_only=True)
    changed_by = serializers.CharField(allow_null=True, read_only=True)
    changed_at = serializers.DateTimeField(read_only=True)
    reason = serializers.CharField(read_only=True)


NumbersAnswer = type(
    "NumbersAnswer", (_Version,), {name: _field_of(name) for name in NUMBERS}
)


class NumbersView(WeighbridgeView):
    def get_subject(self) -> ModelNumbers:
        return numbers.current()

    def etag(self, subject: ModelNumbers) -> str:
        return etag_of("numbers", subject.version)

    @operation(scope=Scope.GOVERNANCE_READ, answer=NumbersAnswer)
    def get(self) -> Response:
        """Read the numbers that every estimate and forecast counts with."""
        return self.answer(_shown(self.subject), etag=self.etag(self.subject))

    @operation(
        scope=Scope.GOVERNANCE_WRITE,
        action="numbers.change",
        body=NumbersEdit,
        answer=NumbersAnswer,
    )
    def patch(self) -> Response:
        """Change numbers, with a reason: the next version."""
        changes = dict(self.body)
        reason = changes.pop("reason", "")
        following = change_numbers(
            actor=self.actor,
            changes=changes,
            reason=reason,
            if_version=self.if_version or self.subject.version,
            now=self.now,
        )
        return self.answer(_shown(following), etag=self.etag(following))


def _shown(version: ModelNumbers) -> dict[str, Any]:
    by = version.changed_by
    return {
        "version": version.version,
        "changed_by": by.username if by else None,
        "changed_at": version.changed_at,
        "reason": version.reason,
        **{name: _plain(getattr(version, name)) for name in NUMBERS},
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return number(value)
    if isinstance(value, list):
        return [number(one) for one in value]
    return value
