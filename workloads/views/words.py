"""What the requirements are called where a sentence of their own is too long."""

from collections.abc import Iterable

_LACKING = {
    "estimate_complete": "a complete estimate",
    "signoff_engineering": "the engineering signature",
    "signoff_finance": "the finance signature",
    "signoff_ops": "the ops signature",
    "owner_named": "an owner with an account",
    "ship_quarter_set": "a ship quarter",
    "success_criteria": "success criteria",
    "signoff_fresh": "three signatures on the newest version",
    "production_ready": "proof that it is production-ready",
    "reason_given": "a reason",
}


def lacking_words(codes: Iterable[str]) -> str:
    """A complete estimate, an owner with an account, …; unknown codes as they are."""
    return ", ".join(_LACKING.get(code, code.replace("_", " ")) for code in codes)
