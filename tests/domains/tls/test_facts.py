"""The TLS scan against real servers, its trust in certificates, and the processes that scan."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from traceback import TracebackException
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import TypeAdapter

from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify
from pytest_readiness.domains.http.resource import Url
from pytest_readiness.domains.tls.checks.mozilla import Rules, _guidelines, mozilla
from pytest_readiness.domains.tls.pool import ScanPool
from pytest_readiness.domains.tls.records import COMMANDS, Offer, ScanRequest, TlsScan
from pytest_readiness.domains.tls.worker import _why, record
from pytest_readiness.protocols.http.trust import system_store
from tests.domains.tls.checks.test_agreement import as_sslyze_wants
from tests.judging import read
from tests.stack.certs import Authority
from tests.stack.fixtures import NginxFactory
from tests.stack.nginx import Nginx
from tests.stack.patience import patient
from tests.stack.process import children, wait_until
from tests.stack.silent import SilentServer, WebApp

STRONG = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384"


@pytest.fixture(scope="module")
def server(authority: Authority, nginx_factory: NginxFactory) -> Iterator[Nginx]:
    with nginx_factory(https=authority.issue()) as nginx:
        yield nginx


@pytest.fixture
def pool() -> Iterator[ScanPool]:
    with_processes = ScanPool(2)
    yield with_processes
    with_processes.close()


def request_for(
    port: int, ca: Path | None = None, commands: tuple[str, ...] = COMMANDS, host: str = "localhost"
) -> ScanRequest:
    return ScanRequest(host, port, "127.0.0.1", str(ca) if ca else None, commands)


def by_sslyze(request: ScanRequest):  # type: ignore[no-untyped-def]
    """The raw result of sslyze's own Scanner with its defaults."""
    from sslyze.plugins.certificate_info.implementation import CertificateInfoExtraArgument
    from sslyze.scanner.models import ScanCommandsExtraArguments, ServerScanRequest
    from sslyze.scanner.scanner import Scanner
    from sslyze.server_setting import ServerNetworkLocation

    assert request.ca
    extra = ScanCommandsExtraArguments(CertificateInfoExtraArgument(Path(request.ca)))
    location = ServerNetworkLocation(request.host, request.port, request.address)
    scanner = Scanner()
    scanner.queue_scans([ServerScanRequest(location, scan_commands_extra_arguments=extra)])
    (result,) = scanner.get_results()
    return result


OFFERS = {
    "defaults": {},
    "old versions": {"protocols": "TLSv1 TLSv1.1 TLSv1.2 TLSv1.3", "ciphers": "ALL:@SECLEVEL=0"},
    "TLS 1.1 alone": {"protocols": "TLSv1.1", "ciphers": "ALL:@SECLEVEL=0"},
    "TLS 1.3 alone": {"protocols": "TLSv1.3"},
    "few suites and groups": {"ciphers": STRONG, "curves": "X25519:prime256v1:secp384r1"},
}


@pytest.mark.parametrize("case", OFFERS)
def test_scan_finds_what_sslyzes_own_scanner_finds(
    case: str, authority: Authority, nginx_factory: NginxFactory, pool: ScanPool
) -> None:
    from sslyze.mozilla_tls_profile.tls_config_checker import (
        ServerNotCompliantWithTlsConfiguration,
        TlsConfigurationAsJson,
        check_server_against_tls_configuration,
    )

    with nginx_factory(https=authority.issue(), **OFFERS[case]) as nginx:  # type: ignore[arg-type]
        request = request_for(nginx.https_port, authority.ca_file)
        scan = pool.scan(request, 60)
        result = by_sslyze(request)
    assert scan == record(request, result.scan_result, resumed=scan.tls13_resumption)
    for version, profiles in _guidelines().items():
        for profile, rules in profiles.items():
            issues: dict[str, str] = {}
            try:
                check_server_against_tls_configuration(result, TlsConfigurationAsJson(**as_sslyze_wants(rules)))
            except ServerNotCompliantWithTlsConfiguration as error:
                issues = error.issues
            ours = ""
            try:
                mozilla(scan, profile=profile, version=version)
            except ClaimFalse as error:
                ours = error.seen
            assert len(ours.split("; ") if ours else []) == len(issues), (version, profile, ours, issues)


