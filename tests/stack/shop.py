"""A small web shop that can do what shops do, and can be told to do one thing wrongly."""

from __future__ import annotations

import hashlib
import hmac
import html
import json
import secrets
import smtplib
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, Self
from urllib.parse import parse_qs

from tests.stack.certs import Certificate
from tests.stack.mail import PASSWORD, USER, MailHost
from tests.stack.patience import patient
from tests.stack.silent import Request, Response, WebApp

CLERK_TOKEN = "clerk-token-0123456789"
HOOK_KEY = "hook-key-0123456789abcdef"
SPA = b"<!doctype html><title>Shop</title><div id=app></div><script>var t='Order number Signed in as'</script>"


@dataclass
class _Visit:
    """A session of a visitor."""

    csrf: str = field(default_factory=lambda: secrets.token_hex(16))
    user: str = ""


class Shop:
    """``with Shop(certificate, mail=host) as shop:`` registers, mails, lets in, takes orders, files and webhooks.

    Attributes:
        faults: what it does wrongly:
            `no-mail` sends none; `late-link` mails a link to another host; `csrf` takes a form without its token;
            `csrf-refuses` refuses every token; `forgets` does not keep who is signed in; `any-password` lets
            everybody in; `order-lost` answers 201 and keeps nothing; `unsigned` takes any webhook; `unpaid` ignores
            webhooks; `upload-lost` keeps no file; `spa` answers everything with its start page; `open-redirect`
            sends those who have signed in elsewhere; `slow-order` is paid only at the third look.
    """

    def __init__(self, certificate: Certificate, mail: MailHost | None = None) -> None:
        self.faults: set[str] = set()
        self.app = WebApp(https=certificate)
        self._mail, self._ca = mail, certificate.ca_file
        self._visits: dict[str, _Visit] = {}
        self._users: dict[str, dict[str, Any]] = {}
        self._orders: dict[int, dict[str, Any]] = {}
        self._files: dict[str, bytes] = {}
        pages: dict[str, Callable[[Request], Response]] = {
            "/": lambda _: _page("Shop", "<p>Welcome to the <b>sh</b>op.</p><p hidden>Sold out</p>"),
            "/register": self._register,
            "/confirm": self._confirm,
            "/login": self._login,
            "/account": self._account,
            "/forgot": self._forgot,
            "/reset": self._reset,
            "/orders": self._order,
            "/paid": self._webhook,
            "/avatar": self._avatar,
            "/two-forms": lambda _: _page(
                "Two", "<form action=/a><input name=q></form><form action=/b><input name=q></form>"
            ),
        }
        self.app.routes = {path: self._behaving(page) for path, page in pages.items()}

    def __enter__(self) -> Self:
        self.app.__enter__()
        return self

    def __exit__(self, *exception: object) -> None:
        self.app.__exit__(*exception)

    @property
    def url(self) -> str:
        """Its address."""
        return self.app.url

    def _behaving(self, page: Callable[[Request], Response]) -> Callable[[Request], Response]:
        def answer(request: Request) -> Response:
            if "spa" in self.faults:
                return Response(200, [("Content-Type", "text/html")], SPA)
            return page(request)

        return answer

    # Accounts

    def _register(self, request: Request) -> Response:
        visit, headers = self._visit(request)
        if request.method == "GET":
            return _page("Register", self._form(visit, "/register", "email", "password"), headers)
        form = _form(request)
        if not self._mine(visit, form):
            return _page("Refused", "The form is out of date.", status=403)
        if form.get("terms") != "yes" or len(form.get("password", "")) < 12:
            return _page("Register", "The password is too short.", status=422)
        token = secrets.token_urlsafe(16)
        self._users[form["email"]] = {"password": form["password"], "token": token, "confirmed": False}
        root = "https://staging.example.com" if "late-link" in self.faults else self.url
        self._send(form["email"], "Confirm your address", f"Welcome!\n\nFollow {root}/confirm?token={token}.\n")
        return _to("/account", 303)

    def _confirm(self, request: Request) -> Response:
        token = parse_qs(request.query).get("token", [""])[0]
        for user in self._users.values():
            if token and user["token"] == token:
                user["confirmed"] = True
                return _page("Thank you", "Your address is confirmed.")
        return _page("Sorry", "This link is not known.", status=410)

    def _login(self, request: Request) -> Response:
        visit, headers = self._visit(request)
        if request.method == "GET":
            return _page("Sign in", self._form(visit, "/login", "email", "password"), headers)
        form = _form(request)
        user = self._users.get(form.get("email", ""))
        right = user is not None and user["confirmed"] and form.get("password") == user["password"]
        if not self._mine(visit, form) or not (right or "any-password" in self.faults):
            return _page("Sign in", "That is not right.", status=401)
        if "forgets" not in self.faults:
            visit.user = form["email"]
        return _to("https://evil.example.com/" if "open-redirect" in self.faults else "/account", 302)

    def _account(self, request: Request) -> Response:
        visit, _ = self._visit(request)
        if visit.user:
            return _page("Account", f"Signed in as <b>{html.escape(visit.user)}</b>.")
        return _to("/login", 302)

    def _forgot(self, request: Request) -> Response:
        visit, headers = self._visit(request)
        if request.method == "GET":
            return _page("Forgot", self._form(visit, "/forgot", "email"), headers)
        form = _form(request)
        code = f"{secrets.randbelow(10**6):06}"
        if form.get("email") in self._users:
            self._users[form["email"]]["code"] = code
            self._send(form["email"], "Your code", f"<p>Your code is <b>{code}</b>.</p>", subtype="html")
        return _page("Forgot", "If you have an account, a mail is on its way.")

    def _reset(self, request: Request) -> Response:
        visit, headers = self._visit(request)
        if request.method == "GET":
            return _page("Reset", self._form(visit, "/reset", "email", "code", "password"), headers)
        form = _form(request)
        user = self._users.get(form.get("email", ""), {})
        if not form.get("code") or user.get("code") != form["code"]:
            return _page("Reset", "That is not the code.", status=422)
        user["password"] = form["password"]
        return _to("/login", 303)

    # Orders

    def _order(self, request: Request) -> Response:
        if request.headers.get("Authorization") != f"Bearer {CLERK_TOKEN}":
            return _json({"error": "who are you?", "token": "none"}, 401)
        if request.method == "POST":
            number = len(self._orders) + 17
            lines = json.loads(request.body)["lines"]
            order = {"id": number, "state": "new", "lines": lines, "gift": False, "looks": 0}
            if "order-lost" not in self.faults:
                self._orders[number] = order
            pay = f"https://pay.example.com/c/{secrets.token_hex(4)}"
            return _json(
                {**order, "pay": pay, "api_token": secrets.token_hex(16)}, 201, ("Location", f"/orders?id={number}")
            )
        order = self._orders.get(int(parse_qs(request.query).get("id", ["0"])[0]), {})
        if not order:
            return _json({"error": "no such order"}, 404)
        order["looks"] += 1
        waits = "slow-order" in self.faults and order["looks"] < 3
        return _json({**order, "state": "new" if waits else order["state"]})

    def _webhook(self, request: Request) -> Response:
        signed = hmac.new(HOOK_KEY.encode(), request.body, hashlib.sha256).hexdigest()
        if request.headers.get("X-Signature") != f"sha256={signed}" and "unsigned" not in self.faults:
            return _json({"error": "signature"}, 400)
        if "unpaid" not in self.faults:
            self._orders[json.loads(request.body)["order"]]["state"] = "paid"
        return _json({})

    def _avatar(self, request: Request) -> Response:
        visit, headers = self._visit(request)
        name = parse_qs(request.query).get("name", [""])[0]
        if name:
            data = self._files.get(name)
            return Response(200, [("Content-Type", "image/png")], data) if data else Response(404)
        if request.method == "GET":
            form = (
                f"<input name=csrf type=hidden value={visit.csrf}><input type=file name=picture><button>Send</button>"
            )
            return _page("Avatar", f"<form method=post enctype=multipart/form-data>{form}</form>", headers)
        kind = request.headers["Content-Type"].encode()
        message = message_from_bytes(b"Content-Type: " + kind + b"\r\n\r\n" + request.body, policy=policy.default)
        parts = {part.get_param("name", header="content-disposition"): part for part in message.iter_parts()}
        if parts["csrf"].get_content().strip() != visit.csrf:
            return _page("Refused", "The form is out of date.", status=403)
        picture = parts["picture"]
        if "upload-lost" not in self.faults:
            self._files[str(picture.get_filename())] = bytes(picture.get_content())
        return _to(f"/avatar?name={picture.get_filename()}", 303)

    # What they share

    def _visit(self, request: Request) -> tuple[_Visit, list[tuple[str, str]]]:
        cookies = dict(pair.strip().partition("=")[::2] for pair in request.headers.get("Cookie", "").split(";"))
        if visit := self._visits.get(cookies.get("session", "")):
            return visit, []
        id = secrets.token_hex(16)
        self._visits[id] = _Visit()
        return self._visits[id], [("Set-Cookie", f"session={id}; Path=/; Secure; HttpOnly; SameSite=Lax")]

    def _form(self, visit: _Visit, action: str, *names: str) -> str:
        fields = "".join(f"<label>{name}<input name={name} type={_type(name)}></label>" for name in names)
        return (
            "<form action=/search><input name=q></form>"
            f'<form id=main method=post action="{action}"><input type=hidden name=csrf value="{visit.csrf}">{fields}'
            "<select name=country><option value=AT>Austria<option value=NZ selected>New Zealand</select>"
            "<input type=checkbox name=terms value=yes checked><button name=do value=go>Go</button></form>"
        )

    def _mine(self, visit: _Visit, form: dict[str, str]) -> bool:
        if "csrf-refuses" in self.faults:
            return False
        return form.get("csrf") == visit.csrf and form.get("do") == "go" and form.get("country") == "NZ"

    def _send(self, to: str, subject: str, text: str, subtype: str = "plain") -> None:
        if self._mail is None or "no-mail" in self.faults:
            return
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = f"Shop <{USER}>", to, subject
        message.set_content(text, subtype=subtype)
        with smtplib.SMTP("localhost", self._mail.submission, timeout=patient(10)) as client:
            client.starttls(context=ssl.create_default_context(cafile=str(self._ca)))
            client.login(USER, PASSWORD)
            client.send_message(message)


def _type(name: str) -> str:
    return {"password": "password", "email": "email"}.get(name, "text")


def _page(title: str, body: str, headers: list[tuple[str, str]] | None = None, status: int = 200) -> Response:
    text = f"<!doctype html>\n<html lang=en><title>{title}</title><h1>{title}</h1>{body}</html>"
    return Response(status, [("Content-Type", "text/html; charset=utf-8"), *(headers or [])], text.encode())


def _json(value: Any, status: int = 200, *headers: tuple[str, str]) -> Response:
    return Response(status, [("Content-Type", "application/json"), *headers], json.dumps(value).encode())


def _to(address: str, status: int) -> Response:
    return Response(status, [("Location", address)])


def _form(request: Request) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
