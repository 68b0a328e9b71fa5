"""A store of trusted authorities for Chromium, which reads the one of NSS below the user's home."""

from __future__ import annotations

import ctypes
from collections.abc import Iterable
from pathlib import Path

from tests.stack.programs import unavailable


class _Trust(ctypes.Structure):
    _fields_ = (("ssl", ctypes.c_uint), ("email", ctypes.c_uint), ("signing", ctypes.c_uint))


def browser_store(home: Path, authorities: Iterable[tuple[bytes, bool]]) -> None:
    """Make a home in which Chromium trusts these certificates.

    Args:
        home: given to Chromium as HOME.
        authorities: certificates in DER, and whether each may sign others; one that may not is trusted as itself.

    Raises:
        pytest.skip.Exception: NSS, which Chromium needs too, is not installed.
    """
    try:
        nss, decoding = ctypes.CDLL("libnss3.so"), ctypes.CDLL("libsmime3.so")
    except OSError:
        unavailable("NSS is not installed: apt-get install libnss3.")
    for function in (nss.PK11_GetInternalKeySlot, nss.CERT_GetDefaultCertDB, decoding.CERT_DecodeCertFromPackage):
        function.restype = ctypes.c_void_p
    folder = home / ".pki" / "nssdb"
    folder.mkdir(parents=True)
    assert nss.NSS_InitReadWrite(f"sql:{folder}".encode()) == 0
    try:
        slot = ctypes.c_void_p(nss.PK11_GetInternalKeySlot())
        nss.PK11_InitPin(slot, None, b"")
        database = ctypes.c_void_p(nss.CERT_GetDefaultCertDB())
        for number, (der, signs) in enumerate(authorities):
            certificate = ctypes.c_void_p(decoding.CERT_DecodeCertFromPackage(der, len(der)))
            trust = _Trust()
            nss.CERT_DecodeTrustString(ctypes.byref(trust), b"C,," if signs else b"P,,")
            imported = nss.PK11_ImportCert(slot, certificate, ctypes.c_ulong(0), b"%d" % number, 0)
            assert (imported, nss.CERT_ChangeCertTrust(database, certificate, ctypes.byref(trust))) == (0, 0), number
    finally:
        nss.NSS_Shutdown()
