"""The demo company: what stands in it, and that everything in it came about lawfully."""

from decimal import Decimal

import pytest
from django.test import Client

from portal.kernel import clock
from portal.kernel.enums import CommitteeFunction, Role
from portal.kernel.models import AuditEntry, ModelNumbers, SavedView, User
from portal.kernel.periods import Quarter
from portal.kernel.selectors.audit import verify
from tests.governance.demo_company import STATUSES, role_lines, statuses
from workloads.enums import EstimateState, SignoffEndKind, SignRole, Status
from workloads.models import Deputy, Estimate, PlanBaseline, SignoffEnd, Workload
from workloads.selectors.approvals import waiting_signatures
from workloads.selectors.lead_times import lead_times_to_live
from workloads.selectors.signoffs import marks_of

NOTHING, WAITING, SIGNED = "none", "waiting", "signed"


@pytest.fixture
def company(said: str, db: None) -> str:
    return said


def marks(number: int) -> list[str]:
    """Engineering, finance, ops."""
    estimate = Workload.objects.get(number=number).submitted_estimate
    return list(marks_of(estimate, clock.today(clock.now())).values())


def sign_in(username: str, password: str) -> bool:
    client = Client()
    client.post("/sign-in/", {"username": username, "password": password})
    return "_auth_user_id" in client.session


# --- What stands in it ---------------------------------------------------------------


def test_every_workload_stands_where_the_walk_through_needs_it(company: str) -> None:
    assert statuses() == STATUSES


@pytest.mark.parametrize(
    ("number", "name", "owner", "users", "sessions", "tokens", "hours", "quarter"),
    [
        (1, "Customer support chat", "Sarah", 4200, "18", 520_000, "6", "2026Q2"),
        (2, "Internal Q&A over docs", "Marcus", 1100, "42", 980_000, "4", "2026Q2"),
        (3, "Sales-call summariser", "Priya", 280, "60", 1_400_000, "2", "2026Q3"),
        (4, "Code review assistant", "Tom", 95, "30", 2_200_000, "3", "2026Q3"),
    ],
)
def test_rows_of_the_plan_show_the_figures_of_the_sheet(
    company: str, number, name, owner, users, sessions, tokens, hours, quarter
) -> None:
    row = Workload.objects.select_related("shown_estimate").get(number=number)
    shown = row.shown_estimate

    assert (row.name, row.owner_name, row.ship_quarter) == (name, owner, quarter)
    assert (
        shown.users,
        shown.sessions_per_user_month,
        shown.tokens_per_user_month,
        shown.ops_hours_week,
    ) == (users, Decimal(sessions), tokens, Decimal(hours))


def test_w_02_waits_for_the_ops_signature_on_its_second_version(company: str) -> None:
    waiting = Workload.objects.get(number=2).submitted_estimate

    assert (
        waiting.version,
        waiting.sessions_per_user_month,
        waiting.tokens_per_user_month,
        waiting.ops_hours_week,
    ) == (2, Decimal(48), 1_120_000, Decimal(6))
    assert marks(2) == [SIGNED, SIGNED, WAITING]


def test_w_04_waits_for_two_signatures(company: str) -> None:
    assert marks(4) == [SIGNED, WAITING, WAITING]


def test_w_05_has_no_estimate(company: str) -> None:
    assert not Estimate.objects.filter(workload__number=5).exists()


def test_one_version_was_refused_with_a_reason(company: str) -> None:
    refused = Estimate.objects.get(state=EstimateState.REFUSED)
    refusal = refused.signoffs.get(verdict="refuse")

    assert (refused.workload.ref, refused.version) == ("W-01", 1)
    assert (refusal.role, refusal.signer.username) == ("finance", "daniel")
    assert refusal.reason


def test_noor_can_sign_what_waits_and_what_lapsed(company: str) -> None:
    noor = User.objects.get(username="noor")
    waiting = waiting_signatures(noor, clock.now())
    hers = {item.workload.ref for item in waiting if item.yours and item.renews is None}

    assert hers == {"W-02", "W-04", "W-10"}


