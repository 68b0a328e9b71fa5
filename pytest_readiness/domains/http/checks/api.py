"""What an endpoint offers to programs: a versioned and described API, metrics, a web socket."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from pytest_readiness.core.evidence import CouldNotVerify, Evidence, NotDeclared, claim
from pytest_readiness.core.registry import Asks, check
from pytest_readiness.core.spelling import spelled
from pytest_readiness.core.text import cut
from pytest_readiness.domains.http.checks.access import admittance
from pytest_readiness.domains.http.checks.assets import media_type
from pytest_readiness.domains.http.checks.reachability import json_of
from pytest_readiness.domains.http.facts.admission import Admittance, Entrance
from pytest_readiness.domains.http.facts.api import Asked, DescribedBy, Exposition, Opening, Operations, Upgrade
from pytest_readiness.domains.http.facts.pages import Beside, verify_now
from pytest_readiness.domains.http.resource import Url, UrlPath
from pytest_readiness.domains.http.unknown import Unknown, respelled
from pytest_readiness.protocols.http.addresses import shown
from pytest_readiness.protocols.http.answer import Response

Name = Annotated[str, Field(min_length=1)]


def said(answer: Response) -> str:
    """Status of an answer, and where it leads to."""
    return f"{answer.status} to {shown(answer.location)}" if answer.location else f"{answer.status}"


_VERSION = re.compile(
    r"v\d+([._-]\d+)*((alpha|beta|rc)\d*)?|\d+\.\d+(\.\d+)*|20\d\d-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?",
    re.IGNORECASE,
)


@check(
    "http.versioned_api",
    severity="medium",
    remedy="Serve the API below a path that names its version, such as /api/v1/.",
    source="Google AIP-185; Microsoft REST API guidelines, versioning",
    asks=lambda _, paths, credential: {
        "api_answer": [Asked(path, credential or "") for path in paths],
        "unknown_beside": [Beside(path, credential or "") for path in paths],
    },
)
def versioned_api(
    api_answer: Mapping[Asked, Response],
    unknown_beside: Mapping[Beside, Unknown],
    *,
    paths: Annotated[list[UrlPath], Field(min_length=1)],
    credential: Name | None = None,
) -> Evidence:
    """The API's paths carry a version, and answer.

    Each path must have a part such as v1, v2.1, 1.0 or 2026-03-01, and answer 2xx with something other than a page and
    than what unknown paths get. Versions in a header or media type are not looked at.

    Args:
        paths: paths of the API, at least one (`/api/v1/products`); GET must answer them.
        credential: name of a credential of the target to show. Default: none.
    """
    told = []
    for path in dict.fromkeys(paths):
        answer, unknown = api_answer[Asked(path, credential or "")], unknown_beside[Beside(path, credential or "")]
        place = shown(answer.url)
        version = next((part for part in path.partition("?")[0].split("/") if _VERSION.fullmatch(part)), "")
        claim(bool(version), expected=f"a version in the path {cut(path, 100)}", seen="none of its parts is one")
        if answer.status in (401, 403, 429) or answer.status >= 500:
            raise CouldNotVerify(f"GET {place} was answered {answer.status}")
        expected = f"an answer of the API from {place}"
        claim(200 <= answer.status <= 299, expected=expected, seen=said(answer))
        kind = media_type(answer) or "no Content-Type"
        claim(not answer.html, expected=expected, seen=f"{answer.status} with {kind}, a page")
        if answer.body and not answer.truncated and re.fullmatch(r"application/(.+\+)?json", kind):
            # A page may come under the type of what was asked for.
            json_of(answer)
        claim(not unknown.like(answer), expected=expected, seen=f"{answer.status}, as from unknown paths")
        told.append(f"{version} in {place} ({answer.status}, {kind})")
    return Evidence(cut("; ".join(told), 400))


@check(
    "http.openapi",
    severity="medium",
    remedy="Fix the description or the operations, so that each answers as described.",
    source="OpenAPI Specification 3.0 to 3.2",
    asks=lambda _, path, credential, max_operations: {
        "api_operations": DescribedBy(path, credential or "", max_operations)
    },
)
def openapi(
    api_operations: Operations,
    *,
    path: UrlPath = "/openapi.json",
    credential: Name | None = None,
    max_operations: Annotated[int, Field(ge=0, le=200)] = 20,
) -> Evidence:
    """The served OpenAPI document is valid, and its GET operations that need no parameter answer as it declares.

    The GET operations that require no parameter and are on the endpoint's own origin are asked: their status and
    Content-Type must be declared, JSON must be as the schema says (its formats date, date-time, email, ipv4, ipv6,
    uuid, int32 and int64, too), and none may answer 500 or above. Those that need a credential are left out where none
    is named, and streams of events always. At least one must answer 2xx. A document
    that depends on others cannot be verified; the extra `openapi` is needed.

    Args:
        path: path of the document, in JSON or YAML. /openapi.json: FastAPI's and the most common one.
        credential: name of a credential of the target to show to the document and the operations. Default: none.
        max_operations: how many operations to ask at most, 0 to 200, in the document's order; a warning says how many
            are left. With 0 only the document is looked at. 20: takes less than a minute at a second each.
    """
    seen = api_operations
    place = shown(seen.answer.url)
    if seen.answer.status in (401, 403, 429) or seen.answer.status >= 500:
        raise CouldNotVerify(f"GET {place} was answered {seen.answer.status}")
    claim(seen.answer.status == 200, expected=f"an OpenAPI document at {place}", seen=said(seen.answer))
    claim(not seen.fault, expected=f"a valid OpenAPI document at {place}", seen=seen.fault)
    told = f"{place}: OpenAPI {cut(seen.version, 20)}, {seen.paths} paths"
    if max_operations == 0:
        return Evidence(f"{told}, valid; no operation was asked")
    judged = [each for each in seen.asked if each.status != 429]
    wrong = [f"{cut(each.path, 80)}: {each.undeclared}" for each in judged if each.undeclared]
    claim(
        not wrong,
        expected=f"{len(seen.asked)} GET operations as {place} declares them",
        seen=cut(f"{len(wrong)} of them differ: {'; '.join(wrong)}", 400),
    )
    for each in seen.asked:
        if each.problem or each.status == 429:
            raise CouldNotVerify(each.problem or f"GET {cut(each.path, 80)} was answered 429")
    well = sum(200 <= each.status <= 299 for each in seen.asked)
    aside = f"{seen.guarded} need a credential, {seen.elsewhere} are on other hosts or stream"
    if not well:
        raise CouldNotVerify(f"none of {len(seen.asked)} GET operations of {place} was answered 2xx ({aside})")
    left = f"{seen.left_out} further GET operations were not asked." if seen.left_out else ""
    return Evidence(f"{told}; {len(seen.asked)} GET operations as declared, {well} with 2xx; {aside}", warning=left)


def _scrapes(_: Url, path: str, public: bool, credential: str | None) -> Asks:
    stranger = [] if public and credential else [Asked(path)]
    if not public:
        stranger.append(Asked(respelled(path)))
    tried = [admittance(path, credential)] if credential and not public else []
    return {"exposition": [*([Asked(path, credential)] if credential else []), *stranger], "admission": tried}


@check(
    "http.metrics",
    severity="medium",
    remedy="Expose the metrics where Prometheus scrapes them, and close the path to everyone else.",
    source="Prometheus, exposition formats; OpenMetrics 1.0",
    asks=_scrapes,
)
def metrics(
    url: Url,
    exposition: Mapping[Asked, Exposition],
    admission: Mapping[Admittance, tuple[Entrance, ...]],
    *,
    path: UrlPath = "/metrics",
    names: Annotated[list[Name], Field(min_length=1)] | None = None,
    public: bool = True,
    credential: Name | None = None,
) -> Evidence:
    """The metrics path exposes the named metrics in Prometheus' format, and is closed to strangers where so declared.

    A metric that is declared but has no sample is missing. The values are not looked at, nor whether a Prometheus
    scrapes them. The extra `prometheus` is needed.

    Args:
        path: path on the host. /metrics: Prometheus' default.
        names: metrics that must have samples, by the name of the family or of the sample. Default: any.
        public: false asks that the path answers 401, 403 or 404 without a credential, and shows no metrics with a
            slash at its end (or without) either. Without a named credential, that is all that is looked at, and 404
            cannot be verified: there may be nothing. With one, a credential that differs in its last characters must
            not open the path either, nor a cache keep what the right one gets. True: it may be open, as it is inside of
            most networks.
        credential: name of a credential of the target that opens the path. Default: none.
    """
    told = []
    warning = ""
    if not public:
        answer = exposition[Asked(path)].answer
        place = shown(answer.url)
        if answer.status == 429 or answer.status >= 500:
            raise CouldNotVerify(f"GET {place} without a credential was answered {answer.status}")
        closed = answer.status in (401, 403, 404)
        claim(closed, expected=f"401, 403 or 404 from {place} without a credential", seen=said(answer))
        for found in (exposition[Asked(path)], exposition[Asked(respelled(path))]):
            claim(
                not (leaked := sum(found.samples.values())),
                expected=f"no metrics from {shown(found.answer.url)} without a credential",
                seen=f"{found.answer.status} with {leaked} samples",
            )
        told.append(f"{answer.status} without a credential")
        if not credential:
            if names:
                raise NotDeclared(f"the binding names no credential that opens {path} of {url.name}")
            if answer.status == 404:
                raise CouldNotVerify(
                    f"GET {place} without a credential was answered 404, as for a path that does not exist; "
                    "make sure that 'path' is right, and name the 'credential' that opens it"
                )
            warning = "No credential is named: whether there are metrics at this path was not seen."
            return Evidence(f"GET {place}: {told[0]}", warning=warning)
        _, wrong, _, again = admission[admittance(path, credential)]
        for entrance, how in ((wrong, "with a wrong credential"), (again, f"without one, after '{credential}' got it")):
            claim(
                not 200 <= entrance.answer.status <= 299,
                expected=f"no metrics from {place} {how}",
                seen=f"{entrance.answer.status}",
            )
    seen = exposition[Asked(path, credential or "")]
    place = shown(seen.answer.url)
    status, kind = seen.answer.status, media_type(seen.answer)
    if status in (401, 403, 429) or status >= 500:
        raise CouldNotVerify(f"GET {place} was answered {status}")
    claim(status == 200, expected=f"metrics from {place}", seen=said(seen.answer))
    expected = f"metrics in Prometheus' format from {place}"
    right = kind in ("text/plain", "application/openmetrics-text")
    claim(right, expected=expected, seen=f"200 with {cut(kind, 60) or 'no Content-Type'}")
    claim(not seen.fault, expected=expected, seen=seen.fault)
    claim(any(seen.samples.values()), expected=f"samples from {place}", seen=f"{len(seen.samples)} metrics, no sample")
    lacking = [
        f"{name} (declared, no sample)" if name in seen.samples else name
        for name in names or ()
        if not seen.samples.get(name)
    ]
    wanted = cut(", ".join(names or ()), 200)
    claim(not lacking, expected=f"{wanted} from {place}", seen=cut(f"without {', '.join(lacking)}", 300))
    verify_now(seen.answer)
    told.append(f"{sum(seen.samples.values())} samples{f', among them {wanted}' if names else ''}")
    return Evidence(f"GET {place}: {'; '.join(told)}")


# Not the expression of a header's name, which means the same and has other words.
Subprotocol = Annotated[str, spelled(r"^[0-9A-Za-z!#$%&'*+.^_`|~-]+$", "a subprotocol's name, such as graphql-ws")]


@check(
    "http.websocket",
    severity="high",
    remedy="Let the proxy pass Upgrade and Connection on (nginx: proxy_http_version 1.1, proxy_set_header Upgrade).",
    source="RFC 6455 section 4",
    asks=lambda _, path, protocol, credential: {"upgrade": Opening(path, protocol or "", credential or "")},
)
def websocket(
    upgrade: Upgrade,
    *,
    path: UrlPath,
    protocol: Subprotocol | None = None,
    credential: Name | None = None,
) -> Evidence:
    """The web socket's opening handshake is answered 101.

    With Upgrade, Connection and the Sec-WebSocket-Accept that belongs to the key that was sent, over verified TLS where
    the endpoint has it; the endpoint's own Origin is shown. The socket is then closed: no message is sent. The extra
    `websocket` is needed.

    Args:
        path: path on the host.
        protocol: subprotocol that is asked for and that the server must choose. Default: none is asked for.
        credential: name of a credential of the target to show. Default: none.
    """
    place = shown(upgrade.url)
    if upgrade.status in (401, 403, 429) and not credential:
        raise CouldNotVerify(f"GET {place} was answered {upgrade.status}; the binding names no credential")
    asked = f" with the subprotocol {protocol}" if protocol else ""
    claim(not upgrade.fault, expected=f"101 and a web socket{asked} from {place}", seen=upgrade.fault)
    chosen = upgrade.protocol == (protocol or "")
    claim(chosen, expected=f"101{asked} from {place}", seen=f"101 with {cut(upgrade.protocol, 40) or 'no subprotocol'}")
    return Evidence(f"GET {place}: 101{asked}, {upgrade.seconds * 1000:.1f} ms")
