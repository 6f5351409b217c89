"""Webhooks: kept by administrators; their log, with a button that tells it again."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from portal.forms.webhooks import EditWebhookForm, WebhookForm, values_of
from portal.kernel import clock
from portal.kernel.access import allows, require
from portal.kernel.errors import Invalid, Problem, Stale
from portal.kernel.models import WebhookSubscription
from portal.kernel.pages.paging import page_number, paging_for
from portal.kernel.pages.refusals import show_refusal
from portal.kernel.pages.seen import tell
from portal.kernel.pages.toast import toast
from portal.kernel.selectors.webhooks import (
    deliveries_of,
    get_subscription,
    state_of,
    subscriptions,
    url_for,
)
from portal.kernel.services import webhooks as use_cases
from portal.views.settings.frame import show, why_not

TAB = "portal:webhooks"
ACTION = "webhook.manage"
PAGE_SIZE = 25


@require_safe
def webhooks(request: HttpRequest) -> HttpResponse:
    kept = [
        (one, url_for(request.user, one.url))  # type: ignore[arg-type]
        for one in subscriptions().order_by("id")
    ]
    context = {"webhooks": kept, "why": why_not(request.user, ACTION)}
    return show(request, "webhooks", context, tab=TAB)


@never_cache
@sensitive_variables("issued")
@require_http_methods(["GET", "HEAD", "POST"])
def new_webhook(request: HttpRequest) -> HttpResponse:
    """The answer to the POST is the only page that ever holds the secret."""
    require(request.user, ACTION)
    form = WebhookForm(request.POST or None)
    refused: Problem | None = None
    if request.method == "POST" and form.is_valid():
        try:
            issued = use_cases.subscribe(
                actor=request.user,  # type: ignore[arg-type]
                now=clock.now(),
                **form.cleaned_data,
            )
        except (Invalid, use_cases.TooManyWebhooks) as problem:
            refused = problem
            show_refusal(form, problem)
        else:
            return show(request, "webhook_issued", {"issued": issued}, tab=TAB)
    return show(request, "webhook_new", {"form": form}, tab=TAB, refused=refused)


@require_http_methods(["GET", "HEAD", "POST"])
def webhook(request: HttpRequest, webhook_id: int) -> HttpResponse:
    """One webhook with its log; its form for whoever keeps it."""
    kept = get_subscription(webhook_id)
    form = EditWebhookForm(request.POST or None, initial=values_of(kept))
    refused = None
    if request.method == "POST":
        require(request.user, ACTION)
        if form.is_valid():
            try:
                _edit(request, kept, form)
            except Invalid as problem:
                refused = problem
                show_refusal(form, problem)
            else:
                toast(request, "The webhook is changed.")
                return redirect("portal:webhook", webhook_id)
    context = _shown(request, kept) | {"form": form}
    return show(request, "webhook", context, tab=TAB, refused=refused)


def _edit(
    request: HttpRequest, kept: WebhookSubscription, form: EditWebhookForm
) -> None:
    seen = form.cleaned_data["seen"]
    try:
        use_cases.edit_webhook(
            number=kept.pk,
            actor=request.user,  # type: ignore[arg-type]
            changes=form.changes(),
            if_version=seen,
            now=clock.now(),
        )
    except Stale as problem:
        tell(problem, seen)
        problem.extra["ways"] = [("Read the webhook again", request.path)]
        raise


def _shown(request: HttpRequest, kept: WebhookSubscription) -> dict[str, Any]:
    log = deliveries_of(kept)
    start = (page_number(request) - 1) * PAGE_SIZE
    shown = [(one, state_of(one)) for one in log[start : start + PAGE_SIZE]]
    total = log.count()
    return {
        "webhook": kept,
        "url": url_for(request.user, kept.url),  # type: ignore[arg-type]
        "log": shown,
        "may": allows(request.user, ACTION),
        "why": why_not(request.user, ACTION),
        "paging": paging_for(request, size=PAGE_SIZE, shown=len(shown), total=total),
    }


@never_cache
@sensitive_variables("issued")
@require_POST
def new_secret(request: HttpRequest, webhook_id: int) -> HttpResponse:
    issued = use_cases.renew_secret(
        number=webhook_id,
        actor=request.user,  # type: ignore[arg-type]
        now=clock.now(),
    )
    return show(request, "webhook_issued", {"issued": issued}, tab=TAB)


@require_POST
def remove(request: HttpRequest, webhook_id: int) -> HttpResponse:
    use_cases.end_webhook(
        number=webhook_id,
        actor=request.user,  # type: ignore[arg-type]
        now=clock.now(),
    )
    toast(request, f"Webhook {webhook_id} is removed; it is told nothing more.")
    return redirect("portal:webhooks")


@require_POST
def resend(request: HttpRequest, webhook_id: int, event: str) -> HttpResponse:
    use_cases.resend(
        number=webhook_id,
        event_id=event,
        actor=request.user,  # type: ignore[arg-type]
        now=clock.now(),
    )
    toast(request, "The event is on its way again, under the same id.")
    return redirect("portal:webhook", webhook_id)
