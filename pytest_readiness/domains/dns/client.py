"""Questions to DNS servers: over UDP, over TCP where the answer is truncated, each bounded in time."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from pytest_readiness.core.audit import reading_of, sent
from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.core.extras import needed
from pytest_readiness.core.text import cut
from pytest_readiness.domains.dns.resource import DNS_PORT, Domain, dns_server

if TYPE_CHECKING:
    from dns.message import Message
    from dns.name import Name
    from dns.rrset import RRset

ATTEMPT_SECONDS = 2.0
ATTEMPTS = 2
"""A datagram may be lost."""
PAYLOAD = 1232
"""Bytes of an answer over UDP (DNS Flag Day 2020); what is longer comes over TCP."""
MAX_ALIASES = 16
MAX_RESOLVERS = 3
TEXT = 400
"""Characters kept of a server's explanation."""

Item = TypeVar("Item")
Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Server:
    """A DNS server.

    Attributes:
        address: IP address.
        port: UDP and TCP port.
        name: what it is called where the name matters; "" where only the address is known.
    """

    address: str
    port: int = DNS_PORT
    name: str = ""

    @property
    def place(self) -> str:
        """Address, with the port where it is not 53."""
        host = f"[{self.address}]" if ":" in self.address and self.port != DNS_PORT else self.address
        return host if self.port == DNS_PORT else f"{host}:{self.port}"

    @property
    def label(self) -> str:
        """Name, where there is one, and place."""
        return f"{self.name} ({self.place})" if self.name else self.place


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server says to one question.

    Attributes:
        name: what was asked for, in ASCII and lower case, without the last dot.
        type: of records, such as "A".
        exists: False where the server says that there is no such name (NXDOMAIN), at the end of the chain.
        chain: the names that the name is an alias of, one after the other.
        records: of that type, at the end of the chain, as text, sorted; texts of TXT records are joined.
        ttl: seconds, of the records or the alias at the name itself; 0 where there is neither.
        place: the server.
    """

    name: str
    type: str
    exists: bool
    chain: tuple[str, ...]
    records: tuple[str, ...]
    ttl: int
    place: str

    @property
    def own(self) -> tuple[str, ...]:
        """What is at the name itself: an alias, or records."""
        return (f"an alias of {self.chain[0]}",) if self.chain else self.records

    @property
    def nothing(self) -> str:
        """How evidence says that there are no records."""
        through = f" (through {' -> '.join(self.chain)})" if self.chain else ""
        why = f"no {self.type} record" if self.exists else "no such name (NXDOMAIN)"
        return f"{why} for {self.name}{through}, as {self.place} answers"


def name_of(text: str) -> Name:
    """A name in the form that goes over the wire; international ones by IDNA 2008 (UTS 46).

    Raises:
        CouldNotVerify: it is not a name, or the extra is missing.
    """
    try:
        import dns.exception
        import dns.name
    except ModuleNotFoundError:
        # A check that is judged from a recording comes here without a fact.
        raise needed("reading a DNS name", "dns") from None
    try:
        return dns.name.from_text(text, idna_codec=dns.name.IDNA_2008_UTS_46).canonicalize()
    except (dns.exception.DNSException, UnicodeError) as error:
        raise CouldNotVerify(f"'{cut(text)}' is not a DNS name ({cut(str(error) or type(error).__name__)})") from None


def shown(name: Name) -> str:
    """A name as text: in ASCII and lower case, without the last dot."""
    return name.canonicalize().to_text(omit_final_dot=True)


class Asker:
    """Asks the resolvers of a domain, and single servers, until a moment.

    Args:
        domain: whose resolvers.
        seconds: from now on.

    Raises:
        CouldNotVerify: there is no resolver.
    """

    def __init__(self, domain: Domain, seconds: float) -> None:
        self.name = name_of(domain.domain)
        self.resolvers = _resolvers(domain)
        self._until = time.monotonic() + seconds

    def answer(self, name: Name, type: str) -> Answer:
        """What the first resolver that can tell says.

        Raises:
            CouldNotVerify: none can.
        """
        message, server = self.message(name, type)
        return answer_of(message, name, type, server)

    def records(self, name: Name, type: str) -> RRset | None:
        """The records themselves, at the end of the chain of aliases."""
        message, _ = self.message(name, type)
        return _followed(message, name, type)[1]

    def message(self, name: Name, type: str, *, dnssec: bool = False) -> tuple[Message, Server]:
        """The whole message of the first resolver that can tell, and which one that is; see `answer`."""
        errors: list[CouldNotVerify] = []
        for server in self.resolvers[:MAX_RESOLVERS]:
            try:
                return self.resolved(server, name, type, dnssec=dnssec), server
            except CouldNotVerify as error:
                errors.append(error)
        raise CouldNotVerify("; ".join(map(str, errors)), transient=any(error.transient for error in errors))

    def resolved(self, server: Server, name: Name, type: str, *, dnssec: bool = False) -> Message:
        """What one resolver says.

        Raises:
            CouldNotVerify: it does not answer, or does not know.
        """
        import dns.flags

        message = self._exchange(server, name, type, recursive=True, dnssec=dnssec)
        _refuse_failure(message, said(server, name, type))
        if not message.flags & (dns.flags.RA | dns.flags.AA):
            raise CouldNotVerify(f"{server.place} is not a resolver: it offers no recursion")
        return message

    def direct(self, server: Server, name: Name, type: str, *, dnssec: bool = False) -> Message:
        """What one server says with authority.

        Raises:
            CouldNotVerify: it does not answer, or does not know.
        """
        message = self._exchange(server, name, type, recursive=False, dnssec=dnssec)
        _refuse_failure(message, said(server, name, type))
        return message

    def _exchange(self, server: Server, name: Name, type: str, *, recursive: bool, dnssec: bool) -> Message:
        import dns.flags
        import dns.message
        import dns.rcode

        query = dns.message.make_query(name, type, use_edns=0, payload=PAYLOAD, want_dnssec=dnssec)
        # What a resolver would withhold as bogus must be seen to be told.
        query.flags = (dns.flags.RD if recursive else 0) | (dns.flags.CD if dnssec and recursive else 0)
        message = self._sent(query, server, said(server, name, type))
        if message.edns < 0 and message.rcode() in (dns.rcode.FORMERR, dns.rcode.NOTIMP):
            # A server that does not know extensions is asked without them (RFC 6891 section 7).
            query.use_edns(False)
            message = self._sent(query, server, said(server, name, type))
        return message

    def _sent(self, query: Message, server: Server, asked: str) -> Message:
        import dns.exception
        import dns.query

        for _ in range(ATTEMPTS):
            seconds = min(ATTEMPT_SECONDS, self._until - time.monotonic())
            if seconds <= 0:
                break
            sent(asked)
            try:
                return dns.query.udp_with_fallback(
                    query, server.address, seconds, server.port, ignore_unexpected=True, ignore_errors=True
                )[0]
            except dns.exception.Timeout:
                continue
            except OSError as error:
                raise CouldNotVerify(f"{asked} could not be asked ({error.strerror or error})") from None
            except (dns.exception.DNSException, EOFError, ValueError) as error:
                reason = cut(str(error) or type_name(error))
                raise CouldNotVerify(f"{asked} was not answered readably ({reason})", transient=True) from None
        raise CouldNotVerify(f"{asked} was not answered in time")


def type_name(error: BaseException) -> str:
    """What kind of an exception it is."""
    return type(error).__name__


def said(server: Server, name: Name, type: str) -> str:
    """How messages and the audit name a question."""
    return f"DNS {type} {shown(name)} at {server.place}"


def answer_of(message: Message, name: Name, type: str, server: Server) -> Answer:
    """Read the answer to a question from a message that is not a failure."""
    import dns.rcode

    chain, records, ttl = _followed(message, name, type)
    return Answer(
        name=shown(name),
        type=type,
        exists=message.rcode() != dns.rcode.NXDOMAIN,
        chain=tuple(map(shown, chain)),
        records=tuple(sorted(map(_text, records or ()))),
        ttl=ttl,
        place=server.place,
    )


def _followed(message: Message, name: Name, type: str) -> tuple[list[Name], RRset | None, int]:
    """The chain of aliases from a name on, the records at its end, and the TTL of what is at the name."""
    import dns.rdatatype

    wanted = dns.rdatatype.from_text(type)
    chain: list[Name] = []
    ttl = 0
    for _ in range(MAX_ALIASES):
        owner = chain[-1] if chain else name
        found = _rrset(message, owner, wanted)
        alias = found or _rrset(message, owner, dns.rdatatype.CNAME)
        if alias is None:
            break
        ttl = ttl if chain else alias.ttl
        if found is not None:
            return chain, found, ttl
        chain.append(alias[0].target)
    return chain, None, ttl


def _rrset(message: Message, owner: Name, type: Any) -> RRset | None:
    import dns.message
    import dns.rdataclass

    found: RRset | None = message.get_rrset(dns.message.ANSWER, owner, dns.rdataclass.IN, type)
    return found


def _text(record: Any) -> str:
    import dns.rdatatype

    if record.rdtype == dns.rdatatype.TXT:
        return b"".join(record.strings).decode("utf-8", "replace")
    if record.rdtype in (dns.rdatatype.NS, dns.rdatatype.CNAME):
        return shown(record.target)
    if record.rdtype == dns.rdatatype.MX:
        return f"{record.preference} {shown(record.exchange)}"
    return str(record.to_text())


def _refuse_failure(message: Message, asked: str) -> None:
    import dns.edns
    import dns.rcode

    code = message.rcode()
    if code not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        why = "; ".join(cut(str(each.to_text())) for each in message.options if isinstance(each, dns.edns.EDEOption))
        reason = f"{dns.rcode.to_text(code)}{f' ({cut(why, TEXT)})' if why else ''}"
        raise CouldNotVerify(f"{asked} was answered {reason}", transient=code == dns.rcode.SERVFAIL)


def _resolvers(domain: Domain) -> tuple[Server, ...]:
    import dns.resolver

    declared = [dns_server(text) for text in domain.resolvers]
    if not declared:
        try:
            found = dns.resolver.Resolver()
        except (dns.resolver.NoResolverConfiguration, OSError):
            raise CouldNotVerify("the system names no DNS resolver (/etc/resolv.conf); declare resolvers") from None
        declared = [(str(each), found.port) for each in found.nameservers]
    return tuple(_server(host, port) for host, port in declared)


def _server(host: str, port: int) -> Server:
    sent(f"resolve {host}")
    try:
        address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0][4][0]
    except (socket.gaierror, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or "not a host name"
        raise CouldNotVerify(f"the resolver {host} could not be found ({reason})") from None
    return Server(str(address), port, "" if address == host else host)


def together(
    fact: str, domain: Domain, ask: Callable[[Item], Found], items: Iterable[Item], *, threads: int = 8
) -> tuple[Found, ...]:
    """Ask for several things at once; the audit log has them under the fact. What the first one raises is raised."""

    def one(item: Item) -> Found:
        with reading_of(fact, domain.key):
            return ask(item)

    with ThreadPoolExecutor(threads) as pool:
        return tuple(pool.map(one, items))
