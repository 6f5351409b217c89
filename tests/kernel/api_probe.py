"""Endpoints that exist only here, to try the conventions of the API on."""

from types import SimpleNamespace
from typing import Any

from django.db import connection
from django.urls import include, path
from rest_framework import serializers
from rest_framework.response import Response

from portal.kernel import access
from portal.kernel.api.etags import etag_of
from portal.kernel.api.fields import (
    Amount,
    Flag,
    Integer,
    Listed,
    Number,
    QuarterField,
    Text,
    Word,
)
from portal.kernel.api.operations import Reach, operation
from portal.kernel.api.paging import Filter, Listing
from portal.kernel.api.parameters import OneOf, Whole
from portal.kernel.api.parameters import Text as AnyText
from portal.kernel.api.serializers import StrictSerializer
from portal.kernel.api.views import WeighbridgeView
from portal.kernel.enums import Role, Scope
from portal.kernel.errors import Conflict, NotFound, Unprocessable
from portal.kernel.models import User

# What the handlers did; a test empties it first.
done: list[Any] = []


class Part(StrictSerializer):
    share = Number(min_value=0, max_value=1)


class Body(StrictSerializer):
    name = Text(max_length=20)
    users = Integer(min_value=0, max_value=10**9, required=False)
    price = Amount(required=False)
    ratio = Number(min_value=0, max_value=1, required=False)
    quarter = QuarterField(required=False)
    role = Word(Role, required=False)
    sensitive = Flag(required=False)
    parts = Listed(Part(), required=False)


class Answer(serializers.Serializer[Any]):
    name = serializers.CharField()
    status = serializers.CharField()


THING = SimpleNamespace(ref="T-1", version=3, owner_id=None)


class ThingView(WeighbridgeView):
    def get_subject(self, ref: str) -> Any:
        if ref != THING.ref:
            raise NotFound(f"There is no thing {ref}.")
        return THING

    def etag(self, subject: Any) -> str:
        return etag_of(subject.ref, subject.version)

    @operation(scope=Scope.PLAN_READ, answer=Answer)
    def get(self) -> Response:
        return self.answer({"name": "thing"}, etag=self.etag(self.subject))

    @operation(scope=Scope.PLAN_WRITE, action="plan.import", body=Body, answer=Answer)
    def patch(self) -> Response:
        done.append((self.if_version, dict(self.body)))
        return self.answer({"name": "thing"}, etag=etag_of("T-1", 4))

    @operation(scope=Scope.PLAN_WRITE, action="plan.import", status=204)
    def delete(self) -> Response:
        done.append("deleted")
        return self.answer()


class ThingsView(WeighbridgeView):
    @operation(
        scope=Scope.PLAN_WRITE,
        action="plan.import",
        body=Body,
        answer=Answer,
        status=201,
        secret=("secret",),
        parameters={"dry_run": OneOf(("true", "false"))},
    )
    def post(self) -> Response:
        """Writes a row, so that a rolled back effect can be told from a kept one."""
        access.require(self.actor, "plan.import")
        User.objects.create(username=self.body["name"], created_at=self.now)
        if self.body["name"] == "conflict":
            raise Conflict("The state stands against it.")
        if self.body["name"] == "nonsense":
            raise Unprocessable("It makes no sense.")
        if self.body["name"] == "broken":
            raise RuntimeError("a secret of ours")
        done.append(dict(self.body))
        made = {"name": self.body["name"], "count": len(done), "secret": "s3cret"}
        return self.answer(made, etag=etag_of(len(done)), location="/api/probe/1/")


PEOPLE = Listing(
    ordering={"username": "username", "seen": "last_visit_at", "name": "name"},
    default="username",
    search=("username", "name"),
    filters={
        "name": Filter(AnyText(many=True), "name"),
        "active": Filter(OneOf(("true",)), "is_active"),
    },
)


def people() -> Any:
    return User.objects.values("username", "last_visit_at")


class PeopleView(WeighbridgeView):
    @operation(
        scope=(Scope.PLAN_READ, Scope.GOVERNANCE_READ),
        answer=Answer,
        parameters={"weeks": Whole(1, 12, default=4)},
        listing=PEOPLE,
    )
    def get(self) -> Response:
        return self.page(people())


class KeptPeopleView(WeighbridgeView):
    """The same list, with its statements kept."""

    @operation(scope=Scope.PLAN_READ, answer=Answer, listing=PEOPLE)
    def get(self) -> Response:
        return self.page(people)


class AnyTokenView(WeighbridgeView):
    @operation(scope=Reach.ANY_TOKEN, answer=Answer)
    def get(self) -> Response:
        return self.answer({"name": self.actor.username})


class RaisesView(WeighbridgeView):
    """Raises what a test put there."""

    error: Exception = RuntimeError("nothing set")

    @operation(scope=Reach.ANY_TOKEN)
    def get(self) -> Response:
        raise type(self).error


class SqlView(WeighbridgeView):
    statement = ""

    @operation(scope=Reach.ANY_TOKEN)
    def get(self) -> Response:
        with connection.cursor() as cursor:
            cursor.execute(type(self).statement)
        return self.answer({})


class UploadView(WeighbridgeView):
    @operation(
        scope=Scope.PLAN_WRITE,
        uploads=("text/csv", "multipart/form-data"),
        body_limit=1000,
        answer=Answer,
    )
    def post(self) -> Response:
        done.append(self.upload.content)
        return self.answer({"name": self.upload.name, "count": len(done)})


probes = [
    path("things/", ThingsView.as_view()),
    path("things/<str:ref>/", ThingView.as_view()),
    path("people/", PeopleView.as_view()),
    path("kept/", KeptPeopleView.as_view()),
    path("any/", AnyTokenView.as_view()),
    path("raises/", RaisesView.as_view()),
    path("sql/", SqlView.as_view()),
    path("upload/", UploadView.as_view()),
]
urlpatterns = [path("api/probe/", include(probes)), path("", include("portal.urls"))]
