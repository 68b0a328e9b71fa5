"""The zone that a domain lies in: who is to serve it, and what each of these servers says when asked directly."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.core.registry import fact
from pytest_readiness.domains.dns.client import Answer, Asker, Server, answer_of, said, shown, together
from pytest_readiness.domains.dns.resource import Domain, dns_server

if TYPE_CHECKING:
    from dns.message import Message
    from dns.name import Name

MAX_SERVERS = 26
"""Addresses of authoritative servers that are asked: the root zone has as many."""


@dataclass(frozen=True, slots=True)
class Nameserver:
    """What one authoritative server says about the zone.

    Attributes:
        server: name and address.
        authoritative: it answers for the zone with authority.
        serial: of its copy of the zone; None where it is not authoritative.
        nameservers: names of the zone's servers by its copy, sorted.
        problem: why it is not known what it says, or why it is not authoritative; "" otherwise.
        answered: False where no answer came.
    """

    server: Server
    authoritative: bool
    serial: int | None
    nameservers: tuple[str, ...]
    problem: str
    answered: bool


@dataclass(frozen=True, slots=True)
class Zone:
    """A zone and its servers.

    Attributes:
        name: of the zone: the domain itself, or one above it.
        exists: False where the resolvers say that there is no such domain (NXDOMAIN).
        parent: the zone that delegates it; "" where declared servers were asked instead.
        delegated: names of the servers that it is delegated to there, sorted.
        lost: those of them that have no address.
        skipped: addresses that were not asked, since the runner has no IPv6 route.
        nameservers: what each server says, by address.
        aliases: of the servers that it is delegated to, those that are an alias -> of what.
        glue: addresses that the parent gives for these servers, and that their names no longer resolve to -> of which
            server. They were asked, too.
    """

    name: str
    exists: bool
    parent: str
    delegated: tuple[str, ...]
    lost: tuple[str, ...]
    skipped: tuple[str, ...]
    nameservers: tuple[Nameserver, ...]
    aliases: Mapping[str, str] = field(default_factory=dict)
    glue: Mapping[str, str] = field(default_factory=dict)

    @property
    def unseen(self) -> tuple[str, ...]:
        """Servers of which no address could be asked, and why."""
        asked = {each.server.name for each in self.nameservers}
        names = [name for name in self.delegated if name not in asked and name not in self.lost]
        why = "was not asked, as the runner has no IPv6 route to it"
        return tuple(f"{each} {why}" for each in (names if self.parent else self.skipped))


@fact(deadline=40, extra="dns")
def dns_zone(domain: Domain) -> Zone:
    """The zone of the domain, its delegation, and what each authoritative server says about it."""
    asker = Asker(domain, 35)
    apex = _apex(asker, asker.name)
    own = asker.answer(asker.name, "SOA")
    parent = ""
    delegated: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    aliases: dict[str, str] = {}
    glue: dict[str, str] = {}
    if domain.nameservers:
        servers = [Server(*dns_server(text)) for text in domain.nameservers]
    else:
        above = _apex(asker, apex.parent()) if len(apex) > 1 else apex
        parent, names = shown(above), _delegation(asker, above, apex)
        delegated = tuple(map(shown, names))
        told = {name: _told(asker, name) for name in names}
        found = {name: _servers(name, its) for name, its in told.items()}
        known = {server.address for its in found.values() for server in its}
        # A resolver that knows nothing yet can only ask where the parent sends it.
        outdated = [
            Server(address, name=shown(name))
            for name, addresses in names.items()
            for address in addresses
            if found[name] and address not in known
        ]
        glue = {each.address: each.name for each in outdated}
        lost = tuple(shown(name) for name, its in found.items() if not its)
        aliases = {shown(name): first.chain[0] for name, (first, _) in told.items() if first.chain}
        servers = [*(server for its in found.values() for server in its), *outdated]
    skipped = [server for server in servers if ":" in server.address and not _has_ipv6(server)]
    asked = [server for server in servers if server not in skipped]
    if len(asked) > MAX_SERVERS:
        raise CouldNotVerify(f"{shown(apex)} has servers at {len(asked)} addresses; at most {MAX_SERVERS} are asked")
    answers = together("dns_zone", domain, partial(_nameserver, asker, apex), asked)
    return Zone(
        name=shown(apex),
        exists=own.exists or bool(own.chain),
        parent=parent,
        delegated=delegated,
        lost=lost,
        skipped=tuple(server.label for server in skipped),
        nameservers=answers,
        aliases=aliases,
        glue=glue,
    )


def _apex(asker: Asker, name: Name) -> Name:
    """The closest name, from this one upwards, that a zone begins at."""
    while len(name) > 1:
        answer = asker.answer(name, "SOA")
        if answer.records and not answer.chain:
            return name
        name = name.parent()
    return name


def _delegation(asker: Asker, parent: Name, apex: Name) -> dict[Name, list[str]]:
    """The servers that the parent zone delegates to, each with the addresses that it gives along (glue).

    Raises:
        CouldNotVerify: no server of the parent zone says.
    """
    found = asker.records(parent, "NS")
    errors: list[str] = []
    for name in sorted(each.target for each in found or ()):
        for server in _servers(name, _told(asker, name)):
            if ":" in server.address and not _has_ipv6(server):
                continue
            try:
                message = asker.direct(server, apex, "NS")
            except CouldNotVerify as error:
                errors.append(str(error))
                continue
            if names := _named(message, apex):
                return {name: _glue(message, name, apex) for name in names}
            errors.append(f"{said(server, apex, 'NS')} was answered without a delegation")
        if len(errors) > 2:
            break
    reason = "; ".join(errors) or f"the servers of {shown(parent)} could not be found"
    raise CouldNotVerify(f"the delegation of {shown(apex)} could not be read: {reason}")


def _named(message: Message, owner: Name) -> list[Name]:
    import dns.rdatatype

    sections = (*message.answer, *message.authority)
    records = [each for each in sections if each.rdtype == dns.rdatatype.NS and each.name == owner]
    return sorted({record.target.canonicalize() for each in records for record in each})


def _glue(message: Message, server: Name, apex: Name) -> list[str]:
    """The addresses of a server inside the zone itself, which nobody can ask that zone for; of others [].

    An address that is given along for a server outside is a courtesy that resolvers may ignore.
    """
    import dns.rdatatype

    if not server.is_subdomain(apex):
        return []
    types = (dns.rdatatype.A, dns.rdatatype.AAAA)
    records = [each for each in message.additional if each.rdtype in types and each.name == server]
    return sorted({str(record.address) for each in records for record in each})


def _told(asker: Asker, name: Name) -> list[Answer]:
    """What the addresses of a name are, by IPv4 and by IPv6."""
    return [asker.answer(name, type) for type in ("A", "AAAA")]


def _servers(name: Name, answers: Iterable[Answer]) -> list[Server]:
    return [Server(address, name=shown(name)) for answer in answers for address in answer.records]


def _has_ipv6(server: Server) -> bool:
    """Whether the runner has a route to the address. Sends nothing."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.connect((server.address, server.port))
    except OSError:
        return False
    return True


