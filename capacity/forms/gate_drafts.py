"""The form of a gate's draft: what the version says, and a part for each tier.

Rows are added and taken away by the server, so that it works without a script.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from django import forms

from capacity.enums import CeilingBasis, GateMode, OnUnreachable
from capacity.rules.gates import LONGEST_OBSERVATION_DAYS, MOST_TIERS, NOTICE_DAYS
from portal.kernel.errors import FieldError
from workloads.enums import CostGate

LONGEST = 2_000
NUMBER = {"class": "num", "step": "any"}
PATTERNS = {
    "": "as recommended",
    CostGate.HARD_CAP: "hard cap: block",
    CostGate.SOFT_CAP: "soft cap: degrade",
    CostGate.PAY_AS_YOU_GO: "pay-as-you-go: meter",
}
BASES = {
    CeilingBasis.FIXED: "set by hand",
    CeilingBasis.ESTIMATE: "the estimate × an allowance",
    CeilingBasis.MONEY: "money ÷ the rate card",
}
OPT_IN = ("opt_by", "opt_on", "opt_reference")
# Where an error of the use case has no field of its name.
AT_FIELD = {
    "metered_opt_in": "opt_by",
    "metered_opt_in/at": "opt_on",
    "metered_opt_in/by": "opt_by",
    "metered_opt_in/reference": "opt_reference",
    "notice": "notice_text",
    "notice/text": "notice_text",
    "notice/audience": "notice_audience",
    "notice/activates_on": "notice_activates_on",
}


def _text(**options: Any) -> forms.CharField:
    return forms.CharField(
        required=options.pop("required", False),
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 2}),
        **options,
    )


def _number(**options: Any) -> forms.DecimalField:
    return forms.DecimalField(
        required=False, widget=forms.NumberInput(attrs=NUMBER), **options
    )


def _whole(**options: Any) -> forms.IntegerField:
    return forms.IntegerField(
        required=False, widget=forms.NumberInput(attrs={"class": "num"}), **options
    )


def _date(**options: Any) -> forms.DateField:
    return forms.DateField(
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        **options,
    )


class GateForm(forms.Form):
    """What the version says besides its tiers."""

    use_required_attribute = False
    primary_model = forms.ChoiceField(help_text="Served under the ceiling.")
    degrade_model = forms.ChoiceField(
        required=False, help_text="Served past a soft cap's ceiling."
    )
    on_unreachable = forms.ChoiceField(
        required=False,
        label="While the portal is out of reach",
        choices=[
            ("", "block where any tier is a hard cap, else allow"),
            (str(OnUnreachable.BLOCK), "block every call"),
            (str(OnUnreachable.ALLOW), "allow every call"),
        ],
    )
    mode = forms.ChoiceField(
        label="What it does",
        choices=[
            (str(GateMode.ENFORCE), "holds users at their ceilings"),
            (str(GateMode.OBSERVE), "only observes: allowed and recorded"),
        ],
    )
    ends_on = _date(
        label="Observes until",
        help_text=f"Only for a version that observes: {LONGEST_OBSERVATION_DAYS} days "
        "at most.",
    )
    spend_limit = _number(
        max_digits=18,
        decimal_places=2,
        label="May cost a month",
        help_text="Only for a version that observes.",
    )
    notice_text = _text(
        label="Notice to users",
        help_text="Needed where a tier in use gets stricter, or a reason for none.",
    )
    notice_audience = forms.CharField(
        required=False, max_length=200, label="Who is told"
    )
    notice_activates_on = _date(
        label="Of which day",
        help_text=f"At least {NOTICE_DAYS} days from now; it is activated from then on.",
    )
    no_notice_reason = _text(label="Or: why nobody is told")

    def __init__(
        self, data: Any = None, *, models: Sequence[str] = (), **options: Any
    ) -> None:
        super().__init__(data, **options)
        known = [(name, name) for name in models]
        self.fields["primary_model"].choices = known  # type: ignore[attr-defined]
        self.fields["degrade_model"].choices = [  # type: ignore[attr-defined]
            ("", "none"),
            *known,
        ]

    def values(self) -> dict[str, Any]:
        """As the use case takes them."""
        sent = self.cleaned_data
        told = any(
            sent[name]
            for name in ("notice_text", "notice_audience", "notice_activates_on")
        )
        return {
            "primary_model": sent["primary_model"],
            "degrade_model": sent["degrade_model"],
            "on_unreachable": OnUnreachable(sent["on_unreachable"])
            if sent["on_unreachable"]
            else None,
            "mode": GateMode(sent["mode"]),
            "ends_on": sent["ends_on"],
            "spend_limit": sent["spend_limit"],
            "notice": {
                "text": sent["notice_text"],
                "audience": sent["notice_audience"],
                "activates_on": sent["notice_activates_on"],
            }
            if told
            else None,
            "no_notice_reason": sent["no_notice_reason"],
        }

    def clean(self) -> dict[str, Any]:
        sent: dict[str, Any] = self.cleaned_data
        parts = ("notice_text", "notice_audience", "notice_activates_on")
        if any(sent.get(name) for name in parts):
            for name in parts:
                if not sent.get(name) and name not in self.errors:
                    self.add_error(name, "A notice needs its text, audience and day.")
        return sent


class TierForm(forms.Form):
    """One tier. An opt-in is recorded with the draft where it is filled in."""

    use_required_attribute = False
    tier = forms.CharField(
        max_length=60,
        label="Code",
        help_text="In snake_case, as runtimes send it.",
    )
    overage = forms.ChoiceField(
        required=False,
        label="At the ceiling",
        choices=[(str(key), words) for key, words in PATTERNS.items()],
    )
    ceiling_basis = forms.ChoiceField(
        label="The ceiling is",
        choices=[(str(key), words) for key, words in BASES.items()],
    )
    ceiling_tokens = _whole(label="Ceiling", help_text="Where it is set by hand.")
    allowance = _number(
        max_digits=6,
        decimal_places=3,
        label="Allowance",
        help_text="Times the estimate.",
    )
    amount = _number(
        max_digits=18, decimal_places=2, label="Money", help_text="A user and month."
    )
    overage_limit_tokens = _whole(
        label="Metered at most", help_text="Tokens over the ceiling, a user and month."
    )
    overage_price_per_million = _number(
        max_digits=18, decimal_places=6, label="Price a million over it"
    )
    opt_by = forms.CharField(required=False, max_length=200, label="Who opted in")
    opt_on = _date(label="When")
    opt_reference = forms.CharField(required=False, max_length=200, label="Contract")
    reason = _text(
        label="Why this pattern",
        help_text="Needed where another than a hard cap stands on a free tier or a "
        "compliance-sensitive workload.",
    )

    def clean(self) -> dict[str, Any]:
        sent: dict[str, Any] = self.cleaned_data
        if any(sent.get(name) for name in OPT_IN):
            for name in OPT_IN:
                if not sent.get(name) and name not in self.errors:
                    self.add_error(
                        name, "An opt-in says who, when and by which contract."
                    )
        return sent

    def values(self) -> dict[str, Any]:
        sent = self.cleaned_data
        values = {
            "tier": sent["tier"].strip(),
            "overage": CostGate(sent["overage"]) if sent["overage"] else None,
            "ceiling_basis": CeilingBasis(sent["ceiling_basis"]),
            "ceiling_tokens": sent["ceiling_tokens"],
            "allowance": sent["allowance"],
            "amount": sent["amount"],
            "overage_limit_tokens": sent["overage_limit_tokens"],
            "overage_price_per_million": sent["overage_price_per_million"],
            "reason": sent["reason"],
        }
        if sent["opt_by"]:
            values["metered_opt_in"] = {
                "by": sent["opt_by"],
                "at": datetime.combine(sent["opt_on"], time.min, tzinfo=UTC),
                "reference": sent["opt_reference"],
            }
        return values


@dataclass
class DraftForms:
    """The whole draft as it is typed."""

    gate: GateForm
    tiers: list[TierForm]

    def is_valid(self) -> bool:
        # All of them, so that every error is shown at once.
        return all([self.gate.is_valid(), *[one.is_valid() for one in self.tiers]])

    @property
    def has_errors(self) -> bool:
        return bool(self.gate.errors) or any(one.errors for one in self.tiers)

    def values(self) -> dict[str, Any]:
        return {
            **self.gate.values(),
            "tiers": [one.values() for one in self.tiers],
        }

    def show(self, errors: Sequence[FieldError], otherwise: str) -> None:
        """Each error at its field; what has none stands on top."""
        for error in errors:
            path = error.pointer.removeprefix("/")
            form: forms.Form = self.gate
            if path.startswith("tiers/"):
                place, _, path = path.removeprefix("tiers/").partition("/")
                if place.isdecimal() and int(place) < len(self.tiers):
                    form = self.tiers[int(place)]
            name = AT_FIELD.get(path, path.partition("/")[0])
            form.add_error(name if name in form.fields else None, error.detail)
        if not errors:
            self.gate.add_error(None, otherwise)


def from_body(body: Mapping[str, Any], models: Sequence[str]) -> DraftForms:
    """A stored draft, or what the next one starts from."""
    notice = body.get("notice") or {}
    initial = {
        **{name: body.get(name) for name in GateForm.base_fields},
        "notice_text": notice.get("text", ""),
        "notice_audience": notice.get("audience", ""),
        "notice_activates_on": notice.get("activates_on"),
    }
    return _typed(initial, [dict(one) for one in body["tiers"]], models)


def from_post(post: Mapping[str, Any], models: Sequence[str]) -> DraftForms:
    """What was typed, as it was typed."""
    count = _count(post.get("rows", ""))
    return DraftForms(
        GateForm(post, models=models),
        [TierForm(post, prefix=f"t{n}") for n in range(count)],
    )


def with_row(sent: DraftForms, models: Sequence[str]) -> DraftForms:
    """One more tier, empty; nothing is judged."""
    rows = _rows_of(sent)
    if len(rows) < MOST_TIERS:
        rows.append({"ceiling_basis": CeilingBasis.FIXED})
    return _typed(_raw(sent.gate), rows, models)


def without_row(sent: DraftForms, place: int, models: Sequence[str]) -> DraftForms:
    rows = _rows_of(sent)
    if len(rows) > 1 and place < len(rows):
        del rows[place]
    return _typed(_raw(sent.gate), rows, models)


def _typed(
    initial: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], models: Sequence[str]
) -> DraftForms:
    return DraftForms(
        GateForm(models=models, initial=dict(initial)),
        [
            TierForm(prefix=f"t{n}", initial={k: _plain(v) for k, v in row.items()})
            for n, row in enumerate(rows)
        ],
    )


def _plain(value: Any) -> Any:
    """1.5, not 1.500; dates and words as they are."""
    if isinstance(value, Decimal):
        text = f"{value:f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    return value if isinstance(value, int | date) or value is None else str(value)


def _rows_of(sent: DraftForms) -> list[dict[str, Any]]:
    return [_raw(one) for one in sent.tiers]


def _raw(form: forms.Form) -> dict[str, Any]:
    return {name: form.data.get(form.add_prefix(name), "") for name in form.base_fields}


def _count(text: str) -> int:
    known = text.isascii() and text.isdecimal() and len(text) < 4
    return min(max(int(text), 1), MOST_TIERS) if known else 1
