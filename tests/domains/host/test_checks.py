"""Checks of a server, over a real sshd into namespaces of their own, in containers, and on this machine."""

from __future__ import annotations

import hashlib
import os
import re
import shlex
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from pytest_readiness.config.target import Target
from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify, Evidence, NotDeclared, Unreachable
from pytest_readiness.core.text import size
from pytest_readiness.domains.env.resource import EnvFile
from pytest_readiness.domains.host.checks import _state
from pytest_readiness.domains.host.questions.service import Service
from pytest_readiness.domains.host.resource import Host
from tests.judging import judge
from tests.namespace import DEPLOY, Namespace, namespace
from tests.stack.docker import DockerEngine, _remove_cgroups
from tests.stack.process import free_port, wait_until
from tests.stack.programs import program
from tests.stack.sshd import HARDENED, Sshd

LOCAL = Host(name="local", connection="local://")
OUTSIDE = Host(name="web", address="127.0.0.1")

LISTEN = """\
cat >listen.py <<'END'
import signal, socket, sys
kept = []
for each in sys.argv[1:]:
    address, port = each.rsplit(":", 1)
    server = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    server.bind((address, int(port)))
    server.listen()
    kept.append(server)
open("/run/listening", "w").close()
signal.pause()
END
listen() { python3 listen.py "$@" & while [ ! -e /run/listening ]; do sleep 0.01; done; rm /run/listening; }
"""


@pytest.fixture(scope="module")
def prepared(sshd: Sshd, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Namespace]:
    """A machine for tests that only read: file systems, listeners on loopback, files, a deploy user, sudo for root."""
    for name in ("mkfs.ext4", "sudo"):
        program(name)
    setup = f"""
mkdir /run/small /run/full /run/inodes /run/ext4 '/run/a b'
mount -t tmpfs -o size=1m tmpfs /run/small
mount -t tmpfs -o size=1m tmpfs '/run/a b'
mount -t tmpfs -o size=1m tmpfs /run/full
head -c 943718 /dev/zero >/run/full/data
mount -t tmpfs -o size=10m,nr_inodes=20 tmpfs /run/inodes
touch $(seq -f /run/inodes/%g 18)
truncate -s 8M image
mkfs.ext4 -q -b 1024 image
mount -o loop image /run/ext4
head -c 6000000 /dev/zero >/run/ext4/data
mkdir /run/image /run/fuse
mkdir content
head -c 6000000 /dev/urandom >content/data
mkfs.ext4 -q -b 1024 -d content -m 0 full-image 8M
mount -o loop,ro full-image /run/image
ln -s /run/small /run/link
cat >fuse.py <<'END'
import ctypes, os, signal
served = os.open("/dev/fuse", os.O_RDWR)
options = f"fd={{served}},rootmode=40000,user_id=0,group_id=0".encode()
if ctypes.CDLL(None, use_errno=True).mount(b"image", b"/run/fuse", b"fuse.squashfuse", 0, options):
    raise OSError(ctypes.get_errno(), "mount")
signal.pause()
END
python3 fuse.py &
until grep -q /run/fuse /proc/mounts; do kill -0 $!; sleep 0.01; done
mkdir files
cd files
echo '{DEPLOY} ALL=(ALL) NOPASSWD: ALL' >sudoers
chmod 440 sudoers
mount --bind sudoers /etc/sudoers
cd ..
{LISTEN}
listen 127.0.0.1:5432 127.0.0.53:53 ::1:5432 ::ffff:127.0.0.1:5433
"""
    with namespace(tmp_path_factory.mktemp("prepared"), setup=setup, sshd=sshd) as machine:
        yield machine


def test_reachable_over_ssh(sshd: Sshd) -> None:
    evidence = judge("host.reachable", Host(name="web", connection=sshd.spec, ssh_config=sshd.ssh_config))
    assert evidence.text.startswith(f"logged in as {sshd.user} on {os.uname().nodename}: Linux {os.uname().release}")
    assert evidence.text.endswith(" days")


def test_reachable_not(sshd: Sshd) -> None:
    connection = f"ssh://root@127.0.0.1:{free_port()}"
    with pytest.raises(
        Unreachable, match=r"^the login at ssh://root@127\.0\.0\.1:\d+ failed: .*Connection refused \(by a f"
    ):
        judge("host.reachable", Host(name="web", connection=connection, ssh_config=sshd.ssh_config))


def test_reachable_without_a_connection() -> None:
    with pytest.raises(NotDeclared, match="web declares no connection"):
        judge("host.reachable", OUTSIDE)


def test_disk_within_limits(prepared: Namespace) -> None:
    evidence = judge("host.disk", prepared.host(), max_used_pct=99)
    assert "/run/ext4 " in evidence.text
    assert "/run/full" not in evidence.text


def test_disk_counts_every_local_file_system(prepared: Namespace) -> None:
    with pytest.raises(ClaimFalse) as caught:
        judge("host.disk", prepared.host(), max_used_pct=89)
    assert caught.value.seen.startswith("/run/ext4 9")
    assert caught.value.expected == "at most 89 % used"


def test_disk_mounts(prepared: Namespace) -> None:
    evidence = judge("host.disk", prepared.host(), mounts=["/run/small", "/run/a b"])
    assert evidence.text.startswith("/run/small 0.0 % used, inodes 0.")
    assert "/run/a b 0.0 %" in evidence.text


@pytest.mark.parametrize("mount", ["/run/small/", "//run/small", "/run/./small/.", "/run/link", "/run/link/"])
def test_disk_mounts_by_other_names(prepared: Namespace, mount: str) -> None:
    assert judge("host.disk", prepared.host(), mounts=[mount]).text.startswith("/run/small 0.0 % used")


def test_disk_that_nobody_can_fill(prepared: Namespace) -> None:
    """An image that is always full counts where it is named; one of FUSE, whose program has gone, is not waited for."""
    text = judge("host.disk", prepared.host(), max_used_pct=99.9).text
    assert "/run/image" not in text
    assert "/run/fuse" not in text
    with pytest.raises(ClaimFalse, match=r"/run/image [89]"):
        judge("host.disk", prepared.host(), mounts=["/run/image"])


def test_disk_that_became_read_only(prepared: Namespace) -> None:
    """A file system, not only one of its mounts: everything else is mounted read-only here as well."""
    warning = judge("host.disk", prepared.host(), max_used_pct=99.9).warning
    assert warning == "/run/image is mounted read-only, which /etc/fstab does not say"
    with pytest.raises(ClaimFalse, match="file systems that can be written to; seen: /run/image is mounted read-only"):
        judge("host.disk", prepared.host(), mounts=["/run/image"], max_used_pct=99.99)


def test_disk_full_mount(prepared: Namespace) -> None:
    with pytest.raises(ClaimFalse) as caught:
        judge("host.disk", prepared.host(), mounts=["/run/small", "/run/full"])
    assert caught.value.seen == "/run/full 90.2 % (100.0 KiB free)"


def test_disk_at_the_limit(prepared: Namespace) -> None:
    judge("host.disk", prepared.host(), mounts=["/run/full"], max_used_pct=90.234375)
    with pytest.raises(ClaimFalse):
        judge("host.disk", prepared.host(), mounts=["/run/full"], max_used_pct=90.234)


def test_disk_inodes(prepared: Namespace) -> None:
    with pytest.raises(ClaimFalse) as caught:
        judge("host.disk", prepared.host(), mounts=["/run/inodes"])
    assert caught.value.seen == "/run/inodes 95.0 % of inodes (10.0 MiB free)"


def test_disk_not_mounted(prepared: Namespace) -> None:
    with pytest.raises(ClaimFalse) as caught:
        judge("host.disk", prepared.host(), mounts=["/run/private"])
    assert (caught.value.expected, caught.value.seen) == ("a file system mounted at /run/private", "none is")


@pytest.fixture
def docker_host(docker_engine: DockerEngine) -> str:
    """The engine for the docker program, which testinfra calls."""
    program("docker")
    return docker_engine.base_url


def test_disk_of_a_container(docker_engine: DockerEngine, docker_host: str) -> None:
    container = docker_engine.run("host-disk")
    try:
        evidence = judge(
            "host.disk", Host(name="web", connection="docker://host-disk", engine=docker_host), max_used_pct=99.9
        )
    finally:
        container.remove(force=True)
    assert evidence.text.startswith("/ ")
    assert "/etc/hosts" not in evidence.text


