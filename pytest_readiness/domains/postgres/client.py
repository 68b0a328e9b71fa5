"""Speaking with a server through a process that the runner's environment and the server's answers cannot sway."""

from __future__ import annotations

import json
import os
import signal
import ssl
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from subprocess import DEVNULL, PIPE, Popen
from typing import Any

from pytest_readiness.core import children
from pytest_readiness.core.audit import sent
from pytest_readiness.core.evidence import CouldNotVerify, Unreachable

MEMORY_BYTES = 64 * 2**20
"""What libpq may take for all that a server sends; it keeps a message, and a result, in memory as a whole."""
ANSWER_BYTES = 2**20
"""Of what the process may say; a server's settings and roles are some kilobytes."""


def ask(
    where: str,
    conninfo: str,
    *,
    questions: Mapping[str, tuple[int, str]] | None,
    addresses: Sequence[tuple[str, int]] = (),
    session_seconds: float = 0,
    seconds: int,
) -> dict[str, Any]:
    """Open a session, ask, and close it; return what the last line of the process says (see `worker`).

    Args:
        where: the database, for messages and the audit log.
        conninfo: all that is known of the session to be opened; nothing is taken from anywhere else.
        questions: SELECT statements by name, each with the oldest version that can answer it, as server_version_num
            counts; None where the session is closed at once.
        addresses: hosts and ports to ask, after a timeout, whether anybody is there.
        session_seconds: for all questions together.
        seconds: for everything.

    Raises:
        Unreachable: nobody opened a session, or refused one, in time.
        CouldNotVerify: it took more memory than it may, or the process ended without a word.
    """
    request = {
        "conninfo": conninfo,
        "questions": questions,
        "addresses": addresses,
        "session_seconds": session_seconds,
        "seconds": seconds,
        "memory": MEMORY_BYTES,
        "parent": os.getpid(),
    }
    answer: dict[str, Any] = {}
    with children.start(
        # -P: the working directory holds the user's files, which must not be imported.
        [sys.executable, "-P", "-W", "ignore", "-m", "pytest_readiness.domains.postgres.worker"],
        stdin=PIPE,
        stdout=PIPE,
        stderr=DEVNULL,
        env=environment(),
    ) as process:
        try:
            assert process.stdin is not None
            # One that could not begin has closed it; that is seen below.
            with suppress(OSError), process.stdin:
                process.stdin.write(json.dumps(request).encode())
            for line in _lines(process, where):
                said = json.loads(line)
                if "sent" in said:
                    sent(f"{said['sent']} at {where}")
                else:
                    answer = {**answer, **said}
        finally:
            children.end(process)
    if answer.get("full"):
        raise _too_much(where)
    if not answer and process.returncode == -signal.SIGALRM:
        raise Unreachable(f"{where} opened no session and refused none within {seconds} s")
    if not answer:
        raise CouldNotVerify(f"the process that asked {where} ended early (status {process.returncode})")
    return answer


def environment() -> dict[str, str]:
    """All that libpq and its libraries find in the environment: where to import from, and nothing about servers."""
    trusted = ssl.get_default_verify_paths()
    return {
        "PATH": os.defpath,
        "LC_ALL": "C.UTF-8",
        # libpq would find a password, a client certificate and authorities there.
        "HOME": os.devnull,
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        # A copy of OpenSSL that comes in a wheel does not know where this machine keeps its authorities.
        "SSL_CERT_FILE": trusted.openssl_cafile,
        "SSL_CERT_DIR": trusted.openssl_capath,
    }


def _lines(process: Popen[bytes], where: str) -> Iterator[bytes]:
    assert process.stdout is not None
    left = ANSWER_BYTES
    while line := process.stdout.readline(left):
        left -= len(line)
        if left <= 0:
            raise _too_much(where)
        yield line


def _too_much(where: str) -> CouldNotVerify:
    return CouldNotVerify(f"{where} answered with more than it may: {MEMORY_BYTES >> 20} MiB are read at most")
