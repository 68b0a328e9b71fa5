"""A small application that does everything right, until a test breaks one thing of it."""

from __future__ import annotations

import hmac
import json
import re
import time
from base64 import b64decode
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs

import jwt
import pytest

from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify
from pytest_readiness.domains.http.resource import Url
from tests.judging import judge
from tests.stack.silent import Request, Response, Route, WebApp

KEY = "a-long-and-random-key-of-the-shop-0123456789"
EXAMPLE_KEY = "a-string-secret-at-least-256-bits-long"
HOOK_KEY = "whsec-long-and-random-hook-key"
CLERK_PASSWORD = "correct-horse-battery-staple"
ORIGIN = "https://www.shop.example"
HTML = ("Content-Type", "text/html; charset=utf-8")
SECRETS = (KEY, HOOK_KEY, CLERK_PASSWORD)
ERROR_PAGE = b"<h1>Something went wrong</h1><p>We were told about it.</p>"


def token(role: str, key: str = KEY, hours: float = 1, alg: str = "HS256", **claims: Any) -> str:
    now = int(time.time())
    return jwt.encode({"sub": role, "iat": now, "exp": now + int(hours * 3600), **claims}, key, algorithm=alg)


def when(holds: Callable[[Request], bool], then: Route, otherwise: Route) -> Route:
    """A route that answers in one of two ways."""

    def answer(request: Request) -> Response:
        route = then if holds(request) else otherwise
        return route(request) if callable(route) else route

    return answer


def is_get(request: Request) -> bool:
    return request.method == "GET"


def document(value: Any, status: int = 200, *headers: tuple[str, str]) -> Response:
    return Response(status, [("Content-Type", "application/json"), *headers], json.dumps(value).encode())


@pytest.fixture(scope="module")
def served_shop() -> Iterator[Shop]:
    """The application, served for one module of tests."""
    shop = Shop()
    with shop.app:
        yield shop


@pytest.fixture
def shop(served_shop: Shop) -> Shop:
    """The application in its good state."""
    served_shop.reset()
    return served_shop


