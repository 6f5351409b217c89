"""Clients that walk workloads through the API while parts of the portal are killed.

Each keeps what was acknowledged to it, and everything that it should not have seen.
"""

import http.client
import json
import subprocess
import sys
import threading
import time
import uuid
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any

from portal.embedded.home import PROJECT
from tests.faults.processes import Run, variables_of

# Who: roles, and what its token may do.
PEOPLE = {
    "pia": "planner",
    "ines": "engineering",
    "felix": "finance",
    "noor": "ops",
}
SIGNERS = {"engineering": "ines", "finance": "felix", "ops": "noor"}
INPUTS = {
    "users": 4200,
    "sessions_per_user_month": 18,
    "declared_tokens_per_user_month": 520_000,
    "ops_hours_week": 6,
}
PAGES = ("/", "/plan/", "/approvals/", "/audit/")
# What a repetition without a key may meet: the first try was saved, unheard.
SAVED_UNHEARD = {
    "name_taken",
    "draft_exists",
    "not_a_draft",
    "already_signed",
    "already_asked",
    "illegal_transition",
}
# Longer than any recovery may take; who waits so long reports it.
GIVES_UP_AFTER = 45.0
PAUSE = 0.2

# One process for all: each command alone takes seconds to start.
MAKE_PEOPLE = """
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from datetime import date
from django.core.management import call_command
from capacity.models import ModelPrice
from portal.kernel import clock
from portal.kernel.models import User
# Without a price of its model nothing is submitted.
ModelPrice.objects.create(model="Sonnet", model_class="standard", currency="USD",
    valid_from=date(2020, 1, 1), input_per_million=3, cached_input_per_million="0.3",
    output_per_million=15, entered_at=clock.now())
for name, role in {people}.items():
    call_command("create_user", name, "--role", role, "--email", name + "@example.com")
browser = SessionStore()
reader = User.objects.get(username="pia")
browser[SESSION_KEY] = str(reader.pk)
browser[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
browser[HASH_SESSION_KEY] = reader.get_session_auth_hash()
browser.create()
print("session", browser.session_key)
for name in {people}:
    call_command("create_token", name, "--scope", "plan:read", "plan:write")
"""


def manage(run: Run, *arguments: str) -> str:
    """A management command beside the run; its standard output."""
    answer = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=PROJECT,
        env=variables_of(run.home),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return answer.stdout


def make_tokens(run: Run) -> dict[str, str]:
    """An account for each of PEOPLE: their tokens by name, pia's session as `session`."""
    people = json.dumps(PEOPLE)
    told = manage(run, "shell", "-v", "0", "-c", MAKE_PEOPLE.format(people=people))
    tokens = [line for line in told.splitlines() if line.startswith("wb_")]
    session = next(line for line in told.splitlines() if line.startswith("session "))
    found = dict(zip(PEOPLE, tokens, strict=True))
    return {**found, "session": session.removeprefix("session ")}


@dataclass
class Answer:
    status: int
    body: dict[str, Any]
    headers: dict[str, str]

    @property
    def code(self) -> str:
        return str(self.body.get("code", ""))


class Unheard(Exception):
    """An earlier try was saved and its answer lost: nothing more to learn here."""


@dataclass
class Told:
    """What all clients were told, shared by them."""

    # (what, name of the workload, detail) of each acknowledged change.
    acknowledged: list[tuple[str, str, str]] = field(default_factory=list)
    # When each was acknowledged, by the monotonic clock.
    heard_at: list[float] = field(default_factory=list)
    pages: int = 0
    refused: int = 0
    cut: int = 0
    unexpected: list[str] = field(default_factory=list)

    def acknowledge(self, what: str, name: str, detail: str = "") -> None:
        self.acknowledged.append((what, name, detail))
        self.heard_at.append(time.monotonic())

    def names(self, what: str) -> set[str]:
        return {name for kind, name, _ in self.acknowledged if kind == what}

    def details(self, what: str) -> set[tuple[str, str]]:
        return {(name, more) for kind, name, more in self.acknowledged if kind == what}


