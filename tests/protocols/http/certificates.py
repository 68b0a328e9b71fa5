"""Certificates as people make them, each with one thing that is unusual or wrong, for comparing who trusts what."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from tests.stack.certs import Certificate

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
Extension = tuple[x509.ExtensionType, bool]

_NUMBERS = count(1)
NOW = datetime.now(UTC)
AUTHORITY = x509.BasicConstraints(True, None)
NO_AUTHORITY = x509.BasicConstraints(False, None)
SERVER = ExtendedKeyUsageOID.SERVER_AUTH


@dataclass(frozen=True)
class Signed:
    """A certificate with its key."""

    certificate: bytes
    key: PrivateKey
    name: x509.Name

    @property
    def pem(self) -> bytes:
        """The certificate in PEM."""
        return x509.load_der_x509_certificate(self.certificate).public_bytes(Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        """The key in PEM."""
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@dataclass(frozen=True)
class Setup:
    """What a server shows, and what its clients have in their store.

    Attributes:
        chain: as the server sends it, its own first.
        store: what clients trust.
    """

    chain: Sequence[Signed]
    store: Sequence[Signed]


def written(setup: Setup, folder: Path) -> Certificate:
    """The setup in files, as servers read them."""
    files = Certificate(
        folder / "cert.pem",
        folder / "chain.pem",
        folder / "key.pem",
        folder / "store.pem",
        x509.load_der_x509_certificate(setup.chain[0].certificate),
    )
    files.cert.write_bytes(setup.chain[0].pem)
    files.chain.write_bytes(b"".join(each.pem for each in setup.chain))
    files.key.write_bytes(setup.chain[0].key_pem)
    files.ca_file.write_bytes(b"".join(each.pem for each in setup.store))
    return files


def usage(*allowed: str) -> x509.KeyUsage:
    """A key usage with what is named ("digital_signature")."""
    names = (
        *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"),
        *("key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
    )
    return x509.KeyUsage(**{name: name in allowed for name in names})


def authority(
    issuer: Signed | None = None,
    *,
    name: x509.Name | None = None,
    key: PrivateKey | None = None,
    days: tuple[float, float] = (-300, 3000),
    constraints: Extension | None = (AUTHORITY, True),
    extensions: Sequence[Extension] = ((usage("key_cert_sign", "crl_sign"), True),),
    hash: str = "sha256",
    version: int = 3,
) -> Signed:
    """An authority, a root where no issuer is given; its name is its own: one store may hold them all."""
    mine = key or ec_key()
    held = [*([constraints] if constraints else []), *extensions]
    held.append((x509.SubjectKeyIdentifier.from_public_key(mine.public_key()), False))
    subject = name or _name(f"Authority {next(_NUMBERS)}")
    return _signed(subject, mine, issuer, days, held, hash, version)


def leaf(
    issuer: Signed | None,
    names: Sequence[str | x509.GeneralName] = ("shop.test",),
    *,
    common_name: str = "shop.test",
    critical_names: bool = False,
    key: PrivateKey | None = None,
    days: tuple[float, float] = (-10, 80),
    purposes: Sequence[ObjectIdentifier] = (SERVER,),
    constraints: Extension | None = (NO_AUTHORITY, True),
    extensions: Sequence[Extension] = (),
    hash: str = "sha256",
    version: int = 3,
) -> Signed:
    """A server's certificate, its own issuer where none is given."""
    held = [*([constraints] if constraints else []), *extensions]
    if names:
        held.append((x509.SubjectAlternativeName([_general(name) for name in names]), critical_names))
    if purposes:
        held.append((x509.ExtendedKeyUsage(list(purposes)), False))
    return _signed(_name(common_name), key or ec_key(), issuer, days, held, hash, version)


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)] if common_name else [])


def ec_key() -> ec.EllipticCurvePrivateKey:
    """A new key on P-256."""
    return ec.generate_private_key(ec.SECP256R1())


@cache
def rsa_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    """An RSA key, the same for all: making one takes long."""
    return rsa.generate_private_key(65537, bits)


def _general(name: str | x509.GeneralName) -> x509.GeneralName:
    if isinstance(name, x509.GeneralName):
        return name
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _signed(
    subject: x509.Name,
    key: PrivateKey,
    issuer: Signed | None,
    days: tuple[float, float],
    extensions: Sequence[Extension],
    hash: str,
    version: int,
) -> Signed:
    signer = issuer.key if issuer else key
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.name if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW + timedelta(days=days[0]))
        .not_valid_after(NOW + timedelta(days=days[1]))
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    made = builder.sign(signer, None if isinstance(signer, ed25519.Ed25519PrivateKey) else hashes.SHA256())
    der = made.public_bytes(Encoding.DER)
    if version == 1 or hash != "sha256":
        der = _by_hand(made.tbs_certificate_bytes, signer, hash, version)
    return Signed(der, key, subject)


