"""A gate where people look for it: on the workload's page, at home, in the palette."""

from types import SimpleNamespace

import pytest

from capacity.services.gates import activate_gate
from tests.capacity import gate_pages as told
from tests.conftest import NOW
from tests.workloads import stories
from tests.workloads.pages import Reader, words

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_now")]


@pytest.fixture
def reader(cast: SimpleNamespace) -> Reader:
    return Reader(cast)


def test_the_workloads_page_has_its_gate_in_sentences(reader: Reader) -> None:
    nils = reader("nils")
    workload = stories.proposed(reader.cast)
    without = words(nils.get("/workloads/W-01/"))
    stories.signed(workload, reader.cast)
    told.drafted(reader.cast, workload)
    drafted = words(nils.get("/workloads/W-01/"))
    stories.activated(workload.gates.get(), reader.cast)
    active = words(nils.get("/workloads/W-01/"))

    assert "Nothing says what a user may use a month." in without
    assert "Not in force v1 is a draft" in drafted
    assert "Free : Blocked at 100k tokens a month." in active
    assert "Not enforced" in active


def test_the_second_of_two_people_finds_it_at_home(reader: Reader) -> None:
    told.with_draft(reader.cast)
    felix, sarah = reader("felix"), reader("sarah")
    before = words(felix.get("/"))
    activate_gate(number=1, version=1, actor=reader.cast.sarah, now=NOW)

    assert "Activate gate v1" not in before
    assert "Activate gate v1 as finance" in words(felix.get("/"))
    assert "Activate gate v1" not in words(sarah.get("/"))


def test_an_owner_finds_proposals_and_users_who_are_over(reader: Reader) -> None:
    workload = told.gated(reader.cast)
    told.proposed(workload.gates.get(), 150_000)
    told.said(workload, "u-1", 90)
    told.said(workload, "u-2", 100)

    sarah, marcus = words(reader("sarah").get("/")), words(reader("marcus").get("/"))

    assert "New ceilings are proposed" in sarah
    assert "2 users are near or past their ceiling" in sarah
    assert "One has reached 100 % this month and nobody has acknowledged it." in sarah
    assert "past their ceiling" not in marcus


def test_the_palette_finds_gates_and_their_pages(reader: Reader) -> None:
    told.gated(reader.cast)
    stories.proposed(reader.cast, name="Search")
    nils = reader("nils")

    def found(query: str) -> str:
        return words(nils.get("/find/", {"q": query}))

    assert "Gate of Customer support chat v1 active" in found("gate w-01")
    assert "Gate of Search no gate" in found("gate search")
    assert "Gate of Customer support chat" in found("support")
    assert "Gate of Search" not in found("search")
    assert "Gates, kill switches" in found("kill")
    assert "Capacity, usage" in found("usage")
