"""A server: disks, memory, clock, services, what listens, sshd's settings, files."""

from __future__ import annotations

import math
import re
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from pytest_readiness.core.evidence import CouldNotVerify, Evidence, claim
from pytest_readiness.core.registry import Asks, check
from pytest_readiness.core.spelling import Sha256, spelled
from pytest_readiness.core.text import figure, size
from pytest_readiness.domains.host.facts import asked
from pytest_readiness.domains.host.questions.clock import CLOCK, Clock
from pytest_readiness.domains.host.questions.disk import DISK, Filesystem
from pytest_readiness.domains.host.questions.file import FILE, LINE, SHA256, FileState
from pytest_readiness.domains.host.questions.listeners import LISTENERS, Listener
from pytest_readiness.domains.host.questions.memory import MEMORY, Memory
from pytest_readiness.domains.host.questions.service import BOOT, SERVICE, Service
from pytest_readiness.domains.host.questions.sshd import SSHD, MatchBlock, SshServer
from pytest_readiness.domains.host.questions.swap import SWAP, Swap
from pytest_readiness.domains.host.questions.system import SYSTEM
from pytest_readiness.domains.host.resource import Host, Unit

AbsolutePath = Annotated[
    str, spelled(r"^/[^\x00\n]*$", "a path that begins with a slash, such as /srv", max_length=1024)
]
Percentage = Annotated[float, Field(gt=0, lt=100)]
Port = Annotated[int, Field(ge=1, le=65535)]


@check(
    "host.reachable",
    severity="critical",
    remedy="Let the runner log in without a prompt: with a key or an agent, and the host's key in known_hosts.",
    asks=lambda host: asked(host, SYSTEM()),
)
def reachable(host_facts: tuple[str, ...]) -> Evidence:
    """The runner can log in and run commands.

    One login, in the declared way. Whether others can log in is not looked at, nor whether commands work that need more
    rights.
    """
    user, name, kernel, uptime, *distribution = host_facts
    system = ", ".join([kernel, *(each.strip("\"'") for each in distribution)])
    return Evidence(f"logged in as {user} on {name}: {system}, up {float(uptime) / 86400:.1f} days")


@check(
    "host.disk",
    severity="high",
    remedy="Free space or inodes, or make the file system larger.",
    asks=lambda host, mounts: asked(host, [DISK(each) for each in mounts] or [DISK()]),
)
def disk(
    host_facts: Mapping[str, tuple[Filesystem, ...]],
    readiness_host: Host,
    *,
    max_used_pct: Percentage = 80,
    mounts: list[AbsolutePath] = [],  # noqa: B006
) -> Evidence:
    """File systems have free space, in bytes and in inodes.

    Shares are counted as df does, of what users other than root can use. Without `mounts` every mounted local file
    system that can be written to is looked at, once: not tmpfs and other memory, not network mounts, not what a program
    serves (FUSE), not images that are always full (squashfs, iso9660), and of overlays only one mounted on /. One that
    is itself read-only, as kernels make them after errors, though /etc/fstab does not say so, fails where it is named
    in `mounts`; a warning names the others.

    Args:
        max_used_pct: largest accepted share in use, in percent, of bytes and of inodes. 80: where the alerts of
            common rule sets begin.
        mounts: mount points to look at, or links to them, of whatever type, instead of every local file system; one
            where nothing is mounted fails.
    """
    found: list[Filesystem] = []
    wanted: list[str | None] = [*dict.fromkeys(mounts)] or [None]
    for mount, there in zip(wanted, host_facts.values(), strict=True):
        claim(bool(there) or mount is None, expected=f"a file system mounted at {mount}", seen="none is")
        found.extend(there)
    if all(each.read_only for each in found) and not mounts:
        raise CouldNotVerify(
            f"no local file system that can be written to was found on {readiness_host.where}; name some as mounts"
        )
    full = [
        text
        for each in found
        if mounts or not each.read_only
        for what, used in (("", each.used_pct), (" of inodes", each.inodes_used_pct))
        if used is not None and used > max_used_pct
        for text in [f"{each.path} {figure(used, max_used_pct)} %{what} ({size(each.free_bytes)} free)"]
    ]
    claim(not full, expected=f"at most {max_used_pct:g} % used", seen=", ".join(full))
    stopped = [f"{each.path} is mounted read-only, which /etc/fstab does not say" for each in found if each.read_only]
    claim(not (mounts and stopped), expected="file systems that can be written to", seen=", ".join(stopped))
    return Evidence(
        ", ".join(f"{each.path} {_used(each, max_used_pct)}" for each in found if mounts or not each.read_only),
        warning=", ".join(stopped),
    )


