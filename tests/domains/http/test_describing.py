"""The process that judges answers by a description: how it ends."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.stack.process import children, program_of, wait_until

PROGRAM = """
import json
from datetime import UTC, datetime
from pytest_readiness.core.domains import load_catalogue
load_catalogue()
from pytest_readiness.domains.http import describing
from pytest_readiness.domains.http.describing import Describer
from pytest_readiness.protocols.http.answer import Response

SCHEMA = {"type": "string", "pattern": "^(a+)+$"}
ANSWER = {"description": "", "content": {"application/json": {"schema": SCHEMA}}}
PATHS = {"/a": {"get": {"responses": {"200": ANSWER}}}}
with Describer("here") as describer:
    text = json.dumps({"openapi": "3.1.0", "info": {"title": "x", "version": "1"}, "paths": PATHS})
    assert not describer.read(text, "http://localhost/openapi.json").fault
    headers = (("content-type", "application/json"),)
    answer = Response("http://localhost/a", 200, headers, json.dumps("a" * 60 + "!"), False, 0.0, datetime.now(UTC))
    print("read", flush=True)
    describing.JUDGING_SECONDS = 600
    describer.undeclared("/a", answer)
"""


def _ticks(pid: int) -> int:
    """What a process has used of a processor."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11])


def test_it_ends_with_a_process_that_is_killed() -> None:
    """Also in the middle of a regular expression, in which it sees no pipe that is closed."""
    with subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"read\n"
        (worker,) = children(process.pid)
        begun = _ticks(worker)
        wait_until(lambda: _ticks(worker) > begun + 50, "the regular expression is tried")
        process.kill()
    wait_until(lambda: not program_of(worker).startswith("python"), "the process that judges has ended")
