"""A private sshd on a free port of 127.0.0.1, with its own keys."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.stack.process import Server, accepts, current_user, free_port, running
from tests.stack.programs import program

HARDENED = {
    "PermitRootLogin": "no",
    "PasswordAuthentication": "no",
    "KbdInteractiveAuthentication": "no",
    "X11Forwarding": "no",
    "MaxAuthTries": "4",
    "LoginGraceTime": "60",
    "MACs": "hmac-sha2-512-etm@openssh.com,hmac-sha2-256-etm@openssh.com",
    "KexAlgorithms": "curve25519-sha256,diffie-hellman-group16-sha512",
    "Ciphers": "aes256-gcm@openssh.com,aes256-ctr",
}
"""Settings by which nobody gets in by password, nor root at all, and with strong cryptography only."""


class Sshd(Server):
    """``with Sshd(directory) as server:`` an sshd that lets one key in, as any user that it may become.

    Run by root it logs in any user with a shell and a password field that does not begin with ``!`` (PAM is
    off); run by another user, only that one.
    """

    port: int

    def __init__(self, directory: Path, *, user: str | None = None, config: str = "") -> None:
        """
        Args:
            directory: for keys, configuration and log; created.
            user: whom ``spec`` and ``ssh_config`` log in as; the current user unless given.
            config: sshd_config lines. They come first, and sshd keeps the first value of a keyword.
        """
        self.directory = directory
        self.user = user or current_user()
        self.config = config
        self.ssh_config = directory / "ssh_config"
        self.identity = directory / "identity"
        self.sshd_config = directory / "sshd_config"
        self._log = directory / "sshd.log"

    def _prepare(self) -> None:
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        self._host_key = _write_key(self.directory / "host_key")
        self.directory.joinpath("authorized_keys").write_text(_write_key(self.identity) + "\n")

    @property
    def spec(self) -> str:
        """The host as testinfra's connection string."""
        return f"ssh://{self.user}@127.0.0.1:{self.port}"

    def logins(self) -> int:
        """How many logins it accepted so far."""
        return self.log().count("Accepted publickey for ")

    def log(self) -> str:
        """Everything that it logged."""
        return self._log.read_text(errors="replace")

    @contextmanager
    def _running(self) -> Iterator[None]:
        self.port = free_port()
        # A command, not a file: other users cannot read ours, and StrictModes rejects a file below /tmp.
        self.sshd_config.write_text(
            f"{self.config}\n"
            f"ListenAddress 127.0.0.1:{self.port}\n"
            f"HostKey {self.directory}/host_key\n"
            f"PidFile none\n"
            f"AuthorizedKeysFile none\n"
            f"AuthorizedKeysCommand {Path('/bin/cat').resolve()} {self.directory}/authorized_keys\n"
            f"AuthorizedKeysCommandUser {current_user()}\n"
            f"UsePAM no\n"
            f"PasswordAuthentication no\n"
            f"KbdInteractiveAuthentication no\n"
            f"UseDNS no\n"
        )
        self.directory.joinpath("known_hosts").write_text(f"[127.0.0.1]:{self.port} {self._host_key}\n")
        self.ssh_config.write_text(
            f"Host *\n"
            f"  User {self.user}\n"
            f"  Port {self.port}\n"
            f"  IdentityFile {self.identity}\n"
            f"  IdentitiesOnly yes\n"
            f"  UserKnownHostsFile {self.directory}/known_hosts\n"
            f"  GlobalKnownHostsFile /dev/null\n"
            f"  StrictHostKeyChecking yes\n"
        )
        with running(
            [program("sshd"), "-D", "-e", "-f", self.sshd_config],
            log=self._log,
            ready=lambda: accepts(self.port),
        ):
            yield


def _write_key(path: Path) -> str:
    """Write a new private key, mode 0600, and return its public half in one line."""
    key = Ed25519PrivateKey.generate()
    encoding = serialization.Encoding
    path.touch(mode=0o600)
    path.write_bytes(key.private_bytes(encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()))
    return key.public_key().public_bytes(encoding.OpenSSH, serialization.PublicFormat.OpenSSH).decode()
