"""The application of the suites' world: pages, an API, mail and webhooks, each of which a named fault breaks."""

from __future__ import annotations

import hashlib
import hmac
import html
import json
import re
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol, Self

from tests.stack.silent import Request, Response, WebApp
from tests.stack.web import Visit, Visits, document, form_of, parts_of, query_of, redirect
from tests.suites.openapi import DESCRIPTION
from tests.suites.pages import FRONT, field, form, page
from tests.suites.store import Account, Store

VERSION = "1.4.2"
MAX_DOCUMENT = 64 * 1024
MAX_FILE = 1024 * 1024
TOLERANCE = 300
PICTURES = {b"\x89PNG\r\n\x1a\n": "image/png", b"RIFF": "image/webp", b"\xff\xd8\xff": "image/jpeg"}
PAPERS = {b"%PDF-": "application/pdf", **PICTURES}
SIGN_LANGUAGE = (
    '<video controls width="320" height="180" preload="none" aria-label="Sign language: how to order">'
    '<track kind="captions" srclang="en" label="English" src="/assets/captions.vtt" default></video>'
)
ALERT = '<p role="alert">A new message has arrived.</p>'
ARTICLES = {
    "first-steps": ("First steps", "How to open an account, and what to do first."),
    "paying": ("Paying", "Which ways to pay there are, and how long each takes."),
}
QUESTIONS = ("How often do you plan a month?", "How much do you put aside?", "How well do you sleep?")
BROKEN = "Something went wrong"
TRACE = "Traceback (most recent call last):\n  File \"/srv/shop/app.py\", line 17, in pay\nKeyError: 'total'"

Handler = Callable[[Request, "re.Match[str]"], Response]


class Sends(Protocol):
    """Hands a mail over to the mail server."""

    def __call__(self, to: str, subject: str, text: str, *, html: str = "") -> None: ...


