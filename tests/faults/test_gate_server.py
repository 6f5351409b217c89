"""The gate server under load and faults: exact, and never another answer than the view's."""

import json
import os
import random
import threading
import time
import urllib.request
from functools import partial

import psycopg
import pytest
from django.db import connection
from django.test import Client

from capacity.models import Decision, KillSwitch, Reservation, UserCounter
from capacity.runtime.calls import today_at
from portal.embedded.processes import wait_until
from portal.kernel import clock
from portal.kernel.enums import Scope
from portal.kernel.services.tokens import issue_token
from tests.capacity.gates import OPT_IN, activated
from tests.faults.gate_server import DECIDE, Asker, gate_server, together
from tests.workloads import stories
from workloads.models import Department

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = int(os.environ.get("WEIGHBRIDGE_RACE_ROUNDS", "0"))
RACES = min(50, ROUNDS) or 2
LEFT, EACH, ASKING = 10_000, 1_000, 200
CALLS = 1_000 if ROUNDS else 250
SOAK_SECONDS = 60 if ROUNDS else 5
TIERS = [
    {"tier": "standard", "ceiling_tokens": 100_000, "overage": "hard_cap"},
    {"tier": "paid", "ceiling_tokens": 100_000, "overage": "soft_cap"},
    {
        "tier": "metered",
        "ceiling_tokens": 100_000,
        "overage": "pay_as_you_go",
        "overage_limit_tokens": 20_000,
        "overage_price_per_million": "9",
        "metered_opt_in": OPT_IN,
    },
]


@pytest.fixture
def workload(cast, rate_card):
    now = clock.now()
    made = stories.proposed(cast)
    activated(
        made,
        cast,
        now,
        primary_model="Sonnet",
        degrade_model="Haiku",
        tiers=TIERS,
    )
    stories.proposed(cast, name="Without a gate")
    return made


@pytest.fixture
def token(workload, cast):
    issued = issue_token(
        actor=cast.ada, user=cast.gateway, scopes=[Scope.GATES_DECIDE], now=clock.now()
    )
    return issued.secret


@pytest.fixture
def server(token):
    with gate_server() as running:
        yield running


def settle(workload, tokens, user):
    UserCounter.objects.update_or_create(
        workload_id=workload.pk,
        user_ref=user,
        month=today_at(clock.now()).month.first_day,
        test=False,
        defaults={"settled": tokens},
    )


def asked(user, request=None, **values):
    body = {"workload": "W-01", "tier": "standard", "user": user, **values}
    return body if request is None else {**body, "request_id": request}


