"""What every list of gates has in common: filters, chips, saved views, paging, files."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from portal.forms.views import rows_of as saved_rows
from portal.kernel import clock
from portal.kernel.errors import NotFound
from portal.kernel.formats import in_full
from portal.kernel.pages.paging import address_with, page_number, paging_for
from portal.kernel.selectors.saved_views import views_of
from workloads.services.sheets.writer import CONTENT_TYPES, write_csv, write_xlsx

PAGE_SIZE = 50
WRITERS = {"csv": write_csv, "xlsx": write_xlsx}
LONGEST_SEARCH = 200


@dataclass(frozen=True)
class Choice:
    """A filter of the bar; the empty value leaves it open."""

    name: str
    label: str
    choices: Sequence[tuple[str, str]]
    chosen: str = ""

    @property
    def shown(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "label": self.label,
            "choices": [
                (value, words, value == self.chosen) for value, words in self.choices
            ],
        }


@dataclass(frozen=True)
class Chip:
    """A question that people ask, with how many rows answer it."""

    name: str
    value: str
    words: str
    count: int | None
    current: bool = False


@dataclass
class Bar:
    """The state of one list's filters; `page` is the name of its address."""

    page: str
    search: str = ""
    choices: Sequence[Choice] = ()
    chips: Sequence[Chip] = ()
    kept: Sequence[tuple[str, str]] = ()
    dropped: tuple[str, ...] = field(default=("page",))

    def context(self, request: HttpRequest) -> dict[str, Any]:
        query = request.GET.copy()
        for name in self.dropped:
            query.pop(name, None)
        kept = query.urlencode()
        saved = saved_rows(views_of(request.user, self.page))  # type: ignore[arg-type]
        return {
            "search": self.search,
            "selects": [one.shown for one in self.choices],
            "chips": [self._chip(request, one) for one in self.chips],
            "kept": self.kept,
            "saved": [{**row, "current": row["view"].query == kept} for row in saved],
            "save_href": (
                f"{reverse('portal:view-new')}?page={self.page}&query={quote(kept)}"
            ),
            "query": f"?{kept}" if kept else "",
        }

    def _chip(self, request: HttpRequest, one: Chip) -> dict[str, Any]:
        return {
            "words": one.words,
            "count": None if one.count is None else in_full(one.count),
            "href": address_with(request, **{one.name: one.value, "page": None}),
            "current": one.current,
        }


def text_of(request: HttpRequest, name: str) -> str:
    """A filter's text as the address has it: trimmed, short, without NUL."""
    return request.GET.get(name, "").replace("\x00", "").strip()[:LONGEST_SEARCH]


def one_of(request: HttpRequest, name: str, allowed: Iterable[str]) -> str:
    """A word of the address that is among these; else none."""
    text = text_of(request, name)
    return text if text in set(map(str, allowed)) else ""


def window(request: HttpRequest, size: int = PAGE_SIZE) -> slice:
    start = (page_number(request) - 1) * size
    return slice(start, start + size)


def paged(
    request: HttpRequest, shown: int, total: int, size: int = PAGE_SIZE
) -> dict[str, Any]:
    return {"paging": paging_for(request, size=size, shown=shown, total=total)}


def sorted_heads(
    request: HttpRequest,
    heads: Sequence[tuple[str, str, bool]],
    *,
    by: str,
    descending: bool,
) -> list[dict[str, Any]]:
    """(words, sort, is a number) as links; a second press turns the order around."""
    found = []
    for words, sort, is_number in heads:
        current = bool(sort) and sort == by
        turn = "asc" if current and descending else "desc" if current else None
        found.append(
            {
                "words": words,
                "number": is_number,
                "href": address_with(request, sort=sort, dir=turn, page=None)
                if sort
                else "",
                "order": ("descending" if descending else "ascending")
                if current
                else "",
            }
        )
    return found


def as_file(
    name: str, kind: str, headings: Sequence[str], rows: Iterable[Any]
) -> HttpResponse:
    """Exactly what a list shows, as CSV or XLSX."""
    if kind not in WRITERS:
        raise NotFound("A list is exported as CSV or XLSX.")
    response = HttpResponse(
        WRITERS[kind](tuple(headings), rows), content_type=CONTENT_TYPES[kind]
    )
    day = clock.today(clock.now())
    response["Content-Disposition"] = f'attachment; filename="{name}-{day}.{kind}"'
    return response
