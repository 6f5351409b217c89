"""Actual against forecast in money, split into volume, mix and price. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from capacity.formulas.rounding import quotient, to_cents


@dataclass(frozen=True, slots=True)
class Line:
    """One priced line (a workload, a model and a kind of token): quantity × unit price."""

    quantity: Decimal | int
    unit_price: Decimal


@dataclass(frozen=True, slots=True)
class Variance:
    """Money in cents; volume + mix + price is the whole difference."""

    forecast: Decimal
    actual: Decimal
    volume: Decimal
    mix: Decimal
    price: Decimal

    @property
    def difference(self) -> Decimal:
        return self.actual - self.forecast


def variance(lines: Sequence[tuple[Line, Line]]) -> Variance:
    """(forecast, actual) of each line, split the way controllers do.

    volume = (Q actual − Q forecast) × mean forecast price · mix = Σ (q actual − q forecast)
    × p forecast − volume · price = Σ (p actual − p forecast) × q actual. Where nothing was
    forecast there is no mean price: all of the quantity is mix. What rounding to cents
    leaves over stands in the mix, so the parts sum to the whole.
    """
    forecast = sum((_amount(one) for one, _ in lines), Fraction(0))
    actual = sum((_amount(other) for _, other in lines), Fraction(0))
    planned = sum((Fraction(one.quantity) for one, _ in lines), Fraction(0))
    used = sum((Fraction(other.quantity) for _, other in lines), Fraction(0))
    mean = forecast / planned if planned else Fraction(0)
    price = sum(
        (
            (Fraction(other.unit_price) - Fraction(one.unit_price))
            * Fraction(other.quantity)
            for one, other in lines
        ),
        Fraction(0),
    )
    volume = _cents((used - planned) * mean)
    by_price = _cents(price)
    difference = _cents(actual) - _cents(forecast)
    return Variance(
        forecast=_cents(forecast),
        actual=_cents(actual),
        volume=volume,
        mix=difference - volume - by_price,
        price=by_price,
    )


def outlook(
    actual_by_month: Sequence[Decimal | None], forecast_by_month: Sequence[Decimal]
) -> Decimal:
    """The year's end at this pace, in cents: actuals so far, and for each month to come
    its forecast × (actuals so far ÷ their forecast). Without actuals, the forecast."""
    known = [
        (actual, forecast)
        for actual, forecast in zip(actual_by_month, forecast_by_month, strict=True)
        if actual is not None
    ]
    spent = sum((actual for actual, _ in known), Decimal(0))
    expected = sum((forecast for _, forecast in known), Decimal(0))
    pace = Fraction(spent) / Fraction(expected) if expected else Fraction(1)
    ahead = sum(forecast_by_month, Decimal(0)) - expected
    return spent + _cents(Fraction(ahead) * pace)


def _amount(line: Line) -> Fraction:
    return Fraction(line.quantity) * Fraction(line.unit_price)


def _cents(value: Fraction) -> Decimal:
    return to_cents(quotient(value.numerator, value.denominator))
