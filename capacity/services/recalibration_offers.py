"""Taking over what a recalibration observed, where it left a person's draft alone."""

from datetime import datetime

from capacity.formulas.recalibration_drafts import observed_inputs
from capacity.models import RecalibrationRun
from capacity.selectors.problems import NothingObserved
from capacity.selectors.recalibration import is_newest_drafting, results
from portal.kernel import access
from portal.kernel.models import User
from workloads.models import INPUT_FIELDS, Estimate, Workload
from workloads.selectors.estimates import default_inputs, inputs_to_go_on_from
from workloads.services.estimates import edit_draft, open_draft
from workloads.services.observed import with_observed


def take_observed(
    *, run: RecalibrationRun, workload: Workload, actor: User, now: datetime
) -> Estimate:
    """Write the observed inputs into the open draft, or into a new one; the person who
    does it is a contributor.

    Raises NotAllowed, NothingObserved, or what editing a draft raises.
    """
    access.require(actor, "estimate.write", workload)
    observed = _observed(run, workload)
    draft = workload.draft_estimate
    if draft is None:
        inputs = inputs_to_go_on_from(workload, default_inputs())
        return open_draft(
            number=workload.number,
            actor=actor,
            changes=with_observed(inputs, observed),
            now=now,
        )
    stated = {name: getattr(draft, name) for name in INPUT_FIELDS}
    merged = with_observed(stated, observed)
    return edit_draft(
        number=workload.number,
        version=draft.version,
        actor=actor,
        changes={name: merged[name] for name in (*observed, "sources", "ranges")},
        now=now,
    )


def _observed(run: RecalibrationRun, workload: Workload) -> dict[str, object]:
    found = results(run).filter(workload=workload).first()
    if found is None or not found.off:
        raise NothingObserved(f"{run} found nothing of {workload.ref} to take over.")
    if not is_newest_drafting(run):
        raise NothingObserved(
            f"{run} is not the newest recalibration of the newest ended quarter; what it "
            "observed is history."
        )
    return observed_inputs(found.inputs)