def _used(each: Filesystem, limit: float) -> str:
    inodes = "" if each.inodes_used_pct is None else f", inodes {figure(each.inodes_used_pct, limit)} %"
    return f"{figure(each.used_pct, limit)} % used{inodes} ({size(each.free_bytes)} free)"


@check(
    "host.memory",
    severity="medium",
    remedy="Find out what uses the memory, or give the host more of it.",
    asks=lambda host: asked(host, MEMORY()),
)
def memory(host_facts: Memory, *, min_available_pct: Percentage = 10) -> Evidence:
    """Memory is available without swapping.

    One look, now. Available is the kernel's own estimate (MemAvailable); inside a control group with a limit below
    the host's memory, what that limit leaves: the group of the login, or the nearest around it that has a limit.

    Args:
        min_available_pct: smallest accepted share of memory that is available, in percent. 10: where the alerts of
            common rule sets begin.
    """
    available = 100 * host_facts.available_bytes / host_facts.total_bytes
    of = "the control group's limit of " if host_facts.limited else ""
    text = f"{figure(available, min_available_pct)} % of {of}{size(host_facts.total_bytes)} available"
    claim(available >= min_available_pct, expected=f"at least {min_available_pct:g} % available", seen=text)
    return Evidence(text)


@check(
    "host.swap",
    severity="medium",
    remedy="Find out what was swapped out (VmSwap in /proc/PID/status), and give the host more memory.",
    asks=lambda host: asked(host, SWAP()),
)
def swap(host_facts: Swap, *, max_used_pct: Percentage = 50) -> Evidence:
    """No more than a given share of the host's swap space is in use.

    One look, now: how much is being swapped in and out, and the limits of control groups, are not looked at. A host
    without swap space uses none.

    Args:
        max_used_pct: largest accepted share in use, in percent. 50: memory ran short before, and half of what is there
            for the next time is left.
    """
    if not host_facts.total_bytes:
        return Evidence("no swap space")
    used = 100 * (host_facts.total_bytes - host_facts.free_bytes) / host_facts.total_bytes
    text = f"{figure(used, max_used_pct)} % of {size(host_facts.total_bytes)} used"
    claim(used <= max_used_pct, expected=f"at most {max_used_pct:g} % used", seen=text)
    return Evidence(text)


@check(
    "host.listening_only",
    severity="high",
    remedy="Stop what does not need to listen, or bind it to 127.0.0.1; list the port if it is meant to be open.",
    source="CIS Debian Linux 12 benchmark, 2.1 (server services)",
    asks=lambda host: asked(host, LISTENERS()),
)
def listening_only(host_facts: tuple[Listener, ...], *, ports: list[Port]) -> Evidence:
    """No TCP socket listens for other hosts on a port that is not listed.

    Every listening TCP socket that is not bound to a loopback address counts, whatever a firewall does with it. Not
    looked at: UDP, other network namespaces, and ports that the kernel forwards without a listening socket.

    Args:
        ports: the port numbers that may listen, 1 to 65535; an empty list allows none.
    """
    exposed = [each for each in host_facts if not each.loopback]
    extra = [each for each in exposed if each.port not in ports]
    allowed = ", ".join(map(str, ports)) or "no port"
    claim(not extra, expected=f"listeners on {allowed} only", seen=", ".join(map(_listener, extra)))
    text = ", ".join(map(_listener, exposed)) or "no listener"
    return Evidence(f"{text} and {len(host_facts) - len(exposed)} on loopback only")


def _listener(each: Listener) -> str:
    address = f"[{each.address}]" if ":" in each.address else each.address
    return f"{address}:{each.port}" + (f" ({each.process})" if each.process else "")


