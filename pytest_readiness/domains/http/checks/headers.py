"""What the headers of a web endpoint's page tell browsers, and strangers.

Each check looks at the page that a visitor of the root ends on without leaving the host (`front_page`), and at the
redirects on the way where its claim is about them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify, Evidence, claim
from pytest_readiness.core.registry import check
from pytest_readiness.core.spelling import spelled
from pytest_readiness.core.text import cut, figure
from pytest_readiness.domains.http.cookies import Cookie, parse_cookie
from pytest_readiness.domains.http.facts.pages import Page, in_place, stays_not
from pytest_readiness.domains.http.resource import Url
from pytest_readiness.domains.http.shared_domains import SHARED
from pytest_readiness.protocols.http.addresses import shown
from pytest_readiness.protocols.http.answer import Response
from pytest_readiness.protocols.http.structured import parse_dictionary
from pytest_readiness.protocols.markup import parse

DAY = 86400


def seen_header(answer: Response, name: str) -> str:
    """A header as evidence shows it, or that it is not there."""
    place = f"{answer.status} from {shown(answer.url)}"
    values = answer.values(name)
    return f"{name}: {cut(', '.join(values))} ({place})" if values else f"no {name} ({place})"


@dataclass(frozen=True)
class Hsts:
    """A Strict-Transport-Security header.

    Attributes:
        max_age: seconds.
        subdomains: includeSubDomains is there.
        preload: preload is there.
    """

    max_age: int
    subdomains: bool
    preload: bool


def parse_hsts(value: str) -> Hsts | None:
    """Read a header value by RFC 6797 6.1; None where it is invalid, and browsers ignore it."""
    directives: dict[str, str] = {}
    for part in value.split(";"):
        name, equals, argument = part.strip().partition("=")
        name = name.strip().lower()
        # includeSubDomains takes no value; with one, browsers take the header for broken.
        if name and (name in directives or (equals and name == "includesubdomains")):
            return None
        directives[name] = argument.strip()
    age = directives.get("max-age", "")
    if len(age) > 2 and age[0] == age[-1] == '"':
        age = age[1:-1]
    if not re.fullmatch(r"[0-9]{1,15}", age):
        return None
    return Hsts(int(age), "includesubdomains" in directives, "preload" in directives)


@check(
    "http.hsts",
    severity="high",
    remedy="Send Strict-Transport-Security: max-age=63072000; includeSubDomains.",
    source="RFC 6797; OWASP Secure Headers Project; hstspreload.org (preload)",
)
def hsts(
    url: Url,
    root_page: Page,
    *,
    min_age_days: Annotated[int, Field(gt=0)] = 365,
    include_subdomains: bool = True,
    preload: bool = False,
) -> Evidence:
    """The root's page and each redirect to it carry one valid Strict-Transport-Security header with a long max-age.

    The answers over https on the endpoint's host are looked at, the first one too: a visitor who is led to another
    host, and the browsers' preload lists, see no other. Other paths and other hosts are not.

    Args:
        min_age_days: shortest accepted max-age, in days. 365: what preload lists ask for; OWASP recommends 730.
        include_subdomains: includeSubDomains must be there. True: OWASP's recommended header.
        preload: the header must be fit for the browsers' preload lists, which ask for `preload`, includeSubDomains
            and a year. False: preloading is hard to undo. Whether a list holds the host is not looked at.
    """
    seconds = max(min_age_days, 365 if preload else 0) * DAY
    subdomains = include_subdomains or preload
    expected = f"one Strict-Transport-Security over https, max-age of at least {seconds} s"
    expected += ", includeSubDomains" * subdomains + ", preload" * preload
    last = root_page.last
    problem = in_place(url, last, redirect=True)
    judged = [answer for answer in root_page.answers if answer.secure and not (problem and answer is last)]
    if not judged and not problem:
        seen = seen_header(last, "Strict-Transport-Security")
        raise ClaimFalse(expected, f"{seen}, over plain http, where browsers ignore it")
    for answer in judged:
        _strict(answer, seconds, subdomains, preload, expected)
    if problem:
        raise CouldNotVerify(problem)
    others = f", and {len(judged) - 1} redirects to it" if len(judged) > 1 else ""
    return Evidence(f"{seen_header(last, 'Strict-Transport-Security')}{others}")


def _strict(answer: Response, seconds: int, subdomains: bool, preload: bool, expected: str) -> None:
    seen = seen_header(answer, "Strict-Transport-Security")
    values = answer.values("strict-transport-security")
    claim(len(values) == 1, expected=expected, seen=f"{len(values)} headers: {seen}" if values else seen)
    parsed = parse_hsts(values[0])
    if parsed is None:
        raise ClaimFalse(expected, f"an invalid header, which browsers ignore: {seen}")
    right = parsed.max_age >= seconds and (parsed.subdomains or not subdomains) and (parsed.preload or not preload)
    claim(right, expected=expected, seen=seen)


Policy = dict[str, tuple[str, ...]]

_TOKEN = re.compile(r"'(nonce|sha256|sha384|sha512)-[a-z0-9+/_-]+={0,2}'", re.IGNORECASE)
_SOURCE = re.compile(
    r"'(self|unsafe-inline|unsafe-eval|strict-dynamic|unsafe-hashes|report-sample|unsafe-allow-redirects"
    r"|wasm-unsafe-eval|trusted-types-eval|inline-speculation-rules|report-sha(256|384|512)|none)'"
    r"|[a-z][a-z0-9+.-]*:"
    r"|([a-z][a-z0-9+.-]*://)?(\*|(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?|\[[0-9a-f:.]+\])(:(\*|[0-9]+))?(/[^\s;,]*)?"
)
"""What is a source (CSP Level 3, 2.3.1), besides nonces and hashes, in lower case."""


def parse_csp(values: tuple[str, ...], metas: tuple[str, ...] = ()) -> list[Policy]:
    """The policies that browsers enforce, all of them at once: directive to sources, in lower case.

    The first directive of a name counts, and what is no source by the grammar is left out, as browsers do.

    Args:
        values: of Content-Security-Policy headers; commas separate policies too (CSP Level 3, 2.2).
        metas: what meta elements hold, where some directives mean nothing (3.3).
    """
    headers = [_policy(text) for text in ",".join(values).split(",")]
    inner = [_policy(text) for text in metas]
    for policy in inner:
        for name in ("frame-ancestors", "sandbox", "report-uri"):
            policy.pop(name, None)
    return [policy for policy in (*headers, *inner) if policy]


def _policy(text: str) -> Policy:
    policy: Policy = {}
    for part in text.split(";"):
        name, *sources = part.lower().split() or [""]
        if not name or not part.isascii():
            continue
        if name == "frame-ancestors" or name.endswith(("-src", "-src-elem", "-src-attr", "-action", "-uri")):
            sources = [each for each in sources if _SOURCE.fullmatch(each) or _TOKEN.fullmatch(each)]
        policy.setdefault(name, tuple(sources))
    return policy


def sources_of(policy: Policy, directive: str) -> tuple[str, ...] | None:
    """The sources that count for a directive, after its fallbacks; None where everything is allowed."""
    chain = [directive, "default-src"]
    if directive.startswith(("script-src-", "style-src-")):
        chain.insert(1, directive.rpartition("-")[0])
    elif directive in ("frame-src", "worker-src"):
        chain.insert(1, "child-src")
    if directive == "worker-src":
        chain.insert(2, "script-src")
    return next((policy[name] for name in chain if name in policy), None)


def trusted_by_token(sources: tuple[str, ...]) -> bool:
    """Whether a nonce or hash is there, which makes browsers ignore 'unsafe-inline'."""
    return any(_TOKEN.fullmatch(source) for source in sources)


ANY_HOST = re.compile(
    r"([a-z]+://)?\*(\.\*)?(:(\*|\d+))?(/\S*)?|(https?|wss?|ftp):"
    r"|([a-z]+://)?\*\.(?!(local|localhost|internal|test|lan|corp|home|intranet)\b)"
    r"((com?|org|net|edu|gov|ac|or|ne|go)\.[a-z]{2}|[a-z][a-z0-9-]*"
    rf"|{SHARED})\.?(:(\*|\d+))?(/\S*)?"
)
"""Sources that mean every host, or every one below a domain where anyone can have a name."""

_SCRIPTS = ("script-src", "script-src-elem", "script-src-attr")

Aspect = Callable[[Policy], str]
"""What one policy allows that it should not, in one respect, or ""."""


def _inline(directive: str) -> Aspect:
    def problem(policy: Policy) -> str:
        sources = sources_of(policy, directive)
        if sources is None:
            return "script-src is not set"
        inline = "'unsafe-inline'" in sources and not trusted_by_token(sources)
        return f"{directive} allows 'unsafe-inline'" if inline else ""

    return problem


def _evaluated(policy: Policy) -> str:
    sources = sources_of(policy, "script-src")
    if sources is None:
        return "script-src is not set"
    return "script-src allows 'unsafe-eval'" if "'unsafe-eval'" in sources else ""


def _from_anywhere(directive: str) -> Aspect:
    def problem(policy: Policy) -> str:
        sources = sources_of(policy, directive)
        if sources is None:
            return f"{'object-src' if directive == 'object-src' else 'script-src'} is not set"
        if trusted_by_token(sources) and "'strict-dynamic'" in sources:
            return ""
        wide = [each for each in sources if ANY_HOST.fullmatch(each) or each in ("data:", "blob:", "filesystem:")]
        return f"{directive} allows {', '.join(wide)}" if wide else ""

    return problem


def _wildcard(directive: str) -> Aspect:
    def problem(policy: Policy) -> str:
        sources = sources_of(policy, directive)
        return f"{directive} allows *" if sources is None or "*" in sources else ""

    return problem


def _framing(policy: Policy) -> str:
    if "frame-ancestors" not in policy:
        return "frame-ancestors is not set"
    wide = [each for each in policy["frame-ancestors"] if ANY_HOST.fullmatch(each)]
    return f"frame-ancestors allows {', '.join(wide)}" if wide else ""


def _aspects(policies: list[Policy]) -> list[Aspect]:
    starred = {
        name
        for policy in policies
        for name, sources in policy.items()
        if name.endswith(("-src", "-src-elem", "-src-attr")) and "*" in sources
    }
    return [
        *map(_inline, _SCRIPTS),
        _evaluated,
        *map(_from_anywhere, (*_SCRIPTS, "object-src")),
        *map(_wildcard, sorted(starred)),
        _framing,
    ]


def _nonces(response: Response) -> set[str]:
    metas = parse(response.body).policies if response.html else ()
    texts = (*response.values("content-security-policy"), *metas)
    return {word for text in texts for word in re.split(r"[\s;,]+", text) if word.lower().startswith("'nonce-")}


@check(
    "http.csp",
    severity="high",
    remedy="Send a Content-Security-Policy such as default-src 'self'; object-src 'none'; base-uri 'self'; "
    "frame-ancestors 'none', and move inline scripts into files or give them a nonce.",
    source="W3C Content Security Policy Level 3; OWASP Secure Headers Project; CSP Evaluator",
)
def csp(front_page: Response, second_page: Response | None) -> Evidence:
    """The page has a Content-Security-Policy without unsafe script sources or wildcards, with frame-ancestors.

    False where scripts may be inline ('unsafe-inline' without a nonce or hash), be evaluated, or come from any host,
    `data:` or `blob:`; where plugins may come from any host; where any kind of content has the source `*`; where
    frame-ancestors is missing or allows any host; where a nonce is the same in a second answer, so that anyone can
    know it. `*.com`, `*.github.io` and other
    domains where anyone can have a name are any host. Of several policies, which browsers enforce together, one that
    forbids a thing is enough. A policy in a meta element counts as far as browsers heed it: in the head, before any
    script, and not for frame-ancestors. A Report-Only header does not count. Whether the page works under its policy is
    not seen here, nor whether a host that it names serves what others put there.
    """
    name = "Content-Security-Policy"
    seen = seen_header(front_page, name)
    expected = "a Content-Security-Policy without unsafe script sources or wildcards, with frame-ancestors"
    metas = parse(front_page.body).policies if front_page.html else ()
    policies = parse_csp(front_page.values("content-security-policy"), metas)
    if metas:
        seen += f"; in a meta element: {cut(', '.join(metas), 150)}"
    elif not policies and front_page.header(f"{name}-Report-Only"):
        seen = f"{name}-Report-Only, which forbids nothing"
    claim(bool(policies), expected=expected, seen=seen)
    problems: list[str] = []
    for aspect in _aspects(policies):
        found = [aspect(policy) for policy in policies]
        problems += found[:1] if all(found) else []
    claim(not problems, expected=expected, seen=cut(f"{'; '.join(dict.fromkeys(problems))} in {seen}", 400))
    repeated = _nonces(front_page) & _nonces(second_page) if second_page else set()
    claim(
        not repeated,
        expected="a nonce that is another one in each answer",
        seen=f"the same one in two answers: {cut(', '.join(repeated), 80)} ({shown(front_page.url)})",
    )
    return Evidence(seen)


@check(
    "http.frame_options",
    severity="medium",
    remedy="Send Content-Security-Policy: frame-ancestors 'none' (or 'self'), and X-Frame-Options: DENY.",
    source="RFC 7034; CSP Level 3, frame-ancestors; OWASP clickjacking defense cheat sheet",
)
def frame_options(front_page: Response) -> Evidence:
    """Only the page's own site, and those that it names, can put it into a frame.

    By frame-ancestors of a Content-Security-Policy that does not allow any host; where there is none, by
    X-Frame-Options: DENY or SAMEORIGIN (ALLOW-FROM is ignored by browsers). Where frame-ancestors is there, browsers
    ignore X-Frame-Options, so an open one makes the claim false. Other pages are not looked at.
    """
    expected = "frame-ancestors that names its hosts, or X-Frame-Options: DENY or SAMEORIGIN"
    policies = parse_csp(front_page.values("content-security-policy"))
    framing = [policy for policy in policies if "frame-ancestors" in policy]
    if framing:
        seen = seen_header(front_page, "Content-Security-Policy")
        claim(not all(map(_framing, framing)), expected=expected, seen=seen)
        return Evidence(seen)
    seen = seen_header(front_page, "X-Frame-Options")
    claim(frame_option(front_page) in ("deny", "sameorigin"), expected=expected, seen=seen)
    return Evidence(seen)


def frame_option(response: Response) -> str:
    """What X-Frame-Options means to a browser (HTML standard, 7.4.6): deny, sameorigin, or a text that is void."""
    values = {value.strip().lower() for value in response.header("x-frame-options").split(",")}
    if len(values) > 1:
        # Of values that contradict each other browsers choose to deny, if one of them is known.
        return "deny" if values & {"deny", "sameorigin", "allowall"} else ""
    return values.pop()


@check(
    "http.nosniff",
    severity="medium",
    remedy="Send X-Content-Type-Options: nosniff.",
    source="WHATWG Fetch standard, X-Content-Type-Options; OWASP Secure Headers Project",
)
def nosniff(front_page: Response) -> Evidence:
    """The page carries X-Content-Type-Options: nosniff.

    Not looked at: what else the site serves, such as scripts and files that users have uploaded.
    """
    seen = seen_header(front_page, "X-Content-Type-Options")
    first = front_page.header("x-content-type-options").partition(",")[0].strip().lower()
    claim(first == "nosniff", expected="X-Content-Type-Options: nosniff", seen=seen)
    return Evidence(seen)


@check(
    "http.xss_protection",
    severity="low",
    remedy="Send no X-XSS-Protection, or X-XSS-Protection: 0, and a Content-Security-Policy.",
    source="OWASP Secure Headers Project; OWASP HTTP headers cheat sheet (X-XSS-Protection)",
)
def xss_protection(front_page: Response) -> Evidence:
    """The page does not turn on the XSS filter of old browsers in a harmful way.

    Current browsers have no such filter; in old ones it can be turned against the page. Absent or 0 passes, and
    `1; mode=block`, once recommended, passes with a warning. A 1 without mode=block lets the filter rewrite the page,
    and is false, as is any other value.
    """
    place = f"{front_page.status} from {shown(front_page.url)}"
    seen = seen_header(front_page, "X-XSS-Protection")
    values = {re.sub(r"\s", "", value.lower()) for value in front_page.values("x-xss-protection")}
    blocking = values == {"1;mode=block"}
    claim(values <= {"0"} or blocking, expected=f"no X-XSS-Protection, or 0 ({place})", seen=seen)
    return Evidence(seen, warning="1; mode=block is out of date: send 0, or nothing." if blocking else "")


SAFE_REFERRER = ("no-referrer", "same-origin", "strict-origin", "strict-origin-when-cross-origin")
OPEN_REFERRER = ("origin", "origin-when-cross-origin", "unsafe-url", "no-referrer-when-downgrade")


_OLD_REFERRER = {
    "never": "no-referrer",
    "default": "strict-origin-when-cross-origin",
    "always": "unsafe-url",
    "origin-when-crossorigin": "origin-when-cross-origin",
}
"""What meta elements may say instead (HTML standard, 4.2.5.1)."""


def metas_of(response: Response) -> list[str]:
    """What the page's meta elements `referrer` say."""
    return [content for name, content in parse(response.body).names if name == "referrer"] if response.html else []


