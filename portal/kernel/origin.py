"""Where the change at hand comes from: which door, which request, which address.

A context variable, so that services need not pass it along: the middleware sets it
for pages, API and admin, commands and tasks open it with `with origin(...)`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from uuid import uuid4

from portal.kernel.enums import Source


@dataclass(frozen=True, slots=True)
class Origin:
    source: Source
    request_id: str = ""
    address: str = ""


# Outside every door (a shell, a migration) a change is the system's own.
OUTSIDE = Origin(Source.SYSTEM)
_current: ContextVar[Origin] = ContextVar("origin", default=OUTSIDE)


def current_origin() -> Origin:
    return _current.get()


def new_request_id() -> str:
    """32 hex digits: names one request in answers, logs and audit entries."""
    return uuid4().hex


@contextmanager
def origin(
    source: Source, *, request_id: str = "", address: str = ""
) -> Iterator[Origin]:
    """Everything done inside came through `source`."""
    entered = Origin(source, request_id or new_request_id(), address)
    token = _current.set(entered)
    try:
        yield entered
    finally:
        _current.reset(token)
