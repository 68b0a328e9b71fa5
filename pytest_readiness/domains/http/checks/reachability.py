"""How a web endpoint behaves: it answers, redirects, reports its health, is fast."""

from __future__ import annotations

import json as jsonlib
import math
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import Field

from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify, Evidence, NotDeclared, claim
from pytest_readiness.core.registry import Asks, AsksOf, check
from pytest_readiness.core.text import cut, figure
from pytest_readiness.domains.http.facts.pages import (
    AtAddress,
    Beside,
    Latency,
    Page,
    PlainAnswer,
    Samples,
    verify_now,
)
from pytest_readiness.domains.http.resource import Url, UrlPath
from pytest_readiness.domains.http.unknown import Unknown
from pytest_readiness.domains.tls.facts.connection import Connection
from pytest_readiness.protocols.http.addresses import shown
from pytest_readiness.protocols.http.answer import Response

Scalar = str | bool | int | float | None

UP = frozenset(
    (
        *("up", "ok", "okay", "healthy", "pass", "passed", "passing", "connected", "available", "alive", "ready"),
        *("online", "running", "success", "serving", "working", "green", "true", "pong"),
    )
)
"""Words of health reports for "works" (Spring Boot, MicroProfile, ASP.NET, the health+json draft, and common ones)."""
DOWN = frozenset(
    (
        *("down", "error", "fail", "failed", "failing", "failure", "unhealthy", "disconnected", "unavailable", "dead"),
        *("offline", "stopped", "timeout", "critical", "degraded", "warn", "warning", "unknown", "not_ready"),
        *("outofservice", "out_of_service", "not_serving", "yellow", "red", "false"),
    )
)
"""Words for everything other than "works"; "degraded" and "warn" are not up."""
_WORDS = ("status", "state", "healthy")
"""Names of the fields that say whether something is up."""
_FLAGS = frozenset(
    (
        "ishealthy",
        "ok",
        "isok",
        "up",
        "isup",
        "success",
        "connected",
        "reachable",
        "available",
        "alive",
        "ready",
        "online",
    )
)
"""Names of fields that say so where they are true or false."""
_FAULTS = frozenset(("error", "errors", "errormessage", "error_message", "exception", "failure", "failures"))
"""Names of fields that hold what went wrong."""
_CODES = frozenset(
    ("statuscode", "status_code", "httpstatus", "http_status", "httpcode", "responsecode", "response_code")
)
"""Names of fields that hold the status of an answer."""
_NO_FAULT: tuple[Any, ...] = ("", "none", "None", "null", "no", "ok", "OK", "-", [], {})


