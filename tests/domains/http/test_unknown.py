from __future__ import annotations

import time
from datetime import UTC, datetime
from itertools import count

import pytest

from pytest_readiness.domains.http.facts.pages import Beside, visit
from pytest_readiness.domains.http.resource import Url
from pytest_readiness.domains.http.unknown import SAMPLES, Unknown, beside
from pytest_readiness.protocols.http.answer import Response
from tests.judging import read
from tests.stack.patience import patient
from tests.stack.silent import Request, WebApp
from tests.stack.silent import Response as Served

SOFT = "<html><head><title>Shop</title></head><body><nav>home basket</nav><h1>Not found</h1><p>Try {}</p></body></html>"


def answer(path: str, body: str, status: int = 200, kind: str = "text/html", location: str = "") -> Response:
    headers = (("content-type", kind), *((("location", location),) if location else ()))
    return Response(f"https://shop.example.com{path}", status, headers, body, False, 0.1, datetime.now(UTC))


def unknown(*bodies: str, status: int = 200) -> Unknown:
    return Unknown(tuple(answer(beside("/", number), body, status) for number, body in enumerate(bodies)))


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/health", "/{}"),
        ("/api/v1/health", "/api/v1/{}"),
        ("/h2-console/", "/{}/"),
        ("/index.php", "/{}.php"),
        ("/.env", "/.{}.env"),
        ("/.git/HEAD", "/.git/{}"),
        ("/a/b.json?full=1", "/a/{}.json?full=1"),
        ("/", "/{}"),
    ],
)
def test_an_unknown_path_is_beside_the_asked_one(path: str, expected: str) -> None:
    before, _, after = expected.partition("{}")
    made = [beside(path, number) for number in range(SAMPLES)]
    assert all(each.startswith(before) and each.endswith(after) for each in made)
    assert len(set(made)) == SAMPLES


@pytest.mark.parametrize(
    "found",
    [
        answer("/health", SOFT.format("pears")),
        answer("/health", SOFT.format("quinces")),  # a word that none of the others had
        answer("/backup.zip", SOFT.format("apples"), kind="application/zip"),
    ],
)
def test_what_unknown_paths_get_in_other_words_is_recognised(found: Response) -> None:
    assert unknown(*(SOFT.format(word) for word in ("apples", "pears", "plums"))).like(found)


def test_one_place_of_different_lengths_is_recognised() -> None:
    soft = unknown(SOFT.format("apples"), SOFT.format("green pears and plums"), SOFT.format("figs, too"))
    assert soft.like(answer("/x", SOFT.format("a small quince")))
    assert not soft.like(answer("/x", SOFT.replace("Not found", "Console").format("apples")))
    assert not soft.like(answer("/x", SOFT.format("<table>" + "<tr><td>secret</td></tr>" * 50)))


@pytest.mark.parametrize(
    "found",
    [
        answer("/console", SOFT.replace("Not found", "Interactive console").format("pears")),
        answer("/console", SOFT.replace("Not found", "Console now").format("pears")),
        answer("/console", SOFT.format("pears"), status=203),
        answer("/console", "ok"),
        answer("/console", ""),
    ],
)
def test_other_pages_are_told_from_unknown_ones(found: Response) -> None:
    assert not unknown(*(SOFT.format(word) for word in ("apples", "pears", "plums"))).like(found)


def test_answers_that_have_nothing_in_common_teach_nothing() -> None:
    assert not unknown("red", "green", "blue").like(answer("/health", "healthy"))
    assert not unknown("a b", "c d", "e f").like(answer("/health", "all well"))


def test_the_path_itself_is_left_out() -> None:
    echo = Unknown(
        tuple(
            answer(path, f'{{"path": "{path}", "at": {n}}}', 404)
            for n, path in enumerate((beside("/"), beside("/", 1)))
        )
    )
    assert echo.like(answer("/health", '{"path": "/health", "at": 17}', 404))
    there = Unknown((answer(beside("/"), "see", 302, location=f"https://shop.example.com/login?next={beside('/')}"),))
    assert there.like(answer("/admin", "look", 302, location="https://shop.example.com/login?next=/admin"))
    assert not there.like(answer("/admin", "see", 302, location="https://shop.example.com/admin/"))


def test_large_and_hostile_pages_are_compared_quickly() -> None:
    started = time.monotonic()
    for piece in ("a ", "<", "/", "x" * 20, "- "):
        many = (piece * 1024 * 1024)[: 1024 * 1024]
        less = many[: 200 * 1024]
        unknown(many, many + "b", many + "c").like(answer("/x", many + "no"))
        unknown(less, less + " b", less + "c").like(answer("/x", less + "d e f"))
    assert time.monotonic() - started < patient(10)


def test_unknown_paths_are_asked_once_for_each_folder() -> None:
    words = count()

    def soft(_: Request) -> Served:
        return Served(200, (), SOFT.format("abcdefgh"[next(words) % 8]).encode())

    with WebApp({"/": Served()}) as app:
        app.other = soft
        url = Url(name="shop", url=app.url)
        asks = {"unknown_beside": (Beside("/health"), Beside("/live"), Beside("/api/health"))}
        found = read("unknown_beside", url, asks)
    asked = [request.path for request in app.requests if request.path != "/"]
    assert len(asked) == len(set(asked)) == 2 * SAMPLES
    assert found[Beside("/health")] is found[Beside("/live")]
    assert all(each.answers[0].status == 200 for each in found.values())


def test_a_visit_tells_whether_it_stayed_with_what_was_asked_for() -> None:
    routes = {
        "/": Served(),
        "/console": Served(302, [("Location", "/console/")]),
        "/console/": Served(307, [("Location", "/console/login.do?jsessionid=1")]),
        "/console/login.do": Served(),
        "/admin": Served(302, [("Location", "/login")]),
        "/login": Served(),
    }
    with WebApp(routes) as app:
        url, known = Url(name="shop", url=app.url), dict[str, object]()
        read("root_page", url, None, known)
        pages = [visit(url, known["connection"], f"{app.url}{path}") for path in ("/console", "/admin", "/login")]  # type: ignore[arg-type]
    assert [page.last.status for page in pages] == [200, 200, 200]
    assert [page.own for page in pages] == [True, False, True]
