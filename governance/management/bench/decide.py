"""`decide_*` and `simulate_us`: the hot path against the bare server, and alone."""

import json
import random
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection

from capacity.enums import GateState, ModelClass, OnUnreachable
from capacity.formulas.gates import Counters, Overage, Policy, Tier, decide, month_of
from capacity.models import GatePolicy, GateTier, ModelPrice
from capacity.runtime.asking import ensure_months
from governance.management.bench import database
from governance.management.bench.load import CONSTANT
from governance.management.bench.results import (
    NotMeasured,
    Result,
    in_turns,
    median_of,
)
from governance.management.bench.server import LOOPBACK, serve
from portal.kernel import clock
from portal.kernel.enums import Role, Scope
from portal.kernel.models import User
from portal.kernel.services.tokens import issue_token
from workloads.models import Workload

DECIDE = "/api/v1/gates/decide/"
BY_ORM = "/bench/decide/"
GATE = "governance.management.bench.gate:application"
USERS, FEWER_USERS = 10_000, 1_000
EACH = 1_000
FEW = 100
"""Calls that fit under the ceiling of the tier `few`."""
REQUESTS = 20_000
SEED = 20_260_512
Say = Callable[[str], None]


def decide_c16(user: User, seconds: float, say: Say) -> Result:
    """16 connections against the same server's constant answer; ≥ 0.35, p99 ≤ 8 ms."""
    with _gate(user) as asked:
        slowest: list[float] = []
        floor, ours = in_turns(
            lambda: asked(CONSTANT, 16, seconds)["rate"],
            lambda: _noted(asked(DECIDE, 16, seconds), slowest, say),
        )
    p99 = sorted(slowest[1:])[len(slowest[1:]) // 2]
    extra = {"p99_ms": round(p99, 2), "p99_ms_bar": 8.0}
    return _rate(floor, ours, 0.35, extra=extra)


def decide_c8(user: User, seconds: float, say: Say) -> Result:
    """8 connections, ≥ 0.18; and what ten times the users cost, ≤ 1.3."""
    costs = []
    with _gate(user) as asked:
        for users in (FEWER_USERS, USERS):
            floor, ours = in_turns(
                lambda: asked(CONSTANT, 8, seconds)["rate"],
                partial(_rate_of, asked, users, seconds),
            )
            say(f"{users:,} users: {ours:,.0f} of {floor:,.0f} calls/s")
            costs.append(floor / ours)
    return _rate(floor, ours, 0.18, growth=costs[1] / costs[0], growth_bar=1.3)


def decide_c1(user: User, seconds: float, say: Say) -> Result:
    """One connection, one call after the other; half of them within 1 ms."""
    with _gate(user) as asked:
        ours = median_of(lambda: asked(DECIDE, 1, seconds)["p50_ms"])
    say(f"p50 {ours:.2f} ms")
    return Result(None, 1.0, "lower", None, ours, "ms", absolute=True)


def decide_hot_user(user: User, seconds: float, say: Say) -> Result:
    """All on one user's counter, ≥ 0.5 of many users'; and its ceiling exact."""
    with _gate(user) as asked:
        floor, ours = in_turns(
            lambda: asked(DECIDE, 16, seconds)["rate"],
            lambda: asked(DECIDE, 16, seconds, users=1)["rate"],
        )
        asked(DECIDE, 16, min(seconds, 1.0), users=1, tier="few")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), sum(r.tokens) FROM capacity_reservation r"
            " JOIN capacity_decision d ON d.id = r.decision WHERE d.tier = 'few'"
        )
        calls, tokens = cursor.fetchone()
    say(f"{calls} calls of {EACH} tokens fitted under {FEW * EACH:,}")
    found = _rate(floor, ours, 0.5, extra={"ceiling": "exact"})
    if (calls, tokens) == (FEW, FEW * EACH):
        return found
    return Result(
        found.ratio,
        0.5,
        "higher",
        floor,
        ours,
        found.unit,
        reason=f"{tokens} tokens were reserved under a ceiling of {FEW * EACH}",
    )


def decide_orm(user: User, seconds: float, say: Say) -> Result:
    """8 connections against the same decision by DRF and the ORM; ≥ 20 ×."""
    with _gate(user) as asked, serve(database.NAME) as port:
        requests = _requests(asked.secret, BY_ORM, USERS, "standard")
        floor, ours = in_turns(
            lambda: _asked(port, 8, seconds, requests)["rate"],
            lambda: asked(DECIDE, 8, seconds)["rate"],
        )
    say(f"{ours:,.0f} against {floor:,.0f} calls/s")
    return _rate(floor, ours, 20.0)


def simulate_us(_user: User, seconds: float, say: Say) -> Result:
    """The pure function in process: the slower of a call under and one over; ≤ 5 µs."""
    policy, tier = Policy(1, "Sonnet", "Haiku"), Tier(100_000, Overage.SOFT_CAP)
    month = month_of(datetime(2026, 6, 15, tzinfo=UTC), ZoneInfo("UTC"))
    took = {
        name: median_of(
            partial(_microseconds, seconds / 4, policy, tier, Counters(used), month)
        )
        for name, used in (("under", 40_000), ("over", 120_000))
    }
    say(", ".join(f"{name} {value:.2f} µs" for name, value in took.items()))
    return Result(None, 5.0, "lower", None, max(took.values()), "µs", absolute=True)


