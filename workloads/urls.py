"""Pages of the plan."""

from django.urls import path
from django.views import View

from workloads.views import criteria, deputies, lifecycle, proposals, workloads

app_name = "workloads"

placeholder = View.as_view()

WORKLOAD_PAGES = [
    path("workloads/", workloads.workloads, name="workloads"),
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
    path("workloads/<str:ref>/estimates/new/", placeholder, name="estimate-new"),
    path("workloads/<str:ref>/estimates/<int:version>/", placeholder, name="estimate"),
    path(
        "workloads/<str:ref>/estimates/<int:version>/<str:role>/withdraw/",
        placeholder,
        name="withdraw",
    ),
    path("approvals/", placeholder, name="approvals"),
    path("approvals/<str:ref>/<int:version>/<str:role>/", placeholder, name="approval"),
    path("settings/deputies/", deputies.deputies, name="deputies"),
    path(
        "settings/deputies/<int:deputy_id>/end/",
        deputies.end,
        name="deputy-end",
    ),
]

PLAN_PAGES = [
    path("plan/", placeholder, name="plan-table"),
    path("plan/roadmap/", placeholder, name="plan-roadmap"),
    path("departments/", placeholder, name="departments"),
]

urlpatterns = [*PLAN_PAGES, *WORKLOAD_PAGES]
