"""Views that a person keeps: filters of a page under a name."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from portal.forms.views import SaveViewForm, address_of, rows_of
from portal.kernel import clock
from portal.kernel.errors import Invalid
from portal.kernel.pages.refusals import show_refusal
from portal.kernel.pages.toast import toast
from portal.kernel.selectors.saved_views import all_views_of
from portal.kernel.services.saved_views import delete_view, save_view
from portal.views.settings.frame import show

TAB = "portal:views"


@require_safe
def views(request: HttpRequest) -> HttpResponse:
    rows = rows_of(all_views_of(request.user))  # type: ignore[arg-type]
    return show(request, "views", {"rows": rows}, tab=TAB)


@require_http_methods(["GET", "HEAD", "POST"])
def new_view(request: HttpRequest) -> HttpResponse:
    """Asked for by a list's "Save this view", with its page and query."""
    initial = {name: request.GET.get(name, "") for name in ("page", "query")}
    form = SaveViewForm(request.POST or None, initial=initial)
    refused = None
    if request.method == "POST" and form.is_valid():
        try:
            view = save_view(
                actor=request.user,  # type: ignore[arg-type]
                now=clock.now(),
                **form.cleaned_data,
            )
        except Invalid as problem:
            refused = problem
            show_refusal(form, problem)
        else:
            toast(request, f"This view is kept as “{view.name}”.")
            return redirect(address_of(view.page, view.query) or "portal:views")
    return show(request, "view_new", {"form": form}, tab=TAB, refused=refused)


@require_POST
def remove(request: HttpRequest, view_id: int) -> HttpResponse:
    delete_view(actor=request.user, view_id=view_id)  # type: ignore[arg-type]
    toast(request, "The view is deleted.")
    return redirect("portal:views")
