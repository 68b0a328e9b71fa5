"""What every bench needs: pytest in a process of its own, ways measured in turn, and a row of the table."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import TypeVar

T = TypeVar("T")

_COMPILED = TemporaryDirectory(prefix="bench-")
"""Bytecode of everything that runs, kept as on a user's machine whatever the environment says."""


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison: medians of both sides, their ratio, and what it must be; empty texts where there is none."""

    what: str
    ours: str
    other: str
    ratio: str = ""
    target: str = ""
    met: bool | None = None


@dataclass(frozen=True, slots=True)
class Ran:
    """A process that ended: seconds by the clock, of processor time, the most memory in MB, and what it wrote."""

    seconds: float
    cpu: float
    memory: float
    output: str


def started(*command: str | Path, folder: Path, expect: str = "", status: Sequence[int] = (0,)) -> Ran:
    """Run a program to its end.

    Args:
        command: its name and arguments.
        folder: where it runs.
        expect: what its output must hold, so that nothing is measured that did not do its work.
        status: how it may end.

    Raises:
        RuntimeError: it ended otherwise.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "PYTHON"))}
    environment["PYTHONPYCACHEPREFIX"] = _COMPILED.name
    with TemporaryFile() as file:
        begun = time.perf_counter()
        process = subprocess.Popen(
            list(map(str, command)),
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
        )
        try:
            _, code, usage = os.wait4(process.pid, 0)
        except BaseException:
            process.kill()
            process.wait()
            raise
        seconds = time.perf_counter() - begun
        process.returncode = os.waitstatus_to_exitcode(code)
        file.seek(0)
        output = file.read().decode(errors="replace")
    if process.returncode not in status or expect not in output:
        raise RuntimeError(f"{' '.join(map(str, command))} ended with {process.returncode}:\n{output[-3000:]}")
    return Ran(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, output)


def python(*arguments: str | Path, folder: Path, expect: str = "", status: Sequence[int] = (0,)) -> Ran:
    """Run this interpreter; see `started`."""
    return started(sys.executable, *arguments, folder=folder, expect=expect, status=status)


def pytest(*arguments: str | Path, folder: Path, expect: str = "", status: Sequence[int] = (0,)) -> Ran:
    """Run pytest quietly, without its cache and the plugins that only this project's own tests need; see `started`."""
    without = [each for name in ("cacheprovider", "hypothesispytest", "timeout") for each in ("-p", f"no:{name}")]
    return python("-m", "pytest", "-q", *without, *arguments, folder=folder, expect=expect, status=status)


def in_turn(rounds: int, ways: Mapping[str, Callable[[], T]]) -> dict[str, list[T]]:
    """Go each way once a round, so that whatever else the machine does meets all of them alike.

    The first round finds nothing compiled, which the medians of several rounds pass over.
    """
    results: dict[str, list[T]] = {name: [] for name in ways}
    for number in range(rounds):
        for name in sorted(ways, reverse=number % 2 == 1):
            results[name].append(ways[name]())
    return results


def median(runs: Sequence[Ran], what: str = "seconds") -> float:
    """The median of one figure over runs."""
    return float(statistics.median(getattr(run, what) for run in runs))


def at_most(what: str, ours: float, other: float, limit: float) -> Row:
    """A row of seconds where ours may take that many times as long as the other."""
    ratio = ours / other
    return Row(what, f"{ours:.2f} s", f"{other:.2f} s", f"{ratio:.2f}", f"≤ {limit:g}", ratio <= limit)


def faster(what: str, ours: float, other: float, times: float = 1) -> Row:
    """A row of seconds where ours must be that many times as fast as the other."""
    ratio = other / ours
    return Row(what, f"{ours:.2f} s", f"{other:.2f} s", f"{ratio:.1f} × faster", f"≥ {times:g} ×", ratio >= times)


def write(folder: Path, files: Mapping[str, str]) -> Path:
    """Write files into a new folder, with a pytest.ini that makes it the root directory; return it."""
    folder.mkdir(parents=True)
    for name, text in {"pytest.ini": "[pytest]\n", **files}.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def noop_tests(number: int) -> str:
    """A module with that many tests that do nothing."""
    return (
        f"import pytest\n\n@pytest.mark.parametrize('number', range({number}))\ndef test_nothing(number):\n    pass\n"
    )