@check(
    "host.services",
    severity="high",
    remedy="Run systemctl enable --now for the unit; journalctl -u tells why one failed.",
    source="systemctl(1)",
    asks=lambda host, names: asked(host, [*(SERVICE(each) for each in names), BOOT()]),
)
def services(host_facts: Mapping[str, Any], *, names: Annotated[list[Unit], Field(min_length=1)]) -> Evidence:
    """Services run now and are set to start at boot.

    A service runs when its process does; one that has run since the boot and ended well counts only if it is of type
    oneshot. One that systemd has started again by itself within the last ten minutes does not count as running, as it
    may end again; nor does a timer that will not elapse any more and has not since the boot.
    One starts at boot where it is enabled, or cannot be (static), and the default target pulls it in: itself, or by
    other units, or by a socket, timer or path unit that triggers it; unless another one that starts there conflicts
    with it. Not looked at: what a process does that is stopped or hangs, whether what a timer starts succeeds, and a
    boot itself. Of files that changed after systemd read them a warning tells. Only systemd can be asked.

    Args:
        names: units (`nginx`, `backup.timer`); without a suffix a service is meant.
    """
    boot: frozenset[str] = host_facts[BOOT()]
    units: list[Service] = [host_facts[SERVICE(each)] for each in names]
    wrong = [each for each in units if not (_running(each) and _at_boot(each, boot))]
    claim(
        not wrong,
        expected=", ".join(f"{each.unit} running and enabled" for each in wrong),
        seen=", ".join(_state(each, boot) for each in wrong),
    )
    for unit in units:
        # Of two that conflict, systemd starts at boot the one that says so, unless the other is required.
        if rivals := [each for each in unit.conflicted_by if each in boot]:
            raise CouldNotVerify(
                f"{unit.unit} runs now and is enabled, but may not start at boot: {', '.join(rivals)}, to be started "
                "at boot as well, conflicts with it; disable one of them"
            )
    passive = [each.unit for each in units if each.enabled in ("static", "indirect")]
    warnings = [f"{', '.join(passive)} cannot be enabled, it starts at boot by another unit"] if passive else []
    warnings += [f"{each.unit} was restarted by systemd {each.restarts} times" for each in units if each.restarts]
    warnings += [
        f"the files of {each.unit} changed after systemd read them, so that it may not start at boot as it runs now; "
        "run systemctl daemon-reload and restart it"
        for each in units
        if each.stale
    ]
    return Evidence(", ".join(_state(each, boot) for each in units), warning="; ".join(warnings))


_SETTLED_SECONDS = 600
_STARTED_AT_BOOT = ("enabled", "alias", "generated", "static", "indirect")
_NO_UNIT_FILE = {"": "no unit file", "bad": "its unit file is gone, or cannot be read (bad)"}


def _at_boot(unit: Service, boot: frozenset[str]) -> bool:
    return unit.enabled in _STARTED_AT_BOOT and unit.unit in boot


def _running(unit: Service) -> bool:
    if unit.active == "inactive" and unit.completed:
        return True
    if unit.active not in ("active", "reloading") or _unsettled(unit) or unit.spent:
        return False
    return unit.sub != "exited" or unit.type == "oneshot"


def _unsettled(unit: Service) -> bool:
    return bool(unit.restarts) and unit.since_seconds is not None and unit.since_seconds < _SETTLED_SECONDS


def _state(unit: Service, boot: frozenset[str]) -> str:
    if unit.load != "loaded":
        return f"{unit.unit} {unit.load}"
    trigger = f", started on demand by {unit.triggered_by}" if unit.triggered_by else ""
    if unit.enabled in _STARTED_AT_BOOT and unit.unit not in boot:
        trigger += ", but nothing that the default target starts wants or triggers it"
    if _unsettled(unit):
        trigger += f", restarted {unit.restarts} times, {unit.since_seconds:.0f} s ago for the last time"
    if unit.spent:
        trigger += ", but it has started nothing since the boot and will not any more"
    if unit.active == "inactive" and unit.completed:
        trigger += ", has run and ended well"
    return f"{unit.unit} {unit.active} ({unit.sub}), {_NO_UNIT_FILE.get(unit.enabled, unit.enabled)}{trigger}"


