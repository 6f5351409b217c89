"""The workload's page: its doors for who cannot change it, and the words of its history."""

import re
from datetime import date
from decimal import Decimal
from types import SimpleNamespace

import pytest

from tests.conftest import NOW
from tests.workloads import stories
from tests.workloads.pages import Reader, words
from workloads.services.criteria import write_criterion
from workloads.services.estimates import edit_draft
from workloads.views.reasons import door

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_now")]

PAGE = "/workloads/W-01/"


@pytest.fixture
def as_(cast: SimpleNamespace) -> Reader:
    return Reader(cast)


# --- history -------------------------------------------------------------------------


def test_history_calls_inputs_by_their_words_and_opens_the_rest(cast, as_):
    workload = stories.proposed(cast)
    draft = stories.drafted(workload, cast.sarah)
    edit_draft(
        number=workload.number,
        version=draft.version,
        actor=cast.sarah,
        changes={
            "users": 5000,
            "growth_per_month": Decimal("0.02"),
            "profile": "evenings",
            "sessions_per_user_month": 20,
            "declared_input_share": Decimal("0.8"),
            "sources": {"users": "pilot"},
        },
        now=NOW,
    )
    write_criterion(
        number=workload.number,
        actor=cast.sarah,
        metric="Minutes saved",
        baseline="0",
        target="6",
        due_on=date(2026, 9, 30),
        now=NOW,
    )

    response = as_("noor").get(PAGE)

    page, raw = words(response), response.content.decode()
    for said in (
        "Users: 4,200 → 5,000",
        "Growth a month: 0 % → 2 %",
        "Hours of the week: business hours → evenings",
        "Sessions/user/month: 18 sessions → 20 sessions",
        "Input share: 75 % → 80 %",
        "Where the figures come from: — → users pilot measured",
        "By: 30 Sep 2026",
    ):
        assert said in page
    assert "<summary>2 more</summary>" in raw
    assert "growth per month" not in page


# --- doors ----------------------------------------------------------------------------


def test_who_cannot_write_sees_every_door_shut_with_who_can(cast, as_):
    stories.proposed(cast, ship_quarter="")

    response = as_("noor").get(PAGE)

    page, raw = words(response), response.content.decode()
    can = "its owner Sarah Lind or a planner can."
    assert f"Edit and estimate: {can} Move to planned: {can}" in page
    assert page.count(f"{can[:1].upper()}{can[1:]}") == 3
    for label in ("Write one", "Record a proof", "Set the quarter", "Estimate W-01"):
        assert re.search(rf'aria-disabled="true">{label}', raw), label
    assert 'href="criteria/"' not in raw
    assert ">See the criteria<" in raw
    assert ">See the proofs<" in raw


def test_who_can_write_finds_every_door_open(cast, as_):
    stories.proposed(cast, ship_quarter="")

    raw = as_("sarah").get(PAGE).content.decode()

    assert '<a href="criteria/">Write one</a>' in raw
    assert '<a href="readiness/">Record a proof</a>' in raw
    assert 'href="/workloads/W-01/edit/">Set the quarter' in raw
    assert ">Write a criterion<" in raw


@pytest.mark.parametrize(
    ("page", "button"),
    [("criteria/", "Write the criterion"), ("readiness/", "Record the proof")],
)
def test_a_form_that_somebody_cannot_send_is_a_shut_door(cast, as_, page, button):
    stories.proposed(cast)

    response = as_("noor").get(f"{PAGE}{page}")

    assert f"{button} Its owner Sarah Lind or a planner can." in words(response)
    assert 'class="panel fields"' not in response.content.decode()


@pytest.mark.parametrize(
    ("why", "said"),
    [
        ("Its owner Sarah can.", "Go live: its owner Sarah can."),
        ("A planner can.", "Go live: a planner can."),
        ("2 of 4 requirements missing.", "Go live: 2 of 4 requirements missing."),
        ("W-01 is retired.", "Go live: W-01 is retired."),
        ("", ""),
    ],
)
def test_a_reason_after_a_colon_goes_on_in_small_letters(why, said):
    assert door("Go live", why) == said
