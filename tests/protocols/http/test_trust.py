"""Who trusts which certificate: this package's verifier beside OpenSSL's, curl and a browser."""

from __future__ import annotations

import ctypes.util
import os
import re
import socket
import ssl
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509

from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.protocols.http import refusals
from pytest_readiness.protocols.http.addresses import ascii_host
from pytest_readiness.protocols.http.refusals import (
    ALERTS,
    EXPIRED,
    HANDSHAKE,
    NO_PATH,
    NO_SERVER,
    NOT_YET,
    PRIVATE,
    SELF_SIGNED,
    VERIFICATION,
    WRONG_NAME,
    broken_off,
)
from pytest_readiness.protocols.http.trust import Trust
from tests.protocols.http.certificates import CASES, NOW, Setup, authority, leaf, written
from tests.stack.browser_store import browser_store
from tests.stack.certs import Certificate
from tests.stack.patience import patient
from tests.stack.process import short_directory
from tests.stack.programs import program
from tests.stack.tls_servers import TlsServers

NO_ALTERNATIVE = "the certificate has no subjectAltName: browsers do not look at the common name"
WEAK = VERIFICATION[68]
KEY_USAGE = "its key usage does not allow digital signatures: browsers refuse it"

REFUSED = {
    "expired": EXPIRED,
    "not valid yet": NOT_YET,
    "for another name": WRONG_NAME,
    "for the name without its host": WRONG_NAME,
    "wildcard, two labels deep": WRONG_NAME,
    "wildcard for the bare name": WRONG_NAME,
    "wildcard within a label": WRONG_NAME,
    "wildcard in the middle": WRONG_NAME,
    "wildcard of a top-level domain": WRONG_NAME,
    "address as a name": WRONG_NAME,
    "address in the common name": WRONG_NAME,
    "common name only": NO_ALTERNATIVE,
    "common name, and an e-mail address": WRONG_NAME,
    "common name, and another alternative": WRONG_NAME,
    "no subject": "the certificate has no subject, and its subjectAltName is not critical: browsers refuse it",
    "purpose of a client": NO_SERVER,
    "any purpose": NO_SERVER,
    "purpose of an intermediate": NO_SERVER,
    "key usage: encipherment, elliptic": KEY_USAGE,
    "key usage: encipherment, RSA": KEY_USAGE,
    "key usage: certificates": NO_SERVER,
    "signed with SHA-1": WEAK,
    "signed with MD5": WEAK,
    "intermediate signed with SHA-1": WEAK,
    "RSA of 1024 bits": VERIFICATION[66],
    "root of 1024 bits": VERIFICATION[67],
    "unknown critical extension": VERIFICATION[34],
    "name that is not permitted": VERIFICATION[47],
    "name that is excluded": VERIFICATION[48],
    "path length exceeded": VERIFICATION[25],
    "issuer that is no authority": VERIFICATION[79],
    "issuer that may not sign": VERIFICATION[79],
    "intermediate without constraints": VERIFICATION[79],
    "intermediate missing": NO_PATH,
    "intermediate expired": EXPIRED,
    "intermediate not valid yet": NOT_YET,
    "self-signed": SELF_SIGNED,
    "private root": PRIVATE,
    "another root of the same name": VERIFICATION[7],
    "root expired": EXPIRED,
}
"""Rows of the table that are not trusted, and what is said of them; all others are trusted."""

ELSEWHERE: dict[str, dict[str, str]] = {
    "wildcard within a label": {"openssl": "A wildcard within a label was deprecated; browsers and curl refuse it."},
    "wildcard of a public suffix": {"chromium": "It takes a list of public suffixes, which is not held here."},
    "wildcard for an underscore": {"openssl": "Browsers and curl take it, and such names exist."},
    "dot at the end of the certificate's name": {"openssl": "Browsers and curl take it for the same name."},
    "common name only": {
        "openssl": "Falls back to the common name, which no browser has done since 2017.",
        "curl": "As OpenSSL.",
    },
    "common name, and an e-mail address": {"openssl": "As for the common name only.", "curl": "As OpenSSL."},
    "no subject": {
        "openssl": "Asks for what RFC 5280 4.1.2.6 says only where it is told to be strict; browsers refuse it.",
        "curl": "As OpenSSL.",
    },
    "any purpose": {"chromium": "Takes it; whatever is built on OpenSSL does not, so that half of the clients fail."},
    "key usage: encipherment, elliptic": {"openssl": "Does not look; browsers refuse it.", "curl": "As OpenSSL."},
    "key usage: encipherment, RSA": {"openssl": "Does not look; browsers refuse it.", "curl": "As OpenSSL."},
    "RSA of 1024 bits": {"chromium": "Takes 1024 bits from private authorities; OpenSSL and curl do not."},
    "root of 1024 bits": {"chromium": "As for the server's key."},
    "P-521": {"chromium": "Does not offer it. A warning says so, as other browsers and all of OpenSSL take it."},
    "Ed25519": {"chromium": "Does not offer it. A warning says so, as all of OpenSSL takes it."},
    "Ed25519 in an intermediate": {"chromium": "Does not know it; what is built on OpenSSL does."},
}
"""Rows in which a tool says otherwise than this package, and why that one is not followed."""