@check(
    "host.time_synced",
    severity="medium",
    remedy="Install and enable one of chrony or systemd-timesyncd, and let it reach its time servers.",
    source="CIS Debian Linux 12 benchmark, 2.3 (time synchronization); node_exporter's NodeClockSkewDetected",
    asks=lambda host: asked(host, CLOCK()),
)
def time_synced(
    host_facts: Clock, readiness_host: Host, *, max_offset_ms: Annotated[float, Field(gt=0)] | None = 50
) -> Evidence:
    """The clock follows a time source and is close to it.

    As chronyc reports, or else timedatectl. The time source must have answered one of the last three polls, as far as
    chronyc, or timedatectl of systemd-timesyncd, tells; whether it is right itself is not looked at. Where the service
    that timedatectl controls is off, nothing is proven. A container has its host's clock, and neither program to report
    on it.

    Args:
        max_offset_ms: largest accepted distance from the time source, in milliseconds; null where it is enough that
            the clock follows one. 50: node_exporter's rule NodeClockSkewDetected.
    """
    clock = host_facts
    reference = f" to {clock.reference}" if clock.reference else ""
    claim(
        clock.synchronised, expected="a synchronised clock", seen=f"{clock.source} says that it follows no time source"
    )
    claim(
        not clock.silence,
        expected="a time source that answers",
        seen=f"{clock.source}{f' says of {clock.reference}' if clock.reference else ''}: {clock.silence}",
    )
    warning = "" if clock.heard else f"{clock.source} does not tell when the time source last answered"
    if clock.known_to_ms is not None and max_offset_ms is not None and clock.known_to_ms > max_offset_ms:
        warning = f"the right time is known to {clock.known_to_ms:.0f} ms only (root delay and dispersion)"
    if clock.offset_ms is None:
        if max_offset_ms is not None:
            raise CouldNotVerify(
                f"{clock.source} on {readiness_host.where} says that the clock is synchronised, but not how closely; "
                "set max_offset_ms to null if that is enough"
            )
        return Evidence(f"synchronised{reference}, offset unknown ({clock.source})", warning=warning)
    text = f"{figure(clock.offset_ms, max_offset_ms or math.inf, 3)} ms"
    claim(
        max_offset_ms is None or clock.offset_ms <= max_offset_ms,
        expected=f"an offset of at most {max_offset_ms} ms",
        seen=f"{text}{reference} ({clock.source})",
    )
    return Evidence(f"synchronised{reference}, offset {text} ({clock.source})", warning=warning)


_DEV_SEC = "dev-sec ssh-baseline"
_CIS = "CIS Debian Linux 12 benchmark 5.1"
_RFC = "RFC 9142, dev-sec ssh-baseline"
_RFC_SHA1 = "RFC 8332, RFC 9142"

CIPHERS = (
    "chacha20-poly1305@openssh.com",
    "aes256-gcm@openssh.com",
    "aes128-gcm@openssh.com",
    "aes256-ctr",
    "aes192-ctr",
    "aes128-ctr",
)
MACS = (
    "hmac-sha2-512-etm@openssh.com",
    "hmac-sha2-256-etm@openssh.com",
    "umac-128-etm@openssh.com",
    "hmac-sha2-512",
    "hmac-sha2-256",
)
KEY_EXCHANGES = (
    "mlkem768x25519-sha256",
    "sntrup761x25519-sha512",
    "sntrup761x25519-sha512@openssh.com",
    "curve25519-sha256",
    "curve25519-sha256@libssh.org",
    "ecdh-sha2-nistp256",
    "ecdh-sha2-nistp384",
    "ecdh-sha2-nistp521",
    "diffie-hellman-group-exchange-sha256",
    "diffie-hellman-group14-sha256",
    "diffie-hellman-group16-sha512",
    "diffie-hellman-group18-sha512",
)
SIGNATURES = tuple(
    name + form
    for name, forms in {
        "ssh-ed25519": ("", "-cert-v01@openssh.com"),
        "ecdsa-sha2-nistp256": ("", "-cert-v01@openssh.com"),
        "ecdsa-sha2-nistp384": ("", "-cert-v01@openssh.com"),
        "ecdsa-sha2-nistp521": ("", "-cert-v01@openssh.com"),
        "sk-ssh-ed25519": ("@openssh.com", "-cert-v01@openssh.com"),
        "sk-ecdsa-sha2-nistp256": ("@openssh.com", "-cert-v01@openssh.com"),
        "webauthn-sk-ecdsa-sha2-nistp256": ("@openssh.com", "-cert-v01@openssh.com"),
        "rsa-sha2-256": ("", "-cert-v01@openssh.com"),
        "rsa-sha2-512": ("", "-cert-v01@openssh.com"),
    }.items()
    for form in forms
)
GSS_KEY_EXCHANGES = ("gss-group14-sha256-", "gss-group16-sha512-", "gss-nistp256-sha256-", "gss-curve25519-sha256-")
RSA_BITS = 2048
"""Fewest of an RSA key (NIST SP 800-131A)."""
_ROOT_LOGIN = ("no", "forced-commands-only", "prohibit-password")
"""From strict to lax."""
_FORMER_NAMES = {
    "challengeresponseauthentication": "kbdinteractiveauthentication",
    "pubkeyacceptedkeytypes": "pubkeyacceptedalgorithms",
    "rsaminsize": "requiredrsasize",
    "without-password": _ROOT_LOGIN[2],
}
_SSHD_CONFIG = "/etc/ssh/sshd_config"
_DEFAULT_BITS = "1024"
"""That sshd accepts where nothing says otherwise, also before it had a setting for it (OpenSSH 9.1)."""


