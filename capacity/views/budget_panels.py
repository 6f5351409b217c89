"""The four panels of a quarter: three budgets that never touch, and the reserve."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.utils.safestring import SafeString

from capacity.formulas.forecast import MonthForecast, Sized
from capacity.selectors.budgets import QuarterForecast
from capacity.selectors.outlook import Outlook
from capacity.views.budget_words import dated, name_of, rounded, sessions_of
from capacity.views.drawn import ops_of
from capacity.views.stress_words import stress_rows
from portal.kernel import beams, formats
from portal.kernel.periods import Quarter
from portal.kernel.templatetags import look
from workloads.enums import Status

MOST_NAMED = 8
QUARTERS_IN_PANEL = 3


@dataclass(frozen=True)
class Beside:
    """A quarter's hours on one line of the ops panel."""

    name: str
    words: str
    tone: str
    beam: SafeString


@dataclass(frozen=True)
class Panel:
    """`hero` with its unit, one line, and each formula with the numbers put in."""

    hero: str
    unit: str
    line: str
    formulas: Sequence[str]
    refused: str = ""
    beams: Sequence[Beside] = ()
    parts: Sequence[tuple[str, str]] = field(default=())
    apart: str = ""


def tokens_panel(outlook: Outlook) -> Panel:
    shown, last, currency = outlook.shown, outlook.last_month, outlook.currency
    tokens = look.short(shown.tokens.total)
    if shown.tokens_cost is None:
        refused = shown.no_price.detail if shown.no_price else ""
        line = "No cost can be told."
        return Panel(tokens, "tokens in the quarter", line, (), refused=refused)
    return Panel(
        hero=look.money(shown.tokens_cost, currency),
        unit="in the quarter",
        line=(
            f"{formats.short(shown.tokens.total)} tokens · "
            f"{formats.money(last.tokens_cost, currency)} a month in {name_of(last)}"
        ),
        formulas=_token_formulas(outlook, last),
        apart=_not_live(outlook),
    )


def _not_live(outlook: Outlook) -> str:
    """Why actuals may lie far below the line: what is forecast and not used yet."""
    if not outlook.spent:
        return ""
    here = Quarter.of(outlook.today, outlook.on.numbers.fiscal_year_starts)
    late = [
        one.ref
        for one in outlook.on.plan.sized
        if one.status == Status.COMMITTED and one.first_quarter <= here
    ]
    if not late:
        return ""
    named = (
        formats.listed(late) if len(late) <= MOST_NAMED else f"{len(late)} workloads"
    )
    verb = "is" if len(late) == 1 else "are"
    return f"The line counts {named}, which {verb} committed and not live: no actual."


def _token_formulas(outlook: Outlook, month: MonthForecast) -> list[str]:
    """Of each workload in the quarter's last month; of many, the dearest."""
    ramp = ", ".join(
        formats.in_full(share * 100) for share in outlook.on.current.adoption_ramp
    )
    sized = {one.ref: one for one in outlook.on.plan.sized}
    dearest = sorted(
        month.by_workload, key=lambda ref: -month.by_workload[ref].tokens_cost
    )[:MOST_NAMED]
    words = [
        f"Each workload and month: users × tokens/user/month × adoption ({ramp} % from "
        "its first month on) × growth, input and output priced apart. "
        f"In {dated(month)}:"
    ]
    words += [_token_formula(outlook, sized[ref], month) for ref in dearest]
    left = len(month.by_workload) - len(dearest)
    return [*words, f"and {left} more by workload."] if left else words


def _token_formula(outlook: Outlook, one: Sized, month: MonthForecast) -> str:
    part, currency = month.by_workload[one.ref], outlook.currency
    price = outlook.on.rates.card.price(one.model, month.month.first_day)
    return (
        f"{one.ref}: {formats.in_full(one.users)} users × "
        f"{formats.short(one.per_user.total)} = {formats.short(part.tokens.total)} tokens, "
        f"{formats.short(part.tokens.input_tokens)} in at "
        f"{formats.money(price.input_per_million, currency, cents=True)} and "
        f"{formats.short(part.tokens.output_tokens)} out at "
        f"{formats.money(price.output_per_million, currency, cents=True)} a million on "
        f"{one.model} = {formats.money(part.tokens_cost, currency)}."
    )


def compute_panel(outlook: Outlook) -> Panel:
    shown, currency = outlook.shown, outlook.currency
    busiest = shown.busiest
    peaks, headroom = busiest.compute.peaks, outlook.on.numbers.headroom
    share = formats.share(headroom)
    return Panel(
        hero=formats.in_full(shown.capacity_sessions),
        unit=f"sessions to buy, {name_of(busiest)}",
        line=(
            f"{formats.money(shown.compute_cost, currency)} in the quarter · peak "
            f"{sessions_of(peaks.platform)} + {share} headroom"
        ),
        formulas=(
            f"The highest of 168 hours of the sum × (1 + {share}) = "
            f"{formats.in_full(rounded(peaks.platform))} × {1 + headroom} = "
            f"{formats.in_full(shown.capacity_sessions)} sessions, rounded up.",
            _compute_cost(outlook, busiest),
            f"The peaks added up would be {sessions_of(peaks.sum_of_peaks)}: sharing saves "
            f"{sessions_of(peaks.saved_by_sharing)} sessions before headroom.",
        ),
    )


