"""Default deny: every view needs a sign-in unless it is marked public.

Django's own middleware looks at the person first and at the mark second; a health
check of a server whose database is gone would fail on the person.
"""

from collections.abc import Callable
from typing import Any

from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import HttpRequest
from django.http.response import HttpResponseBase


class SignInRequiredMiddleware(LoginRequiredMiddleware):
    """`@login_not_required` (or a WeighbridgeView, which asks itself) is let through."""

    def process_view(
        self,
        request: HttpRequest,
        view_func: Callable[..., HttpResponseBase],
        view_args: tuple[Any, ...],
        view_kwargs: dict[str, Any],
    ) -> HttpResponseBase | None:
        if not getattr(view_func, "login_required", True):
            return None
        return super().process_view(request, view_func, view_args, view_kwargs)
