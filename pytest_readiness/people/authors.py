"""What git knows of a file of decisions: who wrote an entry, whether the commit is signed; and how old a file is."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from pytest_readiness.config.model import Proof
from pytest_readiness.core.problems import ProblemsError
from pytest_readiness.core.yamlfile import YamlList, parse_yaml
from pytest_readiness.people.rules import same_person
from pytest_readiness.protocols.git import CUT_OFF, GitError, ask_git, is_cut_off

# A commit of a line, with SHA-1 or SHA-256, and the line's number in the file.
_ORIGIN = re.compile(r"([0-9a-f]{40,64}) \d+ (\d+)(?: \d+)?")


def _git(folder: Path, *arguments: str) -> str:
    return ask_git(folder, *arguments).decode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class Written:
    """An entry as it is in its file.

    Attributes:
        lines: the lines of its keys.
        by: who it says has made it: a mail address or a name.
        says: all that it says, by key.
        evidence: the file that shows it, relative to that of the entries, where no digest says what was in it; or "".
    """

    lines: Sequence[int]
    by: str
    says: Mapping[str, Any]
    evidence: str = ""


def doubts(path: Path, key: str, entries: Sequence[Written], proof: Proof) -> dict[int, str]:
    """Return, by first line, why an entry is not proven to be by the person that it names.

    Args:
        path: the file of sign-offs or waivers.
        key: the name of its list.
        entries: what is in it.
        proof: what is asked for; nothing is looked at for "none".
    """
    if proof == "none" or not entries:
        return {}
    try:
        history = _History(path, key)
    except GitError as error:
        return {entry.lines[0]: f"its author could not be determined: {error}" for entry in entries}
    found = {}
    for entry in entries:
        try:
            found[entry.lines[0]] = history.doubt(entry, proof)
        except GitError as error:
            found[entry.lines[0]] = f"its author could not be determined: {error}"
    return {line: why for line, why in found.items() if why}


class _History:
    """The commits that wrote what is in a file of decisions."""

    def __init__(self, path: Path, key: str) -> None:
        self._path = path
        self._key = key
        self._blamed = _blamed(path)
        self._authors: dict[str, tuple[str, str]] = {}
        self._signatures: dict[tuple[str, str], str] = {}
        self._entries: dict[tuple[str, str], Sequence[Any]] = {}

    def doubt(self, entry: Written, proof: Proof) -> str:
        """Why an entry is not proven to be by the person that it names; "" where it is."""
        origins = list(dict.fromkeys(self._blamed.get(line, ("", "")) for line in entry.lines))
        for commit, _ in origins:
            if not commit.strip("0"):
                return "it is not committed yet, so its author cannot be proven"
            if is_cut_off(self._path.parent, commit):
                return f"who wrote it is not known before the commit {commit[:12]}: {CUT_OFF}"
            name, mail = self._author(commit)
            if not any(same_person(entry.by, each) for each in (name, mail)):
                return f"the commit {commit[:12]} that wrote it is by {name} <{mail}>"
            if proof == "signature" and (wrong := self._signature(commit, entry.by)):
                return f"the commit {commit[:12]} that wrote it {wrong}"
        # No line shows who took another away.
        whole = [origin for origin in origins if dict(entry.says) in self._entries_at(*origin)]
        if not whole:
            commits = " or ".join(commit[:12] for commit, _ in origins)
            return f"it no longer says what {entry.by} committed in {commits}: a line was changed or taken away since"
        return self._unlike(entry, *whole[-1]) if entry.evidence else ""

    def _unlike(self, entry: Written, commit: str, name: str) -> str:
        """Why the evidence of an entry is not what was there when it was committed; "" where it is."""
        then = posixpath.normpath(posixpath.join(posixpath.dirname(name), entry.evidence))
        remedy = "sign it again with its sha256, as 'readiness sign' does"
        try:
            signed = _git(self._path.parent, "rev-parse", "--verify", "--quiet", f"{commit}:{then}").strip()
        except GitError:
            return f"its evidence {entry.evidence} was not there in the commit {commit[:12]} that wrote it; {remedy}"
        try:
            now = _git(self._path.parent, "hash-object", "--", entry.evidence).strip()
        except GitError:
            return ""  # whoever judges the evidence says that it is not there
        return "" if now == signed else f"its evidence {entry.evidence} has changed since it was signed; {remedy}"

    def _author(self, commit: str) -> tuple[str, str]:
        if commit not in self._authors:
            # As it is in the commit: %aN, %aE and blame follow .mailmap.
            name, _, mail = _git(self._path.parent, "show", "-s", "--format=%an%n%ae", commit).strip().partition("\n")
            self._authors[commit] = name, mail
        return self._authors[commit]

    def _signature(self, commit: str, by: str) -> str:
        if (commit, by) not in self._signatures:
            self._signatures[commit, by] = _signature(self._path.parent, commit, by)
        return self._signatures[commit, by]

    def _entries_at(self, commit: str, name: str) -> Sequence[Any]:
        if (commit, name) not in self._entries:
            text = _git(self._path.parent, "show", "--no-textconv", f"{commit}:{name}")
            try:
                entries = parse_yaml(text.removeprefix("\ufeff"), self._path, self._key).get(self._key)
            except ProblemsError:
                entries = None
            self._entries[commit, name] = entries if isinstance(entries, YamlList) else ()
        return self._entries[commit, name]


def _blamed(path: Path) -> dict[int, tuple[str, str]]:
    """By line the commit that wrote it, and the file's path in that commit."""
    # An empty name clears what blame.ignoreRevsFile names.
    asked = ("blame", "--ignore-revs-file=", "--no-textconv", "--line-porcelain", "--", path.name)
    output = _git(path.parent, *asked)
    lines: dict[int, tuple[str, str]] = {}
    commit = name = ""
    number = 0
    # Only line feeds end a row: a text in the file may hold other line separators.
    for row in output.split("\n"):
        if row.startswith("\t"):
            lines[number] = commit, name
        elif row.startswith("filename "):
            name = row.removeprefix("filename ")
        elif match := _ORIGIN.fullmatch(row):
            commit, number = match[1], int(match[2])
    return lines


