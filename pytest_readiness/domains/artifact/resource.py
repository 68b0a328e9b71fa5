"""Reports that other tools have written."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pytest_readiness.core.resources import Located, Reference


class ToolReport(Located):
    """What another tool has written down: results of tests, coverage, findings, a load test, a drill.

    What a report does not say itself, such as the commit that it is about, stands in a file beside it with
    `.about.yaml` behind its name, which the job writes that made the report.

    Attributes:
        path: the file, or files by a pattern (`reports/junit-*.xml`); relative to readiness.yaml.
        files: how many files the path must match, exactly: what a lost shard had found would not be missed otherwise.
        repository: the repository whose released commit the report is about.
    """

    kind = "report"
    section = "reports"

    files: Annotated[int, Field(gt=0, le=1000)] = 1
    repository: Annotated[str | None, Reference("repository")] = None
