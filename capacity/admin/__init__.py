"""The capacity model in the admin. Importing the subjects registers them."""

from capacity.admin import actuals, rates, recalibration, reserve, staffing, usage

__all__ = ["actuals", "rates", "recalibration", "reserve", "staffing", "usage"]
