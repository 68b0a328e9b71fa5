"""What `apart` runs in a process of its own: a job's name as its argument, a record in and a record out, as JSON."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from pydantic import TypeAdapter

from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.domains.source.code import walk
from pytest_readiness.domains.source.commit import ReleaseCommit
from pytest_readiness.domains.source.secrets import SecretsAsked, scan

JOBS: dict[str, tuple[Any, Callable[[Any], object]]] = {
    "code": (ReleaseCommit, walk),
    "secrets": (SecretsAsked, scan),
}


def main() -> None:
    """Do the job.

    Raises:
        SystemExit: with 3, and the sentence on stderr, where it could not be done.
    """
    kind, work = JOBS[sys.argv[1]]
    given = TypeAdapter(kind).validate_json(sys.stdin.buffer.read())
    try:
        done = work(given)
    except CouldNotVerify as error:
        sys.stderr.write(str(error))
        raise SystemExit(3) from None
    sys.stdout.buffer.write(TypeAdapter(type(done)).dump_json(done))


if __name__ == "__main__":
    main()
