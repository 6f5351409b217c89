"""/api/v1/: the plan and its lifecycle."""

from django.urls import path

from workloads.api import (
    baselines,
    comparison,
    criteria,
    departments,
    deputies,
    estimates,
    exports,
    imports,
    lifecycle,
    plan,
    roadmap,
    signoffs,
)

WORKLOAD = "workloads/<str:ref>/"
ESTIMATE = f"{WORKLOAD}estimates/<int:version>/"

urlpatterns = [
    path("workloads/", plan.WorkloadsView.as_view(), name="workloads"),
    path(WORKLOAD, plan.WorkloadView.as_view(), name="workload"),
    path(
        f"{WORKLOAD}requirements/",
        lifecycle.RequirementsView.as_view(),
        name="requirements",
    ),
    path(
        f"{WORKLOAD}requirements/<str:code>/ask/",
        lifecycle.AskView.as_view(),
        name="ask",
    ),
    path(
        f"{WORKLOAD}transitions/",
        lifecycle.TransitionsView.as_view(),
        name="transitions",
    ),
    path(
        f"{WORKLOAD}success-criteria/",
        criteria.CriteriaView.as_view(),
        name="success_criteria",
    ),
    path(
        f"{WORKLOAD}success-criteria/<int:number>/",
        criteria.CriterionView.as_view(),
        name="success_criterion",
    ),
    path(
        f"{WORKLOAD}production-readiness/",
        criteria.ReadinessView.as_view(),
        name="production_readiness",
    ),
    path(f"{WORKLOAD}estimates/", estimates.EstimatesView.as_view(), name="estimates"),
    path(ESTIMATE, estimates.EstimateView.as_view(), name="estimate"),
    path(f"{ESTIMATE}submit/", estimates.SubmitView.as_view(), name="submit"),
    path(f"{ESTIMATE}compare/", comparison.CompareView.as_view(), name="compare"),
    path(f"{ESTIMATE}signoffs/", signoffs.SignoffsView.as_view(), name="signoffs"),
    path(
        f"{ESTIMATE}signoffs/<str:role>/",
        signoffs.SignoffView.as_view(),
        name="signoff",
    ),
    path("plan/", roadmap.RoadmapView.as_view(), name="roadmap"),
    path("plan/import/", imports.ImportView.as_view(), name="import"),
    path("plan/export/", exports.ExportView.as_view(), name="export"),
    path("plan/baselines/", baselines.BaselinesView.as_view(), name="baselines"),
    path(
        "plan/baselines/<int:number>/",
        baselines.BaselineView.as_view(),
        name="baseline",
    ),
    path(
        "plan/baselines/<int:number>/compare/",
        baselines.BaselineCompareView.as_view(),
        name="baseline_compare",
    ),
    path("departments/", departments.DepartmentsView.as_view(), name="departments"),
    path(
        "departments/<str:code>/",
        departments.DepartmentView.as_view(),
        name="department",
    ),
    path("deputies/", deputies.DeputiesView.as_view(), name="deputies"),
    path("deputies/<int:number>/", deputies.DeputyView.as_view(), name="deputy"),
]
