"""Answers kept for 24 hours, so that a repeated POST does its work once."""

from django.conf import settings
from django.db import models


class IdempotentAnswer(models.Model):
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    key = models.CharField(max_length=255)
    method = models.CharField(max_length=8)
    path = models.CharField(max_length=500)
    body_sha256 = models.CharField(max_length=64)
    # Null while the first request is still at work.
    status = models.PositiveSmallIntegerField(null=True, blank=True)
    headers = models.JSONField(default=dict)
    body = models.BinaryField(default=bytes)
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        ordering = ["id"]
        verbose_name = "kept answer"
        verbose_name_plural = "kept answers"
        constraints = [
            models.UniqueConstraint(
                fields=["user", "key"], name="idempotent_answer_one_a_key"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"
