"""A page whose headers a test chooses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pytest_readiness.core.evidence import ClaimFalse, Evidence
from pytest_readiness.domains.http.resource import Url
from tests.judging import judge
from tests.stack.certs import Authority
from tests.stack.process import free_port
from tests.stack.silent import Response, WebApp

Headers = list[tuple[str, str]]
Judge = Callable[..., Evidence]


@pytest.fixture(scope="module")
def server(authority: Authority) -> Iterator[WebApp]:
    with WebApp(https=authority.issue()) as app:
        yield app


@pytest.fixture
def judged(server: WebApp, authority: Authority) -> Judge:
    """Judge a check against a root page with these headers and this body."""

    def judge_page(id: str, headers: Headers, body: str = "ready", plain: str = "", **parameters: Any) -> Evidence:
        server.routes = {"/": Response(200, headers, body.encode())}
        plain = plain or f"http://localhost:{free_port()}"
        return judge(id, Url(name="shop", url=server.url, ca=authority.ca_file, plain_http=plain), **parameters)

    return judge_page


def seen(judged: Judge, *arguments: Any, **parameters: Any) -> str:
    with pytest.raises(ClaimFalse) as caught:
        judged(*arguments, **parameters)
    assert caught.value.expected
    return caught.value.seen


STS = "Strict-Transport-Security"


CSP = "Content-Security-Policy"
