"""One connection of the gate server: a prepared statement, one batch at a time.

libpq's own non-blocking calls on the server's event loop. The driver's generators would
cost as much again as the statement.
"""

import asyncio
from collections.abc import Callable, Sequence

from django.db import connection
from psycopg import OperationalError, pq
from psycopg.conninfo import make_conninfo
from psycopg.pq import abc

from capacity.runtime.reserve import PREPARED

NAME = b"reserve"
PATIENCE_SECONDS = 5.0
"""After so long without an answer the connection is given up, and asked anew."""
# As the statement would set them for itself: rows are found by their keys.
_OPTIONS = " ".join(
    f"-c enable_{name}=off"
    for name in ("seqscan", "bitmapscan", "hashjoin", "mergejoin")
)
_WANTED = ("host", "port", "user", "password", "dbname", "sslmode", "sslrootcert")

Row = Sequence[bytes | None]


class Lost(Exception):
    """The connection is gone: whether the statement was carried out is not known."""


class Refused(Exception):
    """The database carried nothing out, and says why."""

    def __init__(self, sqlstate: str, message: str) -> None:
        super().__init__(f"{sqlstate} {message}")
        self.sqlstate = sqlstate


def address() -> bytes:
    """Of the database, as Django has it."""
    parameters = connection.get_connection_params()
    wanted = {name: parameters[name] for name in _WANTED if parameters.get(name)}
    return make_conninfo(
        "",
        **wanted,
        application_name="weighbridge gate",
        connect_timeout=2,
        options=_OPTIONS,
    ).encode()


class Link:
    """`on_loss` is called when a connection is gone, asked or not."""

    def __init__(self, on_loss: Callable[[], None]) -> None:
        self.loop = asyncio.get_running_loop()
        self.on_loss = on_loss
        self.pg: abc.PGconn | None = None
        self.socket = -1
        self.answer: asyncio.Future[list[abc.PGresult]] | None = None

    @property
    def is_up(self) -> bool:
        return self.pg is not None

    async def open(self) -> None:
        """Raises Lost where the database does not answer."""
        self.close()
        try:
            self.pg = await self.loop.run_in_executor(None, _connected)
        except OperationalError as error:
            raise Lost(str(error)) from error
        self.socket = self.pg.socket
        self.loop.add_reader(self.socket, self._read)

    def close(self) -> None:
        if self.pg is not None:
            self.loop.remove_reader(self.socket)
            self.pg.finish()
            self.pg = None
            self.on_loss()
        self._end(Lost("The connection was closed."))

    async def ask(self, parameters: Sequence[str | None]) -> list[Row]:
        """The rows of the statement. Raises Lost or Refused."""
        if self.pg is None:
            raise Lost("There is no connection.")
        self.answer = self.loop.create_future()
        late = self.loop.call_later(PATIENCE_SECONDS, self.close)
        try:
            self.pg.send_query_prepared(
                NAME, [None if one is None else one.encode() for one in parameters]
            )
            self._send()
            results = await self.answer
        except OperationalError as error:
            self.close()
            raise Lost(str(error)) from error
        finally:
            late.cancel()
            self.answer = None
        return _rows(results)

    def _send(self) -> None:
        """What the socket does not take at once goes when it takes more."""
        if self.pg is None:
            return
        try:
            unsent = self.pg.flush()
        except OperationalError:
            self.close()
            return
        if unsent:
            self.loop.add_writer(self.socket, self._send)
        else:
            self.loop.remove_writer(self.socket)

    def _read(self) -> None:
        pg = self.pg
        if pg is None:
            return
        try:
            pg.consume_input()
            if pg.is_busy():
                return
            results = []
            while (result := pg.get_result()) is not None:
                results.append(result)
        except OperationalError:
            self.close()
            return
        if pg.status != pq.ConnStatus.OK:
            self.close()
        elif results and self.answer is not None and not self.answer.done():
            self.answer.set_result(results)

    def _end(self, error: Exception) -> None:
        if self.answer is not None and not self.answer.done():
            self.answer.set_exception(error)


def _connected() -> abc.PGconn:
    pg = pq.PGconn.connect(address())
    if pg.status != pq.ConnStatus.OK:
        raise OperationalError(pg.get_error_message())
    result = pg.prepare(NAME, PREPARED.encode())
    if result.status != pq.ExecStatus.COMMAND_OK:
        raise OperationalError(result.get_error_message())
    pg.nonblocking = 1
    return pg


def _rows(results: list[abc.PGresult]) -> list[Row]:
    result = results[0]
    if result.status != pq.ExecStatus.TUPLES_OK:
        state = result.error_field(pq.DiagnosticField.SQLSTATE) or b""
        raise Refused(state.decode(), result.get_error_message())
    value = result.get_value
    columns = range(result.nfields)
    return [[value(row, column) for column in columns] for row in range(result.ntuples)]