def referrer_of(value: str, metas: Sequence[str] = ()) -> str:
    """The policy that counts of a header's list and of meta elements: the last one that is known; "" if none is."""
    inner = [content.strip().lower() for content in metas]
    known = [*(word.strip().lower() for word in value.split(",")), *(_OLD_REFERRER.get(each, each) for each in inner)]
    return next((word for word in reversed(known) if word in SAFE_REFERRER + OPEN_REFERRER), "")


@check(
    "http.referrer_policy",
    severity="low",
    remedy="Send Referrer-Policy: strict-origin-when-cross-origin, or a stricter one.",
    source="W3C Referrer Policy, 8.1; OWASP Secure Headers Project",
)
def referrer_policy(front_page: Response) -> Evidence:
    """The page has a Referrer-Policy that tells other sites no more than the origin, and plain http nothing.

    Accepted: no-referrer, same-origin, strict-origin, strict-origin-when-cross-origin. Of a list, the last known one
    counts; a meta element `referrer` in the page overrides the header, as in browsers. That current browsers default to
    strict-origin-when-cross-origin is not enough: one of the two must be there. What single links and elements say by
    `referrerpolicy` is not looked at.
    """
    seen = seen_header(front_page, "Referrer-Policy")
    if metas := metas_of(front_page):
        seen += f"; in a meta element: {cut(', '.join(metas), 100)}"
    claim(
        referrer_of(front_page.header("referrer-policy"), metas) in SAFE_REFERRER,
        expected=f"Referrer-Policy: {' or '.join(SAFE_REFERRER)}",
        seen=seen,
    )
    return Evidence(seen)


