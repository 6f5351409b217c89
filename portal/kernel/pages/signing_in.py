"""Which name a failed sign-in counts against: the account's, however it was typed."""

from typing import Any

# What the column of failures holds; no username is that long.
LONGEST = 255


def counted_name(request: Any, credentials: dict[str, Any] | None = None) -> str:
    """Noor, NOOR and " noor" are one account, so they share its five failures."""
    typed = (credentials or {}).get("username") or request.POST.get("username", "")
    return str(typed).strip().casefold()[:LONGEST]
