"""TLS scans by sslyze, and the process that runs them: `python -m pytest_readiness.domains.tls.worker DESCRIPTOR`.

sslyze keeps a processor busy, its Scanner can wait forever, and loading its trust stores warns; none of that is for
the process that runs the tests.
"""

from __future__ import annotations

import os
import re
import socket
import ssl
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.core.text import cut
from pytest_readiness.domains.tls.records import (
    NO_TLS,
    VERSIONS,
    Certificate,
    Deployment,
    Offer,
    ScanRequest,
    Suite,
    TlsScan,
)
from pytest_readiness.domains.tls.staple import staple
from pytest_readiness.protocols.http.addresses import ascii_host
from pytest_readiness.protocols.http.trust import Trust, system_store

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.x509.ocsp import OCSPResponse
    from nassl.ssl_client import SslClient
    from sslyze.scanner.models import AllScanCommandsAttempts
    from sslyze.scanner.scan_command_attempt import ScanCommandAttempt
    from sslyze.server_connectivity import ServerConnectivityInfo
    from sslyze.server_setting import ServerNetworkConfiguration, ServerNetworkLocation

_Shown: TypeAlias = "tuple[list[x509.Certificate], OCSPResponse | None]"
"""A certificate as a server sends it, with those above it and what is stapled to it."""

CONNECTIONS = 5
"""Connections to one endpoint at a time; sslyze's own default."""

RESUMPTIONS = 3
"""Sessions of TLS 1.3 that are resumed: behind a load balancer, one success may be luck."""

CONNECT_SECONDS = 5.0
"""For a connection, and again for the handshake; sslyze's own default."""

TICKET_SECONDS = 2.0
"""For a server to send the ticket of a session after the handshake."""
TICKET_POLL_SECONDS = 0.05

REFUSALS = {
    "ssl_3_0_cipher_suites": ("TLS alert: handshake failure", "TLS alert: protocol version"),
    "tls_1_0_cipher_suites": ("TLS alert: protocol version",),
    "tls_1_1_cipher_suites": ("TLS alert: protocol version",),
}
"""How a server says that it does not speak an old version, whatever the suite; SSL 3.0 has no alert for just that."""


def scan(request: ScanRequest) -> TlsScan:
    """Scan one endpoint.

    Raises:
        CouldNotVerify: no TLS connection was established, or the endpoint stopped answering during the scan.
    """
    from sslyze.server_connectivity import ServerConnectivityInfo
    from sslyze.server_setting import ServerNetworkLocation

    location = ServerNetworkLocation(request.host, request.port, request.address)
    showing = _network(request, location)
    # Most of it is seen before a server looks at a client certificate, which sslyze's older OpenSSL cannot always show.
    bare = replace(showing, tls_client_auth_credentials=None)
    server = ServerConnectivityInfo(location, bare, _probe(location, bare, f"{NO_TLS} {request.where}"))
    refused = tuple(command for command in REFUSALS if command in request.commands and _refuses(server, command))
    result = _attempts(request, location, bare, [each for each in request.commands if each not in refused])
    if request.client_cert:
        unseen = [each for each in request.commands if each not in refused and getattr(result, each).result is None]
        again = result
        # A server that refuses this certificate ends the second scan before it begins; what the first saw stands.
        with suppress(CouldNotVerify):
            again = _attempts(request, location, showing, unseen) if unseen else result
        result = replace(result, **{command: getattr(again, command) for command in unseen})
    shown = list(_shown_in_tls13(request, server)) if "certificate_info" in request.commands else []
    resumed = _resumed_tls13(request) if "session_resumption" in request.commands else None
    # Handshakes that an intrusion filter cuts off look like refused suites; then the next one fails too.
    try:
        _probe(location, bare, "")
    except CouldNotVerify:
        why = "a limit of connections or an intrusion filter may have cut it off"
        raise CouldNotVerify(f"{request.where} stopped answering during the TLS scan ({why})") from None
    return record(request, result, refused, resumed, shown)


