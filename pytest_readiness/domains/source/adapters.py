"""What linters, formatters and type checkers say of a commit, in one form: read from what they print for programs."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.core.text import cut
from pytest_readiness.domains.source.tool import ToolEnded, ToolPlace

MOST_FINDINGS = 1000
_SCRIPTS = (".js", ".mjs", ".cjs", ".jsx", ".ts", ".mts", ".cts", ".tsx")
_PYTHON = (".py", ".pyi", ".pyw", ".ipynb")
_UNUSED = ("no-unused-vars", "@typescript-eslint/no-unused-vars", "unused-imports/no-unused-imports")
_TSC = re.compile(r"(?:(.{1,300})\(\d+,\d+\): )?error (TS\d{1,6}): (.{0,300})")
_TSC_LINE = re.compile(r".{1,300}\((\d+),\d+\): error")
_MODULE = re.compile(r"Cannot find module '([^'.][^']{0,200})'")
_BLACK = re.compile(r"would reformat (.{1,300})")
_BLACK_COUNT = re.compile(r"(\d{1,9}) files? would (?:be reformatted|be left unchanged|fail to reformat)")
_RUFF_FILE = re.compile(r"\[DEBUG\] Checking: (.{1,1000})")
_RUFF_COUNT = re.compile(r"(\d{1,9}) files? (?:would be reformatted|already formatted)")
_SETTINGS_HEAD = "linter.rules.enabled = ["


@dataclass(frozen=True, slots=True)
class ToolAsked:
    """What a tool is asked.

    Attributes:
        tool: "ruff".
        job: "lint", "format", "types" or "dead_code".
        paths: what it is given; for tsc, the projects.
        tool_path: folder that it is looked for in first; "" for the usual ones.
        linked: folders of the working tree that are linked into the copy.
    """

    tool: str
    job: str
    paths: tuple[str, ...] = ()
    tool_path: str = ""
    linked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LintFinding:
    """Something that a tool has found.

    Attributes:
        rule: "F401".
        path: the file, from the top of the repository.
        line: in it; 0 for all of it.
    """

    rule: str
    path: str
    line: int


@dataclass(frozen=True, slots=True)
class ToolFindings:
    """What a tool says.

    Attributes:
        commit: first digits of the commit.
        version: as the tool tells it.
        files: how many files it looked at.
        here: how many files of its kinds are in the commit.
        rules: how many rules were on; -1 where there are none to choose.
        count: how many findings there are.
        findings: at most 1000 of them.
        suppressed: findings or lines that the code or the configuration silences; -1 where nobody can tell.
        silenced: settings that silence more ("ignore_errors").
        annotated: functions with annotations.
        functions: all functions that were seen; 0 where the tool does not count them.
    """

    commit: str
    version: str
    files: int
    here: int
    rules: int
    count: int
    findings: tuple[LintFinding, ...]
    suppressed: int
    silenced: tuple[str, ...] = ()
    annotated: int = 0
    functions: int = 0


@dataclass(slots=True)
class _Said:
    """What an adapter has read, before it is a record."""

    files: int
    findings: list[LintFinding]
    rules: int = -1
    suppressed: int = -1
    silenced: tuple[str, ...] = ()
    annotated: int = 0
    functions: int = 0


def ask_tool(place: ToolPlace, asked: ToolAsked, commit: str, paths: Sequence[str]) -> ToolFindings:
    """Run a tool for a job.

    Raises:
        CouldNotVerify: it is not there, does not do this job, or does not answer as it must.
    """
    adapter = ADAPTERS.get((asked.job, asked.tool))
    if adapter is None:
        raise CouldNotVerify(f"{asked.tool} is not known to do this")
    version = place.run([asked.tool, "--version"], seconds=60).output.strip().partition("\n")[0]
    said = adapter(place, asked.paths)
    ends = _SCRIPTS if asked.tool in ("eslint", "tsc", "prettier") else _PYTHON
    return ToolFindings(
        commit=commit,
        version=cut(version if version.startswith(asked.tool) else f"{asked.tool} {version}", 60),
        files=said.files,
        here=sum(each.endswith(ends) for each in paths),
        rules=said.rules,
        count=len(said.findings),
        findings=tuple(said.findings[:MOST_FINDINGS]),
        suppressed=said.suppressed,
        silenced=said.silenced,
        annotated=said.annotated,
        functions=said.functions,
    )


def _ended(tool: str, ended: ToolEnded, accepted: tuple[int, ...] = (0, 1)) -> ToolEnded:
    if ended.status not in accepted:
        raise CouldNotVerify(f"{tool} did not do its work (exit code {ended.status}: {ended.last})")
    return ended


def _json(tool: str, ended: ToolEnded) -> list[Any]:
    try:
        told = json.loads(_ended(tool, ended).output)
        if isinstance(told, list) and all(isinstance(each, dict) for each in told):
            return told
    except (ValueError, RecursionError):
        pass
    raise CouldNotVerify(f"{tool} did not answer in JSON: {ended.last}")


def _inside(place: ToolPlace, path: str) -> str:
    whole = Path(path)
    return str(whole.relative_to(place.folder)) if whole.is_relative_to(place.folder) else path.removeprefix("./")


def _ruff(*select: str) -> Callable[[ToolPlace, tuple[str, ...]], _Said]:
    def lint(place: ToolPlace, paths: tuple[str, ...]) -> _Said:
        base = ["ruff", "check", "--no-fix", "--no-cache", *select]
        found = _json("ruff", place.run([*base, "--output-format=json", "--", *(paths or ".")]))
        if lost := [each for each in found if each.get("code") == "E902"]:
            raise CouldNotVerify(f"ruff could not read {cut(_inside(place, str(lost[0].get('filename'))), 100)}")
        everything = ["--ignore-noqa", "--config=lint.per-file-ignores={}", "--output-format=json"]
        loud = _json("ruff", place.run([*base, *everything, "--", *(paths or ".")]))
        files = _ruff_files(place, paths)
        rules = -1
        if files:
            shown = _ended("ruff", place.run([*base, "--show-settings", "--", files[0]]), (0,)).output
            after = shown.partition(_SETTINGS_HEAD)[2].partition("]\n")[0]
            rules = sum(bool(line.strip()) for line in after.splitlines())
        findings = [
            LintFinding(str(each.get("code")), _inside(place, str(each["filename"])), int(each["location"]["row"]))
            for each in found
        ]
        return _Said(len(files), findings, rules, max(0, len(loud) - len(found)))

    return lint


def _ruff_files(place: ToolPlace, paths: tuple[str, ...]) -> list[str]:
    """The files that are linted. Those of --show-files are more: it knows nothing of `lint.exclude`."""
    run = ["ruff", "check", "--no-cache", "--exit-zero", "--select=E902", "--verbose", "--", *(paths or ".")]
    said = _ended("ruff", place.run(run, together=True), (0,)).output
    return [path for path in _RUFF_FILE.findall(said) if path.endswith(_PYTHON)]


def _ruff_format(place: ToolPlace, paths: tuple[str, ...]) -> _Said:
    base = ["ruff", "format", "--check", "--no-cache"]
    ended = place.run([*base, "--output-format=json", "--", *(paths or ".")])
    if ended.status == 2 and "output-format" in ended.errors:  # before 0.13
        ended = _ended("ruff", place.run([*base, "--", *(paths or ".")]))
        changed = [line.partition(": ")[2] for line in ended.output.splitlines() if line.startswith("Would reformat: ")]
    else:
        changed = [str(each.get("filename")) for each in _json("ruff", ended)]
    findings = [LintFinding("format", _inside(place, each), 0) for each in dict.fromkeys(changed)]
    if bool(findings) != bool(ended.status):
        raise CouldNotVerify(f"ruff format ended with exit code {ended.status} and named {len(findings)} files")
    said = _ended("ruff", place.run([*base, "--", *(paths or ".")], together=True)).output
    files = sum(int(number) for number in _RUFF_COUNT.findall(said))
    return _Said(files, findings, suppressed=_lines_with(place, _PYTHON, "fmt: off", "fmt: skip"))


def _black(place: ToolPlace, paths: tuple[str, ...]) -> _Said:
    ended = _ended("black", place.run(["black", "--check", "--no-color", "--", *(paths or ".")], together=True))
    findings = [LintFinding("format", _inside(place, each), 0) for each in _BLACK.findall(ended.output)]
    files = sum(map(int, _BLACK_COUNT.findall(ended.output)))
    if len(findings) > files or bool(findings) != bool(ended.status):
        raise CouldNotVerify(f"black ended with exit code {ended.status} and named {len(findings)} files")
    return _Said(files, findings, suppressed=_lines_with(place, _PYTHON, "fmt: off", "fmt: skip"))


def _prettier(place: ToolPlace, paths: tuple[str, ...]) -> _Said:
    words = ["prettier", "--check", "--no-color", "--log-level=debug", "--", *(paths or ".")]
    ended = _ended("prettier", place.run(words, together=True))
    lines = ended.output.splitlines()
    files = sum(line.startswith("[debug] resolve config from ") for line in lines)
    changed = [line.removeprefix("[warn] ") for line in lines if line.startswith("[warn] ")]
    findings = [LintFinding("format", each, 0) for each in changed if (place.folder / each).is_file()]
    if bool(findings) != bool(ended.status):
        raise CouldNotVerify(f"prettier ended with exit code {ended.status} and named {len(findings)} files")
    return _Said(files, findings, suppressed=_lines_with(place, (*_SCRIPTS, ".css", ".md"), "prettier-ignore"))


def _eslint(*only: str) -> Callable[[ToolPlace, tuple[str, ...]], _Said]:
    def lint(place: ToolPlace, paths: tuple[str, ...]) -> _Said:
        told = _json("eslint", place.run(["eslint", "--format=json", "--no-color", "--", *(paths or ".")]))
        if not all(isinstance(each.get("messages"), list) and "filePath" in each for each in told):
            raise CouldNotVerify("eslint did not answer with messages of files")
        rules = {Path(each["filePath"]).suffix: 0 for each in told}
        for suffix in list(rules)[:10]:
            some = next(each["filePath"] for each in told if Path(each["filePath"]).suffix == suffix)
            rules[suffix] = _rules_on(place, some, only)
        looked = [each for each in told if rules[Path(each["filePath"]).suffix] and not _is_ignored(each)]
        wanted = [(each["filePath"], one) for each in looked for one in each["messages"] if _is_wanted(one, only)]
        findings = [
            LintFinding(str(one.get("ruleId") or "error"), _inside(place, path), int(one.get("line") or 0))
            for path, one in wanted
        ]
        quiet = [one for each in looked for one in each.get("suppressedMessages", []) if _is_wanted(one, only)]
        return _Said(len(looked), findings, max(rules.values(), default=0), len(quiet))

    return lint


def _rules_on(place: ToolPlace, path: str, only: tuple[str, ...]) -> int:
    shown = place.run(["eslint", "--print-config", path], seconds=120)
    try:
        rules: Mapping[str, Any] = json.loads(_ended("eslint", shown, (0,)).output).get("rules") or {}
    except (ValueError, AttributeError, RecursionError):
        raise CouldNotVerify("eslint did not tell its configuration in JSON") from None
    on = [name for name, value in rules.items() if (value[0] if isinstance(value, list) else value) not in (0, "off")]
    return sum(not only or name in only for name in on)


def _is_ignored(told: Mapping[str, Any]) -> bool:
    return any(not one.get("ruleId") and "ignored" in str(one.get("message")) for one in told["messages"])


def _is_wanted(message: Mapping[str, Any], only: tuple[str, ...]) -> bool:
    return not only or message.get("ruleId") in only or bool(message.get("fatal"))


def _mypy(place: ToolPlace, paths: tuple[str, ...]) -> _Said:
    report = place.folder.parent / "report"
    words = ["mypy", "--output=json", "--no-incremental", f"--cache-dir={place.folder.parent / 'cache'}"]
    words += [f"--linecount-report={report}"]
    ended = place.run([*words, *(["--", *paths] if paths else [])])
    if not paths and ended.status == 2 and "Missing target" in ended.errors:
        ended = place.run([*words, "."])
    _ended("mypy", ended)
    try:
        told = [json.loads(line) for line in ended.output.splitlines() if line.startswith("{")]
        errors = [each for each in told if each["severity"] == "error"]
        rows = [line.split() for line in (report / "linecount.txt").read_text("utf-8").splitlines()]
    except (ValueError, KeyError, OSError, RecursionError):
        raise CouldNotVerify(f"mypy did not answer in JSON with a count of lines: {ended.last}") from None
    if missing := [each for each in errors if each.get("code") == "import-not-found"]:
        raise CouldNotVerify(
            f"mypy does not find {len(missing)} imported modules, first in {cut(str(missing[0].get('file')), 100)}: run"
            " a mypy that is installed beside the project's dependencies (`tool_path`)"
        )
    findings = [LintFinding(str(each.get("code")), str(each["file"]), int(each["line"])) for each in errors]
    if bool(errors) != bool(ended.status):
        raise CouldNotVerify(f"mypy ended with exit code {ended.status} and {len(errors)} errors")
    ours = [row for row in rows if len(row) == 5 and _is_ours(place, row[4])]
    return _Said(
        files=len(ours),
        findings=findings,
        suppressed=_lines_with(place, _PYTHON, "# type: ignore", "# mypy: ignore-errors"),
        silenced=_settings(
            place, ("mypy.ini", ".mypy.ini", "setup.cfg", "pyproject.toml"), "ignore_errors", "follow_imports"
        ),
        annotated=sum(int(row[2]) for row in ours),
        functions=sum(int(row[3]) for row in ours),
    )


def _is_ours(place: ToolPlace, module: str) -> bool:
    ends = [module.replace(".", "/") + each for each in (".py", ".pyi", "/__init__.py", "/__init__.pyi")]
    return any(next(_glob(place.folder, end), None) for end in ends)


def _glob(folder: Path, end: str) -> Iterator[Path]:
    """Files whose path ends so, at the top or in one of the folders below where packages stand."""
    yield from (
        path for path in (folder / end, *(each / end for each in folder.iterdir() if each.is_dir())) if path.is_file()
    )


def _tsc(place: ToolPlace, paths: tuple[str, ...]) -> _Said:
    files: set[str] = set()
    findings: list[LintFinding] = []
    for project in paths or ("tsconfig.json",):
        listed = place.run(["tsc", "-p", project, "--listFilesOnly"])
        here = [_inside(place, line) for line in listed.output.splitlines() if line.startswith(str(place.folder))]
        mine = {each for each in here if "node_modules/" not in each and each.endswith(_SCRIPTS) and ".d." not in each}
        if not mine:
            raise CouldNotVerify(
                f"tsc looks at no file by {cut(project, 100)} ({listed.last or 'nothing is listed'}); where that only"
                " refers to other projects, name those in `paths`"
            )
        ended = _ended("tsc", place.run(["tsc", "-p", project, "--noEmit", "--pretty", "false"]), (0, 1, 2))
        errors = [line for line in ended.output.splitlines() if _TSC.match(line)]
        if missing := [found[1] for line in errors if (found := _MODULE.search(line))]:
            raise CouldNotVerify(
                f"tsc does not find {len(missing)} modules, first {cut(missing[0], 60)}: install the dependencies"
            )
        if bool(errors) != bool(ended.status):
            raise CouldNotVerify(f"tsc ended with exit code {ended.status} and {len(errors)} errors")
        files |= mine
        findings += map(_tsc_finding, errors)
    quiet = _lines_with(place, _SCRIPTS, "@ts-ignore", "@ts-nocheck", "@ts-expect-error")
    return _Said(
        len({each for each in files if not each.endswith((".js", ".jsx", ".mjs", ".cjs"))}), findings, suppressed=quiet
    )


def _tsc_finding(line: str) -> LintFinding:
    found, at = _TSC.match(line), _TSC_LINE.match(line)
    return LintFinding(found[2] if found else "", (found and found[1]) or "", int(at[1]) if at else 0)


def _lines_with(place: ToolPlace, suffixes: tuple[str, ...], *texts: str) -> int:
    """How many lines of the commit's files of these kinds hold any of the texts."""
    files = (path for path in place.folder.rglob("*") if path.suffix in suffixes and "node_modules" not in path.parts)
    lines = (line for path in files if path.is_file() for line in path.read_bytes().splitlines())
    wanted = [text.encode() for text in texts]
    return sum(any(text in line for text in wanted) for line in lines)


def _settings(place: ToolPlace, files: Sequence[str], *names: str) -> tuple[str, ...]:
    texts = [(place.folder / each).read_text("utf-8", "replace") for each in files if (place.folder / each).is_file()]
    return tuple(name for name in names if any(name in text for text in texts))


ADAPTERS: Mapping[tuple[str, str], Callable[[ToolPlace, tuple[str, ...]], _Said]] = {
    ("lint", "ruff"): _ruff(),
    ("lint", "eslint"): _eslint(),
    ("format", "ruff"): _ruff_format,
    ("format", "black"): _black,
    ("format", "prettier"): _prettier,
    ("types", "mypy"): _mypy,
    ("types", "tsc"): _tsc,
    ("dead_code", "ruff"): _ruff("--select=F401,F811,F841"),
    ("dead_code", "eslint"): _eslint(*_UNUSED),
}
"""By job and tool."""
