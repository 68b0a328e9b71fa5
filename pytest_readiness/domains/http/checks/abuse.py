"""What strangers may ask for: foreign origins, foreign hosts, odd methods, more than their share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field

from pytest_readiness.core.evidence import CouldNotVerify, Evidence, claim
from pytest_readiness.core.registry import Asks, check
from pytest_readiness.core.spelling import spelled
from pytest_readiness.domains.http.checks.access import Name, declared
from pytest_readiness.domains.http.facts.pages import on_host
from pytest_readiness.domains.http.facts.probes import Probe, Reply
from pytest_readiness.domains.http.facts.series import MAX_RECOVERY, Burst, BurstResult
from pytest_readiness.domains.http.internals import readings_of
from pytest_readiness.domains.http.origins import FOREIGN, lookalikes
from pytest_readiness.domains.http.resource import HeaderName, Url, UrlPath
from pytest_readiness.protocols.http.addresses import shown
from pytest_readiness.protocols.http.answer import Response

Origin = Annotated[
    str, spelled(r"^https?://[^\s/]+$", "an origin alone, such as https://shop.example.com, without a path")
]
Method = Annotated[str, spelled(r"^[A-Z]+$", "a method in capitals, such as PUT")]


def in_order(answer: Response) -> bool:
    """Whether an answer is neither "ask later" nor "something is broken"."""
    return answer.status != 429 and answer.status < 500


DEVELOPERS = (
    "http://localhost",
    *(f"http://localhost:{port}" for port in (1234, 3000, 3001, 4000, 4173, 4200, 4321, 5000, 5173, 5500, 6006)),
    *(f"http://localhost:{port}" for port in (8000, 8080, 8081, 8100, 8888, 9000, 19006)),
    *(f"http://127.0.0.1:{port}" for port in (3000, 5173, 5500, 8000, 8080)),
    "http://[::1]:3000",
    "https://localhost",
    *(f"https://localhost:{port}" for port in (3000, 5001, 5173)),
)
"""Where development servers run; a page there may be anybody's who runs a program on a user's machine."""


def _strangers(url: Url, origins: list[str] | None) -> dict[str, str]:
    """Origins that must get no permission, by what they are: foreign ones, and what a loose comparison lets in."""
    parts = urlsplit(url.url)
    found = {"a foreign origin": FOREIGN, "null": "null"}
    owners = {"the endpoint's": f"{parts.scheme}://{parts.netloc}"} | {each: each for each in origins or ()}
    for whose, own in owners.items():
        found |= lookalikes(own, whose)
        scheme, _, place = own.partition("://")
        if scheme == "https":
            name = "the endpoint's own host over http" if own != whose else f"{whose} over http"
            found[name] = f"http://{place.partition(':')[0]}"
    found |= {f"a developer's origin ({each})": each for each in DEVELOPERS}
    mine = set(owners.values())
    return {name: origin for name, origin in found.items() if origin not in mine}


def _sent(url: Url, method: str, credential: str | None, headers: list[str] | None) -> list[str]:
    """The request headers that a page of a declared origin must be allowed to send, in lower case."""
    if headers is not None:
        return [each.lower() for each in headers]
    shown_ones = url.credential(credential).as_headers() if credential else ()
    own = [name.lower() for name, _ in shown_ones if name.lower() != "cookie"]
    return [*(["content-type"] if method in ("POST", "PUT", "PATCH") else []), *own]


def _cors_probes(
    url: Url, path: str, origins: list[str] | None, method: str, credential: str | None, headers: list[str] | None
) -> Asks:
    declared(url, credential)
    shown_one = credential or ""
    sent = _sent(url, method, credential, headers)
    probes = [Probe("GET", path, credential=shown_one, apart=True, keep=False)]
    for origin in (*_strangers(url, origins).values(), *(origins or ())):
        wants = [("Origin", origin), ("Access-Control-Request-Method", method)]
        wants += [("Access-Control-Request-Headers", ",".join(sorted(sent)))] if sent else []
        probes.append(Probe("GET", path, (("Origin", origin),), credential=shown_one, apart=True, keep=False))
        probes.append(Probe("OPTIONS", path, tuple(wants), apart=True, keep=False))
    return {"probes": tuple(probes)}


@check(
    "http.cors",
    severity="high",
    remedy="Name the origins that may read answers one by one, compare them whole, never echo what a request says.",
    source="Fetch standard, section 3.2 (HTTP CORS protocol); OWASP WSTG-CLNT-07",
    check_class="active",
    asks=_cors_probes,
)
def cors(
    url: Url,
    probes: tuple[Reply, ...],
    *,
    path: UrlPath = "/",
    origins: Annotated[list[Origin], Field(min_length=1)] | None = None,
    method: Method = "POST",
    headers: list[HeaderName] | None = None,
    credential: Name | None = None,
    public: bool = False,
) -> Evidence:
    """Foreign origins may not read the path's answers by CORS, and the declared ones may.

    Sends: a GET without an Origin, which must be answered 2xx; then for each origin a GET and a preflight (OPTIONS).
    The origins are a foreign one, "null", those of the usual development servers on localhost, and for the endpoint and
    each declared origin what a loose comparison lets in: one that begins like it, one that ends like it, it over http,
    and it with another character in place of a dot; and the declared ones. That is some seventy requests, and some ten
    for each declared origin. An Origin gets permission by Access-Control-Allow-Origin with its own name or `*`; a
    connection that is closed on a foreign one gives none. Not tried: subdomains of the endpoint's host, and other
    paths.

    Args:
        path: path on the host. /: the root; an API's own path says more.
        origins: origins that must get permission (`https://shop.example.com`). Default: none has to.
        method: method that the preflights ask for. POST: the usual one that needs a preflight.
        headers: request headers that the declared origins must be allowed to send. Default: Content-Type where the
            method is POST, PUT or PATCH, and those of the credential.
        credential: name of the credential that the GETs show, for a path that answers only to one. Default: none.
        public: whether everyone may read: `*` is then allowed, but not together with
            Access-Control-Allow-Credentials, and no other permission for a foreign origin.
    """
    control, *rest = probes
    place = shown(on_host(url, path))
    if not 200 <= control.got.status <= 299:
        raise CouldNotVerify(
            f"GET {place} was answered {control.got.status}, and CORS may look different on a 2xx answer"
        )
    strangers = _strangers(url, origins)
    for (name, origin), simple, preflight in zip(
        [*strangers.items(), *((each, each) for each in origins or ())], rest[::2], rest[1::2], strict=True
    ):
        for what, reply in (("a GET", simple), ("a preflight", preflight)):
            if reply.answer is None and name in strangers:
                # Nobody can read what is not answered; that the server lives, the other answers show.
                continue
            answer = reply.got
            if not in_order(answer):
                raise CouldNotVerify(f"{what} of {place} with {name} as Origin was answered {answer.status}")
            allowed = answer.header("access-control-allow-origin")
            credentials = answer.header("access-control-allow-credentials").lower() == "true"
            said = f"Access-Control-Allow-Origin: {allowed or 'none'}{', with credentials' if credentials else ''}"
            seen = f"{said} in the answer to {what} of {place}"
            claim(
                allowed != "*" or not credentials,
                expected="no Access-Control-Allow-Origin: * together with Access-Control-Allow-Credentials",
                seen=seen,
            )
            if name in strangers:
                claim(
                    allowed not in (origin, "*", "null") or (public and allowed == "*"),
                    expected=f"no permission for {name} ({origin})",
                    seen=seen,
                )
            else:
                claim(
                    allowed == origin or (public and allowed == "*"),
                    expected=f"Access-Control-Allow-Origin: {origin}",
                    seen=seen,
                )
        if name not in strangers:
            _granted(preflight.got, origin, method, _sent(url, method, credential, headers))
    told = f"{len(strangers)} foreign origins get {'no permission but *' if public else 'no permission'}"
    return Evidence(f"{place}: {told}" + (f"; {', '.join(origins)} may read" if origins else ""))


def _granted(preflight: Response, origin: str, method: str, sent: list[str]) -> None:
    methods = [each.strip() for each in preflight.header("access-control-allow-methods").split(",")]
    allowed = [each.strip().lower() for each in preflight.header("access-control-allow-headers").split(",")]
    credentials = preflight.header("access-control-allow-credentials").lower() == "true"
    # With credentials a star is a name like any other, and it never stands for Authorization.
    any_method, any_header = ("*" in names and not credentials for names in (methods, allowed))
    claim(
        200 <= preflight.status <= 299 and (method in methods or any_method or method in ("GET", "HEAD", "POST")),
        expected=f"2xx that allows {method} to a preflight of {origin}",
        seen=f"{preflight.status} with Access-Control-Allow-Methods: {', '.join(filter(None, methods)) or 'none'}",
    )
    lacking = [each for each in sent if each not in allowed and (each == "authorization" or not any_header)]
    claim(
        not lacking,
        expected=f"2xx that allows the headers {', '.join(sent)} to a preflight of {origin}",
        seen=f"Access-Control-Allow-Headers: {', '.join(filter(None, allowed)) or 'none'}",
    )


FOREIGN_HOSTS = {
    "Host": "readiness-host.example",
    "X-Forwarded-Host": "readiness-forwarded.example",
    "Forwarded": "readiness-rfc7239.example",
    "X-Host": "readiness-x-host.example",
    "X-Original-Host": "readiness-original.example",
    "X-Forwarded-Server": "readiness-server.example",
}


def _host_probes(_: Url, paths: list[str]) -> Asks:
    def trial(path: str) -> tuple[Probe, ...]:
        foreign = [
            Probe("GET", path, ((header, f"host={name}" if header == "Forwarded" else name),), apart=True)
            for header, name in FOREIGN_HOSTS.items()
        ]
        return (Probe("GET", path, apart=True), *foreign, Probe("GET", path, apart=True))

    return {"probes": [trial(path) for path in paths]}


@check(
    "http.host_header",
    severity="high",
    remedy="Answer only the host names that are yours (421 or 400 for the rest), build links from a configured "
    "address, and trust forwarding headers of your own proxy only.",
    source="OWASP WSTG-INPV-17; CWE-644; RFC 9110 section 7.4",
    check_class="active",
    asks=_host_probes,
)
def host_header(
    probes: Mapping[tuple[Probe, ...], tuple[Reply, ...]],
    *,
    paths: Annotated[list[UrlPath], Field(min_length=1)] = ["/"],  # noqa: B006 (never changed)
) -> Evidence:
    """A foreign host name in a request is refused, or not reflected.

    Sends: to each path a GET as usual, one each with a foreign Host, X-Forwarded-Host, Forwarded, X-Host,
    X-Original-Host and X-Forwarded-Server, and one as usual again: eight requests, each with a query of its own, so
    that no cache keeps what comes back. Reflected means: the foreign name is in the body or in a header, such as
    Location or a cookie's Domain. Refused means a 4xx or a closed connection. What is mailed, such as a link to reset a
    password, is not seen.

    Args:
        paths: paths on the host, at least one; those that build links, such as the login, show most. /: the root.
    """
    seen = []
    for path, (before, *foreign, after) in zip(dict.fromkeys(paths), probes.values(), strict=True):
        for usual in (before, after):
            if usual.got.status >= 400:
                raise CouldNotVerify(f"GET {path} as usual was answered {usual.got.status}, so nothing is proven")
        told = []
        for (header, name), reply in zip(FOREIGN_HOSTS.items(), foreign, strict=True):
            answer = reply.answer
            if answer is None:
                told.append(f"{header} closed")
                continue
            if not in_order(answer):
                raise CouldNotVerify(f"GET {path} with a foreign {header} was answered {answer.status}")
            where = [each for each, value in answer.headers if name in value.lower()]
            where += ["the body"] if any(name in each.lower() for each in readings_of(answer.body)) else []
            claim(
                not where,
                expected=f"no foreign {header} in the answer to GET {path}",
                seen=f"{name} in {', '.join(dict.fromkeys(where))} of a {answer.status}",
            )
            if answer.truncated and answer.status < 400:
                raise CouldNotVerify(f"the answer to GET {path} is too long to be searched as a whole")
            told.append(f"{header} {answer.status}")
        seen.append(f"{path}: {', '.join(told)}")
    return Evidence(f"not reflected: {'; '.join(seen)}")


ODD_METHODS = ("TRACE", "TRACK", "DEBUG", "READINESS")


def _method_probes(_: Url, path: str) -> Asks:
    odd = (Probe(method, path, (("X-Readiness", "readiness-echo"),)) for method in ODD_METHODS)
    return {"probes": (Probe("GET", path, keep=False), Probe("OPTIONS", path, keep=False), *odd)}


@check(
    "http.methods",
    severity="medium",
    remedy="Answer TRACE, TRACK and every method that a path does not need 405, in the web server or the framework.",
    source="RFC 9110 sections 9.3.8 and 15.5.6; OWASP WSTG-CONF-06",
    check_class="active",
    asks=_method_probes,
)
def methods(
    probes: tuple[Reply, ...],
    *,
    path: UrlPath = "/",
    allowed: Annotated[list[Method], Field(min_length=1)] | None = None,
) -> Evidence:
    """TRACE, TRACK, DEBUG and an invented method are refused, and Allow headers name no undeclared one.

    Sends: a GET, which must be answered below 400, an OPTIONS, and one request each with TRACE, TRACK, DEBUG and
    READINESS, which is not defined. Refused means a 4xx or 501, or a closed connection; a redirect, a 401, a 429 and
    other 5xx are not a refusal of the method. PUT, PATCH and DELETE could do harm and are not sent: which of them are
    offered is read from the Allow headers, and is not known where no answer has one. Other paths are not looked at.

    Args:
        path: path on the host. /: the root.
        allowed: methods that the Allow headers may name; then some answer must have one. Default: any but TRACE, TRACK,
            DEBUG and CONNECT.
    """
    get, options, *odd = probes
    if get.got.status >= 400:
        raise CouldNotVerify(f"GET {path} was answered {get.got.status}, so refusing other methods proves nothing")
    seen, offered = [], list[str]()
    for method, reply in zip(("OPTIONS", *ODD_METHODS), (options, *odd), strict=True):
        answer = reply.answer
        if answer is None:
            seen.append(f"{method} closed")
            continue
        offered += [each.strip() for each in answer.header("allow").split(",") if each.strip()]
        if method != "OPTIONS":
            echo = " that echoes the request" if "readiness-echo" in answer.body else ""
            claim(
                not 200 <= answer.status <= 299,
                expected=f"405 or another refusal of {method} {path}",
                seen=f"{answer.status}{echo}",
            )
            if answer.status < 400 or answer.status in (401, 408, 429) or answer.status in (500, *range(502, 600)):
                raise CouldNotVerify(
                    f"{method} {path} was answered {answer.status}, which is not a refusal of the method"
                )
        seen.append(f"{method} {answer.status}")
    names = list(dict.fromkeys(offered))
    forbidden = [name for name in names if (name not in allowed if allowed else name in (*ODD_METHODS, "CONNECT"))]
    claim(
        not forbidden,
        expected=f"Allow: {', '.join(allowed)} from {path}" if allowed else f"no odd method in the Allow of {path}",
        seen=f"Allow: {', '.join(names)}",
    )
    if allowed and not names:
        raise CouldNotVerify(f"no answer of {path} has an Allow header, so its methods are not known")
    return Evidence(f"{path}: {', '.join(seen)}" + (f"; Allow: {', '.join(names)}" if names else ""))


def _burst(url: Url, path: str, limit: int, burst_size: int | None, recovery: int, credential: str | None) -> Asks:
    declared(url, credential)
    return {"burst": Burst(path, burst_size or _default_burst(limit), recovery, credential or "")}


def _default_burst(limit: int) -> int:
    return limit + limit // 4 + 5


@check(
    "http.rate_limit",
    severity="high",
    remedy="Limit requests per client at the proxy or in the application, and answer 429 with Retry-After beyond.",
    source="RFC 6585 section 4; OWASP API Security Top 10 API4:2023",
    check_class="active",
    asks=_burst,
)
def rate_limit(
    burst: BurstResult,
    *,
    path: UrlPath,
    limit: Annotated[int, Field(ge=2, le=1000)],
    burst_size: Annotated[int, Field(ge=2, le=2000)] | None = None,
    retry_after: bool = True,
    recovery: Annotated[int, Field(ge=1, le=MAX_RECOVERY)] = 65,
    credential: Name | None = None,
) -> Evidence:
    """A burst of requests is throttled by 429, and the service answers again afterwards.

    Sends: GETs one after the other on one connection, while nothing else reads the endpoint, up to the first 429 and
    at most `burst_size` within 60 s; then, after the time that Retry-After names (or 1 s, doubled each time), one after
    the other until it is no longer answered 429, at most for `recovery` seconds; a redirect where there was none before
    is no such answer. The limit of one client is seen, as far as one connection can be fast: declare a path that is
    limited per minute rather than one per millisecond.

    Args:
        path: path on the host, which must answer below 400 at first.
        limit: requests that are let through at once, 2 to 1000, as the limit is declared.
        burst_size: most requests of the burst. Default: the limit and a quarter and five more, for what a window that
            moves lets through meanwhile.
        retry_after: whether the 429 must say when to come back. true: RFC 6585 suggests it, and clients need it.
        recovery: seconds within which the endpoint must answer again, 1 to 300. 65: a window of a minute.
        credential: name of the credential that the requests show. Default: none.
    """
    most = burst_size or _default_burst(limit)
    count, last = len(burst.statuses), burst.statuses[-1]
    figures = f"{count} requests within {burst.seconds:.1f} s"
    let_through = burst.statuses[:-1] if last == 429 else burst.statuses
    if not let_through:
        raise CouldNotVerify(f"GET {path} was answered 429 to the first request, so no limit was seen")
    bad = next((status for status in let_through if status >= 400), None)
    if bad is not None and let_through[0] >= 400:
        raise CouldNotVerify(f"GET {path} was answered {bad} to the first request, so no limit was seen")
    claim(not bad, expected=f"429 from GET {path} beyond the limit", seen=f"{bad} among {figures}")
    if last != 429 and count < most:
        raise CouldNotVerify(f"GET {path} took too long: {figures}, of {most}, and no 429")
    claim(last == 429, expected=f"429 from GET {path} within {most} requests", seen=f"none in {figures}")
    wait = f" with Retry-After {burst.retry_after}" if burst.retry_after else ""
    claim(
        bool(wait) or not retry_after, expected=f"429 with Retry-After from GET {path}", seen="429 without Retry-After"
    )
    claim(
        burst.useful or not retry_after,
        expected=f"429 with a Retry-After of seconds or a date to come from GET {path}",
        seen=f"429{wait}",
    )
    if burst.waited is None:
        raise CouldNotVerify(f"GET {path} was answered 429{wait}, and recovery in that time exceeds {recovery} s")
    # A redirect in place of an answer leads to a page that says one is blocked.
    limit_after = 400 if let_through[0] >= 300 else 300
    expected = f"GET {path} answered below {limit_after} again within {recovery} s"
    claim(
        burst.after is not None and burst.after < limit_after,
        expected=expected,
        seen=f"{burst.after} after {burst.waited:.1f} s",
    )
    early = f"The limit of {limit} was hit after {len(let_through)} requests." if len(let_through) < limit // 2 else ""
    return Evidence(
        f"GET {path}: 429{wait} after {len(let_through)} requests within {burst.seconds:.1f} s, "
        f"{burst.after} again {burst.waited:.1f} s later",
        warning=early,
    )