@dataclass(frozen=True, slots=True)
class _Rule:
    offence: Callable[[str], str | None]
    """What is wrong with a value; None where nothing is."""
    expected: str
    source: str


def _one_of(*allowed: str, source: str) -> _Rule:
    return _Rule(lambda seen: None if seen in allowed else seen, " or ".join(allowed), source)


def _only(allowed: tuple[str, ...], source: str) -> _Rule:
    def weak(seen: str) -> str | None:
        return " ".join(each for each in seen.split(",") if each not in allowed) or None

    return _Rule(weak, "without weak ones", source)


def _up_to(limit: int, source: str) -> _Rule:
    def beyond(seen: str) -> str | None:
        return None if seen.isdigit() and 0 < int(seen) <= limit else seen

    return _Rule(beyond, f"1 to {limit}", source)


def _at_least(limit: int, source: str) -> _Rule:
    def below(seen: str) -> str | None:
        return None if seen.isdigit() and int(seen) >= limit else seen

    return _Rule(below, f"{limit} or more", source)


_OPTIONAL = {
    "casignaturealgorithms": (_only(SIGNATURES, _RFC_SHA1), "casignaturealgorithms", ""),
    "requiredrsasize": (_at_least(RSA_BITS, "NIST SP 800-131A"), "pubkeyacceptedalgorithms", "rsa-"),
    "gssapikexalgorithms": (_only(GSS_KEY_EXCHANGES, _RFC), "gssapikeyexchange", "yes"),
}
"""What not every release or build of sshd reports: the rule, and the setting that must hold a text for it to count."""


def _ssh_rules(permit_root_login: str, max_auth_tries: int) -> dict[str, _Rule]:
    root = _ROOT_LOGIN[: _ROOT_LOGIN.index(permit_root_login) + 1]
    return {
        "permitrootlogin": _one_of(*root, source=_CIS),
        "passwordauthentication": _one_of("no", source=_DEV_SEC),
        "kbdinteractiveauthentication": _one_of("no", source=_DEV_SEC),
        "permitemptypasswords": _one_of("no", source=_CIS),
        "hostbasedauthentication": _one_of("no", source=_CIS),
        "ignorerhosts": _one_of("yes", "shosts-only", source=_CIS),
        "strictmodes": _one_of("yes", source=_DEV_SEC),
        "permituserenvironment": _one_of("no", source=_CIS),
        "permittunnel": _one_of("no", source=_DEV_SEC),
        "gatewayports": _one_of("no", source=_DEV_SEC),
        "x11forwarding": _one_of("no", source=_DEV_SEC),
        "maxauthtries": _up_to(max_auth_tries, _CIS),
        "logingracetime": _up_to(60, _CIS),
        "loglevel": _one_of("info", "verbose", source=_CIS),
        "ciphers": _only(CIPHERS, _DEV_SEC),
        "macs": _only(MACS, _DEV_SEC),
        "kexalgorithms": _only(KEY_EXCHANGES, _RFC),
        "hostkeyalgorithms": _only(SIGNATURES, _RFC_SHA1),
        "pubkeyacceptedalgorithms": _only(SIGNATURES, _RFC_SHA1),
        **{keyword: rule for keyword, (rule, *_) in _OPTIONAL.items()},
    }


def _applies(settings: Mapping[str, str], keyword: str) -> bool:
    """Whether a setting counts beside the others: some are without effect."""
    if keyword in ("passwordauthentication", "kbdinteractiveauthentication"):
        # Where every way in needs a key, a password is a second factor.
        ways = settings.get("authenticationmethods", "any").split()
        return not all("publickey" in way.split(",") for way in ways)
    if keyword in ("x11forwarding", "gatewayports"):
        return settings.get("disableforwarding") != "yes"
    _, other, text = _OPTIONAL.get(keyword, (None, keyword, ""))
    return keyword in settings and text in settings.get(other, "")


