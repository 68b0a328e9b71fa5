from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest

from pytest_readiness.core.children import END_SECONDS
from pytest_readiness.core.domains import load_catalogue
from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.domains.browser import pool as browser_pool
from pytest_readiness.domains.browser.facts import pages as browser
from pytest_readiness.domains.browser.facts.pages import Look, Visit
from pytest_readiness.domains.browser.pool import BrowserPool, Crashed
from pytest_readiness.domains.browser.worker import _answer
from pytest_readiness.domains.http.resource import Url
from tests.judging import read
from tests.stack.certs import Authority
from tests.stack.fixtures import NginxFactory
from tests.stack.nginx import Nginx
from tests.stack.patience import patient
from tests.stack.process import descendants, program_of, wait_until
from tests.stack.programs import program
from tests.stack.silent import Response, WebApp
from tests.stack.site import NGINX, write_site


@pytest.fixture(scope="module", autouse=True)
def _ready() -> None:
    program("chromium-headless-shell")
    load_catalogue()


@pytest.fixture(scope="module")
def server(
    nginx_factory: NginxFactory, authority: Authority, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Nginx]:
    root = write_site(tmp_path_factory.mktemp("browser") / "site")
    certificate = authority.issue(["localhost", "shop.example.com"])
    with nginx_factory(raw=NGINX.format(root=root), locations={"/": ""}, https=certificate) as running:
        yield running


def visit(url: Url, *looks: Look) -> Visit:
    found: dict[str, Visit] = read("browser_pages", url, {"browser_pages": (Look(""), *looks)})
    return found[""]


def test_private_authority_and_address(server: Nginx, authority: Authority) -> None:
    port = server.https_port
    there = visit(Url(name="shop", url=f"https://shop.example.com:{port}", address="127.0.0.1", ca=authority.ca_file))
    assert there.rendered
    assert there.rendered.address == f"https://shop.example.com:{port}/"
    assert there.rendered.title == "Shop"
    assert "pytest-readiness/" in server.log()[-1]


def test_certificate_of_a_private_authority_is_not_trusted_unless_declared(server: Nginx) -> None:
    seen = visit(Url(name="shop", url=server.url))
    assert seen.rendered is None
    assert "ERR_CERT_AUTHORITY_INVALID" in seen.problem


def test_certificate_of_another_authority_is_not_trusted(server: Nginx, tmp_path: Path) -> None:
    other = Authority(tmp_path / "other")
    with pytest.raises(CouldNotVerify, match=r"the certificate of localhost:.* is not trusted"):
        visit(Url(name="shop", url=server.url, ca=other.ca_file))


def test_a_pinned_key_opens_no_other_server(server: Nginx, authority: Authority, tmp_path: Path) -> None:
    """What the page asks of a server with another key is refused, although the same authority signed that one."""
    with WebApp({"/x.js": Response(200, [("Content-Type", "text/javascript")], b"")}, https=authority.issue()) as other:
        page = f"<title>x</title><p>A text that is long enough</p><script src='{other.url}/x.js'></script>"
        with WebApp(
            {"/": Response(200, [("Content-Type", "text/html")], page.encode())}, https=authority.issue()
        ) as app:
            seen = visit(Url(name="shop", url=app.url, ca=authority.ca_file))
    assert [request.failure for request in seen.requests] == ["", "net::ERR_CERT_AUTHORITY_INVALID"]


def test_client_certificates_are_refused(server: Nginx, authority: Authority) -> None:
    client = authority.issue(["client"])
    url = Url(name="shop", url=server.url, ca=authority.ca_file, client_cert=client.cert, client_key=client.key)
    with pytest.raises(CouldNotVerify, match="the browser cannot show the client certificate that shop declares"):
        visit(url)


def test_missing_extra(server: Nginx, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "axe_playwright_python", None)
    with pytest.raises(CouldNotVerify, match=r"^browser_pages needs the extra browser: pip install"):
        visit(Url(name="shop", url=server.http_url))


def test_missing_browser(server: Nginx, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fresh_pool: None) -> None:
    monkeypatch.setenv("READINESS_CHROMIUM", str(tmp_path / "nothing"))
    with pytest.raises(CouldNotVerify, match=r"READINESS_CHROMIUM names .*nothing, which is not a program"):
        visit(Url(name="shop", url=server.http_url))


def test_a_browser_that_does_not_start(
    server: Nginx, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fresh_pool: None
) -> None:
    monkeypatch.setenv("READINESS_CHROMIUM", "false")
    with pytest.raises(CouldNotVerify, match="chromium did not start"):
        visit(Url(name="shop", url=server.http_url))


