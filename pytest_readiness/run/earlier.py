"""What earlier runs left where this one is to write.

It goes before this run begins: a run that is killed writes nothing, and what stood there would be taken for its own.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pytest_readiness.core.files import begins_with
from pytest_readiness.run.settings import Settings

_BEGINNINGS = {
    "report": ("<!doctype html", "report"),
    "record": ('{\n "format": "pytest-readiness-recording/', "recording"),
    "audit": ('{"at": ', "audit log"),
}
"""How what this program writes begins, by the option that names the file, and what it is called."""


def page_of(settings: Settings) -> Path | None:
    """Return where the HTML report is to be written, with variables and `~` put in as pytest-html does."""
    if settings.report is None:
        return None
    return Path(os.path.expandvars(settings.folder / settings.report)).expanduser()


def refuse_others(settings: Settings, also: Path | None = None) -> None:
    """Let no output replace a file that no run has written, such as the checklist.

    Args:
        settings: of the run.
        also: a file that pytest itself writes in this run.

    Raises:
        pytest.UsageError: an option names such a file.
    """
    if settings.out is not None:
        from pytest_readiness.report.outputs import refusal

        if why := refusal(settings.folder / settings.out, f"--readiness-out {settings.out}", also):
            raise pytest.UsageError(why)
    named = {"report": page_of(settings), "record": settings.record, "audit": settings.audit}
    for option, path in named.items():
        beginning, what = _BEGINNINGS[option]
        # Of these only the log is written through a link of its name; the others replace the link.
        if path is None or (option != "audit" and (settings.folder / path).is_symlink()):
            continue
        if not begins_with(settings.folder / path, beginning):
            raise pytest.UsageError(
                f"--readiness-{option} {getattr(settings, option)} cannot be written: there is a file of that name "
                f"that is no {what}; name another one, or remove it."
            )


def remove_earlier(settings: Settings, *, kept: Path | None = None) -> None:
    """Remove the outputs and the report of an earlier run.

    Args:
        settings: of the run.
        kept: one of them that is yet needed, as the baseline is until nothing is wrong with readiness.yaml.

    Raises:
        pytest.UsageError: they cannot be removed.
    """
    from pytest_readiness.report.outputs import earlier

    paths = list(earlier(settings.folder / settings.out)) if settings.out is not None else []
    page = page_of(settings)
    if page is not None and page.is_file() and begins_with(page, _BEGINNINGS["report"][0]):
        paths.append(page)
    for path in paths:
        try:
            if kept is None or not path.samefile(settings.folder / kept):
                path.unlink()
        except FileNotFoundError:
            continue
        except OSError as error:
            raise pytest.UsageError(
                f"{path} is of an earlier run and cannot be removed: {error.strerror}. Remove it, or write elsewhere."
            ) from None
