"""The process in which libpq speaks with a server: a request on standard input, JSON by the line on standard output.

libpq reads some sixty environment variables, and files below HOME, and some of them (PGSERVICE, PGTZ) no connection
string can override. What a server sends it takes into memory whole. So it has a process of its own, which `client`
starts without any of these variables, and which may use so much memory and time, and no more.
"""

from __future__ import annotations

import json
import os
import re
import resource
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_readiness.core.children import end_with

if TYPE_CHECKING:
    import psycopg

_NO_ROOM = re.compile(r"(?<!:  )(out of memory|cannot allocate memory)")
# PgBouncer's words, where pool_mode is statement.
_NO_TRANSACTIONS = re.compile(r"transaction blocks not allowed")
# READ COMMITTED: where the role's default is a serializable one, that may wait for others to end, and a standby refuses
# it.
_BEGIN = "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY"
# What the questions name is the server's own, whatever schemas the role's search_path puts before it.
_SET = "SET LOCAL search_path = pg_catalog, pg_temp"
_SSL_REQUEST = b"\0\0\0\x08\x04\xd2\x16\x2f"
_KNOCK_SECONDS = 2.0


def main() -> None:
    """Answer one request (see `client.ask`)."""
    request = json.load(sys.stdin)
    end_with(request["parent"])
    signal.alarm(request["seconds"])
    import psycopg

    # After the import: what Python itself needs is not the server's doing.
    resource.setrlimit(resource.RLIMIT_DATA, (_data_bytes() + request["memory"],) * 2)
    try:
        connection = _connect(request)
    except psycopg.errors.ConnectionTimeout as error:
        _say(refused=str(error), late=True, alive=_answers_anybody(request["addresses"]))
    except psycopg.Error as error:
        _say(refused=str(error), late=False, alive=True, full=_is_full(error))
    else:
        with closing(connection):
            _ask(connection, request)


def _connect(request: Mapping[str, Any]) -> psycopg.Connection[Any]:
    import psycopg

    # Without psycopg's own transactions: what begins one is a statement like others, and may be refused.
    return psycopg.connect(request["conninfo"], prepare_threshold=None, autocommit=True)


def _ask(connection: psycopg.Connection[Any], request: Mapping[str, Any]) -> None:
    import psycopg

    if request["questions"] is None:
        _say(opened=_opened(connection))
        return
    with _breaking_off(connection, request["session_seconds"]) as late:
        try:
            connection.execute(_noted(_BEGIN))
        except psycopg.Error as error:
            why = _words(error)
            if _NO_TRANSACTIONS.search(why):
                _ask_without_transaction(request, why)
                return
            _say(ended=why, late=late.is_set(), broken=connection.broken, full=_is_full(error))
            return
        try:
            _say(opened={**_opened(connection), **_answers(connection, request["questions"])})
            _say(sent="ROLLBACK")
            connection.rollback()
        except psycopg.Error as error:
            _say(ended=_words(error), late=late.is_set(), broken=connection.broken, full=_is_full(error))


def _ask_without_transaction(request: Mapping[str, Any], why: str) -> None:
    """Ask a pooler that takes each statement alone for no more than the version: other answers need a transaction."""
    import psycopg

    first = "version"
    with closing(_connect(request)) as connection, _breaking_off(connection, request["session_seconds"]) as late:
        try:
            round_trip_ms = _round_trip_ms(connection)
            rows = {first: connection.execute(_noted(request["questions"][first][1])).fetchall()}
        except psycopg.Error as error:
            _say(ended=_words(error), late=late.is_set(), broken=connection.broken, full=_is_full(error))
            return
        unread = dict.fromkeys(set(request["questions"]) - {first}, why)
        _say(opened={**_opened(connection), "round_trip_ms": round_trip_ms, "rows": rows, "unread": unread})


def _round_trip_ms(connection: psycopg.Connection[Any]) -> float:
    started = time.monotonic()
    connection.execute(_noted("SELECT 1"))
    return (time.monotonic() - started) * 1000


def _words(error: psycopg.Error) -> str:
    """The server's message, without its details and hints; libpq's own words where the server said nothing."""
    return error.diag.message_primary or str(error)


def _opened(connection: psycopg.Connection[Any]) -> dict[str, Any]:
    info = connection.info
    options = {each.keyword.decode(): (each.val or b"").decode() for each in connection.pgconn.info}
    return {
        "place": [info.host, info.hostaddr, info.port, info.user, info.dbname],
        "encrypted": bool(connection.pgconn.ssl_in_use),
        "sslmode": options["sslmode"],
    }


def _answers(connection: psycopg.Connection[Any], questions: Mapping[str, list[Any]]) -> dict[str, Any]:
    """The rows that each question was answered with, by its name; why it was not, by name too."""
    import psycopg

    connection.execute(_noted("SET LOCAL statement_timeout = '5s'"))
    connection.execute(_noted(_SET))
    round_trip_ms = _round_trip_ms(connection)
    version = connection.info.server_version
    rows: dict[str, Any] = {}
    unread: dict[str, str] = {}
    for name, (since, query) in questions.items():
        if version < since:
            rows[name] = []
            continue
        try:
            # A savepoint, so that a question that is refused does not end the session.
            with connection.transaction():
                rows[name] = connection.execute(_noted(query)).fetchall()
        except psycopg.Error as error:
            if connection.broken:
                raise
            unread[name] = _words(error)
        except ValueError:
            unread[name] = "its answer is not of the kind that was asked for"
    return {"round_trip_ms": round_trip_ms, "rows": rows, "unread": unread}


def _noted(query: str) -> bytes:
    _say(sent=" ".join(query.split()))
    return query.encode()


@contextmanager
def _breaking_off(connection: psycopg.Connection[Any], seconds: float) -> Iterator[threading.Event]:
    """Shut the socket after so many seconds: libpq waits forever for a server that has gone silent."""
    late = threading.Event()
    with socket.socket(fileno=os.dup(connection.fileno())) as duplicate:

        def break_off() -> None:
            late.set()
            with suppress(OSError):
                duplicate.shutdown(socket.SHUT_RDWR)

        timer = threading.Timer(seconds, break_off)
        timer.daemon = True
        timer.start()
        try:
            yield late
        finally:
            timer.cancel()


def _answers_anybody(addresses: list[tuple[str, int]]) -> bool:
    """Whether a server answers before it is told the database: a pooler may be silent about one of many."""
    for host, port in addresses:
        with suppress(OSError), socket.create_connection((host, port), _KNOCK_SECONDS) as connection:
            connection.sendall(_SSL_REQUEST)
            if connection.recv(1) in (b"S", b"N"):
                return True
    return False


def _is_full(error: psycopg.Error) -> bool:
    """Whether libpq had no room for what came; where it is the server that has none, the words are the server's."""
    return error.sqlstate is None and bool(_NO_ROOM.search(str(error)))


def _data_bytes() -> int:
    """What this process already has of the memory that RLIMIT_DATA counts."""
    status = Path("/proc/self/status").read_text("ascii")
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmData:"))


def _say(**what: Any) -> None:
    sys.stdout.write(f"{json.dumps(what)}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    try:
        main()
    except MemoryError:
        _say(full=True)
