"""How a reference and a model tier are written, wherever they stand."""


def ref_of(number: int) -> str:
    """The stable reference shown to people: 7 → W-07."""
    return f"W-{number:02d}"


def model_tier_of(primary: str, degrade: str) -> str:
    """Primary and, where there is one, degrade model: `Sonnet→Haiku`."""
    return f"{primary}→{degrade}" if degrade else primary
