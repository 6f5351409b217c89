"""Usage in money: each day's tokens at the price of the day, model and kind of token."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Q, Sum

from capacity.formulas.prices import NoPrice, Price, RateCard
from capacity.formulas.tokens import Tokens
from capacity.models import UsageDay
from workloads.rules.shown import ref_of

KINDS = ("uncached_input", "cached_input", "output")


@dataclass(frozen=True, slots=True)
class PricedTokens:
    """Tokens of one workload, day, model and kind; `per_token` is money a token."""

    ref: str
    day: date
    model: str
    kind: str
    tokens: int
    per_token: Decimal


def split(tokens: Tokens, price: Price) -> Iterator[tuple[str, int, Decimal]]:
    """(kind, tokens, money a token) of the three kinds that are priced apart."""
    yield "uncached_input", tokens.uncached_input_tokens, _each(price.input_per_million)
    yield (
        "cached_input",
        tokens.cached_input_tokens,
        _each(price.cached_input_per_million),
    )
    yield "output", tokens.output_tokens, _each(price.output_per_million)


def priced_usage(days: Q, card: RateCard) -> Iterator[PricedTokens]:
    """Usage of these days. One query. What has no price is left out."""
    rows = (
        UsageDay.objects.filter(days)
        .order_by()
        .values_list("workload__number", "day", "model")
        .annotate(Sum("input_tokens"), Sum("cached_input_tokens"), Sum("output_tokens"))
    )
    for number, day, model, *counts in rows:
        try:
            price = card.price(model, day)
        except NoPrice:
            continue
        for kind, tokens, per_token in split(Tokens(*map(int, counts)), price):
            if tokens:
                yield PricedTokens(
                    ref_of(number), day, model.casefold(), kind, tokens, per_token
                )


def _each(per_million: Decimal) -> Decimal:
    return per_million.scaleb(-6)
