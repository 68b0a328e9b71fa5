"""Why TLS was refused, in words: OpenSSL's own are for those who know OpenSSL."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_readiness.core.text import cut

if TYPE_CHECKING:
    import ssl

EXPIRED = "a certificate of the path has expired"
NOT_YET = "a certificate of the path is not valid yet"
WRONG_NAME = "the certificate is not for this name"
NO_SERVER = "its purposes do not allow a server, or those of an issuer do not (key usage or extended key usage)"
NO_PATH = "no path leads to the trust store: an intermediate was not sent, or the store does not hold the authority"
PRIVATE = "the chain ends in an authority that is not in the trust store, such as a private root"
SELF_SIGNED = "the certificate is self-signed, and not in the trust store"

VERIFICATION: dict[int, str] = {
    1: "the certificates could not be verified, for a reason that OpenSSL does not tell",
    2: NO_PATH,
    3: "no list of revoked certificates was found",
    4: "the signature of a certificate cannot be decrypted with its issuer's key",
    5: "the signature of a list of revoked certificates cannot be decrypted with its issuer's key",
    6: "the key of an issuer cannot be read",
    7: "the signature of a certificate is not its issuer's: another authority has the same name",
    8: "the signature of a list of revoked certificates is wrong",
    9: NOT_YET,
    10: EXPIRED,
    11: "a list of revoked certificates is not valid yet",
    12: "a list of revoked certificates is too old",
    13: "the moment from which a certificate is valid cannot be read",
    14: "the moment until which a certificate is valid cannot be read",
    15: "the moment of a list of revoked certificates cannot be read",
    16: "the end of a list of revoked certificates cannot be read",
    17: "there was not enough memory to verify the certificates",
    18: SELF_SIGNED,
    19: PRIVATE,
    20: NO_PATH,
    21: "the server sent its certificate alone, and no authority of the trust store issued it",
    22: "the chain has more certificates than are followed",
    23: "a certificate of the path was revoked",
    24: "an issuer has no public key",
    25: "there are more authorities below one than it allows (path length)",
    26: NO_SERVER,
    27: "the trust store does not trust the root for servers",
    28: "the trust store rejects the root for servers",
    29: "a certificate names another issuer than the one that follows",
    30: "a certificate names another key of its issuer than the issuer has",
    31: "a certificate names another serial number of its issuer than the issuer has",
    32: "an issuer's key usage does not allow signing certificates",
    33: "who issued a list of revoked certificates is not known",
    34: "a certificate has a critical extension that clients do not know",
    35: "an issuer's key usage does not allow signing lists of revoked certificates",
    36: "a list of revoked certificates has a critical extension that is not known",
    37: "a certificate that is no authority's stands where one is needed",
    38: "there are more proxy certificates than allowed",
    39: "the key usage does not allow digital signatures",
    40: "a proxy certificate is in the chain, which is not allowed",
    41: "an extension of a certificate is malformed or contradicts another",
    42: "the policy extension of a certificate is malformed",
    43: "the certificates have no policy in common, which one of them asks for",
    44: "a list of revoked certificates covers others than these",
    45: "an extension asks for something that clients do not support",
    46: "a certificate holds addresses that its issuer does not have (RFC 3779)",
    47: "a name of the certificate is not among those that an issuer may certify (name constraints)",
    48: "a name of the certificate is among those that an issuer must not certify (name constraints)",
    49: "an issuer's name constraints have limits that clients do not support",
    50: "the program that verifies refused the certificate",
    51: "an issuer's name constraints are of a kind that clients do not support",
    52: "an issuer's name constraints are malformed",
    53: "a name of the certificate is written in a way that cannot be compared with its issuer's name constraints",
    54: "the path of a list of revoked certificates could not be verified",
    55: "the path goes in a circle: two authorities issued each other",
    56: "a certificate has a version that Suite B does not allow",
    57: "a certificate has a key of a kind that Suite B does not allow",
    58: "a certificate has a key on a curve that Suite B does not allow",
    59: "a certificate is signed with an algorithm that Suite B does not allow",
    60: "a certificate is below the level of Suite B that is asked for",
    61: "a certificate with a key on P-384 is signed with one on P-256, which Suite B does not allow",
    62: WRONG_NAME,
    63: "the certificate is not for this e-mail address",
    64: "the certificate is not for this IP address",
    65: "the certificate is not the one that DNS names (DANE)",
    66: "the certificate's key is too short or of a kind that clients refuse",
    67: "the key of an issuer is too short or of a kind that clients refuse",
    68: "a certificate is signed with an algorithm that clients refuse, such as SHA-1",
    69: "OpenSSL was asked in a wrong way to verify the certificates",
    70: "the trust store could not be searched",
    71: "the certificate was not entered into a public log (certificate transparency)",
    72: "a proxy certificate has a name that its issuer does not allow",
    73: "the server was to staple an OCSP response, and did not",
    74: "the stapled OCSP response could not be verified",
    75: "the OCSP responder does not know the certificate",
    76: "a certificate is signed with an algorithm that OpenSSL does not know",
    77: "a certificate is signed with another algorithm than its issuer's key is for",
    78: "a certificate names two algorithms for its one signature",
    79: "a certificate that issued another one is not an authority's (basic constraints or key usage)",
    80: "a certificate limits a path without being an authority's",
    81: "an authority limits a path, but its key usage does not allow signing certificates",
    82: "the key usage allows signing certificates, though the certificate is not an authority's",
    83: "a certificate does not name its issuer",
    84: "an authority's certificate has no subject",
    85: "a certificate does not identify its issuer's key",
    86: "an authority's certificate does not identify its key",
    87: "the certificate has a subjectAltName without a name",
    88: "the certificate has no subject, and its subjectAltName is not critical",
    89: "an authority's basic constraints are not critical",
    90: "the identifier of an issuer's key is critical, which it must not be",
    91: "the identifier of a key is critical, which it must not be",
    92: "an authority's certificate has no key usage",
    93: "a certificate has extensions, but not the version 3 that has them",
    94: "a key on a curve writes out the curve's parameters instead of its name",
    95: "the server showed a bare key that is not known",
    96: "the stapled OCSP response is malformed",
    97: "the signature of the stapled OCSP response is wrong",
    98: "the stapled OCSP response is not valid yet",
    99: "the stapled OCSP response is too old",
    100: "the server did not staple an OCSP response",
}
"""OpenSSL's number of a refusal (X509_V_ERR_…) -> what is wrong, as a clause."""

