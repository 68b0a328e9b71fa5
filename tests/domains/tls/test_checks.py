"""Each claim against a real nginx in the good state, and where nothing can be seen."""

from __future__ import annotations

import ssl
from dataclasses import replace

import pytest

from pytest_readiness.core.evidence import CouldNotVerify, Evidence, NotDeclared, Unreachable
from pytest_readiness.core.registry import CHECKS
from pytest_readiness.domains.http.resource import Url
from pytest_readiness.domains.tls.records import TlsScan
from tests.domains.tls.tls_scans import TLS, outcome, scanned
from tests.judging import judge
from tests.stack.certs import Authority
from tests.stack.fixtures import NginxFactory
from tests.stack.process import free_port
from tests.stack.silent import SilentServer, WebApp


def test_good_state_passes_every_check(good: TlsScan) -> None:
    outcomes = {id: outcome(id, good) for id in TLS}
    assert all(isinstance(each, Evidence) for each in outcomes.values()), outcomes
    texts = {id: each.text for id, each in outcomes.items() if isinstance(each, Evidence)}
    assert texts["tls.trusted"].startswith("for localhost, issued by CN=Readiness Test Root, verified with the")
    assert texts["tls.chain"] == "1 sent: CN=localhost"
    assert texts["tls.expiry"].startswith("60.0 days left of 60.0 days, until ")
    assert texts["tls.lifetime"].startswith("60.0 days, issued on ")
    assert texts["tls.versions"] == ("offered: TLSv1.2, TLSv1.3; refused: SSLv2, SSLv3, TLSv1.0, TLSv1.1")
    assert texts["tls.tls13"].startswith("TLS 1.3 with TLS_AES_128_GCM_SHA256, ")
    assert texts["tls.ciphers"] == "5 suites in TLSv1.2, TLSv1.3, each with forward secrecy"
    assert texts["tls.mozilla"] == "conforms to Mozilla's profile intermediate of guideline 6.0"
    assert texts["tls.key"] == "ecdsa secp256r1, signed with ecdsa-with-SHA256"
    assert texts["tls.vulnerabilities"].startswith("no Heartbleed, ROBOT, ")
    assert texts["tls.resumption"] == (
        "TLS 1.2 by session ids never and by tickets every time; TLS 1.3 by tickets 3 of 3 times"
    )
    assert texts["tls.ocsp"] == "CN=localhost names no OCSP responder: nothing to staple"


@pytest.mark.parametrize("id", TLS)
def test_commands_that_did_not_complete_prove_nothing(id: str, good: TlsScan) -> None:
    (asked,) = CHECKS[id].asked(Url(name="shop", url="https://localhost"), dict(CHECKS[id].parameters())).values()
    for command in asked:
        completed = tuple(each for each in good.completed if each != command)
        failed = outcome(id, replace(good, completed=completed, failed={str(command): "the connection failed (why)"}))
        assert isinstance(failed, CouldNotVerify)
        assert failed.reason.endswith(f"for {str(command).replace('_', ' ')}: the connection failed (why)")
        assert isinstance(outcome(id, replace(good, completed=completed)), CouldNotVerify)


@pytest.mark.parametrize("id", TLS)
def test_closed_port(id: str) -> None:
    port = free_port()
    with pytest.raises(Unreachable, match=f"localhost:{port} refused the connection"):
        judge(id, Url(name="shop", url=f"https://localhost:{port}"))


def test_silent_server() -> None:
    with SilentServer() as server, pytest.raises(Unreachable, match="did not answer the TLS handshake within 5 s"):
        judge("tls.versions", Url(name="shop", url=f"https://localhost:{server.port}"))


@pytest.mark.parametrize("id", TLS)
def test_plain_http_on_the_port(id: str, nginx_factory: NginxFactory) -> None:
    with nginx_factory() as server:
        url = Url(name="shop", url=f"https://localhost:{server.http_port}")
        why = "(the port speaks plain http|what the server said is not TLS)"
        with pytest.raises(CouldNotVerify, match=f"no TLS connection to localhost:{server.http_port} .{why}"):
            judge(id, url)


@pytest.mark.parametrize("id", TLS)
def test_address_without_tls_is_not_declared(id: str) -> None:
    with pytest.raises(NotDeclared, match="shop is declared as http://localhost, without TLS"):
        judge(id, Url(name="shop", url="http://localhost"))


def test_client_certificate_demanded(authority: Authority) -> None:
    with WebApp(https=authority.issue()) as server:
        assert server._tls
        server._tls.load_verify_locations(authority.ca_file)
        server._tls.verify_mode = ssl.CERT_REQUIRED
        scan = scanned(server.url, authority.ca_file)
    assert isinstance(outcome("tls.trusted", scan), Evidence)
    assert isinstance(outcome("tls.versions", scan), Evidence)
    for id in ("tls.vulnerabilities", "tls.mozilla"):
        seen = outcome(id, scan)
        assert isinstance(seen, CouldNotVerify)
        assert seen.reason.endswith("the server demands a client certificate")
