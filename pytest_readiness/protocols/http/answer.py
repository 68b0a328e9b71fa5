"""Answers to requests: what is kept of them, and how their headers and bodies are read."""

from __future__ import annotations

import re
import zlib
from codecs import getincrementaldecoder
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime

from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.core.text import cut
from pytest_readiness.protocols.http.addresses import joined

FRESH_SECONDS = 10
"""Age up to which an answer tells how things are now: probes of Kubernetes are ten seconds apart."""
_KEPT = (
    ("cache-status", re.compile(r"(?i);\s?hit\b|^(hit|stale|updating)")),
    ("cf-cache-status", re.compile(r"(?i)^revalidated")),
    ("x-cache", re.compile(r"(?i)(?<![a-z])hit(?![a-z])")),
    # Servers, frameworks and CDNs have headers of their own for this, which all end alike (X-LiteSpeed-Cache).
    ("-cache", re.compile(r"(?i)^(hit|stale|updating|prerender)\b")),
    ("-fetch-status", re.compile(r"(?i)^(hit|stale)\b")),
    ("x-cache-hits", re.compile(r"[1-9]")),
    # The request's number, and that of the one which put the answer into the cache.
    ("x-varnish", re.compile(r"^\d+ +\d")),
    ("warning", re.compile(r"^11[0-3]\b")),
)
"""What caches say of an answer that they kept, where they do not say for how long (RFC 9211, and before it), by how the
header's name ends."""
_GATES = tuple(
    (gate, name, re.compile(mark, re.IGNORECASE))
    for gate, name, mark in (
        ("Cloudflare", "cf-mitigated", r"challenge"),
        ("AWS WAF", "x-amzn-waf-action", r"challenge|captcha"),
        ("Vercel", "x-vercel-mitigated", r"challenge|deny"),
        ("SiteGround", "sg-captcha", r"challenge"),
        (
            "Cloudflare",
            "",
            r"<title>\s*(Just a moment\.\.\.|Attention Required! \| Cloudflare)|/cdn-cgi/challenge-platform/h/",
        ),
        ("Imperva", "", r"_Incapsula_Resource\?[^\"'<>]{0,200}(CWUDNSAI|incident_id)"),
        ("DataDome", "", r"geo\.captcha-delivery\.com|ct\.captcha-delivery\.com"),
        ("Anubis", "", r"\bid=\"anubis_challenge\"|<title>\s*Making sure you(&#39;|')re not a bot!"),
        ("a check of DDoS-Guard", "", r"<title>\s*DDoS-Guard"),
        ("PerimeterX", "", r"\bid=\"px-captcha\""),
    )
)
"""What stands in front of sites and turns programs away, by a header or by the beginning of its page."""
_GATE_LENGTH = 16 * 1024
_GZIP = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class Response:
    """One answer to one request.

    Attributes:
        url: what was asked for.
        status: status code.
        headers: names in lower case and values, repeated ones kept apart, together and in order; the values of
            cookies are masked, their names and attributes are not, nor their size where it is too large.
        body: text in the charset that the answer or its page names, else UTF-8, undecodable bytes replaced, at most
            1 MiB unless more was asked for; "" where it came in Brotli's coding, which is not read and must be asked
            for.
        truncated: the body went on beyond that.
        seconds: from sending the request to the last byte that was read, over an established connection.
        at: when it was read.
        size: bytes of the body as they were transferred, as far as they were read.
        as_utf8: the body came in UTF-8, which some formats ask for, whatever else it was read as.
    """

    url: str
    status: int
    headers: tuple[tuple[str, str], ...]
    body: str
    truncated: bool
    seconds: float
    at: datetime
    size: int = 0
    as_utf8: bool = True

    def values(self, name: str) -> tuple[str, ...]:
        """The values of every header with that name."""
        return tuple(value for each, value in self.headers if each == name.lower())

    def header(self, name: str) -> str:
        """The values of a header joined by commas (RFC 9110 5.3); "" where it is absent."""
        return ", ".join(self.values(name))

    @property
    def secure(self) -> bool:
        """Whether it came over TLS."""
        return self.url.startswith("https:")

    @property
    def html(self) -> bool:
        """Whether it is a page, by Content-Type, or where that is missing by its beginning."""
        kind = self.header("content-type").partition(";")[0].strip().lower()
        if kind:
            return kind in ("text/html", "application/xhtml+xml")
        return self.body.lstrip("\ufeff \t\r\n")[:15].lower().startswith(("<!doctype html", "<html"))

    @property
    def stored(self) -> str:
        """What says that a cache on the way kept this answer for longer than `FRESH_SECONDS`, or may have; or "".

        Old answers say nothing about what the server would answer now.
        """
        # Each of several caches may have added its own.
        ages = [age for age in re.findall(r"[^,\s]+", self.header("age")) if age.isascii() and age.isdecimal()]
        if ages:
            oldest = max(ages, key=lambda age: (len(age.lstrip("0")), age.lstrip("0")))
            return f"Age: {oldest[:20]}" if len(oldest) > 9 or int(oldest) > FRESH_SECONDS else ""
        for name, value in self.headers:
            if any(name.endswith(end) and kept.search(value) for end, kept in _KEPT):
                return f"{name}: {cut(value, 60)}"
        return ""

    @property
    def challenge(self) -> str:
        """What turned the request away that is neither the page nor an answer of its server ("Cloudflare"), or ""."""
        for gate, name, mark in _GATES:
            if mark.search(self.header(name) if name else self.body[:_GATE_LENGTH]):
                return gate
        return ""

    @property
    def location(self) -> str:
        """Absolute address that a redirect leads to; "" for any other answer, or where it cannot be read."""
        if self.status not in (301, 302, 303, 307, 308) or len(set(self.values("location"))) != 1:
            # Of several that differ, browsers follow none.
            return ""
        written = self.values("location")[0]
        return joined(self.url, written) if written else ""


