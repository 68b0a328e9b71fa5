"""What a host says about itself: every question that the selected checks ask, in one script and one login.

Questions are short command lines made by `question`; `host.sh` has a function for each first word:
`system`, `disk [MOUNT]`, `memory`, `listeners`, `service UNIT`, `clock`, `sshd CONFIG`, `file PATH`, `sha256 PATH`,
`line PATH PATTERN`, `connect HOST PORT`, `jobs`, `certificates [PATH]…`.
"""

from __future__ import annotations

import errno
import ipaddress
import os
import re
import shlex
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_readiness.core.audit import sent
from pytest_readiness.core.evidence import CouldNotVerify, Unreachable
from pytest_readiness.core.registry import fact
from pytest_readiness.domains.host.resource import Host
from pytest_readiness.domains.tls.renewal import Jobs, StoredCertificate, certificates_of, jobs_of

if TYPE_CHECKING:
    from testinfra.backend.base import BaseBackend, CommandResult

CONNECT_SECONDS = 10
"""For ssh to connect and to agree on keys."""
QUESTION_SECONDS = 10
"""For one question, on the host; the host's `timeout` sees to it where there is one."""
SCRIPT_SECONDS = 50
"""For login and all questions together."""
ANSWER_BYTES = 262_144
ERROR_BYTES = 1000

_SUBJECTS = {
    "system": "the kind of system",
    "disk": "the file systems",
    "memory": "the memory",
    "listeners": "the listening sockets",
    "service": "the service",
    "clock": "the clock's state",
    "sshd": "the effective settings of sshd",
    "file": "the file",
    "sha256": "the checksum of",
    "line": "the content of",
    "jobs": "the timers and cron jobs",
    "certificates": "the certificates",
    "connect": "the way to",
}

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

# Each stream has an alphabet of its own: output 0-9a-f, errors g-v, the status =N;. However the writers' pieces
# mix, they can be told apart, and nothing that a host prints can pass for a separator.
_SCRIPT = f"""\
library=$1
limit=
! timeout -s KILL 1 true 2>/dev/null || limit="timeout -s KILL {QUESTION_SECONDS}"
hex() {{ od -An -v -tx1 -N "$1"; cat >/dev/null; }}
ask() {{
    {{ {{
        {{ $limit sh -c "$library" sh "$@" </dev/null 2>&1 >&3 3>&- 4>&-; echo "=$?;" >&4; }} |
            hex {ERROR_BYTES} | tr 0-9a-f g-v >&4
    }} 3>&1 | hex {ANSWER_BYTES}; }} 4>&1
    echo @
}}
echo @readiness
"""
_FROM_ERRORS = str.maketrans("ghijklmnopqrstuv", "0123456789abcdef")


