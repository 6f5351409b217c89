"""What the fields of a workload's trail are called, and how their values read."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from portal.kernel import formats
from portal.kernel.pages.trail import plain_text
from workloads.enums import Audience, CostGate, Shape
from workloads.forms.inputs import (
    ALL_INPUTS,
    OWN_PROFILE,
    PROFILE_NAMES,
    SOURCE_WORDS,
    Input,
)

LABELS = {
    "name": "Workload",
    "owner_text": "Owner as the sheet names it",
    "requested_status": "Asks for",
    "primary_model": "Model",
    "degrade_model": "Degrade model",
    "compliance_sensitive": "Compliance-sensitive",
    "hours_to_add": "Hours to add it",
    "note": "Why it changed",
    "sources": "Where the figures come from",
    "ranges": "Low and high",
    "due_on": "By",
    "load_test_factor": "Load, times the forecast peak",
    **{name: one.label for name, one in ALL_INPUTS.items()},
}
CHOICES = {"shape": Shape, "audience": Audience, "cost_gate": CostGate}
DAYS = frozenset({"due_on", "done_on"})

_OF_CRITERIA = ("baseline", "target", "due_on")
_ORDER = {
    name: place
    for place, name in enumerate([*ALL_INPUTS, "sources", "ranges", *_OF_CRITERIA])
}


def in_order(names: Iterable[str]) -> list[str]:
    """Fields as the forms have them: the database keeps them by the length of name."""
    return sorted(names, key=lambda name: _ORDER.get(name, -1))


def field_words(name: str) -> str:
    """As the form calls it; "ship_quarter" is called Ship quarter."""
    return LABELS.get(name) or name.replace("_", " ").capitalize()


def value_words(name: str, value: Any) -> str:
    """As the pages show such a value; what is no such value is shown as it was kept."""
    if value in (None, "", {}, []):
        return formats.BLANK
    if isinstance(value, bool):
        return plain_text(value)
    try:
        return _read(name, value)
    except (ValueError, TypeError, LookupError, AttributeError, InvalidOperation):
        return plain_text(value)


def _read(name: str, value: Any) -> str:
    if name in ALL_INPUTS:
        return _input(ALL_INPUTS[name], value)
    if name in CHOICES:
        return str(CHOICES[name](value)).replace("_", " ")
    if name in DAYS:
        return formats.day(date.fromisoformat(value))
    if name == "ship_quarter":
        return formats.quarter(value)
    if name == "sources":
        return ", ".join(
            f"{field_words(one).lower()} {SOURCE_WORDS[source]}"
            for one, source in value.items()
        )
    if name == "ranges":
        return ", ".join(
            f"{field_words(one).lower()} {plain_text(ends)}"
            for one, ends in value.items()
        )
    if name == "tiers":
        return "; ".join(
            f"{tier['tier']} {formats.short(tier['ceiling_tokens'])}, "
            f"{CostGate(tier['overage']).sheet}"
            for tier in value
        )
    return plain_text(value)


def _input(one: Input, value: Any) -> str:
    if one.kind == "profile":
        return PROFILE_NAMES[value] if isinstance(value, str) else OWN_PROFILE
    if one.kind == "text":
        return plain_text(value)
    figure = Decimal(str(value)) * (100 if one.kind == "percent" else 1)
    # "Users: 1,000 → 4,200": a label that is the unit needs no other.
    says_it = one.kind == "factor" or one.unit == one.label.lower()
    unit = "" if says_it else one.unit
    return f"{formats.in_full(figure)} {unit}".rstrip()
