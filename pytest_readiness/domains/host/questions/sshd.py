"""What sshd is set to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from pytest_readiness.domains.host.question import Question, Unread


@dataclass(frozen=True, slots=True)
class MatchBlock:
    """A Match block.

    Attributes:
        condition: whom it applies to, as it is written; behind that of the block that includes its file.
        settings: effective values by lower-case keyword, for a connection that no other block applies to.
        own: lower-case keywords that it sets.
    """

    condition: str
    settings: Mapping[str, str]
    own: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class SshServer:
    """Settings of sshd.

    Attributes:
        settings: effective values by lower-case keyword, for connections that no Match block applies to.
        blocks: its Match blocks, but for "Match all".
        given: lower-case keywords that its configuration or the options of the running sshd set.
        options: `-o` of the sshd that runs with this configuration.
        running: configurations of every sshd that waits for connections on the host.
        file: the configuration that the settings are from.
        changed: files and folders of it that changed after the sshd that runs with it read them, where that is known.
    """

    settings: Mapping[str, str]
    blocks: tuple[MatchBlock, ...]
    given: frozenset[str]
    options: tuple[str, ...]
    running: tuple[str, ...]
    file: str = ""
    changed: tuple[str, ...] = ()


def _server(text: str) -> SshServer:
    settings: dict[str, str] = {}
    blocks: list[MatchBlock] = []
    told: dict[str, list[str]] = {"set": [], "option": [], "reads": [], "file": [], "changed": []}
    # Earlier versions answered with all files, each behind a line "--".
    text, *files = text.split("\n--\n")
    if any(re.search(r'^\s*"?match\b', file, flags=re.IGNORECASE | re.MULTILINE) for file in files):
        raise Unread("its Match blocks were recorded by an earlier version, which did not ask sshd what they do")
    here = settings
    for line in text.splitlines():
        word, _, value = line.partition(" ")
        if word == "--match":
            here = dict(settings)
            blocks.append(MatchBlock(value, here))
        elif word == "--own" and blocks:
            blocks[-1] = replace(blocks[-1], own=blocks[-1].own | {value.lower()})
        elif word.startswith("--"):
            told.setdefault(word[2:], []).append(value)
        else:
            here[word] = value
    given = frozenset(map(str.lower, [*told["set"], *(re.split(r"[\s=]", each)[0] for each in told["option"])]))
    return SshServer(
        settings,
        tuple(blocks),
        given,
        tuple(told["option"]),
        tuple(told["reads"]),
        "".join(told["file"]),
        tuple(dict.fromkeys(told["changed"])),
    )


SSHD = Question("sshd", "the effective settings of sshd", Path(__file__).with_name("sshd.sh"), _server)
"""With a configuration file, or of what the running sshd reads: settings, also in Match blocks; needs root."""
