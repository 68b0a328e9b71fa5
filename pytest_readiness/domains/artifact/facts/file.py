"""That a file is here, of what type it is, and when it was made."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from pytest_readiness.config.target import Target
from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.core.registry import fact
from pytest_readiness.domains.artifact.files import ReportFile, ReportOrigin, json_of, origin_of, read_report, xml_of
from pytest_readiness.domains.artifact.resource import ToolReport
from pytest_readiness.domains.source.commit import ReleaseCommit, commit_of, git_text
from pytest_readiness.domains.source.resource import Repository

_MAGIC = {
    b"%PDF-": "pdf",
    b"\x89PNG\r\n\x1a\n": "png",
    b"\xff\xd8\xff": "jpeg",
    b"PK\x03\x04": "zip",
}
_ENDS = {"pdf": (b"%%EOF",), "png": (b"IEND",), "jpeg": (b"\xff\xd9",), "zip": (b"PK\x05\x06",)}
_TAIL = 2**16 + 22
"""A ZIP may end in a comment of 64 KiB."""
_PDF_DATE = re.compile(rb"/(?:Creation|Mod)Date ?\(D:(\d{14})(?:Z|([+-])(\d{2})'?(\d{2}))?")


@dataclass(frozen=True, slots=True)
class FileSeen:
    """A file of a report.

    Attributes:
        name, type, bytes: what it is called, its type by its content ("text" for any), and its size.
    """

    name: str
    type: str
    bytes: int


@dataclass(frozen=True, slots=True)
class FilesSeen:
    """The files of a report.

    Attributes:
        origin: what is known of them besides what is in them.
        files: all of them.
        dated: by what their age is known: "the file", "Git" or "".
    """

    origin: ReportOrigin
    files: tuple[FileSeen, ...]
    dated: str


@fact(deadline=60)
def files_seen(report: ToolReport, target: Target) -> FilesSeen:
    """Files, with their type by their content and when they were made: as they say, or as Git knows."""
    files = read_report(report)
    made = tuple(_in_pdf(file) or file.about.made_at for file in files)
    dated = "the file" if all(made) else ""
    repository = target.named("repository", report.repository) if report.repository else None
    if not dated and isinstance(repository, Repository):
        commit = commit_of(repository, target)
        made = tuple(each or _in_git(file, commit) for each, file in zip(made, files, strict=True))
        dated = "Git" if all(made) else ""
    seen = tuple(FileSeen(file.path.name, _type(file), len(file.data)) for file in files)
    return FilesSeen(origin_of(report, target, files, made), seen, dated)


def _type(file: ReportFile) -> str:
    known = next((name for magic, name in _MAGIC.items() if file.data.startswith(magic)), "")
    if known:
        return known if any(each in file.data[-_TAIL:] for each in _ENDS[known]) else f"{known} that is cut off"
    if file.data.startswith(b"version https://git-lfs.github.com/spec/"):
        return "a pointer of Git LFS"
    start = file.data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    for reads, marks, name in ((json_of, (b"{", b"["), "json"), (xml_of, (b"<",), "xml")):
        if start in marks:
            try:
                reads(file)
            except CouldNotVerify:
                continue
            return name
    try:
        return "binary" if "\0" in file.data.decode("utf-8") else "text"
    except UnicodeDecodeError:
        return "binary"


def _in_pdf(file: ReportFile) -> datetime | None:
    """The latest date that a PDF has of itself."""
    moments = []
    for match in _PDF_DATE.finditer(file.data) if file.data.startswith(b"%PDF-") else ():
        try:
            moment = datetime.strptime(match[1].decode(), "%Y%m%d%H%M%S")
        except ValueError:
            continue
        minutes = int(match[3] or 0) * 60 + int(match[4] or 0)
        zone = timezone(timedelta(minutes=-minutes if match[2] == b"-" else minutes)) if minutes < 24 * 60 else None
        moments.append(moment.replace(tzinfo=zone))
    return max(moments, key=lambda each: each.replace(tzinfo=None), default=None)


def _in_git(file: ReportFile, commit: ReleaseCommit) -> datetime | None:
    """When Git last saw the file change; None where it does not have it as it is here."""
    if commit.shallow:
        raise CouldNotVerify(f"the history of {commit.path} is cut off, so when {file.path.name} changed is unknown")
    try:
        inside = file.path.resolve().relative_to(commit.path).as_posix()
    except ValueError:
        return None
    blob = git_text(file.path.parent, "hash-object", "--no-filters", "--", str(file.path))
    there = git_text(file.path.parent, "rev-parse", "--verify", "-q", f"{commit.sha}:{inside}", accepted=(0, 1))
    if there != blob:
        return None
    told = git_text(file.path.parent, "log", "-1", "--format=%cI", commit.sha, "--", str(file.path.resolve()))
    return datetime.fromisoformat(told) if told else None
