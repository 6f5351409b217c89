"""What stands around a gate on its page: alerts, exceptions, limits, versions, history."""

from datetime import datetime
from typing import Any

from django.db.models import Q
from django.urls import reverse

from capacity.enums import GateState
from capacity.models import Alert, GateException, GatePolicy, KillSwitch
from capacity.selectors.gate_targets import target_of
from capacity.selectors.spend_limits import limits_over, spent_against
from capacity.selectors.user_references import shown_reference
from capacity.views.gate_proposals import proposals_of
from capacity.views.gate_words import SAID_KINDS, STATE_WORDS, tier_name
from portal.kernel import access, clock, formats
from portal.kernel.selectors import audit, numbers
from workloads.models import Workload
from workloads.views.history import told_of

ALERTS_SHOWN = 10
HISTORY_SHOWN = 8
ABOUT_GATES = (
    "gate",
    "opt_in",
    "kill_switch",
    "spend_limit",
    "proposal",
    "gate_exception",
)


def around(
    user: Any,
    workload: Workload,
    now: datetime,
    *,
    may_see: bool,
) -> dict[str, Any]:
    """Alerts, exceptions, limits and proposals: what stands around the policy."""
    today = clock.today(now)
    alerts = Alert.objects.filter(workload=workload, spoken=True)[:ALERTS_SHOWN]
    exceptions = GateException.objects.filter(
        workload=workload, ends_on__gte=today, ended_at__isnull=True
    ).select_related("account", "approved_by")
    currency = numbers.current().currency
    return {
        "alerts": [
            {
                "alert": one,
                "user": shown_reference(one.user_ref, may_see=may_see),
                "tier": tier_name(one.tier),
                "words": SAID_KINDS[one.level],
            }
            for one in alerts
        ],
        "exceptions": [
            {
                "exception": one,
                "who": one.account.name
                if one.account
                else shown_reference(one.user_ref, may_see=may_see),
                "tier": tier_name(one.tier) if one.tier else "every tier",
            }
            for one in exceptions
        ],
        "limits": [
            {
                "limit": one.limit,
                "load": float(one.total),
                "most": float(one.limit.amount),
                "words": (
                    f"{formats.money(one.total, currency)} of "
                    f"{formats.money(one.limit.amount, currency)} a {one.limit.period}"
                ),
                "whose": "" if one.limit.scope == "workload" else "its department",
                "is_reached": one.is_reached,
            }
            for one in spent_against(limits_over(workload), now)
        ],
        "proposals": proposals_of(workload, user),
    }


def versions_told(found: list[GatePolicy], shown: GatePolicy | None) -> dict[str, Any]:
    rows = []
    for n, one in enumerate(found):
        tone, words = STATE_WORDS[GateState(one.state)]
        if one.state == GateState.SUPERSEDED and one.activated_at is None:
            words = "Discarded"
        rows.append(
            {
                "gate": one,
                "tone": tone,
                "words": words,
                "earlier": found[n + 1].version if n + 1 < len(found) else None,
                "current": shown is not None and one.pk == shown.pk,
            }
        )
    return {"versions": rows}


def history_of(workload: Workload) -> dict[str, Any]:
    about = Q()
    for kind in ABOUT_GATES:
        about |= Q(action__startswith=f"{kind}.")
    entries = audit.entries(object_=workload.ref).filter(about)
    return {
        "history": [
            told_of(entry) for entry in entries.select_related("actor")[:HISTORY_SHOWN]
        ],
        "history_total": entries.count(),
        "history_link": f"{reverse('portal:audit')}?object={workload.ref}",
    }


def told_switch(one: KillSwitch) -> dict[str, Any]:
    found = target_of(one.scope, one.target or None)
    by = one.thrown_by.display_name if one.thrown_by else "the system"
    return {
        "fact": f"{access.capitalised(found.ref if found else one.target)} is held.",
        "sentence": f"{by}: {one.reason}",
        "href": reverse("gates:switch", args=[one.pk]),
    }
