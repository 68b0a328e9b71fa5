"""Work that would keep this process's only interpreter busy, or changes what all its threads share: done in another."""

from __future__ import annotations

import os
import shlex
import sys
import tempfile
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from pytest_readiness.core import programs
from pytest_readiness.core.environment import neutral
from pytest_readiness.core.evidence import CouldNotVerify

_MOST_BYTES = 64 * 2**20
MEMORY_KIB = 4 * 2**20
WORKER = "pytest_readiness.domains.source.worker"
Record = TypeVar("Record")


def apart(job: str, given: object, kind: type[Record], seconds: float) -> Record:
    """Return what the worker makes of it.

    Args:
        job: what is to be done; the worker knows what it takes and returns.
        given: a record.
        kind: of the record that it returns.
        seconds: after which it is ended.

    Raises:
        CouldNotVerify: it could not be started or did not end well, or says so itself.
    """
    # -P: the working directory holds the user's files, which must not be imported. A parser of C has no stack for
    # what is nested without end, and is alone in its process.
    words = [sys.executable, "-P", "-W", "ignore", "-m", WORKER, job]
    environment = neutral() | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PYTHONUTF8": "1"}
    try:
        with tempfile.NamedTemporaryFile() as file:
            file.write(TypeAdapter(type(given)).dump_json(given))
            file.flush()
            line = f"ulimit -v {MEMORY_KIB}; exec {shlex.join(words)} <{shlex.quote(file.name)}"
            ended = programs.run(os.fsencode(line), seconds=seconds, most_bytes=_MOST_BYTES, env=environment)
    except OSError as error:
        raise CouldNotVerify(f"a process of Python could not be started ({error})") from None
    if ended.late or ended.excess:
        raise CouldNotVerify(f"the code was not looked through {'in time' if ended.late else 'in 64 MiB of findings'}")
    if ended.status == 3:
        raise CouldNotVerify(ended.errors.decode("utf-8", "replace").strip())
    if ended.status:
        raise CouldNotVerify(f"the process that looks through the code ended early (status {ended.status})")
    try:
        return TypeAdapter(kind).validate_json(ended.output)
    except ValidationError:
        raise CouldNotVerify("the process that looks through the code ended without a whole answer") from None
