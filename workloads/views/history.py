"""The audit trail of one workload in sentences that a person would say."""

from dataclasses import dataclass
from typing import Any

from portal.kernel.formats import BLANK
from portal.kernel.models import AuditEntry
from portal.kernel.pages.trail import Change, Line, line_of
from workloads.lifecycle import FORWARD
from workloads.requirements import READINESS_WORDS
from workloads.views.trail_words import field_words, in_order, value_words
from workloads.views.words import lacking_words

SHOWN_CHANGES = 4
# Told by the sentence already, or of no use to a reader.
TOLD = {
    "workload.transitioned": set(),
    "signoff.given": {"role", "verdict", "version"},
    "signoff.refused": {"role", "verdict", "version"},
    "signoff.withdrawn": {"role", "version"},
    "signoff.lapsed": {"role", "version"},
    "estimate.submitted": {"version", "sha256"},
    "estimate.edited": {"version"},
    "criterion.written": {"metric"},
    "criterion.removed": {"metric", "baseline", "target", "due_on"},
    "readiness.recorded": {"item"},
    "requirement.asked": {"code", "asked"},
    "gate.drafted": {
        "version",
        "mode",
        "on_unreachable",
        "notice",
        "no_notice_reason",
        "ends_on",
        "spend_limit",
    },
    "gate.edited": {"version"},
    "gate.shadowed": {"version", "state"},
    "gate.agreed": {"version", "as"},
    "gate.activated": {"version", "mode", "owner", "finance"},
    "opt_in.withdrawn": {"tier"},
}


@dataclass(frozen=True)
class Told:
    """One entry: its sentence, and the changes that the sentence does not tell.

    `rest` stands behind a press.
    """

    line: Line
    words: str
    changes: tuple[Change, ...]
    rest: tuple[Change, ...]


def told_of(entry: AuditEntry) -> Told:
    line = line_of(entry)
    left = tuple(_untold(entry))
    # One more takes no more room than the press that would open it.
    shown = SHOWN_CHANGES if len(left) > SHOWN_CHANGES + 1 else len(left)
    return Told(line, _sentence(entry, line), left[:shown], left[shown:])


def _untold(entry: AuditEntry) -> list[Change]:
    told = TOLD.get(entry.action, set())
    before, after = entry.before or {}, entry.after or {}
    changes = [
        Change(
            field_words(name),
            value_words(name, before[name]) if name in before else "",
            value_words(name, after[name]) if name in after else "",
        )
        for name in in_order(dict.fromkeys([*before, *after]))
        if name not in told
    ]
    return [one for one in changes if one.before or one.after != BLANK]


def _sentence(entry: AuditEntry, line: Line) -> str:
    said: dict[str, Any] = {**(entry.before or {}), **(entry.after or {})}
    role, version = str(said.get("role", "")), said.get("version", "")
    role = role.capitalize()
    sentences = {
        "workload.proposed": "Proposed",
        "workload.edited": "Row edited",
        "workload.transitioned": _moved(entry),
        "estimate.edited": f"Draft v{version} edited",
        "estimate.submitted": f"Estimate v{version} submitted",
        "signoff.given": f"{role} signed v{version}",
        "signoff.refused": f"{role} refused v{version}",
        "signoff.withdrawn": f"{role} withdrew the signature on v{version}",
        "signoff.lapsed": f"The {role.lower()} signature on v{version} lapsed",
        "criterion.written": f"Criterion written: {said.get('metric', '')}",
        "criterion.removed": f"Criterion removed: {said.get('metric', '')}",
        "readiness.recorded": f"Proof recorded: {_proof(said.get('item', ''))}",
        "gate.drafted": f"Gate v{version} drafted",
        "gate.edited": f"Gate v{version} edited",
        "gate.shadowed": f"Gate v{version} put in shadow",
        "gate.agreed": f"Agreed to gate v{version} as {said.get('as', '')}",
        "gate.activated": f"Gate v{version} activated",
        "opt_in.withdrawn": f"Opt-in of {said.get('tier', '')} withdrawn",
        "requirement.asked": f"Asked for: {lacking_words([str(said.get('code', ''))])}",
    }
    return sentences.get(entry.action, line.words.capitalize())


def _moved(entry: AuditEntry) -> str:
    """Forward, back or out: the change itself stands below."""
    before = str((entry.before or {}).get("status", ""))
    after = str((entry.after or {}).get("status", ""))
    if before in FORWARD and after in FORWARD:
        onward = FORWARD.index(after) > FORWARD.index(before)
        return "Moved on" if onward else "Moved back"
    return "Moved out of the plan"


def _proof(item: object) -> str:
    words = {str(check): words for check, words in READINESS_WORDS.items()}
    return words.get(str(item), str(item).replace("_", " "))
