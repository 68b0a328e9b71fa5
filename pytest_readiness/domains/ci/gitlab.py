"""The pipeline of GitLab, as it is for a branch."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.core.text import cut
from pytest_readiness.core.yamlfile import YamlList, YamlMap
from pytest_readiness.domains.ci.pipeline import Event, PipelineJob, PipelineStep, PipelineWorkflow
from pytest_readiness.domains.ci.resolving import resolved
from pytest_readiness.domains.ci.shell import ShellCommand, commands_of
from pytest_readiness.domains.ci.sources import Sources, joined

FILE = ".gitlab-ci.yml"
_GLOBAL = ("stages", "variables", "default", "include", "workflow", "spec", "image", "services", "cache", "types")
_SECRET = re.compile(r"(?i)pass|secret|token|key\b|_key_|cred|kubeconfig|_auth\b|private|webhook|license|_dsn\b|_pat\b")
"""What is in names of variables that are secrets; others may be set by images, or need none."""
_SET = re.compile(
    r"(?:^|[\s;&|({])(?:for\s{1,9}|read\s{1,9}(?:-\w{1,9}\s{1,9})*)?(\w{1,100})(?==|\s{1,9}in\s|\s*$)", re.MULTILINE
)
_SOURCES: Mapping[Event, str] = {
    "push": "push", "pull request": "merge_request_event", "tag": "push", "by hand": "web",
}  # fmt: skip
_WORD_OF_RULE = re.compile(r"\s*(&&|\|\||==|!=|=~|!~|[()]|\$\w+|null\b|\"[^\"]*\"|'[^']*'|/(?:[^/\\\n]|\\.)+/i?)")
_VARIABLE = re.compile(r"\$\{?(\w+)")
_BRACED = re.compile(r"\$(?:(\w+)|\{(\w+)\})")
_NEEDED = re.compile(r"\$(?:(?!CI_)([A-Za-z_]\w*)|\{(?!CI_)([A-Za-z_]\w*)(?!\w|:?[-+=]))")
_SECRET = re.compile(r"(?i)pass|secret|token|(?:^|_)key(?:_|$)|cred|kube_?config|private|webhook|_dsn$|_pat$")
"""What names of secrets have in them; other variables that a file does not set may come from an image."""
_DEEPEST = 10


class GitLab:
    """Reads `.gitlab-ci.yml` with what it includes of the same repository."""

    def __init__(self, sources: Sources, branch: str, tags: tuple[str, ...]) -> None:
        self.sources = sources
        self.missing: list[str] = []
        self.perhaps = ""
        self.files: list[str] = []
        tag = tags[0] if tags else "v1.0.0"
        self.known: dict[Event, dict[str, str]] = {}
        for event, source in _SOURCES.items():
            known = {
                "CI_PIPELINE_SOURCE": source,
                "CI_COMMIT_REF_NAME": tag if event == "tag" else branch,
                "CI": "true",
            }
            usual = sources.default_branch or (branch if branch in ("main", "master") else "")
            known |= {"CI_DEFAULT_BRANCH": usual} if usual else {}
            if event == "tag":
                known |= {"CI_COMMIT_TAG": tag, "CI_COMMIT_BRANCH": ""}
            elif event == "pull request":
                known |= {"CI_MERGE_REQUEST_TARGET_BRANCH_NAME": branch, "CI_MERGE_REQUEST_IID": "1"}
                known |= {
                    "CI_MERGE_REQUEST_ID": "1",
                    "CI_COMMIT_BRANCH": "",
                    "CI_COMMIT_TAG": "",
                    "CI_OPEN_MERGE_REQUESTS": "",
                }
            else:
                known |= {"CI_COMMIT_BRANCH": branch, "CI_COMMIT_TAG": "", "CI_MERGE_REQUEST_IID": ""}
            self.known[event] = {"CI_SCHEDULED": "", "CI_OPEN_MERGE_REQUESTS": "", **known}

    def workflows(self) -> list[PipelineWorkflow]:
        """The pipeline, if there is one."""
        if FILE not in self.sources:
            return []
        made = PipelineWorkflow(FILE, FILE, "gitlab")
        try:
            read = self._included(FILE, 0)
        except CouldNotVerify as error:
            return [replace(made, why_not=error.reason, unsure=True)]
        variables = _map(read.get("variables"))
        for known in self.known.values():
            for name, value in variables.items():
                text = _map(value).get("value", value) if isinstance(value, dict) else value
                if isinstance(text, (str, int)) and "$" not in str(text):
                    known.setdefault(name, str(text))
        events: tuple[Event, ...] = tuple(_SOURCES)
        verdicts = {each: self._rule(_map(read.get("workflow")).get("rules"), each) for each in events}
        events = tuple(each for each, told in verdicts.items() if told[0] not in ("never", "perhaps"))
        events = tuple(each for each in events if each != "by hand")
        if not events:
            self.perhaps = next((why for when, _, why in verdicts.values() if when == "perhaps"), "")
        jobs = [self._job(name, read, events) for name in _names(read)]
        missing = dict.fromkeys(self.missing)
        jobs += [PipelineJob(each, FILE, (), f"{each} is not read", unsure=True) for each in missing]
        why = "" if events else self.perhaps or "its workflow's rules leave the branch out"
        inputs = tuple(name for name, value in variables.items() if isinstance(value, dict) and "description" in value)
        return [
            PipelineWorkflow(
                FILE, FILE, "gitlab", events, why, bool(self.perhaps), tuple(_SOURCES.values()), inputs, tuple(jobs)
            )
        ]

    def _included(self, path: str, depth: int) -> YamlMap:
        """A file with what it includes, which it may write over."""
        read = self.sources.mapping(path)
        self.files.append(path)
        made = YamlMap(read.path, read.line)
        includes = read.get("include", [])
        for told in includes if isinstance(includes, list) else [includes]:
            local = told.get("local") if isinstance(told, dict) else told
            paths = [joined("", str(local))] if isinstance(local, str) and "://" not in local else []
            if paths and "*" in paths[0]:
                paths = self.sources.matching([f"/{paths[0]}"])
            if not paths or (isinstance(told, dict) and "rules" in told) or depth >= _DEEPEST:
                shown = " ".join(map(str, told.values())) if isinstance(told, dict) else str(told)
                self.missing.append(f"include {cut(shown, 80)}")
                continue
            for each in paths:
                _over(made, self._included(each, depth + 1))
        _over(made, read)
        return made

    def _extended(self, name: str, read: Mapping[str, Any], above: tuple[str, ...] = ()) -> dict[str, Any]:
        job = _map(read.get(name))
        made: dict[str, Any] = {}
        parents = job.get("extends", [])
        for parent in parents if isinstance(parents, list) else [parents]:
            if not isinstance(parent, str) or parent not in read or parent in above or len(above) >= _DEEPEST:
                self.missing.append(f"'{cut(str(parent), 60)}', which {cut(name, 60)} extends,")
            else:
                _over(made, self._extended(parent, read, (*above, name)))
        _over(made, job)
        return made

    def _job(self, name: str, read: YamlMap, events: tuple[Event, ...]) -> PipelineJob:
        known = len(self.missing)
        job = {**self._extended(name, read)}
        foreign = self.missing[known:]
        job = {key: read[key] for key in ("before_script",) if key in read} | {**_map(read.get("default")), **job}
        found = {each: self._when(job, each) for each in (*events, *(("by hand",) if "by hand" not in events else ()))}
        sure: list[Event] = [each for each, (when, _) in found.items() if when == "on" and each in events]
        why, unsure = "", False
        if not sure:
            told = [verdict for each, verdict in found.items() if each in events]
            perhaps = [text for when, text in told if when == "perhaps"]
            why = (perhaps or [text for when, text in told if text] or ["its pipeline does not run for the branch"])[0]
            unsure = bool(perhaps)
        if any(when == "manual" for when, _ in found.values()):
            sure.append("by hand")
        environment = job.get("environment", "")
        action = _map(environment).get("action", "start")
        environment = str(_map(environment).get("name", "") if isinstance(environment, dict) else environment)
        variables = {**_map(read.get("variables")), **_map(job.get("variables"))}
        rules = [each for told in (job, _map(read.get("workflow"))) for each in _listed(told.get("rules"))]
        ruled = {key for each in rules for key in _map(_map(each).get("variables"))}
        fixed = {key: each for key, each in variables.items() if isinstance(each, (str, int)) and key not in ruled}
        environment = _BRACED.sub(lambda found: str(fixed.get(found[1] or found[2], found[0])), environment)
        needs = job["needs"] if isinstance(job.get("needs"), list) else None
        line = read.line_of([name])
        place = f"{read.path_of([name]).as_posix()}:{line}"
        scripts = [line for key in ("before_script", "script") for line in self._lines(job.get(key), read, 0)]
        commands = commands_of("\n".join(scripts), errexit=True, pipefail=True)
        if "trigger" in job:
            why, unsure = why or "what it triggers is not read", unsure or not why
            sure = []
        if foreign or self.perhaps:
            sure, why, unsure = [], f"{foreign[0]} is not read" if foreign else self.perhaps, True
        secrets = _secrets([*scripts, *self._lines(job.get("after_script"), read, 0)], commands, job, variables)
        step = PipelineStep(
            name, place, tuple(sure), why, unsure,
            commands=resolved(self.sources, commands, ""),
            refers=tuple(sorted({*_VARIABLE.findall("\n".join(scripts))})),
            secret_env=(*secrets, "CI_JOB_TOKEN", "CI_REGISTRY_PASSWORD", "CI_DEPLOY_PASSWORD") if scripts else (),
        )  # fmt: skip
        needed = [str(each.get("job", "")) if isinstance(each, dict) else str(each) for each in needs or []]
        return PipelineJob(
            name, place, tuple(sure), why, unsure,
            needs=tuple(needed) if needs is not None else self._before(job, read),
            environment=environment if action == "start" else "",
            secrets=secrets,
            steps=(step,) if scripts else (),
        )  # fmt: skip

    def _before(self, job: Mapping[str, Any], read: Mapping[str, Any]) -> tuple[str, ...]:
        """The jobs of the stages before a job's."""
        stages = read.get("stages") or [".pre", "build", "test", "deploy", ".post"]
        stage = job.get("stage", "test")
        earlier = stages[: stages.index(stage)] if isinstance(stages, list) and stage in stages else []
        return tuple(name for name in _names(read) if self._extended(name, read).get("stage", "test") in earlier)

    def _lines(self, script: object, read: Mapping[str, Any], depth: int) -> Iterator[str]:
        """Lines of a script, with those that it takes from elsewhere by !reference."""
        if isinstance(script, YamlList) and script.tag == "!reference" and depth < _DEEPEST:
            found: Any = read
            for key in script:
                found = _map(found).get(str(key))
            if found is None:
                self.missing.append(f"!reference {cut(' '.join(map(str, script)), 60)}")
            yield from self._lines(found, read, depth + 1)
        elif isinstance(script, list):
            for each in script:
                yield from self._lines(each, read, depth + 1)
        elif script is not None:
            yield str(script)

    def _when(self, job: Mapping[str, Any], event: Event) -> tuple[str, str]:
        """Whether a job runs on an event and can fail its pipeline: "on", "manual", "never", "perhaps"; and why not."""
        allowed = job.get("allow_failure", False)
        if "rules" in job:
            when, tolerated, why = self._rule(job["rules"], event, str(job.get("when", "on_success")))
            allowed = allowed if tolerated is None else tolerated
        elif "only" in job or "except" in job:
            when, why = self._only(job, event), "its 'only' and 'except' leave the branch out"
            when = str(job.get("when", "on_success")) if when == "on" else when
        else:
            # Without rules, jobs do not run in pipelines of merge requests.
            when, why = str(job.get("when", "on_success")), ""
            if event == "pull request":
                when, why = "never", "without rules it does not run for merge requests"
        if when in ("manual", "never", "perhaps"):
            return when, {"manual": "it is started by hand", "never": why or "'when: never'"}.get(when, why)
        if when == "on_failure":
            return "never", "it runs only where an earlier job fails"
        if allowed:
            return "never", "'allow_failure' is set"
        return "on", ""

    def _rule(self, rules: object, event: Event, usual: str = "on_success") -> tuple[str, bool | None, str]:
        """What the first rule that holds says: when, whether failure is allowed, and why not."""
        if rules is None:
            return usual, None, ""
        flat = [each for told in (rules if isinstance(rules, list) else [rules]) for each in self._flat(told)]
        for rule in flat:
            if not isinstance(rule, dict):
                return "perhaps", None, "its rules are taken from elsewhere"
            holds = self._holds(str(rule["if"]), event) if "if" in rule else True
            if holds is True and "exists" in rule:
                exists = rule["exists"] if isinstance(rule["exists"], list) else []
                holds = bool(self.sources.matching([f"/{each}" for each in exists])) if exists else None
            if holds is True and "changes" in rule:
                changes = (
                    _map(rule["changes"]).get("paths", []) if isinstance(rule["changes"], dict) else rule["changes"]
                )
                share = self.sources.share([str(each) for each in changes]) if isinstance(changes, list) else 0.1
                holds = True if share >= 0.5 else None if share else False
            if holds is None:
                return (
                    "perhaps",
                    None,
                    f"whether it runs depends on the rule '{cut(str(rule.get('if', 'changes')), 60)}'",
                )
            if holds:
                when = str(rule.get("when", usual))
                return when, rule.get("allow_failure"), f"its rule '{cut(str(rule.get('if', 'when')), 60)}' says never"
        return "never", None, "none of its rules holds for the branch"

    def _flat(self, told: Any) -> list[Any]:
        return told if isinstance(told, list) and getattr(told, "tag", "") != "!reference" else [told]

    def _only(self, job: Mapping[str, Any], event: Event) -> str:
        known = self.known[event]
        if event == "by hand":
            return "never"

        def named(told: object) -> bool | None:
            if isinstance(told, dict):
                if {"variables", "changes", "kubernetes"} & {*told}:
                    return None
                told = told.get("refs", [])
            names = [str(each) for each in (told if isinstance(told, list) else [told])]
            kind = {"push": "branches", "tag": "tags", "pull request": "merge_requests"}[event]
            if kind in names or (event == "push" and "pushes" in names):
                return True
            if event == "pull request":
                return False
            found = [_fits(known["CI_COMMIT_REF_NAME"], each) for each in names]
            return True if True in found else None if None in found else False

        only = named(job["only"]) if "only" in job else event in ("push", "tag")
        left = named(job["except"]) if "except" in job else False
        if only is False or left is True:
            return "never"
        return "on" if only and left is False else "perhaps"

    def _holds(self, text: str, event: Event) -> bool | None:
        """Whether a condition of a rule holds; None where that is known in a run only."""
        tokens: list[str] = []
        at = 0
        while at < len(text.rstrip()) and len(tokens) < 200:
            found = _WORD_OF_RULE.match(text, at)
            if not found:
                return None
            tokens.append(found[1])
            at = found.end()
        return _either(tokens[::-1], self.known[event], 0)


