"""Prices of models, dated, and what tokens cost at them. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from capacity.formulas.rounding import EXACT, product, to_cents, total
from capacity.formulas.tokens import Tokens


class NoPrice(LookupError):
    """No price of `model` is in force on `day`; `gap` says whether one begins later."""

    def __init__(self, model: str, day: date, begins: date | None = None) -> None:
        super().__init__(f"No price of {model} is in force on {day}.")
        self.model = model
        self.day = day
        self.begins = begins


@dataclass(frozen=True, slots=True)
class Price:
    """Money per million tokens of one model, from `valid_from` until the next price.

    Without a batch price, batches cost what single calls cost.
    """

    valid_from: date
    input_per_million: Decimal
    cached_input_per_million: Decimal
    output_per_million: Decimal
    batch_input_per_million: Decimal | None = None
    batch_output_per_million: Decimal | None = None


@dataclass(frozen=True)
class RateCard:
    """Every price of every model, by the model's name in small letters."""

    prices: Mapping[str, Sequence[Price]]
    version: int = 0

    def price(self, model: str, day: date) -> Price:
        """The price in force on `day`; `NoPrice` where there is none."""
        dated = self.prices.get(model.casefold(), ())
        for price in reversed(dated):
            if price.valid_from <= day:
                return price
        raise NoPrice(model, day, dated[0].valid_from if dated else None)

    def knows(self, model: str) -> bool:
        return model.casefold() in self.prices


class Unpriced(RateCard):
    """Every model for nothing: sizes a month in tokens and sessions that has no price."""

    def __init__(self) -> None:
        super().__init__({})

    def price(self, model: str, day: date) -> Price:  # noqa: ARG002 - the same for all
        return _FREE


_FREE = Price(date.min, Decimal(0), Decimal(0), Decimal(0))


def rate_card(
    prices: Iterable[tuple[str, Price]],
    *,
    aliases: Mapping[str, str] | None = None,
    version: int = 0,
) -> RateCard:
    """A card of (model, price) pairs in any order; an alias reads as its model."""
    dated: dict[str, list[Price]] = {}
    for model, price in prices:
        dated.setdefault(model.casefold(), []).append(price)
    for some in dated.values():
        some.sort(key=lambda price: price.valid_from)
    for alias, model in (aliases or {}).items():
        dated.setdefault(alias.casefold(), dated.get(model.casefold(), []))
    return RateCard(dated, version)


def exact_cost(tokens: Tokens, price: Price) -> Decimal:
    """uncached × input price + cached × cached price + output × output price.

    Money, exact. Cached tokens are part of the input, so they are taken off before pricing.
    Source: the capacity model's cost of tokens.
    """
    uncached = EXACT.multiply(tokens.uncached_input_tokens, price.input_per_million)
    cached = tokens.cached_input_tokens
    given = (
        EXACT.fma(cached, price.cached_input_per_million, uncached)
        if cached
        else uncached
    )
    millionths = EXACT.fma(tokens.output_tokens, price.output_per_million, given)
    return millionths.scaleb(-6, EXACT)


def cost(tokens: Tokens, price: Price) -> Decimal:
    """Money of a workload and month, rounded half up to cents.

    W-01: 1,638 million input and 546 million output tokens at 3.00 and 15.00 a million
    are 13,104.00.
    """
    return to_cents(exact_cost(tokens, price))


def batch_saving(tokens: Tokens, price: Price, batch_share: Decimal) -> Decimal:
    """What running `batch_share` (0–1) of the tokens as batches saves, in cents.

    Zero without a batch price, and where the batch price is no lower.
    """
    saved_input = price.input_per_million - _or(
        price.batch_input_per_million, price.input_per_million
    )
    saved_output = price.output_per_million - _or(
        price.batch_output_per_million, price.output_per_million
    )
    saved = total(
        product(tokens.uncached_input_tokens, saved_input, batch_share),
        product(tokens.output_tokens, saved_output, batch_share),
    )
    return to_cents(max(Decimal(0), saved.scaleb(-6, EXACT)))


def planner_saving(
    tokens: Tokens, price: Price, cheaper: Price, planner_share: Decimal
) -> Decimal:
    """What running `planner_share` (0–1) of the tokens on a cheaper model saves, in cents."""
    saved = EXACT.subtract(exact_cost(tokens, price), exact_cost(tokens, cheaper))
    return to_cents(max(Decimal(0), product(saved, planner_share)))


def _or(value: Decimal | None, other: Decimal) -> Decimal:
    return other if value is None else value
