"""Conditions of the lifecycle that the capacity model holds a workload to."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from django.urls import reverse

from capacity.enums import GateState
from capacity.formulas.enforcement import Enforcement, no_gate
from capacity.models import GatePolicy
from capacity.rules.gates import Setting, Slip, slips_in
from capacity.selectors.closing import open_contract_events
from capacity.selectors.enforcement import enforcement_of, terms
from capacity.selectors.gates import (
    awaiting,
    deciding_gates,
    sentences_of,
    terms_of,
    to_gate,
)
from capacity.selectors.headroom import Headroom, Quarters, read_quarters
from capacity.services.locks import lock_staffing
from portal.kernel import clock
from portal.kernel.formats import in_full, listed
from portal.kernel.periods import Quarter
from workloads.enums import CostGate, Status
from workloads.models import Workload
from workloads.rules.gates import unheld
from workloads.rules.requirements import Requirement, StepRequest
from workloads.selectors.quarters import weighed_in

# A sentence names so many workloads; how many more there are, it counts.
MOST_NAMED = 12


class OpsHeadroom:
    """Room under the ops ceiling of the ship quarter, the workload itself included.

    Stands as `no_staffing` where nobody has entered people for that quarter.
    """

    code = "ops_headroom"
    no_staffing = "no_staffing"
    guards = frozenset({Status.COMMITTED})

    def check(
        self, workload: Workload, step: StepRequest, now: datetime
    ) -> Requirement:
        quarter = weighed_in(workload)
        if quarter is None:
            lacks = "Without a ship quarter there is no ceiling to hold it against."
            edit = reverse("workloads:edit", args=[workload.ref])
            return self._stands(workload, step, met=False, message=lacks, link=edit)
        quarters = self._read(quarter, step)
        hours = _hours_of(workload)
        room = quarters.with_workload(quarter, workload.status, hours or Decimal(0))
        if room.ceiling is None:
            return Requirement(
                code=self.no_staffing,
                met=False,
                message=f"{quarter.label} has no staffing, so it has no ceiling yet and "
                "nothing commits into it.",
                link=f"{reverse('capacity:rates')}#staffing",
                to=step.to,
                mended_by=("staffing.change",),
                since=workload.status_since,
            )
        if hours is None:
            lacks = (
                f"The ops hours of {workload.ref} are not estimated, so nobody knows "
                f"whether {quarter.label} has room for it."
            )
            return self._stands(workload, step, met=False, message=lacks)
        return self._stands(
            workload,
            step,
            met=not room.missing,
            message=_sentence(room, quarters, workload),
        )

    def _read(self, quarter: Quarter, step: StepRequest) -> Quarters:
        """Under the quarter's lock where the step follows: of two commits into one
        quarter, the second reads what the first left of it."""
        if step.is_taken:
            lock_staffing(quarter)
        quarters: Quarters | None = step.once.get(self.code)
        if quarters is None:
            quarters = step.once[self.code] = read_quarters()
        return quarters

    def _stands(
        self,
        workload: Workload,
        step: StepRequest,
        *,
        met: bool,
        message: str,
        link: str = "",
    ) -> Requirement:
        return Requirement(
            code=self.code,
            met=met,
            message=message,
            link=link or reverse("workloads:plan-roadmap"),
            to=step.to,
            mended_by=("workload.edit",),
            since=workload.status_since,
        )


def _hours_of(workload: Workload) -> Decimal | None:
    """Hours a week of the figures that the plan shows for it."""
    for estimate in (workload.shown_estimate, workload.draft_estimate):
        if estimate is not None and estimate.ops_hours_week is not None:
            return Decimal(estimate.ops_hours_week)
    return None


def _sentence(room: Headroom, quarters: Quarters, workload: Workload) -> str:
    name, ceiling = room.quarter.label, room.ceiling or Decimal(0)
    needs = f"{name} needs {in_full(room.load.hours_week)} h/week"
    if not room.missing:
        return f"{needs} with {workload.ref} and has {in_full(ceiling)}."
    others = quarters.sharing_with(workload.ref, room.quarter)
    alone = f"{workload.ref} is alone in it."
    shares = f"{workload.ref} shares it with {_named(others)}." if others else alone
    return f"{needs} and has {in_full(ceiling)}: {in_full(room.missing)} over. {shares}"


def _named(refs: Sequence[str]) -> str:
    more = len(refs) - MOST_NAMED
    if more <= 0:
        return listed(refs)
    return f"{', '.join(refs[:MOST_NAMED])} and {more:,} more"


class _OfTheGate:
    """What is the same in all that asks about a gate: it is mended on the gate's page."""

    code: str
    guards: frozenset[Status]

    def _gates(self, workload: Workload, step: StepRequest) -> list[GatePolicy]:
        """Active first; of a long list, those of all its workloads are read at once."""
        read: dict[int, list[GatePolicy]] = step.once.setdefault("gates", {})
        if workload.pk not in read:
            wanted = {*step.once.get("workloads", ()), workload.pk}
            found = deciding_gates(wanted)
            read |= {pk: found.get(pk, []) for pk in wanted}
        return read[workload.pk]

    def _stands(
        self,
        workload: Workload,
        step: StepRequest,
        *,
        met: bool,
        message: str,
        mended_by: tuple[str, ...] = ("gate.draft",),
        version: int | None = None,
        evidence: str = "",
    ) -> Requirement:
        return Requirement(
            code=self.code,
            met=met,
            message=message,
            link=to_gate(workload.ref, version),
            to=step.to,
            mended_by=mended_by,
            since=workload.status_since,
            evidence=evidence,
        )


