"""A ship quarter that passed without its workload: weighed there, the same everywhere."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from capacity.services.estimates import Sizing
from capacity.views.estimates import consequences
from portal.kernel.periods import Quarter
from tests.conftest import NOW
from tests.workloads import stories
from workloads.enums import Status
from workloads.rules.requirements import StepRequest
from workloads.selectors.estimates import inputs_of
from workloads.selectors.plan import get_workload
from workloads.selectors.quarters import weighed_in
from workloads.selectors.requirements import requirements_for
from workloads.views.effects import effects_of

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(days=150)
HERE = Quarter(2026, 4)


def test_what_does_not_count_yet_is_weighed_in_its_ship_quarter(cast) -> None:
    workload = stories.planned(cast, ship_quarter="2026Q2")

    assert weighed_in(workload, HERE) == weighed_in(workload) == Quarter(2026, 2)


def test_what_counts_goes_on_in_the_present_quarter(cast) -> None:
    workload = stories.committed(cast, ship_quarter="2026Q2")

    assert weighed_in(workload, HERE) == HERE


def test_without_a_ship_quarter_it_is_weighed_nowhere(cast) -> None:
    assert weighed_in(stories.proposed(cast, ship_quarter="")) is None


def test_requirement_form_and_approvals_name_the_same_quarter(cast) -> None:
    """6 stable hours and 12 of a first quarter: 18, in the quarter that passed."""
    workload = stories.planned(cast, ship_quarter="2026Q2")
    stories.staffed(cast, "2026Q2")
    workload = get_workload("W-01")
    estimate = workload.submitted_estimate
    assert estimate is not None

    step = StepRequest(Status.COMMITTED)
    required = next(
        one
        for one in requirements_for(workload, step=step, now=LATER)
        if one.code == "ops_headroom"
    )
    sizing = Sizing(date(2026, 10, 9))
    budgets = sizing.unpriced(inputs_of(estimate))
    [panel] = consequences(workload, budgets, sizing, LATER)
    note = effects_of(estimate, date(2026, 10, 9))["effect_note"]

    assert "2026-Q2 needs 18 h/week with W-01" in required.message
    form = panel.context["hours"]
    assert (form.quarter, form.load, form.was) == ("2026-Q2", Decimal(18), Decimal(0))
    assert "6 h/week count in 2026-Q2" in note
    assert "12 more while that is its first quarter" in note
