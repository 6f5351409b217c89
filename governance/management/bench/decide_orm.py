"""The same decision written the ordinary way: a DRF view, row locks, the ORM."""

from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from rest_framework import serializers
from rest_framework.authentication import BaseAuthentication
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import JSONParser
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from capacity.formulas.gates import Counters, Overage, Policy, Tier, decide, month_of
from capacity.models import Decision, GateTier, KillSwitch, Reservation, UserCounter
from capacity.runtime.answers import answer
from capacity.runtime.calls import new_decision
from capacity.runtime.reserve import LAPSES_AFTER
from portal.kernel import clock
from portal.kernel.api.authentication import TokenAuthentication
from workloads.models import Workload
from workloads.selectors.plan import number_of


class Body(serializers.Serializer[Any]):
    workload = serializers.CharField(max_length=50)
    tier = serializers.CharField(max_length=60)
    user = serializers.CharField(max_length=100)
    expected_tokens = serializers.IntegerField(min_value=0, required=False)


class DecideByOrm(APIView):
    authentication_classes: list[type[BaseAuthentication]] = [TokenAuthentication]
    permission_classes: list[type[BasePermission]] = [IsAuthenticated]
    parser_classes = [JSONParser]
    renderer_classes = [JSONRenderer]
    content_negotiation_class = DefaultContentNegotiation

    @transaction.atomic
    def post(self, request: Request) -> Response:
        body = Body(data=request.data)
        body.is_valid(raise_exception=True)
        asked = body.validated_data
        now = clock.now()
        workload = Workload.objects.get(number=number_of(asked["workload"]) or 0)
        KillSwitch.objects.filter(lifted_at__isnull=True).exists()
        row = GateTier.objects.select_related("policy").get(
            policy__workload=workload, policy__state="active", tier=asked["tier"]
        )
        month = month_of(now, ZoneInfo(str(settings.ORGANISATION_TIME_ZONE)))
        place = {
            "workload_id": workload.pk,
            "user_ref": asked["user"],
            "month": month.first_day,
            "test": False,
        }
        UserCounter.objects.get_or_create(**place)
        counter = UserCounter.objects.select_for_update().get(**place)
        expected = asked.get("expected_tokens")
        verdict = decide(
            Policy(
                row.policy.version, row.policy.primary_model, row.policy.degrade_model
            ),
            Tier(row.ceiling_tokens, Overage(row.overage)),
            Counters(counter.settled, counter.reserved),
            month,
            expected=expected,
        )
        before = counter.reserved
        made = new_decision(now)
        if verdict.reserves:
            _reserve(made, verdict.reserves, before, place, now)
        Decision.objects.create(
            id=UUID(made),
            at=now,
            workload=workload,
            policy=row.policy,
            tier=row.tier,
            user_ref=asked["user"],
            action=verdict.action,
            model=verdict.model or "",
            reason_code=verdict.reason_code,
            ceiling_tokens=row.ceiling_tokens,
            expected_tokens=expected,
            settled_tokens=counter.settled,
            reserved_tokens=before,
            answer={},
        )
        return Response(
            answer(
                made,
                verdict,
                month,
                settled=counter.settled,
                reserved=before,
                ceiling=row.ceiling_tokens,
                version=row.policy.version,
            )
        )


def _reserve(
    made: str, tokens: int, before: int, place: dict[str, Any], now: datetime
) -> None:
    Reservation.objects.create(
        decision=UUID(made),
        tokens=tokens,
        day=now.date(),
        expires_at=now + LAPSES_AFTER,
        **place,
    )
    UserCounter.objects.filter(**place).update(
        reserved=before + tokens, next_expiry=now + LAPSES_AFTER
    )