def test_a_deputy_signed_once_for_the_finance_lead(company: str) -> None:
    finance = Workload.objects.get(number=11).submitted_estimate.signoffs.get(
        role=SignRole.FINANCE
    )

    assert (finance.signer.username, finance.on_behalf_of.username) == (
        "viktor",
        "daniel",
    )


def test_noor_has_a_deputy_today(company: str) -> None:
    today = clock.today(clock.now())
    deputy = Deputy.objects.get(from_day__lte=today, until_day__gte=today)

    assert (deputy.signer.username, deputy.deputy.username) == ("noor", "greta")


def test_the_last_review_left_two_baselines(company: str) -> None:
    last = Quarter.of(clock.today(clock.now())).plus(-1)
    taken = PlanBaseline.objects.order_by("number").values_list("quarter", "moment")

    assert list(taken) == [(str(last), "opened"), (str(last), "closed")]


def test_the_planner_keeps_views(company: str) -> None:
    views = SavedView.objects.filter(user__username="lena").values_list("name")

    assert len(views) == 3


def test_the_numbers_of_the_model_are_the_defaults(company: str) -> None:
    assert ModelNumbers.objects.count() == 1


# --- Its history ---------------------------------------------------------------------


def test_six_workloads_went_live_in_the_six_quarters_before_today(company: str) -> None:
    this_quarter = Quarter.of(clock.today(clock.now()))
    shipped = Workload.objects.filter(status=Status.LIVE).order_by("number")

    assert [row.ship_quarter for row in shipped] == [
        str(this_quarter.plus(-back)) for back in (6, 5, 4, 3, 2, 1)
    ]
    for row in shipped:
        went_live = row.steps.get(target=Status.LIVE).at
        assert str(Quarter.of(clock.today(went_live))) == row.ship_quarter


def test_lead_times_and_hours_fall_from_workload_to_workload(company: str) -> None:
    measured = lead_times_to_live()
    days = [one.days_to_live for one in measured]
    hours = [one.hours_to_add for one in measured]

    assert days == sorted(days, reverse=True)
    assert hours == sorted(hours, reverse=True)


def test_the_audit_chain_is_whole(company: str) -> None:
    assert verify().broken is None


def test_the_trail_is_in_the_order_of_time_and_ends_before_now(company: str) -> None:
    moments = list(AuditEntry.objects.order_by("id").values_list("at", flat=True))

    assert moments == sorted(moments)
    assert moments[-1] < clock.now()


def test_signatures_were_renewed_or_lapsed_when_their_time_came(company: str) -> None:
    kinds = set(SignoffEnd.objects.values_list("kind", flat=True))

    assert kinds == {SignoffEndKind.RENEWED, SignoffEndKind.LAPSED}


# --- Its people ----------------------------------------------------------------------


def test_one_line_a_role_says_as_whom_one_signs_in(company: str) -> None:
    lines = role_lines(company)

    assert [role for role, _, _ in lines] == [str(role) for role in Role]
    for role, username, _ in lines:
        assert role in User.objects.get(username=username).roles


def test_everybody_can_sign_in_with_what_is_printed(company: str) -> None:
    for _, username, password in role_lines(company):
        assert sign_in(username, password), username
    password = role_lines(company)[0][2]
    for user in User.objects.all():
        assert user.check_password(password), user.username


def test_the_committee_has_chair_secretary_and_members(company: str) -> None:
    functions = User.objects.exclude(committee_function="").order_by("username")

    assert [(user.username, user.committee_function) for user in functions] == [
        ("greta", CommitteeFunction.MEMBER),
        ("helen", CommitteeFunction.CHAIR),
        ("noor", CommitteeFunction.MEMBER),
        ("viktor", CommitteeFunction.SECRETARY),
    ]
