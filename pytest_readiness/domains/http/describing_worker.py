"""The process of `describing`: `python -m pytest_readiness.domains.http.describing_worker DESCRIPTOR PARENT`."""

from __future__ import annotations

import resource
import sys
from multiprocessing.connection import Connection

from pytest_readiness.core.children import end_with
from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.domains.http.openapi import Document, read, undeclared

MEMORY = 1024**3
PROCESSOR_SECONDS = 300
"""After which the system ends the process, should nobody else."""


def serve(channel: Connection) -> None:
    """Read the description that comes first, and judge each answer that follows."""
    document: Document | None = None
    while True:
        try:
            one, other = channel.recv()
        except EOFError:
            return
        try:
            if document is None:
                found: object
                document, found = read(one, other)
            else:
                found = undeclared(document, one, other)
        except CouldNotVerify as error:
            channel.send((error.reason, None))
        except MemoryError:
            channel.send((f"it takes more than {MEMORY // 1024**2} MiB of memory", None))
        else:
            channel.send(("", found))


if __name__ == "__main__":
    # It sees no pipe that is closed while a regular expression never ends.
    end_with(int(sys.argv[2]))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (PROCESSOR_SECONDS, PROCESSOR_SECONDS))
    serve(Connection(int(sys.argv[1])))
