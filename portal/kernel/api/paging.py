"""Lists: filters, search and ordering by declared names, pages by keyset cursor.

A page starts after (or ends before) the values of a row, not at a number, so that the
hundredth page costs what the first does and nothing is seen twice while rows arrive.
Rows come from `.values()`; nothing is counted.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from django.db.models import F, Field, Model, Q, QuerySet
from django.db.models.constants import LOOKUP_SEP
from django.db.models.expressions import OrderBy
from django.http import HttpRequest

from portal.kernel.api.cursors import Cursor, CursorError, read_cursor, write_cursor
from portal.kernel.api.errors import InvalidParameter
from portal.kernel.api.parameters import Matching, Parameter, Text, Whole
from portal.kernel.errors import FieldError

# Rows as `.values()` gives them; the checker knows each list's own keys.
Source: TypeAlias = QuerySet[Any, Any]
Row: TypeAlias = dict[str, Any]
PER_PAGE = 50
MOST_PER_PAGE = 500
MOST_TERMS = 5
_ADDED = "ordered_by_"


@dataclass(frozen=True)
class Filter:
    """A query parameter that narrows a list: by a lookup, or by a condition."""

    parameter: Parameter
    lookup: str | Callable[[Any], Q]

    def condition(self, value: Any) -> Q:
        if callable(self.lookup):
            return self.lookup(value)
        suffix = f"{LOOKUP_SEP}in" if self.parameter.many else ""
        return Q(**{f"{self.lookup}{suffix}": value})


@dataclass(frozen=True, kw_only=True)
class Listing:
    """How one list may be asked. `key` is unique: it decides between equal rows."""

    ordering: Mapping[str, str]  # name in the API -> path of the ORM
    default: str
    key: str = "id"
    filters: Mapping[str, Filter] = field(default_factory=dict)
    search: tuple[str, ...] = ()

    @property
    def parameters(self) -> dict[str, Parameter]:
        declared: dict[str, Parameter] = {
            "limit": Whole(
                1, MOST_PER_PAGE, default=PER_PAGE, description="Rows on a page."
            ),
            "cursor": Text(description="From `next` or `previous`, as it is."),
            "ordering": Matching(
                self.names,
                "names of " + ", ".join(self.ordering) + ", each with - for falling",
                default=self.names(self.default),
                description="One of: "
                + ", ".join(self.ordering)
                + ". Several with commas; a minus sign before a name turns it.",
            ),
        }
        if self.search:
            declared["search"] = Text(description="Words that must all occur.")
        return declared | {name: one.parameter for name, one in self.filters.items()}

    def names(self, text: str) -> tuple[str, ...]:
        names = tuple(name.strip() for name in text.split(","))
        bare = [name.removeprefix("-") for name in names]
        if len(set(bare)) < len(bare) or len(bare) > MOST_TERMS:
            raise ValueError(text)
        if not set(bare) <= set(self.ordering):
            raise ValueError(text)
        return names


@dataclass(frozen=True)
class Term:
    """One column of the order. PostgreSQL takes NULL as larger than all values."""

    path: str
    falling: bool
    nullable: bool

    def order(self, *, backwards: bool) -> OrderBy:
        column = F(self.path)
        return column.desc() if self.falling != backwards else column.asc()

    def beyond(self, value: Any, *, backwards: bool) -> Q | None:
        """Rows after `value` in this column alone; None when there are none."""
        falls = self.falling != backwards
        if value is None:
            return Q(**{f"{self.path}__isnull": False}) if falls else None
        if falls:
            return Q(**{f"{self.path}__lt": value})
        larger = Q(**{f"{self.path}__gt": value})
        return larger | Q(**{f"{self.path}__isnull": True}) if self.nullable else larger

    def same(self, value: Any) -> Q:
        if value is None:
            return Q(**{f"{self.path}__isnull": True})
        return Q(**{self.path: value})


def page_of(
    source: Source,
    listing: Listing,
    query: Mapping[str, Any],
    request: HttpRequest,
    *,
    row: Callable[[Row], Any] | None = None,
) -> dict[str, Any]:
    """`{results, next, previous}`. One query."""
    names: tuple[str, ...] = query["ordering"]
    terms = _terms(source.model, listing, names)
    cursor = _cursor(query["cursor"], names, len(terms))
    keyed, keys = _keyed(_narrowed(source, listing, query), terms)
    rows = _rows(keyed, terms, cursor, query["limit"] + 1)
    more = len(rows) > query["limit"]
    rows = rows[: query["limit"]]
    backwards = cursor is not None and cursor.backwards
    if backwards:
        rows.reverse()
    before, after = _around(rows, keys, names)
    _drop(rows, keys)
    return {
        "results": [row(one) for one in rows] if row else rows,
        "next": _link(request, after) if more or backwards else None,
        "previous": _link(request, before) if _any_before(cursor, more=more) else None,
    }


def _any_before(cursor: Cursor | None, *, more: bool) -> bool:
    if cursor is None:
        return False
    return more if cursor.backwards else True


def _around(
    rows: list[Row], keys: tuple[str, ...], names: tuple[str, ...]
) -> tuple[Cursor | None, Cursor | None]:
    """Cursors that end before the first row and start after the last."""
    if not rows:
        return None, None
    first, last = (tuple(one[key] for key in keys) for one in (rows[0], rows[-1]))
    return Cursor(names, first, backwards=True), Cursor(names, last)


def _narrowed(source: Source, listing: Listing, query: Mapping[str, Any]) -> Source:
    for name, one in listing.filters.items():
        if query[name] is not None:
            source = source.filter(one.condition(query[name]))
    for word in (query.get("search") or "").split():
        found = Q()
        for path in listing.search:
            found |= Q(**{f"{path}__icontains": word})
        source = source.filter(found)
    return source


def _terms(
    model: type[Model], listing: Listing, names: tuple[str, ...]
) -> tuple[Term, ...]:
    paths = [
        (listing.ordering[name.removeprefix("-")], name[0] == "-") for name in names
    ]
    if listing.key not in {path for path, _ in paths}:
        # In the direction of the first, so that one index serves both.
        paths.append((listing.key, paths[0][1]))
    return tuple(
        Term(path, falling, _may_be_null(model, path)) for path, falling in paths
    )


def _rows(
    source: Source, terms: tuple[Term, ...], cursor: Cursor | None, wanted: int
) -> list[Row]:
    backwards = cursor is not None and cursor.backwards
    try:
        if cursor is not None:
            source = source.filter(_beyond(terms, cursor.values, backwards=backwards))
        ordered = source.order_by(*(term.order(backwards=backwards) for term in terms))
        return list(ordered[:wanted])
    except (ValueError, TypeError, OverflowError) as error:
        if cursor is None:
            raise
        raise _wrong_cursor() from error


def _beyond(terms: tuple[Term, ...], values: tuple[Any, ...], *, backwards: bool) -> Q:
    """Rows after `values` in the order of all terms: (a, b) > (x, y)."""
    term, value = terms[0], values[0]
    further = term.beyond(value, backwards=backwards)
    if len(terms) == 1:
        return further if further is not None else Q(pk__in=[])
    rest = term.same(value) & _beyond(terms[1:], values[1:], backwards=backwards)
    return rest if further is None else further | rest


def _keyed(source: Source, terms: tuple[Term, ...]) -> tuple[Source, tuple[str, ...]]:
    """The rows with what they are ordered by, and under which names that stands."""
    chosen = set(source.query.values_select)
    keys = tuple(
        term.path if term.path in chosen else f"{_ADDED}{place}"
        for place, term in enumerate(terms)
    )
    added = {
        key: F(term.path)
        for key, term in zip(keys, terms, strict=True)
        if key.startswith(_ADDED)
    }
    return (source.annotate(**added) if added else source), keys


def _drop(rows: list[Row], keys: tuple[str, ...]) -> None:
    """Take out again what was only added to order by."""
    added = [key for key in keys if key.startswith(_ADDED)]
    for one in rows if added else ():
        for key in added:
            del one[key]


def _may_be_null(model: type[Model], path: str) -> bool:
    """An annotation or a path through a nullable relation may; a plain column says."""
    names = path.split(LOOKUP_SEP)
    for name in names:
        column = next(
            (one for one in model._meta.get_fields() if one.name == name), None
        )
        if not isinstance(column, Field) or column.null:
            return True
        if column.is_relation and column.related_model is not None:
            model = column.related_model
    return False


def _cursor(text: str | None, names: tuple[str, ...], count: int) -> Cursor | None:
    if text is None:
        return None
    try:
        cursor = read_cursor(text)
    except CursorError:
        raise _wrong_cursor() from None
    if cursor.names != names or len(cursor.values) != count:
        raise _wrong_cursor()
    return cursor


def _wrong_cursor() -> InvalidParameter:
    detail = "It is not a cursor of this list in this order; start without one."
    return InvalidParameter(errors=[FieldError("?cursor", "invalid", detail)])


def _link(request: HttpRequest, cursor: Cursor | None) -> str | None:
    if cursor is None:
        return None
    query = request.GET.copy()
    query["cursor"] = write_cursor(cursor)
    return request.build_absolute_uri(f"{request.path}?{query.urlencode()}")
