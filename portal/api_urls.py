"""/api/v1/: the schema, the page to read and try it, and each app's own addresses."""

from django.urls import URLPattern, URLResolver, include, path

from portal.views.api_docs import DocsView, SchemaView

urlpatterns: list[URLPattern | URLResolver] = [
    path("schema/", SchemaView.as_view(), name="schema"),
    path("docs/", DocsView.as_view(), name="docs"),
    path("", include("portal.kernel.api.urls")),
    path("", include("workloads.api.urls")),
    path("", include("capacity.api.urls")),
]