def header_field(name: str, value: str) -> tuple[str, str]:
    """A header as it is kept: its name in lower case, its value in one line, that of a cookie masked.

    Args:
        name: as it came.
        value: each of its bytes as one character; read as UTF-8 where it is that, as browsers do with addresses.
    """
    name = name.lower()
    with suppress(UnicodeError):
        value = value.encode("latin-1").decode()
    value = re.sub(r"(?<!\s)\s*[\r\n]\s*", " ", value.strip())
    return name, _masked(value) if name == "set-cookie" else value


MOST_COOKIE_BYTES = 4096
"""Of name and value; browsers drop a cookie that has more (RFC 6265bis, 5.6)."""


def _masked(cookie: str) -> str:
    pair, semicolon, attributes = cookie.partition(";")
    name, equals, _ = pair.partition("=")
    size = cookie_size(pair)
    # Without an equals sign all of it is the value (RFC 6265bis 5.6).
    return f"{name if equals else ''}=…{f'{size} bytes…' if size else ''}{semicolon}{attributes}"


def cookie_size(pair: str) -> int:
    """Bytes of a cookie's name and value where they are more than `MOST_COOKIE_BYTES`, else 0; of a masked one, too."""
    if told := re.search(r"=…(\d{1,9}) bytes…\Z", pair):
        return int(told[1])
    name, _, value = pair.partition("=")
    size = len(name.strip().encode(errors="replace")) + len(value.strip().encode(errors="replace"))
    return size if size > MOST_COOKIE_BYTES else 0


def decoded(raw: bytes, headers: Sequence[tuple[str, str]], said: str, most: int, accepted: str) -> tuple[bytes, bool]:
    """The body without its content coding, and whether it went on beyond the limit.

    Args:
        raw: the body as it was transferred, at most `most` bytes of it.
        headers: of the answer, with names in lower case.
        said: the request, for a message.
        most: bytes of the body that are wanted.
        accepted: the codings that were asked for; a body in Brotli's is left out then, because it is not read.

    Raises:
        CouldNotVerify: it is in a coding that was not asked for and is not readable.
    """
    said_codings = ",".join(value for name, value in headers if name == "content-encoding").lower().split(",")
    coding = ", ".join(each.strip() for each in said_codings if each.strip() not in ("", "identity"))
    if not raw or not coding:
        return raw, False
    if coding == "br" and "br" in accepted:
        return b"", False
    if coding in ("gzip", "x-gzip", "deflate"):
        with suppress(zlib.error):
            return _unpacked(raw, most)
    raise CouldNotVerify(
        f"{said} was answered in the coding '{cut(coding, 20)}', which was not asked for and is not readable"
    )


