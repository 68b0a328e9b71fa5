"""A private nginx on two free ports of 127.0.0.1: plain HTTP and HTTPS."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from subprocess import Popen
from typing import Self, TypedDict, Unpack

from tests.stack.certs import Certificate
from tests.stack.process import (
    ServerError,
    ask,
    children,
    current_user,
    free_port,
    on_free_port,
    running,
    short_directory,
    wait_until,
)
from tests.stack.programs import program


class Options(TypedDict, total=False):
    """What an Nginx serves.

    Attributes:
        https: the certificate to serve on the HTTPS port; without it that port refuses connections.
        protocols: ssl_protocols. ``TLSv1`` and ``TLSv1.1`` need ciphers with ``@SECLEVEL=0`` in OpenSSL 3.
        ciphers: ssl_ciphers, an OpenSSL cipher string.
        curves: ssl_ecdh_curve, names separated by colons.
        headers: response headers, added whatever the status.
        redirect: the plain port answers 301 to https; otherwise it serves the same as the HTTPS port.
        locations: path to the directives of its location block.
        server_tokens: whether the Server header tells nginx's version.
        raw: further directives of the server blocks.
        http_raw: further directives of the http block: zones, upstreams, more server blocks. ``@HTTP_PORT@``
            and ``@HTTPS_PORT@`` stand for the ports.
        servers: False leaves the generated server blocks out, so that ``http_raw`` holds all there are.
    """

    https: Certificate | None
    protocols: str
    ciphers: str | None
    curves: str | None
    headers: Mapping[str, str]
    redirect: bool
    locations: Mapping[str, str]
    server_tokens: bool
    raw: str
    http_raw: str
    servers: bool


class Nginx:
    """``with Nginx(directory, https=certificate) as server:`` an nginx that answers 200 "ready" on ``/``.

    Built on OpenSSL 3 as Debian and Ubuntu configure it, nginx can be made to offer TLS 1.0 and 1.1, suites
    with CBC, without forward secrecy, without encryption or without a certificate, 1024-bit RSA keys and SHA-1
    signatures (all with ``@SECLEVEL=0`` in ``ciphers``), 1024-bit groups (``ssl_dhparam``), 0-RTT
    (``ssl_early_data on``) and every fault of a chain. It cannot be made to offer SSL 2 and 3, RC4, 3DES and
    compression, which are not compiled in, to ignore TLS_FALLBACK_SCSV, or to let a client renegotiate.
    """

    http_port: int
    https_port: int

    def __init__(self, directory: Path, **options: Unpack[Options]) -> None:
        """Args: directory: for configuration, certificates and logs; created. options: see Options."""
        self.directory = directory
        self.options: Options = options

    def __enter__(self) -> Self:
        self.directory.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            self._control = stack.enter_context(short_directory()) / "control"
            self._generation = 0
            self._process = on_free_port(stack, self._running)
            self._closing = stack.pop_all()
        return self

    def __exit__(self, *exception: object) -> None:
        self._closing.close()

    @property
    def url(self) -> str:
        """The site by name: https where a certificate is served, else plain http."""
        return f"https://localhost:{self.https_port}" if self.options.get("https") else self.http_url

    @property
    def http_url(self) -> str:
        """The plain port by name."""
        return f"http://localhost:{self.http_port}"

    def reload(self, **changes: Unpack[Options]) -> None:
        """Change options while it runs, on the same ports; returns when only the new configuration answers.

        Raises:
            ServerError: nginx does not accept the configuration; it goes on with the one before.
        """
        working = self.options
        self.options = {**working, **changes}
        old, logged = children(self._process.pid), len(self.errors())
        self._write()
        self._process.send_signal(signal.SIGHUP)

        def reloaded() -> bool:
            if "[emerg]" in (news := self.errors()[logged:]):
                self.options, self._generation = working, self._generation - 1
                raise ServerError(f"nginx refuses its configuration:\n{news}")
            return self._answers_control() and not set(old).intersection(children(self._process.pid))

        wait_until(reloaded, "nginx serves its new configuration")

    def requests(self) -> list[str]:
        """The request lines that it answered so far, such as ``GET / HTTP/1.1``."""
        return [match[1] for line in self.log() if (match := re.search(r'"([^"]*)"', line))]

    def log(self) -> list[str]:
        """The lines of the access log (combined format) up to now."""
        # The one worker process logs a request before it serves the next, so that all are logged by now.
        if not self._answers_control():
            raise ServerError("nginx does not answer on its control socket.")
        return (self.directory / "access.log").read_text().splitlines()

    def errors(self) -> str:
        """The error log up to now."""
        return (self.directory / "error.log").read_text(errors="replace")

    @contextmanager
    def _running(self) -> Iterator[Popen[bytes]]:
        self.http_port, self.https_port = free_port(), free_port()
        self._write()
        error_log = self.directory / "error.log"
        with running(
            [program("nginx"), "-e", error_log, "-c", self.directory / "nginx.conf"],
            log=error_log,
            ready=self._answers_control,
        ) as process:
            yield process

    def _answers_control(self) -> bool:
        return ask(self._control, b"GET / HTTP/1.0\r\n\r\n").endswith(b"\n%d" % self._generation)

    def _write(self) -> None:
        self._generation += 1
        options = self.options
        blocks = (
            options.get("http_raw", "")
            .replace("@HTTP_PORT@", f"{self.http_port}")
            .replace("@HTTPS_PORT@", f"{self.https_port}")
        )
        if options.get("servers", True):
            blocks += self._servers()
        self.directory.joinpath("nginx.conf").write_text(
            f"""
            daemon off;
            {f"user {current_user()};" if os.geteuid() == 0 else ""}
            worker_processes 1;
            worker_shutdown_timeout 1s;
            pid {self.directory}/nginx.pid;
            error_log {self.directory}/error.log notice;
            events {{ worker_connections 512; }}
            http {{
                access_log {self.directory}/access.log combined;
                client_body_temp_path {self.directory}/body;
                proxy_temp_path {self.directory}/proxy;
                fastcgi_temp_path {self.directory}/fastcgi;
                uwsgi_temp_path {self.directory}/uwsgi;
                scgi_temp_path {self.directory}/scgi;
                default_type text/plain;
                server_tokens {"on" if options.get("server_tokens") else "off"};
                server {{
                    listen unix:{self._control};
                    access_log off;
                    return 200 "{self._generation}";
                }}
                {blocks}
            }}
            """
        )

    def _servers(self) -> str:
        options = self.options
        certificate = options.get("https")
        headers = "".join(
            f'add_header {name} "{value}" always;\n' for name, value in options.get("headers", {}).items()
        )
        locations = {"/": 'return 200 "ready\\n";', **options.get("locations", {})}
        site = f"{headers}{options.get('raw', '')}\n" + "".join(
            f"location {path} {{ {directives} }}\n" for path, directives in locations.items()
        )
        redirect = f"return 301 https://$host:{self.https_port}$request_uri;\n"
        plain_site = redirect if options.get("redirect") else site
        plain = f"server {{ listen 127.0.0.1:{self.http_port};\n{plain_site}}}\n"
        if certificate is None:
            return plain
        ciphers, curves = options.get("ciphers"), options.get("curves")
        return f"""{plain}
            server {{
                listen 127.0.0.1:{self.https_port} ssl;
                ssl_certificate {certificate.chain};
                ssl_certificate_key {certificate.key};
                ssl_protocols {options.get("protocols", "TLSv1.2 TLSv1.3")};
                {f'ssl_ciphers "{ciphers}";' if ciphers else ""}
                {f"ssl_ecdh_curve {curves};" if curves else ""}
                {site}
            }}
            """