@dataclass(frozen=True)
class Row:
    """A row of the table, served.

    Attributes:
        setup, files: what is served.
        host: in ASCII.
        port: where it is served, on 127.0.0.1 and ::1.
    """

    setup: Setup
    host: str
    files: Certificate
    port: int

    @property
    def store(self) -> Path:
        return self.files.ca_file

    @property
    def url(self) -> str:
        return f"https://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}/"


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Row]]:
    served = {}
    with TlsServers() as servers:
        for name, (make, host) in CASES.items():
            folder = tmp_path_factory.mktemp("row")
            setup = make()
            files = written(setup, folder)
            port = servers.serve(files)
            served[name] = Row(setup, ascii_host(host).rstrip("."), files, port)
        servers.start()
        yield served


def expected(tool: str) -> dict[str, bool]:
    """Which rows a tool trusts."""
    return {name: (name not in REFUSED) != (tool in ELSEWHERE.get(name, {})) for name in CASES}


def test_table_is_whole() -> None:
    assert len(CASES) > 80
    assert not (REFUSED.keys() | ELSEWHERE.keys()) - CASES.keys()


def test_what_a_server_sent(rows: Mapping[str, Row]) -> None:
    found = {}
    for name, row in rows.items():
        chain = [x509.load_der_x509_certificate(each.certificate) for each in row.setup.chain]
        found[name] = Trust(row.store).fault(row.host, chain)
    assert found == {name: REFUSED.get(name, "") for name in CASES}


def test_in_a_handshake(rows: Mapping[str, Row]) -> None:
    found = {}
    for name, row in rows.items():
        context = Trust(row.store).context()
        with socket.create_connection(("127.0.0.1", row.port), patient(10)) as raw:
            try:
                context.wrap_socket(raw, server_hostname=row.host).close()
                found[name] = ""
            except ssl.SSLError as error:
                found[name] = refusals.refusal(error)
    assert found == {name: REFUSED.get(name, "") for name in CASES}


def test_as_openssl_does(rows: Mapping[str, Row]) -> None:
    found = {}
    for name, row in rows.items():
        asked = "-verify_ip" if ":" in row.host or row.host == "127.0.0.1" else "-verify_hostname"
        command: list[str | Path] = [
            *(program("openssl"), "verify", "-partial_chain", "-purpose", "sslserver", "-auth_level", "2"),
            *("-no-CApath", "-no-CAstore", "-CAfile", row.store, asked, row.host),
            *("-untrusted", row.files.chain, row.files.cert),
        ]
        found[name] = subprocess.run(command, capture_output=True, check=False).returncode == 0
    assert found == expected("openssl")


def test_as_openssls_client_does(rows: Mapping[str, Row]) -> None:
    found = {}
    for name, row in rows.items():
        asked = "-verify_ip" if ":" in row.host or row.host == "127.0.0.1" else "-verify_hostname"
        command: list[str | Path] = [
            *(program("openssl"), "s_client", "-connect", f"127.0.0.1:{row.port}", "-verify_return_error"),
            *("-partial_chain", "-no-CApath", "-no-CAstore", "-CAfile", row.store, asked, row.host),
        ]
        done = subprocess.run(command, input=b"", capture_output=True, check=False, timeout=patient(20))
        found[name] = done.returncode == 0
    assert found == expected("openssl")


def test_as_curl_does(rows: Mapping[str, Row]) -> None:
    command = [str(program("curl")), "-q"]
    for row in rows.values():
        # One process for all: it reads the options of each address up to the next.
        command += ["-s", "-o", "/dev/null", "-w", "%{exitcode}\n", "--noproxy", "*", "--capath", "/nonexistent"]
        command += ["--cacert", str(row.store), "--connect-to", f"::127.0.0.1:{row.port}", row.url, "--next"]
    done = subprocess.run(command[:-1], capture_output=True, text=True, check=False, timeout=patient(60))
    codes = dict(zip(rows, done.stdout.split(), strict=True))
    # 60: the certificate is not trusted; 35: nor can the handshake be ended.
    assert set(codes.values()) <= {"0", "35", "60"}
    assert {name: code == "0" for name, code in codes.items()} == expected("curl")


