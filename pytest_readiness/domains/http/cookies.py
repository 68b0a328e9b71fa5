"""Cookies as an answer sets them."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from pytest_readiness.core.text import cut


@dataclass(frozen=True)
class Cookie:
    """A Set-Cookie header without its value.

    Attributes:
        name: as sent, or "a nameless cookie".
        secure: has Secure.
        http_only: has HttpOnly.
        same_site: "strict", "lax", "none", "" where absent, or another text, which is invalid.
        lifetime: seconds until it expires, by Max-Age, else by Expires (infinite where that cannot be read); None for
            the browser's session.
        domain: for whose hosts it is, in lower case without a leading dot, or "".
        path: below which it is, or "".
    """

    name: str
    secure: bool
    http_only: bool
    same_site: str
    lifetime: float | None
    domain: str = ""
    path: str = ""

    @property
    def session(self) -> bool:
        """Whether the name says that it identifies a session."""
        return bool(_SESSION.search(self.name.lower())) and not self.anti_csrf

    @property
    def anti_csrf(self) -> bool:
        """Whether the name says that it is a token against forged requests."""
        return bool(_ANTI_CSRF.search(self.name.lower()))

    def dropped(self, host: str) -> str:
        """Why browsers drop it when this host sets it (RFC 6265bis, 5.7), as a clause; "" where they keep it."""
        name = self.name.lower()
        if self.domain and host != self.domain and not host.endswith(f".{self.domain}"):
            return f"is for the domain {cut(self.domain, 60)}"
        if name.startswith("__host-") and self.domain:
            return "has a Domain, which __Host- forbids"
        if name.startswith("__host-") and self.path != "/":
            return "lacks Path=/, which __Host- asks for"
        if name.startswith(("__host-", "__secure-")) and not self.secure:
            return "lacks Secure, which its prefix asks for"
        return ""


_SESSION = re.compile(r"sess|login|auth|jwt|identity|remember|aspnetcore\.cookies|sid$|^token|[-_.]token")
_ANTI_CSRF = re.compile(
    r"(csrf|xsrf)[-_.]?((access|refresh)[-_.]?)?(middleware)?token$|(^|[-_.])(csrf|xsrf)$|antiforgery|requestverification"
)


def parse_cookie(value: str, at: datetime) -> Cookie:
    """Read a Set-Cookie header that came at a time, by RFC 6265 5.2 (of a repeated attribute the last one counts)."""
    pair, *rest = value.split(";")
    attributes = {}
    for part in rest:
        key, _, argument = part.partition("=")
        attributes[key.strip().lower()] = argument.strip()
    lifetime: float | None = None
    if re.fullmatch(r"-?[0-9]{1,15}", attributes.get("max-age", "")):
        lifetime = int(attributes["max-age"])
    elif attributes.get("expires"):
        try:
            expires = parsedate_to_datetime(attributes["expires"])
            lifetime = (expires.replace(tzinfo=expires.tzinfo or UTC) - at).total_seconds()
        except (ValueError, OverflowError):
            lifetime = math.inf
    same_site = attributes.get("samesite", "").lower() or ("empty" if "samesite" in attributes else "")
    name = cut(pair.partition("=")[0].strip(), 60) or "a nameless cookie"
    return Cookie(
        name,
        "secure" in attributes,
        "httponly" in attributes,
        same_site,
        lifetime,
        attributes.get("domain", "").removeprefix(".").lower(),
        attributes.get("path", ""),
    )
