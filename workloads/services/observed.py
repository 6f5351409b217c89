"""Drafts that the system writes from what was observed. A person's draft is never touched.

The system counts as the author of its drafts; whoever edits one becomes a contributor, and
from then on it is a person's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import prefetch_related_objects

from portal.kernel.errors import Invalid
from portal.kernel.models import AuditEntry
from workloads.enums import InputSource, Status
from workloads.models import Estimate, Workload
from workloads.rules.estimates import SOURCED_INPUTS
from workloads.selectors.estimates import default_inputs, inputs_to_go_on_from
from workloads.services.drafts import add_drafts, change_drafts, edit_entry, size_draft
from workloads.services.locks import lock_workloads


@dataclass(frozen=True)
class ObservedDrafts:
    """What became of each workload, by number, and the trail's entries it calls for.

    `versions` are the system's own drafts, new or renewed; `offered` the versions of
    people's drafts, which stay as they are; `refused` why the numbers make no estimate.
    """

    versions: Mapping[int, int] = field(default_factory=dict)
    offered: Mapping[int, int] = field(default_factory=dict)
    refused: Mapping[int, str] = field(default_factory=dict)
    entries: Sequence[AuditEntry] = ()


@transaction.atomic
def draft_observed(
    *, observed: Mapping[int, Mapping[str, Any]], note: str, now: datetime
) -> ObservedDrafts:
    """Open or renew the system's draft of each workload with these inputs.

    What was not observed is as the newest submitted version states it. The same inputs
    again change nothing. The caller writes the entries, last in its transaction.
    """
    workloads = [
        row for row in lock_workloads(observed).values() if row.status != Status.RETIRED
    ]
    prefetch_related_objects(workloads, "submitted_estimate", "draft_estimate")
    people = _drafts_of_people(workloads)
    versions: dict[int, int] = {}
    offered: dict[int, int] = {}
    refused: dict[int, str] = {}
    added, renewed = [], []
    defaults = default_inputs()
    for row in workloads:
        wanted = {
            **with_observed(inputs_to_go_on_from(row, defaults), observed[row.number]),
            "note": note,
        }
        draft = row.draft_estimate
        if draft is not None and draft.pk in people:
            offered[row.number] = draft.version
        elif reason := _unfit(row, wanted):
            refused[row.number] = reason
        elif draft is not None:
            draft.workload = row
            renewed.append((draft, wanted))
        else:
            added.append((row, wanted))
    entries = change_drafts(renewed, None, now)
    versions |= {draft.workload.number: draft.version for draft, _ in renewed}
    for draft in add_drafts(added, None, now) if added else ():
        number = draft.workload.number
        versions[number] = draft.version
        after = observed[number]
        entries.append(edit_entry(draft, None, before={}, after=after, now=now))
    return ObservedDrafts(versions, offered, refused, entries)


def with_observed(
    inputs: Mapping[str, Any], observed: Mapping[str, Any]
) -> dict[str, Any]:
    """Inputs with what was observed in place: each says so, and its old range is gone."""
    sources = dict.fromkeys(observed, str(InputSource.OBSERVED))
    ranges = {
        name: ends for name, ends in inputs["ranges"].items() if name not in observed
    }
    known = {name: sources[name] for name in SOURCED_INPUTS if name in sources}
    return {
        **inputs,
        **observed,
        "sources": {**inputs["sources"], **known},
        "ranges": ranges,
    }


def _drafts_of_people(workloads: Sequence[Workload]) -> set[int]:
    """Keys of the open drafts that somebody wrote or edited."""
    drafts = [row.draft_estimate for row in workloads if row.draft_estimate is not None]
    edited = Estimate.contributors.through.objects.filter(estimate__in=drafts)
    return {
        *(draft.pk for draft in drafts if draft.created_by_id is not None),
        *edited.values_list("estimate_id", flat=True),
    }


def _unfit(workload: Workload, inputs: Mapping[str, Any]) -> str:
    """Why no estimate can hold these inputs; nothing where one can."""
    trial = Estimate(workload=workload, version=1, **inputs)
    try:
        trial.clean_fields(
            exclude={
                one.name for one in Estimate._meta.fields if one.name not in inputs
            }
        )
        size_draft(trial)
    except ValidationError as error:
        return " ".join(
            f"{name}: {' '.join(words)}" for name, words in error.message_dict.items()
        )
    except Invalid as problem:
        return " ".join(one.detail for one in problem.errors)
    return ""
