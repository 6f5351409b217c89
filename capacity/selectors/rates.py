"""The rate card and the compute lines as formulas read them, and their history."""

from datetime import date, datetime

from django.db.models import QuerySet

from capacity.formulas import lines, prices
from capacity.models import ComputeLine, ModelPrice


def rate_card() -> prices.RateCard:
    """Every price; of two for one model and day, the one entered last. One query."""
    newest: dict[tuple[str, date], prices.Price] = {}
    aliases: dict[str, str] = {}
    version = 0
    rows = ModelPrice.objects.order_by("id").values_list(
        "id",
        "model",
        "aliases",
        "valid_from",
        "input_per_million",
        "cached_input_per_million",
        "output_per_million",
        "batch_input_per_million",
        "batch_output_per_million",
    )
    for row_id, model, others, valid_from, *amounts in rows:
        newest[model, valid_from] = prices.Price(valid_from, *amounts)
        aliases |= dict.fromkeys(others, model)
        version = row_id
    return prices.rate_card(
        ((model, price) for (model, _), price in newest.items()),
        aliases=aliases,
        version=version,
    )


def compute_lines(as_of: datetime | None = None) -> lines.ComputeLines:
    """Every line; of two for one line and day, the one entered last. One query.

    `as_of` leaves out what was entered after it.
    """
    newest: dict[tuple[str, date], lines.ComputeLine] = {}
    entered = {} if as_of is None else {"entered_at__lte": as_of}
    rows = (
        ComputeLine.objects.filter(**entered)
        .order_by("id")
        .values_list(
            "line", "valid_from", "amount_per_month", "amount_per_session_month"
        )
    )
    for line, valid_from, per_month, per_session in rows:
        newest[line, valid_from] = lines.ComputeLine(
            line, valid_from, per_month, per_session
        )
    return lines.ComputeLines(tuple(newest.values()))


def price_rows() -> QuerySet[ModelPrice]:
    """The rate card with its whole history."""
    return ModelPrice.objects.select_related("entered_by")


def line_rows() -> QuerySet[ComputeLine]:
    """The compute lines with their whole history."""
    return ComputeLine.objects.select_related("entered_by")
