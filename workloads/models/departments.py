"""Departments: who a workload belongs to in the organisation."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Lower


class Department(models.Model):
    code = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=120)
    head = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="departments_headed",
    )
    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(Lower("name"), name="department_name_unique"),
            models.CheckConstraint(
                condition=~models.Q(name=""), name="department_has_a_name"
            ),
        ]

    def __str__(self) -> str:
        return self.name
