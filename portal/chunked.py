"""Bodies that come in chunks: WSGI names no length for them, and Django reads none."""

from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any

# The most that any address takes (/usage/); each refuses by its own limit.
MOST_BYTES = 32 * 1024 * 1024

Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


def with_length(application: Application) -> Application:
    """Give a chunked body its length, so that it is read and limited like any other.

    Unread, it would count as empty: a call whose members are all optional would be
    carried out without them.
    """

    def measured(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower():
            body = environ["wsgi.input"].read(MOST_BYTES + 1)
            environ = {
                **environ,
                "wsgi.input": BytesIO(body),
                "CONTENT_LENGTH": str(len(body)),
            }
        return application(environ, start_response)

    return measured
