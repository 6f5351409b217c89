"""The table of who may do what, cell by cell."""

from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest

from portal.kernel.access import (
    ACCESS,
    DOING,
    Rule,
    allows,
    anyone,
    has_role,
    is_head,
    is_owner,
    nobody,
    require,
    who_can,
)
from portal.kernel.enums import Role
from portal.kernel.errors import NotAllowed, NotSignedIn


@dataclass
class Actor:
    pk: int = 1
    roles: list[str] = field(default_factory=list)
    is_active: bool = True
    is_authenticated: bool = True
    is_superuser: bool = False
    display_name: str = "Sarah"


SARAH = Actor(pk=7)
W_01 = SimpleNamespace(ref="W-01", owner_id=7, owner=SARAH)

# Which single roles suffice, and whether the subject's owner may without any role.
EVERYONE = set(Role)
WRITERS = EVERYONE - {Role.AUDITOR, Role.RUNTIME}
EXPECTED: dict[str, tuple[set[Role], bool]] = {
    "workload.propose": ({Role.OWNER, Role.PLANNER}, False),
    "workload.edit": ({Role.PLANNER}, True),
    "criteria.edit": ({Role.PLANNER}, True),
    "readiness.edit": ({Role.PLANNER}, True),
    "estimate.write": ({Role.PLANNER}, True),
    "estimate.submit": ({Role.PLANNER}, True),
    "gate.draft": ({Role.PLANNER}, True),
    "gate.activate": ({Role.FINANCE}, True),
    "gate.decide": ({Role.RUNTIME}, False),
    "usage.send": ({Role.RUNTIME}, False),
    "usage.replay": ({Role.RUNTIME, Role.OPS, Role.ENGINEERING}, False),
    "opt_in.withdraw": ({Role.FINANCE}, True),
    "proposal.decide": ({Role.PLANNER}, True),
    "gate_exception.grant": ({Role.FINANCE}, False),
    "gate_account.edit": ({Role.FINANCE, Role.ADMIN}, False),
    "workload.move_to_planned": ({Role.PLANNER}, True),
    "workload.move_to_committed": ({Role.PLANNER}, True),
    "workload.withdraw_to_candidate": ({Role.PLANNER}, True),
    "workload.move_to_live": (set(), True),
    "workload.decommit": ({Role.COMMITTEE}, True),
    "workload.retire": ({Role.COMMITTEE}, True),
    "plan.import": ({Role.PLANNER}, False),
    "plan.import_attested": ({Role.COMMITTEE}, False),
    "signoff.engineering": ({Role.ENGINEERING}, False),
    "signoff.finance": ({Role.FINANCE}, False),
    "signoff.ops": ({Role.OPS}, False),
    "baseline.take": ({Role.COMMITTEE}, False),
    "numbers.change": ({Role.COMMITTEE}, False),
    "rates.change": ({Role.FINANCE}, False),
    "lines.change": ({Role.FINANCE}, False),
    "staffing.change": ({Role.OPS}, False),
    "actuals.compute": ({Role.ENGINEERING}, False),
    "actuals.ops": ({Role.OPS}, False),
    "actuals.tokens": ({Role.ENGINEERING, Role.FINANCE, Role.OPS}, False),
    "quarter.close": ({Role.FINANCE}, False),
    "recalibration.start": ({Role.PLANNER, Role.FINANCE, Role.OPS}, False),
    "reserve.record": ({Role.COMMITTEE}, False),
    "kill_switch.throw": (
        {Role.OPS, Role.ENGINEERING, Role.FINANCE, Role.COMMITTEE},
        True,
    ),
    "kill_switch.lift": ({Role.OPS, Role.COMMITTEE}, False),
    "spend_limit.set": ({Role.FINANCE}, False),
    "spend_limit.set_for_department": ({Role.FINANCE}, False),
    "user_reference.see": ({Role.OPS, Role.FINANCE, Role.RUNTIME}, True),
    "alert.acknowledge": ({Role.OPS, Role.FINANCE, Role.RUNTIME}, True),
    "webhook.manage": ({Role.ADMIN}, False),
    "department.edit": ({Role.COMMITTEE, Role.ADMIN}, False),
    "deputy.name": ({Role.ENGINEERING, Role.FINANCE, Role.OPS}, False),
    "requirement.ask": (WRITERS, False),
    "account.manage": ({Role.ADMIN}, False),
    "account.own": (EVERYONE, True),
    "token.own": (EVERYONE - {Role.RUNTIME}, True),
    "view.own": (EVERYONE, True),
    "audit.read": (EVERYONE, True),
    "audit.export": ({Role.AUDITOR, Role.COMMITTEE, Role.ADMIN}, False),
    "admin.open": ({Role.AUDITOR, Role.COMMITTEE, Role.ADMIN}, False),
}


