"""/api/v1/: forecasts, rates, people, actuals and recalibration."""

from django.urls import URLPattern, URLResolver, path

from capacity.api import (
    actuals,
    forecast,
    overlap,
    quarters,
    rates,
    recalibration,
    scenarios,
    staffing,
)

urlpatterns: list[URLPattern | URLResolver] = [
    path("actuals/compute/", actuals.ComputeView.as_view()),
    path("actuals/ops/", actuals.OpsView.as_view()),
    path("actuals/tokens/", actuals.TokensView.as_view()),
    path("compute-lines/", rates.ComputeLinesView.as_view()),
    path("forecast/", forecast.ForecastView.as_view()),
    path("forecast/scenarios/", scenarios.ScenariosView.as_view()),
    path("overlap/", overlap.OverlapView.as_view()),
    path("quarters/<str:quarter>/", quarters.QuarterView.as_view()),
    path("quarters/<str:quarter>/close/", quarters.CloseView.as_view()),
    path("quarters/<str:quarter>/reopen/", quarters.ReopenView.as_view()),
    path("rate-card/", rates.RateCardView.as_view()),
    path("recalibrations/", recalibration.RecalibrationsView.as_view()),
    path("recalibrations/<int:number>/", recalibration.RecalibrationView.as_view()),
    path("staffing/", staffing.StaffingView.as_view()),
]
