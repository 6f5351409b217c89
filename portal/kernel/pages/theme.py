"""Light, dark or as the system says: kept by the server in a cookie, so there is no
flash and no script."""

from typing import Any

COOKIE = "theme"
CHOICES = ("system", "light", "dark")
_YEAR = 365 * 24 * 3600


def theme_of(request: Any) -> str:
    """ "light", "dark" or "" (the system's)."""
    chosen = request.COOKIES.get(COOKIE, "")
    return chosen if chosen in {"light", "dark"} else ""


def keep_theme(response: Any, chosen: str, *, secure: bool) -> None:
    if chosen in {"light", "dark"}:
        response.set_cookie(
            COOKIE, chosen, max_age=_YEAR, secure=secure, httponly=True, samesite="Lax"
        )
    else:
        response.delete_cookie(COOKIE, samesite="Lax")
