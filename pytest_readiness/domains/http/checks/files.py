"""Files that others look for at fixed places: security.txt, robots.txt, and a page for maintenance."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

from pydantic import Field

from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify, Evidence, claim
from pytest_readiness.core.registry import check
from pytest_readiness.core.text import cut
from pytest_readiness.domains.http.facts.pages import Page
from pytest_readiness.domains.http.resource import UrlPath
from pytest_readiness.domains.http.said import Said
from pytest_readiness.domains.http.unknown import Unknown
from pytest_readiness.protocols.http.addresses import shown
from pytest_readiness.protocols.http.answer import Response, is_to_come

SECURITY_TXT = "/.well-known/security.txt"
ROBOTS_TXT = "/robots.txt"


def _text(page: Page, what: str) -> Response:
    """The file, which must be served as plain text.

    Raises:
        ClaimFalse: something else is.
        CouldNotVerify: it lies on another host, is too long, or the server has an error.
    """
    answer = page.last
    place = shown(page.url)
    if answer.location:
        raise CouldNotVerify(f"GET {place} is redirected to {shown(answer.location)}, which was not looked at")
    if answer.status == 429 or answer.status >= 500:
        raise CouldNotVerify(f"GET {shown(answer.url)} was answered {answer.status}")
    kind = answer.header("content-type").partition(";")[0].strip().lower()
    right = answer.status == 200 and kind == "text/plain" and not answer.html
    told = f"{answer.status} with {kind or 'no Content-Type'} from {shown(answer.url)}"
    claim(right, expected=f"{what} as text/plain at {place}", seen=told)
    if answer.truncated:
        raise CouldNotVerify(f"{shown(answer.url)} is too long to be read as a whole")
    # Whoever reads it takes it for UTF-8, and finds no field in it otherwise.
    claim(answer.as_utf8, expected=f"{what} in UTF-8 at {place}", seen=f"other bytes from {shown(answer.url)}")
    return answer


def _fields(text: str) -> Iterator[tuple[str, str]]:
    """Name in lower case and value of each line; the name is "" for a line that has none."""
    for line in text.splitlines():
        line = line.strip()
        if line and not line.startswith("#"):
            name, colon, value = line.partition(":")
            yield (name.strip().lower(), value.strip()) if colon else ("", line)


_SIGNED = re.compile(
    r"-----BEGIN PGP SIGNED MESSAGE-----\r?\n(?:\S.*\n)*?\r?\n((?s:.*?))\n-----BEGIN PGP SIGNATURE-----"
)
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S+")
_NO_GOAL = re.compile(r"(?i)http:|mailto:(//|[^@]*\Z)")
_WEB = ("contact", "encryption", "acknowledgments", "policy", "hiring", "canonical")


@check(
    "http.security_txt",
    severity="low",
    remedy="Serve /.well-known/security.txt over https as text/plain, with Contact and an Expires within a year.",
    source="RFC 9116",
    asks={"visited": SECURITY_TXT},
)
def security_txt(visited: Page) -> Evidence:
    """A valid security.txt says how to report a vulnerability, and has not expired.

    At /.well-known/security.txt, over https, redirects within the host followed: text/plain, at least one Contact with
    a URI, exactly one Expires, in the future; fields that RFC 9116 wants once occur once; web addresses are https. A
    warning is given where it ends within 30 days, lasts longer than a year, or names other addresses as canonical.
    Whether anyone reads what is sent to the contact, and a signature, are not looked at.
    """
    answer = _text(visited, "a security.txt")
    place = shown(answer.url)
    claim(answer.secure, expected="security.txt over https", seen=f"it came over plain http from {place}")
    signed = _SIGNED.match(answer.body)
    fields = list(_fields(signed[1] if signed else answer.body))
    contacts = [value for name, value in fields if name == "contact"]
    claim(bool(contacts), expected=f"Contact in {place}", seen=f"{len(fields)} fields without Contact")
    problems = [f"{name} twice" for name in ("expires", "preferred-languages") if _count(fields, name) > 1]
    problems += [f"a line without a field: {cut(value, 60)}" for name, value in fields if not name]
    for name, value in fields:
        if name in _WEB and (not _URI.fullmatch(value) or _NO_GOAL.match(value)):
            problems.append(f"{name}: {cut(value, 60)}, which is not a URI or not https")
    claim(not problems, expected=f"a valid security.txt at {place}", seen=cut("; ".join(problems), 300))
    until = next((value for name, value in fields if name == "expires"), "")
    claim(bool(until), expected=f"Expires in {place}", seen=f"{len(fields)} fields without Expires")
    expires = _moment(until)
    if expires is None:
        raise ClaimFalse(f"Expires as a date and time of RFC 3339 in {place}", cut(until, 60))
    left = expires - answer.at
    seen = f"Expires: {expires:%Y-%m-%d}, {left.days} days left"
    claim(left > timedelta(0), expected=f"Expires in the future in {place}", seen=seen)
    canonical = [value for name, value in fields if name == "canonical"]
    warnings = []
    if left < timedelta(days=30):
        warnings.append(f"It ends in {left.days} days.")
    if left > timedelta(days=366):
        warnings.append("It lasts longer than a year, which RFC 9116 advises against.")
    if canonical and answer.url not in canonical:
        warnings.append(f"It names {cut(canonical[0], 80)} as canonical, not this address.")
    return Evidence(f"{place}: Contact: {cut(contacts[0], 100)}; {seen}", warning=" ".join(warnings))


def _count(fields: list[tuple[str, str]], name: str) -> int:
    return sum(each == name for each, _ in fields)


def _moment(text: str) -> datetime | None:
    if not re.match(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d", text):
        return None
    try:
        moment = datetime.fromisoformat(text.upper())
        return moment.astimezone(UTC) if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None


Rules = list[tuple[str, str]]
_KNOWN = (
    *("user-agent", "allow", "disallow", "sitemap", "crawl-delay", "host", "clean-param", "noindex", "request-rate"),
    *("visit-time", "content-signal", "content-usage"),
)


def _groups(fields: list[tuple[str, str]]) -> dict[str, Rules]:
    """The rules of each crawler, by its name in lower case (RFC 9309 2.2.1: groups of one name are joined)."""
    groups: dict[str, Rules] = {}
    names: list[str] = []
    ruled = False
    for name, value in fields:
        value = value.partition("#")[0].strip()
        if name == "user-agent":
            names = [value.lower()] if ruled else [*names, value.lower()]
            ruled = False
            groups.setdefault(value.lower(), [])
        elif name in ("allow", "disallow"):
            ruled = True
            for each in names:
                groups[each].append((name, value))
    return groups


def _closed(rules: Rules) -> bool:
    """Whether the root and nearly all below is forbidden; of two rules of the same length, allow counts."""
    whole = {name for name, value in rules if value in ("/", "/*", "*")}
    return whole == {"disallow"}


@check(
    "http.robots",
    severity="medium",
    remedy="Serve /robots.txt as text/plain; in production without Disallow: / for everyone, elsewhere with it.",
    source="RFC 9309",
    asks={"visited": ROBOTS_TXT},
)
def robots(visited: Page, *, crawling: Literal["allowed", "forbidden"] = "allowed") -> Evidence:
    """A valid robots.txt lets crawlers into the site or keeps them out of all of it, as declared.

    At /robots.txt, text/plain, redirects within the host followed. "Allowed": the group of all crawlers (`*`) does not
    forbid the whole site, of which it may forbid parts; a warning names single crawlers that are blocked. "Forbidden":
    that group has Disallow: / and no Allow, and no group of a single crawler lets it in. Crawlers follow it
    voluntarily: it protects nothing, and X-Robots-Tag and meta elements are not looked at.

    Args:
        crawling: allowed (production) or forbidden (staging and internal sites). allowed: what a product wants.
    """
    answer = _text(visited, "a robots.txt")
    place = shown(answer.url)
    fields = list(_fields(answer.body))
    unknown = [name or cut(value, 40) for name, value in fields if name not in _KNOWN]
    groups = _groups(fields)
    claim(
        # A file that says nothing is valid, and lets everyone in (RFC 9309, 2.2.1).
        not fields or bool(groups) or any(name == "sitemap" for name, _ in fields),
        expected=f"User-agent and rules in {place}",
        seen=f"{len(fields)} lines without User-agent",
    )
    strays = [value for name, value in fields[:1] if name in ("allow", "disallow")]
    claim(not strays, expected=f"rules below a User-agent in {place}", seen="a rule before any User-agent")
    everybody = groups.get("*", [])
    told = f"{place}: {len(groups)} groups, {sum(map(len, groups.values()))} rules"
    warnings = [f"Unknown lines: {cut(', '.join(unknown), 100)}."] if unknown else []
    if crawling == "allowed":
        claim(not _closed(everybody), expected=f"no Disallow: / for all crawlers in {place}", seen="Disallow: / for *")
        outside = [name for name, rules in groups.items() if name != "*" and _closed(rules)]
        if outside:
            warnings.append(f"Blocked: {cut(', '.join(outside), 200)}.")
        return Evidence(f"{told}, no Disallow: / for *", warning=" ".join(warnings))
    inside = [
        name
        for name, rules in {"*": [], **groups}.items()
        if not _closed(rules) or any(rule == "allow" and value for rule, value in rules)
    ]
    seen = f"let in: {cut(', '.join(inside), 200)}"
    claim(not inside, expected=f"Disallow: / and no Allow for every crawler in {place}", seen=seen)
    return Evidence(f"{told}, Disallow: / for all", warning=" ".join(warnings))


@check(
    "http.maintenance_page",
    severity="low",
    remedy="Serve a page of your own, with 503 and Retry-After, that does not need the application.",
    source="RFC 9110 sections 15.6.4 and 10.2.3; Google Search Central, 'Temporarily pause or disable a website'",
    asks=lambda _, path: {"page": path},
)
def maintenance_page(
    page: Page,
    unknown_pages: Unknown,
    *,
    path: UrlPath,
    text: Annotated[str, Field(min_length=3)],
    status: Literal[200, 503] | None = None,
) -> Evidence:
    """The maintenance page is there, and holds the declared text.

    The path's own answer: a page of HTML with 200 or 503, with Retry-After where it is 503, that shows the text and is
    not what any unknown path gets. Text that is hidden (template, noscript, a closed dialog, display:none) does not
    count. That it is shown when maintenance begins is not seen.

    Args:
        path: where the page can be looked at, on the host (`/maintenance.html`).
        text: words that it shows, at least three characters; upper and lower case are the same.
        status: its status code, 200 (a file to be put in place) or 503 (already in place). Default: either.
    """
    answer = page.first
    place = shown(answer.url)
    seen = f"{answer.status} from {place}"
    if answer.location:
        seen += f", a redirect to {shown(answer.location)}"
    statuses = (status,) if status else (200, 503)
    claim(answer.status in statuses, expected=f"{' or '.join(map(str, statuses))} from {place}", seen=seen)
    claim(answer.html, expected=f"a page of HTML from {place}", seen=answer.header("content-type") or "no Content-Type")
    if answer.status == 503:
        after = answer.header("retry-after")
        told = cut(after, 60) or "absent"
        expected = f"503 with a Retry-After of seconds or a date to come from {place}"
        claim(is_to_come(after, answer.at), expected=expected, seen=f"Retry-After: {told}")
        seen += f", Retry-After: {after}"
    if answer.truncated:
        raise CouldNotVerify(f"the page at {place} is too long to be looked at as a whole")
    own = not unknown_pages.like(answer)
    claim(own, expected=f"a page of its own at {place}", seen=f"{answer.status} with the page of unknown paths")
    words = " ".join(text.split())
    holds = Said(answer, fold=True).has(words)
    claim(holds, expected=f"the text '{cut(words, 80)}' on {place}", seen=f"{len(answer.body)} characters without it")
    return Evidence(f"{seen}: shows '{cut(words, 80)}'")
