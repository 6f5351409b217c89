"""Reading the numbers of the model."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.db.models import QuerySet

from portal.kernel.models import ModelNumbers

_read: ContextVar[list[ModelNumbers] | None] = ContextVar("numbers_read", default=None)


def current() -> ModelNumbers:
    """The version in force: the newest."""
    read = _read.get()
    if read is None:
        return _newest()
    if not read:
        read.append(_newest())
    return read[0]


@contextmanager
def read_once() -> Iterator[None]:
    """Inside, the numbers are read at most once: for a page of many parts that only
    reads. A use case that changes something reads them afresh, under its own lock."""
    token = _read.set([])
    try:
        yield
    finally:
        _read.reset(token)


def _newest() -> ModelNumbers:
    return ModelNumbers.objects.order_by("-version")[:1].get()


def versions() -> QuerySet[ModelNumbers]:
    """All versions, newest first, with who changed them."""
    return ModelNumbers.objects.select_related("changed_by")