def _shown_in_tls13(request: ScanRequest, server: ServerConnectivityInfo) -> Iterator[_Shown]:
    """The certificates that clients get who take one kind of key only; sslyze asks for that in older versions only."""
    from cryptography import x509
    from cryptography.x509.ocsp import load_der_ocsp_response
    from nassl.ephemeral_key_info import OpenSslEvpPkeyEnum
    from nassl.ssl_client import ClientCertificateRequested, OpenSslDigestNidEnum
    from sslyze.errors import ConnectionToServerFailed, ServerRejectedTlsHandshake
    from sslyze.server_connectivity import TlsVersionEnum

    if server.tls_probing_result.highest_tls_version_supported is not TlsVersionEnum.TLS_1_3:
        return
    digests = (OpenSslDigestNidEnum.SHA256, OpenSslDigestNidEnum.SHA384, OpenSslDigestNidEnum.SHA512)
    for name, *keys in (
        ("RSA", OpenSslEvpPkeyEnum.RSA_PSS, OpenSslEvpPkeyEnum.RSA),
        ("ECDSA", OpenSslEvpPkeyEnum.EC),
    ):
        connection = server.get_preconfigured_tls_connection(TlsVersionEnum.TLS_1_3)
        client = cast("SslClient", connection.ssl_client)
        client.set_signature_algorithms([(digest, key) for key in keys for digest in digests])
        client.set_tlsext_status_ocsp()
        try:
            with suppress(ClientCertificateRequested):
                connection.connect()
            chain = [x509.load_pem_x509_certificate(each.encode()) for each in client.get_received_chain()]
            stapled = client.get_tlsext_status_ocsp_resp()
            yield chain, load_der_ocsp_response(stapled.as_der_bytes()) if stapled else None
        except ServerRejectedTlsHandshake:
            # It has none of that kind.
            continue
        except ConnectionToServerFailed as error:
            what = f"{request.where} did not show whether it has a certificate with an {name} key"
            raise CouldNotVerify(f"{what} ({_words(error.error_message)})", transient=True) from None
        finally:
            connection.close()


def _attempts(
    request: ScanRequest,
    location: ServerNetworkLocation,
    network: ServerNetworkConfiguration,
    commands: Iterable[str],
) -> AllScanCommandsAttempts:
    from sslyze.plugins.scan_commands import ScanCommand
    from sslyze.scanner.models import ServerScanRequest
    from sslyze.scanner.scanner import Scanner

    scanner = Scanner(CONNECTIONS, concurrent_server_scans_limit=1)
    scanner.queue_scans([ServerScanRequest(location, network, {ScanCommand(command) for command in commands})])
    with _paths_not_judged():
        (result,) = scanner.get_results()
    if result.scan_result is None:
        raise CouldNotVerify(f"{request.where} aborted the TLS scan", transient=True)
    attempts: AllScanCommandsAttempts = result.scan_result
    return attempts


@contextmanager
def _paths_not_judged() -> Iterator[None]:
    """Let sslyze build no path to its stores: `Trust` decides, and a name with an underscore would be an error."""
    from sslyze.plugins.certificate_info.trust_stores.trust_store import PathValidationResult, TrustStore

    def nothing(store: TrustStore, *_: Any, **__: Any) -> PathValidationResult:
        return PathValidationResult(store, None, "not asked")

    judged: Any = TrustStore
    kept = judged.verify_certificate_chain
    judged.verify_certificate_chain = nothing
    try:
        yield
    finally:
        judged.verify_certificate_chain = kept


