"""What each form of "Rates and staffing" enters, by which use case, and what is said."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from capacity.enums import Budget
from capacity.forms.rates import ReserveForm
from capacity.services.rates import NewLine, NewPrice, enter_line, enter_price
from capacity.services.reserve import draw_reserve, fix_reserve
from capacity.services.staffing import enter_staffing
from portal.kernel.formats import day, in_full, money, quarter
from portal.kernel.models import User
from portal.kernel.periods import Quarter
from portal.kernel.selectors import numbers

STOOD = "It stood there already: nothing is changed."


@dataclass(frozen=True)
class Door:
    """A form: which action opens it, where it stands, what its units are."""

    action: str
    anchor: str
    label: str
    button: str
    units: Mapping[str, str] = field(default_factory=dict)


_PER_MILLION = dict.fromkeys(
    (
        "input_per_million",
        "cached_input_per_million",
        "output_per_million",
        "batch_input_per_million",
        "batch_output_per_million",
    ),
    "/million tokens",
)
DOORS: Mapping[str, Door] = {
    "price": Door(
        "rates.change", "prices", "Enter a price", "Enter the price", _PER_MILLION
    ),
    "line": Door("lines.change", "lines", "Enter a compute line", "Enter the line"),
    "staffing": Door(
        "staffing.change", "staffing", "Enter staffing", "Enter the people"
    ),
    "reserve": Door(
        "reserve.record",
        "reserve",
        "Fix or rebalance a reserve",
        "Record the size",
        {"percent": "%"},
    ),
    "draw": Door("reserve.record", "reserve", "Draw on a reserve", "Record the draw"),
}


def enter(kind: str, form: Any, *, actor: User, now: datetime) -> str:
    """Run the form's use case; what the page then says. Raises what it raises."""
    run = {
        "price": _price,
        "line": _line,
        "staffing": _staffing,
        "reserve": _size,
        "draw": _draw,
    }[kind]
    return run(form, actor, now)


def _price(form: Any, actor: User, now: datetime) -> str:
    sent = dict(form.cleaned_data)
    reason = sent.pop("reason")
    price = NewPrice(
        model_class=sent.pop("class"), currency=numbers.current().currency, **sent
    )
    entry = enter_price(actor=actor, price=price, reason=reason, now=now)
    if not entry.is_new:
        return STOOD
    return f"{entry.row.model} has a new price from {day(entry.row.valid_from)} on."


def _line(form: Any, actor: User, now: datetime) -> str:
    sent = dict(form.cleaned_data)
    reason = sent.pop("reason")
    line = NewLine(currency=numbers.current().currency, **sent)
    entry = enter_line(actor=actor, line=line, reason=reason, now=now)
    if not entry.is_new:
        return STOOD
    return f"{entry.row.line} has a new amount from {day(entry.row.valid_from)} on."


def _staffing(form: Any, actor: User, now: datetime) -> str:
    sent = dict(form.cleaned_data)
    sent["quarter"] = Quarter.parse(sent["quarter"])
    entry = enter_staffing(actor=actor, now=now, **sent)
    if not entry.is_new:
        return STOOD
    there = entry.row.full_time_equivalents - entry.row.vacancies
    return f"{quarter(entry.row.quarter)} has {in_full(there)} FTE staffed."


def _size(form: ReserveForm, actor: User, now: datetime) -> str:
    sent = form.cleaned_data
    entry = fix_reserve(
        actor=actor,
        quarter=Quarter.parse(sent["quarter"]),
        ratio=form.ratio(),
        decision=sent["decision"],
        reason=sent["reason"],
        now=now,
    )
    if not entry.is_new:
        return STOOD
    amount = money(entry.row.amount, entry.row.currency)
    return f"The reserve of {quarter(entry.row.quarter)} holds {amount}."


def _draw(form: Any, actor: User, now: datetime) -> str:
    sent = dict(form.cleaned_data)
    sent["quarter"] = Quarter.parse(sent["quarter"])
    sent["budget"] = Budget(sent["budget"])
    entry = draw_reserve(actor=actor, now=now, **sent)
    if not entry.is_new:
        return STOOD
    amount = money(entry.row.amount, entry.row.currency)
    return f"{amount} is drawn for {entry.row.budget} in {quarter(entry.row.quarter)}."
