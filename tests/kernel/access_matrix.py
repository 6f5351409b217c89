"""Who gets in where: one row for each address and method, and for each thing that an
address can be asked. Read by the test of the matrix; a route that is not here fails it.

Getting in means to be judged on what was sent: any answer besides 401, 403, 404 and the
way to the sign-in.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

# One person for each, each with that role alone. "its owner" is named on the workloads.
ROLES = (
    "owner",
    "planner",
    "engineering",
    "finance",
    "ops",
    "committee",
    "department_head",
    "auditor",
    "runtime",
    "admin",
)
PERSONAS = ("stranger", *ROLES, "its owner", "no role", "superuser")
PUBLIC = frozenset(PERSONAS)
SIGNED_IN = PUBLIC - {"stranger"}
NOBODY: frozenset[str] = frozenset()


def only(*personas: str) -> frozenset[str]:
    return frozenset(personas)


WRITERS = only("its owner", "planner")
PROPOSERS = only("owner", "its owner", "planner")
SIGNERS = only("engineering", "finance", "ops")
RECALIBRATORS = only("planner", "finance", "ops")
COMMITTEE = only("committee")
ADMIN = only("admin")
PEOPLE = SIGNED_IN - {"runtime"}
ASKERS = SIGNED_IN - {"auditor", "runtime", "no role", "superuser"}
# Who may take some step of a workload; the others are refused whatever they ask for.
MOVERS = only("its owner", "planner", "committee")
THROWERS = only("engineering", "finance", "ops", "committee")
SEES_USERS = only("ops", "finance", "runtime")


@dataclass(frozen=True)
class Cell:
    """One row: `who` gets in when `method` asks `route`, with this body and these parts.

    `path` replaces parts of the address, which are else those of the test's world.
    """

    route: str
    method: str
    who: frozenset[str]
    body: Mapping[str, Any] = field(default_factory=dict)
    path: Mapping[str, Any] = field(default_factory=dict)
    query: str = ""

    def __str__(self) -> str:
        told = ",".join(f"{k}={v}" for k, v in {**self.path, **self.body}.items())
        return f"{self.method} {self.route}{self.query} {told}".rstrip()


def reads(*routes: str, who: frozenset[str] = SIGNED_IN) -> list[Cell]:
    return [Cell(route, "GET", who) for route in routes]


def forms(*routes: str, who: frozenset[str]) -> list[Cell]:
    """Pages whose form is open to the same people as what it sends."""
    return [Cell(route, method, who) for route in routes for method in ("GET", "POST")]


def posts(*routes: str, who: frozenset[str]) -> list[Cell]:
    return [Cell(route, "POST", who) for route in routes]


V1 = "api/v1/"
W = f"{V1}workloads/<str:ref>/"
E = f"{W}estimates/<int:version>/"
TOKENS = f"{V1}tokens/<int:number>/"
CRITERION = f"{W}success-criteria/<int:number>/"
DEPARTMENT = f"{V1}departments/<str:code>/"
DEPUTY = f"{V1}deputies/<int:number>/"
QUARTER = f"{V1}quarters/<str:quarter>/"
BASELINE = f"{V1}plan/baselines/<int:number>/"
WEBHOOK = f"{V1}webhooks/<int:number>/"
RESERVATION = f"{V1}gates/reservations/<uuid:decision>/"
SWITCH = f"{V1}gates/kill-switches/<int:number>/"
LIMIT = f"{V1}gates/spend-limits/<int:number>/"
GATE = f"{W}gates/<int:version>/"
PROPOSAL = f"{W}gates/proposals/<int:number>/"
RAISE = f"{V1}gates/exceptions/<int:number>/"
PAYER = f"{V1}accounts/<str:code>/"

API: list[Cell] = [
    # --- The kernel's ----------------------------------------------------------------
    *reads(f"{V1}schema/", f"{V1}docs/", who=PUBLIC),
    *reads(f"{V1}me/", f"{V1}numbers/", f"{V1}audit/", f"{V1}audit/verify/"),
    *reads(f"{V1}tokens/"),
    *posts(f"{V1}tokens/", who=PEOPLE),
    *reads(TOKENS, who=only("its owner")),
    Cell(TOKENS, "DELETE", only("its owner")),
    Cell(f"{V1}numbers/", "PATCH", COMMITTEE),
    Cell(
        f"{V1}audit/",
        "GET",
        only("auditor", "committee", "admin"),
        query="?format=jsonl",
    ),
    *posts(f"{V1}audit/verify/", who=SIGNED_IN),
    *reads(f"{V1}audit/checkpoint/", who=only("auditor", "committee", "admin")),
    *reads(f"{V1}webhooks/", WEBHOOK, f"{WEBHOOK}deliveries/"),
    *posts(
        f"{V1}webhooks/",
        f"{WEBHOOK}secret/",
        f"{WEBHOOK}deliveries/<str:event>/resend/",
        who=ADMIN,
    ),
    Cell(WEBHOOK, "PATCH", ADMIN),
    Cell(WEBHOOK, "DELETE", ADMIN),
    # --- The plan --------------------------------------------------------------------
    *reads(
        f"{V1}workloads/", W, f"{W}requirements/", f"{V1}plan/", f"{V1}plan/export/"
    ),
    *posts(f"{V1}workloads/", who=PROPOSERS),
    Cell(W, "PATCH", WRITERS),
    *posts(f"{V1}plan/import/", who=only("planner")),
    Cell(f"{V1}plan/import/", "POST", only("planner"), query="?dry_run=true"),
    *reads(f"{V1}plan/baselines/", BASELINE, f"{BASELINE}compare/"),
    *posts(f"{V1}plan/baselines/", who=COMMITTEE),
    # --- Estimates and signatures ----------------------------------------------------
    *reads(f"{W}estimates/", E, f"{E}compare/"),
    *posts(f"{W}estimates/", f"{E}submit/", who=WRITERS),
    Cell(E, "PATCH", WRITERS),
    Cell(f"{E}signoffs/", "POST", only("engineering"), {"role": "engineering"}),
    Cell(f"{E}signoffs/", "POST", only("finance"), {"role": "finance"}),
    Cell(f"{E}signoffs/", "POST", only("ops"), {"role": "ops"}),
    Cell(f"{E}signoffs/", "POST", SIGNERS),
    Cell(
        f"{E}signoffs/<str:role>/", "DELETE", only("finance"), path={"role": "finance"}
    ),
    Cell(f"{E}signoffs/<str:role>/", "DELETE", only("ops"), path={"role": "ops"}),
    # --- The road --------------------------------------------------------------------
    *posts(f"{W}requirements/<str:code>/ask/", who=ASKERS),
    Cell(f"{W}transitions/", "POST", WRITERS, {"to": "planned"}),
    Cell(
        f"{W}transitions/", "POST", only("its owner"), {"to": "live"}, {"ref": "W-02"}
    ),
    Cell(
        f"{W}transitions/",
        "POST",
        only("its owner", "committee"),
        {"to": "planned"},
        {"ref": "W-02"},
    ),
    Cell(f"{W}transitions/", "POST", only("its owner", "committee"), {"to": "retired"}),
    Cell(f"{W}transitions/", "POST", MOVERS, {"to": "live"}),
    Cell(f"{W}transitions/", "POST", MOVERS),
    *reads(f"{W}success-criteria/", CRITERION, f"{W}production-readiness/"),
    *posts(f"{W}success-criteria/", f"{W}production-readiness/", who=WRITERS),
    Cell(CRITERION, "PATCH", WRITERS),
    Cell(CRITERION, "DELETE", WRITERS),
    # --- Around it -------------------------------------------------------------------
    *reads(f"{V1}departments/", DEPARTMENT, f"{V1}deputies/", DEPUTY),
    *posts(f"{V1}departments/", who=only("committee", "admin")),
    Cell(DEPARTMENT, "PATCH", only("committee", "admin")),
    *posts(f"{V1}deputies/", who=SIGNERS),
    Cell(f"{V1}deputies/", "POST", only("ops"), {"role": "ops"}),
    Cell(DEPUTY, "DELETE", only("finance")),
    # --- The forecast ----------------------------------------------------------------
    *reads(f"{V1}forecast/", f"{V1}overlap/"),
    *posts(f"{V1}forecast/scenarios/", who=SIGNED_IN),
    # --- Rates and staffing ----------------------------------------------------------
    *reads(f"{V1}rate-card/", f"{V1}compute-lines/", f"{V1}staffing/"),
    *posts(f"{V1}rate-card/", f"{V1}compute-lines/", who=only("finance")),
    *posts(f"{V1}staffing/", who=only("ops")),
    # --- Actuals ---------------------------------------------------------------------
    *reads(*(f"{V1}actuals/{kind}/" for kind in ("compute", "ops", "tokens"))),
    *posts(f"{V1}actuals/compute/", who=only("engineering")),
    *posts(f"{V1}actuals/ops/", who=only("ops")),
    *posts(f"{V1}actuals/tokens/", who=SIGNERS),
    *reads(QUARTER),
    *posts(f"{QUARTER}close/", f"{QUARTER}reopen/", who=only("finance")),
    # --- Usage -----------------------------------------------------------------------
    *posts(f"{V1}usage/", who=only("runtime")),
    Cell(f"{V1}usage/totals/", "GET", SIGNED_IN, query="?month=2026-05"),
    Cell(
        f"{V1}usage/totals/",
        "GET",
        only("ops", "finance", "runtime"),
        query="?month=2026-05&by=user",
    ),
    *reads(f"{V1}usage/quarantine/"),
    *posts(
        f"{V1}usage/quarantine/<int:number>/replay/",
        who=only("runtime", "ops", "engineering"),
    ),
    # --- Limits, switches, alerts ----------------------------------------------------
    *posts(f"{V1}gates/decide/", f"{V1}gates/bundle/ack/", who=only("runtime")),
    *posts(f"{V1}gates/simulate/", who=SIGNED_IN),
    # --- Gates: versions, proposals, exceptions, accounts ----------------------------
    *reads(f"{W}gates/", GATE, f"{W}gates/proposals/"),
    *posts(f"{W}gates/", f"{GATE}shadow/", who=WRITERS),
    Cell(GATE, "PATCH", WRITERS),
    *posts(f"{GATE}activate/", who=only("its owner", "finance")),
    *posts(f"{GATE}opt-ins/<str:tier>/withdraw/", who=only("its owner", "finance")),
    *posts(f"{PROPOSAL}accept/", f"{PROPOSAL}refuse/", who=WRITERS),
    *reads(f"{V1}gates/exceptions/", RAISE),
    *posts(f"{V1}gates/exceptions/", who=only("finance")),
    Cell(RAISE, "DELETE", only("finance")),
    *reads(f"{V1}accounts/", PAYER),
    *posts(f"{V1}accounts/", who=only("finance", "admin")),
    Cell(PAYER, "PATCH", only("finance", "admin")),
    *reads(f"{V1}gates/bundle/"),
    *posts(f"{RESERVATION}extend/", f"{RESERVATION}release/", who=only("runtime")),
    *reads(f"{V1}gates/kill-switches/", SWITCH, f"{V1}gates/spend-limits/", LIMIT),
    *posts(f"{V1}gates/kill-switches/", who=THROWERS),
    Cell(
        f"{V1}gates/kill-switches/",
        "POST",
        THROWERS | only("its owner"),
        {"scope": "workload", "target": "W-01"},
    ),
    Cell(
        f"{V1}gates/kill-switches/",
        "POST",
        THROWERS | only("department_head"),
        {"scope": "department", "target": "sales"},
    ),
    Cell(SWITCH, "DELETE", only("ops", "committee")),
    *posts(f"{V1}gates/spend-limits/", who=only("finance")),
    Cell(
        f"{V1}gates/spend-limits/",
        "POST",
        only("finance", "department_head"),
        {"scope": "department", "target": "sales"},
    ),
    Cell(LIMIT, "DELETE", only("finance")),
    Cell(f"{V1}gates/billing/", "GET", SIGNED_IN, query="?month=2026-05"),
    *reads(f"{V1}alerts/"),
    Cell(f"{V1}alerts/", "GET", SEES_USERS, query="?user=u-1"),
    Cell(
        f"{V1}alerts/",
        "GET",
        SEES_USERS | only("its owner"),
        query="?user=u-1&workload=W-01",
    ),
    *posts(f"{V1}alerts/<int:number>/acknowledge/", who=SEES_USERS | only("its owner")),
    # --- Recalibration ---------------------------------------------------------------
    *reads(f"{V1}recalibrations/", f"{V1}recalibrations/<int:number>/"),
    *posts(f"{V1}recalibrations/", who=RECALIBRATORS),
]

REFERENCE = r"^(?P<ref>[A-Za-z]{1,2}-[0-9]{1,9})/?$"
PAGE = "workloads/<str:ref>/"
VERSION = f"{PAGE}estimates/<int:version>/"
ACCOUNT = "settings/accounts/<int:user_id>/"
WEBHOOK_PAGE = "settings/webhooks/<int:webhook_id>/"
SHEET_PAGE = "capacity/actuals/import/<int:sheet_id>/"
QUARTER_PAGE = "capacity/quarters/<str:quarter>/"
GATE_PAGE = f"{PAGE}gate/"
GATE_VERSION = f"{GATE_PAGE}<int:version>/"
PROPOSAL_PAGE = f"{GATE_PAGE}proposals/<int:proposal_id>/<str:verb>/"
FINANCE = only("finance")

PAGES: list[Cell] = [
    # --- The house's -----------------------------------------------------------------
    *reads("livez", "readyz", "metrics", "problems/", who=PUBLIC),
    *reads("problems/<slug:code>/", who=PUBLIC),
    *forms("sign-in/", who=PUBLIC),
    *posts("sign-out/", who=SIGNED_IN),
    *reads("", "find/", REFERENCE),
    *reads("audit/", "audit/verify/"),
    *posts("audit/verify/", who=SIGNED_IN),
    *reads(
        "audit/checkpoint/",
        "audit/export/",
        who=only("auditor", "committee", "admin"),
    ),
    *reads("settings/", "settings/tokens/", "settings/views/", "settings/numbers/"),
    *reads("settings/accounts/", "settings/mail/"),
    *posts("settings/look/", "settings/keys/", who=SIGNED_IN),
    *forms("settings/password/", who=SIGNED_IN),
    *forms("settings/tokens/new/", who=PEOPLE),
    *posts("settings/tokens/<int:token_id>/revoke/", who=only("its owner", "admin")),
    *forms("settings/views/new/", who=SIGNED_IN),
    *posts("settings/views/<int:view_id>/delete/", who=only("its owner")),
    *forms("settings/numbers/change/", who=COMMITTEE),
    *forms("settings/accounts/new/", ACCOUNT, who=ADMIN),
    *posts(f"{ACCOUNT}active/", f"{ACCOUNT}password/", who=ADMIN),
    *posts("settings/mail/test/", who=ADMIN),
    *reads("settings/webhooks/", WEBHOOK_PAGE),
    *forms("settings/webhooks/new/", who=ADMIN),
    *posts(
        WEBHOOK_PAGE,
        f"{WEBHOOK_PAGE}secret/",
        f"{WEBHOOK_PAGE}remove/",
        f"{WEBHOOK_PAGE}<str:event>/resend/",
        who=ADMIN,
    ),
    # --- The plan --------------------------------------------------------------------
    *reads("plan/", "plan/roadmap/", "plan/cells/<str:ref>/", "workloads/", PAGE),
    *reads("plan/export.<str:kind>", "plan/import/example.<str:kind>"),
    *reads("plan/import/", "plan/import/<int:import_id>/"),
    *posts("plan/import/", "plan/import/<int:import_id>/confirm/", who=only("planner")),
    *reads("plan/baselines/", "plan/baselines/<int:number>/"),
    *reads("plan/lead-times/", "plan/lead-times.csv"),
    Cell("plan/baselines/compare/", "GET", SIGNED_IN, query="?from=1&to=1"),
    *posts("plan/baselines/", who=COMMITTEE),
    *reads("departments/", "departments/<slug:code>/"),
    *posts("departments/<slug:code>/", who=only("committee", "admin")),
    *forms("departments/new/", who=only("committee", "admin")),
    *forms("plan/cells/<str:ref>/<slug:column>/", who=WRITERS),
    *forms("workloads/propose/", who=PROPOSERS),
    *forms(f"{PAGE}edit/", who=WRITERS),
    *posts(f"{PAGE}ask/<slug:code>/", who=ASKERS),
    *reads(f"{PAGE}criteria/", f"{PAGE}readiness/", f"{PAGE}step/<str:to>/"),
    *posts(f"{PAGE}criteria/", f"{PAGE}readiness/", who=WRITERS),
    *posts(f"{PAGE}criteria/<int:criterion_id>/remove/", who=WRITERS),
    Cell(f"{PAGE}step/<str:to>/", "POST", WRITERS, path={"to": "planned"}),
    Cell(
        f"{PAGE}step/<str:to>/",
        "POST",
        only("its owner", "committee"),
        path={"to": "retired"},
    ),
    *forms(f"{PAGE}estimates/new/", who=WRITERS),
    *posts(f"{PAGE}estimates/preview/", who=WRITERS),
    *forms(f"{VERSION}submit/", who=WRITERS),
    *reads(VERSION, f"{VERSION}compare/<int:other>/"),
    *reads("approvals/", "approvals/export.<str:kind>"),
    *posts(VERSION, who=WRITERS),
    *reads(
        f"{VERSION}<str:role>/withdraw/",
        "approvals/<str:ref>/<int:version>/<str:role>/",
    ),
    *posts(f"{VERSION}<str:role>/withdraw/", who=only("finance")),
    *posts("approvals/<str:ref>/<int:version>/<str:role>/", who=only("finance")),
    *reads("settings/deputies/"),
    *posts("settings/deputies/", who=SIGNERS),
    *posts("settings/deputies/<int:deputy_id>/end/", who=only("finance")),
    # --- The budgets -----------------------------------------------------------------
    *reads("capacity/"),
    Cell("capacity/budgets/<slug:slug>.csv", "GET", SIGNED_IN, path={"slug": "tokens"}),
    *reads("capacity/workloads/<str:ref>/tokens.csv"),
    # --- Recalibration ---------------------------------------------------------------
    *reads("capacity/recalibration/", "capacity/recalibration/accuracy.csv"),
    *posts("capacity/recalibration/", who=RECALIBRATORS),
    *reads("capacity/recalibration/<int:run_id>/"),
    *reads("capacity/recalibration/<int:run_id>.csv"),
    *posts("capacity/recalibration/<int:run_id>/<str:ref>/take/", who=WRITERS),
    # --- Actuals ---------------------------------------------------------------------
    *reads("capacity/scenarios/"),
    Cell("capacity/scenarios/<slug:slug>.csv", "GET", SIGNED_IN, path={"slug": "ops"}),
    *reads("capacity/rates/", "capacity/rates/<slug:table>.csv"),
    *(
        Cell("capacity/rates/<slug:kind>/", "POST", who, path={"kind": kind})
        for kind, who in (
            ("price", only("finance")),
            ("line", only("finance")),
            ("staffing", only("ops")),
            ("reserve", COMMITTEE),
            ("draw", COMMITTEE),
        )
    ),
    *reads("capacity/actuals/", "capacity/actuals/export.<str:kind>"),
    *reads("capacity/actuals/variance/"),
    *posts("capacity/actuals/", who=only("ops")),
    Cell("capacity/actuals/", "POST", only("engineering"), query="?of=compute"),
    Cell("capacity/actuals/", "POST", SIGNERS, query="?of=tokens"),
    *reads("capacity/actuals/import/", SHEET_PAGE),
    *posts("capacity/actuals/import/", who=SIGNERS),
    *posts(f"{SHEET_PAGE}confirm/", who=only("ops")),
    *posts(f"{QUARTER_PAGE}close/", f"{QUARTER_PAGE}reopen/", who=only("finance")),
    # --- Gates -----------------------------------------------------------------------
    *reads("gates/", "gates/export.<str:kind>"),
    *reads(GATE_PAGE, GATE_VERSION, f"{GATE_VERSION}month.csv"),
    Cell(GATE_PAGE, "GET", SEES_USERS | only("its owner"), query="?who=u:someone"),
    *reads(f"{GATE_VERSION}compare/<int:other>/"),
    *forms(f"{GATE_PAGE}draft/", who=WRITERS),
    *posts(f"{GATE_VERSION}shadow/", who=WRITERS),
    *posts(f"{GATE_VERSION}activate/", who=only("its owner", "finance")),
    *reads(f"{GATE_VERSION}opt-ins/<str:tier>/withdraw/"),
    *posts(
        f"{GATE_VERSION}opt-ins/<str:tier>/withdraw/", who=only("its owner", "finance")
    ),
    *reads(PROPOSAL_PAGE),
    *posts(PROPOSAL_PAGE, who=WRITERS),
    Cell(PROPOSAL_PAGE, "POST", WRITERS, path={"verb": "refuse"}),
    *reads(f"{GATE_PAGE}exceptions/", f"{GATE_PAGE}exceptions/export.<str:kind>"),
    *reads(f"{GATE_PAGE}exceptions/<int:exception_id>/"),
    *posts(
        f"{GATE_PAGE}exceptions/",
        f"{GATE_PAGE}exceptions/<int:exception_id>/",
        who=FINANCE,
    ),
    *reads("gates/switches/", "gates/switches/export.<str:kind>"),
    *reads("gates/switches/<int:switch_id>/"),
    *posts("gates/switches/", who=THROWERS),
    Cell(
        "gates/switches/",
        "GET",
        SIGNED_IN,
        query="?stop=workload&target=W-01",
    ),
    *posts("gates/switches/<int:switch_id>/", who=only("ops", "committee")),
    *reads("gates/limits/", "gates/limits/export.<str:kind>"),
    *reads("gates/limits/<int:limit_id>/"),
    *posts("gates/limits/", "gates/limits/<int:limit_id>/", who=FINANCE),
    *reads("gates/alerts/", "gates/alerts/export.<str:kind>"),
    Cell("gates/alerts/", "GET", SEES_USERS, query="?user=u-1"),
    Cell(
        "gates/alerts/",
        "GET",
        SEES_USERS | only("its owner"),
        query="?user=u-1&workload=W-01",
    ),
    *posts(
        "gates/alerts/<int:alert_id>/acknowledge/", who=SEES_USERS | only("its owner")
    ),
    *reads("gates/accounts/", "gates/accounts/export.<str:kind>"),
    *reads("gates/accounts/<str:code>/"),
    *posts(
        "gates/accounts/", "gates/accounts/<str:code>/", who=only("finance", "admin")
    ),
    # --- Usage -----------------------------------------------------------------------
    *reads("capacity/usage/", "capacity/usage/export.<str:kind>"),
    *reads("capacity/usage/refused/", "capacity/usage/refused/export.<str:kind>"),
    *posts(
        "capacity/usage/refused/<int:event_id>/replay/",
        who=only("runtime", "ops", "engineering"),
    ),
]
TABLE = [*API, *PAGES]