def _network(request: ScanRequest, location: ServerNetworkLocation) -> ServerNetworkConfiguration:
    from sslyze.connection_helpers.opportunistic_tls_helpers import ProtocolWithOpportunisticTlsEnum as Protocol
    from sslyze.server_setting import ClientAuthenticationCredentials, ServerNetworkConfiguration

    shown = None
    if request.client_cert and request.client_key:
        try:
            shown = ClientAuthenticationCredentials(Path(request.client_cert), Path(request.client_key))
        except Exception as error:  # noqa: BLE001 - OpenSSL's own errors, which share no base
            reason = f"{error}".partition("\n")[0]
            raise CouldNotVerify(
                f"the client certificate {request.client_cert} could not be used ({reason[:200]})"
            ) from None
    return ServerNetworkConfiguration(
        tls_server_name_indication=location.hostname,
        tls_opportunistic_encryption=Protocol(request.starttls.upper()) if request.starttls else None,
        tls_client_auth_credentials=shown,
    )


def _probe(location: ServerNetworkLocation, network: ServerNetworkConfiguration, failure: str) -> Any:
    from sslyze.errors import ConnectionToServerFailed
    from sslyze.server_connectivity import check_connectivity_to_server

    try:
        return check_connectivity_to_server(location, network)
    except ConnectionToServerFailed as error:
        raise CouldNotVerify(f"{failure} ({_words(error.error_message)})") from None


_PLAIN = {
    "could not find a TLS version and cipher suite": "it has no version of TLS and cipher suite in common with the "
    "scan, or refuses clients of this kind",
    "handshake failure": "it refused the handshake, or demands another client certificate",
    "client certificate": "it demands a client certificate",
    "Could not complete a TLS handshake": "it did not end a TLS handshake",
    "timed out": "it did not answer in time",
    "Connection rejected": "it refused the connection",
    "Unexpected connection error": "the connection broke off during the TLS handshake",
    "Connection reset": "it closed the connection",
}
"""What sslyze says -> what that means."""


def _words(message: str) -> str:
    """What sslyze said, in words; its other messages are sentences about STARTTLS."""
    line = cut(message)
    return next((plain for technical, plain in _PLAIN.items() if technical in line), line)


def _refuses(server: ServerConnectivityInfo, command: str) -> bool:
    """Whether one handshake that offers every suite of an old version is answered by the alert for just that.

    A server that accepted any of the suites alone would accept this handshake too. sslyze tries 121 suites each, one
    connection each; that is more than half of a scan's connections.
    """
    from sslyze.errors import ServerRejectedTlsHandshake
    from sslyze.plugins.openssl_cipher_suites.cipher_suites import CipherSuitesRepository
    from sslyze.server_connectivity import TlsVersionEnum

    version = TlsVersionEnum[command.removesuffix("_cipher_suites").upper()]
    suites = sorted(suite.openssl_name for suite in CipherSuitesRepository.get_all_cipher_suites(version))
    connection = server.get_preconfigured_tls_connection(version, should_use_legacy_openssl=True)
    connection.ssl_client.set_cipher_list(":".join(suites))
    try:
        connection.connect()
    except ServerRejectedTlsHandshake as error:
        return error.error_message.strip() in REFUSALS[command]
    except Exception:  # noqa: BLE001 - anything else is not a clear answer: sslyze shall try each suite
        return False
    finally:
        connection.close()
    return False


