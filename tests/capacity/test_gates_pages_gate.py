"""The page of one gate as people use it: read, simulate, activate, compare."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from capacity.enums import GateState
from capacity.models import GatePolicy, MeteredOptIn, UsageDay
from capacity.services.partitions import ensure_usage_months
from portal.kernel.periods import Month
from tests.capacity import gate_pages as told
from tests.conftest import NOW
from tests.workloads import stories
from tests.workloads.pages import Reader, field, toasts, words

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_now")]

PAGE = "/workloads/W-01/gate/"


@pytest.fixture
def reader(cast: SimpleNamespace) -> Reader:
    return Reader(cast)


def test_without_a_gate_the_page_says_what_follows_and_who_can(reader: Reader) -> None:
    stories.proposed(reader.cast)

    page = words(reader("nils").get(PAGE))

    assert "No gate yet" in page
    assert "every call of it is blocked" in page
    assert "Its owner Sarah Lind or a planner can." in page
    assert reader("nils").get("/workloads/W-99/gate/").status_code == 404
    assert reader("nils").get(f"{PAGE}7/").status_code == 404


def test_each_tier_is_a_sentence_with_where_its_ceiling_comes_from(
    reader: Reader,
) -> None:
    told.gated(reader.cast)

    page = words(reader("nils").get(PAGE))

    assert "Active since 12 May 2026, activated by Felix Arndt (finance) and" in page
    assert "Blocked at 100k tokens a month." in page
    assert "520k × 1.5 allowance of estimate v1" in page
    assert "opt-in MSA-2026-17, 9 May 2026" in page
    assert "primary Sonnet · degrades to Haiku · thresholds 70, 90, 100 %" in page
    assert "not enforced" in page
    assert "Metered overage of this month, CSV" in page


def test_the_month_stands_in_the_address(reader: Reader) -> None:
    told.gated(reader.cast)
    nils = reader("nils")

    soft = words(nils.get(PAGE))
    free = words(nils.get(f"{PAGE}?tier=free&who=steady&tokens=40000"))
    hard = nils.get(f"{PAGE}?tier=free&who=steady&tokens=2m")

    assert "Simulated: a Standard user who speeds up after the 20th" in soft
    assert "Haiku from day" in soft
    assert "Nothing is said and nothing is held. Looking changes nothing." in free
    assert "blocked from day" in words(hard)
    assert hard.context["month"]["tokens"] == 2_000_000
    for nonsense in ("tier=x&who=y&tokens=z", "tokens=-1", "tokens=9" + "9" * 40):
        assert nils.get(f"{PAGE}?{nonsense}").status_code == 200


def test_the_twin_of_the_month_is_a_file(reader: Reader) -> None:
    told.gated(reader.cast)

    answer = reader("nils").get(f"{PAGE}1/month.csv?tier=free&who=steady&tokens=120000")

    lines = answer.content.decode().splitlines()
    assert lines[0].startswith('Day,"Used, tokens",Used,Month ends at')
    assert len(lines) == 32
    assert "Contract event; Blocked" in answer.content.decode()


def test_the_gate_answers_a_question_and_nothing_changes(reader: Reader) -> None:
    told.gated(reader.cast)

    page = words(
        reader("nils").get(
            f"{PAGE}?a_tier=standard&used=770k&expecting=20000&at=2026-05-20"
        )
    )

    assert "Degraded to Haiku and says: contract event" in page
    assert "770,000 settled and 0 reserved of 780,000 tokens." in page
    assert "Day 20 of 31" in page
    other = words(reader("nils").get(f"{PAGE}?used=1&model=Opus"))
    assert "Opus is not in this gate's policy" in other


def test_users_near_their_ceiling_stand_by_reference_for_those_who_may(
    reader: Reader,
) -> None:
    workload = told.gated(reader.cast)
    told.used(workload, "u-close", 720_000)
    told.used(workload, "u-over", 900_000)
    told.used(workload, "u-far", 10)
    told.said(workload, "u-over", 100)

    sarah = words(reader("sarah").get(PAGE))
    nils = words(reader("nils").get(PAGE))

    assert "u-close" in sarah
    assert "Degraded to Haiku" in sarah
    assert "u-far" not in sarah
    assert "u-close" not in nils
    assert "Users stand as short hashes" in nils


def test_a_real_month_is_drawn_up_to_today(reader: Reader) -> None:
    workload = told.gated(reader.cast)
    told.used(workload, "u-close", 520_000)
    ensure_usage_months([Month.of(NOW.date())])
    for back in range(5):
        UsageDay.objects.create(
            day=(NOW - timedelta(days=back)).date(),
            workload=workload,
            tier="standard",
            user_ref="u-close",
            model="Sonnet",
            input_tokens=100_000,
            output_tokens=4_000,
        )

    page = words(reader("sarah").get(f"{PAGE}?who=u:u-close"))
    named = reader("noor").get(f"{PAGE}?who=u:somebody")
    hidden = reader("nils").get(f"{PAGE}?who=u:u-close")

    assert "u-close, Standard, up to day 12 of 31: 67 % used" in page
    assert named.status_code == 200
    assert hidden.status_code == 403


def test_two_people_activate_and_the_page_says_who_is_awaited(reader: Reader) -> None:
    told.with_draft(reader.cast)
    sarah, felix = reader("sarah"), reader("felix")
    page = sarah.get(f"{PAGE}1/")
    tag = field(page, "if_match").replace("&quot;", '"')

    first = sarah.post(f"{PAGE}1/activate/", {"if_match": tag}, follow=True)
    again = words(sarah.get(f"{PAGE}1/"))
    second = felix.post(f"{PAGE}1/activate/", {"if_match": tag}, follow=True)

    assert "Two people activate it: Sarah Lind as its owner, and finance." in words(
        page
    )
    assert toasts(first) == ["You agreed to gate v1. It awaits finance."]
    assert "You agreed already. It awaits finance" in again
    assert toasts(second) == ["Gate v1 is active from the next decision on."]
    assert GatePolicy.objects.get().state == GateState.ACTIVE


def test_what_somebody_did_not_see_is_not_activated(reader: Reader) -> None:
    told.with_draft(reader.cast)

    answer = reader("sarah").post(f"{PAGE}1/activate/", {"if_match": '"old"'})

    assert answer.status_code == 412
    assert GatePolicy.objects.get().owner_agreed_by is None


def test_a_version_goes_into_shadow_beside_the_active_one(reader: Reader) -> None:
    workload = told.gated(reader.cast)
    told.drafted(reader.cast, workload, no_notice_reason="Nobody is held sooner.")

    answer = reader("sarah").post(f"{PAGE}2/shadow/", follow=True)

    assert "v2 decides in shadow." in words(answer)
    assert "No call was decided beside v2 yet." in words(answer)
    assert reader("nils").post(f"{PAGE}2/shadow/").status_code == 403


def test_an_opt_in_is_withdrawn_with_a_reason(reader: Reader) -> None:
    told.gated(reader.cast)
    address = f"{PAGE}1/opt-ins/team/withdraw/"
    felix = reader("felix")

    empty = felix.post(address, {"reason": ""})
    done = felix.post(address, {"reason": "The contract ended."}, follow=True)

    assert empty.status_code == 400
    assert MeteredOptIn.objects.get().withdrawn_at == NOW
    assert "its opt-in was withdrawn" in words(done)
    assert felix.post(address, {"reason": "Again."}).status_code == 409
    assert felix.get(f"{PAGE}1/opt-ins/nobody/withdraw/").status_code == 404


def test_two_versions_stand_side_by_side(reader: Reader) -> None:
    workload = told.gated(reader.cast)
    tiers = [{**told.TIERS[0], "ceiling_tokens": 150_000}]
    told.drafted(reader.cast, workload, tiers=tiers, no_notice_reason="Only free.")

    page = words(reader("nils").get(f"{PAGE}2/compare/1/"))

    assert "gate v1 beside v2" in page
    assert "+50k · +50 %" in page
    assert "Told nobody because differs" in page


def test_the_page_asks_as_much_for_three_of_everything_as_for_one(
    reader: Reader,
) -> None:
    workload = told.gated(reader.cast)
    sarah = reader("sarah")
    counts = []
    for number in range(3):
        told.used(workload, f"u-{number}", 700_000 + number)
        told.said(workload, f"u-{number}")
        told.proposed(workload.gates.get(), 120_000, key=f"2026Q{number}")
        sarah.get(PAGE)
        with CaptureQueriesContext(connection) as asked:
            sarah.get(PAGE)
        counts.append(len(asked))

    assert len(set(counts)) == 1, counts
    assert counts[0] <= 45