def test_guideline_5_7_is_the_one_that_sslyze_bundles() -> None:
    from sslyze.mozilla_tls_profile.tls_config_checker import MozillaTlsConfiguration, TlsConfigurationEnum

    for profile, ours in _guidelines()["5.7"].items():
        theirs = MozillaTlsConfiguration.get(TlsConfigurationEnum(profile))
        assert ours == Rules(
            versions=ours.versions,
            suites=ours.suites,
            groups=ours.groups,
            key_types=ours.key_types,
            key_curves=ours.key_curves,
            rsa_bits=theirs.rsa_key_size or 0,
            signatures=ours.signatures,
            dh_bits=theirs.dh_param_size or 0,
            ecdh_bits=theirs.ecdh_param_size,
            lifetime_days=theirs.maximum_certificate_lifespan,
        )
        assert {"TLSv1" if version == "TLSv1.0" else version for version in ours.versions} == theirs.tls_versions
        assert set(ours.suites) == theirs.ciphersuites | theirs.ciphers.iana
        assert set(ours.groups) == theirs.tls_curves
        assert set(ours.key_types) == theirs.certificate_types
        assert set(ours.key_curves) == theirs.certificate_curves
        assert set(ours.signatures) == theirs.certificate_signatures


def test_scan_runs_only_what_is_asked_for(authority: Authority) -> None:
    with WebApp(https=authority.issue()) as server:
        url = Url(name="shop", url=server.url, ca=authority.ca_file)
        scan: TlsScan = read("tls_scan", url, {"tls_scan": ("tls_1_3_cipher_suites",)})
        # The suites of TLS 1.2 alone would be more than 100.
        assert server.connections < 20
    assert scan.completed == ("tls_1_3_cipher_suites",)
    assert [offer.version for offer in scan.offers] == ["TLSv1.3"]
    assert (scan.deployments, scan.groups, scan.heartbleed, scan.failed) == ((), (), None, {})


def test_refused_versions_take_one_handshake_each(authority: Authority, pool: ScanPool) -> None:
    old = ("ssl_3_0_cipher_suites", "tls_1_0_cipher_suites", "tls_1_1_cipher_suites")
    with WebApp(https=authority.issue()) as server:
        scan = pool.scan(request_for(server.port, commands=old), 60)
        assert server.connections < 20
    assert scan.offers == (Offer("SSLv3", (), 0), Offer("TLSv1.0", (), 0), Offer("TLSv1.1", (), 0))


def test_scan_is_plain_data(server: Nginx, authority: Authority, pool: ScanPool) -> None:
    scan = pool.scan(request_for(server.https_port, authority.ca_file), 60)
    adapter = TypeAdapter(TlsScan)
    assert adapter.validate_json(adapter.dump_json(scan)) == scan


def test_scan_of_an_ip_address(server: Nginx, authority: Authority, pool: ScanPool) -> None:
    request = request_for(server.https_port, authority.ca_file, ("certificate_info",), host="127.0.0.1")
    assert pool.scan(request, 60).deployments[0].trust_error == ""


def test_scan_of_a_server_with_two_certificates(
    authority: Authority, nginx_factory: NginxFactory, pool: ScanPool
) -> None:
    rsa = authority.issue(key="rsa2048", expired=True)
    with nginx_factory(
        https=authority.issue(), raw=f"ssl_certificate {rsa.chain}; ssl_certificate_key {rsa.key};"
    ) as nginx:
        scan = pool.scan(request_for(nginx.https_port, authority.ca_file, ("certificate_info",)), 60)
    assert [(each.leaf.key_type, each.trust_error) for each in scan.deployments] == [
        ("ecdsa", ""),
        ("rsa", "a certificate of the path has expired"),
    ]