def _resumed_tls13(request: ScanRequest) -> tuple[int, int] | None:
    """How many sessions of TLS 1.3 are resumed, and of how many; sslyze tries that with older versions only."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    if request.client_cert:
        context.load_cert_chain(request.client_cert, request.client_key)
    resumed = 0
    try:
        for _ in range(RESUMPTIONS):
            with _tls13(request, context, None) as first:
                session = _ticket(first)
            if session is None:
                break
            with _tls13(request, context, session) as second:
                resumed += bool(second.session_reused)
    except OSError:
        # Refused or cut off: who wants to know asks for the suites of TLS 1.3 too.
        return None
    return resumed, RESUMPTIONS


def _tls13(request: ScanRequest, context: ssl.SSLContext, session: ssl.SSLSession | None) -> ssl.SSLSocket:
    from sslyze.connection_helpers.opportunistic_tls_helpers import OpportunisticTlsError, get_opportunistic_tls_helper
    from sslyze.server_setting import ServerNetworkLocation

    raw = socket.create_connection((request.address, request.port), CONNECT_SECONDS)
    try:
        protocol = _network(request, ServerNetworkLocation(request.host, request.port, request.address))
        if protocol.tls_opportunistic_encryption:
            get_opportunistic_tls_helper(
                protocol.tls_opportunistic_encryption, protocol.xmpp_to_hostname, protocol.smtp_ehlo_hostname
            ).prepare_socket_for_tls_handshake(raw)
        return context.wrap_socket(raw, server_hostname=request.host, session=session)
    except OpportunisticTlsError as error:
        raw.close()
        raise ConnectionError(str(error)) from None
    except BaseException:
        raw.close()
        raise


def _ticket(connection: ssl.SSLSocket) -> ssl.SSLSession | None:
    """The session, once its ticket has come: servers send it after the handshake, before anything is asked."""
    connection.settimeout(TICKET_POLL_SECONDS)
    until = time.monotonic() + TICKET_SECONDS
    while time.monotonic() < until:
        session = connection.session
        if session and session.has_ticket:
            return session
        with suppress(TimeoutError):
            if not connection.recv(4096):
                break
    return None


def record(
    request: ScanRequest,
    result: AllScanCommandsAttempts,
    refused: tuple[str, ...] = (),
    resumed: tuple[int, int] | None = None,
    shown: Sequence[_Shown] = (),
) -> TlsScan:
    """Turn sslyze's result into a record.

    Args:
        request: what was asked for.
        result: what sslyze returned.
        refused: commands that need not run, because the server refuses the version altogether.
        resumed: what resuming sessions of TLS 1.3 led to.
        shown: certificates that sslyze did not ask for.

    Raises:
        CouldNotVerify: the trust store could not be read.
    """
    failed: dict[str, str] = {}
    got: dict[str, Any] = {}
    for command in request.commands:
        if command in refused:
            continue
        attempt = getattr(result, command)
        if attempt.result is None:
            failed[command] = _why(attempt, shown=request.client_cert is not None)
        else:
            got[command] = attempt.result

    def seen(command: str, field: str) -> Any:
        return getattr(got[command], field) if command in got else None

    deployments: tuple[Deployment, ...] = ()
    store = ""
    if "certificate_info" in got:
        store, anchors = _trust_store(request.ca)
        trust = Trust(Path(request.ca) if request.ca else None)
        deployments = tuple(_deployments(got["certificate_info"], shown, request.host, trust, anchors))
    robot = seen("robot", "robot_result")
    ids = seen("session_resumption", "session_id_resumption_result")
    tickets = seen("session_resumption", "tls_ticket_resumption_result")
    hsts = seen("http_headers", "strict_transport_security_header")
    return TlsScan(
        host=request.host,
        port=request.port,
        store=store,
        completed=tuple(command for command in request.commands if command not in failed),
        failed=failed,
        deployments=deployments,
        offers=tuple(
            Offer(version, (), 0) if command in refused else _offer(version, got[command])
            for command, version in VERSIONS.items()
            if command in refused or command in got
        ),
        groups=tuple(sorted(group.name for group in seen("elliptic_curves", "supported_curves") or ())),
        heartbleed=seen("heartbleed", "is_vulnerable_to_heartbleed"),
        ccs_injection=seen("openssl_ccs_injection", "is_vulnerable_to_ccs_injection"),
        compression=seen("tls_compression", "supports_compression"),
        robot=robot.value if robot else None,
        secure_renegotiation=seen("session_renegotiation", "supports_secure_renegotiation"),
        client_renegotiation=seen("session_renegotiation", "is_vulnerable_to_client_renegotiation_dos"),
        fallback_scsv=seen("tls_fallback_scsv", "supports_fallback_scsv"),
        extended_master_secret=seen("tls_extended_master_secret", "supports_ems_extension"),
        early_data=seen("tls_1_3_early_data", "supports_early_data"),
        session_ids=ids.value if ids else None,
        session_tickets=tickets.value if tickets else None,
        tls13_resumption=resumed,
        hsts_seconds=hsts.max_age if hsts else None,
    )


def _why(attempt: ScanCommandAttempt[Any], *, shown: bool) -> str:
    from sslyze.scanner.scan_command_attempt import ScanCommandErrorReasonEnum as Reason

    if attempt.error_reason is Reason.CLIENT_CERTIFICATE_NEEDED:
        return f"the server demands {'another' if shown else 'a'} client certificate"
    trace = attempt.error_trace
    error = "".join(trace.format_exception_only()).strip().rpartition("\n")[2] if trace else "no reason given"
    if attempt.error_reason is Reason.CONNECTIVITY_ISSUE:
        return f"the connection failed ({_words(error)})"
    if shown and _NOT_SHOWN.search(error):
        return "sslyze's older OpenSSL cannot show this client certificate; it can show one with an RSA or P-256 key"
    if _NO_CHAIN in error:
        return (
            "each handshake that asked for the certificate of this name was broken off, as where one of several "
            "servers behind an address is down"
        )
    return f"sslyze could not do it ({error[:200]})"


_NO_CHAIN = "ValueError: Should never happen"
"""sslyze's word where only the handshake without a name (SNI) succeeded."""
_NOT_SHOWN = re.compile(r"SSL_SET_CERT|SSL_SET_PKEY|x509 lib|invalid input, usage|PRIVATEKEY", re.I)
"""OpenSSL's words for a certificate or key that it does not know."""


