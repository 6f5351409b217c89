"""The capacity model in the admin. Importing the subjects registers them."""

from capacity.admin import (
    actuals,
    alerts,
    gates,
    rates,
    recalibration,
    reserve,
    runtime,
    spending,
    staffing,
    usage,
)

__all__ = [
    "actuals",
    "alerts",
    "gates",
    "rates",
    "recalibration",
    "reserve",
    "runtime",
    "spending",
    "staffing",
    "usage",
]
