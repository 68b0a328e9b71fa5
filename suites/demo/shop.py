"""The demo target: a small web shop on this machine, with its papers, and with faults to be found and fixed.

`pytest --readiness-target=demo` starts it through the conftest.py of the root. `DEMO_MEND=all`, or a list of names out
of `FAULTS` with commas between them, starts it without those faults.
"""

from __future__ import annotations

import re
import secrets
import sqlite3
import ssl
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from json import dumps
from pathlib import Path
from socket import AF_INET, AF_INET6, AddressFamily
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any

from suites.demo.certificate import write_certificate

FOLDER = Path(__file__).parent
PAPERS = (
    "architecture.md",
    "changelog.md",
    "incidents.md",
    "production.env",
    "recovery.md",
    "runbook.md",
    "signoffs.yaml",
)


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is wrong with the shop on purpose.

    Attributes:
        item: the item of suites/starter.md that finds it.
        mend: what to change.
        paper: the file of this folder that has it, where a file has it.
        wrong, right: texts in that file, as it is and as it should be.
    """

    item: str
    mend: str
    paper: str = ""
    wrong: str = ""
    right: str = ""


FAULTS: Mapping[str, Fault] = {
    "exposed-env-file": Fault(
        item="http/configuration-files-and-backups-are-not-served",
        mend="shop.py: do not answer /.env.",
    ),
    "smtp-placeholder": Fault(
        item="configuration/placeholders-are-replaced",
        mend="production.env: give SMTP_PASSWORD a real value.",
        paper="production.env",
        wrong="SMTP_PASSWORD=changeme",
        right="SMTP_PASSWORD={random}",
    ),
    "cookie-samesite": Fault(
        item="security-headers/cookies-are-secure-httponly-and-samesite",
        mend="shop.py: set the cookie with SameSite=Lax.",
    ),
    "missing-rollback": Fault(
        item="documentation/runbook-covers-deployment-rollback-and-escalation",
        mend="runbook.md: write what to do under the heading Rollback.",
        paper="runbook.md",
        wrong="## Rollback\n\nTODO\n",
        right="## Rollback\n\nDeploy the release before; the schema of the last two releases is the same.\n",
    ),
    "stale-signoff": Fault(
        item="release/acceptance-tests-are-approved",
        mend="signoffs.yaml: let the product owner sign again; this signature is older than 30 days.",
        paper="signoffs.yaml",
        wrong="on: 45 days ago",
        right="on: 2 days ago",
    ),
    "missing-permissions-policy": Fault(
        item="security-headers/browser-features-are-restricted",
        mend="shop.py: send the header Permissions-Policy.",
    ),
}


def remaining_faults(mend: str) -> tuple[str, ...]:
    """The faults that are left by a value of DEMO_MEND: "all", or names with commas between them.

    Raises:
        ValueError: there is no fault of that name.
    """
    names = {name.strip() for name in mend.split(",")} - {""}
    unknown = sorted(names - {"all", *FAULTS})
    if unknown:
        raise ValueError(
            f"DEMO_MEND names no fault of the demo: {', '.join(unknown)}. Known: all, {', '.join(FAULTS)}."
        )
    return () if "all" in names else tuple(name for name in FAULTS if name not in names)


@contextmanager
def running(faults: Collection[str] = tuple(FAULTS)) -> Iterator[dict[str, str]]:
    """Serve the shop on free ports of the loopback interface; yields the variables that readiness.yaml needs."""
    with TemporaryDirectory(prefix="readiness-demo-") as name, ExitStack() as stack:
        folder = Path(name)
        write_certificate(folder)
        for paper in PAPERS:
            (folder / paper).write_text(_paper(paper, faults), "utf-8")
        https = stack.enter_context(_serving(_handler(Shop, faults=frozenset(faults)), _tls(folder / "server.pem")))
        http = stack.enter_context(_serving(_handler(Redirect, goal=f"https://localhost:{https}"), None))
        yield {
            "DEMO_HTTPS_PORT": str(https),
            "DEMO_HTTP_PORT": str(http),
            "DEMO_CA": str(folder / "ca.pem"),
            "DEMO_FOLDER": str(folder),
        }


def _paper(name: str, faults: Collection[str]) -> str:
    """A file of this folder as the target has it: fixed, with random secrets and with days counted from today."""
    text = (FOLDER / name).read_text("utf-8")
    for fault_name, fault in FAULTS.items():
        if fault.paper == name and fault_name not in faults:
            text = text.replace(fault.wrong, fault.right)
    text = re.sub(r"\{random\}", lambda _: secrets.token_hex(32), text)
    today = datetime.now(UTC).date()
    return re.sub(r"(\d+) days ago", lambda days: str(today - timedelta(days=int(days[1]))), text)


def _tls(certificate: Path) -> ssl.SSLContext:
    """Mozilla's intermediate profile: https://wiki.mozilla.org/Security/Server_Side_TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.set_ciphers("ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384")
    context.set_ecdh_curve("prime256v1")
    context.load_cert_chain(certificate)
    return context


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, family: AddressFamily, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self.address_family = family
        super().__init__(address, handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Scanners close connections early; that is expected."""


@contextmanager
def _serving(handler: type[BaseHTTPRequestHandler], tls: ssl.SSLContext | None) -> Iterator[int]:
    """Answer on a free port of 127.0.0.1, and where there is IPv6 on the same port of ::1."""
    servers = [_Server(AF_INET, ("127.0.0.1", 0), handler)]
    port = servers[0].server_port
    # Without IPv6 clients try the other address of localhost.
    with suppress(OSError):
        servers.append(_Server(AF_INET6, ("::1", port), handler))
    threads = []
    for server in servers:
        if tls is not None:
            # The handshake is left to the connection's own thread, so that a silent client holds no one up.
            server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        threads.append(Thread(target=server.serve_forever, args=(0.05,), daemon=True))
        threads[-1].start()
    try:
        yield port
    finally:
        for server, thread in zip(servers, threads, strict=True):
            server.shutdown()
            thread.join()
            server.server_close()


def _handler(kind: type[BaseHTTPRequestHandler], **attributes: object) -> type[BaseHTTPRequestHandler]:
    return type(kind.__name__, (kind,), attributes)


class _Quiet(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 5
    # Head and body are sent one after the other; the body would wait 40 ms for the client's acknowledgement.
    disable_nagle_algorithm = True

    def version_string(self) -> str:
        return "shop"

    def log_message(self, *_: object) -> None:
        """Requests are the run's own; they are in its audit."""


class Redirect(_Quiet):
    """Sends every request on plain http to https."""

    goal = ""

    def do_GET(self) -> None:
        """Answer 308 to the same path."""
        self.send_response(308)
        self.send_header("Location", self.goal + "/" + self.path.lstrip("/"))
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_HEAD = do_GET  # noqa: N815


class Shop(_Quiet):
    """The pages of the shop."""

    faults: frozenset[str] = frozenset()

    def do_GET(self) -> None:
        """Answer the path."""
        path = self.path.partition("?")[0]
        if path == "/":
            self._answer(200, "text/html", _page("Shop", "Everything is sold out."), cookie=True)
        elif path in ("/healthz", "/readyz", "/livez"):
            self._health(path)
        elif path == "/.env" and "exposed-env-file" in self.faults:
            self._answer(200, "text/plain", "DEBUG=false\nSMTP_PASSWORD=changeme\n")
        else:
            self._answer(404, "text/html", _page("Not found", "There is no such page."))

    do_HEAD = do_GET  # noqa: N815

    def send_error(self, code: int, *_: object) -> None:
        """Answer anything but GET, or HTTP, like any other mistake of a client."""
        self.close_connection = True
        self._answer(code, "text/html", _page("Not possible", "The shop does not do that."))

    def _health(self, path: str) -> None:
        checks = {}
        if path != "/livez":
            with sqlite3.connect(":memory:") as database:
                checks["database"] = "up" if database.execute("SELECT 1").fetchone() == (1,) else "down"
            database.close()
        self._answer(200, "application/json", dumps({"status": "ok", "checks": checks}))

    def _answer(self, status: int, kind: str, text: str, *, cookie: bool = False) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Strict-Transport-Security", "max-age=63072000; includeSubDomains")
        self.send_header(
            "Content-Security-Policy",
            "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
        )
        self.send_header("X-Frame-Options", "DENY")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "strict-origin-when-cross-origin")
        if "missing-permissions-policy" not in self.faults:
            self.send_header("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
        if cookie:
            same_site = "" if "cookie-samesite" in self.faults else "; SameSite=Lax"
            self.send_header(
                "Set-Cookie", f"session={secrets.token_hex(16)}; Path=/; Max-Age=3600; Secure; HttpOnly{same_site}"
            )
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _page(title: str, text: str) -> str:
    return f'<!doctype html>\n<html lang="en"><title>{title}</title>\n<h1>{title}</h1>\n<p>{text}</p></html>\n'
