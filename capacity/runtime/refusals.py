"""Problems as the gate server tells them: what the API's own handler makes of them."""

import logging
from typing import Any

from portal.kernel.api.problems import problem_body, problem_headers, problem_of
from portal.kernel.api.renderers import PROBLEM_JSON, to_json
from portal.kernel.enums import Source
from portal.kernel.origin import new_request_id, origin

log = logging.getLogger(__name__)

SERVER_ERRORS = 500


Said = tuple[int, list[tuple[str, str]], bytes]
"""Status, headers, body."""


def refused(error: BaseException, scope: Any) -> Said:
    """In JSON (RFC 9457), with the headers that belong to it; ours is logged whole."""
    problem = problem_of(error)
    with origin(Source.API, request_id=new_request_id()) as door:
        if problem.status == SERVER_ERRORS:
            log.error("gate: failed: %s", scope.path, exc_info=error)
        headers = {
            name.lower(): text for name, text in problem_headers(problem).items()
        }
        told = [
            ("content-type", PROBLEM_JSON),
            ("cache-control", "no-store"),
            ("x-request-id", door.request_id),
            *headers.items(),
        ]
        return problem.status, told, to_json(problem_body(problem, scope.path))
