"""Ten hosts, twenty properties each: a plain pytest-testinfra module, against the fact `host_facts` in threads.

`python -m bench.hosts [--rounds 5] [--hosts 10]` starts that many real sshd on loopback, alternates between both ways,
and prints the medians, the logins that the servers counted, and the ratio. It needs root for what it reads.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from pytest_readiness.facts.host import host_facts, question
from pytest_readiness.target.resources import Host
from tests.stack.sshd import Sshd

FILES = ("/etc/passwd", "/etc/group", "/etc/hostname", "/etc/hosts", "/etc/shadow", "/etc/ssh/ssh_config")
SUMS = ("/etc/passwd", "/etc/group", "/etc/hosts", "/etc/debian_version")
LINES = {
    "/etc/passwd": "root:.*",
    "/etc/group": "root:.*",
    "/etc/hosts": "127.0.0.1.*",
    "/etc/nsswitch.conf": "passwd:.*",
}

QUESTIONS = (
    *(question("file", path) for path in FILES),
    *(question("sha256", path) for path in SUMS),
    *(question("line", path, pattern) for path, pattern in LINES.items()),
    question("disk", "/"),
    question("memory"),
    question("listeners"),
    question("system"),
    question("clock"),
    question("sshd", "/etc/ssh/sshd_config"),
)

TESTINFRA = f"""
import pytest

@pytest.mark.parametrize("path", {FILES!r})
def test_mode(host, path):
    assert host.file(path).mode

@pytest.mark.parametrize("path", {SUMS!r})
def test_sha256(host, path):
    assert len(host.file(path).sha256sum) == 64

@pytest.mark.parametrize("path, pattern", {list(LINES.items())!r})
def test_line(host, path, pattern):
    assert host.file(path).contains("^" + pattern + "$")

def test_disk(host):
    assert host.check_output("df -P /")

def test_memory(host):
    assert "MemAvailable" in host.file("/proc/meminfo").content_string

def test_listeners(host):
    assert host.socket.get_listening_sockets()

def test_system(host):
    assert host.system_info.release

def test_clock(host):
    host.run("chronyc -n -c tracking")

def test_sshd(host):
    assert "permitrootlogin" in host.check_output("/usr/sbin/sshd -T")
"""


def main() -> None:
    """Print medians, logins for each host, and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--hosts", type=int, default=10)
    options = parser.parse_args()
    assert len(QUESTIONS) == 20
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        servers = [stack.enter_context(Sshd(directory / f"sshd{number}")) for number in range(options.hosts)]
        module = directory / "test_plain.py"
        module.write_text(TESTINFRA)
        config = _one_ssh_config(directory, servers)
        ways: tuple[Callable[[], None], ...] = (
            lambda: _plain(module, config, servers),
            lambda: _ours(servers),
        )
        rounds = [[_measured(servers, way) for way in ways] for _ in range(options.rounds)]
    (plain, plain_logins), (ours, our_logins) = (
        [statistics.median(figures) for figures in zip(*each, strict=True)] for each in zip(*rounds, strict=True)
    )
    print(f"{options.hosts} hosts x {len(QUESTIONS)} facts, median of {options.rounds} rounds")
    print(f"plain pytest-testinfra  {plain:7.2f} s  {plain_logins:5.1f} logins a host")
    print(f"pytest-readiness        {ours:7.2f} s  {our_logins:5.1f} logins a host")
    print(f"ratio                   {plain / ours:7.1f}")


def _measured(servers: Sequence[Sshd], run: Callable[[], None]) -> tuple[float, float]:
    """Seconds, and logins for each host."""
    before = sum(server.logins() for server in servers)
    started = time.perf_counter()
    run()
    seconds = time.perf_counter() - started
    return seconds, (sum(server.logins() for server in servers) - before) / len(servers)


def _one_ssh_config(directory: Path, servers: Sequence[Sshd]) -> Path:
    """A single file, as a plain run takes only one: each server as an alias of its own."""
    config = directory / "ssh_config"
    config.write_text(
        "".join(
            f"Host bench{number}\n  HostName 127.0.0.1\n{server.ssh_config.read_text().partition(chr(10))[2]}\n"
            for number, server in enumerate(servers)
        )
    )
    return config


def _plain(module: Path, config: Path, servers: Sequence[Sshd]) -> None:
    hosts = ",".join(f"ssh://bench{number}" for number in range(len(servers)))
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:readiness",
        f"--rootdir={module.parent}",
    ]
    done = subprocess.run(
        [*command, "-c", os.devnull, f"--hosts={hosts}", f"--ssh-config={config}", str(module)],
        cwd=module.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)


def _ours(servers: Sequence[Sshd]) -> None:
    hosts = [
        Host(name=f"bench{number}", connection=server.spec, ssh_config=server.ssh_config)
        for number, server in enumerate(servers)
    ]
    with ThreadPoolExecutor(len(hosts)) as pool:
        for facts in pool.map(lambda host: host_facts(host, asks=QUESTIONS), hosts):
            assert len(facts.answers) == len(QUESTIONS)
            assert facts.memory().available_bytes
            assert facts.listeners()
            assert facts.ssh_server("/etc/ssh/sshd_config").settings
            assert all(facts.file(path).mode for path in FILES)


if __name__ == "__main__":
    main()
