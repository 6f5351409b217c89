"""A week's token cost against the four before it, and what the change is made of. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

from capacity.formulas.rounding import quotient, to_cents

WEEKS_BEFORE = 4
ALERT_FACTOR = Fraction(3, 2)
ONE = Fraction(1)

# A model and a kind of its tokens: they are priced apart, so a shift between them is mix.
Priced = tuple[str, str]


@dataclass(frozen=True)
class UsageWeek:
    """One workload's week: distinct users, sessions, turns, retries; tokens and money by
    model and kind of token."""

    users: int
    sessions: int
    turns: int
    retries: int
    tokens: Mapping[Priced, int] = field(default_factory=dict)
    money: Mapping[Priced, Decimal] = field(default_factory=dict)

    @property
    def cost(self) -> Decimal:
        """Exact money."""
        return sum(self.money.values(), Decimal(0))

    @property
    def all_tokens(self) -> int:
        return sum(self.tokens.values())


@dataclass(frozen=True)
class WeeklyAlert:
    """`cost` and `before` (the mean of four weeks) in cents; the parts sum to their
    difference."""

    cost: Decimal
    before: Decimal
    parts: Mapping[str, Decimal]


PARTS = (
    "users",
    "sessions_per_user",
    "tokens_per_session",
    "retries",
    "model_mix",
    "price",
)


def weekly_alert(week: UsageWeek, before: Sequence[UsageWeek]) -> WeeklyAlert | None:
    """An alert where the week costs over 1.5 × the mean of the four before; None else.

    cost = users × sessions/user × tokens/session without retries × retry factor × mean
    price of the mix × price change. Each factor is replaced in this order, and its part
    is what the cost grows by; what rounding to cents leaves stands in the last part.
    Without four weeks, or with four that cost nothing, there is nothing to compare with.
    """
    if len(before) != WEEKS_BEFORE:
        return None
    mean = Fraction(sum((one.cost for one in before), Decimal(0))) / WEEKS_BEFORE
    cost = Fraction(week.cost)
    if mean <= 0 or cost <= ALERT_FACTOR * mean:
        return None
    prices = _mean_prices(before)
    old, new = _factors_before(before, prices), _factors_of(week, prices)
    parts: dict[str, Decimal] = {}
    reached = mean
    done = ONE
    for name, was, now in zip(PARTS, old, new, strict=True):
        done *= now / was if was else ONE
        parts[name] = _cents(mean * done - reached)
        reached = mean * done
    difference = _cents(cost) - _cents(mean)
    parts[PARTS[-1]] += difference - sum(parts.values(), Decimal(0))
    return WeeklyAlert(_cents(cost), _cents(mean), parts)


def _mean_prices(weeks: Sequence[UsageWeek]) -> dict[Priced, Fraction]:
    tokens: dict[Priced, int] = {}
    money: dict[Priced, Fraction] = {}
    for week in weeks:
        for key, count in week.tokens.items():
            tokens[key] = tokens.get(key, 0) + count
            money[key] = money.get(key, Fraction(0)) + Fraction(
                week.money.get(key, Decimal(0))
            )
    return {key: money[key] / count for key, count in tokens.items() if count}


def _factors_of(week: UsageWeek, prices: Mapping[Priced, Fraction]) -> list[Fraction]:
    """The six factors; a model that is new is priced as it is now, so it is mix."""
    at_old = sum(
        (
            prices[key] * count if key in prices else Fraction(week.money[key])
            for key, count in week.tokens.items()
        ),
        Fraction(0),
    )
    price = Fraction(week.cost) / at_old if at_old else ONE
    usage = (week.users, week.sessions, week.turns, week.retries, week.all_tokens)
    return [
        *_usage_factors(*map(Fraction, usage)),
        _per(at_old, week.all_tokens),
        price,
    ]


def _factors_before(
    weeks: Sequence[UsageWeek], prices: Mapping[Priced, Fraction]
) -> list[Fraction]:
    """Of the mean week: its price change is none by definition."""
    sums = [
        Fraction(sum(getattr(week, name) for week in weeks), WEEKS_BEFORE)
        for name in ("users", "sessions", "turns", "retries", "all_tokens")
    ]
    money = sum(
        (
            prices[key] * count
            for week in weeks
            for key, count in week.tokens.items()
            if count
        ),
        Fraction(0),
    )
    return [*_usage_factors(*sums), _per(money / WEEKS_BEFORE, sums[-1]), ONE]


def _usage_factors(
    users: Fraction,
    sessions: Fraction,
    turns: Fraction,
    retries: Fraction,
    tokens: Fraction,
) -> list[Fraction]:
    """Users, sessions a user, tokens a session without retries, retry factor. A part that
    was not counted is 1, and the next one carries it."""
    counted_users = users or ONE
    counted_sessions = sessions or counted_users
    retried = (turns + retries) / turns if turns else ONE
    return [
        counted_users,
        counted_sessions / counted_users,
        tokens / counted_sessions / retried,
        retried,
    ]


def _per(money: Fraction, tokens: Fraction | int) -> Fraction:
    return money / tokens if tokens else ONE


def _cents(value: Fraction) -> Decimal:
    return to_cents(quotient(value.numerator, value.denominator))
