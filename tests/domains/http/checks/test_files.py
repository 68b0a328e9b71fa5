from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify, Evidence, Unreachable
from pytest_readiness.domains.http.resource import Url
from pytest_readiness.protocols.http import client as http_client
from tests.judging import judge
from tests.stack.certs import Authority
from tests.stack.fixtures import NginxFactory
from tests.stack.patience import patient
from tests.stack.process import free_port
from tests.stack.silent import FlakyServer, Response, SilentServer, WebApp

FILE_CHECKS: dict[str, dict[str, Any]] = {
    "http.security_txt": {},
    "http.robots": {},
    "http.maintenance_page": {"path": "/maintenance", "text": "back soon"},
}
NOW = datetime.now(UTC)


def on(days: float) -> str:
    return (NOW + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")


class Shop:
    """A site over TLS whose answers a test chooses."""

    def __init__(self, app: WebApp, authority: Authority) -> None:
        self.app = app
        self.url = Url(name="shop", url=app.url, ca=authority.ca_file)

    def judge(self, id: str, routes: dict[str, Any], /, **parameters: Any) -> Evidence:
        self.app.routes = {"/": Response(), **routes}
        return judge(id, self.url, **parameters)

    def seen(self, id: str, routes: dict[str, Any], /, **parameters: Any) -> str:
        with pytest.raises(ClaimFalse) as caught:
            self.judge(id, routes, **parameters)
        assert "\n" not in str(caught.value)
        return caught.value.seen

    def reason(self, id: str, routes: dict[str, Any], /, **parameters: Any) -> str:
        with pytest.raises(CouldNotVerify) as caught:
            self.judge(id, routes, **parameters)
        return caught.value.reason


@pytest.fixture(scope="module")
def app(authority: Authority) -> Iterator[Shop]:
    with WebApp(https=authority.issue()) as server:
        yield Shop(server, authority)


def served(
    body: str, kind: str = "text/plain; charset=utf-8", status: int = 200, *headers: tuple[str, str]
) -> Response:
    return Response(status, [("Content-Type", kind), *headers], body.encode())


PAGE = served("<!doctype html><title>Shop</title><p>We are back soon.", "text/html")


@pytest.mark.parametrize("id", FILE_CHECKS)
def test_a_single_page_application_passes_nothing(app: Shop, id: str) -> None:
    class Fallback(dict[str, Any]):
        def get(self, path: str, default: Any = None) -> Any:
            return PAGE

    app.app.routes = Fallback()
    with pytest.raises(ClaimFalse):
        judge(id, app.url, **FILE_CHECKS[id])


@pytest.mark.parametrize("id", FILE_CHECKS)
def test_what_cannot_be_looked_at(monkeypatch: pytest.MonkeyPatch, authority: Authority, id: str) -> None:
    monkeypatch.setattr(http_client, "READ_SECONDS", patient(0.2))
    with pytest.raises(Unreachable, match="refused the connection"):
        judge(id, Url(name="shop", url=f"https://localhost:{free_port()}"), **FILE_CHECKS[id])
    for server, why in ((SilentServer(), "was not answered within"), (FlakyServer(99), "reset")):
        with server, pytest.raises(CouldNotVerify, match=why):
            judge(id, Url(name="shop", url=server.url), **FILE_CHECKS[id])
    with (
        WebApp({"/": Response()}, authority.self_signed()) as untrusted,
        pytest.raises(CouldNotVerify, match="is not trusted"),
    ):
        judge(id, Url(name="shop", url=untrusted.url, ca=authority.ca_file), **FILE_CHECKS[id])


def test_on_nginx(nginx_factory: NginxFactory, authority: Authority) -> None:
    """A file on disk and a page that nginx holds ready, as in production."""
    security = f"Contact: mailto:security@example.com\\nExpires: {on(200)}\\n"
    good = {
        "= /.well-known/security.txt": f'default_type text/plain; return 200 "{security}";',
        "= /robots.txt": 'default_type text/plain; return 200 "User-agent: *\\nDisallow: /cart\\n";',
        "= /maintenance": "default_type text/html; add_header Retry-After 600 always; "
        'return 503 "<!doctype html><h1>Back <b>soon</b></h1>";',
        "/": "return 404 nothing;",
    }
    with nginx_factory(https=authority.issue(), locations=good) as server:
        url = Url(name="shop", url=server.url, ca=authority.ca_file)
        assert "days left" in judge("http.security_txt", url).text
        assert judge("http.robots", url).text == f"{server.url}/robots.txt: 1 groups, 1 rules, no Disallow: / for *"
        assert "503 from" in judge("http.maintenance_page", url, **FILE_CHECKS["http.maintenance_page"]).text
        server.reload(locations={"/": "return 404 nothing;"})
        for id, parameters in FILE_CHECKS.items():
            with pytest.raises(ClaimFalse, match="404"):
                judge(id, url, **parameters)


SECURITY = "/.well-known/security.txt"
CONTACT = "Contact: mailto:security@example.com\n"


def test_security_txt(app: Shop) -> None:
    text = (
        f"# Our policy\n{CONTACT}Expires: {on(200)}\nPreferred-Languages: en, de\nPolicy: https://shop.example.com/p\n"
    )
    evidence = app.judge("http.security_txt", {SECURITY: served(text)})
    assert f"{app.url.url}{SECURITY}: Contact: mailto:security@example.com; Expires: " in evidence.text
    assert evidence.warning == ""
    signed = f"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n{text}-----BEGIN PGP SIGNATURE-----\n\nabc=\n"
    assert app.judge("http.security_txt", {SECURITY: served(signed + "-----END PGP SIGNATURE-----\n")})
    endless = "-----BEGIN PGP SIGNED MESSAGE-----\n" + "\r\n\n" * 300_000
    assert app.seen("http.security_txt", {SECURITY: served(endless)})
    late = f"{CONTACT}Expires: 9999-12-31T23:59:59-14:00\n"
    assert app.seen("http.security_txt", {SECURITY: served(late)}) == "9999-12-31T23:59:59-14:00"
    away = Response(301, [("Location", "/security.txt")])
    assert app.judge("http.security_txt", {SECURITY: away, "/security.txt": served(text)})
    for days, warning in ((10, "It ends in 9 days."), (500, "It lasts longer than a year")):
        assert warning in app.judge("http.security_txt", {SECURITY: served(f"{CONTACT}Expires: {on(days)}\n")}).warning
    canonical = f"{CONTACT}Expires: {on(200)}\nCanonical: https://shop.example.com{SECURITY}\n"
    assert "as canonical, not this" in app.judge("http.security_txt", {SECURITY: served(canonical)}).warning


@pytest.mark.parametrize(
    ("body", "seen"),
    [
        ("Expires: {on}\n", "1 fields without Contact"),
        ("Contact: mailto:a@example.com\n", "1 fields without Expires"),
        ("Contact: a@example.com\nExpires: {on}\n", "contact: a@example.com, which is not a URI"),
        (
            "Contact: http://example.com/\nExpires: {on}\n",
            "contact: http://example.com/, which is not a URI or not https",
        ),
        ("Contact: mailto://a@example.com\nExpires: {on}\n", "contact: mailto://a@example.com, which is not a URI"),
        ("Contact: mailto:a\nExpires: {on}\n", "contact: mailto:a, which is not a URI"),
        ("Contact: https://example.com/a page\nExpires: {on}\n", "contact: https://example.com/a page, which is not"),
        ("Contact: mailto:a@example.com\nExpires: {past}\n", "-2 days left"),
        ("Contact: mailto:a@example.com\nExpires: {on}\nExpires: {on}\n", "expires twice"),
        ("Contact: mailto:a@example.com\nExpires: soon\n", "soon"),
        ("Contact: mailto:a@example.com\nExpires: 2099-01-01\n", "2099-01-01"),
        ("Contact: mailto:a@example.com\nExpires: 2099-01-01T00:00:00\n", "2099-01-01T00:00:00"),
        ("Contact: mailto:a@example.com\nExpires: {on}\njust words\n", "a line without a field: just words"),
        ("", "0 fields without Contact"),
    ],
)
def test_security_txt_that_is_not_valid(app: Shop, body: str, seen: str) -> None:
    text = body.format(on=on(200), past=on(-1.5))
    assert seen in app.seen("http.security_txt", {SECURITY: served(text)})


def test_text_files_that_are_none(app: Shop) -> None:
    for id, path in (("http.security_txt", SECURITY), ("http.robots", "/robots.txt")):
        good = f"User-agent: *\n{CONTACT}Expires: {on(200)}\n"
        assert app.seen(id, {path: served(good, "text/html")}).startswith("200 with text/html from")
        assert app.seen(id, {path: Response(200, [], good.encode())}).startswith("200 with no Content-Type")
        assert app.seen(id, {path: Response(403)}).startswith("403 with")
        assert "was answered 503" in app.reason(id, {path: Response(503)})
        assert "was answered 429" in app.reason(id, {path: Response(429)})
        assert "too long" in app.reason(id, {path: served("#" * 1_100_000)})
        away = Response(302, [("Location", "https://www.example.com/x")])
        assert "redirected to https://www.example.com/x, which was not" in app.reason(id, {path: away})
    insecure = {"/": Response(), SECURITY: served(f"{CONTACT}Expires: {on(200)}\n")}
    with WebApp(insecure) as plain, pytest.raises(ClaimFalse, match="over plain http"):
        judge("http.security_txt", Url(name="shop", url=plain.url))


@pytest.mark.parametrize(
    ("text", "allowed", "forbidden"),
    [
        ("User-agent: *\nDisallow:\n", "", "let in: *"),
        ("User-agent: *\nDisallow: /cart\nSitemap: https://shop.example.com/map.xml\n", "", "let in: *"),
        ("Sitemap: https://shop.example.com/map.xml\n", "", "let in: *"),
        ("User-agent: *\nDisallow: / # nobody\n", "Disallow: / for *", ""),
        ("user-agent: *\r\ndisallow: /*\r\n", "Disallow: / for *", ""),
        ("User-agent: *\nDisallow: /\nAllow: /\n", "", "let in: *"),
        ("User-agent: *\nDisallow: /\nAllow: /public\n", "Disallow: / for *", "let in: *"),
        ("User-agent: a\nUser-agent: *\nDisallow: /\n", "Disallow: / for *", ""),
        ("User-agent: *\nDisallow: /\n\nUser-agent: GoogleBot\nAllow: /\n", "Disallow: / for *", "let in: googlebot"),
        ("User-agent: *\nCrawl-delay: 5\nUser-agent: *\nDisallow: /\n", "Disallow: / for *", ""),
        ("", "", "let in: *"),
        ("# nothing to hide\n", "", "let in: *"),
        ("hello\n", "1 lines without User-agent", "1 lines without User-agent"),
        ("Disallow: /\nUser-agent: *\n", "a rule before any User-agent", "a rule before any User-agent"),
    ],
)
def test_robots(app: Shop, text: str, allowed: str, forbidden: str) -> None:
    for crawling, seen in (("allowed", allowed), ("forbidden", forbidden)):
        if seen:
            assert app.seen("http.robots", {"/robots.txt": served(text)}, crawling=crawling) == seen
        else:
            assert app.judge("http.robots", {"/robots.txt": served(text)}, crawling=crawling)


@pytest.mark.parametrize("charset", ["utf-16", "latin-1"])
def test_text_files_in_another_charset(app: Shop, charset: str) -> None:
    def text(words: str) -> Response:
        return Response(200, [("Content-Type", "text/plain")], words.encode(charset))

    closed = {"/robots.txt": text("User-agent: *\nDisallow: /\n# café\n")}
    assert app.seen("http.robots", closed, crawling="forbidden").startswith("other bytes from ")
    assert app.seen("http.robots", closed).startswith("other bytes from ")
    contact = text(f"{CONTACT}Expires: {on(100)}\n# café\n")
    assert app.seen("http.security_txt", {SECURITY: contact}).startswith("other bytes from ")


def test_robots_warns(app: Shop) -> None:
    text = "User-agent: *\nDisallow:\nUser-agent: GPTBot\nDisallow: /\nDisalow: /x\nwords\n"
    evidence = app.judge("http.robots", {"/robots.txt": served(text)})
    assert evidence.warning == "Unknown lines: disalow, words. Blocked: gptbot."
    with pytest.raises(ValidationError):
        judge("http.robots", app.url, crawling="maybe")


def test_maintenance_page(app: Shop) -> None:
    wanted = FILE_CHECKS["http.maintenance_page"]
    late = ("Retry-After", "Wed, 21 Oct 2099 07:28:00 GMT")
    for answer in (PAGE, served("<h1>Back&nbsp;soon</h1>", "text/html", 503, ("Retry-After", "600"))):
        assert "shows 'back soon'" in app.judge("http.maintenance_page", {"/maintenance": answer}, **wanted).text
    assert (
        late[1]
        in app.judge(
            "http.maintenance_page", {"/maintenance": served("Back soon", "text/html", 503, late)}, **wanted, status=503
        ).text
    )
    for answer, seen in (
        (served("Back soon", "text/html", 503), "Retry-After: absent"),
        (served("Back soon", "text/html", 503, ("Retry-After", "soon")), "Retry-After: soon"),
        (
            served("Back soon", "text/html", 503, ("Retry-After", "Wed, 21 Oct 2015 07:28:00 GMT")),
            "Retry-After: Wed, 21 Oct 2015",
        ),
        (served("Back soon"), "text/plain"),
        (
            served("<title>x</title><!-- back soon --><script>'back soon'</script>", "text/html"),
            "characters without it",
        ),
        (served("<template><p>Back soon</template>", "text/html"), "characters without it"),
        (served("<p style='display: none'>Back soon", "text/html"), "characters without it"),
        (Response(404), "404 from"),
        (Response(302, [("Location", "/")]), "302 from"),
        (Response(500), "500 from"),
    ):
        assert seen in app.seen("http.maintenance_page", {"/maintenance": answer}, **wanted)
    assert app.seen("http.maintenance_page", {"/maintenance": PAGE}, **wanted, status=503).startswith("200 from")
    assert "too long" in app.reason(
        "http.maintenance_page", {"/maintenance": served("back soon" * 200_000, "text/html")}, **wanted
    )
    wrongs: list[dict[str, Any]] = [{"path": "/m"}, {"text": "back"}, {"path": "/m", "text": "x"}]
    for wrong in wrongs:
        with pytest.raises(ValidationError):
            judge("http.maintenance_page", app.url, **wrong)
