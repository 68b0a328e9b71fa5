"""Whether a stapled OCSP response proves anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_readiness.core import clock
from pytest_readiness.domains.tls.records import Staple

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.x509.ocsp import OCSPResponse


def staple(response: OCSPResponse, leaf: x509.Certificate, authorities: list[x509.Certificate]) -> Staple:
    """Judge who signed an OCSP response and which certificate it is about (RFC 6960 section 3.2).

    Args:
        response: as the server stapled it.
        leaf: the certificate that it came with.
        authorities: certificates among which the leaf's issuer is looked for.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.x509.ocsp import OCSPResponseStatus

    if response.response_status is not OCSPResponseStatus.SUCCESSFUL:
        return Staple(f"the responder answered {response.response_status.name.replace('_', ' ').lower()}")
    issuers = [each for each in authorities if _issued(each, leaf)]
    if not issuers:
        return Staple("the certificate's issuer is not known, so it cannot be verified")
    about = next((each for each in response.responses if each.serial_number == leaf.serial_number), None)
    if about is None:
        return Staple("it is about another certificate")
    try:
        responders = [each for each in response.certificates if _may_answer(each, issuers)]
        signers = [each for each in (*issuers, *responders) if _signed(response, each)]
    except UnsupportedAlgorithm as error:
        return Staple(f"it is signed in a way that cannot be verified ({error})")
    if not signers:
        return Staple("neither the certificate's issuer nor a responder of the issuer's signed it")
    lapsed = [_lapsed(each) if each in responders else "" for each in signers]
    if all(lapsed):
        return Staple(lapsed[0])
    return Staple("", about.certificate_status.name.lower(), about.this_update_utc, about.next_update_utc)


def _issued(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError):
        return False
    return True


def _may_answer(responder: x509.Certificate, issuers: list[x509.Certificate]) -> bool:
    """Whether the issuer made it a responder (RFC 6960 section 4.2.2.2)."""
    from cryptography import x509
    from cryptography.x509.oid import ExtendedKeyUsageOID as Purpose

    try:
        purposes = responder.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (x509.ExtensionNotFound, ValueError):
        return False
    return Purpose.OCSP_SIGNING in purposes and any(_issued(each, responder) for each in issuers)


def _lapsed(responder: x509.Certificate) -> str:
    """Why a responder's certificate is not valid now, as a clause; "" where it is."""
    since, until, now = responder.not_valid_before_utc, responder.not_valid_after_utc, clock.now()
    if since <= now <= until:
        return ""
    when = f"expired on {until:%Y-%m-%d}" if until < now else f"is valid only from {since:%Y-%m-%d}"
    subject = responder.subject.rfc4514_string()[:100] or "without a name"
    return f"the certificate of the responder that signed it ({subject}) {when}"


def _signed(response: OCSPResponse, signer: x509.Certificate) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa

    key, hashed = signer.public_key(), response.signature_hash_algorithm
    signature, text = response.signature, response.tbs_response_bytes
    try:
        if isinstance(key, rsa.RSAPublicKey) and hashed:
            key.verify(signature, text, padding.PKCS1v15(), hashed)
        elif isinstance(key, ec.EllipticCurvePublicKey) and hashed:
            key.verify(signature, text, ec.ECDSA(hashed))
        elif isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):
            key.verify(signature, text)
        else:
            return False
    except InvalidSignature:
        return False
    return True
