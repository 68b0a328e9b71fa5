"""The files of `--readiness-out`: each made from the result file, and each written whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

from pytest_readiness.core.files import mentions, write_atomically
from pytest_readiness.core.redact import Redactor, printable
from pytest_readiness.verdict.outcome import Outcome
from pytest_readiness.verdict.result_file import FILE_NAME, ResultFile, as_text, file_of, outcome_of

COMPLETED = ".completed.md"
"""How the names of completed checklists end."""
NAMES = ("junit.xml", "hdf.json", "in-toto.json", "readiness.sarif", "readiness.prom", "badge.svg")
"""Of the files that every run writes beside the result file and its completed checklists."""
_OURS = "readiness"
"""What all of them say in their first lines."""


def earlier(folder: Path) -> Iterator[Path]:
    """Return the outputs that are in a folder: those of its runs, whichever checklists they had."""
    from pytest_readiness.report.markdown import VERDICT

    for name in (FILE_NAME, *NAMES):
        if (folder / name).is_file() and mentions(folder / name, _OURS):
            yield folder / name
    for path in sorted(folder.glob(f"*{COMPLETED}")):
        with suppress(OSError):
            # The verdict is below the front matter, which may be long.
            if path.is_file() and VERDICT in path.read_text("utf-8", "replace"):
                yield path


def refusal(folder: Path, named: str, also: Path | None = None) -> str:
    """Why nothing is written to a folder: a file there would be replaced that no run has written; "" for nothing.

    Args:
        folder: where the files go.
        named: how the user named it.
        also: a file in it that may be replaced nevertheless.
    """
    # A link is replaced, and what it leads to stays.
    places = [path for name in (FILE_NAME, *NAMES) if not (path := folder / name).is_symlink() and path != also]
    others = [path.name for path in places if not mentions(path, _OURS)]
    if not others:
        return ""
    one = len(others) == 1
    return (
        f"{named} cannot be written: {', '.join(others)} in that folder {'is' if one else 'are'} not of a readiness "
        f"run; name another folder, or remove {'it' if one else 'them'}."
    )


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
        yield f"{original.checklist.replace('/', '-')}{COMPLETED}", partial(completed, outcome, original)
    made = (junit, hdf, statement, sarif, metrics, badge)
    yield from ((name, partial(make, outcome)) for name, make in zip(NAMES, made, strict=True))


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
