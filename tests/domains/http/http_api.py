"""A site with an API whose answers a test chooses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify, Evidence
from pytest_readiness.domains.http.resource import Credential, Url
from tests.judging import judge
from tests.stack.certs import Authority
from tests.stack.silent import Request, Response, WebApp

TOKEN = "a-token-of-the-tests"


class Shop:
    """A site over TLS whose answers a test chooses."""

    def __init__(self, app: WebApp, authority: Authority) -> None:
        self.app = app
        token = Credential.model_validate({"token": TOKEN})
        self.url = Url(name="shop", url=app.url, ca=authority.ca_file, credentials={"scraper": token})

    def judge(self, id: str, routes: dict[str, Any], /, **parameters: Any) -> Evidence:
        self.app.routes = {"/": Response(), **routes}
        return judge(id, self.url, **parameters)

    def seen(self, id: str, routes: dict[str, Any], /, **parameters: Any) -> str:
        with pytest.raises(ClaimFalse) as caught:
            self.judge(id, routes, **parameters)
        assert TOKEN not in str(caught.value)
        return caught.value.seen

    def reason(self, id: str, routes: dict[str, Any], /, **parameters: Any) -> str:
        with pytest.raises(CouldNotVerify) as caught:
            self.judge(id, routes, **parameters)
        assert TOKEN not in str(caught.value)
        return caught.value.reason


@pytest.fixture(scope="module")
def app(authority: Authority) -> Iterator[Shop]:
    with WebApp(https=authority.issue()) as server:
        yield Shop(server, authority)


def served(kind: str, body: bytes, *headers: tuple[str, str], status: int = 200) -> Response:
    return Response(status, [("Content-Type", kind), *headers], body)


def document(value: Any, status: int = 200) -> Response:
    return served("application/json", json.dumps(value).encode(), status=status)


def guarded(answer: Response, status: int = 401) -> Any:
    def route(request: Request) -> Response:
        return answer if request.headers.get("Authorization") == f"Bearer {TOKEN}" else Response(status)

    return route


PAGE = served("text/html", b"<!doctype html><title>Shop</title><div id=app></div>")


class Fallback(dict[str, Any]):
    """A single-page application: the page for every path."""

    def get(self, path: str, default: Any = None) -> Any:
        return PAGE
