"""Deputies: who signs for a signer during a span of days. Under the settings."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from portal.kernel import access, clock
from portal.kernel.errors import Invalid
from portal.kernel.models import User
from portal.kernel.pages.refusals import show_refusal
from portal.kernel.pages.toast import toast
from workloads.enums import SignRole
from workloads.forms.deputies import DeputyForm
from workloads.selectors.deputies import deputies_around
from workloads.services.deputies import end_deputy, name_deputy

TAB = "workloads:deputies"


@require_http_methods(["GET", "HEAD", "POST"])
def deputies(request: HttpRequest) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    now = clock.now()
    may = access.allows(user, "deputy.name")
    form = DeputyForm(request.POST or None, signer=user)
    if request.method == "POST":
        access.require(user, "deputy.name")
        if form.is_valid() and _name(request, user, form):
            return redirect(TAB)
    named, standing_in = deputies_around(user, clock.today(now))
    context = {
        "form": form if may else None,
        "who": access.capitalised(access.who_can("deputy.name")),
        "named": named,
        "standing_in": standing_in,
        "today": clock.today(now),
        "tab": TAB,
        "page_in_settings": True,
    }
    status = 400 if form.errors else None
    return render(request, "workloads/deputies/page.html", context, status=status)


def _name(request: HttpRequest, user: User, form: DeputyForm) -> bool:
    found = form.cleaned_data
    try:
        row = name_deputy(
            actor=user,
            role=SignRole(found["role"]),
            deputy=found["deputy"],
            from_day=found["from_day"],
            until_day=found["until"],
            now=clock.now(),
        )
    except Invalid as problem:
        show_refusal(form, problem)
        return False
    toast(request, f"{row.deputy.display_name} signs {row.role} for you.")
    return True


@require_POST
def end(request: HttpRequest, deputy_id: int) -> HttpResponse:
    end_deputy(
        deputy_id=deputy_id,
        actor=request.user,  # type: ignore[arg-type]
        now=clock.now(),
    )
    toast(request, "The deputy is taken back. What they signed stays signed.")
    return redirect(TAB)