def _offer(version: str, result: Any) -> Offer:
    suites = []
    for accepted in result.accepted_cipher_suites:
        key = accepted.ephemeral_key
        suite = accepted.cipher_suite
        suites.append(
            Suite(
                suite.name,
                suite.key_size,
                suite.is_anonymous,
                exchange=key.type_name if key else "",
                # OpenSSL tells 253 for the 256 bits of X25519.
                exchange_bits=(256 if key.size == 253 else key.size) if key else 0,
            )
        )
    unanswered = sum("timed out" in rejected.error_message for rejected in result.rejected_cipher_suites)
    return Offer(version, tuple(sorted(suites, key=lambda suite: suite.name)), unanswered)


def _deployments(
    result: Any, shown: Sequence[_Shown], host: str, trust: Trust, anchors: list[x509.Certificate]
) -> Iterator[Deployment]:
    found = [(each.received_certificate_chain, each.ocsp_response) for each in result.certificate_deployments]
    known = {chain[0] for chain, _ in found}
    found += {chain[0]: (chain, response) for chain, response in shown if chain[0] not in known}.values()
    for chain, response in sorted(
        found, key=lambda each: (type(each[0][0].public_key()).__name__, each[0][0].serial_number)
    ):
        yield Deployment(
            tuple(
                _certificate(certificate, following, anchors)
                for certificate, following in zip(chain, [*chain[1:], None], strict=True)
            ),
            trust.fault(ascii_host(host).rstrip("."), chain),
            staple(response, chain[0], [*chain[1:], *anchors]) if response else None,
        )


def _certificate(
    certificate: x509.Certificate, following: x509.Certificate | None, anchors: list[x509.Certificate]
) -> Certificate:
    from cryptography.hazmat.primitives.asymmetric import ec, rsa
    from cryptography.x509.oid import NameOID

    key = certificate.public_key()
    ecdsa = isinstance(key, ec.EllipticCurvePublicKey)
    hash_algorithm = certificate.signature_hash_algorithm
    issuers = [anchor for anchor in anchors if _issued(anchor, certificate)]
    return Certificate(
        subject=certificate.subject.rfc4514_string(),
        issuer=certificate.issuer.rfc4514_string(),
        issuer_names=tuple(
            str(each.value)
            for kind in (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME)
            for each in certificate.issuer.get_attributes_for_oid(kind)
        ),
        names=_names(certificate),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        key_type="rsa" if isinstance(key, rsa.RSAPublicKey) else "ecdsa" if ecdsa else type(key).__name__,
        key_bits=getattr(key, "key_size", 0),
        curve=key.curve.name if isinstance(key, ec.EllipticCurvePublicKey) else "",
        signature=certificate.signature_algorithm_oid._name,
        signature_hash=hash_algorithm.name if hash_algorithm else "",
        self_signed=_issued(certificate, certificate),
        issued_by_next=following is not None and _issued(following, certificate),
        trusted=any(anchor.subject == certificate.subject and anchor.public_key() == key for anchor in anchors),
        issuer_trusted=bool(issuers),
        responders=_responders(certificate),
        must_staple=_must_staple(certificate),
        issuer_until=max((each.not_valid_after_utc for each in issuers), default=None),
    )


