"""Where the servers' programs are, and what to do about one that is missing."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest

PACKAGES = Path(__file__).with_name("packages.txt")
PATH = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])


def program(name: str) -> Path:
    """The path of a program listed in packages.txt.

    Raises:
        pytest.skip.Exception: it is not installed.
        pytest.fail.Exception: it is not installed and ``CI=true``, where nothing may be missing.
        LookupError: packages.txt does not list it.
    """
    for names, packages in _listed():
        if name in names:
            for each in names:
                if found := shutil.which(each, path=PATH):
                    return Path(found)
                if each.startswith("/") and (versions := sorted(Path("/").glob(each[1:]))):
                    return versions[-1]
            unavailable(f"{name} is not installed: apt-get install {packages[0]}.")
    raise LookupError(f"{PACKAGES} does not list {name}.")


def reference(package: str) -> Path:
    """The Python of the environment that `make references` made; it has a package that the checks are compared with.

    That environment is apart, as what such packages need clashes with what the checks need.

    Raises:
        pytest.skip.Exception: there is none.
        pytest.fail.Exception: there is none and ``CI=true``.
    """
    python = Path(__file__).parents[2] / ".references" / "bin" / "python"
    if not python.exists():
        unavailable(f"{package} is not installed: make references.")
    return python


def unavailable(reason: str) -> NoReturn:
    """Skip the test, or fail it where ``CI=true``."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{reason} Nothing may be missing in CI.", pytrace=False)
    pytest.skip(reason)


def _listed() -> list[tuple[list[str], list[str]]]:
    lines = [line.split() for line in PACKAGES.read_text().splitlines() if line and not line.startswith("#")]
    return [(fields[0].split("|"), fields[1].split("|")) for fields in lines]
