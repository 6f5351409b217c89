"""People and service accounts."""

from typing import ClassVar

from django.contrib.auth.models import (
    AbstractBaseUser,
    BaseUserManager,
    PermissionsMixin,
)
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from portal.kernel.enums import CommitteeFunction, Role


class UserManager(BaseUserManager["User"]):
    """Reads accounts; `services.accounts` makes them, so that each is audited."""

    def get_by_natural_key(self, username: str | None) -> "User":
        """Case does not matter at the sign-in."""
        folded = Lower(models.Value(username or ""))
        user = self.alias(folded_username=Lower("username")).get(folded_username=folded)
        # A locale may fold more than failures are counted by (the dotted I of Turkish is
        # an i to some), and each such spelling would have five failures of its own.
        if user.username.casefold() != (username or "").casefold():
            raise self.model.DoesNotExist
        return user


class User(AbstractBaseUser, PermissionsMixin):
    username = models.CharField(
        max_length=150, unique=True, validators=[UnicodeUsernameValidator()]
    )
    name = models.CharField(max_length=200, blank=True)
    email = models.EmailField(blank=True)
    roles = ArrayField(
        models.CharField(max_length=32, choices=[(role, role) for role in Role]),
        default=list,
        blank=True,
    )
    committee_function = models.CharField(
        max_length=16,
        blank=True,
        choices=[(function, function) for function in CommitteeFunction],
        help_text="What this person does in the committee; empty for everyone else.",
    )
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(
        default=False,
        help_text="May open the admin; follows from the roles, never set by hand.",
    )
    shortcuts_enabled = models.BooleanField(
        default=True, help_text="Keyboard shortcuts on pages."
    )
    created_at = models.DateTimeField()
    # "Since your last visit" compares with the visit before the present one.
    last_visit_at = models.DateTimeField(null=True, blank=True)
    previous_visit_at = models.DateTimeField(null=True, blank=True)

    objects = UserManager()

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        ordering = ["username"]
        verbose_name = "account"
        verbose_name_plural = "accounts"
        constraints = [
            models.UniqueConstraint(
                Lower("username"), name="user_username_unique_whatever_the_case"
            ),
            models.UniqueConstraint(
                Lower("email"),
                condition=~Q(email=""),
                name="user_email_unique_whatever_the_case",
            ),
            models.CheckConstraint(
                condition=Q(roles__contained_by=[str(role) for role in Role]),
                name="user_roles_are_known",
            ),
            models.CheckConstraint(
                condition=(
                    Q(committee_function="") & ~Q(roles__contains=[str(Role.COMMITTEE)])
                )
                | (
                    Q(committee_function__in=[str(one) for one in CommitteeFunction])
                    & Q(roles__contains=[str(Role.COMMITTEE)])
                ),
                name="user_function_goes_with_the_committee",
            ),
        ]

    def __str__(self) -> str:
        return self.display_name

    @property
    def display_name(self) -> str:
        return self.name or self.username

    def get_full_name(self) -> str:
        return self.display_name

    def get_short_name(self) -> str:
        return self.display_name

    def has_role(self, *roles: str) -> bool:
        """Whether this person holds one of `roles`."""
        return not set(roles).isdisjoint(self.roles)

    @classmethod
    def normalize_username(cls, username: str) -> str:
        return super().normalize_username(username).strip()
