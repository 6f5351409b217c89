"""Fields, constraints and triggers of the capacity model. No rule, no side effect."""

from capacity.models.actuals import ComputeActual, OpsActual, QuarterEvent, TokenActual
from capacity.models.imports import ActualsImport
from capacity.models.rates import ComputeLine, ModelPrice
from capacity.models.recalibration import (
    RecalibrationLine,
    RecalibrationResult,
    RecalibrationRun,
)
from capacity.models.reserve import ReserveDraw, ReserveSize
from capacity.models.staffing import Staffing
from capacity.models.usage import UsageByDay, UsageByHour, UsageDay, UsageHour

__all__ = [
    "ActualsImport",
    "ComputeActual",
    "ComputeLine",
    "ModelPrice",
    "OpsActual",
    "QuarterEvent",
    "RecalibrationLine",
    "RecalibrationResult",
    "RecalibrationRun",
    "ReserveDraw",
    "ReserveSize",
    "Staffing",
    "TokenActual",
    "UsageByDay",
    "UsageByHour",
    "UsageDay",
    "UsageHour",
]
