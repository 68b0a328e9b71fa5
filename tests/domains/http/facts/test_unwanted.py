from __future__ import annotations

from pytest_readiness.domains.http.facts.unwanted import Sought
from pytest_readiness.domains.http.resource import Url
from tests.judging import read
from tests.stack.silent import Request, Response, WebApp


def test_served_files_never_hold_content() -> None:
    secret = b"API_KEY=hunter2-hunter2\n"

    def any_page(request: Request) -> Response:
        return Response(404, body=f"nothing at {request.path}".encode())

    with WebApp({"/": Response(), "/.env": Response(body=secret), "/x": any_page}) as app:
        url = Url(name="shop", url=app.url)
        env, other = read("served_files", url, {"served_files": (Sought("/.env"), Sought("/x"))})
    assert (env.path, env.status, env.signs, env.like_missing) == ("/.env", 200, ("environment file",), False)
    assert (other.status, other.signs) == (404, ())
    assert "hunter2" not in repr(env)
