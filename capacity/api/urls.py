"""/api/v1/: forecasts, rates, people, actuals and recalibration."""

from django.urls import URLPattern, URLResolver, path

from capacity.api import (
    accounts,
    actuals,
    alerts,
    billing,
    forecast,
    gate_exceptions,
    gate_proposals,
    gates,
    kill_switches,
    overlap,
    quarters,
    rates,
    recalibration,
    scenarios,
    spend_limits,
    staffing,
    usage,
)

PROPOSAL = "workloads/<str:ref>/gates/proposals/<int:number>/"
GATE = "workloads/<str:ref>/gates/<int:version>/"

urlpatterns: list[URLPattern | URLResolver] = [
    path("accounts/", accounts.AccountsView.as_view()),
    path("accounts/<str:code>/", accounts.AccountView.as_view()),
    path("gates/exceptions/", gate_exceptions.ExceptionsView.as_view()),
    path("gates/exceptions/<int:number>/", gate_exceptions.ExceptionView.as_view()),
    path("actuals/compute/", actuals.ComputeView.as_view()),
    path("actuals/ops/", actuals.OpsView.as_view()),
    path("actuals/tokens/", actuals.TokensView.as_view()),
    path("alerts/", alerts.AlertsView.as_view()),
    path("alerts/<int:number>/acknowledge/", alerts.AcknowledgeView.as_view()),
    path("compute-lines/", rates.ComputeLinesView.as_view()),
    path("forecast/", forecast.ForecastView.as_view()),
    path("forecast/scenarios/", scenarios.ScenariosView.as_view()),
    path("gates/billing/", billing.BillingView.as_view()),
    path("gates/kill-switches/", kill_switches.KillSwitchesView.as_view()),
    path("gates/kill-switches/<int:number>/", kill_switches.KillSwitchView.as_view()),
    path("gates/spend-limits/", spend_limits.SpendLimitsView.as_view()),
    path("gates/spend-limits/<int:number>/", spend_limits.SpendLimitView.as_view()),
    path("overlap/", overlap.OverlapView.as_view()),
    path("quarters/<str:quarter>/", quarters.QuarterView.as_view()),
    path("quarters/<str:quarter>/close/", quarters.CloseView.as_view()),
    path("quarters/<str:quarter>/reopen/", quarters.ReopenView.as_view()),
    path("rate-card/", rates.RateCardView.as_view()),
    path("recalibrations/", recalibration.RecalibrationsView.as_view()),
    path("recalibrations/<int:number>/", recalibration.RecalibrationView.as_view()),
    path("staffing/", staffing.StaffingView.as_view()),
    path("workloads/<str:ref>/gates/", gates.GatesView.as_view()),
    path(
        "workloads/<str:ref>/gates/proposals/", gate_proposals.ProposalsView.as_view()
    ),
    path(f"{PROPOSAL}accept/", gate_proposals.AcceptView.as_view()),
    path(f"{PROPOSAL}refuse/", gate_proposals.RefuseView.as_view()),
    path(GATE, gates.GateView.as_view()),
    path(f"{GATE}shadow/", gates.ShadowView.as_view()),
    path(f"{GATE}activate/", gates.ActivateView.as_view()),
    path(f"{GATE}opt-ins/<str:tier>/withdraw/", gates.WithdrawView.as_view()),
    path("usage/", usage.UsageView.as_view()),
    path("usage/quarantine/", usage.QuarantineView.as_view()),
    path("usage/quarantine/<int:number>/replay/", usage.ReplayView.as_view()),
    path("usage/totals/", usage.TotalsView.as_view()),
]
