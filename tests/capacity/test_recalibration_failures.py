"""A run in which something breaks ends with its reason, whatever the reason quotes."""

from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import OperationalError

from capacity.models import RecalibrationRun
from capacity.services import recalibration
from capacity.services.recalibration_leases import fail
from portal.kernel.models import AuditEntry
from tests.capacity import recalibration as story

pytestmark = pytest.mark.django_db


def breaking(monkeypatch: pytest.MonkeyPatch, words: str) -> None:
    """The comparison of the platform fails with these words."""

    def breaks(*_: object) -> None:
        raise ValueError(words)

    monkeypatch.setattr(recalibration, "compare_platform", breaks)


def test_an_error_ends_the_run_with_its_reason(
    cast: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    story.live(cast)
    breaking(monkeypatch, "no such thing")

    with pytest.raises(ValueError, match="no such thing"):
        story.recalibrated()

    run = RecalibrationRun.objects.get()
    assert (run.status, run.error) == ("failed", "ValueError: no such thing")
    assert (run.is_current, run.held_by) == (False, "")


@pytest.mark.parametrize("words", ["a\x00 name", "a\x00 na\udc80me"])
def test_an_error_that_quotes_what_no_text_holds_ends_the_run(
    cast: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    story.live(cast)
    breaking(monkeypatch, words)

    with pytest.raises(ValueError, match="na"):
        story.recalibrated()

    run = RecalibrationRun.objects.get()
    entry = AuditEntry.objects.latest("id")
    told = "ValueError: " + words.replace("\x00", "").replace("\udc80", "?")
    assert (run.status, run.error) == ("failed", told)
    assert (entry.action, entry.reason) == ("recalibration.failed", told)


def test_an_error_is_told_though_the_run_was_taken_up_meanwhile(
    cast: SimpleNamespace,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    story.live(cast)
    monkeypatch.setattr(recalibration, "Heartbeat", lambda *_: nullcontext())
    breaking(monkeypatch, "no such thing")
    rows = RecalibrationRun.objects.all()

    def late(*arguments: Any) -> None:
        rows.update(held_by="another")
        fail(*arguments)

    monkeypatch.setattr(recalibration, "fail", late)

    with pytest.raises(ValueError, match="no such thing"):
        story.recalibrated()

    assert (rows.get().status, rows.get().held_by) == ("running", "another")
    assert "no such thing" in caplog.text


def test_an_error_is_told_though_the_database_takes_no_end(
    cast: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    story.live(cast)
    breaking(monkeypatch, "no such thing")

    def gone(*_: object) -> None:
        raise OperationalError("the connection is closed")

    monkeypatch.setattr(recalibration, "fail", gone)

    with pytest.raises(ValueError, match="no such thing"):
        story.recalibrated()