Feature = Annotated[str, spelled(r"^[a-z-]+$", "a feature's name in small letters, such as camera")]
INTIMATE = ["camera", "microphone", "geolocation"]
"""Browser features that reveal a user's surroundings and location."""


@check(
    "http.permissions_policy",
    severity="low",
    remedy="Send Permissions-Policy and close what the page does not use: camera=(), microphone=(), geolocation=().",
    source="W3C Permissions Policy; RFC 8941; OWASP Secure Headers Project",
)
def permissions_policy(
    front_page: Response,
    *,
    features: Annotated[list[Feature], Field(min_length=1)] = INTIMATE,
) -> Evidence:
    """The page carries a valid Permissions-Policy that restricts the named features and opens none to every site.

    It is a dictionary of structured fields (RFC 8941), of which browsers ignore the whole where a character is wrong. A
    feature without a value is not restricted. `none` and other words that mean nothing allow nobody. Not looked at:
    which of the sites that it names may be trusted, and what a frame is given by `allow`.

    Args:
        features: browser features that the header must name, at least one. camera, microphone, geolocation: those that
            reveal a user's surroundings and location; OWASP closes about thirty.
    """
    seen = seen_header(front_page, "Permissions-Policy")
    expected = f"a Permissions-Policy that names {', '.join(features)}, and none with *"
    value = front_page.header("permissions-policy")
    claim(bool(value), expected=expected, seen=seen)
    allowed = parse_dictionary(value)
    if allowed is None:
        raise ClaimFalse(expected, f"an invalid header, which browsers ignore: {seen}")
    problems = [f"{feature} is not named" for feature in features if allowed.get(feature) is None]
    problems += [
        f"{feature} is open to every site" for feature, who in allowed.items() if any(map(_is_every, who or ()))
    ]
    claim(not problems, expected=expected, seen=cut(f"{'; '.join(problems)} in {seen}", 400))
    return Evidence(seen)