@check(
    "host.ssh_hardened",
    severity="high",
    remedy="Change the settings in /etc/ssh/sshd_config.d, test with sshd -t, and reload sshd.",
    source=f"{_DEV_SEC}; {_CIS}; RFC 9142",
    asks=lambda host, config: asked(host, SSHD(*([config] if config else []))),
)
def ssh_hardened(
    host_facts: SshServer,
    readiness_host: Host,
    *,
    permit_root_login: Literal["no", "forced-commands-only", "prohibit-password"] = "no",
    max_auth_tries: Annotated[int, Field(ge=1, le=6)] = 4,
    config: AbsolutePath | None = None,
) -> Evidence:
    """By its settings, sshd lets no one in by a password alone, root only as declared, and uses strong algorithms only.

    Judged are PermitRootLogin, PasswordAuthentication, KbdInteractiveAuthentication, PermitEmptyPasswords,
    HostbasedAuthentication, IgnoreRhosts, StrictModes, PermitUserEnvironment, PermitTunnel, GatewayPorts,
    X11Forwarding, MaxAuthTries, LoginGraceTime, LogLevel, Ciphers, MACs, KexAlgorithms, GSSAPIKexAlgorithms,
    HostKeyAlgorithms, PubkeyAcceptedAlgorithms, CASignatureAlgorithms and RequiredRSASize.

    The effective settings are judged, as `sshd -T` tells them (which needs root): for all connections, and for each
    Match block as if it applied, in the file and in those that it includes, and for each two of them that may apply to
    one connection. So are options that a running sshd with
    this file was started with; settings that were changed since it started or was reloaded it does not have yet, of
    which a warning tells where its PidFile does. Where sshd is started for each connection (by inetd, or a socket of
    systemd), its options are known only while a connection is open, and only if systemd tells them.
    Passwords are accepted as a second factor beside a key (AuthenticationMethods). Of RSA keys of fewer than 2048 bits
    a warning tells where sshd accepts them by default; RequiredRSASize below that fails. The host's own keys and the
    moduli for key exchange are not looked at.

    Args:
        permit_root_login: the laxest accepted PermitRootLogin: no, forced-commands-only or prohibit-password. no: CIS.
        max_auth_tries: the largest accepted MaxAuthTries, 1 to 6. 4: CIS.
        config: absolute path of the configuration to judge, where several sshd run (a warning names the others), or
            none does; one that none of those that run reads is not judged. Default: what the running sshd reads, or
            else /etc/ssh/sshd_config.
    """
    rules = _ssh_rules(permit_root_login, max_auth_tries)
    settings = _of_today(host_facts.settings)
    if missing := [keyword for keyword in rules if keyword not in settings and keyword not in _OPTIONAL]:
        raise CouldNotVerify(f"sshd -T on {readiness_host.where} does not report {', '.join(missing)}")
    warnings = []
    if "requiredrsasize" not in map(_now, host_facts.given):
        bits = settings.pop("requiredrsasize", _DEFAULT_BITS)
        if int(bits) < RSA_BITS and "rsa-" in settings["pubkeyacceptedalgorithms"]:
            warnings.append(f"RSA keys of {bits} bits are accepted, as RequiredRSASize is not set")
    if settings.get("disableforwarding") == "yes" and settings["x11forwarding"] != "no":
        warnings.append(
            "X11 forwarding is off only by DisableForwarding, which OpenSSH before 10.0 does not heed (CVE-2025-32728)"
        )
    others = [each for each in dict.fromkeys(host_facts.running) if config and each != config]
    if others and config not in host_facts.running:
        raise CouldNotVerify(
            f"the sshd that runs on {readiness_host.where} reads {', '.join(others)}, and none reads {config}: what is "
            "set there lets nobody in; leave config out, or name one that is read"
        )
    if others:
        warnings.append(f"another sshd that runs there reads {', '.join(others)}, which was not looked at")
    if not host_facts.running:
        warnings.append(
            "no sshd that waits for connections runs there now; what another program lets in is not looked at"
        )
    if host_facts.changed:
        warnings.append(
            f"{', '.join(host_facts.changed)} changed after the sshd that runs read its settings: what is set there "
            "holds when it is reloaded"
        )
    wrong = list(_violations(rules, settings))
    by_option = {_now(re.split(r"[\s=]", each)[0]) for each in host_facts.options}
    told = [
        (expected, seen + (" by an option that it was started with" if seen.split()[0] in by_option else ""))
        for expected, seen in wrong
    ]
    for block in host_facts.blocks:
        told += [
            (expected, f"{seen} in 'Match {block.condition}'")
            for expected, seen in _violations(rules, settings | _set_by(host_facts, block))
            if (expected, seen) not in wrong
        ]
    alone = {(expected, seen.partition(" in 'Match")[0]) for expected, seen in told}
    for first, second in combinations(host_facts.blocks, 2):
        # Of what several blocks set that apply, the first one counts.
        both = settings | _set_by(host_facts, second) | _set_by(host_facts, first)
        told += [
            (expected, f"{seen} where both 'Match {first.condition}' and 'Match {second.condition}' apply")
            for expected, seen in _violations(rules, both)
            if (expected, seen) not in alone and _may_meet(first.condition, second.condition)
        ]
    claim(
        not told,
        expected=", ".join(dict.fromkeys(expected for expected, _ in told)),
        seen=", ".join(seen for _, seen in told),
    )
    also = f", also in {len(host_facts.blocks)} Match blocks" if host_facts.blocks else ""
    of = "" if host_facts.file in ("", _SSHD_CONFIG) else f" of {host_facts.file}"
    number = sum(_applies(settings, keyword) for keyword in rules)
    return Evidence(
        f"{number} settings{of} hold{also}; root login: {settings['permitrootlogin']}", warning="; ".join(warnings)
    )


