"""What the registry says about a domain, over RDAP (RFC 9082, RFC 9083)."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.core.registry import fact
from pytest_readiness.core.text import cut
from pytest_readiness.domains.dns.client import Asker, name_of, shown
from pytest_readiness.domains.dns.resource import Domain
from pytest_readiness.protocols.http.addresses import shown as shown_address
from pytest_readiness.protocols.http.trust import Trust
from pytest_readiness.protocols.json_api import JsonApi, NotJson, Refused

BOOTSTRAP = "https://data.iana.org/rdap/dns.json"
"""IANA's list of the RDAP services of top-level domains (RFC 9224)."""
SECONDS = 35.0
MAX_REDIRECTS = 3
_LIVES = ("registration", "reregistration", "reinstantiation", "deletion")
"""Events that a domain's life begins or ends with."""
NOT_HERE = (400, 404, 422)
"""Answers for a name that the registry does not have; some call one with too many labels malformed."""


@dataclass(frozen=True, slots=True)
class Registration:
    """A domain's registration.

    Attributes:
        name: the registered name, the domain itself or one above it; "" where none is registered.
        asked: the names that were asked, upwards.
        service: address of the RDAP service.
        status: in lower case ("client transfer prohibited"), sorted.
        expires: None where the registry does not say.
        paid_until: what the registry passes on of the registrar's own date, which it may have renewed over.
        deleted: when the registry deletes it, or has deleted it and not registered it again since; None where it does
            not say.
    """

    name: str
    asked: tuple[str, ...]
    service: str
    status: tuple[str, ...]
    expires: datetime | None
    paid_until: datetime | None = None
    deleted: datetime | None = None


@fact(deadline=45, extra="dns")
def registration(domain: Domain) -> Registration:
    """The registration of the domain, or of the closest name above it that the registry knows."""
    until = time.monotonic() + SECONDS
    labels = shown(name_of(domain.domain)).split(".")
    base = domain.rdap or _listed(labels, until)
    asked: list[str] = []
    with service(domain, base, until) as rdap:
        for start in range(len(labels) - 1):
            asked.append(".".join(labels[start:]))
            try:
                data = _asked(rdap, asked[-1])
            except Refused as error:
                if error.status not in NOT_HERE:
                    raise
                refused = error
                continue
            if len(asked) > 1:
                _refuse_suffix(domain, asked)
            return Registration(
                asked[-1],
                tuple(asked),
                base,
                _status(data),
                expires=_moment(data, "expiration"),
                paid_until=_moment(data, "registrar expiration"),
                deleted=_deleted(data),
            )
    if refused.status != 404:
        raise refused
    return Registration("", tuple(asked), base, (), None)


def service(domain: Domain | None, base: str, until: float) -> JsonApi:
    """An RDAP service, or IANA's list of them where there is no domain, whose redirects are followed."""
    return JsonApi(
        base,
        name="the RDAP service",
        trust=Trust(domain.ca if domain else None),
        accept="application/rdap+json, application/json",
        redirects=MAX_REDIRECTS,
        until=until,
    )


def _listed(labels: list[str], until: float) -> str:
    with service(None, BOOTSTRAP.rpartition("/")[0], until) as iana:
        data = iana.get(BOOTSTRAP, dict)
    try:
        services = {
            str(suffix).lower(): [str(each) for each in addresses]
            for suffixes, addresses in data["services"]
            for suffix in suffixes
        }
    except (ValueError, KeyError, TypeError):
        raise CouldNotVerify(f"GET {BOOTSTRAP} was answered with no list of RDAP services") from None
    for start in range(len(labels)):
        if addresses := services.get(".".join(labels[start:])):
            return next((each for each in addresses if each.startswith("https:")), addresses[0])
    raise CouldNotVerify(f"IANA lists no RDAP service for .{labels[-1]} ({BOOTSTRAP})")


def _asked(rdap: JsonApi, name: str) -> Mapping[str, Any]:
    path = f"domain/{name}"
    try:
        data = rdap.get(path, dict)
    except NotJson:
        data = {}
    if data.get("objectClassName") != "domain" or _name(data) != name:
        raise CouldNotVerify(f"GET {shown_address(rdap.base + path)} was answered with no RDAP object of {name}")
    return data


def _status(data: Mapping[str, Any]) -> tuple[str, ...]:
    status = data.get("status") or []
    words = [status] if isinstance(status, str) else status
    if not isinstance(words, list) or not all(isinstance(each, str) for each in words):
        raise CouldNotVerify(f"the status of {_name(data)} in RDAP is no list of words: {cut(str(status))}")
    return tuple(sorted(map(_word, words)))


def _word(status: str) -> str:
    """A status as RFC 8056 writes it: "client hold".

    Some registries write clientHold, as EPP does, or client-hold, or the address of an explanation behind it.
    """
    word = " ".join(each for each in cut(status, 60).split() if "://" not in each)
    return re.sub(r"(?<=[a-z])(?=[A-Z])|[_-]", " ", word).lower()


def _moment(data: Mapping[str, Any], wanted: str) -> datetime | None:
    """When an event is, the first one of several."""
    return min((moment for action, moment in _events(data) if action == wanted), default=None)


def _deleted(data: Mapping[str, Any]) -> datetime | None:
    events = sorted((moment, action) for action, moment in _events(data) if action in _LIVES)
    return events[-1][0] if events and events[-1][1] == "deletion" else None


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
    """Refuse what a registry says about its own suffix, such as co.uk, in place of a name that is not registered there.

    Raises:
        CouldNotVerify: there is no such name in DNS below the one that the registry knows.
    """
    below, found = asked[-2], asked[-1]
    answer = Asker(domain, 8).answer(name_of(below), "SOA")
    if not answer.exists and not answer.chain:
        raise CouldNotVerify(
            f"{found} is registered, but there is no {below} in DNS, so {found} may not be what the team "
            "registered; declare the registered name as the domain"
        )


def is_plain(registration: Registration) -> bool:
    """Whether the service was asked without TLS."""
    return urlsplit(registration.service).scheme == "http"
