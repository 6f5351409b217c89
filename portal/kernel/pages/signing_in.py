"""Which name a failed sign-in counts against: the account's, however it was typed.

A present password that is asked for again counts the same: else whoever finds an open
session could guess at it for ever.
"""

from typing import Any

from axes.utils import reset
from django.contrib.auth import authenticate

from portal.kernel.errors import FieldError, Invalid, TooMany
from portal.kernel.models import User

# What the column of failures holds; no username is that long.
LONGEST = 255


def counted_name(request: Any, credentials: dict[str, Any] | None = None) -> str:
    """Noor, NOOR and " noor" are one account, so they share its five failures."""
    typed = (credentials or {}).get("username") or request.POST.get("username", "")
    return str(typed).strip().casefold()[:LONGEST]


class AccountLocked(TooMany):
    code = "account_locked"
    title = "This account is locked"


def require_present_password(request: Any, user: User, password: str) -> None:
    """Raises Invalid at `present`, or AccountLocked, in which the right one fails too."""
    if authenticate(request, username=user.username, password=password) is not None:
        reset(username=counted_name(request, {"username": user.username}))
        return
    if getattr(request, "axes_locked_out", False):
        detail = (
            "Five wrong passwords locked this account for 15 minutes. Your session goes "
            "on; the lock opens by itself."
        )
        raise AccountLocked(detail, errors=[FieldError("/present", "locked", detail)])
    detail = "This is not your present password."
    raise Invalid(detail, errors=[FieldError("/present", "wrong_password", detail)])
