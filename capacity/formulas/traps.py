"""Two comforting mistakes, made visible: averaging, and one dear model for all. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from capacity.formulas.prices import RateCard, cost
from capacity.formulas.rounding import quotient, round_half_up
from capacity.formulas.tokens import Tokens


@dataclass(frozen=True, slots=True)
class Averaged:
    """What averaging a workload into the others would have forecast for it.

    Tokens per user and month; `undersized_by` is 1 − averaged ÷ own (0.56 is 56 % short).
    """

    tokens_per_user_month: int
    own_tokens_per_user_month: int
    undersized_by: Fraction


def averaging_trap(
    own_tokens_per_user_month: int, others: Sequence[tuple[int, int]]
) -> Averaged | None:
    """The users-weighted mean of the others against the workload's own figure.

    `others` are (users, tokens/user/month) of all live and committed workloads except this
    one; None without users among them, or without tokens of its own. W-01 and W-02 average
    615,472: W-03 is 56.0 % short by it, W-04 72.0 %.
    """
    users = sum(one for one, _ in others)
    if not users or not own_tokens_per_user_month:
        return None
    mean = Fraction(sum(one * tokens for one, tokens in others), users)
    return Averaged(
        tokens_per_user_month=round_half_up(quotient(mean.numerator, mean.denominator)),
        own_tokens_per_user_month=own_tokens_per_user_month,
        undersized_by=1 - mean / own_tokens_per_user_month,
    )


@dataclass(frozen=True, slots=True)
class Floor:
    """One month of the plan: as fanned out, and all of it on the dearest model."""

    model: str
    cost: Decimal
    cost_on_dearest: Decimal

    @property
    def saved(self) -> Decimal:
        return self.cost_on_dearest - self.cost


def floor_trap(
    tokens_by_model: Sequence[tuple[str, Tokens]], card: RateCard, first_day: date
) -> Floor | None:
    """What the month would cost if every workload ran on the dearest primary model.

    One entry a workload, at the prices of the month's first day; money in cents, rounded per workload. Dearest is the model at
    which all these tokens would cost most. None where there is no workload.
    """
    if not tokens_by_model:
        return None
    as_is = sum(
        (
            cost(tokens, card.price(model, first_day))
            for model, tokens in tokens_by_model
        ),
        Decimal(0),
    )
    on_one = {
        model: sum(
            (
                cost(tokens, card.price(model, first_day))
                for _, tokens in tokens_by_model
            ),
            Decimal(0),
        )
        for model in sorted({model for model, _ in tokens_by_model})
    }
    dearest = max(on_one, key=lambda model: on_one[model])
    return Floor(dearest, as_is, on_one[dearest])