@check(
    "http.reachable",
    severity="critical",
    remedy="Make the endpoint answer with the expected status, over TLS with a certificate that clients trust.",
    source="RFC 9110 section 15; RFC 9110 section 4.3.4 (https certificate verification)",
    asks=lambda _, path: {"page": path},
)
def reachable(
    page: Page | None,
    root_page: Page,
    root_elsewhere: tuple[AtAddress, ...],
    connection: Connection,
    *,
    path: UrlPath | None = None,
    status: Annotated[int, Field(ge=100, le=599)] = 200,
) -> Evidence:
    """The endpoint answers with the expected status over verified TLS.

    The answer's own status counts; at the endpoint's root also the status that redirects within the same host end with.
    Over plain http, or with a certificate that does not verify, the claim is false. Where the name has several
    addresses, one is asked for all that is checked of the endpoint. At each of the first eight, TLS is verified and the
    declared address must be answered with the same status; a warning tells of one that cannot be reached, or whose
    answer has other headers by which browsers protect the page. A warning also says where a cache answered. That the
    path exists is not seen: many sites answer every path alike.

    Args:
        path: path on the host, beginning with a slash. Default: the declared address itself.
        status: expected status code. 200: OK by RFC 9110.
    """
    seen = page or root_page
    expected = f"status {status} over verified TLS"
    claim(not seen.tls_error, expected=expected, seen=f"no answer, because {seen.tls_error}")
    steps = " -> ".join(f"{answer.status} {_to(answer)}".strip() for answer in seen.answers)
    if seen.endless:
        steps += f", still redirected after {len(seen.answers)} answers"
    ends = (seen.answers[0], seen.answers[-1])
    if gate := ends[1].challenge:
        raise CouldNotVerify(f"GET {shown(seen.url)} was answered {steps} by {gate}, which turns programs away")
    claim(status in {answer.status for answer in ends}, expected=expected, seen=f"{steps} from {shown(seen.url)}")
    judged = next(answer for answer in reversed(ends) if answer.status == status)
    claim(judged.secure, expected=expected, seen=f"{steps} over plain http from {shown(seen.url)}")
    if connection.elsewhere is None:
        raise CouldNotVerify("whether the name has other addresses, and what answers there, was not looked at")
    others = connection.elsewhere
    refused = [f"{each.address} ({each.fault})" for each in others if each.reached and each.fault]
    claim(
        not refused, expected=f"{expected} at each address of the name", seen=f"no verified TLS at {', '.join(refused)}"
    )
    first = root_page.first.status
    unlike = [
        f"{each.status or 'no answer'} at {each.address}{f' ({each.problem})' if each.problem else ''}"
        for each in root_elsewhere
        if each.status != first
    ]
    claim(
        not unlike,
        expected=f"GET {shown(root_page.url)} answered {first} at each address of the name",
        seen=cut("; ".join(unlike), 300),
    )
    unseen = [each.address for each in others if not each.reached]
    other = [f"{each.address} ({', '.join(each.unlike)})" for each in root_elsewhere if each.unlike]
    warnings = (
        f"Headers differ at other addresses of the name: {'; '.join(other)}." if other else "",
        f"A cache answered ({judged.stored}), whatever is behind it." if judged.stored else "",
        f"The name has addresses that could not be reached from here: {', '.join(unseen)}." if unseen else "",
    )
    return Evidence(
        f"GET {shown(seen.url)}: {steps} over verified TLS, {judged.seconds * 1000:.1f} ms",
        warning=" ".join(filter(None, warnings)),
    )


def _to(answer: Response) -> str:
    return f"to {shown(answer.location)}" if answer.location else ""


@check(
    "http.https_redirect",
    severity="high",
    remedy="Answer every plain http request with 301 or 308 to the same address over https.",
    source="OWASP HTTP Strict Transport Security cheat sheet; RFC 9110 sections 15.4.2 and 15.4.9",
)
def https_redirect(url: Url, plain_response: PlainAnswer) -> Evidence:
    """The root over plain http is answered by a permanent redirect to https on the same host, before any content.

    Looked at: the first answer to the root of the target's `plain_http` address, by default port 80 of the same host;
    not other paths, nor what is answered where it leads. A temporary redirect, a redirect to another host or port than
    the declared address, and a redirect that a script or a meta element makes, do not count; nor does a port that
    refuses connections, since visitors who type the bare name then get nothing.
    """
    place = shown(plain_response.url)
    host = urlsplit(url.url).netloc
    expected = f"301 or 308 from {place} to https://{host}"
    answer = plain_response.answer
    if answer is None:
        if plain_response.nobody == "timeout":
            raise CouldNotVerify(f"{place} did not accept a connection in time; a firewall may be in between")
        raise ClaimFalse(expected, f"{place} refused the connection")
    seen = f"{answer.status} {_to(answer)}".strip()
    if answer.challenge or answer.status == 429 or answer.status >= 500:
        raise CouldNotVerify(f"GET {place} was answered {answer.status}{answer.challenge and ' by '}{answer.challenge}")
    claim(answer.status in (301, 308), expected=expected, seen=seen)
    goal = urlsplit(answer.location)
    same_port = not url.secure or (goal.port or 443) == url.port
    claim(
        goal.scheme == "https" and goal.hostname == url.host and same_port,
        expected=expected,
        seen=seen if answer.location else f"{answer.status} without a readable Location",
    )
    cookies = answer.values("set-cookie")
    return Evidence(
        f"{place}: {seen}",
        warning="The redirect sets a cookie, which crosses the network in clear." if cookies else "",
    )


