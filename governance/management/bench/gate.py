"""The gate server on the bench's database, and beside it a constant answer.

The server is given this module; the database's name comes in WEIGHBRIDGE_BENCH_DATABASE.
"""

import os
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

from django.conf import settings

settings.DATABASES["default"]["NAME"] = os.environ["WEIGHBRIDGE_BENCH_DATABASE"]

from capacity.runtime.server import JSON, Gate  # noqa: E402 - reads what was set above
from governance.management.bench.load import CONSTANT  # noqa: E402

BODY = (
    b'{"decision":"01a1ffe3-7b71-745b-9f76-a8de96d77fb8","action":"allow",'
    b'"model":"Sonnet","level":null,"signals":[],"consumed_tokens":0,'
    b'"ceiling_tokens":1000000000000,"consumed":0.0,"projected":0.0,'
    b'"remaining_tokens":999999999000,"reserved_tokens":1000,'
    b'"resets_at":"2026-12-01T00:00:00Z","gate_version":1,"gate":null,'
    b'"reason":"0 of 1,000,000,000,000 tokens used this month.",'
    b'"reason_code":"under_ceiling"}'
)


class WithFloor(Gate):
    """The same server; at one address it reads the body and says what it always says."""

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:
        if scope.path != CONSTANT:
            await super().__rsgi__(scope, protocol)
            return
        await protocol()
        protocol.response_bytes(200, JSON, BODY)


application = WithFloor()