def _is_every(allowed: str) -> bool:
    """Whether a member of an allow list stands for every site: a star, or a text that is such a source of CSP."""
    return allowed == "*" or (allowed[:1] == '"' and ANY_HOST.fullmatch(allowed.strip('"').lower()) is not None)


def cookies_of(root_page: Page) -> list[Cookie]:
    """Every cookie set on the way to the page; those that are deleted there are left out."""
    cookies = [parse_cookie(value, answer.at) for answer in root_page.answers for value in answer.values("set-cookie")]
    return [cookie for cookie in cookies if cookie.lifetime is None or cookie.lifetime > 0]


_SAME_SITE = ("none", "lax", "strict")


@check(
    "http.cookies",
    severity="high",
    remedy="Set cookies with Secure; HttpOnly; SameSite=Lax, and give those of a session a bounded Max-Age.",
    source="RFC 6265bis; OWASP session management cheat sheet; ASVS 3.3",
)
def cookies(
    url: Url,
    root_page: Page,
    *,
    samesite: Literal["None", "Lax", "Strict"] = "Lax",
    max_age_hours: Annotated[float, Field(gt=0)] | None = None,
    readable: list[str] | None = None,
) -> Evidence:
    """Every cookie that the root sets is Secure and SameSite, HttpOnly unless scripts must read it, and not dropped.

    Looked at: each Set-Cookie on the way to the page that a visitor without cookies ends on. Browsers drop a cookie for
    another domain, one of more than 4096 bytes, and one that lacks what its prefix (`__Host-`, `__Secure-`),
    SameSite=None or Partitioned asks for. Domains that are public suffixes, such as co.uk, are not known here. Cookies
    that are set later, after a login, are not seen; where none is set, the check passes with a warning that says so.

    Args:
        samesite: least accepted SameSite: None, Lax or Strict. Lax: what browsers default to (RFC 6265bis). A missing
            one never counts, because not every browser has that default.
        max_age_hours: longest lifetime of session cookies, in hours; those without Max-Age and Expires end with the
            browser's session. A session cookie is one whose name holds sess, login, auth, jwt, identity, remember or
            AspNetCore.Cookies, or ends like sid or a token; where none is set, the check cannot verify. Default:
            lifetimes are not looked at.
        readable: names of cookies that scripts must read, and that may lack HttpOnly. Default: only those whose names
            say that they are tokens against forged requests, which scripts send back (XSRF-TOKEN, csrftoken, _csrf).
    """
    last = root_page.last
    place = shown(root_page.url)
    expected = (
        f"Secure, HttpOnly and SameSite={samesite}{' or stricter' if samesite != 'Strict' else ''} on every cookie"
    )
    found = cookies_of(root_page)
    problems = []
    for cookie in found:
        lacks = [] if cookie.secure else ["Secure"]
        lacks += [] if cookie.http_only or cookie.anti_csrf or cookie.name in (readable or ()) else ["HttpOnly"]
        if lacks:
            problems.append(f"{cookie.name} lacks {' and '.join(lacks)}")
        if cookie.same_site not in _SAME_SITE:
            problems.append(f"{cookie.name} has {'an invalid' if cookie.same_site else 'no'} SameSite")
        if dropped := cookie.dropped(url.host):
            problems.append(f"{cookie.name} {dropped}, so that browsers drop it")
        if cookie.swallowed:
            problems.append(f"{cookie.name} has the cookie {cookie.swallowed} in its header, which browsers do not see")
        if cookie.same_site in _SAME_SITE and _SAME_SITE.index(cookie.same_site) < _SAME_SITE.index(samesite.lower()):
            problems.append(f"{cookie.name} has SameSite={cookie.same_site.capitalize()}")
    claim(not problems, expected=expected, seen=cut(f"{'; '.join(problems)} ({place})", 400))
    if problem := in_place(url, last, redirect=True) or stays_not(last):
        raise CouldNotVerify(problem)
    if max_age_hours is not None:
        sessions = [cookie for cookie in found if cookie.session]
        if not sessions:
            raise CouldNotVerify(f"GET {place} sets no session cookie whose lifetime could be looked at")
        for cookie in sessions:
            hours = (cookie.lifetime or 0) / 3600
            claim(
                hours <= max_age_hours,
                expected=f"session cookies that live for at most {max_age_hours:g} h",
                seen=f"{cookie.name} lives for {figure(hours, max_age_hours)} h ({place})",
            )
    if not found:
        warning = "No cookie was set for a visitor who is not logged in; what a login sets was not seen."
        return Evidence(f"GET {place}: {last.status}, no cookie is set", warning=warning)
    names = ", ".join(dict.fromkeys(cookie.name for cookie in found))
    open_ones = ", ".join(dict.fromkeys(cookie.name for cookie in found if not cookie.http_only))
    text = f"GET {place}: Secure, HttpOnly, SameSite on {names}"
    return Evidence(cut(f"{text}; but for scripts, without HttpOnly: {open_ones}" if open_ones else text, 300))