def _microseconds(seconds: float, *facts: Any) -> float:
    policy, tier, counters, month = facts
    calls, began = 0, time.perf_counter()
    while time.perf_counter() < began + seconds:
        for _ in range(1_000):
            decide(policy, tier, counters, month, expected=EACH)
        calls += 1_000
    return (time.perf_counter() - began) / calls * 1_000_000


# --- One gate, many users ----------------------------------------------------------------


class _gate:  # noqa: N801 - read as a word
    """A gate with two tiers and a server on it; called, it is asked."""

    def __init__(self, user: User) -> None:
        now = clock.now()
        runtime = _person("bench-runtime", Role.RUNTIME)
        _make_gate(user, _person("bench-finance", Role.FINANCE), now)
        ensure_months(now)
        issued = issue_token(
            actor=None,
            user=runtime,
            scopes=[Scope.GATES_DECIDE],
            now=now,
            expires_at=now + timedelta(hours=6),
        )
        self.secret = issued.secret
        self.server = serve(database.NAME, GATE, threads=0)

    def __enter__(self) -> "_gate":
        self.port = self.server.__enter__()
        return self

    def __exit__(self, *raised: Any) -> None:
        self.server.__exit__(*raised)

    def __call__(
        self,
        path: str,
        connections: int,
        seconds: float,
        *,
        users: int = USERS,
        tier: str = "standard",
    ) -> dict[str, float]:
        requests = _requests(self.secret, path, users, tier)
        return _asked(self.port, connections, seconds, requests)


def _rate_of(asked: _gate, users: int, seconds: float) -> float:
    return asked(DECIDE, 8, seconds, users=users)["rate"]


def _person(name: str, role: Role) -> User:
    person = User.objects.filter(username=name).first()
    if person is None:
        person = User(username=name, roles=[str(role)], created_at=clock.now())
        person.set_unusable_password()
        person.save()
    return person


def _make_gate(owner: User, finance: User, now: datetime) -> None:
    database.fill_plan(owner, 1, 1)
    for model, kind in (("Sonnet", ModelClass.STANDARD), ("Haiku", ModelClass.BUDGET)):
        ModelPrice.objects.create(
            model=model,
            model_class=kind,
            valid_from=now.date(),
            input_per_million=3,
            cached_input_per_million=1,
            output_per_million=15,
            currency="USD",
            entered_at=now,
        )
    policy = GatePolicy.objects.create(
        workload=Workload.objects.get(number=1),
        version=1,
        primary_model="Sonnet",
        degrade_model="Haiku",
        on_unreachable=OnUnreachable.BLOCK,
        created_at=now,
        edited_at=now,
    )
    for tier, ceiling in (("standard", 10**14), ("few", FEW * EACH)):
        GateTier.objects.create(
            policy=policy, tier=tier, ceiling_tokens=ceiling, overage="hard_cap"
        )
    GatePolicy.objects.filter(pk=policy.pk).update(
        state=GateState.ACTIVE,
        owner_agreed_by=owner,
        owner_agreed_at=now,
        finance_agreed_by=finance,
        finance_agreed_at=now,
        activated_at=now,
    )


def _requests(secret: str, path: str, users: int, tier: str) -> list[str]:
    """Whole requests, their users in an order that is the same in every run."""
    chosen = random.Random(SEED)  # noqa: S311 - a load, not a secret
    return [
        _request(secret, path, f"{tier}-{chosen.randrange(users)}", tier)
        for _ in range(min(REQUESTS, users * 4))
    ]


def _request(secret: str, path: str, user: str, tier: str) -> str:
    body = json.dumps(
        {"workload": "W-01", "tier": tier, "user": user, "expected_tokens": EACH}
    )
    return (
        f"POST {path} HTTP/1.1\r\nHost: {LOOPBACK}\r\nAuthorization: Bearer {secret}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    )


def _asked(
    port: int, connections: int, seconds: float, requests: list[str]
) -> dict[str, Any]:
    """By the client, in a process of its own: it must not share an interpreter."""
    client = subprocess.run(  # noqa: S603 - our own interpreter and module
        [
            *(sys.executable, "-m", "governance.management.bench.load"),
            *(str(port), str(connections), str(seconds)),
        ],
        cwd=settings.BASE_DIR,
        input=json.dumps(requests),
        capture_output=True,
        text=True,
        check=False,
        timeout=seconds + 60,
    )
    if client.returncode:
        raise NotMeasured(f"The client failed: {client.stderr[-300:]}")
    found: dict[str, Any] = json.loads(client.stdout)
    if "refused" in found:
        raise NotMeasured(f"The server answered {found['refused']}")
    return found


def _noted(asked: dict[str, float], slowest: list[float], say: Say) -> float:
    slowest.append(asked["p99_ms"])
    say(
        f"{asked['rate']:,.0f} calls/s, p50 {asked['p50_ms']:.2f} ms,"
        f" p99 {asked['p99_ms']:.2f} ms"
    )
    return asked["rate"]


def _rate(
    floor: float,
    ours: float,
    bar: float,
    *,
    growth: float | None = None,
    growth_bar: float | None = None,
    extra: dict[str, Any] | None = None,
) -> Result:
    return Result(
        ratio=ours / floor,
        bar=bar,
        better="higher",
        floor=floor,
        ours=ours,
        unit="req/s",
        growth=growth,
        growth_bar=growth_bar,
        extra=extra or {},
    )
