"""The files of `--readiness-out`: each made from the result file, and each written whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from pytest_readiness.core.files import write_atomically
from pytest_readiness.core.redact import Redactor, printable
from pytest_readiness.verdict.outcome import Outcome
from pytest_readiness.verdict.result_file import FILE_NAME, ResultFile, as_text, file_of, outcome_of


def makers(outcome: Outcome) -> Iterator[tuple[str, Callable[[], str]]]:
    """Return the name of each file beside the result file, and what makes its text."""
    from pytest_readiness.report.badge import badge
    from pytest_readiness.report.hdf import hdf
    from pytest_readiness.report.intoto import statement
    from pytest_readiness.report.junit import junit
    from pytest_readiness.report.markdown import completed
    from pytest_readiness.report.prometheus import metrics
    from pytest_readiness.report.sarif import sarif

    for original in outcome.originals:
        # Not the name of the checklist itself, which may be in the same folder; and a result file that came from
        # elsewhere names no other folder.
        yield f"{original.checklist.replace('/', '-')}.completed.md", partial(completed, outcome, original)
    yield "junit.xml", partial(junit, outcome)
    yield "hdf.json", partial(hdf, outcome)
    yield "in-toto.json", partial(statement, outcome)
    yield "readiness.sarif", partial(sarif, outcome)
    yield "readiness.prom", partial(metrics, outcome)
    yield "badge.svg", partial(badge, outcome)


def write_outputs(outcome: Outcome, folder: Path, redact: Redactor) -> tuple[str, ...]:
    """Write every file; one that cannot be written stays as it was, and does not keep the others from being written.

    All are made from what the result file keeps, so that they are the same whenever they are made again from it.

    Returns:
        What could not be written, a sentence each.
    """
    text = as_text(file_of(outcome), redact)
    problems = [_problem(folder / FILE_NAME, lambda: text)]
    kept = outcome_of(ResultFile.model_validate_json(text))
    problems += [_problem(folder / name, make) for name, make in makers(kept)]
    return tuple(redact(problem) for problem in problems if problem)


def _problem(path: Path, make: Callable[[], str]) -> str:
    try:
        write_atomically(path, make())
    except OSError as error:
        return f"{path} cannot be written: {error.strerror}."
    except Exception as error:  # noqa: BLE001 - a defect of one format must not cost the others
        what = printable(f"{type(error).__name__}: {error}").rstrip(".")
        return f"{path} cannot be made: {what}; that is a defect of pytest-readiness."
    return ""
