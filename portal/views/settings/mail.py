"""A test of the mail: one message to oneself, through the same outbox as every other."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

from portal.kernel import clock
from portal.kernel.access import require
from portal.kernel.models import User
from portal.kernel.pages.toast import toast
from portal.kernel.selectors.outbox import outbox_state, recent_mails
from portal.kernel.services.outbox import post_mail
from portal.views.settings.frame import show, why_not

TEST_KIND = "mail.test"
SHOWN = 5


@require_safe
def mail(request: HttpRequest) -> HttpResponse:
    context = {
        "state": outbox_state(now=clock.now()),
        "mails": recent_mails(TEST_KIND)[:SHOWN],
        "server": getattr(settings, "EMAIL_HOST", ""),
        "to_files": settings.EMAIL_BACKEND.endswith("filebased.EmailBackend"),
        "sender": settings.DEFAULT_FROM_EMAIL,
        "why": why_not(request.user, "account.manage"),
    }
    return show(request, "mail", context, tab="portal:mail")


@require_POST
def send_test(request: HttpRequest) -> HttpResponse:
    require(request.user, "account.manage")
    user: User = request.user  # type: ignore[assignment]
    posted = post_mail(
        user,
        "Weighbridge: mail test",
        "This message left Weighbridge through its outbox. Mail works.",
        now=clock.now(),
        kind=TEST_KIND,
    )
    if posted:
        toast(request, f"A test is on its way to {user.email}.")
    else:
        toast(request, "Your account has no e-mail address, so nothing was sent.")
    return redirect("portal:mail")
