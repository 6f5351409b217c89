"""Values of the plan as a sheet writes them; `words` and `figures` read them again."""

from decimal import Decimal

from workloads.enums import CostGate


def written_quarter(quarter: str) -> str:
    """`2026Q2` as `Q2-2026`."""
    return f"{quarter[4:]}-{quarter[:4]}" if quarter else ""


def written_cost_gate(gate: str) -> str:
    """`soft_cap` as `soft-cap`."""
    return CostGate(gate).sheet if gate else ""


def written_number(number: Decimal) -> int | Decimal:
    """The exact figure without idle zeros: 6.00 as 6, 6.50 as 6.5."""
    whole = int(number)
    return whole if whole == number else number.normalize()
