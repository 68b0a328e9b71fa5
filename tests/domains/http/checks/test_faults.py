from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import ValidationError

from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify, Unreachable
from pytest_readiness.domains.http.checks.faults import available_during_deploy
from pytest_readiness.domains.http.facts import series as http_series
from pytest_readiness.domains.http.facts.series import Round
from tests.domains.http.http_shop import HTML, Shop, document, open_question
from tests.judging import judge
from tests.stack.process import free_port
from tests.stack.silent import Request, Response

BOOM: dict[str, Any] = {"path": "/boom", "text": "Something went wrong"}


def test_error_500(shop: Shop) -> None:
    assert judge("http.error_500", shop.url, **BOOM).text == (
        "GET /boom: 500 with 'Something went wrong', 58 characters without internals"
    )
    shop.app.routes["/boom"] = lambda request: Response(500 if request.headers.get("X-Fail") else 200, [], b"Sorry")
    assert judge("http.error_500", shop.url, path="/boom", text="Sorry", headers={"X-Fail": "1"})
    shop.app.routes["/boom"] = document({"error": {"code": "internal"}}, 500)
    assert judge("http.error_500", shop.url, path="/boom", text="internal", shape=["error.code"])
    with pytest.raises(ClaimFalse, match=r"seen: no error\.id"):
        judge("http.error_500", shop.url, path="/boom", text="internal", shape=["error.id"])


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("other page", "500 with Internal Server Error"),
        ("boom told", "a Python traceback"),
        ("bad gateway", "502"),
    ],
)
def test_error_500_is_not_right(shop: Shop, fault: str, said: str) -> None:
    shop.fault = fault
    with pytest.raises(ClaimFalse) as caught:
        judge("http.error_500", shop.url, **BOOM)
    assert caught.value.seen == said


def test_error_500_says_its_text_to_a_reader(shop: Shop) -> None:
    boom = {"path": "/boom", "text": "Etwas ging schief: später"}
    page = b"<p>Etwas <b>ging</b>\n schief:&nbsp;sp&auml;ter"
    for answer in (document({"error": boom["text"]}, 500), Response(500, [HTML], page)):
        shop.app.routes["/boom"] = answer
        assert judge("http.error_500", shop.url, **boom)
    shop.app.routes["/boom"] = Response(500, [HTML], b"<!-- Something went wrong --><p>Internal")
    open_question("http.error_500", shop, "only where no reader finds it", **BOOM)


def test_error_500_that_was_not_provoked(shop: Shop) -> None:
    shop.fault = "no boom"
    for path, status in (("/boom", 200), ("/nothing", 404), ("/mine", 401)):
        with pytest.raises(CouldNotVerify, match=f"{path} was answered {status}, so no server error was provoked"):
            judge("http.error_500", shop.url, **{**BOOM, "path": path})
    shop.app.routes["/boom"] = Response(500, [HTML], b"Something went wrong" + b"x" * 2_000_000)
    with pytest.raises(CouldNotVerify, match="too long to be looked at as a whole"):
        judge("http.error_500", shop.url, **BOOM)
    wrongs: list[dict[str, Any]] = [{"text": ""}, {"status": 404}, {"shape": []}]
    for wrong in wrongs:
        with pytest.raises(ValidationError):
            judge("http.error_500", shop.url, **{**BOOM, **wrong})


@pytest.fixture(autouse=True)
def _few_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_series, "SETTLED", 3)


WATCH: dict[str, Any] = {
    "path": "/",
    "version_path": "/version",
    "version_field": "release.version",
    "seconds": 30,
    "per_second": 10,
}


def rolling(shop: Shop, status: int = 200, *, at: int = 4) -> None:
    """Put the next version in place when `/` was asked for so many times, and answer once with this status."""
    asked: Iterator[int] = iter(range(1, 1000))

    def root(request: Request) -> Response:
        number = next(asked)
        shop.version = "1.4.1" if number < at else "1.4.2"
        return Response(status if number == at else 200)

    shop.app.routes["/"] = root


