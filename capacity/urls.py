"""Pages of the capacity model. Each subject adds its own addresses."""

from django.urls import URLPattern, URLResolver, path

from capacity.views import rates

app_name = "capacity"

urlpatterns: list[URLPattern | URLResolver] = [
    path("rates/", rates.rates, name="rates"),
]
