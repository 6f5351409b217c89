"""A scripted portal, and a client that asks it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.clients.bundles import bundle_of
from tests.clients.portals import GATE, PORTAL, ScriptedPortal
from tests.conftest import NOW
from weighbridge_client import Client, Options


@pytest.fixture
def portal() -> ScriptedPortal:
    return ScriptedPortal(bundle_of())


@pytest.fixture
def connect(portal: ScriptedPortal, tmp_path: Path) -> Iterator[Callable[..., Client]]:
    """Clients of the scripted portal; their thread sleeps, the test asks for its work."""
    made: list[Client] = []

    def connect(**options: object) -> Client:
        settings = {
            "bundle_seconds": 3600.0,
            "usage_seconds": 3600.0,
            "cool_off_seconds": 0.0,
            "transport": portal.transport,
            "clock": lambda: NOW,
        }
        client = Client(
            PORTAL,
            token="wb_x",  # noqa: S106 - nobody's
            runtime="support-bot",
            directory=tmp_path / "client",
            gate_url=GATE,
            options=Options(**{**settings, **options}),
        )
        # What runs beside the calls is asked for by name here.
        client.start = lambda: None
        made.append(client)
        return client

    yield connect
    for client in made:
        client.close()


@pytest.fixture
def client(connect: Callable[..., Client]) -> Client:
    return connect()
