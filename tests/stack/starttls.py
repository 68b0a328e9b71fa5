"""Private servers of the protocols that ask for TLS first: each listens on a free port of 127.0.0.1."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

from tests.stack.certs import Certificate
from tests.stack.process import accepts, free_port, on_free_port, running, short_directory
from tests.stack.programs import program, unavailable


@contextmanager
def smtp_server(certificate: Certificate) -> Iterator[int]:
    """aiosmtpd, which takes mail after STARTTLS only and throws it away."""
    smtpd: list[str | Path] = [sys.executable, "-m", "aiosmtpd", "-n", "-c", "aiosmtpd.handlers.Sink"]
    tls: list[str | Path] = ["--tlscert", certificate.chain, "--tlskey", certificate.key]
    yield from _served(lambda directory, port: [*smtpd, "-l", f"127.0.0.1:{port}", *tls])


@contextmanager
def mail_server(certificate: Certificate, protocol: str) -> Iterator[int]:
    """Dovecot, for `imap` or `pop3`."""
    dovecot = _for_root("dovecot")

    def command(directory: Path, port: int) -> list[str | Path]:
        other = {"imap": "imaps", "pop3": "pop3s"}[protocol]
        file = directory / "dovecot.conf"
        file.write_text(
            f"""
            base_dir = {directory}/run
            state_dir = {directory}/run
            log_path = /dev/stderr
            listen = 127.0.0.1
            protocols = {protocol}
            ssl = required
            ssl_cert = <{certificate.chain}
            ssl_key = <{certificate.key}
            passdb {{
              driver = static
              args = nopassword=y
            }}
            service {protocol}-login {{
              chroot =
              inet_listener {protocol} {{
                port = {port}
              }}
              inet_listener {other} {{
                port = 0
              }}
            }}
            service anvil {{
              chroot =
            }}
            """
        )
        return [dovecot, "-F", "-c", file]

    yield from _served(command)


@contextmanager
def directory_server(certificate: Certificate, scheme: str = "ldap") -> Iterator[int]:
    """OpenLDAP without a directory: `ldap` with STARTTLS, or `ldaps`."""
    slapd = program("slapd")

    def command(directory: Path, port: int) -> list[str | Path]:
        file = directory / "slapd.conf"
        file.write_text(
            f"pidfile {directory}/pid\nargsfile {directory}/args\n"
            f"TLSCertificateFile {certificate.chain}\nTLSCertificateKeyFile {certificate.key}\n"
        )
        return [slapd, "-d", "0", "-f", file, "-h", f"{scheme}://127.0.0.1:{port}"]

    yield from _served(command)


@contextmanager
def ftp_server(certificate: Certificate) -> Iterator[int]:
    """vsftpd, which nobody can log in to."""
    vsftpd = _for_root("vsftpd")

    def command(directory: Path, port: int) -> list[str | Path]:
        file = directory / "vsftpd.conf"
        file.write_text(
            f"listen=YES\nlisten_address=127.0.0.1\nlisten_port={port}\nbackground=NO\n"
            f"secure_chroot_dir={directory}\nssl_enable=YES\nssl_request_cert=NO\nssl_ciphers=HIGH\n"
            f"rsa_cert_file={certificate.chain}\nrsa_private_key_file={certificate.key}\n"
        )
        return [vsftpd, file]

    yield from _served(command)


@contextmanager
def chat_server(certificate: Certificate) -> Iterator[int]:
    """Prosody, an XMPP server for the host localhost."""
    prosody = _for_root("prosody")

    def command(directory: Path, port: int) -> list[str | Path]:
        file = directory / "prosody.cfg.lua"
        file.write_text(
            f"""
            run_as_root = true
            pidfile = "{directory}/pid"
            data_path = "{directory}"
            log = {{ info = "*console" }}
            interfaces = {{ "127.0.0.1" }}
            modules_enabled = {{ "tls", "saslauth" }}
            c2s_ports = {{ {port} }}
            s2s_ports = {{ }}
            c2s_require_encryption = true
            ssl = {{ certificate = "{certificate.chain}", key = "{certificate.key}" }}
            VirtualHost "localhost"
            """
        )
        return [prosody, "-F", "--config", file]

    yield from _served(command)


def _for_root(name: str) -> Path:
    found = program(name)
    if os.geteuid() != 0:
        unavailable(f"{name} is started by root.")
    return found


def _served(command: Callable[[Path, int], Sequence[str | Path]]) -> Iterator[int]:
    with ExitStack() as stack:
        directory = stack.enter_context(short_directory())

        @contextmanager
        def started() -> Iterator[int]:
            port = free_port()
            with running(command(directory, port), log=directory / "log", ready=lambda: accepts(port)):
                yield port

        start: Callable[[], AbstractContextManager[int]] = started
        yield on_free_port(stack, start)
