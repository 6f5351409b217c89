"""Usage written the ordinary way: a serializer for each event, `get_or_create` a row."""

from hashlib import sha256
from typing import Any
from uuid import UUID

from django.db import models, transaction
from rest_framework import serializers
from rest_framework.authentication import BaseAuthentication
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import JSONParser
from rest_framework.permissions import AllowAny
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from capacity.models import UsageEvent
from portal.kernel import clock
from workloads.models import Workload


class OrdinaryEvent(serializers.Serializer[Any]):
    id = serializers.CharField(max_length=200)
    source = serializers.CharField(max_length=200)  # type: ignore[assignment]
    time = serializers.DateTimeField()
    workload = serializers.CharField(max_length=50)
    tier = serializers.CharField(max_length=60)
    user = serializers.CharField(max_length=100)
    agent = serializers.CharField(max_length=200)
    model = serializers.CharField(max_length=100)
    session = serializers.CharField(max_length=200)
    input_tokens = serializers.IntegerField(min_value=0)
    cached_input_tokens = serializers.IntegerField(min_value=0)
    output_tokens = serializers.IntegerField(min_value=0)
    turns = serializers.IntegerField(min_value=0)
    tool_calls = serializers.IntegerField(min_value=0)
    retries = serializers.IntegerField(min_value=0)


class _Meta:
    managed = False
    app_label = "governance"
    db_table = "bench_copied"


# An event's columns in the floor's own table, whose primary key is in the database.
OrdinaryRow: Any = type(
    "OrdinaryRow",
    (models.Model,),
    {
        **{one.name: one.clone() for one in UsageEvent._meta.concrete_fields},
        "pk": models.CompositePrimaryKey("day", "key"),
        "Meta": _Meta,
        "__module__": __name__,
    },
)


class OrdinaryUsageView(APIView):
    authentication_classes: list[type[BaseAuthentication]] = []
    permission_classes = [AllowAny]
    parser_classes = [JSONParser]
    renderer_classes = [JSONRenderer]
    content_negotiation_class = DefaultContentNegotiation

    @transaction.atomic
    def post(self, request: Request) -> Response:
        body: Any = request.data
        events = OrdinaryEvent(data=body["events"], many=True)
        events.is_valid(raise_exception=True)
        now = clock.now()
        workloads = {f"W-{one.number:02d}": one for one in Workload.objects.all()}
        made = 0
        # In the order of their keys: two batches that share some would deadlock else.
        keyed = sorted(
            ((_key(event), event) for event in events.validated_data),
            key=lambda one: one[0],
        )
        for key, event in keyed:
            at = event.pop("time")
            user = event.pop("user")
            _, is_new = OrdinaryRow.objects.get_or_create(
                day=at.date(),
                key=key,
                defaults={
                    **event,
                    "at": at,
                    "received_at": now,
                    "user_ref": user,
                    "workload": workloads[event["workload"]],
                },
            )
            made += is_new
        return Response({"accepted": made})


def _key(event: dict[str, Any]) -> UUID:
    named = f"{event.pop('source')}\x00{event.pop('id')}"
    return UUID(bytes=sha256(named.encode()).digest()[:16])
