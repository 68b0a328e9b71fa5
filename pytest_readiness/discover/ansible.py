"""Hosts of Ansible inventories, as INI or YAML; of their variables, how to log in, and never a password."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from configparser import ConfigParser, Error
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from pytest_readiness.core.yamlfile import YamlMap
from pytest_readiness.discover.found import PROD, Discovered, Record, environment_of, is_plain, named
from pytest_readiness.discover.project import Project, entries

_SECTION = re.compile(r"\[(?P<group>[\w.-]+)(?::(?P<what>\w+))?\]")
_RANGE = re.compile(r"\[(?P<first>\d{1,4}):(?P<last>\d{1,4})\]")
_HOST = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,250}")
_USER = re.compile(r"[A-Za-z_][\w.-]{0,31}")
_NAMES = (
    "inventory",
    "inventory.ini",
    "inventory.yml",
    "inventory.yaml",
    "hosts",
    "hosts.ini",
    "hosts.yml",
    "hosts.yaml",
)
_FOLDERS = ("inventory/*", "inventories/*", "*/inventory/*", "*/inventories/*")
_WITHOUT = ("group_vars", "host_vars")
_KEYS = {
    "ansible_host": "host",
    "ansible_ssh_host": "host",
    "ansible_user": "user",
    "ansible_ssh_user": "user",
    "ansible_port": "port",
    "ansible_ssh_port": "port",
    "ansible_connection": "connection",
}
"""What is looked at; all else, passwords among it, is left alone."""
MOST = 100


@dataclass(slots=True)
class Listed:
    """A host of an inventory: where it is listed, its groups, and what is said of how to log in."""

    line: int
    groups: list[str] = field(default_factory=list)
    login: dict[str, str] = field(default_factory=dict)


def find(project: Project) -> Iterator[Record]:
    """The hosts of every inventory in the folder."""
    for path in project.limited(_inventories(project), "inventories"):
        yaml = path.endswith((".yml", ".yaml"))
        hosts = _of_yaml(project, path) if yaml else _of_ini(project.text(path))
        if len(hosts) > MOST:
            project.skip(path, f"has {len(hosts):,} hosts; the first {MOST} were taken")
        for name, host in list(hosts.items())[:MOST]:
            if host.login.get("connection", "ssh") not in ("ssh", "smart", "paramiko"):
                continue
            yield Discovered(
                "hosts",
                named(name),
                {"connection": _address(name, host), **_labels(host)},
                f"{path}:{host.line}",
                environment_of(path, PROD),
                same=frozenset((f"host:{name.lower()}",)),
            )


def _inventories(project: Project) -> list[str]:
    found = [path for path in project.named(*_NAMES) if _is_inventory(project, path)]
    found += project.below(*_FOLDERS)
    if "ansible.cfg" in project.files:
        parser = ConfigParser(strict=False, interpolation=None)
        try:
            parser.read_string(project.text("ansible.cfg"))
            named_there = parser.get("defaults", "inventory", fallback="")
        except Error:
            project.skip("ansible.cfg", "cannot be read")
            named_there = ""
        found += [
            path for each in named_there.split(",") if (path := str(PurePosixPath(each.strip()))) in project.files
        ]
    kept = (path for path in found if not set(PurePosixPath(path).parts) & set(_WITHOUT))
    endings = ("", ".ini", ".yml", ".yaml")
    return list(dict.fromkeys(path for path in kept if PurePosixPath(path).suffix in endings))


def _is_inventory(project: Project, path: str) -> bool:
    """Whether a file named so is Ansible's: "hosts" may be one of the system's."""
    text = project.text(path)
    return path.endswith((".yml", ".yaml")) or "ansible_" in text or _SECTION.search(text) is not None


def _of_ini(text: str) -> dict[str, Listed]:
    hosts: dict[str, Listed] = {}
    variables: dict[str, dict[str, str]] = {}
    group, what = "", ""
    for number, line in enumerate(text.splitlines(), 1):
        words = _words(line)
        if not words:
            continue
        if header := _SECTION.fullmatch(words[0]):
            group, what = header["group"], header["what"] or ""
        elif what == "vars":
            key, _, value = line.partition("=")
            variables.setdefault(group, {})[key.strip()] = value.strip().strip("\"'")
        elif not what:
            given = dict(word.partition("=")[::2] for word in words[1:] if "=" in word)
            for name in _expanded(words[0]):
                host = hosts.setdefault(name, Listed(number))
                host.groups += [group] if group and group not in host.groups else []
                host.login |= _login(given)
    for host in hosts.values():
        for each in ("all", *host.groups):
            host.login = {**_login(variables.get(each, {})), **host.login}
    return hosts


def _of_yaml(project: Project, path: str) -> dict[str, Listed]:
    hosts: dict[str, Listed] = {}
    for document in project.documents(path):
        for name, group in document.items():
            _of_group(name, entries(group), {}, hosts, ())
    return hosts


def _of_group(
    name: str, group: YamlMap, inherited: Mapping[str, str], hosts: dict[str, Listed], above: tuple[int, ...]
) -> None:
    if id(group) in above:
        return
    known = {**inherited, **_login(entries(group.get("vars")))}
    listed = entries(group.get("hosts"))
    for pattern, variables in listed.items():
        for each in _expanded(pattern):
            host = hosts.setdefault(each, Listed(listed.lines[pattern]))
            host.groups += [name] if name not in ("all", "ungrouped", *host.groups) else []
            host.login = {**known, **host.login, **_login(entries(variables))}
    for child, below in entries(group.get("children")).items():
        _of_group(child, entries(below), known, hosts, (*above, id(group)))


def _login(variables: Mapping[str, Any]) -> dict[str, str]:
    found = {_KEYS[key]: str(value) for key, value in variables.items() if key in _KEYS}
    # What Ansible fills in itself is not known here.
    return {key: value for key, value in found.items() if "{" not in value and is_plain(value)}


def _words(line: str) -> list[str]:
    try:
        return shlex.split(line, comments=True)
    except ValueError:
        return []


def _expanded(pattern: str) -> Iterator[str]:
    """The hosts that a name with a range stands for: `web[01:03]`."""
    match = _RANGE.search(pattern)
    names = [pattern]
    if match:
        first, last = int(match["first"]), int(match["last"])
        numbers = range(first, min(last, first + MOST) + 1)
        width = len(match["first"])
        names = [f"{pattern[: match.start()]}{each:0{width}d}{pattern[match.end() :]}" for each in numbers]
    yield from (name for name in names if _HOST.fullmatch(name) and is_plain(name))


def _address(name: str, host: Listed) -> str:
    login = host.login
    where = login.get("host", "") if _HOST.fullmatch(login.get("host", "")) else name
    user = f"{login['user']}@" if _USER.fullmatch(login.get("user", "")) else ""
    port = login.get("port", "")
    return f"ssh://{user}{where}{f':{port}' if port.isdecimal() and port != '22' else ''}"


def _labels(host: Listed) -> dict[str, list[str]]:
    groups = [named(group) for group in host.groups]
    return {"labels": groups} if groups else {}
