"""Where a result comes from: what ran, which version of what was looked at, when, and from where."""

from __future__ import annotations

import os
import platform
import shlex
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pytest_readiness import __version__
from pytest_readiness.core import clock
from pytest_readiness.core.audit import sent
from pytest_readiness.core.environment import neutral
from pytest_readiness.plan.plan import Plan

KEPT_OPTIONS = ("--readiness-config", "--readiness-allow", "--readiness-release")
"""Options, each with a value, without which a test would not run again as it ran."""
KEPT_FLAGS = ("--readiness-fenced",)


@dataclass(frozen=True, slots=True)
class Provenance:
    """Everything that a reader needs to trust a result, or to repeat it.

    Attributes:
        target: name and description of the target.
        release: the release that the run decides about, or "".
        commit: commit of the repository that holds readiness.yaml, with "+ changes" where it is not clean, or "".
        checklists: name and SHA-256 of each document.
        started, finished: UTC, ISO 8601.
        seconds: how long the run took.
        runner: host name of the machine that looked.
        versions: of this plugin, pytest and Python.
        command: the arguments of the run.
        replayed_from: when the recording was made that was judged instead of the target, or "".
        documents: name of each checklist, and its path as pytest's node ids begin with it.
    """

    target: str
    description: str
    release: str
    commit: str
    checklists: tuple[tuple[str, str], ...]
    started: str
    finished: str
    seconds: float
    runner: str
    versions: tuple[tuple[str, str], ...]
    command: tuple[str, ...]
    replayed_from: str = ""
    documents: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, plan: Plan, release: str, command: Sequence[str], root: Path, pytest: str) -> Provenance:
        """Return what is known when the run begins.

        Args:
            plan: what is to be looked at.
            release: the release that the run decides about, or "".
            command: the arguments of the run.
            root: folder that pytest's node ids begin at.
            pytest: version of pytest.
        """
        configuration = plan.configuration
        return cls(
            target=configuration.target.name,
            description=configuration.target.description,
            release=release,
            commit=_commit(configuration.path.resolve().parent),
            checklists=tuple(
                (planned.checklist.name, planned.checklist.sha256) for planned in plan.checklists.values()
            ),
            started=clock.now().isoformat(timespec="seconds"),
            finished="",
            seconds=-time.time(),
            runner=socket.gethostname(),
            versions=(
                ("pytest-readiness", __version__),
                ("pytest", pytest),
                ("Python", platform.python_version()),
                ("platform", sys.platform),
            ),
            command=tuple(command),
            documents=tuple(
                (planned.checklist.name, Path(os.path.relpath(path.resolve(), root)).as_posix())
                for path, planned in plan.checklists.items()
            ),
        )

    def finished_at(self, now: float) -> Provenance:
        """Return it with the end of the run."""
        return replace(self, finished=clock.now().isoformat(timespec="seconds"), seconds=round(self.seconds + now, 3))


def place_of(path: Path, root: Path) -> str:
    """Return where a file is: from the top of the repository that holds it, or else from `root`."""
    path = path.resolve()
    top = next((folder for folder in path.parents if (folder / ".git").exists()), root)
    return Path(os.path.relpath(path, top)).as_posix()


def _commit(folder: Path) -> str:
    git = shutil.which("git")
    if git is None:
        return ""
    outputs: list[str] = []
    for arguments in (["rev-parse", "HEAD"], ["status", "--porcelain", "--untracked-files=no"]):
        sent(f"run 'git {arguments[0]}' in {folder}")
        try:
            done = subprocess.run(
                [git, "-C", str(folder), *arguments],
                capture_output=True,
                text=True,
                timeout=5,
                check=True,
                stdin=subprocess.DEVNULL,
                env=neutral(),
            )
        except (OSError, subprocess.SubprocessError):
            return outputs[0] if outputs else ""
        outputs.append(done.stdout.strip())
    return outputs[0] + (" + changes" if outputs[1] else "")


def again(target: str, command: Sequence[str], nodes: Iterable[str]) -> str:
    """Return the line for a shell that runs these tests again.

    Args:
        target: its name.
        command: the arguments of the run that they were in.
        nodes: ids of the tests.
    """
    return shlex.join(["pytest", f"--readiness-target={target}", *_kept(command), *nodes])


def _kept(arguments: Sequence[str]) -> Iterator[str]:
    for argument, following in zip(arguments, [*arguments[1:], ""], strict=True):
        name, sign, _ = argument.partition("=")
        if argument in KEPT_FLAGS or (name in KEPT_OPTIONS and sign):
            yield argument
        elif name in KEPT_OPTIONS:
            yield f"{name}={following}"
