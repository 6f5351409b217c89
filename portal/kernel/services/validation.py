"""What the model's own fields and constraints refuse, as a problem."""

from collections.abc import Collection

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import models

from portal.kernel.errors import FieldError, Invalid


def require_valid(instance: models.Model, *, leave_out: Collection[str] = ()) -> None:
    """Raise Invalid, one error a field, unless the row could be stored."""
    try:
        instance.full_clean(exclude=leave_out)
    except ValidationError as error:
        raise Invalid(errors=field_errors(error)) from error


def field_errors(error: ValidationError) -> list[FieldError]:
    """Django's validation errors with JSON pointers; "" points at the whole body."""
    by_field = error.error_dict if hasattr(error, "error_dict") else {"": [error]}
    return [
        FieldError(
            pointer="" if name in ("", NON_FIELD_ERRORS) else f"/{name}",
            code=single.code or "invalid",
            detail=" ".join(single.messages),
        )
        for name, errors in by_field.items()
        for single in _singles(errors)
    ]


def _singles(errors: list[ValidationError]) -> list[ValidationError]:
    return [single for error in errors for single in error.error_list]
