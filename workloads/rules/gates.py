"""What a cost gate asks for before any gate could hold it. Plain Python."""

from dataclasses import dataclass

from workloads.enums import CostGate


@dataclass(frozen=True, slots=True)
class Unheld:
    """Why no gate could hold a wish yet: a word for a cell, a sentence for a list."""

    short: str
    sentence: str


def unheld(
    cost_gate: str,
    *,
    primary_model: str = "",
    degrade_model: str = "",
    opted_in: bool = False,
) -> Unheld | None:
    """What the wish lacks, or None. An empty cell is no wish: it is an unbounded cost.

    A soft cap serves a cheaper model past its ceiling, so it needs one to degrade to;
    pay-as-you-go goes on at the account's cost, so it needs that account's opt-in.
    """
    if cost_gate == CostGate.SOFT_CAP and not degrade_model:
        named = f"only {primary_model} is named" if primary_model else "none is named"
        return Unheld(
            "no second model",
            f"A soft cap degrades to a second model past its ceiling, and {named}.",
        )
    if cost_gate == CostGate.PAY_AS_YOU_GO and not opted_in:
        return Unheld(
            "no opt-in",
            "Pay-as-you-go goes on past its ceiling at the account's cost, and no "
            "opt-in is on record.",
        )
    return None