def test_as_a_browser_does(rows: Mapping[str, Row]) -> None:
    sync_api = pytest.importorskip("playwright.sync_api")
    asked = {row.url: name for name, row in rows.items()}
    failed: dict[str, str] = {}
    with short_directory() as home:
        trusted = [each for row in rows.values() for each in row.setup.store]
        signing = [each.name.rfc4514_string().startswith("CN=Authority") for each in trusted]
        browser_store(home, zip([each.certificate for each in trusted], signing, strict=True))
        with sync_api.sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=program("chromium"),
                env={**os.environ, "HOME": str(home), "XDG_DATA_HOME": str(home / ".local")},
                args=[
                    *("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-proxy-server"),
                    "--host-resolver-rules=MAP * 127.0.0.1, EXCLUDE 127.0.0.1, EXCLUDE ::1",
                ],
                timeout=patient(60) * 1000,
            )
            page = browser.new_page()
            page.on("requestfailed", lambda request: failed.update({request.url: request.failure}))
            page.evaluate("urls => Promise.allSettled(urls.map(url => fetch(url, {mode: 'no-cors'})))", list(asked))
            browser.close()
    wrong = {asked[url]: why for url, why in failed.items()}
    assert not [why for why in wrong.values() if not re.match(r"net::ERR_(CERT|SSL)_", why)]
    assert {name: name not in wrong for name in CASES} == expected("chromium")


def test_at_another_moment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    root = authority()
    short = authority(root, days=(-10, 20))
    store = tmp_path / "store.pem"
    store.write_bytes(root.pem)

    def fault(*chain: bytes) -> str:
        return Trust(store).fault("shop.test", [x509.load_der_x509_certificate(each) for each in chain])

    long = leaf(short, days=(-10, 80)).certificate
    for days, sent, seen in (
        (0, (long, short.certificate), ""),
        (30, (long, short.certificate), EXPIRED),
        (90, (leaf(root).certificate,), EXPIRED),
        (-20, (leaf(root).certificate,), NOT_YET),
        # What expires is not part of the path.
        (30, (leaf(root).certificate, short.certificate), ""),
    ):
        monkeypatch.setenv("READINESS_NOW", (NOW + timedelta(days=days)).isoformat())
        assert fault(*sent) == seen, days


def test_no_name_is_no_trust(rows: Mapping[str, Row]) -> None:
    row = rows["as it should be"]
    with (
        socket.create_connection(("127.0.0.1", row.port), patient(10)) as raw,
        pytest.raises(ssl.SSLCertVerificationError) as caught,
    ):
        Trust(row.store).context().wrap_socket(raw)
    assert refusals.refusal(caught.value) == WRONG_NAME


def test_every_refusal_of_openssl_has_words() -> None:
    library = ctypes.util.find_library("crypto")
    assert library
    told = ctypes.CDLL(library).X509_verify_cert_error_string
    told.restype = ctypes.c_char_p
    known = {code for code in range(1, 200) if b"unknown" not in told(code) and b"nrecognized" not in told(code)}
    assert len(known) > 80
    header = Path("/usr/include/openssl/x509_vfy.h")
    if header.is_file():
        named = {int(code) for code in re.findall(r"X509_V_ERR_\w+\s+(\d+)", header.read_text())}
        assert len(named) > 90
        known |= named
    assert not known - VERIFICATION.keys()
    raw = {told(code).decode().lower() for code in known}
    assert not [words for words in VERIFICATION.values() if words.lower() in raw]


def test_every_alert_has_words() -> None:
    import _ssl

    reasons = {reason for (library, _), reason in _ssl.err_codes_to_names.items() if library == 20}
    alerts = {reason for reason in reasons if re.match(r"(SSLV3|TLSV1|TLSV13)_ALERT_", reason)}
    assert len(alerts) > 20
    unknown = {reason for reason in alerts if "which OpenSSL calls" in broken_off(reason)}
    assert not unknown
    assert broken_off("TLSV13_ALERT_CERTIFICATE_REQUIRED") == ALERTS["CERTIFICATE_REQUIRED"]
    assert broken_off("WRONG_VERSION_NUMBER") == HANDSHAKE["WRONG_VERSION_NUMBER"]
    assert broken_off("SOMETHING_NEW") == "the TLS handshake broke off, which OpenSSL calls 'something new'"


@pytest.mark.parametrize("words", [*VERIFICATION.values(), *HANDSHAKE.values(), *ALERTS.values()])
def test_words_are_clauses(words: str) -> None:
    assert not words.endswith(".")
    assert not re.search(r"[A-Z]{3,}_|\bSSLV3|unable to get", words)


def test_store_that_cannot_be_read(tmp_path: Path) -> None:
    for content in (None, "no certificate"):
        file = tmp_path / "ca.pem"
        if content:
            file.write_text(content)
        with pytest.raises(CouldNotVerify, match=r"the authority's file .*ca\.pem could not be read"):
            Trust(file).context()