def test_memory_of_a_host() -> None:
    assert " GiB available" in judge("host.memory", LOCAL, min_available_pct=0.001).text
    with pytest.raises(ClaimFalse, match=r"at least 99\.999 % available"):
        judge("host.memory", LOCAL, min_available_pct=99.999)


@pytest.mark.parametrize("megabytes", [1, 58])
def test_memory_of_a_limited_container(docker_engine: DockerEngine, docker_host: str, megabytes: int) -> None:
    name = f"host-memory-{megabytes}"
    fill = f"dd if=/dev/zero of=/fill/data bs=1M count={megabytes} && touch /tmp/ready && exec sleep 1000000"
    container = docker_engine.run(name, command=["sh", "-c", fill], mem_limit="64m", tmpfs={"/fill": "size=63m"})
    host = Host(name="web", connection=f"docker://{name}", engine=docker_host)
    try:
        wait_until(lambda: container.exec_run("test -e /tmp/ready").exit_code == 0, "the memory is filled")
        if megabytes == 1:
            assert "% of the control group's limit of 64.0 MiB available" in judge("host.memory", host).text
        else:
            with pytest.raises(ClaimFalse) as caught:
                judge("host.memory", host)
            assert "% of the control group's limit of 64.0 MiB available" in caught.value.seen
    finally:
        container.remove(force=True)


def test_memory_of_the_control_group_of_the_login(tmp_path: Path) -> None:
    """Its limit counts, though the host's own group has none."""
    name = f"readiness-{os.getpid()}-memory"
    places = (("/sys/fs/cgroup/memory", "memory.limit_in_bytes"), ("/sys/fs/cgroup", "memory.max"))
    limited = next((Path(top) for top, file in places if Path(top, file).exists() or Path(top, name).exists()), None)
    if limited is None or os.geteuid() != 0 or not os.access(limited, os.W_OK):
        pytest.skip("No control group with a limit can be made here.")
    group, file = limited / name, dict(places)[str(limited)]
    group.mkdir()
    try:
        (group / file).write_text(str(300 * 2**20))
        shell = tmp_path / "sh"
        shell.write_text(f'#!/bin/sh\necho $$ >{group}/cgroup.procs\nexec /bin/sh "$@"\n')
        shell.chmod(0o755)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
            text = judge("host.memory", LOCAL, min_available_pct=0.001).text
    finally:
        wait_until(lambda: not (group / "cgroup.procs").read_text(), "the group is empty")
        group.rmdir()
    assert "% of the control group's limit of 300.0 MiB available" in text


def test_memory_just_below_the_limit(sshd: Sshd, tmp_path: Path) -> None:
    """What is seen must not read as if it were enough."""
    lines = "MemTotal: 1000000 kB\nMemAvailable: 99900 kB\n"
    (tmp_path / "meminfo").write_text(lines)
    with (
        namespace(tmp_path, setup=f"mount --bind {tmp_path}/meminfo /proc/meminfo", sshd=sshd) as machine,
        pytest.raises(ClaimFalse) as caught,
    ):
        judge("host.memory", machine.host())
    assert caught.value.seen == "9.99 % of 976.6 MiB available"


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ("MemTotal: 0 kB\\nMemAvailable: 0 kB", "/proc/meminfo says that more memory is available than there is"),
        ("MemTotal: 1 kB\\nMemAvailable: 5 kB", "/proc/meminfo says that more memory is available than there is"),
        ("HugePages_Total: 0", "/proc/meminfo has no MemAvailable"),
    ],
)
def test_memory_that_makes_no_sense(sshd: Sshd, tmp_path: Path, lines: str, reason: str) -> None:
    setup = f"printf '{lines}\n' >meminfo\nmount --bind meminfo /proc/meminfo\n"
    with (
        namespace(tmp_path, setup=setup, sshd=sshd) as machine,
        pytest.raises(CouldNotVerify, match=reason),
    ):
        judge("host.memory", machine.host())


def test_swap_of_this_host() -> None:
    told = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
    total, free = (int(told[name].split()[0]) for name in ("SwapTotal", "SwapFree"))
    if total == free:
        text = judge("host.swap", LOCAL, max_used_pct=0.001).text
        assert text == (f"0.0 % of {size(total * 1024)} used" if total else "no swap space")
    else:
        with pytest.raises(ClaimFalse, match=r" % of \d+\.\d [KMGT]iB used"):
            judge("host.swap", LOCAL, max_used_pct=0.000001)


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ("MemFree: 1 kB", "/proc/meminfo has no SwapTotal and SwapFree"),
        ("SwapTotal: 1 kB\nSwapFree: 5 kB", "/proc/meminfo says that more swap space is free than there is"),
    ],
)
def test_swap_that_makes_no_sense(sshd: Sshd, tmp_path: Path, lines: str, reason: str) -> None:
    setup = f"printf '{lines}\n' >meminfo\nmount --bind meminfo /proc/meminfo\n"
    with namespace(tmp_path, setup=setup, sshd=sshd) as machine, pytest.raises(CouldNotVerify, match=reason):
        judge("host.swap", machine.host())


@pytest.mark.parametrize(
    ("lines", "seen"),
    [
        ("SwapTotal: 2097152 kB\nSwapFree: 2097152 kB", "0.0 % of 2.0 GiB used"),
        ("SwapTotal: 2097152 kB\nSwapFree: 1048576 kB", "50.0 % of 2.0 GiB used"),
        ("SwapTotal: 2097152 kB\nSwapFree: 1027604 kB", ""),
        ("SwapFree: 1048576 kB\nSwapTotal: 2097152 kB", "50.0 % of 2.0 GiB used"),
        ("SwapTotal: 0 kB\nSwapFree: 0 kB", "no swap space"),
    ],
)
def test_swap_as_the_kernel_tells_it(sshd: Sshd, tmp_path: Path, lines: str, seen: str) -> None:
    setup = f"printf '{lines}\n' >meminfo\nmount --bind meminfo /proc/meminfo\n"
    with namespace(tmp_path, setup=setup, sshd=sshd) as machine:
        if seen:
            assert judge("host.swap", machine.host()).text == seen
        else:
            with pytest.raises(ClaimFalse, match=r"expected at most 50 % used; seen: 51\.0 % of 2\.0 GiB used"):
                judge("host.swap", machine.host())


def test_listening_only_loopback(prepared: Namespace) -> None:
    assert judge("host.listening_only", prepared.host(), ports=[]).text == "no listener and 4 on loopback only"


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "10.1.2.3", "fd00::1"])
def test_listening_only_listed(sshd: Sshd, tmp_path: Path, address: str) -> None:
    shown = f"[{address}]" if ":" in address else address
    setup = (
        f"ip address add 10.1.2.3/24 dev lo\nip address add fd00::1/64 dev lo nodad\n"
        f"{LISTEN}\nlisten 127.0.0.1:1000 {address}:5432"
    )
    with namespace(tmp_path, setup=setup, sshd=sshd) as machine:
        evidence = judge("host.listening_only", machine.host(), ports=[5432])
        with pytest.raises(ClaimFalse) as caught:
            judge("host.listening_only", machine.host(), ports=[22, 443])
    assert evidence.text == f"{shown}:5432 (python3) and 1 on loopback only"
    assert caught.value.expected == "listeners on 22, 443 only"
    assert caught.value.seen == f"{shown}:5432 (python3)"


def test_listening_only_without_ss(docker_engine: DockerEngine, docker_host: str) -> None:
    container = docker_engine.run("host-listening", command=["nc", "-ll", "-p", "8080", "-e", "cat"])
    host = Host(name="web", connection="docker://host-listening", engine=docker_host)
    try:
        wait_until(
            lambda: b":1F90" in container.exec_run("cat /proc/net/tcp /proc/net/tcp6").output, "the container listens"
        )
        assert ":8080 and 0 on loopback only" in judge("host.listening_only", host, ports=[8080]).text
        with pytest.raises(ClaimFalse) as caught:
            judge("host.listening_only", host, ports=[80])
        assert caught.value.seen in ("[::]:8080", "0.0.0.0:8080")
    finally:
        container.remove(force=True)


