"""The supervisor's own rules, with parts that are no processes."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from portal.embedded import prepare, supervisor
from portal.embedded.processes import PartFailed
from portal.embedded.run_lock import RunLock
from portal.embedded.supervisor import StopAsked, Supervisor
from portal.kernel.models import User


class FakePart:
    def __init__(self, name: str, told: list[str], *, lives: bool = True) -> None:
        self.name = name
        self.about = "is here"
        self.told = told
        self.lives = lives
        self.alive = False

    def start(self) -> None:
        self.told.append(f"start {self.name}")
        self.alive = self.lives

    def runs(self) -> bool:
        return self.alive

    def is_up(self) -> bool:
        return self.alive

    def how_it_ended(self) -> str:
        return "ended"

    def stop(self, hurry: Callable[[], bool]) -> str:
        self.told.append(f"stop {self.name}")
        return "stopped"


def test_parts_stop_in_the_opposite_order() -> None:
    told: list[str] = []
    watched = Supervisor()
    watched.bring_up([FakePart("database", told)])
    watched.bring_up([FakePart("web", told), FakePart("beat", told)])

    watched.stop_all()

    assert told[3:] == ["stop beat", "stop web", "stop database"]


def test_a_part_that_ends_at_once_fails_the_start() -> None:
    with pytest.raises(PartFailed, match="web ended"):
        Supervisor().bring_up([FakePart("web", [], lives=False)])


def test_pauses_grow_while_a_part_keeps_dying_and_are_forgotten_when_it_lives(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    part = FakePart("web", [])
    watched = Supervisor()
    watched.bring_up([part])
    began = watched._started["web"]

    pauses = [watched._pause_before(part, began + 1) for _ in range(6)]
    steady = watched._pause_before(part, began + supervisor.STEADY_SECONDS + 1)

    assert pauses == [0, 1, 2, 4, 5, 5]
    assert steady == 0


def test_one_signal_asks_and_two_hurry() -> None:
    asked: list[str] = []
    watched = Supervisor(on_stop=lambda: asked.append("stopping"))

    watched._note()
    once = watched.in_hurry()
    watched._note()

    assert asked == ["stopping"]
    assert (once, watched.in_hurry()) == (False, True)
    with pytest.raises(StopAsked):
        watched.watch()


def test_the_second_to_lock_reads_who_is_up(tmp_path: Path) -> None:
    first, second = RunLock(tmp_path / "lock"), RunLock(tmp_path / "lock")

    assert first.take("http://127.0.0.1:8000")
    assert not second.take("http://127.0.0.1:9000")

    assert second.holder().startswith("is up: pid ")
    assert second.holder().endswith("http://127.0.0.1:8000")


def test_one_that_is_stopping_is_waited_for(tmp_path: Path) -> None:
    first, second = RunLock(tmp_path / "lock"), RunLock(tmp_path / "lock")
    first.take("http://127.0.0.1:8000")
    first.say_stopping()

    waited_in_vain = second.take("http://127.0.0.1:9000", patience=0.1)
    first._file.close()

    assert not waited_in_vain
    assert second.take("http://127.0.0.1:9000", patience=0.1)


@pytest.fixture
def demo(monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path) -> list[str]:
    """A `demo` command that says what a real one says; the list of its calls."""
    calls: list[str] = []

    def call_command(name: str, stdout: Any) -> None:
        calls.append(name)
        stdout.write("Making the company\nowner  sarah  a-password\n")

    settings.HOME = type("Home", (), {"demo_accounts": tmp_path / "demo-accounts"})
    settings.DEMO = True
    monkeypatch.setattr(prepare, "get_commands", lambda: {"demo": "portal"})
    monkeypatch.setattr(prepare, "call_command", call_command)
    return calls


@pytest.mark.django_db
def test_the_demo_is_made_while_nobody_has_an_account(
    demo: list[str], tmp_path: Path, now: datetime
) -> None:
    prepare.make_demo()
    User.objects.create(username="kim", created_at=now)
    prepare.make_demo()

    accounts = tmp_path / "demo-accounts"
    assert demo == ["demo"]
    assert accounts.read_text() == "owner  sarah  a-password\n"
    assert accounts.stat().st_mode & 0o777 == 0o600


@pytest.mark.django_db
def test_no_demo_when_it_is_switched_off(demo: list[str], settings: Any) -> None:
    settings.DEMO = False

    prepare.make_demo()

    assert demo == []
