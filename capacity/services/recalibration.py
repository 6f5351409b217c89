"""A recalibration: asked for, run by whoever holds it, finished in one step.

A run reads everything anew when it is taken up again and writes its results by (run,
workload), so that it ends as one clean run would, whenever and however often its worker
ended. Drafts, the current run of the period and the end itself are one transaction: there
is never a draft of a run that did not end.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import (
    DatabaseError,
    IntegrityError,
    InterfaceError,
    OperationalError,
    transaction,
)

from capacity.enums import RunStatus
from capacity.formulas.recalibration import Comparison
from capacity.formulas.recalibration_budgets import (
    compare_platform,
    compare_workload,
    is_calibrated,
)
from capacity.formulas.recalibration_drafts import observed_inputs, told
from capacity.models import RecalibrationLine, RecalibrationResult, RecalibrationRun
from capacity.models.recalibration import OPEN
from capacity.selectors.problems import PeriodNotBegun, PeriodUnreadable
from capacity.selectors.recalibration_ground import (
    Ground,
    Period,
    first_day_of,
    ground,
    read_period,
)
from capacity.services.quarters import close_recalibrated
from capacity.services.recalibration_leases import (
    LEASE,
    TASK,
    Clock,
    Heartbeat,
    LeaseLost,
    claim,
    fail,
    hold,
    tell_finished,
)
from portal.kernel import access, clock, formats
from portal.kernel.errors import Conflict
from portal.kernel.models import User
from portal.kernel.periods import Month, Quarter
from portal.kernel.reach import require_in_reach
from portal.kernel.selectors import numbers
from portal.kernel.services import audit, outbox
from workloads.services.observed import ObservedDrafts, draft_observed

logger = logging.getLogger(__name__)

Progress = Callable[[int, int], None]

# Workloads whose results are committed together: what the progress counts in.
STEP = 25
RESULT_FIELDS = ("missing", "off", "inputs", "budgets", "draft_version")


def request_recalibration(
    *, period: str, actor: User | None, now: datetime, dedup_key: str | None = None
) -> RecalibrationRun:
    """Ask for a run over a quarter or a month; one that is open already is the answer.

    `actor` None is the system. The outbox brings the run to a worker. Raises NotAllowed,
    PeriodUnreadable or PeriodNotBegun.
    """
    if actor is not None:
        access.require(actor, "recalibration.start")
    name = str(_begun(period, now))
    # The open run may end between the refusal and the look: then this asks for the next.
    for _ in range(5):
        try:
            return _request(name, actor, now, dedup_key)
        except IntegrityError:
            found = RecalibrationRun.objects.filter(period=name, status__in=OPEN)
            if (run := found.first()) is not None:
                return run
        except _AskedAlready:
            return RecalibrationRun.objects.filter(period=name)[:1].get()
    raise Conflict(f"Runs of {name} come and go faster than one can be asked for.")


class _AskedAlready(Exception):
    """The same day's beat asked for it, and it may even have ended since."""


@transaction.atomic
def _request(
    period: str, actor: User | None, now: datetime, dedup_key: str | None
) -> RecalibrationRun:
    run = RecalibrationRun.objects.create(
        period=period,
        requested_by=actor,
        requested_at=now,
        # From then on it counts as lost on its way to a worker.
        held_until=now + LEASE,
    )
    if not outbox.post_task(TASK, [run.pk], now=now, dedup_key=dedup_key):
        raise _AskedAlready
    audit.record(
        "recalibration.requested",
        f"recalibration/{run}",
        actor=actor,
        now=now,
        after={"period": period},
    )
    return run


def run_recalibration(
    *,
    run_id: int,
    worker: str,
    clock: Clock,
    progress: Progress = lambda _done, _total: None,
) -> bool:
    """Carry out a run that waits or was lost; False where somebody else has it.

    `worker` names this attempt and no other. What goes wrong in the run itself ends it with
    its reason; a database that went away leaves it to whoever takes it up next.
    """
    run = claim(run_id, worker, clock())
    if run is None:
        return False
    try:
        with Heartbeat(run, worker, clock):
            _Attempt(run, worker, clock, progress).carry_out()
    except LeaseLost:
        logger.warning("%s was taken up by another worker", run)
        return False
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        _end(run, worker, f"{type(error).__name__}: {error}", clock())
        raise
    return True


