from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from pytest_readiness.config.target import Target
from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify, NotDeclared
from tests.domains.http.http_api import PAGE, Shop, app, document, guarded, served
from tests.judging import judge
from tests.stack.silent import Response

__all__ = ["app"]


COMMIT = "3f2a9c1b77aa01d4e5f60718293a4b5c6d7e8f90"


@pytest.mark.parametrize(
    ("answer", "parameters", "holds"),
    [
        (document({"app": {"version": "1.4.2"}}), {"field": "app.version"}, True),
        (document({"app.version": "1.4.2"}), {"field": "app.version"}, True),
        (document({"app": {"build.version": ["1.4.2"]}}), {"field": "app.build.version.0"}, True),
        (document("1.4.2"), {}, True),
        (document("1.4.20"), {}, False),
        (served("text/plain", b"V1.4.2"), {}, True),
        (document({"app": {"version": "v1.4.2"}}), {"field": "app.version"}, True),
        (served("text/plain", b"1.4.2\n"), {}, True),
        (Response(200, [("X-Version", "1.4.2")]), {"header": "x-version"}, True),
        (document({"commit": COMMIT}), {"field": "commit", "version": COMMIT[:7]}, True),
        (document({"commit": COMMIT[:12].upper()}), {"field": "commit", "version": COMMIT}, True),
        (document({"app": {"version": "1.4.20"}}), {"field": "app.version"}, False),
        (document({"app": {"version": "1.4.1"}}), {"field": "app.version"}, False),
        (document({"app": {"version": 1.4}}), {"field": "app.version", "version": "1.4.2"}, False),
        (document({"app": {}}), {"field": "app.version"}, False),
        (document({"commit": COMMIT}), {"field": "commit", "version": COMMIT[:6]}, False),
        (document({"commit": COMMIT[:7]}), {"field": "commit", "version": COMMIT[:8]}, False),
        (document({"commit": ""}), {"field": "commit", "version": COMMIT}, False),
        (served("text/plain", b"1.4.2 (staging)"), {}, False),
        (served("text/plain", b"1.4.2", status=404), {}, False),
        (PAGE, {}, False),
        (PAGE, {"field": "version"}, False),
        (Response(200), {"header": "X-Version"}, False),
        (Response(302, [("Location", "/login")]), {"header": "X-Version"}, False),
    ],
)
def test_deployed_version(app: Shop, answer: Response, parameters: dict[str, Any], holds: bool) -> None:
    wanted = {"path": "/version", "version": "1.4.2", **parameters}
    if holds:
        evidence = app.judge("http.deployed_version", {"/version": answer}, **wanted)
        assert f"{app.url.url}/version" in evidence.text
        assert not evidence.warning
    else:
        assert app.seen("http.deployed_version", {"/version": answer}, **wanted)


def test_deployed_version_of_the_run(app: Shop) -> None:
    routes = {"/version": served("text/plain", b"1.4.2")}
    assert app.judge("http.deployed_version", routes, path="/version", target=Target("prod", release="1.4.2"))
    with pytest.raises(ClaimFalse, match=r"expected 1\.4\.3 in the text of "):
        app.judge("http.deployed_version", routes, path="/version", target=Target("prod", release="1.4.3"))
    with pytest.raises(NotDeclared, match="neither the binding nor --readiness-release names the release"):
        app.judge("http.deployed_version", routes, path="/version")


def test_deployed_version_of_another_release_than_the_run_is_about(app: Shop) -> None:
    routes = {"/version": served("text/plain", b"1.4.2")}
    target = Target("prod", release="1.5.0")
    with pytest.raises(CouldNotVerify, match=r"1\.4\.2 is given as .* the run is about 1\.5\.0; leave the version out"):
        app.judge("http.deployed_version", routes, path="/version", version="1.4.2", target=target)
    assert app.judge(
        "http.deployed_version", routes, path="/version", version="v1.4.2", target=Target("prod", release="1.4.2")
    )
    commit = {"/version": served("text/plain", COMMIT.encode())}
    assert app.judge("http.deployed_version", commit, path="/version", version=COMMIT[:12], target=target)


def test_deployed_version_from_a_cache_or_behind_a_login(app: Shop) -> None:
    for version in ("1.4.2", "1.4.3"):
        cached = {"/version": served("text/plain", b"1.4.2", ("Age", "40"))}
        with pytest.raises(CouldNotVerify, match=r"from a cache .Age: 40., which does not tell how it is now"):
            app.judge("http.deployed_version", cached, path="/version", version=version)
    young = {"/version": served("text/plain", b"1.4.2", ("Age", "4"))}
    assert app.judge("http.deployed_version", young, path="/version", version="1.4.2")
    routes = {"/version": guarded(served("text/plain", b"1.4.2"))}
    assert app.judge("http.deployed_version", routes, path="/version", version="1.4.2", credential="scraper")
    wrongs: list[dict[str, Any]] = [{"version": "1"}, {"path": "/v", "version": ""}]
    for wrong in wrongs:
        with pytest.raises(ValidationError):
            judge("http.deployed_version", app.url, **wrong)