HANDSHAKE = {
    "WRONG_VERSION_NUMBER": "what the server said is not TLS: the port speaks another protocol, or asks for STARTTLS",
    "RECORD_LAYER_FAILURE": "what the server said is not TLS: the port speaks another protocol, or asks for STARTTLS",
    "PACKET_LENGTH_TOO_LONG": "what the server said is not TLS: the port speaks another protocol, or asks for STARTTLS",
    "HTTP_REQUEST": "the port speaks plain http",
    "UNSUPPORTED_PROTOCOL": "the server speaks older versions of TLS only",
    "NO_PROTOCOLS_AVAILABLE": "this machine's OpenSSL allows no version of TLS",
    "NO_CIPHERS_AVAILABLE": "this machine's OpenSSL allows no cipher suite",
    "WRONG_CIPHER_RETURNED": "the server chose a cipher suite that was not offered",
    "WRONG_SSL_VERSION": "the server chose a version of TLS that was not offered",
    "WRONG_SIGNATURE_TYPE": "the server signed the handshake in a way that was not offered, such as with SHA-1",
    "WRONG_CURVE": "the server chose a group that was not offered",
    "LEGACY_SIGALG_DISALLOWED_OR_UNSUPPORTED": "the server signed the handshake in an old way that is refused",
    "NO_SHARED_CIPHER": "the server and its clients have no cipher suite in common",
    "DH_KEY_TOO_SMALL": "the server's Diffie-Hellman key is too short",
    "BAD_DH_VALUE": "the server's Diffie-Hellman key is not valid",
    "EE_KEY_TOO_SMALL": "the key of a certificate is too short",
    "CA_MD_TOO_WEAK": "a certificate is signed with an algorithm that is refused, such as SHA-1",
    "UNSAFE_LEGACY_RENEGOTIATION_DISABLED": "the server knows insecure renegotiation only (no RFC 5746)",
    "BAD_SIGNATURE": "the server's signature of the handshake is wrong: its key does not belong to its certificate",
    "BAD_ECPOINT": "the server's key share is not valid",
    "BAD_KEY_SHARE": "the server's key share is not valid",
    "TLSV1_UNRECOGNIZED_NAME": "the server does not know this name",
    "UNEXPECTED_EOF_WHILE_READING": "the server closed the connection during the handshake",
    "UNEXPECTED_MESSAGE": "the server broke the order of the handshake",
    "DECRYPTION_FAILED_OR_BAD_RECORD_MAC": "what came was changed on its way, or encrypted wrongly",
    "LENGTH_MISMATCH": "a message of the handshake is malformed",
    "BAD_EXTENSION": "a message of the handshake is malformed",
    "DECODE_ERROR": "a message of the handshake is malformed",
    "WRONG_CERTIFICATE_TYPE": "the server's certificate has a key of another kind than the cipher suite asks for",
    "UNKNOWN_CERTIFICATE_TYPE": "the server's certificate has a key of a kind that is not known",
    "UNABLE_TO_FIND_PUBLIC_KEY_PARAMETERS": "the key of the server's certificate cannot be read",
    "ASN1_LIB": "a certificate of the server cannot be read",
    "X509_LIB": "a certificate of the server cannot be read",
    "SESSION_ID_CONTEXT_UNINITIALIZED": "the server is not set up to ask for client certificates",
}
"""OpenSSL's name of what ended a handshake -> what that means, as a clause."""

