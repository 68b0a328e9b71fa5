"""Endpoints of other protocols: TLS after STARTTLS or at once, client certificates, names that are not the address."""

from __future__ import annotations

import ssl
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.x509.oid import ExtendedKeyUsageOID

from pytest_readiness.core.domains import load_catalogue
from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify, Unreachable
from pytest_readiness.domains.http.resource import Url
from pytest_readiness.domains.tls.checks.certificate import expiry, trusted
from pytest_readiness.domains.tls.checks.mozilla import PROFILE, mozilla
from pytest_readiness.domains.tls.checks.protocol import (
    RESUMPTION,
    SUITES,
    VULNERABILITIES,
    ciphers,
    resumption,
    tls13,
    versions,
    vulnerabilities,
)
from pytest_readiness.domains.tls.records import TlsScan
from pytest_readiness.domains.tls.resource import Endpoint, Starttls, TlsEndpoint
from tests.judging import judge, read
from tests.protocols.http import certificates as of_table
from tests.stack.certs import Authority, Certificate
from tests.stack.fixtures import NginxFactory
from tests.stack.postgres import Postgres
from tests.stack.process import accepts, free_port, running, short_directory
from tests.stack.silent import SilentServer, WebApp
from tests.stack.starttls import chat_server, directory_server, ftp_server, mail_server, smtp_server

Serve = Callable[[Certificate], AbstractContextManager[int]]

SERVERS: dict[str, tuple[Starttls | None, Serve]] = {
    "smtp": ("smtp", smtp_server),
    "imap": ("imap", partial(mail_server, protocol="imap")),
    "pop3": ("pop3", partial(mail_server, protocol="pop3")),
    "ftp": ("ftp", ftp_server),
    "ldap": ("ldap", directory_server),
    "ldaps": (None, partial(directory_server, scheme="ldaps")),
    "xmpp": ("xmpp", chat_server),
}


def scanned(endpoint: TlsEndpoint, *commands: str) -> TlsScan:
    load_catalogue()
    scan: TlsScan = read("tls_scan", endpoint, {"tls_scan": commands})
    return scan


@pytest.mark.parametrize("protocol", SERVERS)
def test_certificate_behind_every_protocol(protocol: str, authority: Authority) -> None:
    starttls, serve = SERVERS[protocol]
    with serve(authority.issue()) as port:
        endpoint = Endpoint(name=protocol, endpoint=f"localhost:{port}", starttls=starttls, ca=authority.ca_file)
        good = scanned(endpoint, "certificate_info", "tls_1_3_cipher_suites")
    assert trusted(good).text.startswith("for localhost, issued by CN=Readiness Test Root")
    assert tls13(good).text.startswith("TLS 1.3 with ")
    with serve(authority.issue(["other.example.com"], expired=True)) as port:
        endpoint = Endpoint(name=protocol, endpoint=f"localhost:{port}", starttls=starttls, ca=authority.ca_file)
        bad = scanned(endpoint, "certificate_info")
    with pytest.raises(ClaimFalse, match=r"expired 1\.0 days ago"):
        expiry(bad)
    with pytest.raises(ClaimFalse, match=r"for other\.example\.com"):
        trusted(bad)


def test_smtp_protocols(authority: Authority) -> None:
    with smtp_server(authority.issue()) as port:
        mail = scanned(Endpoint(name="mail", endpoint=f"localhost:{port}", starttls="smtp", ca=authority.ca_file))
    assert mail.failed == {}
    assert "http_headers" not in mail.completed
    assert versions(mail).text.startswith("offered: TLSv1.2, TLSv1.3; refused: SSLv2, ")
    assert vulnerabilities(mail).text.startswith("no Heartbleed")
    assert "TLS 1.3 by tickets 3 of 3 times" in resumption(mail).text


def test_old_versions_behind_starttls(authority: Authority) -> None:
    # GnuTLS, which Debian builds slapd with, offers them unless it is told not to.
    with directory_server(authority.issue()) as port:
        ldap = Endpoint(name="ldap", endpoint=f"localhost:{port}", starttls="ldap", ca=authority.ca_file)
        with pytest.raises(ClaimFalse) as caught:
            judge("tls.versions", ldap)
    assert caught.value.seen == "TLSv1.0, TLSv1.1 offered too"


