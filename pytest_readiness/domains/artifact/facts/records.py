"""What people have recorded of drills and of penetration tests."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.core.registry import fact
from pytest_readiness.domains.artifact.files import read_report
from pytest_readiness.domains.artifact.records import KeptRecord, is_here, records_of
from pytest_readiness.domains.artifact.resource import ToolReport


@dataclass(frozen=True, slots=True)
class KeptRecords:
    """The records of a file, or of several.

    Attributes:
        where: the file, or the pattern.
        records: all of them, the newest first, each with whether the report that it names is there.
    """

    where: str
    records: tuple[tuple[KeptRecord, bool | None], ...]


@fact(deadline=30)
def kept_records(report: ToolReport) -> KeptRecords:
    """The records that people keep, from YAML, JSON or the front matter of Markdown."""
    found = [(record, is_here(file, record)) for file in read_report(report) for record in records_of(file)]
    if not found:
        raise CouldNotVerify(f"{report.path} holds no record")
    return KeptRecords(str(report.path), tuple(sorted(found, key=lambda each: each[0].moment, reverse=True)))
