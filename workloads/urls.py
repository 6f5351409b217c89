"""Pages of the plan."""

from django.urls import path
from django.views import View

app_name = "workloads"

placeholder = View.as_view()
urlpatterns = [
    path("workloads/<str:ref>/edit/", placeholder, name="edit"),
    path("workloads/<str:ref>/estimates/new/", placeholder, name="estimate-new"),
    path("workloads/<str:ref>/estimates/<int:version>/", placeholder, name="estimate"),
    path("workloads/<str:ref>/criteria/", placeholder, name="criteria"),
    path("workloads/<str:ref>/readiness/", placeholder, name="readiness"),
    path("workloads/<str:ref>/step/<str:to>/", placeholder, name="step"),
    path("approvals/<str:ref>/<int:version>/<str:role>/", placeholder, name="approval"),
]