def _secrets(
    scripts: list[str], commands: tuple[ShellCommand, ...], job: Mapping[str, Any], variables: Mapping[str, Any]
) -> tuple[str, ...]:
    """Variables that a job uses, by whose names they are secrets, and that nothing in the file sets."""
    own = {*variables, *_map(job.get("secrets")), *_map(job.get("id_tokens"))}
    for command in commands:
        words = command.words[1:] if command.words[:1] in (("export",), ("local",), ("read",)) else command.words
        for name, sign, value in (word.partition("=") for word in words):
            if not (sign or command.words[0] == "read"):
                break
            own |= {name} if f"${name}" not in value else set()
    texts = [*scripts, *(str(each) for each in _map(job.get("variables")).values())]
    found = {first or second for text in texts for first, second in _NEEDED.findall(text)}
    return tuple(sorted(each for each in found - own if _SECRET.search(each)))


def _either(tokens: list[str], known: Mapping[str, str], depth: int) -> bool | None:
    value = _both(tokens, known, depth)
    while tokens and tokens[-1] == "||":
        tokens.pop()
        other = _both(tokens, known, depth)
        value = True if True in (value, other) else None if None in (value, other) else False
    return value


def _both(tokens: list[str], known: Mapping[str, str], depth: int) -> bool | None:
    value = _compared(tokens, known, depth)
    while tokens and tokens[-1] == "&&":
        tokens.pop()
        other = _compared(tokens, known, depth)
        value = False if False in (value, other) else None if None in (value, other) else True
    return value


