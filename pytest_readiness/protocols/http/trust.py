"""Whom a TLS connection trusts, and which certificate it shows.

One verifier for all that speaks TLS: OpenSSL follows the path to an authority, and `leaf_fault` demands of the server's
own certificate what browsers demand besides. So a certificate is trusted where usual clients of both kinds accept it.
Where they disagree, `tests/protocols/http/test_trust.py` has a row that says whom this follows.
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_readiness.core import clock
from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.protocols.http.refusals import EXPIRED, NOT_YET, WRONG_NAME, broken_off, refusal

if TYPE_CHECKING:
    from cryptography import x509

_LOCK = threading.Lock()
SECURITY_LEVEL = 2
"""OpenSSL's: no SHA-1 signatures, no RSA key below 2048 bits. Some systems' default is lower."""

SYSTEM_STORES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu, Alpine, Arch
    "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora, RHEL
    "/etc/ssl/ca-bundle.pem",  # openSUSE
    "/etc/ssl/cert.pem",  # macOS, BSD
)
"""Where systems keep the authorities that they trust, should OpenSSL look elsewhere."""


@dataclass(frozen=True, slots=True)
class Trust:
    """Whom a TLS connection trusts, and which certificate it shows.

    Attributes:
        ca: file with the private authority to trust instead of the system's store.
        client_cert: file of the certificate to show where the server asks for one.
        client_key: file of its key; None where the certificate's file holds it.
    """

    ca: Path | None = None
    client_cert: Path | None = None
    client_key: Path | None = None

    def context(self, *offered: str) -> ssl.SSLContext:
        """The context that verifies so; one for all that trust the same and offer the same.

        Its sockets refuse what `leaf_fault` refuses, as a part of the handshake: whoever gets one need not look again.

        Args:
            offered: protocols to be spoken inside TLS, by their names in ALPN (RFC 7301).

        Raises:
            CouldNotVerify: a file cannot be used.
        """
        # Reading the system's authorities takes some 40 ms of processor time: once, and not in many threads at once.
        with _LOCK:
            return _context(self, offered)

    def fault(self, host: str, chain: Sequence[x509.Certificate]) -> str:
        """Why a chain that a server sent is not trusted, as a clause; "" where it is.

        Args:
            host: name or IP address that the server was asked by.
            chain: the server's own certificate first, then what it sent with it, in that order.

        Raises:
            CouldNotVerify: the authority's file cannot be used.
        """
        from cryptography.hazmat.primitives.serialization import Encoding

        now = clock.now()
        current = [each for each in chain if each.not_valid_before_utc <= now <= each.not_valid_after_utc]
        sent = [each.public_bytes(Encoding.DER) for each in chain]
        if fault := self._path_fault(host, sent) or leaf_fault(sent[0], host):
            return fault
        # The clock of the run may be set to another moment than OpenSSL's, which requests go by.
        if chain[0] not in current:
            return NOT_YET if now < chain[0].not_valid_before_utc else EXPIRED
        if len(current) < len(chain) and self._path_fault(host, [each.public_bytes(Encoding.DER) for each in current]):
            return EXPIRED
        return ""

    def _path_fault(self, host: str, chain: Sequence[bytes]) -> str:
        """Let OpenSSL verify a chain as in a handshake, of which it sees no more than the server's first two messages.

        It looks at the certificates as soon as it has them, before it wants to see that the server has the key.
        """
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        client = Trust(self.ca).context().wrap_bio(incoming, outgoing, server_hostname=host)
        messages = _server_hello(chain[0]) + _certificate_message(chain)
        with suppress(ssl.SSLWantReadError):
            client.do_handshake()
        for start in range(0, len(messages), _MOST_OF_RECORD):
            part = messages[start : start + _MOST_OF_RECORD]
            incoming.write(b"\x16\x03\x03" + _number(len(part), 2) + part)
        try:
            client.do_handshake()
        except ssl.SSLWantReadError:
            return ""
        except ssl.SSLError as error:
            return refusal(error)
        raise AssertionError("A handshake cannot end with the certificates.")


SYSTEM_STORE = Trust()
"""The system's authorities, and no client certificate."""


