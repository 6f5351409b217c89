"""The changes of a scenario as a form whose whole state is its address."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.forms.boundfield import BoundField
from django.http import QueryDict

from capacity.formulas.changes import EVERYONE, Changes
from capacity.formulas.forecast import Sized
from capacity.formulas.monte_carlo import MOST_SAMPLES
from capacity.selectors.scenarios import DEFAULT_MONTHS, MOST_MONTHS
from portal.kernel.formats import in_full
from portal.kernel.periods import Month, Quarter
from workloads.selectors.names import workload_names

SAMPLES, SEED = 10_000, 7
MOST_TIMES = 1_000
MOST_QUARTERS = 40
MOST_HOURS = 10_000
LARGEST_SEED = 2**63 - 1
# More rows would make the address longer than servers take; the others are picked.
SHOWN = 12
MOST_ROWS = 48
ADDED = ("users", "sessions", "tokens", "hours", "ships", "model")


@dataclass(frozen=True)
class Slider:
    """A number with a slider beside it: ends and step of the slider, unit of both.

    `of` names it where its label alone does not.
    """

    field: BoundField
    of: str
    most: str
    step: str
    unit: str


@dataclass(frozen=True)
class WorkloadRow:
    """What may change of one workload."""

    ref: str
    name: str
    model: str
    users: int
    users_factor: Slider
    slip: BoundField | None
    drop: BoundField


def _refusals(least: int, most: int) -> dict[str, str]:
    """What is wrong and what it takes, in the portal's words."""
    range_ = f"It takes {in_full(least)} to {in_full(most)}."
    return {
        "invalid": f"That is no number. {range_}",
        "min_value": range_,
        "max_value": range_,
    }


def _number(label: str, most: int, *, places: int = 4, **options: Any) -> forms.Field:
    field = forms.DecimalField(
        label=label,
        min_value=0,
        max_value=most,
        decimal_places=places,
        required=False,
        error_messages=_refusals(0, most),
        **options,
    )
    field.widget.attrs |= {"class": "num", "step": "any"}
    return field


def _whole(label: str, least: int, most: int, **options: Any) -> forms.Field:
    field = forms.IntegerField(
        label=label,
        min_value=least,
        max_value=most,
        required=False,
        error_messages=_refusals(least, most),
        **options,
    )
    field.widget.attrs |= {"class": "num"}
    return field


