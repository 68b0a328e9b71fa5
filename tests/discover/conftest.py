from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from pytest_readiness.cli import app
from pytest_readiness.cli.problems import told
from pytest_readiness.core.yamlfile import YamlMap, parse_yaml
from pytest_readiness.discover.found import Survey
from pytest_readiness.discover.surveying import survey
from tests.cli.program import Result
from tests.discover.application import application


@pytest.fixture(autouse=True)
def _nothing_of_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the person's own configuration nor an engine that runs here is looked at."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("DOCKER_HOST", f"unix://{home}/no.sock")
    for name in ("KUBECONFIG", "CAROOT", "DATABASE_URL", "REDIS_URL", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, in which commands are called."""
    made = tmp_path / "shop"
    made.mkdir()
    monkeypatch.chdir(made)
    return made


@pytest.fixture
def shop(folder: Path) -> Path:
    """The folder with a whole product in it."""
    return application(folder)


@pytest.fixture
def look(folder: Path) -> Callable[..., Survey]:
    """Look at the folder, with variables of the environment."""

    def looked(*urls: str, **environment: str) -> Survey:
        return survey(
            folder, urls, {"HOME": str(folder.parent / "home"), "DOCKER_HOST": "unix:///no.sock"} | environment
        )

    return looked


@pytest.fixture
def readiness(capsys: pytest.CaptureFixture[str]) -> Callable[..., Result]:
    """Call the program, not on a terminal."""

    def called(*arguments: str) -> Result:
        capsys.readouterr()
        code = told(lambda: app(list(arguments), prog_name="readiness"))
        return Result(code, *capsys.readouterr())

    return called


def parsed(text: str) -> YamlMap:
    """A file that was written, as readiness reads it."""
    YAML(typ="safe", pure=True).load(io.StringIO(text))
    return parse_yaml(text, Path("readiness.yaml"), "configuration")