def question(*words: str) -> str:
    """What to ask a host, as text: `question("file", "/etc/passwd")`."""
    return shlex.join(words)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a question's function printed.

    Attributes:
        status: its exit status.
        output: its output, at most `ANSWER_BYTES` bytes; bytes that are not UTF-8 as backslash sequences.
        error: last line of its errors.
    """

    status: int
    output: str
    error: str


@dataclass(frozen=True, slots=True)
class Filesystem:
    """A mounted file system.

    Attributes:
        path: where it is mounted.
        type: ext4, xfs …
        device: number of the device, the same for all mounts of one file system.
        free_bytes: what is left for users other than root.
        used_pct: share in use, as `df` counts it: of what users other than root can use at all.
        inodes_used_pct: share of inodes in use; None where the file system has no fixed number.
    """

    path: str
    type: str
    device: str
    free_bytes: int
    used_pct: float
    inodes_used_pct: float | None


@dataclass(frozen=True, slots=True)
class Memory:
    """Memory that can be had.

    Attributes:
        total_bytes: all there is, or the control group's limit where that is lower.
        available_bytes: what new work can have without swapping (MemAvailable, and what the limit leaves).
        limited: whether the control group's limit decides.
    """

    total_bytes: int
    available_bytes: int
    limited: bool


@dataclass(frozen=True, slots=True)
class Listener:
    """A TCP socket that waits for connections.

    Attributes:
        address: IP address that it is bound to.
        port: its port.
        process: the program's name; "" where unknown (another user's process, or no `ss` on the host).
    """

    address: str
    port: int
    process: str

    @property
    def loopback(self) -> bool:
        """Whether only the host itself can connect."""
        address = ipaddress.ip_address(self.address)
        mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
        return (mapped or address).is_loopback


@dataclass(frozen=True, slots=True)
class Service:
    """A unit of systemd, in systemd's own words.

    Attributes:
        unit: full name.
        type: simple, forking, oneshot …; "" for units that are no services.
        load: loaded, not-found, masked …
        active: active, inactive, failed …
        sub: running, exited, dead …
        enabled: state of the unit file: enabled, disabled, static …
        triggered_by: units that start it on demand.
    """

    unit: str
    type: str
    load: str
    active: str
    sub: str
    enabled: str
    triggered_by: str


@dataclass(frozen=True, slots=True)
class Clock:
    """State of the clock.

    Attributes:
        source: who says so: chronyc or timedatectl.
        synchronised: whether it follows a time source other than itself.
        offset_ms: distance from that source in milliseconds; None where unknown.
        reference: that source, where known.
    """

    source: str
    synchronised: bool
    offset_ms: float | None
    reference: str


@dataclass(frozen=True, slots=True)
class SshServer:
    """Settings of sshd.

    Attributes:
        settings: effective values by lower-case keyword (`sshd -T`).
        overrides: lines of Match blocks as (condition, lower-case keyword, value).
    """

    settings: Mapping[str, str]
    overrides: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class FileState:
    """What a path leads to, links followed.

    Attributes:
        type: "absent", "dangling" (a link to nothing), "regular file", "directory" …
        mode: permission bits.
        user, group: owners' names ("UNKNOWN" where they have none).
        uid, gid: their numbers.
    """

    type: str
    mode: int = 0
    user: str = ""
    uid: str = ""
    group: str = ""
    gid: str = ""


@dataclass(frozen=True, slots=True)
class HostFacts:
    """A host's answers; each method raises CouldNotVerify where its question was not answered.

    Attributes:
        where: the host, as a person calls it.
        answers: by question.
    """

    where: str
    answers: Mapping[str, Answer]

    def system(self) -> tuple[str, ...]:
        """User logged in as, host name, kernel, seconds since boot, and the distribution where known."""
        return tuple(self._output("system").splitlines())

    def filesystems(self, mount: str | None = None) -> tuple[Filesystem, ...]:
        """Every real local file system once, sorted by path; or what is mounted at `mount` (nothing: empty)."""
        words = ("disk",) if mount is None else ("disk", mount)
        error = self._answer(*words).error
        found: dict[str, Filesystem] = {}
        for line in self._output(*words).splitlines():
            escaped, *fields = line.split(" ")
            path = re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), escaped)
            if len(fields) != 8:
                raise self._unread(words, error or f"the size of {path} is not known")
            each = _filesystem(path, *fields)
            known = found.get(each.device)
            if mount is not None or known is None or len(path) <= len(known.path):
                found[each.device if mount is None else ""] = each
        return tuple(sorted(found.values(), key=lambda each: each.path))

    def memory(self) -> Memory:
        """Memory in total and what is available."""
        seen: dict[str, str] = {}
        for line in self._output("memory").splitlines():
            name, _, value = line.replace(":", "").partition(" ")
            seen.setdefault(name, value.removesuffix("kB").strip())
        try:
            total, available = int(seen["MemTotal"]) * 1024, int(seen["MemAvailable"]) * 1024
        except (KeyError, ValueError):
            raise self._unread(("memory",), "/proc/meminfo has no MemAvailable") from None
        limit = seen.get("memory.max", seen.get("memory.limit_in_bytes", ""))
        if not limit.isdigit() or int(limit) >= total:
            return Memory(total, available, limited=False)
        used = int(seen.get("memory.current") or seen.get("memory.usage_in_bytes") or 0)
        # Pages of files that were not used lately are given back before the limit hurts.
        used -= int(seen.get("total_inactive_file") or seen.get("inactive_file") or 0)
        left = int(limit) - used
        return Memory(int(limit), max(0, min(left, available)), limited=True)

    def listeners(self) -> tuple[Listener, ...]:
        """Every TCP listener in the host's network namespace, by port; as /proc/net/tcp and tcp6 show it."""
        first, *lines = self._output("listeners").splitlines()
        little = first.split()[-1] == "0001"
        sockets = [fields for line in lines if (fields := line.split())[0].endswith(":")]
        names = {
            inode[1]: name[1]
            for line in lines
            if (inode := re.search(r"\bino:(\d+)", line)) and (name := re.search(r'users:\(\("([^"]*)"', line))
        }
        found = {
            Listener(_address(address, little=little), int(port, 16), names.get(fields[9], ""))
            for fields in sockets
            for address, port in [fields[1].split(":")]
        }
        return tuple(sorted(found, key=lambda each: (each.port, each.address, each.process)))

    def service(self, unit: str) -> Service:
        """State of a unit; systemd only."""
        lines = self._output("service", unit).splitlines()
        seen = dict(line.split("=", 1) for line in lines if "=" in line)
        try:
            return Service(
                unit=seen["Id"],
                type=seen.get("Type", ""),
                load=seen["LoadState"],
                active=seen["ActiveState"],
                sub=seen["SubState"],
                enabled=seen["UnitFileState"],
                triggered_by=seen.get("TriggeredBy", ""),
            )
        except KeyError as missing:
            raise self._unread(("service", unit), f"systemctl show does not tell {missing}") from None

    def clock(self) -> Clock:
        """Whether the clock follows a time source, and how closely."""
        output = self._output("clock")
        fields = output.strip().split(",")
        if len(fields) == 14:
            # 7F7F0101 stands for the host's own clock, which chrony may serve to others.
            following = fields[13] != "Not synchronised" and fields[0] not in ("7F7F0101", "00000000")
            return Clock("chronyc", following, abs(float(fields[4])) * 1000, fields[1] if following else "")
        seen = dict(re.findall(r"^\s*(\w+)[=:]\s*(.*)$", output, flags=re.MULTILINE))
        if "NTPSynchronized" not in seen:
            raise self._unread(("clock",), f"not understood: {output.strip()[:100]!r}")
        offset = _milliseconds(seen.get("Offset", ""))
        return Clock("timedatectl", seen["NTPSynchronized"] == "yes", offset, seen.get("Server", ""))

    def ssh_server(self, config: str) -> SshServer:
        """Settings that sshd takes from the configuration file `config`; needs root."""
        effective, *files = re.split(r"^--$", self._output("sshd", config), flags=re.MULTILINE)
        settings = dict(line.split(" ", 1) for line in effective.splitlines() if " " in line)
        return SshServer(settings, tuple(each for text in files for each in _overrides(text)))

    def file(self, path: str) -> FileState:
        """Type, mode and owners."""
        line = self._output("file", path).strip()
        if line in ("absent", "dangling"):
            return FileState(line)
        mode, user, group, type_ = line.split(" ", 3)
        uid, _, owner = user.partition(":")
        gid, _, owners = group.partition(":")
        return FileState(type_, int(mode, 8), owner, uid, owners, gid)

    def sha256(self, path: str) -> str:
        """Checksum of a regular file, in lower-case hexadecimal digits."""
        return self._output("sha256", path)[:64]

    def matching_lines(self, path: str, pattern: str) -> int:
        """How many lines of a regular file match the pattern as a whole, blanks around them aside."""
        return int(self._output("line", path, pattern))

    def connects(self, host: str, port: int) -> tuple[str, str]:
        """How an attempt to connect from this host ended ("open", or in words why not), and which program made it."""
        program, _, state = self._output("connect", host, str(port)).strip().partition(" ")
        return state, program

    def jobs(self) -> Jobs:
        """What timers and cron run."""
        return jobs_of(self._output("jobs"))

    def certificates(self, *paths: str) -> tuple[tuple[StoredCertificate, ...], tuple[str, ...]]:
        """The certificates in these files, or in those that ACME clients keep; and what may not be read."""
        return certificates_of(self._output("certificates", *paths))

    def _answer(self, *words: str) -> Answer:
        try:
            return self.answers[question(*words)]
        except KeyError:
            raise self._unread(words, f"no answer within {SCRIPT_SECONDS} s") from None

    def _output(self, *words: str) -> str:
        answer = self._answer(*words)
        if answer.status == 128 + signal.SIGKILL:
            raise self._unread(words, f"no answer within {QUESTION_SECONDS} s")
        if answer.status:
            raise self._unread(words, answer.error or f"exit code {answer.status}")
        if len(answer.output) >= ANSWER_BYTES:
            raise self._unread(words, f"more than {ANSWER_BYTES} bytes")
        return answer.output

    def _unread(self, words: tuple[str, ...], reason: str) -> CouldNotVerify:
        subject = " ".join([_SUBJECTS[words[0]], *words[1:2]])
        return CouldNotVerify(f"{subject} could not be read on {self.where}: {reason}")


