"""Renewal of certificates, by timers of a real systemd and by a real cron, in namespaces of their own."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify, NotDeclared
from pytest_readiness.domains.host.resource import Host
from pytest_readiness.domains.tls.checks.renewal import _left
from pytest_readiness.domains.tls.renewal import JOBS, StoredCertificate
from tests.judging import judge
from tests.namespace import DEPLOY, Namespace, namespace
from tests.stack.certs import Authority
from tests.stack.docker import _remove_cgroups
from tests.stack.process import wait_until
from tests.stack.programs import program
from tests.stack.sshd import Sshd

LEAF = "/run/private/shop.pem"
DAILY = "*-*-* 03:00:00"
UNITS = "/etc/systemd/system"
FOLDERS = """\
for each in /etc/cron.d /etc/cron.daily /etc/cron.hourly /etc/cron.weekly /etc/cron.monthly /var/spool/cron /root; do
    mount -t tmpfs tmpfs $each
done
mkdir /var/spool/cron/crontabs
chmod 1730 /var/spool/cron/crontabs
chmod 700 /root
cat >crontab <<END
17 * * * * root cd / && run-parts --report /etc/cron.hourly
25 6 * * * root test -x /usr/sbin/anacron || { cd / && run-parts --report /etc/cron.daily; }
47 6 * * 7 root test -x /usr/sbin/anacron || { cd / && run-parts --report /etc/cron.weekly; }
52 6 1 * * root test -x /usr/sbin/anacron || { cd / && run-parts --report /etc/cron.monthly; }
END
mount --bind crontab /etc/crontab
for each in certbot lego acme.sh dehydrated renew-shop; do
    printf '#!/bin/sh\\nexit 0\\n' >$each
    chmod 755 $each
done
"""


@pytest.fixture(scope="module")
def systemd(sshd: Sshd, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Namespace]:
    """A machine whose process 1 is systemd, with a timer that has nothing to do with certificates."""
    program_of_systemd = program("/lib/systemd/systemd")
    directory = tmp_path_factory.mktemp("renewal")
    cgroup = f"readiness-{os.getpid()}-{directory.parent.name}-{directory.name}"
    setup = f"""
{FOLDERS}
mount -t tmpfs tmpfs /etc/systemd/system
mkdir -p /run/systemd/system {UNITS}/ready.target.wants
cd /etc/systemd/system
for each in sysinit.target basic.target timers.target systemd-tmpfiles-setup.service systemd-sysctl.service; do
    ln -s /dev/null $each