def _end(run: RecalibrationRun, worker: str, reason: str, now: datetime) -> None:
    """Write that it failed; what keeps that from being written never hides the reason."""
    try:
        fail(run, worker, reason, now)
    except LeaseLost:
        logger.warning("%s was taken up by another worker; here %s", run, reason)
    except DatabaseError:
        # Nobody prolongs its lease, so it is taken up again.
        logger.exception("%s did not end here, though %s", run, reason)


class _Attempt:
    """One worker's way through one run."""

    def __init__(
        self, run: RecalibrationRun, worker: str, clock: Clock, progress: Progress
    ) -> None:
        self.run, self.worker, self.clock, self.progress = run, worker, clock, progress
        self.period = read_period(run.period)

    def carry_out(self) -> None:
        stands = ground(self.period, self.run.requested_at)
        total = len(stands.subjects)
        self._begin(stands, total)
        found: dict[str, Comparison] = {}
        for start in range(0, total, STEP):
            step = stands.subjects[start : start + STEP]
            for subject in step:
                found[subject.ref] = compare_workload(
                    subject, stands.actuals, stands.terms
                )
            self._keep(stands, {one.ref: found[one.ref] for one in step}, len(found))
            self.progress(len(found), total)
        self._finish(stands, found)

    def _begin(self, stands: Ground, total: int) -> None:
        months = stands.terms.months
        with transaction.atomic():
            self._hold(total=total, drafts=stands.is_newest_ended)
            self._say(
                {
                    "begun": f"{_workloads(total)} live in {months[0]} to {months[-1]}, "
                    f"as entered by {self.run.requested_at:%Y-%m-%d %H:%M} UTC."
                }
            )

    def _keep(self, stands: Ground, step: Mapping[str, Comparison], done: int) -> None:
        with transaction.atomic():
            self._hold(done=done)
            self._upsert(
                [self._result(stands, ref, one) for ref, one in step.items()],
                RESULT_FIELDS,
            )
            self._say(_lines_of(step))

    def _upsert(
        self, rows: Sequence[RecalibrationResult], fields: Sequence[str]
    ) -> None:
        RecalibrationResult.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["run", "workload"],
            update_fields=fields,
        )

    def _result(self, stands: Ground, ref: str, one: Comparison) -> RecalibrationResult:
        return RecalibrationResult(
            run=self.run,
            workload_id=stands.keys[ref],
            missing=list(one.missing),
            off=list(one.off),
            inputs=one.kept_inputs,
            budgets=one.kept_budgets,
            draft_version=None,
        )

    def _finish(self, stands: Ground, found: Mapping[str, Comparison]) -> None:
        """Drafts, the end and the current run of the period: all of it or nothing."""
        now = self.clock()
        with transaction.atomic():
            # Workloads are locked before the run: always the plan's rows first.
            drafted = self._draft(stands, found, now)
            self._hold(done=len(found))
            self._note_drafts(stands, found, drafted)
            self._say(_draft_lines(drafted, stands.numbers))
            self._complete(stands, found, now)
            if isinstance(self.period, Quarter):
                asked = self.run.requested_at
                close_recalibrated(quarter=self.period, asked=asked, now=now)
            tell_finished(self.run, RunStatus.COMPLETE, now)
            audit.record_all([*drafted.entries, self._entry(found, drafted, now)])

    def _draft(
        self, stands: Ground, found: Mapping[str, Comparison], now: datetime
    ) -> ObservedDrafts:
        wanted = {
            stands.numbers[ref]: observed_inputs(
                one.kept_inputs, stands.actuals.profiles.get(ref)
            )
            for ref, one in found.items()
            if one.off
        }
        if not stands.is_newest_ended or not wanted:
            return ObservedDrafts()
        named = formats.quarter(self.run.period)
        note = f"Observed in {named}; see the recalibration {self.run}."
        return draft_observed(observed=wanted, note=note, now=now)

    def _note_drafts(
        self,
        stands: Ground,
        found: Mapping[str, Comparison],
        drafted: ObservedDrafts,
    ) -> None:
        """In the results that stand already, all in one statement."""
        rows = []
        for ref, one in found.items():
            version = drafted.versions.get(stands.numbers[ref])
            if version is not None:
                rows.append(self._result(stands, ref, one))
                rows[-1].draft_version = version
        self._upsert(rows, ["draft_version"])

    def _complete(
        self, stands: Ground, found: Mapping[str, Comparison], now: datetime
    ) -> None:
        platform = compare_platform(
            stands.subjects, found, stands.actuals, stands.terms
        )
        same = RecalibrationRun.objects.filter(period=self.run.period)
        same.filter(is_current=True).update(is_current=False)
        self._say({"complete": _summary(found)})
        same.filter(pk=self.run.pk).update(
            status=RunStatus.COMPLETE,
            is_current=True,
            is_calibrated=self._is_calibrated(stands, found),
            budgets={name: one.as_json() for name, one in platform.items()},
            finished_at=now,
            held_by="",
            held_until=None,
        )

    def _is_calibrated(
        self, stands: Ground, found: Mapping[str, Comparison]
    ) -> bool | None:
        """Only of a quarter that has ended; a month is never calibrated."""
        if not isinstance(self.period, Quarter):
            return None
        return stands.has_ended and is_calibrated(
            stands.subjects, found, stands.actuals, stands.terms
        )

    def _entry(
        self, found: Mapping[str, Comparison], drafted: ObservedDrafts, now: datetime
    ) -> Any:
        return audit.entry(
            "recalibration.finished",
            f"recalibration/{self.run}",
            actor=None,
            now=now,
            after={
                "period": self.run.period,
                "workloads": len(found),
                "drafts": len(drafted.versions),
            },
        )

    def _hold(self, **values: Any) -> None:
        hold(self.run, self.worker, self.clock(), **values)

    def _say(self, lines: Mapping[str, str]) -> None:
        """Each key once a run, whoever says it."""
        now = self.clock()
        RecalibrationLine.objects.bulk_create(
            [
                RecalibrationLine(run=self.run, key=key, at=now, text=text)
                for key, text in lines.items()
            ],
            ignore_conflicts=True,
        )


