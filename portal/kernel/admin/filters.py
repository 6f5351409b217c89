"""Filters of the admin's lists that are more than a column's values."""

from typing import Any

from django.contrib.admin import ModelAdmin, SimpleListFilter
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from portal.kernel import clock
from portal.kernel.enums import Role, Scope
from portal.kernel.pages.words import ROLE_WORDS

Choices = list[tuple[str, str]]


class HoldsRole(SimpleListFilter):
    title = "role"
    parameter_name = "role"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> Choices:
        return [(str(role), ROLE_WORDS[role].capitalize()) for role in Role]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Any]
    ) -> QuerySet[Any] | None:
        role = self.value()
        return queryset.filter(roles__contains=[role]) if role else None


class HoldsScope(SimpleListFilter):
    title = "scope"
    parameter_name = "scope"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> Choices:
        return [(str(scope), str(scope)) for scope in Scope]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Any]
    ) -> QuerySet[Any] | None:
        scope = self.value()
        return queryset.filter(scopes__contains=[scope]) if scope else None


class TokenState(SimpleListFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> Choices:
        return [("works", "Works"), ("expired", "Expired"), ("revoked", "Revoked")]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Any]
    ) -> QuerySet[Any] | None:
        expired = Q(expires_at__lte=clock.now())
        if self.value() == "revoked":
            return queryset.filter(revoked_at__isnull=False)
        if self.value() == "expired":
            return queryset.filter(expired, revoked_at__isnull=True)
        if self.value() == "works":
            return queryset.filter(~expired, revoked_at__isnull=True)
        return None


class MessageState(SimpleListFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> Choices:
        return [
            ("waiting", "Waiting"),
            ("delivered", "Delivered"),
            ("given_up", "Given up"),
        ]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Any]
    ) -> QuerySet[Any] | None:
        match self.value():
            case "waiting":
                return queryset.filter(
                    delivered_at__isnull=True, given_up_at__isnull=True
                )
            case "delivered":
                return queryset.filter(delivered_at__isnull=False)
            case "given_up":
                return queryset.filter(given_up_at__isnull=False)
        return None
