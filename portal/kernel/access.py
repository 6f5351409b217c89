"""Who may do what: the one table that services, views, API, admin and tests read.

Rules are small named predicates joined with `&` and `|`. An action that is not in
the table does not exist (KeyError): nothing falls open. A superuser has no power
here, and an inactive or anonymous actor never has any.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from portal.kernel.enums import Role
from portal.kernel.errors import NotAllowed, NotSignedIn

Predicate = Callable[[Any, Any], bool]
Sentence = Callable[[Any], str]

ROLE_NAMES: dict[Role, str] = {
    Role.OWNER: "a workload owner",
    Role.PLANNER: "a planner",
    Role.ENGINEERING: "the engineering lead",
    Role.FINANCE: "the finance lead",
    Role.OPS: "the ops lead",
    Role.COMMITTEE: "a committee member",
    Role.DEPARTMENT_HEAD: "a department head",
    Role.AUDITOR: "an auditor",
    Role.RUNTIME: "a runtime",
    Role.ADMIN: "an administrator",
}

# Who holds nothing but these has no say in the plan.
WITHOUT_A_SAY = frozenset({Role.AUDITOR, Role.RUNTIME, Role.ADMIN})


def either(*who: str) -> str:
    """a planner, the finance lead or the ops lead."""
    *first, last = [one for some in who for one in some.split(" or ")]
    return f"{', '.join(first)} or {last}" if first else last


@dataclass(frozen=True, slots=True)
class Rule:
    """A predicate over actor and subject, and the words for who satisfies it."""

    test: Predicate
    sentence: Sentence

    @property
    def who(self) -> str:
        """Who may, in general: "its owner or a planner"."""
        return self.sentence(None)

    def __or__(self, other: "Rule") -> "Rule":
        return Rule(
            lambda actor, subject: (
                self.test(actor, subject) or other.test(actor, subject)
            ),
            lambda subject: either(self.sentence(subject), other.sentence(subject)),
        )

    def __and__(self, other: "Rule") -> "Rule":
        return Rule(
            lambda actor, subject: (
                self.test(actor, subject) and other.test(actor, subject)
            ),
            lambda subject: (
                f"{self.sentence(subject)} who is {other.sentence(subject)}"
            ),
        )


def has_role(*roles: Role) -> Rule:
    """Holds one of `roles`."""
    wanted = frozenset(roles)
    words = either(*(ROLE_NAMES[role] for role in roles))
    return Rule(
        lambda actor, _subject: not wanted.isdisjoint(actor.roles),
        lambda _subject: words,
    )


def has_role_besides(*roles: Role) -> Rule:
    """Holds a role that is none of `roles`: those read and never write."""
    passive = frozenset(roles)
    words = either(*(ROLE_NAMES[role] for role in roles))
    return Rule(
        lambda actor, _subject: not passive.issuperset(actor.roles),
        lambda _subject: f"anyone with a role besides {words}",
    )


def _has_name(attribute: str) -> Callable[[Any, Any], bool]:
    def test(actor: Any, subject: Any) -> bool:
        # A subject without an owner has nobody as owner, whatever the actor's id.
        named = getattr(subject, f"{attribute}_id", None)
        return named is not None and named == actor.pk

    return test


def has_a_say(person: Any) -> bool:
    """Whether this person may own a row or stand in for a signer, if they are named.

    Auditors, service accounts and administrators read the plan, whoever names them.
    """
    if Role.RUNTIME in person.roles:
        return False
    return not person.roles or not WITHOUT_A_SAY.issuperset(person.roles)


def _called(attribute: str) -> Sentence:
    def sentence(subject: Any) -> str:
        person = getattr(subject, attribute, None)
        name = getattr(person, "display_name", "")
        return f"its {attribute} {name}".rstrip()

    return sentence


is_owner = Rule(
    lambda actor, subject: _has_name("owner")(actor, subject) and has_a_say(actor),
    _called("owner"),
)
is_head = Rule(_has_name("head"), _called("head"))
anyone = Rule(lambda _actor, _subject: True, lambda _subject: "anyone signed in")
nobody = Rule(lambda _actor, _subject: False, lambda _subject: "nobody")
not_a_service = Rule(
    lambda actor, _subject: Role.RUNTIME not in actor.roles,
    lambda _subject: "anyone but a service account",
)

planner = has_role(Role.PLANNER)
committee = has_role(Role.COMMITTEE)
admin = has_role(Role.ADMIN)
owner_or_planner = is_owner | planner
owner_or_committee = is_owner | committee
signers = has_role(Role.ENGINEERING, Role.FINANCE, Role.OPS)

ACCESS: dict[str, Rule] = {
    "workload.propose": has_role(Role.OWNER, Role.PLANNER),
    "workload.edit": owner_or_planner,
    "criteria.edit": owner_or_planner,
    "readiness.edit": owner_or_planner,
    "estimate.write": owner_or_planner,
    "estimate.submit": owner_or_planner,
    "gate.draft": owner_or_planner,
    "gate.decide": has_role(Role.RUNTIME),
    "gate.activate": is_owner | has_role(Role.FINANCE),
    "usage.send": has_role(Role.RUNTIME),
    "usage.replay": has_role(Role.RUNTIME, Role.OPS, Role.ENGINEERING),
    "opt_in.withdraw": is_owner | has_role(Role.FINANCE),
    "proposal.decide": owner_or_planner,
    "gate_exception.grant": has_role(Role.FINANCE),
    "gate_account.edit": has_role(Role.FINANCE, Role.ADMIN),
    "workload.move_to_planned": owner_or_planner,
    "workload.move_to_committed": owner_or_planner,
    "workload.withdraw_to_candidate": owner_or_planner,
    "workload.move_to_live": is_owner,
    "workload.decommit": owner_or_committee,
    "workload.retire": owner_or_committee,
    "plan.import": planner,
    "plan.import_attested": committee,
    "signoff.engineering": has_role(Role.ENGINEERING),
    "signoff.finance": has_role(Role.FINANCE),
    "signoff.ops": has_role(Role.OPS),
    "baseline.take": committee,
    "numbers.change": committee,
    "rates.change": has_role(Role.FINANCE),
    "lines.change": has_role(Role.FINANCE),
    "staffing.change": has_role(Role.OPS),
    "actuals.compute": has_role(Role.ENGINEERING),
    "actuals.ops": has_role(Role.OPS),
    "actuals.tokens": has_role(Role.ENGINEERING, Role.FINANCE, Role.OPS),
    "quarter.close": has_role(Role.FINANCE),
    "recalibration.start": has_role(Role.PLANNER, Role.FINANCE, Role.OPS),
    "reserve.record": committee,
    "kill_switch.throw": has_role(
        Role.OPS, Role.ENGINEERING, Role.FINANCE, Role.COMMITTEE
    )
    | is_owner
    | is_head,
    "kill_switch.lift": has_role(Role.OPS, Role.COMMITTEE),
    "spend_limit.set": has_role(Role.FINANCE),
    "spend_limit.set_for_department": has_role(Role.FINANCE) | is_head,
    "user_reference.see": has_role(Role.OPS, Role.FINANCE, Role.RUNTIME) | is_owner,
    "alert.acknowledge": has_role(Role.OPS, Role.FINANCE, Role.RUNTIME) | is_owner,
    "webhook.manage": admin,
    "department.edit": committee | admin,
    "deputy.name": signers,
    "requirement.ask": has_role_besides(Role.AUDITOR, Role.RUNTIME),
    "account.manage": admin,
    "account.own": anyone,
    "token.own": not_a_service,
    "view.own": anyone,
    "audit.read": anyone,
    "audit.export": has_role(Role.AUDITOR, Role.COMMITTEE, Role.ADMIN),
    "admin.open": has_role(Role.COMMITTEE, Role.ADMIN, Role.AUDITOR),
}

# What each action is called in a refusal: "You cannot … ".
DOING: dict[str, str] = {
    "workload.propose": "propose a workload",
    "workload.edit": "edit {subject}",
    "criteria.edit": "edit the success criteria of {subject}",
    "readiness.edit": "edit the production readiness of {subject}",
    "estimate.write": "estimate {subject}",
    "estimate.submit": "submit an estimate of {subject}",
    "gate.draft": "draft a gate for {subject}",
    "gate.decide": "ask gates for decisions",
    "gate.activate": "activate a gate of {subject}",
    "usage.send": "report usage",
    "usage.replay": "replay refused usage",
    "opt_in.withdraw": "withdraw an opt-in of {subject}",
    "proposal.decide": "decide on ceilings of {subject}",
    "gate_exception.grant": "raise a ceiling of {subject}",
    "gate_account.edit": "edit accounts of gates",
    "workload.move_to_planned": "move {subject} to planned",
    "workload.move_to_committed": "move {subject} to committed",
    "workload.withdraw_to_candidate": "withdraw {subject} to candidate",
    "workload.move_to_live": "move {subject} to live",
    "workload.decommit": "de-commit {subject}",
    "workload.retire": "retire {subject}",
    "rates.change": "change the rate card",
    "lines.change": "change the compute lines",
    "staffing.change": "enter staffing",
    "actuals.compute": "enter compute actuals",
    "actuals.ops": "enter ops hours",
    "actuals.tokens": "enter token actuals",
    "quarter.close": "close or re-open a quarter",
    "recalibration.start": "start a recalibration",
    "reserve.record": "record a decision on the reserve",
    "plan.import": "import a plan",
    "plan.import_attested": "import an attested plan",
    "signoff.engineering": "give the engineering signature on {subject}",
    "signoff.finance": "give the finance signature on {subject}",
    "signoff.ops": "give the ops signature on {subject}",
    "baseline.take": "take a baseline of the plan",
    "numbers.change": "change the numbers of the model",
    "kill_switch.throw": "stop {subject}",
    "kill_switch.lift": "lift a kill switch",
    "spend_limit.set": "set a spend limit of {subject}",
    "spend_limit.set_for_department": "set a spend limit of {subject}",
    "user_reference.see": "see the users of {subject}",
    "alert.acknowledge": "acknowledge alerts of {subject}",
    "webhook.manage": "manage webhooks",
    "department.edit": "edit departments",
    "deputy.name": "name a deputy",
    "requirement.ask": "ask for what {subject} lacks",
    "account.manage": "manage accounts",
    "account.own": "change your own settings",
    "token.own": "make tokens of your own",
    "view.own": "keep views of your own",
    "audit.read": "read the audit trail",
    "audit.export": "export the audit trail",
    "admin.open": "open the admin",
}


def allows(actor: Any, action: str, subject: Any = None) -> bool:
    """Whether `actor` may do `action`; KeyError when there is no such action."""
    rule = ACCESS[action]
    if not _is_signed_in(actor) or not actor.is_active:
        return False
    return rule.test(actor, subject)


def require(actor: Any, action: str, subject: Any = None) -> None:
    """Raise NotAllowed, naming who can, unless `actor` may do `action`."""
    if allows(actor, action, subject):
        return
    if not _is_signed_in(actor):
        raise NotSignedIn("You are not signed in. Sign in or send a token.")
    doing = DOING[action].format(subject=_name_of(subject))
    raise NotAllowed(
        f"You cannot {doing}. {capitalised(who_can(action, subject))} can."
    )


def who_can(action: str, subject: Any = None) -> str:
    """Who may, for a page: "its owner Sarah or a planner"."""
    return ACCESS[action].sentence(subject)


def capitalised(sentence: str) -> str:
    """First letter large, the rest untouched (names keep their capitals)."""
    return sentence[:1].upper() + sentence[1:]


def _is_signed_in(actor: Any) -> bool:
    return actor is not None and bool(actor.is_authenticated)


def _name_of(subject: Any) -> str:
    reference = getattr(subject, "ref", None)
    return str(reference) if reference else "this workload"
