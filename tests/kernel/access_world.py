"""The small house whose every address the access matrix asks: who is in it, and what."""

from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.test import Client

from capacity.enums import LimitPeriod, LimitScope, ProposalCause, SwitchScope
from capacity.models import Alert, CeilingProposal, QuarantinedEvent, Reservation
from capacity.runtime.asking import decide_call
from capacity.runtime.questions import Question
from capacity.runtime.snapshot import Caller
from capacity.services.accounts import create_account
from capacity.services.actuals_imports import upload_actuals
from capacity.services.gate_exceptions import grant_exception
from capacity.services.kill_switches import throw_switch
from capacity.services.recalibration import request_recalibration
from capacity.services.spend_limits import set_limit
from portal.kernel.enums import EventKind, Scope
from portal.kernel.models import User
from portal.kernel.periods import Quarter
from portal.kernel.services.saved_views import save_view
from portal.kernel.services.tokens import issue_token
from portal.kernel.services.webhooks import emit, subscribe
from tests.conftest import NOW
from tests.kernel.access_matrix import PERSONAS, ROLES
from tests.workloads import stories
from workloads.enums import Moment, SignRole
from workloads.models import Workload
from workloads.rules.sheets.columns import HEADINGS
from workloads.services.baselines import take_baseline
from workloads.services.departments import create_department
from workloads.services.deputies import name_deputy
from workloads.services.uploads import upload_sheet

BACKEND = "django.contrib.auth.backends.ModelBackend"
HOURS = "Workload,Week,Category,Hours\nW-01,2026-W17,on_call,4\n"
SHEET = f"{','.join(HEADINGS)}\n,Chat,,,,,,,,,\n"


def people() -> dict[str, User]:
    found = {
        role: User(
            username=role,
            roles=[role],
            committee_function="chair" if role == "committee" else "",
            created_at=NOW,
        )
        for role in ROLES
    }
    found["its owner"] = User(username="sarah", roles=["owner"], created_at=NOW)
    found["no role"] = User(username="nils", created_at=NOW)
    found["superuser"] = User(
        username="root", is_superuser=True, is_staff=True, created_at=NOW
    )
    found["deputy"] = User(username="sven", roles=["department_head"], created_at=NOW)
    for person in found.values():
        person.set_unusable_password()
        person.save()
    return found


def built() -> SimpleNamespace:
    """W-01 a candidate with three signatures, W-02 committed and ready, W-03 a draft.

    `parts` fill the addresses; `numbers` and `codes` are names of a part that is another
    thing after each of these words.
    """
    persons = people()
    cast = SimpleNamespace(
        sarah=persons["its owner"],
        pia=persons["planner"],
        ines=persons["engineering"],
        felix=persons["finance"],
        noor=persons["ops"],
        clara=persons["committee"],
        ada=persons["admin"],
    )
    criterion = _plan(cast)
    records = {**_records(cast, deputy=persons["deputy"]), **_gate(cast)}
    return SimpleNamespace(
        sessions={name: _session_of(persons.get(name)) for name in PERSONAS},
        parts={
            "ref": "W-01",
            "version": 1,
            "other": 1,
            "role": "finance",
            "to": "planned",
            "code": "success_criteria",
            "kind": "csv",
            "slug": "tokens",
            "table": "prices",
            "column": "ship_quarter",
            "quarter": "2026Q1",
            "criterion_id": criterion,
            "user_id": persons["no role"].pk,
            "tier": "standard",
            "decision": _decision(),
            "verb": "accept",
            **records,
        },
        numbers={
            "tokens": records["token_id"],
            "success-criteria": criterion,
            "deputies": records["deputy_id"],
            "baselines": 1,
            "recalibrations": records["run_id"],
            "webhooks": records["webhook_id"],
            "kill-switches": records["switch_id"],
            "spend-limits": records["limit_id"],
            "alerts": records["alert_id"],
            "quarantine": records["event_id"],
            "proposals": records["proposal_id"],
            "exceptions": records["exception_id"],
        },
        codes={"departments": "service", "problems": "not_found", "accounts": "acme"},
    )


def _plan(cast: SimpleNamespace) -> int:
    """Three workloads; the key of the first one's criterion."""
    first = stories.proposed(cast)
    estimate = stories.submitted(first, cast.sarah)
    for role, name in (("finance", "felix"), ("ops", "noor")):
        stories.press(estimate, getattr(cast, name), SignRole(role))
    stories.with_criterion(first, cast.sarah)
    second = stories.committed(cast, name="Search")
    stories.ready(second, cast.sarah)
    stories.drafted(stories.proposed(cast, name="Notes"), cast.sarah)
    return first.criteria.get().pk


