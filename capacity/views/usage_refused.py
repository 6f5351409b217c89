"""Refused events: why each was refused, what it said, and sending it again."""

import json
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from capacity.models import QuarantinedEvent
from capacity.runtime.ingest import Sender
from capacity.selectors.quarantine import shown_body, told_workloads
from capacity.services.usage import replay_event
from capacity.views.listing import (
    Bar,
    Chip,
    Choice,
    as_file,
    one_of,
    paged,
    text_of,
    window,
)
from portal.kernel import clock, formats
from portal.kernel.models import User
from portal.kernel.pages.toast import toast
from workloads.views.reasons import why_not

PAGE = "capacity:usage-refused"
CODES = (
    "time_in_future",
    "quarter_closed",
    "unknown_workload",
    "unknown_tier",
    "negative_tokens",
    "cached_exceeds_input",
    "invalid_event",
)
PAGE_SIZE = 25
ORDERS = {"": "-id", "oldest": "id", "code": "code", "source": "source"}
HEADINGS = (
    "Number",
    "Received at",
    "Source",
    "Id",
    "Workload",
    "Code",
    "Detail",
    "Sent by",
    "Expires at",
    "Replayed at",
)


@require_safe
def refused(request: HttpRequest) -> HttpResponse:
    now = clock.now()
    rows = _rows(request, now)
    show = one_of(request, "show", ("replayed", "all"))
    told = told_workloads(request.user)  # type: ignore[arg-type]
    found = [_row(one, told) for one in rows[window(request, PAGE_SIZE)]]
    waiting = QuarantinedEvent.objects.filter(
        replayed_at__isnull=True, expires_at__gt=now
    ).count()
    bar = Bar(
        PAGE,
        text_of(request, "q"),
        [
            Choice(
                "code",
                "Reason",
                [("", "Any reason"), *((one, one) for one in CODES)],
                one_of(request, "code", CODES),
            ),
            Choice(
                "order",
                "Order",
                [
                    ("", "Newest first"),
                    ("oldest", "Oldest first"),
                    ("code", "By reason"),
                    ("source", "By source"),
                ],
                one_of(request, "order", ORDERS),
            ),
        ],
        [
            Chip("show", "", "Waiting", waiting, not show),
            Chip("show", "replayed", "Replayed", None, show == "replayed"),
            Chip("show", "all", "All", None, show == "all"),
        ],
        kept=[("show", show)] if show else [],
    )
    context = {
        "title": "Refused events",
        "lede": "The rest of their batch was taken. Each is kept with its reason until "
        "it expires; sent again, it is judged by what holds then.",
        "crumbs": [
            ("Usage", reverse("capacity:usage")),
            ("Refused events", None),
        ],
        "rows": found,
        "why": why_not(request.user, "usage.replay"),
        "is_narrowed": bool(bar.search or request.GET.get("code") or show),
        **bar.context(request),
        **paged(request, len(found), rows.count(), PAGE_SIZE),
    }
    return render(request, "capacity/usage/refused.html", context)


@require_safe
def export(request: HttpRequest, kind: str) -> HttpResponse:
    lines = (
        (
            one.pk,
            formats.rfc3339(one.received_at),
            one.source,
            one.event_id,
            one.workload_ref,
            one.code,
            one.detail,
            one.sent_by,
            formats.rfc3339(one.expires_at),
            formats.rfc3339(one.replayed_at) if one.replayed_at else "",
        )
        for one in _rows(request, clock.now()).iterator()
    )
    return as_file("refused-events", kind, HEADINGS, lines)


@require_POST
def replay(request: HttpRequest, event_id: int) -> HttpResponse:
    """Judge it again; it stays with its newest reason where it is refused again."""
    user: User = request.user  # type: ignore[assignment]
    counted = replay_event(
        number=event_id, actor=user, sender=Sender.of(user.username), now=clock.now()
    )
    if counted.refused:
        again = counted.refused[0]
        toast(request, f"Event {event_id} is refused again: {again.detail}")
    elif counted.duplicates:
        toast(request, f"Event {event_id} was counted before; nothing changed.")
    else:
        toast(request, f"Event {event_id} is counted.")
    return redirect(PAGE)


def _rows(request: HttpRequest, now: datetime) -> Any:
    rows = QuarantinedEvent.objects.filter(expires_at__gt=now)
    for word in text_of(request, "q").split():
        rows = rows.filter(
            Q(source__icontains=word)
            | Q(event_id__icontains=word)
            | Q(workload_ref__iexact=word)
            | Q(detail__icontains=word)
        )
    code = one_of(request, "code", CODES)
    if code:
        rows = rows.filter(code=code)
    show = one_of(request, "show", ("replayed", "all"))
    if show != "all":
        rows = rows.filter(replayed_at__isnull=show != "replayed")
    return rows.order_by(ORDERS[one_of(request, "order", ORDERS)], "-id")


def _row(one: QuarantinedEvent, told: Any) -> dict[str, Any]:
    body = shown_body(one.body, may_see=told(one.workload_ref))
    return {
        "event": one,
        "body": json.dumps(body, indent=2, ensure_ascii=False)[:5000],
    }
