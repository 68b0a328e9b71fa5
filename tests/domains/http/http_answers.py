"""A site over TLS whose answers a test chooses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from pytest_readiness.core.evidence import ClaimFalse, Evidence
from pytest_readiness.domains.http.resource import Url
from tests.judging import judge
from tests.stack.certs import Authority
from tests.stack.silent import Response, WebApp


def shop(server: Any, authority: Authority, **fields: Any) -> Url:
    probes = {"health": "/health", "readiness": "/health", "liveness": "/health"}
    return Url(name="shop", url=server.url, **{"ca": authority.ca_file, **probes, **fields})


class Shop:
    """A site over TLS whose answers a test chooses."""

    def __init__(self, app: WebApp, authority: Authority) -> None:
        self.app = app
        self.url = shop(app, authority)

    def judge(self, id: str, route: str, response: Any, /, **parameters: Any) -> Evidence:
        self.app.routes = {"/": Response(), route: response}
        return judge(id, self.url, **parameters)

    def seen(self, id: str, route: str, response: Any, /, **parameters: Any) -> str:
        with pytest.raises(ClaimFalse) as caught:
            self.judge(id, route, response, **parameters)
        for text in (caught.value.expected, caught.value.seen):
            assert "\n" not in text
            assert len(text) <= 1000
        return caught.value.seen


@pytest.fixture(scope="module")
def app(authority: Authority) -> Iterator[Shop]:
    with WebApp(https=authority.issue()) as server:
        yield Shop(server, authority)


def document(value: Any, status: int = 200) -> Response:
    return Response(status, [("Content-Type", "application/json")], json.dumps(value).encode())