def _unpacked(raw: bytes, most: int) -> tuple[bytes, bool]:
    """The content of a body in gzip or deflate, and whether it went on beyond the limit.

    Raises:
        zlib.error: it is neither, or ends too early.
    """
    body, start = bytearray(), 0
    # Gzip may have several members one after the other (RFC 1952 2.2), all of which browsers read; anything else that
    # follows, such as blanks, is none of it.
    while not body or raw.startswith(_GZIP, start):
        unpacker = zlib.decompressobj(wbits=47)
        while not unpacker.eof:
            # In small pieces, because what is left of one is copied at the end of each member.
            piece = raw[start : start + 4096]
            if not piece:
                if start < most:
                    raise zlib.error("the end is missing")
                return bytes(body), False
            body += unpacker.decompress(piece, most - len(body) + 1)
            start += len(piece) - len(unpacker.unused_data)
            if len(body) > most:
                return bytes(body[:most]), True
        if start >= len(raw):
            break
    return bytes(body), False


_CHARSETS = re.compile(
    r"utf-?(8|16(le|be)?)|(windows-|cp|x-cp)125[0-8]|iso[-_]?8859[-_]?(1[0-6]?|[2-9])|latin-?[1-9]|us-ascii|ascii|koi8-[ru]"
    r"|gb2312|gbk|gb18030|big5(-hkscs)?|euc-(jp|kr)|(x-)?(shift[-_]jis|sjis)|iso-2022-jp|ks_c_5601-1987|macintosh"
)
_LATIN = re.compile(r"iso[-_]?8859[-_]?1|latin-?1|us-ascii|ascii")
_META = re.compile(rb"""<meta[^>]{1,200}?charset\s*=\s*["']?\s*([A-Za-z0-9_-]{1,30})""", re.IGNORECASE)


def is_utf8(body: bytes, *, whole: bool = True) -> bool:
    """Whether a body is UTF-8; of one that is cut off, its end does not count."""
    try:
        getincrementaldecoder("utf-8")().decode(body, final=whole)
    except UnicodeDecodeError:
        return False
    return True


def seconds_or_date(retry_after: str) -> float | datetime | None:
    """The seconds or the moment that a Retry-After names (RFC 9110 10.2.3); None where it names neither."""
    if re.fullmatch(r"[0-9]{1,9}", retry_after):
        return float(retry_after)
    if not re.fullmatch(r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT", retry_after):
        return None
    with suppress(ValueError):
        return parsedate_to_datetime(retry_after)
    return None


def is_to_come(retry_after: str, at: datetime) -> bool:
    """Whether a Retry-After names seconds, or a date that was not over at that time."""
    named = seconds_or_date(retry_after)
    return named >= at.replace(microsecond=0) if isinstance(named, datetime) else named is not None


def text_of(body: bytes, headers: Sequence[tuple[str, str]]) -> str:
    """The text of a body: in the charset of its byte order mark, of Content-Type, of its page's head, else in UTF-8."""
    kind, _, parameters = dict(headers).get("content-type", "").lower().partition(";")
    named = re.search(r"charset\s*=\s*[\"']?\s*([a-z0-9_-]{1,30})", parameters)
    inside = _META.search(body[:1024]) if not named and kind.strip() in ("", "text/html") else None
    charset = named[1] if named else inside[1].decode().lower() if inside else ""
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):
        # It overrules what the header says (WHATWG Encoding, decode).
        charset = "utf-16"
    elif body.startswith(b"\xef\xbb\xbf") or not _CHARSETS.fullmatch(charset):
        charset = "utf-8-sig"
    elif _LATIN.fullmatch(charset):
        charset = "windows-1252"
    with suppress(LookupError):
        return body.decode(charset.removeprefix("x-"), "replace")
    return body.decode("utf-8-sig", "replace")
