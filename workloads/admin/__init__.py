"""The plan in the admin. Importing the subjects registers them."""

from workloads.admin import (
    baselines,
    criteria,
    departments,
    estimates,
    imports,
    plan,
    reminders,
    signoffs,
)

__all__ = [
    "baselines",
    "criteria",
    "departments",
    "estimates",
    "imports",
    "plan",
    "reminders",
    "signoffs",
]
