"""What the registry says of a domain, over RDAP (RFC 9082, RFC 9083)."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urljoin, urlsplit

from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.core.registry import fact
from pytest_readiness.core.text import cut
from pytest_readiness.domains.dns.client import Asker, name_of, shown
from pytest_readiness.domains.dns.resource import Domain
from pytest_readiness.domains.http.resource import Url
from pytest_readiness.domains.tls.facts.connection import Connection
from pytest_readiness.protocols.http.addresses import shown as shown_address
from pytest_readiness.protocols.http.answer import Response
from pytest_readiness.protocols.http.client import Session

BOOTSTRAP = "https://data.iana.org/rdap/dns.json"
"""IANA's list of the RDAP services of top-level domains (RFC 9224)."""
SECONDS = 35.0
MAX_REDIRECTS = 3
NOT_HERE = (400, 404, 422)
"""Answers for a name that is none of the registry's; some call one with too many labels malformed."""


@dataclass(frozen=True, slots=True)
class Registration:
    """A domain's registration.

    Attributes:
        name: the registered name, the domain itself or one above it; "" where none is registered.
        asked: the names that were asked, upwards.
        service: address of the RDAP service.
        status: in lower case ("client transfer prohibited"), sorted.
        expires: None where the registry does not say.
    """

    name: str
    asked: tuple[str, ...]
    service: str
    status: tuple[str, ...]
    expires: datetime | None


@fact(deadline=45, extra="dns")
def registration(domain: Domain) -> Registration:
    """The registration of the domain, or of the closest name above it that the registry knows."""
    until = time.monotonic() + SECONDS
    labels = shown(name_of(domain.domain)).split(".")
    base = domain.rdap or _service(labels, until)
    asked: list[str] = []
    for start in range(len(labels) - 1):
        asked.append(".".join(labels[start:]))
        answer = _get(domain, urljoin(base.rstrip("/") + "/", f"domain/{asked[-1]}"), until)
        if answer.status in NOT_HERE:
            continue
        found = _read(answer, asked[-1])
        if len(asked) > 1:
            _refuse_suffix(domain, asked)
        return Registration(asked[-1], tuple(asked), base, *found)
    if answer.status != 404:
        raise CouldNotVerify(f"GET {shown_address(answer.url)} was answered {answer.status}")
    return Registration("", tuple(asked), base, (), None)


def _service(labels: list[str], until: float) -> str:
    answer = _get(None, BOOTSTRAP, until)
    if answer.status != 200:
        raise CouldNotVerify(f"GET {BOOTSTRAP} was answered {answer.status}")
    try:
        services = {
            str(suffix).lower(): [str(each) for each in addresses]
            for suffixes, addresses in json.loads(answer.body)["services"]
            for suffix in suffixes
        }
    except (ValueError, KeyError, TypeError):
        raise CouldNotVerify(f"GET {BOOTSTRAP} was answered with no list of RDAP services") from None
    for start in range(len(labels)):
        if addresses := services.get(".".join(labels[start:])):
            return next((each for each in addresses if each.startswith("https:")), addresses[0])
    raise CouldNotVerify(f"IANA lists no RDAP service for .{labels[-1]} ({BOOTSTRAP})")


def _get(domain: Domain | None, address: str, until: float) -> Response:
    secure = address.startswith("https:")
    for _ in range(MAX_REDIRECTS + 1):
        try:
            url = Url(name="rdap", url=address, ca=domain.ca if domain else None)
        except ValueError:
            raise CouldNotVerify(f"the RDAP service led to {cut(address)}, which is no web address") from None
        if secure and not url.secure:
            raise CouldNotVerify(f"the RDAP service led to {cut(address)}, which is not https")
        with Session(url, Connection(url.host, url.port, 0.0, ""), address) as session:
            answer = session.send(
                "GET", address, headers=[("Accept", "application/rdap+json, application/json")], until=until
            )
        if not answer.location:
            return answer
        address = answer.location
    raise CouldNotVerify(f"the RDAP service redirected more than {MAX_REDIRECTS} times, last to {cut(address)}")


def _read(answer: Response, name: str) -> tuple[tuple[str, ...], datetime | None]:
    said = f"GET {shown_address(answer.url)} was answered"
    if answer.status == 429:
        raise CouldNotVerify(f"{said} 429, too many requests; try again later")
    if answer.status != 200:
        raise CouldNotVerify(f"{said} {answer.status}", transient=answer.status in (502, 503, 504))
    try:
        data = json.loads(answer.body)
    except (ValueError, RecursionError):
        data = None
    if not isinstance(data, dict) or data.get("objectClassName") != "domain" or _name(data) != name:
        raise CouldNotVerify(f"{said} with no RDAP object of {name}")
    status = data.get("status")
    expires = [moment for action, moment in _events(data) if action == "expiration"]
    texts = sorted(cut(str(each), 60).lower() for each in status) if isinstance(status, list) else ()
    return tuple(texts), min(expires, default=None)


def _name(data: Mapping[str, Any]) -> str:
    try:
        return shown(name_of(str(data.get("ldhName") or data.get("unicodeName"))))
    except CouldNotVerify:
        return ""


def _events(data: Mapping[str, Any]) -> Iterator[tuple[str, datetime]]:
    events = data.get("events")
    for event in events if isinstance(events, list) else ():
        try:
            moment = datetime.fromisoformat(str(event["eventDate"]))
            yield (
                str(event["eventAction"]).lower(),
                moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC),
            )
        except (KeyError, TypeError, ValueError, OverflowError):
            continue


def _refuse_suffix(domain: Domain, asked: list[str]) -> None:
    """Refuse what a registry says of its own suffix, such as co.uk, in place of a name that is not registered there.

    Raises:
        CouldNotVerify: there is no such name in DNS below the one that the registry knows.
    """
    below, found = asked[-2], asked[-1]
    answer = Asker(domain, 8).answer(name_of(below), "SOA")
    if not answer.exists and not answer.chain:
        raise CouldNotVerify(
            f"{found} is registered, but there is no {below} in DNS, so that {found} may not be what the team "
            "registered; declare the registered name as the domain"
        )


def is_plain(registration: Registration) -> bool:
    """Whether the service was asked without TLS."""
    return urlsplit(registration.service).scheme == "http"
