"""What every settings page shows around itself."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from portal.kernel.access import allows, capitalised, who_can
from portal.kernel.errors import Problem


def show(
    request: HttpRequest,
    name: str,
    context: dict[str, Any],
    *,
    tab: str,
    refused: Problem | None = None,
) -> HttpResponse:
    """A settings page; with a refusal, its form again under the refusal's status."""
    return render(
        request,
        f"portal/settings/{name}.html",
        {**context, "tab": tab, "page_in_settings": True},
        status=refused.status if refused else None,
    )


def why_not(user: Any, action: str) -> str:
    """Nothing for whoever may; else who can, for the dashed button."""
    if allows(user, action):
        return ""
    return f"{capitalised(who_can(action))} can."