ALERTS = {
    "CLOSE_NOTIFY": "the server closed the connection",
    "UNEXPECTED_MESSAGE": "the server did not expect what was sent",
    "BAD_RECORD_MAC": "the server could not decrypt what was sent",
    "DECRYPTION_FAILED": "the server could not decrypt what was sent",
    "RECORD_OVERFLOW": "the server found what was sent too long",
    "DECOMPRESSION_FAILURE": "the server could not decompress what was sent",
    "HANDSHAKE_FAILURE": "the server has no version, cipher suite or group in common with its clients, or demands a "
    "client certificate",
    "NO_CERTIFICATE": "the server demands a client certificate",
    "CERTIFICATE_REQUIRED": "the server demands a client certificate",
    "BAD_CERTIFICATE": "the server could not use the client certificate, or got none",
    "UNSUPPORTED_CERTIFICATE": "the server does not take a client certificate of this kind",
    "CERTIFICATE_REVOKED": "the server says that the client certificate was revoked",
    "CERTIFICATE_EXPIRED": "the server says that the client certificate has expired",
    "CERTIFICATE_UNKNOWN": "the server refuses the client certificate",
    "ILLEGAL_PARAMETER": "the server found what was sent malformed",
    "UNKNOWN_CA": "the server does not trust the authority of the client certificate",
    "ACCESS_DENIED": "the server refuses the client certificate's access",
    "DECODE_ERROR": "the server found what was sent malformed",
    "DECRYPT_ERROR": "the server could not verify the signature of the handshake",
    "EXPORT_RESTRICTION": "the server refuses the cipher suites",
    "PROTOCOL_VERSION": "the server speaks other versions of TLS only",
    "INSUFFICIENT_SECURITY": "the server finds the cipher suites too weak",
    "INTERNAL_ERROR": "the server says that it has an internal error",
    "INAPPROPRIATE_FALLBACK": "the server takes the version for a downgrade",
    "USER_CANCELLED": "the server broke the handshake off",
    "NO_RENEGOTIATION": "the server does not renegotiate",
    "MISSING_EXTENSION": "the server misses an extension of the handshake",
    "UNSUPPORTED_EXTENSION": "the server does not know an extension of the handshake",
    "CERTIFICATE_UNOBTAINABLE": "the server could not get the client certificate",
    "UNRECOGNIZED_NAME": "the server does not know this name",
    "BAD_CERTIFICATE_STATUS_RESPONSE": "the server could not use an OCSP response",
    "BAD_CERTIFICATE_HASH_VALUE": "the server got another client certificate than was announced",
    "UNKNOWN_PSK_IDENTITY": "the server demands a key that was shared beforehand",
    "NO_APPLICATION_PROTOCOL": "the server speaks none of the protocols that were offered inside TLS (ALPN)",
}
"""Name of an alert that a server may send (RFC 8446 section 6) -> what that means, as a clause."""

_ALERT = re.compile(r"(?:SSLV3|TLSV1|TLSV13)_(?:ALERT_)?(\w+)")


def refusal(error: ssl.SSLError) -> str:
    """Why TLS was refused, as a clause."""
    import ssl

    if isinstance(error, ssl.SSLCertVerificationError):
        return unverified(error.verify_code, error.verify_message)
    return broken_off(error.reason or "")


def unverified(code: int, message: str = "") -> str:
    """Why certificates were refused, by OpenSSL's number of it."""
    return VERIFICATION.get(code) or message or f"OpenSSL refuses the certificates (reason {code})"


def broken_off(reason: str) -> str:
    """What a handshake ended with, by OpenSSL's name of it ("SSLV3_ALERT_HANDSHAKE_FAILURE")."""
    alert = _ALERT.fullmatch(reason)
    known = HANDSHAKE.get(reason) or (ALERTS.get(alert[1]) if alert else "")
    if known:
        return known
    words = cut(reason.replace("_", " ").lower() or "no reason", 80)
    return f"the TLS handshake broke off, which OpenSSL calls '{words}'"
