"""Categories and compute lines as people write them; their values are code."""

from capacity.enums import OpsCategory

_HYPHENATED: dict[str, str] = {
    OpsCategory.ON_CALL: "on-call",
    OpsCategory.EVAL_SET_MAINTENANCE: "eval-set maintenance",
    OpsCategory.OBSERVABILITY_BUILD_OUT: "observability build-out",
}


def in_words(name: str) -> str:
    """A sheet takes these words too."""
    return _HYPHENATED.get(name, name.replace("_", " "))
