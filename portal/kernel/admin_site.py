"""The admin's one site: who may open it follows from roles, and nothing is deleted in it.

Outside the package `portal.kernel.admin`, whose import already needs the site.
"""

from collections.abc import Iterable
from functools import update_wrapper
from typing import Any

from django.conf import settings
from django.contrib.admin import AdminSite
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LogoutView, redirect_to_login
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import URLPattern, URLResolver
from django.utils.decorators import method_decorator

from portal.kernel import access

FIRST = ("workloads", "capacity", "governance", "portal")
# A password is changed through its own audited use case, on the settings page.
LEFT_OUT = frozenset({"password_change", "password_change_done"})


class HouseAdminSite(AdminSite):
    site_title = site_header = index_title = "Admin"
    empty_value_display = "—"
    enable_nav_sidebar = False
    final_catch_all_view = False

    def __init__(self, name: str = "admin") -> None:
        super().__init__(name)
        self.disable_action("delete_selected")

    def has_permission(self, request: HttpRequest) -> bool:
        """By role alone: neither `is_superuser` nor a model permission opens it."""
        return access.allows(request.user, "admin.open")

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        inner = super().admin_view(view, cacheable)

        def guarded(
            request: HttpRequest, *args: Any, **kwargs: Any
        ) -> HttpResponseBase:
            # Someone who is signed in is told who can; signing in again helps nobody.
            if request.user.is_authenticated:
                access.require(request.user, "admin.open")
            return inner(request, *args, **kwargs)

        return update_wrapper(guarded, inner)

    def register(
        self,
        model_or_iterable: type[Model] | Iterable[type[Model]],
        admin_class: Any = None,
        **options: Any,
    ) -> None:
        """Only what the house describes itself: an app that brings an admin of its own
        (groups, schedules, locked accounts) would bring a door past the use cases."""
        if getattr(admin_class, "of_the_house", False):
            super().register(model_or_iterable, admin_class, **options)

    @method_decorator(login_not_required)
    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """There is one sign-in, where five failures lock an account."""
        back = request.GET.get("next") or settings.LOGIN_REDIRECT_URL
        return redirect_to_login(back, settings.LOGIN_URL)

    def logout(  # type: ignore[override]
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        return LogoutView.as_view(next_page=settings.LOGIN_URL)(request)

    def get_app_list(
        self, request: HttpRequest, app_label: str | None = None
    ) -> list[dict[str, Any]]:
        """The house's own parts first, then what it stands on."""
        found = super().get_app_list(request, app_label)
        return sorted(found, key=lambda app: (_place_of(app["app_label"]), app["name"]))

    def get_urls(self) -> list[URLPattern | URLResolver]:
        return [
            found
            for found in super().get_urls()
            if getattr(found, "name", None) not in LEFT_OUT
        ]


def _place_of(app_label: str) -> int:
    return FIRST.index(app_label) if app_label in FIRST else len(FIRST)