def test_too_many_paths(server: Nginx) -> None:
    asks = tuple(Look(f"/{n}") for n in range(11))
    with pytest.raises(CouldNotVerify, match=r"11 paths .* at most 10"):
        read("browser_pages", Url(name="shop", url=server.http_url), {"browser_pages": asks})


def test_proxies_of_the_runner_are_not_used(server: Nginx, monkeypatch: pytest.MonkeyPatch, fresh_pool: None) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert visit(Url(name="shop", url=server.http_url)).rendered


def test_the_browser_asks_nobody_but_the_page_s_servers(
    server: Nginx, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fresh_pool: None
) -> None:
    """By Chromium's own log of the network: its makers' services are not asked, not even about the page's form."""
    log, wrapper = tmp_path / "net.json", tmp_path / "chromium"
    wrapper.write_text(f'#!/bin/sh\nexec {program("chromium")} --log-net-log={log} "$@"\n')
    wrapper.chmod(0o755)
    monkeypatch.setenv("READINESS_CHROMIUM", str(wrapper))
    with WebApp({"/": Response(200, [("Content-Type", "text/html")], FORM)}) as app:
        assert visit(Url(name="shop", url=app.url)).rendered
    browser.pool().close()
    asked = {urlsplit(address).netloc for address in re.findall(r'"url":"(https?:[^"]*)"', log.read_text())}
    assert f"localhost:{app.port}" in asked
    # The log holds what is asked of the blocked port, too, which proves that it would hold the rest.
    assert asked <= {f"localhost:{app.port}", "127.0.0.1:9"}


FORM = b"""<form><label>User <input name=user></label><label>Mail <input type=email autocomplete=email></label>
<label>Street <input name=street></label><label>Password <input type=password></label><button>Go</button></form>"""
HANGING = Response(200, [("Content-Type", "text/html")], b"<script>for (;;);</script>")


def test_a_visit_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch, fresh_pool: None) -> None:
    monkeypatch.setattr(browser_pool, "START_SECONDS", 4.0)
    monkeypatch.setattr(browser, "VISIT_SECONDS", 1.0)
    before = set(descendants(os.getpid()))
    with WebApp({"/": HANGING}) as app:
        assert "did not end its visit within 5 s" in visit(Url(name="shop", url=app.url)).problem
    assert not [program_of(pid) for pid in descendants(os.getpid()) if pid not in before]


GOOD = b"<!doctype html><title>Shop</title><h1>Here are many things to buy</h1>"
ENDLESS = b"<script>setTimeout(() => { for (;;); }, 300)</script>"
MANY = b"<script>const a = []; setInterval(() => a.push(new Array(1e7).fill(1.5)), 1)</script>"
TROUBLES: dict[str, tuple[dict[str, str], bytes, str]] = {
    "/sandboxed": ({"Content-Security-Policy": "sandbox"}, GOOD, "no script can run in it: they are switched off"),
    "/endless": ({}, GOOD + ENDLESS, "or one of its own has not ended for 10 s"),
    "/greedy": ({}, GOOD + MANY, f"the browser took more than {browser_pool.MEMORY_MB} MB of memory"),
    "/large": ({}, GOOD + b"<script>fetch('/film').then((film) => film.text())</script>", "loads more than 64 MB"),
}


def test_a_script_that_hangs_when_a_key_is_pressed_hides_only_what_keys_do() -> None:
    body = GOOD + b"<button>Buy</button><script>addEventListener('keydown', () => { for (;;); })</script>"
    with WebApp({"/": Response(200, [("Content-Type", "text/html")], body)}) as app:
        seen = visit(Url(name="shop", url=app.url), Look("", "keyboard"))
    assert (seen.problem, seen.keyboard) == ("", None)
    assert seen.rendered
    assert seen.rendered.title == "Shop"
    assert seen.unread == {"keyboard": "a script of it that reacts to Tab has not ended for 10 s"}


def test_the_trouble_of_a_page_is_its_own() -> None:
    """Pages that let nobody in, hang, or take all memory, and one that does not."""
    pages = {
        path: Response(200, [("Content-Type", "text/html"), *headers.items()], body)
        for path, (headers, body, _) in TROUBLES.items()
    }
    pages |= {
        "/good": Response(200, [("Content-Type", "text/html")], GOOD),
        "/film": Response(200, [], bytes(70_000_000)),
    }
    with WebApp(pages) as app:
        asks = tuple(Look(path, "axe") for path in (*TROUBLES, "/good"))
        seen = read("browser_pages", Url(name="shop", url=app.url), {"browser_pages": asks})
    assert seen["/good"].axe, seen["/good"].problem
    for path, (_, _, words) in TROUBLES.items():
        assert seen[path].rendered is None
        assert words in seen[path].problem


