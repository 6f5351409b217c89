"""A filter, an order and a grouping that somebody wants to see again."""

from django.conf import settings
from django.db import models


class SavedView(models.Model):
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_views"
    )
    page = models.CharField(max_length=50, help_text="Which page, by URL name.")
    name = models.CharField(max_length=80)
    query = models.CharField(max_length=2000, blank=True, help_text="Query string.")
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "page", "name"], name="saved_view_one_a_name"
            ),
        ]

    def __str__(self) -> str:
        return self.name
