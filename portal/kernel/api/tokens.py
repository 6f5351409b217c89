"""One's own API tokens. A token cannot make tokens: it would hand on more than it has."""

from typing import Any

from rest_framework import serializers
from rest_framework.response import Response

from portal.kernel.api.etags import etag_of
from portal.kernel.api.fields import Listed, MomentField, Text, Word
from portal.kernel.api.operations import Reach, operation
from portal.kernel.api.paging import Listing
from portal.kernel.api.serializers import StrictSerializer
from portal.kernel.api.views import WeighbridgeView
from portal.kernel.enums import Scope
from portal.kernel.errors import NotFound
from portal.kernel.models import ApiToken
from portal.kernel.selectors.tokens import tokens_of
from portal.kernel.services.tokens import issue_token, revoke_token

SHOWN = (
    "id",
    "name",
    "prefix",
    "scopes",
    "workloads",
    "created_at",
    "expires_at",
    "last_used_at",
    "revoked_at",
)


class TokenRequest(StrictSerializer):
    name = Text(max_length=100, required=False, allow_blank=True)
    scopes = Listed(Word(Scope), max_length=len(Scope), allow_empty=False)
    workloads = Listed(Text(max_length=16), required=False)
    expires_at = MomentField(required=False, allow_null=True)


class TokenAnswer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    prefix = serializers.CharField(help_text="The first characters of the token.")
    scopes = serializers.ListField(child=serializers.ChoiceField(list(Scope)))
    workloads = serializers.ListField(child=serializers.CharField())
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(allow_null=True)
    last_used_at = serializers.DateTimeField(allow_null=True)
    revoked_at = serializers.DateTimeField(allow_null=True)


class IssuedTokenAnswer(TokenAnswer):
    token = serializers.CharField(
        allow_null=True, help_text="The token itself, shown this once; null again."
    )


class TokensView(WeighbridgeView):
    @operation(
        scope=Reach.SESSION_ONLY,
        answer=TokenAnswer,
        listing=Listing(
            ordering={"created_at": "created_at", "name": "name"},
            default="-created_at",
        ),
    )
    def get(self) -> Response:
        """List your tokens, revoked ones too."""
        return self.page(tokens_of(self.actor).values(*SHOWN))

    @operation(
        scope=Reach.SESSION_ONLY,
        action="token.own",
        body=TokenRequest,
        answer=IssuedTokenAnswer,
        status=201,
        secret=("token",),
    )
    def post(self) -> Response:
        """Make a token. It is shown in this answer and kept nowhere."""
        asked = self.body
        issued = issue_token(
            actor=self.actor,
            user=self.actor,
            scopes=asked["scopes"],
            name=asked.get("name", ""),
            expires_at=asked.get("expires_at"),
            workloads=asked.get("workloads", ()),
            now=self.now,
        )
        return self.answer(
            {**_shown(issued.token), "token": issued.secret},
            etag=_etag(issued.token),
            location=f"/api/v1/tokens/{issued.token.pk}/",
        )


class TokenView(WeighbridgeView):
    def get_subject(self, number: int) -> ApiToken:
        token = tokens_of(self.actor).filter(pk=number).first()
        if token is None:
            raise NotFound(f"You have no token number {number}.")
        return token

    def etag(self, subject: ApiToken) -> str:
        return _etag(subject)

    @operation(scope=Reach.SESSION_ONLY, answer=TokenAnswer)
    def get(self) -> Response:
        """Read one of your tokens."""
        return self.answer(_shown(self.subject), etag=self.etag(self.subject))

    @operation(scope=Reach.SESSION_ONLY, action="token.own", status=204)
    def delete(self) -> Response:
        """Revoke a token, for good."""
        revoke_token(actor=self.actor, token_id=self.subject.pk, now=self.now)
        return self.answer()


def _etag(token: ApiToken) -> str:
    # All that can change by a person's hand; a use does not make it another version.
    return etag_of("token", token.pk, "revoked" if token.revoked_at else "live")


def _shown(token: ApiToken) -> dict[str, Any]:
    return {name: getattr(token, name) for name in SHOWN}
