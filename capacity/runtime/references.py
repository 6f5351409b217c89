"""User references: opaque, and hashed on the way in where the installation has a key."""

import hmac

from django.conf import settings


def hashed(user: str) -> str:
    """As it is stored and counted: 32 hex digits, or as sent where no key is set.

    The same key gives the same reference, so one user is counted as one; another key
    begins every user anew.
    """
    key = settings.USER_REF_KEY
    if not key:
        return user
    return hmac.digest(key.encode(), user.encode(), "sha256")[:16].hex()
