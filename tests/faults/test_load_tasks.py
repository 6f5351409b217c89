"""A task that runs twice, or by two workers at once, does its work once."""

import os
from collections import Counter
from datetime import datetime, timedelta
from types import SimpleNamespace

import pytest
from django.conf import settings
from django_celery_beat.schedulers import ModelEntry

from portal.kernel import clock
from portal.kernel.models import AuditEntry, OutboxMessage
from portal.kernel.selectors.audit import verify
from tests.conftest import NOW
from tests.faults.races import at_once
from tests.workloads import stories
from workloads.enums import SignRole, Status
from workloads.models import Reminder, SignoffEnd, StatusStep, Workload
from workloads.tasks import keep_signatures

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = int(os.environ.get("WEIGHBRIDGE_RACE_ROUNDS", "3"))
WORKERS = 3
# Signatures given at NOW are over by then, and have waited for no one since.
LAPSED = NOW + timedelta(days=500)
OVERDUE = NOW + timedelta(days=9)


def test_what_never_ran_is_due_at_the_start_of_beat() -> None:
    schedule = settings.CELERY_BEAT_SCHEDULE
    often = {
        "relay outbox": 10,
        "take up lost recalibrations": 20,
        "alert spending": 60,
        "lapse reservations": 60,
    }
    hourly = [name for name in schedule if name not in often]

    entries = {name: ModelEntry.from_entry(name, **schedule[name]) for name in schedule}

    assert [entries[name].is_due().is_due for name in hourly] == [True] * len(hourly)
    # A worker that was away finds no heap of them.
    assert {name: entries[name].options["expires"] for name in often} == often


def at(monkeypatch: pytest.MonkeyPatch, moment: datetime) -> None:
    monkeypatch.setattr(clock, "now", lambda: moment)


@pytest.mark.parametrize("_round", range(ROUNDS))
def test_signatures_lapse_once_however_many_run_the_task(
    cast: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, _round: int
) -> None:
    for name in ("Chat", "Search"):
        stories.planned(cast, name=name)
    at(monkeypatch, LAPSED)

    at_once([keep_signatures] * WORKERS)
    keep_signatures()

    audited = Counter(AuditEntry.objects.values_list("action", flat=True))
    assert SignoffEnd.objects.count() == audited["signoff.lapsed"] == 6
    assert set(Workload.objects.values_list("status", flat=True)) == {Status.CANDIDATE}
    # To planned and back, each workload once.
    assert StatusStep.objects.count() == audited["workload.transitioned"] == 4
    assert verify().broken is None


@pytest.mark.parametrize("_round", range(ROUNDS))
def test_a_reminder_falls_once_however_many_run_the_task(
    cast: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, _round: int
) -> None:
    stories.submitted(stories.proposed(cast), cast.sarah)
    at(monkeypatch, OVERDUE)

    at_once([keep_signatures] * WORKERS)
    keep_signatures()

    codes = Counter(Reminder.objects.values_list("code", flat=True))
    assert codes == {f"signoff_{role}": 1 for role in SignRole}
    mails = OutboxMessage.objects.filter(kind="reminder")
    people = sorted(message.payload["to"].partition("@")[0] for message in mails)
    assert people == ["felix", "ines", "noor"]
