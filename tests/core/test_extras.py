from __future__ import annotations

import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.core.extras import MODULES, is_installed, needed
from pytest_readiness.core.registry import FACTS, RegistrationError, fact, lacking

ROOT = Path(__file__).parents[2]
NOT_OF_FACTS = {"all", "dev", "docs"}


def test_every_extra_is_known_by_modules_of_its_packages() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    assert MODULES.keys() == extras.keys() - NOT_OF_FACTS
    distributions = packages_distributions()
    for extra, modules in MODULES.items():
        required = {_normalised(re.split(r"[\[<>=!~;\s]", each)[0]) for each in extras[extra]}
        brought = {_normalised(each) for module in modules for each in distributions[module]}
        assert required <= brought, extra


def _normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.parametrize("extra", MODULES)
def test_an_extra_is_missing_where_one_of_its_modules_is(extra: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert is_installed(extra)
    monkeypatch.setitem(sys.modules, MODULES[extra][-1], None)
    assert not is_installed(extra)
    assert [each for each in MODULES if not is_installed(each)] == [extra]


def test_what_is_said() -> None:
    assert needed("tls_scan", "tls").reason == "tls_scan needs the extra tls: pip install 'pytest-readiness[tls]'"


@pytest.mark.usefixtures("registry")
def test_a_fact_lacks_what_it_builds_on(monkeypatch: pytest.MonkeyPatch) -> None:
    @fact(extra="jwt")
    def token(url: object) -> str:
        return "token"

    @fact
    def claims(url: object, token: str) -> str:
        return token

    assert (lacking("claims"), token("url")) == ("", "token")
    monkeypatch.setitem(sys.modules, "jwt", None)
    said = "token needs the extra jwt: pip install 'pytest-readiness[jwt]'"
    assert lacking("claims") == lacking("token") == said
    for read in (token, FACTS["token"].read):
        with pytest.raises(CouldNotVerify) as failure:
            read("url")
        assert failure.value.reason == said


@pytest.mark.usefixtures("registry")
def test_an_extra_that_cannot_be_imported_is_as_good_as_missing() -> None:
    @fact(extra="postgres")
    def session(postgres: object) -> str:
        raise ImportError("no pq wrapper available")

    with pytest.raises(CouldNotVerify, match=r"^session needs the extra postgres: pip install"):
        session("shop")


@pytest.mark.usefixtures("registry")
def test_an_extra_that_there_is_not_is_refused() -> None:
    with pytest.raises(RegistrationError, match=r"Fact session: there is no extra 'postgre'\. Did you mean 'postgres'"):

        @fact(extra="postgre")
        def session(postgres: object) -> str:
            return ""