def _compared(tokens: list[str], known: Mapping[str, str], depth: int) -> bool | None:
    if not tokens or depth > 30:
        return None
    first = tokens.pop()
    if first == "(":
        value = _either(tokens, known, depth + 1)
        return value if tokens and tokens.pop() == ")" else None
    left = _value(first, known)
    if not tokens or tokens[-1] not in ("==", "!=", "=~", "!~"):
        return None if left is None else left != ""
    sign, right = tokens.pop(), tokens.pop() if tokens else ""
    if left is None:
        return None
    if sign in ("==", "!="):
        other = _value(right, known)
        return None if other is None else (left == other) is (sign == "==")
    found = _fits(left, right)
    return None if found is None else found is (sign == "=~")


def _value(token: str, known: Mapping[str, str]) -> str | None:
    if token.startswith("$"):
        return known.get(token[1:])
    return "" if token.startswith("null") else token[1:-1] if token[:1] in "\"'" else None


def _fits(name: str, pattern: str) -> bool | None:
    """Whether a name is a pattern's; None for expressions that are more than a beginning, an end or a piece.

    What a file says is not run as an expression.
    """
    if not pattern.startswith("/"):
        return name == pattern
    inner = pattern.removesuffix("i").strip("/").replace("\\/", "/").replace("\\.", "\0").replace("\\-", "-")
    begins, ends = inner.startswith("^"), inner.endswith("$")
    inner = inner.removeprefix("^").removesuffix("$")
    if begins and inner.endswith(".*"):
        inner, ends = inner.removesuffix(".*"), False
    if re.search(r"[.*+?()\[\]{}|\\^$]", inner):
        return None
    text = inner.replace("\0", ".")
    if begins and ends:
        return name == text
    return name.startswith(text) if begins else name.endswith(text) if ends else text in name


def _names(read: Mapping[str, Any]) -> list[str]:
    """The names of jobs that are none to build others on."""
    return [name for name in read if name not in _GLOBAL and name[:1] != "." and isinstance(read[name], dict)]


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _map(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _over(made: dict[str, Any], other: Mapping[str, Any]) -> None:
    """Write one mapping over another, as GitLab does: mappings are merged, lists are not."""
    for key, value in other.items():
        if isinstance(made.get(key), dict) and isinstance(value, dict):
            merged = YamlMap(value.path, value.line) if isinstance(value, YamlMap) else {}
            _over(merged, made[key])
            _over(merged, value)
            made[key] = merged
        else:
            made[key] = value
        if isinstance(made, YamlMap) and isinstance(other, YamlMap):
            made.lines[key] = other.lines.get(key, other.line)
            if isinstance(value, YamlMap):
                made._elsewhere[key] = value.path