@pytest.fixture(scope="module")
def systemd(sshd: Sshd, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Namespace]:
    """A machine whose process 1 is systemd, with units in every state, and nothing of what boots a real machine."""
    systemd = program("/lib/systemd/systemd")
    directory = tmp_path_factory.mktemp("systemd")
    cgroup = f"readiness-{os.getpid()}-{directory.parent.name}"
    setup = """
mount -t tmpfs tmpfs /etc/systemd/system
mkdir -p /run/systemd/system /etc/systemd/system/ready.target.wants
cd /etc/systemd/system
for each in sysinit.target basic.target systemd-tmpfiles-setup.service systemd-sysctl.service; do
    ln -s /dev/null $each
done
for each in dbus.socket dbus.service systemd-timedated.service; do
    mkdir $each.d
    printf '[Unit]\\nDefaultDependencies=no\\n' >$each.d/test.conf
done
printf '[Service]\\nPrivateTmp=no\\n' >>systemd-timedated.service.d/test.conf
unit() { # unit NAME COMMAND [SERVICE LINE]...
    printf '[Unit]\\nDefaultDependencies=no\\n[Service]\\nExecStart=%s\\n' "$2" >$1.service
    name=$1
    shift 2
    printf '%s\\n' "$@" >>$name.service
}
wanted() { printf '[Install]\\nWantedBy=ready.target\\n' >>$1.service; ln -s ../$1.service ready.target.wants/; }
printf '[Unit]\\nDefaultDependencies=no\\n' >ready.target
ln -s ready.target default.target
printf 'Wants=dbus.socket disabled.service static.service last.service further.target\\n' >>ready.target
printf '[Unit]\\nDefaultDependencies=no\\nRequires=byway.service work.timer\\n' >further.target
unit byway '/bin/sleep 1000000'
unit triggered '/bin/sleep 1000000'
printf '[Unit]\\nDefaultDependencies=no\\n[Timer]\\nOnActiveSec=1000000\\nUnit=triggered.service\\n' >work.timer
unit alone '/bin/sleep 1000000'
unit elsewhere '/bin/sleep 1000000'
printf '[Install]\\nWantedBy=other.target\\n' >>elsewhere.service
mkdir other.target.wants
ln -s ../elsewhere.service other.target.wants/
printf '[Unit]\\nDefaultDependencies=no\\n' >other.target
unit good '/bin/sleep 1000000' 'Environment="SHOP=one  two" LEVEL=info'; wanted good
unit other '/bin/sleep 1000000'; wanted other
unit 'my\\x2dapp' '/bin/sleep 1000000'; wanted 'my\\x2dapp'
printf '[Unit]\\nDefaultDependencies=no\\n[Timer]\\nOnActiveSec=1000000\\n' >'my\\x2dapp.timer'
ln -s '../my\\x2dapp.timer' ready.target.wants/
unit once /bin/true Type=oneshot RemainAfterExit=yes; wanted once
unit ended /bin/true RemainAfterExit=yes; wanted ended
unit failed /bin/false; wanted failed
unit looping '/bin/sleep 1' Restart=always RestartSec=100ms; wanted looping
printf '[Unit]\\nStartLimitIntervalSec=0\\n' >>looping.service
unit static '/bin/sleep 1000000'
unit job /bin/true Type=oneshot; wanted job
unit undone '/bin/sleep 1000000' Type=oneshot; wanted undone
unit never /bin/true Type=oneshot
printf 'Wants=never.timer past.timer boot.timer\\n' >>further.target
printf '[Unit]\\nDefaultDependencies=no\\n[Timer]\\nOnUnitActiveSec=1h\\nUnit=never.service\\n' >never.timer
printf '[Unit]\\nDefaultDependencies=no\\n[Timer]\\nOnCalendar=2020-01-01\\nUnit=never.service\\n' >past.timer
printf '[Unit]\\nDefaultDependencies=no\\n[Timer]\\nOnActiveSec=0\\nUnit=job.service\\n' >boot.timer
unit yields '/bin/sleep 1000000'; wanted yields
unit rival '/bin/sleep 1000000'; wanted rival
printf '[Unit]\\nConflicts=yields.service\\n' >>rival.service
unit disabled '/bin/sleep 1000000'; wanted disabled; rm ready.target.wants/disabled.service
unit last '/bin/touch /run/ready' Type=oneshot After=good.service
printf '[Unit]\\nAfter=good.service other.service once.service ended.service failed.service\\n' >>last.service
ln -s /dev/null masked.service
umount -R /sys/fs/cgroup
"""
    init = f"exec env -i container=other PATH=$PATH {systemd} --system --unit=ready.target --log-target=console"
    try:
        with namespace(directory, setup=setup, sshd=sshd, init=init, cgroup=cgroup) as machine:
            yield machine
    finally:
        _remove_cgroups(cgroup)


def test_services_running_and_enabled(systemd: Namespace) -> None:
    evidence = judge("host.services", systemd.host(), names=["good", "other.service", "once"])
    assert evidence.text == (
        "good.service active (running), enabled, other.service active (running), enabled, "
        "once.service active (exited), enabled"
    )
    assert not evidence.warning


def test_environment_of_a_unit(systemd: Namespace) -> None:
    host = systemd.host()

    def values(unit: str) -> Evidence:
        env = EnvFile(name="shop", host=host.name, unit=unit)
        target = Target("prod", resources=(host, env))
        return judge("env.values", env, target=target, values={"SHOP": "one  two", "LEVEL": "info"})

    assert values("good")
    with pytest.raises(ClaimFalse, match="SHOP is not set"):
        values("other.service")
    for unit in ("failed", "no-such-unit"):
        with pytest.raises(CouldNotVerify, match="it has no main process"):
            values(unit)


def test_services_with_a_backslash_in_their_names(systemd: Namespace) -> None:
    """As those of units for paths with a hyphen have."""
    evidence = judge("host.services", systemd.host(), names=[r"my\x2dapp", r"my\x2dapp.timer"])
    assert evidence.text == (
        r"my\x2dapp.service active (running), enabled, started on demand by my\x2dapp.timer, "
        r"my\x2dapp.timer active (waiting), enabled"
    )


def test_services_whose_files_changed_meanwhile(systemd: Namespace) -> None:
    """What runs now is not what will start at boot."""
    systemd.run("sh", "-c", "echo ExecStartPre=/bin/false >>/etc/systemd/system/other.service")
    try:
        warning = judge("host.services", systemd.host(), names=["good", "other"]).warning
    finally:
        systemd.run("sed", "-i", "/ExecStartPre=/d", "/etc/systemd/system/other.service")
        systemd.run("systemctl", "daemon-reload")
    assert warning.startswith("the files of other.service changed after systemd read them, so that it may not start")
    assert not judge("host.services", systemd.host(), names=["good", "other"]).warning


def test_services_that_conflict(systemd: Namespace) -> None:
    """As firewalld and iptables do: at boot the other one is started, whichever runs now."""
    evidence = judge("host.services", systemd.host(), names=["rival"])
    assert evidence.text == "rival.service active (running), enabled"
    with pytest.raises(ClaimFalse, match=r"seen: yields\.service inactive \(dead\), enabled"):
        judge("host.services", systemd.host(), names=["yields"])
    systemd.run("systemctl", "start", "yields")
    try:
        with pytest.raises(
            CouldNotVerify, match=r"may not start at boot: rival\.service, .* as well, conflicts with it"
        ):
            judge("host.services", systemd.host(), names=["yields"])
    finally:
        systemd.run("systemctl", "start", "rival")


def test_services_in_a_loop(systemd: Namespace) -> None:
    """It is running whenever somebody looks, and ends all the same."""

    def seen() -> str:
        with pytest.raises(ClaimFalse) as caught:
            judge("host.services", systemd.host(), names=["looping"])
        return str(caught.value.seen)

    def restarts() -> bool:
        return "NRestarts=0\n" not in systemd.run("systemctl", "show", "-p", "NRestarts", "looping")

    wait_until(restarts, "the service has ended once")
    wait_until(lambda: "active (running), enabled, restarted " in seen(), "it runs while somebody looks")


def test_services_that_run_and_end(systemd: Namespace) -> None:
    """Each of them is pulled in at boot; what counts is whether it has run to its end."""
    assert judge("host.services", systemd.host(), names=["job"]).text == (
        "job.service inactive (dead), enabled, started on demand by boot.timer, has run and ended well"
    )
    systemd.run("systemctl", "stop", "undone")
    for name, state in (
        ("undone", "failed (failed), enabled"),
        ("never", "inactive (dead), static, started on demand"),
    ):
        with pytest.raises(ClaimFalse) as caught:
            judge("host.services", systemd.host(), names=[name])
        assert caught.value.seen.startswith(f"{name}.service {state}")