def _signature(folder: Path, commit: str, by: str) -> str:
    """Return what is wrong with the signature of a commit, or "" where it is a good one by that person."""
    try:
        state, _, signer = _git(folder, "show", "-s", "--format=%G? %GS", commit).strip().partition(" ")
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
    right = any(same_person(by, each) for each in (signer, name, mail.removesuffix(">")))
    return "" if right else f"is signed by {signer}"


def last_change(path: Path) -> date:
    """Return the day, in UTC, from which the content of a file is.

    That is the day on which the same content was first written, by the author's date of the commit, wherever it was
    then: a new name, a copy, another mode, a rebase and a revert make nothing new. What Git has never seen is as old as
    the file.

    Raises:
        GitError: the file is in a repository, and that cannot tell.
    """
    file = path.resolve()
    if not any((above / ".git").exists() for above in file.parents):
        return _day(file.stat().st_mtime)
    content = _git(file.parent, "hash-object", "--", file.name).strip()
    # In a merge, too: what resolved it may be new.
    asked = ("log", "--all", "-m", f"--find-object={content}", "--format=%at %H", "--no-patch")
    commits = [line.split() for line in _git(file.parent, *asked).splitlines() if line]
    if not commits:
        return _day(file.stat().st_mtime)
    seconds, commit = min(commits, key=lambda each: int(each[0]))
    if is_cut_off(file.parent, commit):
        raise GitError(f"what was before the commit {commit[:12]} is not known: {CUT_OFF}")
    return _day(int(seconds))


def _day(seconds: float) -> date:
    return datetime.fromtimestamp(seconds, UTC).date()
