"""Alerts: delivered to the outside, and acknowledged.

The decision that speaks a level writes the alert and asks for its delivery in one
transaction (capacity.runtime.speaking); what is here may run twice and sends once.
"""

from datetime import datetime

from django.conf import settings
from django.db import transaction

from capacity.models import Account, Alert, Decision
from capacity.selectors.alerts import account_of, get_alert, mail_key
from portal.kernel import access
from portal.kernel.enums import EventKind
from portal.kernel.formats import in_full, share
from portal.kernel.models import User
from portal.kernel.services import audit
from portal.kernel.services.outbox import post_mail
from portal.kernel.services.webhooks import emit
from workloads.enums import CostGate

NOTICE, BANNER, CONTRACT_EVENT = 70, 90, 100
METERED = "meter"


@transaction.atomic
def deliver_alert(*, alert_id: int, now: datetime) -> bool:
    """Tell the outside of one alert: webhooks always, a mail where its level has one.

    False where there is no such alert. Twice is as once.
    """
    alert = (
        Alert.objects.select_for_update(of=("self",))
        .select_related("workload__owner")
        .filter(pk=alert_id, spoken=True)
        .first()
    )
    if alert is None:
        return False
    emit(EventKind.GATE_THRESHOLD, _told(alert), now=now, key=f"alert-{alert.pk}")
    account = account_of(alert)
    if alert.level == BANNER:
        _mail(alert, _owner_of(alert, account), *_nearing(alert), now=now)
    elif alert.level == CONTRACT_EVENT and _is_metered(alert):
        _mail(alert, _payer_of(alert, account), *_metered(alert), now=now)
    return True


@transaction.atomic
def acknowledge_alert(*, alert_id: int, actor: User, now: datetime) -> Alert:
    """Somebody has seen it; the first who says so is kept. NotFound or NotAllowed."""
    Alert.objects.select_for_update().filter(pk=alert_id).first()
    alert = get_alert(alert_id)
    access.require(actor, "alert.acknowledge", alert.workload)
    if alert.acknowledged_at is not None:
        return alert
    alert.acknowledged_at, alert.acknowledged_by = now, actor.username
    alert.save(update_fields=["acknowledged_at", "acknowledged_by"])
    audit.record(
        "alert.acknowledged",
        f"workload/{alert.workload.ref}",
        actor=actor,
        now=now,
        after={"id": alert.pk, "level": alert.level, "tier": alert.tier},
    )
    return alert


def _told(alert: Alert) -> dict[str, object]:
    return {
        "alert": alert.pk,
        "workload": alert.workload.ref,
        "user": alert.user_ref,
        "tier": alert.tier,
        "month": f"{alert.month:%Y-%m}",
        "level": alert.level,
        "kind": alert.kind,
        "overage": alert.overage,
        "consumed": alert.consumed,
        "projected": alert.projected,
        "account": alert.account or None,
        "decision": alert.decision,
        "trace_id": alert.trace_id or None,
        "at": alert.at,
    }


def _is_metered(alert: Alert) -> bool:
    """Whether the call that reached the ceiling was metered: an opt-in that was withdrawn
    leaves a hard cap, whatever the tier says."""
    if alert.overage != CostGate.PAY_AS_YOU_GO:
        return False
    action = (
        Decision.objects.filter(pk=alert.decision)
        .values_list("action", flat=True)
        .first()
    )
    return action is None or action == METERED


def _owner_of(alert: Alert, account: Account | None) -> User | str | None:
    return account.owner_email if account else alert.workload.owner


def _payer_of(alert: Alert, account: Account | None) -> User | str | None:
    if account is None:
        return alert.workload.owner
    return account.billing_email or account.owner_email


def _mail(
    alert: Alert, to: User | str | None, subject: str, body: str, *, now: datetime
) -> None:
    if to is not None:
        key = mail_key(alert.pk)
        post_mail(to, subject, body, now=now, kind="alert", dedup_key=key)


def _nearing(alert: Alert) -> tuple[str, str]:
    what = f"{alert.workload.ref} {alert.workload.name}"
    return (
        f"{what}: a user nears the ceiling of the tier {alert.tier}",
        f"User {alert.user_ref} has used {share(alert.consumed)} of the month's ceiling "
        f"of {what}, tier {alert.tier}. At this pace the month ends at "
        f"{share(alert.projected)}.\n\n{_then(alert)}\n\n{_where(alert)}",
    )


def _metered(alert: Alert) -> tuple[str, str]:
    what = f"{alert.workload.ref} {alert.workload.name}"
    return (
        f"{what}: overage of the tier {alert.tier} is metered from now on",
        f"User {alert.user_ref} has reached the month's ceiling of {what}, tier "
        f"{alert.tier}. Tokens above it are billed as agreed.\n\n{_where(alert)}",
    )


def _then(alert: Alert) -> str:
    return {
        CostGate.HARD_CAP: "At the ceiling calls are blocked until the month ends.",
        CostGate.SOFT_CAP: "At the ceiling calls go to the budget model.",
        CostGate.PAY_AS_YOU_GO: "Above the ceiling tokens are metered and billed.",
    }[CostGate(alert.overage)]


def _where(alert: Alert) -> str:
    month = f"{alert.month:%Y-%m}"
    return (
        f"Month {month}, alert {in_full(alert.pk)}: "
        f"{settings.PORTAL_URL}/workloads/{alert.workload.ref}/gate/"
    )