@pytest.mark.parametrize("name", ["never.timer", "past.timer"])
def test_services_a_timer_that_starts_nothing(systemd: Namespace, name: str) -> None:
    """What it starts would have to run once by other means, or its only day is over."""
    with pytest.raises(ClaimFalse) as caught:
        judge("host.services", systemd.host(), names=[name])
    assert caught.value.seen == (
        f"{name} active (elapsed), static, but it has started nothing since the boot and will not any more"
    )
    assert "boot.timer active (elapsed)" in judge("host.services", systemd.host(), names=["boot.timer"]).text


@pytest.mark.parametrize("name", ["static", "byway", "triggered"])
def test_services_static(systemd: Namespace, name: str) -> None:
    """What the default target pulls in, at once, by another target, or by a timer."""
    systemd.run("systemctl", "start", name)
    evidence = judge("host.services", systemd.host(), names=[name])
    assert evidence.warning == f"{name}.service cannot be enabled, it starts at boot by another unit"


@pytest.mark.parametrize(("name", "enabled"), [("alone", "static"), ("elsewhere", "enabled")])
def test_services_that_nothing_starts_at_boot(systemd: Namespace, name: str, enabled: str) -> None:
    systemd.run("systemctl", "start", name)
    with pytest.raises(ClaimFalse) as caught:
        judge("host.services", systemd.host(), names=[name])
    reason = "but nothing that the default target starts wants or triggers it"
    assert caught.value.seen == f"{name}.service active (running), {enabled}, {reason}"


def test_services_whose_unit_file_is_gone() -> None:
    gone = Service("gone.service", "simple", "loaded", "active", "running", "bad", "")
    reason = "its unit file is gone, or cannot be read (bad)"
    assert _state(gone, frozenset()) == f"gone.service active (running), {reason}"


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("failed", "failed.service failed (failed), enabled"),
        ("disabled", "disabled.service active (running), disabled"),
        ("ended", "ended.service active (exited), enabled"),
        ("masked", "masked.service masked"),
        ("nginxx", "nginxx.service not-found"),
    ],
)
def test_services_not(systemd: Namespace, name: str, seen: str) -> None:
    with pytest.raises(ClaimFalse) as caught:
        judge("host.services", systemd.host(), names=["good", name])
    assert caught.value.seen == seen
    assert caught.value.expected == f"{name}.service running and enabled"


def test_services_without_systemd(prepared: Namespace) -> None:
    with pytest.raises(
        CouldNotVerify, match=r"what starts at boot could not be read on .*: its init is sleep, not systemd"
    ):
        judge("host.services", prepared.host(), names=["good"])


@pytest.mark.parametrize("names", [[], ["*"], ["-H"], ["a b"]])
def test_services_refuses_what_is_no_unit(names: list[str]) -> None:
    with pytest.raises(ValidationError):
        judge("host.services", LOCAL, names=names)


def _clock(source: str) -> str:
    chronyd = program("chronyd")
    return f"""
mkdir -m 750 /run/chrony /run/server
cat >server.conf <<'END'
port 1123
cmdport 0
bindcmdaddress /
local stratum 3
allow 127.0.0.1
pidfile /run/server/pid
driftfile /run/server/drift
END
cat >client.conf <<'END'
port 0
{source}
pidfile /run/chrony/pid
driftfile /run/chrony/drift
END
{chronyd} -x -u root -f /run/private/server.conf
{chronyd} -x -u root -f /run/private/client.conf
"""


FOLLOWING = "server 127.0.0.1 port 1123 iburst minpoll -6 maxpoll -6"


def test_time_synced(sshd: Sshd, tmp_path: Path) -> None:
    with namespace(tmp_path, setup=_clock(FOLLOWING), sshd=sshd) as machine:
        wait_until(lambda: "Not sync" not in machine.run("chronyc", "-c", "tracking"), "chronyd follows its server", 30)
        evidence = judge("host.time_synced", machine.host())
        with pytest.raises(ClaimFalse) as caught:
            judge("host.time_synced", machine.host(), max_offset_ms=1e-12)
    assert evidence.text.startswith("synchronised to 127.0.0.1, offset 0.0")
    assert caught.value.expected == "an offset of at most 1e-12 ms"
    assert caught.value.seen.endswith(" to 127.0.0.1 (chronyc)")


@pytest.mark.parametrize("gone", ["kill $(cat /run/server/pid)", "chronyc offline"])
def test_time_synced_to_a_source_that_has_gone(sshd: Sshd, tmp_path: Path, gone: str) -> None:
    """chrony itself goes on as if it were there."""
    with namespace(tmp_path, setup=_clock(FOLLOWING), sshd=sshd) as machine:
        wait_until(lambda: "Not sync" not in machine.run("chronyc", "-c", "tracking"), "chronyd follows its server", 30)
        assert not judge("host.time_synced", machine.host()).warning
        machine.run("sh", "-c", gone)

        def is_told() -> bool:
            try:
                return not judge("host.time_synced", machine.host())
            except ClaimFalse as error:
                return error.expected == "a time source that answers"

        wait_until(is_told, "the silence of the server is told", 60)
        assert "Normal" in machine.run("chronyc", "-c", "tracking")


@pytest.mark.parametrize("source", ["", "local stratum 1"])
def test_time_synced_to_nothing(sshd: Sshd, tmp_path: Path, source: str) -> None:
    with (
        namespace(tmp_path, setup=_clock(source), sshd=sshd) as machine,
        pytest.raises(ClaimFalse, match="chronyc says that it follows no time source"),
    ):
        judge("host.time_synced", machine.host())


def test_time_synced_without_a_daemon(prepared: Namespace) -> None:
    program("chronyd")
    with pytest.raises(CouldNotVerify, match=r"the state of its clock; chronyc says: 506 Cannot talk to daemon$"):
        judge("host.time_synced", prepared.host())


def test_time_synced_by_timedatectl(systemd: Namespace) -> None:
    """The kernel's clock state is the test machine's own, and only it can tell which."""
    asked = ("NTPSynchronized", "CanNTP")
    told = [systemd.run("timedatectl", "show", "-p", each, "--value").strip() for each in asked]
    unknown = "timedatectl on ssh://root@inside says that the clock is synchronised, but not how"
    words = r"is off \(NTP=no\)" if told[1] == "yes" else unknown
    if told[0] == "no":
        words = "timedatectl says that it follows no time source"
    with pytest.raises(ClaimFalse if told[0] == "no" else CouldNotVerify, match=words):
        judge("host.time_synced", systemd.host())


def test_time_synced_unknown_in_a_container(docker_engine: DockerEngine, docker_host: str) -> None:
    container = docker_engine.run("host-clock")
    try:
        with pytest.raises(CouldNotVerify, match="neither chronyc nor timedatectl tells the state of its clock"):
            judge("host.time_synced", Host(name="web", connection="docker://host-clock", engine=docker_host))
    finally:
        container.remove(force=True)


def _sshd_config(sshd: Sshd, directory: Path, *lines: str, **settings: str) -> str:
    path = directory / "hardened_config"
    own = [f"{keyword} {value}" for keyword, value in {**HARDENED, **settings}.items()]
    path.write_text("\n".join([f"HostKey {sshd.directory}/host_key", *own, *lines, ""]))
    return str(path)


def _ssh_hardened(machine: Namespace, config: str, **parameters: Any) -> Evidence:
    """Of a machine where no sshd waits for connections."""
    return judge("host.ssh_hardened", machine.host(), config=config, **parameters)


def test_ssh_hardened(prepared: Namespace, sshd: Sshd, tmp_path: Path) -> None:
    config = _sshd_config(sshd, tmp_path)
    evidence = _ssh_hardened(prepared, config)
    assert evidence.text == f"20 settings of {config} hold; root login: no"
    assert "no sshd that waits for connections runs there now" in evidence.warning


