"""The joints of the house: what each app adds to another, by dotted paths.

Settings, imported by `portal.settings`; docs/adr/0003-requirements.md says what each is.
"""

# Dotted paths of requirement classes, in the order shown to people.
WORKLOAD_REQUIREMENTS: list[str] = [
    "workloads.requirements.EstimateComplete",
    "workloads.requirements.SignoffEngineering",
    "workloads.requirements.SignoffFinance",
    "workloads.requirements.SignoffOps",
    "workloads.requirements.OwnerNamed",
    "workloads.requirements.ShipQuarterSet",
    "capacity.requirements.GateDefined",
    "capacity.requirements.OpsHeadroom",
    "workloads.requirements.SuccessCriteriaWritten",
    "capacity.requirements.GateActive",
    "capacity.requirements.GateEnforced",
    "workloads.requirements.SignoffFresh",
    "workloads.requirements.ProductionReady",
    "workloads.requirements.ReasonGiven",
    "capacity.requirements.AlertsClosed",
]
# Dotted paths of what capacity and governance add to the plan's table and roadmap.
PLAN_COLUMNS: list[str] = [
    "capacity.selectors.quarters.BudgetColumns",
    "capacity.selectors.quarters.OpsColumn",
]
# Dotted path of what sizes estimates on a day: inputs in, the three budgets out.
ESTIMATE_BUDGETS = "capacity.services.estimates.Sizing"
# Dotted paths of what a version means for the rest of the plan, beside its budgets.
ESTIMATE_PANELS: list[str] = ["capacity.views.estimates.consequences"]
# Dotted paths of what a workload's own page shows of other subjects.
WORKLOAD_PANELS: list[str] = [
    "capacity.views.gate_panel.gate_in_words",
    "capacity.views.workload_panel.tokens_by_month",
]

# Dotted paths of functions that name the agents which are registered.
KNOWN_AGENTS: list[str] = []

# What apps put on the house's own pages; see portal.kernel.pages.joints.
HOME_WAITING: list[str] = [
    "workloads.views.waiting.waiting_for",
    "capacity.views.gate_duties.waiting_for",
]
HOME_FIGURES: list[str] = [
    "workloads.views.headlines.figures",
    "capacity.views.headlines.figures",
]
HOME_PANELS: list[str] = []
HOME_ACTIONS: list[str] = ["workloads.views.headlines.actions"]
FIND_SOURCES: list[str] = [
    "workloads.views.finding.find_workloads",
    "workloads.views.finding.find_departments",
    "workloads.views.finding.find_baselines",
    "capacity.views.gate_finding.find_gates",
    "portal.finding.find_pages",
]
APPROVALS_WAITING: list[str] = ["workloads.selectors.approvals.count_waiting_for"]
