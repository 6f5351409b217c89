"""The kernel in the admin. Importing the subjects registers them."""

from portal.kernel.admin import (
    accounts,
    audit,
    numbers,
    others,
    outbox,
    records,
    webhooks,
)

__all__ = [
    "accounts",
    "audit",
    "numbers",
    "others",
    "outbox",
    "records",
    "webhooks",
]
