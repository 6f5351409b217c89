"""The portal's words, figures and marks for templates. A builtin: no {% load %} needed.

Each is a thin door to formats, marks and beams, which Python code may call as well.
"""

from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from django import template
from django.conf import settings
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from portal.kernel import beams, clock, formats, marks
from portal.kernel.pages import words as page_words

register = template.Library()


def zone() -> ZoneInfo:
    return ZoneInfo(str(settings.ORGANISATION_TIME_ZONE))


# --- figures -----------------------------------------------------------------------


@register.filter
def short(value: formats.Number | None) -> str:
    """520k with the exact figure on hover; — where there is none."""
    if value is None or value == "":
        return formats.BLANK
    if not formats.is_shortened(value):
        return formats.in_full(value)
    return _shortened(value)


@lru_cache(maxsize=8192)
def _shortened(value: formats.Number) -> SafeString:
    # A plan page asks for the same few hundred figures again and again.
    whole = formats.in_full(value)
    plain = whole.replace(",", "").replace(formats.MINUS, "-")
    return mark_safe(  # noqa: S308 - digits only
        f'<data value="{plain}" title="{whole}">{formats.short(value)}</data>'
    )


@register.filter
def full(value: formats.Number | None) -> str:
    return formats.BLANK if value is None else formats.in_full(value)


@register.filter
def money(value: formats.Number | None, currency: str = "USD") -> str:
    """$13,104, cents on hover."""
    if value is None:
        return formats.BLANK
    number = formats.exact(value)
    if number == number.to_integral_value():
        return formats.money(number, currency)
    return format_html(
        '<data value="{}" title="{}">{}</data>',
        f"{number:f}",
        formats.money(number, currency, cents=True),
        formats.money(number, currency),
    )


@register.filter
def hours(value: formats.Number | None, unit: str = "h/week") -> str:
    """46 h/week."""
    if value is None:
        return formats.BLANK
    return format_html('{} <span class="unit">{}</span>', formats.in_full(value), unit)


@register.filter
def share(ratio: formats.Number | None) -> str:
    return formats.BLANK if ratio is None else formats.share(ratio)


@register.filter
def signed(value: formats.Number | None) -> str:
    return formats.BLANK if value is None else formats.signed(value)


@register.simple_tag
def change(before: formats.Number | None, after: formats.Number | None) -> str:
    if before is None or after is None:
        return formats.BLANK
    return formats.change(before, after)


@register.filter
def quarter(value: object) -> str:
    return formats.quarter(value)


# --- days --------------------------------------------------------------------------


def _time(value: date | datetime, words: str, title: str = "") -> SafeString:
    machine = formats.rfc3339(value) if isinstance(value, datetime) else value
    if title:
        return format_html(
            '<time datetime="{}" title="{}">{}</time>', machine, title, words
        )
    return format_html('<time datetime="{}">{}</time>', machine, words)


def _day_of(value: date | datetime) -> date:
    return value.astimezone(zone()).date() if isinstance(value, datetime) else value


@register.filter
def day(value: date | datetime | None) -> str:
    """9 Apr 2026."""
    if not value:
        return formats.BLANK
    return _time(value, formats.day(_day_of(value)))


@register.filter
def minute(value: datetime | None) -> str:
    """9 Apr 2026, 14:16; to the second on hover."""
    if not value:
        return formats.BLANK
    return _time(value, formats.minute(value, zone()), formats.second(value, zone()))


@register.filter
def second(value: datetime | None) -> str:
    """9 Apr 2026, 09:41:07 UTC."""
    return _time(value, formats.second(value, zone())) if value else formats.BLANK


@register.filter
def moment(value: datetime | None) -> str:
    """Today 08:52; the day itself on hover."""
    if not value:
        return formats.BLANK
    words = formats.moment(value, clock.today(clock.now()), zone())
    return _time(value, words, formats.second(value, zone()))


@register.filter(name="clock")
def time_of_day(value: datetime | None) -> str:
    """09:41:07; the day on hover."""
    if not value:
        return formats.BLANK
    words = f"{value.astimezone(zone()):%H:%M:%S}"
    return _time(value, words, formats.second(value, zone()))


@register.simple_tag
def due(on: date | None, today: date) -> SafeString:
    """Tomorrow, with the day below it; a figure of speech and a tone, never one alone."""
    words = format_html(
        '<span class="due {}">{}',
        formats.due_tone(on, today),
        formats.due(on, today),
    )
    if on is None:
        return format_html("{}</span>", words)
    below = _time(on, formats.day(on, year=on.year != today.year))
    return format_html('{}<br><span class="small quiet">{}</span></span>', words, below)


# --- marks -------------------------------------------------------------------------


@register.simple_tag
def icon(name: str, label: str = "", kind: str = "") -> SafeString:
    return marks.icon(name, label, kind)


@register.filter
def status(value: str) -> SafeString:
    return marks.status_mark(str(value))


@register.filter
def status_boxed(value: str) -> SafeString:
    return marks.status_mark(str(value), boxed=True)


@register.simple_tag
def efo(states: Any, note: str = "") -> SafeString:
    """E F O of a version: three states in that order, or a mapping by role."""
    if isinstance(states, dict):
        states = tuple(states[role] for role in ("engineering", "finance", "ops"))
    return marks.signoff_marks(tuple(map(str, states)), note)


@register.simple_tag
def mark(role: str, state: str) -> SafeString:
    """One sign-off mark; role is engineering, finance, ops or its letter."""
    return marks.signoff_mark(role[0].upper(), str(state))


@register.simple_tag
def say(tone: str, words: str) -> SafeString:
    return marks.say(tone, words)


@register.simple_tag
def warned(figure: object, why: str) -> SafeString:
    return marks.warned(str(figure), why)


@register.simple_tag
def beam(
    load: float | Decimal,
    limit: float | Decimal | None,
    words: str,
    kind: beams.Kind = "ceiling",
    was: float | Decimal | None = None,
) -> SafeString:
    """{% beam 43 40 "43 of 40 hours a week, 3 over" kind="ceiling" was=38 %}"""
    drawn = beams.Beam(
        float(load or 0),
        None if limit is None else float(limit),
        kind,
        None if was is None else float(was),
    )
    return beams.beam(drawn, words)


@register.filter
def role_names(roles: Any, function: str = "") -> str:
    """Ops lead · committee chair."""
    return page_words.role_names(roles, function)


# --- requirements ------------------------------------------------------------------


def _is_met(requirement: Any) -> bool:
    if isinstance(requirement, dict):
        return bool(requirement["met"])
    return bool(requirement.met)


@register.filter
def missing_first(requirements: Any) -> list[Any]:
    """What is missing, then what is met, each in the order of the spec."""
    return sorted(requirements, key=_is_met)


@register.simple_tag
def requirements_heading(requirements: Any, to: str) -> str:
    """Missing for live: 1 of 6."""
    missing = sum(1 for requirement in requirements if not _is_met(requirement))
    if not missing:
        return f"Nothing is missing for {to}"
    return f"Missing for {to}: {missing} of {len(requirements)}"
