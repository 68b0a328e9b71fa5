"""Claims that a program makes which is run on the released commit."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from pytest_readiness.core.evidence import CouldNotVerify, Evidence, claim
from pytest_readiness.core.registry import AsksOf, check
from pytest_readiness.core.text import counted, cut, visible
from pytest_readiness.domains.source.command import CommandFigure, number_of
from pytest_readiness.domains.source.facts.tools import CommandAsked, CommandRun, ToolAsked, ToolFindings
from pytest_readiness.domains.source.resource import Repository
from pytest_readiness.domains.source.tool import RUN_SECONDS

_SHOWN = 10
_ALWAYS_WELL = re.compile(
    r"\|\|\s{0,9}(?:true|:|exit 0|echo|printf)|[;\n]\s{0,9}(?:true|:|exit 0)\s{0,9}(?:#.{0,200})?\Z|[^&>]&\s{0,9}\Z"
)
_PIPED = re.compile(r"[^|]\|\s{0,9}(?:tee|cat|head|tail|sort|less|more|ts|sed|column|jq)\b[^|]{0,300}\Z")
_OPTIONS = re.compile(
    r"(?<!\S)(?:--exit-zero|--soft-fail|--passWithNoTests|--pass-with-no-tests|--no-fail|--exit-code[ =]0)(?!\S)"
)
_NOTHING = re.compile(r"(?:/usr)?(?:/bin/)?(?:true|:|echo|printf)")


def _inside(path: str) -> str:
    if path.startswith(("/", "-", "~")) or ".." in path.split("/"):
        raise ValueError("must be a path below the top of the repository")
    return path


def _honest(command: list[str]) -> list[str]:
    # What a shell is given; elsewhere, a word is only a word.
    lines = [word for word in command if re.search(r"[\s|;&]", word)]
    quiet = any(_ALWAYS_WELL.search(line) or (_PIPED.search(line) and "pipefail" not in line) for line in lines)
    if quiet or _OPTIONS.search(" ".join(command)) or _NOTHING.fullmatch(command[0]):
        raise ValueError("ends well whatever happens (|| true, | tee, --exit-zero), and would prove nothing")
    return command


Inside = Annotated[str, Field(min_length=1, max_length=300), AfterValidator(_inside)]
ToolPath = Annotated[str, Field(max_length=300), AfterValidator(_inside)]
Linked = Annotated[list[Inside], Field(max_length=20)]
Command = Annotated[
    list[Annotated[str, Field(max_length=2000)]], Field(min_length=1, max_length=100), AfterValidator(_honest)
]
Exits = Annotated[list[Annotated[int, Field(ge=0, le=125)]], Field(min_length=1)]
Variables = Annotated[list[Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=100)]], Field()]
AtMost = Annotated[int, Field(ge=0)]
MinFiles = Annotated[int, Field(ge=1)]
Given = Annotated[list[Inside], Field(max_length=50)]
LIMITS = ("min", "over", "max", "under")


class FigureLimit(BaseModel):
    """A figure in what a command prints, and its limits.

    Attributes:
        label: the text before it, at the beginning of a line ("Score").
        min: it is at least this.
        over: it is more than this.
        max: it is at most this.
        under: it is less than this.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    label: Annotated[str, Field(min_length=1, max_length=100, pattern=r"^\S(?:.*\S)?$")]
    min: Decimal | None = None
    over: Decimal | None = None
    max: Decimal | None = None
    under: Decimal | None = None

    @model_validator(mode="after")
    def _limited(self) -> FigureLimit:
        if all(getattr(self, each) is None for each in LIMITS):
            raise ValueError("a figure needs min, over, max or under")
        return self


