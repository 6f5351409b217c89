"""Accounts: who pays for a group of users, and who is told about their gates."""

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers
from rest_framework.response import Response

from capacity.models import Account
from capacity.selectors.gate_problems import AccountTaken
from capacity.services.accounts import create_account, edit_account
from portal.kernel.api.etags import etag_of
from portal.kernel.api.operations import operation
from portal.kernel.api.paging import Listing
from portal.kernel.api.serializers import StrictSerializer
from portal.kernel.api.views import WeighbridgeView
from portal.kernel.enums import Scope
from portal.kernel.errors import NotFound
from workloads.api.fields import Line

READ = (Scope.PLAN_READ, Scope.GOVERNANCE_READ)
WRITE = (Scope.PLAN_WRITE, Scope.GOVERNANCE_WRITE)
OF_THE_ROW = {"id": "code", "billing_administrator": "billing_email"}
"""What the API calls otherwise than the table does."""


class Address(Line):
    """An e-mail address."""

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        if text:
            serializers.EmailField().run_validation(text)
        return text


class AccountEdit(StrictSerializer):
    name = Line(max_length=200)
    owner_email = Address(max_length=254, help_text="Is told at 90 % and at 100 %.")
    billing_administrator = Address(
        max_length=254,
        required=False,
        allow_blank=True,
        allow_null=True,
        help_text="An e-mail address: is told of metered overage. Empty: the owner.",
    )


class AccountBody(AccountEdit):
    id = Line(max_length=100, help_text="As runtimes send it: letters, digits, . _ : -")

    def validate_id(self, value: str) -> str:
        """The same sign by which the table knows one."""
        for check in Account._meta.get_field("code").validators:
            check(value)
        return value


class AccountAnswer(serializers.Serializer[Any]):
    id = serializers.CharField()
    name = serializers.CharField()
    owner_email = serializers.CharField()
    billing_administrator = serializers.CharField(allow_null=True)
    edited_at = serializers.DateTimeField()


class AccountsView(WeighbridgeView):
    @operation(
        scope=READ,
        answer=AccountAnswer,
        listing=Listing(
            ordering={"id": "code", "name": "name"},
            default="id",
            key="code",
            search=("code", "name", "owner_email"),
        ),
    )
    def get(self) -> Response:
        """List the accounts."""
        rows = Account.objects.values(
            "code", "name", "owner_email", "billing_email", "edited_at"
        )
        return self.page(rows, row=_listed)

    @operation(
        scope=WRITE,
        action="gate_account.edit",
        body=AccountBody,
        answer=AccountAnswer,
        status=201,
        problems=(AccountTaken,),
    )
    def post(self) -> Response:
        """Add an account."""
        account = create_account(
            actor=self.actor, values=_columns(self.body), now=self.now
        )
        return self.answer(
            _shown(account),
            etag=tag_of(account),
            location=f"/api/v1/accounts/{account.code}/",
        )


class AccountView(WeighbridgeView):
    def get_subject(self, code: str) -> Account:
        found = Account.objects.filter(code=code).first()
        if found is None:
            raise NotFound(f'There is no account "{code}".')
        return found

    def etag(self, subject: Account) -> str:
        return tag_of(subject)

    @operation(scope=READ, answer=AccountAnswer)
    def get(self) -> Response:
        """Read an account."""
        return self.answer(_shown(self.subject), etag=tag_of(self.subject))

    @operation(
        scope=WRITE,
        action="gate_account.edit",
        body=AccountEdit,
        answer=AccountAnswer,
    )
    def patch(self) -> Response:
        """Change who is told. Its id stays: runtimes send it."""
        account = edit_account(
            code=self.subject.code,
            actor=self.actor,
            changes=_columns(self.body),
            if_version=self.if_version,
            now=self.now,
        )
        return self.answer(_shown(account), etag=tag_of(account))


def tag_of(account: Account) -> str:
    return etag_of("account", account.pk, account.version)


def _columns(body: Mapping[str, Any]) -> dict[str, Any]:
    return {OF_THE_ROW.get(name, name): value or "" for name, value in body.items()}


def _shown(account: Account) -> dict[str, Any]:
    names = ("code", "name", "owner_email", "billing_email", "edited_at")
    return _listed({name: getattr(account, name) for name in names})


def _listed(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": row["code"],
        "name": row["name"],
        "owner_email": row["owner_email"],
        "billing_administrator": row["billing_email"] or None,
        "edited_at": row["edited_at"],
    }
