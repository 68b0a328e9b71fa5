"""Programs that are run on a copy of the released commit's files: with limits, and none of the runner's secrets."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from pytest_readiness.core import programs
from pytest_readiness.core.audit import sent
from pytest_readiness.core.environment import environment
from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.core.redact import Redactor
from pytest_readiness.core.text import cut, visible
from pytest_readiness.domains.source.commit import ReleaseCommit, read_files
from pytest_readiness.domains.source.facts.tree import GitTree

RUN_SECONDS = 840
MOST_OUTPUT = 32 * 2**20
_COPY_BYTES = 2**30
_LONGEST_FILE = 48 * 2**20
_MEMORY_KIB = 24 * 2**20
"""Of addresses: Node reserves many of them and uses few."""
_FILE_BLOCKS = 2**21
"""Of 512 bytes, that a file may have which the program writes."""
_PASSED_ON = ("LANG", "LC_ALL", "LC_CTYPE", "TZ")
_PLACES = ("node_modules/.bin", ".venv/bin", "venv/bin")
_ESCAPE = re.compile(rb"\x1b(?:\[[0-?]{0,30}[ -/]{0,4}[@-~]|\][^\x07\x1b]{0,300}(?:\x07|\x1b\\)|[@-Z\\^_])")
_UNHELD = ("", ".", "..", ".git")


@dataclass(frozen=True, slots=True)
class ToolEnded:
    """How a program ended.

    Attributes:
        status: its exit status.
        output: what it printed, without the colours of terminals.
        errors: the end of its errors, likewise.
    """

    status: int
    output: str
    errors: str

    @property
    def last(self) -> str:
        """The last line of its errors, or else of its output, without secrets."""
        lines = [line for line in (self.errors.splitlines() or self.output.splitlines()) if line.strip()]
        return visible(cut(Redactor()(lines[-1]), 100)) if lines else ""


@dataclass(frozen=True, slots=True)
class ToolPlace:
    """Where programs run.

    Attributes:
        folder: the copy of the commit's files.
        top: the working tree.
        path: folders that programs are looked for in.
        variables: names of variables of this run that they get.
    """

    folder: Path
    top: Path
    path: str
    variables: tuple[str, ...] = ()

    def found(self, name: str) -> str:
        """The program of this name.

        Raises:
            CouldNotVerify: there is none.
        """
        if "/" in name:
            return name
        if found := shutil.which(name, path=self.path):
            return found
        raise CouldNotVerify(
            f"{cut(name, 60)} is neither beside the project nor on the path: install it, or set `tool_path`"
        )

    def run(self, words: Sequence[str], *, seconds: float = RUN_SECONDS, together: bool = False) -> ToolEnded:
        """Run a program in the copy.

        Args:
            words: the program and what it takes.
            seconds: after which it is ended.
            together: its errors are read as output.

        Raises:
            CouldNotVerify: it is not there, could not be run, took too long or printed too much.
        """
        program, *rest = words
        line = shlex.join([self.found(program), *rest]) + (" 2>&1" if together else "")
        sent(f"run '{visible(cut(shlex.join(words), 150))}' on a copy of the commit")
        limits = f"ulimit -c 0; ulimit -f {_FILE_BLOCKS}; ulimit -v {_MEMORY_KIB}; "
        home = self.folder.parent / "home"
        home.mkdir(exist_ok=True)
        ours = {name: value for name, value in environment().items() if name in (*_PASSED_ON, *self.variables)}
        given = {"PATH": self.path, "HOME": str(home), "TMPDIR": str(home), "NO_COLOR": "1", "TERM": "dumb", **ours}
        try:
            ended = programs.run(
                os.fsencode(f"{limits}{line}"), seconds=seconds, most_bytes=MOST_OUTPUT, cwd=self.folder, env=given
            )
        except OSError as error:
            raise CouldNotVerify(f"{cut(program, 60)} could not be started ({error.strerror})") from None
        if ended.late or ended.excess:
            how = f"end within {seconds:g} s" if ended.late else f"print less than {MOST_OUTPUT // 2**20} MiB"
            raise CouldNotVerify(f"{cut(program, 60)} did not {how}")
        done = ToolEnded(ended.status, _text(ended.output), _text(ended.errors))
        if ended.status in (126, 127):
            raise CouldNotVerify(f"{cut(program, 60)} could not be run (exit code {ended.status}: {done.last})")
        if ended.status < 0 or ended.status == 137:
            raise CouldNotVerify(f"{cut(program, 60)} was ended by a signal (exit code {ended.status})")
        return done


def _text(data: bytes) -> str:
    return _ESCAPE.sub(b"", data).decode("utf-8", "replace")


@contextmanager
def copied(
    commit: ReleaseCommit,
    tree: GitTree,
    *,
    tool_path: str = "",
    linked: Sequence[str] = (),
    variables: Sequence[str] = (),
) -> Iterator[ToolPlace]:
    """Yield a place with a copy of the commit's files, which is removed afterwards.

    Args:
        commit: the commit.
        tree: its files. Submodules are left out, and so are links that lead out of the tree.
        tool_path: a folder that programs are looked for in first, from the top of the working tree.
        linked: folders of the working tree with what is installed there; those that are there and not in the commit
            are linked into the copy.
        variables: names of variables of this run that programs get.

    Raises:
        CouldNotVerify: the files cannot be read, are too many bytes, or there is no such folder.
    """
    top = Path(commit.path)
    first = [tool_path] if tool_path else list(_PLACES)
    if tool_path and not (top / tool_path).is_dir():
        raise CouldNotVerify(f"{top / tool_path}, the `tool_path`, is not a folder")
    path = os.pathsep.join([*(str(top / each) for each in first), os.environ.get("PATH", os.defpath)])
    if sum(each.size for each in tree.files) > _COPY_BYTES:
        raise CouldNotVerify(f"the commit {commit.short} has more than 1 GiB of files")
    if large := [each.path for each in tree.files if each.size > _LONGEST_FILE]:
        raise CouldNotVerify(f"{visible(cut(large[0], 100))} is too large to be copied")
    with tempfile.TemporaryDirectory(prefix="readiness-", ignore_cleanup_errors=True) as name:
        folder = Path(name) / "tree"
        folder.mkdir()
        _write(commit, tree, folder)
        for each in linked:
            if not (folder / each).exists() and (top / each).is_dir():
                (folder / each).parent.mkdir(parents=True, exist_ok=True)
                (folder / each).symlink_to(top / each)
        yield ToolPlace(folder, top, path, tuple(variables))


def _write(commit: ReleaseCommit, tree: GitTree, folder: Path) -> None:
    for file, data in read_files(commit, tree.files, most=_LONGEST_FILE):
        if not any(part in _UNHELD for part in file.path.lower().split("/")):
            path = folder / file.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            path.chmod(0o755 if file.mode == "100755" else 0o644)
    links = [replace(each, mode="100644") for each in tree.files if each.mode == "120000"]
    for file, data in read_files(commit, links):
        target = os.path.normpath(PurePosixPath(file.path).parent / os.fsdecode(data))
        if not target.startswith(("/", "..")) and not any(part in _UNHELD for part in file.path.lower().split("/")):
            path = folder / file.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.symlink_to(os.fsdecode(data))
