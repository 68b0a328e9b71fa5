"""Hosts by the names that an ssh configuration gives them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.discover.found import PROD, Discovered, Record, environment_of, is_plain, named
from pytest_readiness.discover.project import Project
from pytest_readiness.protocols.text_file import read_text_file

_LINE = re.compile(r"(?P<key>[A-Za-z]{1,40})(?:\s{0,9}=\s{0,9}|\s{1,9})(?P<value>.*)")
_ALIAS = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,60}")
_FORGES = ("github.com", "gitlab.com", "bitbucket.org", "codeberg.org", "ssh.dev.azure.com")
MOST = 50


@dataclass(frozen=True, slots=True)
class Alias:
    """A name of an ssh configuration.

    Attributes:
        name: as `ssh NAME` takes it.
        host: what it stands for, where that is said.
        line: of the file.
    """

    name: str
    host: str
    line: int


def aliases(text: str) -> list[Alias]:
    """The names in an ssh configuration that stand for one host each; patterns and forges are none."""
    found: list[Alias] = []
    block: list[str] = []
    hosts: dict[str, str] = {}
    lines: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        match = _LINE.fullmatch(line.partition("#")[0].strip())
        key = match["key"].lower() if match else ""
        if match and key in ("host", "match"):
            block = [word.strip('"') for word in match["value"].split()] if key == "host" else []
            block = [word for word in block if _ALIAS.fullmatch(word) and is_plain(word)]
            for word in block:
                lines.setdefault(word, number)
        elif match and key == "hostname":
            for word in block:
                hosts.setdefault(word, match["value"].strip('"'))
    for name, at in lines.items():
        if not {name.lower(), hosts.get(name, "").lower()} & set(_FORGES):
            found.append(Alias(name, hosts.get(name, ""), at))
    return found[:MOST]


def find(project: Project) -> Iterator[Record]:
    """The hosts of an ssh configuration that the folder has for itself."""
    for path in project.named("ssh_config", "ssh-config", "ssh.config"):
        for alias in aliases(project.text(path)):
            yield Discovered(
                "hosts",
                named(alias.name),
                {"connection": f"ssh://{alias.name}", "ssh_config": path},
                f"{path}:{alias.line}",
                environment_of(alias.name, environment_of(path, PROD)),
                same=frozenset((f"host:{alias.name.lower()}",)),
            )


def own(home: Path) -> list[Alias]:
    """The names in the person's own configuration, who knows which are servers of the product."""
    try:
        return aliases(read_text_file(home / ".ssh" / "config"))
    except CouldNotVerify:
        return []


def chosen(alias: Alias) -> Discovered:
    """A host of the person's own configuration, of which was said that it is the product's."""
    return Discovered(
        "hosts",
        named(alias.name),
        {"connection": f"ssh://{alias.name}"},
        f"~/.ssh/config:{alias.line}",
        environment_of(alias.name, PROD),
        fill_in="others need this name in their ssh configuration, too: write ssh://user@host instead",
        same=frozenset((f"host:{alias.name.lower()}",)),
    )
