"""Repositories as teams have them, faults that are planted in them, and how a run of readiness ends there.

Each folder beside this file has `repository/`, the files of the released commit, `beside/`, what is not committed, and
`faults.yaml`: the history, the faults, and `forge`, what a forge answers, where there is one. In all of them `@@…@@`
stands for what is only known when the repository is made: see `_Filler`.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import string
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from pytest_readiness.core.environment import neutral
from tests.stack.forge import TOKEN, ForgeServer
from tests.stack.patience import patient
from tests.stack.repositories import Repo

FOLDER = Path(__file__).parent
NAMES = sorted(path.parent.name for path in FOLDER.glob("*/faults.yaml"))
State = dict[str, tuple[str, str]]
"""Of each item its state, and what its tests say that did not pass."""


@dataclass(frozen=True)
class Fault:
    """What is planted, and which items see it.

    Attributes:
        fault: what it is, in plain words.
        fails: items that fail, with a text that the message must have.
        unsure: items that could not be verified, likewise.
        replace: by file, texts and what stands in their place.
        write: by file, its new content; None for no such file.
        untracked: the same after the commit was made.
        commits: by the number of a commit, what is otherwise in its entry of `history`.
        git: commands of Git at the end.
        modes: by file, its permissions, where they are not those that it should have.
        forge: by path, what the forge answers otherwise; None for nothing.
    """

    fault: str
    fails: Mapping[str, str] = field(default_factory=dict)
    unsure: Mapping[str, str] = field(default_factory=dict)
    replace: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    write: Mapping[str, str | None] = field(default_factory=dict)
    untracked: Mapping[str, str | None] = field(default_factory=dict)
    commits: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    git: Sequence[Sequence[str]] = ()
    modes: Mapping[str, int] = field(default_factory=dict)
    forge: Mapping[str, Any] = field(default_factory=dict)

    @property
    def seen(self) -> State:
        """The state that each item must have, and the text."""
        states = (("failed", self.fails), ("error", self.unsure))
        return {item: (state, text) for state, items in states for item, text in items.items()}


class _Filler:
    """Fills in what is only known when the repository is made.

    That is `@@commit@@`, `@@hours:3@@` and `@@day:3@@` ago, and secrets: `@@random:NAME:40@@`, `@@hex:NAME:40@@` and
    `@@key:NAME:32@@` of so many characters or bytes, always the same for the same name, and `@@join:a|b@@` for what
    scanners would take for somebody's key if it stood here in one piece.
    """

    def __init__(self) -> None:
        self.now = datetime.now(UTC)
        self.commit = ""
        self.secrets: set[str] = set()

    def __call__(self, text: str) -> str:
        return re.sub("@@([a-z]+):?(.*?)@@", self._known, text)

    def _known(self, match: re.Match[str]) -> str:
        kind, told = match.groups()
        if kind == "commit":
            return self.commit
        if kind in ("hours", "day"):
            moment = self.now - timedelta(**{"hours" if kind == "hours" else "days": float(told)})
            return moment.strftime("%Y-%m-%dT%H:%M:%SZ" if kind == "hours" else "%Y-%m-%d")
        if kind == "join":
            secret = "".join(self(f"@@{part}@@") if part.startswith("random:") else part for part in told.split("|"))
        else:
            name, _, length = told.partition(":")
            letters = "0123456789abcdef" if kind == "hex" else string.ascii_letters + string.digits
            digest = hashlib.shake_256(name.encode()).digest(int(length))
            secret = "".join(letters[byte % len(letters)] for byte in digest)
            secret = b64encode(digest).decode() if kind == "key" else secret
        self.secrets.add(secret)
        return secret


def load(name: str) -> tuple[Any, list[Fault]]:
    """What faults.yaml of a folder says, and its faults."""
    told = YAML(typ="safe").load(FOLDER / name / "faults.yaml")
    return told, [Fault(**fault) for fault in told["faults"]]


def batches(faults: Sequence[Fault]) -> list[list[Fault]]:
    """Faults that can be told apart in one run: no two of a batch are seen by the same item, or write the same file."""
    made: list[list[Fault]] = []
    for fault in faults:
        batch = next((batch for batch in made if not any(_clash(fault, other) for other in batch)), None)
        if batch is None:
            made.append([fault])
        else:
            batch.append(fault)
    return made


def _clash(one: Fault, other: Fault) -> bool:
    written = {*one.write, *one.untracked} & {*other.write, *other.untracked, *other.replace}
    written |= {*one.replace} & {*other.write, *other.untracked}
    replaced = [path for path in one.replace if one.replace[path].keys() & other.replace.get(path, {}).keys()]
    return bool(one.seen.keys() & other.seen.keys() or written or replaced or (one.git and other.git))


def run(name: str, faults: Sequence[Fault], folder: Path) -> State:
    """Make the repository with these faults, run readiness in it, and tell how each item ended."""
    told, _ = load(name)
    fill = _Filler()
    repo = _make(name, told, faults, folder, fill)
    out = folder / "out"
    command = [*(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--readiness-target=prod")]
    command += [f"--readiness-out={out}", f"--readiness-release={told['release']}"]
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST_", "GIT_", "CI"))}
    environment["PATH"] = os.pathsep.join((str(Path(sys.executable).parent), environment["PATH"]))
    with ExitStack() as stack:
        if "forge" in told:
            given = json.loads(fill(json.dumps(_merged(told["forge"], *(fault.forge for fault in faults)))))
            forge = stack.enter_context(ForgeServer(told["service"], **given))
            forge.project |= told.get("project_settings", {})
            environment |= {"FORGE_API": forge.api, "FORGE_TOKEN": TOKEN}
        done = subprocess.run(
            command, cwd=repo.path, env=environment, capture_output=True, text=True, timeout=patient(120), check=False
        )
    assert done.returncode in (0, 1, 6), done.stdout + done.stderr
    for path in (path for path in out.rglob("*") if path.is_file()):
        text = path.read_text("utf-8")
        assert not [secret for secret in fill.secrets if secret in text], f"{path.name} has a secret."
    result = json.loads((out / "result.json").read_text("utf-8"))
    return {
        item["id"].partition(":")[2]: (
            item["state"],
            " ".join(str(test["evidence"]) for test in item["tests"] if test["state"] != "passed"),
        )
        for section in result["sections"]
        for item in section["items"]
    }


def _make(name: str, told: Any, faults: Sequence[Fault], folder: Path, fill: _Filler) -> Repo:
    files, beside = _read(FOLDER / name / "repository"), _read(FOLDER / name / "beside")
    for fault in faults:
        for path, texts in fault.replace.items():
            place = files if path in files else beside
            for old, new in texts.items():
                assert place[path].count(old) == 1, f"{fault.fault}: {path} has {place[path].count(old)} times {old!r}"
                place[path] = place[path].replace(old, new)
        for path, content in fault.write.items():
            place = beside if path in beside else files
            assert content is not None or path in place, f"{fault.fault}: there is no {path}"
            place.pop(path, None)
            if content is not None:
                place[path] = content
    commits = [dict(commit) for commit in told["history"]]
    for number, changes in ((number, changes) for fault in faults for number, changes in fault.commits.items()):
        commits[number] |= {**changes, "write": {**commits[number].get("write", {}), **changes.get("write", {})}}
    repo = Repo(folder / "work" / told["project"], branch="main")
    stream = "".join(_imported(commits, files, fill))
    alone = neutral() | {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    subprocess.run(["git", "fast-import", "--quiet"], cwd=repo.path, env=alone, input=stream.encode(), check=True)
    repo.git("reset", "-q", "--hard", "main")
    for number, tag in ((number, commit["tag"]) for number, commit in enumerate(commits) if commit.get("tag")):
        repo.git("tag", tag, f"main~{len(commits) - 1 - number}")
    repo.git("clone", "-q", "--bare", ".", str(folder / "remote.git"))
    repo.git("remote", "add", "origin", f"file://{folder}/remote.git")
    fill.commit = repo.git("rev-parse", "HEAD")
    late = {path: content for fault in faults for path, content in fault.untracked.items()}
    for path, content in {**beside, **late}.items():
        if content is None:
            (repo.path / path).unlink()
        else:
            repo.write({path: fill(content)})
            (repo.path / path).chmod(0o600 if path in beside else 0o644)
    for path, mode in ((path, mode) for fault in faults for path, mode in fault.modes.items()):
        (repo.path / path).chmod(mode)
    for arguments in (arguments for fault in faults for arguments in fault.git):
        repo.git(*arguments)
    return repo


def _read(folder: Path) -> dict[str, str]:
    found = sorted(path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(folder).as_posix(): path.read_text("utf-8") for path in found}


def _imported(commits: Sequence[Mapping[str, Any]], files: Mapping[str, str], fill: _Filler) -> Iterator[str]:
    """The commits for `git fast-import`: each has all files, but for those in its `write`."""
    for commit in commits:
        seconds = int((fill.now - timedelta(days=commit["days_ago"])).timestamp())
        yield "commit refs/heads/main\n"
        for role in ("author", "committer"):
            yield f"{role} {commit.get('by', 'Developer <developer@example.com>')} {seconds} +0000\n"
        yield f"data {len(commit['message'].encode())}\n{commit['message']}\n"
        yield "deleteall\n"
        for path, content in {**files, **commit.get("write", {})}.items():
            if content is not None:
                data = fill(content)
                mode = "100755" if data.startswith("#!") else "100644"
                yield f"M {mode} inline {path}\ndata {len(data.encode())}\n{data}\n"


def _merged(value: Any, *changes: Any) -> Any:
    for change in changes:
        if not isinstance(change, Mapping) or not isinstance(value, Mapping):
            value = change
            continue
        value = {**value, **{key: _merged(value.get(key), new) for key, new in change.items()}}
        value = {key: each for key, each in value.items() if each is not None}
    return value
