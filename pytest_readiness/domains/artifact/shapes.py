"""What must be where in a report: a shape that its tool does not write ends in a sentence."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.domains.artifact.files import ReportFile, told


class OddError(ValueError):
    """What no tool writes, in words for people."""


@contextmanager
def as_written_by(tool: str, file: ReportFile) -> Iterator[None]:
    """Say that a report is not as its tool writes it, whatever is missing in it or of another kind.

    Raises:
        CouldNotVerify: instead of what looking into it raised.
    """
    try:
        yield
    except KeyError as error:
        raise CouldNotVerify(f"{file.path} is not a whole report of {tool}: it lacks {told(error)}") from None
    except OddError as error:
        raise CouldNotVerify(f"{file.path} is not a whole report of {tool} ({told(error)})") from None
    except (
        StopIteration,
        ValueError,
        TypeError,
        AttributeError,
        IndexError,
        OverflowError,
        OSError,
        RecursionError,
        csv.Error,
    ):
        # What Python says of it would help nobody.
        raise CouldNotVerify(f"{file.path} is not a whole report of {tool}") from None


def number(value: Any) -> float:
    """A number that is not negative, from JSON or a text; OddError for anything else."""
    try:
        found = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        found = math.nan
    if not 0 <= found < math.inf:
        raise OddError(f"{told(value)} is no number of 0 or more")
    return found


def text(value: Any) -> str:
    """A text; OddError for anything else."""
    if not isinstance(value, str):
        raise OddError(f"{told(value)} is no text")
    return value


def host_of(address: str) -> str:
    """The host of an address, or of a host with a port, in small letters; "" where there is none."""
    try:
        found = urlsplit(address if "://" in address else f"//{address}").hostname
    except ValueError:
        return ""
    return (found or "").rstrip(".")
