"""The rate card and the compute lines as formulas read them, and their history."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True)
class ModelNames:
    """Which model a name means; names differ by more than the size of their letters."""

    spelling: Mapping[str, str]
    owners: Mapping[str, str]
    last_aliases: Mapping[str, Sequence[str]]

    def spelled(self, name: str) -> str:
        """As the rate card spells it; a model that is new, as it is typed."""
        return self.spelling.get(name.casefold(), name)

    def owner_of(self, name: str) -> str | None:
        """The model that this name or alias means; None where it is free."""
        return self.owners.get(name.strip().casefold())

    def owners_of(self, names: Sequence[str]) -> list[str | None]:
        return [self.owner_of(name) for name in names]

    def aliases_of(self, model: str) -> Sequence[str]:
        return self.last_aliases.get(model, ())


def names_of_models() -> ModelNames:
    """Every name and alias that was ever entered. One query."""
    spelling: dict[str, str] = {}
    aliases: dict[str, Sequence[str]] = {}
    owners: dict[str, str] = {}
    rows = ModelPrice.objects.order_by("id").values_list("model", "aliases")
    for model, others in rows:
        spelled = spelling.setdefault(model.casefold(), model)
        aliases[spelled] = others
        for name in (model, *others):
            owners.setdefault(name.casefold(), spelled)
    return ModelNames(spelling, owners, aliases)


def price_on(model: str, day: date, *, exactly: bool = False) -> ModelPrice | None:
    """The price in force on a day; with `exactly`, the one that begins on it."""
    rows = ModelPrice.objects.filter(model=model)
    rows = rows.filter(valid_from=day) if exactly else rows.filter(valid_from__lte=day)
    return rows.order_by("-valid_from", "-id").first()


def line_on(line: str, day: date, *, exactly: bool = False) -> ComputeLine | None:
    """The line in force on a day; with `exactly`, the one that begins on it."""
    rows = ComputeLine.objects.filter(line=line)
    rows = rows.filter(valid_from=day) if exactly else rows.filter(valid_from__lte=day)
    return rows.order_by("-valid_from", "-id").first()
