"""Bodies: what a call takes, field by field, and nothing else.

    class WorkloadEdit(StrictSerializer):
        name = Text(max_length=200)
        ship_quarter = QuarterField(required=False, allow_null=True)

A key that is not a field is 400 `unknown_field`; one that the answer carries, but that
cannot be written, is 400 `read_only`.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError

from portal.kernel.api.bodies import escape
from portal.kernel.api.errors import ReadOnly, UnknownField
from portal.kernel.errors import FieldError, Invalid

MOST_ERRORS = 100  # told at once; a body of a million wrong keys needs no more


class StrictSerializer(serializers.Serializer[Any]):
    """A body that names each unknown and each unwritable field."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, dict):
            raise ValidationError({"": [ErrorDetail("It takes an object.", "invalid")]})
        errors: dict[str, Any] = self._refused_keys(data)
        values: dict[str, Any] = {}
        try:
            values = super().to_internal_value(data)
        except ValidationError as error:
            errors.update(error.detail if isinstance(error.detail, dict) else {})
        if errors:
            raise ValidationError(errors)
        return values

    def _refused_keys(self, data: Mapping[str, Any]) -> dict[str, Any]:
        writable = {name for name, field in self.fields.items() if not field.read_only}
        shown = set(self.fields) | self._shown_by_the_answer()
        errors: dict[str, Any] = {}
        for name in data:
            if name in writable:
                continue
            if name in shown:
                refusal = ErrorDetail("It cannot be written.", "read_only")
            else:
                refusal = ErrorDetail("There is no such field here.", "unknown_field")
            errors[name] = [refusal]
            if len(errors) == MOST_ERRORS:
                break
        return errors

    def _shown_by_the_answer(self) -> set[str]:
        # Only the outermost object is compared with the answer.
        return self.context.get("shown", set()) if self.parent is None else set()


class EmptyBody(StrictSerializer):
    """For a call that takes no body: nothing, or an empty object."""


def read_body(
    serializer: type[serializers.Serializer[Any]],
    data: Any,
    *,
    partial: bool = False,
    shown: frozenset[str] = frozenset(),
) -> dict[str, Any]:
    """The body's values; 400 naming every wrong field. `shown`: the answer's names."""
    reader = serializer(data=data, partial=partial, context={"shown": shown})
    # None would count as "no data" and raise something else altogether.
    if data is None:
        raise Invalid(errors=[FieldError("", "invalid", "It takes an object.")])
    if not reader.is_valid():
        raise invalid_fields(reader.errors)
    return dict(reader.validated_data)


def invalid_fields(detail: Any) -> Invalid:
    """One problem of a serializer's nested errors, each with its JSON pointer."""
    errors = list(_field_errors(detail, ""))[:MOST_ERRORS]
    codes = {error.code for error in errors}
    if codes == {"unknown_field"}:
        return UnknownField(_sentence(errors), errors=errors)
    if "read_only" in codes and codes <= {"read_only", "unknown_field"}:
        return ReadOnly(_sentence(errors), errors=errors)
    return Invalid(_sentence(errors), errors=errors)


def _field_errors(detail: Any, pointer: str) -> Iterator[FieldError]:
    if isinstance(detail, ErrorDetail):
        yield FieldError(pointer, detail.code or "invalid", str(detail))
    elif isinstance(detail, dict):
        for name, inner in detail.items():
            own = name in {"", "non_field_errors"}
            below = pointer if own else f"{pointer}/{escape(str(name))}"
            yield from _field_errors(inner, below)
    elif isinstance(detail, list):
        for index, inner in enumerate(detail):
            # A list of messages belongs to its field, a list of items to each item.
            below = pointer if isinstance(inner, ErrorDetail) else f"{pointer}/{index}"
            yield from _field_errors(inner, below)


def _sentence(errors: list[FieldError]) -> str:
    told = [f"{error.pointer or 'The body'}: {error.detail}" for error in errors[:3]]
    more = len(errors) - len(told)
    return " ".join(told) + (f" And {more} more." if more else "")
