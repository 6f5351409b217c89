"""`plan_page` and `plan_api`: the plan's two readings, small and at full size."""

from collections.abc import Callable
from datetime import timedelta
from importlib import import_module

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.db import connection
from django.test import Client as InProcess
from django.test.utils import CaptureQueriesContext

from governance.management.bench import database
from governance.management.bench.results import Result, in_turns
from governance.management.bench.server import Client, serve
from portal.kernel import clock
from portal.kernel.enums import Scope
from portal.kernel.models import User
from portal.kernel.services.tokens import issue_token

PAGE = "/plan/?department=bench&group=quarter"
LIST = "/api/v1/workloads/?limit=100"
Say = Callable[[str], None]


def plan_page(user: User, seconds: float, say: Say) -> Result:
    """The table filtered to a page of 100 against the bare base page; ≤ 4 ×."""
    return _measure(
        user,
        sizes=(200, 2_000),
        ours=PAGE,
        floor="/bench/bare/",
        headers={"Cookie": f"{settings.SESSION_COOKIE_NAME}={session_of(user)}"},
        bar=4.0,
        queries_bar=8,
        seconds=seconds,
        say=say,
    )


def plan_api(user: User, seconds: float, say: Say) -> Result:
    """The list of 100 of 10,000 against the same rows by raw SQL and orjson; ≤ 1.7 ×."""
    now = clock.now()
    issued = issue_token(
        actor=user,
        user=user,
        scopes=[Scope.PLAN_READ],
        now=now,
        name="bench",
        expires_at=now + timedelta(hours=1),
    )
    return _measure(
        user,
        sizes=(1_000, 10_000),
        ours=LIST,
        floor="/bench/rows/",
        headers={
            "Authorization": f"Bearer {issued.secret}",
            "Cookie": f"{settings.SESSION_COOKIE_NAME}={session_of(user)}",
        },
        bar=1.7,
        queries_bar=3,
        seconds=seconds,
        say=say,
    )


def _measure(  # noqa: PLR0913 - one measurement, stated in full
    user: User,
    *,
    sizes: tuple[int, int],
    ours: str,
    floor: str,
    headers: dict[str, str],
    bar: float,
    queries_bar: int,
    seconds: float,
    say: Say,
) -> Result:
    ratios, filled = [], _workloads()
    floor_ms = ours_ms = 0.0
    with serve(database.NAME) as port:
        client = Client(port, headers)
        for size in sizes:
            if filled < size:
                say(f"{size} workloads")
                database.fill_plan(user, filled + 1, size)
                filled = size
            elif filled > size:
                continue
            floor_ms, ours_ms = in_turns(
                lambda: client.median_ms(floor, seconds),
                lambda: client.median_ms(ours, seconds),
            )
            ratios.append(ours_ms / floor_ms)
            say(f"{ours_ms:.2f} ms against {floor_ms:.2f} ms")
    growth = ratios[-1] / ratios[0] if len(ratios) > 1 else None
    return Result(
        ratio=ratios[-1],
        bar=bar,
        better="lower",
        floor=floor_ms,
        ours=ours_ms,
        unit="ms",
        growth=growth,
        growth_bar=1.3,
        extra={"queries": _queries(ours, headers), "queries_bar": queries_bar},
    )


def session_of(user: User) -> str:
    """A session as a sign-in makes it, without the password."""
    store = import_module(settings.SESSION_ENGINE).SessionStore()
    store[SESSION_KEY] = str(user.pk)
    store[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[-1]
    store[HASH_SESSION_KEY] = user.get_session_auth_hash()
    store.create()
    return str(store.session_key)


def _queries(path: str, headers: dict[str, str]) -> int:
    """Statements of one warm request, counted in this process."""
    client = InProcess(headers=headers, SERVER_NAME="127.0.0.1")
    client.get(path)
    with CaptureQueriesContext(connection) as captured:
        client.get(path)
    return len(captured)


def _workloads() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM workloads_workload")
        return int(cursor.fetchone()[0])