done
printf '[Unit]\\nDefaultDependencies=no\\nWants=last.service other.timer\\n' >ready.target
printf '[Unit]\\nDefaultDependencies=no\\n[Service]\\nType=oneshot\\nExecStart=/bin/touch /run/ready\\n' >last.service
printf '[Unit]\\nDefaultDependencies=no\\n[Timer]\\nOnCalendar={DAILY}\\n' >other.timer
printf '[Unit]\\nDefaultDependencies=no\\n[Service]\\nType=oneshot\\nExecStart=/bin/true\\n' >other.service
umount -R /sys/fs/cgroup
"""
    init = (
        f"exec env -i container=other PATH=$PATH {program_of_systemd} --system --unit=ready.target --log-target=console"
    )
    try:
        with namespace(directory, setup=setup, sshd=sshd, init=init, cgroup=cgroup) as machine:
            yield machine
    finally:
        _remove_cgroups(cgroup)


@pytest.fixture(scope="module")
def plain(sshd: Sshd, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Namespace]:
    """A machine without systemd, on which cron can be started."""
    with namespace(tmp_path_factory.mktemp("plain"), setup=FOLDERS, sshd=sshd) as machine:
        yield machine


def put(machine: Namespace, path: str, text: str, mode: str = "644") -> None:
    machine.run("sh", "-c", f"mkdir -p $(dirname {path}); printf %s {shlex.quote(text)} >{path}; chmod {mode} {path}")


def put_leaf(
    machine: Namespace, authority: Authority, left: float, of: float, path: str = LEAF, mode: str = "644"
) -> None:
    start = datetime.now(UTC) - timedelta(days=of - left)
    put(machine, path, authority.issue(days=of, not_before=start).chain.read_text(), mode)


@contextmanager
def timer(
    machine: Namespace,
    command: str,
    *,
    calendar: str = f"OnCalendar={DAILY}",
    enabled: bool = True,
    active: bool = True,
    run: bool = False,
    condition: str = "",
) -> Iterator[None]:
    """A timer renew.timer with its service, gone afterwards."""
    unit = "[Unit]\nDefaultDependencies=no\n"
    put(machine, f"{UNITS}/renew.timer", f"{unit}[Timer]\n{calendar}\n[Install]\nWantedBy=ready.target\n")
    put(machine, f"{UNITS}/renew.service", f"{unit}{condition}\n[Service]\nType=oneshot\nExecStart={command}\n")
    steps = [f"ln -s ../renew.timer {UNITS}/ready.target.wants/"] if enabled else []
    steps += ["systemctl daemon-reload"]
    steps += ["systemctl start renew.timer"] if active else []
    steps += ["systemctl start renew.service || :"] if run else []
    machine.run("sh", "-ec", "\n".join(steps))
    try:
        yield
    finally:
        machine.run(
            "sh",
            "-c",
            f"systemctl stop renew.timer; rm -f {UNITS}/renew.* {UNITS}/*/renew.*\n"
            "systemctl daemon-reload; systemctl reset-failed",
        )


def renewal(machine: Namespace, user: str = "root", **parameters: Any) -> str:
    return judge("tls.renewal", machine.host(user=user), **{"certificates": [LEAF], **parameters}).text


def false(machine: Namespace, **parameters: Any) -> str:
    with pytest.raises(ClaimFalse) as caught:
        renewal(machine, **parameters)
    return caught.value.seen


def test_renewal_by_a_timer(systemd: Namespace, authority: Authority) -> None:
    put_leaf(systemd, authority, 60, 90)
    with timer(systemd, "/bin/sh -c '/bin/true; /run/private/certbot -q renew'", run=True):
        text = renewal(systemd)
        assert text.startswith("renew.timer, next run 20")
        assert text.endswith(f" 03:00 UTC; {LEAF} 60.0 days left of 90.0 days")
        put_leaf(systemd, authority, 19, 90)
        assert false(systemd) == f"{LEAF}: 19.0 days left of 90.0 days, overdue for renewal"


@pytest.mark.parametrize(
    ("left", "of", "holds"),
    [
        *((90, 90, True), (20.1, 90, True), (19.9, 90, False)),
        *((15, 47, True), (11.8, 47, True), (11.7, 47, False)),
        *(
            (20.1, 365, True),
            (19.9, 365, False),
            (2, 6, True),
            (1.4, 6, False),
            (20.001, 90, True),
            (19.999, 90, False),
        ),
    ],
)
def test_renewal_overdue(left: float, of: float, holds: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("READINESS_NOW", "2026-03-01T12:00:00Z")
    end = datetime(2026, 3, 1, 12, tzinfo=UTC) + timedelta(days=left)
    stored = StoredCertificate(LEAF, absent=False, not_before=end - timedelta(days=of), not_after=end)
    if holds:
        assert _left(stored, "x") == f"{left:.1f} days left of {of:.1f} days"
    else:
        with pytest.raises(ClaimFalse, match=rf"shop\.pem: {left} days left of {of}\.0 days, overdue for renewal"):
            _left(stored, "x")


def test_renewal_of_a_certificate_that_is_not_valid_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("READINESS_NOW", "2026-03-01T12:00:00Z")
    start = datetime(2026, 3, 1, 12, tzinfo=UTC) + timedelta(days=5)
    stored = StoredCertificate(LEAF, absent=False, not_before=start, not_after=start + timedelta(days=90))
    with pytest.raises(ClaimFalse, match=r"shop\.pem: valid only from 2026-03-06 12:00 UTC"):
        _left(stored, "x")


def test_renewal_of_an_expired_certificate(systemd: Namespace, authority: Authority) -> None:
    put_leaf(systemd, authority, -3, 90)
    with timer(systemd, "/run/private/certbot renew"):
        assert false(systemd) == f"{LEAF}: expired 3.0 days ago"


def test_renewal_not_scheduled_at_all(systemd: Namespace, authority: Authority) -> None:
    put_leaf(systemd, authority, 60, 90)
    assert false(systemd).endswith(NONE)


NONE = " timers and cron jobs, none with certbot, acme.sh, lego, dehydrated"
TIMERS: dict[str, tuple[dict[str, Any], str]] = {
    "stopped": ({"active": False}, "renew.timer: inactive, enabled"),
    "neither": ({"active": False, "enabled": False}, "renew.timer: inactive, disabled"),
    "until the next boot": ({"enabled": False}, "renew.timer: active only until the next boot (disabled)"),
    "yearly": ({"calendar": "OnCalendar=*-01-01 00:00:00"}, "renew.timer: its next run is on 20"),
    "after boot": ({"calendar": "OnBootSec=1000d"}, "renew.timer: no next run on the calendar (OnCalendar)"),
    "failed": (
        {"command": "/bin/sh -c '/run/private/certbot renew; exit 1'", "run": True},
        "renew.timer: its last run failed (exit-code)",
    ),
    "program gone": (
        {"command": "/nowhere/certbot renew", "run": True},
        "renew.timer: its last run failed (exit-code)",
    ),
    "passed over": (
        {"command": "/run/private/certbot renew", "run": True, "condition": "ConditionPathExists=/nowhere"},
        "renew.timer: its service renew.service was passed over, as a condition of the unit was not met",
    ),
    "rehearsal": (
        {"command": "/run/private/certbot renew --dry-run"},
        "renew.timer: it only rehearses (--dry-run)",
    ),
    "another command of certbot": (
        {"command": "/run/private/certbot certificates"},
        NONE,
    ),
}


@pytest.mark.parametrize("case", TIMERS)
def test_renewal_by_a_timer_with_one_thing_broken(case: str, systemd: Namespace, authority: Authority) -> None:
    options, seen = TIMERS[case]
    put_leaf(systemd, authority, 60, 90)
    with timer(systemd, **{"command": "/run/private/certbot renew", **options}):
        assert seen in false(systemd)


def test_renewal_by_a_timer_that_runs_tomorrow_and_then_for_a_month_not(
    systemd: Namespace, authority: Authority
) -> None:
    put_leaf(systemd, authority, 60, 90)
    soon = datetime.now(UTC) + timedelta(days=2)
    with timer(systemd, "/run/private/certbot renew", calendar=f"OnCalendar=*-*-{soon:%d} 03:00:00"):
        assert re.fullmatch(r"renew\.timer: up to \d\d days between two runs", false(systemd))
        assert renewal(systemd, commands=["certbot"], every_days=31) if soon.day < 29 else True
    weekly = f"OnCalendar=weekly\nOnCalendar=*-*-{soon:%d} 03:00:00"
    with timer(systemd, "/run/private/certbot renew", calendar=weekly):
        assert renewal(systemd).startswith("renew.timer, next run ")


def test_renewal_by_a_command_of_the_teams_own(systemd: Namespace, authority: Authority) -> None:
    put_leaf(systemd, authority, 60, 90)
    with timer(systemd, "/run/private/renew-shop --all"):
        assert false(systemd).endswith(NONE)
        assert renewal(systemd, commands=["/run/private/renew-shop"]).startswith("renew.timer, next run ")


def test_renewal_of_debians_cron_entry_where_systemd_runs(systemd: Namespace, authority: Authority) -> None:
    """The entry that Debian's certbot installs, and a cron that runs: it is systemd's timer that counts."""
    put_leaf(systemd, authority, 60, 90)
    put(systemd, "/etc/cron.d/certbot", DEBIAN)
    systemd.run(str(program("cron")))
    try:
        seen = false(systemd)
    finally:
        systemd.run("sh", "-c", "kill $(cat /run/crond.pid); rm /etc/cron.d/certbot")
    assert seen == "/etc/cron.d/certbot: leaves it to a timer where systemd runs"


DEBIAN = """\
SHELL=/bin/sh
# certbot renew, twice a day
0 */12 * * * root test -x /usr/bin/certbot -a \\! -d /run/systemd/system && perl -e 'sleep int(1)' && certbot -q renew
"""


def test_renewal_of_what_is_kept_by_the_client(systemd: Namespace, authority: Authority) -> None:
    kept = "/root/.acme.sh/shop.example.com_ecc/fullchain.cer"
    with timer(systemd, "/run/private/acme.sh --cron"):
        none = false(systemd, certificates=[])
        put_leaf(systemd, authority, 60, 90, kept)
        try:
            found = renewal(systemd, certificates=[])
            put_leaf(systemd, authority, 5, 90, kept)
            overdue = false(systemd, certificates=[])
            systemd.run("mv", kept, "/root/.acme.sh/old")
            systemd.run("ln", "-s", "../gone", kept)
            broken = false(systemd, certificates=[])
        finally:
            systemd.run("rm", "-r", "/root/.acme.sh")
    assert none == "none where ACME clients keep them; name the files as 'certificates'"
    assert found.endswith(f"; {kept} 60.0 days left of 90.0 days")
    assert overdue == f"{kept}: 5.0 days left of 90.0 days, overdue for renewal"
    assert broken == f"{kept} -> ../gone is not there"


@contextmanager
def cron(machine: Namespace, path: str, text: str, mode: str = "644", *, running: bool = True) -> Iterator[None]:
    """A file that tells cron what to run, with cron running, and neither of them afterwards."""
    put(machine, path, text, mode)
    if running:
        machine.run(str(program("cron")))
    try:
        yield
    finally:
        machine.run(
            "sh", "-c", f"rm {path}; [ ! -e /run/crond.pid ] || {{ kill $(cat /run/crond.pid); rm /run/crond.pid; }}"
        )


CRON: dict[str, tuple[str, str, str]] = {
    "Debian's": ("/etc/cron.d/certbot", DEBIAN, "/etc/cron.d/certbot, at least every 1 days"),
    "root's": (
        "/var/spool/cron/crontabs/root",
        "12 3 * * * /root/.acme.sh/acme.sh --cron\n",
        "/var/spool/cron/crontabs/root, at least every 1 days",
    ),
    "dehydrated's": (
        "/etc/cron.d/dehydrated",
        "7 */6 * * * root /usr/bin/dehydrated -c\n",
        "/etc/cron.d/dehydrated, at least every 1 days",
    ),
    "certbot's way beside renew": (
        "/etc/cron.d/certbot",
        "7 4 * * * root certbot certonly -n --keep-until-expiring --webroot -w /var/www -d shop.example.com\n",
        "/etc/cron.d/certbot, at least every 1 days",
    ),
    "by a shell": (
        "/etc/cron.d/certbot",
        "7 4 * * * root flock /run/tls -c \"'/usr/bin/certbot' renew -q && service nginx reload\"\n",
        "/etc/cron.d/certbot, at least every 1 days",
    ),
    "acme.sh's own": (
        "/etc/cron.d/acme",
        '7 4 * * * root "/root/.acme.sh"/acme.sh --cron --home "/root/.acme.sh" > /dev/null\n',
        "/etc/cron.d/acme, at least every 1 days",
    ),
    "one certificate": (
        "/etc/cron.d/acme",
        "7 4 * * * root acme.sh --renew -d shop.example.com\n",
        "/etc/cron.d/acme, at least every 1 days",
    ),
    "by a variable": (
        "/etc/cron.daily/certbot",
        '#!/bin/sh\nCERTBOT="/usr/bin/certbot"\n"$CERTBOT" renew -q\n',
        "/etc/cron.daily/certbot, at least every 1 days",
    ),
    "a program of the client's name": (
        "/etc/cron.d/certbot",
        "7 4 * * * root /usr/local/bin/certbot-renew.sh >> /var/log/certbot-renew.log 2>&1\n",
        "/etc/cron.d/certbot, at least every 1 days",
    ),
    "looked up": (
        "/etc/cron.d/certbot",
        '7 4 * * * root "$(which certbot)" renew -q\n',
        "/etc/cron.d/certbot, at least every 1 days",
    ),
    "the entry point of a container": (
        "/etc/cron.d/certbot",
        '7 4 * * * root docker-compose run --rm --entrypoint "certbot renew" certbot\n',
        "/etc/cron.d/certbot, at least every 1 days",
    ),
    "evaluated": (
        "/etc/cron.d/certbot",
        '7 4 * * * root eval "certbot renew -q"\n',
        "/etc/cron.d/certbot, at least every 1 days",
    ),
    "beside what asks for the date": (
        "/etc/cron.daily/certbot",
        '#!/bin/sh\nsleep $(($(date +%s) % 3))\nif [ "$(date +%u)" = 1 ]; then\n  backup\nfi\n'
        "[ `date +%d` = 01 ] && backup\n"
        'certbot renew > "/var/log/renew-$(date +%F).log"\n',
        "/etc/cron.daily/certbot, at least every 1 days",
    ),
    "snap's": (
        "/etc/cron.d/certbot",
        "7 4 * * * root /usr/bin/snap run --timer=00:00~24:00/2 certbot.renew\n",
        "/etc/cron.d/certbot, at least every 1 days",
    ),
    "within a text": (
        "/etc/cron.daily/certbot",
        '#!/bin/sh\ncat <<< hello\nSAID="$(certbot renew -q 2>&1)"\n',
        "/etc/cron.daily/certbot, at least every 1 days",
    ),
    "of a container": (
        "/etc/cron.d/certbot",
        "7 4 * * * root docker run --rm -h tls certbot/certbot:v2.11.0 renew -q\n",
        "/etc/cron.d/certbot, at least every 1 days",
    ),
    "weekly": ("/etc/cron.d/lego", "5 4 * * 1 root lego renew\n", "/etc/cron.d/lego, at least every 7 days"),
    "stepped": ("/etc/cron.d/lego", "5 4 */2 * * root lego renew\n", "/etc/cron.d/lego, at least every 2 days"),
    "word": ("/etc/cron.d/lego", "@daily root lego renew\n", "/etc/cron.d/lego, at least every 1 days"),
    "folder": (
        "/etc/cron.weekly/certbot",
        "#!/bin/sh\nset -e\ncertbot renew\n",
        "/etc/cron.weekly/certbot, at least every 7 days",
    ),
}


@pytest.mark.parametrize("case", CRON)
def test_renewal_by_cron(case: str, plain: Namespace, authority: Authority) -> None:
    path, text, seen = CRON[case]
    put_leaf(plain, authority, 60, 90)
    with cron(plain, path, text, "600" if "/spool/" in path else "755"):
        assert renewal(plain) == f"{seen}; {LEAF} 60.0 days left of 90.0 days"


LEGO = "5 4 * * * root lego renew\n"
CRON_BROKEN: dict[str, tuple[str, str, str, str]] = {
    "monthly": ("/etc/cron.d/lego", "5 4 1 * * root lego renew\n", "644", "up to 31 days between two runs"),
    "stepped and a weekday": (
        "/etc/cron.d/lego",
        "5 4 */2 * 1 root lego renew\n",
        "644",
        "up to 21 days between two runs",
    ),
    "yearly": ("/etc/cron.d/lego", "5 4 1 1 * root lego renew\n", "644", "up to 366 days between two runs"),
    "at boot": (
        "/etc/cron.d/lego",
        "@reboot root lego renew\n",
        "644",
        "runs at boot only, or at times that never come",
    ),
    "passed over": ("/etc/cron.d/lego.disabled", LEGO, "644", "cron ignores a file of that name"),
    "without a user": (
        "/etc/cron.d/lego",
        "5 4 * * * lego renew\n",
        "644",
        "cron ignores the whole file, as this line names lego before the command, who is not a user of this host",
    ),
    "with a user in a user's own": (
        "/var/spool/cron/crontabs/root",
        LEGO,
        "600",
        "it would run 'root', as lines in a user's own table name no user",
    ),
    "broken elsewhere": (
        "/etc/cron.d/lego",
        f"61 * * * * root true\n{LEGO}",
        "644",
        "cron ignores the whole file, as another line has 61 where the minute stands",
    ),
    "without a newline": (
        "/etc/cron.d/lego",
        LEGO.strip(),
        "644",
        "cron ignores the whole file, as its last line does not end in a newline",
    ),
    "with the line ends of Windows": (
        "/etc/cron.d/lego",
        LEGO.replace("\n", "\r\n"),
        "644",
        "its line ends in a carriage return (CRLF), which the shell takes for a part of the last word",
    ),
    "writable by a group": (
        "/etc/cron.d/lego",
        LEGO,
        "664",
        "cron ignores the file, as others than its owner may write to it (mode 664)",
    ),
    "of a user who is gone": (
        "/var/spool/cron/crontabs/gone",
        "5 4 * * * lego renew\n",
        "600",
        "cron ignores it, as gone is not a user of this host",
    ),
    "a script that may not be executed": (
        "/etc/cron.daily/lego",
        "#!/bin/sh\nlego renew\n",
        "644",
        "run-parts passes it over, as it is not executable or because of its name",
    ),
    "a script with a dot in its name": (
        "/etc/cron.daily/lego.sh",
        "#!/bin/sh\nlego renew\n",
        "755",
        "run-parts passes it over, as it is not executable or because of its name",
    ),
    "a script with carriage returns": (
        "/etc/cron.daily/lego",
        "#!/bin/sh\r\nlego renew\r\n",
        "755",
        "its first line ends in a carriage return (CRLF), so that its interpreter is not found",
    ),
    "a script without an interpreter": (
        "/etc/cron.daily/lego",
        "lego renew\n",
        "755",
        "it does not begin with a line such as #!/bin/sh, without which run-parts cannot run it",
    ),
    "a script of a month": (
        "/etc/cron.monthly/lego",
        "#!/bin/sh\nlego renew\n",
        "755",
        "up to 31 days between two runs",
    ),
    "rehearsal": ("/etc/cron.d/lego", "5 4 * * * root lego renew --dry-run\n", "644", "it only rehearses (--dry-run)"),
    "a staging server": (
        "/etc/cron.d/certbot",
        "5 4 * * * root certbot renew -q --server https://acme-staging.example.com/directory\n",
        "644",
        "it only rehearses (--server https://acme-staging)",
    ),
    "acme.sh's staging server": (
        "/etc/cron.d/acme",
        "5 4 * * * root acme.sh --cron --test\n",
        "644",
        "it only rehearses (--test)",
    ),
    "dehydrated's test server": (
        "/etc/cron.d/acme",
        "5 4 * * * root dehydrated -c --ca letsencrypt-test\n",
        "644",
        "it only rehearses (--ca letsencrypt-test)",
    ),
    "help": ("/etc/cron.d/certbot", "5 4 * * * root certbot -h renew\n", "644", "it only shows help (-h)"),
    "a quotation mark": (
        "/etc/cron.d/certbot",
        '5 4 * * * root certbot renew --post-hook "nginx -s reload\n',
        "644",
        "the shell does not run it, as a quotation mark in it is not closed",
    ),
}


@pytest.mark.parametrize("case", CRON_BROKEN)
def test_renewal_by_cron_with_one_thing_broken(case: str, plain: Namespace, authority: Authority) -> None:
    path, text, mode, seen = CRON_BROKEN[case]
    put_leaf(plain, authority, 60, 90)
    with cron(plain, path, text, mode):
        assert false(plain) == f"{path}: {seen}"


@pytest.mark.parametrize(
    ("command", "condition"),
    [
        ('[ "$(date +\\%d)" = 01 ] && certbot renew -q', '[ "$(date +%d)" = 01 ]'),
        (
            "test $(date +\\%u) -eq 1 -a -x /usr/bin/certbot && certbot renew",
            "test $(date +%u) -eq 1 -a -x /usr/bin/certbot",
        ),
        ("[ `date +\\%d` -le 7 ] || exit 0; certbot renew", "[ `date +%d` -le 7 ]"),
        ("[ $(/bin/date +\\%d) = 01 ] && { true; certbot renew; }", "[ $(/bin/date +%d) = 01 ]"),
        ("expr $(TZ=UTC date +\\%W) \\% 4 || certbot renew", "expr $(TZ=UTC date +%W) % 4"),
        ("if [ $(date +\\%d) != 01 ]; then exit; fi; certbot renew", "if [ $(date +%d) != 01 ]"),
        ("[ $(($(date +\\%j) \\% 30)) -eq 0 ] && certbot renew", "[ $(($(date +%j) % 30)) -eq 0 ]"),
        ("if [ $(date +\\%d) = 01 ]; then certbot renew; fi", "if [ $(date +%d) = 01 ]"),
        ("case $(date +\\%u) in 1) certbot renew;; esac", "case $(date +%u) in 1) certbot renew"),
    ],
)
def test_renewal_on_certain_days_only(command: str, condition: str, plain: Namespace, authority: Authority) -> None:
    put_leaf(plain, authority, 60, 90)
    with (
        cron(plain, "/etc/cron.d/certbot", f"5 4 * * * root {command}\n"),
        pytest.raises(CouldNotVerify) as caught,
    ):
        renewal(plain)
    assert str(caught.value).startswith(f"/etc/cron.d/certbot renews only where {condition} holds, so that")


def test_renewal_by_the_cron_of_busybox(plain: Namespace, authority: Authority) -> None:
    """It reads tables of users only, and minds neither their mode nor a newline at the end."""
    put_leaf(plain, authority, 60, 90)
    put(plain, "/var/spool/cron/crontabs/root", "5 4 * * * lego renew", "644")
    plain.run("sh", "-c", f"cd /run/private && ln -s {program('busybox')} crond && ./crond -c /var/spool/cron/crontabs")
    try:
        text = renewal(plain)
        plain.run("rm", "/var/spool/cron/crontabs/root")
        put(plain, "/etc/cron.d/lego", LEGO)
        seen = false(plain)
    finally:
        plain.run(
            "sh", "-c", "kill $(pidof crond); rm -f /run/private/crond /etc/cron.d/lego /var/spool/cron/crontabs/root"
        )
    assert text.startswith("/var/spool/cron/crontabs/root, at least every 1 days")
    assert seen == "/etc/cron.d/lego: busybox's crond reads no such file, but tables of users only"


def test_renewal_by_the_cron_of_a_container(plain: Namespace, authority: Authority) -> None:
    """The host sees its process, but it reads other files."""
    put_leaf(plain, authority, 60, 90)
    put(plain, "/etc/cron.d/lego", LEGO)
    start = f"{program('unshare')} --pid --fork --kill-child {program('cron')} -f >/dev/null 2>&1 & echo $!"
    number = plain.run("sh", "-c", start).strip()
    try:
        wait_until(lambda: "cron" in plain.run("sh", "-c", "cat /proc/[0-9]*/comm 2>/dev/null; :").split(), "cron runs")
        seen = false(plain)
    finally:
        plain.run("sh", "-c", f"kill {number}; rm -f /etc/cron.d/lego /run/crond.pid")
    assert seen == "/etc/cron.d/lego: no cron daemon is running"


def test_renewal_by_cron_that_does_not_run(plain: Namespace, authority: Authority) -> None:
    put_leaf(plain, authority, 60, 90)
    with cron(plain, "/etc/cron.d/certbot", DEBIAN, running=False):
        assert false(plain) == "/etc/cron.d/certbot: no cron daemon is running"


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/etc/cron.d/certbot", "# 5 4 * * * root certbot renew\n"),
        ("/etc/cron.d/certbot", "5 4 * * * root true # certbot renew\n"),
        ("/etc/cron.d/certbot", "5 4 * * * root echo certbot renew\n"),
        ("/etc/cron.d/certbot", '5 4 * * * root true || mail -s "certbot renew failed" root\n'),
        ("/etc/cron.d/certbot", '5 4 * * * root /opt/told "certbot renew failed"\n'),
        ("/etc/cron.d/certbot", "5 4 * * * root sh -c 'echo certbot renew'\n"),
        ("/etc/cron.d/certbot", '5 4 * * * root /opt/told "$(hostname): certbot renew failed"\n'),
        ("/etc/cron.d/certbot", "5 4 * * * root /bin/grep -c renew /var/log/certbot renew.log\n"),
        ("/etc/cron.d/certbot", "5 4 * * * root /opt/certbot/backup.sh && systemctl renew\n"),
        ("/etc/cron.d/certbot", "5 4 * * * root apt-get -y install certbot > /var/log/certbot-renew.log\n"),
        ("/etc/cron.d/certbot", "5 4 * * * root find /var/log/letsencrypt/certbot renew -delete\n"),
        ("/etc/cron.d/certbot", "5 4 * * * root systemctl is-active certbot-renew\n"),
        ("/etc/cron.daily/certbot", "#!/bin/sh\n# certbot renew\n"),
        ("/etc/cron.daily/certbot", "#!/bin/sh\ncat > /etc/motd <<'END'\ncertbot renew -q\nEND\n"),
        ("/etc/cron.daily/certbot", "#!/bin/sh\nLOG=/var/log/certbot-renew.log\nfind /var/log -name certbot -delete\n"),
    ],
)
def test_renewal_of_what_cron_does_not_run(path: str, text: str, plain: Namespace, authority: Authority) -> None:
    put_leaf(plain, authority, 60, 90)
    with cron(plain, path, text, "644"):
        assert false(plain).endswith(NONE)


def test_renewal_by_a_script_of_the_teams_own(plain: Namespace, authority: Authority) -> None:
    put_leaf(plain, authority, 60, 90)
    path, script = "/etc/cron.d/tls", "/opt/renew-tls.sh"
    for command in (script, f"bash {script} --quiet", f"[ -x {script} ] && {script} | logger -t tls"):
        with cron(plain, path, f"5 4 * * * root {command}\n", "644"):
            assert renewal(plain, commands=["renew-tls.sh"]).startswith(f"{path}, at least every 1 days")
    for command in (f"gzip {script}.log", f"bash {script}.old", f"cp {script} /backup", f"[ -x {script} ]"):
        with cron(plain, path, f"5 4 * * * root {command}\n", "644"):
            assert false(plain, commands=[script]).endswith(f"{NONE}, {script}")


def test_renewal_by_a_script_that_nothing_runs(plain: Namespace, authority: Authority) -> None:
    put_leaf(plain, authority, 60, 90)
    script = "/etc/cron.daily/lego"
    table = plain.run("cat", "/etc/crontab")
    with cron(plain, script, "#!/bin/sh\nlego renew \\\n  --days 30\nlego renew --dry-run\n", "755"):
        assert renewal(plain).startswith(f"{script}, at least every 1 days")
        try:
            put(plain, "/etc/crontab", table.replace("/etc/cron.daily", "/etc/cron.dayly"))
            nowhere = false(plain)
            put(plain, "/etc/crontab", f"* * * * nobody\n{table}")
            broken = false(plain)
        finally:
            put(plain, "/etc/crontab", table)
    assert nowhere == f"{script}: nothing is scheduled that runs it"
    assert broken.startswith(f"{script}: /etc/crontab, which would run it, does not: cron ignores the whole file, as ")


def test_renewal_by_cron_of_another_owner(plain: Namespace, authority: Authority) -> None:
    put_leaf(plain, authority, 60, 90)
    with cron(plain, "/etc/cron.d/lego", LEGO):
        plain.run("chown", DEPLOY, "/etc/cron.d/lego")
        assert false(plain) == "/etc/cron.d/lego: cron ignores the file, as it does not belong to root"


def test_renewal_by_cron_in_other_notations(plain: Namespace, authority: Authority) -> None:
    put_leaf(plain, authority, 60, 90)
    for line in ("@daily\troot\tlego renew", "5\t4 1-31 */1 0-6\troot lego renew", "0~59 4 * * * root lego renew"):
        with cron(plain, "/etc/cron.d/lego", f"CRON_TZ=UTC\nSHELL = /bin/sh\n{line}\n# end"):
            assert renewal(plain).startswith("/etc/cron.d/lego, at least every 1 days")


def test_renewal_in_tables_that_may_not_be_read(plain: Namespace, authority: Authority) -> None:
    put_leaf(plain, authority, 60, 90)
    with (
        cron(plain, "/var/spool/cron/crontabs/root", "5 4 * * * certbot renew\n", "600"),
        pytest.raises(CouldNotVerify, match=r"/var/spool/cron/crontabs on .* may not be read; set sudo: true"),
    ):
        renewal(plain, user=DEPLOY)


def test_renewal_of_files_that_cannot_be_read(plain: Namespace, authority: Authority) -> None:
    put(plain, "/run/private/text.pem", "no certificate")
    put_leaf(plain, authority, 60, 90, "/run/private/locked.pem", "600")
    with cron(plain, "/etc/cron.d/lego", "5 4 * * * root lego renew\n"):
        assert false(plain, certificates=["/run/private/missing.pem"]) == "/run/private/missing.pem is not there"
        with pytest.raises(CouldNotVerify, match=r"/run/private/text\.pem holds no certificate in PEM"):
            renewal(plain, certificates=["/run/private/text.pem"])
        with pytest.raises(CouldNotVerify, match=r"/run/private/locked\.pem on .* may not be read; set sudo: true"):
            renewal(plain, user=DEPLOY, certificates=["/run/private/locked.pem"])
        with pytest.raises(CouldNotVerify, match=r"/root on .* may not be read"):
            renewal(plain, user=DEPLOY, certificates=[])


def test_renewal_of_timers_that_cannot_be_listed(systemd: Namespace) -> None:
    # There is no D-Bus, which users other than root need to ask systemd.
    with pytest.raises(CouldNotVerify, match=r"the timers and cron jobs could not be read on .*: .*connect to bus"):
        renewal(systemd, user=DEPLOY)


def test_renewal_without_a_connection() -> None:
    with pytest.raises(NotDeclared, match="web declares no connection to log in by"):
        judge("tls.renewal", Host(name="web", address="127.0.0.1"))


@pytest.mark.parametrize(
    "parameters", [{"commands": [""]}, {"commands": ["sh"]}, {"certificates": ["shop.pem"]}, {"every_days": 0}]
)
def test_renewal_refuses(parameters: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        judge("tls.renewal", Host(name="web", connection="local://"), **parameters)


def test_jobs_recorded() -> None:
    """A masked timer and one whose service is missing, which systemd shows like this."""
    found = JOBS.parse(
        "@systemd\n\nId=a.timer\nLoadState=masked\nActiveState=inactive\n\n"
        "Id=b.timer\nLoadState=loaded\nActiveState=active\nUnitFileState=enabled\nUnit=b.service\n\n"
        "Id=b.service\nLoadState=not-found\n\n@daemon cron\n@unreadable /etc/cron.d/x\n"
    )
    assert [(job.name, job.fault) for job in found.jobs] == [
        ("a.timer", "masked"),
        ("b.timer", "its service b.service is not-found"),
    ]
    assert found.unreadable == ("/etc/cron.d/x",)


ALMA = """\
@daemon cronie
@table /etc/cron.d/0hourly	644 0 1 0
@cron /etc/cron.d/0hourly	SHELL=/bin/bash
@cron /etc/cron.d/0hourly	01 * * * * root run-parts /etc/cron.hourly
@account root	0
@script /etc/cron.hourly/0anacron	#!/bin/sh
@script /etc/cron.hourly/0anacron	/usr/sbin/anacron -s
@script /etc/cron.daily/certbot.sh	certbot renew
@anacron /etc/anacrontab	START_HOURS_RANGE=3-22
@anacron /etc/anacrontab	1	5	cron.daily	nice run-parts /etc/cron.daily
@anacron /etc/anacrontab	7 25 lego lego renew
@anacron /etc/anacrontab	@monthly 45 cron.monthly nice run-parts /etc/cron.monthly
@program /usr/sbin/anacron
"""


def test_jobs_of_anacron_recorded() -> None:
    """As on Red Hat's: cron runs the scripts of an hour, one of them anacron, and that those of a day."""

    def told(output: str) -> dict[str, tuple[int, str]]:
        return {job.command: (job.days, job.fault) for job in JOBS.parse(output).jobs}

    found = told(ALMA)
    assert (found["certbot renew"], found["lego renew"]) == ((1, ""), (7, ""))
    assert told(ALMA.replace("@program /usr/sbin/anacron\n", ""))["lego renew"] == (7, "anacron is not installed")
    assert told(f"{ALMA}@bare /etc/cron.daily/certbot.sh\n")["certbot renew"] == (1, "")
    refused = told(ALMA.replace("644 0 1 0", "664 0 1 0"))["certbot renew"][1]
    assert refused.startswith("/etc/anacrontab, which would run it, does not: /etc/cron.hourly/0anacron, which would ")
    assert refused.endswith("cron ignores the file, as others than its owner may write to it (mode 664)")
    timer = "\nId=anacron.timer\nLoadState=loaded\nActiveState=active\nUnitFileState=enabled\nUnit=anacron.service\n"
    timer += "NextElapseUSecRealtime=Mon 2026-11-30 08:30:00 UTC\n\nId=anacron.service\nLoadState=loaded\n"
    timer += "Result=success\nExecStart={ path=/usr/sbin/anacron ; argv[]=/usr/sbin/anacron -d -q ; }\n\n"
    alone = "\n".join(each for each in ALMA.splitlines() if "anacron" in each and "0anacron" not in each)
    assert told(timer + alone)["lego renew"] == (7, "")
    assert told(alone)["lego renew"] == (7, "no cron daemon is running, and nothing is scheduled that runs it")