def test_postgres(postgres: Postgres, authority: Authority) -> None:
    database = Endpoint(name="db", endpoint=f"localhost:{postgres.port}", starttls="postgres", ca=authority.ca_file)
    assert judge("tls.trusted", database).text.startswith("for localhost, ")
    assert judge("tls.versions", database).text.startswith("offered: TLSv1.2, TLSv1.3; ")
    postgres.set("ssl", "off")
    database = Endpoint(name="db", endpoint=f"localhost:{postgres.port}", starttls="postgres")
    with pytest.raises(CouldNotVerify) as caught:
        judge("tls.trusted", database)
    assert caught.value.reason == (f"no TLS connection to localhost:{postgres.port} (Postgres AUTH TLS was rejected)")


@contextmanager
def _plain_smtp() -> Iterator[int]:
    """aiosmtpd without a certificate, so that it offers no STARTTLS."""
    port = free_port()
    command = [sys.executable, "-m", "aiosmtpd", "-n", "-l", f"127.0.0.1:{port}", "-c", "aiosmtpd.handlers.Sink"]
    with short_directory() as directory, running(command, log=directory / "log", ready=lambda: accepts(port)):
        yield port


def test_starttls_that_is_not_offered() -> None:
    with _plain_smtp() as port:
        mail = Endpoint(name="mail", endpoint=f"localhost:{port}", starttls="smtp")
        for id in ("tls.trusted", "tls.versions", "tls.vulnerabilities"):
            with pytest.raises(CouldNotVerify) as caught:
                judge(id, mail)
            assert caught.value.reason == (
                f"no TLS connection to localhost:{port} (Server does not support STARTTLS with SMTP)"
            )


def test_another_protocol_than_declared(authority: Authority) -> None:
    with smtp_server(authority.issue()) as port, pytest.raises(CouldNotVerify, match="IMAP START TLS was rejected"):
        judge("tls.trusted", Endpoint(name="mail", endpoint=f"localhost:{port}", starttls="imap"))


def test_silent_server() -> None:
    with SilentServer() as server, pytest.raises(Unreachable, match="connection but said nothing within 5 s"):
        judge("tls.versions", Endpoint(name="mail", endpoint=f"localhost:{server.port}", starttls="smtp"))


def test_closed_port() -> None:
    port = free_port()
    with pytest.raises(Unreachable, match=f"localhost:{port} refused the connection"):
        judge("tls.versions", Endpoint(name="mail", endpoint=f"localhost:{port}", starttls="smtp"))


def test_name_is_not_the_address(authority: Authority, nginx_factory: NginxFactory) -> None:
    other = authority.issue()
    with nginx_factory(
        https=authority.issue(["shop.example.com"]),
        raw="server_name shop.example.com;",
        http_raw=f"""server {{
            listen 127.0.0.1:@HTTPS_PORT@ ssl default_server;
            ssl_certificate {other.chain}; ssl_certificate_key {other.key};
        }}""",
    ) as server:
        place = f"shop.example.com:{server.https_port}"
        shop = Endpoint(name="shop", endpoint=place, address="127.0.0.1", ca=authority.ca_file)
        assert judge("tls.trusted", shop).text.startswith("for shop.example.com, ")
        www = Endpoint(name="shop", endpoint=f"www.{place}", address="127.0.0.1", ca=authority.ca_file)
        with pytest.raises(ClaimFalse, match=r"not for this name: for localhost, 127\.0\.0\.1"):
            judge("tls.trusted", www)


def test_client_certificate(authority: Authority) -> None:
    shown = authority.issue(["client"], purpose=ExtendedKeyUsageOID.CLIENT_AUTH)
    with WebApp(https=authority.issue()) as server:
        assert server._tls
        server._tls.load_verify_locations(authority.ca_file)
        server._tls.verify_mode = ssl.CERT_REQUIRED
        files = {"client_cert": shown.cert, "client_key": shown.key}
        place = f"localhost:{server.port}"
        shows = scanned(Endpoint(name="api", endpoint=place, ca=authority.ca_file, **files), *PROFILE, *RESUMPTION)
        hides = scanned(Endpoint(name="api", endpoint=place, ca=authority.ca_file), *PROFILE, *RESUMPTION)
        url = Url(name="api", url=server.url, ca=authority.ca_file, **files)
        assert judge("tls.trusted", url).text
    assert shows.failed == {}
    for holds in (trusted, versions, ciphers, vulnerabilities, resumption):
        assert holds(shows).text
    assert trusted(hides).text
    for unseen in (vulnerabilities, mozilla, resumption):
        with pytest.raises(CouldNotVerify, match="the server demands a client certificate"):
            unseen(hides)


