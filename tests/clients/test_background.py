"""What runs beside the calls, with its thread."""

import time

from tests.clients.portals import PORTAL
from weighbridge_client import Client, Options


def _until(true, seconds=10.0):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.01)


def test_the_first_call_fetches_the_bundle_and_usage_leaves_by_itself(portal, tmp_path):
    client = Client(
        PORTAL,
        token="wb_x",  # noqa: S106 - nobody's
        runtime="support-bot",
        directory=tmp_path,
        options=Options(
            bundle_seconds=0.02, usage_seconds=0.02, transport=portal.transport
        ),
    )
    with client:
        with client.call("W-01", user="u-1", request_id="r-1") as call:
            call.used(input_tokens=1, output_tokens=1)
        _until(lambda: client.bundle is not None and portal.counted)
        portal.etag = '"8"'
        _until(lambda: client.bundle and client.bundle.etag == '"8"')
        portal.away = {"portal.test"}
        client.decide(client.question("W-01", user="u-1"))
        portal.away = set()
        with client.call("W-01", user="u-1", request_id="r-2") as call:
            call.used(input_tokens=1, output_tokens=1)
    assert sorted(one for _, one in portal.counted) == ["r-1", "r-2"]
