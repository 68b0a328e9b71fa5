"""Cookies: as an answer sets them, and as a visitor's browser keeps them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from pytest_readiness.core.text import cut
from pytest_readiness.protocols.http.answer import MOST_COOKIE_BYTES, cookie_size
from pytest_readiness.protocols.http.credentials import is_sendable


@dataclass(frozen=True)
class Cookie:
    """A Set-Cookie header without its value.

    Attributes:
        name: as sent, or "a nameless cookie".
        secure: has Secure.
        http_only: has HttpOnly.
        same_site: "strict", "lax", "none", "" where absent, or another text, which is invalid.
        lifetime: seconds until it expires, by Max-Age, else by Expires; None for the browser's session, also where
            neither can be read.
        domain: for whose hosts it is, in lower case without a leading dot, or "".
        path: below which it is, or "".
        partitioned: has Partitioned.
        size: bytes of its name and value where they are too many, else 0.
        swallowed: name of another cookie that was written into this one's header after a comma, and that browsers take
            for a part of an attribute; or "".
    """

    name: str
    secure: bool
    http_only: bool
    same_site: str
    lifetime: float | None
    domain: str = ""
    path: str = ""
    partitioned: bool = False
    size: int = 0
    swallowed: str = ""

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
        if self.size > MOST_COOKIE_BYTES:
            return f"has {self.size} bytes of name and value, more than {MOST_COOKIE_BYTES}"
        if self.domain and host != self.domain and (not host.endswith(f".{self.domain}") or "." not in self.domain):
            return f"is for the domain {cut(self.domain, 60)}"
        if name.startswith("__host-") and self.domain:
            return "has a Domain, which __Host- forbids"
        if name.startswith("__host-") and self.path != "/":
            return "lacks Path=/, which __Host- asks for"
        if name.startswith(("__host-", "__secure-")) and not self.secure:
            return "lacks Secure, which its prefix asks for"
        if self.same_site == "none" and not self.secure:
            return "lacks Secure, which SameSite=None asks for"
        if self.partitioned and not self.secure:
            return "lacks Secure, which Partitioned asks for"
        return ""


_SESSION = re.compile(r"sess|login|auth|jwt|identity|remember|aspnetcore\.cookies|sid$|^token|[-_.]token")
_ANTI_CSRF = re.compile(
    r"(csrf|xsrf)[-_.]?((access|refresh)[-_.]?)?(middleware)?token$|(^|[-_.])(csrf|xsrf)$|antiforgery|requestverification"
)


_FOLDED = re.compile(r",\s*([!#$%&'*+.^_`|~\w-]{1,60})=")
_TIME = re.compile(r"(\d{1,2}):(\d{1,2}):(\d{1,2})(?!\d)")
_DAY = re.compile(r"(\d{1,2})(?!\d)")
_YEAR = re.compile(r"(\d{2,4})(?!\d)")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def cookie_date(text: str) -> datetime | None:
    """The date of an Expires as browsers read it, whatever its form (RFC 6265, 5.1.1); None where they cannot."""
    clock = day = year = None
    month = 0
    for word in re.split(r"[\t -/;-@\[-`{-~]+", text[:200]):
        if not clock and (clock := _TIME.match(word)):
            continue
        if not day and (day := _DAY.match(word)):
            continue
        if not month and word[:3].lower() in _MONTHS:
            month = _MONTHS.index(word[:3].lower()) + 1
        elif not year:
            year = _YEAR.match(word)
    if not (clock and day and month and year):
        return None
    number = int(year[1])
    number += 1900 if 70 <= number <= 99 else 2000 if number < 70 else 0
    try:
        return datetime(max(number, 1601), month, int(day[1]), *map(int, clock.groups()), tzinfo=UTC)  # type: ignore[misc, arg-type]
    except ValueError:
        return None


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
    elif expires := cookie_date(attributes.get("expires", "")):
        lifetime = (expires - at).total_seconds()
    same_site = attributes.get("samesite", "").lower() or ("empty" if "samesite" in attributes else "")
    name = cut(pair.partition("=")[0].strip(), 60) or "a nameless cookie"
    folded = _FOLDED.search(";".join(rest))
    return Cookie(
        name,
        "secure" in attributes,
        "httponly" in attributes,
        same_site,
        lifetime,
        attributes.get("domain", "").removeprefix(".").lower(),
        attributes.get("path", ""),
        "partitioned" in attributes,
        cookie_size(pair),
        folded[1] if folded else "",
    )


@dataclass(frozen=True, slots=True)
class KeptCookie:
    """A cookie that a visitor's browser keeps.

    Attributes:
        name, value: as sent.
        host: that it is for.
        subdomains: whether hosts below that get it, too.
        path: below which it is sent.
        secure: whether it is sent over https only.
        until: when it ends; None for the end of the browser's session.
    """

    name: str
    value: str
    host: str
    subdomains: bool
    path: str
    secure: bool
    until: datetime | None


class Jar:
    """The cookies of a visitor, kept and sent as browsers do (RFC 6265bis, 5.7 and 5.8); empty in the beginning."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str, str], KeptCookie] = {}

    def __iter__(self) -> Iterator[KeptCookie]:
        return iter(tuple(self._kept.values()))

    def bring(self, name: str, value: str, address: str) -> None:
        """Put in a cookie that the visitor already has for the host of an address."""
        host = (urlsplit(address).hostname or "").rstrip(".")
        self._kept[name, host, "/"] = KeptCookie(name, value, host, False, "/", False, None)

    def take(self, set_cookies: Iterable[str], address: str, at: datetime) -> None:
        """Keep what an answer sets.

        Args:
            set_cookies: the values of its Set-Cookie headers, as they came.
            address: that was asked for.
            at: when it was read.
        """
        parts = urlsplit(address)
        host = (parts.hostname or "").rstrip(".")
        for came in set_cookies:
            cookie = parse_cookie(came, at)
            name, equals, value = (each.strip() for each in came.partition(";")[0].partition("="))
            if not equals:
                name, value = "", name
            prefixed = not name and value.lower().startswith(("__host-", "__secure-"))
            if prefixed or not (name or value) or _CONTROL.search(came) or cookie.dropped(host):
                continue
            if cookie.secure and not _is_trustworthy(parts.scheme, host):
                continue
            path = cookie.path if cookie.path.startswith("/") else parts.path.rpartition("/")[0] or "/"
            domain = cookie.domain or host
            self._kept.pop((name, domain, path), None)
            if cookie.lifetime is None:
                until = None
            elif cookie.lifetime <= 0:
                continue
            else:
                until = at + timedelta(seconds=min(cookie.lifetime, _LONGEST))
            kept = KeptCookie(name, value, domain, bool(cookie.domain), path, cookie.secure, until)
            self._kept[name, domain, path] = kept

    def header(self, address: str) -> str:
        """The Cookie header of a request to an address; "" where it has none."""
        parts = urlsplit(address)
        host, path = (parts.hostname or "").rstrip("."), parts.path or "/"
        now = datetime.now(UTC)
        sent = [
            each
            for each in self._kept.values()
            if (host == each.host or (each.subdomains and host.endswith(f".{each.host}")))
            and (path == each.path or path.startswith(f"{each.path.rstrip('/')}/"))
            and (not each.secure or _is_trustworthy(parts.scheme, host))
            and (each.until is None or each.until > now)
        ]
        sent.sort(key=lambda each: -len(each.path))
        pairs = (f"{each.name}={each.value}" if each.name else each.value for each in sent)
        return "; ".join(filter(is_sendable, pairs))


_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_LONGEST = 400 * 24 * 3600
"""Browsers keep no cookie for longer, in seconds (RFC 6265bis, 5.5)."""


def _is_trustworthy(scheme: str, host: str) -> bool:
    """Whether browsers take a connection for secure: over TLS, or not leaving the machine."""
    return scheme == "https" or host in ("localhost", "127.0.0.1", "::1") or host.endswith(".localhost")