@pytest.mark.parametrize(
    ("keyword", "value", "seen"),
    [
        ("PermitRootLogin", "yes", "permitrootlogin yes"),
        ("PermitRootLogin", "prohibit-password", "permitrootlogin prohibit-password"),
        ("PasswordAuthentication", "yes", "passwordauthentication yes"),
        ("KbdInteractiveAuthentication", "yes", "kbdinteractiveauthentication yes"),
        ("PermitEmptyPasswords", "yes", "permitemptypasswords yes"),
        ("HostbasedAuthentication", "yes", "hostbasedauthentication yes"),
        ("IgnoreRhosts", "no", "ignorerhosts no"),
        ("StrictModes", "no", "strictmodes no"),
        ("PermitUserEnvironment", "yes", "permituserenvironment yes"),
        ("PermitTunnel", "point-to-point", "permittunnel point-to-point"),
        ("GatewayPorts", "yes", "gatewayports yes"),
        ("X11Forwarding", "yes", "x11forwarding yes"),
        ("MaxAuthTries", "5", "maxauthtries 5"),
        ("LoginGraceTime", "0", "logingracetime 0"),
        ("LogLevel", "ERROR", "loglevel error"),
        ("Ciphers", "aes256-ctr,aes256-cbc", "ciphers aes256-cbc"),
        ("MACs", "hmac-sha1,hmac-sha2-256,umac-64@openssh.com", "macs hmac-sha1 umac-64@openssh.com"),
        ("KexAlgorithms", "curve25519-sha256,diffie-hellman-group1-sha1", "kexalgorithms diffie-hellman-group1-sha1"),
        ("HostKeyAlgorithms", "+ssh-rsa", "hostkeyalgorithms ssh-rsa"),
        ("PubkeyAcceptedAlgorithms", "+ssh-dss", "pubkeyacceptedalgorithms ssh-dss"),
        ("CASignatureAlgorithms", "^ssh-rsa", "casignaturealgorithms ssh-rsa"),
        ("RequiredRSASize", "1024", "requiredrsasize 1024"),
    ],
)
def test_ssh_hardened_not(prepared: Namespace, sshd: Sshd, tmp_path: Path, keyword: str, value: str, seen: str) -> None:
    with pytest.raises(ClaimFalse) as caught:
        _ssh_hardened(prepared, _sshd_config(sshd, tmp_path, **{keyword: value}))
    assert caught.value.seen == seen
    assert caught.value.expected.startswith(seen.split()[0])


def test_ssh_hardened_lists_every_setting(prepared: Namespace, sshd: Sshd, tmp_path: Path) -> None:
    with pytest.raises(ClaimFalse) as caught:
        _ssh_hardened(prepared, _sshd_config(sshd, tmp_path, X11Forwarding="yes", MaxAuthTries="6"))
    assert caught.value.seen == "x11forwarding yes, maxauthtries 6"
    assert caught.value.expected == (
        "x11forwarding no (dev-sec ssh-baseline), maxauthtries 1 to 4 (CIS Debian Linux 12 benchmark 5.1)"
    )


def test_ssh_hardened_parameters(prepared: Namespace, sshd: Sshd, tmp_path: Path) -> None:
    config = _sshd_config(sshd, tmp_path, PermitRootLogin="prohibit-password", MaxAuthTries="6")
    evidence = _ssh_hardened(prepared, config, permit_root_login="prohibit-password", max_auth_tries=6)
    assert evidence.text.endswith("root login: prohibit-password")
    with pytest.raises(ClaimFalse, match="permitrootlogin no or forced-commands-only"):
        _ssh_hardened(prepared, config, permit_root_login="forced-commands-only", max_auth_tries=6)


def test_ssh_hardened_keys_by_default(prepared: Namespace, sshd: Sshd, tmp_path: Path) -> None:
    told = "RSA keys of 1024 bits are accepted, as RequiredRSASize is not set"
    assert told in _ssh_hardened(prepared, _sshd_config(sshd, tmp_path)).warning
    for settings in ({"RequiredRSASize": "2048"}, {"PubkeyAcceptedAlgorithms": "ssh-ed25519"}):
        assert told not in _ssh_hardened(prepared, _sshd_config(sshd, tmp_path, **settings)).warning


@pytest.mark.parametrize(
    ("methods", "holds"),
    [
        ("publickey,keyboard-interactive", True),
        ("publickey,password publickey,keyboard-interactive:pam", True),
        ("publickey", True),
        ("publickey keyboard-interactive", False),
        ("publickey,password password,keyboard-interactive", False),
    ],
)
def test_ssh_hardened_second_factors(
    prepared: Namespace, sshd: Sshd, tmp_path: Path, methods: str, holds: bool
) -> None:
    """Whoever needs a key may need a password as well."""
    settings = {"PasswordAuthentication": "yes", "KbdInteractiveAuthentication": "yes"}
    config = _sshd_config(sshd, tmp_path, AuthenticationMethods=methods, **settings)
    if holds:
        assert f"18 settings of {config} hold" in _ssh_hardened(prepared, config).text
    else:
        with pytest.raises(ClaimFalse, match="passwordauthentication yes, kbdinteractiveauthentication yes"):
            _ssh_hardened(prepared, config)


def test_ssh_hardened_second_factors_of_some(prepared: Namespace, sshd: Sshd, tmp_path: Path) -> None:
    methods = {"KbdInteractiveAuthentication": "yes", "AuthenticationMethods": "publickey,keyboard-interactive"}
    config = _sshd_config(
        sshd, tmp_path, "Match User robot", "AuthenticationMethods publickey keyboard-interactive", **methods
    )
    with pytest.raises(ClaimFalse) as caught:
        _ssh_hardened(prepared, config)
    assert caught.value.seen == "kbdinteractiveauthentication yes in 'Match User robot'"


def test_ssh_hardened_no_forwarding_at_all(prepared: Namespace, sshd: Sshd, tmp_path: Path) -> None:
    config = _sshd_config(sshd, tmp_path, DisableForwarding="yes", X11Forwarding="yes", GatewayPorts="yes")
    evidence = _ssh_hardened(prepared, config)
    assert f"18 settings of {config} hold" in evidence.text
    assert "X11 forwarding is off only by DisableForwarding" in evidence.warning


def test_ssh_hardened_match_blocks(prepared: Namespace, sshd: Sshd, tmp_path: Path) -> None:
    block = [
        "Match User backup",
        "  X11Forwarding no",
        "Match Address 10.0.0.0/8 # office",
        "  passwordauthentication ",
    ]
    good = _sshd_config(sshd, tmp_path, *block[:3], block[3] + "no")
    assert f"20 settings of {good} hold, also in 2 Match blocks; " in _ssh_hardened(prepared, good).text
    bad = _sshd_config(sshd, tmp_path, *block[:3], block[3] + "yes")
    with pytest.raises(ClaimFalse) as caught:
        _ssh_hardened(prepared, bad)
    assert caught.value.seen == "passwordauthentication yes in 'Match Address 10.0.0.0/8'"


FILES = {
    "plain.conf": "Match User plain\nPermitRootLogin=yes",
    "dir with space/x": "Include {0}/deeper\n",
    "deeper": "match user deep\n\tPermitTunnel\tyes\nMatch all\nMaxAuthTries 6\n",
    "inner": "AllowTcpForwarding no\nMatch User inner\nPermitEmptyPasswords yes\nMatch all\nGatewayPorts yes\n",
    "empty.conf": "",
}
"""By name below {0}."""


