"""Claims about env files as files; nothing of what is in them is looked at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from pytest_readiness.core.evidence import CouldNotVerify, Evidence, NotDeclared, claim
from pytest_readiness.core.registry import Asks, check
from pytest_readiness.core.resources import Named
from pytest_readiness.core.spelling import spelled
from pytest_readiness.domains.env.facts.files import AccessQuestion, EnvAccess, EnvIgnored, FileAccess, IgnoredQuestion
from pytest_readiness.domains.env.resource import EnvFile
from pytest_readiness.domains.env.shared import listed
from pytest_readiness.domains.host.checks import AbsolutePath
from pytest_readiness.domains.source.ignoring import RepositoryPath, refuse_if_cut_off, said_of

Account = Annotated[str, spelled(r"^[A-Za-z0-9_][A-Za-z0-9_.@-]*\$?$", "an account's name, such as www-data")]


def _ignored(env_file: EnvFile, repository: str | None, paths: list[str] | None) -> Asks:
    return {"env_ignored": IgnoredQuestion(repository or "", tuple(paths or ()))}


@check(
    "env.ignored_by_git",
    severity="critical",
    remedy="Add a rule to .gitignore and commit it; take the file out by 'git rm --cached', and change every secret "
    "that a commit has had.",
    source="gitignore(5); OWASP Secrets Management Cheat Sheet",
    asks=_ignored,
)
def ignored_by_git(
    env_ignored: EnvIgnored,
    *,
    repository: Annotated[str, Named("repository")] | None = None,
    paths: Annotated[list[RepositoryPath], Field(min_length=1, max_length=20)] | None = None,
) -> Evidence:
    """A rule that is committed has Git ignore each path, and neither the index nor any commit of this clone has it.

    Rules that are not committed, those of .git/info/exclude and of the runner's user do not count. Commits are looked
    for in all branches, tags and stashes of this clone: what only other clones or a forge have is not seen, nor is the
    same content under another path.

    Args:
        repository: name of the target's repository; unless given, the one that the env file lies in.
        paths: from the top of the repository, such as .env.production; unless given, the env file itself, and
            what it leads to as a link.
    """
    rules, commit = env_ignored.rules, env_ignored.commit
    if not rules or len(rules) != env_ignored.paths or not all(each.path for each in rules):
        raise CouldNotVerify(f"{len(rules)} of {env_ignored.paths} paths were looked at")
    wrong = [f"{each.path} is tracked" for each in rules if each.tracked]
    wrong += [
        f"{each.path} was in {each.changes}{' or more' if each.changes > 2 else ''} commit{'s' * (each.changes > 1)}"
        f" ({', '.join(each.commits)}), so what was in it is known"
        for each in rules
        if each.changes and not each.tracked
    ]
    wrong += [said_of(each) for each in rules if not each.ignored]
    expected = f"each path ignored by a rule of {commit.short}, and in no commit: {listed(each.path for each in rules)}"
    claim(not wrong, expected=expected, seen="; ".join(each[:200] for each in wrong[:10]))
    refuse_if_cut_off(commit, rules)
    if unnamed := [each.path for each in rules if not each.rule]:
        raise CouldNotVerify(f"which rule ignores {unnamed[0]} is not known")
    return Evidence(f"in no commit, and ignored: {listed(f'{each.path} by {each.rule}' for each in rules)}")


def _accessed(env_file: EnvFile, host: str | None, path: str | None) -> Asks:
    if host is None:
        raise NotDeclared(f"which host runs with {env_file.name} is not said; name it as `host`")
    return {"env_access": AccessQuestion(host, path or "")}


@check(
    "env.permissions",
    severity="high",
    remedy="Give the file to the account that reads it, chmod 600 it (640 with a group of that account's alone), and "
    "take others' right to write from the folders above it.",
    source="CIS Distribution Independent Linux Benchmark, section 6.1 (system file permissions)",
    asks=_accessed,
)
def permissions(
    env_access: EnvAccess,
    *,
    host: Annotated[str, Named("readiness_host")] | None = None,
    path: AbsolutePath | None = None,
    owner: Account | None = None,
    group: Account | None = None,
) -> Evidence:
    """On the host that runs with it, the file can be read by its owner alone, and by the named group.

    Looked at are the mode, the access control list, and whether everybody may write to a folder above, links followed.
    Root reads everything. Who is in the group, what other copies of the file there are and what a container sees of it
    is not looked at. Volumes of Kubernetes and file systems without modes of their own could not be verified.

    Args:
        host: name of the host that uses the file; without one the claim is about nothing that is known.
        path: of the file on that host; unless given, the env file's own, for a host that is this machine.
        owner: the account that must own it; unless given, any.
        group: a group that may read it, too; unless given, none.
    """
    file, where = env_access.file, f"{env_access.path} on {env_access.where}"
    if file.type not in ("regular file", "regular empty file") or not file.owner or not file.group:
        raise CouldNotVerify(f"{where} is no regular file{file.type and f' ({file.type})'}, or its owner is not known")
    if file.mounted:
        raise CouldNotVerify(f"{where} is in a volume of Kubernetes, which only those see who are in its containers")
    if not file.kept:
        raise CouldNotVerify(f"{where} is on a file system whose modes are those of its mount ({file.system})")
    wrong = [*_wrong(file, group)]
    if owner and file.owner != owner:
        wrong.append(f"it belongs to {file.owner}")
    if len(file.folders) != file.depth or not file.depth:
        raise CouldNotVerify(f"the folders above {where} are not all known")
    open_to_all = [folder for mode, _, folder in file.folders if int(mode, 8) & 0o1002 == 0o0002]
    wrong += [f"everybody may write to {folder}" for folder in open_to_all]
    readers = f"{owner or 'its owner'}{f' and the group {group}' if group else ''}"
    claim(not wrong, expected=f"{where} readable by {readers} alone", seen=listed(wrong))
    return Evidence(
        f"{where}: mode {file.mode:04o}, owner {file.owner}, group {file.group}, {file.depth} folders above"
    )


def _wrong(file: FileAccess, group: str | None) -> Iterator[str]:
    """What lets others read it, in clauses."""
    if file.mode & 0o007:
        yield f"its mode {file.mode:04o} lets everybody in"
    if not file.listed:
        yield from _of_group(file.group, (file.mode >> 3) & 7, group)
        return
    if not file.acl or len(file.acl) != file.entries:
        raise CouldNotVerify("there is an access control list, and getfacl is not there to tell what is in it")
    entries = [each.split(":") for each in file.acl]
    if not all(len(each) == 3 for each in entries):
        raise CouldNotVerify("there is an access control list that could not be read")
    mask = next((_bits(rights) for kind, _, rights in entries if kind == "mask"), 7)
    for kind, name, rights in entries:
        allowed = _bits(rights) & mask
        if kind == "user" and name and name != file.owner and allowed:
            yield f"its access control list lets the user {name} in"
        if kind == "group":
            yield from _of_group(name or file.group, allowed, group)


def _of_group(name: str, allowed: int, group: str | None) -> Iterator[str]:
    if allowed and name != group:
        yield f"the group {name} is let in"
    elif allowed & 0o3:
        yield f"the group {name} may do more than read it"


def _bits(rights: str) -> int:
    return sum(bit for sign, bit in zip(rights, (4, 2, 1), strict=False) if sign != "-")
