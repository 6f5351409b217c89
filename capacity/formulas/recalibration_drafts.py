"""What a draft states after a recalibration: the observed inputs, as estimates keep them.

Pure. Read from the figures that a result keeps, so that the same result always gives the
same draft.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from capacity.formulas.recalibration import rounded

FACTORS = ("turns_per_session", "input_tokens_per_turn", "output_tokens_per_turn")
DECLARED = "declared_tokens_per_user_month"
# Decimals that an estimate keeps of each input.
PLACES: Mapping[str, int] = {
    "users": 0,
    "sessions_per_user_month": 2,
    "turns_per_session": 2,
    "input_tokens_per_turn": 2,
    "output_tokens_per_turn": 2,
    "output_multiplier": 4,
    "tool_call_factor": 4,
    "retry_factor": 4,
    "cached_input_share": 4,
    "ops_hours_week": 2,
    DECLARED: 0,
}
WHOLE = ("users", DECLARED)

Kept = Mapping[str, Mapping[str, Any]]


def observed_inputs(kept: Kept, profile: Sequence[int] | None = None) -> dict[str, Any]:
    """The inputs that were observed, by name, rounded half up to what an estimate keeps.

    Where turns were reported, the factors take the place of a declared figure; where they
    were not, the declared figure itself is the observed one.
    """
    seen = {
        name: rounded(Fraction(kept[name]["actual"]), places)
        for name, places in PLACES.items()
        if name in kept and kept[name]["actual"] is not None
    }
    found: dict[str, Any] = {
        name: int(value) if name in WHOLE else value for name, value in seen.items()
    }
    if all(name in found for name in FACTORS):
        if DECLARED in kept:
            found[DECLARED] = None
    elif DECLARED in kept:
        for name in PLACES:
            if name not in (
                "users",
                "sessions_per_user_month",
                "ops_hours_week",
                DECLARED,
            ):
                found.pop(name, None)
    else:
        # Tokens per turn of unknown turns: the stated factors stay, all of them.
        found = {
            name: value
            for name, value in found.items()
            if name in ("users", "sessions_per_user_month", "ops_hours_week")
        }
    if profile is not None:
        found["profile"] = list(profile)
    return found


def percent(error: str | None) -> str:
    """+60 % of a kept error of 0.6; a whole per cent, with its sign."""
    if error is None:
        return ""
    whole = rounded(Fraction(Decimal(error)) * 100, 0)
    sign = "−" if whole < 0 else "+"
    return f"{sign}{abs(whole):f} %"


def told(names: Sequence[str], kept: Kept) -> str:
    """ "users +60 %, turns per session −25 %": what is off, in one line."""
    return ", ".join(
        f"{name.replace('_', ' ')} {percent(kept[name]['error'])}" for name in names
    )
