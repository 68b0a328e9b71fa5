"""Ten hosts, twenty properties each: by the plugin, and by a plain module for pytest-testinfra.

Each host is a real sshd on loopback, and both sides log in as the same user.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.measure import Ran, Row, faster, in_turn, median, pytest, write
from tests.stack.sshd import Sshd

HOSTS = 10
FASTER = 25
MODES = ("/etc/passwd", "/etc/group", "/etc/hostname", "/etc/hosts", "/etc/nsswitch.conf", "/etc/debian_version")
SUMS = ("/etc/passwd", "/etc/group", "/etc/hosts", "/etc/debian_version")
LINES = {
    "/etc/passwd": "root:.*",
    "/etc/group": "root:.*",
    "/etc/hosts": "127.0.0.1.*",
    "/etc/nsswitch.conf": "passwd:.*",
}
OWNERS = ("/etc/passwd", "/etc/group", "/etc/hosts")

TESTINFRA = f"""
import pytest

def test_system(host):
    assert host.system_info.release

def test_disk(host):
    assert host.check_output("df -P /")

def test_memory(host):
    assert "MemAvailable" in host.file("/proc/meminfo").content_string

@pytest.mark.parametrize("path", {MODES!r})
def test_mode(host, path):
    assert host.file(path).mode

@pytest.mark.parametrize("path", {SUMS!r})
def test_sha256(host, path):
    assert len(host.file(path).sha256sum) == 64

@pytest.mark.parametrize("path, pattern", {list(LINES.items())!r})
def test_line(host, path, pattern):
    assert host.file(path).contains("^" + pattern + "$")

@pytest.mark.parametrize("path", {OWNERS!r})
def test_owner(host, path):
    assert host.file(path).user == "root"
"""


def bindings() -> list[dict[str, Any]]:
    """The same twenty as bindings."""
    rules: list[tuple[str, Mapping[str, object]]] = [
        *((path, {"mode": "0777"}) for path in MODES),
        *((path, {"sha256": sha256(Path(path).read_bytes()).hexdigest()}) for path in SUMS),
        *((path, {"contains": [pattern]}) for path, pattern in LINES.items()),
        *((path, {"owner": "root"}) for path in OWNERS),
    ]
    return [
        {"check": "host.reachable"},
        {"check": "host.disk", "mounts": ["/"], "max_used_pct": 99},
        {"check": "host.memory", "min_available_pct": 1},
        *({"check": "host.files", "files": {path: rule}} for path, rule in rules),
    ]


def write_ours(folder: Path, servers: Sequence[Sshd]) -> Path:
    """A folder with the checklist."""
    checks = {f"claim-{number}": binding for number, binding in enumerate(bindings())}
    hosts = {
        f"bench{number}": {"connection": server.spec, "ssh_config": str(server.ssh_config)}
        for number, server in enumerate(servers)
    }
    return write(
        folder,
        {
            "hosts.md": "# Hosts\n\n" + "".join(f"- [ ] {item}\n" for item in checks),
            "hosts.checks.yaml": json.dumps({"hosts": checks}),
            "readiness.yaml": json.dumps({"checklists": ["hosts.md"], "targets": {"t": {"hosts": hosts}}}),
        },
    )


def write_plain(folder: Path, servers: Sequence[Sshd]) -> Path:
    """A folder with the module, and one file for ssh with each server as an alias: `--ssh-config` takes only one."""
    aliases = "".join(
        f"Host bench{number}\n  HostName 127.0.0.1\n{server.ssh_config.read_text().partition(chr(10))[2]}\n"
        for number, server in enumerate(servers)
    )
    return write(folder, {"test_plain.py": TESTINFRA, "ssh_config": aliases})


def run(rounds: int) -> list[Row]:
    """Measure."""
    with ExitStack() as stack:
        directory = Path(stack.enter_context(TemporaryDirectory(prefix="bench-")))
        servers = [stack.enter_context(Sshd(directory / f"sshd{number}")) for number in range(HOSTS)]
        ours = write_ours(directory / "ours", servers)
        plain = write_plain(directory / "plain", servers)
        number = HOSTS * len(bindings())
        passed = f"{number} passed"
        hosts = ",".join(f"ssh://bench{number}" for number in range(HOSTS))

        def counted(*arguments: str, folder: Path) -> tuple[Ran, int]:
            before = sum(server.logins() for server in servers)
            ran = pytest(*arguments, folder=folder, expect=passed)
            return ran, sum(server.logins() for server in servers) - before

        runs = in_turn(
            rounds,
            {
                "ours": lambda: counted("--readiness-target=t", folder=ours),
                "plain": lambda: counted(f"--hosts={hosts}", "--ssh-config=ssh_config", folder=plain),
            },
        )
    seconds = {way: median([ran for ran, _ in runs[way]]) for way in runs}
    logins = {way: max(logins for _, logins in runs[way]) for way in runs}
    what = f"{HOSTS} hosts × {number // HOSTS} items; pytest-testinfra"
    return [
        faster(what, seconds["ours"], seconds["plain"], FASTER),
        Row(
            f"{what}: logins",
            f"{logins['ours']}",
            f"{logins['plain']}",
            f"{logins['plain'] / logins['ours']:.0f} × fewer",
            f"≤ {HOSTS}",
            logins["ours"] <= HOSTS,
        ),
    ]
