"""The demo target: a small web shop on this machine, with its papers, and with faults to be found and fixed.

`pytest --readiness-target=demo` starts it through the conftest.py of the root. `DEMO_MEND=all`, or a list of names out
of `FAULTS` with commas between them, starts it without those faults.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import sqlite3
import ssl
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import escape
from http.cookies import CookieError, SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from json import dumps, loads
from mailbox import Maildir
from pathlib import Path
from socket import AF_INET, AF_INET6, AddressFamily
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any
from urllib.parse import parse_qs

from suites.demo.certificate import LIFETIME, write_certificate
from suites.demo.store import PAUSE_SECONDS, PRODUCTS, Account, Invalid, Order, Store

FOLDER = Path(__file__).parent
PAPERS = (
    "architecture.md",
    "changelog.md",
    "drill.md",
    "incidents.md",
    "production.env",
    "recovery.md",
    "runbook.md",
    "signoffs.yaml",
    "waivers.yaml",
)
VERSION = "1.4.0"
CUSTOMER, ADMIN, NEIGHBOUR = "customer@example.com", "admin@example.com", "neighbour@example.com"
"""Accounts that the shop has from its start."""
BODY_BYTES = 64 * 1024
"""A larger document is refused."""
SHORT_LIFETIME = timedelta(days=21)
"""Of a certificate that should have been renewed."""
ELSEWHERE = "http://localhost:3000"
"""Where a developer's own shop would be."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is wrong with the shop on purpose.

    Attributes:
        item: the item of suites/demo/release.md that finds it.
        mend: what to change.
        paper: the file of this folder that has it, where a file has it.
        wrong, right: texts in that file, as it is and as it should be.
    """

    item: str
    mend: str
    paper: str = ""
    wrong: str = ""
    right: str = ""


FAULTS: Mapping[str, Fault] = {
    "certificate-expiry": Fault(
        item="tls/certificate-is-valid-for-30-more-days",
        mend="shop.py: renew the certificate; this one ends in 21 days.",
    ),
    "exposed-env-file": Fault(
        item="web/configuration-files-and-backups-are-not-served",
        mend="shop.py: do not answer /.env.",
    ),
    "open-administration": Fault(
        item="accounts/customers-cannot-open-the-administration",
        mend="shop.py: ask for the role on /admin, not only for a login.",
    ),
    "unsigned-webhook": Fault(
        item="orders/payment-messages-without-a-valid-signature-are-refused",
        mend="shop.py: verify the signature of each message to /hooks/payments.",
    ),
    "smtp-placeholder": Fault(
        item="configuration/placeholders-are-replaced",
        mend="production.env: give SMTP_PASSWORD a real value.",
        paper="production.env",
        wrong="SMTP_PASSWORD=changeme",
        right="SMTP_PASSWORD={random}",
    ),
    "cookie-samesite": Fault(
        item="security-headers/cookies-are-secure-httponly-and-samesite",
        mend="shop.py: set the cookie with SameSite=Lax.",
    ),
    "mail-link": Fault(
        item="accounts/visitors-register-confirm-their-address-by-mail-and-sign-in",
        mend="shop.py: let links in mails lead to the shop, not to a developer's machine.",
    ),
    "unthrottled-search": Fault(
        item="orders/search-is-throttled",
        mend="shop.py: pause a visitor's search after 20 requests.",
    ),
    "missing-rollback": Fault(
        item="documents/runbook-covers-deployment-rollback-and-escalation",
        mend="runbook.md: write what to do under the heading Rollback.",
        paper="runbook.md",
        wrong="## Rollback\n\nTODO\n",
        right="## Rollback\n\nDeploy the release before; the schema of the last two releases is the same.\n",
    ),
    "missing-permissions-policy": Fault(
        item="security-headers/browser-features-are-restricted",
        mend="shop.py: send the header Permissions-Policy.",
    ),
    "stale-signoff": Fault(
        item="people/acceptance-tests-are-approved",
        mend="signoffs.yaml: let the product owner sign again; this signature is older than 30 days.",
        paper="signoffs.yaml",
        wrong="on: 45 days ago",
        right="on: 2 days ago",
    ),
}
"""By name, in the order in which a run lists them."""


def remaining_faults(mend: str) -> tuple[str, ...]:
    """The faults that are left by a value of DEMO_MEND: "all", or names with commas between them.

    Raises:
        ValueError: there is no fault of that name.
    """
    names = {name.strip() for name in mend.split(",")} - {""}
    unknown = sorted(names - {"all", *FAULTS})
    if unknown:
        raise ValueError(
            f"DEMO_MEND names no fault of the demo: {', '.join(unknown)}. Known: all, {', '.join(FAULTS)}."
        )
    return () if "all" in names else tuple(name for name in FAULTS if name not in names)


def announcement(faults: Collection[str]) -> list[str]:
    """What the demo says at its end about the faults that it has on purpose, as lines."""
    if not faults:
        return ["The shop was started without its faults: nothing should have failed, and nothing should be unsigned."]
    count = f"{len(faults)} faults" if len(faults) > 1 else "one fault"
    return [
        f"The shop has {count} on purpose. What failed or is unsigned should be just this:",
        *(line for name in faults for line in (f"  {name}: {FAULTS[name].item}", f"    {FAULTS[name].mend}")),
        "DEMO_MEND=all starts the shop without its faults, DEMO_MEND=NAME,NAME without some of them.",
    ]


@contextmanager
def running(faults: Collection[str] = tuple(FAULTS)) -> Iterator[dict[str, str]]:
    """Serve the shop on free ports of the loopback interface; yields the variables that readiness.yaml needs."""
    with TemporaryDirectory(prefix="readiness-demo-") as name, ExitStack() as stack:
        folder = Path(name)
        write_certificate(folder, SHORT_LIFETIME if "certificate-expiry" in faults else LIFETIME)
        for paper in PAPERS:
            (folder / paper).write_text(_paper(paper, faults), "utf-8")
        store = Store(Maildir(folder / "mail"))
        passwords = {email: secrets.token_urlsafe(24) for email in (CUSTOMER, ADMIN, NEIGHBOUR)}
        for email, password in passwords.items():
            store.add(email, password, admin=email == ADMIN)
        handler = _handler(Shop, faults=frozenset(faults), store=store)
        https = stack.enter_context(_serving(handler, _tls(folder / "server.pem")))
        store.origin = f"https://localhost:{https}"
        store.link_origin = ELSEWHERE if "mail-link" in faults else store.origin
        http = stack.enter_context(_serving(_handler(Redirect, goal=f"https://localhost:{https}"), None))
        yield {
            "DEMO_HTTPS_PORT": str(https),
            "DEMO_HTTP_PORT": str(http),
            "DEMO_CA": str(folder / "ca.pem"),
            "DEMO_FOLDER": str(folder),
            "DEMO_CUSTOMER_PASSWORD": passwords[CUSTOMER],
            "DEMO_CUSTOMER_TOKEN": store.signed(CUSTOMER),
            "DEMO_NEIGHBOUR_TOKEN": store.signed(NEIGHBOUR),
            "DEMO_ADMIN_TOKEN": store.signed(ADMIN),
            "DEMO_ENDED_TOKEN": store.signed(CUSTOMER, issued=time.time() - 7200),
            "DEMO_WEBHOOK_KEY": store.webhook_key,
        }


def _paper(name: str, faults: Collection[str]) -> str:
    """A file of this folder as the target has it: fixed, with random secrets and with days counted from today."""
    text = (FOLDER / name).read_text("utf-8")
    for fault_name, fault in FAULTS.items():
        if fault.paper == name and fault_name not in faults:
            text = text.replace(fault.wrong, fault.right)
    text = re.sub(r"\{random\}", lambda _: secrets.token_hex(32), text)
    today = datetime.now(UTC).date()
    text = re.sub(r"(\d+) days ago", lambda days: str(today - timedelta(days=int(days[1]))), text)
    return re.sub(r"in (\d+) days", lambda days: str(today + timedelta(days=int(days[1]))), text)


def _tls(certificate: Path) -> ssl.SSLContext:
    """Mozilla's intermediate profile: https://wiki.mozilla.org/Security/Server_Side_TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.set_ciphers("ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384")
    context.set_ecdh_curve("prime256v1")
    context.load_cert_chain(certificate)
    return context


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, family: AddressFamily, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self.address_family = family
        super().__init__(address, handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Scanners close connections early; that is expected."""


@contextmanager
def _serving(handler: type[BaseHTTPRequestHandler], tls: ssl.SSLContext | None) -> Iterator[int]:
    """Answer on a free port of 127.0.0.1, and where there is IPv6 on the same port of ::1."""
    servers = [_Server(AF_INET, ("127.0.0.1", 0), handler)]
    port = servers[0].server_port
    # Without IPv6 clients try the other address of localhost.
    with suppress(OSError):
        servers.append(_Server(AF_INET6, ("::1", port), handler))
    threads = []
    for server in servers:
        if tls is not None:
            # The handshake is left to the connection's own thread, so that a silent client holds no one up.
            server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        threads.append(Thread(target=server.serve_forever, args=(0.05,), daemon=True))
        threads[-1].start()
    try:
        yield port
    finally:
        for server, thread in zip(servers, threads, strict=True):
            server.shutdown()
            thread.join()
            server.server_close()


def _handler(kind: type[BaseHTTPRequestHandler], **attributes: object) -> type[BaseHTTPRequestHandler]:
    return type(kind.__name__, (kind,), attributes)


class _Quiet(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 5
    # Head and body are sent one after the other; the body would wait 40 ms for the client's acknowledgement.
    disable_nagle_algorithm = True

    def version_string(self) -> str:
        return "shop"

    def log_message(self, *_: object) -> None:
        """Requests are the run's own; they are in its audit."""


class Redirect(_Quiet):
    """Sends every request on plain http to https."""

    goal = ""

    def do_GET(self) -> None:
        """Answer 308 to the same path."""
        self.send_response(308)
        self.send_header("Location", self.goal + "/" + self.path.lstrip("/"))
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_HEAD = do_GET  # noqa: N815


class Shop(_Quiet):
    """The pages of the shop, and its API."""

    faults: frozenset[str] = frozenset()
    store: Store

    def do_GET(self) -> None:
        """Answer the path."""
        path = self.path.partition("?")[0]
        if path in _PAGES:
            _PAGES[path](self)
        elif path in _POSTS:
            self._answer(405, "text/html", _page("Not possible", "<p>This takes messages only."), Allow=_allowed(path))
        elif path.startswith("/api/v1/orders/"):
            self._show_order(path.rpartition("/")[2], api=True)
        elif path.startswith("/orders/"):
            self._show_order(path.rpartition("/")[2], api=False)
        elif path == "/.env" and "exposed-env-file" in self.faults:
            self._answer(200, "text/plain", "DEBUG=false\nSMTP_PASSWORD=changeme\n")
        else:
            self._missing()

    do_HEAD = do_GET  # noqa: N815

    def do_POST(self) -> None:
        """Take what is sent to the path."""
        path = self.path.partition("?")[0]
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > BODY_BYTES:
            # The rest is read, so that the answer is, too; and no more of it than a careless client sends.
            self.rfile.read(min(int(length), 32 * BODY_BYTES) if length.isdigit() else 0)
            self.close_connection = True
            self._answer(413 if length.isdigit() else 411, "text/html", _page("Not possible", "<p>That is too large."))
            return
        body = self.rfile.read(int(length))
        if path in _POSTS:
            _POSTS[path](self, body)
        elif path in _PAGES:
            self._answer(405, "text/html", _page("Not possible", "<p>This page takes nothing."), Allow=_allowed(path))
        else:
            self._missing()

    def do_OPTIONS(self) -> None:
        """Say what the path takes; to no other site that its pages may ask."""
        path = self.path.partition("?")[0]
        if path in _PAGES or path in _POSTS:
            self._answer(200, "text/plain", "", Allow=_allowed(path))
        else:
            self._missing()

    def send_error(self, code: int, *_: object) -> None:
        """Answer other methods, or what is no HTTP, like any other mistake of a client."""
        self.close_connection = True
        self._answer(code, "text/html", _page("Not possible", "<p>The shop does not do that."))

    # Who is asking.

    def _session(self) -> str:
        """The id in the visitor's cookie, or ""."""
        with suppress(CookieError):
            morsel = SimpleCookie(self.headers.get("Cookie", "")).get("session")
            return morsel.value if morsel is not None else ""
        return ""

    def _account(self) -> Account | None:
        """Who has signed in, or shows a token."""
        kind, _, token = self.headers.get("Authorization", "").partition(" ")
        if kind == "Bearer":
            claims = self.store.claims(token)
            return self.store.accounts.get(claims["sub"]) if claims else None
        return self.store.accounts.get(self.store.sessions.get(self._session(), ""))

    def _signed_in(self, *, api: bool = False) -> Account | None:
        """Who is asking; a stranger is answered, and None returned."""
        account = self._account()
        if account is None and api:
            self._json(401, {"error": "Show a token."})
        elif account is None:
            self._redirect("/login")
        return account

    # Pages.

    def _home(self) -> None:
        goods = "".join(f"<li>{name.capitalize()}, {_euro(cents)}</li>" for name, cents in PRODUCTS.items())
        self._answer(200, "text/html", _page("Shop", f"<ul>{goods}</ul>"), cookie=True)

    def _form(self, title: str, action: str, fields: str, alert: str = "", status: int = 200) -> None:
        """A page with one form, whose token belongs to the visitor's session."""
        session = self._session() or secrets.token_hex(16)
        told = f'<p role="alert">{escape(alert)}</p>' if alert else ""
        hidden = f'<input type="hidden" name="csrf" value="{self.store.form_token(session)}">'
        form = f'<form id="main" method="post" action="{action}">{hidden}{fields}<button>{title}</button></form>'
        self._answer(status, "text/html", _page(title, told + form), cookie=True, session=session)

    def _credentials(self, title: str, action: str, alert: str = "", status: int = 200) -> None:
        fields = (
            '<label>Mail address <input name="email" autocomplete="username"></label>'
            '<label>Password <input name="password" type="password"></label>'
        )
        self._form(title, action, fields, alert, status)

    def _confirm(self) -> None:
        token = parse_qs(self.path.partition("?")[2]).get("token", [""])[0]
        if self.store.confirm(token):
            self._answer(200, "text/html", _page("Welcome", "<p>Your address is confirmed."))
        else:
            self._answer(403, "text/html", _page("Not possible", "<p>This link is no longer good."))

    def _show_account(self) -> None:
        if account := self._signed_in():
            state = "confirmed" if account.confirmed else "not confirmed yet"
            told = f"Signed in as {account.email}. The address is {state}."
            self._form("Sign out", "/logout", told)

    def _show_admin(self) -> None:
        account = self._signed_in()
        if account is None:
            return
        if account.admin or "open-administration" in self.faults:
            count = len(self.store.orders)
            self._answer(200, "text/html", _page("Administration", f"<p>{count} orders of all customers."))
        else:
            self._answer(403, "text/html", _page("Not possible", "<p>This is for administrators."))

    def _fail(self) -> None:
        """What a customer sees when the shop breaks; administrators may provoke it."""
        account = self._signed_in()
        if account is not None and account.admin:
            self._answer(500, "text/html", _page("Sorry", "<p>Something went wrong, and we were told of it."))
        elif account is not None:
            self._answer(403, "text/html", _page("Not possible", "<p>This is for administrators."))

    def _new_order(self) -> None:
        if self._signed_in():
            goods = "".join(f'<option value="{name}">{name.capitalize()}</option>' for name in PRODUCTS)
            fields = (
                f'<label>Product <select name="product">{goods}</select></label>'
                '<label>Number <input name="quantity" type="number" min="1" max="20" value="1" required></label>'
            )
            self._form("Order", "/orders", fields)

    def _show_order(self, id: str, *, api: bool) -> None:
        account = self._signed_in(api=api)
        order = self.store.orders.get(id)
        if account is None:
            return
        if order is None or (order.email != account.email and not account.admin):
            if api:
                self._json(404, {"error": "You have no such order."})
            else:
                self._missing()
        elif api:
            self._json(200, self._told(order))
        else:
            told = f"{order.quantity} × {order.product.capitalize()}, {_euro(order.cents)}: {self._state(order)}"
            self._answer(200, "text/html", _page("Your order", f"<p>{told}"))

    def _state(self, order: Order) -> str:
        return "paid" if order.id in self.store.paid else "waiting for payment"

    def _told(self, order: Order) -> dict[str, Any]:
        return {
            "id": order.id,
            "product": order.product,
            "quantity": order.quantity,
            "cents": order.cents,
            "state": self._state(order),
        }

    # What forms send.

    def _sent(self, body: bytes) -> dict[str, str] | None:
        """The fields of a form that one of our own pages has sent; other senders are answered, and None returned."""
        fields = {name: values[0] for name, values in parse_qs(body.decode("utf-8", "replace"), True).items()}
        origin = self.headers.get("Origin", self.store.origin)
        session = self._session()
        token = self.store.form_token(session) if session else secrets.token_hex()
        if origin != self.store.origin or not secrets.compare_digest(fields.get("csrf", "").encode(), token.encode()):
            self._answer(403, "text/html", _page("Not possible", "<p>Open the form again, and send it from there."))
            return None
        return fields

    def _post_register(self, body: bytes) -> None:
        if (fields := self._sent(body)) is None:
            return
        try:
            account = self.store.register(fields.get("email", "").strip(), fields.get("password", ""))
        except Invalid as invalid:
            self._credentials("Register", "/register", str(invalid))
        else:
            self._redirect("/account", session=self.store.begin(account))

    def _post_login(self, body: bytes) -> None:
        if (fields := self._sent(body)) is None:
            return
        try:
            account = self.store.login(fields.get("email", "").strip(), fields.get("password", ""))
        except Invalid as invalid:
            self._credentials("Sign in", "/login", str(invalid), 429)
            return
        if account is None:
            self._credentials("Sign in", "/login", "Address or password are wrong.", 401)
        else:
            self._redirect("/account", session=self.store.begin(account))

    def _post_logout(self, body: bytes) -> None:
        if self._sent(body) is not None:
            self.store.sessions.pop(self._session(), None)
            self._redirect("/")

    def _post_order(self, body: bytes) -> None:
        if (fields := self._sent(body)) is None or (account := self._signed_in()) is None:
            return
        quantity = fields.get("quantity", "")
        try:
            order = self.store.order(
                account.email, {**fields, "quantity": int(quantity) if re.fullmatch(r"\d{1,3}", quantity) else 0}
            )
        except Invalid as invalid:
            self._answer(422, "text/html", _page("Not possible", f"<p>{escape(str(invalid))}"))
        else:
            self._redirect(f"/orders/{order.id}")

    # What programs ask for.

    def _health(self) -> None:
        checks = {}
        if not self.path.startswith("/livez"):
            with sqlite3.connect(":memory:") as database:
                checks["database"] = "up" if database.execute("SELECT 1").fetchone() == (1,) else "down"
            database.close()
        self._json(200, {"status": "ok", "checks": checks})

    def _me(self) -> None:
        if account := self._signed_in(api=True):
            self._json(200, {"email": account.email, "confirmed": account.confirmed})

    def _own_orders(self) -> None:
        if account := self._signed_in(api=True):
            mine = [self._told(order) for order in self.store.orders.values() if order.email == account.email]
            self._json(200, {"orders": mine})

    def _search(self) -> None:
        if "unthrottled-search" not in self.faults and not self.store.may_search():
            self._json(429, {"error": "Search again in a moment."}, **{"Retry-After": str(PAUSE_SECONDS)})
            return
        asked = parse_qs(self.path.partition("?")[2]).get("q", [""])[0].lower()
        self._json(200, {"products": [name for name in PRODUCTS if asked in name]})

    def _metrics(self) -> None:
        account = self._signed_in(api=True)
        if account is not None and account.admin:
            text = f"# TYPE shop_orders gauge\nshop_orders {len(self.store.orders)}\n"
            self._answer(200, "text/plain; version=0.0.4", text)
        elif account is not None:
            self._json(403, {"error": "This is for administrators."})

    def _post_token(self, body: bytes) -> None:
        given = _read(body)
        try:
            account = self.store.login(str(given.get("username", "")), str(given.get("password", "")))
        except Invalid as invalid:
            self._json(429, {"error": str(invalid)})
            return
        if account is None:
            self._json(401, {"error": "Address or password are wrong."})
        else:
            self._json(200, {"access_token": self.store.signed(account.email), "token_type": "Bearer"})

    def _post_api_order(self, body: bytes) -> None:
        if (account := self._signed_in(api=True)) is None:
            return
        try:
            self._json(201, self._told(self.store.order(account.email, _read(body))))
        except Invalid as invalid:
            self._json(422, {"error": str(invalid)})

    def _post_payment(self, body: bytes) -> None:
        trusting = "unsigned-webhook" in self.faults
        if not trusting and not self.store.believes(self.headers.get("Stripe-Signature", ""), body):
            self._json(400, {"error": "The signature is not valid."})
            return
        given = _read(body)
        order = str(given.get("order"))
        if given.get("type") == "payment.succeeded" and order in self.store.orders:
            self.store.paid.add(order)
        self._json(200, {"received": True})

    # Answers.

    def _missing(self) -> None:
        self._answer(404, "text/html", _page("Not found", "<p>There is no such page."))

    def _json(self, status: int, data: Mapping[str, Any], **headers: str) -> None:
        self._answer(status, "application/json", dumps(data), cookie=False, session="", **headers)

    def _redirect(self, goal: str, session: str = "") -> None:
        self._answer(303, "text/plain", "", cookie=bool(session), session=session, Location=goal)

    def _answer(
        self, status: int, kind: str, text: str, *, cookie: bool = False, session: str = "", **headers: str
    ) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Strict-Transport-Security", "max-age=63072000; includeSubDomains")
        self.send_header(
            "Content-Security-Policy",
            "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
        )
        self.send_header("X-Frame-Options", "DENY")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "strict-origin-when-cross-origin")
        if "missing-permissions-policy" not in self.faults:
            self.send_header("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
        for name, value in {"Cache-Control": "no-store", **headers}.items():
            self.send_header(name, value)
        known = self._session()
        if cookie and (not known or session not in ("", known)):
            same_site = "" if "cookie-samesite" in self.faults else "; SameSite=Lax"
            value = session or secrets.token_hex(16)
            self.send_header("Set-Cookie", f"session={value}; Path=/; Max-Age=3600; Secure; HttpOnly{same_site}")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _file(name: str, kind: str) -> tuple[str, Callable[[Shop], None]]:
    """Path and answer of a file that may be kept for long, because its name changes with its content."""
    text = (FOLDER / name).read_text("utf-8")
    stem, _, ending = name.partition(".")
    path = f"/static/{stem}.{hashlib.sha256(text.encode()).hexdigest()[:12]}.{ending}"
    kept = {"Cache-Control": "public, max-age=31536000, immutable"}
    return path, lambda shop: shop._answer(200, kind, text, **kept)


def _text(text: str) -> Callable[[Shop], None]:
    return lambda shop: shop._answer(200, "text/plain", text)


def _contact(shop: Shop) -> None:
    expires = (datetime.now(UTC) + timedelta(days=180)).strftime("%Y-%m-%dT%H:%M:%SZ")
    shop._answer(200, "text/plain", f"Contact: mailto:security@example.com\nExpires: {expires}\n")


_STYLE, _SCRIPT = _file("shop.css", "text/css"), _file("shop.js", "text/javascript")
_PAGES: Mapping[str, Callable[[Shop], None]] = {
    "/": Shop._home,
    "/register": lambda shop: shop._credentials("Register", "/register"),
    "/login": lambda shop: shop._credentials("Sign in", "/login"),
    "/confirm": Shop._confirm,
    "/account": Shop._show_account,
    "/admin": Shop._show_admin,
    "/admin/fail": Shop._fail,
    "/orders/new": Shop._new_order,
    "/maintenance.html": lambda shop: shop._answer(200, "text/html", _page("Closed", "<p>We are back in an hour.")),
    "/healthz": Shop._health,
    "/readyz": Shop._health,
    "/livez": Shop._health,
    "/version": lambda shop: shop._json(200, {"version": VERSION}),
    "/metrics": Shop._metrics,
    "/robots.txt": _text("User-agent: *\nDisallow: /account\n"),
    "/.well-known/security.txt": _contact,
    "/api/v1/me": Shop._me,
    "/api/v1/orders": Shop._own_orders,
    "/api/v1/products": lambda shop: shop._json(200, {"products": dict(PRODUCTS)}),
    "/api/v1/search": Shop._search,
    _STYLE[0]: _STYLE[1],
    _SCRIPT[0]: _SCRIPT[1],
}
_POSTS: Mapping[str, Callable[[Shop, bytes], None]] = {
    "/register": Shop._post_register,
    "/login": Shop._post_login,
    "/logout": Shop._post_logout,
    "/orders": Shop._post_order,
    "/api/v1/token": Shop._post_token,
    "/api/v1/orders": Shop._post_api_order,
    "/hooks/payments": Shop._post_payment,
}


def _allowed(path: str) -> str:
    """The methods of a path."""
    return ", ".join((*(("GET", "HEAD") if path in _PAGES else ()), *(("POST",) if path in _POSTS else ()), "OPTIONS"))


def _read(body: bytes) -> dict[str, Any]:
    """A document in JSON; what is none is an empty one."""
    try:
        data = loads(body)
    except (ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


def _euro(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02} EUR"


def _page(title: str, content: str) -> str:
    links = (("/", "Shop"), ("/orders/new", "Order"), ("/account", "Account"), ("/register", "Register"))
    nav = "".join(f'<a href="{path}">{text}</a>' for path, text in links)
    return (
        f'<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>{title}</title>\n'
        f'<meta name="viewport" content="width=device-width">\n<link rel="stylesheet" href="{_STYLE[0]}">\n'
        f'<script src="{_SCRIPT[0]}" defer></script>\n<nav>{nav}</nav>\n<h1>{title}</h1>\n{content}\n</html>\n'
    )
