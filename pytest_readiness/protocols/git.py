"""What git says of a repository: asked by its own program, bounded in time and bytes, swayed by nobody's settings."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import tempfile
from pathlib import Path

from pytest_readiness.core import programs
from pytest_readiness.core.audit import sent
from pytest_readiness.core.environment import neutral
from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.core.text import cut

GIT_SECONDS = 20
MOST_BYTES = 64 * 2**20
"""Of one answer."""

USER = re.compile(r"//[^/@\s]{1,400}@")
"""Who asks, and with which password, in an address."""
CUT_OFF = "the history is cut off here; fetch all of it (fetch-depth: 0, or git fetch --unshallow)"

# What a repository or a machine may set to have other authors or commits shown, paths written otherwise, or a program
# of its own run.
_UNSWAYED = (
    *("--literal-pathspecs", "--no-replace-objects"),
    *("-c", "log.showSignature=no", "-c", "core.quotePath=off"),
    *("-c", "core.trustCtime=true", "-c", "core.checkStat=default", "-c", "status.showUntrackedFiles=all"),
    *("-c", "core.fsmonitor=false", "-c", f"core.hooksPath={os.devnull}"),
)


class GitError(Exception):
    """git could not answer; the message is a clause."""


def ask_git(
    folder: Path,
    *arguments: str,
    given: bytes = b"",
    accepted: tuple[int, ...] = (0,),
    seconds: float = GIT_SECONDS,
    most_bytes: int = MOST_BYTES,
    online: bool = False,
) -> bytes:
    """Return what git prints.

    Args:
        folder: the working tree, or a folder in it.
        arguments: the command and what it takes; pathspecs are literal, but those of check-ignore, which has no others
            than such as begin with a colon.
        given: what it reads from its standard input.
        accepted: exit codes that are an answer.
        seconds: after which it is ended.
        most_bytes: of its answer.
        online: whether it may ask a remote. Otherwise what a partial clone lacks is not fetched, one file at a time.

    Raises:
        GitError: it is not installed, ended otherwise, took too long or printed too much.
    """
    program = shutil.which("git")
    if program is None:
        raise GitError("git is not installed")
    sent(f"run 'git {arguments[0]}' in {folder}")
    words = [
        program,
        *_UNSWAYED,
        *["--no-literal-pathspecs"] * (arguments[0] == "check-ignore"),
        "-C",
        str(folder),
        *arguments,
    ]
    # A hook of Git's runs with GIT_DIR, which names another repository.
    # A repository's own file of grafts gives commits other parents, and no option turns it off.
    environment = neutral() | {"GIT_GRAFT_FILE": os.devnull, "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0"}
    # Without a terminal nobody can answer what ssh may ask.
    environment |= {"SSH_ASKPASS": "true", "SSH_ASKPASS_REQUIRE": "force"} if online else {"GIT_ALLOW_PROTOCOL": "none"}
    try:
        with tempfile.NamedTemporaryFile() as file:
            file.write(given)
            file.flush()
            line = os.fsencode(f"exec {shlex.join(words)} <{shlex.quote(file.name)}")
            ended = programs.run(line, seconds=seconds, most_bytes=most_bytes, env=environment)
    except (OSError, CouldNotVerify) as error:
        raise GitError(f"git could not be run ({error})") from None
    if ended.late or ended.excess:
        how = f"answer within {seconds:g} seconds" if ended.late else f"answer in {most_bytes // 2**20} MiB"
        raise GitError(f"git {arguments[0]} did not {how}")
    if ended.status not in accepted:
        raise GitError(_said(ended.errors.decode("utf-8", "replace").strip(), folder, ended.status))
    return ended.output


def _said(errors: str, folder: Path, status: int) -> str:
    if "dubious ownership" in errors:
        whole = f"git config --global --add safe.directory {folder}"
        return f"the repository belongs to another user than this run's; if that is right, run '{whole}'"
    if "promisor" in errors or "not allowed" in errors:
        return "the clone is a partial one and lacks some of the files; clone without --filter"
    lines = USER.sub("//", errors).splitlines()
    return cut(lines[-1]) if lines else f"git ended with exit code {status}"


def is_cut_off(folder: Path, commit: str) -> bool:
    """Whether a commit has parents that are not here, as the last one of a shallow clone: all seems to begin in it.

    Raises:
        GitError: git cannot tell.
    """
    head = ask_git(folder, "cat-file", "commit", commit).partition(b"\n\n")[0]
    has = sum(line.startswith(b"parent ") for line in head.split(b"\n"))
    return has != len(ask_git(folder, "show", "-s", "--format=%P", commit).split())
