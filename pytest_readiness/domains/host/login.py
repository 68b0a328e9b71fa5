"""Logging in to a host and running one command there."""

from __future__ import annotations

import errno
import os
import re
import shlex
import signal
import subprocess
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from pytest_readiness.core.evidence import CouldNotVerify, Unreachable
from pytest_readiness.domains.host.resource import Host
from pytest_readiness.domains.host.script import last_line

if TYPE_CHECKING:
    from testinfra.backend.base import BaseBackend, CommandResult

CONNECT_SECONDS = 10
"""For ssh to connect and to agree on keys."""
SCRIPT_SECONDS = 50
"""For login and all questions together."""

_SSH_OPTIONS = (
    "BatchMode=yes",
    "NumberOfPasswordPrompts=0",
    # One login carries everything; a master would outlive the run.
    "ControlMaster=no",
    "ServerAliveInterval=5",
    "ServerAliveCountMax=3",
    "ClearAllForwardings=yes",
    "RequestTTY=no",
    "LogLevel=ERROR",
)


def run(host: Host, command: str) -> CommandResult:
    """Run a command on a host, as root where it is declared with sudo.

    testinfra logs in, by a backend of our own: those of its `get_host` are shared by the whole process.

    Raises:
        CouldNotVerify: the command is too long.
    """
    from testinfra.backend import get_backend

    if host.sudo:
        become = '[ "$(id -u)" != 0 ] || exec "$@"; exec sudo -n "$@"'
        command = f"{shlex.join(['sh', '-c', become, 'sudo'])} {command}"
    options = " ".join(f"-o {each}" for each in _SSH_OPTIONS)
    backend: Any = get_backend(
        host.connection,
        timeout=CONNECT_SECONDS,
        ssh_config=str(host.ssh_config) if host.ssh_config else None,
        ssh_identity_file=str(host.identity_file) if host.identity_file else None,
        ssh_extra_args=f"{options} -o IdentitiesOnly=yes" if host.identity_file else options,
    )
    backend.run_local = partial(_run_local, backend)
    # Else testinfra logs in twice more to ask the host's Python, as soon as one path is not ASCII.
    backend._encoding = "utf-8"
    try:
        return backend.run(command)
    except RuntimeError as error:  # how testinfra reports ssh's exit code 255
        return error.args[0]


def _run_local(backend: BaseBackend, command: str, *arguments: str) -> CommandResult:
    """What testinfra's own does, but bounded in time, and without prompts on the terminal."""
    line = backend.quote(command, *arguments).encode()
    try:
        process = subprocess.Popen(  # noqa: S602  (testinfra quotes for a shell)
            line,
            shell=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        if error.errno != errno.E2BIG:
            raise
        raise CouldNotVerify(f"{len(line)} bytes of questions are too many for one command line") from None
    with process:
        try:
            output, errors = process.communicate(timeout=SCRIPT_SECONDS)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            output, errors = process.communicate()
    return backend.result(process.returncode, line, output, errors)


def not_started(host: Host, result: CommandResult) -> CouldNotVerify:
    """Why a command that would have printed something did not even begin."""
    reason = last_line(result.stderr_bytes) or f"exit code {result.rc}"
    if result.rc == -signal.SIGKILL:
        reason = f"it did not end within {SCRIPT_SECONDS} s"
    elif b"REMOTE HOST IDENTIFICATION HAS CHANGED" in result.stderr_bytes:
        reason = "its host key is no longer the one in known_hosts"
    elif reason.startswith("Host key verification failed"):
        reason = "its host key is not in known_hosts"
    elif host.sudo and "sudo" in reason:
        return CouldNotVerify(f"sudo -n on {host.where} failed: {reason.removeprefix('sudo: ')}")
    broken_off = re.search(r"reset by peer|closed by|Broken pipe", reason) is not None
    return Unreachable(f"the login at {host.where} failed: {reason}", transient=broken_off)