def _asks_for(kind: Literal["health", "readiness", "liveness"]) -> AsksOf:
    def asks(url: Url, path: str | None) -> Asks:
        declared: str | None = path or getattr(url, kind)
        if not declared:
            raise NotDeclared(f"{url.name} declares no {kind} path, and the binding names no path")
        return {"page": declared, "unknown_beside": Beside(declared)}

    return asks


_PROBE_REMEDY = "Make the endpoint answer 2xx quickly, with the declared fields, while the service works."
_PROBE_SOURCE = "Kubernetes: liveness, readiness and startup probes (timeoutSeconds defaults to 1 s)"

MaxMs = Annotated[float, Field(gt=0)]
Status = Annotated[int, Field(ge=200, le=299)]
Fields = Annotated[dict[str, Scalar], Field(min_length=1)]


@check(
    "http.health",
    severity="critical",
    remedy=_PROBE_REMEDY,
    source=_PROBE_SOURCE,
    asks=_asks_for("health"),
)
def health(
    page: Page,
    unknown_beside: Unknown,
    *,
    path: UrlPath | None = None,
    status: Status | None = None,
    max_ms: MaxMs = 1000,
    json: Fields | None = None,
) -> Evidence:
    """The health endpoint answers 2xx in time, with the declared JSON fields.

    Its own answer counts, and a redirect fails. An answer that unknown paths beside it get as well, or that a cache
    kept for more than ten seconds, proves nothing. What the endpoint looks at before it answers is not seen here: see
    http.health_dependencies.

    Args:
        path: path on the host. Default: the target's `health`.
        status: exact status code between 200 and 299. Default: any of them.
        max_ms: longest accepted time to the last byte, in milliseconds, connecting not counted. 1000: the timeout of a
            Kubernetes probe.
        json: fields of the answer's JSON and their values; a dot leads into an object, a number into a list
            (`{"status": "ok", "checks.0.up": true}`). Default: the body is not looked at.
    """
    return _probe(page, unknown_beside, status, max_ms, json)


@check(
    "http.readiness",
    severity="high",
    remedy=_PROBE_REMEDY,
    source=_PROBE_SOURCE,
    asks=_asks_for("readiness"),
)
def readiness(
    page: Page,
    unknown_beside: Unknown,
    *,
    path: UrlPath | None = None,
    status: Status | None = None,
    max_ms: MaxMs = 1000,
    json: Fields | None = None,
) -> Evidence:
    """The readiness endpoint answers 2xx in time, with the declared JSON fields.

    What proves nothing is as for http.health.

    Args:
        path: path on the host. Default: the target's `readiness`.
        status: exact status code between 200 and 299. Default: any of them.
        max_ms: longest accepted time to the last byte, in milliseconds, connecting not counted. 1000: the timeout of a
            Kubernetes probe.
        json: fields of the answer's JSON and their values, as for http.health. Default: the body is not looked at.
    """
    return _probe(page, unknown_beside, status, max_ms, json)


@check(
    "http.liveness",
    severity="high",
    remedy=_PROBE_REMEDY,
    source=_PROBE_SOURCE,
    asks=_asks_for("liveness"),
)
def liveness(
    page: Page,
    unknown_beside: Unknown,
    *,
    path: UrlPath | None = None,
    status: Status | None = None,
    max_ms: MaxMs = 1000,
    json: Fields | None = None,
) -> Evidence:
    """The liveness endpoint answers 2xx in time, with the declared JSON fields.

    What proves nothing is as for http.health.

    Args:
        path: path on the host. Default: the target's `liveness`.
        status: exact status code between 200 and 299. Default: any of them.
        max_ms: longest accepted time to the last byte, in milliseconds, connecting not counted. 1000: the timeout of a
            Kubernetes probe.
        json: fields of the answer's JSON and their values, as for http.health. Default: the body is not looked at.
    """
    return _probe(page, unknown_beside, status, max_ms, json)


