"""Who am I: for a program that wants to know what its token may do."""

from typing import Any

from rest_framework import serializers
from rest_framework.response import Response

from portal.kernel.api.operations import Reach, operation
from portal.kernel.api.views import WeighbridgeView
from portal.kernel.enums import Role, Scope
from portal.kernel.models import ApiToken


class OwnToken(serializers.Serializer[Any]):
    prefix = serializers.CharField()
    name = serializers.CharField()
    workloads = serializers.ListField(child=serializers.CharField())
    expires_at = serializers.DateTimeField(allow_null=True)


class MeAnswer(serializers.Serializer[Any]):
    username = serializers.CharField()
    name = serializers.CharField()
    email = serializers.CharField()
    roles = serializers.ListField(child=serializers.ChoiceField(list(Role)))
    committee_function = serializers.CharField(allow_null=True)
    scopes = serializers.ListField(child=serializers.ChoiceField(list(Scope)))
    token = OwnToken(allow_null=True, help_text="Null in a browser session.")


class MeView(WeighbridgeView):
    @operation(scope=Reach.ANY_TOKEN, answer=MeAnswer)
    def get(self) -> Response:
        """Read who you are, with your roles and the scopes of this token."""
        user, token = self.actor, self.token
        return self.answer(
            {
                "username": user.username,
                "name": user.display_name,
                "email": user.email,
                "roles": user.roles,
                "committee_function": user.committee_function or None,
                # A browser session has all, limited by the roles.
                "scopes": token.scopes if token else list(Scope),
                "token": _shown(token) if token else None,
            }
        )


def _shown(token: ApiToken) -> dict[str, Any]:
    return {
        "prefix": token.prefix,
        "name": token.name,
        "workloads": token.workloads,
        "expires_at": token.expires_at,
    }