class ScenarioForm(forms.Form):
    """`users.W-01=2&price.Sonnet=1.25&slip.W-03=1&drop.W-02=on`; what is left out stands
    as it is in the plan."""

    use_required_attribute = False

    def __init__(
        self, query: QueryDict, workloads: Sequence[Sized], today: Month
    ) -> None:
        self.workloads = {one.ref: one for one in workloads}
        self.today = today
        self.defaults: dict[str, Any] = {}
        self.refs = self._refs(query)
        self.models = self._models(query)
        fields = dict(self._fields())
        data = {
            name: str(value) for name, value in self.defaults.items() if value != ""
        }
        data |= {
            name: str(value) for name, value in query.items() if str(value).strip()
        }
        super().__init__(data, auto_id="s_%s")
        self.fields |= fields

    def _refs(self, query: QueryDict) -> list[str]:
        named = [
            name.split(".", 1)[1]
            for name in query
            if name.startswith(("users.", "slip.", "drop."))
        ]
        picked = [*named, *query.getlist("more")]
        some = list(self.workloads)[:SHOWN] if len(self.workloads) <= SHOWN else []
        return [ref for ref in dict.fromkeys([*some, *picked]) if ref][:MOST_ROWS]

    def _models(self, query: QueryDict) -> list[str]:
        used = sorted({one.model for one in self.workloads.values()}, key=str.casefold)
        named = [name.split(".", 1)[1] for name in query if name.startswith("price.")]
        return list(dict.fromkeys([*used, *named]))[:MOST_ROWS]

    def _fields(self) -> Iterator[tuple[str, forms.Field]]:
        yield self._plain("from", forms.CharField(label="From"), str(self.today))
        yield self._plain("months", _whole("Months", 1, MOST_MONTHS), DEFAULT_MONTHS)
        yield self._plain("users", _number("Users of every workload", MOST_TIMES), 1)
        yield self._plain("vacancy", _number("Vacancy", MOST_HOURS, places=2), 0)
        for model in self.models:
            yield self._plain(
                f"price.{model}", _number(f"Price of {model}", MOST_TIMES), 1
            )
        for ref in self.refs:
            yield self._plain(f"users.{ref}", _number("Users", MOST_TIMES), "")
            yield self._plain(f"slip.{ref}", _whole("Slips, Q", 0, MOST_QUARTERS), 0)
            yield self._plain(f"drop.{ref}", forms.BooleanField(label="Drop"), "")
        yield self._plain("samples", _whole("Samples", 0, MOST_SAMPLES), SAMPLES)
        yield self._plain("seed", _whole("Seed", 0, LARGEST_SEED), SEED)
        yield self._plain("add.users", _whole("Users", 0, 1_000_000_000), "")
        yield self._plain(
            "add.sessions", _number("Sessions a user", 100_000, places=2), ""
        )
        yield self._plain("add.tokens", _whole("Tokens a user", 0, 10**12), "")
        yield self._plain("add.hours", _number("Ops hours", MOST_HOURS, places=2), "")
        yield self._plain("add.ships", forms.CharField(label="Ships in"), "")
        yield self._plain("add.model", forms.CharField(label="Model"), "")

    def _plain(
        self, name: str, field: forms.Field, default: Any
    ) -> tuple[str, forms.Field]:
        field.required = False
        self.defaults[name] = default
        return name, field

    # --- What it says ------------------------------------------------------------------

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = self.cleaned_data
        self._read(values, "from", Month.parse, "Write a month like 2026-05.")
        stated = [name for name in ADDED if values.get(f"add.{name}") not in (None, "")]
        if stated:
            for name in ADDED:
                if name not in stated and f"add.{name}" not in self.errors:
                    self.add_error(f"add.{name}", "An added workload needs it.")
            self._read(values, "add.ships", Quarter.parse, "Write it as 2026Q3.")
        return values

    def _read(self, values: dict[str, Any], name: str, parse: Any, takes: str) -> None:
        text = values.get(name)
        if not text:
            return
        try:
            values[name] = parse(text)
        except ValueError:
            self.add_error(name, f"“{text[:20]}”: {takes}")

    @property
    def first(self) -> Month:
        month: Month = self.cleaned_data["from"]
        return month

    @property
    def months(self) -> int:
        return int(self.cleaned_data["months"])

    @property
    def samples(self) -> int:
        return int(self.cleaned_data["samples"] or 0)

    @property
    def seed(self) -> int:
        return int(self.cleaned_data["seed"] or 0)

    @property
    def added(self) -> Mapping[str, Any] | None:
        """A workload that the plan lacks, as inputs of an estimate; or none."""
        values = self.cleaned_data
        if values.get("add.users") is None:
            return None
        return {
            "users": values["add.users"],
            "sessions_per_user_month": values["add.sessions"],
            "declared_tokens_per_user_month": values["add.tokens"],
            "ops_hours_week": values["add.hours"],
            "ship_quarter": values["add.ships"],
            "model": values["add.model"],
        }

    def changes(self, added: Sequence[Sized] = ()) -> Changes:
        values = self.cleaned_data
        factors = {
            ref: values[f"users.{ref}"]
            for ref in self.refs
            if values.get(f"users.{ref}") is not None
        }
        everyone = values["users"]
        if everyone is not None and everyone != 1:
            factors[EVERYONE] = everyone
        return Changes(
            users_factor=factors,
            price_factor={
                model: values[f"price.{model}"]
                for model in self.models
                if values.get(f"price.{model}") not in (None, 1)
            },
            vacancy_hours_week=values["vacancy"] or Decimal(0),
            slip_quarters={
                ref: values[f"slip.{ref}"]
                for ref in self.refs
                if values.get(f"slip.{ref}")
            },
            drop=frozenset(ref for ref in self.refs if values.get(f"drop.{ref}")),
            add=tuple(added),
        )

    def address(self) -> str:
        """What differs from the defaults, in the order of the form: the shortest query
        that says the same."""
        said = []
        for name, default in self.defaults.items():
            value = self.cleaned_data.get(name)
            # 0 is said: no users at all is a scenario.
            if value is None or value == "" or value is False:
                continue
            if value == default or str(value) == str(default):
                continue
            said.append((name, _written(value)))
        named = {name.split(".", 1)[1] for name, _ in said if "." in name}
        picked = [
            ("more", ref)
            for ref in self.refs
            if ref not in named and len(self.workloads) > SHOWN
        ]
        return urlencode([*said, *picked])

    # --- What the page shows -----------------------------------------------------------

    def sliders(self) -> list[Slider]:
        everyone = Slider(self["users"], "Users of every workload", "3", "0.05", "×")
        prices = [
            Slider(self[f"price.{model}"], f"Price of {model}", "3", "0.05", "×")
            for model in self.models
        ]
        return [
            everyone,
            *prices,
            Slider(self["vacancy"], "Vacancy", "80", "1", "h/week"),
        ]

    def rows(self) -> list[WorkloadRow]:
        rows = []
        names = workload_names(ref for ref in self.refs if ref in self.workloads)
        for ref in self.refs:
            one = self.workloads.get(ref)
            slips = one is None or one.status != "live"
            rows.append(
                WorkloadRow(
                    ref=ref,
                    name=names.get(ref, ""),
                    model=one.model if one else "",
                    users=one.users if one else 0,
                    users_factor=Slider(
                        self[f"users.{ref}"], f"Users of {ref}", "3", "0.05", "×"
                    ),
                    slip=self[f"slip.{ref}"] if slips else None,
                    drop=self[f"drop.{ref}"],
                )
            )
        return rows

    def others(self) -> list[str]:
        """Workloads that have no row yet."""
        return [ref for ref in self.workloads if ref not in self.refs]

    def adding(self) -> list[tuple[BoundField, str]]:
        units = ("", "a month", "a month", "h/week", "", "")
        return [
            (self[f"add.{name}"], unit) for name, unit in zip(ADDED, units, strict=True)
        ]

    @property
    def adds(self) -> bool:
        return any(self.data.get(f"add.{name}") for name in ADDED)


def _written(value: Any) -> str:
    if value is True:
        return "on"
    if isinstance(value, Decimal):
        text = f"{value:f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    return str(value)