def _probe(
    page: Page, unknown: Unknown, status: int | None, max_ms: float, fields: Mapping[str, Scalar] | None
) -> Evidence:
    answer = page.first
    milliseconds = answer.seconds * 1000
    place, seen = shown(answer.url), f"{answer.status} {_to(answer)}".strip()
    right = answer.status == status if status else 200 <= answer.status <= 299
    claim(right, expected=f"{status or '2xx'} from {place}", seen=seen)
    took = f"{figure(milliseconds, max_ms)} ms"
    claim(milliseconds <= max_ms, expected=f"an answer from {place} within {max_ms:g} ms", seen=took)
    if fields:
        document = json_of(answer)
        for dotted, value in fields.items():
            found = at(document, dotted)
            said = "no such field" if found is MISSING else _said(found)
            # To Python, true is 1.
            same = found == value and isinstance(found, bool) == isinstance(value, bool)
            claim(same, expected=f"{dotted} = {jsonlib.dumps(value)} from {place}", seen=said)
            seen += f", {dotted} = {said}"
    verify_now(answer, unknown)
    return Evidence(f"GET {place}: {seen}, {took}")


MISSING = object()
"""What `at` returns for a field that is not there."""


def json_of(answer: Response) -> Any:
    """The JSON document in a body.

    Raises:
        ClaimFalse: the body is not JSON.
        CouldNotVerify: it is longer than what was read.
    """
    place = shown(answer.url)
    if answer.truncated:
        raise CouldNotVerify(f"the answer of {place} is too long to be read as JSON")
    try:
        return jsonlib.loads(answer.body)
    except (ValueError, RecursionError):
        # What it is instead is not shown: error pages hold settings and passwords.
        kind = answer.header("content-type").partition(";")[0].strip()
        said = (
            f"{len(answer.body)} characters of {cut(kind, 60) or 'no Content-Type'}" if answer.body else "an empty body"
        )
        raise ClaimFalse(f"JSON from {place}", f"{answer.status} with {said}") from None


def _said(value: Any) -> str:
    """A value as it may be shown: what is in an object or list, or no word, was not asked for and may be secret."""
    if isinstance(value, dict | list):
        return f"{'an object' if isinstance(value, dict) else 'a list'} of {len(value)}"
    if isinstance(value, str) and ("://" in value or "@" in value or "=" in value or len(value) > 60):
        return f"a text of {len(value)} characters"
    return cut(jsonlib.dumps(value, ensure_ascii=False), 70)


def at(document: Any, dotted: str) -> Any:
    """The value at a dotted path of a JSON document, or `MISSING`; a name may hold dots itself."""
    keys = dotted.split(".")
    while keys:
        if isinstance(document, dict):
            most = next((count for count in range(1, len(keys) + 1) if ".".join(keys[:count]) in document), 0)
            if not most:
                return MISSING
            document, keys = document[".".join(keys[:most])], keys[most:]
        elif isinstance(document, list) and keys[0].isdecimal() and int(keys[0]) < len(document):
            document, keys = document[int(keys[0])], keys[1:]
        else:
            return MISSING
    return document