@pytest.mark.parametrize(
    ("lines", "user", "seen"),
    [
        (["Include {0}/plain.conf"], "plain", "permitrootlogin yes in 'Match User plain'"),
        (["include={0}/*.conf # all"], "plain", "permitrootlogin yes in 'Match User plain'"),
        (["Include {0}/empty.conf {0}/plain.conf"], "plain", "permitrootlogin yes in 'Match User plain'"),
        (['Include "{0}/dir with space/x"'], "deep", "permittunnel yes in 'Match user deep'"),
        (['"Include" "{0}/dir with space/*"'], "deep", "permittunnel yes in 'Match user deep'"),
        (["Match User a", '"PasswordAuthentication" yes'], "a", "passwordauthentication yes in 'Match User a'"),
        (["Match=User a", "  X11Forwarding = yes"], "a", "x11forwarding yes in 'Match User a'"),
        (["Match User a,b", "Include {0}/inner"], "b", "gatewayports yes in 'Match User a,b'"),
        (
            ["Match User *r", "Include {0}/inner"],
            "inner",
            "gatewayports yes in 'Match User *r', permitemptypasswords yes in 'Match User *r User inner', "
            "gatewayports yes in 'Match User *r User inner'",
        ),
        (["Match User a", "Include {0}/none.conf", "PermitTTY no", "MaxAuthTries 9"], "a", "maxauthtries 9 in "),
        (["Match Group no-such-group", "MaxAuthTries 9"], "", "maxauthtries 9 in 'Match Group no-such-group'"),
        (["Match User a", "PubkeyAcceptedAlgorithms +ssh-rsa"], "a", "pubkeyacceptedalgorithms ssh-rsa in "),
        (["Match LocalPort 2222", "GatewayPorts yes"], "", "gatewayports yes in 'Match LocalPort 2222'"),
        (["Match User *", "GatewayPorts yes"], "a", "gatewayports yes in 'Match User *'"),
        (["Match Address 127.0.0.0/8", "GatewayPorts yes", "Include {0}/plain.conf"], "", "gatewayports yes in "),
        (["Match User a\r", "  PermitTunnel yes\r"], "a", "permittunnel yes in 'Match User a'"),
        (["Match User a Address !192.0.2.1", "PermitTunnel yes"], "", "in 'Match User a Address !192.0.2.1'"),
        ([r"Match User A\carol", "PermitTunnel yes"], "", r"permittunnel yes in 'Match User A\carol'"),
        ([r"Match User A\\nina,A\tom", "PermitTunnel yes"], "", r"permittunnel yes in 'Match User A\\nina,A\tom'"),
    ],
)
def test_ssh_hardened_is_what_sshd_says(
    prepared: Namespace, sshd: Sshd, tmp_path: Path, lines: list[str], user: str, seen: str
) -> None:
    """Whatever the way to a setting, it is found, and sshd says the same of a connection that the block is about."""
    lines = [line.format(tmp_path) for line in lines]
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text.format(tmp_path))
    config = _sshd_config(sshd, tmp_path, *lines)
    with pytest.raises(ClaimFalse) as caught:
        _ssh_hardened(prepared, config)
    assert seen in caught.value.seen
    if user:
        who = f"user={user},host=web,addr=192.0.2.1"
        told = prepared.run(str(program("sshd")), "-T", "-f", config, "-C", who).lower()
        assert all(each in told or "ssh-rsa" in each for each in re.findall(r"(\S+ \S+) in ", seen))


@pytest.mark.parametrize(
    ("lines", "blocks"),
    [
        (["Match all", "MaxAuthTries 3"], 0),
        (["Match User a", "PasswordAuthentication no", "Match all", "X11Forwarding no"], 1),
        (["Match User a", "Include {0}/none.conf"], 1),
        ([r"Match User A\carol,A\\nina,A\tom", "PermitTTY no"], 1),
        (["#Match User a", "# PermitRootLogin yes"], 0),
        (["Match User a # PermitRootLogin yes", "  # PermitRootLogin yes"], 1),
        (["Subsystem sftp internal-sftp", "Match Group sftp", "ForceCommand internal-sftp", "X11Forwarding no"], 1),
    ],
)
def test_ssh_hardened_where_nothing_is_wrong(
    prepared: Namespace, sshd: Sshd, tmp_path: Path, lines: list[str], blocks: int
) -> None:
    config = _sshd_config(sshd, tmp_path, *(line.format(tmp_path) for line in lines))
    also = f", also in {blocks} Match blocks" if blocks else ""
    assert f"20 settings of {config} hold{also}; " in _ssh_hardened(prepared, config).text


@pytest.mark.parametrize(
    ("second", "seen"),
    [
        ("Match Group ops", "passwordauthentication yes where both "),
        ("Match User *", "passwordauthentication yes where both "),
        ("Match User a", ""),
    ],
)
def test_ssh_hardened_two_blocks_at_once(
    prepared: Namespace, sshd: Sshd, tmp_path: Path, second: str, seen: str
) -> None:
    """One lets a password do, where the other has it on as a second factor."""
    lines = ["Match User b", "AuthenticationMethods password publickey", second, "PasswordAuthentication yes"]
    methods = {"AuthenticationMethods": "publickey"}
    config = _sshd_config(sshd, tmp_path, *lines, **methods)
    if seen:
        with pytest.raises(ClaimFalse) as caught:
            _ssh_hardened(prepared, config)
        assert caught.value.seen == f"{seen}'Match User b' and '{second}' apply"
    else:
        assert "also in 2 Match blocks" in _ssh_hardened(prepared, config).text


def test_ssh_hardened_second_factor_of_a_group(prepared: Namespace, sshd: Sshd, tmp_path: Path) -> None:
    """What a block asks for need not be possible for everybody."""
    lines = ["Match Group ops", "PasswordAuthentication yes", "AuthenticationMethods publickey,password"]
    assert "also in 1 Match blocks" in _ssh_hardened(prepared, _sshd_config(sshd, tmp_path, *lines)).text


def test_ssh_hardened_what_cannot_be_followed(prepared: Namespace, sshd: Sshd, tmp_path: Path) -> None:
    (tmp_path / "it's").write_text("Match User a\nPermitRootLogin yes\n")
    config = _sshd_config(sshd, tmp_path, f'Include "{tmp_path}/it\'s"')
    with pytest.raises(CouldNotVerify, match=r"what line \d+ of .*hardened_config includes is not understood"):
        _ssh_hardened(prepared, config)


@pytest.mark.parametrize("name", ["sshd", "sshd-second"])
def test_ssh_hardened_what_the_running_sshd_reads(sshd: Sshd, tmp_path: Path, name: str) -> None:
    """Whatever its name is, and that of the configuration."""
    config = _sshd_config(sshd, tmp_path, "ListenAddress 127.0.0.1:2022", "PidFile none", PasswordAuthentication="yes")
    line = shlex.join([f"/run/private/{name}", "-D", "-f", config])
    # A script that is called nearly like it is none.
    setup = "printf '#!/bin/sh\\nsleep 1000000 & wait\\n' >sshd-keygen\nchmod +x sshd-keygen\n./sshd-keygen &\n"
    setup += f"cp {program('sshd')} {name}\n{line} >/run/private/log 2>&1 &\n"
    setup += "until grep -q :07E6 /proc/net/tcp; do sleep 0.02; done\n"
    with (
        namespace(tmp_path, setup=setup, sshd=sshd) as machine,
        pytest.raises(ClaimFalse, match="seen: passwordauthentication yes"),
    ):
        judge("host.ssh_hardened", machine.host())


@pytest.mark.parametrize(
    ("options", "seen"),
    [
        (["-o", "PasswordAuthentication=yes"], "passwordauthentication yes by an option that it was started with"),
        (["-oX11Forwarding yes"], "x11forwarding yes by an option that it was started with"),
        (["-4o", "MaxAuthTries 9"], "maxauthtries 9 by an option that it was started with"),
        (["-q", "-o", "LogLevel=INFO"], "loglevel silent by an option that it was started with"),
        (["-g", "30", "-g600"], "logingracetime 600 by an option that it was started with"),
        (["-g", "30"], ""),
        (["-o", "ClientAliveInterval=300"], ""),
    ],
)
def test_ssh_hardened_options_of_a_running_sshd(sshd: Sshd, tmp_path: Path, options: list[str], seen: str) -> None:
    config = _sshd_config(sshd, tmp_path)
    Path(config).write_text(f"{Path(config).read_text()}ListenAddress 127.0.0.1:2022\nPidFile none\n")
    line = shlex.join([str(program("sshd")), "-D", *options, "-f", config])
    setup = f"{line} >/run/private/log 2>&1 &\nuntil grep -q :07E6 /proc/net/tcp; do sleep 0.02; done\n"
    with namespace(tmp_path, setup=setup, sshd=sshd) as machine:
        host = machine.host()
        if seen:
            with pytest.raises(ClaimFalse) as caught:
                judge("host.ssh_hardened", host, config=config)
            assert caught.value.seen == seen
        else:
            warning = judge("host.ssh_hardened", host, config=config).warning
            assert "reads" not in warning
            assert "no sshd" not in warning
        (tmp_path / "other").mkdir()
        other = _sshd_config(sshd, tmp_path / "other")
        with pytest.raises(CouldNotVerify, match=rf"reads {config}, and none reads {other}: .*; leave config out, or"):
            judge("host.ssh_hardened", host, config=other)


def test_ssh_hardened_started_for_each_connection(sshd: Sshd, tmp_path: Path) -> None:
    """The title of its process hides the options, and the one that started it need not tell them."""
    line = [str(program("sshd")), "-i", "-f", _sshd_config(sshd, tmp_path), "-o", "PasswordAuthentication=yes"]
    script = f"""import socket, subprocess, time
ours, theirs = socket.socketpair()
subprocess.Popen({line}, stdin=theirs, stdout=theirs)
ours.recv(4)
open("/run/private/greeted", "w")
time.sleep(1000000)
"""
    setup = f"{shlex.join([sys.executable, '-c', script])} &\nuntil [ -e greeted ]; do sleep 0.02; done\n"
    with (
        namespace(tmp_path, setup=setup, sshd=sshd) as machine,
        pytest.raises(CouldNotVerify, match="sshd is started there for each connection, and nothing tells its options"),
    ):
        judge("host.ssh_hardened", machine.host())


