"""The policy bundle: what a runtime decides by while the portal is out of reach.

Policies, switches and limits, no counters. The document changes when one of them does,
and so does its entity tag.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from django.conf import settings
from django.db import transaction

from capacity.enums import GateMode, GateState
from capacity.models import (
    BundleAcknowledgement,
    GatePolicy,
    GateTier,
    KillSwitch,
    SpendLimit,
)
from capacity.selectors.gate_problems import BundleOutdated
from capacity.selectors.gates import stands
from portal.kernel.api.renderers import to_json
from portal.kernel.models import User
from portal.kernel.selectors import numbers
from workloads.enums import Status

FORMAT = 1
THOUSAND = 1000
Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Bundle:
    etag: str
    document: Document

    @property
    def versions(self) -> dict[str, int]:
        return {one["workload"]: one["version"] for one in self.document["workloads"]}


def read_bundle(only: Iterable[str] = ()) -> Bundle:
    """All active gates, or those of the workloads that a token is bound to. Five queries."""
    wanted = frozenset(only)
    document: Document = {
        "format": FORMAT,
        "time_zone": str(settings.ORGANISATION_TIME_ZONE),
        "workloads": [
            _gate(one) for one in _active() if not wanted or one.workload.ref in wanted
        ],
        "kill_switches": list(
            KillSwitch.objects.filter(lifted_at__isnull=True)
            .order_by("scope", "target")
            .values("scope", "target", "reason", "thrown_at")
        ),
        "spend_limits": _limits(),
    }
    return Bundle(f'"{sha256(to_json(document)).hexdigest()[:32]}"', document)


@transaction.atomic
def acknowledge_bundle(
    *, etag: str, runtime: str, only: Iterable[str], actor: User, now: datetime
) -> BundleAcknowledgement:
    """A runtime holds this bundle; evidence of enforcement. BundleOutdated for another."""
    current = read_bundle(only)
    if etag.strip().removeprefix("W/").strip('"') != current.etag.strip('"'):
        raise BundleOutdated(
            f"The bundle has changed: its ETag is {current.etag}. Fetch it again.",
            extra={"etag": current.etag},
        )
    return BundleAcknowledgement.objects.create(
        at=now, runtime=runtime, etag=current.etag, versions=current.versions, by=actor
    )


def _active() -> Iterable[GatePolicy]:
    return (
        GatePolicy.objects.filter(state=GateState.ACTIVE)
        .exclude(workload__status=Status.RETIRED)
        .select_related("workload", "workload__department")
        .prefetch_related("tiers__opt_in")
        .order_by("workload__number")
    )


def _gate(policy: GatePolicy) -> Document:
    department = policy.workload.department
    observes = policy.mode == GateMode.OBSERVE
    return {
        "workload": policy.workload.ref,
        "department": department.code if department else None,
        "version": policy.version,
        "mode": policy.mode,
        "ends_on": policy.ends_on if observes else None,
        "primary_model": policy.primary_model,
        "degrade_model": policy.degrade_model or None,
        "on_unreachable": policy.on_unreachable,
        "thresholds": {
            "floor": policy.floor / THOUSAND,
            "notice": policy.notice_at / THOUSAND,
            "banner": policy.banner_at / THOUSAND,
        },
        "tiers": [
            _tier(one) for one in sorted(policy.tiers.all(), key=lambda one: one.tier)
        ],
    }


def _tier(tier: GateTier) -> Document:
    return {
        "tier": tier.tier,
        "ceiling_tokens": tier.ceiling_tokens,
        "overage": tier.overage,
        "metered_opt_in": stands(tier.opt_in),
        "overage_limit_tokens": tier.overage_limit_tokens,
    }


def _limits() -> list[Document]:
    currency = numbers.current().currency
    rows = SpendLimit.objects.filter(ended_at__isnull=True).order_by(
        "scope", "target", "period"
    )
    return [
        {
            "scope": one.scope,
            "target": one.target,
            "period": one.period,
            "amount": one.amount,
            "currency": currency,
        }
        for one in rows
    ]
