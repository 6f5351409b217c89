"""Scenarios: a changed plan beside the plan. Nothing is kept of it."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response

from capacity.api.scenario_rows import ScenarioAnswer, shown_scenario
from capacity.formulas.changes import NOTHING, Changes
from capacity.formulas.monte_carlo import MOST_SAMPLES
from capacity.selectors.added import added_workloads
from capacity.selectors.forecast import ground
from capacity.selectors.problems import (
    GrowthOutOfReach,
    PriceMissing,
    TooManySamples,
)
from capacity.selectors.scenarios import (
    DEFAULT_MONTHS,
    MOST_MONTHS,
    stage,
)
from portal.kernel import clock
from portal.kernel.api.fields import (
    LARGEST_INTEGER,
    Integer,
    Listed,
    MonthField,
    Number,
    QuarterField,
)
from portal.kernel.api.operations import operation
from portal.kernel.api.parameters import OneOf
from portal.kernel.api.serializers import StrictSerializer
from portal.kernel.api.views import WeighbridgeView
from portal.kernel.enums import Scope
from portal.kernel.periods import Month
from portal.kernel.reach import require_in_reach
from workloads.api.fields import ModelTierField
from workloads.api.inputs import EstimateBody
from workloads.enums import COUNTED, Status

MOST_TIMES = 1_000
MOST_QUARTERS = 40
MOST_HOURS = 10_000
MOST_NAMES = 2_000
MOST_ADDED = 20
LONGEST_NAME = 100


class _ByName(serializers.Field):
    """An object of numbers by reference, or by model."""

    child: serializers.Field

    def __init__(self, child: serializers.Field) -> None:
        super().__init__(required=False)
        self.child = child

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, dict):
            raise ValidationError("It takes an object.", "invalid")
        if len(data) > MOST_NAMES:
            raise ValidationError(f"It takes at most {MOST_NAMES} names.", "max_length")
        values: dict[str, Any] = {}
        errors: dict[str, Any] = {}
        for name, value in data.items():
            try:
                values[_known_length(name)] = self.child.run_validation(value)
            except ValidationError as error:
                errors[name[:LONGEST_NAME]] = error.detail
        if errors:
            raise ValidationError(errors)
        return values

    def to_representation(self, value: Any) -> Any:
        return value


def _known_length(name: str) -> str:
    if len(name) > LONGEST_NAME:
        raise ValidationError("The name is too long.", "max_length")
    return name


@extend_schema_field(
    {
        "type": "object",
        "additionalProperties": {
            "type": "number",
            "minimum": 0,
            "maximum": MOST_TIMES,
        },
    }
)
class Factors(_ByName):
    """Multipliers: 1.25 is a quarter more."""

    def __init__(self) -> None:
        super().__init__(Number(min_value=0, max_value=MOST_TIMES))


@extend_schema_field(
    {
        "type": "object",
        "additionalProperties": {
            "type": "integer",
            "minimum": 0,
            "maximum": MOST_QUARTERS,
        },
    }
)
class QuartersLater(_ByName):
    """Whole quarters by reference."""

    def __init__(self) -> None:
        super().__init__(Integer(min_value=0, max_value=MOST_QUARTERS))


class AddedBody(EstimateBody):
    """A workload that the plan lacks: an estimate's inputs, when it ships, and on what."""

    ship_quarter = QuarterField()
    model_tier = ModelTierField()


class ScenarioBody(StrictSerializer):
    """What changes. Nothing given is the plan as it stands."""

    months = Integer(min_value=1, max_value=MOST_MONTHS, required=False)
    users_factor = Factors()
    price_factor = Factors()
    vacancy_hours_week = Number(min_value=0, max_value=MOST_HOURS, required=False)
    slip_quarters = QuartersLater()
    drop = Listed(
        serializers.CharField(max_length=LONGEST_NAME),
        max_length=MOST_NAMES,
        required=False,
    )
    add = Listed(AddedBody(), max_length=MOST_ADDED, required=False)
    samples = Integer(
        min_value=1,
        max_value=MOST_SAMPLES,
        required=False,
        allow_null=True,
        help_text="Of a Monte Carlo run over the inputs' ranges; none without it. Months × "
        "samples × uncertain inputs are bounded: 422 says how many samples there may be.",
    )
    seed = Integer(min_value=0, max_value=LARGEST_INTEGER, required=False)

    def get_fields(self) -> dict[str, serializers.Field]:
        # A word of Python's, so it cannot be a name in the class.
        return {"from": MonthField(required=False), **super().get_fields()}


class ScenariosView(WeighbridgeView):
    @operation(
        scope=Scope.PLAN_READ,
        body=ScenarioBody,
        answer=ScenarioAnswer,
        parameters={
            "status": OneOf(
                (Status.PLANNED, Status.CANDIDATE),
                many=True,
                description="Counts these too, candidates where they are estimated.",
            ),
        },
        problems=(PriceMissing, GrowthOutOfReach, TooManySamples),
    )
    def post(self) -> Response:
        """Play a scenario beside the plan, and see whether the reserve absorbs it.

        It writes nothing: the plan is read, changed in memory, and forgotten.
        """
        body = self.body
        today = Month.of(clock.today(self.now))
        first = body.get("from", today)
        require_in_reach("/from", first, today)
        on = ground((*COUNTED, *(self.query["status"] or ())))
        played = stage(first, body.get("months", DEFAULT_MONTHS), on)
        changes = Changes(
            users_factor=body.get("users_factor", {}),
            price_factor=body.get("price_factor", {}),
            vacancy_hours_week=body.get("vacancy_hours_week", NOTHING),
            slip_quarters=body.get("slip_quarters", {}),
            drop=frozenset(body.get("drop", ())),
            add=added_workloads(body.get("add", ()), self.now, played.ground.current),
        )
        outcome = played.play(changes)
        samples = body.get("samples")
        sampled = (
            played.sample(changes, samples=samples, seed=body.get("seed", 1))
            if samples
            else None
        )
        return self.answer(
            shown_scenario(played, outcome, played.stress(today), sampled)
        )
