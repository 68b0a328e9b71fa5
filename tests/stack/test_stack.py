"""Each server of tests/stack starts, answers, and is gone afterwards, whatever happens inside the block."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.stack import programs
from tests.stack.certs import Authority, Certificate
from tests.stack.docker import IMAGE, REGISTRY, DockerEngine
from tests.stack.fixtures import NginxFactory, PostgresFactory, SshdFactory
from tests.stack.patience import patient
from tests.stack.process import ServerError, accepts, children, descendants, free_port, short_directory, wait_until
from tests.stack.silent import DrippingServer, FlakyServer, Request, Response, SilentServer, WebApp
from tests.stack.sshd import Sshd

MODERN = ssl.TLSVersion.TLSv1_2


@pytest.fixture(autouse=True)
def no_process_left() -> Iterator[None]:
    before = children(os.getpid())
    yield
    assert children(os.getpid()) == before


def left_of(directory: Path) -> list[str]:
    """The processes, mounts and control groups that name the directory, and the directory itself."""
    left = [str(directory)] if directory.exists() else []
    left += [line for line in Path("/proc/mounts").read_text().splitlines() if directory.name in line]
    left += [str(group) for group in Path("/sys/fs/cgroup").rglob(f"*{directory.name}*")]
    for command_line in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            left += [command for command in [command_line.read_text()] if directory.name in command]
    return left


def get(url: str, ca_file: Path, **options: Any) -> requests.Response:
    with requests.Session() as session:
        session.trust_env = False
        return session.get(url, verify=str(ca_file), timeout=patient(10), **options)


def handshake(port: int, ca_file: Path, version: ssl.TLSVersion = MODERN, ciphers: str = "DEFAULT") -> str:
    """The cipher suite of a verified handshake in exactly that version, or the library's reason against it."""
    context = ssl.create_default_context(cafile=str(ca_file))
    context.minimum_version = context.maximum_version = version
    context.set_ciphers(ciphers)
    try:
        with (
            socket.create_connection(("127.0.0.1", port), timeout=patient(5)) as plain,
            context.wrap_socket(plain, server_hostname="localhost") as tls,
        ):
            return (tls.cipher() or ("",))[0]
    except ssl.SSLCertVerificationError as error:
        return error.verify_message
    except ssl.SSLError as error:
        return error.reason


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda ca: ca.issue(), "ECDHE-ECDSA"),
        (lambda ca: ca.issue(key="ec384"), "ECDHE-ECDSA"),
        (lambda ca: ca.issue(key="rsa2048"), "ECDHE-RSA"),
        (lambda ca: ca.issue(via_intermediate=True), "ECDHE-ECDSA"),
        (lambda ca: ca.issue(via_intermediate=True, chain="wrong-order"), "ECDHE-ECDSA"),
        (lambda ca: ca.issue(["example.com"]), "Hostname mismatch"),
        (lambda ca: ca.issue(expired=True), "certificate has expired"),
        (lambda ca: ca.issue(via_intermediate=True, chain="missing"), "unable to get local issuer"),
        (lambda ca: ca.issue(via_intermediate=True, intermediate_expired=True), "certificate has expired"),
        (lambda ca: ca.self_signed(), "self-signed certificate"),
        (lambda ca: Authority(ca.directory / "other").issue(), "signature failure|unable to get local issuer"),
    ],
    ids=[
        *("good", "ec384", "rsa2048", "intermediate", "wrong order", "wrong name", "expired"),
        *("missing intermediate", "expired intermediate", "self-signed", "untrusted"),
    ],
)
def test_a_certificate_has_one_fault(make: Callable[[Authority], Certificate], expected: str, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    with WebApp(https=make(authority)) as app:
        outcome = handshake(app.port, authority.ca_file)
    assert any(each in outcome for each in expected.split("|")), outcome


def test_a_wrong_order_is_not_the_right_order(authority: Authority) -> None:
    whole, wrong = (
        x509.load_pem_x509_certificates(authority.issue(via_intermediate=True, chain=chain).chain.read_bytes())
        for chain in ("whole", "wrong-order")
    )
    assert [each.issuer for each in whole[:-1]] == [each.subject for each in whole[1:]]
    assert [each.issuer for each in wrong[:-1]] != [each.subject for each in wrong[1:]]


def test_certificates_can_be_weak_or_long_lived(authority: Authority) -> None:
    leaf = authority.issue(days=400, key="rsa1024", hash="sha1").leaf
    assert leaf.not_valid_after_utc - leaf.not_valid_before_utc == timedelta(days=400)
    public_key = leaf.public_key()
    assert isinstance(public_key, rsa.RSAPublicKey)
    assert public_key.key_size == 1024
    assert isinstance(leaf.signature_hash_algorithm, hashes.SHA1)


def test_a_broken_chain_needs_an_intermediate(authority: Authority) -> None:
    with pytest.raises(ValueError, match="via_intermediate"):
        authority.issue(chain="missing")


def test_nginx_serves_and_counts(nginx_factory: NginxFactory, authority: Authority) -> None:
    with nginx_factory(
        https=authority.issue(), redirect=True, headers={"X-One": "1"}, locations={"/gone": "return 410;"}
    ) as server:
        assert server.requests() == []
        assert get(server.url, authority.ca_file).text == "ready\n"
        assert get(server.url + "/gone", authority.ca_file).headers["X-One"] == "1"
        moved = get(server.http_url + "/x?y=z", authority.ca_file, allow_redirects=False)
        assert (moved.status_code, moved.headers["Location"]) == (301, server.url + "/x?y=z")
        assert server.requests() == [f"GET {path} HTTP/1.1" for path in ("/", "/gone", "/x?y=z")]
    assert not accepts(server.https_port)
    assert not accepts(server.http_port)


def test_nginx_reloads(nginx_factory: NginxFactory, authority: Authority) -> None:
    with nginx_factory(https=authority.issue(["example.com"])) as server:
        assert "Hostname mismatch" in handshake(server.https_port, authority.ca_file)
        server.reload(https=authority.issue(), headers={"X-Two": "2"})
        assert get(server.url, authority.ca_file).headers["X-Two"] == "2"
        with pytest.raises(ServerError, match='unknown directive "nonsense"'):
            server.reload(raw="nonsense;")
        assert get(server.url, authority.ca_file).headers["X-Two"] == "2"
        assert len(server.requests()) == 2


def test_nginx_takes_server_blocks(nginx_factory: NginxFactory) -> None:
    block = "server { listen 127.0.0.1:@HTTP_PORT@; return 418; }"
    with nginx_factory(servers=False, http_raw=block) as server:
        assert requests.get(server.url, timeout=patient(5)).status_code == 418


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1")
@pytest.mark.parametrize("protocol", ["TLSv1", "TLSv1.1"])
def test_nginx_offers_old_tls(protocol: str, nginx_factory: NginxFactory, authority: Authority) -> None:
    version = {"TLSv1": ssl.TLSVersion.TLSv1, "TLSv1.1": ssl.TLSVersion.TLSv1_1}[protocol]
    insecure = "ALL:@SECLEVEL=0"
    with nginx_factory(https=authority.issue(), protocols=protocol, ciphers=insecure) as server:
        assert "ECDHE-ECDSA" in handshake(server.https_port, authority.ca_file, version, insecure)
        assert "PROTOCOL" in handshake(server.https_port, authority.ca_file)
        server.reload(protocols="TLSv1.2", ciphers="DEFAULT")
        assert "PROTOCOL" in handshake(server.https_port, authority.ca_file, version, insecure)
        assert "ECDHE-ECDSA" in handshake(server.https_port, authority.ca_file)


def test_nginx_offers_weak_certificates(nginx_factory: NginxFactory, authority: Authority) -> None:
    weak = authority.issue(key="rsa1024", hash="sha1")
    with nginx_factory(https=weak, ciphers="DEFAULT:@SECLEVEL=0") as server:
        insecure = "DEFAULT:@SECLEVEL=0"
        assert "RSA" in handshake(server.https_port, authority.ca_file, ciphers=insecure)


def test_a_failure_inside_the_block_ends_the_server(nginx_factory: NginxFactory) -> None:
    server = nginx_factory()

    def fail_inside() -> None:
        with server:
            assert accepts(server.http_port)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail_inside()
    assert not accepts(server.http_port)


def test_a_server_that_does_not_start_says_why(nginx_factory: NginxFactory) -> None:
    with pytest.raises(ServerError, match='unknown directive "nonsense"'), nginx_factory(raw="nonsense;"):
        pytest.fail("It started.")


def ssh(server: Sshd, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["ssh", "-F", server.ssh_config, "-o", "BatchMode=yes", "127.0.0.1", *command],
        capture_output=True,
        text=True,
        timeout=patient(30),
        check=False,
    )


def test_sshd_lets_one_key_in(sshd_factory: SshdFactory) -> None:
    with sshd_factory() as first, sshd_factory(config="MaxAuthTries 3") as second:
        assert ssh(first, "echo", "hello").stdout == "hello\n"
        assert (first.logins(), second.logins()) == (1, 0)
        shutil.copy(first.identity, second.identity)
        refused = ssh(second, "true")
        assert (refused.returncode, second.logins()) == (255, 0)
        assert "Permission denied (publickey)" in refused.stderr
    assert not accepts(first.port)
    assert not accepts(second.port)


def test_sshd_ends_the_sessions_that_are_open(sshd_factory: SshdFactory, tmp_path: Path) -> None:
    with sshd_factory() as server, ExitStack() as stack:
        session = stack.enter_context(
            subprocess.Popen(
                ["ssh", "-F", server.ssh_config, "127.0.0.1", f"echo $$ > {tmp_path}/pid; exec sleep 1000"],
                stderr=subprocess.DEVNULL,
            )
        )
        stack.callback(session.kill)
        wait_until(lambda: tmp_path.joinpath("pid").exists() and bool(server.logins()), "the session is open")
        wait_until(lambda: tmp_path.joinpath("pid").read_text().endswith("\n"), "its process id is known")
        remote = int(tmp_path.joinpath("pid").read_text())
        assert remote in descendants(os.getpid())
        server.__exit__()
        session.wait(patient(10))
        wait_until(lambda: not Path(f"/proc/{remote}").exists(), "process 1 reaps the remote command")


def test_postgres_serves_shop_over_tls(postgres_factory: PostgresFactory) -> None:
    with postgres_factory(settings={"work_mem": "5MB"}) as server:
        with psycopg.connect(server.dsn()) as connection:
            row = connection.execute(
                "SELECT current_user, current_database(), ssl, current_setting('work_mem')"
                " FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
            ).fetchone()
        assert row == ("shop", "shop", True, "5MB")
        with pytest.raises(psycopg.OperationalError, match="no encryption"):
            psycopg.connect(server.dsn(sslmode="disable"))
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(server.dsn(), password="wrong")
    assert left_of(server.directory) == []
    assert not accepts(server.port)


def test_postgres_changes_while_it_runs(postgres_factory: PostgresFactory) -> None:
    with postgres_factory(tls=False, hba=("host all all 127.0.0.1/32 scram-sha-256",)) as server:
        server.set("log_min_duration_statement", "250")
        server.set("max_connections", "33")
        dsn = server.dsn(sslmode="disable")
        with psycopg.connect(dsn) as connection:
            assert connection.execute("SHOW max_connections").fetchone() == ("33",)
            assert connection.execute("SHOW log_min_duration_statement").fetchone() == ("250ms",)
        server.set_hba("host all all 127.0.0.1/32 reject")
        with pytest.raises(psycopg.OperationalError, match="rejects connection"):
            psycopg.connect(dsn)
        assert server.admin("SELECT count(*) FROM pg_hba_file_rules WHERE auth_method = %s", ["reject"]) == [(1,)]


def test_two_postgres_at_once_end_with_clients_connected(postgres_factory: PostgresFactory) -> None:
    with postgres_factory() as first, postgres_factory() as second:
        client = psycopg.connect(second.dsn())
        assert first.passwords != second.passwords
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(first.dsn(), password=second.passwords["shop"])
    client.close()
    assert left_of(first.directory) + left_of(second.directory) == []


def test_docker_runs_containers(docker_engine: DockerEngine) -> None:
    container = docker_engine.run(
        "limited",
        user="nobody",
        mem_limit="64m",
        restart_policy={"Name": "on-failure", "MaximumRetryCount": 3},
        healthcheck={"test": ["CMD", "true"], "interval": 1_000_000_000},
    )
    assert container.exec_run(["id", "-un"]).output == b"nobody\n"
    assert container.attrs["HostConfig"]["Memory"] == 64 << 20

    def healthy() -> bool:
        container.reload()
        return bool(container.health == "healthy")

    wait_until(healthy, "the container is healthy")
    docker_engine.remove_containers()
    assert docker_engine.client().containers.list(all=True) == []


def test_docker_makes_images(docker_engine: DockerEngine) -> None:
    image = docker_engine.image("shop:2", "USER nobody", "LABEL a=b", files={"/etc/shop": b"open"})
    assert image.labels == {"a": "b"}
    container = docker_engine.run("shop", image="shop:2")
    assert container.exec_run(["cat", "/etc/shop"]).output == b"open"
    container.remove(force=True)
    assert docker_engine.publish("shop:2").startswith(f"{REGISTRY}/shop@sha256:")


def test_a_docker_engine_with_a_paused_container_ends() -> None:
    with DockerEngine() as engine:
        engine.run("paused").pause()


def test_two_docker_engines_at_once_leave_nothing(docker_engine: DockerEngine) -> None:
    with DockerEngine() as engine:
        network = engine.client().networks.create("shop")
        engine.run("shop", network="shop", ports={"80/tcp": ("127.0.0.1", 8080)}, volumes=["data:/data"])
        network.reload()
        assert len(network.attrs["Containers"]) == 1
        assert [each.name for each in engine.client().containers.list()] == ["shop"]
        assert docker_engine.client().containers.list(all=True) == []
        assert len(left_of(engine.directory)) > 1
    assert left_of(engine.directory) == []
    assert docker_engine.client().images.get(IMAGE)


def test_a_free_port_refuses() -> None:
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", free_port()))


def test_the_silent_server_never_answers() -> None:
    with SilentServer() as server:
        with pytest.raises(requests.ReadTimeout):
            requests.get(server.url, timeout=0.2)
        assert server.connections == 1
    assert not accepts(server.port)


def test_the_dripping_server_never_ends() -> None:
    with (
        DrippingServer(interval=0.001) as server,
        requests.get(server.url, timeout=patient(5), stream=True) as answer,
    ):
        assert answer.raw.read(20) == b"." * 20


def test_the_flaky_server_recovers() -> None:
    with FlakyServer(resets=2) as server:
        for _ in range(2):
            with pytest.raises(requests.ConnectionError, match="reset by peer"):
                requests.get(server.url, timeout=patient(5))
        assert requests.get(server.url, timeout=patient(5)).text == "ready\n"
        assert server.connections == 3


def test_the_web_application_can_be_changed(authority: Authority) -> None:
    def echo(request: Request) -> Response:
        return Response(201, [("X-Method", request.method)], request.query.encode() + b"|" + request.body)

    cookies = [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")]
    with WebApp({"/": Response(body=b"old", headers=cookies), "/echo": echo}, https=authority.issue()) as app:
        first = get(app.url, authority.ca_file)
        assert (first.text, first.cookies.get_dict(), "Server" in first.headers) == ("old", {"a": "1", "b": "2"}, False)
        app.routes["/"] = Response(503, delay=0.01)
        assert get(app.url, authority.ca_file).status_code == 503
        with requests.Session() as session:
            answer = session.put(app.url + "/echo?q", b"body", verify=str(authority.ca_file), timeout=patient(5))
            assert (answer.status_code, answer.headers["X-Method"], answer.text) == (201, "PUT", "q|body")
            head = session.head(app.url + "/nowhere", verify=str(authority.ca_file), timeout=patient(5))
            assert (head.status_code, head.content) == (404, b"")
        assert (app.count("/"), app.count("/echo"), len(app.requests)) == (2, 1, 4)


def test_a_slow_answer_does_not_hold_up_the_end() -> None:
    with WebApp({"/": Response(delay=1000)}) as app, pytest.raises(requests.ReadTimeout):
        requests.get(app.url, timeout=0.1)
    assert not accepts(app.port)


@pytest.mark.parametrize(
    ("ci", "outcome"), [("", pytest.skip.Exception), ("true", pytest.fail.Exception)], ids=["here", "in CI"]
)
def test_a_missing_program_skips_or_fails(
    ci: str, outcome: type[Exception], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = tmp_path / "packages.txt"
    listed.write_text("no-such-program no-such-package|other nothing\n")
    monkeypatch.setattr(programs, "PACKAGES", listed)
    monkeypatch.setenv("CI", ci)
    with pytest.raises(outcome, match="no-such-program is not installed: apt-get install no-such-package"):
        programs.program("no-such-program")


@pytest.mark.parametrize(("ci", "status"), [("false", 0), ("true", 1)], ids=["here", "in CI"])
def test_the_installer_without_root_says_what_is_missing(ci: str, status: int) -> None:
    with short_directory() as directory:
        directory.chmod(0o755)
        script = shutil.copy(programs.PACKAGES.with_name("install.sh"), directory)
        directory.joinpath("packages.txt").write_text("# comment\nsh dash all\nno-such-program p|q some checks\n")
        nobody = ["setpriv", "--reuid=65534", "--clear-groups"] if os.geteuid() == 0 else []
        done = subprocess.run(
            [*nobody, script], capture_output=True, text=True, env={**os.environ, "CI": ci}, check=False
        )
    assert done.stdout == "no-such-program is not installed (package p|q): skips some checks.\n"
    assert done.returncode == status