def system_store() -> Path | None:
    """The file with the authorities that this system trusts; None where there is none."""
    known = (ssl.get_default_verify_paths().openssl_cafile, *SYSTEM_STORES)
    return next((Path(path) for path in known if path and Path(path).is_file()), None)


def leaf_fault(certificate: bytes, host: str) -> str:
    """What browsers refuse in a server's own certificate though OpenSSL takes it, as a clause; "" for nothing.

    The names count in the subjectAltName alone (RFC 9110 4.3.4), a wildcard stands for one whole label, a key usage
    must allow signatures, and where there is no subject, the subjectAltName must be critical (RFC 5280 4.1.2.6).

    Args:
        certificate: in DER.
        host: name or IP address that the server was asked by.
    """
    from cryptography import x509

    try:
        leaf = x509.load_der_x509_certificate(certificate)
        held = {each.oid: each for each in leaf.extensions}
        names = held.get(x509.SubjectAlternativeName.oid)
        usage = held.get(x509.KeyUsage.oid)
        subject = list(leaf.subject)
    except ValueError as error:
        return f"the certificate cannot be read ({error})"
    if names is None:
        return "the certificate has no subjectAltName: browsers do not look at the common name"
    if not is_for(host, names.value):
        return WRONG_NAME
    if usage is not None and not usage.value.digital_signature:
        return "its key usage does not allow digital signatures: browsers refuse it"
    if not subject and not names.critical:
        return "the certificate has no subject, and its subjectAltName is not critical: browsers refuse it"
    return ""


def is_for(host: str, names: Any) -> bool:
    """Whether a subjectAltName has a host's name (RFC 9525 section 6.3).

    Args:
        host: name or IP address, in ASCII.
        names: the extension's value, a `SubjectAlternativeName`.
    """
    from cryptography import x509

    if (address := _address(host)) is not None:
        return address in names.get_values_for_type(x509.IPAddress)
    wanted = host.lower().removesuffix(".")
    first, _, rest = wanted.partition(".")
    for name in names.get_values_for_type(x509.DNSName):
        held = name.lower().removesuffix(".")
        # A wildcard below a top-level domain would stand for everybody.
        if held == wanted or (first and "." in rest and held == f"*.{rest}"):
            return True
    return False


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return None


class _Socket(ssl.SSLSocket):
    """Its handshake also fails for what browsers refuse."""

    def do_handshake(self, block: bool = False) -> None:
        super().do_handshake(block)
        if self.context.verify_mode == ssl.CERT_NONE:
            return
        certificate, host = self.getpeercert(binary_form=True), self.server_hostname
        # A name that was not given cannot be compared.
        fault = leaf_fault(certificate, str(host)) if certificate and host else WRONG_NAME
        if fault:
            error = ssl.SSLCertVerificationError(1, fault)
            error.verify_code, error.verify_message, error.reason, error.library = 0, fault, "", ""
            raise error


@cache
def _context(trust: Trust, offered: tuple[str, ...]) -> ssl.SSLContext:
    if trust.ca is not None and (fault := authority_fault(trust.ca)):
        raise CouldNotVerify(f"the authority's file {trust.ca} could not be read ({fault})")
    file, folder = _authorities(trust)
    context = ssl.create_default_context(cafile=file, capath=folder)
    # Names are compared by `leaf_fault`: OpenSSL knows no underscore below a wildcard, which browsers do.
    context.check_hostname = False
    context.sslsocket_class = _Socket
    # As of Python 3.13 the default is stricter than browsers, curl and OpenSSL itself, which this takes back.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    # What is in the store is trusted, be it a root, an intermediate or the server's own certificate.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    if context.security_level < SECURITY_LEVEL:
        context.set_ciphers(f"DEFAULT:@SECLEVEL={SECURITY_LEVEL}")
    if trust.client_cert is not None:
        show_client_cert(context, trust.client_cert, trust.client_key)
    if offered:
        context.set_alpn_protocols(offered)
    return context


