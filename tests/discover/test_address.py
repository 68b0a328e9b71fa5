"""What a given address tells, asked of real servers."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_readiness.discover import address
from pytest_readiness.discover.found import Discovered, Survey
from pytest_readiness.discover.merging import merged
from pytest_readiness.discover.project import Project
from pytest_readiness.discover.writing import kept
from tests.discover.application import write
from tests.stack.certs import Authority
from tests.stack.silent import Request, Response, SilentServer, WebApp

Look = Callable[..., Survey]
OK = Response(200, [("Content-Type", "application/json")], b"{}")


def url_of(found: Survey) -> Discovered:
    (url,) = [each for each in found.found if each.section == "urls"]
    return url


def test_health_endpoints_are_tried(look: Look) -> None:
    with WebApp({"/": OK, "/health": OK, "/health/ready": OK, "/livez": Response(503)}) as app:
        url = url_of(look(app.url))
        asked = [request.path for request in app.requests]
    assert url.fields == {"url": app.url, "health": "/health", "readiness": "/health/ready"}
    assert url.target == "local"
    assert url.source == "--url, which answered 200"
    assert asked[:4] == ["/", address.UNKNOWN, "/healthz", "/health"]
    assert len(asked) <= 2 + sum(map(len, address.PATHS.values()))


def test_a_server_that_answers_everything_has_no_health_endpoint(look: Look) -> None:
    with WebApp() as app:
        app.other = OK
        assert url_of(look(app.url)).fields == {"url": app.url}


def test_a_page_is_no_health_endpoint(look: Look) -> None:
    page = Response(200, [("Content-Type", "text/html")], b"<html>status</html>")
    with WebApp({"/": page, "/health": page}) as app:
        assert url_of(look(app.url)).fields == {"url": app.url}


def test_a_private_authority_is_noticed(folder: Path, look: Look, authority: Authority) -> None:
    served = authority.issue()
    with WebApp({"/": OK, "/healthz": OK}, https=served) as app:
        unknown = url_of(look(app.url))
        (folder / "server.pem").write_bytes(served.cert.read_bytes())
        (folder / "ca").mkdir()
        (folder / "ca" / "root.crt").write_bytes(authority.ca_file.read_bytes())
        known = url_of(look(app.url))
    assert unknown.fields == {"url": app.url}
    assert "is not trusted" in unknown.fill_in
    assert "name its file: ca: PATH" in unknown.fill_in
    assert known.fields == {"url": app.url, "ca": "ca/root.crt", "health": "/healthz"}
    assert kept([known], folder) == ([known], [])


def test_the_environment_may_name_the_authority(look: Look, authority: Authority) -> None:
    with WebApp({"/": OK}, https=authority.issue()) as app:
        url = url_of(look(app.url, NODE_EXTRA_CA_CERTS=str(authority.ca_file)))
    assert url.fields == {"url": app.url, "ca": str(authority.ca_file)}


def test_where_it_leads_is_told_and_not_followed(look: Look) -> None:
    with WebApp() as elsewhere:
        moved = Response(301, [("Location", f"{elsewhere.url}/?token=pl4nted")])
        with WebApp({"/": moved}) as app:
            url = url_of(look(app.url))
        assert not elsewhere.requests
    assert f"it leads to {elsewhere.url}, which was not contacted" in url.fill_in
    assert "pl4nted" not in repr(url)


@pytest.mark.parametrize(
    ("leads", "declared"),
    [
        ("https://localhost/", {"url": "https://localhost", "plain_http": "PLAIN"}),
        ("https://localhost:8443", {"url": "https://localhost:8443", "plain_http": "PLAIN"}),
        ("https://localhost:99999/", {"url": "PLAIN"}),
        ("https://localhost/start", {"url": "PLAIN"}),
        ("https://shop.example.com/", {"url": "PLAIN"}),
    ],
)
def test_where_a_plain_address_only_leads_to_https_that_one_is_declared(
    look: Look, leads: str, declared: dict[str, str]
) -> None:
    with WebApp({"/": Response(301, [("Location", leads)])}) as app:
        url = url_of(look(app.url))
    assert url.fields == {key: app.url if value == "PLAIN" else value for key, value in declared.items()}


def test_the_stack_that_has_both_addresses_has_one_url(folder: Path, look: Look) -> None:
    with WebApp({"/": Response(301, [("Location", "https://localhost:8443/")])}) as app:
        port = app.url.rpartition(":")[2]
        write(folder, "compose.yaml", f"services:\n  web: {{image: shop, ports: ['{port}:80', '8443:443']}}\n")
        urls = [each for each in merged(look(app.url).found) if each.section == "urls"]
    assert [each.fields for each in urls] == [{"url": "https://localhost:8443", "plain_http": app.url}]


@pytest.mark.filterwarnings("error")
def test_an_authority_of_an_old_form_is_no_business_of_the_person(folder: Path, look: Look) -> None:
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"),
            *("-set_serial", "0", "-subj", "/CN=Old Root", "-keyout", str(folder.parent / "key.pem")),
            *("-out", str(folder / "root.crt")),
        ],
        check=True,
        capture_output=True,
    )
    assert list(address._authorities(Project(folder), {"HOME": str(folder)})) == [folder / "root.crt"]


def test_what_a_server_says_of_itself_is_data(look: Look) -> None:
    secret = "sk_live_0123456789abcdef"
    with WebApp({"/": Response(404, [("Server", f"x\x1b[31m\t{secret}")])}) as app:
        url = url_of(look(app.url))
    assert "\x1b" not in url.source
    assert secret not in url.source
    assert "its root answers 404: where that is right, add status: 404" in url.fill_in


def test_a_server_that_is_silent_costs_a_bounded_time(look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(address, "SECONDS", 0.5)
    with SilentServer() as server:
        found = look(server.url)
    url = url_of(found)
    assert [(each.source, each.why) for each in found.skipped] == [(f"--url {server.url}", url.fill_in)]
    assert url.fields == {"url": server.url}
    assert url.fill_in.startswith("nothing was seen there: ")


def test_probing_ends_with_its_time(look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(address, "SECONDS", 1.0)
    asked: list[str] = []

    def slow(request: Request) -> Response:
        asked.append(request.path)
        return Response(404, delay=0.4)

    with WebApp({"/": OK}) as app:
        app.other = slow
        assert url_of(look(app.url)).fields == {"url": app.url}
    assert len(asked) < 5


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("shop.example.com", "https://shop.example.com"),
        (" https://shop.example.com/app ", "https://shop.example.com/app"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_an_address_is_read(written: str, read: str) -> None:
    assert address.address(written) == read


@pytest.mark.parametrize(
    "written",
    [
        "https://user:pl4nted@shop.example.com",
        "https://shop.example.com/?k=pl4nted",
        "ftp://pl4nted",
        "",
        "https://a:99999",
        "https://a b",
    ],
)
def test_what_is_no_address_is_refused_without_being_quoted(written: str) -> None:
    with pytest.raises(ValueError, match=r"^[A-Z].*\.$") as refused:
        address.address(written)
    assert "pl4nted" not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://shop.example.com", "prod"),
        ("https://staging.example.com", "staging"),
        ("http://localhost:8000", "local"),
        ("http://127.0.0.2", "local"),
        ("https://192.0.2.1", "prod"),
    ],
)
def test_an_address_is_of_a_target(url: str, target: str) -> None:
    assert address.target_of(url) == target
