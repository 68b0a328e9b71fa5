"""A small web shop that can do what shops do, and can be told to do one thing wrongly."""

from __future__ import annotations

import hashlib
import hmac
import html
import json
import secrets
from collections.abc import Callable
from typing import Any, Self

from tests.stack.certs import Certificate
from tests.stack.mail import MailHost
from tests.stack.silent import Request, Response, WebApp
from tests.stack.web import Visit, Visits, document, form_of, page, parts_of, query_of, redirect, send_mail

CLERK_TOKEN = "clerk-token-0123456789"
HOOK_KEY = "hook-key-0123456789abcdef"
SPA = b"<!doctype html><title>Shop</title><div id=app></div><script>var t='Order number Signed in as'</script>"


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
        self._visits = Visits()
        self._users: dict[str, dict[str, Any]] = {}
        self._orders: dict[int, dict[str, Any]] = {}
        self._files: dict[str, bytes] = {}
        pages: dict[str, Callable[[Request], Response]] = {
            "/": lambda _: page("Shop", "<p>Welcome to the <b>sh</b>op.</p><p hidden>Sold out</p>"),
            "/register": self._register,
            "/confirm": self._confirm,
            "/login": self._login,
            "/account": self._account,
            "/forgot": self._forgot,
            "/reset": self._reset,
            "/orders": self._order,
            "/paid": self._webhook,
            "/avatar": self._avatar,
            "/two-forms": lambda _: page(
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
        visit, headers = self._visits.of(request)
        if request.method == "GET":
            return page("Register", self._form(visit, "/register", "email", "password"), headers)
        form = form_of(request)
        if not self._mine(visit, form):
            return page("Refused", "The form is out of date.", status=403)
        if form.get("terms") != "yes" or len(form.get("password", "")) < 12:
            return page("Register", "The password is too short.", status=422)
        token = secrets.token_urlsafe(16)
        self._users[form["email"]] = {"password": form["password"], "token": token, "confirmed": False}
        root = "https://staging.example.com" if "late-link" in self.faults else self.url
        self._send(form["email"], "Confirm your address", f"Welcome!\n\nFollow {root}/confirm?token={token}.\n")
        return redirect("/account", 303)

    def _confirm(self, request: Request) -> Response:
        token = query_of(request, "token")
        for user in self._users.values():
            if token and user["token"] == token:
                user["confirmed"] = True
                return page("Thank you", "Your address is confirmed.")
        return page("Sorry", "This link is not known.", status=410)

    def _login(self, request: Request) -> Response:
        visit, headers = self._visits.of(request)
        if request.method == "GET":
            return page("Sign in", self._form(visit, "/login", "email", "password"), headers)
        form = form_of(request)
        user = self._users.get(form.get("email", ""))
        right = user is not None and user["confirmed"] and form.get("password") == user["password"]
        if not self._mine(visit, form) or not (right or "any-password" in self.faults):
            return page("Sign in", "That is not right.", status=401)
        if "forgets" not in self.faults:
            visit.user = form["email"]
        return redirect("https://evil.example.com/" if "open-redirect" in self.faults else "/account", 302)

    def _account(self, request: Request) -> Response:
        visit, _ = self._visits.of(request)
        if visit.user:
            return page("Account", f"Signed in as <b>{html.escape(visit.user)}</b>.")
        return redirect("/login", 302)

    def _forgot(self, request: Request) -> Response:
        visit, headers = self._visits.of(request)
        if request.method == "GET":
            return page("Forgot", self._form(visit, "/forgot", "email"), headers)
        form = form_of(request)
        code = f"{secrets.randbelow(10**6):06}"
        if form.get("email") in self._users:
            self._users[form["email"]]["code"] = code
            self._send(form["email"], "Your code", f"<p>Your code is <b>{code}</b>.</p>", subtype="html")
        return page("Forgot", "If you have an account, a mail is on its way.")

    def _reset(self, request: Request) -> Response:
        visit, headers = self._visits.of(request)
        if request.method == "GET":
            return page("Reset", self._form(visit, "/reset", "email", "code", "password"), headers)
        form = form_of(request)
        user = self._users.get(form.get("email", ""), {})
        if not form.get("code") or user.get("code") != form["code"]:
            return page("Reset", "That is not the code.", status=422)
        user["password"] = form["password"]
        return redirect("/login", 303)

    # Orders

    def _order(self, request: Request) -> Response:
        if request.headers.get("Authorization") != f"Bearer {CLERK_TOKEN}":
            return document({"error": "who are you?", "token": "none"}, 401)
        if request.method == "POST":
            number = len(self._orders) + 17
            lines = json.loads(request.body)["lines"]
            order = {"id": number, "state": "new", "lines": lines, "gift": False, "looks": 0}
            if "order-lost" not in self.faults:
                self._orders[number] = order
            pay = f"https://pay.example.com/c/{secrets.token_hex(4)}"
            return document(
                {**order, "pay": pay, "api_token": secrets.token_hex(16)}, 201, ("Location", f"/orders?id={number}")
            )
        order = self._orders.get(int(query_of(request, "id") or 0), {})
        if not order:
            return document({"error": "no such order"}, 404)
        order["looks"] += 1
        waits = "slow-order" in self.faults and order["looks"] < 3
        return document({**order, "state": "new" if waits else order["state"]})

    def _webhook(self, request: Request) -> Response:
        signed = hmac.new(HOOK_KEY.encode(), request.body, hashlib.sha256).hexdigest()
        if request.headers.get("X-Signature") != f"sha256={signed}" and "unsigned" not in self.faults:
            return document({"error": "signature"}, 400)
        if "unpaid" not in self.faults:
            self._orders[json.loads(request.body)["order"]]["state"] = "paid"
        return document({})

    def _avatar(self, request: Request) -> Response:
        visit, headers = self._visits.of(request)
        name = query_of(request, "name")
        if name:
            data = self._files.get(name)
            return Response(200, [("Content-Type", "image/png")], data) if data else Response(404)
        if request.method == "GET":
            form = (
                f"<input name=csrf type=hidden value={visit.csrf}><input type=file name=picture><button>Send</button>"
            )
            return page("Avatar", f"<form method=post enctype=multipart/form-data>{form}</form>", headers)
        parts = parts_of(request)
        if parts["csrf"].get_content().strip() != visit.csrf:
            return page("Refused", "The form is out of date.", status=403)
        picture = parts["picture"]
        if "upload-lost" not in self.faults:
            self._files[str(picture.get_filename())] = bytes(picture.get_content())
        return redirect(f"/avatar?name={picture.get_filename()}", 303)

    # What they share

    def _form(self, visit: Visit, action: str, *names: str) -> str:
        fields = "".join(f"<label>{name}<input name={name} type={_type(name)}></label>" for name in names)
        return (
            "<form action=/search><input name=q></form>"
            f'<form id=main method=post action="{action}"><input type=hidden name=csrf value="{visit.csrf}">{fields}'
            "<select name=country><option value=AT>Austria<option value=NZ selected>New Zealand</select>"
            "<input type=checkbox name=terms value=yes checked><button name=do value=go>Go</button></form>"
        )

    def _mine(self, visit: Visit, form: dict[str, str]) -> bool:
        if "csrf-refuses" in self.faults:
            return False
        return form.get("csrf") == visit.csrf and form.get("do") == "go" and form.get("country") == "NZ"

    def _send(self, to: str, subject: str, text: str, subtype: str = "plain") -> None:
        if self._mail is None or "no-mail" in self.faults:
            return
        html = subtype == "html"
        send_mail(self._mail, self._ca, "Shop", to, subject, "" if html else text, html=text if html else "")


def _type(name: str) -> str:
    return {"password": "password", "email": "email"}.get(name, "text")
