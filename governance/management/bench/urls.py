"""The product's addresses, and beside them the floors it is measured against."""

import orjson
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import include, path

from governance.management.bench.decide_orm import DecideByOrm
from governance.management.bench.ordinary import OrdinaryUsageView

FLOOR_ROWS = """
    SELECT w.number, w.name, u.username, w.owner_text, w.purpose, d.code, w.shape,
        w.audience, w.compliance_sensitive, w.status, w.requested_status,
        w.ship_quarter, w.primary_model, w.degrade_model, w.cost_gate, w.hours_to_add,
        w.proposed_at, w.status_since, w.version, e.version, e.state, e.users,
        e.sessions_per_user_month, e.tokens_per_user_month, e.tokens_per_month,
        e.ops_hours_week
    FROM workloads_workload w
    LEFT JOIN portal_user u ON u.id = w.owner_id
    LEFT JOIN workloads_department d ON d.id = w.department_id
    LEFT JOIN workloads_estimate e ON e.id = w.shown_estimate_id
    ORDER BY w.number LIMIT 100
"""


def bare_page(request: HttpRequest) -> HttpResponse:
    """The base template with nothing in it, for the same signed-in person."""
    return render(request, "base.html")


def raw_rows(_request: HttpRequest) -> HttpResponse:
    """The list's rows by one statement, as one JSON text. Signed-in people only."""
    with connection.cursor() as cursor:
        cursor.execute(FLOOR_ROWS)
        names = [
            f"{index}_{column[0]}" for index, column in enumerate(cursor.description)
        ]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return HttpResponse(
        orjson.dumps({"results": rows}, default=str), content_type="application/json"
    )


urlpatterns = [
    path("bench/decide/", DecideByOrm.as_view()),
    path("bench/bare/", bare_page),
    path("bench/rows/", raw_rows),
    path("bench/usage/", OrdinaryUsageView.as_view()),
    path("", include("portal.urls")),
]
