"""One workload's gate: what each tier gets, whether it holds, a month under it."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from capacity.enums import GateMode, GateState
from capacity.models import GatePolicy
from capacity.selectors.gate_targets import target_of
from capacity.selectors.gates import OPEN_STATES, awaiting, get_gate, tag_of, versions
from capacity.selectors.kill_switches import switches_over
from capacity.selectors.user_references import may_see_users
from capacity.selectors.users_near import users_near
from capacity.views.gate_actions import actions_of
from capacity.views.gate_around import (
    around,
    history_of,
    told_switch,
    versions_told,
)
from capacity.views.gate_evidence import evidence, shadow_of
from capacity.views.gate_month import ask_context, month_context, month_twin
from capacity.views.gate_words import (
    STATE_WORDS,
    action_tone,
    action_words,
    policy_of,
    tier_name,
    tiers_of,
    told_tiers,
)
from portal.kernel import access, clock, formats
from portal.kernel.models import User
from portal.kernel.periods import Month
from portal.kernel.selectors import numbers
from workloads.enums import CostGate
from workloads.models import Workload
from workloads.selectors.plan import get_workload
from workloads.services.sheets.writer import CONTENT_TYPES, write_csv
from workloads.views.reasons import door, why_not

VERSIONS_SHOWN = 20
SAID_SHORT = {70: "notice shown", 90: "banner, mail sent", 100: "contract event"}


@require_safe
def gate(request: HttpRequest, ref: str) -> HttpResponse:
    """The gate that decides; before there is one, the version on its way."""
    workload = get_workload(ref)
    found = list(versions(workload)[:VERSIONS_SHOWN])
    return _page(request, workload, found, _main(found))


@require_safe
def version(request: HttpRequest, ref: str, version: int) -> HttpResponse:
    """Any version, as it was."""
    workload = get_workload(ref)
    found = list(versions(workload)[:VERSIONS_SHOWN])
    shown = next((one for one in found if one.version == version), None)
    return _page(request, workload, found, shown or get_gate(workload, version))


@require_safe
def month_csv(request: HttpRequest, ref: str, version: int) -> HttpResponse:
    """The drawing's twin, exact."""
    workload, now = get_workload(ref), clock.now()
    shown = get_gate(workload, version)
    user: User = request.user  # type: ignore[assignment]
    near = _near(workload, shown, now, may_see=may_see_users(user, workload))
    twin = month_twin(request, workload, shown, near, now)
    response = HttpResponse(
        write_csv(twin.headings, twin.rows), content_type=CONTENT_TYPES["csv"]
    )
    name = f"month-{workload.ref}-v{version}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _main(found: list[GatePolicy]) -> GatePolicy | None:
    active = next((one for one in found if one.state == GateState.ACTIVE), None)
    opened = next((one for one in found if one.state in OPEN_STATES), None)
    return active or opened or (found[0] if found else None)


def _page(
    request: HttpRequest,
    workload: Workload,
    found: list[GatePolicy],
    shown: GatePolicy | None,
) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    now = clock.now()
    may_see = may_see_users(user, workload)
    active = next((one for one in found if one.state == GateState.ACTIVE), None)
    opened = next((one for one in found if one.state in OPEN_STATES), None)
    switches = list(switches_over(workload))
    why_draft = why_not(user, "gate.draft", workload)
    why_kill = _why_kill(user, workload)
    context = {
        "workload": workload,
        "title": f"Gate v{shown.version}" if shown else "No gate yet",
        "lede": _lede(shown, found) if shown else _lacks(workload),
        "crumbs": [
            ("Gates", reverse("gates:list")),
            (
                f"{workload.ref} {workload.name}",
                reverse("workloads:workload", args=[workload.ref]),
            ),
            (f"v{shown.version}" if shown else "No gate yet", None),
        ],
        "shown": shown,
        "active": active,
        "switches": [told_switch(one) for one in switches],
        "why_draft": why_draft,
        "why_kill": why_kill,
        "doors": " ".join(
            filter(
                None,
                [
                    door("Draft", why_draft) if shown else "",
                    door("Kill switch", why_kill),
                ],
            )
        ),
        "kill_href": f"{reverse('gates:switches')}?stop=workload&target={workload.ref}",
        "may_see": may_see,
        "who_drafts": access.who_can("gate.draft", workload),
        "who_sees": access.who_can("user_reference.see", workload),
        **_actions(workload, found, shown, opened, why_draft),
        **around(user, workload, now, may_see=may_see),
        **versions_told(found, shown),
        **history_of(workload),
    }
    if shown is not None:
        context |= _shown(request, workload, shown, opened, now, may_see=may_see)
    return render(request, "capacity/gates/gate.html", context)


def _shown(
    request: HttpRequest,
    workload: Workload,
    shown: GatePolicy,
    opened: GatePolicy | None,
    now: datetime,
    *,
    may_see: bool,
) -> dict[str, Any]:
    """What one version says, does and would do."""
    is_active = shown.state == GateState.ACTIVE
    near = _near(workload, shown, now, may_see=may_see) if is_active else []
    tone, state = STATE_WORDS[GateState(shown.state)]
    currency = numbers.current().currency
    return {
        "tiers": told_tiers(shown, currency),
        "facts": _facts(shown),
        "state": (tone, state),
        "is_active": is_active,
        "observes": shown.mode == GateMode.OBSERVE,
        "notice": _notice(shown),
        "month": month_context(request, workload, shown, near, now),
        "ask": ask_context(request, workload, shown, now),
        "near": [_near_row(one) for one in near],
        "day": clock.today(now).day,
        "evidence": evidence(workload, now) if is_active else None,
        "shadow": shadow_of(opened, may_see=may_see) if opened else None,
        "steps": actions_of(shown, request.user, now),
        "tag": tag_of(shown),
        "awaits": awaiting(shown),
        "api": f"/api/v1/workloads/{workload.ref}/gates/{shown.version}/",
        "bill": _bill(shown, now),
        "why_withdraw": why_not(request.user, "opt_in.withdraw", workload),
    }


