from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from portal.views import health, problem_kinds

urlpatterns: list[URLPattern | URLResolver] = [
    path("livez", health.livez, name="livez"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
    path("api/v1/", include(("portal.api_urls", "api"))),
    path("problems/<slug:code>/", problem_kinds.kind, name="problem_kind"),
    path("problems/", problem_kinds.kinds, name="problem_kinds"),
    path("admin/", admin.site.urls),
    path("", include("portal.views.urls")),
    path("", include("workloads.urls")),
    path("capacity/", include("capacity.urls")),
    path("", include("capacity.gate_urls")),
]

handler400 = "portal.views.problems.bad_request"
handler403 = "portal.views.problems.not_allowed"
handler404 = "portal.views.problems.not_found"
handler500 = "portal.views.problems.server_error"
