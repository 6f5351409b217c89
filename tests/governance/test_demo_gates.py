"""The demo's gates: each kind of thing that a gate can say, by lawful means."""

from datetime import datetime
from decimal import Decimal

import pytest
from django.db.models import Max, Sum

from capacity.enums import GateState, LimitPeriod, ProposalState
from capacity.models import (
    Alert,
    CeilingProposal,
    Decision,
    GateException,
    GatePolicy,
    GateTier,
    KillSwitch,
    QuarantinedEvent,
    SpendLimit,
    UsageDay,
    UsageEvent,
    UserCounter,
)
from capacity.selectors.enforcement import enforcement_of, shadow_results
from capacity.selectors.spend_limits import spent_against
from governance.services.demo.gateway import AGENTS, SOURCE
from governance.services.demo.heavy_users import ACCOUNT, METERED, NEAR, OVER
from governance.services.demo.usage import DAYS_OF_EVENTS
from portal.kernel import clock
from workloads.enums import CostGate, Status
from workloads.models import Workload


@pytest.fixture
def company(said: str, db: None) -> datetime:
    return clock.now()


def the_gate(number: int, state: GateState = GateState.ACTIVE) -> GatePolicy:
    return GatePolicy.objects.get(workload__number=number, state=state)


def of_this_month(number: int, now: datetime) -> dict[str, int]:
    rows = UserCounter.objects.filter(
        workload__number=number, month=clock.today(now).replace(day=1), test=False
    )
    return dict(rows.values_list("user_ref", "settled"))


# --- Policies ------------------------------------------------------------------------


def test_every_live_workload_has_an_active_gate_that_two_people_agreed_to(
    company: datetime,
) -> None:
    for workload in Workload.objects.filter(status=Status.LIVE):
        gate = the_gate(workload.number)
        assert gate.owner_agreed_by == workload.owner
        assert gate.finance_agreed_by.username == "daniel"
        assert gate.activated_at < workload.steps.get(target=Status.LIVE).at


def test_w_01_waits_for_finance_and_w_02_has_a_model_to_degrade_to(
    company: datetime,
) -> None:
    first = the_gate(1, GateState.DRAFT)
    second = the_gate(2)

    assert (first.owner_agreed_by.username, first.finance_agreed_by) == ("sarah", None)
    assert (second.primary_model, second.degrade_model) == ("Sonnet", "Haiku")
    assert Workload.objects.get(number=2).model_tier == "Sonnet→Haiku"


def test_a_free_tier_is_blocked_and_a_metered_one_has_its_opt_in(
    company: datetime,
) -> None:
    free = GateTier.objects.get(policy=the_gate(10), tier="free")
    metered = GateTier.objects.get(policy=the_gate(11), tier="agency")

    assert free.overage == CostGate.HARD_CAP
    assert metered.overage == CostGate.PAY_AS_YOU_GO
    assert metered.opt_in.withdrawn_at is None
    assert metered.opt_in.at < metered.policy.created_at


def test_a_version_in_shadow_would_treat_some_otherwise(company: datetime) -> None:
    found = shadow_results(the_gate(10, GateState.SHADOW))

    assert 0 < found.otherwise < found.calls


def test_a_cheaper_price_is_an_open_proposal(company: datetime) -> None:
    proposal = CeilingProposal.objects.get(workload__number=7)

    assert proposal.state == ProposalState.OPEN
    [tier] = proposal.ceilings
    assert (tier["ceiling_tokens"], tier["proposed_tokens"]) == (1_040_000, 1_300_000)


def test_one_user_has_a_ceiling_of_their_own(company: datetime) -> None:
    raised = GateException.objects.get()

    assert raised.ends_on > clock.today(company)
    assert raised.approved_by.username == "daniel"


# --- Decisions and usage -------------------------------------------------------------


def test_a_month_is_told_call_by_call_each_with_its_decision(company: datetime) -> None:
    events = UsageEvent.objects.filter(source=SOURCE)
    sums = events.aggregate(calls=Sum("calls"), decided=Sum("decided_calls"))
    first = events.earliest("at").at

    assert sums["calls"] == sums["decided"] > 10_000
    assert events.count() == Decision.objects.filter(test=False).count()
    days = (clock.today(company) - clock.today(first)).days
    assert DAYS_OF_EVENTS - 2 <= days <= DAYS_OF_EVENTS


