"""Resources that count as a wider kind: every url is an endpoint, and what reads endpoints reads urls."""

from __future__ import annotations

import os

import pytest

from pytest_readiness.config.target import Target
from pytest_readiness.core.domains import load_catalogue
from pytest_readiness.core.evidence import Evidence, NotDeclared
from pytest_readiness.core.registry import CHECKS, RegistrationError, check, fact
from pytest_readiness.core.resources import KINDS, words
from pytest_readiness.domains.http.resource import Url
from pytest_readiness.domains.tls.resource import Endpoint
from tests.run.test_run import Project

CONFTEST = '''
from pathlib import Path

from pytest_readiness import Evidence, check, claim, fact

READ = Path(__file__).with_name("read.log")


@fact
def place(endpoint) -> str:
    """Where it is."""
    with READ.open("a") as log:
        log.write(f"{endpoint.name}\\n")
    return f"{endpoint.host}:{endpoint.port}"


@fact
def own_page(url, place) -> str:
    """The page there."""
    return f"page of {place}"


@check("toy.place", severity="high", remedy="r")
def where(place) -> Evidence:
    """The endpoint is somewhere."""
    return Evidence(place)


@check("toy.page", severity="high", remedy="r")
def page(place, own_page) -> Evidence:
    """The endpoint has a page."""
    claim(place in own_page, expected=place, seen=own_page)
    return Evidence(own_page)
'''

CONFIGURATION = """\
checklists: [CHECK.md]
targets:
  prod:
    urls: {shop: "https://shop.example.com", api: "https://api.example.com:8443"}
    endpoints: {mail: {endpoint: "mail.example.com:587", starttls: smtp, labels: [post]}}
    policy: {min_score: 0}
"""

OWN = """
def test_endpoint(endpoint):
    assert endpoint.name in ("shop", "api", "mail")

def test_place(place):
    assert place

def test_url(url, endpoint, place, own_page):
    assert endpoint is url
    assert place == f"{url.host}:{url.port}"
    assert place in own_page
"""


@pytest.fixture
def project(pytester: pytest.Pytester, registry: None, monkeypatch: pytest.MonkeyPatch) -> Project:
    for name in [name for name in os.environ if name.startswith(("PYTEST_XDIST", "PYTEST_ADDOPTS", "COLUMNS"))]:
        monkeypatch.delenv(name)
    made = Project(pytester)
    made.write("conftest.py", CONFTEST)
    made.write("readiness.yaml", CONFIGURATION)
    return made


def results_of(project: Project, item: str) -> list[tuple[str, str]]:
    return [(test["resource"], test["evidence"]) for test in project.found()[item]["tests"]]


def test_checks_of_the_wider_kind_look_at_both(project: Project) -> None:
    project.items(everywhere="toy.place", post="{check: toy.place, on: post}", pages="toy.page")
    assert project.run().ret == 0
    assert results_of(project, "everywhere") == [
        ("shop", "shop.example.com:443"),
        ("api", "api.example.com:8443"),
        ("mail", "mail.example.com:587"),
    ]
    assert results_of(project, "post") == [("mail", "mail.example.com:587")]
    assert [name for name, _ in results_of(project, "pages")] == ["shop", "api"]
    assert project.reads() == ["api", "mail", "shop"]


def test_names_are_looked_up_in_both(project: Project) -> None:
    project.items(item="{check: toy.place, on: male}", other="{check: toy.page, on: mail}")
    result = project.run()
    assert result.ret == 4
    result.stderr.fnmatch_lines(
        [
            "*No target declares a url or endpoint named or labelled 'male'. Did you mean 'mail'?*",
            "*No target declares a url named or labelled 'mail'.*",
        ]
    )


def test_a_teams_own_tests(project: Project) -> None:
    project.items(item="toy.place")
    project.write("test_own.py", OWN)
    result = project.run("CHECK.md", "test_own.py")
    result.assert_outcomes(passed=3 + 3 + 3 + 2)
    assert project.reads() == ["api", "mail", "shop"]


def test_none_declared(project: Project) -> None:
    project.items(item="toy.place")
    project.write("readiness.yaml", "targets: {prod: {documents: {runbook: runbook.md}, policy: {min_score: 0}}}\n")
    project.run("CHECK.md")
    (test,) = project.found()["item"]["tests"]
    assert (test["state"], test["evidence"]) == ("unverified", "target prod declares no url or endpoint")


def test_target_finds_both() -> None:
    url, mail = Url(name="shop", url="https://shop.example.com"), Endpoint(name="mail", endpoint="mail.example.com:25")
    target = Target("prod", resources=(url, mail))
    assert target.of("endpoint") == (url, mail)
    assert target.of("url") == (url,)
    assert target.named("endpoint", "shop") is url
    with pytest.raises(NotDeclared, match="declares no url named mail"):
        target.named("url", "mail")
    assert (words("endpoint"), words("url")) == ("url or endpoint", "url")
    assert KINDS["url"].kinds() == ("url", "endpoint")


@pytest.mark.usefixtures("registry")
def test_kind_of_a_check_is_the_narrower_one() -> None:
    @check("toy.both", severity="low", remedy="r")
    def both(connection: object, root_page: object) -> Evidence:
        """It holds."""
        return Evidence("x")

    @check("toy.apart", severity="low", remedy="r")
    def apart(connection: object, document: object) -> Evidence:
        """It holds."""
        return Evidence("x")

    assert CHECKS["toy.both"].kind == "url"
    with pytest.raises(RegistrationError, match=r"toy\.apart reads from document and endpoint"):
        _ = CHECKS["toy.apart"].kind


@pytest.mark.usefixtures("registry")
def test_facts_of_the_wider_kind_build_on_none_of_the_narrower() -> None:
    @fact
    def headline(endpoint: object, root_page: object) -> str:
        return ""

    with pytest.raises(
        RegistrationError, match="headline builds on 'root_page', which is not a fact of the kind endpoint"
    ):
        load_catalogue()
