"""Pages of the gates. They stand beside the capacity model's own."""

from django.urls import URLPattern, URLResolver, path

from capacity.views import (
    accounts,
    alerts,
    gate,
    gate_actions,
    gate_drafts,
    gate_exceptions,
    gate_proposals,
    gates,
    kill_switches,
    spend_limits,
)

app_name = "gates"

GATE = "workloads/<str:ref>/gate/"
VERSION = f"{GATE}<int:version>/"

GATE_PAGES: list[URLPattern | URLResolver] = [
    path(GATE, gate.gate, name="gate"),
    path(f"{GATE}draft/", gate_drafts.draft, name="draft"),
    path(f"{GATE}exceptions/", gate_exceptions.listing, name="exceptions"),
    path(
        f"{GATE}exceptions/export.<str:kind>",
        gate_exceptions.export,
        name="exceptions-export",
    ),
    path(
        f"{GATE}exceptions/<int:exception_id>/",
        gate_exceptions.end,
        name="exception",
    ),
    path(
        f"{GATE}proposals/<int:proposal_id>/<str:verb>/",
        gate_proposals.decide,
        name="proposal",
    ),
    path(VERSION, gate.version, name="version"),
    path(f"{VERSION}month.csv", gate.month_csv, name="month-csv"),
    path(f"{VERSION}shadow/", gate_actions.shadow, name="shadow"),
    path(f"{VERSION}activate/", gate_actions.activate, name="activate"),
    path(f"{VERSION}compare/<int:other>/", gate_actions.compare, name="compare"),
    path(
        f"{VERSION}opt-ins/<str:tier>/withdraw/",
        gate_actions.withdraw,
        name="withdraw",
    ),
]

urlpatterns: list[URLPattern | URLResolver] = [
    *GATE_PAGES,
    path("gates/", gates.gates, name="list"),
    path("gates/export.<str:kind>", gates.export, name="export"),
    path("gates/switches/", kill_switches.switches, name="switches"),
    path(
        "gates/switches/export.<str:kind>",
        kill_switches.export,
        name="switches-export",
    ),
    path("gates/switches/<int:switch_id>/", kill_switches.lift, name="switch"),
    path("gates/limits/", spend_limits.limits, name="limits"),
    path("gates/limits/export.<str:kind>", spend_limits.export, name="limits-export"),
    path("gates/limits/<int:limit_id>/", spend_limits.end, name="limit"),
    path("gates/accounts/", accounts.accounts, name="accounts"),
    path("gates/accounts/export.<str:kind>", accounts.export, name="accounts-export"),
    path("gates/accounts/<str:code>/", accounts.account, name="account"),
    path("gates/alerts/", alerts.alerts, name="alerts"),
    path("gates/alerts/export.<str:kind>", alerts.export, name="alerts-export"),
    path(
        "gates/alerts/<int:alert_id>/acknowledge/",
        alerts.acknowledge,
        name="acknowledge",
    ),
]