def _names(certificate: x509.Certificate) -> tuple[str, ...]:
    from cryptography import x509

    try:
        alternatives = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return ()
    names = alternatives.get_values_for_type(x509.DNSName)
    return (*names, *map(str, alternatives.get_values_for_type(x509.IPAddress)))


def _responders(certificate: x509.Certificate) -> tuple[str, ...]:
    from cryptography import x509
    from cryptography.x509.oid import AuthorityInformationAccessOID as Access

    try:
        ways = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except (x509.ExtensionNotFound, ValueError):
        return ()
    return tuple(str(way.access_location.value) for way in ways if way.access_method == Access.OCSP)


def _must_staple(certificate: x509.Certificate) -> bool:
    from cryptography import x509

    try:
        features = certificate.extensions.get_extension_for_class(x509.TLSFeature).value
    except (x509.ExtensionNotFound, ValueError):
        return False
    return x509.TLSFeatureType.status_request in features


def _issued(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    from cryptography.exceptions import InvalidSignature

    if issuer.subject != certificate.issuer:
        return False
    try:
        certificate.verify_directly_issued_by(issuer)
    except InvalidSignature:
        return False
    except (ValueError, TypeError):
        # cryptography does not verify SHA-1 and other weak signatures; the names then have to do.
        return True
    return True


@cache
def _trust_store(ca: str | None) -> tuple[str, list[x509.Certificate]]:
    from cryptography import x509

    file = Path(ca) if ca else system_store()
    if file is None:
        raise CouldNotVerify("this machine has no trust store: install ca-certificates, or declare the endpoint's ca")
    try:
        text = file.read_bytes()
    except OSError as error:
        raise CouldNotVerify(f"the authorities in {file} could not be read ({error.strerror})") from None
    anchors = []
    for pem in _PEM.findall(text):
        # One that the library cannot read is none that a chain could be compared with.
        with suppress(ValueError):
            anchors.append(x509.load_pem_x509_certificate(pem))
    if not anchors:
        raise CouldNotVerify(f"the authorities in {file} could not be read (it holds no certificate in PEM)")
    return f"the authorities in {file}" if ca else f"the system's trust store ({file})", anchors


_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)


def main() -> None:
    """Answer scan requests that come through an inherited pipe, each in a thread, until its other end closes."""
    from multiprocessing.connection import Connection
    from threading import Lock, Thread

    # Once, and before there are threads: its modules import each other, and half of one is what the second thread gets.
    import sslyze  # noqa: F401

    channel: Connection[Any, Any] = Connection(int(sys.argv[1]))
    sending = Lock()

    def work(number: int, request: ScanRequest) -> None:
        outcome: TlsScan | CouldNotVerify
        try:
            outcome = scan(request)
        except CouldNotVerify as error:
            outcome = error
        except Exception as error:  # noqa: BLE001 - whatever it is, a caller waits to be told
            outcome = CouldNotVerify(
                f"the TLS scan of {request.where} failed ({type(error).__name__}: {str(error)[:200]})"
            )
        with suppress(OSError), sending:
            channel.send((number, outcome))

    with suppress(EOFError):
        while True:
            Thread(target=work, args=channel.recv(), daemon=True).start()
    os._exit(0)


if __name__ == "__main__":
    main()