def _compute_cost(outlook: Outlook, month: MonthForecast) -> str:
    compute, currency = month.compute, outlook.currency
    each = outlook.on.rates.lines.per_session(month.month.first_day)
    words = (
        f"Cost in {dated(month)} = {formats.money(compute.fixed_cost, currency)} fixed + "
        f"{formats.in_full(compute.capacity_sessions)} × "
        f"{formats.money(each, currency, cents=True)} = "
        f"{formats.money(compute.cost, currency)}."
    )
    if each:
        return words
    return f"{words} A session costs nothing: models are bought per token."


def ops_panel(outlook: Outlook) -> Panel:
    ops = ops_of(outlook.shown)
    load, numbers = ops.load, outlook.on.numbers
    fte = formats.in_full(rounded(ops.full_time_equivalents, 3).normalize())
    hours = formats.in_full(load.hours_week)
    quarters = outlook.from_quarter(0, QUARTERS_IN_PANEL)
    longest = max(float(ops_of(one).load.hours_week) for one in quarters)
    uplift = formats.in_full(numbers.first_quarter_uplift_hours_week)
    return Panel(
        hero=hours,
        unit=f"h/week = {fte} FTE",
        line=(
            f"{formats.in_full(load.stable)} stable + "
            f"{formats.in_full(load.first_quarter)} first quarter + "
            f"{formats.in_full(load.platform)} platform"
        ),
        formulas=(
            f"Σ stable hours + {uplift} for each that ships in the quarter + "
            f"{formats.in_full(numbers.platform_hours_week)} for the platform, from the "
            f"second workload on = {_stable_sum(outlook)} + {_uplift_sum(outlook)} + "
            f"{formats.in_full(load.platform)} = {hours} h/week.",
            f"{hours} ÷ {formats.in_full(numbers.hours_per_full_time_equivalent)} = {fte} "
            "full-time equivalents.",
        ),
        beams=[_beside(one, longest) for one in quarters],
    )


def _stable_sum(outlook: Outlook) -> str:
    """5 × 6; (6 + 4); of many that differ, their sum alone."""
    there = Counter(one.ops_hours_week for one in _there(outlook))
    if not 0 < len(there) <= MOST_NAMED:
        return formats.in_full(ops_of(outlook.shown).load.stable)
    parts = [
        formats.in_full(hours) if count == 1 else f"{count} × {formats.in_full(hours)}"
        for hours, count in there.items()
    ]
    return parts[0] if len(parts) == 1 else f"({' + '.join(parts)})"


def _uplift_sum(outlook: Outlook) -> str:
    """2 × 12."""
    shipping = sum(one.first_quarter == outlook.quarter for one in _there(outlook))
    uplift = outlook.on.numbers.first_quarter_uplift_hours_week
    return f"{shipping} × {formats.in_full(uplift)}"


def _there(outlook: Outlook) -> list[Sized]:
    starts = outlook.on.numbers.fiscal_year_starts
    first = outlook.quarter.months(starts)[0]
    return [
        one
        for one in outlook.on.plan.sized
        if one.first_quarter <= outlook.quarter
        and (one.retired is None or one.retired.index >= first.index)
    ]


def _beside(one: QuarterForecast, longest: float) -> Beside:
    ops = ops_of(one)
    hours, ceiling = ops.load.hours_week, ops.ceiling_hours_week
    limit = None if ceiling is None else float(ceiling)
    words, tone = _against(hours, ceiling)
    drawn = beams.Beam(float(hours), limit, longest=longest)
    label = one.quarter.label
    return Beside(label, words, tone, beams.beam(drawn, f"{label}: {words}"))


def _against(hours: Decimal, ceiling: Decimal | None) -> tuple[str, str]:
    if ceiling is None:
        return f"{formats.in_full(hours)}, no ceiling yet", "muted"
    words = f"{formats.in_full(hours)} of {formats.in_full(ceiling)}"
    if ceiling:
        words += f" · {formats.share(rounded(hours / ceiling, 4))}"
    if hours > ceiling:
        return f"{words}, {formats.in_full(hours - ceiling)} h over", "stop"
    return f"{words}, room for {formats.in_full(ceiling - hours)} h", "muted"


def reserve_panel(outlook: Outlook) -> dict[str, Any]:
    """The only place where the three meet; nothing of it where a price is missing."""
    reserve = outlook.reserve
    if reserve is None:
        return {
            "refused": "It is a share of the three budgets, and tokens have no cost."
        }
    currency, left = reserve.currency, reserve.left
    ratio = f"{formats.in_full((reserve.ratio * 100).normalize())} %"
    whole = formats.money(reserve.amount, currency)
    kept = left / reserve.amount if reserve.amount else Decimal(0)
    return {
        "hero": look.money(left, currency),
        "beam": beams.beam(
            beams.Beam(float(left), float(reserve.amount), kind="stock"),
            f"{formats.money(left, currency)} of {whole} left",
        ),
        "line": f"{formats.share(kept)} of {whole}, held as {ratio} of each budget",
        "parts": [
            ("from tokens", look.money(reserve.parts.from_tokens, currency)),
            ("from compute", look.money(reserve.parts.from_compute, currency)),
            ("from ops", look.money(reserve.parts.from_ops, currency)),
            ("drawn", look.money(-reserve.drawn, currency)),
        ],
        "provisional": reserve.provisional,
        "stress": stress_rows(
            outlook.stress,
            currency=currency,
            starts=outlook.on.current.fiscal_year_starts,
        ),
        "formula": (
            f"{ratio} of tokens, of compute, and of ops hours × 13 weeks × "
            f"{formats.money(outlook.on.current.ops_hour_price, currency, cents=True)}."
        ),
    }
