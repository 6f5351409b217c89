"""Accounts and tokens in the admin."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from portal.kernel import clock
from portal.kernel.admin.base import HouseAdmin, RecordAdmin, actor_of
from portal.kernel.admin.filters import HoldsRole, HoldsScope, TokenState
from portal.kernel.admin.forms import UseCaseForm
from portal.kernel.enums import Role
from portal.kernel.models import ApiToken, User
from portal.kernel.pages.words import ROLE_WORDS, role_names
from portal.kernel.services.accounts import (
    change_account,
    create_user,
    deactivate_user,
)
from portal.kernel.services.tokens import revoke_token

WRITTEN = ("username", "name", "email", "roles", "committee_function")


class AccountForm(UseCaseForm):
    written = WRITTEN
    guarded = ("is_staff", "is_superuser", "user_permissions", "groups")

    roles = forms.MultipleChoiceField(
        choices=[(str(role), ROLE_WORDS[role].capitalize()) for role in Role],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    password = forms.CharField(
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        required=False,
        strip=False,
        help_text="Ten characters or more. Without one nobody can sign in with it.",
    )

    class Meta:
        model = User
        fields = list(WRITTEN)

    def run(self, changes: dict[str, Any]) -> User:
        if self.instance.pk is not None:
            return change_account(
                actor=self.actor,
                user_id=self.instance.pk,
                changes=changes,
                now=clock.now(),
            )
        values = {name: self.cleaned_data[name] for name in WRITTEN}
        return create_user(
            actor=self.actor,
            password=self.cleaned_data["password"] or None,
            now=clock.now(),
            **values,
        )

    def _get_validation_exclusions(self) -> set[str]:
        # The use case checks the row after it set what follows from the roles; checked
        # here, the row would still be the old one.
        return {field.name for field in User._meta.get_fields()}


@admin.register(User)
class UserAdmin(HouseAdmin):
    form = AccountForm
    add_action = change_action = "account.manage"
    form_only = ("password",)
    list_display = ("username", "called", "email", "holds", "open", "last_visit_at")
    list_filter = (HoldsRole, "is_active", "committee_function")
    search_fields = ("username", "name", "email")
    ordering = ("username",)
    actions = ("deactivate",)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [*WRITTEN, "password"] if obj is None else [*WRITTEN, *self._facts()]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        # The trail names a username for ever, so it stays.
        return ["username", *self._facts()] if obj is not None else []

    @staticmethod
    def _facts() -> list[str]:
        return ["is_active", "is_staff", "created_at", "last_visit_at"]

    def trail_of(self, obj: User) -> str:
        return f"account/{obj.username}"

    @admin.display(description="Name", ordering="name")
    def called(self, obj: User) -> str:
        return obj.name

    @admin.display(description="Roles")
    def holds(self, obj: User) -> str:
        return role_names(obj.roles, obj.committee_function)

    @admin.display(description="Account", ordering="is_active")
    def open(self, obj: User) -> str:
        return "open" if obj.is_active else "closed"

    @admin.action(description="Close the account")
    def deactivate(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self.run_each(
            request,
            queryset,
            lambda user: deactivate_user(
                actor=actor_of(request), user_id=user.pk, now=clock.now()
            ),
            "closed: its sessions and tokens stop working at once",
        )


@admin.register(ApiToken)
class ApiTokenAdmin(RecordAdmin):
    list_display = (
        "prefix",
        "name",
        "user",
        "opens",
        "created_at",
        "last_used_at",
        "expires_at",
        "revoked_at",
    )
    list_filter = (TokenState, HoldsScope)
    list_select_related = ("user",)
    search_fields = ("prefix", "name", "user__username", "user__name")
    # Not the digest: nobody has a use for it.
    fields = (
        "prefix",
        "name",
        "user",
        "scopes",
        "workloads",
        "created_at",
        "expires_at",
        "last_used_at",
        "revoked_at",
    )
    actions = ("revoke",)

    def trail_of(self, obj: ApiToken) -> str:
        return f"account/{obj.user.username}"

    @admin.display(description="Scopes")
    def opens(self, obj: ApiToken) -> str:
        return ", ".join(obj.scopes)

    @admin.action(description="Revoke the token")
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiToken]) -> None:
        self.run_each(
            request,
            queryset,
            lambda token: revoke_token(
                actor=actor_of(request), token_id=token.pk, now=clock.now()
            ),
            "revoked for good",
        )
