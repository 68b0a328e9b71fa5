"""What is written in pipeline files, whatever runs: what they take from elsewhere, secrets, and foreign texts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.core.keys import secrets_in
from pytest_readiness.core.registry import fact
from pytest_readiness.core.text import cut
from pytest_readiness.domains.ci.facts.pipelines import unread
from pytest_readiness.domains.ci.github import FOLDER, GitHub
from pytest_readiness.domains.ci.gitlab import FILE, GitLab
from pytest_readiness.domains.ci.pipeline import PipelineStep
from pytest_readiness.domains.ci.shell import ShellCommand
from pytest_readiness.domains.ci.sources import Sources
from pytest_readiness.domains.source.facts.tree import GitTree
from pytest_readiness.domains.source.resource import Repository

_ACTION = re.compile(r"(?:^|/)action\.ya?ml$")
_FOREIGN = re.compile(
    r"github\.(?:head_ref|event\.(?:(?:issue|pull_request|discussion)\.(?:title|body)|(?:comment|review|review_comment)\.body"
    r"|pull_request\.head\.(?:ref|label)|head_commit\.(?:message|author)|commits\b|pages\b|workflow_run\.head_branch))"
)
_HEAD = re.compile(r"pull_request\.head\.(?:sha|ref)|github\.head_ref|workflow_run\.head_(?:sha|branch)|refs/pull/")
_DUMPS = ("printenv", "env", "set", "export", "declare")


@dataclass(frozen=True, slots=True)
class ForeignPart:
    """What a pipeline takes from elsewhere.

    Attributes:
        text: as it is written ("actions/checkout@v4").
        place: file and line.
        sort: "action" (reusable workflows too), "image", or "include".
        pinned: it is a commit or digest, which nobody can change.
    """

    text: str
    place: str
    sort: str
    pinned: bool


@dataclass(frozen=True, slots=True)
class StatedRights:
    """The rights of a job's token.

    Attributes:
        job: the job.
        place: file and line.
        rights: as for `PipelineJob.permissions`.
    """

    job: str
    place: str
    rights: Mapping[str, str] | None


@dataclass(frozen=True, slots=True)
class PipelineFiles:
    """What pipeline files of the commit hold.

    Attributes:
        commit: its first digits.
        files: pipeline files that were read: workflows, actions of the repository, what GitLab includes.
        scripts: scripts of the repository that they run, by name.
        unread: what could not be read, each a clause.
        parts: what is taken from elsewhere.
        rights: of every job of GitHub Actions.
        leaks: what a line would give away, each a clause with its place.
        foreign: where a stranger's text or code gets hold of a job, each a clause with its place.
        count: how many entries all these lists have.
    """

    commit: str
    files: tuple[str, ...]
    scripts: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    parts: tuple[ForeignPart, ...] = ()
    rights: tuple[StatedRights, ...] = ()
    leaks: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()
    count: int = 0

    @property
    def entries(self) -> int:
        """How many entries the lists have."""
        lists = (self.files, self.scripts, self.unread, self.parts, self.rights, self.leaks, self.foreign)
        return sum(map(len, lists))


@fact(deadline=60)
def pipeline_files(repository: Repository, git_tree: GitTree) -> PipelineFiles:  # noqa: ARG001
    """What the pipeline files in the commit that is released hold, whatever of it runs."""
    sources = Sources(git_tree)
    github, gitlab = GitHub(sources, "main", "", ()), GitLab(sources, "main", ())
    workflows = [*github.workflows(), *gitlab.workflows()]
    files = [path for path in sources.paths if path.startswith(FOLDER) and path.endswith((".yml", ".yaml"))]
    files += [path for path in sources.paths if _ACTION.search(path)]
    files += list(dict.fromkeys(gitlab.files or [FILE] * (FILE in sources)))
    missing = list(unread(sources)) + [f"{each} is not read" for each in gitlab.missing]
    parts: list[ForeignPart] = []
    leaks: list[str] = []
    foreign: list[str] = []
    read: list[str] = []
    for path in files:
        try:
            told = sources.mapping(path)
            text = sources.text(path)
        except CouldNotVerify as error:
            missing.append(error.reason)
            continue
        read.append(path)
        parts += _parts(told, path, 0, path in gitlab.files)
        leaks += _literals(text, path)
    steps = [(workflow, step) for workflow in workflows for job in workflow.jobs for step in job.steps]
    scripts = {word.removeprefix("./") for _, step in steps for each in step.commands for word in each.words}
    called = sorted(scripts & {*sources.paths} - {*files})[:200]
    for path in called:
        try:
            leaks += _literals(sources.text(path), path)
        except CouldNotVerify as error:
            missing.append(error.reason)
    for workflow, step in steps:
        leaks += _printed(step)
        foreign += _foreign(step, workflow.triggers)
    rights = [
        StatedRights(job.name, job.place, job.permissions)
        for each in workflows
        if each.service == "github" and each.triggers != ("workflow_call",)
        for job in each.jobs
    ]
    found = PipelineFiles(
        git_tree.commit.short, tuple(read), tuple(called), tuple(missing), tuple(parts), tuple(rights),
        tuple(dict.fromkeys(leaks)), tuple(dict.fromkeys(foreign)),
    )  # fmt: skip
    return replace(found, count=found.entries)


def _literals(text: str, path: str) -> Iterator[str]:
    """What stands in a text as it is; a key may stand on several lines."""
    found = False
    for number, line in enumerate(text.splitlines(), 1):
        for name in secrets_in(line):
            found = True
            yield f"{name} in {path}:{number}"
    if not found:
        for name in secrets_in(text):
            yield f"{name} in {path}"


def _parts(value: Any, path: str, line: int, gitlab: bool, key: str = "", depth: int = 0) -> Iterator[ForeignPart]:
    """What is taken from elsewhere in a value of a pipeline file."""
    if depth > 60:
        return
    if isinstance(value, dict):
        lines = getattr(value, "lines", {})
        if gitlab and key == "include" and not {"local", "template"} & {*value}:
            ref = str(value.get("ref", value.get("component", "")))
            pinned = bool(re.search(r"(?:^|@)[0-9a-f]{40}$", ref)) or "integrity" in value
            shown = cut(" ".join(f"{name}: {each}" for name, each in value.items()), 100)
            yield ForeignPart(shown, f"{path}:{line}", "include", pinned)
            return
        for name, each in value.items():
            if key in ("with", "env", "variables", "inputs", "outputs"):
                return
            yield from _parts(each, path, lines.get(name, line), gitlab, name, depth + 1)
    elif isinstance(value, list):
        for each in value:
            yield from _parts(each, path, line, gitlab, "image" if gitlab and key == "services" else key, depth + 1)
    elif isinstance(value, str) and value:
        if key == "uses" and not gitlab and not value.startswith("./"):
            sort = (
                "image" if value.startswith("docker://") else "workflow" if ".github/workflows/" in value else "action"
            )
            fixed = r"@sha256:[0-9a-f]{64}$" if sort == "image" else r"@[0-9a-f]{40}$"
            # An image that is run as an action is one.
            yield ForeignPart(cut(value, 100), f"{path}:{line}", "action", bool(re.search(fixed, value)))
        elif key in ("image", "container") or (
            gitlab and key == "name" and "/" in value and ":" in value and " " not in value
        ):
            local = value == "Dockerfile" or value.startswith("$CI_REGISTRY_IMAGE")
            if not local:
                pinned = bool(re.search(r"@sha256:[0-9a-f]{64}$", value))
                yield ForeignPart(cut(value, 100), f"{path}:{line}", "image", pinned)
        elif gitlab and key == "include" and "://" in value:
            yield ForeignPart(cut(value, 100), f"{path}:{line}", "include", False)


def _printed(step: PipelineStep) -> Iterator[str]:
    """Secrets that commands of a step write into the log."""
    secret = {*step.secret_env}
    inserted = any("secrets." in each.lower() for each in step.inserts)
    for command in step.commands:
        words = command.words
        if not words:
            continue
        if (
            words[0] in ("set", "bash", "sh")
            and any(re.fullmatch(r"-[a-z]*x[a-z]*|xtrace", word) for word in words)
            and (secret or inserted)
        ):
            yield f"'{words[0]} -x' in {step.place}, where secrets are used"
        elif secret and words[0] in _DUMPS and len(words) == 1 and command.printed:
            yield f"'{words[0]}' prints every variable in {step.place}, secrets too"
        elif command.printed and words[0] in ("echo", "printf", "cat", "print", "Write-Host", "Write-Output"):
            yield from _echoed(step, command, secret)


def _echoed(step: PipelineStep, command: ShellCommand, secret: set[str]) -> Iterator[str]:
    text = " ".join(command.words[1:])
    if text.startswith(("::add-mask::", "::set-output")):
        return
    names = {*re.findall(r"(?i)\$\{\{\s{0,9}secrets\.(\w{1,100})", text)}
    names |= {name for name in re.findall(r"\$\{?(\w{1,100})", text) if name in secret}
    names |= {name for name in re.findall(r"\$\{\{\s{0,9}env\.(\w{1,100})", text) if name in secret}
    for name in sorted(names):
        yield f"{command.words[0]} of {name} in {step.place}"


def _foreign(step: PipelineStep, triggers: tuple[str, ...]) -> Iterator[str]:
    for inserted in step.inserts:
        if found := _FOREIGN.search(inserted):
            yield f"{found[0]} becomes part of a command in {step.place}"
    trusting = {"pull_request_target", "workflow_run"} & {*triggers}
    texts = [" ".join(each.words) for each in step.commands if each.words[:1] in (("git",), ("gh",))]
    pulled = re.compile(r"gh pr checkout|\bpull/.{1,200}/(?:head|merge)")
    by_hand = any(pulled.search(each) or _HEAD.search(each) for each in texts)
    given = "checkout" in step.uses and any(_HEAD.search(each) for each in (*step.inputs.values(), *step.refers))
    if trusting and (by_hand or given):
        yield f"the code of a pull request is checked out with rights to write in {step.place}"
    if any("tojson(secrets" in each.lower().replace(" ", "") for each in step.refers):
        yield f"all secrets are handed over in {step.place}"
