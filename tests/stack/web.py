"""What the applications of the tests share: visits, forms, answers and mail."""

from __future__ import annotations

import html
import json
import secrets
import smtplib
import ssl
from collections.abc import Iterable
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from tests.stack.mail import PASSWORD, USER, MailHost
from tests.stack.patience import patient
from tests.stack.silent import Request, Response


@dataclass
class Visit:
    """A session of a visitor."""

    csrf: str = field(default_factory=lambda: secrets.token_hex(16))
    user: str = ""


class Visits:
    """The sessions of an application, each known by a cookie."""

    def __init__(self, attributes: str = "Path=/; Secure; HttpOnly; SameSite=Lax") -> None:
        self.attributes = attributes
        self._visits: dict[str, Visit] = {}

    def of(self, request: Request) -> tuple[Visit, list[tuple[str, str]]]:
        """The session of a request, and the header that begins it where it is new."""
        cookies = dict(pair.strip().partition("=")[::2] for pair in request.headers.get("Cookie", "").split(";"))
        if visit := self._visits.get(cookies.get("session", "")):
            return visit, []
        return self.begin(Visit())

    def begin(self, visit: Visit) -> tuple[Visit, list[tuple[str, str]]]:
        """A new session, and the header that begins it."""
        id = secrets.token_hex(16)
        self._visits[id] = visit
        return visit, [("Set-Cookie", f"session={id}; {self.attributes}")]


def page(title: str, body: str, headers: Iterable[tuple[str, str]] = (), status: int = 200, head: str = "") -> Response:
    """A page of HTML."""
    body = f"{head}<h1>{html.escape(title)}</h1>{body}"
    text = f"<!doctype html>\n<html lang=en><title>{html.escape(title)}</title>{body}</html>"
    return Response(status, [("Content-Type", "text/html; charset=utf-8"), *headers], text.encode())


def document(value: Any, status: int = 200, *headers: tuple[str, str]) -> Response:
    """A document of JSON."""
    return Response(status, [("Content-Type", "application/json"), *headers], json.dumps(value).encode())


def redirect(address: str, status: int, headers: Iterable[tuple[str, str]] = ()) -> Response:
    """An answer that leads elsewhere."""
    return Response(status, [("Location", address), *headers])


def form_of(request: Request) -> dict[str, str]:
    """The fields of a form that was sent, by name."""
    return {name: values[0] for name, values in parse_qs(request.body.decode()).items()}


def query_of(request: Request, name: str) -> str:
    """A parameter of the address; empty where there is none."""
    return parse_qs(request.query).get(name, [""])[0]


def parts_of(request: Request) -> dict[str, EmailMessage]:
    """The parts of a form with files, by name."""
    kind = request.headers.get("Content-Type", "").encode()
    message = message_from_bytes(b"Content-Type: " + kind + b"\r\n\r\n" + request.body, policy=policy.default)
    parts = message.iter_parts() if message.is_multipart() else ()
    return {str(part.get_param("name", header="content-disposition")): part for part in parts}  # type: ignore[misc]


def send_mail(mail: MailHost, ca_file: Path, sender: str, to: str, subject: str, text: str, *, html: str = "") -> None:
    """Hand a mail over as an application does: by its own user, behind TLS."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = f"{sender} <{USER}>", to, subject
    if text:
        message.set_content(text)
    if html:
        message.set_content(html, subtype="html")
    with smtplib.SMTP("localhost", mail.submission, timeout=patient(10)) as client:
        client.starttls(context=ssl.create_default_context(cafile=str(ca_file)))
        client.login(USER, PASSWORD)
        client.send_message(message)