_SHA256_WITH_RSA = bytes.fromhex("300d06092a864886f70d01010b0500")
_WEAK = {
    "sha256": (_SHA256_WITH_RSA, hashes.SHA256),
    "sha1": (bytes.fromhex("300d06092a864886f70d0101050500"), hashes.SHA1),
    "md5": (bytes.fromhex("300d06092a864886f70d0101040500"), hashes.MD5),
}


def _by_hand(tbs: bytes, signer: PrivateKey, hash: str, version: int) -> bytes:
    """What the library refuses to make: another hash of the signature, or version 1, which has no extensions."""
    assert isinstance(signer, rsa.RSAPrivateKey)
    algorithm, hashed = _WEAK[hash]
    fields = list(_fields(_fields(tbs)[0][1]))
    if version == 1:
        fields = [each for each in fields if each[0] not in (0xA0, 0xA3)]
    body = b"".join(_tlv(tag, value) for tag, value in fields).replace(_SHA256_WITH_RSA, algorithm)
    text = _tlv(0x30, body)
    signature = signer.sign(text, padding.PKCS1v15(), hashed())
    return _tlv(0x30, text + algorithm + _tlv(0x03, b"\0" + signature))


def _fields(der: bytes) -> list[tuple[int, bytes]]:
    found = []
    while der:
        tag, length, at = der[0], der[1], 2
        if length & 0x80:
            at += length & 0x7F
            length = int.from_bytes(der[2:at], "big")
        found.append((tag, der[at : at + length]))
        der = der[at + length :]
    return found


def _tlv(tag: int, value: bytes) -> bytes:
    size = len(value)
    if size < 0x80:
        return bytes([tag, size]) + value
    long = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(long)]) + long + value


def _root(**changed: object) -> Setup:
    root = authority(**changed)  # type: ignore[arg-type]
    return Setup([leaf(root)], [root])


def _leaf(*names: str | x509.GeneralName, **changed: object) -> Setup:
    root = authority()
    return Setup([leaf(root, names or ("shop.test",), **changed)], [root])  # type: ignore[arg-type]


def _below(**changed: object) -> Setup:
    root = authority()
    middle = authority(root, **changed)  # type: ignore[arg-type]
    return Setup([leaf(middle), middle], [root])


def _by_rsa(*, bits: int = 2048, hash: str = "sha256", leaf_bits: int = 2048) -> Setup:
    root = authority(key=rsa_key(bits))
    return Setup([leaf(root, key=rsa_key(leaf_bits), hash=hash)], [root])


def _weak_middle() -> Setup:
    root = authority(key=rsa_key())
    middle = authority(root, hash="sha1")
    return Setup([leaf(middle), middle], [root])


def _missing() -> Setup:
    root = authority()
    return Setup([leaf(authority(root))], [root])


def _disordered() -> Setup:
    root = authority()
    first = authority(root)
    second = authority(first)
    return Setup([leaf(second), first, second], [root])


def _surplus() -> Setup:
    whole = _below()
    return Setup([*whole.chain, authority()], whole.store)


def _with_root() -> Setup:
    whole = _below()
    return Setup([*whole.chain, *whole.store], whole.store)


def _crossed(days: tuple[float, float]) -> Setup:
    """The new root, signed by an old one too: servers send that certificate, clients have the new root itself."""
    old, new = authority(days=(-3000, days[1])), authority()
    cross = authority(old, name=new.name, key=new.key, days=days)
    return Setup([leaf(new), cross], [new, old])


def _crossed_only() -> Setup:
    """The client has the old root only."""
    old, new = authority(), authority()
    return Setup([leaf(new), authority(old, name=new.name, key=new.key)], [old])


def _middle_trusted() -> Setup:
    middle = authority(authority())
    return Setup([leaf(middle), middle], [middle])


def _self_signed(trusted: bool, **changed: object) -> Setup:
    alone = leaf(None, **changed)  # type: ignore[arg-type]
    return Setup([alone], [alone] if trusted else [authority()])


def _leaf_trusted() -> Setup:
    alone = leaf(authority())
    return Setup([alone], [alone])


def _too_deep() -> Setup:
    root = authority(constraints=(x509.BasicConstraints(True, 0), True))
    middle = authority(root)
    return Setup([leaf(middle), middle], [root])