def _filesystem(path: str, type_: str, device: str, *figures: str) -> Filesystem:
    size, blocks, free, available, inodes, inodes_free = map(int, figures)
    used = blocks - free
    return Filesystem(
        path=path,
        type=type_,
        device=device,
        free_bytes=available * size,
        used_pct=100 * used / (used + available) if used + available else 100.0,
        inodes_used_pct=100 * (inodes - inodes_free) / inodes if inodes else None,
    )


def _address(text: str, *, little: bool) -> str:
    """The address that /proc/net/tcp shows as 32-bit words in the host's own byte order."""
    words = [bytes.fromhex(text[at : at + 8]) for at in range(0, len(text), 8)]
    return str(ipaddress.ip_address(b"".join(word[::-1] if little else word for word in words)))


def _milliseconds(text: str) -> float | None:
    """A time span as systemd writes it: `-1.234ms`, `1min 2s`."""
    units = {"us": 0.001, "ms": 1.0, "s": 1000.0, "min": 60_000.0, "h": 3_600_000.0}
    parts = re.findall(r"([\d.]+)(us|ms|s|min|h)\b", text)
    return sum(float(value) * units[unit] for value, unit in parts) if parts else None


def _overrides(config: str) -> Iterator[tuple[str, str, str]]:
    condition = ""
    for line in config.splitlines():
        keyword, _, value = re.sub(r"[\s=]+", " ", line.partition("#")[0]).strip().partition(" ")
        if keyword.lower() == "match":
            condition = value
        elif condition and keyword:
            yield condition, keyword.lower(), value.strip('"')