class Application:
    """``with Application(root, send, dependencies) as application:`` an application behind a web server.

    Attributes:
        faults: what it does wrongly, by the names that stand in its code.
        version, build: of the release that answers.
    """

    def __init__(
        self, root: str, send: Sends, dependencies: Mapping[str, Callable[[], bool]], faults: set[str] | None = None
    ) -> None:
        """
        Args:
            root: address under which its visitors know it.
            send: hands a mail over.
            dependencies: what it needs, by name: whether that can be used now.
        """
        self.faults: set[str] = set() if faults is None else faults
        self.version = VERSION
        self.build = "1"
        self.root = root
        self.store = Store(self.faults)
        self.hook_key = f"whsec_{secrets.token_urlsafe(32)}"
        self.app = self.instance()
        self._send, self._dependencies = send, dependencies
        self._visits = Visits()
        self._lock = threading.Lock()
        self._seconds: list[float] = []
        self._handlers = [(re.compile(path), method, handler) for path, method, handler in self._routes()]

    def __enter__(self) -> Self:
        self.app.__enter__()
        return self

    def __exit__(self, *exception: object) -> None:
        self.app.__exit__(*exception)

    def instance(self) -> WebApp:
        """A server of it; several may serve at once."""
        app = WebApp()
        app.other = self._answer
        return app

    def token(self, email: str) -> str:
        """A token of an account."""
        return self.store.issue(self.store.accounts[email])

    def _routes(self) -> list[tuple[str, str, Handler]]:
        number, name = r"(\d+)", r"([\w.-]+)"
        return [
            ("/", "GET", self._front),
            ("/(terms|privacy|help)", "GET", self._text),
            ("/register", "GET", self._show(self._register_form)),
            ("/register", "POST", self._register),
            ("/confirm", "GET", self._confirm),
            ("/login", "GET", self._show(self._login_form)),
            ("/login", "POST", self._login),
            ("/logout", "POST", self._logout),
            ("/forgot", "GET", self._show(self._forgot_form)),
            ("/forgot", "POST", self._forgot),
            ("/reset", "GET", self._reset_form),
            ("/reset", "POST", self._reset),
            ("/account", "GET", self._account),
            ("/dashboard", "GET", self._dashboard),
            ("/admin", "GET", self._admin),
            ("/login/code", "GET", lambda *_: page("One more step", "<p>Enter the code of your second factor.</p>")),
            ("/recommendations", "GET", self._recommendations),
            ("/support", "GET", self._support_page),
            ("/support", "POST", self._write_to_support),
            ("/sign-language", "GET", lambda *_: page("Sign language", SIGN_LANGUAGE)),
            ("/alerts", "GET", lambda *_: page("Alerts", "" if "silent-alert" in self.faults else ALERT)),
            ("/papers", "GET", self._papers_page),
            ("/papers", "POST", self._upload_paper),
            (f"/papers/{name}", "GET", self._picture),
            (f"/interpreters/{name}", "GET", self._session),
            ("/contact", "GET", self._show(self._contact_form)),
            ("/contact", "POST", self._contact),
            ("/products", "GET", self._products_page),
            (f"/products/{number}", "GET", self._product_page),
            ("/checkout", "POST", self._checkout),
            (f"/pay/{name}", "GET", self._pay_page),
            (f"/pay/{name}", "POST", self._pay),
            (f"/receipts/{number}", "GET", self._receipt),
            ("/picture", "GET", self._picture_page),
            ("/picture", "POST", self._upload),
            (f"/pictures/{name}", "GET", self._picture),
            ("/goals", "GET", self._goals_page),
            ("/goals", "POST", self._set_goal),
            ("/library", "GET", self._library),
            (f"/library/{name}", "GET", self._article),
            ("/assessment", "GET", self._show(self._assessment_form)),
            ("/assessment", "POST", self._assess),
            ("/errors/500", "GET", self._fail),
            ("/health", "GET", self._health),
            ("/ready", "GET", self._health),
            ("/live", "GET", lambda *_: document({"status": "ok"})),
            ("/version", "GET", lambda *_: document({"version": self.version, "build": self.build})),
            ("/metrics", "GET", self._metrics),
            ("/openapi.json", "GET", lambda *_: document(DESCRIPTION)),
            ("/auth/session", "GET", lambda *_: document({"signed_in": False})),
            ("/payments/quote", "GET", lambda *_: document({"fee": 0})),
            ("/api/v1/search", "GET", self._products),
            ("/api/v1/rates", "GET", lambda *_: document({"EUR": 1})),
            ("/api/v1/login", "POST", self._login_for_programs),
            ("/api/v1/me", "GET", self._me),
            ("/api/v1/products", "GET", self._products),
            ("/api/v1/products", "POST", self._new_product),
            (f"/api/v1/products/{number}", "GET", self._product),
            (f"/api/v1/products/{number}", "PATCH", self._changed_product),
            (f"/api/v1/products/{number}", "DELETE", self._no_product),
            ("/api/v1/orders", "GET", self._orders),
            ("/api/v1/orders", "POST", self._new_order),
            (f"/api/v1/orders/{number}", "GET", self._order),
            (f"/api/v1/orders/{number}/payment-link", "POST", self._payment_link),
            ("/api/v1/payments", "POST", self._new_payment),
            (f"/api/v1/payments/{name}", "GET", self._payment),
            (f"/api/v1/payments/{name}/refund", "POST", self._refund),
            ("/api/v1/files", "POST", self._file),
            ("/api/v1/messages", "POST", self._message),
            ("/api/v1/notifications", "POST", self._notify),
            ("/api/v1/interpreters", "POST", self._interpreter),
            ("/api/v1/admin/users", "GET", self._users),
            ("/webhooks/payments", "POST", self._webhook),
        ]

    def _answer(self, request: Request) -> Response:
        begun = time.monotonic()
        try:
            with self._lock:
                answer = self._routed(request)
        except Exception as error:  # noqa: BLE001  (whatever it is, its visitor must not see it)
            answer = self._failed(request, f"{type(error).__name__}: {error}")
        self._seconds.append(time.monotonic() - begun)
        return answer

    def _routed(self, request: Request) -> Response:
        if "spa" in self.faults:
            return page("Shop", FRONT)
        method = {"HEAD": "GET"}.get(request.method, request.method)
        found = [
            (handler, for_method, match)
            for path, for_method, handler in self._handlers
            if (match := path.fullmatch(request.path))
        ]
        for handler, for_method, match in found:
            if for_method == method:
                return self._slowly(request, handler(request, match))
        allowed = sorted({for_method for _, for_method, _ in found})
        allowed += ["HEAD"] if "GET" in allowed else []
        if allowed and method == "OPTIONS":
            return self._options(request, [*allowed, "OPTIONS"])
        if allowed:
            return self._problem(
                request, 405, "This is not possible here.", ("Allow", ", ".join([*allowed, "OPTIONS"]))
            )
        if "trace-404" in self.faults:
            return Response(404, [("Content-Type", "text/html")], f"<pre>{TRACE}</pre>".encode())
        return self._problem(request, 404, "There is no such page.")

    def _slowly(self, request: Request, answer: Response) -> Response:
        slow = "slow-pages" if not request.path.startswith("/api/") else "slow-api"
        answer = self._shared(request, answer) if request.path.startswith("/api/") else answer
        return answer._replace(delay=0.6) if slow in self.faults else answer

    def _options(self, request: Request, allowed: list[str]) -> Response:
        return self._shared(request, Response(204, [("Allow", ", ".join(allowed))]), preflight=True)

    def _shared(self, request: Request, answer: Response, *, preflight: bool = False) -> Response:
        """The answer, which pages of the shop may read, and no others."""
        origin = request.headers.get("Origin", "")
        if origin != self.root and not ("cors-any" in self.faults and origin):
            return answer._replace(headers=[*answer.headers, ("Vary", "Origin")])
        headers = [("Access-Control-Allow-Origin", origin), ("Vary", "Origin")]
        if "cors-none" in self.faults:
            headers = []
        if preflight:
            headers += [
                ("Access-Control-Allow-Methods", "GET, POST, DELETE"),
                ("Access-Control-Allow-Headers", "Authorization, Content-Type"),
            ]
        return answer._replace(headers=[*answer.headers, *headers])

    def _problem(self, request: Request, status: int, text: str, *headers: tuple[str, str]) -> Response:
        """An answer that says what is wrong: a document for programs, a page for people."""
        programs = request.path.startswith(("/api/", "/webhooks/")) or request.headers.get("Host", "").startswith(
            "api."
        )
        if not programs:
            return page(text.rstrip("."), "<p>Our <a href=/help>help</a> may know more.</p>", headers, status)
        if "error-shape" in self.faults:
            return document({"detail": text}, status, *headers)
        return document({"error": {"code": status, "message": text}}, status, *headers)

    def _failed(self, request: Request, what: str) -> Response:
        if "trace-500" in self.faults:
            return page(BROKEN, f"<pre>{TRACE}\n{html.escape(what)}</pre>", status=500)
        return self._problem(request, 500, f"{BROKEN}.")

    def _fail(self, request: Request, _: object) -> Response:
        raise KeyError("total")

    # Who asks

    def _who(self, request: Request) -> Account | None:
        """Whose token or session the request shows."""
        if account := self.store.bearer(request):
            return account
        visit, _ = self._visits.of(request)
        return self.store.accounts.get(visit.user)

    def _guarded(self, request: Request, role: str = "customer") -> Account | Response:
        """Who asks; or the answer where nobody may ask, or not this one."""
        account = self._who(request)
        if account is None and "open-door" in self.faults:
            account = next(iter(self.store.accounts.values()))
        if account is None:
            if request.path.startswith("/api/") or request.path == "/metrics":
                return self._problem(request, 401, "Show a token.", ("WWW-Authenticate", "Bearer"))
            return redirect("/login", 302)
        if role == "admin" and account.role != "admin" and "open-admin" not in self.faults:
            return self._problem(request, 403, "Only administrators may do that.")
        return account

    def _is_forged(self, request: Request, visit: Visit, fields: Mapping[str, str]) -> bool:
        """Whether a form comes from elsewhere."""
        if "csrf" in self.faults:
            return False
        own = self.root + "/"
        origin, referer = request.headers.get("Origin", self.root), request.headers.get("Referer", own)
        return origin != self.root or not referer.startswith(own) or fields.get("csrf") != visit.csrf

    def _sent(self, request: Request) -> tuple[Visit, dict[str, str]] | Response:
        """The visit and the fields of a form, or the answer where it is forged."""
        visit, _ = self._visits.of(request)
        fields = form_of(request)
        if self._is_forged(request, visit, fields):
            return self._problem(request, 403, "This form is out of date.")
        return visit, fields

    def _show(self, body: Callable[[Visit], Response]) -> Handler:
        def answer(request: Request, _: object) -> Response:
            visit, headers = self._visits.of(request)
            shown = body(visit)
            return shown._replace(headers=[*shown.headers, *headers])

        return answer

    # Pages that everyone sees

    def _front(self, request: Request, _: object) -> Response:
        _, headers = self._visits.of(request)
        changes = {
            "cookie-samesite": ("; SameSite=Lax", ""),
            "cookie-httponly": ("; HttpOnly", ""),
            "cookie-secure": ("; Secure", ""),
        }
        for name, (was, now) in changes.items():
            if name in self.faults:
                headers = [(key, value.replace(was, now)) for key, value in headers]
        return page("Shop of many things", self._spoiled(FRONT), headers)

    def _spoiled(self, body: str) -> str:
        changes = {
            "dead-link": ("<h2>", '<a href="/gone">More</a><h2>'),
            "dead-image": ("/assets/thing.webp", "/assets/gone.webp"),
            "image-alt": ('alt="A thing on a table"', ""),
            "image-size": (' width="60" height="60" loading="lazy"', ' loading="lazy"'),
            "image-eager": (' loading="lazy"', ""),
            "no-captions": ('<track kind="captions"', '<track kind="chapters"'),
            "contrast": ("<p>Everything", '<p class="pale">Everything'),
            "trap": ("<h2>", '<div role="button" onclick="1">Open</div><h2>'),
            "small-target": ("<h2>", '<button class="tiny">x</button><button class="tiny">y</button><h2>'),
            "wide": ("<h2>", '<p class="wide">A line that does not fit into any window at all</p><h2>'),
            "mixed-content": ("<h2>", '<img src="http://shop.example.com/assets/thing.webp" alt="A thing"><h2>'),
            "leaked-key": ("<h2>", '<p data-key="sk_live_51H8xZq2eZvKYlo2CwP0aR7sT">Pay</p><h2>'),
            "script-error": ("<h2>", '<script src="/assets/gone.js"></script><h2>'),
        }
        for name, (was, now) in changes.items():
            if name in self.faults:
                body = body.replace(was, now)
        return body

    def _text(self, _: Request, match: re.Match[str]) -> Response:
        return page(match[1].capitalize(), f"<p>What there is to say about {match[1]} is said here.</p>")

    def _contact_form(self, visit: Visit) -> Response:
        return page("Contact", form("/contact", "Send", visit.csrf, field("Message", "message")))

    def _contact(self, request: Request, _: object) -> Response:
        sent = self._sent(request)
        return sent if isinstance(sent, Response) else page("Thank you", "<p>We will answer soon.</p>")

    def _library(self, request: Request, _: object) -> Response:
        wanted = query_of(request, "q").lower()
        shown = {name: each for name, each in ARTICLES.items() if wanted in f"{each}".lower()}
        if "library-empty" in self.faults:
            shown = {}
        links = "".join(f'<li><a href="/library/{name}">{title}</a></li>' for name, (title, _) in shown.items())
        search = f'<form action="/library">{field("Search for", "q")}<button>Search</button></form>'
        return page("Library", f"{search}<ul>{links}</ul>")

    def _article(self, request: Request, match: re.Match[str]) -> Response:
        if match[1] not in ARTICLES or "article-lost" in self.faults:
            return self._problem(request, 404, "There is no such article.")
        title, text = ARTICLES[match[1]]
        return page(title, f"<p>{text}</p>")

    # Accounts

    def _register_form(self, visit: Visit, problem: str = "", status: int = 200) -> Response:
        fields = field("E-mail address", "email", "email", "email") + field("Password", "password", "password")
        terms = '<label><input type="checkbox" name="terms" value="yes"> I accept the terms</label>'
        body = f"<p role=alert>{problem}</p>" if problem else ""
        return page("Register", body + form("/register", "Register", visit.csrf, fields + terms), status=status)

    def _register(self, request: Request, _: object) -> Response:
        sent = self._sent(request)
        if isinstance(sent, Response):
            return sent
        visit, fields = sent
        if self.store.is_weak(fields.get("password", "")):
            return self._register_form(visit, "Choose a stronger password.", 422)
        email = fields.get("email", "")
        if "@" not in email or fields.get("terms") != "yes":
            return self._register_form(visit, "We need your address, and that you accept the terms.", 422)
        account = Account(email, fields["password"])
        if "registration-lost" not in self.faults:
            self.store.accounts.setdefault(email, account)
        host = "https://staging.example.com" if "foreign-link" in self.faults else self.root
        if "no-confirmation-mail" not in self.faults:
            text = f"Welcome!\n\nPlease follow {host}/confirm?token={account.token}\n"
            self._send(email, "Confirm your address", text)
        known = "" if "forgets" in self.faults else email
        _, headers = self._visits.begin(Visit(user=known))
        return redirect("/account", 303, headers)

    def _confirm(self, request: Request, _: object) -> Response:
        token = query_of(request, "token")
        for account in self.store.accounts.values():
            if token and account.token == token and "confirmation-refused" not in self.faults:
                account.confirmed = True
                if "no-welcome-mail" not in self.faults:
                    self._send(account.email, "Welcome to the shop", "Your account is open. Good to have you here.\n")
                return page("Thank you", "<p>Your address is confirmed.</p>")
        return self._problem(request, 410, "This link is not known.")

    def _login_form(self, visit: Visit, problem: str = "", status: int = 200) -> Response:
        fields = field("E-mail address", "email", "email", "username")
        fields += field("Password", "password", "password", "current-password")
        body = f"<p role=alert>{problem}</p>" if problem else ""
        more = '<p><a href="/register">Register</a><a href="/forgot">Forgot your password?</a></p>'
        return page("Sign in", body + form("/login", "Sign in", visit.csrf, fields) + more, status=status)

    def _login(self, request: Request, _: object) -> Response:
        sent = self._sent(request)
        if isinstance(sent, Response):
            return sent
        visit, fields = sent
        account = self.store.sign_in(fields.get("email", ""), fields.get("password", ""))
        if isinstance(account, bool):
            return self._login_form(visit, "Too many attempts: this account is locked for a while.", 423)
        if account is None or "nobody-in" in self.faults:
            return self._login_form(visit, "Address or password is wrong.", 401)
        if account.second_factor and "one-factor" not in self.faults:
            return redirect("/login/code", 303)
        # A session that someone else may know from before must not become that of the account.
        _, headers = self._visits.begin(Visit(user="" if "forgets" in self.faults else account.email))
        return redirect("https://evil.example.com/" if "open-redirect" in self.faults else "/account", 303, headers)

    def _logout(self, request: Request, _: object) -> Response:
        sent = self._sent(request)
        if isinstance(sent, Response):
            return sent
        if "logout" not in self.faults:
            sent[0].user = ""
        return redirect("/", 303)

    def _forgot_form(self, visit: Visit) -> Response:
        fields = field("E-mail address", "email", "email", "email")
        return page("Forgot your password?", form("/forgot", "Send a mail", visit.csrf, fields))

    def _forgot(self, request: Request, _: object) -> Response:
        sent = self._sent(request)
        if isinstance(sent, Response):
            return sent
        account = self.store.accounts.get(sent[1].get("email", ""))
        if account:
            account.reset = secrets.token_urlsafe(24)
            if "no-reset-mail" not in self.faults:
                link = f"{self.root}/reset?token={account.reset}"
                self._send(
                    account.email, "Your new password", "", html=f'<p><a href="{link}">Choose a new password</a></p>'
                )
        if account is None and "tells-accounts" in self.faults:
            return page("Sorry", "<p>There is no account with this address.</p>", status=404)
        return page("Thank you", "<p>If you have an account, a mail is on its way.</p>")

    def _reset_form(self, request: Request, _: object) -> Response:
        visit, headers = self._visits.of(request)
        token = html.escape(query_of(request, "token"))
        fields = f'<input type="hidden" name="token" value="{token}">' + field("New password", "password", "password")
        return page("New password", form("/reset", "Save", visit.csrf, fields), headers)

    def _reset(self, request: Request, _: object) -> Response:
        sent = self._sent(request)
        if isinstance(sent, Response):
            return sent
        token, password = sent[1].get("token", ""), sent[1].get("password", "")
        account = next((each for each in self.store.accounts.values() if token and each.reset == token), None)
        if account is None or self.store.is_weak(password):
            return self._problem(request, 422, "The link is out of date, or the password too weak.")
        if "reset-lost" not in self.faults:
            account.password = password
        account.reset = ""
        return redirect("/login", 303)

    def _account(self, request: Request, _: object) -> Response:
        account = self._guarded(request)
        if isinstance(account, Response):
            return account
        visit, _ = self._visits.of(request)
        out = form("/logout", "Sign out", visit.csrf, "")
        hint = "" if account.confirmed else "<p>Please confirm your address by the mail that we have sent.</p>"
        return page("Account", f"<p>Signed in as {html.escape(account.email)}.</p>{hint}{out}")

    def _dashboard(self, request: Request, _: object) -> Response:
        account = self._guarded(request)
        if isinstance(account, Response):
            return account
        orders = [each for each in self.store.orders.values() if each["email"] == account.email]
        if "dashboard-empty" in self.faults:
            return page("Dashboard", "<p>Nothing here yet.</p>")
        numbers = "".join(f"<li>Order {each['id']}: {each['state']}</li>" for each in orders)
        fetched = '<p role="status" id="orders"></p>'
        return page("Dashboard", f"<p>Your orders: {len(orders)}</p><ul>{numbers}</ul>{fetched}")

    def _admin(self, request: Request, _: object) -> Response:
        account = self._guarded(request, "admin")
        if isinstance(account, Response):
            return account
        return page("Administration", f"<p>Accounts: {len(self.store.accounts)}</p>")

    # What a customer does

    def _products_page(self, _: Request, __: object) -> Response:
        links = "".join(
            f'<li><a href="/products/{each["id"]}">{html.escape(each["name"])}</a></li>' for each in self.store.products
        )
        return page("Products", f"<ul>{links}</ul>")

    def _product_page(self, request: Request, match: re.Match[str]) -> Response:
        product = next((each for each in self.store.products if each["id"] == int(match[1])), None)
        if product is None:
            return self._problem(request, 404, "There is no such product.")
        visit, headers = self._visits.of(request)
        fields = f'<input type="hidden" name="product" value="{match[1]}">'
        fields += field("E-mail address", "email", "email", "email")
        price = f"<p>{product['price'] / 100:.2f} EUR</p>"
        return page(product["name"], price + form("/checkout", "Order", visit.csrf, fields), headers)

    def _checkout(self, request: Request, _: object) -> Response:
        sent = self._sent(request)
        if isinstance(sent, Response):
            return sent
        fields = sent[1]
        order = self.store.order(fields.get("email", ""), [{"product": int(fields.get("product", "0")), "count": 1}])
        return redirect(f"/pay/{self._link(order)}", 303)

    def _link(self, order: Mapping[str, Any]) -> str:
        word = secrets.token_urlsafe(16)
        self.store.links[word] = order["id"]
        return word

    def _linked(self, match: re.Match[str]) -> dict[str, Any] | None:
        return self.store.orders.get(self.store.links.get(match[1], 0))

    def _pay_page(self, request: Request, match: re.Match[str]) -> Response:
        order = self._linked(match)
        if order is None or "link-dead" in self.faults:
            return self._problem(request, 404, "There is no such order.")
        visit, headers = self._visits.of(request)
        names = {each["id"]: html.escape(each["name"]) for each in self.store.products}
        lines = "".join(f"<li>{names.get(line.get('product'), 'unknown')}</li>" for line in order["lines"])
        sum_ = f"<p>Order {order['id']}: {order['total'] / 100:.2f} EUR</p><ul>{lines}</ul>"
        return page("Payment", sum_ + form(request.path, "Pay now", visit.csrf, ""), headers)

    def _pay(self, request: Request, match: re.Match[str]) -> Response:
        sent = self._sent(request)
        order = self._linked(match)
        if isinstance(sent, Response) or order is None:
            return sent if isinstance(sent, Response) else self._problem(request, 404, "There is no such order.")
        if "payment-refused" in self.faults:
            return page("Payment", "<p>The payment could not be started.</p>", status=502)
        payment = self.store.pay(order)
        return page("Thank you", f"<p>Your payment {payment['id']} is being processed.</p>")

    def _receipt(self, request: Request, match: re.Match[str]) -> Response:
        account = self._guarded(request)
        if isinstance(account, Response):
            return account
        order = self.store.orders.get(int(match[1]))
        if order is None or order["state"] != "paid" or "no-receipt" in self.faults:
            return self._problem(request, 404, "There is no such receipt.")
        total = f"{(0 if 'receipt-total' in self.faults else order['total']) / 100:.2f}"
        return page(f"Receipt {order['id']}", f"<p>Paid: {total} EUR</p>")

    def _picture_page(self, request: Request, _: object) -> Response:
        return self._upload_page(request, "/picture", "Picture", "picture")

    def _upload(self, request: Request, _: object) -> Response:
        return self._take(request, "picture", "/pictures", PICTURES)

    def _papers_page(self, request: Request, _: object) -> Response:
        return self._upload_page(request, "/papers", "Receipt", "paper")

    def _upload_page(self, request: Request, path: str, label: str, name: str) -> Response:
        account = self._guarded(request)
        if isinstance(account, Response):
            return account
        visit, headers = self._visits.of(request)
        body = form(path, "Upload", visit.csrf, field(label, name, "file"), "multipart/form-data")
        return page(label, body, headers)

    def _upload_paper(self, request: Request, _: object) -> Response:
        return self._take(request, "paper", "/papers", PAPERS)

    def _take(self, request: Request, name: str, place: str, kinds: Mapping[bytes, str]) -> Response:
        """Keep the file of a form, and lead to it."""
        account = self._guarded(request)
        if isinstance(account, Response):
            return account
        visit, _ = self._visits.of(request)
        parts = parts_of(request)
        token = parts["csrf"].get_content().strip() if "csrf" in parts else ""
        if self._is_forged(request, visit, {"csrf": token}):
            return self._problem(request, 403, "This form is out of date.")
        kept = self._kept(parts.get(name), kinds)
        if isinstance(kept, int):
            return self._problem(request, kept, "Only files of up to 1 MB and of some types can be taken.")
        return redirect(f"{place}/{kept}", 303)

    def _kept(self, part: Any, kinds: Mapping[bytes, str]) -> str | int:
        """The name under which a file was kept, or the status with which it is refused."""
        data = part.get_payload(decode=True) if part is not None else b""
        if len(data) > MAX_FILE and "large-files" not in self.faults:
            return 413
        kind = next((kind for start, kind in kinds.items() if data.startswith(start)), "")
        if not kind and "any-file" not in self.faults:
            return 415
        name = f"{secrets.token_hex(8)}.{kind.partition('/')[2] or 'bin'}"
        if "upload-lost" not in self.faults:
            self.store.files[name] = (kind or "application/octet-stream", data)
        return name

    def _picture(self, request: Request, match: re.Match[str]) -> Response:
        if match[1] not in self.store.files:
            return self._problem(request, 404, "There is no such picture.")
        kind, data = self.store.files[match[1]]
        return Response(200, [("Content-Type", kind)], data)

    def _goals_page(self, request: Request, _: object) -> Response:
        account = self._guarded(request)
        if isinstance(account, Response):
            return account
        visit, headers = self._visits.of(request)
        shown = "".join(
            f"<li>{html.escape(goal['name'])}: {goal['done']} of {goal['steps']}</li>"
            for goal in self.store.goals.values()
            if goal["email"] == account.email
        )
        fields = field("Goal", "name") + field("Steps", "steps", "number")
        return page("Goals", form("/goals", "Set", visit.csrf, fields) + f"<ul>{shown}</ul>", headers)

    def _set_goal(self, request: Request, _: object) -> Response:
        account = self._guarded(request)
        if isinstance(account, Response):
            return account
        sent = self._sent(request)
        if isinstance(sent, Response):
            return sent
        fields = sent[1]
        if "goal-lost" not in self.faults:
            number = len(self.store.goals) + 1
            self.store.goals[number] = {
                "email": account.email,
                "name": fields.get("name", ""),
                "steps": int(fields.get("steps", "1")),
                "done": 0,
            }
        return redirect("/goals", 303)

    def _recommendations(self, request: Request, _: object) -> Response:
        account = self._guarded(request)
        if isinstance(account, Response):
            return account
        names = [goal["name"] for goal in self.store.goals.values() if goal["email"] == account.email]
        if "no-recommendations" in self.faults:
            names = []
        shown = "".join(f"<li>Put something aside each month for {html.escape(name)}</li>" for name in names)
        return page("Recommendations", f"<ul>{shown}</ul>")

    def _support_page(self, request: Request, _: object) -> Response:
        account = self._guarded(request)
        if isinstance(account, Response):
            return account
        visit, headers = self._visits.of(request)
        written = "".join(f"<li>{html.escape(text)}</li>" for text in self.store.letters.get(account.email, []))
        body = form("/support", "Send", visit.csrf, field("Your message", "message")) + f"<ul>{written}</ul>"
        return page("Support", body, headers)

    def _write_to_support(self, request: Request, _: object) -> Response:
        account = self._guarded(request)
        if isinstance(account, Response):
            return account
        sent = self._sent(request)
        if isinstance(sent, Response):
            return sent
        if "letter-lost" not in self.faults:
            self.store.letters.setdefault(account.email, []).append(sent[1].get("message", ""))
        return redirect("/support", 303)

    def _assessment_form(self, visit: Visit) -> Response:
        fields = "".join(field(question, f"q{number}", "number") for number, question in enumerate(QUESTIONS, 1))
        return page("Assessment", form("/assessment", "See the result", visit.csrf, fields))

    def _assess(self, request: Request, _: object) -> Response:
        sent = self._sent(request)
        if isinstance(sent, Response):
            return sent
        points = [int(sent[1].get(f"q{number}") or 0) for number in range(1, len(QUESTIONS) + 1)]
        total = 0 if "assessment-wrong" in self.faults else sum(points)
        return page("Your result", f"<p>You have {total} of {len(QUESTIONS) * 5} points.</p>")

    # What machines ask

    def _health(self, request: Request, _: object) -> Response:
        names = [name for name in self._dependencies if f"health-without-{name}" not in self.faults]
        up = {name: self._dependencies[name]() and f"{name}-down" not in self.faults for name in names}
        words = {name: "up" if each else "down" for name, each in up.items()}
        ok = all(word == "up" for word in words.values())
        return document({"status": "ok" if ok else "down", "checks": words}, 200 if ok else 503)

    def _metrics(self, request: Request, _: object) -> Response:
        if "open-metrics" not in self.faults:
            account = self._guarded(request, "admin")
            if isinstance(account, Response):
                return account
        count, seconds = len(self._seconds), sum(self._seconds)
        lines = [
            "# TYPE http_requests_total counter",
            f'http_requests_total{{app="shop"}} {count}',
            "# TYPE http_request_duration_seconds histogram",
            f'http_request_duration_seconds_bucket{{le="+Inf"}} {count}',
            f"http_request_duration_seconds_sum {seconds}",
            f"http_request_duration_seconds_count {count}",
            "# TYPE orders_total counter",
            f"orders_total {len(self.store.orders)}",
            "# TYPE payments_total counter",
            f"payments_total {len(self.store.payments)}",
        ]
        if "metrics-missing" in self.faults:
            lines = [line for line in lines if "payments" not in line]
        kind = "text/plain; version=0.0.4; charset=utf-8"
        return Response(200, [("Content-Type", kind)], ("\n".join(lines) + "\n").encode())

    def _login_for_programs(self, request: Request, _: object) -> Response:
        fields = self._document(request, email=str, password=str)
        if isinstance(fields, Response):
            return fields
        account = self.store.sign_in(fields["email"], fields["password"])
        if account is False:
            return self._problem(request, 423, "Too many attempts: this account is locked for a while.")
        if not isinstance(account, Account):
            return self._problem(request, 401, "Address or password is wrong.")
        return document({"access_token": self.store.issue(account), "token_type": "Bearer"})

    def _document(self, request: Request, **kinds: type) -> dict[str, Any] | Response:
        """The document of a request, if it has fields of these kinds."""
        if len(request.body) > MAX_DOCUMENT and "large-documents" not in self.faults:
            return self._problem(request, 413, "The document is too large.")
        try:
            value = json.loads(request.body)
        except ValueError:
            if "any-document" in self.faults:
                return dict.fromkeys(kinds, "")
            return self._problem(request, 400, "This is not JSON.")
        right = isinstance(value, dict) and all(isinstance(value.get(name), kind) for name, kind in kinds.items())
        if not right and "any-document" not in self.faults:
            return self._problem(request, 422, f"The document needs {', '.join(kinds)}.")
        fields: dict[str, Any] = value
        return fields

    def _me(self, request: Request, _: object) -> Response:
        account = self._guarded(request)
        return account if isinstance(account, Response) else document({"email": account.email, "role": account.role})

    def _users(self, request: Request, _: object) -> Response:
        account = self._guarded(request, "admin")
        return account if isinstance(account, Response) else document({"users": sorted(self.store.accounts)})

    def _products(self, request: Request, _: object) -> Response:
        if "products-broken" in self.faults:
            raise KeyError("products")
        products = self.store.products
        if "undescribed" in self.faults:
            products = [{**each, "price": f"{each['price']}"} for each in products]
        return document({"products": products})

    def _product(self, request: Request, match: re.Match[str]) -> Response:
        product = next((each for each in self.store.products if each["id"] == int(match[1])), None)
        return document(product) if product else self._problem(request, 404, "There is no such product.")

    def _new_product(self, request: Request, _: object) -> Response:
        account = self._guarded(request, "admin")
        if isinstance(account, Response):
            return account
        fields = self._document(request, name=str, price=int)
        if isinstance(fields, Response):
            return fields
        number = max((each["id"] for each in self.store.products), default=0) + 1
        product = {"id": number, "name": fields["name"], "price": fields["price"]}
        if "product-lost" not in self.faults:
            self.store.products.append(product)
        return document(product, 201, ("Location", f"/api/v1/products/{number}"))

    def _changed_product(self, request: Request, match: re.Match[str]) -> Response:
        account = self._guarded(request, "admin")
        if isinstance(account, Response):
            return account
        fields = self._document(request, price=int)
        if isinstance(fields, Response):
            return fields
        for product in self.store.products:
            if product["id"] == int(match[1]) and "change-lost" not in self.faults:
                product["price"] = fields["price"]
        return self._product(request, match)

    def _interpreter(self, request: Request, _: object) -> Response:
        account = self._guarded(request)
        if isinstance(account, Response):
            return account
        fields = self._document(request, language=str)
        if isinstance(fields, Response):
            return fields
        if "no-interpreter" in self.faults:
            return self._problem(request, 503, "No interpreter is free.")
        return document({"session": f"{self.root}/interpreters/{secrets.token_hex(8)}"}, 201)

    def _session(self, request: Request, _: object) -> Response:
        account = self._guarded(request)
        if isinstance(account, Response):
            return account
        return page("Interpreter", "<p>Your interpreter will join you in a minute.</p>")

    def _no_product(self, request: Request, match: re.Match[str]) -> Response:
        account = self._guarded(request, "admin")
        if isinstance(account, Response):
            return account
        if "product-stays" not in self.faults:
            self.store.products = [each for each in self.store.products if each["id"] != int(match[1])]
        return Response(204)

    def _orders(self, request: Request, _: object) -> Response:
        account = self._guarded(request)
        if isinstance(account, Response):
            return account
        return document({"orders": [each for each in self.store.orders.values() if each["email"] == account.email]})

    def _new_order(self, request: Request, _: object) -> Response:
        account = self._guarded(request)
        if isinstance(account, Response):
            return account
        fields = self._document(request, lines=list)
        if isinstance(fields, Response):
            return fields
        order = self.store.order(fields.get("email", account.email), fields["lines"])
        return document(order, 201, ("Location", f"/api/v1/orders/{order['id']}"))

    def _order(self, request: Request, match: re.Match[str]) -> Response:
        account = self._guarded(request)
        if isinstance(account, Response):
            return account
        order = self.store.orders.get(int(match[1]))
        return document(order) if order else self._problem(request, 404, "There is no such order.")

    def _payment_link(self, request: Request, match: re.Match[str]) -> Response:
        account = self._guarded(request)
        if isinstance(account, Response):
            return account
        order = self.store.orders.get(int(match[1]))
        if order is None:
            return self._problem(request, 404, "There is no such order.")
        return document({"link": f"{self.root}/pay/{self._link(order)}"}, 201)

    def _new_payment(self, request: Request, _: object) -> Response:
        account = self._guarded(request)
        if isinstance(account, Response):
            return account
        fields = self._document(request, order=int)
        if isinstance(fields, Response):
            return fields
        order = self.store.orders.get(fields["order"])
        if order is None:
            return self._problem(request, 422, "There is no such order.")
        if "payment-refused" in self.faults:
            return self._problem(request, 502, "The payment could not be started.")
        if fields.get("card") == "declined":
            if "declined-taken" in self.faults:
                order["state"] = "paid"
            return self._problem(request, 402, "The card was declined.")
        return document({**self.store.pay(order), "next": f"{self.root}/pay/{self._link(order)}"}, 202)

    def _payment(self, request: Request, match: re.Match[str]) -> Response:
        account = self._guarded(request)
        if isinstance(account, Response):
            return account
        payment = self.store.payments.get(match[1])
        return document(payment) if payment else self._problem(request, 404, "There is no such payment.")

    def _refund(self, request: Request, match: re.Match[str]) -> Response:
        account = self._guarded(request, "admin")
        if isinstance(account, Response):
            return account
        payment = self.store.payments.get(match[1])
        if payment is None or payment["state"] != "succeeded":
            return self._problem(request, 409, "Only payments that have succeeded can be refunded.")
        if "refund-lost" not in self.faults:
            payment["state"] = "refunded"
        return document({**payment, "state": "refunded"})

    def _file(self, request: Request, _: object) -> Response:
        account = self._guarded(request)
        if isinstance(account, Response):
            return account
        name = self._kept(parts_of(request).get("file"), PICTURES)
        if isinstance(name, int):
            return self._problem(request, name, "Only pictures of up to 1 MB can be taken.")
        return document({"name": name}, 201, ("Location", f"/pictures/{name}"))

    def _message(self, request: Request, _: object) -> Response:
        account = self._guarded(request)
        if isinstance(account, Response):
            return account
        fields = self._document(request, name=str, message=str)
        if isinstance(fields, Response):
            return fields
        if "unescaped" in self.faults:
            return Response(201, [("Content-Type", "text/html")], f"<p>{fields['message']}</p>".encode())
        if "sql-error" in self.faults and "'" in fields["message"]:
            return document({"error": 'psycopg.errors.SyntaxError: syntax error at or near "x"'}, 500)
        return document({"received": True}, 201)

    def _notify(self, request: Request, _: object) -> Response:
        account = self._guarded(request, "admin")
        if isinstance(account, Response):
            return account
        fields = self._document(request, to=str, text=str)
        if isinstance(fields, Response):
            return fields
        if "no-notification-mail" not in self.faults:
            self._send(fields["to"], "A note from the shop", f"{fields['text']}\n")
        return document({"sent": True}, 202)

    def _webhook(self, request: Request, _: object) -> Response:
        if not self._is_signed(request):
            return self._problem(request, 400, "The signature is not right.")
        event = json.loads(request.body)
        payment = self.store.payments.get(event.get("payment", ""))
        if event.get("type") == "payment.succeeded" and payment and "webhook-ignored" not in self.faults:
            payment["state"] = "succeeded"
            order = self.store.orders[payment["order"]]
            order["state"] = "paid"
            if "no-invoice-mail" not in self.faults:
                text = f"Thank you. Order {order['id']}: {order['total'] / 100:.2f} EUR, paid.\n"
                self._send(order["email"], f"Your invoice {order['id']}", text)
        return document({"received": True})

    def _is_signed(self, request: Request) -> bool:
        if "unsigned-webhooks" in self.faults:
            return True
        parts = dict(part.partition("=")[::2] for part in request.headers.get("Stripe-Signature", "").split(","))
        moment = parts.get("t", "")
        signed = hmac.new(self.hook_key.encode(), f"{moment}.".encode() + request.body, hashlib.sha256).hexdigest()
        young = moment.isdigit() and (abs(time.time() - int(moment)) <= TOLERANCE or "old-webhooks" in self.faults)
        return young and hmac.compare_digest(signed, parts.get("v1", ""))
