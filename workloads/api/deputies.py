"""Deputies: who signs for a signer during a span of days."""

from typing import Any

from rest_framework import serializers
from rest_framework.response import Response

from portal.kernel.api.etags import etag_of
from portal.kernel.api.fields import DayField, Word
from portal.kernel.api.operations import operation
from portal.kernel.api.paging import Filter, Listing
from portal.kernel.api.parameters import OneOf
from portal.kernel.api.parameters import Text as AnyText
from portal.kernel.api.serializers import StrictSerializer
from portal.kernel.api.views import WeighbridgeView
from portal.kernel.enums import Scope
from portal.kernel.errors import NotFound
from workloads.api.fields import PersonField
from workloads.enums import SignRole
from workloads.models import Deputy
from workloads.services.deputies import (
    end_deputy,
    name_deputy,
    require_holder,
    require_own,
)

READ = (Scope.PLAN_READ, Scope.GOVERNANCE_READ)
HIGHEST_ID = 2**63 - 1  # PostgreSQL's bigint


class DeputyBody(StrictSerializer):
    role = Word(SignRole)
    deputy = PersonField(help_text="A username.")
    until = DayField(help_text="The last day.")

    def get_fields(self) -> dict[str, Any]:
        # `from` is a word of the language, so it cannot be an attribute.
        return {**super().get_fields(), "from": DayField(help_text="The first day.")}


class DeputyAnswer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    role = serializers.ChoiceField(list(SignRole))
    signer = serializers.CharField(help_text="A username.")
    deputy = serializers.CharField(help_text="A username.")
    until = serializers.DateField()

    def get_fields(self) -> dict[str, Any]:
        return {**super().get_fields(), "from": serializers.DateField()}


def _may_name(view: WeighbridgeView) -> str:
    role = view.peek("role")
    if isinstance(role, str) and role in set(SignRole):
        require_holder(view.actor, SignRole(role))
    return "deputy.name"


class DeputiesView(WeighbridgeView):
    @operation(
        scope=READ,
        answer=DeputyAnswer,
        listing=Listing(
            ordering={"from": "from_day", "until": "until_day", "id": "id"},
            default="-from",
            filters={
                "role": Filter(OneOf(SignRole), "role"),
                "signer": Filter(
                    AnyText(description="A username."), "signer__username"
                ),
                "deputy": Filter(
                    AnyText(description="A username."), "deputy__username"
                ),
            },
        ),
    )
    def get(self) -> Response:
        """List the deputies, past ones too."""
        rows = Deputy.objects.values(
            "id",
            "role",
            "signer__username",
            "deputy__username",
            "from_day",
            "until_day",
        )
        return self.page(rows, row=_listed)

    @operation(
        scope=Scope.GOVERNANCE_WRITE,
        action=_may_name,
        body=DeputyBody,
        answer=DeputyAnswer,
        status=201,
    )
    def post(self) -> Response:
        """Name who signs for you, in a role that you hold, for a span of days."""
        asked = self.body
        deputy = name_deputy(
            actor=self.actor,
            role=asked["role"],
            deputy=asked["deputy"],
            from_day=asked["from"],
            until_day=asked["until"],
            now=self.now,
        )
        return self.answer(
            _shown(deputy),
            etag=tag_of(deputy),
            location=f"/api/v1/deputies/{deputy.pk}/",
        )


def _may_end(view: WeighbridgeView) -> None:
    require_own(view.subject, view.actor)


class DeputyView(WeighbridgeView):
    def get_subject(self, number: int) -> Deputy:
        found = (
            Deputy.objects.select_related("signer", "deputy")
            .filter(pk=min(number, HIGHEST_ID))
            .first()
        )
        if found is None:
            raise NotFound(f"There is no deputy {number}.")
        return found

    def etag(self, subject: Deputy) -> str:
        return tag_of(subject)

    @operation(scope=READ, answer=DeputyAnswer)
    def get(self) -> Response:
        """Read a deputy."""
        return self.answer(_shown(self.subject), etag=tag_of(self.subject))

    @operation(scope=Scope.GOVERNANCE_WRITE, action=_may_end, status=204)
    def delete(self) -> Response:
        """Take a deputy back. Only the signer who named them can."""
        end_deputy(deputy_id=self.subject.pk, actor=self.actor, now=self.now)
        return self.answer()


def tag_of(deputy: Deputy) -> str:
    # It is named and taken back, never edited.
    return etag_of("deputy", deputy.pk)


def _shown(deputy: Deputy) -> dict[str, Any]:
    return {
        "id": deputy.pk,
        "role": deputy.role,
        "signer": deputy.signer.username,
        "deputy": deputy.deputy.username,
        "from": deputy.from_day,
        "until": deputy.until_day,
    }


def _listed(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": row["id"],
        "role": row["role"],
        "signer": row["signer__username"],
        "deputy": row["deputy__username"],
        "from": row["from_day"],
        "until": row["until_day"],
    }
