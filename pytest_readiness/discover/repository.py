"""The Git repository: where it is, where it comes from, and who commits here, without any password."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from pytest_readiness.core.audit import sent
from pytest_readiness.core.environment import neutral
from pytest_readiness.core.programs import run
from pytest_readiness.discover.found import Discovered, Hint, Person, Record, is_plain, said
from pytest_readiness.discover.project import Project

SECONDS = 5
MOST_BYTES = 2**16
_SCP = re.compile(r"(?:(?P<user>[^@/\s]+)@)?(?P<host>[A-Za-z0-9.-]+):(?P<path>[^\s?#]+)")


def find(project: Project) -> Iterator[Record]:
    """The repository that the folder is in, and the name that Git knows the person by."""
    top = _git(project.folder, "rev-parse", "--show-toplevel")
    if not top:
        return
    path = os.path.relpath(top, project.folder)
    remote = without_user(_git(project.folder, "config", "--get", "remote.origin.url"))
    source = f"git, {remote}" if remote else "git"
    yield Discovered("repositories", "source", {"path": path}, source, same=frozenset((f"path:{path}",)))
    if remote and (host := _host(remote)):
        yield Hint(f"the repository is kept at {host}", "git", "forge")
    name, address = (_git(project.folder, "config", "--get", f"user.{key}") for key in ("name", "email"))
    if name or address:
        yield Person(said(f"{name} <{address}>" if name and address else name or address))


def without_user(remote: str) -> str:
    """The address of a repository without the user, the password and the query; "" where it cannot be told apart."""
    if "://" not in remote:
        match = _SCP.fullmatch(remote)
        address = f"{match['host']}:{match['path']}" if match else ""
        return address if is_plain(address) and "@" not in address else ""
    try:
        parts = urlsplit(remote)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return ""
    if parts.scheme not in ("https", "http", "ssh", "git") or not parts.hostname:
        return ""
    address = f"{parts.scheme}://{parts.hostname}{port}{parts.path}"
    return address if is_plain(address) and "@" not in address else ""


def _host(remote: str) -> str:
    return urlsplit(remote).hostname or "" if "://" in remote else remote.partition(":")[0]


def _git(folder: Path, *arguments: str) -> str:
    line = shlex.join(["git", "-C", str(folder), *arguments])
    sent(f"run 'git {arguments[0]}' in {folder}")
    try:
        done = run(os.fsencode(line), seconds=SECONDS, most_bytes=MOST_BYTES, env=neutral())
    except OSError:
        return ""
    return "" if done.status else done.output.decode("utf-8", "replace").strip()
