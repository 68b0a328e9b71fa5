"""Finding and reading the files of a report, and what stands beside them."""

from __future__ import annotations

import glob
import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Never

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from pytest_readiness.config.target import Target
from pytest_readiness.core import clock
from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.core.problems import ProblemsError
from pytest_readiness.core.text import cut, size, visible
from pytest_readiness.core.yamlfile import parse_yaml
from pytest_readiness.domains.artifact.resource import ToolReport
from pytest_readiness.domains.source.commit import ReleaseCommit, commit_of
from pytest_readiness.domains.source.resource import Repository
from pytest_readiness.protocols.text_file import read_text_file

if TYPE_CHECKING:
    from lxml.etree import _Element

MOST_BYTES = 128 * 2**20
"""Of all files of one report together."""
BESIDE = ".about.yaml"
"""Behind the name of a report: the file that says what the report does not."""
_PATTERN = frozenset("*?[")
_YEARS = range(1990, 2200)
"""In which a report may be made: reckoning with what lies beyond ends in errors."""
_ZONES = timedelta(hours=14)
"""How far a time without a zone may be from UTC."""


class About(BaseModel):
    """What the job that made a report writes beside it.

    Attributes:
        commit: the commit that was tested or looked at.
        made_at: when the report was made, with its offset from UTC.
        host: host that was tested or scanned.
        kind: what kind of run it was ("full", "baseline").
        image: digest of the image that was looked at.
        whole: whether all was run: False for a shard, a selection or what was aborted.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    commit: Annotated[str, Field(pattern=r"^[0-9a-f]{40,64}$")] | None = None
    made_at: AwareDatetime | None = None
    host: str | None = None
    kind: str | None = None
    image: Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")] | None = None
    whole: bool | None = None


@dataclass(frozen=True, slots=True)
class ReportFile:
    """A file of a report.

    Attributes:
        path: the file.
        data: its bytes.
        about: what stands beside it; empty where nothing does.
    """

    path: Path
    data: bytes
    about: About


@dataclass(frozen=True, slots=True)
class ReportOrigin:
    """What is known of a report besides what it found.

    Attributes:
        where: its files, as a person calls them.
        made: when it was made, in UTC; of several files the earliest. None where one does not say it.
        to_the_day: only the day is known, since the time has no zone.
        commit: a commit that it says it is about; "" where no file names one.
        several: its files, or a file and what stands beside it, name different commits.
        unnamed: how many of its files name no commit.
        whole: False where it is said to be a part of a run only.
        elsewhere: which files are read through a link, or lie outside the repository, as a person is told it; or "".
        released: the commit of the release; None where the report names no repository.
    """

    where: str
    made: datetime | None = None
    to_the_day: bool = False
    commit: str = ""
    several: bool = False
    unnamed: int = 0
    whole: bool = True
    elsewhere: str = ""
    released: ReleaseCommit | None = None


def read_report(report: ToolReport) -> tuple[ReportFile, ...]:
    """Every file of a report, in the order of their names.

    Raises:
        CouldNotVerify: there is no such file, there are more or fewer than declared, or one is empty or cannot be read.
    """
    paths = _found(report)
    left = MOST_BYTES
    files = []
    for path in paths:
        data = _bytes(path, left)
        left -= len(data)
        files.append(ReportFile(path, data, _about(path)))
    return tuple(files)


def _found(report: ToolReport) -> list[Path]:
    pattern = str(report.path)
    if _PATTERN & set(pattern) and not report.path.exists():
        # Folders that are there are meant literally: one may be called shop[1].
        folder = next(each for each in report.path.parents if each.exists())
        inside = str(report.path.relative_to(folder))
        found = glob.glob(inside, root_dir=folder, recursive=True)  # noqa: PTH207  (whose own follows no links)
        paths = [folder / path for path in sorted(found) if not path.endswith(BESIDE)]
    else:
        paths = [report.path] if report.path.exists() else []
    if not paths:
        raise CouldNotVerify(
            f"there is no file {pattern}: the job that writes the report has not run, or wrote it elsewhere"
        )
    if len(paths) != report.files:
        raise CouldNotVerify(
            f"{pattern} is {len(paths)} file{'s' * (len(paths) != 1)}, and {report.files} "
            f"{'is' if report.files == 1 else 'are'} declared: say by `files` how many there must be"
        )
    return paths


def _bytes(path: Path, most: int) -> bytes:
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise CouldNotVerify(f"{path} is not a regular file")
        with path.open("rb") as file:
            data = file.read(most + 1)
    except OSError as error:
        raise CouldNotVerify(f"{path} cannot be read ({error.strerror})") from None
    if len(data) > most:
        raise CouldNotVerify(f"{path}: the report is larger than {size(MOST_BYTES)}")
    if not data.strip():
        raise CouldNotVerify(f"{path} is empty")
    return data


def _about(path: Path) -> About:
    beside = path.with_name(path.name + BESIDE)
    if not os.path.lexists(beside):
        return About()
    text = read_text_file(beside)
    try:
        return About.model_validate(dict(parse_yaml(text, beside, "about")))
    except ProblemsError as error:
        raise CouldNotVerify(cut(str(error))) from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        field = ".".join(map(str, first["loc"]))
        raise CouldNotVerify(f"{beside}: '{field}' cannot be read ({cut(first['msg'])})") from None


def origin_of(
    report: ToolReport,
    target: Target,
    files: tuple[ReportFile, ...],
    made: tuple[datetime | None, ...],
    commits: tuple[str, ...] = (),
) -> ReportOrigin:
    """What is known of a report besides what it found.

    Args:
        report: the report.
        target: that it is declared in.
        files: its files.
        made: by file, the moment that it names itself; without a zone only its day counts. None where it has none.
        commits: by file, the commit that it names itself, or "".
    """
    moments = [_moment(own, file.about.made_at) for file, own in zip(files, made, strict=True)]
    known = [each for each in moments if each]
    named = [
        {file.about.commit or "", own} - {""} for file, own in zip(files, commits or [""] * len(files), strict=True)
    ]
    different = sorted(set().union(*named))
    released = _released(report, target)
    return ReportOrigin(
        where=", ".join(told(file.path.name) for file in files[:3]) + f" and {len(files) - 3} more" * (len(files) > 3),
        made=min(map(_in_utc, known)) if known and len(known) == len(files) else None,
        to_the_day=any(each.tzinfo is None for each in known),
        commit=different[0] if different else "",
        several=len(different) > 1,
        unnamed=sum(not each for each in named),
        whole=all(file.about.whole is not False for file in files),
        elsewhere=_elsewhere(files, released),
        released=released,
    )


def _elsewhere(files: tuple[ReportFile, ...], released: ReleaseCommit | None) -> str:
    linked = sum(file.path.is_symlink() for file in files)
    outside = sum(not file.path.resolve().is_relative_to(released.path) for file in files) if released else 0
    said = ((linked, "through a link"), (outside, "outside the repository"))
    return ", ".join(f"{many} of {len(files)} {where}" if len(files) > 1 else where for many, where in said if many)


def _moment(own: datetime | None, beside: datetime | None) -> datetime | None:
    """The earlier of the two: a job may write the file beside a report that an earlier run has left there.

    One that is still to come is wrong, whatever the other says.
    """
    if own is None or beside is None:
        return own or beside
    if ahead := [each for each in (own, beside) if _in_utc(each) > clock.now() + _ZONES]:
        return ahead[0]
    if own.tzinfo:
        return min(own, beside)
    return beside if _in_utc(beside) <= _in_utc(own) + _ZONES else own


def _in_utc(moment: datetime) -> datetime:
    if moment.year not in _YEARS:
        raise CouldNotVerify(f"a report cannot be of the year {moment.year}")
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _released(report: ToolReport, target: Target) -> ReleaseCommit | None:
    if report.repository is None:
        return None
    repository = target.named("repository", report.repository)
    assert isinstance(repository, Repository)
    return commit_of(repository, target)


def lines_of(file: ReportFile) -> Iterator[str]:
    """The lines of a report that is text in UTF-8.

    Raises:
        CouldNotVerify: it is not.
    """
    try:
        yield from file.data.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise CouldNotVerify(f"{file.path} is not UTF-8") from None


def json_of(file: ReportFile) -> Any:
    """What a report in JSON holds.

    Raises:
        CouldNotVerify: it is not JSON, is cut off, is nested too deeply, or has a key twice.
    """
    try:
        return json.loads(file.data.removeprefix(b"\xef\xbb\xbf"), parse_constant=_no_number, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        why = "nested too deeply, not UTF-8, or with NaN or a key that occurs twice"
        if isinstance(error, json.JSONDecodeError):
            why = f"line {error.lineno}: {error.msg}"
        raise CouldNotVerify(f"{file.path} cannot be read as JSON ({why})") from None


def _no_number(_: str) -> Never:
    raise ValueError


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A mapping whose keys occur once: of two, the last would silently hide the first."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError
    return found


def xml_of(file: ReportFile) -> _Element:
    """The root of a report in XML, with names as they are without namespaces.

    Nothing that it refers to is read, and entities of its own are refused.

    Raises:
        CouldNotVerify: it is not XML, is cut off, or defines entities.
    """
    from lxml import etree

    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(file.data, parser)
    except etree.XMLSyntaxError as error:
        raise CouldNotVerify(f"{file.path} cannot be read as XML ({told(error.msg or 'empty')})") from None
    defined = root.getroottree().docinfo.internalDTD
    if defined is not None and next(iter(defined.iterentities()), None) is not None:
        raise CouldNotVerify(f"{file.path} defines entities of its own, which no report needs")
    for each in root.iter("{*}*"):
        each.tag = str(each.tag).rpartition("}")[2]
    return root


def moment_of(text: object) -> datetime | None:
    """The moment that a text in ISO 8601 names; without a zone where it has none. None for anything else."""
    try:
        return datetime.fromisoformat(text.strip()) if isinstance(text, str) else None
    except ValueError:
        return None


def told(text: object) -> str:
    """A name from a report, as it may be shown."""
    return cut(visible(str(text)), 100)


@contextmanager
def shape(file: ReportFile, what: str) -> Iterator[None]:
    """Read in it what a report must hold by its format.

    Raises:
        CouldNotVerify: it holds something else.
    """
    try:
        yield
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        raise CouldNotVerify(f"{file.path} is not of the shape that {what} has") from None