def _begun(text: str, now: datetime) -> Period:
    try:
        period = read_period(text)
    except ValueError:
        raise PeriodUnreadable.of(text) from None
    starts = numbers.current().fiscal_year_starts
    today = clock.today(now)
    if isinstance(period, Quarter):
        require_in_reach("/period", period, Quarter.of(today, starts))
    else:
        require_in_reach("/period", period, Month.of(today))
    first = first_day_of(period, starts)
    if today < first:
        raise PeriodNotBegun(
            f"{period} begins on {first}; nothing was used in it that a recalibration "
            "could set against its forecast."
        )
    return period


def _workloads(count: int) -> str:
    return f"{count} workload{'' if count == 1 else 's'}"


def _lines_of(step: Mapping[str, Comparison]) -> dict[str, str]:
    """What is missing of a workload, and what is off, each once."""
    lines = {}
    for ref, one in step.items():
        if one.missing:
            lines[f"missing {ref}"] = (
                f"{ref}: no actuals of {' and '.join(one.missing)}."
            )
        if one.off:
            lines[f"off {ref}"] = f"{ref}: {told(one.off, one.kept_inputs)}."
    return lines


def _draft_lines(
    drafted: ObservedDrafts, numbers_of: Mapping[str, int]
) -> dict[str, str]:
    refs = {number: ref for ref, number in numbers_of.items()}
    lines = {}
    for number, version in sorted(drafted.versions.items()):
        lines[f"draft {refs[number]}"] = f"{refs[number]}: draft v{version}."
    for number, version in sorted(drafted.offered.items()):
        lines[f"offer {refs[number]}"] = (
            f"{refs[number]}: v{version} is a person's draft; the observed inputs are "
            "offered for it."
        )
    for number, reason in sorted(drafted.refused.items()):
        lines[f"refused {refs[number]}"] = f"{refs[number]}: no draft. {reason}"
    return lines


def _summary(found: Mapping[str, Comparison]) -> str:
    off = sum(bool(one.off) for one in found.values())
    missing = sum(bool(one.missing) for one in found.values())
    return (
        f"Complete: {_workloads(len(found))}, {off} off by more than the threshold, "
        f"{missing} with missing actuals."
    )