_PRODUCT = re.compile(
    r"/v?\d+(?:\.\d+)*\b|\b\d+(?:\.\d+)+\b|\b[A-Za-z]{2,}(?:\([A-Z]{1,3}\))? v?\d{1,3}\b|[A-Za-z]-\d{1,2}[a-z]\b"
    r"|\b[A-Za-z]{2,30}\(v?\d{1,3}\)"
)
_TELLTALES = (
    *("server", "x-powered-by", "powered-by", "x-generator", "x-cms", "x-framework", "x-redirect-by"),
    *("liferay-portal", "microsoftsharepointteamservices", "x-cf-powered-by", "x-powered-cms"),
    *("x-content-encoded-by", "x-server-powered-by", "x-powered-by-plesk", "x-turbo-charged-by", "x-elastic-product"),
)
_VERSIONS = (
    "x-aspnet-version",
    "x-aspnetmvc-version",
    "x-php-version",
    "x-jitsi-release",
    "x-joomla-version",
    "x-umbraco-version",
    "x-owa-version",
    "x-rails-version",
    "x-django-version",
    "x-laravel-version",
    "x-jenkins",
    "x-hudson",
    "x-mod-pagespeed",
    "x-page-speed",
    "x-cocoon-version",
    "x-wildfly-version",
    "x-varnish-version",
    "oraclecommercecloud-version",
    *("php-version", "jsf-version"),
    *("x-grafana-version", "x-influxdb-version", "x-solr-version", "x-kong-version", "x-metabase-version"),
    *("x-nextjs-version", "x-shopware-version", "x-magento-version", "x-sourcegraph-version", "x-sap-version"),
)
_PROXY = re.compile(r"(?<![\w.-])[A-Za-z][\w.-]*/v?\d+(?:\.\d+)*\b|\([A-Za-z][\w.-]* v?\d+(?:\.\d+)+\b")
"""A proxy with its version in Via, which begins with the protocol's own."""