def test_what_is_told_call_by_call_is_not_counted_twice(company: datetime) -> None:
    told = UsageEvent.objects.values("day").annotate(
        tokens=Sum("input_tokens") + Sum("output_tokens")
    )
    summed = UsageDay.objects.values("day").annotate(
        tokens=Sum("input_tokens") + Sum("output_tokens")
    )
    by_day = {row["day"]: row["tokens"] for row in summed}

    for row in told:
        assert by_day[row["day"]] == row["tokens"], row["day"]


def test_counters_are_those_of_the_month(company: datetime) -> None:
    month = clock.today(company).replace(day=1)
    rows = UsageDay.objects.filter(day__gte=month).values("workload", "user_ref")
    used = {
        (row["workload"], row["user_ref"]): row["tokens"]
        for row in rows.annotate(tokens=Sum("input_tokens") + Sum("output_tokens"))
    }
    counted = UserCounter.objects.filter(month=month, test=False, settled__gt=0)

    assert used == {
        (pk, user): tokens
        for pk, user, tokens in counted.values_list("workload", "user_ref", "settled")
    }


def test_every_live_gate_is_enforced(company: datetime) -> None:
    live = list(Workload.objects.filter(status=Status.LIVE))
    found = enforcement_of(live, company)

    for workload in live:
        assert found[workload.pk].is_enforced, found[workload.pk].sentence


# --- The three of whom there is something to say -----------------------------------------


def test_one_user_stands_at_92_per_cent_and_the_banner_was_spoken(
    company: datetime,
) -> None:
    ceiling = the_gate(NEAR).tiers.get().ceiling_tokens
    user, most = max(of_this_month(NEAR, company).items(), key=lambda one: one[1])

    assert most == round(Decimal("0.92") * ceiling)
    spoken = Alert.objects.filter(user_ref=user, spoken=True)
    assert spoken.aggregate(most=Max("level"))["most"] == 90


def test_one_user_is_over_and_goes_on_with_the_budget_model(company: datetime) -> None:
    ceiling = the_gate(OVER).tiers.get().ceiling_tokens
    user, most = max(of_this_month(OVER, company).items(), key=lambda one: one[1])
    alert = Alert.objects.get(level=100, workload__number=OVER)
    last = UsageEvent.objects.filter(user_ref=user).latest("at")

    assert most > ceiling
    assert (alert.user_ref, alert.spoken, alert.kind) == (user, True, "contract_event")
    assert Decision.objects.get(pk=last.decision).action == "degrade"
    assert last.model == "Haiku"


def test_an_agency_s_overage_is_metered(company: datetime) -> None:
    event = UsageEvent.objects.get(billable_tokens__gt=0)
    ceiling = the_gate(METERED).tiers.get(tier="agency").ceiling_tokens
    used = of_this_month(METERED, company)[event.user_ref]

    assert event.account == ACCOUNT
    assert event.billable_tokens == event.input_tokens + event.output_tokens
    assert used == ceiling + event.billable_tokens + ceiling // 25


def test_nobody_else_is_over(company: datetime) -> None:
    over = Alert.objects.filter(level=100).values_list("workload__number", flat=True)

    assert sorted(over) == sorted([OVER, METERED])


# --- Money, switches, refusals -------------------------------------------------------


def test_a_department_has_spent_85_per_cent_of_its_month(company: datetime) -> None:
    limit = SpendLimit.objects.get()
    [spent] = spent_against([limit], company)

    assert limit.period == LimitPeriod.MONTH
    assert Decimal("0.83") < spent.share < Decimal("0.87")
    assert not spent.is_reached


def test_an_agent_was_stopped_for_a_while(company: datetime) -> None:
    switch = KillSwitch.objects.get()

    assert switch.target == AGENTS[10]
    assert switch.thrown_at < switch.lifted_at < company
    assert switch.thrown_by != switch.lifted_by


def test_one_event_is_in_quarantine(company: datetime) -> None:
    event = QuarantinedEvent.objects.get()

    assert (event.workload_ref, event.code) == ("W-07", "unknown_tier")