class Shop:
    """The application behind a WebApp.

    Attributes:
        fault: name of what is wrong with it.
        made: what was made: accounts, uploads, orders, hooks.
    """

    def __init__(self) -> None:
        self.fault = ""
        self.made: list[str] = []
        self.wrong: Counter[str] = Counter()
        self.limited = 0
        self.version = "1.4.1"
        routes: dict[str, Callable[[Request], Response]] = {
            "/": self.root,
            "/admin": self.admin,
            "/mine": self.mine,
            "/orders": self.orders,
            "/login": self.login,
            "/settings": self.settings,
            "/register": self.register,
            "/limited": self.limit,
            "/boom": self.boom,
            "/upload": self.upload,
            "/hooks/stripe": self.hook,
            "/hooks/github": self.hook,
            "/hooks/own": self.hook,
            "/version": self.told_version,
        }
        self.app = WebApp(routes)
        self.good = dict(routes)

    def reset(self) -> None:
        self.fault = ""
        self.made.clear()
        self.wrong.clear()
        self.limited = 0
        self.version = "1.4.1"
        self.app.requests.clear()
        self.app.routes = dict(self.good)

    @property
    def url(self) -> Url:
        return Url.model_validate(
            {
                "name": "shop",
                "url": self.app.url,
                "credentials": {
                    "clerk": {"token": token("clerk")},
                    "boss": {"token": token("boss")},
                    "stale": {"token": token("clerk", hours=-1)},
                    "eternal": {"token": jwt.encode({"sub": "clerk"}, KEY)},
                    "opaque": {"token": "no-token-of-that-kind"},
                    "user": {"user": "clerk@shop.example", "password": CLERK_PASSWORD},
                    "nobody": {"user": "nobody@shop.example", "password": "wrong-password-of-nobody"},
                    "hook": {"token": HOOK_KEY},
                    "wronghook": {"token": "another-hook-key"},
                    "session": {"headers": {"Cookie": "sid=the-session-of-the-clerk"}},
                },
            }
        )

    def role(self, request: Request) -> str:
        """Who asks, by the token that is shown; "" for nobody."""
        shown = request.headers.get("Authorization", "").removeprefix("Bearer ")
        try:
            if self.fault == "none accepted" and jwt.get_unverified_header(shown)["alg"].lower() == "none":
                return str(jwt.decode(shown, options={"verify_signature": False})["sub"])
            if self.fault == "signature ignored":
                return str(jwt.decode(shown, options={"verify_signature": False, "verify_exp": True})["sub"])
            algorithms = ["HS256", "HS384"]
            key = EXAMPLE_KEY if self.fault == "tutorial key" else KEY
            ends = self.fault != "end ignored"
            return str(jwt.decode(shown, key, algorithms=algorithms, options={"verify_exp": ends})["sub"])
        except jwt.PyJWTError:
            return ""

    def root(self, request: Request) -> Response:
        allow = ("Allow", "GET, HEAD, OPTIONS" + (", DELETE" if self.fault == "delete offered" else ""))
        if request.method == "TRACE" and self.fault == "trace":
            return Response(200, body=repr(request.headers).encode())
        if request.method == "OPTIONS":
            return Response(204, [allow])
        if request.method not in ("GET", "HEAD") and self.fault != "any method":
            return Response(405, [allow])
        host = "www.shop.example"
        if self.fault == "host reflected":
            host = request.headers["Host"]
        if self.fault == "forwarded reflected":
            host = request.headers.get("X-Forwarded-Host", host)
        if self.fault == "rfc7239 reflected":
            host = request.headers.get("Forwarded", host).removeprefix("host=")
        if self.fault == "host in cookie":
            cookie = f"a=1; Domain={request.headers.get('X-Forwarded-Host', host)}"
            return Response(200, [HTML, ("Set-Cookie", cookie)], b"<p>Shop</p>")
        return Response(200, [HTML], f'<a href="https://{host}/reset">Reset</a>'.encode())

    def admin(self, request: Request) -> Response:
        role = self.role(request)
        if self.fault == "admin open":
            return Response(200, body=b"admin")
        if not role:
            return Response(401)
        return Response(200 if role == "boss" or self.fault == "role ignored" else 403)

    def mine(self, request: Request) -> Response:
        role = self.role(request)
        if self.fault == "mine broken":
            return Response(401)
        return document({"you": role}) if role or self.fault == "mine open" else Response(401)

    def orders(self, request: Request) -> Response:
        origin = request.headers.get("Origin", "")
        trusted = {
            "origin echoed": bool(origin),
            "prefix trusted": origin.startswith(f"http://{request.headers['Host'].partition(':')[0]}"),
            "suffix trusted": origin.endswith(request.headers["Host"]),
            "null trusted": origin == "null",
            "development left": origin == "http://localhost:3000",
            "dot unescaped": re.fullmatch(ORIGIN, origin) is not None,
            "declared one unanchored": origin.startswith(ORIGIN),
        }.get(self.fault, False)
        cors = []
        if (origin == ORIGIN and self.fault != "own origin forgotten") or trusted:
            cors = [("Access-Control-Allow-Origin", origin), ("Access-Control-Allow-Credentials", "true")]
            methods = "GET, POST" if self.fault == "put forgotten" else "GET, POST, PUT"
            headers = "" if self.fault == "headers forgotten" else "Content-Type, Authorization"
            cors += [("Access-Control-Allow-Methods", methods), ("Access-Control-Allow-Headers", headers)]
        if self.fault in ("everybody", "everybody with credentials"):
            cors = [("Access-Control-Allow-Origin", "*"), ("Access-Control-Allow-Methods", "PUT")]
            cors += [("Access-Control-Allow-Headers", "*")]
            cors += [("Access-Control-Allow-Credentials", "true")] if "with" in self.fault else []
        if request.method == "OPTIONS":
            return Response(204, cors)
        if request.method == "GET":
            return document([], 200, *cors)
        return self.order(request)

    def order(self, request: Request) -> Response:
        if len(request.body) > 64 * 1024 and self.fault != "any size":
            return Response(413)
        try:
            order = json.loads(request.body)
        except ValueError:
            if self.fault == "trace shown":
                return Response(400, body=b"Traceback (most recent call last):\n  File 'shop.py'")
            return Response({"json unchecked": 500, "json ignored": 200}.get(self.fault, 400))
        if not (isinstance(order.get("item"), str) and isinstance(order.get("count"), int)):
            return Response(201 if self.fault == "types unchecked" else 422)
        if "'" in order["item"] and self.fault == "sql":
            return Response(500)
        if "'" in order["item"] and self.fault == "sql told":
            return Response(400, body=b'unterminated quoted string at or near "readiness"')
        if self.fault == "markup":
            return Response(201, [HTML], f"<p>{order['item']}</p>".encode())
        self.made.append("order")
        return document(order, 201)

    def login(self, request: Request) -> Response:
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        if request.headers.get("Content-Type") == "application/json":
            form = json.loads(request.body)
        user, password = form.get("username", ""), form.get("password", "")
        if self.fault == "default password" and (user, password) == ("guest", "guest"):
            return Response(302, [("Location", "/home")])
        if self.wrong[user] >= 5 and self.fault not in ("no lock", "slow"):
            return Response(429, [("Retry-After", "60")])
        if (user, password) == ("clerk@shop.example", CLERK_PASSWORD) and self.fault != "no one let in":
            key = EXAMPLE_KEY if self.fault == "tutorial key" else KEY
            hours = {"long-lived": 48.0}.get(self.fault, 1.0)
            return document({"access_token": token("clerk", key, hours)})
        self.wrong[user] += 1
        late = 0.1 * self.wrong[user] if self.fault == "slow" and user.startswith("readiness-") else 0.0
        return Response(401, [HTML], b"<p>Wrong user or password.</p>", min(late, 0.4))

    def settings(self, request: Request) -> Response:
        headers = request.headers
        if "the-session-of-the-clerk" not in headers.get("Cookie", ""):
            return Response(302, [("Location", "/login")])
        if request.method == "GET":
            page = (
                '<form action="/search"><input type="hidden" name="csrf" value="of-another-form"></form>'
                '<form action="/settings" method="post"><input type="hidden" name="csrf" value="Zm9yLXRoaXMtZm9ybQ">'
                '<input type="hidden" name="form" value="settings"></form><p>Your name is hidden.</p>'
            )
            return Response(200, [HTML, ("Set-Cookie", "csrf_seed=Zm9yLXRoaXMtZm9ybQ; HttpOnly")], page.encode())
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        shown = form.get("csrf") or headers.get("X-CSRF-Token", "")
        right = shown == "Zm9yLXRoaXMtZm9ybQ" and "csrf_seed=Zm9yLXRoaXMtZm9ybQ" in headers["Cookie"]
        foreign = headers.get("Origin", "") not in ("", self.app.url)
        if self.fault == "refuses all":
            return Response(403)
        if self.fault == "only origin":
            right = True
        if self.fault == "token unchecked":
            right, foreign = "csrf" in form, False
        if self.fault == "null origin trusted" and headers.get("Origin") == "null":
            right, foreign = True, False
        if self.fault == "no protection":
            right, foreign = True, False
        if not right or foreign:
            return Response(200, [HTML], b"forged") if self.fault == "told in a page" else Response(403)
        assert form["form"] == "settings"
        self.made.append("settings")
        return Response(303, [("Location", "/settings")])

    def register(self, request: Request) -> Response:
        if request.method == "GET":
            return Response(200, [HTML], b'<form action="/register"><p>Welcome</p></form>')
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        password = form.get("password", "")
        weak = len(password) < 8 and self.fault != "short taken"
        weak = weak or (password in ("password", "12345678", "qwertyuiop") and self.fault != "common taken")
        if self.fault == "refuses all" or weak:
            return Response(422, [HTML], b"<p>This password is too weak.</p>")
        if not form.get("email"):
            return Response(422, [HTML], b"<p>We need your address.</p>")
        self.made.append(form["email"])
        return Response(303, [("Location", "/welcome")])

    def limit(self, request: Request) -> Response:
        self.limited += 1
        after = [] if self.fault == "no Retry-After" else [("Retry-After", "0")]
        if self.fault == "always 429":
            return Response(429, after)
        if self.fault == "no limit":
            return Response()
        if self.fault == "limit by 503":
            return Response(503 if self.limited > 10 else 200)
        if self.fault == "never again":
            return Response(429 if self.limited > 10 else 200, after)
        return Response(429 if self.limited == 11 else 200, after)

    def boom(self, request: Request) -> Response:
        body = b"<pre>Traceback (most recent call last):</pre>" if self.fault == "boom told" else b""
        if self.fault == "no boom":
            return Response(200, [HTML], ERROR_PAGE)
        if self.fault == "other page":
            body = b"Internal Server Error"
        return Response(502 if self.fault == "bad gateway" else 500, [HTML], body or ERROR_PAGE)

    def upload(self, request: Request) -> Response:
        name = re.search(rb'filename="([^"]+)"', request.body)
        kind = re.search(rb"Content-Type: (\S+)\r\n\r\n(.{4})", request.body, re.DOTALL)
        if not name or not kind:
            return Response(400)
        if len(request.body) > 128 * 1024 and self.fault != "large taken":
            return Response(413)
        if (kind[1] != b"image/png" or kind[2] != b"\x89PNG") and self.fault != "script taken":
            return Response(415)
        if self.fault == "nothing taken":
            return Response(403)
        self.made.append(name[1].decode())
        return Response(201)

    def hook(self, request: Request) -> Response:
        if self.fault == "hook closed":
            return Response(401)
        given, signed, prefix = self._signature(request)
        ours = hmac.digest(HOOK_KEY.encode(), signed, "sha256")
        right = given == f"{prefix}{ours.hex()}"
        if request.path == "/hooks/own":
            right = b64decode(given.removeprefix("v1=") or "AAAA") == ours
        if self.fault == "unsigned taken":
            right = right or not given
        if self.fault == "key ignored":
            right = bool(given)
        if self.fault == "body ignored":
            right = right or request.body.endswith(b" ")
        stale = request.path == "/hooks/stripe" and given and self._age(request) > 300
        if not right or (stale and self.fault != "stale taken"):
            return Response(400)
        self.made.append(request.body.decode())
        return Response(200)

    def _signature(self, request: Request) -> tuple[str, bytes, str]:
        headers = request.headers
        if request.path == "/hooks/github":
            return headers.get("X-Hub-Signature-256", ""), request.body, "sha256="
        if request.path == "/hooks/own":
            return headers.get("X-Shop-Signature", ""), request.body, ""
        at, _, given = headers.get("Stripe-Signature", "").partition(",")
        return given, at.removeprefix("t=").encode() + b"." + request.body, "v1="

    def _age(self, request: Request) -> float:
        return time.time() - int(re.sub(r"t=(\d+),.*", r"\1", request.headers["Stripe-Signature"]))

    def told_version(self, request: Request) -> Response:
        return document({"release": {"version": self.version}})


def seen(id: str, shop: Shop, **parameters: Any) -> str:
    """What was seen instead, where the claim is false."""
    with pytest.raises(ClaimFalse) as caught:
        judge(id, shop.url, **parameters)
    return caught.value.seen


def open_question(id: str, shop: Shop, why: str, **parameters: Any) -> None:
    """Demand that a check could not verify its claim."""
    with pytest.raises(CouldNotVerify, match=why):
        judge(id, shop.url, **parameters)