def test_a_defect_of_a_visit_is_told_without_what_it_says() -> None:
    def fails(*_: object) -> object:
        raise KeyError("correct horse battery")

    way = browser.Launch("chromium", "http://localhost", "localhost", "", "")
    job = browser.VisitJob(way, "http://localhost/", True, ())
    answer = _answer(job, SimpleNamespace(browser=lambda _: None), fails, print)  # type: ignore[arg-type]
    assert isinstance(answer, Crashed)
    assert re.fullmatch(
        r"the visit ended by a defect of pytest-readiness or Playwright \(KeyError at test_visit\.py:\d+\)",
        answer.error.reason,
    )


PROGRAM = """
import sys, threading, time
from pytest_readiness.domains.browser.facts.pages import Look, browser_pages
from pytest_readiness.domains.tls.facts.connection import connection
from pytest_readiness.domains.http.resource import Url
url = Url(name="shop", url=sys.argv[1])
threading.Thread(target=browser_pages, args=(url, connection(url)), kwargs={"asks": (Look(""),)}, daemon=True).start()
%s
"""


def _gone(app: WebApp, end: Callable[[subprocess.Popen[bytes]], None], last: str = "time.sleep(60)") -> None:
    """No process and no file is left of a run that ends while a page is visited."""
    process = subprocess.Popen([sys.executable, "-c", PROGRAM % last, app.url], stdin=subprocess.PIPE)
    try:
        wait_until(lambda: app.count("/") > 0, "the page is asked for", 40)
        left = {pid: program_of(pid) for pid in descendants(process.pid)}
        assert any(name.startswith("chrom") for name in left.values())
        worker = next(pid for pid in left if b"browser.worker" in Path(f"/proc/{pid}/cmdline").read_bytes())
        home = next(
            Path(line.removeprefix("HOME="))
            for pid, name in left.items()
            if name.startswith("chromium")
            for line in Path(f"/proc/{pid}/environ").read_text().split("\0")
            if line.startswith("HOME=")
        )
        assert home.name.startswith("readiness-browser-")
        assert worker
        end(process)
        process.wait(patient(30))
        wait_until(lambda: not any(program_of(pid) == name for pid, name in left.items()), f"{left} have ended", 15)
        assert not home.exists()
    finally:
        process.kill()
        process.wait()
        assert process.stdin
        process.stdin.close()


@pytest.fixture
def hanging() -> Iterator[WebApp]:
    with WebApp({"/": HANGING}) as app:
        yield app


def test_nothing_stays_after_a_kill(hanging: WebApp) -> None:
    _gone(hanging, lambda process: process.kill())


def test_nothing_stays_after_ctrl_c(hanging: WebApp) -> None:
    def end(process: subprocess.Popen[bytes]) -> None:
        process.send_signal(signal.SIGINT)

    _gone(hanging, end, "try: time.sleep(60)\nexcept KeyboardInterrupt: pass")


def test_closing_ends_what_is_under_way(hanging: WebApp) -> None:
    pool = BrowserPool(1)
    way = browser.Launch("chromium", hanging.url, "localhost", "", "")
    ended: list[str] = []

    def run() -> None:
        try:
            pool.run(browser.VisitJob(way, hanging.url, True, ()), 60, 60)
        except CouldNotVerify as error:
            ended.append(error.reason)

    thread = Thread(target=run)
    thread.start()
    wait_until(lambda: hanging.count("/") > 0, "the page is asked for", 40)
    pool.close()
    thread.join(patient(20))
    assert len(ended) == 1
    with pytest.raises(browser_pool.NoBrowserFree, match="not visited"):
        pool.run(browser.VisitJob(way, hanging.url, True, ()), 1, 0.1)


def test_processes_that_do_not_end_are_waited_for_together() -> None:
    pool = BrowserPool(4)
    way = browser.Launch("chromium", "http://localhost:9", "localhost", "", "")

    def run() -> None:
        with suppress(CouldNotVerify):
            pool.run(browser.VisitJob(way, "http://localhost:9", True, ()), 60, 60)

    before = set(descendants(os.getpid()))
    threads = [Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    wait_until(lambda: len(_workers(before)) == 4, "the processes are there", 40)
    for pid in _workers(before):
        os.kill(pid, signal.SIGSTOP)
    began = time.monotonic()
    pool.close()
    assert time.monotonic() - began < 2.5 * END_SECONDS
    for thread in threads:
        thread.join(patient(20))


def _workers(but: set[int]) -> list[int]:
    new = [pid for pid in descendants(os.getpid()) if pid not in but]
    return [pid for pid in new if b"browser.worker" in Path(f"/proc/{pid}/cmdline").read_bytes()]