CLIENT = ExtendedKeyUsageOID.CLIENT_AUTH


@pytest.mark.parametrize("kind", ["with its chain", "Ed25519"])
def test_client_certificate_that_the_older_openssl_cannot_show(kind: str, tmp_path: Path) -> None:
    root = of_table.authority()
    middle = of_table.authority(root)
    shown = {
        "with its chain": [of_table.leaf(middle, ["client"], purposes=(CLIENT,)), middle],
        "Ed25519": [of_table.leaf(root, ["client"], purposes=(CLIENT,), key=Ed25519PrivateKey.generate())],
    }[kind]
    pair = tmp_path / "client.pem"
    pair.write_bytes(b"".join(each.pem for each in shown) + shown[0].key_pem)
    files = of_table.written(of_table.Setup([of_table.leaf(root, ["localhost"])], [root]), tmp_path)
    with WebApp(https=files) as server:
        assert server._tls
        server._tls.load_verify_locations(files.ca_file)
        server._tls.verify_mode = ssl.CERT_REQUIRED
        endpoint = Endpoint(name="api", endpoint=f"localhost:{server.port}", ca=files.ca_file, client_cert=pair)
        scan = scanned(endpoint, "certificate_info", *SUITES, *VULNERABILITIES)
    for holds in (trusted, versions, ciphers):
        assert holds(scan).text
    if kind == "Ed25519":
        with pytest.raises(CouldNotVerify, match="sslyze's older OpenSSL cannot show this client certificate"):
            vulnerabilities(scan)
    else:
        assert vulnerabilities(scan).text


def test_without_the_client_certificate_that_tls12_demands(tmp_path: Path) -> None:
    root = of_table.authority()
    files = of_table.written(of_table.Setup([of_table.leaf(root, ["localhost"])], [root]), tmp_path)
    with WebApp(https=files) as server:
        assert server._tls
        server._tls.load_verify_locations(files.ca_file)
        server._tls.verify_mode = ssl.CERT_REQUIRED
        server._tls.maximum_version = ssl.TLSVersion.TLSv1_2
        endpoint = Endpoint(name="api", endpoint=f"localhost:{server.port}", ca=files.ca_file)
        scan = scanned(endpoint, "certificate_info", *SUITES, *VULNERABILITIES)
    for holds in (trusted, versions, ciphers):
        assert holds(scan).text
    with pytest.raises(CouldNotVerify, match="the server demands a client certificate"):
        vulnerabilities(scan)


@pytest.mark.parametrize("missing", ["cert", "key"])
def test_client_certificate_that_cannot_be_used(
    missing: str, authority: Authority, nginx_factory: NginxFactory
) -> None:
    shown, other = authority.issue(["client"]), authority.issue(["client"])
    cert = shown.cert.with_name("missing.pem") if missing == "cert" else shown.cert
    with nginx_factory(https=authority.issue()) as server:
        place = f"localhost:{server.https_port}"
        endpoint = Endpoint(name="api", endpoint=place, client_cert=cert, client_key=other.key)
        with pytest.raises(CouldNotVerify, match=r"the client certificate .*\.pem could not be used \("):
            judge("tls.trusted", endpoint)


@pytest.mark.parametrize("endpoint", ["mail.example.com", "mail.example.com:", ":25", "a@b:25", "a:b", "a:25/x", "a:0"])
def test_endpoint_that_is_no_host_and_port(endpoint: str) -> None:
    with pytest.raises(ValueError, match=r"not a host name and port|ort"):
        Endpoint(name="mail", endpoint=endpoint)


def test_endpoint_by_ip_address() -> None:
    endpoint = Endpoint(name="mail", endpoint="[::1]:993")
    assert (endpoint.host, endpoint.port, endpoint.where) == ("::1", 993, "[::1]:993")