def _near(
    workload: Workload, shown: GatePolicy, now: datetime, *, may_see: bool
) -> list[Any]:
    if shown.state != GateState.ACTIVE:
        return []
    return users_near(
        workload, policy_of(shown), tiers_of(shown), now=now, may_see=may_see
    )


def _near_row(one: Any) -> dict[str, Any]:
    acts = one.verdict.action != "allow"
    said = SAID_SHORT[one.said] if one.said else "nothing said yet"
    return {
        "shown": one.shown,
        "href": f"?who=u:{one.shown}#month",
        "tier": tier_name(one.tier),
        "used": one.consumed,
        "projected": one.projected,
        "settled": one.settled,
        "tone": action_tone(one.verdict) if acts else "wait" if one.said else "",
        "words": action_words(one.verdict) if acts else said,
        "exception": one.exception,
    }


def _lede(shown: GatePolicy, found: list[GatePolicy]) -> str:
    earlier = next(
        (
            one.version
            for one in found
            if one.version < shown.version and one.activated_at is not None
        ),
        None,
    )
    supersedes = f" Supersedes v{earlier}." if earlier else ""
    if shown.state == GateState.ACTIVE and shown.activated_at is not None:
        since = formats.day(clock.today(shown.activated_at))
        return f"Active since {since}, activated by {_people(shown)}.{supersedes}"
    if shown.state == GateState.SUPERSEDED:
        ended = formats.day(clock.today(shown.ended_at)) if shown.ended_at else ""
        if shown.activated_at is None:
            return f"Discarded on {ended}: it never decided anything."
        return f"Superseded on {ended}; it decides nothing any more."
    by = shown.created_by.display_name if shown.created_by else "the system"
    made = formats.day(clock.today(shown.created_at))
    what = (
        "In shadow: it decides beside the active one, and is only recorded."
        if shown.state == GateState.SHADOW
        else "A draft: it decides nothing until its owner and finance activate it."
    )
    return f"{what} Drafted on {made} by {by}."


def _people(shown: GatePolicy) -> str:
    finance, owner = shown.finance_agreed_by, shown.owner_agreed_by
    return formats.listed(
        [
            f"{person.display_name} ({what})"
            for person, what in ((finance, "finance"), (owner, "owner"))
            if person is not None
        ]
    )


def _lacks(workload: Workload) -> str:
    return (
        f"{workload.ref} has no gate: every call of it is blocked, for there is no "
        "undefined behaviour."
    )


def _facts(shown: GatePolicy) -> str:
    degrades = f" · degrades to {shown.degrade_model}" if shown.degrade_model else ""
    levels = ", ".join(
        f"{part / 10:g}" for part in (shown.notice_at, shown.banner_at, 1000)
    )
    away = {"allow": "allowed", "block": "blocked"}[shown.on_unreachable]
    return (
        f"primary {shown.primary_model}{degrades} · thresholds {levels} % · {away} "
        "while unreachable"
    )


def _bill(shown: GatePolicy, now: datetime) -> str:
    """Where overage is billed from; nothing where no tier is metered."""
    if all(one.overage != CostGate.PAY_AS_YOU_GO for one in shown.tiers.all()):
        return ""
    return f"/api/v1/gates/billing/?month={Month.of(clock.today(now))}&format=csv"


def _notice(shown: GatePolicy) -> dict[str, str] | None:
    if shown.notice_activates_on is not None:
        on = formats.day(shown.notice_activates_on)
        return {
            "fact": f"{shown.notice_audience} are told of {on}.",
            "sentence": shown.notice_text,
        }
    if shown.no_notice_reason:
        return {
            "fact": "Users are not told before.",
            "sentence": shown.no_notice_reason,
        }
    return None


def _actions(
    workload: Workload,
    found: list[GatePolicy],
    shown: GatePolicy | None,
    opened: GatePolicy | None,
    why_draft: str,
) -> dict[str, Any]:
    """Compare, draft, stop: three at most."""
    earlier = next(
        (one.version for one in found if shown and one.version < shown.version), None
    )
    is_draft = opened is not None and opened.state == GateState.DRAFT
    label = f"Edit draft v{opened.version}" if opened and is_draft else "New version"
    return {
        "compare": reverse("gates:compare", args=[workload.ref, shown.version, earlier])
        if shown and earlier
        else "",
        "compare_with": earlier,
        "draft_label": label if found else "Draft a gate",
        "draft_href": reverse("gates:draft", args=[workload.ref]),
        "draft_why": why_draft,
        "opened": opened,
    }


def _why_kill(user: Any, workload: Workload) -> str:
    target = target_of("workload", workload.ref)
    if access.allows(user, "kill_switch.throw", target):
        return ""
    return f"{access.capitalised(access.who_can('kill_switch.throw', target))} can."