@check(
    "http.health_dependencies",
    severity="high",
    remedy="Make the health endpoint look at each of these dependencies and report it, and repair those that are down.",
    source="draft-inadarei-api-health-check (health+json); Spring Boot Actuator; MicroProfile Health",
    asks=_asks_for("health"),
)
def health_dependencies(
    page: Page,
    unknown_beside: Unknown,
    *,
    names: Annotated[list[Annotated[str, Field(min_length=1)]], Field(min_length=1)],
    path: UrlPath | None = None,
) -> Evidence:
    """The health endpoint reports each named dependency as up.

    A dependency is found as a key anywhere in the JSON, or as an object with that `name`; wherever it is found, it must
    be up: `true`, a word such as "up", "ok", "healthy", "pass", "connected", or an object whose `status`, `state`
    and `healthy` are. What says up and holds an error, or something that is down, cannot be verified. A word that is
    not known is never taken for up; http.health with `json` compares any word. It is the application that reports here:
    how it found out is not seen.

    Args:
        names: the dependencies as the report spells them, at least one.
        path: path on the host. Default: the target's `health`.
    """
    answer = page.first
    place = shown(answer.url)
    expected = f"a 2xx answer from {place} that reports {', '.join(names)} as up"
    document = json_of(answer)
    problems, riddles, denials = [], [], []
    for name in names:
        found = list(_reports(document, name))
        reports = [word for value in found for word in _words(value)]
        states = [_state(word) for word in reports]
        said = ", ".join(dict.fromkeys(_said(word) for word in reports))
        if not reports:
            problems.append(f"{name} is not mentioned")
        elif False in states:
            problems.append(f"{name}: {said}")
        elif None in states:
            riddles.append(f"{name}: {said}")
        elif denial := next(filter(None, map(_denial, found)), ""):
            denials.append(f"{name} as up and within that {denial}")
    claim(not problems, expected=expected, seen=f"{answer.status}; {'; '.join(problems)}")
    claim(200 <= answer.status <= 299, expected=expected, seen=f"{answer.status} {_to(answer)}".strip())
    verify_now(answer, unknown_beside)
    if riddles:
        raise CouldNotVerify(
            f"{place} reports {'; '.join(riddles)}, which is not a known word for up or down "
            "(compare it by http.health with json)"
        )
    if denials:
        raise CouldNotVerify(f"{place} reports {'; '.join(denials)}, and only one of them can be true")
    return Evidence(f"GET {place}: {answer.status}; up: {', '.join(names)}")


def _reports(document: Any, name: str) -> Iterator[Any]:
    """What a health document says under a name, wherever it occurs."""
    pending = [document]
    while pending:
        node = pending.pop()
        if isinstance(node, dict):
            if name in node:
                yield node[name]
            if node.get("name") == name:
                yield node
            pending.extend(node.values())
        elif isinstance(node, list):
            pending.extend(node)


def _words(value: Any) -> list[Any]:
    """The words that decide whether a report means up; an undecidable report is returned as it is."""
    words = []
    for each in value if isinstance(value, list) and value else [value]:
        told = [word for key, word in each.items() if _tells(key, word)] if isinstance(each, dict) else []
        words += told or [each]
    return words


def _tells(key: str, word: Any) -> bool:
    return key.lower() in _WORDS or (isinstance(word, bool) and key.lower() in _FLAGS)


def _denial(report: Any) -> str:
    """What within a report that says up says the opposite, as `name: "down"`; "" where nothing does."""
    pending = [(report, False)]
    while pending:
        node, inner = pending.pop()
        if isinstance(node, list):
            pending += [(each, inner) for each in node]
        elif isinstance(node, dict):
            for key, value in node.items():
                # A number may count what has gone wrong since the beginning.
                if key.lower() in _FAULTS and isinstance(value, str | list | dict) and value not in _NO_FAULT:
                    return f"{cut(key, 40)}: …"
                if key.lower() in _CODES and isinstance(value, int) and 400 <= value <= 599:
                    return f"{cut(key, 40)}: {value}"
                if inner and _tells(key, value) and _state(value) is False:
                    return f"{cut(key, 40)}: {_said(value)}"
                pending.append((value, True))
    return ""


