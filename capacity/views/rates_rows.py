"""What the tables of "Rates and staffing" say: in force, to come, past, replaced."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from capacity.formulas.staffing import hours_missing
from capacity.models import ComputeLine, ModelPrice, Staffing
from capacity.selectors.ops_load import OpsHours
from capacity.selectors.rate_gaps import Gap
from portal.kernel.formats import day, in_full, listed, money
from portal.kernel.pages.words import count_word
from portal.kernel.periods import Quarter
from workloads.enums import COUNTED

Dated = ModelPrice | ComputeLine
IN_FORCE, TO_COME, PAST, REPLACED = "in force", "to come", "past", "replaced"


@dataclass(frozen=True)
class Line:
    """One row of a dated table and where it stands on a day."""

    row: Any
    state: str

    @property
    def counts(self) -> bool:
        return self.state in {IN_FORCE, TO_COME}


def standing(rows: Iterable[Dated], today: date) -> list[Line]:
    """`rows` by name, newest day first, and of one day the last entered first."""
    lines, seen, begun = [], set(), set()
    for row in rows:
        name = row.model if isinstance(row, ModelPrice) else row.line
        if (name, row.valid_from) in seen:
            state = REPLACED
        elif row.valid_from > today:
            state = TO_COME
        else:
            state = PAST if name in begun else IN_FORCE
            begun.add(name)
        seen.add((name, row.valid_from))
        lines.append(Line(row, state))
    return lines


def unit_price(amount: Decimal | None, currency: str) -> str:
    """$3.00, and $0.075 where cents do not hold it."""
    if amount is None:
        return ""
    whole, _, places = f"{amount:f}".partition(".")
    kept = places.rstrip("0")
    if len(kept) <= 2:
        return money(amount, currency, cents=True)
    return f"{money(int(whole), currency)}.{kept}"


def price_line(line: Line) -> dict[str, Any]:
    row: ModelPrice = line.row
    return {
        "model": row.model,
        "model_class": row.model_class,
        "from": day(row.valid_from),
        "state": line.state,
        "given": unit_price(row.input_per_million, row.currency),
        "cached": unit_price(row.cached_input_per_million, row.currency),
        "made": unit_price(row.output_per_million, row.currency),
        "batch": _batch(row),
        "aliases": ", ".join(row.aliases),
        **_entered(row),
    }


def _batch(row: ModelPrice) -> str:
    prices = (row.batch_input_per_million, row.batch_output_per_million)
    if prices == (None, None):
        return ""
    return " / ".join(unit_price(one, row.currency) or "as single" for one in prices)


def compute_line(line: Line) -> dict[str, Any]:
    row: ComputeLine = line.row
    by_session = row.amount_per_session_month is not None
    amount = row.amount_per_session_month if by_session else row.amount_per_month
    return {
        "line": row.line,
        "from": day(row.valid_from),
        "state": line.state,
        "amount": unit_price(amount, row.currency),
        "per": "a session and month" if by_session else "a month",
        "free": amount == 0,
        **_entered(row),
    }


def _entered(row: Any) -> dict[str, Any]:
    by = row.entered_by
    return {
        "at": row.entered_at,
        "by": by.display_name if by else "the system",
        "reason": row.reason,
    }


def staffing_line(
    quarter: Quarter, row: Staffing | None, hours: OpsHours
) -> dict[str, Any]:
    """People, ceiling and what the plan needs of it; `row` None is no staffing."""
    needed = hours.load(quarter, COUNTED).hours_week
    ceiling = hours.ceilings.get(quarter)
    shown = {"quarter": quarter.label, "row": row, "needed": needed, "ceiling": ceiling}
    if row is None or ceiling is None:
        return {**shown, "words": "No ceiling yet: nothing commits into it."}
    over = hours_missing(needed, ceiling)
    room = f"{in_full(over)} over" if over else f"room for {in_full(ceiling - needed)}"
    return {
        **shown,
        **_entered(row),
        "staffed": row.full_time_equivalents - row.vacancies,
        "words": f"{in_full(needed)} of {in_full(ceiling)} h/week, {room}",
        "over": bool(over),
    }


def gap_words(gap: Gap) -> str:
    needs = "need" if len(gap.refs) > 1 else "needs"
    who = listed(gap.refs[:6]) + (
        f" and {len(gap.refs) - 6} more" if len(gap.refs) > 6 else ""
    )
    if gap.begins is None:
        return f"The rate card has no price of {gap.model}, which {who} {needs}."
    return (
        f"The price of {gap.model} begins on {day(gap.begins)}; {who} {needs} one from "
        f"{day(gap.month.first_day)} on."
    )


def lede(prices: Sequence[Line], lines: Sequence[Line], here: dict[str, Any]) -> str:
    """The state in a sentence that a person could read out."""
    models = sum(line.state == IN_FORCE for line in prices)
    costs = sum(line.state == IN_FORCE for line in lines)
    has = "model has" if models == 1 else "models have"
    stands = "compute line is" if costs == 1 else "compute lines are"
    return (
        f"{count_word(models)} {has} a price, and {count_word(costs).lower()} {stands} "
        f"in force. {here['quarter']}: {here['words'].rstrip('.')}."
    )
