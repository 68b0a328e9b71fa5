"""Certificates that a strict verifier accepts, and certificates with exactly one thing wrong."""

from __future__ import annotations

import ipaddress
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count
from pathlib import Path
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from tests.stack.process import short_directory
from tests.stack.programs import program

Key = Literal["ec256", "ec384", "rsa1024", "rsa2048", "rsa4096"]
Hash = Literal["sha256", "sha1"]
Chain = Literal["whole", "missing", "wrong-order"]
PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

LOCAL = ("localhost", "127.0.0.1")


@dataclass(frozen=True)
class Certificate:
    """A leaf certificate in files, all PEM.

    Attributes:
        cert: the leaf alone.
        chain: what a server sends: the leaf, then the intermediates.
        key: the leaf's private key, mode 0600.
        ca_file: the root to trust; another authority's does not verify it.
        leaf: the leaf as an object.
    """

    cert: Path
    chain: Path
    key: Path
    ca_file: Path
    leaf: x509.Certificate


class Authority:
    """A certificate authority (EC P-256) that writes what it issues below a directory.

    The defaults make chains that pass cryptography's strict verifier, which sslyze uses: a CA with basic
    constraints, key usage and subject key identifier; leaves with CA:FALSE, a non-critical subjectAltName,
    the serverAuth purpose and the issuer's key identifier (RFC 5280; CA/Browser Forum baseline requirements,
    7.1.2).
    """

    def __init__(self, directory: Path, name: str = "Readiness Test Root", organisation: str = "") -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.directory = directory
        self.ca_file = directory / "ca.pem"
        self._serial = count(1)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._certificate = _authority(
            name, self._key, None, datetime.now(UTC) - timedelta(days=365), days=3650, organisation=organisation
        )
        self.ca_file.write_bytes(_pem(self._certificate))

    def issue(
        self,
        names: Sequence[str] = LOCAL,
        *,
        days: float = 60,
        not_before: datetime | None = None,
        expired: bool = False,
        key: Key = "ec256",
        hash: Hash = "sha256",
        via_intermediate: bool = False,
        intermediate_expired: bool = False,
        chain: Chain = "whole",
        responder: str = "",
        must_staple: bool = False,
        purpose: x509.ObjectIdentifier = ExtendedKeyUsageOID.SERVER_AUTH,
        alternative: bool = True,
    ) -> Certificate:
        """Issue a certificate, a server's unless said otherwise.

        Args:
            names: host names and IP addresses, at least one; the first is the common name too.
            days: lifetime.
            not_before: start of validity, aware; an hour ago unless given.
            expired: let the lifetime end a day ago.
            key: kind and size of the leaf's key.
            hash: of the signature on the leaf; ``sha1`` is made by the openssl program.
            via_intermediate: sign by an intermediate authority, which the chain then holds.
            intermediate_expired: that intermediate expired a day ago.
            chain: ``missing`` leaves the intermediate out; ``wrong-order`` puts the root before the
                intermediate. Both need ``via_intermediate``.
            responder: address of an OCSP responder to name.
            must_staple: let clients demand a stapled OCSP response (RFC 7633).
            purpose: what it is for: ``CLIENT_AUTH`` for a client's, ``OCSP_SIGNING`` for a responder's.
            alternative: hold the names in the subjectAltName as well.

        Raises:
            ValueError: a broken chain was asked for without an intermediate.
        """
        if not via_intermediate and (intermediate_expired or chain != "whole"):
            raise ValueError("A broken chain needs via_intermediate=True.")
        now = datetime.now(UTC)
        start = not_before or now - (timedelta(days=days + 1) if expired else timedelta(hours=1))
        issuer, issuer_key = self._certificate, self._key
        others: list[x509.Certificate] = []
        if via_intermediate:
            issuer_key = ec.generate_private_key(ec.SECP256R1())
            issuer = _authority(
                "Readiness Test Intermediate",
                issuer_key,
                (self._certificate, self._key),
                now - timedelta(days=200),
                days=199 if intermediate_expired else 1000,
            )
            others = {"whole": [issuer], "missing": [], "wrong-order": [self._certificate, issuer]}[chain]
        leaf_key = _new_key(key)
        extra = responder, must_staple, purpose, alternative
        leaf = _leaf(names, leaf_key, start, days, (issuer, issuer_key), hash, extra)
        return self._write(leaf, leaf_key, others, self.ca_file)

    def self_signed(self, names: Sequence[str] = LOCAL, *, days: float = 60) -> Certificate:
        """A leaf that is its own issuer, so that no authority vouches for it; ``ca_file`` is still ours."""
        key = _new_key("ec256")
        leaf = _leaf(names, key, datetime.now(UTC) - timedelta(hours=1), days, None)
        return self._write(leaf, key, [], self.ca_file)

    def staple(
        self,
        about: Certificate,
        *,
        revoked: bool = False,
        this_update: datetime | None = None,
        days: float = 7,
        signer: Certificate | None = None,
    ) -> Path:
        """An OCSP response in a file, as a responder sends it.

        Args:
            about: the certificate whose state it tells.
            revoked: that state; good unless so.
            this_update: from when on it holds; an hour ago unless given.
            days: how long it holds; 0 leaves the end out.
            signer: a certificate of a responder; the authority itself unless given.
        """
        start = this_update or datetime.now(UTC) - timedelta(hours=1)
        responder, key = self._certificate, self._key
        if signer:
            responder = signer.leaf
            loaded = serialization.load_pem_private_key(signer.key.read_bytes(), None)
            assert isinstance(loaded, ec.EllipticCurvePrivateKey)
            key = loaded
        builder = ocsp.OCSPResponseBuilder().add_response(
            cert=about.leaf,
            issuer=self._certificate,
            algorithm=hashes.SHA1(),
            cert_status=ocsp.OCSPCertStatus.REVOKED if revoked else ocsp.OCSPCertStatus.GOOD,
            this_update=start,
            next_update=start + timedelta(days=days) if days else None,
            revocation_time=start if revoked else None,
            revocation_reason=None,
        )
        builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, responder)
        if signer:
            builder = builder.certificates([responder])
        file = self.directory / f"{next(self._serial)}.ocsp"
        file.write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER))
        return file

    def _write(
        self, leaf: x509.Certificate, key: PrivateKey, others: Sequence[x509.Certificate], ca_file: Path
    ) -> Certificate:
        directory = self.directory / f"{next(self._serial)}"
        directory.mkdir()
        files = Certificate(
            directory / "cert.pem", directory / "chain.pem", directory / "key.pem", ca_file=ca_file, leaf=leaf
        )
        files.cert.write_bytes(_pem(leaf))
        files.chain.write_bytes(b"".join(map(_pem, [leaf, *others])))
        files.key.touch(mode=0o600)
        files.key.write_bytes(_key_pem(key))
        return files


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_pem(key: PrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _name(common_name: str, organisation: str = "") -> x509.Name:
    of = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation)] if organisation else []
    return x509.Name([*of, x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _new_key(kind: Key) -> PrivateKey:
    match kind:
        case "ec256":
            return ec.generate_private_key(ec.SECP256R1())
        case "ec384":
            return ec.generate_private_key(ec.SECP384R1())
        case _:
            return _rsa_key(int(kind.removeprefix("rsa")))


@cache
def _rsa_key(bits: int) -> rsa.RSAPrivateKey:
    # A large RSA key takes seconds to make; that two leaves share one hurts no test.
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def _authority(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: tuple[x509.Certificate, ec.EllipticCurvePrivateKey] | None,
    start: datetime,
    days: float,
    organisation: str = "",
) -> x509.Certificate:
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    builder = (
        _builder(_name(name, organisation), issuer[0].subject if issuer else None, key, start, days)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0 if issuer else None), critical=True)
        .add_extension(
            x509.KeyUsage(
                digital_signature=False,
                content_commitment=False,
                key_encipherment=False,
                data_encipherment=False,
                key_agreement=False,
                key_cert_sign=True,
                crl_sign=True,
                encipher_only=False,
                decipher_only=False,
            ),
            critical=True,
        )
        .add_extension(identifier, critical=False)
    )
    if issuer:
        builder = builder.add_extension(_issuer_identifier(issuer[0]), critical=False)
    return builder.sign(issuer[1] if issuer else key, hashes.SHA256())


