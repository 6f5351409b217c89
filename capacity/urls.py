"""Pages of the capacity model. Each subject adds its own addresses."""

from django.urls import URLPattern, URLResolver, path

from capacity.views import (
    actuals,
    actuals_imports,
    budgets,
    quarters,
    rates,
    rates_exports,
    recalibration,
    recalibration_runs,
    scenarios,
    usage,
    usage_refused,
    variance,
    workload_panel,
)

app_name = "capacity"

urlpatterns: list[URLPattern | URLResolver] = [
    path("actuals/", actuals.actuals, name="actuals"),
    path("actuals/export.<str:kind>", actuals.export, name="actuals-export"),
    path("actuals/variance/", variance.variance, name="actuals-variance"),
    path("actuals/import/", actuals_imports.upload, name="actuals-import"),
    path("actuals/import/<int:sheet_id>/", actuals_imports.sheet, name="actuals-sheet"),
    path(
        "actuals/import/<int:sheet_id>/confirm/",
        actuals_imports.confirm,
        name="actuals-confirm",
    ),
    path("quarters/<str:quarter>/close/", quarters.close, name="quarter-close"),
    path("quarters/<str:quarter>/reopen/", quarters.reopen, name="quarter-reopen"),
    path("", budgets.budgets, name="budgets"),
    path("budgets/<slug:slug>.csv", budgets.export, name="budgets-csv"),
    path(
        "workloads/<str:ref>/tokens.csv",
        workload_panel.export,
        name="workload-tokens-csv",
    ),
    path("usage/", usage.usage, name="usage"),
    path("usage/export.<str:kind>", usage.export, name="usage-export"),
    path("usage/refused/", usage_refused.refused, name="usage-refused"),
    path(
        "usage/refused/export.<str:kind>",
        usage_refused.export,
        name="usage-refused-export",
    ),
    path(
        "usage/refused/<int:event_id>/replay/",
        usage_refused.replay,
        name="usage-replay",
    ),
    path("scenarios/", scenarios.scenarios, name="scenarios"),
    path("scenarios/<slug:slug>.csv", scenarios.export, name="scenarios-csv"),
    path("rates/", rates.rates, name="rates"),
    path("rates/<slug:table>.csv", rates_exports.export, name="rates-csv"),
    path("rates/<slug:kind>/", rates.enter_row, name="rates-enter"),
    path("recalibration/", recalibration.recalibration, name="recalibration"),
    path("recalibration/accuracy.csv", recalibration.accuracy_csv, name="accuracy-csv"),
    path(
        "recalibration/<int:run_id>/",
        recalibration_runs.run,
        name="recalibration-run",
    ),
    path(
        "recalibration/<int:run_id>.csv",
        recalibration_runs.run_csv,
        name="recalibration-csv",
    ),
    path(
        "recalibration/<int:run_id>/<str:ref>/take/",
        recalibration_runs.take,
        name="recalibration-take",
    ),
]
