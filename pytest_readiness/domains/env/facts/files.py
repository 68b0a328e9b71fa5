"""Env files as files: what Git does with them, and who may read them on the host that uses them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from pytest_readiness.config.target import Target
from pytest_readiness.core.evidence import CouldNotVerify, NotDeclared
from pytest_readiness.core.registry import fact
from pytest_readiness.domains.env.resource import EnvFile
from pytest_readiness.domains.host.facts import asked, host_facts
from pytest_readiness.domains.host.login import SCRIPT_SECONDS
from pytest_readiness.domains.host.question import Question, Unread
from pytest_readiness.domains.host.resource import Host
from pytest_readiness.domains.source.commit import ReleaseCommit, commit_of, files_of
from pytest_readiness.domains.source.ignoring import PathRule, path_rules
from pytest_readiness.domains.source.resource import Repository


@dataclass(frozen=True, slots=True)
class IgnoredQuestion:
    """Which paths Git should ignore.

    Attributes:
        repository: name of the repository; "" for the one that the env file is in.
        paths: from its top; nothing for the env file itself, and what it leads to.
    """

    repository: str = ""
    paths: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EnvIgnored:
    """What the released commit's rules say of env files.

    Attributes:
        commit: whose rules, and whose repository.
        paths: how many were asked about.
        rules: of each path.
    """

    commit: ReleaseCommit
    paths: int
    rules: tuple[PathRule, ...]


@fact(deadline=90)
def env_ignored(env_file: EnvFile, target: Target, *, ask: IgnoredQuestion) -> EnvIgnored:
    """What the commit's own .gitignore files say of the paths, and whether the index or any commit has them."""
    if ask.repository:
        repository = cast("Repository", target.named("repository", ask.repository))
    else:
        repository = Repository(name="env", path=env_file.file.absolute().parent)
    commit = commit_of(repository, target)
    paths = ask.paths or _within(env_file.file, Path(commit.path))
    return EnvIgnored(commit, len(paths), path_rules(commit, files_of(commit), paths, history=True))


def _within(path: Path, top: Path) -> tuple[str, ...]:
    """The file from the top of the repository, and what it leads to as a link, if that is in the repository, too."""
    path, top = path.absolute(), top.resolve()
    own, real = path.parent.resolve() / path.name, path.resolve()
    if not own.is_relative_to(top):
        raise CouldNotVerify(f"{path} is not in the repository {top}; name the paths that are, as `paths`")
    return tuple(each.relative_to(top).as_posix() for each in dict.fromkeys((own, real)) if each.is_relative_to(top))


@dataclass(frozen=True, slots=True)
class FileAccess:
    """Who may read a file, links followed.

    Attributes:
        mode: permission bits.
        owner, group: names ("UNKNOWN" where they have none).
        type: "regular file", …
        system: type of the file system, as stat calls it.
        kept: whether the file system has modes of its own that somebody set.
        mounted: whether it is in a volume of Kubernetes.
        listed: whether there is an access control list.
        acl: that list as getfacl writes it ("user:1001:r--"); None where it could not be read.
        entries: how many lines that list has.
        folders: those above the path as it is written and above the real one, each with its mode in octal digits, owner
            and path.
        depth: how many these are.
    """

    mode: int
    owner: str
    group: str
    type: str
    system: str
    kept: bool
    mounted: bool
    listed: bool
    acl: tuple[str, ...] | None
    entries: int
    folders: tuple[tuple[str, str, str], ...]
    depth: int


_WITHOUT_MODES = re.compile(r"v9fs|9p|drvfs|fuseblk|ntfs3?|msdos|v?fat|exfat|cifs|smb2?|prl_fs|vboxsf|UNKNOWN.*")
"""File systems that show a mode of their mount's: as stat calls them."""


def _access(text: str) -> FileAccess:
    fields: dict[str, list[str]] = {}
    for line in text.splitlines():
        key, _, value = line.partition(" ")
        fields.setdefault(key, []).append(value)
    try:
        mode, owner, group, kind = fields["file"][0].split(" ", 3)
        folders = [(bits, user, path) for bits, user, path in (each.split(" ", 2) for each in fields["folder"])]
        return FileAccess(
            mode=int(mode, 8),
            owner=owner,
            group=group,
            type=kind,
            system=fields["system"][0],
            kept=not _WITHOUT_MODES.fullmatch(fields["system"][0]),
            # The folder of each version of such a volume, which its link ..data leads to.
            mounted="/..20" in fields["real"][0],
            listed=fields["shown"][0][10:11] == "+",
            acl=tuple(fields["acl"]) if "acl" in fields else None,
            entries=len(fields.get("acl", ())),
            folders=tuple(dict.fromkeys(folders)),
            depth=len(dict.fromkeys(folders)),
        )
    except (LookupError, ValueError):
        raise Unread("what stat and ls print could not be read") from None


ACCESS = Question("access", "who may read", Path(__file__).with_name("access.sh"), _access)
"""With a path: mode, owners, access control list, file system, and the folders above."""


@dataclass(frozen=True, slots=True)
class AccessQuestion:
    """A file of a host.

    Attributes:
        host: name of the host.
        path: on it; "" for the env file's own, on this machine.
    """

    host: str
    path: str = ""


@dataclass(frozen=True, slots=True)
class EnvAccess:
    """Who may read the env file on a host.

    Attributes:
        where: the host, as a person calls it.
        path: the file on it.
        file: who may read it.
    """

    where: str
    path: str
    file: FileAccess


@fact(deadline=SCRIPT_SECONDS + 10)
def env_access(env_file: EnvFile, target: Target, *, ask: AccessQuestion) -> EnvAccess:
    """Who may read the file on the host, by its mode, owners and access control list, and by the folders above it."""
    host = cast("Host", target.named("readiness_host", ask.host))
    if not ask.path and not (host.connection or "").startswith("local:"):
        raise NotDeclared(f"where the env file is on {host.name} is not said; name it as `path`")
    path = ask.path or str(env_file.file.absolute())
    question = ACCESS(path)
    asked(host, question)
    return EnvAccess(host.where, path, host_facts(host, asks=(question,)).answer(question))