def _authorities(trust: Trust) -> tuple[str | None, str | None]:
    """File and folder: the declared authority, or where OpenSSL was built to look, whatever SSL_CERT_FILE says."""
    if trust.ca:
        return str(trust.ca), None
    built = ssl.get_default_verify_paths()
    file, folder = (path if Path(path).exists() else None for path in (built.openssl_cafile, built.openssl_capath))
    if file is None and folder is None and (store := system_store()):
        return str(store), None
    return file, folder


def show_client_cert(context: ssl.SSLContext, client_cert: Path, client_key: Path | None) -> None:
    """Let a context show a client certificate where a server asks for one.

    Raises:
        CouldNotVerify: the files cannot be used.
    """
    if fault := pair_fault(client_cert, client_key):
        raise CouldNotVerify(f"the client certificate {client_cert} could not be used ({fault})")
    context.load_cert_chain(client_cert, client_key, password="")


def authority_fault(path: Path) -> str:
    """Why a file holds no authority that can be trusted, as a clause; "" where it does."""
    if fault := certificate_fault(path):
        return fault
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except OSError:
        return f"a certificate in {path} cannot be read"
    return ""


def certificate_fault(path: Path) -> str:
    """Why a file holds no certificate, as a clause; "" where it does."""
    text = _bytes(path)
    if isinstance(text, str):
        return text
    if b"-----BEGIN CERTIFICATE-----" in text or b"-----BEGIN TRUSTED CERTIFICATE-----" in text:
        return ""
    how = f" (if it is in DER: openssl x509 -inform DER -in {path})" if text[:1] == b"\x30" else ""
    return f"{path} holds no certificate in PEM{how}"


def pair_fault(client_cert: Path, client_key: Path | None) -> str:
    """Why a client certificate with its key cannot be shown, as a clause; "" where it can.

    Args:
        client_cert: file of the certificate.
        client_key: file of its key; None where the certificate's file holds it.
    """
    if fault := certificate_fault(client_cert):
        return fault
    key = client_key or client_cert
    text = _bytes(key)
    if isinstance(text, str):
        return text
    if b"PRIVATE KEY-----" not in text:
        return f"{key} holds no private key in PEM"
    if b"ENCRYPTED" in text:
        return f"the key in {key} is encrypted, and its password cannot be declared"
    try:
        # Without a password of its own, OpenSSL would ask for that of an encrypted key on the terminal.
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(client_cert, key, password="")
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            return f"the key in {key} is not that of the certificate in {client_cert}"
        return f"the certificate in {client_cert} or the key in {key} cannot be used ({broken_off(error.reason or '')})"
    except OSError as error:
        return f"{client_cert} or {key} cannot be read ({error.strerror})"
    return ""


def _bytes(path: Path) -> bytes | str:
    """What a file holds, or why it cannot be read, as a clause."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return f"{path} does not exist"
    except IsADirectoryError:
        return f"{path} is a folder, not a file"
    except OSError as error:
        return f"{path} cannot be read ({error.strerror})"


def _server_hello(leaf: bytes) -> bytes:
    """A ServerHello of TLS 1.2, in which certificates cross unencrypted, with a suite for the leaf's key."""
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import rsa

    try:
        by_rsa = isinstance(x509.load_der_x509_certificate(leaf).public_key(), rsa.RSAPublicKey)
    except (ValueError, UnsupportedAlgorithm):
        by_rsa = False
    # ECDHE-RSA-AES128-GCM-SHA256 or ECDHE-ECDSA-AES128-GCM-SHA256; secure renegotiation, without which OpenSSL stops.
    suite = b"\xc0\x2f" if by_rsa else b"\xc0\x2b"
    return _message(2, b"\x03\x03" + bytes(32) + b"\0" + suite + b"\0" + _number(5, 2) + b"\xff\x01\0\x01\0")


def _certificate_message(chain: Sequence[bytes]) -> bytes:
    certificates = b"".join(_number(len(each), 3) + each for each in chain)
    return _message(11, _number(len(certificates), 3) + certificates)


_MOST_OF_RECORD = 2**14


def _message(kind: int, body: bytes) -> bytes:
    return _number(kind, 1) + _number(len(body), 3) + body


def _number(value: int, size: int) -> bytes:
    return value.to_bytes(size, "big")
