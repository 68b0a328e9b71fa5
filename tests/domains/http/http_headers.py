"""A page whose headers a test chooses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest

from pytest_readiness.core.evidence import ClaimFalse, Evidence
from pytest_readiness.domains.http.resource import Url
from tests.judging import judge
from tests.stack.certs import Authority
from tests.stack.process import free_port
from tests.stack.silent import Request, Response, WebApp

Headers = list[tuple[str, str]]
Judge = Callable[..., Evidence]


@pytest.fixture(scope="module")
def server(authority: Authority) -> Iterator[WebApp]:
    with WebApp(https=authority.issue()) as app:
        yield app


@pytest.fixture
def judged(server: WebApp, authority: Authority) -> Judge:
    """Judge a check against a root page with these headers and this body, in which NONCE is another one each time."""

    def judge_page(
        id: str,
        headers: Headers,
        body: str = "ready",
        plain: str = "",
        status: int = 200,
        declared: int | None = None,
        **parameters: Any,
    ) -> Evidence:
        def page(_: Request) -> Response:
            nonce = uuid4().hex
            told = [(name, value.replace("NONCE", nonce)) for name, value in headers]
            return Response(status, told, body.replace("NONCE", nonce).encode())

        server.routes = {"/": page}
        plain = plain or f"http://localhost:{free_port()}"
        url = Url(name="shop", url=server.url, ca=authority.ca_file, plain_http=plain, status=declared)
        return judge(id, url, **parameters)

    return judge_page


def seen(judged: Judge, *arguments: Any, **parameters: Any) -> str:
    with pytest.raises(ClaimFalse) as caught:
        judged(*arguments, **parameters)
    assert caught.value.expected
    return caught.value.seen


STS = "Strict-Transport-Security"


CSP = "Content-Security-Policy"
