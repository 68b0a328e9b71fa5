"""What git knows of a file of decisions: who wrote a line, whether the commit is signed, when a file last changed."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from pytest_readiness.config.model import Proof
from pytest_readiness.core.audit import sent
from pytest_readiness.core.environment import neutral

GIT_SECONDS = 20


_UNCOMMITTED = "0" * 40


class GitError(Exception):
    """git could not answer; the message is a clause."""


def _git(folder: Path, *arguments: str) -> str:
    program = shutil.which("git")
    if program is None:
        raise GitError("git is not installed")
    sent(f"run 'git {arguments[0]}' in {folder}")
    try:
        done = subprocess.run(
            [program, "--literal-pathspecs", "-C", str(folder), *arguments],
            capture_output=True,
            timeout=GIT_SECONDS,
            check=False,
            stdin=subprocess.DEVNULL,
            # A hook of Git's runs with GIT_DIR, which names another repository.
            env=neutral(),
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise GitError(f"git did not answer ({error})") from None
    if done.returncode:
        lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise GitError(lines[-1] if lines else f"git ended with exit code {done.returncode}")
    return done.stdout.decode("utf-8", "replace")


def doubts(path: Path, entries: Sequence[tuple[Sequence[int], str]], proof: Proof) -> dict[int, str]:
    """Return, by first line, why an entry is not proven to be by the person that it names.

    Args:
        path: the sign-offs file.
        entries: the lines of each entry and who it says has signed: a mail address or a name.
        proof: what is asked for; nothing is looked at for "none".
    """
    if proof == "none" or not entries:
        return {}
    try:
        written = _blamed(path)
    except GitError as error:
        return {lines[0]: f"its author could not be determined: {error}" for lines, _ in entries}
    found: dict[int, str] = {}
    signatures: dict[tuple[str, str], str] = {}
    for lines, by in entries:
        for commit, name, mail in dict.fromkeys(written.get(line, (_UNCOMMITTED, "", "")) for line in lines):
            if commit == _UNCOMMITTED:
                found[lines[0]] = "it is not committed yet, so its author cannot be proven"
            elif by.casefold() not in (name.casefold(), mail.casefold()):
                found[lines[0]] = f"the commit {commit[:12]} that wrote it is by {name} <{mail}>"
            elif proof == "signature":
                if (commit, by) not in signatures:
                    signatures[commit, by] = _signature(path.parent, commit, by)
                if signatures[commit, by]:
                    found[lines[0]] = f"the commit {commit[:12]} that wrote it {signatures[commit, by]}"
    return found


def _blamed(path: Path) -> dict[int, tuple[str, str, str]]:
    """Commit, author's name and mail address by line."""
    output = _git(path.parent, "blame", "--line-porcelain", "--", path.name)
    lines: dict[int, tuple[str, str, str]] = {}
    commit = name = mail = ""
    number = 0
    # Only line feeds end a row: a text in the file may hold other line separators.
    for row in output.split("\n"):
        if row.startswith("\t"):
            lines[number] = commit, name, mail
        elif row.startswith("author "):
            name = row.removeprefix("author ")
        elif row.startswith("author-mail "):
            mail = row.removeprefix("author-mail ").strip("<>")
        elif len(words := row.split(" ")) >= 3 and len(words[0]) == len(_UNCOMMITTED) and words[2].isdecimal():
            commit, number = words[0], int(words[2])
    return lines


def _signature(folder: Path, commit: str, by: str) -> str:
    """Return what is wrong with the signature of a commit, or "" where it is a good one by that person."""
    try:
        state, _, signer = _git(folder, "log", "-1", "--format=%G? %GS", commit).strip().partition(" ")
    except GitError as error:
        return f"could not be looked at: {error}"
    words = {
        "N": "is not signed",
        "B": "has a bad signature",
        "E": "has a signature that cannot be checked here",
        "X": "has a signature that has expired",
        "Y": "is signed by a key that has expired",
        "R": "is signed by a key that was revoked",
        "U": "is signed by a key that is not trusted here",
    }
    if state != "G":
        return words.get(state, "has a signature of unknown status")
    # A mail address, as in the list of allowed signers, or a name with one, as on a PGP key.
    name, _, mail = signer.partition(" <")
    right = by.casefold() in (signer.casefold(), name.casefold(), mail.removesuffix(">").casefold())
    return "" if right else f"is signed by {signer}"


def last_change(path: Path) -> date:
    """Return the day, in UTC, on which a file last changed: by its last commit, else by its time."""
    try:
        changed = _git(path.parent, "status", "--porcelain", "--", path.name).strip()
        stamp = "" if changed else _git(path.parent, "log", "-1", "--format=%ct", "--", path.name).strip()
    except GitError:
        stamp = ""
    seconds = float(stamp) if stamp else path.stat().st_mtime
    return datetime.fromtimestamp(seconds, UTC).date()
