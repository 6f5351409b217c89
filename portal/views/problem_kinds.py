"""What each problem's `type` leads to: what happened, and what to do about it."""

from dataclasses import dataclass

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from portal.kernel.errors import Problem

# What to do, by the status that a kind of problem answers with.
ADVICE: dict[int, str] = {
    400: "Mend what `errors` names and send it again. Nothing was changed.",
    401: "Sign in, or send a token that is live: Authorization: Bearer wb_…",
    403: "The answer names who can. A token also needs the scope of the call.",
    404: "Look the reference up in the list it belongs to; addresses end with a slash.",
    405: "The header Allow names the methods of this address.",
    409: "The state of things stands against it. The answer says what must change first.",
    412: "Read it again, look at what changed, and decide again. Nothing was saved.",
    413: "Send less at once; the answer names the limit.",
    415: "Send a body of a type that the schema names for this call.",
    422: "The body was understood and asks for what cannot be. Change what it says.",
    428: "Send If-Match with the ETag of what you read.",
    429: "Wait as long as Retry-After says.",
    500: "Give the request's number to who runs the portal: the log has it.",
    503: "Send it again after the seconds that Retry-After names.",
}


@dataclass(frozen=True)
class Kind:
    code: str
    title: str
    status: int
    what: str
    advice: str


@login_not_required
@require_safe
def kinds(request: HttpRequest) -> HttpResponse:
    context = {"kinds": list(all_kinds().values())}
    return render(request, "problems/kinds.html", context)


@login_not_required
@require_safe
def kind(request: HttpRequest, code: str) -> HttpResponse:
    found = all_kinds().get(code)
    if found is None:
        raise Http404
    return render(request, "problems/kinds.html", {"kinds": [found], "only": found})


def all_kinds() -> dict[str, Kind]:
    """By code, of every class of problem that the code knows."""
    found = {one.code: _kind(one) for one in _below(Problem)}
    return dict(sorted(found.items(), key=lambda pair: (pair[1].status, pair[0])))


def _below(parent: type[Problem]) -> list[type[Problem]]:
    below = [child for one in parent.__subclasses__() for child in (one, *_below(one))]
    return list(dict.fromkeys(below))


def _kind(problem: type[Problem]) -> Kind:
    return Kind(
        code=problem.code,
        title=problem.title,
        status=problem.status,
        what=" ".join((problem.__dict__.get("__doc__") or "").split()),
        advice=ADVICE.get(problem.status, ""),
    )
