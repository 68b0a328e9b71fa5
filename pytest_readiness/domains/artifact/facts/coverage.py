"""Coverage by tests, line by line, so that what several runs have covered can be put together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pytest_readiness.config.target import Target
from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.core.registry import fact
from pytest_readiness.domains.artifact.files import (
    ReportFile,
    ReportOrigin,
    json_of,
    lines_of,
    moment_of,
    origin_of,
    read_report,
    shape,
    told,
    xml_of,
)
from pytest_readiness.domains.artifact.resource import ToolReport
from pytest_readiness.domains.source.commit import files_of
from pytest_readiness.domains.source.facts.tree import GitTree

if TYPE_CHECKING:
    from lxml.etree import _Element

READ = "coverage.py (JSON, XML), Cobertura, JaCoCo, Clover, lcov, istanbul and Go's cover profile"


@dataclass(slots=True)
class _Measured:
    """What is known of a file: by line (or statement) whether it ran, and by place of its branches (all, those taken).

    Of several runs the branches count that one of them has taken, so the sum may be less than the truth, never more.
    """

    hit: dict[Any, bool] = field(default_factory=dict)
    branches: dict[Any, tuple[int, int]] = field(default_factory=dict)
    summed: tuple[int, int, int, int] | None = None

    def line(self, key: Any, hit: bool) -> None:
        self.hit[key] = self.hit.get(key, False) or hit

    def branch(self, key: Any, total: int, taken: int) -> None:
        if not 0 <= taken <= total:
            raise ValueError
        before = self.branches.get(key, (0, 0))
        self.branches[key] = max(total, before[0]), max(taken, before[1])

    def counts(self) -> tuple[int, int, int, int]:
        """All lines, those that have run, all branches, those taken."""
        branches = self.branches.values()
        counted = (
            len(self.hit),
            sum(self.hit.values()),
            sum(each for each, _ in branches),
            sum(taken for _, taken in branches),
        )
        return self.summed or counted


@dataclass(frozen=True, slots=True)
class FileCoverage:
    """A file of a report.

    Attributes:
        path: as the report names it, with slashes.
        lines, covered: how many lines there are to run, and how many have run.
        branches, taken: the same of branches.
    """

    path: str
    lines: int
    covered: int
    branches: int
    taken: int


@dataclass(frozen=True, slots=True)
class CoverageTable:
    """What tests have run.

    Attributes:
        origin: what is known of the report besides.
        rows: each file once.
        count: how many there are.
        unit: what is counted: "lines", or "statements" where the format knows no lines.
        excluded: lines that are left out by a comment or a setting; None where the format does not show it.
        tree: the files of the release; None where the report names no repository.
        tracked: how many there are.
    """

    origin: ReportOrigin
    rows: tuple[FileCoverage, ...] = field(repr=False)
    count: int
    unit: str
    excluded: int | None
    tree: GitTree | None = field(repr=False)
    tracked: int = 0


@fact(deadline=60)
def coverage_table(report: ToolReport, target: Target) -> CoverageTable:
    """Lines and branches of each file, and which of them have run; beside it, the files of the release."""
    files = read_report(report)
    table: dict[str, _Measured] = defaultdict(_Measured)
    made, excluded, units = [], [], set()
    for file in files:
        read, unit = _reader(file)
        with shape(file, "a report of coverage"):
            moment, out = read(table)
        made.append(moment)
        excluded.append(out)
        units.add(unit)
    if len(units) > 1:
        raise CouldNotVerify(f"{report.path}: its files count different things, {' and '.join(sorted(units))}")
    origin = origin_of(report, target, files, tuple(made))
    tree = GitTree(origin.released, files_of(origin.released)) if origin.released else None
    rows = tuple(FileCoverage(path, *has.counts()) for path, has in table.items())
    out_of = None if None in excluded else sum(each or 0 for each in excluded)
    return CoverageTable(origin, rows, len(rows), units.pop(), out_of, tree, len(tree.files) if tree else 0)


_Table = dict[str, _Measured]
_Read = Callable[[_Table], tuple[datetime | None, int | None]]


def _reader(file: ReportFile) -> tuple[_Read, str]:
    start = file.data.removeprefix(b"\xef\xbb\xbf").lstrip()[:200]
    if start.startswith(b"<"):
        root = xml_of(file)
        of: dict[str, Callable[[_Element, _Table], datetime | None]]
        of = {"report": _jacoco, "coverage": _clover if root.find("project") is not None else _cobertura}
        if root.tag in of:
            return lambda table: (of[str(root.tag)](root, table), None), "lines"
    elif start.startswith(b"{"):
        return lambda table: _json(json_of(file), table), "lines"
    elif start.startswith(b"mode:"):
        return lambda table: _go(file, table), "statements"
    elif start.startswith((b"TN:", b"SF:")):
        return lambda table: _lcov(file, table), "lines"
    raise CouldNotVerify(f"{file.path} is no report of coverage that is read; those of {READ} are")


def _path(text: str) -> str:
    return text.replace("\\", "/").removeprefix("./")


def _json(data: dict[str, Any], table: _Table) -> tuple[datetime | None, int | None]:
    if "meta" in data and "files" in data:
        for name, has in data["files"].items():
            of = table[_path(name)]
            for key in ("executed_lines", "missing_lines"):
                for line in has[key]:
                    of.line(int(line), key == "executed_lines")
            for key in ("executed_branches", "missing_branches"):
                for start, end in has.get(key, ()):
                    of.branch((start, end), 1, int(key == "executed_branches"))
        return moment_of(data["meta"].get("timestamp")), sum(
            len(has["excluded_lines"]) for has in data["files"].values()
        )
    for name, has in data.items():
        if name == "total":
            continue
        of = table[_path(name)]
        if "statementMap" in has:
            for key, place in has["statementMap"].items():
                of.line(place["start"]["line"], has["s"][key] > 0)
            for key, ways in has["b"].items():
                of.branch(str(has["branchMap"][key]["loc"]), len(ways), sum(each > 0 for each in ways))
            continue
        _summary(name, has, of)
    return None, None


def _summary(name: str, has: dict[str, Any], of: _Measured) -> None:
    if of.hit or of.summed:
        raise CouldNotVerify(f"{told(name)} is in several files, and a summary does not tell which lines it means")
    numbers = [int(has[of_what][key]) for of_what in ("lines", "branches") for key in ("total", "covered")]
    if not 0 <= numbers[1] <= numbers[0] or not 0 <= numbers[3] <= numbers[2]:
        raise ValueError
    of.summed = numbers[0], numbers[1], numbers[2], numbers[3]


def _cobertura(root: _Element, table: _Table) -> datetime | None:
    sources = [each.text.strip() for each in root.iterfind("sources/source") if each.text and each.text.strip() != "."]
    for each in root.iter("class"):
        name = _path(each.attrib["filename"])
        whole = len(sources) != 1 or name.startswith("/") or name[1:2] == ":"
        of = table[name if whole else f"{_path(sources[0]).rstrip('/')}/{name}"]
        for line in each.iterfind("lines/line"):
            of.line(int(line.attrib["number"]), int(line.attrib["hits"]) > 0)
            if line.get("branch") == "true" and (ways := line.get("condition-coverage", "")):
                taken, _, total = ways.partition("(")[2].partition(")")[0].partition("/")
                of.branch(int(line.attrib["number"]), int(total), int(taken))
    return _epoch(root.get("timestamp"))


def _jacoco(root: _Element, table: _Table) -> datetime | None:
    for each in root.iterfind(".//package/sourcefile"):
        package = each.getparent()
        of = table[f"{'' if package is None else package.get('name', '')}/{each.attrib['name']}".lstrip("/")]
        for line in each.iterfind("line"):
            key, _, run, missed, taken = (int(line.attrib[name]) for name in ("nr", "mi", "ci", "mb", "cb"))
            of.line(key, run > 0)
            of.branch(key, missed + taken, taken)
    return min(filter(None, (_epoch(each.get("dump")) for each in root.iterfind("sessioninfo"))), default=None)


def _clover(root: _Element, table: _Table) -> datetime | None:
    """Only lines: what its numbers of branches mean, its writers do not agree on."""
    for each in root.iterfind("project//file"):
        of = table[_path(each.get("path") or each.attrib["name"])]
        for line in each.iterfind("line"):
            if line.get("type") != "method":
                of.line(int(line.attrib["num"]), int(line.attrib["count"]) > 0)
    return _epoch(root.get("generated"))


def _lcov(file: ReportFile, table: _Table) -> tuple[None, None]:
    of, name, whole = _Measured(), "", False
    for text in lines_of(file):
        key, _, value = text.partition(":")
        whole = (whole and not text.strip()) or key == "end_of_record"
        if key == "SF":
            name = value.strip()
            of = table[_path(name)]
        elif key == "DA":
            line, count, *_ = value.split(",")
            of.line(int(line), int(count) > 0)
        elif key == "LF" and int(value) and not of.hit:
            raise CouldNotVerify(f"{file.path} counts {int(value)} lines of {told(name)}, and does not tell which")
        elif key == "BRDA":
            line, *way, count = value.split(",")
            of.branch((int(line), *way), 1, int(count != "-" and int(count) > 0))
    if not whole:
        raise CouldNotVerify(f"{file.path} is cut off: it does not end with end_of_record")
    return None, None


def _go(file: ReportFile, table: _Table) -> tuple[None, None]:
    for text in _profile(file):
        place, number, count = text.rsplit(" ", 2)
        name, _, span = place.rpartition(":")
        if not 0 <= int(number) <= 10_000:
            raise ValueError
        for each in range(int(number)):
            table[_path(name)].line((span, each), int(count) > 0)
    return None, None


def _profile(file: ReportFile) -> Iterator[str]:
    return (text for text in lines_of(file) if text.strip() and not text.startswith("mode:"))


def _epoch(text: str | None) -> datetime | None:
    """A number of seconds or of milliseconds."""
    number = int(text) if text and text.isdecimal() and len(text) < 15 else 0
    return datetime.fromtimestamp(number / 1000 if number > 10**11 else number, UTC) if number else None
