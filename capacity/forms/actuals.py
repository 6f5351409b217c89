"""Forms of actuals: what was used, its filters, a sheet, a quarter's reason."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, TypeVar

from django import forms
from django.core.exceptions import ValidationError

from capacity.enums import OpsCategory
from capacity.rules.actuals.entries import (
    COUNTS,
    LONGEST_REASON,
    ComputeEntry,
    Kind,
    OpsEntry,
    TokenEntry,
)
from capacity.rules.actuals.words import in_words
from capacity.selectors.actuals_ground import known_lines
from capacity.selectors.actuals_table import ActualsFilter, Order, Show
from capacity.services.actuals_imports import LIMITS
from portal.kernel.periods import Month, Quarter
from workloads.models import Workload
from workloads.rules.shown import ref_of

E = TypeVar("E", bound=StrEnum)
LONGEST_SEARCH = 200
HIGHEST_ID = 2**63 - 1  # PostgreSQL's bigint


def read_actuals_filter(query: Mapping[str, Any]) -> ActualsFilter:
    """What the address asks for; what cannot be read asks for nothing."""
    return ActualsFilter(
        of=_one_of(Kind, query.get("of")) or Kind.OPS,
        search=_text(query, "q"),
        quarter=_quarter(_text(query, "quarter")),
        workload=_text(query, "workload"),
        what=_text(query, "what"),
        show=_one_of(Show, query.get("show")) or Show.ALL,
        order=_one_of(Order, query.get("order")) or Order.NEWEST,
    )


class _EntryForm(forms.Form):
    """What every entry has besides what it says."""

    corrects = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=HIGHEST_ID,
        help_text="The number of the entry whose place this one takes, if any.",
    )
    reason = forms.CharField(
        required=False,
        max_length=LONGEST_REASON,
        help_text="Kept with the entry.",
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    field_order: list[str] = []

    def about(self) -> dict[str, Any]:
        sent = self.cleaned_data
        return {"corrects": sent["corrects"], "reason": sent["reason"]}

    def clean_month(self) -> str:
        try:
            return str(Month.parse(self.cleaned_data["month"]))
        except ValueError as bad:
            raise ValidationError("A month is written as 2026-05.") from bad


class ComputeForm(_EntryForm):
    month = forms.CharField(max_length=10, widget=forms.TextInput({"type": "month"}))
    line = forms.ChoiceField(
        required=False, help_text="With an amount. A peak belongs to no line."
    )
    amount = forms.DecimalField(
        required=False, help_text="What the line cost in the month."
    )
    peak_concurrent_sessions = forms.DecimalField(
        required=False,
        label="Peak concurrent sessions",
        help_text="The platform's highest in the month, instead of line and amount.",
    )
    field_order = ["month", "line", "amount", "peak_concurrent_sessions"]

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        lines = [(line, in_words(line)) for line in sorted(known_lines())]
        self.fields["line"].choices = [("", "no line: a peak"), *lines]  # type: ignore[attr-defined]

    def entry(self) -> ComputeEntry:
        sent = self.cleaned_data
        return ComputeEntry(
            month=sent["month"],
            line=sent["line"],
            amount=sent["amount"],
            peak_concurrent_sessions=sent["peak_concurrent_sessions"],
            **self.about(),
        )


class OpsForm(_EntryForm):
    workload = forms.ChoiceField(required=False)
    week = forms.CharField(
        max_length=10,
        widget=forms.TextInput({"type": "week", "placeholder": "2026-W17"}),
        help_text="Its hours belong to the month of its Thursday.",
    )
    category = forms.ChoiceField(
        choices=[(str(one), in_words(one)) for one in OpsCategory]
    )
    hours = forms.DecimalField()
    field_order = ["workload", "week", "category", "hours"]

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["workload"].choices = [  # type: ignore[attr-defined]
            ("", "the platform"),
            *workload_choices(),
        ]

    def entry(self) -> OpsEntry:
        sent = self.cleaned_data
        return OpsEntry(
            ref=sent["workload"] or None,
            week=sent["week"],
            category=sent["category"],
            hours=sent["hours"],
            **self.about(),
        )


class TokensForm(_EntryForm):
    month = forms.CharField(max_length=10, widget=forms.TextInput({"type": "month"}))
    workload = forms.ChoiceField()
    users = forms.IntegerField(help_text="Distinct people in the month.")
    sessions = forms.IntegerField()
    turns = forms.IntegerField()
    retries = forms.IntegerField(initial=0)
    tool_calls = forms.IntegerField(initial=0)
    input_tokens = forms.IntegerField(help_text="The cached ones are part of them.")
    cached_input_tokens = forms.IntegerField(initial=0)
    output_tokens = forms.IntegerField()
    field_order = ["month", "workload", *COUNTS]

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["workload"].choices = workload_choices()  # type: ignore[attr-defined]

    def entry(self) -> TokenEntry:
        sent = self.cleaned_data
        counts = {name: sent[name] for name in COUNTS}
        return TokenEntry(
            month=sent["month"], ref=sent["workload"], **counts, **self.about()
        )


FORMS: dict[Kind, type[_EntryForm]] = {
    Kind.COMPUTE: ComputeForm,
    Kind.OPS: OpsForm,
    Kind.TOKENS: TokensForm,
}


class ReasonForm(forms.Form):
    """Why a quarter is opened again, or what its closing rests on."""

    reason = forms.CharField(
        max_length=LONGEST_REASON,
        required=False,
        label="Reason",
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class SheetForm(forms.Form):
    sheet = forms.FileField(
        label="Sheet",
        allow_empty_file=True,
        help_text=(
            f"CSV or XLSX, at most {LIMITS.rows:,} rows and "
            f"{LIMITS.size // 1_000_000} MB. Nothing is entered yet."
        ),
        widget=forms.FileInput(attrs={"accept": ".csv,.xlsx"}),
        error_messages={"required": "Choose a sheet first."},
    )

    def content(self) -> bytes:
        """Its bytes, one more at most than an import takes: that is enough to refuse."""
        sheet: Any = self.cleaned_data["sheet"]
        read: bytes = sheet.read(LIMITS.size + 1)
        return read

    @property
    def file_name(self) -> str:
        return str(self.cleaned_data["sheet"].name)


def workload_choices() -> list[tuple[str, str]]:
    rows = Workload.objects.order_by("number").values_list("number", "name")
    return [(ref_of(number), f"{ref_of(number)} {name}") for number, name in rows]


def _text(query: Mapping[str, Any], name: str) -> str:
    text = str(query.get(name, ""))[:LONGEST_SEARCH].strip()
    return "" if "\0" in text else text


def _one_of(words: type[E], text: Any) -> E | None:
    return next((word for word in words if str(word) == text), None)


def _quarter(text: str) -> Quarter | None:
    try:
        return Quarter.parse(text) if text else None
    except ValueError:
        return None
