"""Paging in the address: "101–200 of 2,000", previous, next."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from portal.kernel.formats import in_full


@dataclass(frozen=True)
class Paging:
    """`start` counts from 0; `total` may be unknown (None) where counting is dear."""

    start: int
    shown: int
    total: int | None
    previous: str | None
    next: str | None

    @property
    def words(self) -> str:
        if not self.shown:
            return "0"
        upto = f"{in_full(self.start + 1)}–{in_full(self.start + self.shown)}"
        return upto if self.total is None else f"{upto} of {in_full(self.total)}"


def address_with(request: Any, **changes: object) -> str:
    """This page's address with some parameters set; None or "" takes one out."""
    # Made by hand: a page has dozens of such links, and a query copies itself deeply.
    set_to = {name: [] if v in (None, "") else [str(v)] for name, v in changes.items()}
    query = dict(request.GET.lists()) | set_to
    pairs = [(name, value) for name, values in query.items() for value in values]
    return f"{request.path}?{urlencode(pairs)}" if pairs else str(request.path)


def page_number(request: Any) -> int:
    """The page asked for, from 1; nonsense is the first."""
    text = request.GET.get("page", "1")
    # So short that it is worth reading: thousands of digits are no number to Python.
    return (int(text) or 1) if text.isdecimal() and len(text) < 7 else 1


def paging_for(request: Any, *, size: int, shown: int, total: int) -> Paging:
    number = page_number(request)
    start = (number - 1) * size
    return Paging(
        start,
        shown,
        total,
        address_with(request, page=number - 1) if number > 1 else None,
        address_with(request, page=number + 1) if start + shown < total else None,
    )