def test_every_action_is_expected_here_and_has_words() -> None:
    assert set(EXPECTED) == set(ACCESS) == set(DOING)


@pytest.mark.parametrize("action", EXPECTED)
@pytest.mark.parametrize("role", Role)
def test_role_alone_suffices_exactly_where_page_15_says(
    action: str, role: Role
) -> None:
    roles, _ = EXPECTED[action]

    assert allows(Actor(roles=[role]), action, W_01) == (role in roles)


@pytest.mark.parametrize("action", EXPECTED)
def test_owner_of_the_subject_may_exactly_where_page_15_says(action: str) -> None:
    _, owner_may = EXPECTED[action]

    assert allows(SARAH, action, W_01) == owner_may


@pytest.mark.parametrize("action", EXPECTED)
@pytest.mark.parametrize(
    "actor",
    [
        None,
        Actor(pk=7, roles=list(Role), is_authenticated=False),
        Actor(pk=7, roles=list(Role), is_active=False),
    ],
    ids=["nobody", "anonymous", "inactive"],
)
def test_nobody_anonymous_or_inactive_may_anything(
    action: str, actor: Actor | None
) -> None:
    assert not allows(actor, action, W_01)


@pytest.mark.parametrize("action", EXPECTED)
def test_superuser_has_no_power_of_its_own(action: str) -> None:
    plain, superuser = Actor(), Actor(is_superuser=True)

    assert allows(superuser, action, W_01) == allows(plain, action, W_01)


def test_subject_without_owner_is_owned_by_nobody() -> None:
    subject = SimpleNamespace(owner_id=None, owner=None)

    assert not allows(Actor(pk=None), "workload.edit", subject)  # type: ignore[arg-type]
    assert not allows(SARAH, "workload.edit", subject)
    assert not allows(SARAH, "workload.edit")


def test_unknown_action_is_an_error_for_everyone() -> None:
    with pytest.raises(KeyError):
        allows(Actor(roles=list(Role)), "workload.delete")
    with pytest.raises(KeyError):
        require(None, "workload.delete")


def test_role_besides_a_passive_one_counts() -> None:
    both = Actor(roles=[Role.AUDITOR, Role.FINANCE])

    assert allows(both, "requirement.ask")


def test_require_says_what_why_and_who_can() -> None:
    with pytest.raises(NotAllowed) as refusal:
        require(Actor(pk=8), "workload.edit", W_01)

    assert refusal.value.detail == (
        "You cannot edit W-01. Its owner Sarah or a planner can."
    )


def test_require_asks_the_anonymous_to_sign_in() -> None:
    with pytest.raises(NotSignedIn):
        require(None, "audit.read")


@pytest.mark.parametrize(
    ("action", "who"),
    [
        ("workload.edit", "its owner or a planner"),
        ("workload.move_to_live", "its owner"),
        ("signoff.ops", "the ops lead"),
        ("deputy.name", "the engineering lead, the finance lead or the ops lead"),
        ("audit.read", "anyone signed in"),
    ],
)
def test_rule_says_who(action: str, who: str) -> None:
    assert ACCESS[action].who == who


def test_who_can_names_the_owner() -> None:
    assert who_can("workload.edit", W_01) == "its owner Sarah or a planner"


HEADED = SimpleNamespace(head_id=1)


@pytest.mark.parametrize(
    ("rule", "roles", "holds"),
    [
        (has_role(Role.OPS) & is_head, [Role.OPS], True),
        (has_role(Role.OPS) & is_head, [], False),
        (has_role(Role.OPS) & is_owner, [Role.OPS], False),
        (has_role(Role.OPS) | is_head, [], True),
        (has_role(Role.OPS) | nobody, [], False),
        (nobody | anyone, [], True),
        (nobody & anyone, [], False),
    ],
)
def test_rules_join(rule: Rule, roles: list[str], holds: bool) -> None:
    assert rule.test(Actor(roles=roles), HEADED) == holds
