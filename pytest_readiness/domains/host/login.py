"""Logging in to a host and running one command there."""

from __future__ import annotations

import errno
import re
import shlex
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from pytest_readiness.core import programs
from pytest_readiness.core.audit import sent
from pytest_readiness.core.environment import neutral
from pytest_readiness.core.evidence import CouldNotVerify, Unreachable
from pytest_readiness.domains.host.resource import Host
from pytest_readiness.domains.host.script import last_line, last_lines

if TYPE_CHECKING:
    from testinfra.backend.base import BaseBackend, CommandResult

CONNECT_SECONDS = 10
"""For ssh to connect and to agree on keys."""
SCRIPT_SECONDS = 50
"""For login and all questions together."""
MOST_BYTES = 16 * 2**20
"""Of what comes back, errors included: some twenty answers of the greatest length, and most have a hundred bytes."""
LATE = -1000
"""In place of the exit status of a login that did not end in time."""

_OF_SSH = 255
"""Exit status of ssh where it ends for reasons of its own."""
_WAY_BYTES = 2**20
"""Of what ssh says about its own settings."""

_SSH_OPTIONS = (
    "BatchMode=yes",
    "NumberOfPasswordPrompts=0",
    # One login carries everything; a master would outlive the run.
    "ControlMaster=no",
    "ServerAliveInterval=5",
    "ServerAliveCountMax=3",
    "ClearAllForwardings=yes",
    "RequestTTY=no",
    # Some start their shell's multiplexer with it.
    "RemoteCommand=none",
)
_ERRORS = "ERROR"
"""What ssh says: no more than that, as banners and remarks are no reasons."""
_REASONS = "INFO"
"""Why two programs cannot agree is none of its errors."""


@dataclass(frozen=True, slots=True)
class Way:
    """How ssh gets to a host, with its configuration.

    Attributes:
        address: name or IP address that it connects to.
        port: TCP port.
        over: what it goes over, as it is configured (ProxyJump or ProxyCommand); "" where it goes there directly.
        session: what it asks for there (SessionType): default, none or subsystem; "" where it does not tell.
    """

    address: str
    port: int
    over: str
    session: str = ""


def way(host: Host) -> Way | None:
    """How ssh gets to a host; None where the runner does not log in by ssh. Nothing is sent.

    Raises:
        CouldNotVerify: ssh does not tell.
    """
    parts = urlsplit(host.connection or "")
    if parts.scheme != "ssh":
        return None
    options = ["-F", str(host.ssh_config)] if host.ssh_config else []
    options += ["-p", str(parts.port)] if parts.port else []
    options += ["-l", unquote(parts.username)] if parts.username else []
    line = shlex.join(["ssh", "-G", *options, unquote(parts.hostname or "")])
    ended = programs.run(line.encode(), seconds=CONNECT_SECONDS, most_bytes=_WAY_BYTES)
    told = dict(each.partition(" ")[::2] for each in ended.output.decode(errors="backslashreplace").splitlines())
    if ended.status or not told.get("port", "").isdecimal() or not told.get("hostname"):
        why = last_line(ended.errors) or f"exit code {ended.status}"
        raise CouldNotVerify(f"ssh -G does not tell how it gets to {host.where}: {why}")
    over = [told[each] for each in ("proxyjump", "proxycommand") if told.get(each, "none") != "none"]
    return Way(told["hostname"], int(told["port"]), "".join(over[:1]), told.get("sessiontype", ""))


def run(host: Host, command: str, *, says: str = _ERRORS) -> CommandResult:
    """Run a command on a host, as root where it is declared with sudo.

    testinfra logs in, by a backend of our own: those of its `get_host` are shared by the whole process.

    Args:
        host: where to log in.
        command: a line for its shell.
        says: how much ssh says, as its LogLevel.

    Raises:
        CouldNotVerify: the command is too long.
    """
    from testinfra.backend import get_backend

    if host.sudo:
        become = '[ "$(id -u)" != 0 ] || exec "$@"; exec sudo -n "$@"'
        command = f"{shlex.join(['sh', '-c', become, 'sudo'])} {command}"
    options = " ".join(f"-o {each}" for each in (*_SSH_OPTIONS, f"LogLevel={says}"))
    backend: Any = get_backend(
        host.connection,
        timeout=CONNECT_SECONDS,
        ssh_config=str(host.ssh_config) if host.ssh_config else None,
        ssh_identity_file=str(host.identity_file) if host.identity_file else None,
        ssh_extra_args=f"{options} -o IdentitiesOnly=yes" if host.identity_file else options,
    )
    backend.run_local = partial(_run_local, host, backend)
    # Else testinfra logs in twice more to ask the host's Python, as soon as one path is not ASCII.
    backend._encoding = "utf-8"
    try:
        return backend.run(_in_any_shell(command))
    except RuntimeError as error:  # how testinfra reports ssh's exit code 255
        return error.args[0]


