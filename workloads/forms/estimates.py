"""The form of a draft estimate, and what it says as plain inputs."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django import forms

from portal.kernel.enums import Profile
from portal.kernel.pages.seen import SeenStamp
from workloads.enums import InputSource
from workloads.forms.figures import (
    FactorField,
    PercentField,
    QuantityField,
    WholeField,
)
from workloads.forms.inputs import (
    ALL_INPUTS,
    COMPUTE,
    DECLARED,
    FORMULA,
    OPS,
    OWN_PROFILE,
    PROFILE_WORDS,
    SHARES,
    SOURCE_WORDS,
    USERS,
    Group,
    Input,
)
from workloads.models.estimates import MOST_TOKENS, MOST_USERS
from workloads.rules.estimates import (
    RANGED_INPUTS,
    SOURCED_INPUTS,
    TOKEN_FACTORS,
    EstimateInputs,
)

MOST = {
    "users": MOST_USERS,
    "declared_tokens_per_user_month": MOST_TOKENS,
    "sessions_per_user_month": 100_000,
    "turns_per_session": 100_000,
    "input_tokens_per_turn": 100_000_000,
    "output_tokens_per_turn": 100_000_000,
    "output_multiplier": 1_000,
    "tool_call_factor": 1_000,
    "retry_factor": 1_000,
    "session_minutes": 10_080,
    "ops_hours_week": 10_000,
    "growth_per_month": 1_000,
}
BASES = (("formula", "by the formula"), ("declared", "as one declared figure"))


COLUMNS = ((USERS, OPS, COMPUTE), (FORMULA, DECLARED, SHARES))


class EstimateForm(forms.Form):
    """Every input as text that people type; the use case judges the whole.

    `inputs` are the values that it opens with: a draft's, or the newest version's.
    """

    basis = forms.ChoiceField(
        choices=BASES,
        label="Tokens per user and month are given",
        widget=forms.RadioSelect,
    )
    note = forms.CharField(
        label="Why it changed",
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Signers read it. It is not part of the numbers.",
    )
    seen = SeenStamp()

    def __init__(
        self,
        data: Any = None,
        *,
        inputs: Mapping[str, Any],
        note: str = "",
        seen: str = "",
    ) -> None:
        super().__init__(data, initial=_initial(inputs, note, seen))
        self.inputs = inputs
        for one in ALL_INPUTS.values():
            self.fields[one.name] = _field(one, inputs)
        for name in SOURCED_INPUTS:
            self.fields[f"source_{name}"] = forms.ChoiceField(
                choices=list(SOURCE_WORDS.items()),
                required=False,
                label=f"Source of {ALL_INPUTS[name].label}",
            )
        for name in RANGED_INPUTS:
            label = ALL_INPUTS[name].label
            self.fields[f"low_{name}"] = _range_field(name, f"{label}, low")
            self.fields[f"high_{name}"] = _range_field(name, f"{label}, high")

    # --- for the template --------------------------------------------------------

    def columns(self) -> list[list[tuple[Group, list[dict[str, Any]]]]]:
        """Two stacks of groups, about as high as each other."""
        return [
            [(group, [self._row(one) for one in group.inputs]) for group in column]
            for column in COLUMNS
        ]

    def _row(self, one: Input) -> dict[str, Any]:
        row = {
            "field": self[one.name],
            "unit": one.unit,
            "input": one,
            "wide": one.kind == "text",
        }
        if one.name in SOURCED_INPUTS:
            row["source"] = self[f"source_{one.name}"]
        return row

    def ranges(self) -> list[dict[str, Any]]:
        return [
            {
                "input": ALL_INPUTS[name],
                "low": self[f"low_{name}"],
                "high": self[f"high_{name}"],
            }
            for name in RANGED_INPUTS
        ]

    def has_ranges(self) -> bool:
        return any(row["low"].value() or row["low"].errors for row in self.ranges())

    # --- what was typed ------------------------------------------------------------

    def clean(self) -> dict[str, Any]:
        cleaned = dict(super().clean() or self.cleaned_data)
        for name in RANGED_INPUTS:
            low, high = cleaned.get(f"low_{name}"), cleaned.get(f"high_{name}")
            if (low is None) != (high is None) and not self._wrong(name):
                self.add_error(f"low_{name}", "A range has a low and a high end.")
            elif low is not None and high is not None and low > high:
                self.add_error(f"low_{name}", "The low end is above the high end.")
        return cleaned

    def _wrong(self, name: str) -> bool:
        return f"low_{name}" in self.errors or f"high_{name}" in self.errors

    def changes(self) -> dict[str, Any]:
        """As the use case takes them: every input, the sources, the ranges, the note."""
        return {**self._values(), "note": self.cleaned_data["note"]}

    def as_inputs(self, *, primary_model: str, degrade_model: str) -> EstimateInputs:
        """For the budgets as one types: what cannot be read counts as not stated."""
        self.is_valid()
        return EstimateInputs(
            **self._values(), primary_model=primary_model, degrade_model=degrade_model
        )

    def _values(self) -> dict[str, Any]:
        found = self.cleaned_data
        values = {name: found.get(name) for name in ALL_INPUTS}
        left_out = TOKEN_FACTORS
        if found.get("basis") != "declared":
            left_out = ("declared_tokens_per_user_month",)
            values["declared_input_share"] = self.inputs["declared_input_share"]
        values.update(dict.fromkeys(left_out))
        for name in ("session_minutes", *_WITH_DEFAULT):
            if values[name] is None:
                values[name] = self.inputs[name]
        values["ops_reason"] = values["ops_reason"] or ""
        if values["profile"] in (None, "own"):
            values["profile"] = self.inputs["profile"]
        return {
            **values,
            "sources": self._sources(values),
            "ranges": self._ranges(values),
        }

    def _sources(self, values: Mapping[str, Any]) -> dict[str, str]:
        """Stated sources only: what nobody states is assumed anyway."""
        stated = self.inputs["sources"]
        chosen = {
            name: self.cleaned_data.get(f"source_{name}") or InputSource.ASSUMED
            for name in SOURCED_INPUTS
            if values[name] is not None
        }
        return {
            name: str(source)
            for name, source in chosen.items()
            if source != InputSource.ASSUMED or name in stated
        }

    def _ranges(self, values: Mapping[str, Any]) -> dict[str, list[float]]:
        found = self.cleaned_data
        return {
            name: [_json(found[f"low_{name}"]), _json(found[f"high_{name}"])]
            for name in RANGED_INPUTS
            if values[name] is not None
            and found.get(f"low_{name}") is not None
            and found.get(f"high_{name}") is not None
        }


_WITH_DEFAULT = (
    *(one.name for one in FORMULA.inputs if one.kind == "factor"),
    "growth_per_month",
    "cached_input_share",
    "batch_share",
    "planner_share",
    "declared_input_share",
)


def _field(one: Input, inputs: Mapping[str, Any]) -> forms.Field:
    options: dict[str, Any] = {"label": one.label, "help_text": one.hint}
    if one.kind == "text":
        return forms.CharField(
            **options,
            max_length=2000,
            required=False,
            # A blank placeholder lets the style sheet see that nothing is written.
            widget=forms.Textarea(attrs={"rows": 2, "placeholder": " "}),
        )
    if one.kind == "profile":
        return forms.ChoiceField(
            **options, choices=_profiles(inputs["profile"]), required=False
        )
    return _number(one, options)


def _number(one: Input, options: dict[str, Any]) -> forms.Field:
    if one.kind == "whole":
        return WholeField(most=MOST[one.name], **options)
    if one.kind == "quantity":
        return QuantityField(most=MOST[one.name], **options)
    if one.kind == "factor":
        return FactorField(most=MOST[one.name], **options)
    if one.name == "growth_per_month":
        return PercentField(low=-100, most=MOST[one.name], **options)
    if one in DECLARED.inputs:
        return PercentField(empty=75, **options)
    return PercentField(**options)


def _range_field(name: str, label: str) -> forms.Field:
    if ALL_INPUTS[name].kind == "percent":
        return _OptionalPercent(low=-100, most=1_000, label=label)
    if ALL_INPUTS[name].kind == "whole":
        return WholeField(most=MOST[name], label=label)
    return QuantityField(most=MOST[name], label=label)


class _OptionalPercent(PercentField):
    """The end of a range may be left empty, which is not zero."""

    def read(self, text: str) -> Any:
        return super().read(text) if text else None


def _profiles(present: str | list[float]) -> list[tuple[str, str]]:
    choices = [(str(one), PROFILE_WORDS[one]) for one in Profile]
    return [*choices, ("own", OWN_PROFILE)] if isinstance(present, list) else choices


def _initial(inputs: Mapping[str, Any], note: str, seen: str) -> dict[str, Any]:
    declared = inputs["declared_tokens_per_user_month"] is not None
    initial = {name: inputs[name] for name in ALL_INPUTS}
    if isinstance(inputs["profile"], list):
        initial["profile"] = "own"
    for name in SOURCED_INPUTS:
        initial[f"source_{name}"] = inputs["sources"].get(name, InputSource.ASSUMED)
    for name, (low, high) in inputs["ranges"].items():
        initial[f"low_{name}"] = Decimal(str(low))
        initial[f"high_{name}"] = Decimal(str(high))
    return {
        **initial,
        "basis": "declared" if declared else "formula",
        "note": note,
        "seen": seen,
    }


def _json(number: Decimal | int) -> float:
    """A range's end as JSON keeps it: a whole one without a point."""
    return int(number) if number == int(number) else float(number)
