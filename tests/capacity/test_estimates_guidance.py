"""Least hours a week: for the first workload, for one alike, for a different one."""

from datetime import timedelta
from decimal import Decimal

import pytest

from capacity.formulas.guidance import Kind, guidance_of
from capacity.selectors.estimates import committed_workloads, guidance_for
from tests.conftest import NOW
from tests.workloads import stories
from workloads.enums import Audience, Shape, Status

CHAT = ("chat", "internal")

CASES = [
    # shape, audience, those before it: kind, least
    ("chat", "internal", [], Kind.FIRST, 4),
    ("", "internal", [], Kind.FIRST, 4),
    ("chat", "internal", [CHAT], Kind.ALIKE, 4),
    ("chat", "customer", [CHAT], Kind.DIFFERENT, 10),
    ("code", "internal", [CHAT], Kind.DIFFERENT, 10),
    ("", "internal", [("", "internal")], Kind.DIFFERENT, 10),
    ("own", "internal", [("own", "internal")], Kind.DIFFERENT, 10),
    ("code", "internal", [CHAT, ("code", "internal")], Kind.ALIKE, 4),
]


@pytest.mark.parametrize(("shape", "audience", "before", "kind", "least"), CASES)
def test_least_hours_go_by_what_runs_already(shape, audience, before, kind, least):
    found = guidance_of(shape, audience, before)

    assert (found.kind, found.least) == (kind, least)


@pytest.mark.parametrize(
    ("hours", "breached"), [("3.99", True), ("4", False), ("8", False), ("9", False)]
)
def test_only_hours_below_the_least_breach_it(hours, breached):
    assert (
        guidance_of("chat", "internal", []).is_breached_by(Decimal(hours)) is breached
    )


@pytest.mark.django_db
def test_a_candidate_is_likened_to_all_that_is_committed(cast):
    stories.committed(cast, shape=Shape.CHAT, audience=Audience.INTERNAL)
    alike = stories.proposed(cast, name="Second chat", shape=Shape.CHAT)
    different = stories.proposed(cast, name="Reviews", shape=Shape.CODE)

    committed = committed_workloads()

    assert guidance_for(alike, committed).kind == Kind.ALIKE
    assert guidance_for(different, committed).kind == Kind.DIFFERENT


@pytest.mark.django_db
def test_the_platforms_first_stays_the_first_after_others_came(cast):
    first = stories.committed(cast, shape=Shape.CHAT)
    second = stories.proposed(cast, name="Reviews", shape=Shape.CODE)
    stories.signed(second, cast, ops_reason="The chat's rota covers it.")
    stories.with_criterion(second, cast.sarah)
    stories.gated(second, cast)
    stories.moved(second, Status.PLANNED, cast.sarah)
    later = NOW + timedelta(days=1)
    stories.moved(second, Status.COMMITTED, cast.sarah, now=later)

    committed = committed_workloads()

    assert guidance_for(first, committed).kind == Kind.FIRST
    assert guidance_for(second, committed).kind == Kind.DIFFERENT