def by_view(token, body):
    """The web server's own door, in this process."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = Client(raise_request_exception=False).generic(
        "POST",
        DECIDE,
        content,
        "application/json",
        headers={"Authorization": f"Bearer {token}"},
    )
    return answer.status_code, answer.json()


def close_after(press):
    try:
        return press()
    finally:
        connection.close()


# --- One answer, whoever gives it --------------------------------------------------------

OWN = ("decision", "request_id")


def comparable(answer):
    status, body = answer
    return status, {name: value for name, value in body.items() if name not in OWN}


def some_calls(number):
    """Calls of every kind, the same for both doors but for their user."""
    chosen = random.Random(20260512)  # noqa: S311 - a story, not a secret
    odd = [
        b"",
        b"[]",
        b"{",
        b'{"workload": "W-01", "workload": "W-01", "tier": "standard", "user": "u"}',
        b'{"workload": "W-01", "tier": "standard", "user": "a\\u0000b"}',
        b'{"workload": "W-01", "tier": "standard", "user": "\\ud800"}',
    ]
    for index in range(number):
        if index % 25 == 24:
            yield odd[index // 25 % len(odd)]
            continue
        body = asked(
            f"u-{chosen.randrange(12)}",
            tier=chosen.choice(["standard", "paid", "metered", "standard", "gold"]),
            expected_tokens=chosen.choice([None, 0, 1, 900, 5_000, 40_000, -1, "x"]),
            model=chosen.choice(["", "", "Sonnet", "haiku", "Opus"]),
            workload=chosen.choice(["W-01"] * 8 + ["W-02", "W-77", "w1"]),
        )
        if chosen.random() < 0.1:
            body[chosen.choice(["agent", "colour", "test"])] = chosen.choice(
                ["a-1", None, True]
            )
        yield body


def test_view_and_gate_server_answer_the_same_calls_alike(server, workload, token):
    for number in range(12):
        for side in "vs":
            settle(workload, number * 11_000, f"u-{number}{side}")
    ask = Asker(server.port, token)
    different = []

    for body in some_calls(CALLS):
        told = []
        for side in "vs":
            own = (
                body
                if isinstance(body, bytes)
                else {**body, "user": body["user"] + side}
            )
            told.append(by_view(token, own) if side == "v" else ask.once(own))
        if comparable(told[0]) != comparable(told[1]):
            different.append((body, told))

    assert not different[:3]


# --- Ten fit, and ten are allowed --------------------------------------------------------


def allowed(answers):
    assert {status for status, _ in answers} == {200}
    return sum(body["action"] == "allow" for _, body in answers)


def race(workload, user, asks):
    settle(workload, 100_000 - LEFT, user)
    answers = together(
        [
            partial(ask, asked(user, f"{user}-{index}", expected_tokens=EACH))
            for index, ask in enumerate(asks)
        ]
    )
    assert allowed(answers) == LEFT // EACH
    held = Reservation.objects.filter(user_ref=user)
    assert (held.count(), sum(one.tokens for one in held)) == (LEFT // EACH, LEFT)
    for _, body in answers:
        if body["action"] == "block":
            assert "settled" in body["reason"]
            assert "resets on" in body["reason"]
    return answers


def test_of_two_hundred_at_once_exactly_those_that_fit_are_allowed(
    server, workload, token
):
    for number in range(RACES):
        race(
            workload, f"r-{number}", [Asker(server.port, token) for _ in range(ASKING)]
        )


def test_web_view_and_gate_server_together_allow_exactly_what_fits(
    server, workload, token
):
    for number in range(RACES):
        doors = [
            Asker(server.port, token)
            if index % 5
            else partial(lambda body: close_after(partial(by_view, token, body)))
            for index in range(ASKING)
        ]
        race(workload, f"r-{number}", doors)


def test_a_gate_server_that_is_killed_allows_no_more_and_no_less(
    server, workload, token
):
    for number in range(RACES):
        killer = threading.Thread(target=_killed_and_started, args=(server,))
        asks = [Asker(server.port, token) for _ in range(ASKING)]
        killer.start()
        answers = race(workload, f"r-{number}", asks)
        killer.join(60)
        made = {body["decision"] for _, body in answers}
        assert len(made) == ASKING
        assert Decision.objects.filter(pk__in=made).count() == ASKING


def _killed_and_started(server):
    time.sleep(0.05)
    server.kill()
    server.start()


def test_each_level_is_spoken_once_by_fifty_who_ask_at_once(server, workload, token):
    settle(workload, 99_999, "u-1")

    answers = together(
        [
            partial(Asker(server.port, token), asked("u-1", f"s-{index}"))
            for index in range(50)
        ]
    )

    spoken = [one["level"] for _, body in answers for one in body["signals"]]
    assert len(spoken) == 1


# --- What others change ------------------------------------------------------------------


def test_a_switch_holds_in_the_next_decision_of_every_process(server, workload, token):
    ask = Asker(server.port, token)
    with gate_server() as second:
        other = Asker(second.port, token)
        for number in range(5):
            assert ask(asked("u-1"))[1]["action"] == "allow"
            assert other(asked("u-1"))[1]["action"] == "allow"
            switch = KillSwitch.objects.create(
                scope="all", target="", reason=f"{number}", thrown_at=clock.now()
            )

            held = [door(asked("u-1"))[1]["gate"] for door in (ask, other)]

            assert held == ["kill_switch", "kill_switch"]
            assert by_view(token, asked("u-1"))[1]["gate"] == "kill_switch"
            KillSwitch.objects.filter(pk=switch.pk).update(lifted_at=clock.now())


def test_new_and_revoked_tokens_count_from_the_next_call(server, workload, token, cast):
    ask = Asker(server.port, token)
    assert ask(asked("u-1"))[0] == 200
    issued = issue_token(
        actor=cast.ada, user=cast.gateway, scopes=[Scope.GATES_DECIDE], now=clock.now()
    )
    fresh = Asker(server.port, issued.secret)
    assert fresh(asked("u-1"))[0] == 200

    issued.token.revoked_at = clock.now()
    issued.token.save(update_fields=["revoked_at"])

    status, body = fresh(asked("u-1"))
    assert (status, body["code"]) == (401, "token_revoked")


def test_a_workload_that_moves_to_a_stopped_department_is_held(server, workload, token):
    ask = Asker(server.port, token)
    department = Department.objects.create(code="ops", name="Operations")
    KillSwitch.objects.create(
        scope="department", target="ops", reason="x", thrown_at=clock.now()
    )
    assert ask(asked("u-1"))[1]["action"] == "allow"

    workload.department = department
    workload.save(update_fields=["department"])

    assert ask(asked("u-1"))[1]["gate"] == "kill_switch"


# --- The database comes and goes ---------------------------------------------------------


def test_connections_that_are_cut_lose_nothing(server, workload, token):
    settle(workload, 0, "u-1")
    until = time.monotonic() + SOAK_SECONDS
    cuts = threading.Thread(target=_cut_until, args=(until,))
    cuts.start()
    told, index = [], 0
    while time.monotonic() < until:
        told += together(
            [
                partial(
                    Asker(server.port, token),
                    asked(f"c-{index}-{one}", f"c-{index}-{one}", expected_tokens=10),
                )
                for one in range(8)
            ]
        )
        index += 1
    cuts.join(30)

    assert {status for status, _ in told} == {200}
    made = {body["decision"] for _, body in told}
    assert len(made) == len(told)
    assert Decision.objects.filter(pk__in=made).count() == len(told)
    # Each once: a call that was repeated reserved no second time.
    assert Reservation.objects.filter(user_ref__startswith="c-").count() == len(told)


def test_a_connection_cut_while_nobody_asks_is_opened_again(server):
    assert wait_until(lambda: reaches_database(server.port), 10)
    _cut()

    # Not one question comes meanwhile.
    assert wait_until(lambda: open_connections() == 2, 10)
    assert reaches_database(server.port)


def reaches_database(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/livez", timeout=5) as told:
        return json.load(told)["database"] == "up"


def open_connections():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE application_name = 'weighbridge gate'"
        )
        [(number,)] = cursor.fetchall()
    return number


def _cut():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE application_name = 'weighbridge gate'"
        )


def _cut_until(until):
    try:
        while time.monotonic() < until:
            time.sleep(min(2.0, SOAK_SECONDS / 4))
            _cut()
    finally:
        connection.close()


def test_out_of_reach_the_policy_says_what_happens(workload, token):
    """The database takes no new connection: the policy's field answers, and 503 where a
    server never read a policy."""
    with gate_server() as server:
        ask = Asker(server.port, token)
        assert ask(asked("u-1"))[1]["action"] == "allow"
        with _no_connections():
            status, body = ask.once(asked("u-1", model="Haiku"))
            assert (status, body["action"], body["reason_code"]) == (
                200,
                "block",
                "unreachable",
            )
            assert (body["decision"], body["gate_version"]) == (None, 1)
            unknown = Asker(server.port, "wb_unknown")
            assert unknown.once(asked("u-1"))[0] == 503
        assert ask(asked("u-1"), seconds=10)[1]["decision"] is not None


class _no_connections:  # noqa: N801 - read as a word
    """No new connection is taken, and those of the gate server are ended."""

    def __enter__(self):
        self._allow("false")
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        time.sleep(0.5)

    def __exit__(self, *_):
        self._allow("true")
        time.sleep(0.5)

    def _allow(self, word):
        values = connection.settings_dict
        # From beside it: a database does not shut itself.
        with psycopg.connect(
            dbname="postgres",
            user=values["USER"],
            host=values["HOST"],
            autocommit=True,
        ) as beside:
            beside.execute(
                f'ALTER DATABASE "{values["NAME"]}" ALLOW_CONNECTIONS {word}'
            )
