"""Signing in and out. Five failures lock an account for 15 minutes, and the page says so."""

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from portal.forms.sign_in import SignInForm


class SignIn(LoginView):
    template_name = "registration/sign_in.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True


class SignOut(LogoutView):
    http_method_names = ["post", "options"]


@login_not_required
def locked_out(
    request: HttpRequest,
    original_response: HttpResponse | None = None,
    _credentials: dict[str, Any] | None = None,
) -> HttpResponse:
    """What axes answers instead of checking the password.

    A page that asked someone signed in for it says so itself.
    """
    if request.path.startswith("/api/") or request.user.is_authenticated:
        return original_response or HttpResponse(status=429)
    context = {"form": SignInForm(request), "locked": True, "next": ""}
    return render(request, "registration/sign_in.html", context, status=429)
