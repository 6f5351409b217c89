"""API tokens: shown once, kept as a digest."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from portal.kernel.enums import Scope


class ApiToken(models.Model):
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="tokens"
    )
    name = models.CharField(max_length=100, blank=True)
    prefix = models.CharField(
        max_length=16, help_text="The first characters, to recognise it by."
    )
    digest = models.CharField(
        max_length=64, unique=True, help_text="SHA-256 of the token, in hex."
    )
    scopes = ArrayField(
        models.CharField(max_length=32, choices=[(scope, scope) for scope in Scope])
    )
    workloads = ArrayField(
        models.CharField(max_length=16),
        default=list,
        blank=True,
        help_text="References a runtime's token is bound to; empty: all workloads.",
    )
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(
        null=True, blank=True, help_text="Written at most once a minute."
    )
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        verbose_name = "API token"
        verbose_name_plural = "API tokens"
        constraints = [
            models.CheckConstraint(
                condition=Q(scopes__contained_by=[str(scope) for scope in Scope])
                & Q(scopes__len__gt=0),
                name="token_scopes_are_known",
            ),
            models.CheckConstraint(
                condition=Q(digest__regex=r"^[0-9a-f]{64}$"),
                name="token_digest_is_sha256",
            ),
            models.CheckConstraint(
                condition=Q(expires_at__isnull=True)
                | Q(expires_at__gt=F("created_at")),
                name="token_expires_after_it_was_made",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.prefix}…"