@check(
    "http.banner",
    severity="low",
    remedy="Turn versions off: server_tokens off (nginx), ServerTokens Prod (Apache), expose_php = Off, "
    "app.disable('x-powered-by') (Express).",
    source="OWASP Secure Headers Project, headers to remove; OWASP WSTG-INFO-02",
)
def banner(url: Url, root_page: Page) -> Evidence:
    """None of the usual headers gives away the version of the server or its framework.

    Looked at: Server, X-Powered-By, X-Generator and the like on the way to the page that a visitor ends on, for
    anything that reads like a version; Via for a proxy's; and headers that exist only to tell one, such as X-AspNet-
    Version. A product's name alone passes, in X-Powered-By with a warning. Not looked at: headers of other names, and
    what the page says.
    """
    last = root_page.last
    headers = dict.fromkeys(header for answer in root_page.answers for header in answer.headers)
    told = [
        (name, value)
        for name, value in headers
        if name in (*_TELLTALES, *_VERSIONS) or (name == "via" and _proxies(value))
    ]
    seen = ", ".join(f"{name}: {cut(value, 80)}" for name, value in told) or "none of Server, X-Powered-By and the like"
    versions = [name for name, value in told if name in _VERSIONS or name == "via" or _PRODUCT.search(value)]
    claim(not versions, expected="no version in Server, X-Powered-By and the like", seen=seen)
    if problem := in_place(url, last, redirect=True):
        raise CouldNotVerify(problem)
    names = [name for name, _ in told if name != "server"]
    return Evidence(seen, warning=f"{', '.join(names)} gives the framework away." if names else "")


def _proxies(via: str) -> bool:
    """Whether a Via names a proxy with its version."""
    received = (part.strip().removeprefix("HTTP/").partition(" ") for part in via.split(","))
    return any(_PROXY.search(rest or protocol) for protocol, _, rest in received)
