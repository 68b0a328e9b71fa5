"""Workflows of GitHub Actions, as they are for a branch."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from itertools import islice, product
from typing import Any, TypeAlias

from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.core.text import cut
from pytest_readiness.core.yamlfile import YamlMap
from pytest_readiness.domains.ci.expressions import Known, holds, render
from pytest_readiness.domains.ci.pipeline import RELEASES, Event, PipelineJob, PipelineStep, PipelineWorkflow
from pytest_readiness.domains.ci.resolving import resolved
from pytest_readiness.domains.ci.shell import commands_of, masked
from pytest_readiness.domains.ci.sources import Sources, joined

FOLDER = ".github/workflows/"
_DEEPEST = 5
_MOST_COMBINATIONS = 64
_EXPRESSION = re.compile(r"\$\{\{([^}]{1,500})\}\}")
_SECRET = re.compile(r"(?<![\w.])secrets(?:\.([A-Za-z_]\w*)|(\[)|(?=\s{0,9}[),}]))", re.IGNORECASE)
_EVENTS: Mapping[str, Event] = {
    "release": "release", "workflow_dispatch": "by hand", "merge_group": "merge queue", "create": "tag",
}  # fmt: skip
_OWN_TYPES = ("opened", "synchronize", "reopened")

_GIVEN = {
    "nick-fields/retry": ("command", ""), "nick-invision/retry": ("command", ""), "coactions/setup-xvfb": ("run", ""),
    "actions-rs/cargo": ("command", "cargo "), "gradle/gradle-build-action": ("arguments", "gradle "),
    "reactivecircus/android-emulator-runner": ("script", ""), "devcontainers/ci": ("runCmd", ""),
    "gabrielbb/xvfb-action": ("run", ""),
}  # fmt: skip
"""Actions that run what they are given: the input, and what is before it."""

Verdict: TypeAlias = tuple[tuple[Event, ...], str, bool]
"""On which events something counts, why on none, and whether that is not certain."""


@dataclass(frozen=True, slots=True)
class _Scope:
    """What holds around a job or step."""

    path: str
    known: Known
    events: tuple[Event, ...]
    why_not: str = ""
    unsure: bool = False
    name: str = ""
    needs: tuple[str, ...] = ()
    permissions: Mapping[str, str] | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    defaults: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    depth: int = 0


def matches(patterns: object, name: str) -> bool:
    """Whether a filter of branches or tags lets a name pass; the last of its patterns that fits decides."""
    passes = False
    for pattern in map(str, patterns if isinstance(patterns, list) else [patterns]):
        if _fits(pattern.removeprefix("!").split("/")[:20], name.split("/")[:20]):
            passes = not pattern.startswith("!")
    return passes


def _fits(pattern: Sequence[str], name: Sequence[str]) -> bool:
    if pattern and pattern[0].startswith("**"):
        return len(pattern) == 1 or any(_fits(pattern[1:], name[at:]) for at in range(len(name)))
    if not pattern or not name:
        return not pattern and not name
    return fnmatchcase(name[0], pattern[0]) and _fits(pattern[1:], name[1:])


def texts_in(value: object) -> str:
    """All texts in a value, a line each."""
    if isinstance(value, dict):
        return "\n".join(texts_in(each) for each in value.values())
    return "\n".join(map(texts_in, value)) if isinstance(value, list) else str(value)


def secrets_of(text: str) -> tuple[str, ...]:
    """Names of the secrets that expressions use; "*" for all of them, or one that is known in a run only."""
    return tuple(sorted({found[1] or "*" for found in _SECRET.finditer(" ".join(_EXPRESSION.findall(text)))}))


class GitHub:
    """Reads workflows.

    Args:
        sources: the files.
        branch: the branch.
        project: owner and name of the repository; "" where that is not declared.
        tags: of the commit that is released.
    """

    def __init__(self, sources: Sources, branch: str, project: str, tags: Sequence[str]) -> None:
        self.sources = sources
        self.branch = branch
        self.tags = tags
        tag = tags[0] if tags else "v1.0.0"
        self.about: dict[str, object] = {}
        if project:
            self.about = {"github.repository": project, "github.repository_owner": project.split("/")[0]}

        def known(name: str, ref: str, **more: object) -> Known:
            said: dict[str, object] = {"github.event_name": name, "github.ref": ref, **self.about}
            said["github.ref_name"] = ref.split("/", 2)[2]
            said["github.ref_type"] = "tag" if ref.startswith("refs/tags/") else "branch"
            return said | {f"github.{key.replace('__', '.')}": value for key, value in more.items()}

        head, tagged = f"refs/heads/{branch}", f"refs/tags/{tag}"
        pull = {"base_ref": branch, "event__pull_request__base__ref": branch, "event__pull_request__draft": False}
        self.known: dict[Event, Known] = {
            "push": known("push", head, base_ref="", head_ref="", event__deleted=False),
            "tag": known("push", tagged, base_ref="", head_ref=""),
            "release": known("release", tagged, event__action="published", event__release__prerelease=False),
            "pull request": known("pull_request", "refs/pull/1/merge", event__pull_request__merged=False, **pull),
            "merge": known("pull_request", head, event__pull_request__merged=True, event__action="closed", **pull),
            "merge queue": known("merge_group", f"refs/heads/gh-readonly-queue/{branch}/pr-1"),
            "by hand": known("workflow_dispatch", head),
            "after another": known(
                "workflow_run", head, event__workflow_run__conclusion="success",
                event__workflow_run__head_branch=branch,
            ),
        }  # fmt: skip

    def workflows(self) -> list[PipelineWorkflow]:
        """Every workflow, also those that GitHub does not see."""
        paths = [path for path in self.sources.paths if path.startswith(FOLDER) and path.endswith((".yml", ".yaml"))]
        self.sources.preload(paths)
        found = [self._workflow(path, {}) for path in paths]
        # Those that begin when another ends are read once more, when it is known which of the others run.
        names = {each.name: each for each in found if set(each.events) - {"by hand"}}
        return [self._workflow(each.file, names) if "workflow_run" in each.triggers else each for each in found]

    def _workflow(self, path: str, others: Mapping[str, PipelineWorkflow]) -> PipelineWorkflow:
        made = PipelineWorkflow(path, path, "github")
        if "/" in path.removeprefix(FOLDER):
            return replace(made, why_not=f"GitHub does not read folders below {FOLDER}")
        try:
            read = self.sources.mapping(path)
        except CouldNotVerify as error:
            return replace(made, why_not=error.reason, unsure=True)
        triggers = _triggers(read.get("on"))
        events, why, unsure = self._triggered(triggers, others)
        given = _map(_map(triggers.get("workflow_dispatch")).get("inputs"))
        scope = _Scope(
            path, self.about, events, why, unsure,
            permissions=_permissions(read),
            environment=_texts(read.get("env")),
            defaults=_texts(_map(read.get("defaults")).get("run")),
            secrets=secrets_of(texts_in(read.get("env", ""))),
        )  # fmt: skip
        name = str(read.get("name") or path)
        jobs = self._jobs(read, scope)
        return PipelineWorkflow(path, name, "github", events, why, unsure, tuple(triggers), tuple(given), tuple(jobs))

    def _triggered(self, triggers: Mapping[str, Any], others: Mapping[str, PipelineWorkflow]) -> Verdict:
        events: list[Event] = []
        whys: list[str] = []
        unsure = False
        for name, told in triggers.items():
            asked = _map(told)
            types = asked.get("types", [])
            types = types if isinstance(types, list) else [types]
            event: Event | None = _EVENTS.get(name)
            if name == "push":
                only_tags = {"tags", "tags-ignore"} & {*asked} and not {"branches", "branches-ignore"} & {*asked}
                only_branches = {"branches", "branches-ignore"} & {*asked} and not {"tags", "tags-ignore"} & {*asked}
                tags = self.tags or ["v1.0.0"]
                # Filters of paths are not asked for tags; who has one does not mean these.
                only_branches = only_branches or ("tags" not in asked and bool({"paths", "paths-ignore"} & {*asked}))
                if not only_branches and (not self.tags or any(_passes(asked, "tags", each) for each in tags)):
                    events.append("tag")
                event = None if only_tags else "push"
            elif name in ("pull_request", "pull_request_target"):
                event = "pull request" if not types or set(types) & {*_OWN_TYPES} else None
                event = "merge" if "closed" in types and not event else event
            elif name == "release" and types and not {"published", "released", "created"} & {*types}:
                event = None
            elif name == "workflow_run":
                named = asked.get("workflows", [])
                named = named if isinstance(named, list) else [named]
                event = "after another" if any(each in others for each in named) else None
            if event is None and "tag" not in events:
                whys.append(f"its trigger '{cut(name, 40)}' is no change of the branch")
            elif event and not _passes(asked, "branches", self.branch):
                whys.append(f"its filter of branches for '{name}' leaves {cut(self.branch, 60)} out")
            elif event:
                ignored = "paths-ignore" in asked
                paths = asked.get("paths-ignore" if ignored else "paths")
                paths = [str(each) for each in (paths if isinstance(paths, list) else [paths])]
                share = self.sources.share(paths, ignored=ignored) if ignored or "paths" in asked else 1
                if share >= 0.5:
                    events.append(event)
                else:
                    whys.append(f"its filter of paths for '{name}' lets {share:.0%} of the files pass")
                    unsure = unsure or share > 0
        if not events:
            return (), "; ".join(whys[:3]) or "it has no triggers", unsure
        automatic = set(events) - {"by hand"}
        return (
            tuple(dict.fromkeys(events)),
            "" if automatic else "; ".join(["it is started by hand", *whys[:2]]),
            unsure,
        )

    def _jobs(self, read: Mapping[str, Any], scope: _Scope) -> list[PipelineJob]:
        jobs = _map(read.get("jobs"))
        verdicts: dict[str, Verdict] = {}

        def verdict_of(name: str, above: tuple[str, ...] = ()) -> Verdict:
            if name not in verdicts:
                job = _map(jobs.get(name))
                found = self._judged(job.get("if", True), scope, scope.events, scope.why_not, scope.unsure)
                ignoring = re.search(r"(?:always|cancelled|failure)\(", str(job.get("if", "")))
                for need in _list(job.get("needs")):
                    if need in jobs and (ignoring or need in above or len(above) > 100):
                        continue
                    if need not in jobs:
                        # GitHub refuses the whole file.
                        found = (), f"it needs the job '{cut(need, 40)}', which is not there", False
                        break
                    events, _, unsure = verdict_of(need, (*above, name))
                    left = tuple(each for each in found[0] if each in events)
                    if found[0] and not left:
                        found = (), f"it needs the job '{cut(need, 40)}', which does not run", unsure
                    found = (left, *found[1:])
                verdicts[name] = found
            return verdicts[name]

        made: list[PipelineJob] = []
        for name, told in jobs.items():
            job = _map(told)
            events, why, unsure = verdict_of(name)
            outer = f"{scope.name} / " if scope.name else ""
            inner = replace(
                scope, events=events, why_not=why, unsure=unsure,
                name=f"{outer}{name}",
                needs=scope.needs + tuple(f"{outer}{each}" for each in _list(job.get("needs"))),
                permissions=_permissions(job) if "permissions" in job else scope.permissions,
                environment={**scope.environment, **_texts(job.get("env"))},
                defaults={**scope.defaults, **_texts(_map(job.get("defaults")).get("run"))},
                secrets=tuple(sorted({*scope.secrets, *secrets_of(texts_in(job))})),
            )  # fmt: skip
            place = f"{scope.path}:{jobs.lines.get(name, 0) if isinstance(jobs, YamlMap) else 0}"
            made += self._called(job, inner, place) if "uses" in job else [self._job(job, inner, place)]
        return made

    def _judged(
        self, condition: object, scope: _Scope, events: tuple[Event, ...], why: str, unsure: bool, *, no: bool = False
    ) -> Verdict:
        """Of events, those for which a condition holds (or, with `no`, does not)."""
        if not events:
            return events, why, unsure
        found = {each: holds(condition, {**self.known[each], **scope.known}) for each in events}
        sure = tuple(each for each, value in found.items() if value is not None and value is not no)
        if sure:
            return sure, why, unsure
        shown = f"'{'continue-on-error' if no else 'if'}: {cut(str(condition).strip(), 60)}'"
        if None in found.values():
            return (), f"whether it {'can fail' if no else 'runs'} depends on {shown}", True
        return (), f"{shown} is {'set' if no else 'false'}", False

    def _rendered(self, text: str, known: Known, events: Sequence[Event]) -> str:
        """A text as it is when a change is released, else on the other events; where these differ, as written."""
        if "${{" not in text:
            return text
        asked = [each for each in events if each in RELEASES] or events
        found = {render(text, {**self.known[each], **known}) for each in asked}
        return found.pop() if len(found) == 1 else render(text, known)

    def _called(self, job: Mapping[str, Any], scope: _Scope, place: str) -> list[PipelineJob]:
        """The jobs of a reusable workflow."""
        uses = str(job["uses"])
        blank = PipelineJob(
            scope.name, place, scope.events, scope.why_not, scope.unsure, scope.needs,
            permissions=scope.permissions, secrets=scope.secrets if job.get("secrets") != "inherit" else ("*",),
        )  # fmt: skip
        if not uses.startswith("./") or scope.depth >= _DEEPEST:
            why = scope.why_not or f"its steps are in {cut(uses, 80)}, which is not read"
            return [replace(blank, events=(), why_not=why, unsure=scope.unsure or not scope.why_not)]
        path = uses[2:]
        try:
            read = self.sources.mapping(path)
        except CouldNotVerify as error:
            return [replace(blank, events=(), why_not=error.reason, unsure=True)]
        call = _triggers(read.get("on")).get("workflow_call", False)
        if call is False:
            return [replace(blank, events=(), why_not=f"{path} has no trigger 'workflow_call'")]
        inner = replace(
            scope, path=path, needs=scope.needs, depth=scope.depth + 1,
            known={**self.about, **_inputs(_map(_map(call).get("inputs")), _map(job.get("with")), scope.known)},
            permissions=_permissions(read) if "permissions" in read else scope.permissions,
            environment=_texts(read.get("env")),
            defaults=_texts(_map(read.get("defaults")).get("run")),
        )  # fmt: skip
        return self._jobs(read, inner)

    def _job(self, job: Mapping[str, Any], scope: _Scope, place: str) -> PipelineJob:
        steps: list[PipelineStep] = []
        best: Verdict = (), scope.why_not, scope.unsure
        combinations = _combinations(_map(job.get("strategy")).get("matrix"))
        if not combinations:
            best, scope = ((), "its matrix is empty", False), replace(scope, events=(), why_not="its matrix is empty")
        named = job.get("environment", "")
        named = str(named.get("name", "")) if isinstance(named, dict) else str(named)
        environments = []
        for combination in combinations or [{}]:
            inner = replace(scope, known={**scope.known, **combination})
            found = self._judged(
                job.get("continue-on-error", False), inner, scope.events, scope.why_not, scope.unsure, no=True
            )
            if found[0] or not best[0]:
                best = found
            environments.append(self._rendered(named, inner.known, scope.events))
            windows = "windows" in render(texts_in(job.get("runs-on", "")), inner.known).lower()
            inner = replace(
                inner, events=found[0], why_not=found[1], unsure=found[2],
                defaults={"shell": "pwsh", **scope.defaults} if windows else scope.defaults,
            )  # fmt: skip
            for step in self._steps(job.get("steps"), inner):
                if step not in steps:
                    steps.append(step)
        environment = environments[0] if len(set(environments)) == 1 else named
        return PipelineJob(
            scope.name, place, *best, scope.needs, environment, scope.permissions, scope.secrets, tuple(steps)
        )

    def _steps(self, steps: object, scope: _Scope) -> Iterable[PipelineStep]:
        for number, told in enumerate(steps if isinstance(steps, list) else [], 1):
            step = _map(told)
            verdict = self._judged(step.get("if", True), scope, scope.events, scope.why_not, scope.unsure)
            verdict = self._judged(step.get("continue-on-error", False), scope, *verdict, no=True)
            environment = {**scope.environment, **_texts(step.get("env"))}
            known = {**scope.known}
            for key, value in environment.items():
                if "${{" not in (shown := render(value, known)):
                    known[f"env.{key.lower()}"] = shown
            text = texts_in(step)
            uses = str(step.get("uses", ""))
            script = str(step.get("run", ""))
            name = str(step.get("name") or uses or script.strip().partition("\n")[0] or f"step {number}")
            line = told.line if isinstance(told, YamlMap) else 0
            inputs = _texts(step.get("with"))
            # What the job or workflow puts into a variable is meant where the step takes the variable.
            taken = [value for key, value in environment.items() if f"${key}" in script or f"${{{key}" in script]
            inserted = script + (inputs.get("script", "") if "github-script" in uses else "")
            made = PipelineStep(
                cut(name, 60), f"{scope.path}:{line}", *verdict,
                uses=uses,
                inputs={key: masked(key, self._rendered(value, known, verdict[0])) for key, value in inputs.items()},
                refers=tuple(each.strip() for each in _EXPRESSION.findall("\n".join([text, *taken]))),
                inserts=tuple(each.strip() for each in _EXPRESSION.findall(inserted)),
                secret_env=tuple(key for key, value in environment.items() if secrets_of(value)),
            )  # fmt: skip
            if uses.startswith("./"):
                yield from self._local(
                    made, replace(scope, known=known, events=verdict[0], why_not=verdict[1], unsure=verdict[2])
                )
                continue
            shell = render(str(step.get("shell") or scope.defaults.get("shell") or ""), known)
            if (action := uses.partition("@")[0].lower()) in _GIVEN:
                given, before = _GIVEN[action]
                script = before + inputs[given] if inputs.get(given) else ""
            folder = str(step.get("working-directory") or scope.defaults.get("working-directory") or "")
            yield replace(
                made,
                commands=self._commands(
                    self._rendered(script, known, verdict[0]), shell, joined("", render(folder, known))
                ),
            )

    def _commands(self, script: str, shell: str, folder: str) -> tuple[Any, ...]:
        words = shell.split()
        program = words[0] if words else ""
        if program in ("python", "node", "perl", "ruby"):
            return ()
        errexit, pipefail = True, program == "bash"
        if len(words) > 1:
            errexit = any(re.fullmatch(r"-[a-zA-Z]*e[a-zA-Z]*", word) for word in words[1:])
            pipefail = "pipefail" in words
        elif program in ("pwsh", "powershell", "cmd"):
            errexit = False
        return resolved(self.sources, commands_of(script, errexit=errexit, pipefail=pipefail), folder)

    def _local(self, step: PipelineStep, scope: _Scope) -> Iterable[PipelineStep]:
        """The steps of an action of the repository, after the step that runs it."""
        yield step
        folder = joined("", step.uses)
        path = next(
            (f"{folder}/{name}" for name in ("action.yml", "action.yaml") if f"{folder}/{name}" in self.sources), ""
        )
        try:
            read = self.sources.mapping(path) if path and scope.depth < _DEEPEST else None
        except CouldNotVerify:
            read = None
        runs = _map(read.get("runs")) if read else {}
        if runs.get("using") == "composite":
            known = _inputs(_map(read.get("inputs")) if read else {}, step.inputs, {})
            inner = replace(scope, path=path, depth=scope.depth + 1, defaults={}, known={**scope.known, **known})
            yield from self._steps(runs.get("steps"), inner)


def _passes(asked: Mapping[str, Any], kind: str, name: str) -> bool:
    if kind in asked:
        return matches(asked[kind], name)
    return f"{kind}-ignore" not in asked or not matches(asked[f"{kind}-ignore"], name)


def _triggers(told: object) -> Mapping[str, Any]:
    return told if isinstance(told, dict) else dict.fromkeys(_list(told))


def _map(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[str]:
    return [str(each) for each in (value if isinstance(value, list) else [] if value is None else [value])]


def _texts(value: object) -> dict[str, str]:
    def text(each: object) -> str:
        return str(each).lower() if isinstance(each, bool) else "" if each is None else str(each)

    return {key: text(each) for key, each in _map(value).items()}


def _permissions(told: Mapping[str, Any]) -> Mapping[str, str] | None:
    """The rights that a workflow or job states; None where it states none."""
    stated = told.get("permissions")
    if isinstance(stated, str):
        return {"*": stated.removesuffix("-all")}
    return _texts(stated) if isinstance(stated, dict) else None


def _inputs(declared: Mapping[str, Any], given: Mapping[str, Any], known: Known) -> Known:
    """What is known of the inputs of a reusable workflow or a local action."""
    values = {key: _map(each).get("default") for key, each in declared.items()} | dict(given)
    shown = {key: render(each, known) if isinstance(each, str) else each for key, each in values.items()}
    return {f"inputs.{key.lower()}": each for key, each in shown.items() if "${{" not in str(each)}


def _combinations(matrix: object) -> list[dict[str, object]]:
    """The combinations of a matrix, as far as they are written; one that knows nothing where they are not."""
    if not isinstance(matrix, dict):
        return [{}]
    axes = {key: each for key, each in matrix.items() if key not in ("include", "exclude") and isinstance(each, list)}
    rows = [dict(zip(axes, row, strict=True)) for row in islice(product(*axes.values()), _MOST_COMBINATIONS)]
    left = [each for each in _rows(matrix.get("exclude")) if each]
    rows = [row for row in rows if not any(all(row.get(key) == each[key] for key in each) for each in left)]
    for added in _rows(matrix.get("include"))[:_MOST_COMBINATIONS]:
        fitting = [row for row in rows if axes and all(row.get(key) == added[key] for key in added if key in axes)]
        for row in fitting:
            row.update(added)
        if not fitting:
            rows = [row for row in rows if row] + [dict(added)]
    return [_flat("matrix", row) for row in rows]


def _rows(value: object) -> list[Mapping[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _flat(name: str, value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        return {name.lower(): value}
    return {key: each for inner, told in value.items() for key, each in _flat(f"{name}.{inner}", told).items()}