class Client(threading.Thread):
    """Proposes, estimates, submits, asks, signs and moves, one workload after another."""

    def __init__(
        self, run: Run, tokens: dict[str, str], told: Told, *, with_keys: bool
    ) -> None:
        super().__init__(daemon=True)
        self.run_under_test = run
        self.tokens = tokens
        self.told = told
        self.with_keys = with_keys
        self.ending = threading.Event()
        self.connection: http.client.HTTPConnection | None = None

    def run(self) -> None:
        while not self.ending.is_set():
            try:
                self.walk(f"Workload {uuid.uuid4().hex[:12]}")
            except Unheard:
                continue
            except Exception as error:  # noqa: BLE001 - the test reads and fails
                self.told.unexpected.append(f"{type(error).__name__}: {error}")
                return

    def walk(self, name: str) -> None:
        self.say("pia", "", name=name, ship_quarter="2026Q4", model_tier="Sonnet")
        ref = self.last.body["ref"]
        self.told.acknowledge("proposed", name, ref)
        self.say("pia", f"{ref}/estimates/", **INPUTS)
        self.say("pia", f"{ref}/estimates/1/submit/")
        sha256 = self.last.body["sha256"]
        self.told.acknowledge("submitted", name, sha256)
        self.say("pia", f"{ref}/requirements/signoff_engineering/ask/")
        self.told.acknowledge("asked", name, ref)
        for role, signer in SIGNERS.items():
            press = {"role": role, "verdict": "approve", "sha256": sha256}
            self.say(signer, f"{ref}/estimates/1/signoffs/", **press)
            self.told.acknowledge("signed", name, role)
        self.say("pia", f"{ref}/transitions/", to="planned")
        self.told.acknowledge("planned", name)

    def say(self, who: str, path: str, **body: Any) -> None:
        """POST until it is acknowledged; `last` is the answer."""
        headers = {
            "Authorization": f"Bearer {self.tokens[who]}",
            "Content-Type": "application/json",
        }
        if self.with_keys:
            headers["Idempotency-Key"] = uuid.uuid4().hex
        until = time.monotonic() + GIVES_UP_AFTER
        tried = False
        while time.monotonic() < until:
            answer = self.post(f"/api/v1/workloads/{path}", body, headers)
            if answer is not None and answer.status < 300:
                self.last = answer
                return
            self.judge(path, answer, tried=tried)
            tried = True
            # Once it is told to end, it still hears what it asked, then stops.
            time.sleep(PAUSE)
        raise TimeoutError(f"{path} was not acknowledged in {GIVES_UP_AFTER} s")

    def judge(self, path: str, answer: Answer | None, *, tried: bool) -> None:
        """Nothing, 503 with its header, or an expected refusal; all else is a finding."""
        if answer is None:
            self.told.cut += 1
            return
        if answer.status == 503 and answer.headers.get("retry-after", "").isdigit():
            self.told.refused += 1
            return
        if tried and not self.with_keys and answer.code in SAVED_UNHEARD:
            raise Unheard
        raise AssertionError(f"POST {path}: {answer.status} {answer.body}")

    def post(
        self, path: str, body: dict[str, Any], headers: dict[str, str]
    ) -> Answer | None:
        """None when the connection did not hold, before or after it was sent."""
        if self.connection is None:
            self.connection = http.client.HTTPConnection(
                "127.0.0.1", self.run_under_test.port, timeout=20
            )
        try:
            self.connection.request("POST", path, json.dumps(body), headers)
            response = self.connection.getresponse()
            text = response.read()
        except (OSError, http.client.HTTPException):
            self.connection.close()
            self.connection = None
            return None
        found = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, json.loads(text or b"{}"), found)


class Reader(threading.Thread):
    """Opens pages in a browser's session: whole, or 503 with Retry-After."""

    def __init__(self, run: Run, tokens: dict[str, str], told: Told) -> None:
        super().__init__(daemon=True)
        self.port = run.port
        self.headers = {"Cookie": f"sessionid={tokens['session']}"}
        self.told = told
        self.ending = threading.Event()

    def run(self) -> None:
        for path in cycle(PAGES):
            if self.ending.wait(PAUSE):
                return
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
            try:
                connection.request("GET", path, headers=self.headers)
                self.judge(path, connection.getresponse())
            except (OSError, http.client.HTTPException):
                self.told.cut += 1
            finally:
                connection.close()

    def judge(self, path: str, response: http.client.HTTPResponse) -> None:
        if response.status == 200 and b"</html>" in response.read():
            self.told.pages += 1
        elif (
            response.status == 503 and response.headers.get("Retry-After", "").isdigit()
        ):
            self.told.refused += 1
        else:
            self.told.unexpected.append(f"GET {path}: {response.status}")


@dataclass
class Load:
    """Several clients at work between `with` and its end, which waits for them."""

    run: Run
    tokens: dict[str, str]
    threads: int = 4
    told: Told = field(default_factory=Told)

    def __enter__(self) -> Told:
        self.clients: list[Client | Reader] = [
            # Every second one repeats without a key, as a simple script would.
            Client(self.run, self.tokens, self.told, with_keys=number % 2 == 0)
            for number in range(self.threads)
        ]
        self.clients.append(Reader(self.run, self.tokens, self.told))
        for client in self.clients:
            client.start()
        return self.told

    def __exit__(self, *_: object) -> None:
        for client in self.clients:
            client.ending.set()
        for client in self.clients:
            client.join(GIVES_UP_AFTER + 30)