def test_available_during_deploy(shop: Shop) -> None:
    rolling(shop)
    text = judge("http.available_during_deploy", shop.url, **WATCH).text
    assert text.startswith("GET /: 0 of 6 requests within ")
    assert " failed; 1.4.1 became 1.4.2 after " in text
    assert shop.app.count("/") == 6
    assert shop.app.count("/version") == 6


@pytest.mark.parametrize("status", [302, 503])
def test_available_during_deploy_with_a_failed_request(shop: Shop, status: int) -> None:
    rolling(shop, status)
    with pytest.raises(ClaimFalse) as caught:
        judge("http.available_during_deploy", shop.url, **WATCH)
    assert caught.value.seen.startswith("1 of ")
    assert f": {status}; versions: 1.4.1, 1.4.2" in caught.value.seen
    rolling(shop, status)
    assert "GET /: 1 of " in judge("http.available_during_deploy", shop.url, **WATCH, max_failed=1).text


def test_available_during_deploy_of_which_the_body_is_the_version(shop: Shop) -> None:
    asked = iter(range(1000))
    shop.app.routes["/v"] = lambda request: Response(body=b"v1\n" if next(asked) < 3 else b"v2\n")
    parameters = {"path": "/v", "version_field": None, "seconds": 30, "per_second": 10}
    assert "v1 became v2" in judge("http.available_during_deploy", shop.url, **parameters).text


def test_available_during_deploy_without_a_rollout(shop: Shop) -> None:
    with pytest.raises(CouldNotVerify, match=r"the version stayed 1\.4\.1 for \d+ requests .* nothing was rolled out"):
        judge("http.available_during_deploy", shop.url, **{**WATCH, "seconds": 1})
    for path, why in (("/nothing", "404"), ("/mine", "401")):
        with pytest.raises(CouldNotVerify, match=f"GET {path} was answered {why} .*before anything was rolled out"):
            judge("http.available_during_deploy", shop.url, **{**WATCH, "path": path, "seconds": 1})
    with pytest.raises(CouldNotVerify, match="200 and the version '' before"):
        judge("http.available_during_deploy", shop.url, **{**WATCH, "version_field": "build", "seconds": 1})
    wrongs: list[dict[str, Any]] = [
        {"seconds": 0},
        {"seconds": 901},
        {"per_second": 0},
        {"per_second": 11},
        {"version_field": ""},
    ]
    for wrong in wrongs:
        with pytest.raises(ValidationError):
            judge("http.available_during_deploy", shop.url, **{**WATCH, **wrong})
    url = shop.url.model_copy(update={"url": f"http://localhost:{free_port()}"})
    with pytest.raises(Unreachable):
        judge("http.available_during_deploy", url, **WATCH)


def watched(*versions: str, failed: tuple[int, ...] = ()) -> Any:
    rounds = tuple(
        Round(number / 2, 0 if number in failed else 200, "refused" if number in failed else "", version)
        for number, version in enumerate(versions)
    )
    return available_during_deploy(
        rounds, path="/", version_path="/version", version_field=None, seconds=30, per_second=2
    )


def test_available_during_deploy_is_judged_by_its_rounds() -> None:
    evidence = watched(*"aaabbb")
    assert evidence.text == "GET /: 0 of 6 requests within 2 s failed; a became b after 2 s"
    with pytest.raises(ClaimFalse, match=r"1 of 7 requests within 3 s, first after 1\.5 s: refused"):
        watched(*"aaa", "", *"bbb", failed=(3,))
    for versions in (["a", "a", "a", "b", "a", "b"], [*"aaabb", ""], [*"aaabb"], [*"aaab"]):
        with pytest.raises(CouldNotVerify, match="the rollout had not ended"):
            watched(*versions)
    # Two instances that differ look like a rollout, if one does not look long enough.
    with pytest.raises(CouldNotVerify, match="a, b were all seen from the beginning of 6 requests"):
        watched(*"abbbbb")
    for versions in (["", "b"], [""]):
        with pytest.raises(CouldNotVerify, match="before anything was rolled out"):
            watched(*versions)
    with pytest.raises(CouldNotVerify, match="nothing was rolled out"):
        watched(*["a"] * 60)
