"""Pages of the capacity model. Each subject adds its own addresses."""

from django.urls import URLPattern, URLResolver

app_name = "capacity"

urlpatterns: list[URLPattern | URLResolver] = []
