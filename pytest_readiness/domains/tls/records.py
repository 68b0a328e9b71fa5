"""What a TLS scan is asked for, and what it saw of an endpoint."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from pytest_readiness.domains.tls.resource import Starttls

VERSIONS: Mapping[str, str] = {
    "ssl_2_0_cipher_suites": "SSLv2",
    "ssl_3_0_cipher_suites": "SSLv3",
    "tls_1_0_cipher_suites": "TLSv1.0",
    "tls_1_1_cipher_suites": "TLSv1.1",
    "tls_1_2_cipher_suites": "TLSv1.2",
    "tls_1_3_cipher_suites": "TLSv1.3",
}
"""Scan command that tries a protocol version -> that version, oldest first."""

COMMANDS: tuple[str, ...] = (
    "certificate_info",
    *VERSIONS,
    "elliptic_curves",
    "heartbleed",
    "http_headers",
    "openssl_ccs_injection",
    "robot",
    "session_renegotiation",
    "session_resumption",
    "tls_1_3_early_data",
    "tls_compression",
    "tls_extended_master_secret",
    "tls_fallback_scsv",
)
"""sslyze's scan commands, by their names there."""

NO_TLS = "no TLS connection to"
"""How the reason begins where a scan found no TLS at all."""

AT = "at "
"""Before an address of the name, among what failed."""

OVER_HTTP = ("http_headers", "tls_1_3_early_data")
"""Those that send a request by HTTP."""


@dataclass(frozen=True, slots=True)
class ScanRequest:
    """What to scan.

    Attributes:
        host: name for SNI, and that the certificate must be for.
        port, address: where to connect.
        ca: file with the authorities to trust; None for the system's.
        commands: names out of `COMMANDS`.
        starttls: protocol that asks for TLS first; None where TLS begins at once.
        client_cert, client_key: files of the certificate to show and of its key, which may be the same.
    """

    host: str
    port: int
    address: str
    ca: str | None
    commands: tuple[str, ...]
    starttls: Starttls | None = None
    client_cert: str | None = None
    client_key: str | None = None

    @property
    def where(self) -> str:
        """What a person calls it."""
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Suite:
    """A cipher suite that the server accepted.

    Attributes:
        name: IANA name.
        bits: size of the symmetric key.
        anonymous: without a certificate.
        exchange: "ECDH" or "DH" where ephemeral keys were agreed and could be read, else "".
        exchange_bits: size of the ephemeral key; 0 where it could not be read.
    """

    name: str
    bits: int
    anonymous: bool
    exchange: str
    exchange_bits: int