class GateDefined(_OfTheGate):
    """A version, active or to be, that could hold: ceilings, patterns, opt-ins, reasons."""

    code = "gate_defined"
    guards = frozenset({Status.COMMITTED})

    def check(
        self, workload: Workload, step: StepRequest, now: datetime
    ) -> Requirement:
        gates = self._gates(workload, step)
        lacks = [(gate, self._lacks(gate, workload, now)) for gate in gates]
        sound = next((gate for gate, slips in lacks if not slips), None)
        if sound is not None:
            said = "; ".join(sentences_of(sound))
            return self._stands(
                workload,
                step,
                met=True,
                message=f"Gate v{sound.version} is {sound.state}. {said}.",
                version=sound.version,
            )
        if lacks:
            gate, slips = lacks[0]
            said = " ".join(dict.fromkeys(slip.detail for slip in slips))
            message = f"Gate v{gate.version} does not hold: {said}"
            return self._stands(workload, step, met=False, message=message)
        wish = _wish_of(workload)
        return self._stands(workload, step, met=False, message=wish)

    def _lacks(self, gate: GatePolicy, workload: Workload, now: datetime) -> list[Slip]:
        """Its models were known when it was stored, and prices are never taken away."""
        setting = Setting(
            today=clock.today(now),
            knows=lambda _model: True,
            is_sensitive=workload.compliance_sensitive,
        )
        return slips_in(terms_of(gate), setting)


def _wish_of(workload: Workload) -> str:
    """What the plan's cell asks for before there is a gate."""
    if not workload.cost_gate:
        return f"{workload.ref} has no gate, so its cost has no bound."
    lacks = unheld(
        workload.cost_gate,
        primary_model=workload.primary_model,
        degrade_model=workload.degrade_model,
    )
    if lacks is not None:
        return lacks.sentence
    wish = CostGate(workload.cost_gate).sheet
    return f"{workload.ref} wishes for a {wish}, and no gate with a ceiling is drafted."


class GateActive(_OfTheGate):
    """Owner and finance have activated a version that holds."""

    code = "gate_active"
    guards = frozenset({Status.LIVE})

    def check(
        self, workload: Workload, step: StepRequest, now: datetime
    ) -> Requirement:
        gates = self._gates(workload, step)
        active = next((one for one in gates if one.state == GateState.ACTIVE), None)
        if active is not None:
            message = f"Gate v{active.version} is active."
            version = active.version
            return self._stands(
                workload, step, met=True, message=message, version=version
            )
        if not gates:
            message = f"{workload.ref} has no gate to activate."
            return self._stands(workload, step, met=False, message=message)
        gate = gates[0]
        waits_for = awaiting(gate)
        who = {"owner": "its owner", "finance": "finance"}.get(
            waits_for or "", "its owner and finance"
        )
        return self._stands(
            workload,
            step,
            met=False,
            message=f"Gate v{gate.version} is {gate.state} and awaits {who}.",
            mended_by=("gate.activate",),
            version=gate.version,
        )


class GateEnforced(_OfTheGate):
    """Runtimes ask by the active version, and next to nothing is used without asking."""

    code = "gate_enforced"
    guards = frozenset({Status.LIVE})

    def check(
        self, workload: Workload, step: StepRequest, now: datetime
    ) -> Requirement:
        found = self._evidence(workload, step, now)
        return self._stands(
            workload,
            step,
            met=found.is_enforced,
            message=found.sentence,
            mended_by=("workload.move_to_live",),
        )

    def _evidence(
        self, workload: Workload, step: StepRequest, now: datetime
    ) -> Enforcement:
        """Of a long list, that of all its workloads is read at once."""
        listed_ids = step.once.get("workloads")
        if listed_ids is None:
            return enforcement_of([workload], now)[workload.pk]
        if self.code not in step.once:
            rows = Workload.objects.filter(pk__in=listed_ids)
            step.once[self.code] = enforcement_of(rows, now)
        found: Enforcement = step.once[self.code].get(workload.pk) or no_gate(terms())
        return found


class AlertsClosed(_OfTheGate):
    """No user of a live workload stands at a ceiling unseen."""

    code = "alerts_closed"
    guards = frozenset({Status.RETIRED})

    def check(
        self, workload: Workload, step: StepRequest, now: datetime
    ) -> Requirement:
        if workload.status != Status.LIVE:
            message = "It is not live: no alert is open."
            return self._stands(workload, step, met=True, message=message)
        count = open_contract_events(workload, now)
        message = "No alert at 100 % is open."
        if count:
            message = (
                f"{count:,} {'alert' if count == 1 else 'alerts'} at 100 % "
                f"{'is' if count == 1 else 'are'} open this month. Somebody who runs it "
                "can acknowledge them."
            )
        return self._stands(
            workload,
            step,
            met=not count,
            message=message,
            mended_by=("alert.acknowledge",),
        )