def _no_authority() -> Setup:
    root = authority()
    other = leaf(root, ["other.test"], common_name="other.test")
    return Setup([leaf(other), other], [root])


def _constrained(permitted: str = "", excluded: str = "") -> Setup:
    names = x509.NameConstraints(
        [x509.DNSName(permitted)] if permitted else None, [x509.DNSName(excluded)] if excluded else None
    )
    return _below(extensions=((usage("key_cert_sign"), True), (names, True)))


def _wrong_signature() -> Setup:
    root = authority()
    return Setup([leaf(authority(name=root.name))], [root])


def _private() -> Setup:
    """A private root that the client does not have, sent along."""
    root = authority()
    return Setup([leaf(root), root], [authority()])


UNKNOWN = x509.UnrecognizedExtension(ObjectIdentifier("1.3.6.1.4.1.55555.1"), b"\x05\x00")


CASES: dict[str, tuple[Callable[[], Setup], str]] = {
    "as it should be": (_leaf, "shop.test"),
    "below an intermediate": (_below, "shop.test"),
    "expired": (lambda: _leaf(days=(-90, -1)), "shop.test"),
    "not valid yet": (lambda: _leaf(days=(1, 90)), "shop.test"),
    "for another name": (lambda: _leaf("other.test"), "shop.test"),
    "for the name without its host": (lambda: _leaf("shop.test"), "www.shop.test"),
    "wildcard": (lambda: _leaf("*.shop.test"), "www.shop.test"),
    "wildcard, two labels deep": (lambda: _leaf("*.shop.test"), "a.www.shop.test"),
    "wildcard for the bare name": (lambda: _leaf("*.shop.test"), "shop.test"),
    "wildcard within a label": (lambda: _leaf("w*.shop.test"), "www.shop.test"),
    "wildcard in the middle": (lambda: _leaf("www.*.test"), "www.shop.test"),
    "wildcard of a top-level domain": (lambda: _leaf("*.test"), "shop.test"),
    "wildcard of a public suffix": (lambda: _leaf("*.co.uk"), "shop.co.uk"),
    "wildcard for an underscore": (lambda: _leaf("*.shop.test"), "my_shop.shop.test"),
    "in capitals": (lambda: _leaf("SHOP.Test"), "shop.test"),
    "underscore": (lambda: _leaf("my_shop.test"), "my_shop.test"),
    "one label": (lambda: _leaf("intranet"), "intranet"),
    "international name": (lambda: _leaf("xn--bcher-kva.test"), "bücher.test"),
    "dot at the end of the host": (lambda: _leaf("shop.test"), "shop.test."),
    "dot at the end of the certificate's name": (lambda: _leaf("shop.test."), "shop.test"),
    "address": (lambda: _leaf("127.0.0.1"), "127.0.0.1"),
    "address as a name": (lambda: _leaf(x509.DNSName("127.0.0.1")), "127.0.0.1"),
    "address in the common name": (lambda: _leaf("shop.test", common_name="127.0.0.1"), "127.0.0.1"),
    "address of version 6": (lambda: _leaf("::1"), "::1"),
    "common name only": (lambda: Setup([leaf(root := authority(), [])], [root]), "shop.test"),
    "common name, and an e-mail address": (lambda: _leaf(x509.RFC822Name("it@shop.test")), "shop.test"),
    "common name, and another alternative": (lambda: _leaf("other.test", common_name="shop.test"), "shop.test"),
    "no subject": (lambda: _leaf(common_name=""), "shop.test"),
    "no subject, and names that are critical": (lambda: _leaf(common_name="", critical_names=True), "shop.test"),
    "no purpose": (lambda: _leaf(purposes=()), "shop.test"),
    "purpose of a client": (lambda: _leaf(purposes=(ExtendedKeyUsageOID.CLIENT_AUTH,)), "shop.test"),
    "purposes of server and client": (lambda: _leaf(purposes=(SERVER, ExtendedKeyUsageOID.CLIENT_AUTH)), "shop.test"),
    "any purpose": (lambda: _leaf(purposes=(ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,)), "shop.test"),
    "purpose of an intermediate": (
        lambda: _below(
            extensions=(
                (usage("key_cert_sign"), True),
                (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), False),
            )
        ),
        "shop.test",
    ),
    "key usage: signatures": (lambda: _leaf(extensions=((usage("digital_signature"), True),)), "shop.test"),
    "key usage: encipherment, elliptic": (
        lambda: _leaf(extensions=((usage("key_encipherment", "data_encipherment"), True),)),
        "shop.test",
    ),
    "key usage: encipherment, RSA": (
        lambda: _leaf(extensions=((usage("key_encipherment", "data_encipherment"), True),), key=rsa_key()),
        "shop.test",
    ),
    "key usage: certificates": (lambda: _leaf(extensions=((usage("key_cert_sign"), True),)), "shop.test"),
    "an authority as the server": (lambda: _leaf(constraints=(AUTHORITY, True)), "shop.test"),
    "no basic constraints": (lambda: _leaf(constraints=None), "shop.test"),
    "signed with SHA-1": (lambda: _by_rsa(hash="sha1"), "shop.test"),
    "signed with MD5": (lambda: _by_rsa(hash="md5"), "shop.test"),
    "intermediate signed with SHA-1": (_weak_middle, "shop.test"),
    "root signed with SHA-1": (lambda: _root(key=rsa_key(), hash="sha1"), "shop.test"),
    "RSA of 2048 bits": (_by_rsa, "shop.test"),
    "RSA of 1024 bits": (lambda: _by_rsa(leaf_bits=1024), "shop.test"),
    "root of 1024 bits": (lambda: _by_rsa(bits=1024), "shop.test"),
    "P-521": (lambda: _leaf(key=ec.generate_private_key(ec.SECP521R1())), "shop.test"),
    "Ed25519": (lambda: _leaf(key=ed25519.Ed25519PrivateKey.generate()), "shop.test"),
    "Ed25519 in an intermediate": (lambda: _below(key=ed25519.Ed25519PrivateKey.generate()), "shop.test"),
    "unknown critical extension": (lambda: _leaf(extensions=((UNKNOWN, True),)), "shop.test"),
    "unknown extension": (lambda: _leaf(extensions=((UNKNOWN, False),)), "shop.test"),
    "name that is permitted": (lambda: _constrained(permitted="shop.test"), "shop.test"),
    "name that is not permitted": (lambda: _constrained(permitted="other.test"), "shop.test"),
    "name that is excluded": (lambda: _constrained(excluded="test"), "shop.test"),
    "path length exceeded": (_too_deep, "shop.test"),
    "issuer that is no authority": (_no_authority, "shop.test"),
    "issuer that may not sign": (lambda: _below(extensions=((usage("crl_sign"), True),)), "shop.test"),
    "intermediate without constraints": (lambda: _below(constraints=None), "shop.test"),
    "intermediate missing": (_missing, "shop.test"),
    "intermediate expired": (lambda: _below(days=(-300, -1)), "shop.test"),
    "intermediate not valid yet": (lambda: _below(days=(1, 300)), "shop.test"),
    "in a wrong order": (_disordered, "shop.test"),
    "with a stranger": (_surplus, "shop.test"),
    "with the root": (_with_root, "shop.test"),
    "cross-signed": (lambda: _crossed((-300, 300)), "shop.test"),
    "cross-signed, and that is over": (lambda: _crossed((-300, -1)), "shop.test"),
    "cross-signed, the old root alone known": (_crossed_only, "shop.test"),
    "intermediate in the store": (_middle_trusted, "shop.test"),
    "self-signed": (lambda: _self_signed(False), "shop.test"),
    "self-signed, in the store": (lambda: _self_signed(True), "shop.test"),
    "self-signed as openssl makes it, in the store": (
        lambda: _self_signed(True, purposes=(), constraints=(AUTHORITY, True)),
        "shop.test",
    ),
    "itself in the store": (_leaf_trusted, "shop.test"),
    "private root": (_private, "shop.test"),
    "another root of the same name": (_wrong_signature, "shop.test"),
    "root expired": (lambda: _root(days=(-3000, -1)), "shop.test"),
    "root of version 1": (lambda: _root(key=rsa_key(), version=1), "shop.test"),
    "root without constraints": (lambda: _root(constraints=None), "shop.test"),
    "root without key usage": (lambda: _root(extensions=()), "shop.test"),
    "constraints not critical": (lambda: _root(constraints=(AUTHORITY, False)), "shop.test"),
    "intermediate's constraints not critical": (
        lambda: _below(constraints=(AUTHORITY, False)),
        "shop.test",
    ),
    "valid for ten years": (lambda: _leaf(days=(-10, 3650)), "shop.test"),
    "valid for 50 years": (lambda: _leaf(days=(-10, 50 * 365)), "shop.test"),
}
"""What is unusual or wrong -> what the server shows and its clients trust, and the host that they ask for."""
