"""The numbers of the model: read by all, changed by the committee with a reason."""

from itertools import pairwise
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_safe

from portal.forms.numbers import UNITS, NumbersForm, words_of
from portal.kernel import clock
from portal.kernel.access import require
from portal.kernel.errors import Invalid, Stale
from portal.kernel.models import ModelNumbers
from portal.kernel.pages.refusals import show_refusal
from portal.kernel.pages.seen import tell
from portal.kernel.pages.toast import toast
from portal.kernel.selectors import numbers as selector
from portal.kernel.services.numbers import NUMBERS, change_numbers
from portal.views.settings.frame import show, why_not

TAB = "portal:numbers"
VERSIONS_SHOWN = 10


@require_safe
def numbers(request: HttpRequest) -> HttpResponse:
    versions = list(selector.versions()[: VERSIONS_SHOWN + 1])
    context = {
        "version": versions[0],
        "rows": [_row(versions[0], name) for name in NUMBERS],
        "history": [
            {"version": new, "changes": _changes(old, new)}
            for new, old in pairwise(versions)
        ],
        "why": why_not(request.user, "numbers.change"),
    }
    return show(request, "numbers", context, tab=TAB)


@require_http_methods(["GET", "HEAD", "POST"])
def change(request: HttpRequest) -> HttpResponse:
    require(request.user, "numbers.change")
    present = selector.current()
    form = NumbersForm(
        request.POST or None,
        instance=present,
        initial={"if_version": present.version, "reason": ""},
    )
    refused = None
    if request.method == "POST" and form.is_valid():
        try:
            version = change_numbers(
                actor=request.user,  # type: ignore[arg-type]
                changes=form.changes(),
                reason=form.cleaned_data["reason"],
                if_version=form.cleaned_data["if_version"],
                now=clock.now(),
            )
        except Invalid as problem:
            refused = problem
            show_refusal(form, problem)
        except Stale as problem:
            tell(problem, form.cleaned_data["if_version"])
            problem.extra["comparison"] = _comparison(present, form.changes())
            problem.extra["ways"] = [("Change version in force", request.path)]
            raise
        else:
            toast(request, f"The numbers are at version {version.version}.")
            return redirect("portal:numbers")
    fields = [(form[name], UNITS.get(name, "")) for name in NUMBERS]
    context = {"form": form, "fields": fields, "version": present}
    return show(request, "numbers_change", context, tab=TAB, refused=refused)


def _label(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _row(version: ModelNumbers, name: str) -> dict[str, Any]:
    field = ModelNumbers._meta.get_field(name)
    return {
        "label": _label(name),
        "value": words_of(getattr(version, name)),
        "unit": UNITS.get(name, ""),
        "help": getattr(field, "help_text", ""),
    }


def _changes(old: ModelNumbers, new: ModelNumbers) -> list[dict[str, str]]:
    return [
        {
            "field": _label(name),
            "before": words_of(getattr(old, name)),
            "after": words_of(getattr(new, name)),
        }
        for name in NUMBERS
        if getattr(old, name) != getattr(new, name)
    ]


def _comparison(present: ModelNumbers, sent: dict[str, Any]) -> list[dict[str, str]]:
    return [
        {
            "field": _label(name),
            "yours": words_of(sent[name]),
            "current": words_of(getattr(present, name)),
        }
        for name in NUMBERS
        if sent[name] != getattr(present, name)
    ]
