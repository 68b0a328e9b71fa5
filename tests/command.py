"""The program `readiness`, run within this process: a start of Python takes many times what most commands take."""

from __future__ import annotations

import io
import subprocess
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from pytest_readiness.cli import app
from pytest_readiness.cli.problems import told


def readiness(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run it in this folder, with these variables besides those of the tests, as `subprocess.run` would."""
    streams = io.BytesIO(), io.BytesIO()
    out, err = (io.TextIOWrapper(each, "utf-8", write_through=True) for each in streams)
    with pytest.MonkeyPatch.context() as patched, redirect_stdout(out), redirect_stderr(err):
        patched.chdir(folder)
        for name, value in environment.items():
            patched.setenv(name, value)
        code = told(lambda: app(list(arguments), prog_name="readiness"))
    return subprocess.CompletedProcess(list(arguments), code, *(each.getvalue().decode() for each in streams))