def _nameserver(asker: Asker, apex: Name, server: Server) -> Nameserver:
    import dns.flags

    try:
        message = asker.direct(server, apex, "SOA")
        names = asker.direct(server, apex, "NS")
    except CouldNotVerify as error:
        # A refusal is an answer: the server is not meant to know the zone.
        return Nameserver(server, False, None, (), str(error), " was answered " in str(error))
    soa = answer_of(message, apex, "SOA", server)
    if not message.flags & dns.flags.AA or not soa.records:
        problem = f"{said(server, apex, 'SOA')} was answered without authority"
        return Nameserver(server, False, None, (), problem, True)
    serial = int(soa.records[0].split()[2])
    return Nameserver(server, True, serial, answer_of(names, apex, "NS", server).records, "", True)


@dataclass(frozen=True, slots=True)
class View:
    """What one server says to one question.

    Attributes:
        server: name and address.
        answer: None where none came, or one without authority of a server that should have it.
        problem: why there is none.
    """

    server: Server
    answer: Answer | None
    problem: str


@dataclass(frozen=True, slots=True)
class Views:
    """What each authoritative server, and each resolver, says to one question."""

    nameservers: tuple[View, ...]
    resolvers: tuple[View, ...]


@fact(deadline=20, extra="dns")
def dns_views(domain: Domain, dns_zone: Zone, *, ask: str) -> Views:
    """What each authoritative server and each resolver answers to the type `ask` of the domain's name."""
    asker = Asker(domain, 15)
    servers = [each.server for each in dns_zone.nameservers]
    return Views(
        together("dns_views", domain, partial(_authoritative, asker, ask), servers),
        together("dns_views", domain, partial(_resolved, asker, ask), asker.resolvers),
    )


def _authoritative(asker: Asker, type: str, server: Server) -> View:
    import dns.flags

    try:
        message = asker.direct(server, asker.name, type)
    except CouldNotVerify as error:
        return View(server, None, str(error))
    if not message.flags & dns.flags.AA:
        return View(server, None, f"{said(server, asker.name, type)} was answered without authority")
    return View(server, answer_of(message, asker.name, type, server), "")


def _resolved(asker: Asker, type: str, server: Server) -> View:
    try:
        return View(server, answer_of(asker.resolved(server, asker.name, type), asker.name, type, server), "")
    except CouldNotVerify as error:
        return View(server, None, str(error))


def unanswered(views: Iterable[View]) -> list[str]:
    """Why there is no answer, of those views that have none."""
    return [view.problem for view in views if view.answer is None]