def _set_by(server: SshServer, block: MatchBlock) -> dict[str, str]:
    """What a block sets, also to what holds without it."""
    own = set(map(_now, block.own))
    return {
        _now(keyword): _now(value)
        for keyword, value in block.settings.items()
        if server.settings.get(keyword) != value or _now(keyword) in own
    }


def _may_meet(first: str, second: str) -> bool:
    """Whether a connection may fulfil both conditions; not where both name one thing, in plain words, differently."""
    named = [
        {
            keyword.lower(): set(values.strip('"').lower().split(","))
            for keyword, values in re.findall(r'(?<![A-Za-z])([A-Za-z]+)(?:\s*=\s*|\s+)("[^"]*"|\S+)', condition)
        }
        for condition in (first, second)
    ]
    return not any(
        keyword != "group" and not re.search(r"[*?!/]", "".join(one | other)) and not one & other
        for keyword in named[0].keys() & named[1].keys()
        for one, other in [(named[0][keyword], named[1][keyword])]
    )


def _of_today(settings: Mapping[str, str]) -> dict[str, str]:
    return {_now(keyword): _now(value) for keyword, value in settings.items()}


def _now(word: str) -> str:
    """Today's names of settings that older releases of sshd called something else, in lower case."""
    return _FORMER_NAMES.get(word.lower(), word.lower())


