"""One workload of which more than the number of users is uncertain. Pure."""

from collections.abc import Iterable, Mapping

import numpy as np

from capacity.formulas.draws import Floats
from capacity.formulas.forecast import Sized
from capacity.formulas.plan_months import SESSIONS_AT_ONCE, WorkloadMonths

GROWTH = "growth_per_month"
DECLARED = "declared_tokens_per_user_month"
_CALLS = (
    "sessions_per_user_month",
    "turns_per_session",
    "tool_call_factor",
    "retry_factor",
)
_MADE = ("output_tokens_per_turn", "output_multiplier")
_FACTORS = {*_CALLS, *_MADE, "input_tokens_per_turn"}


class SampledWorkload:
    """`rows` says which row of what is drawn holds which of its inputs."""

    def __init__(
        self, sized: Sized, rows: Mapping[str, int], months: WorkloadMonths
    ) -> None:
        self._sized, self._rows, self._months = sized, rows, months
        self._grown: tuple[Floats, Floats] | None = None

    def tokens_cost(self, drawn: Floats) -> Floats:
        """Money by month and sample."""
        given, made = self._tokens_per_user(drawn)
        users, months = self._users(drawn), self._months
        steady = np.outer(months.input_price, users * given)
        steady += np.outer(months.output_price, users * made)
        return self._factors(drawn) * steady

    def at_once(self, drawn: Floats) -> Floats:
        """Sessions that ran at once if all of a week's began in one hour."""
        sessions = self._value(
            "sessions_per_user_month", float(self._sized.sessions_per_user_month), drawn
        )
        minutes = self._value(
            "session_minutes", float(self._sized.session_minutes), drawn
        )
        steady = self._users(drawn) * sessions * minutes * SESSIONS_AT_ONCE
        return self._factors(drawn) * steady

    def _factors(self, drawn: Floats) -> Floats:
        """ramp × (1 + growth)^g, by month, and by sample where growth has a range."""
        if GROWTH not in self._rows:
            return self._months.factor[:, None]
        # Tokens and sessions grow alike: the second to ask reads what the first made.
        if self._grown is None or self._grown[0] is not drawn:
            self._grown = drawn, self._grow(1 + drawn[self._rows[GROWTH]])
        return self._grown[1]

    def _grow(self, growth: Floats) -> Floats:
        """A month is mostly the one before it × growth: powers take ten times as long."""
        growing = self._months.growing
        powers = np.empty((len(growing), len(growth)))
        for at, months in enumerate(growing):
            if at and months == growing[at - 1]:
                powers[at] = powers[at - 1]
            elif at and months == growing[at - 1] + 1:
                np.multiply(powers[at - 1], growth, out=powers[at])
            else:
                np.power(growth, months, out=powers[at])
        powers *= self._months.ramp[:, None]
        return powers

    def _users(self, drawn: Floats) -> Floats:
        return drawn[self._rows["users"]]

    def _tokens_per_user(self, drawn: Floats) -> tuple[Floats | float, Floats | float]:
        """Input and output tokens, in whole tokens, as the formula rounds them."""
        per_user, inputs = self._sized.per_user, self._sized.inputs
        if DECLARED in inputs:
            if DECLARED in self._rows:
                whole = drawn[self._rows[DECLARED]]
                given = np.floor(whole * float(inputs["declared_input_share"]) + 0.5)
                return given, whole - given
        elif _FACTORS & self._rows.keys():
            calls = self._product(_CALLS, drawn)
            made = calls * self._product(_MADE, drawn)
            given = calls * self._product(["input_tokens_per_turn"], drawn)
            return np.floor(given + 0.5), np.floor(made + 0.5)
        return float(per_user.input_tokens), float(per_user.output_tokens)

    def _product(self, names: Iterable[str], drawn: Floats) -> Floats | float:
        whole: Floats | float = 1.0
        for name in names:
            whole = whole * self._value(
                name, float(self._sized.inputs.get(name, 1)), drawn
            )
        return whole

    def _value(self, name: str, fixed: float, drawn: Floats) -> Floats | float:
        return drawn[self._rows[name]] if name in self._rows else fixed
