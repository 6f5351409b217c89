"""What the capacity model refuses, with its code."""

from decimal import Decimal
from typing import Self

from capacity.formulas.growth import MOST_DIGITS_OF_GROWTH, OutOfReach
from capacity.formulas.prices import NoPrice
from portal.kernel.errors import Conflict, FieldError, Invalid, Unprocessable
from portal.kernel.formats import in_full
from portal.kernel.periods import Month


class NotForecast(Conflict):
    """What the plan or the rate card says cannot be forecast."""


# What the formulas raise then; `not_forecast` makes a problem of it.
UNTOLD = (NoPrice, OutOfReach)


class PriceMissing(NotForecast):
    code = "no_price"
    title = "A model has no price in that month"

    @classmethod
    def of(cls, error: NoPrice) -> Self:
        """Names model and month, and says who can enter the price."""
        month = str(Month.of(error.day))
        model = error.model or "a workload without a model"
        if error.begins is None:
            fact = f"The rate card has no price of {model}."
        else:
            fact = (
                f"The price of {model} begins on {error.begins}, so {month} has none."
            )
        return cls(
            f"{fact} The finance lead can enter one that is valid from {month}-01.",
            extra={"model": error.model, "month": month},
            link="/capacity/rates/",
        )


class GrowthOutOfReach(NotForecast):
    code = "growth_out_of_reach"
    title = "A workload grows beyond what a forecast can tell"

    @classmethod
    def of(cls, error: OutOfReach) -> Self:
        """Names the workload and its growth, and says what to ask for or to change."""
        percent = Decimal(str(error.growth_per_month)) * 100
        detail = (
            f"{error.ref or 'A workload'} grows by {in_full(percent)} % a month; "
            f"{error.months} months of it multiply its users by a number of more than "
            f"{MOST_DIGITS_OF_GROWTH} digits. Earlier months can be asked for, or its "
            "owner can state a lower growth in a new estimate."
        )
        link = f"/workloads/{error.ref}/" if error.ref.startswith("W-") else None
        return cls(detail, extra={"workload": error.ref or None}, link=link)


def not_forecast(error: NoPrice | OutOfReach) -> NotForecast:
    if isinstance(error, NoPrice):
        return PriceMissing.of(error)
    return GrowthOutOfReach.of(error)


class TooManySamples(Unprocessable):
    code = "too_many_samples"
    title = "More samples than one answer draws"

    @classmethod
    def of(cls, samples: int, months: int, inputs: int, most: int) -> Self:
        """Says which numbers multiply, and how many samples these months leave."""
        detail = (
            f"{months:,} months × {samples:,} samples × {inputs:,} uncertain inputs are "
            "more figures than one answer computes. "
        )
        if most < 1:
            detail += "Ask for fewer months, or leave the samples out."
        else:
            detail += (
                f"Ask for at most {most:,} samples, or for fewer months: each input with "
                "a range counts, and the users of each workload."
            )
        field = FieldError("/samples", "too_many_samples", detail)
        return cls(detail, errors=[field], extra={"most_samples": most})


class DecisionRequired(Conflict):
    code = "decision_required"
    title = "Only a committee decision can do this"


class QuarterClosed(Conflict):
    code = "quarter_closed"
    title = "The quarter takes no entries"


class AlreadyEntered(Conflict):
    """Something else was entered for it, which only a correction takes the place of."""

    code = "already_entered"
    title = "Entered already"


class AlreadyCorrected(Conflict):
    code = "already_corrected"
    title = "Corrected already"


class UsageEventsTell(Conflict):
    code = "usage_events"
    title = "Usage events tell this month"


class NotRecalibrated(Conflict):
    code = "not_recalibrated"
    title = "The quarter is not recalibrated"


class QuarterNotEnded(Conflict):
    code = "quarter_not_ended"
    title = "The quarter has not ended"


class QuarterOpen(Conflict):
    code = "quarter_open"
    title = "The quarter is open"


class ReserveNotFixed(Conflict):
    code = "reserve_not_fixed"
    title = "The reserve of the quarter is not fixed yet"


class ReserveTooSmall(Conflict):
    code = "reserve_too_small"
    title = "The reserve does not hold that much"


class ReserveLapsed(Conflict):
    code = "reserve_lapsed"
    title = "The reserve lapsed with its quarter"


class DecisionUsed(Conflict):
    code = "decision_used"
    title = "The decision stands behind another record"


class PeriodUnreadable(Invalid):
    code = "invalid"
    title = "Not a quarter, nor a month"

    @classmethod
    def of(cls, text: str) -> Self:
        detail = f'"{text[:20]}" is not a period; write 2026Q2 or 2026-05.'
        return cls(detail, errors=[FieldError("/period", "invalid", detail)])


class PeriodNotBegun(Conflict):
    code = "period_not_begun"
    title = "The period has not begun"


class NothingObserved(Conflict):
    """A result without observed inputs, or one that is no longer the newest."""

    code = "nothing_observed"
    title = "There is nothing to take over"