@pytest.mark.parametrize(
    ("word", "options", "told"),
    [
        ("$SSHD_OPTS", "", "20 settings of {config} hold"),
        ("$SSHD_OPTS", "-o PasswordAuthentication=yes", "with options by the variable SSHD_OPTS"),
        ("-oPasswordAuthentication=yes", "", "seen: passwordauthentication yes by an option that it was started with"),
        ("-oPasswordAuthentication=yes", "waits", "several sshd read {config}, and have different options"),
    ],
)
def test_ssh_hardened_started_by_a_socket(
    systemd: Namespace, sshd: Sshd, tmp_path: Path, word: str, options: str, told: str
) -> None:
    """As Debian's ssh.socket starts ssh@.service, with /etc/default/ssh."""
    config = _sshd_config(sshd, tmp_path)
    defaults = tmp_path / "defaults"
    defaults.write_text(f'# for sshd\nSSHD_OPTS="{options}"\n')
    unit = f"[Unit]\nDefaultDependencies=no\n[Service]\nStandardInput=socket\nEnvironmentFile=-{defaults}\n"
    unit += f"ExecStart=-{program('sshd')} -i {word} -f {config}\n"
    socket_unit = "[Unit]\nDefaultDependencies=no\n[Socket]\nListenStream=/run/private/ssh\nAccept=yes\n"
    for name, text in (("ssh@.service", unit), ("ssh.socket", socket_unit)):
        systemd.run("sh", "-c", f"printf %s {shlex.quote(text)} >/etc/systemd/system/{name}")
    waiting = f"[Unit]\nDefaultDependencies=no\n[Service]\nExecStart={program('sshd')} -D -f {config}\n"
    systemd.run("sh", "-c", f"printf %s {shlex.quote(waiting)} >/etc/systemd/system/waiting.service")
    systemd.run("systemctl", "daemon-reload")
    systemd.run("systemctl", "start", "ssh.socket")
    if options == "waits":
        systemd.run("systemctl", "start", "waiting.service")
        wait_until(lambda: "[listener]" in systemd.run("ps", "-ewwo", "args"), "the other sshd waits")
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(f"/proc/{systemd.pid}/root/run/private/ssh")
            assert connection.recv(4) == b"SSH-"
            try:
                seen = judge("host.ssh_hardened", systemd.host()).text
            except (ClaimFalse, CouldNotVerify) as raised:
                seen = str(raised)
    finally:
        systemd.run("systemctl", "stop", "ssh.socket", "waiting.service")
    assert told.format(config=config) in seen


def test_ssh_hardened_one_sshd_of_two(sshd: Sshd, tmp_path: Path) -> None:
    """Which one is meant must be said; the other one is named."""
    configs = []
    setup = ""
    for port, settings in ((2022, {}), (2023, {"PasswordAuthentication": "yes"})):
        (tmp_path / str(port)).mkdir()
        lines = [f"ListenAddress 127.0.0.1:{port}", "PidFile none"]
        configs.append(_sshd_config(sshd, tmp_path / str(port), *lines, **settings))
        setup += f"{shlex.join([str(program('sshd')), '-D', '-f', configs[-1]])} >/run/private/log 2>&1 &\n"
        setup += f"until grep -q :{port:04X} /proc/net/tcp; do sleep 0.02; done\n"
    with namespace(tmp_path, setup=setup, sshd=sshd) as machine:
        evidence = _ssh_hardened(machine, configs[0])
        assert evidence.text == f"20 settings of {configs[0]} hold; root login: no"
        assert f"another sshd that runs there reads {configs[1]}, which was not looked at" in evidence.warning
        with pytest.raises(CouldNotVerify, match=r"one sshd there reads .*, and another one "):
            judge("host.ssh_hardened", machine.host())


def test_ssh_hardened_by_a_file_that_only_sshd_sees(sshd: Sshd, tmp_path: Path) -> None:
    """As in a chroot: the host's own file of that name is another one."""
    config = _sshd_config(sshd, tmp_path, "ListenAddress 127.0.0.1:2022", "PidFile none")
    (tmp_path / "own").mkdir()
    own = _sshd_config(sshd, tmp_path / "own", "ListenAddress 127.0.0.1:2022", PasswordAuthentication="yes")
    line = shlex.join([str(program("sshd")), "-D", "-f", config])
    setup = f"unshare -m sh -c 'mount --bind {own} {config}; exec {line}' >/run/private/log 2>&1 &\n"
    setup += "until grep -q :07E6 /proc/net/tcp; do sleep 0.02; done\n"
    with namespace(tmp_path, setup=setup, sshd=sshd) as machine:
        with pytest.raises(
            CouldNotVerify, match=rf"reads /proc/\d+/root{config}, as it has a root or mounts of its own"
        ):
            judge("host.ssh_hardened", machine.host())
        with pytest.raises(CouldNotVerify, match=rf"the sshd that runs on .* reads /proc/\d+/root{config}, and none "):
            judge("host.ssh_hardened", machine.host(), config=config)


def test_ssh_hardened_that_was_changed_meanwhile(sshd: Sshd, tmp_path: Path) -> None:
    """The sshd that runs has what it read when it began."""
    (tmp_path / "parts").mkdir()
    part = tmp_path / "parts" / "first.conf"
    part.write_text("PermitTTY no\n")
    lines = ["ListenAddress 127.0.0.1:2022", "PidFile /run/private/sshd.pid", f"Include {part.parent}/*.conf"]
    config = _sshd_config(sshd, tmp_path, *lines)
    line = shlex.join([str(program("sshd")), "-D", "-f", config])
    setup = f"{line} >/run/private/log 2>&1 &\nuntil [ -s /run/private/sshd.pid ]; do sleep 0.02; done\n"
    with namespace(tmp_path, setup=setup, sshd=sshd) as machine:
        assert "changed after" not in judge("host.ssh_hardened", machine.host()).warning
        part.write_text("PermitTTY yes\n")
        assert f"{part} changed after the sshd that runs read" in judge("host.ssh_hardened", machine.host()).warning
        part.unlink()
        warning = judge("host.ssh_hardened", machine.host()).warning
        assert f"{part.parent} changed after the sshd that runs read its settings: what is set" in warning


def test_ssh_hardened_that_was_replaced_by_an_older_file(sshd: Sshd, tmp_path: Path) -> None:
    """As by cp -p, rsync -a or mv, which keep the time that its content is from."""
    config = _sshd_config(sshd, tmp_path, "ListenAddress 127.0.0.1:2022", "PidFile /run/private/sshd.pid")
    line = shlex.join([str(program("sshd")), "-D", "-f", config])
    setup = f"{line} >/run/private/log 2>&1 &\nuntil [ -s /run/private/sshd.pid ]; do sleep 0.02; done\n"
    with namespace(tmp_path, setup=setup, sshd=sshd) as machine:
        # Of such a time only whole seconds are known.
        time.sleep(1.1)
        os.utime(config, (1e9, 1e9))
        assert f"{config} changed after the sshd that runs" in judge("host.ssh_hardened", machine.host()).warning


def test_ssh_hardened_invalid_configuration(prepared: Namespace, sshd: Sshd, tmp_path: Path) -> None:
    with pytest.raises(CouldNotVerify, match=r"hardened_config: line \d+: Bad configuration option: Nonsense$"):
        _ssh_hardened(prepared, _sshd_config(sshd, tmp_path, "Nonsense yes"))


def test_ssh_hardened_needs_root(prepared: Namespace, sshd: Sshd, tmp_path: Path) -> None:
    config = _sshd_config(sshd, tmp_path)
    with pytest.raises(CouldNotVerify, match="only root may read its settings; set sudo: true on this host"):
        judge("host.ssh_hardened", prepared.host(user=DEPLOY), config=config)
    assert judge("host.ssh_hardened", prepared.host(user=DEPLOY, sudo=True), config=config)


