"""A plan's three budgets for many samples at once: arrays in, arrays out. Pure.

A workload's month is its steady month times a factor that no chance touches, unless its
growth has a range. So the budgets are products of two matrices: months × workloads, made
once, and workloads × samples.
"""

from collections.abc import Iterable, Sequence

import numpy as np

from capacity.formulas.changes import Changes
from capacity.formulas.compute import Weights
from capacity.formulas.draws import Draw, Floats
from capacity.formulas.forecast import OpsQuarter, counts_in, ops_of
from capacity.formulas.growth import require_in_reach
from capacity.formulas.plan_months import PlanMonths
from capacity.formulas.sampled_workload import GROWTH, SampledWorkload
from capacity.formulas.scenarios import Setting

# What floats add to a whole number of sessions is not another session.
NOISE = 1e-9
# Draws that leave a workload's tokens and sessions a multiple of its users.
_ONLY_USERS = {"users", "ops_hours_week"}


class SampledPlan:
    """A changed plan's budgets; each row of what is drawn holds one input's samples."""

    def __init__(
        self, setting: Setting, changes: Changes, draws: Sequence[Draw]
    ) -> None:
        rows: dict[str, dict[str, int]] = {}
        for row, draw in enumerate(draws):
            rows.setdefault(draw.ref, {})[draw.name] = row
        self._setting, self._changes, self._rows = setting, changes, rows
        self._draws = draws
        self.quarters = list(setting.by_quarter())
        self._months = len(setting.periods)
        self._set_prices_of_compute()
        self._set_workloads()

    def _set_prices_of_compute(self) -> None:
        lines = self._setting.rates.lines
        days = [period.month.first_day for period in self._setting.periods]
        self._per_session = _column(float(lines.per_session(day)) for day in days)
        self._fixed = _column(float(lines.fixed(day)) for day in days)
        self._headroom = (1 + float(self._setting.numbers.headroom)) * (1 - NOISE)

    def _set_workloads(self) -> None:
        """Most workloads vary by their users alone: those are columns of matrices."""
        plan = PlanMonths.of(self._setting)
        groups: dict[Weights, list[int]] = {}
        plain: list[int] = []
        self._others: list[tuple[int, SampledWorkload]] = []
        profiles = {one.weights: None for one in self._setting.workloads}
        places = {weights: place for place, weights in enumerate(profiles)}
        for at, one in enumerate(self._setting.workloads):
            rows = self._rows[one.ref]
            if _ONLY_USERS.issuperset(rows):
                plain.append(at)
                groups.setdefault(one.weights, []).append(at)
            else:
                months = plan.column(at)
                if GROWTH in rows:
                    most = int(months.growing.max(initial=0))
                    require_in_reach(self._draws[rows[GROWTH]].high, most, one.ref)
                special = SampledWorkload(one, rows, months)
                self._others.append((places[one.weights], special))
        self._users = self._users_of(plain)
        self._money_a_user = plan.money_a_user()[:, plain]
        at_once = plan.at_once_a_user()
        self._demand_a_user = [
            (places[weights], self._users_of(some), at_once[:, some])
            for weights, some in groups.items()
        ]
        self._shares = _telling_hours([weights.shares for weights in profiles])

    def _users_of(self, places: Sequence[int]) -> slice | list[int]:
        """The rows of their users; a slice where they follow each other: no copy."""
        workloads = self._setting.workloads
        rows = [self._rows[workloads[at].ref]["users"] for at in places]
        if rows and rows == list(range(rows[0], rows[0] + len(rows))):
            return slice(rows[0], rows[0] + len(rows))
        return rows

    @property
    def numbers_a_sample(self) -> int:
        """How many numbers a sample takes while it is computed."""
        drawn = sum(len(rows) for rows in self._rows.values())
        return (
            1 + drawn + self._months * (self._shares.shape[1] + 4) + len(self._shares)
        )

    def tokens_cost(self, drawn: Floats) -> Floats:
        """Money by month and sample."""
        cost: Floats = self._money_a_user @ drawn[self._users]
        for _, one in self._others:
            cost += one.tokens_cost(drawn)
        return cost

    def capacity_sessions(self, drawn: Floats) -> Floats:
        """Sessions to buy, by month and sample: the busiest hour of the sum, and headroom."""
        profiles = self._shares.shape[1]
        demands = np.zeros((self._months, profiles, drawn.shape[1]))
        for profile, users, a_user in self._demand_a_user:
            demands[:, profile] = a_user @ drawn[users]
        for profile, one in self._others:
            demands[:, profile] += one.at_once(drawn)
        peaks = np.empty((self._months, drawn.shape[1]))
        for month, demand in enumerate(demands):
            (self._shares @ demand).max(axis=0, out=peaks[month])
        peaks *= self._headroom
        return np.ceil(peaks, out=peaks)

    def compute_cost(self, sessions: Floats) -> Floats:
        return sessions * self._per_session + self._fixed

    def ops_hours(self, drawn: Floats) -> tuple[Floats, Floats]:
        """Hours a week by quarter and sample: required, and to buy for a vacancy."""
        required = np.empty((len(self.quarters), drawn.shape[1]))
        bought = np.zeros_like(required)
        numbers, staffed = self._setting.numbers, self._setting.rates.staffed
        workloads = self._setting.workloads
        for row, quarter in enumerate(self.quarters):
            ops = ops_of(workloads, quarter, numbers, staffed)
            required[row] = float(ops.load.hours_week)
            for one in workloads:
                uncertain = self._rows[one.ref].get("ops_hours_week")
                if uncertain is not None and counts_in(one, quarter, numbers):
                    required[row] += drawn[uncertain] - float(one.ops_hours_week)
            vacancy = float(self._changes.vacancy_in(quarter))
            bought[row] = _to_buy(required[row], ops, vacancy)
        return required, bought


def _to_buy(required: Floats, ops: OpsQuarter, vacancy: float) -> Floats:
    """As `scenarios.hours_to_buy`, for samples of the required hours."""
    if ops.ceiling_hours_week is None:
        return np.minimum(vacancy, required)
    ceiling = float(ops.ceiling_hours_week)
    left = max(0.0, ceiling - vacancy)
    return np.maximum(0.0, required - left) - np.maximum(0.0, required - ceiling)


def _column(figures: Iterable[float]) -> Floats:
    return np.array(list(figures))[:, None]


def _telling_hours(shares: Sequence[Floats]) -> Floats:
    """Shares by hour and profile, without hours that another one outweighs in each."""
    if not shares:
        return np.zeros((1, 0))
    hours = np.unique(np.stack(shares, axis=1), axis=0)
    outweighed = [
        ((hours >= hour).all(axis=1).sum() > 1)  # itself is one
        for hour in hours
    ]
    return hours[~np.array(outweighed)]
