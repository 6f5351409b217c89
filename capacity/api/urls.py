"""/api/v1/: forecasts, rates, people, actuals and recalibration."""

from django.urls import URLPattern, URLResolver

urlpatterns: list[URLPattern | URLResolver] = []
