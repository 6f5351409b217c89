"""Submitting prices the three budgets and freezes them; without a price it is refused."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, transaction

from capacity.enums import ModelClass
from capacity.models import ComputeLine, ModelPrice
from portal.kernel.models import AuditEntry
from portal.kernel.services.numbers import change_numbers
from tests.conftest import NOW
from tests.workloads import stories
from workloads.enums import EstimateState, Shape, Status
from workloads.models import Estimate
from workloads.rules.requirements import StepRequest
from workloads.selectors.requirements import requirements_for
from workloads.services.errors import EstimateIncomplete
from workloads.services.estimates import submit_estimate

pytestmark = pytest.mark.django_db


def enter_price(model: str, price: str, valid_from: date) -> ModelPrice:
    return ModelPrice.objects.create(
        model=model,
        model_class=ModelClass.STANDARD,
        valid_from=valid_from,
        input_per_million=Decimal(price),
        cached_input_per_million=Decimal(price),
        output_per_million=Decimal(price),
        currency="USD",
        entered_at=NOW,
    )


def submit(estimate: Estimate, actor, now=NOW) -> Estimate:
    return submit_estimate(
        number=estimate.workload.number,
        version=estimate.version,
        actor=actor,
        now=now,
    )


def complete(workload):
    [found] = [
        one
        for one in requirements_for(
            workload, step=StepRequest(to=Status.PLANNED), now=NOW
        )
        if one.code == "estimate_complete"
    ]
    return found


def refused(workload, cast, **inputs) -> EstimateIncomplete:
    """The refusal of a submit, after which nothing has moved."""
    draft = stories.drafted(workload, cast.sarah, **inputs)
    entries = AuditEntry.objects.count()
    with pytest.raises(EstimateIncomplete) as problem, transaction.atomic():
        submit(draft, cast.sarah)
    kept = Estimate.objects.get(pk=draft.pk)
    assert (kept.state, kept.budgets, kept.sha256) == (EstimateState.DRAFT, None, "")
    assert AuditEntry.objects.count() == entries
    return problem.value


# --- what is frozen ------------------------------------------------------------------


def test_the_first_workload_freezes_what_the_model_says(cast):
    ComputeLine.objects.create(
        line="inference_endpoint",
        valid_from=date(2025, 1, 1),
        amount_per_session_month=Decimal(50),
        currency="USD",
        entered_at=NOW,
    )

    estimate = stories.submitted(stories.proposed(cast), cast.sarah)

    tokens, compute = estimate.budgets["tokens"], estimate.budgets["compute"]
    assert tokens["cost_per_month"] == "13104.00"
    assert round(Decimal(compute["peak_concurrent_sessions"]), 2) == Decimal("72.69")
    assert compute["cost_per_month"] == "4906.73"
    assert estimate.budgets["ops"] == {"hours_week": "6"}


def test_it_says_which_rate_card_and_numbers_it_was_computed_with(cast):
    newest = ModelPrice.objects.order_by("-id").first
    workload = stories.proposed(cast)

    estimate = stories.submitted(workload, cast.sarah)

    assert estimate.rate_card_version == newest().pk
    assert estimate.numbers_version == 1


def test_a_later_price_leaves_what_was_submitted_as_it_is(cast):
    workload = stories.proposed(cast)
    first = stories.submitted(workload, cast.sarah)
    enter_price("Sonnet", "1.00", NOW.date())

    second = stories.submitted(workload, cast.sarah)

    first.refresh_from_db()
    assert first.budgets["tokens"]["cost_per_month"] == "13104.00"
    assert second.budgets["tokens"]["cost_per_month"] == "2184.00"
    assert second.rate_card_version > first.rate_card_version
    assert first.sha256 != second.sha256


def test_a_price_of_tomorrow_is_not_that_of_today(cast):
    workload = stories.proposed(cast)
    enter_price("Sonnet", "1.00", NOW.date() + timedelta(days=1))

    today = stories.submitted(workload, cast.sarah)
    tomorrow = stories.submitted(workload, cast.sarah, NOW + timedelta(days=1))

    assert today.budgets["tokens"]["cost_per_month"] == "13104.00"
    assert tomorrow.budgets["tokens"]["cost_per_month"] == "2184.00"


def test_the_headroom_of_the_day_of_submit_is_in_the_cost(cast):
    ComputeLine.objects.create(
        line="inference_endpoint",
        valid_from=date(2025, 1, 1),
        amount_per_session_month=Decimal(50),
        currency="USD",
        entered_at=NOW,
    )
    change_numbers(
        actor=cast.clara,
        changes={"compute_headroom": Decimal("0.40")},
        reason="Two launches in one week.",
        if_version=1,
        now=NOW,
    )

    estimate = stories.submitted(stories.proposed(cast), cast.sarah)

    assert estimate.budgets["compute"]["cost_per_month"] == "5088.46"
    assert estimate.numbers_version == 2


@pytest.mark.parametrize("column", ["rate_card_version", "numbers_version", "budgets"])
def test_no_door_changes_what_it_was_computed_with(cast, column):
    estimate = stories.submitted(stories.proposed(cast), cast.sarah)
    other = {} if column == "budgets" else 999

    with pytest.raises(DatabaseError), transaction.atomic():
        Estimate.objects.filter(pk=estimate.pk).update(**{column: other})


# --- a priced model ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "code", "said"),
    [
        ("Grok", "no_price", "The rate card has no price of Grok."),
        (
            "Later",
            "no_price",
            "The price of Later begins on 2026-06-01, so 2026-05 has",
        ),
        ("", "required", "W-01 names no model"),
    ],
)
def test_without_a_price_in_force_it_is_not_submitted(cast, model, code, said):
    workload = stories.proposed(cast, primary_model=model, degrade_model="")
    enter_price("Later", "3.00", date(2026, 6, 1))

    problem = refused(workload, cast)

    [error] = problem.errors
    assert problem.extra["missing"] == ["model_tier"]
    assert (error.pointer, error.code) == ("/model_tier", code)
    assert said in error.detail


def test_the_condition_names_model_month_and_who_enters_the_price(cast):
    workload = stories.proposed(cast, primary_model="Grok", degrade_model="")
    stories.drafted(workload, cast.sarah)
    workload.refresh_from_db(fields=["draft_estimate"])

    found = complete(workload)

    assert not found.met
    assert found.message == (
        "The rate card has no price of Grok. The finance lead can enter one that is "
        "valid from 2026-05-01."
    )
    assert found.link == "/capacity/rates/"
    assert found.mended_by == ("rates.change",)


def test_the_condition_names_missing_inputs_and_the_missing_price(cast):
    workload = stories.proposed(cast, primary_model="Grok", degrade_model="")
    stories.drafted(workload, cast.sarah, users=None)
    workload.refresh_from_db(fields=["draft_estimate"])

    message = complete(workload).message

    assert message.startswith(
        "Draft v1 lacks users. The rate card has no price of Grok"
    )


def test_a_price_that_is_entered_opens_the_way(cast):
    workload = stories.proposed(cast, primary_model="Grok", degrade_model="")
    refused(workload, cast)
    enter_price("Grok", "1.00", NOW.date())

    estimate = submit(Estimate.objects.get(), cast.sarah)

    workload.refresh_from_db(fields=["submitted_estimate", "draft_estimate"])
    assert estimate.budgets["tokens"]["cost_per_month"] == "2184.00"
    assert complete(workload).met


def test_a_name_is_priced_however_it_is_capitalised(cast):
    estimate = stories.submitted(
        stories.proposed(cast, primary_model="sonnet"), cast.sarah
    )

    assert estimate.budgets["tokens"]["cost_per_month"] == "13104.00"


# --- hours below the guidance --------------------------------------------------------


def test_hours_below_the_guidance_are_submitted_with_a_reason_alone(cast):
    workload = stories.proposed(cast)

    problem = refused(workload, cast, ops_hours_week=3)

    assert problem.extra["missing"] == ["ops_reason"]
    assert problem.errors[0].detail.startswith(
        "3 h/week is below the guidance of 4 to 8 for the platform's first workload."
    )


def test_a_different_shape_asks_for_more_hours(cast):
    stories.committed(cast)
    workload = stories.proposed(cast, name="Reviews", shape=Shape.CODE)

    problem = refused(workload, cast, ops_hours_week=9)

    assert "10 to 12 for a workload unlike any" in problem.errors[0].detail


def test_a_reason_lets_fewer_hours_through(cast):
    workload = stories.proposed(cast)

    estimate = stories.submitted(
        workload, cast.sarah, ops_hours_week=3, ops_reason="The rota has room."
    )

    assert estimate.state == EstimateState.SUBMITTED


def test_blanks_are_no_reason(cast):
    problem = refused(stories.proposed(cast), cast, ops_hours_week=3, ops_reason="  ")

    assert problem.extra["missing"] == ["ops_reason"]
