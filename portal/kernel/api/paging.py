"""Lists: filters, search and ordering by declared names, pages by keyset cursor.

A page starts after (or ends before) the values of a row, not at a number, so that the
hundredth page costs what the first does and nothing is seen twice while rows arrive.
Rows come from `.values()`; nothing is counted.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, TypeAlias

from django.db.models import F, Field, Model, Q, QuerySet
from django.db.models.constants import LOOKUP_SEP
from django.db.models.expressions import OrderBy
from django.http import HttpRequest

from portal.kernel.api.cursors import Cursor, CursorError, read_cursor, write_cursor
from portal.kernel.api.errors import InvalidParameter
from portal.kernel.api.parameters import Matching, Parameter, Text, Whole
from portal.kernel.api.statements import Statement, statement_of
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


# Compared by identity, so that a question about it can be a key.
@dataclass(frozen=True, kw_only=True, eq=False)
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


@dataclass(frozen=True)
class Question:
    """One list, asked in one way. Equal questions have one statement."""

    source: Source | Callable[[], Source]
    listing: Listing
    names: tuple[str, ...]
    narrowed: tuple[tuple[str, Any], ...]
    cursor: Cursor | None
    wanted: int

    @property
    def backwards(self) -> bool:
        return self.cursor is not None and self.cursor.backwards


def page_of(
    source: Source | Callable[[], Source],
    listing: Listing,
    query: Mapping[str, Any],
    request: HttpRequest,
    *,
    row: Callable[[Row], Any] | None = None,
) -> dict[str, Any]:
    """`{results, next, previous}`. One query.

    A `source` that is a function of a module is asked once for each kind of question,
    and its SQL kept: the ORM takes longer to write a wide one than it takes to answer.
    """
    names: tuple[str, ...] = query["ordering"]
    cursor = _cursor(query["cursor"], names)
    limit: int = query["limit"]
    narrowed = _narrowed(listing, query)
    question = Question(source, listing, names, narrowed, cursor, limit + 1)
    rows, keys = _answered(question)
    more = len(rows) > limit
    rows = rows[:limit]
    if question.backwards:
        rows.reverse()
    before, after = _around(rows, keys, names)
    _drop(rows, keys)
    return {
        "results": [row(one) for one in rows] if row else rows,
        "next": _link(request, after) if more or question.backwards else None,
        "previous": _link(request, before) if _any_before(cursor, more=more) else None,
    }


def _answered(question: Question) -> tuple[list[Row], tuple[str, ...]]:
    find = _prepared if callable(question.source) else _prepared.__wrapped__
    try:
        ordered, keys, statement = find(question)
        # A clone: a queryset keeps what it read, and this one may be kept itself.
        return (statement.rows() if statement else list(ordered.all())), keys
    except (ValueError, TypeError, OverflowError) as error:
        if question.cursor is None:
            raise
        raise _wrong_cursor() from error


@lru_cache(maxsize=256)
def _prepared(question: Question) -> tuple[Source, tuple[str, ...], Statement | None]:
    given = question.source
    source = given() if callable(given) else given
    terms = _terms(source.model, question.listing, question.names)
    source, keys = _keyed(_filtered(source, question), terms)
    if question.cursor is not None:
        if len(question.cursor.values) != len(terms):
            raise _wrong_cursor()
        values, backwards = question.cursor.values, question.cursor.backwards
        source = source.filter(_beyond(terms, values, backwards=backwards))
    order = [term.order(backwards=question.backwards) for term in terms]
    ordered = source.order_by(*order)[: question.wanted]
    return ordered, keys, statement_of(ordered) if callable(given) else None


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


def _narrowed(
    listing: Listing, query: Mapping[str, Any]
) -> tuple[tuple[str, Any], ...]:
    asked = ((name, query.get(name)) for name in (*listing.filters, "search"))
    return tuple(
        (name, tuple(value) if isinstance(value, list) else value)
        for name, value in asked
        if value is not None
    )


def _filtered(source: Source, question: Question) -> Source:
    listing = question.listing
    for name, value in question.narrowed:
        if name in listing.filters:
            source = source.filter(listing.filters[name].condition(value))
            continue
        for word in value.split():
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


def _cursor(text: str | None, names: tuple[str, ...]) -> Cursor | None:
    if text is None:
        return None
    try:
        cursor = read_cursor(text)
    except CursorError:
        raise _wrong_cursor() from None
    if cursor.names != names:
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
