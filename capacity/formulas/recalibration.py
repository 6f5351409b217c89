"""Forecast against actual, by input and by budget. Pure; exact until it is written down.

What was observed is carried as fractions, so that its product is the actual and nothing
else; a figure is rounded once, when it is kept.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import Protocol

from capacity.formulas.rounding import quotient

Figure = Fraction | Decimal | int
SIX_PLACES = Decimal("0.000001")
ONE = Fraction(1)

# What the multiplier hides stands in the observed output already: the two are judged
# together, as the tokens that a turn puts out.
JUDGED_TOGETHER = ("output_tokens_per_turn", "output_multiplier")


class Usage(Protocol):
    """A workload's month. `users` are distinct people of the month."""

    @property
    def users(self) -> int: ...
    @property
    def sessions(self) -> int: ...
    @property
    def turns(self) -> int: ...
    @property
    def retries(self) -> int: ...
    @property
    def tool_calls(self) -> int: ...
    @property
    def input_tokens(self) -> int: ...
    @property
    def cached_input_tokens(self) -> int: ...
    @property
    def output_tokens(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Observed:
    """An estimate's inputs as usage shows them; None where there is nothing to divide by.

    users × sessions per user × turns per session × (input + output per turn) × tool-call
    factor × retry factor is the mean month's tokens, exactly.
    """

    users: Fraction
    sessions_per_user_month: Fraction | None
    turns_per_session: Fraction | None
    input_tokens_per_turn: Fraction | None
    output_tokens_per_turn: Fraction | None
    tool_call_factor: Fraction | None
    retry_factor: Fraction | None
    cached_input_share: Fraction | None
    tokens_per_user_month: Fraction | None
    input_share: Fraction | None
    output_multiplier: Fraction = ONE


def observed(months: Sequence[Usage]) -> Observed:
    """What these months show. ValueError without months.

    users = mean of the months' distinct users; retry factor = (turns + retries) ÷ turns;
    tool-call factor = (turns + tool calls) ÷ turns; input and output per turn = tokens ÷
    (turns × both factors). Source: the capacity model, recalibration.
    """
    if not months:
        raise ValueError("Without a month nothing is observed.")
    user_months = sum(one.users for one in months)
    sessions = sum(one.sessions for one in months)
    turns = sum(one.turns for one in months)
    given = sum(one.input_tokens for one in months)
    made = sum(one.output_tokens for one in months)
    retry = _ratio(turns + sum(one.retries for one in months), turns)
    tool = _ratio(turns + sum(one.tool_calls for one in months), turns)
    calls = None if retry is None or tool is None else turns * retry * tool
    return Observed(
        users=Fraction(user_months, len(months)),
        sessions_per_user_month=_ratio(sessions, user_months),
        turns_per_session=_ratio(turns, sessions),
        input_tokens_per_turn=None if calls is None else given / calls,
        output_tokens_per_turn=None if calls is None else made / calls,
        tool_call_factor=tool,
        retry_factor=retry,
        cached_input_share=_ratio(
            sum(one.cached_input_tokens for one in months), given
        ),
        tokens_per_user_month=_ratio(given + made, user_months),
        input_share=_ratio(given, given + made),
    )


@dataclass(frozen=True, slots=True)
class Compared:
    """A forecast beside its actual; either is None where it is not known."""

    forecast: Figure | None
    actual: Figure | None

    @property
    def error(self) -> Fraction | None:
        """(actual − forecast) ÷ forecast; None where the forecast is 0 or one is missing."""
        if self.forecast is None or self.actual is None or not self.forecast:
            return None
        forecast = Fraction(self.forecast)
        return (Fraction(self.actual) - forecast) / forecast

    def is_off(self, threshold: Figure) -> bool:
        """Whether the error is above the threshold (0.20 is 20 %), either way."""
        error = self.error
        return error is not None and abs(error) > Fraction(threshold)

    def plus(self, other: "Compared") -> "Compared":
        """Both sums; what is missing on either side leaves the sum missing."""
        return Compared(
            _sum(self.forecast, other.forecast), _sum(self.actual, other.actual)
        )

    def as_json(self) -> dict[str, str | None]:
        """Decimals as text with six places at most, so that the same is kept twice."""
        return {
            "forecast": written(self.forecast),
            "actual": written(self.actual),
            "error": written(self.error),
        }


@dataclass(frozen=True)
class Comparison:
    """A workload's inputs and budgets, and the inputs that are off."""

    inputs: Mapping[str, Compared] = field(default_factory=dict)
    budgets: Mapping[str, Compared] = field(default_factory=dict)
    off: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()

    @cached_property
    def kept_inputs(self) -> dict[str, dict[str, str | None]]:
        """As a result keeps them."""
        return {name: one.as_json() for name, one in self.inputs.items()}

    @cached_property
    def kept_budgets(self) -> dict[str, dict[str, str | None]]:
        return {name: one.as_json() for name, one in self.budgets.items()}


def compare_inputs(
    stated: Mapping[str, Figure | None], seen: Observed | None, *, adopted: Figure
) -> dict[str, Compared]:
    """Each stated input beside what was observed.

    `adopted` is the mean over the months of ramp × growth: the forecast of a month's users
    is the stated users times it. An estimate that declares its tokens is compared in those,
    and its factors have no forecast.
    """
    compared = {}
    for name, value in stated.items():
        forecast: Figure | None = value
        if name == "users" and value is not None:
            forecast = Fraction(value) * Fraction(adopted)
        compared[name] = Compared(forecast, _seen(seen, name))
    return compared


def off_inputs(compared: Mapping[str, Compared], threshold: Figure) -> tuple[str, ...]:
    """The inputs whose error is above the threshold, in their order."""
    judged = dict(compared)
    output, multiplier = (judged.get(name) for name in JUDGED_TOGETHER)
    if output is not None and multiplier is not None:
        judged[JUDGED_TOGETHER[0]] = Compared(
            _times(output.forecast, multiplier.forecast),
            _times(output.actual, multiplier.actual),
        )
        del judged[JUDGED_TOGETHER[1]]
    return tuple(name for name, one in judged.items() if one.is_off(threshold))


def rounded(value: Figure, places: int) -> Decimal:
    """Half up to so many decimals."""
    scale = 10**places
    scaled = Fraction(value) * scale
    sign = -1 if scaled < 0 else 1
    whole = (2 * abs(scaled.numerator) + scaled.denominator) // (2 * scaled.denominator)
    return Decimal(sign * whole).scaleb(-places)


def written(value: Figure | None) -> str | None:
    """A figure as it is kept: rounded half up to six places, without trailing zeros."""
    if value is None:
        return None
    text = f"{rounded(value, 6):f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def as_decimal(value: Figure) -> Decimal:
    """To sixty digits, as the other formulas carry what a division made."""
    fraction = Fraction(value)
    return quotient(fraction.numerator, fraction.denominator)


def _seen(seen: Observed | None, name: str) -> Fraction | None:
    if seen is None:
        return None
    if name == "declared_tokens_per_user_month":
        return seen.tokens_per_user_month
    found: Fraction | None = getattr(seen, name)
    return found


def _ratio(dividend: int, divisor: int) -> Fraction | None:
    return Fraction(dividend, divisor) if divisor else None


def _sum(one: Figure | None, other: Figure | None) -> Fraction | None:
    return None if one is None or other is None else Fraction(one) + Fraction(other)


def _times(one: Figure | None, other: Figure | None) -> Fraction | None:
    return None if one is None or other is None else Fraction(one) * Fraction(other)