def test_trust_is_in_the_systems_store_by_default(
    server: Nginx, authority: Authority, pool: ScanPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What a variable of the runner names is not the system's.
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.ca_file))
    scan = pool.scan(request_for(server.https_port, commands=("certificate_info",)), 60)
    assert scan.store == f"the system's trust store ({system_store()})"
    assert scan.deployments[0].trust_error.startswith("no path leads to the trust store")


def test_trust_at_another_moment(
    server: Nginx, authority: Authority, pool: ScanPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("READINESS_NOW", (datetime.now(UTC) + timedelta(days=61)).isoformat())
    scan = pool.scan(request_for(server.https_port, authority.ca_file, ("certificate_info",)), 60)
    assert scan.deployments[0].trust_error == "a certificate of the path has expired"


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_trust_in_a_file_that_cannot_be_read(
    content: str | None, server: Nginx, tmp_path: Path, pool: ScanPool
) -> None:
    file = tmp_path / "ca.pem"
    if content:
        file.write_text(content)
    with pytest.raises(CouldNotVerify, match=r"the authorities in .*ca\.pem could not be read"):
        pool.scan(request_for(server.https_port, file, ("certificate_info",)), 60)


def test_trust_in_a_plain_authority(tmp_path: Path, nginx_factory: NginxFactory, pool: ScanPool) -> None:
    """As `openssl req -x509` and `openssl x509 -req` make them: without key usage and purpose."""
    now = datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Plain Root")])
    root_key, leaf_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    builder = (
        x509.CertificateBuilder().issuer_name(name).not_valid_before(now).not_valid_after(now + timedelta(days=30))
    )
    root = (
        builder.subject_name(name)
        .public_key(root_key.public_key())
        .serial_number(1)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(root_key, hashes.SHA256())
    )
    leaf = (
        builder.subject_name(x509.Name([]))
        .public_key(leaf_key.public_key())
        .serial_number(2)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=True)
        .sign(root_key, hashes.SHA256())
    )
    files = Authority(tmp_path / "authority").issue()
    files.chain.write_bytes(leaf.public_bytes(serialization.Encoding.PEM))
    files.key.write_bytes(
        leaf_key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    files.ca_file.write_bytes(root.public_bytes(serialization.Encoding.PEM))
    with nginx_factory(https=files) as nginx:
        scan = pool.scan(request_for(nginx.https_port, files.ca_file, ("certificate_info",)), 60)
        misused = pool.scan(request_for(nginx.https_port, files.chain, ("certificate_info",), host="a.test"), 60)
    assert scan.deployments[0].trust_error == ""
    assert misused.deployments[0].trust_error == "the certificate is not for this name"


class Filtered(WebApp):
    """Cuts connections off from the 40th on, as an intrusion filter does that notices the scan."""

    def _serve(self, connection: socket.socket, number: int) -> None:
        if number < 40:
            super()._serve(connection, number)


def test_scan_that_is_cut_off_proves_no_refusal(authority: Authority, pool: ScanPool) -> None:
    with Filtered(https=authority.issue()) as server, pytest.raises(CouldNotVerify, match="limit of connections"):
        pool.scan(request_for(server.port, commands=("ssl_2_0_cipher_suites", "tls_1_2_cipher_suites")), 60)


def test_missing_extra_is_said(server: Nginx, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sslyze", None)
    with pytest.raises(CouldNotVerify) as error:
        read("tls_scan", Url(name="shop", url=server.url), {"tls_scan": ("certificate_info",)})
    assert error.value.reason == "tls_scan needs the extra tls: pip install 'pytest-readiness[tls]'"


def test_pool_serves_many_threads_with_few_processes(server: Nginx, authority: Authority, pool: ScanPool) -> None:
    request = request_for(server.https_port, authority.ca_file, ("certificate_info", "tls_1_3_cipher_suites"))
    before = set(children(os.getpid()))
    with ThreadPoolExecutor(30) as threads:
        scans = list(threads.map(lambda _: pool.scan(request, 60), range(30)))
    assert all(scan == scans[0] for scan in scans)
    assert len(set(children(os.getpid())) - before) == 2
    pool.close()
    assert not set(children(os.getpid())) - before


def pending(pool: ScanPool, silent: SilentServer, seconds: float) -> Future[TlsScan]:
    """A scan that has begun and will not end."""
    future: Future[TlsScan] = Future()

    def run() -> None:
        try:
            future.set_result(pool.scan(request_for(silent.port), seconds))
        except CouldNotVerify as error:
            future.set_exception(error)

    before = silent.connections
    threading.Thread(target=run, daemon=True).start()
    wait_until(lambda: silent.connections > before, "the scan has begun")
    return future


def test_pool_survives_the_death_of_a_process(server: Nginx, pool: ScanPool) -> None:
    before = set(children(os.getpid()))
    with SilentServer() as silent:
        future = pending(pool, silent, 60)
        (worker,) = set(children(os.getpid())) - before
        os.kill(worker, signal.SIGKILL)
        with pytest.raises(CouldNotVerify, match=r"the process that scanned TLS ended \(status -9\)"):
            future.result(patient(10))
    assert pool.scan(request_for(server.https_port, commands=("tls_1_3_cipher_suites",)), 60).offers


def test_pool_gives_up_on_a_process_that_hangs(server: Nginx, pool: ScanPool) -> None:
    before = set(children(os.getpid()))
    request = request_for(server.https_port, commands=("tls_1_3_cipher_suites",))
    pool.scan(request, 60)
    (worker,) = set(children(os.getpid())) - before
    with SilentServer() as silent:
        future = pending(pool, silent, 2)
        os.kill(worker, signal.SIGSTOP)
        with pytest.raises(CouldNotVerify, match="did not end within 2 s"):
            future.result(patient(10))
    wait_until(lambda: worker not in children(os.getpid()), "the process that hung is gone")
    assert pool.scan(request, 60).offers


SCRIPT = textwrap.dedent("""
    import sys, threading, time
    from pytest_readiness.domains.tls.records import ScanRequest
    from pytest_readiness.domains.tls.pool import ScanPool

    pool = ScanPool(1)
    request = ScanRequest("localhost", int(sys.argv[1]), "127.0.0.1", None, ("tls_1_3_cipher_suites",))
    threading.Thread(target=pool.scan, args=(request, 60), daemon=True).start()
    if sys.stdin.readline() == "wait":
        time.sleep(60)
""")


@pytest.mark.parametrize("end", ["exit", signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_pool_leaves_no_process_behind(end: str | signal.Signals) -> None:
    with SilentServer() as silent:
        run = subprocess.Popen(
            [sys.executable, "-c", SCRIPT, str(silent.port)], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        with run:
            wait_until(lambda: silent.connections > 0, "the scan has begun")
            (worker,) = children(run.pid)
            if isinstance(end, signal.Signals):
                run.send_signal(end)
            run.communicate(b"\n" if end == "exit" else None, timeout=patient(5))
        wait_until(lambda: not Path(f"/proc/{worker}/exe").exists(), "the worker is gone", 2)


def test_pool_is_not_hurt_by_files_in_the_working_directory(
    server: Nginx, pool: ScanPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ssl", "json", "sslyze", "pytest_readiness"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('the wrong file')")
    monkeypatch.chdir(tmp_path)
    assert pool.scan(request_for(server.https_port, commands=("tls_1_3_cipher_suites",)), 60).offers


def test_scan_of_which_only_the_handshake_without_a_name_succeeds() -> None:
    from sslyze.scanner import scan_command_attempt as attempts

    trace = TracebackException.from_exception(ValueError("Should never happen"))
    attempt: attempts.ScanCommandAttempt[Any] = attempts.ScanCommandAttempt(
        status=attempts.ScanCommandAttemptStatusEnum.ERROR,
        error_reason=attempts.ScanCommandErrorReasonEnum.BUG_IN_SSLYZE,
        error_trace=trace,
        result=None,
    )
    assert _why(attempt, shown=False).startswith(
        "each handshake that asked for the certificate of this name was broken"
    )
