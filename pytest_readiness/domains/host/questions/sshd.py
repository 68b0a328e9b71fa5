"""What sshd is set to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pytest_readiness.domains.host.question import Question


@dataclass(frozen=True, slots=True)
class SshServer:
    """Settings of sshd.

    Attributes:
        settings: effective values by lower-case keyword (`sshd -T`).
        overrides: lines of Match blocks as (condition, lower-case keyword, value).
    """

    settings: Mapping[str, str]
    overrides: tuple[tuple[str, str, str], ...]


def _server(text: str) -> SshServer:
    effective, *files = re.split(r"^--$", text, flags=re.MULTILINE)
    settings = dict(line.split(" ", 1) for line in effective.splitlines() if " " in line)
    return SshServer(settings, tuple(each for file in files for each in _overrides(file)))


def _overrides(config: str) -> Iterator[tuple[str, str, str]]:
    condition = ""
    for line in config.splitlines():
        keyword, _, value = re.sub(r"[\s=]+", " ", line.partition("#")[0]).strip().partition(" ")
        if keyword.lower() == "match":
            condition = value
        elif condition and keyword:
            yield condition, keyword.lower(), value.strip('"')


SSHD = Question("sshd", "the effective settings of sshd", Path(__file__).with_name("sshd.sh"), _server)
"""With a configuration file: settings that sshd takes from it; needs root."""
