"""What a scenario changes in a plan and in a rate card, and what it cannot. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import NamedTuple

from capacity.formulas.forecast import Sized
from capacity.formulas.periods import Quarter
from capacity.formulas.prices import Price, RateCard
from capacity.formulas.rounding import product, round_half_up

EVERYONE = "*"
LIVE = "live"
NOTHING = Decimal(0)


@dataclass(frozen=True)
class Changes:
    """What a scenario changes. Factors are multipliers: 1.25 is +25 %.

    `users_factor` by reference, `*` for every workload that is not named;
    `price_factor` by model; `vacancy_hours_week` hours a week nobody works, from the
    quarter `vacancy_from` on (None: in all); `slip_quarters` whole quarters later.
    """

    users_factor: Mapping[str, Decimal] = field(default_factory=dict)
    price_factor: Mapping[str, Decimal] = field(default_factory=dict)
    vacancy_hours_week: Decimal = NOTHING
    vacancy_from: Quarter | None = None
    slip_quarters: Mapping[str, int] = field(default_factory=dict)
    drop: frozenset[str] = frozenset()
    add: tuple[Sized, ...] = ()

    def vacancy_in(self, quarter: Quarter) -> Decimal:
        begun = self.vacancy_from is None or self.vacancy_from <= quarter
        return self.vacancy_hours_week if begun else NOTHING


class Refusal(NamedTuple):
    """A change that cannot be made: where it stands, a code, and why not."""

    path: tuple[str, ...]
    code: str
    detail: str


def refusals(
    changes: Changes, workloads: Sequence[Sized], card: RateCard
) -> list[Refusal]:
    """Names that the plan or the rate card lacks, and workloads that can no longer slip."""
    known = {one.ref: one for one in workloads}
    found = [
        Refusal(
            (name, ref),
            "unknown_workload",
            f"{ref} is not among the workloads that the forecast counts.",
        )
        for name, refs in (
            ("users_factor", set(changes.users_factor) - {EVERYONE}),
            ("slip_quarters", set(changes.slip_quarters)),
            ("drop", changes.drop),
        )
        for ref in sorted(refs - set(known))
    ]
    found += [
        Refusal(
            ("slip_quarters", ref),
            "already_live",
            f"{ref} is live already: it cannot ship later.",
        )
        for ref, later in changes.slip_quarters.items()
        if later and ref in known and known[ref].status == LIVE
    ]
    found += [
        Refusal(
            ("price_factor", model),
            "unknown_model",
            f"The rate card has no price of {model}.",
        )
        for model in changes.price_factor
        if not card.knows(model)
    ]
    return found + [
        Refusal(
            ("add", str(place), "model_tier"),
            "unknown_model",
            f"The rate card has no price of {one.model}.",
        )
        for place, one in enumerate(changes.add)
        if not card.knows(one.model)
    ]


def changed_plan(
    workloads: Iterable[Sized], changes: Changes, fiscal_year_starts: int = 1
) -> list[Sized]:
    """The plan with users multiplied, ships slipped, workloads dropped and added."""
    kept = [
        _slipped(one, changes.slip_quarters.get(one.ref, 0), fiscal_year_starts)
        for one in workloads
        if one.ref not in changes.drop
    ]
    everyone = changes.users_factor.get(EVERYONE, Decimal(1))
    return [
        _with_users(one, changes.users_factor.get(one.ref, everyone))
        for one in (*kept, *changes.add)
    ]


def _slipped(one: Sized, quarters: int, fiscal_year_starts: int) -> Sized:
    if not quarters:
        return one
    quarter = one.first_quarter.plus(quarters)
    ships = quarter.months(fiscal_year_starts)[0]
    grows = ships if one.grows_from.index < ships.index else one.grows_from
    return replace(one, first_quarter=quarter, ships=ships, grows_from=grows)


def _with_users(one: Sized, factor: Decimal) -> Sized:
    """Whole users, halves up; where users have a range, its ends move with them."""
    if factor == 1:
        return one
    changed = replace(one, users=round_half_up(product(one.users, factor)))
    if "users" not in one.ranges:
        return changed
    low, high = one.ranges["users"]
    ends = product(low, factor), product(high, factor)
    return replace(changed, ranges={**one.ranges, "users": ends})


def changed_card(card: RateCard, price_factor: Mapping[str, Decimal]) -> RateCard:
    """The card with every price of a model multiplied; an alias follows its model."""
    factors = {id(card.prices[m.casefold()]): f for m, f in price_factor.items()}
    if all(factor == 1 for factor in factors.values()):
        return card
    changed = {
        name: [_priced(price, factors[id(dated)]) for price in dated]
        if id(dated) in factors
        else dated
        for name, dated in card.prices.items()
    }
    return RateCard(changed, card.version)


def _priced(price: Price, factor: Decimal) -> Price:
    def times(amount: Decimal | None) -> Decimal | None:
        return None if amount is None else product(amount, factor)

    return Price(
        price.valid_from,
        product(price.input_per_million, factor),
        product(price.cached_input_per_million, factor),
        product(price.output_per_million, factor),
        times(price.batch_input_per_million),
        times(price.batch_output_per_million),
    )
