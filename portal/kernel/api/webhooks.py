"""Webhooks: who is told of which events, and what became of each telling."""

from typing import Any

from rest_framework import serializers
from rest_framework.response import Response

from portal.kernel.api.fields import Flag, Listed, Text, Word
from portal.kernel.api.operations import operation
from portal.kernel.api.paging import Filter, Listing
from portal.kernel.api.parameters import OneOf
from portal.kernel.api.serializers import StrictSerializer
from portal.kernel.api.views import WeighbridgeView
from portal.kernel.enums import EventKind, Scope
from portal.kernel.models import User, WebhookDelivery, WebhookSubscription
from portal.kernel.models.webhooks import LONGEST_DESCRIPTION, LONGEST_URL
from portal.kernel.selectors.webhooks import (
    DeliveryState,
    get_delivery,
    get_subscription,
    state_of,
    tag_of,
    url_for,
)
from portal.kernel.services.webhooks import (
    TooManyWebhooks,
    edit_webhook,
    end_webhook,
    renew_secret,
    resend,
    subscribe,
)


class WebhookBody(StrictSerializer):
    url = Text(max_length=LONGEST_URL, help_text="It begins with https.")
    kinds = Listed(Word(EventKind), max_length=len(EventKind), allow_empty=False)
    description = Text(max_length=LONGEST_DESCRIPTION, required=False, allow_blank=True)


class WebhookEdit(WebhookBody):
    is_active = Flag(required=False)


class WebhookAnswer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    url = serializers.CharField(
        help_text="Its path is shown to administrators only; it may be a secret."
    )
    kinds = serializers.ListField(child=serializers.ChoiceField(list(EventKind)))
    description = serializers.CharField()
    is_active = serializers.BooleanField()
    created_by = serializers.CharField(help_text="A username.")
    created_at = serializers.DateTimeField()


class IssuedWebhookAnswer(WebhookAnswer):
    secret = serializers.CharField(
        allow_null=True, help_text="What signs, shown this once; null again."
    )


