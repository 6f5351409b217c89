"""Changing one's own password; the session at hand goes on."""

from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from portal.forms.accounts import OwnPasswordForm
from portal.kernel import clock
from portal.kernel.errors import Invalid, Problem
from portal.kernel.models import User
from portal.kernel.pages.refusals import show_refusal
from portal.kernel.pages.signing_in import AccountLocked, require_present_password
from portal.kernel.pages.toast import toast
from portal.kernel.services.accounts import change_password
from portal.views.settings.frame import show


@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def password(request: HttpRequest) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    form = OwnPasswordForm(request.POST or None)
    refused: Problem | None = None
    if request.method == "POST" and form.is_valid():
        try:
            require_present_password(request, user, form.cleaned_data["present"])
            changed = change_password(
                actor=user,
                user_id=user.pk,
                password=form.cleaned_data["password"],
                now=clock.now(),
            )
        except (Invalid, AccountLocked) as problem:
            refused = problem
            show_refusal(form, problem)
        else:
            update_session_auth_hash(request, changed)
            toast(request, "Your password is changed; other sessions are closed.")
            return redirect("portal:password")
    return show(
        request, "password", {"form": form}, tab="portal:password", refused=refused
    )