_SPECIAL = {ord(each): f"\\0{ord(each):03o}" for each in "'!\\\n"}
"""What a shell of another kind reads within single quotes: csh ! and ends of lines, fish backslashes."""


def _in_any_shell(command: str) -> str:
    """A command line of sh, for whatever shell logs in."""
    return f"""sh -c 'eval "$(printf %b "$1")"' sh '{command.translate(_SPECIAL)}'"""


def _run_local(host: Host, backend: BaseBackend, command: str, *arguments: str) -> CommandResult:
    """What testinfra's own does, but bounded, without prompts on the terminal, and ended with the run."""
    line = backend.quote(command, *arguments).encode()
    try:
        ended = programs.run(line, seconds=SCRIPT_SECONDS, most_bytes=MOST_BYTES, env=_environment(host))
    except OSError as error:
        if error.errno != errno.E2BIG:
            raise
        raise CouldNotVerify(f"{len(line)} bytes of questions are too many for one command line") from None
    if ended.excess:
        raise CouldNotVerify(f"{host.where} printed more than {MOST_BYTES // 2**20} MiB; that is no answer")
    return backend.result(LATE if ended.late else ended.status, line, ended.output, ended.errors)


def _environment(host: Host) -> dict[str, str]:
    """What ssh and docker get: an agent's socket, and nothing of this machine that would lead them elsewhere."""
    # An engine goes before a context, and "default" before the one that ~/.docker/config.json names.
    made = neutral() | {"DOCKER_HOST": host.engine or "", "DOCKER_CONTEXT": "default"}
    return made | {"DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": str(host.certs)} if host.certs else made


def not_started(host: Host, result: CommandResult) -> CouldNotVerify:
    """Why a command that would have printed something did not even begin."""
    # A login over other hosts ends with a line that says only that the way is closed; why stands before it. A shell
    # that lets nobody in says so where other commands print.
    lines = last_lines(result.stderr_bytes) or [last_line(result.stdout_bytes) or _mute(host, result.rc)]
    reason = "; ".join(lines)
    own = "its host key" if lines[-1].startswith("Host key verification failed") else "the host key of one on the way"
    if result.rc == LATE:
        reason = f"it did not end within {SCRIPT_SECONDS} s"
    elif b"REMOTE HOST IDENTIFICATION HAS CHANGED" in result.stderr_bytes:
        reason = f"{own} is no longer the one in known_hosts"
    elif any(line.startswith("Host key verification failed") for line in lines):
        reason = f"{own} is not in known_hosts"
    elif lines[-1].endswith("Connection refused"):
        reason += " (by a firewall, too, that limits how often one may connect)"
    elif host.sudo and "sudo" in lines[-1]:
        return CouldNotVerify(f"sudo -n on {host.where} failed: {lines[-1].removeprefix('sudo: ')}")
    found = _way(host)
    if found and found.session not in ("", "default"):
        # Older releases of ssh know no such option, so that it is not set for them all.
        reason += f"; ssh's configuration says SessionType {found.session} for it, so that no command is run there"
    if found and found.over:
        reason += f"; ssh goes there over {found.over[:100]}"
    broken_off = all(re.search(r"reset by|closed by|Broken pipe", line) for line in lines)
    return Unreachable(f"the login at {host.where} failed: {reason}", transient=broken_off)


def _mute(host: Host, status: int) -> str:
    """Why nothing at all was printed, neither by ssh nor by the host."""
    if status == _OF_SSH and host.where.startswith("ssh:"):
        sent(f"log in to {host.where} again, for ssh to say more")
        if told := last_line(run(host, "true", says=_REASONS).stderr_bytes):
            return told
    return (
        f"exit code {status}, and nothing was run: its login shell, or a file that this reads (.bashrc), ends where "
        "there is no terminal, or sshd runs another command for it (ForceCommand, or command= in authorized_keys)"
    )


def _way(host: Host) -> Way | None:
    try:
        return way(host)
    except CouldNotVerify:
        return None
