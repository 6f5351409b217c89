"""People against hours: the ceiling, the load, and what too few people really cost. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from capacity.formulas.rounding import to_cents

WATCH_OVER = Decimal("1.0")
DETECTED_FROM = Decimal("1.3")
WEEKS_A_QUARTER = 13


def full_time_equivalents(hours_week: Decimal, hours_of_one: Decimal) -> Fraction:
    """Hours a week as people: 46 h/week at 40 hours are 1.15."""
    return Fraction(hours_week) / Fraction(hours_of_one)


def ceiling_hours_week(staffed: Decimal, hours_of_one: Decimal) -> Decimal:
    """The ops ceiling: full-time equivalents staffed (vacancies taken off) × hours a week."""
    return staffed * hours_of_one


def load(required_hours_week: Decimal, ceiling: Decimal) -> Fraction | None:
    """required ÷ staffed; None where nobody is staffed. 1.0 is full."""
    if not ceiling:
        return None
    return Fraction(required_hours_week) / Fraction(ceiling)


def hours_missing(required_hours_week: Decimal, ceiling: Decimal) -> Decimal:
    """Hours a week by which the requirement passes the ceiling; 0 where it fits."""
    return max(Decimal(0), required_hours_week - ceiling)


@dataclass(frozen=True, slots=True)
class HiddenFactors:
    """Hours lost for each hour a week that is missing, learned or assumed (1.5 each)."""

    incident: Decimal = Decimal("1.5")
    velocity: Decimal = Decimal("1.5")


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """One staffing level: hours a week staffed and hidden, and their money a week."""

    staffed_hours_week: Decimal
    incident_hours_week: Decimal
    velocity_hours_week: Decimal
    cost_week: Decimal

    @property
    def hidden_hours_week(self) -> Decimal:
        return self.incident_hours_week + self.velocity_hours_week


def cost_at(
    staffed_hours_week: Decimal,
    *,
    required_hours_week: Decimal,
    factors: HiddenFactors,
    ops_hour_price: Decimal,
) -> CurvePoint:
    """(s + hidden) × price of an ops hour; hidden = (incident + velocity) × max(0, r − s).

    Money a week, in cents. Too few people do not save money, they move it.
    """
    short = hours_missing(required_hours_week, staffed_hours_week)
    incident, velocity = factors.incident * short, factors.velocity * short
    cost = (staffed_hours_week + incident + velocity) * ops_hour_price
    return CurvePoint(staffed_hours_week, incident, velocity, to_cents(cost))


def staffing_curve(
    levels_hours_week: Sequence[Decimal],
    *,
    required_hours_week: Decimal,
    factors: HiddenFactors,
    ops_hour_price: Decimal,
) -> list[CurvePoint]:
    """The cost of each staffing level; its lowest point is what the chart marks."""
    return [
        cost_at(
            level,
            required_hours_week=required_hours_week,
            factors=factors,
            ops_hour_price=ops_hour_price,
        )
        for level in levels_hours_week
    ]


def lowest(curve: Sequence[CurvePoint]) -> CurvePoint:
    """The cheapest level, the smaller of two alike."""
    return min(curve, key=lambda point: (point.cost_week, point.staffed_hours_week))


@dataclass(frozen=True, slots=True)
class LoggedQuarter:
    """Hours a week of one ended quarter: required, staffed, and what was lost."""

    required_hours_week: Decimal
    staffed_hours_week: Decimal
    incident_hours_week: Decimal
    velocity_hours_week: Decimal


def learned_factors(quarters: Sequence[LoggedQuarter]) -> HiddenFactors:
    """Hours lost ÷ hours missing over the quarters whose load was over 1.0.

    Without such a quarter the assumed factors stand.
    """
    short = [
        (one, hours_missing(one.required_hours_week, one.staffed_hours_week))
        for one in quarters
    ]
    missing = sum((hours for _, hours in short), Decimal(0))
    if not missing:
        return HiddenFactors()
    over = [one for one, hours in short if hours]
    incident = sum((one.incident_hours_week for one in over), Decimal(0))
    velocity = sum((one.velocity_hours_week for one in over), Decimal(0))
    return HiddenFactors(
        (incident / missing).quantize(Decimal("0.01")),
        (velocity / missing).quantize(Decimal("0.01")),
    )
