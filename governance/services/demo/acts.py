"""What people of the demo company do: each act is one call of a use case."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from capacity.selectors.gates import open_gate
from capacity.services.gates import activate_gate, open_gate_draft
from governance.services.demo.events import Act
from portal.kernel import clock
from portal.kernel.models import User
from workloads.enums import ReadinessCheck, SignRole, Status, Verdict
from workloads.models import Department, Estimate, Workload
from workloads.services.criteria import record_readiness, write_criterion
from workloads.services.estimates import edit_draft, open_draft, submit_estimate
from workloads.services.lifecycle import advance
from workloads.services.plan import edit_workload, propose_workload
from workloads.services.signoffs import Press, sign

Values = Mapping[str, Any]
SIGNERS: Mapping[SignRole, str] = {
    SignRole.ENGINEERING: "ines",
    SignRole.FINANCE: "daniel",
    SignRole.OPS: "noor",
}


class Acts:
    """Acts on one workload, by people who are named by username."""

    def __init__(self, people: Mapping[str, User], number: int) -> None:
        self.people = people
        self.number = number

    def proposed(self, who: str, values: Values, followers: Iterable[str] = ()) -> Act:
        return lambda now: propose_workload(
            actor=self.people[who],
            number=self.number,
            values=self._resolved(values),
            stakeholders=[self.people[name] for name in followers],
            now=now,
        )

    def edited(
        self, who: str, changes: Values, followers: Iterable[str] | None = None
    ) -> Act:
        return lambda now: edit_workload(
            number=self.number,
            actor=self.people[who],
            changes=self._resolved(changes),
            stakeholders=(
                None if followers is None else [self.people[name] for name in followers]
            ),
            now=now,
        )

    def drafted(self, who: str, inputs: Values) -> Act:
        """A new draft, or changes of the one that is open."""

        def act(now: datetime) -> None:
            draft, actor = self._workload().draft_estimate, self.people[who]
            if draft is None:
                open_draft(number=self.number, actor=actor, changes=inputs, now=now)
            else:
                edit_draft(
                    number=self.number,
                    version=draft.version,
                    actor=actor,
                    changes=inputs,
                    now=now,
                )

        return act

    def submitted(self, who: str) -> Act:
        def act(now: datetime) -> None:
            draft = _there(self._workload().draft_estimate)
            submit_estimate(
                number=self.number,
                version=draft.version,
                actor=self.people[who],
                now=now,
            )

        return act

    def signed(self, role: SignRole, who: str = "") -> Act:
        return self._pressed(role, who or SIGNERS[role], Verdict.APPROVE, "")

    def refused(self, role: SignRole, reason: str) -> Act:
        return self._pressed(role, SIGNERS[role], Verdict.REFUSE, reason)

    def moved(self, who: str, to: Status, reason: str = "") -> Act:
        return lambda now: advance(
            number=self.number,
            to=to,
            actor=self.people[who],
            reason=reason,
            now=now,
        )

    def gate_drafted(self, who: str, values_at: Callable[[datetime], Values]) -> Act:
        """The next version; what the values leave out is prefilled from the plan."""
        return lambda now: open_gate_draft(
            number=self.number, actor=self.people[who], values=values_at(now), now=now
        )

    def gate_agreed(self, who: str) -> Act:
        """To the version that is open: the second of owner and finance activates it."""

        def act(now: datetime) -> None:
            policy = open_gate(self._workload())
            if policy is None:
                msg = "the story agrees to a gate that is not open"
                raise LookupError(msg)
            activate_gate(
                number=self.number,
                version=policy.version,
                actor=self.people[who],
                now=now,
            )

        return act

    def criterion(
        self, who: str, metric: str, baseline: str, target: str, days: int = 120
    ) -> Act:
        return lambda now: write_criterion(
            number=self.number,
            actor=self.people[who],
            metric=metric,
            baseline=baseline,
            target=target,
            due_on=_day_after(now, days),
            now=now,
        )

    def proven(self, who: str, item: ReadinessCheck) -> Act:
        load_test = item == ReadinessCheck.LOAD_TEST
        return lambda now: record_readiness(
            number=self.number,
            actor=self.people[who],
            item=item,
            link=f"https://wiki.example.com/W-{self.number:02d}/{item}",
            done_on=_day_after(now, -1),
            load_test_factor=Decimal("2.5") if load_test else None,
            now=now,
        )

    def _pressed(self, role: SignRole, who: str, verdict: Verdict, reason: str) -> Act:
        def act(now: datetime) -> None:
            estimate = _there(self._workload().submitted_estimate)
            sign(
                number=self.number,
                version=estimate.version,
                press=Press(role, verdict, reason, estimate.sha256),
                actor=self.people[who],
                now=now,
            )

        return act

    def _workload(self) -> Workload:
        return Workload.objects.select_related(
            "draft_estimate", "submitted_estimate"
        ).get(number=self.number)

    def _resolved(self, values: Values) -> dict[str, Any]:
        """Usernames and codes of departments become what they name."""
        resolved = dict(values)
        if "owner" in resolved:
            resolved["owner"] = self.people[resolved["owner"]]
        if "department" in resolved:
            resolved["department"] = Department.objects.get(code=resolved["department"])
        return resolved


def _there(estimate: Estimate | None) -> Estimate:
    if estimate is None:
        msg = "the story acts on an estimate that is not there"
        raise LookupError(msg)
    return estimate


def _day_after(now: datetime, days: int) -> date:
    return clock.today(now) + timedelta(days=days)
