"""The one case without an actor: somebody at the console of the machine itself."""

from typing import Any

from portal.kernel.access import require
from portal.kernel.enums import Source
from portal.kernel.models import User
from portal.kernel.origin import current_origin

CONSOLE = frozenset({Source.COMMAND, Source.SYSTEM})


def require_unless_at_console(
    actor: User | None, action: str, subject: Any = None
) -> None:
    """As `access.require`; only a command or the system may come without an actor.

    Whoever can run commands holds the database anyway. Through a page, the API or the
    admin a missing actor is refused like any anonymous one.
    """
    if actor is None and current_origin().source in CONSOLE:
        return
    require(actor, action, subject)
