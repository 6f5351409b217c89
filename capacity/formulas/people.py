"""Users who are not a mean, and users who are in several workloads. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from capacity.formulas.rounding import quotient, to_cents


@dataclass(frozen=True, slots=True)
class Spread:
    """Tokens per user of one workload and month, and how much the heaviest use (0–1)."""

    users: int
    mean: Fraction
    p50: int
    p90: int
    p99: int
    share_of_top_1_percent: Fraction
    share_of_top_10_percent: Fraction


def spread(tokens_by_user: Sequence[int]) -> Spread | None:
    """Percentiles by nearest rank; None without users.

    The top 1 % of fewer than a hundred users is the one heaviest user.
    """
    if not tokens_by_user:
        return None
    ranked = sorted(tokens_by_user)
    total = sum(ranked)
    return Spread(
        users=len(ranked),
        mean=Fraction(total, len(ranked)),
        p50=percentile(ranked, 50),
        p90=percentile(ranked, 90),
        p99=percentile(ranked, 99),
        share_of_top_1_percent=_share_of_top(ranked, total, 1),
        share_of_top_10_percent=_share_of_top(ranked, total, 10),
    )


def percentile(ranked: Sequence[int], percent: int) -> int:
    """The smallest of `ranked` (ascending) that `percent` % of them do not pass."""
    rank = -(-len(ranked) * percent // 100)
    return ranked[max(0, rank - 1)]


def _share_of_top(ranked: Sequence[int], total: int, percent: int) -> Fraction:
    if not total:
        return Fraction(0)
    heaviest = max(1, len(ranked) * percent // 100)
    return Fraction(sum(ranked[-heaviest:]), total)


def exposure(spent: Decimal, found: Spread) -> Decimal:
    """What the month had cost, were every user the one at P99. Money, in cents.

    spent × P99 ÷ mean: models, prices and the share of cached input as they were. Source:
    the capacity model, the spread behind the mean.
    """
    if not found.mean:
        return to_cents(spent)
    times = Fraction(found.p99) / found.mean
    exact = Fraction(spent) * times
    return to_cents(quotient(exact.numerator, exact.denominator))


def equalled(amount: Decimal, budgets: Mapping[str, Decimal]) -> tuple[str, ...]:
    """The budgets that an amount would pay for together, the dearest first.

    Each that still fits into what is left is taken; of two alike, the one named first.
    """
    taken = []
    for name in sorted(budgets, key=lambda one: -budgets[one]):
        if 0 < budgets[name] <= amount:
            taken.append(name)
            amount -= budgets[name]
    return tuple(taken)


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many people use a plan at all, from its user counts alone: bounds, no forecast."""

    at_least: int
    at_most: int


def unique_users(users_by_workload: Sequence[int]) -> Bounds:
    """largest workload ≤ unique users ≤ sum of all: one person may be in several."""
    return Bounds(max(users_by_workload, default=0), sum(users_by_workload))


def shared_forecast(
    shared: int,
    users: Mapping[str, int],
    forecast: Mapping[str, int],
    pair: tuple[str, str],
) -> Fraction:
    """Measured share of common users of a pair × its smaller forecast user count.

    `shared` and `users` were measured in the last closed quarter; the share is of the
    smaller workload of the two.
    """
    smaller = min(users[pair[0]], users[pair[1]])
    if not smaller:
        return Fraction(0)
    return Fraction(shared, smaller) * min(forecast[pair[0]], forecast[pair[1]])
