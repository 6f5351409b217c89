"""Own API tokens: shown once, revoked for good."""

from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from portal.forms.tokens import TokenForm
from portal.kernel import clock
from portal.kernel.access import require
from portal.kernel.errors import Invalid
from portal.kernel.models import ApiToken
from portal.kernel.pages.refusals import show_refusal
from portal.kernel.pages.toast import toast
from portal.kernel.selectors.tokens import tokens_of
from portal.kernel.services.tokens import issue_token, revoke_token
from portal.views.settings.frame import show, why_not

TAB = "portal:tokens"


@require_safe
def tokens(request: HttpRequest) -> HttpResponse:
    now = clock.now()
    kept = [(token, _state(token, now)) for token in tokens_of(request.user)]  # type: ignore[arg-type]
    context = {"tokens": kept, "why": why_not(request.user, "token.own")}
    return show(request, "tokens", context, tab=TAB)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def new_token(request: HttpRequest) -> HttpResponse:
    """The answer to the POST is the only page that ever holds the token."""
    require(request.user, "token.own")
    form = TokenForm(request.POST or None)
    refused = None
    if request.method == "POST" and form.is_valid():
        now = clock.now()
        try:
            issued = issue_token(
                actor=request.user,  # type: ignore[arg-type]
                user=request.user,  # type: ignore[arg-type]
                scopes=form.cleaned_data["scopes"],
                name=form.cleaned_data["name"],
                expires_at=form.expires_at(now),
                now=now,
            )
        except Invalid as problem:
            refused = problem
            show_refusal(form, problem)
        else:
            return show(request, "token_issued", {"issued": issued}, tab=TAB)
    return show(request, "token_new", {"form": form}, tab=TAB, refused=refused)


@require_POST
def revoke(request: HttpRequest, token_id: int) -> HttpResponse:
    token = revoke_token(actor=request.user, token_id=token_id, now=clock.now())  # type: ignore[arg-type]
    toast(request, f"Token {token.prefix}… is revoked.")
    return redirect("portal:tokens")


def _state(token: ApiToken, now: datetime) -> str:
    if token.revoked_at:
        return "revoked"
    if token.expires_at and token.expires_at <= now:
        return "expired"
    return "works"