def _violations(rules: Mapping[str, _Rule], settings: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for keyword, rule in rules.items():
        offence = rule.offence(settings[keyword]) if _applies(settings, keyword) else None
        if offence is not None:
            yield f"{keyword} {rule.expected} ({rule.source})", f"{keyword} {offence}"


_PIECE = re.compile(r"\\.|\[\^?\]?(?:\[:[a-z]{1,9}:\]|[^\]\[]){0,99}\]|\(\?")
"""What an extended regular expression is searched for: something escaped, a set in brackets, `(?`."""


def _extended(pattern: str) -> str:
    """Refuse what other kinds of expressions have: grep -E would look for something else, and not find it."""
    for piece in _PIECE.findall(pattern):
        if piece.startswith("["):
            odd = re.search(r"(?<!\\)\\[A-Za-z0-9]", piece)
            if odd:
                raise ValueError(
                    f"within brackets grep -E takes {odd[0]} as two characters; write [:digit:], [:alnum:]_ …"
                )
        elif piece == "(?":
            raise ValueError("grep -E knows no group that begins with (?; write [Aa] for both cases, and ( without ?")
        elif piece[1:].isdecimal():
            raise ValueError(f"{piece} refers to a group, which is not possible here; write out what it stands for")
        elif piece[1:].isascii() and piece[1:].isalpha() and piece[1] not in "wWsSbB":
            raise ValueError(f"grep -E knows no {piece}; write [0-9] for a digit, [[:blank:]] for a tab")
    return pattern


_LIKE_A_SHELLS = re.compile(r"[*?]|/\$\{?[A-Za-z_]|\{[^{}]*,|\s$")
"""What a shell would read in a path. Sets in brackets are not among it: sources have such names."""


class FileRule(BaseModel):
    """What a file must be like; with nothing set, it must exist, and not as a directory.

    Attributes:
        mode: permission bits that it may have at most, in octal digits as text ("0640"): a stricter file passes too.
            The sticky bit of a directory ("1777") is stricter, so it must have that if it is among them.
        owner, group: name or number of the owners.
        sha256: its checksum, 64 hexadecimal digits.
        contains: extended regular expressions (as for `grep -E`), each of which matches a whole line, blanks and tabs
            around it aside; `.*` at an end where the rest of the line does not matter. A carriage return at the end
            of a line belongs to it.
        absent: it must not exist, not even as a link to nothing.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    mode: (
        Annotated[str, spelled(r"^[0-7]{3,4}$", 'three or four digits from 0 to 7 in quotes, such as "0640"')] | None
    ) = None
    owner: str | None = None
    group: str | None = None
    sha256: Sha256 | None = None
    contains: tuple[Annotated[str, Field(pattern=r"^[^\x00\n]+$"), AfterValidator(_extended)], ...] = ()
    absent: bool = False

    @model_validator(mode="after")
    def _either(self) -> FileRule:
        if self.absent and self.model_fields_set != {"absent"}:
            raise ValueError("a file that must be absent can have no other property")
        return self


def _file_questions(host: Host, files: Mapping[str, FileRule]) -> Asks:
    questions = []
    for path, rule in files.items():
        questions.append(FILE(path))
        questions += [SHA256(path)] if rule.sha256 else []
        questions += [LINE(path, pattern) for pattern in rule.contains]
    return asked(host, questions)


@check(
    "host.files",
    severity="medium",
    remedy="Fix the file with chmod, chown or the tool that manages the host's configuration.",
    asks=_file_questions,
)
def files(
    host_facts: Mapping[str, Any],
    *,
    files: Annotated[dict[AbsolutePath, FileRule], Field(min_length=1)],
) -> Evidence:
    """Files on the host are as declared.

    Links are followed. Content is compared on the host and never fetched. A directory is declared by its mode or
    owners, or by a / at the end of its path. Not looked at: access control lists, and the folders above a file.

    Args:
        files: by absolute path as it is written, what each file must be like: mode (at most these bits, and of a
            directory the sticky bit where it is among them; text of octal digits), owner, group, sha256, contains
            (whole lines, blanks around them aside, as regular expressions of grep -E), or absent: true; {} asks that it
            exists.
    """
    wrong = [
        (f"{path} {expected}", f"{path} {seen}")
        for path, rule in files.items()
        for expected, seen in _deviations(host_facts, path, rule)
    ]
    claim(not wrong, expected=", ".join(expected for expected, _ in wrong), seen=", ".join(seen for _, seen in wrong))
    return Evidence(", ".join(f"{path} {_described(host_facts[FILE(path)])}" for path in files))


def _deviations(host_facts: Mapping[str, Any], path: str, rule: FileRule) -> Iterator[tuple[str, str]]:
    state: FileState = host_facts[FILE(path)]
    missing = state.type in ("absent", "dangling")
    if rule.absent:
        if state.type != "absent":
            yield "absent", _described(state)
        elif _LIKE_A_SHELLS.search(path):
            raise CouldNotVerify(
                f"there is no '{path}', which is taken as it is written: no pattern, variable or blank at the end "
                "stands for anything; name each path that must be absent"
            )
        return
    if missing:
        yield "present", _described(state)
        return
    of_directory = rule.mode or rule.owner or rule.group or path.endswith("/")
    if state.type == "directory" and not of_directory:
        yield "a file", _described(state)
        return
    declared = int(rule.mode or "7777", 8)
    if state.mode & ~declared:
        yield f"mode {declared:04o} at most", f"mode {state.mode:04o}"
    # It gives nobody more: without it, whoever may write to a directory may remove what belongs to others.
    elif rule.mode and state.type == "directory" and declared & ~state.mode & stat.S_ISVTX:
        yield f"mode {declared:04o} with the sticky bit", f"mode {state.mode:04o}"
    if rule.owner is not None and rule.owner not in (state.user, state.uid):
        yield f"owned by {rule.owner}", f"owned by {state.user} ({state.uid})"
    if rule.group is not None and rule.group not in (state.group, state.gid):
        yield f"of group {rule.group}", f"of group {state.group} ({state.gid})"
    if rule.sha256 is not None and (seen := host_facts[SHA256(path)]) != rule.sha256.lower():
        yield f"sha256 {rule.sha256.lower()}", f"sha256 {seen}"
    for pattern in rule.contains:
        if not host_facts[LINE(path, pattern)]:
            yield f"with a line '{pattern}'", f"without a line '{pattern}'"


def _described(state: FileState) -> str:
    if state.type == "absent":
        return "absent"
    if state.type == "dangling":
        return "a link to nothing"
    return f"{state.type}, mode {state.mode:04o}, {state.user}:{state.group}"
