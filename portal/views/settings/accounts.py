"""Accounts and roles: read by all (who can do what is no secret), kept by administrators."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from portal.forms.accounts import (
    AccountForm,
    EditAccountForm,
    NewAccountForm,
    PasswordForm,
)
from portal.kernel import clock
from portal.kernel.access import allows, require
from portal.kernel.errors import Conflict, Invalid, NotFound, Stale
from portal.kernel.formats import BLANK
from portal.kernel.models import User
from portal.kernel.pages.paging import page_number, paging_for
from portal.kernel.pages.refusals import show_refusal
from portal.kernel.pages.seen import tell
from portal.kernel.pages.toast import toast
from portal.kernel.selectors.accounts import accounts_matching, find_account
from portal.kernel.services import accounts as use_cases
from portal.views.settings.frame import show, why_not

TAB = "portal:accounts"
PAGE_SIZE = 50


@require_safe
def accounts(request: HttpRequest) -> HttpResponse:
    words = request.GET.get("q", "").replace("\x00", "")[:100].strip()
    role = request.GET.get("role", "")
    found = accounts_matching(words, role)
    start = (page_number(request) - 1) * PAGE_SIZE
    shown = list(found[start : start + PAGE_SIZE])
    context = {
        "accounts": shown,
        "words": words,
        "role": role,
        "paging": paging_for(
            request, size=PAGE_SIZE, shown=len(shown), total=found.count()
        ),
        "roles": AccountForm().fields["roles"].choices,  # type: ignore[attr-defined]
        "may": allows(request.user, "account.manage"),
        "why": why_not(request.user, "account.manage"),
    }
    return show(request, "accounts", context, tab=TAB)


@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def new_account(request: HttpRequest) -> HttpResponse:
    require(request.user, "account.manage")
    form = NewAccountForm(request.POST or None)
    refused = None
    if request.method == "POST" and form.is_valid():
        values: dict[str, Any] = dict(form.cleaned_data)
        values["password"] = values["password"] or None
        try:
            user = use_cases.create_user(
                actor=request.user,  # type: ignore[arg-type]
                now=clock.now(),
                **values,
            )
        except Invalid as problem:
            refused = problem
            show_refusal(form, problem)
        else:
            toast(request, f"The account {user.username} is made.")
            return redirect("portal:accounts")
    context = {"form": form, "title": "New account", "label": "Make the account"}
    return show(request, "account_form", context, tab=TAB, refused=refused)


@require_http_methods(["GET", "HEAD", "POST"])
def account(request: HttpRequest, user_id: int) -> HttpResponse:
    require(request.user, "account.manage")
    person = _find(user_id)
    form = EditAccountForm(request.POST or None, initial=_values(person))
    refused: Invalid | Conflict | None = None
    if request.method == "POST" and form.is_valid():
        try:
            use_cases.change_account(
                actor=request.user,  # type: ignore[arg-type]
                user_id=user_id,
                changes=form.changes(),
                if_seen=form.cleaned_data["seen"],
                now=clock.now(),
            )
        except Stale as problem:
            tell(problem, form.cleaned_data["seen"])
            problem.extra["comparison"] = _comparison(form, _values(_find(user_id)))
            problem.extra["ways"] = [("Read the account again", request.path)]
            raise
        except (Invalid, use_cases.LastAdministrator) as problem:
            refused = problem
            show_refusal(form, problem)
        else:
            toast(request, f"The account {person.username} is changed.")
            return redirect("portal:accounts")
    context = {
        "form": form,
        "person": person,
        "password_form": PasswordForm(),
        "title": person.display_name,
        "label": "Change the account",
    }
    return show(request, "account_form", context, tab=TAB, refused=refused)


@require_POST
def set_active(request: HttpRequest, user_id: int) -> HttpResponse:
    """Closing an account stops its sessions and tokens at once; opening it lets it in."""
    active = request.POST.get("active") == "yes"
    person = use_cases.change_account(
        actor=request.user,  # type: ignore[arg-type]
        user_id=user_id,
        changes={"is_active": active},
        now=clock.now(),
    )
    state = "open again" if active else "deactivated"
    toast(request, f"The account {person.username} is {state}.")
    return redirect("portal:account", user_id)


@sensitive_post_parameters()
@require_POST
def set_password(request: HttpRequest, user_id: int) -> HttpResponse:
    require(request.user, "account.manage")
    person = _find(user_id)
    form = PasswordForm(request.POST)
    if form.is_valid():
        use_cases.change_password(
            actor=request.user,  # type: ignore[arg-type]
            user_id=user_id,
            password=form.cleaned_data["password"],
            now=clock.now(),
        )
        toast(request, f"{person.username} has a new password.")
    return redirect("portal:account", user_id)


def _find(user_id: int) -> User:
    person = find_account(user_id)
    if person is None:
        raise NotFound("There is no such account.")
    return person


def _values(person: User) -> dict[str, Any]:
    return {
        "name": person.name,
        "email": person.email,
        "roles": person.roles,
        "committee_function": person.committee_function,
        "seen": use_cases.stamp_of(person),
    }


def _comparison(form: EditAccountForm, present: dict[str, Any]) -> list[dict[str, str]]:
    return [
        {
            "field": str(form[name].label),
            "yours": _words(sent),
            "current": _words(present[name]),
        }
        for name, sent in form.changes().items()
        if sent != present[name]
    ]


def _words(value: Any) -> str:
    return (", ".join(value) if isinstance(value, list) else str(value)) or BLANK