def _decision() -> str:
    """One that holds tokens for as long as the tests run."""
    asked = Question("W-01", "standard", "u-1")
    made = str(decide_call(Caller(0), asked, NOW)["decision"])
    Reservation.objects.create(
        decision=made,
        workload=Workload.objects.get(number=1),
        user_ref="u-1",
        month=NOW.date().replace(day=1),
        tokens=1_000,
        day=NOW.date(),
        expires_at=NOW + timedelta(days=3_650),
    )
    return made


def _records(cast: SimpleNamespace, deputy: User) -> dict[str, Any]:
    """What stands around the plan, by the name of its key in an address."""
    create_department(
        actor=cast.ada, code="service", name="Service", head=None, now=NOW
    )
    named = name_deputy(
        actor=cast.felix,
        role=SignRole.FINANCE,
        deputy=deputy,
        from_day=NOW.date(),
        until_day=NOW.date() + timedelta(days=5),
        now=NOW,
    )
    take_baseline(
        actor=cast.clara, quarter=Quarter(2026, 2), moment=Moment.OPENED, now=NOW
    )
    sheet = upload_sheet(
        content=SHEET.encode(), file_name="plan.csv", actor=cast.pia, now=NOW
    )
    hours = upload_actuals(
        content=HOURS.encode(), file_name="hours.csv", actor=cast.noor, now=NOW
    )
    sarah = cast.sarah
    issued = issue_token(actor=sarah, user=sarah, scopes=list(Scope), now=NOW)
    view = save_view(
        actor=sarah, page="plan", name="Mine", query="status=live", now=NOW
    )
    run = request_recalibration(period="2026Q2", actor=cast.pia, now=NOW)
    webhook = subscribe(
        actor=cast.ada,
        url="https://hooks.example.com/",
        kinds=[EventKind.DECISION_RECORDED],
        now=NOW,
    ).subscription
    emit(EventKind.DECISION_RECORDED, {}, now=NOW)
    held = throw_switch(
        scope=SwitchScope.AGENT, target="loop", reason="r", actor=cast.noor, now=NOW
    )
    limit = set_limit(
        scope=LimitScope.WORKLOAD,
        target="W-01",
        period=LimitPeriod.DAY,
        amount=Decimal(100),
        actor=cast.felix,
        now=NOW,
    )
    create_department(
        actor=cast.ada,
        code="sales",
        name="Sales",
        head=User.objects.get(username="department_head"),
        now=NOW,
    )
    return {
        "switch_id": held.row.pk,
        "limit_id": limit.row.pk,
        "alert_id": _alert().pk,
        "webhook_id": webhook.pk,
        "event": webhook.deliveries.get().event_id,
        "run_id": run.pk,
        "import_id": sheet.pk,
        "sheet_id": hours.pk,
        "deputy_id": named.pk,
        "token_id": issued.token.pk,
        "view_id": view.pk,
    }


def _gate(cast: SimpleNamespace) -> dict[str, Any]:
    """What stands around the draft of W-01's gate."""
    first = Workload.objects.get(number=1)
    gate = stories.gated(first, cast)
    create_account(
        actor=cast.felix,
        values={"code": "acme", "name": "Acme", "owner_email": "a@example.com"},
        now=NOW,
    )
    raised = grant_exception(
        number=1,
        actor=cast.felix,
        values={
            "user_ref": "u-1",
            "ceiling_tokens": 10**9,
            "reason": "r",
            "ends_on": NOW.date() + timedelta(days=5),
        },
        now=NOW,
    )
    proposal = CeilingProposal.objects.create(
        workload=first,
        policy=gate,
        cause=ProposalCause.QUARTER,
        cause_key="2026Q2",
        ceilings=[],
        created_at=NOW,
    )
    refused = QuarantinedEvent.objects.create(
        received_at=NOW,
        code="invalid_event",
        detail="d",
        body={},
        expires_at=NOW + timedelta(days=5),
    )
    return {
        "exception_id": raised.pk,
        "proposal_id": proposal.pk,
        "event_id": refused.pk,
    }


def _alert() -> Alert:
    return Alert.objects.create(
        workload=Workload.objects.get(number=1),
        user_ref="u-1",
        tier="standard",
        month=NOW.date().replace(day=1),
        level=90,
        spoken=True,
        kind="banner",
        decision=uuid4(),
        overage="soft_cap",
        consumed=0.9,
        projected=1.2,
        at=NOW,
    )


def _session_of(person: User | None) -> str:
    client = Client()
    if person is None:
        return ""
    client.force_login(person, BACKEND)
    return client.cookies[settings.SESSION_COOKIE_NAME].value