class TryAnswer(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    status = serializers.IntegerField(
        allow_null=True, help_text="Of the answer; null where there was none."
    )
    error = serializers.CharField()
    milliseconds = serializers.IntegerField()


class DeliveryAnswer(serializers.Serializer[Any]):
    id = serializers.CharField(help_text="The header webhook-id.")
    kind = serializers.CharField()
    at = serializers.DateTimeField()
    state = serializers.ChoiceField(list(DeliveryState))
    delivered_at = serializers.DateTimeField(allow_null=True)
    tries = TryAnswer(many=True)


class WebhooksView(WeighbridgeView):
    @operation(
        scope=Scope.GOVERNANCE_READ,
        answer=WebhookAnswer,
        listing=Listing(
            ordering={"id": "id", "created_at": "created_at"}, default="id"
        ),
    )
    def get(self) -> Response:
        """List the webhooks."""
        rows = WebhookSubscription.objects.filter(ended_at__isnull=True).values(
            *("id", "url", "kinds", "description", "is_active"),
            *("created_by__username", "created_at"),
        )

        def row(one: dict[str, Any]) -> dict[str, Any]:
            one["url"] = url_for(self.actor, one["url"])
            one["created_by"] = one.pop("created_by__username")
            return one

        return self.page(rows, row=row)

    @operation(
        scope=Scope.GOVERNANCE_WRITE,
        action="webhook.manage",
        body=WebhookBody,
        answer=IssuedWebhookAnswer,
        status=201,
        secret=("secret",),
        problems=(TooManyWebhooks,),
    )
    def post(self) -> Response:
        """Subscribe an address to kinds of events; the secret is shown in this answer."""
        issued = subscribe(actor=self.actor, now=self.now, **self.body)
        made = issued.subscription
        return self.answer(
            {**shown(made, self.actor), "secret": issued.secret},
            etag=tag_of(made),
            location=f"/api/v1/webhooks/{made.pk}/",
        )


class _OneWebhookView(WeighbridgeView):
    def get_subject(self, number: int) -> WebhookSubscription:
        return get_subscription(number)

    def guarded(self, _subject: Any) -> None:
        return None

    def etag(self, subject: WebhookSubscription) -> str:
        return tag_of(subject)


class WebhookView(_OneWebhookView):
    @operation(scope=Scope.GOVERNANCE_READ, answer=WebhookAnswer)
    def get(self) -> Response:
        """Read a webhook."""
        return self.answer(shown(self.subject, self.actor), etag=tag_of(self.subject))

    @operation(
        scope=Scope.GOVERNANCE_WRITE,
        action="webhook.manage",
        body=WebhookEdit,
        answer=WebhookAnswer,
    )
    def patch(self) -> Response:
        """Change a webhook, switch it off or on. Its secret stays."""
        edited = edit_webhook(
            number=self.subject.pk,
            actor=self.actor,
            changes=self.body,
            if_version=self.if_version,
            now=self.now,
        )
        return self.answer(shown(edited, self.actor), etag=tag_of(edited))

    @operation(scope=Scope.GOVERNANCE_WRITE, action="webhook.manage", status=204)
    def delete(self) -> Response:
        """Remove a webhook; what waits for it is not sent."""
        end_webhook(
            number=self.subject.pk,
            actor=self.actor,
            if_version=self.if_version,
            now=self.now,
        )
        return self.answer()


class WebhookSecretView(_OneWebhookView):
    @operation(
        scope=Scope.GOVERNANCE_WRITE,
        action="webhook.manage",
        answer=IssuedWebhookAnswer,
        secret=("secret",),
    )
    def post(self) -> Response:
        """Give a webhook another secret, shown in this answer."""
        issued = renew_secret(
            number=self.subject.pk,
            actor=self.actor,
            if_version=self.subject.version if self.if_match else None,
            now=self.now,
        )
        made = issued.subscription
        answer = {**shown(made, self.actor), "secret": issued.secret}
        return self.answer(answer, etag=tag_of(made))


class DeliveriesView(_OneWebhookView):
    @operation(
        scope=Scope.GOVERNANCE_READ,
        answer=DeliveryAnswer,
        listing=Listing(
            ordering={"at": "id"},
            default="-at",
            filters={"kind": Filter(OneOf(EventKind, many=True), "kind")},
        ),
    )
    def get(self) -> Response:
        """What a webhook was told, newest first, with every try."""
        rows = self.subject.deliveries.values(
            *("event_id", "kind", "created_at", "delivered_at", "tries"),
            *("message__given_up_at", "message__delivered_at", "message__id"),
        )
        return self.page(rows, row=_listed)


class ResendView(WeighbridgeView):
    def get_subject(self, number: int, event: str) -> WebhookDelivery:
        return get_delivery(get_subscription(number), event)

    def guarded(self, _subject: Any) -> None:
        return None

    @operation(
        scope=Scope.GOVERNANCE_WRITE,
        action="webhook.manage",
        answer=DeliveryAnswer,
        status=202,
    )
    def post(self) -> Response:
        """Tell an event again, under the same id."""
        resent = resend(
            number=self.subject.subscription_id,
            event_id=self.subject.event_id,
            actor=self.actor,
            now=self.now,
        )
        return self.answer(_delivery(resent))


def shown(subscription: WebhookSubscription, reader: User) -> dict[str, Any]:
    return {
        "id": subscription.pk,
        "url": url_for(reader, subscription.url),
        "kinds": subscription.kinds,
        "description": subscription.description,
        "is_active": subscription.is_active,
        "created_by": subscription.created_by.username,
        "created_at": subscription.created_at,
    }


def _delivery(delivery: WebhookDelivery) -> dict[str, Any]:
    return {
        "id": delivery.event_id,
        "kind": delivery.kind,
        "at": delivery.created_at,
        "state": str(state_of(delivery)),
        "delivered_at": delivery.delivered_at,
        "tries": delivery.tries,
    }


def _listed(row: dict[str, Any]) -> dict[str, Any]:
    waits = row["message__id"] is not None and not (
        row["message__given_up_at"] or row["message__delivered_at"]
    )
    state = DeliveryState.WAITING if waits else DeliveryState.GIVEN_UP
    if row["delivered_at"] is not None:
        state = DeliveryState.DELIVERED
    return {
        "id": row["event_id"],
        "kind": row["kind"],
        "at": row["created_at"],
        "state": str(state),
        "delivered_at": row["delivered_at"],
        "tries": row["tries"],
    }
