"""What of an env file stands in the source of the release."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

from pytest_readiness.config.target import Target
from pytest_readiness.core.entropy import decoded
from pytest_readiness.core.registry import fact
from pytest_readiness.domains.env.facts import EnvFacts
from pytest_readiness.domains.env.resource import EnvFile
from pytest_readiness.domains.env.secrets import pieces_of
from pytest_readiness.domains.source.commit import commit_of, files_of, read_files
from pytest_readiness.domains.source.resource import Repository

_SHORTEST = 4
"""Characters of a text that is looked for: shorter ones are everywhere."""
_ALONE_UP_TO = 16
"""Characters of a text that counts only where no letter or digit is beside it: it may be a piece of a word."""


@dataclass(frozen=True, slots=True)
class SourceSearch:
    """What is looked for.

    Attributes:
        repository: name of the repository whose release is searched.
        names: variables whose values are looked for.
    """

    repository: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class InSource:
    """Where values of variables stand in the source of the release.

    Attributes:
        commit: first digits of the commit.
        searched: the variables whose values were looked for.
        found: "NAME in FILE, line 3", the first place of each.
        places: how many of the variables were found.
        files: how many files were read.
        unread: how many were not: very large ones, links, submodules, and files of Git LFS.
    """

    commit: str
    searched: tuple[str, ...]
    found: tuple[str, ...]
    places: int
    files: int
    unread: int


@fact(deadline=120)
def in_source(env_file: EnvFile, env_facts: EnvFacts, target: Target, *, ask: SourceSearch) -> InSource:  # noqa: ARG001
    """Where the values of variables stand in the files of the commit that is released, byte for byte."""
    commit = commit_of(cast("Repository", target.named("repository", ask.repository)), target)
    wanted = {name: texts for name in ask.names if (texts := sorted(_texts(env_facts, name)))}
    files = files_of(commit)
    found: dict[str, str] = {}
    read = 0
    for file, data in read_files(commit, files):
        if data.startswith(b"version https://git-lfs.github.com/"):
            continue
        read += 1
        for name, texts in wanted.items():
            if name not in found and (line := next(filter(None, (_line(data, text) for text in texts)), 0)):
                found[name] = f"{name} in {file.path[:100]}, line {line}"
    return InSource(commit.short, tuple(wanted), tuple(found.values()), len(found), read, len(files) - read)


def _texts(facts: EnvFacts, name: str) -> set[bytes]:
    """The ways in which the value of a variable may be written elsewhere."""
    variable = facts.variables.get(name)
    if variable is None or variable.unfilled or variable.references:
        return set()
    pieces = pieces_of(name, variable)
    texts = {*pieces, *(form for each in pieces for form in decoded(each.removeprefix("base64:")))}
    return {each.encode() for each in texts if len(each) >= _SHORTEST}


def _line(data: bytes, text: bytes) -> int:
    """The first line with the text; 0 for none."""
    return next((data.count(b"\n", 0, at) + 1 for at in _places(data, text) if _is_alone(data, text, at)), 0)


def _places(data: bytes, text: bytes) -> Iterator[int]:
    at = data.find(text)
    while at >= 0:
        yield at
        at = data.find(text, at + 1)


def _is_alone(data: bytes, text: bytes, at: int) -> bool:
    beside = data[max(at - 1, 0) : at] + data[at + len(text) : at + len(text) + 1]
    return len(text) > _ALONE_UP_TO or not any(chr(each).isalnum() and each < 128 for each in beside)
