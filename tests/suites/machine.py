"""The host of the suites' world: systemd with services, sshd, a clock and a timer, in namespaces of its own."""

from __future__ import annotations

import os
import secrets
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from tests.namespace import Namespace, namespace
from tests.stack.certs import Authority
from tests.stack.docker import _remove_cgroups
from tests.stack.process import wait_until
from tests.stack.programs import program
from tests.stack.sshd import Sshd
from tests.suites.plan import Plan

SERVICES = ("ssh", "nginx", "chrony", "certbot.timer")
CERTIFICATE = "/srv/certificates/shop.example.com.pem"
ENV_FILE = "/srv/shop/production.env"
UNIT = "[Unit]\\nDefaultDependencies=no\\n"
SETUP = """\
for each in /etc/cron.d /etc/cron.daily /etc/cron.hourly /etc/cron.weekly /etc/cron.monthly /var/spool/cron \\
    /etc/systemd/system /srv; do
    [ ! -e $each ] || mount -t tmpfs tmpfs $each
done
mkdir -p /run/systemd/system /etc/systemd/system/ready.target.wants /srv/ssh /srv/shop /srv/certificates /srv/bin
mkdir -m 750 /run/chrony /run/clock
cp {directory}/sshd_config /srv/ssh/sshd_config
cp {sshd}/host_key /srv/ssh/host_key
cp {directory}/certificate.pem {certificate}
cp {directory}/production.env {env_file}
chmod 600 /srv/ssh/host_key
chmod {env_mode} {env_file}
printf '#!/bin/sh\\nexit 0\\n' >/srv/bin/certbot
chmod 755 /srv/bin/certbot
truncate -s 24M disk
{mkfs} -q disk
mkdir /srv/data
mount -o loop disk /srv/data
head -c {filled}M /dev/zero >/srv/data/filled
cat >/srv/nginx.conf <<'END'
daemon off; pid /run/nginx.pid; error_log stderr; user root;
events {{}}
http {{ access_log off; client_body_temp_path /srv/tmp; proxy_temp_path /srv/tmp; fastcgi_temp_path /srv/tmp;
uwsgi_temp_path /srv/tmp; scgi_temp_path /srv/tmp; server {{ listen 80; {listen}return 200 "ready"; }} }}
END
cat >/srv/clock.conf <<'END'
port 1123
cmdport 0
bindaddress 127.0.0.1
bindcmdaddress /
local stratum 3
allow 127.0.0.1
pidfile /run/clock/pid
driftfile /run/clock/drift
END
cat >/srv/chrony.conf <<'END'
port 0
{clock}
pidfile /run/chrony/pid
driftfile /run/chrony/drift
END
cd /etc/systemd/system
for each in sysinit.target basic.target timers.target systemd-tmpfiles-setup.service systemd-sysctl.service; do
    ln -s /dev/null $each
done
unit() {{ # unit NAME COMMAND [SERVICE LINE]...
    printf '{unit}[Service]\\nExecStart=%s\\n' "$2" >$1.service
    name=$1
    shift 2
    printf '%s\\n' "$@" '[Install]' 'WantedBy=ready.target' >>$name.service
}}
printf '{unit}' >ready.target
ln -s ready.target default.target
unit ssh '{sshd_program} -D -f /srv/ssh/sshd_config'
unit nginx '{nginx_program} -e stderr -c /srv/nginx.conf'
unit clock '{chronyd} -n -x -u root -f /srv/clock.conf'
unit chrony '{chronyd} -n -x -u root -f /srv/chrony.conf'
unit certbot '/srv/bin/certbot renew' Type=oneshot
printf '{unit}[Timer]\\nOnCalendar=*-*-* 03:00:00\\n[Install]\\nWantedBy=ready.target\\n' >certbot.timer
for each in clock.service {wanted}; do ln -s ../$each ready.target.wants/; done
unit last '/bin/touch /run/ready' Type=oneshot {after}
ln -s ../last.service ready.target.wants/
cd /run/private
{more}
umount -R /sys/fs/cgroup
"""


def connect(inside: Namespace) -> str:
    """Let the runner reach the host over a network of their own, which ends with it; returns the host's address."""
    network = f"198.18.{secrets.randbelow(256)}.{4 * secrets.randbelow(64)}"
    first, second = (f"{ip_address(network) + number}/30" for number in (1, 2))
    name = f"rd-{secrets.token_hex(4)}"
    for command in (
        ["link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", f"{inside.pid}"],
        ["addr", "add", first, "dev", name],
        ["link", "set", name, "up"],
    ):
        subprocess.run([program("ip"), *command], check=True, capture_output=True)
    inside.run_in_network("ip", "addr", "add", second, "dev", "eth0")
    inside.run_in_network("ip", "link", "set", "eth0", "up")
    return second.partition("/")[0]


@contextmanager
def machine(directory: Path, plan: Plan, sshd: Sshd, authority: Authority) -> Iterator[Namespace]:
    """Start the host, in a new folder."""
    directory.mkdir()
    settings = {"HostKey": "/srv/ssh/host_key", "PidFile": "/run/sshd.pid", "UsePAM": "no", **plan.sshd}
    directory.joinpath("sshd_config").write_text("".join(f"{name} {value}\n" for name, value in settings.items()))
    whole, left = plan.renewal_days
    start = datetime.now(UTC) - timedelta(days=whole - left)
    certificate = authority.issue(["shop.example.com"], days=whole, not_before=start)
    directory.joinpath("certificate.pem").write_bytes(certificate.chain.read_bytes())
    directory.joinpath("production.env").write_text(env_text(plan.env))
    units = [each if "." in each else f"{each}.service" for each in SERVICES]
    setup = SETUP.format(
        directory=directory,
        sshd=sshd.directory,
        certificate=CERTIFICATE,
        env_file=ENV_FILE,
        env_mode=plan.env_mode,
        clock=plan.clock,
        mkfs=program("mkfs.ext4"),
        filled=plan.filled_mb,
        unit=UNIT,
        listen="".join(f"listen {port}; " for port in sorted(plan.listening)),
        sshd_program=program("sshd"),
        nginx_program=program("nginx"),
        chronyd=program("chronyd"),
        wanted=" ".join(each for each in units if each not in plan.not_at_boot),
        after="After=ssh.service After=nginx.service After=chrony.service",
        more=plan.machine,
    )
    init = (
        f"exec env -i container=other PATH=$PATH {program('/lib/systemd/systemd')} --system --unit=ready.target "
        "--log-target=console"
    )
    cgroup = f"readiness-{os.getpid()}-{secrets.token_hex(4)}"
    try:
        with namespace(directory, setup=setup, sshd=sshd, init=init, cgroup=cgroup) as inside:
            for each in sorted(plan.stopped):
                inside.run("systemctl", "stop", each)
            if plan.clock and "chrony.service" not in plan.stopped | plan.not_at_boot:
                wait_until(lambda: _is_set(inside), "the clock is set", 30)
            yield inside
    finally:
        _remove_cgroups(cgroup)


def _is_set(inside: Namespace) -> bool:
    # Where chronyd does not listen yet, chronyc fails.
    with suppress(AssertionError):
        return "Not sync" not in inside.run("chronyc", "-c", "tracking")
    return False


def env_text(variables: dict[str, str]) -> str:
    """The text of a file of variables."""
    return "".join(f'{name}="{value}"\n' for name, value in variables.items())