def _state(word: Any) -> bool | None:
    if isinstance(word, bool):
        return word
    if isinstance(word, str):
        lower = word.strip().lower()
        return True if lower in UP else False if lower in DOWN else None
    return None


@check(
    "http.response_time",
    severity="medium",
    remedy="Find out what the slow requests wait for (database, upstream, cold caches, too few workers).",
    source="Google SRE book, chapter 4 (percentiles, not averages)",
    asks=lambda _, path, samples: {
        "latency": Samples(path or "", samples),
        "page": path,
        "unknown_beside": Beside(path) if path else None,
    },
)
def response_time(
    latency: Latency,
    page: Page | None,
    unknown_beside: Unknown | None,
    *,
    p95_ms: Annotated[float, Field(gt=0)] = 500,
    warn_ms: Annotated[float, Field(gt=0)] | None = None,
    samples: Annotated[int, Field(ge=5, le=200)] = 20,
    path: UrlPath | None = None,
) -> Evidence:
    """The 95th percentile of the response times is within the limit.

    Requests are sent one after the other, on a connection that is kept where the server keeps it, while nothing else
    reads the endpoint; timed from sending to the last byte, without connecting. It is the time that a single visitor
    sees from the runner's place, not the time under load. Every answer must be below 400. Redirects within the host are
    followed first and not timed. A redirect to another host, of a declared path one to another page (such as a login),
    and what any unknown path gets, is not the page; where a cache answers, a warning says so.

    Args:
        p95_ms: limit for the 95th percentile (nearest rank), in milliseconds. 500: half of the second within which
            a user's flow of thought stays uninterrupted (Nielsen, response time limits).
        warn_ms: pass with a warning above this many milliseconds. Default: no warning.
        samples: number of requests, 5 to 200. 20: the fewest of which the 95th percentile is not the slowest.
        path: path on the host. Default: the page that a visitor of the root ends on.
    """
    place = shown(latency.url)
    bad = next((status for status in latency.statuses if status >= 400), None)
    claim(not bad, expected=f"answers below 400 from {place}", seen=f"{bad} among {len(latency.statuses)} answers")
    if latency.challenge:
        raise CouldNotVerify(f"GET {place} was answered by {latency.challenge}, which turns programs away")
    if latency.location:
        raise CouldNotVerify(f"GET {place} is redirected to {shown(latency.location)}, which was not timed")
    if page and unknown_beside and unknown_beside.like(page.first):
        raise CouldNotVerify(
            f"GET {shown(page.url)} was answered {page.first.status} like any unknown path; "
            "without 'path', the page of the root is timed"
        )
    if page:
        asked, end = (urlsplit(address).path.rstrip("/") for address in (page.url, latency.url))
        if end != asked and not end.startswith(f"{asked}/"):
            raise CouldNotVerify(
                f"GET {shown(page.url)} is redirected to {place}, which is another page; declare that one"
            )
    ordered = sorted(seconds * 1000 for seconds in latency.seconds)
    p50, p95 = (ordered[math.ceil(share * len(ordered)) - 1] for share in (0.50, 0.95))
    figures = f"p50 {p50:.1f} ms, p95 {figure(p95, p95_ms)} ms, max {ordered[-1]:.1f} ms"
    figures += f" of {len(ordered)} requests to {place}"
    if latency.connections > 1:
        figures += f" on {latency.connections} connections"
    claim(p95 <= p95_ms, expected=f"p95 of at most {p95_ms:g} ms", seen=figures)
    if len(ordered) < samples:
        raise CouldNotVerify(f"time ran out after {len(ordered)} of {samples} requests to {place}")
    warnings = [f"p95 is above {warn_ms:g} ms."] if warn_ms is not None and p95 > warn_ms else []
    warnings += [f"A cache answered ({latency.stored}): these are its times."] if latency.stored else []
    return Evidence(figures, warning=" ".join(warnings))