@fact(deadline=SCRIPT_SECONDS + 10)
def host_facts(readiness_host: Host, *, asks: tuple[str, ...]) -> HostFacts:
    """What the host says about itself, all questions in one login."""
    host = readiness_host
    command = _command(host, asks)
    for each in ("hello", *asks):
        sent(f"run 'host.sh {each}' on {host.where}{' by sudo' if host.sudo else ''}")
    result = _run(host, command)
    _, started, framed = result.stdout_bytes.decode(errors="backslashreplace").partition("@readiness\n")
    if not started:
        raise _not_started(host, result)
    hello, *answers = [_answer(text) for text in framed.split("@\n")[:-1]] or [Answer(1, "", "nothing came back")]
    if (hello.status, hello.output, hello.error) != (0, "readiness\n", "readiness"):
        raise CouldNotVerify(
            f"the shell of {host.where} does not do what POSIX says (sh, od, tr, cat): "
            f"{hello.error or _last_line(result.stderr_bytes) or 'no reason given'}"
        )
    if len(answers) < len(asks) and result.rc != -signal.SIGKILL:
        raise CouldNotVerify(
            f"{host.where} broke off after {len(answers)} of {len(asks)} answers: "
            f"{_last_line(result.stderr_bytes) or f'exit code {result.rc}'}",
            transient=True,
        )
    return HostFacts(host.where, dict(zip(asks, answers, strict=False)))


def _command(host: Host, asks: tuple[str, ...]) -> str:
    library = Path(__file__).with_name("host.sh").read_text("utf-8")
    unknown = [each for each in asks if shlex.split(each)[0] not in _SUBJECTS]
    if unknown:
        raise ValueError(f"Hosts do not know the question {unknown[0]!r}.")
    lines = [f"ask {question(*shlex.split(each))}" for each in ("hello", *asks)]
    command = shlex.join(["sh", "-c", _SCRIPT + "\n".join(lines), "readiness", library])
    if host.sudo:
        become = '[ "$(id -u)" != 0 ] || exec "$@"; exec sudo -n "$@"'
        command = f"{shlex.join(['sh', '-c', become, 'sudo'])} {command}"
    return command


def _run(host: Host, command: str) -> CommandResult:
    """Let testinfra log in, as a backend of our own: those of `get_host` are shared by the whole process."""
    from testinfra.backend import get_backend

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
    """What testinfra's own does, but it ends, and nothing can ask on the terminal."""
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


def _answer(text: str) -> Answer:
    """One answer, put together from its three alphabets."""
    status = re.search(r"=(\d+);", text)
    rest = text.replace(status[0], "") if status else text
    output = bytes.fromhex(re.sub("[^0-9a-f]", "", rest))
    errors = bytes.fromhex(re.sub("[^g-v]", "", rest).translate(_FROM_ERRORS))
    return Answer(
        status=int(status[1]) if status else 1,
        output=output.decode(errors="backslashreplace"),
        error=_last_line(errors),
    )


def _last_line(errors: bytes) -> str:
    lines = [line.strip() for line in errors.decode(errors="backslashreplace").splitlines() if line.strip()]
    return lines[-1][:200].rstrip(".") if lines else ""


def _not_started(host: Host, result: CommandResult) -> CouldNotVerify:
    """Why the script did not even begin."""
    reason = _last_line(result.stderr_bytes) or f"exit code {result.rc}"
    if result.rc == -signal.SIGKILL:
        reason = f"it did not end within {SCRIPT_SECONDS} s"
    elif b"REMOTE HOST IDENTIFICATION HAS CHANGED" in result.stderr_bytes:
        reason = "its host key is not the one in known_hosts any more"
    elif reason.startswith("Host key verification failed"):
        reason = "its host key is not in known_hosts"
    elif host.sudo and "sudo" in reason:
        return CouldNotVerify(f"sudo -n on {host.where} failed: {reason.removeprefix('sudo: ')}")
    broken_off = re.search(r"reset by peer|closed by|Broken pipe", reason) is not None
    return Unreachable(f"the login at {host.where} failed: {reason}", transient=broken_off)
