"""All security headers at once, graded like Mozilla's HTTP Observatory (algorithm version 6).

What each test takes from or adds to 100 points is the Observatory's; what cannot be seen by passive requests, or not
without its lists, is left out and said in the evidence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from pytest_readiness.core.evidence import Evidence, claim
from pytest_readiness.core.registry import check
from pytest_readiness.core.text import cut
from pytest_readiness.domains.http.checks.headers import (
    OPEN_REFERRER,
    SAFE_REFERRER,
    Policy,
    cookies_of,
    frame_option,
    parse_csp,
    parse_hsts,
    referrer_of,
    sources_of,
    trusted_by_token,
)
from pytest_readiness.domains.http.cookies import Cookie
from pytest_readiness.domains.http.facts.pages import Page, PlainAnswer
from pytest_readiness.protocols.http.addresses import shown
from pytest_readiness.protocols.http.answer import Response
from pytest_readiness.protocols.markup import Markup, parse

Grade = Literal["A+", "A", "A-", "B+", "B", "B-", "C+", "C", "C-", "D+", "D", "D-", "F"]
GRADES: tuple[tuple[int, Grade], ...] = (
    (100, "A+"),
    (90, "A"),
    (85, "A-"),
    (80, "B+"),
    (70, "B"),
    (65, "B-"),
    (60, "C+"),
    (50, "C"),
    (45, "C-"),
    (40, "D+"),
    (30, "D"),
    (25, "D-"),
    (0, "F"),
)
"""Least score of each grade."""
HALF_A_YEAR = 15552000


@dataclass(frozen=True)
class Result:
    """What one test found.

    Attributes:
        test: the Observatory's name of the test.
        modifier: points added or taken.
        why: in a few words.
    """

    test: str
    modifier: int
    why: str


@check(
    "http.security_headers",
    severity="high",
    remedy="Send the headers that lost points, beginning with the largest loss: Content-Security-Policy, "
    "Strict-Transport-Security, X-Frame-Options or frame-ancestors, X-Content-Type-Options.",
    source="MDN HTTP Observatory, tests and scoring, algorithm version 6",
)
def security_headers(
    front_page: Response, root_page: Page, plain_response: PlainAnswer, *, min_grade: Grade = "B"
) -> Evidence:
    """The page's security headers earn at least the wanted grade by the passive tests of Mozilla's HTTP Observatory.

    Its tests on Content-Security-Policy, cookies, redirection, Referrer-Policy, Strict-Transport-Security, subresource
    integrity, X-Content-Type-Options, X-Frame-Options and the three Cross-Origin policies, each with its points. Left
    out: the CORS test (it sends a foreign Origin, which a passive check does not; up to 50 points lower there), preload
    lists (up to 5 points higher there), cookies of /robots.txt, and redirects after the first one from plain http.
    Several policies are judged together, as browsers enforce them.

    Args:
        min_grade: worst accepted grade, A+ to F. B: what 70 of 100 points earn.
    """
    markup = parse(front_page.body) if front_page.html else None
    results = [
        _csp(front_page, markup),
        _cookies(cookies_of(root_page), _hsts(front_page).modifier >= 0),
        _redirection(plain_response, root_page),
        _referrer(front_page, markup),
        _hsts(front_page),
        _integrity(front_page, markup),
        _content_type_options(front_page),
        _frame_options(front_page),
        *_cross_origin(front_page),
    ]
    score, grade = graded(results)
    summary = f"grade {grade}, score {score} (CORS not tested)"
    lost = sorted((result for result in results if result.modifier < 0), key=lambda result: result.modifier)
    losses = "; ".join(f"{result.test} {result.modifier}: {result.why}" for result in lost) or "nothing lost"
    wanted = next(least for least, name in GRADES if name == min_grade)
    claim(
        score >= wanted,
        expected=f"at least grade {min_grade} (score {wanted}) for {shown(front_page.url)}",
        seen=cut(f"{summary}: {losses}", 1000),
    )
    return Evidence(cut(f"{summary}: {losses}", 500))


def graded(results: Sequence[Result]) -> tuple[int, Grade]:
    """Score and grade; bonus points count only from a score of 90 without them."""
    score = 100 + sum(min(result.modifier, 0) for result in results)
    if score >= 90:
        score += sum(max(result.modifier, 0) for result in results)
    score = max(score, 0)
    return score, next(grade for least, grade in GRADES if score >= least)


_BROAD = ("ftp:", "http:", "https:", "*", "http://*", "http://*.*", "https://*", "https://*.*")
_EVERYTHING = ("*", "'unsafe-inline'", "'unsafe-eval'")


def _csp(response: Response, markup: Markup | None) -> Result:
    def result(modifier: int, why: str) -> Result:
        return Result("content-security-policy", modifier, why)

    name = "content-security-policy"
    metas = markup.policies if markup else ()
    texts = [*(text.strip() for value in response.values(name) for text in value.split(",")), *metas]
    policies = parse_csp(response.values(name), metas)
    if not texts and response.header(f"{name}-report-only"):
        return result(-25, "only a Report-Only policy")
    if not texts:
        return result(-25, "no policy")
    if len(policies) < len(texts) or any(_repeats(text) for text in texts):
        return result(-25, "the policy is invalid, or repeats a directive")
    scripts = [_sources(policy, "script-src") for policy in policies]
    if any("'strict-dynamic'" in sources and not trusted_by_token(sources) for sources in scripts):
        return result(-25, "'strict-dynamic' without a nonce or hash")
    # Browsers enforce every policy: what one of them forbids is forbidden.
    if all(_inline_or_broad(sources) for sources in scripts):
        return result(-20, "script-src allows inline scripts, data: or any host, or is not set")
    if all(_any(_sources(policy, "object-src"), _BROAD) for policy in policies):
        return result(-20, "object-src allows any host, or is not set")
    if response.secure and all(_insecure(_active(policy)) for policy in policies):
        return result(-20, "an http: source for active content")
    if all(_evaluates(policy) for policy in policies):
        return result(-10, "'unsafe-eval'")
    if response.secure and all(_insecure(_passive(policy)) for policy in policies):
        return result(-10, "an http: source for images or media")
    if all(_inline_or_broad(_sources(policy, "style-src")) for policy in policies):
        return result(0, "unsafe sources in style-src only")
    closed = any(policy.get("default-src") in (("'none'",), ()) for policy in policies)
    forms = any(policy.get("form-action") in (("'none'",), ("'self'",), ()) for policy in policies)
    return result(10, "default-src 'none'") if closed and forms else result(5, "no unsafe source")


def _repeats(policy: str) -> bool:
    names = [part.split()[0].lower() for part in policy.split(";") if part.strip()]
    counted = [name for name in names if name not in ("report-uri", "report-to")]
    return len(counted) != len(set(counted))


def _sources(policy: Policy, directive: str) -> tuple[str, ...]:
    """The sources that count, without those that a browser ignores beside a nonce or hash."""
    sources = sources_of(policy, directive)
    if sources is None:
        return _EVERYTHING
    if trusted_by_token(sources):
        sources = tuple(source for source in sources if source != "'unsafe-inline'")
        if directive == "script-src" and "'strict-dynamic'" in sources:
            sources = tuple(source for source in sources if source != "'self'" and not source.startswith(_BROAD))
    return sources


def _evaluates(policy: Policy) -> bool:
    return "'unsafe-eval'" in (*_sources(policy, "script-src"), *(sources_of(policy, "style-src") or ()))


def _any(sources: Sequence[str], unwanted: Sequence[str]) -> bool:
    return any(source in unwanted for source in sources)


def _inline_or_broad(sources: Sequence[str]) -> bool:
    return _any(sources, (*_BROAD, "'unsafe-inline'", "data:"))


def _insecure(sources: Sequence[str]) -> bool:
    return any(source.startswith(("http:", "ftp:")) for source in sources)


def _active(policy: Policy) -> list[str]:
    others = [
        each
        for name, sources in policy.items()
        if name not in ("img-src", "media-src", "script-src")
        for each in sources
    ]
    return [*others, *_sources(policy, "script-src")]


def _passive(policy: Policy) -> list[str]:
    return [source for name in ("img-src", "media-src") for source in sources_of(policy, name) or ()]


def _cookies(cookies: Sequence[Cookie], hsts: bool) -> Result:
    worst = Result("cookies", 0, "no cookie" if not cookies else "Secure, sessions HttpOnly")
    for cookie in cookies:
        session = any(word in cookie.name.lower() for word in ("login", "sess"))
        for broken, modifier, why in (
            (session and not cookie.secure and not hsts, -40, "a session cookie without Secure"),
            (session and not cookie.http_only, -30, "a session cookie without HttpOnly"),
            (cookie.same_site not in ("", "none", "lax", "strict"), -20, "an invalid SameSite"),
            (cookie.same_site == "none" and not cookie.secure, -20, "SameSite=None without Secure"),
            ("csrf" in cookie.name.lower() and not cookie.same_site, -20, "an anti-CSRF cookie without SameSite"),
            (not cookie.secure and not hsts, -20, "a cookie without Secure"),
            (session and not cookie.secure, -10, "a session cookie without Secure, behind HSTS"),
            (not cookie.secure, -5, "a cookie without Secure, behind HSTS"),
        ):
            if broken and modifier < worst.modifier:
                worst = Result("cookies", modifier, f"{why} ({cookie.name})")
    if cookies and worst.modifier == 0 and all(cookie.same_site for cookie in cookies):
        return Result("cookies", 5, "Secure, sessions HttpOnly, SameSite")
    return worst


def _redirection(plain: PlainAnswer, root_page: Page) -> Result:
    def result(modifier: int, why: str) -> Result:
        return Result("redirection", modifier, why)

    if plain.answer is None:
        return result(0, "nothing answers on plain http")
    goal = urlsplit(plain.answer.location)
    if not plain.answer.location:
        return result(-20, f"plain http is answered {plain.answer.status} without a redirect")
    if goal.scheme != "https":
        return result(-10, "plain http is redirected to plain http first")
    hosts = (urlsplit(plain.url).hostname, urlsplit(root_page.url).hostname)
    return (
        result(0, "to https") if goal.hostname in hosts else result(-5, f"the first redirect leads to {goal.hostname}")
    )


def _referrer(response: Response, markup: Markup | None) -> Result:
    metas = [content for name, content in markup.names if name == "referrer"] if markup else []
    value = response.header("referrer-policy")
    policy = referrer_of(value, metas)
    if not value and not metas:
        return Result("referrer-policy", 0, "no header")
    if policy in SAFE_REFERRER:
        return Result("referrer-policy", 5, policy)
    return Result("referrer-policy", -5, policy if policy in OPEN_REFERRER else "invalid")


def _hsts(response: Response) -> Result:
    def result(modifier: int, why: str) -> Result:
        return Result("strict-transport-security", modifier, why)

    values = response.values("strict-transport-security")
    if not response.secure:
        return result(-20, "plain http")
    if len(values) != 1:
        return result(-20, f"{len(values)} headers" if values else "no header")
    parsed = parse_hsts(values[0])
    if parsed is None:
        return result(-20, "invalid")
    return result(0 if parsed.max_age >= HALF_A_YEAR else -10, f"max-age={parsed.max_age}")


def _integrity(response: Response, markup: Markup | None) -> Result:
    def result(modifier: int, why: str) -> Result:
        return Result("subresource-integrity", modifier, why)

    if markup is None:
        return result(0, "not a page of HTML")
    scripts = [script for script in markup.scripts if script.src]
    host = urlsplit(response.url).hostname or ""
    worst, protected = 0, False
    for script in scripts:
        bare = script.src.startswith("//")
        try:
            parts = urlsplit(script.src)
        except ValueError:
            continue
        if not bare and _related(parts.hostname or host, host):
            protected = protected or bool(script.integrity and response.secure)
        else:
            insecure = bare or parts.scheme != "https"
            points = (-20 if insecure else 0) if script.integrity else (-50 if insecure else -5)
            worst, protected = min(worst, points), True
    if worst:
        return result(worst, "scripts of other origins without integrity, or not over https")
    return (
        result(5, "scripts with integrity") if protected else result(0, "own scripts only" if scripts else "no scripts")
    )


def _related(one: str, other: str) -> bool:
    # The Observatory compares registered domains, for which one needs a list of public suffixes.
    return one == other or one.endswith(f".{other}") or other.endswith(f".{one}")


def _content_type_options(response: Response) -> Result:
    right = response.header("x-content-type-options").strip().lower() == "nosniff"
    return Result("x-content-type-options", 0 if right else -5, "nosniff" if right else "no nosniff")


def _frame_options(response: Response) -> Result:
    value = frame_option(response)
    policies = parse_csp(response.values("content-security-policy"))
    framing = [policy["frame-ancestors"] for policy in policies if "frame-ancestors" in policy]
    if any(not _any(sources, _BROAD) for sources in framing):
        return Result("x-frame-options", 5, "frame-ancestors")
    if value in ("deny", "sameorigin"):
        return Result("x-frame-options", 5, value)
    if value.startswith("allow-from "):
        return Result("x-frame-options", 0, "allow-from")
    return Result("x-frame-options", -20, "invalid" if value else "neither X-Frame-Options nor frame-ancestors")


_CROSS_ORIGIN: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    ("cross-origin-resource-policy", ("same-origin", "same-site"), ("cross-origin",)),
    ("cross-origin-embedder-policy", ("require-corp", "credentialless"), ("unsafe-none",)),
    (
        "cross-origin-opener-policy",
        ("same-origin", "same-origin-allow-popups", "noopener-allow-popups"),
        ("unsafe-none",),
    ),
)


def _cross_origin(response: Response) -> list[Result]:
    results = []
    for name, good, neutral in _CROSS_ORIGIN:
        value = response.header(name).partition(";")[0].strip().lower()
        modifier = 10 if value in good else 0 if value in neutral or not value else -5
        results.append(Result(name, modifier, value if modifier >= 0 else "invalid"))
    return results
