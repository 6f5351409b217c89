"""What an estimate is told through the API: its inputs, read strictly."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from portal.kernel.api.fields import Integer, Text
from portal.kernel.api.serializers import StrictSerializer
from portal.kernel.enums import Profile
from workloads.api.fields import quantity
from workloads.enums import InputSource
from workloads.models.estimates import MOST_TOKENS, MOST_USERS
from workloads.rules.estimates import RANGED_INPUTS, SOURCED_INPUTS

HOURS_A_WEEK = 168
# A weight is a share of a week's sessions, not a count of them.
MOST_WEIGHT = 1_000_000
WEIGHT = {"type": "number", "minimum": 0, "maximum": MOST_WEIGHT}
PROFILE = {
    "oneOf": [
        {"type": "string", "enum": list(Profile)},
        {
            "type": "array",
            "items": WEIGHT,
            "minItems": HOURS_A_WEEK,
            "maxItems": HOURS_A_WEEK,
        },
    ]
}
RANGE = {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}


def as_json(value: Decimal | int) -> float | int:
    """A number as the JSON columns keep it: a whole one without a point."""
    return int(value) if value == int(value) else float(value)


def is_number(value: Any) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


@extend_schema_field(PROFILE)
class ProfileField(serializers.Field):
    """A named profile, or 168 weights from Monday 00:00."""

    default_error_messages = {
        "invalid": "It takes one of {names}, or {hours} numbers from Monday 00:00.",
        "weights": "It takes {hours} numbers of at least 0, not all of them 0.",
    }

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, str) and data in set(Profile):
            return data
        if not isinstance(data, list):
            self.fail("invalid", names=", ".join(Profile), hours=HOURS_A_WEEK)
        if (
            len(data) != HOURS_A_WEEK
            or not all(is_number(one) and 0 <= one <= MOST_WEIGHT for one in data)
            or not any(data)
        ):
            self.fail("weights", hours=HOURS_A_WEEK)
        return [as_json(one) for one in data]

    def to_representation(self, value: Any) -> Any:
        return value


class _ByInput(serializers.Field, ABC):
    """An object whose names are inputs of an estimate."""

    names: tuple[str, ...]

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, dict):
            raise ValidationError("It takes an object.", "invalid")
        errors: dict[str, Any] = {}
        values: dict[str, Any] = {}
        for name, value in list(data.items())[: 2 * len(self.names)]:
            try:
                values[name] = self._value(name, value)
            except ValidationError as error:
                errors[name] = error.detail
        if errors:
            raise ValidationError(errors)
        return values

    def _value(self, name: str, value: Any) -> Any:
        if name not in self.names:
            known = ", ".join(self.names)
            raise ValidationError(f"It takes the inputs {known}.", "unknown_input")
        return self.read(value)

    @abstractmethod
    def read(self, value: Any) -> Any:
        """The value of one input; ValidationError else."""

    def to_representation(self, value: Any) -> Any:
        return value


@extend_schema_field(
    {
        "type": "object",
        "properties": {
            name: {"type": "string", "enum": list(InputSource)}
            for name in SOURCED_INPUTS
        },
        "additionalProperties": False,
    }
)
class SourcesField(_ByInput):
    """`{input: source}`; what is left out is assumed."""

    names = SOURCED_INPUTS

    def read(self, value: Any) -> str:
        if not isinstance(value, str) or value not in set(InputSource):
            words = ", ".join(InputSource)
            raise ValidationError(f"It takes one of {words}.", "unknown_source")
        return value


@extend_schema_field(
    {
        "type": "object",
        "properties": dict.fromkeys(RANGED_INPUTS, RANGE),
        "additionalProperties": False,
    }
)
class RangesField(_ByInput):
    """`{input: [low, high]}`, low not above high."""

    names = RANGED_INPUTS

    def _value(self, name: str, value: Any) -> list[float | int]:
        low, high = super()._value(name, value)
        for end in (low, high):
            BOUNDS[name].run_validation(end)
        return [as_json(low), as_json(high)]

    def read(self, value: Any) -> Any:
        if (
            not isinstance(value, list)
            or [is_number(one) for one in value] != [True] * 2
        ):
            raise ValidationError("It takes two numbers: [low, high].", "invalid")
        if value[0] > value[1]:
            raise ValidationError(
                "The low end is above the high end.", "low_above_high"
            )
        return value


class EstimateBody(StrictSerializer):
    """The inputs of a draft. Tokens are declared, or follow from the token factors."""

    users = Integer(min_value=0, max_value=MOST_USERS, required=False, allow_null=True)
    sessions_per_user_month = quantity("sessions_per_user_month")
    turns_per_session = quantity("turns_per_session")
    input_tokens_per_turn = quantity("input_tokens_per_turn")
    output_tokens_per_turn = quantity("output_tokens_per_turn")
    output_multiplier = quantity("output_multiplier")
    tool_call_factor = quantity("tool_call_factor")
    retry_factor = quantity("retry_factor")
    session_minutes = quantity("session_minutes")
    profile = ProfileField(required=False)
    ops_hours_week = quantity("ops_hours_week")
    growth_per_month = quantity("growth_per_month")
    cached_input_share = quantity("cached_input_share")
    batch_share = quantity("batch_share")
    planner_share = quantity("planner_share")
    ops_reason = Text(max_length=2000, required=False, allow_blank=True)
    sources = SourcesField(required=False)
    ranges = RangesField(required=False)
    declared_tokens_per_user_month = Integer(
        min_value=0, max_value=MOST_TOKENS, required=False, allow_null=True
    )
    declared_input_share = quantity("declared_input_share")
    note = Text(max_length=2000, required=False, allow_blank=True)


# A range's ends lie where the input itself may.
BOUNDS: Mapping[str, serializers.Field] = {
    name: field
    for name, field in EstimateBody().fields.items()
    if name in RANGED_INPUTS
}


class InputsAnswer(serializers.Serializer[Any]):
    users = serializers.IntegerField(allow_null=True)
    sessions_per_user_month = serializers.FloatField(allow_null=True)
    turns_per_session = serializers.FloatField(allow_null=True)
    input_tokens_per_turn = serializers.FloatField(allow_null=True)
    output_tokens_per_turn = serializers.FloatField(allow_null=True)
    output_multiplier = serializers.FloatField()
    tool_call_factor = serializers.FloatField()
    retry_factor = serializers.FloatField()
    session_minutes = serializers.FloatField()
    profile = ProfileField()
    ops_hours_week = serializers.FloatField(allow_null=True)
    growth_per_month = serializers.FloatField()
    cached_input_share = serializers.FloatField()
    batch_share = serializers.FloatField()
    planner_share = serializers.FloatField()
    declared_tokens_per_user_month = serializers.IntegerField(allow_null=True)
    declared_input_share = serializers.FloatField()
    ops_reason = serializers.CharField()
    sources = SourcesField()
    ranges = RangesField()
    note = serializers.CharField()
