"""Database triggers for tables of facts, which take no change at all."""

import pgtrigger


def append_only(name: str) -> list[pgtrigger.Trigger]:
    """Refuse UPDATE, DELETE and TRUNCATE."""
    return [
        pgtrigger.Protect(
            name=f"{name}_append_only", operation=pgtrigger.Update | pgtrigger.Delete
        ),
        no_truncate(name),
    ]


def no_truncate(name: str) -> pgtrigger.Trigger:
    # Protect cannot guard TRUNCATE, which fires no row trigger.
    return pgtrigger.Trigger(
        name=f"{name}_no_truncate",
        operation=pgtrigger.Truncate,
        when=pgtrigger.Before,
        level=pgtrigger.Statement,
        func=(
            "RAISE EXCEPTION 'table % takes no TRUNCATE', TG_TABLE_NAME "
            "USING ERRCODE = 'insufficient_privilege';"
        ),
    )
