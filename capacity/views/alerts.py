"""Alerts: what was said to whom, and who has seen it."""

from typing import Any

from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from capacity.models import Alert
from capacity.selectors.alerts import MailState, mail_states
from capacity.selectors.user_references import shown_reference
from capacity.services.alerts import acknowledge_alert
from capacity.views.gate_words import SAID_KINDS, tier_name
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
from portal.kernel import access, clock, formats
from portal.kernel.models import User
from portal.kernel.pages.toast import toast
from workloads.models import Workload
from workloads.rules.shown import ref_of
from workloads.selectors.plan import number_of

PAGE = "gates:alerts"
LEVELS = ("70", "90", "100")
SHOWS = (("", "All"), ("open", "Not seen yet"), ("over", "Over the ceiling"))
ORDERS = {
    "": ("-id",),
    "oldest": ("id",),
    "level": ("-level", "-id"),
    "used": ("-consumed", "-id"),
}
MAILS = {
    MailState.WAITING: ("wait", "mail waits"),
    MailState.SENT: ("ok", "mail sent"),
    MailState.GIVEN_UP: ("stop", "mail given up"),
}
HEADINGS = (
    "Alert",
    "Workload",
    "User",
    "Tier",
    "Level",
    "Said",
    "Used",
    "Month ends at",
    "Account",
    "At",
    "Seen at",
    "Seen by",
)


@require_safe
def alerts(request: HttpRequest) -> HttpResponse:
    rows = _rows(request)
    show = one_of(request, "show", ("open", "over"))
    counts = rows.aggregate(
        all=Count("pk"),
        open=Count("pk", filter=Q(acknowledged_at__isnull=True)),
        over=Count("pk", filter=Q(level=100)),
    )
    sight = Sight(request.user)
    listed = _shown(rows, show).order_by(*ORDERS[one_of(request, "order", ORDERS)])
    page = list(listed[window(request)])
    mails = mail_states([one.pk for one in page])
    found = [_row(one, sight, mails.get(one.pk)) for one in page]
    total = counts[show or "all"]
    context = {
        "title": "Alerts",
        "lede": _lede(counts),
        "rows": found,
        "sees_all": sight.sees_all,
        "is_narrowed": any(
            request.GET.get(name) for name in ("q", "workload", "level", "show", "user")
        ),
        **_bar(request, counts).context(request),
        **paged(request, len(found), total),
    }
    return render(request, "capacity/gates/alerts.html", context)


@require_safe
def export(request: HttpRequest, kind: str) -> HttpResponse:
    sight = Sight(request.user)
    show = one_of(request, "show", ("open", "over"))
    rows = _shown(_rows(request), show)
    rows = rows.order_by(*ORDERS[one_of(request, "order", ORDERS)])
    lines = (
        (
            one.pk,
            ref_of(one.workload.number),
            sight.of(one),
            one.tier,
            one.level,
            SAID_KINDS[one.level],
            round(one.consumed, 4),
            round(one.projected, 4),
            one.account,
            formats.rfc3339(one.at),
            formats.rfc3339(one.acknowledged_at) if one.acknowledged_at else "",
            one.acknowledged_by,
        )
        for one in rows.iterator()
    )
    return as_file("alerts", kind, HEADINGS, lines)


@require_POST
def acknowledge(request: HttpRequest, alert_id: int) -> HttpResponse:
    """Somebody has seen it; the first who says so is kept."""
    user: User = request.user  # type: ignore[assignment]
    acknowledge_alert(alert_id=alert_id, actor=user, now=clock.now())
    toast(request, f"Alert {alert_id} is acknowledged.")
    back = request.POST.get("next", "")
    # A list as it was filtered, and nowhere else.
    here = reverse(PAGE)
    if back.partition("?")[0].partition("#")[0] != here:
        back = here
    return redirect(back)


class Sight:
    """Whose users this person sees by reference: two answers a request."""

    def __init__(self, user: Any) -> None:
        self.sees_all = access.allows(user, "user_reference.see")
        self.own = (
            set()
            if self.sees_all
            else set(
                Workload.objects.filter(owner=user.pk).values_list("pk", flat=True)
            )
        )

    def may(self, one: Alert) -> bool:
        return self.sees_all or one.workload_id in self.own

    def of(self, one: Alert) -> str:
        return shown_reference(one.user_ref, may_see=self.may(one))


def _rows(request: HttpRequest) -> Any:
    rows = Alert.objects.filter(spoken=True).select_related(
        "workload", "workload__owner"
    )
    ref = text_of(request, "workload")
    if ref:
        rows = rows.filter(workload__number=number_of(ref) or 0)
    user = text_of(request, "user")
    if user:
        # By a reference one finds a user: that is for those who may see references.
        number = number_of(ref)
        workload = Workload.objects.filter(number=number or 0).first()
        access.require(request.user, "user_reference.see", workload)
        rows = rows.filter(user_ref=user)
    level = one_of(request, "level", LEVELS)
    if level:
        rows = rows.filter(level=int(level))
    for word in text_of(request, "q").split():
        number = number_of(word)
        found = Q(workload__name__icontains=word) | Q(tier__icontains=word)
        found |= Q(account__icontains=word)
        if number is not None:
            found |= Q(workload__number=number)
        rows = rows.filter(found)
    return rows


def _shown(rows: Any, show: str) -> Any:
    if show == "open":
        return rows.filter(acknowledged_at__isnull=True)
    return rows.filter(level=100) if show == "over" else rows


def _bar(request: HttpRequest, counts: dict[str, int]) -> Bar:
    show = one_of(request, "show", ("open", "over"))
    kept = [
        (name, text_of(request, name))
        for name in ("workload", "user", "show")
        if text_of(request, name)
    ]
    return Bar(
        PAGE,
        text_of(request, "q"),
        [
            Choice(
                "level",
                "Level",
                [
                    ("", "Any level"),
                    *((one, f"{one} %: {SAID_KINDS[int(one)]}") for one in LEVELS),
                ],
                one_of(request, "level", LEVELS),
            ),
            Choice(
                "order",
                "Order",
                [
                    ("", "Newest first"),
                    ("oldest", "Oldest first"),
                    ("level", "Highest level first"),
                    ("used", "Most used first"),
                ],
                one_of(request, "order", ORDERS),
            ),
        ],
        [
            Chip("show", value, words, counts[value or "all"], show == value)
            for value, words in SHOWS
        ],
        kept=kept,
    )


def _lede(counts: dict[str, int]) -> str:
    if not counts["all"]:
        return "Nothing was said: each level speaks once a user, tier and month."
    waits = counts["open"]
    seen = (
        "All are seen." if not waits else f"{formats.in_full(waits)} are not seen yet."
    )
    return (
        f"{formats.in_full(counts['all'])} were sent, once a user, tier, month and level. "
        f"{seen}"
    )


def _row(one: Alert, sight: Sight, mail: MailState | None) -> dict[str, Any]:
    return {
        "mail": MAILS[mail] if mail else None,
        "alert": one,
        "ref": ref_of(one.workload.number),
        "user": sight.of(one),
        "tier": tier_name(one.tier),
        "words": SAID_KINDS[one.level],
        "tone": "stop" if one.level == 100 else "wait",
        "why": ""
        if sight.may(one)
        else access.capitalised(access.who_can("alert.acknowledge", one.workload)),
    }
