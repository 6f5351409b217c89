"""Reading API tokens."""

from datetime import datetime
from hashlib import sha256

from django.db.models import Q, QuerySet

from portal.kernel.models import ApiToken, User

PREFIX = "wb_"


def digest_of(secret: str) -> str:
    """A token has 256 random bits: a plain SHA-256 cannot be searched backwards."""
    return sha256(secret.encode()).hexdigest()


def find_token(secret: str, *, now: datetime) -> ApiToken | None:
    """The live token behind `secret`, with its user; None when it opens nothing."""
    if not secret.startswith(PREFIX):
        return None
    return (
        ApiToken.objects.select_related("user")
        .filter(
            Q(expires_at__isnull=True) | Q(expires_at__gt=now),
            digest=digest_of(secret),
            revoked_at__isnull=True,
            user__is_active=True,
        )
        .first()
    )


def token_of(secret: str) -> ApiToken | None:
    """The token behind `secret`, live or not, with its user: to say what is wrong."""
    if not secret.startswith(PREFIX):
        return None
    found = ApiToken.objects.select_related("user").filter(digest=digest_of(secret))
    return found.first()


def tokens_of(user: User) -> QuerySet[ApiToken]:
    """A person's tokens, newest first, revoked ones too."""
    return ApiToken.objects.filter(user=user)