def _leaf(
    names: Sequence[str],
    key: PrivateKey,
    start: datetime,
    days: float,
    issuer: tuple[x509.Certificate, PrivateKey] | None,
    hash: Hash = "sha256",
    extra: tuple[str, bool, x509.ObjectIdentifier, bool] = ("", False, ExtendedKeyUsageOID.SERVER_AUTH, True),
) -> x509.Certificate:
    responder, must_staple, purpose, alternative = extra
    issued_by = issuer[0].subject if issuer and hash != "sha1" else None
    builder = (
        _builder(_name(names[0]), issued_by, key, start, days)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
    )
    if alternative:
        held = x509.SubjectAlternativeName([_alternative(name) for name in names])
        builder = builder.add_extension(held, critical=False)
    if responder:
        way = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(responder))
        builder = builder.add_extension(x509.AuthorityInformationAccess([way]), critical=False)
    if must_staple:
        builder = builder.add_extension(x509.TLSFeature([x509.TLSFeatureType.status_request]), critical=False)
    if issuer is None:
        return builder.sign(key, hashes.SHA256())
    if hash == "sha1":
        return _signed_with_sha1(builder.sign(key, hashes.SHA256()), *issuer)
    return builder.add_extension(_issuer_identifier(issuer[0]), critical=False).sign(issuer[1], hashes.SHA256())


def _signed_with_sha1(leaf: x509.Certificate, issuer: x509.Certificate, issuer_key: PrivateKey) -> x509.Certificate:
    """Let openssl sign a self-signed leaf anew: cryptography no longer signs certificates with SHA-1."""
    with short_directory() as directory:
        certificate, ca, ca_key = directory / "leaf", directory / "ca", directory / "ca-key"
        extensions = directory / "extensions"
        certificate.write_bytes(_pem(leaf))
        ca.write_bytes(_pem(issuer))
        ca_key.write_bytes(_key_pem(issuer_key))
        extensions.write_text("authorityKeyIdentifier=keyid:always")
        signed = subprocess.run(
            [
                *(program("openssl"), "x509", "-in", certificate, "-CA", ca, "-CAkey", ca_key, "-sha1"),
                *("-preserve_dates", "-set_serial", f"{leaf.serial_number}", "-extfile", extensions),
            ],
            capture_output=True,
            check=True,
        )
    return x509.load_pem_x509_certificate(signed.stdout)


def _builder(
    name: x509.Name, issuer: x509.Name | None, key: PrivateKey, start: datetime, days: float
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer or name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=days))
    )


def _issuer_identifier(issuer: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(
        issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    )


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
