"""Who sees which user a figure is about: the reference itself, or a short hash of it."""

import hmac

from django.conf import settings

from portal.kernel.access import allows
from portal.kernel.models import User
from workloads.models import Workload

SHOWN = 10  # hex digits: enough to tell the users of a list apart
SEE = "user_reference.see"


def may_see_users(reader: User, workload: Workload | None = None) -> bool:
    """Of one workload its owner too; of all of them by role alone."""
    return allows(reader, SEE, workload)


def short_hash(user_ref: str) -> str:
    """Keyed: references are often addresses, and those are guessed and compared."""
    key = settings.SECRET_KEY.encode()
    return hmac.digest(key, f"user:{user_ref}".encode(), "sha256").hex()[:SHOWN]


def shown_reference(user_ref: str, *, may_see: bool) -> str:
    return user_ref if may_see else short_hash(user_ref)
