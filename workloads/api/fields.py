"""Body fields of the plan's own: people, departments, model tiers, names."""

import unicodedata
from abc import ABC, abstractmethod
from decimal import Decimal
from typing import Any

from django.core.validators import BaseValidator
from django.db.models import Field, Value
from django.db.models.functions import Lower
from drf_spectacular.utils import extend_schema_field
from rest_framework.exceptions import ValidationError
from rest_framework.fields import empty

from portal.kernel.api.fields import Number, Text
from portal.kernel.models import User
from workloads.models import Department, Estimate
from workloads.rules.sheets.cells import BadCell
from workloads.rules.sheets.words import (
    LONGEST_MODEL,
    ModelTier,
    read_model_tier,
)


class Line(Text):
    """A text on one line, without control characters."""

    default_error_messages = {
        "control_character": "It holds a line break or a control character."
    }

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        # Cc: tabs, line breaks. Zl, Zp: the breaks that are not control characters.
        if any(unicodedata.category(one) in {"Cc", "Zl", "Zp"} for one in text):
            self.fail("control_character")
        return text


class _Resolved(Text, ABC):
    """A text that stands for something; what it stands for is the value."""

    def run_validation(self, data: Any = empty) -> Any:
        # After the checks of the text itself: they count characters.
        text = super().run_validation(data)
        return self.resolve(text) if isinstance(text, str) else text

    @abstractmethod
    def resolve(self, text: str) -> Any:
        """What the text stands for; ValidationError else."""


class PersonField(_Resolved):
    """A username, read as the active account of that name."""

    default_error_messages = {
        "unknown_person": 'No active account is called "{username}".'
    }

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=150, **options)

    def resolve(self, text: str) -> User:
        # Case does not matter at the sign-in, and so not here.
        found = (
            User.objects.alias(folded_username=Lower("username"))
            .filter(folded_username=Lower(Value(text)), is_active=True)
            .first()
        )
        if found is None:
            self.fail("unknown_person", username=text)
        return found


class DepartmentField(_Resolved):
    """A department's code, read as the department."""

    default_error_messages = {
        "unknown_department": 'There is no department "{code}".',
    }

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=40, **options)

    def resolve(self, text: str) -> Department:
        found = Department.objects.filter(code=text).first()
        if found is None:
            self.fail("unknown_department", code=text)
        return found


class ModelTierField(_Resolved):
    """`Sonnet→Haiku`, `Sonnet->Haiku` or `Sonnet`, read as `ModelTier`; empty is none.

    A name that the rate card lacks is kept; the requirements say so.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=2 * LONGEST_MODEL + 8, allow_blank=True, **options)

    def resolve(self, text: str) -> ModelTier:
        try:
            return read_model_tier(text)
        except BadCell as bad:
            raise ValidationError(bad.detail, bad.code) from bad


@extend_schema_field(
    {
        "oneOf": [
            {"type": "string", "minLength": 1, "maxLength": 200},
            {"type": "number"},
        ]
    }
)
class Measure(Text):
    """A measure in words or as a number: "12 %", 0.12. Kept as a text."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=200, **options)

    def to_internal_value(self, data: Any) -> str:
        if isinstance(data, int | Decimal) and not isinstance(data, bool):
            return f"{data}"
        return super().to_internal_value(data)


def quantity(name: str) -> Number:
    """The field of an input of an estimate, with the bounds of its column."""
    column: Field[Any, Any] = Estimate._meta.get_field(name)  # type: ignore[assignment]
    bounds = {
        check.code: check.limit_value
        for check in column.validators
        if isinstance(check, BaseValidator)
    }
    places = getattr(column, "decimal_places", 0)
    return Number(
        min_value=bounds["min_value"],
        max_value=bounds["max_value"],
        places=places,
        help_text=str(column.help_text),
        allow_null=column.null,
        required=False,
    )
