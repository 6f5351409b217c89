"""Pages of the plan."""

from django.urls import path
from django.views.generic import RedirectView

from workloads.views import (
    baselines,
    cells,
    comparison,
    criteria,
    departments,
    deputies,
    estimates,
    exports,
    imports,
    lead_times,
    lifecycle,
    plan,
    proposals,
    roadmap,
    signoffs,
    versions,
    workloads,
)

app_name = "workloads"

# The plan is the list of workloads.
PLAN = "workloads:plan-table"

WORKLOAD_PAGES = [
    path("workloads/", RedirectView.as_view(pattern_name=PLAN), name="workloads"),
    path("workloads/propose/", proposals.propose, name="propose"),
    path("workloads/<str:ref>/", workloads.workload, name="workload"),
    path("workloads/<str:ref>/edit/", proposals.edit, name="edit"),
    path("workloads/<str:ref>/ask/<slug:code>/", workloads.ask, name="ask"),
    path("workloads/<str:ref>/criteria/", criteria.criteria, name="criteria"),
    path(
        "workloads/<str:ref>/criteria/<int:criterion_id>/remove/",
        criteria.remove,
        name="criterion-remove",
    ),
    path("workloads/<str:ref>/readiness/", criteria.readiness, name="readiness"),
    path("workloads/<str:ref>/step/<str:to>/", lifecycle.step, name="step"),
    path("workloads/<str:ref>/estimates/new/", estimates.new, name="estimate-new"),
    path(
        "workloads/<str:ref>/estimates/preview/",
        estimates.preview,
        name="estimate-preview",
    ),
    path(
        "workloads/<str:ref>/estimates/<int:version>/",
        estimates.estimate,
        name="estimate",
    ),
    path(
        "workloads/<str:ref>/estimates/<int:version>/submit/",
        versions.submit,
        name="estimate-submit",
    ),
    path(
        "workloads/<str:ref>/estimates/<int:version>/compare/<int:other>/",
        comparison.compare,
        name="compare",
    ),
    path(
        "workloads/<str:ref>/estimates/<int:version>/<str:role>/withdraw/",
        signoffs.withdraw,
        name="withdraw",
    ),
    path("approvals/", signoffs.approvals, name="approvals"),
    path(
        "approvals/export.<str:kind>",
        exports.export_approvals,
        name="approvals-export",
    ),
    path(
        "approvals/<str:ref>/<int:version>/<str:role>/",
        signoffs.approval,
        name="approval",
    ),
    path("settings/deputies/", deputies.deputies, name="deputies"),
    path(
        "settings/deputies/<int:deputy_id>/end/",
        deputies.end,
        name="deputy-end",
    ),
]

PLAN_PAGES = [
    path("plan/", plan.plan_table, name="plan-table"),
    path("plan/cells/<str:ref>/", cells.row, name="plan-row"),
    path("plan/cells/<str:ref>/<slug:column>/", cells.cell, name="plan-cell"),
    path("plan/export.<str:kind>", exports.export, name="plan-export"),
    path("plan/import/", imports.upload, name="import-new"),
    path("plan/import/example.<str:kind>", imports.example, name="import-example"),
    path("plan/import/<int:import_id>/", imports.preview, name="import"),
    path(
        "plan/import/<int:import_id>/confirm/", imports.confirm, name="import-confirm"
    ),
    path("plan/baselines/", baselines.listing, name="baselines"),
    path("plan/baselines/compare/", baselines.compare, name="baselines-compare"),
    path("plan/baselines/<int:number>/", baselines.baseline, name="baseline"),
    path("plan/lead-times/", lead_times.lead_times, name="lead-times"),
    path("plan/lead-times.csv", lead_times.export, name="lead-times-csv"),
    path("plan/roadmap/", roadmap.roadmap, name="plan-roadmap"),
    path("departments/", departments.listing, name="departments"),
    path("departments/new/", departments.new, name="department-new"),
    path("departments/<slug:code>/", departments.department, name="department"),
]

urlpatterns = [*PLAN_PAGES, *WORKLOAD_PAGES]
