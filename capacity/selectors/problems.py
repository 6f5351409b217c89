"""What the capacity model refuses, with its code."""

from typing import Self

from capacity.formulas.prices import NoPrice
from portal.kernel.errors import Conflict
from portal.kernel.periods import Month


class PriceMissing(Conflict):
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