@dataclass(frozen=True, slots=True)
class Offer:
    """What the server offers of one protocol version.

    Attributes:
        version: a value of `VERSIONS`.
        suites: accepted suites by name; none means that the version is refused.
        unanswered: handshakes that ran into the timeout, so their outcome is not known.
    """

    version: str
    suites: tuple[Suite, ...]
    unanswered: int


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate that the server sent.

    Attributes:
        subject, issuer: distinguished names as in RFC 4514.
        issuer_names: the issuer's common name and organisation, as far as it has them.
        names: DNS names and IP addresses that it is for.
        not_before, not_after: its validity.
        key_type: "rsa", "ecdsa", or the library's name of another kind.
        key_bits: size of the key; 0 where the kind has only one.
        curve: SECG name of the curve of an ecdsa key, else "".
        signature: algorithm that it is signed with ("ecdsa-with-SHA256").
        signature_hash: "sha256"; "" for algorithms without a separate hash (Ed25519).
        self_signed: it is its own issuer.
        issued_by_next: the certificate that was sent after it issued it; False for the last.
        trusted: it is in the trust store itself.
        issuer_trusted: the trust store holds the authority that issued it.
        responders: addresses that say by OCSP whether it was revoked.
        must_staple: clients that know RFC 7633 refuse it without a stapled OCSP response.
        issuer_until: until when an authority of the trust store that issued it is valid; the latest of several.
    """

    subject: str
    issuer: str
    issuer_names: tuple[str, ...]
    names: tuple[str, ...]
    not_before: datetime
    not_after: datetime
    key_type: str
    key_bits: int
    curve: str
    signature: str
    signature_hash: str
    self_signed: bool
    issued_by_next: bool
    trusted: bool
    issuer_trusted: bool
    responders: tuple[str, ...]
    must_staple: bool
    issuer_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Staple:
    """A stapled OCSP response.

    Attributes:
        fault: why it proves nothing; "" where the issuer, or a responder of the issuer's, signed it.
        status: good, revoked or unknown; "" where there is a fault.
        this_update, next_update: from when on and until when it holds.
    """

    fault: str
    status: str = ""
    this_update: datetime | None = None
    next_update: datetime | None = None


@dataclass(frozen=True, slots=True)
class Deployment:
    """A certificate that the server presents to some clients, as it sends it; one for RSA and one for ECDSA, say.

    Attributes:
        chain: the leaf, then what was sent with it, in that order.
        trust_error: why no path leads from the leaf, with the host's name, to the trust store; "" where one does.
        staple: the OCSP response that came with it.
        address: another address of the name, which shows this one alone; None for the one that was scanned.
    """

    chain: tuple[Certificate, ...]
    trust_error: str
    staple: Staple | None
    address: str | None = None

    @property
    def at(self) -> str:
        """The address, as the beginning of a sentence about it; "" for the one that was scanned."""
        return f"at {self.address}: " if self.address else ""

    @property
    def leaf(self) -> Certificate:
        """The server's own certificate."""
        return self.chain[0]


@dataclass(frozen=True, slots=True)
class TlsScan:
    """What sslyze saw of an endpoint. What belongs to a command that did not complete is None or empty.

    Attributes:
        host, port: of the endpoint.
        store: what certificates were verified against, in words.
        completed: scan commands that completed.
        failed: those that did not -> why, as a clause; also `AT` with another address of the name that nothing
            was seen at.
        deployments: certificates (certificate_info).
        offers: protocol versions, oldest first (the commands in `VERSIONS`).
        groups: SECG names of the groups for key exchange, by name (elliptic_curves).
        heartbleed: CVE-2014-0160.
        ccs_injection: CVE-2014-0224.
        compression: TLS compression (CRIME).
        robot: sslyze's name of the result, such as NOT_VULNERABLE_NO_ORACLE.
        secure_renegotiation: RFC 5746.
        client_renegotiation: the server renegotiates whenever the client wants.
        fallback_scsv: RFC 7507.
        extended_master_secret: RFC 7627.
        early_data: 0-RTT data is accepted.
        session_ids, session_tickets: sslyze's name of the result for TLS 1.2 and older, such as FULLY_SUPPORTED.
        tls13_resumption: resumed sessions of TLS 1.3 and how many were tried; None where it is not offered.
        hsts_seconds: max-age of Strict-Transport-Security; None also where the header is missing.
    """

    host: str
    port: int
    store: str
    completed: tuple[str, ...]
    failed: Mapping[str, str]
    deployments: tuple[Deployment, ...]
    offers: tuple[Offer, ...]
    groups: tuple[str, ...]
    heartbleed: bool | None
    ccs_injection: bool | None
    compression: bool | None
    robot: str | None
    secure_renegotiation: bool | None
    client_renegotiation: bool | None
    fallback_scsv: bool | None
    extended_master_secret: bool | None
    # No check reads this one and hsts_seconds; recordings hold them, and `readiness diff` compares them.
    early_data: bool | None
    session_ids: str | None
    session_tickets: str | None
    tls13_resumption: tuple[int, int] | None
    hsts_seconds: int | None

    @property
    def unreached(self) -> tuple[str, ...]:
        """Other addresses of the name, at which nothing was seen, each with the reason."""
        others = [(what.removeprefix(AT), why) for what, why in self.failed.items() if what.startswith(AT)]
        return tuple(f"{address} ({why})" for address, why in others)
