"""Fields, constraints and triggers of the capacity model. No rule, no side effect."""

from capacity.models.actuals import ComputeActual, OpsActual, QuarterEvent, TokenActual
from capacity.models.decisions import (
    Alert,
    Decision,
    DecisionRequest,
    GateEpoch,
    Reservation,
    UserCounter,
)
from capacity.models.gate_records import (
    Account,
    BundleAcknowledgement,
    CeilingProposal,
    GateException,
    MeteredOptIn,
)
from capacity.models.gates import GatePolicy, GateTier
from capacity.models.imports import ActualsImport
from capacity.models.rates import ComputeLine, ModelPrice
from capacity.models.recalibration import (
    RecalibrationLine,
    RecalibrationResult,
    RecalibrationRun,
)
from capacity.models.reserve import ReserveDraw, ReserveSize
from capacity.models.runtime_views import CounterByKey, EventByKey, SpendByKey
from capacity.models.spending import (
    KillSwitch,
    SpendAlert,
    SpendCounter,
    SpendLimit,
)
from capacity.models.staffing import Staffing
from capacity.models.usage import UsageByDay, UsageByHour, UsageDay, UsageHour
from capacity.models.usage_events import (
    QuarantinedEvent,
    UsageArrival,
    UsageEvent,
    UsageKey,
    UsageSession,
    UsageSource,
)

__all__ = [
    "Account",
    "ActualsImport",
    "Alert",
    "BundleAcknowledgement",
    "CeilingProposal",
    "ComputeActual",
    "ComputeLine",
    "CounterByKey",
    "Decision",
    "DecisionRequest",
    "EventByKey",
    "GateEpoch",
    "GateException",
    "GatePolicy",
    "GateTier",
    "KillSwitch",
    "MeteredOptIn",
    "ModelPrice",
    "OpsActual",
    "QuarantinedEvent",
    "QuarterEvent",
    "RecalibrationLine",
    "RecalibrationResult",
    "RecalibrationRun",
    "Reservation",
    "ReserveDraw",
    "ReserveSize",
    "SpendAlert",
    "SpendByKey",
    "SpendCounter",
    "SpendLimit",
    "Staffing",
    "TokenActual",
    "UsageArrival",
    "UsageByDay",
    "UsageByHour",
    "UsageDay",
    "UsageEvent",
    "UsageHour",
    "UsageKey",
    "UsageSession",
    "UsageSource",
    "UserCounter",
]