@check(
    "source.command",
    severity="high",
    remedy="Run the command on the commit, and mend what it reports.",
    source="Google SRE Book, chapter 8: release engineering",
    check_class="active",
    asks=lambda _, command, figures, link, variables, tool_path, seconds: {
        "command_run": CommandAsked(
            tuple(command),
            tuple(each.label for each in figures),
            tuple(link),
            tuple(variables),
            tool_path,
            seconds,
        )
    },
)
def command(
    command_run: CommandRun,
    *,
    command: Command,
    figures: Annotated[list[FigureLimit], Field(max_length=20)] = [],  # noqa: B006
    exits: Exits = [0],  # noqa: B006
    link: Linked = ["node_modules"],  # noqa: B006
    variables: Variables = [],  # noqa: B006
    tool_path: ToolPath = "",
    seconds: Annotated[float, Field(gt=0, le=RUN_SECONDS)] = 300,
) -> Evidence:
    """The command ends well on a copy of the commit's files, and the figures that it prints are within their limits.

    It runs without a shell and a terminal, with limits of time and memory, an empty home and no variables but the path
    and the language; the network is open to it. The command judges itself: what it looks at, and whether it looks at
    anything, nobody else sees. A figure is the last number behind its label, which begins a line; "Score ≥ 80
    required" is none, and a unit behind it is not looked at. A command that is not there, and a figure that is not
    printed, could not be verified. A line of a shell that ends well whatever happens is refused.

    Args:
        command: program and arguments, a list of texts; a path such as ./check.sh is one in the commit.
        figures: labels and limits: `min` and `max` include the limit, `over` and `under` do not. None.
        exits: exit codes that mean well. 0.
        link: folders of the working tree, not in the commit, that the copy has as well (installed packages).
        variables: names of variables of the run that it gets; none, since they may be secrets.
        tool_path: folder, from the top of the repository, that it is looked for in first; default: node_modules/.bin,
            .venv/bin and venv/bin, then the path.
        seconds: after which it is ended. 300, at most 840.
    """
    shown = f"'{visible(cut(' '.join(command), 100))}'"
    done = f"{shown} on {command_run.commit} ended with exit code {command_run.status}"
    last = f": {command_run.last}" if command_run.last else ""
    claim(command_run.status in exits, expected=f"exit code {_or(exits)} of {shown}", seen=f"{done}{last}")
    if not command_run.commit:
        raise CouldNotVerify("the record does not say on which commit the command ran")
    read = {each.label: each for each in command_run.figures}
    texts = [_within(read.get(each.label), each, done) for each in figures]
    lines = f"after {counted(command_run.lines, 'line')} of output"
    return Evidence(f"{done} {lines}" + (f"; {', '.join(texts)}" if texts else ""))


def _within(found: CommandFigure | None, limit: FigureLimit, done: str) -> str:
    label = visible(limit.label)
    number = number_of(found.number) if found else None
    if found is None or not found.number:
        raise CouldNotVerify(f"{done} and printed no line that begins with '{label}' and a number")
    if number is None:
        raise CouldNotVerify(f"{done}; '{label} {cut(found.number, 40)}' may be read as two numbers")
    signs = {"min": "at least", "over": "over", "max": "at most", "under": "under"}
    wanted = [(each, getattr(limit, each)) for each in LIMITS if getattr(limit, each) is not None]
    holds = {
        "min": lambda value: number >= value,
        "over": lambda value: number > value,
        "max": lambda value: number <= value,
        "under": lambda value: number < value,
    }
    limits = " and ".join(f"{signs[name]} {value}" for name, value in wanted)
    times = f", the last of {found.times}" if found.times > 1 else ""
    claim(
        all(holds[name](value) for name, value in wanted),
        expected=f"{label} {limits}",
        seen=f"{label} {cut(found.number, 40)}{times}",
    )
    return f"{label} {cut(found.number, 40)}{times} ({limits})"


def _or(codes: Sequence[int]) -> str:
    return " or ".join(map(str, codes))


LintTool = Literal["ruff", "eslint"]
FormatTool = Literal["ruff", "black", "prettier"]
TypesTool = Literal["mypy", "tsc"]


