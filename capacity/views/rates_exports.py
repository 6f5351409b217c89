"""The tables of "Rates and staffing" as CSV: the whole history, exact."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from capacity.models import ComputeLine, ModelPrice, ReserveDraw, ReserveSize, Staffing
from capacity.selectors.rates import line_rows, price_rows
from capacity.selectors.reserve import draw_rows, size_rows
from capacity.selectors.staffing import rows as staffing_rows
from workloads.services.sheets.writer import CONTENT_TYPES, PlainRow, write_csv

ENTERED = ("entered_at", "entered_by", "reason")
PRICES = (
    "model",
    "class",
    "aliases",
    "valid_from",
    "input_per_million",
    "cached_input_per_million",
    "output_per_million",
    "batch_input_per_million",
    "batch_output_per_million",
    "currency",
)
LINES = (
    "line",
    "valid_from",
    "amount_per_month",
    "amount_per_session_month",
    "currency",
)
STAFFING = ("quarter", "full_time_equivalents", "vacancies", "decision")
SIZES = (
    "quarter",
    "ratio",
    "amount",
    "from_tokens",
    "from_compute",
    "from_ops",
    "currency",
    "decision",
)
DRAWS = ("quarter", "amount", "budget", "currency", "decision")


def _entered(row: Any) -> tuple[str, str, str]:
    by = row.entered_by
    return row.entered_at.isoformat(), by.username if by else "", row.reason


def _price(row: ModelPrice) -> PlainRow:
    return (
        row.model,
        row.model_class,
        ", ".join(row.aliases),
        row.valid_from.isoformat(),
        row.input_per_million,
        row.cached_input_per_million,
        row.output_per_million,
        row.batch_input_per_million,
        row.batch_output_per_million,
        row.currency,
    )


def _line(row: ComputeLine) -> PlainRow:
    day = row.valid_from.isoformat()
    amounts = (row.amount_per_month, row.amount_per_session_month)
    return (row.line, day, *amounts, row.currency)


def _staffing(row: Staffing) -> PlainRow:
    return (row.quarter, row.full_time_equivalents, row.vacancies, row.decision)


def _size(row: ReserveSize) -> PlainRow:
    parts = (row.from_tokens, row.from_compute, row.from_ops)
    return (row.quarter, row.ratio, row.amount, *parts, row.currency, row.decision)


def _draw(row: ReserveDraw) -> PlainRow:
    return (row.quarter, row.amount, row.budget, row.currency, row.decision)


Table = tuple[Sequence[str], Callable[[], Iterable[Any]], Callable[[Any], PlainRow]]
TABLES: Mapping[str, Table] = {
    "prices": (PRICES, price_rows, _price),
    "lines": (LINES, line_rows, _line),
    "staffing": (STAFFING, staffing_rows, _staffing),
    "reserve": (SIZES, size_rows, _size),
    "draws": (DRAWS, draw_rows, _draw),
}


@require_safe
def export(_request: HttpRequest, table: str) -> HttpResponse:
    if table not in TABLES:
        raise Http404
    headings, rows, cells = TABLES[table]
    content = write_csv(
        (*headings, *ENTERED), ((*cells(row), *_entered(row)) for row in rows())
    )
    response = HttpResponse(content, content_type=CONTENT_TYPES["csv"])
    response["Content-Disposition"] = f'attachment; filename="{table}.csv"'
    return response
