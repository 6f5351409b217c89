"""Drafting a gate by its form: prefilled, rows by the server, errors at their fields."""

from types import SimpleNamespace
from typing import Any

import pytest

from capacity.enums import GateState
from capacity.models import GatePolicy
from tests.capacity import gate_pages as told
from tests.workloads import stories
from tests.workloads.pages import Reader, press, seen, words

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_now")]

GATE = "/workloads/W-01/gate/"
PAGE = f"{GATE}draft/"
SENT: dict[str, Any] = {
    "rows": "1",
    "primary_model": "Sonnet",
    "degrade_model": "Haiku",
    "mode": "enforce",
    "t0-tier": "standard",
    "t0-overage": "soft_cap",
    "t0-ceiling_basis": "estimate",
    "t0-allowance": "1.5",
    "do": "save",
}


@pytest.fixture
def reader(cast: SimpleNamespace) -> Reader:
    return Reader(cast)


def test_a_new_draft_is_prefilled_and_says_why(reader: Reader) -> None:
    workload = stories.proposed(reader.cast)
    stories.signed(workload, reader.cast)

    page = reader("sarah").get(PAGE)

    assert "Recommended: soft cap. People at work go on with Haiku" in words(page)
    assert "520,000 × 1.5, up to a whole 1,000: 780,000 tokens." in words(page)
    assert 'value="standard"' in page.content.decode()
    assert reader("nils").get(PAGE).status_code == 403


def test_a_draft_is_saved_and_then_edited(reader: Reader) -> None:
    workload = stories.proposed(reader.cast)
    stories.signed(workload, reader.cast)
    sarah = reader("sarah")

    first = press(sarah, PAGE, SENT, follow=True)
    second = press(sarah, PAGE, {**SENT, "t0-allowance": "2"}, follow=True)

    gate = GatePolicy.objects.get()
    assert (gate.version, gate.state) == (1, GateState.DRAFT)
    assert gate.tiers.get().ceiling_tokens == 1_040_000
    assert "Gate v1 of W-01 is drafted." in words(first)
    assert "Served by Haiku past 1.04M tokens a month." in words(second)


def test_rows_are_added_and_taken_away_without_a_script(reader: Reader) -> None:
    workload = stories.proposed(reader.cast)
    stories.signed(workload, reader.cast)
    sarah = reader("sarah")

    more = sarah.post(PAGE, {**SENT, "do": "add"})
    both = {**SENT, "rows": "2", "t1-tier": "free", "t1-ceiling_basis": "fixed"}
    less = sarah.post(PAGE, {**both, "do": "remove-0"})

    assert more.context["rows"] == 2
    assert more.context["tiers"][0]["code"] == "standard"
    assert [row["code"] for row in less.context["tiers"]] == ["free"]
    assert sarah.post(PAGE, {**SENT, "do": "remove-0"}).context["rows"] == 1
    for nonsense in ("remove-x", "remove-99", "jump", ""):
        answer = sarah.post(PAGE, {**SENT, "do": nonsense})
        assert answer.status_code == 200
    assert not GatePolicy.objects.exists()


def test_ceilings_are_computed_with_their_numbers_and_nothing_is_stored(
    reader: Reader,
) -> None:
    workload = stories.proposed(reader.cast)
    stories.signed(workload, reader.cast)
    money = {"t0-ceiling_basis": "money", "t0-amount": "4.68", "do": "check"}

    page = words(reader("sarah").post(PAGE, {**SENT, **money}))

    assert "4.68 ÷" in page
    assert "a million, down to a whole 1,000" in page
    assert not GatePolicy.objects.exists()


@pytest.mark.parametrize(
    ("sent", "status", "said"),
    [
        ({"degrade_model": ""}, 422, "no second model is named to degrade to"),
        ({"t0-tier": "Not a code"}, 422, "snake_case"),
        ({"t0-tier": ""}, 400, "This field is required."),
        (
            {"t0-ceiling_basis": "fixed", "t0-ceiling_tokens": ""},
            422,
            "has no ceiling",
        ),
        ({"t0-ceiling_basis": "fixed", "t0-ceiling_tokens": "x"}, 400, "whole number"),
        ({"t0-overage": "pay_as_you_go"}, 422, "needs a recorded opt-in"),
        ({"t0-overage": "pay_as_you_go", "t0-opt_by": "Jo"}, 400, "An opt-in says who"),
        ({"mode": "observe"}, 422, "needs a spend limit above 0"),
        ({"notice_text": "Soon"}, 400, "A notice needs its text, audience and day."),
        ({"primary_model": "Nobody"}, 400, "valid choice"),
    ],
)
def test_what_is_wrong_stands_at_its_field_and_nothing_is_stored(
    reader: Reader, sent: dict[str, str], status: int, said: str
) -> None:
    workload = stories.proposed(reader.cast)
    stories.signed(workload, reader.cast)

    answer = reader("sarah").post(PAGE, {**SENT, **sent})

    assert answer.status_code == status
    assert said in words(answer)
    assert not GatePolicy.objects.exists()


def test_an_opt_in_comes_with_the_draft(reader: Reader) -> None:
    workload = stories.proposed(reader.cast)
    stories.signed(workload, reader.cast)
    metered = {
        "t0-overage": "pay_as_you_go",
        "t0-opt_by": "Jo Berg",
        "t0-opt_on": "2026-05-04",
        "t0-opt_reference": "MSA-2026-17",
        "t0-overage_limit_tokens": "500000",
        "t0-overage_price_per_million": "12.5",
    }

    page = words(press(reader("sarah"), PAGE, {**SENT, **metered}, follow=True))

    assert "opt-in MSA-2026-17, 4 May 2026" in page
    assert GatePolicy.objects.get().tiers.get().opt_in.by == "Jo Berg"


def test_a_retrofit_asks_for_its_notice_at_the_field(reader: Reader) -> None:
    workload = told.gated(reader.cast)
    told.said(workload, "u-1")
    stories.staffed(reader.cast, "2026Q2")
    lower = {
        **SENT,
        "t0-tier": "free",
        "t0-overage": "hard_cap",
        "t0-ceiling_basis": "fixed",
        "t0-ceiling_tokens": "50000",
    }

    answer = reader("sarah").post(PAGE, lower)

    # Nobody calls by the tier yet, so that nobody is told.
    assert answer.status_code == 302
    assert GatePolicy.objects.get(version=2).notice_activates_on is None


def test_a_draft_that_somebody_else_changed_is_not_written_over(
    reader: Reader,
) -> None:
    told.with_draft(reader.cast)
    sarah, pia = reader("sarah"), reader("pia")
    tag = seen(sarah.get(PAGE))["if_match"]
    press(pia, PAGE, {**SENT, "t0-allowance": "3"})

    answer = sarah.post(PAGE, {**SENT, "if_match": tag})
    blind = sarah.post(PAGE, SENT)

    assert (answer.status_code, blind.status_code) == (412, 412)
    assert "nothing was saved" in words(answer)
    assert GatePolicy.objects.get().tiers.get().allowance == 3