def _asks(job: str) -> AsksOf:
    def asked(_: Repository, tool: str, paths: list[str], tool_path: str, link: list[str]) -> Mapping[str, ToolAsked]:
        return {"tool_report": ToolAsked(tool, job, tuple(paths), tool_path, tuple(link))}

    return asked


@check(
    "source.lint",
    severity="medium",
    remedy="Mend what the linter reports, or say in its configuration why it is right.",
    source="Google SRE Book, chapter 8; ISO/IEC 5055",
    check_class="active",
    asks=_asks("lint"),
)
def lint(
    tool_report: ToolFindings,
    *,
    tool: LintTool,
    at_most: AtMost = 0,
    min_files: MinFiles = 1,
    paths: Given = [],  # noqa: B006
    tool_path: ToolPath = "",
    link: Linked = ["node_modules"],  # noqa: B006
) -> Evidence:
    """The linter, with the repository's configuration, reports nothing on the files of the commit that it looks at.

    It runs on a copy of the commit's files, with the configuration in them, which may run code of the repository;
    warnings count. Without a rule that is on, or a file that it looks at, it could not be verified. What is silenced in
    the code is counted and told. Files that the configuration leaves out are only told as a number.

    Args:
        tool: ruff or eslint.
        at_most: most findings. 0.
        min_files: fewest files that it must look at. 1; the number that you know keeps the configuration honest.
        paths: what the tool is given; none: the whole repository.
        tool_path: folder, from the top of the repository, that it is looked for in first; default: node_modules/.bin,
            .venv/bin and venv/bin, then the path.
        link: folders of the working tree, not in the commit, that the copy has as well (installed packages).
    """
    return _judged(tool_report, f"at most {counted(at_most, 'finding')}", at_most, min_files)


@check(
    "source.format",
    severity="low",
    remedy="Run the formatter, and commit what it changes.",
    source="PEP 8; Google style guides",
    check_class="active",
    asks=_asks("format"),
)
def format(
    tool_report: ToolFindings,
    *,
    tool: FormatTool,
    at_most: AtMost = 0,
    min_files: MinFiles = 1,
    paths: Given = [],  # noqa: B006
    tool_path: ToolPath = "",
    link: Linked = ["node_modules"],  # noqa: B006
) -> Evidence:
    """The formatter would change none of the files of the commit that it looks at.

    It only checks, on a copy of the commit's files, with the configuration in them, which may run code of the
    repository. Without a file that it looks at, it could not be verified. Lines with `fmt: off`, `fmt: skip` or
    prettier-ignore are counted and told; what .prettierignore or `exclude` leave out is only told as a number.

    Args:
        tool: ruff, black or prettier.
        at_most: most files that it would change. 0.
        min_files: fewest files that it must look at. 1; the number that you know keeps the configuration honest.
        paths: what the tool is given; none: the whole repository.
        tool_path: folder, from the top of the repository, that it is looked for in first; default: node_modules/.bin,
            .venv/bin and venv/bin, then the path.
        link: folders of the working tree, not in the commit, that the copy has as well (installed packages).
    """
    return _judged(tool_report, f"at most {counted(at_most, 'file')} that would change", at_most, min_files)


