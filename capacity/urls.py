"""Pages of the capacity model. Each subject adds its own addresses."""

from django.urls import URLPattern, URLResolver, path

from capacity.views import rates, recalibration, recalibration_runs

app_name = "capacity"

urlpatterns: list[URLPattern | URLResolver] = [
    path("rates/", rates.rates, name="rates"),
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
