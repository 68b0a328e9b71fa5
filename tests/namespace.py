"""A machine of its own as far as mounts, network and processes go, which sshd logs into: to break at will."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pytest_readiness.domains.host.resource import Host
from tests.stack.patience import patient
from tests.stack.process import children, running, wait_until
from tests.stack.programs import program, unavailable
from tests.stack.sshd import Sshd

DEPLOY = "deploy"
"""A user without rights, with a shell."""

_SETUP = f"""\
set -e
ip link set lo up
mount -t tmpfs tmpfs /run
mkdir /run/sshd /run/private
(cat /etc/passwd; echo '{DEPLOY}:*:4321:4321::/:/bin/sh') >/run/private/passwd
mount --bind /run/private/passwd /etc/passwd
mount --bind /proc/sys /proc/sys
while read -r _ path _; do
    case $path in
    /proc/sys) ;;
    /proc* | /sys* | /dev | /dev/pts | /run*) continue ;;
    esac
    mount -o remount,bind,ro "$(printf %b "$path")"
done </proc/self/mounts
for each in / /tmp /var/tmp /proc/sys/kernel /etc {{directory}}; do
    if [ -e $each ] && [ -w $each ]; then
        echo "$each is still writable inside." >&2
        exit 1
    fi
done
cd /run/private
"""
ROOT = Path(__file__).parents[1]
_WITHOUT = ("setpriv", "--bounding-set=-sys_time,-sys_boot,-sys_module", "--inh-caps=-sys_time,-sys_boot,-sys_module")
_SLEEP = "touch /run/ready\nexec sleep 1000000"


class Namespace:
    """Namespaces with a process 1, alive until the end of the block that made them.

    Attributes:
        pid: process 1, as seen from outside.
    """

    def __init__(self, pid: int, directory: Path, sshd: Sshd | None) -> None:
        self.pid = pid
        self._directory = directory
        self._sshd = sshd

    def run(self, *command: str) -> str:
        """Run a command inside and return its output."""
        return self._run("--all", *command)

    def run_in_network(self, *command: str) -> str:
        """Run a command in the network namespace only, with everything else from outside."""
        return self._run("--net", *command)

    def _run(self, *arguments: str) -> str:
        enter = [str(program("nsenter")), f"--target={self.pid}", *arguments]
        done = subprocess.run(enter, capture_output=True, text=True, timeout=patient(60), check=False, cwd=ROOT)
        if done.returncode:
            raise AssertionError(f"{arguments}: {done.stderr}")
        return done.stdout

    def host(self, *, user: str = "root", sudo: bool = False) -> Host:
        """It as a resource: ssh really logs in, over a pipe instead of a TCP connection."""
        assert self._sshd
        config = self._directory / f"ssh_config.{user}"
        enter = f"{program('nsenter')} --target={self.pid} --all {program('sshd')} -i -f {self._sshd.sshd_config}"
        config.write_text(
            f"{self._sshd.ssh_config.read_text()}  ProxyCommand {enter}\n  HostKeyAlias [127.0.0.1]:{self._sshd.port}\n"
        )
        return Host(name="inside", connection=f"ssh://{user}@inside", ssh_config=config, sudo=sudo)


@contextmanager
def namespace(
    directory: Path, *, setup: str = "", sshd: Sshd | None = None, init: str = _SLEEP, cgroup: str = ""
) -> Iterator[Namespace]:
    """Make new namespaces; the kernel ends everything inside with process 1.

    Inside, only /run can be written to: whatever runs there as root, an init that empties /tmp for instance, leaves
    the machine's own files and kernel settings alone. The setup fails if that is not so.

    Args:
        directory: for its log and configuration.
        setup: shell lines that run inside first, in a private directory /run/private.
        sshd: whose keys and configuration let tests log in.
        init: what process 1 becomes; it or the setup creates /run/ready.
        cgroup: name of a control group to make for it, which the caller removes.
    """
    if os.geteuid() != 0:
        unavailable("Namespaces need root.")
    script = directory / "setup.sh"
    script.write_text(_SETUP.replace("{directory}", str(directory)) + setup + "\n" + init + "\n")
    kinds = ["--pid", "--fork", "--kill-child", "--mount", "--mount-proc", "--net", "--ipc", "--uts", "--cgroup"]
    join = (
        f"for top in /sys/fs/cgroup /sys/fs/cgroup/*/; do [ ! -e $top/cgroup.procs ] || "
        f"! mkdir $top/{cgroup} || echo $$ >$top/{cgroup}/cgroup.procs; done 2>/dev/null; "
        if cgroup
        else ""
    )
    with running(
        ["sh", "-c", f'{join}exec "$@"', "sh", program("unshare"), *kinds, *_WITHOUT, "sh", str(script)],
        log=directory / "namespace.log",
        ready=lambda: True,
        stop=signal.SIGKILL,
    ) as process:
        first: list[int] = []

        def ready() -> bool:
            if process.poll() is not None:
                raise AssertionError((directory / "namespace.log").read_text())
            first[:] = children(process.pid)
            with suppress(OSError):
                return bool(first) and Path(f"/proc/{first[0]}/root/run/ready").exists()
            return False

        wait_until(ready, f"the namespace is set up (see {directory}/namespace.log)")
        yield Namespace(first[0], directory, sshd)
