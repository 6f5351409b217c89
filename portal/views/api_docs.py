"""The API's schema and the page to read and try it. Neither asks the database."""

from functools import cache
from typing import Any

from csp.constants import UNSAFE_INLINE
from csp.decorators import csp_update
from django.http import HttpResponse
from django.utils.decorators import method_decorator
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer, OpenApiYamlRenderer
from drf_spectacular.views import SpectacularSwaggerSplitView
from rest_framework.negotiation import DefaultContentNegotiation

from portal.kernel.api.operations import Reach, operation
from portal.kernel.api.parameters import OneOf
from portal.kernel.api.views import WeighbridgeView

YAML = "application/vnd.oai.openapi"


class SchemaView(WeighbridgeView):
    @operation(
        scope=Reach.PUBLIC,
        answer={"type": "object"},
        parameters={"format": OneOf(("json", "yaml"), default="json")},
    )
    def get(self) -> HttpResponse:
        """The schema of this API, OpenAPI 3.1."""
        if self.query["format"] == "yaml":
            return HttpResponse(_yaml(), content_type=f"{YAML}; charset=utf-8")
        return HttpResponse(_json(), content_type="application/json")


# Swagger UI sets its styles in place; this page alone allows that, and no script.
@method_decorator(csp_update({"style-src": [UNSAFE_INLINE]}), name="dispatch")
class DocsView(SpectacularSwaggerSplitView):
    url_name = "api:schema"
    content_negotiation_class = DefaultContentNegotiation


@cache
def _schema() -> dict[str, Any]:
    """Made once a process, of the declarations in the code."""
    schema: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return schema


@cache
def _json() -> bytes:
    return bytes(OpenApiJsonRenderer().render(_schema()))


@cache
def _yaml() -> bytes:
    return bytes(OpenApiYamlRenderer().render(_schema()))