@check(
    "source.types",
    severity="medium",
    remedy="Mend what the type checker reports.",
    source="PEP 484; TypeScript handbook, strict",
    check_class="active",
    asks=_asks("types"),
)
def types(
    tool_report: ToolFindings,
    *,
    tool: TypesTool,
    at_most: AtMost = 0,
    min_files: MinFiles = 1,
    annotated: Annotated[float, Field(ge=0, le=100)] = 0,
    paths: Given = [],  # noqa: B006
    tool_path: ToolPath = "",
    link: Linked = ["node_modules"],  # noqa: B006
) -> Evidence:
    """The type checker reports no error in the files of the commit that it looks at.

    It runs on a copy of the commit's files, with the configuration in them, which may run code of the repository
    (plugins). A foreign module that is not found could not be verified: the checker must be installed beside the
    project's dependencies. `# type: ignore`, `@ts-ignore` and the like are counted and told, and so are settings that
    silence files or refer to other projects. Bodies of functions without annotations are mostly not checked, nor is
    JavaScript.

    Args:
        tool: mypy or tsc.
        at_most: most errors. 0.
        min_files: fewest files that it must look at. 1; the number that you know keeps the configuration honest.
        annotated: percentage of functions that must have annotations (mypy only). 0: not asked for.
        paths: what mypy is given (none: what its configuration names), or the projects of tsc (tsconfig.json).
        tool_path: folder, from the top of the repository, that it is looked for in first; default: node_modules/.bin,
            .venv/bin and venv/bin, then the path.
        link: folders of the working tree, not in the commit, that the copy has as well (installed packages).
    """
    evidence = _judged(tool_report, f"at most {counted(at_most, 'error')}", at_most, min_files)
    if annotated and not tool_report.functions:
        raise CouldNotVerify(f"{tool_report.version} counts no functions")
    share = f"{tool_report.annotated} of {tool_report.functions} functions are annotated"
    if annotated:
        claim(
            tool_report.annotated * 100 >= annotated * tool_report.functions,
            expected=f"{annotated:g} % of functions with annotations",
            seen=share,
        )
    return Evidence(f"{evidence.text}; {share}" if tool_report.functions else evidence.text, evidence.warning)


@check(
    "source.dead_code",
    severity="low",
    remedy="Remove what is not used.",
    source="CWE-561, CWE-563",
    check_class="active",
    asks=_asks("dead_code"),
)
def dead_code(
    tool_report: ToolFindings,
    *,
    tool: LintTool,
    at_most: AtMost = 0,
    min_files: MinFiles = 1,
    paths: Given = [],  # noqa: B006
    tool_path: ToolPath = "",
    link: Linked = ["node_modules"],  # noqa: B006
) -> Evidence:
    """The linter finds no unused import or variable in the files of the commit that it looks at.

    Only that: ruff's F401, F811 and F841, whatever its configuration selects, but for names that it lets be unused; of
    eslint, no-unused-vars and those of its plugins, which must be on. Functions, classes, files and dependencies that
    nothing reaches are not looked at. What is silenced in the code is counted and told.

    Args:
        tool: ruff or eslint.
        at_most: most findings. 0.
        min_files: fewest files that it must look at. 1; the number that you know keeps the configuration honest.
        paths: what the tool is given; none: the whole repository.
        tool_path: folder, from the top of the repository, that it is looked for in first; default: node_modules/.bin,
            .venv/bin and venv/bin, then the path.
        link: folders of the working tree, not in the commit, that the copy has as well (installed packages).
    """
    return _judged(tool_report, f"at most {counted(at_most, 'finding')}", at_most, min_files)


def _judged(report: ToolFindings, expected: str, at_most: int, min_files: int) -> Evidence:
    by = f"{report.version} on {counted(report.files, 'file')} ({report.commit} has {report.here} in its languages)"
    rules = f" with {counted(report.rules, 'rule')}" if report.rules >= 0 else ""
    places = [f"{cut(each.rule, 50)} in {visible(cut(each.path, 100))}:{each.line}" for each in report.findings]
    more = f" and {report.count - _SHOWN} more" if report.count > _SHOWN else ""
    claim(
        report.count <= at_most,
        expected=f"{expected} of {by}{rules}",
        seen=f"{report.count}: {', '.join(places[:_SHOWN])}{more}",
    )
    if not report.version or not report.rules:
        raise CouldNotVerify(f"no rule is on in the configuration of {report.version}")
    if report.files < min_files:
        raise CouldNotVerify(
            f"{report.version} looked at {counted(report.files, 'file')}, and must look at {min_files}"
        )
    silent = f"; {report.suppressed} silenced" if report.suppressed >= 0 else ""
    by_settings = f"; the configuration has {', '.join(report.silenced)}" if report.silenced else ""
    return Evidence(f"{counted(report.count, 'finding')} of {by}{rules}{silent}{by_settings}")
