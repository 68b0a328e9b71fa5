"""What a load test found."""

from __future__ import annotations

from dataclasses import dataclass, replace

from pytest_readiness.config.target import Target
from pytest_readiness.core.registry import fact
from pytest_readiness.domains.artifact.files import ReportOrigin, origin_of, read_report
from pytest_readiness.domains.artifact.load import LoadRun
from pytest_readiness.domains.artifact.load_formats import run_of
from pytest_readiness.domains.artifact.resource import ToolReport
from pytest_readiness.domains.artifact.shapes import host_of


@dataclass(frozen=True, slots=True)
class LoadReport:
    """The runs of a load test.

    Attributes:
        origin: what is known of the report.
        runs: one for each file: several are parts of one test, made at the same time.
    """

    origin: ReportOrigin
    runs: tuple[LoadRun, ...]


@fact(deadline=60, heavy=True)
def load_report(report: ToolReport, target: Target) -> LoadReport:
    """The runs of a load test, as k6, Locust, JMeter or wrk has written them down."""
    files = read_report(report)
    found = [run_of(file) for file in files]
    beside = [host_of(file.about.host or "") for file in files]
    runs = tuple(
        replace(run, hosts=tuple(sorted({*run.hosts, host} - {""})))
        for (run, _), host in zip(found, beside, strict=True)
    )
    return LoadReport(origin_of(report, target, files, tuple(made for _, made in found)), runs)
