"""What the requirements are called where a sentence of their own is too long, and who
wrote a draft that no person wrote."""

from collections.abc import Iterable

from workloads.models import Estimate

_LACKING = {
    "estimate_complete": "a complete estimate",
    "signoff_engineering": "the engineering signature",
    "signoff_finance": "the finance signature",
    "signoff_ops": "the ops signature",
    "owner_named": "an owner with an account",
    "ship_quarter_set": "a ship quarter",
    "gate_defined": "a cost gate",
    "gate_active": "an active cost gate",
    "gate_enforced": "a cost gate that is seen enforced",
    "alerts_closed": "closed alerts",
    "success_criteria": "success criteria",
    "signoff_fresh": "three signatures on the newest version",
    "production_ready": "proof that it is production-ready",
    "reason_given": "a reason",
}


def lacking_words(codes: Iterable[str]) -> str:
    """A complete estimate, an owner with an account, …; unknown codes as they are."""
    return ", ".join(_LACKING.get(code, code.replace("_", " ")) for code in codes)


def by_the_system(draft: Estimate) -> str:
    """The system wrote v2. Observed in 2026Q3; see … Nothing of a person's draft."""
    if draft.created_by_id is not None:
        return ""
    why = f" {draft.note.rstrip('.')}." if draft.note else ""
    return f"The system wrote v{draft.version}.{why} "
