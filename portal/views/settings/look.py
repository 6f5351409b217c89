"""Theme and keyboard shortcuts: a matter of taste, changed without a script."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

from portal.kernel.pages.theme import CHOICES, keep_theme, theme_of
from portal.kernel.pages.toast import toast
from portal.kernel.services.accounts import set_shortcuts
from portal.views.settings.frame import show


@require_safe
def look(request: HttpRequest) -> HttpResponse:
    words = {"system": "As the system says", "light": "Light", "dark": "Dark"}
    chosen = theme_of(request) or "system"
    themes = [(choice, words[choice], choice == chosen) for choice in CHOICES]
    return show(request, "look", {"themes": themes}, tab="portal:settings")


@require_POST
def keep_look(request: HttpRequest) -> HttpResponse:
    response = redirect("portal:settings")
    keep_theme(response, request.POST.get("theme", ""), secure=request.is_secure())
    toast(request, "The look is kept on this device.")
    return response


@require_POST
def keep_keys(request: HttpRequest) -> HttpResponse:
    enabled = request.POST.get("shortcuts") == "on"
    set_shortcuts(actor=request.user, enabled=enabled)  # type: ignore[arg-type]
    toast(request, f"Single-key shortcuts are {'on' if enabled else 'off'}.")
    return redirect("portal:settings")