def test_ssh_hardened_without_sshd(docker_engine: DockerEngine, docker_host: str) -> None:
    container = docker_engine.run("host-ssh")
    try:
        with pytest.raises(CouldNotVerify, match="there is no program sshd"):
            judge("host.ssh_hardened", Host(name="web", connection="docker://host-ssh", engine=docker_host))
    finally:
        container.remove(force=True)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file as declared by `_rule`."""
    path = tmp_path / "app's  ünïcode $HOME.conf"
    path.write_text("# debug = on\n  debug = off\nport=80\n")
    path.chmod(0o640)
    return path


def _rule(path: Path) -> dict[str, Any]:
    state = path.stat()
    return {
        "mode": "0640",
        "owner": str(state.st_uid),
        "group": str(state.st_gid),
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest().upper(),
        "contains": ["debug *= *off", "port.*"],
    }


def test_files(file: Path) -> None:
    evidence = judge("host.files", LOCAL, files={str(file): _rule(file), f"{file}.bak": {"absent": True}})
    assert f"{file} regular file, mode 0640, " in evidence.text
    assert evidence.text.endswith(f"{file}.bak absent")


def test_files_stricter_mode_and_owner_by_name(file: Path) -> None:
    file.chmod(0o400)
    assert judge("host.files", LOCAL, files={str(file): {"mode": "640", "owner": file.owner(), "group": file.group()}})


@pytest.mark.parametrize(
    ("rule", "expected", "seen"),
    [
        ({"mode": "0600"}, "mode 0600 at most", "mode 0640"),
        ({"owner": "nobody"}, "owned by nobody", "owned by {owner} ({uid})"),
        ({"group": "nogroup"}, "of group nogroup", "of group {group} ({gid})"),
        ({"sha256": "0" * 64}, "sha256 " + "0" * 64, "sha256 {sha256}"),
        ({"contains": ["debug = on"]}, "with a line 'debug = on'", "without a line 'debug = on'"),
        ({"contains": ["port"]}, "with a line 'port'", "without a line 'port'"),
        ({"absent": True}, "absent", "regular file, mode 0640, {owner}:{group}"),
    ],
)
def test_files_deviating(file: Path, rule: dict[str, Any], expected: str, seen: str) -> None:
    state = file.stat()
    words = {"owner": file.owner(), "group": file.group(), "uid": state.st_uid, "gid": state.st_gid}
    words["sha256"] = hashlib.sha256(file.read_bytes()).hexdigest()
    with pytest.raises(ClaimFalse) as caught:
        judge("host.files", LOCAL, files={str(file): rule, f"{file.parent}/": {}})
    assert caught.value.expected == f"{file} {expected}"
    assert caught.value.seen == f"{file} {seen.format(**words)}"


def test_files_end_of_lines(file: Path) -> None:
    file.write_bytes(b"debug = false\r\n \tname\t\n")
    assert judge("host.files", LOCAL, files={str(file): {"contains": ["name", r"debug = .*"]}})
    with pytest.raises(ClaimFalse, match="without a line 'debug = false'"):
        judge("host.files", LOCAL, files={str(file): {"contains": ["debug = false"]}})


def test_files_that_are_directories(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    for path, rule in ((f"{tmp_path}/", {}), (str(tmp_path), {"mode": "0755"})):
        assert judge("host.files", LOCAL, files={path: rule})
    with pytest.raises(ClaimFalse, match=f"expected {tmp_path} a file; seen: {tmp_path} directory, mode 0755"):
        judge("host.files", LOCAL, files={str(tmp_path): {}})


def test_files_a_directory_with_a_sticky_bit(tmp_path: Path) -> None:
    """It is the only one that takes rights away."""
    rule = {"mode": "1777"}
    tmp_path.chmod(0o777)
    with pytest.raises(ClaimFalse) as caught:
        judge("host.files", LOCAL, files={str(tmp_path): rule})
    assert caught.value.expected == f"{tmp_path} mode 1777 with the sticky bit"
    assert caught.value.seen == f"{tmp_path} mode 0777"
    tmp_path.chmod(0o1755)
    assert judge("host.files", LOCAL, files={str(tmp_path): rule}).text


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_files_a_point_is_a_letter(file: Path, encoding: str) -> None:
    """In whatever way the file is encoded."""
    file.write_bytes("Straße 1\n".encode(encoding))
    assert judge("host.files", LOCAL, files={str(file): {"contains": ["Stra.e 1"]}}).text
    with pytest.raises(ClaimFalse):
        judge("host.files", LOCAL, files={str(file): {"contains": ["Str.e 1"]}})


def test_files_missing_and_dangling(file: Path) -> None:
    link = file.with_name("link")
    link.symlink_to(file)
    assert judge("host.files", LOCAL, files={str(link): _rule(file)})
    file.unlink()
    with pytest.raises(ClaimFalse) as caught:
        judge("host.files", LOCAL, files={str(file): _rule(link) if file.exists() else {}, str(link): {}})
    assert caught.value.seen == f"{file} absent, {link} a link to nothing"
    with pytest.raises(ClaimFalse, match="a link to nothing"):
        judge("host.files", LOCAL, files={str(link): {"absent": True}})


def test_files_without_rights(prepared: Namespace) -> None:
    prepared.run("sh", "-c", "mkdir -p -m 700 /run/secret; echo a >/run/secret/a; echo b >/run/b; chmod 600 /run/b")
    deploy = prepared.host(user=DEPLOY)
    for path, rule in (("/run/secret/a", {}), ("/run/secret/none", {"absent": True}), ("/run/b", {"contains": ["b"]})):
        with pytest.raises(CouldNotVerify, match=f"{path} could not be read on .*: .*Permission denied"):
            judge("host.files", deploy, files={path: rule})
        assert judge("host.files", prepared.host(user=DEPLOY, sudo=True), files={path: rule})


def test_files_content_of_what_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(CouldNotVerify, match="is not a regular file"):
        judge("host.files", LOCAL, files={str(tmp_path / "fifo"): {"contains": ["a"]}})
    with pytest.raises(ClaimFalse, match=r"a file; seen: .* directory"):
        judge("host.files", LOCAL, files={str(tmp_path): {"contains": ["a"]}})


def test_files_invalid_pattern(file: Path) -> None:
    with pytest.raises(CouldNotVerify, match=r"the content of .*could not be read on local://: grep: "):
        judge("host.files", LOCAL, files={str(file): {"contains": ["a[b"]}})


@pytest.mark.parametrize(
    ("pattern", "sentence"),
    [
        (r"port = \d+", r"grep -E knows no \d; write [0-9] for a digit"),
        (r"\tname", r"grep -E knows no \t; write [0-9] for a digit, [[:blank:]] for a tab"),
        (r"[[:space:]]*\[\d\]", r"grep -E knows no \d"),
        ("(?i)debug = false", "grep -E knows no group that begins with (?"),
        (r"[\w.]+", r"within brackets grep -E takes \w as two characters"),
        (r"(a)\1", r"\1 refers to a group, which is not possible here"),
    ],
)
def test_files_patterns_of_another_kind(file: Path, pattern: str, sentence: str) -> None:
    with pytest.raises(ValidationError, match=re.escape(sentence)):
        judge("host.files", LOCAL, files={str(file): {"contains": [pattern]}})


def test_files_patterns_with_backslashes(file: Path) -> None:
    file.write_text("a.b (c) \\dir d [e]\nprice $5\n")
    patterns = [r"a\.b \(c\) \\dir\s\bd\b \[\w\]", r"[a-z\\]+ \$[^]\\]"]
    assert judge("host.files", LOCAL, files={str(file): {"contains": patterns}})


@pytest.mark.parametrize("name", ["*", "{a,b}", "$HOME", "a?", "a "])
def test_files_absent_by_a_pattern(file: Path, name: str) -> None:
    path = str(file.with_name(name))
    with pytest.raises(CouldNotVerify, match=r"there is no '.*', which is taken as it is written: .*; name each path"):
        judge("host.files", LOCAL, files={path: {"absent": True}})
    assert judge("host.files", LOCAL, files={str(file.with_name("[id]")): {"absent": True}})


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"etc/passwd": {}},
        {"/etc/passwd": {"mode": 640}},
        {"/etc/passwd": {"mode": "rw"}},
        {"/etc/passwd": {"absent": True, "mode": "0600"}},
        {"/etc/passwd": {"contains": ["a\nb"]}},
        {"/etc/passwd": {"owned": "root"}},
    ],
)
def test_files_refuses_what_would_assert_nothing_or_is_misspelt(files: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        judge("host.files", LOCAL, files=files)
