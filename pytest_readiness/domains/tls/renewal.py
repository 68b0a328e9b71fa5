"""What renews certificates on a host, by its timers and cron tables, and the certificates there."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias, cast

from pytest_readiness.domains.host.question import Question
from pytest_readiness.domains.tls.crontab import WORDS, Cron, Kind, Table, entries
from pytest_readiness.domains.tls.oncalendar import days_between

_Told: TypeAlias = dict[str, list[tuple[str, str]]]
"""Kinds of lines -> the path or word that each is about, and its text."""

BOOT_ONLY = ("", "disabled", "transient", "enabled-runtime", "linked-runtime")
"""States of a unit file with which a timer that runs now does not come back after the next boot."""

_FOLDERS = {"hourly": 1, "daily": 1, "weekly": 7, "monthly": 31}
"""Kinds of /etc/cron.KIND -> most days between two runs."""


@dataclass(frozen=True, slots=True)
class Job:
    """A command that a timer or cron is to run.

    Attributes:
        name: the timer, or cron's file.
        command: what is run.
        fault: why it will not run, though it is there; "" where it will.
        failed: how its last run ended, where that is known and was not a success.
        next_run: when it runs next, where a timer knows it.
        days: most days from one run to the next, where a table or calendar tells; 0 where none does.
    """

    name: str
    command: str
    fault: str
    failed: str = ""
    next_run: datetime | None = None
    days: int = 0


@dataclass(frozen=True, slots=True)
class Jobs:
    """Everything that runs on a schedule on a host.

    Attributes:
        jobs: of timers, then of cron and anacron.
        unreadable: files and folders of cron that the user may not read.
    """

    jobs: tuple[Job, ...]
    unreadable: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StoredCertificate:
    """The first certificate of a file.

    Attributes:
        path: the file.
        absent: there is no such file.
        not_before, not_after: its validity; None where the file holds no certificate.
    """

    path: str
    absent: bool = False
    not_before: datetime | None = None
    not_after: datetime | None = None


def _jobs(output: str) -> Jobs:
    units: dict[str, Mapping[str, str]] = {}
    told: _Told = {}
    for block in output.split("\n\n"):
        fields: dict[str, str] = {}
        for line in block.splitlines():
            name, equals, value = line.partition("=")
            if equals and not line.startswith("@"):
                # A service may have several commands, a line each.
                fields[name] = f"{fields[name]} {value}" if name in fields else value
        if "Id" in fields:
            units[fields["Id"]] = fields
    for line in output.split("\n"):
        match = re.fullmatch(r"@([a-z]+)(?: ([^\t]+))?(?:\t(.*))?", line)
        if match:
            told.setdefault(match[1], []).append((match[2] or "", match[3] or ""))
    jobs = [_of_timer(unit, units) for name, unit in sorted(units.items()) if name.endswith(".timer")]
    jobs += _of_cron(told)
    # What runs the scripts of an hour may start anacron, and anacron what runs those of a day.
    jobs += _of_scripts(told, jobs, ["hourly"])
    jobs += _of_anacron(told, jobs)
    jobs += _of_scripts(told, jobs, ["daily", "weekly", "monthly"])
    return Jobs(tuple(jobs), tuple(path for path, _ in told.get("unreadable", ())))


def _of_timer(timer: Mapping[str, str], units: Mapping[str, Mapping[str, str]]) -> Job:
    service = units.get(timer.get("Unit", ""), {})
    commands = re.findall(r"argv\[\]=(.{0,1000}?) ; ", service.get("ExecStart", ""))
    next_run = None
    with suppress(ValueError):
        next_run = datetime.strptime(timer.get("NextElapseUSecRealtime", ""), "%a %Y-%m-%d %H:%M:%S UTC").replace(
            tzinfo=UTC
        )
    state, enabled = timer.get("ActiveState", ""), timer.get("UnitFileState", "")
    fault = ""
    if timer.get("LoadState") != "loaded":
        fault = timer.get("LoadState", "not loaded")
    elif state != "active":
        fault = f"{state}, {enabled or 'without a unit file'}"
    elif enabled in BOOT_ONLY:
        fault = f"active only until the next boot ({enabled or 'without a unit file'})"
    elif service.get("LoadState") != "loaded":
        fault = f"its service {timer.get('Unit', '')} is {service.get('LoadState', 'unknown')}"
    elif next_run is None:
        fault = "no next run on the calendar (OnCalendar)"
    elif service.get("ConditionTimestamp") and service.get("ConditionResult") == "no":
        fault = f"its service {timer.get('Unit', '')} was passed over, as a condition of the unit was not met"
    result = service.get("Result", "")
    return Job(
        name=timer["Id"],
        command="; ".join(commands),
        fault=fault,
        failed="" if result == "success" else result or "unknown",
        next_run=next_run,
        days=days_between(re.findall(r"OnCalendar=(.{0,500}?) ; ", timer.get("TimersCalendar", ""))),
    )


def _of_cron(told: _Told) -> Iterator[Job]:
    accounts = {name: text.split() for name, text in told.get("account", ())}
    cron = Cron(
        kind=next((cast("Kind", kind) for kind, _ in told.get("daemon", ())), None),
        accounts={name: int(number) for name, (number, *_) in accounts.items()},
        programs=frozenset(name for name, (_, *program) in accounts.items() if program),
    )
    for path, text in told.get("table", ()):
        mode, owner, links, link_owner, *unended = text.split()
        table = Table(
            path=path,
            mode=int(mode, 8),
            owner=int(owner),
            links=int(links),
            link_owner=int(link_owner),
            unended=bool(unended),
            lines=tuple(line for other, line in told.get("cron", ()) if other == path),
        )
        for command, days, fault in entries(table, cron):
            yield Job(path, command, fault or _left_to_others(command, told) or _unclosed(command), days=days)


def _left_to_others(command: str, told: _Told) -> str:
    """Why a command ends at once, as packages write them for hosts on which something else does the same."""
    if "systemd" in told and "/run/systemd/system" in command:
        return "leaves it to a timer where systemd runs"
    if "program" in told and re.search(r"-x \S*/anacron\b[^;&|]*\|\|", command):
        return "leaves it to anacron where that is installed"
    return ""


def _unclosed(command: str) -> str:
    """Why a shell refuses a command of a table, of the mistakes that can be told from the line alone."""
    # A comment may hold an apostrophe, and so may $'…'.
    if "#" in command or "$'" in command:
        return ""
    try:
        shlex.split(command)
    except ValueError:
        return "the shell does not run it, as a quotation mark in it is not closed"
    return ""


def _of_scripts(told: _Told, jobs: Sequence[Job], kinds: Sequence[str]) -> Iterator[Job]:
    """The scripts in /etc/cron.KIND, which run-parts runs, which in turn some job has to run."""
    texts: dict[str, list[str]] = {}
    for path, text in told.get("script", ()):
        texts.setdefault(path, []).append(text)
    passed, returned, bare = ({path for path, _ in told.get(kind, ())} for kind in ("passed", "returned", "bare"))
    # Debian's run-parts hands the file to the system; those of others fall back to a shell.
    bare = bare if ("debian", "") in told.get("daemon", ()) else set()
    for path, lines in texts.items():
        folder = path.rpartition("/")[0]
        kind = folder.rpartition(".")[2]
        if kind not in kinds:
            continue
        fault = ""
        if path in passed:
            fault = "run-parts passes it over, as it is not executable or because of its name"
        elif path in returned:
            fault = "its first line ends in a carriage return (CRLF), so that its interpreter is not found"
        elif path in bare:
            fault = "it does not begin with a line such as #!/bin/sh, without which run-parts cannot run it"
        starter = rf"run-parts\b[^;&|]*\s{re.escape(folder)}/?(?![\w/.-])|\brun-crons\b"
        yield _started(path, "\n".join(lines), fault, _FOLDERS[kind], starter, jobs, told)


def _of_anacron(told: _Told, jobs: Sequence[Job]) -> Iterator[Job]:
    for path, text in told.get("anacron", ()):
        period, *_, command = [*text.split(None, 3), "", "", ""][:4]
        days = WORDS.get(period, 0) or (int(period) if re.fullmatch("[0-9]{1,4}", period) else 0)
        if command and days:
            fault = "" if "program" in told else "anacron is not installed"
            yield _started(path, command, fault, days, r"(?m)\banacron(\s+-\w|\s+start\b|\s*$)", jobs, told)


def _started(name: str, command: str, fault: str, days: int, pattern: str, jobs: Sequence[Job], told: _Told) -> Job:
    """What runs because another job does: as often as both allow.

    Args:
        name, command, fault, days: of the job, were it started all the time.
        pattern: what is in the command of those that start it.
        jobs: among which those are.
        told: what the host printed.
    """
    starters = [job for job in jobs if re.search(pattern, job.command)]
    good = [job for job in starters if not job.fault]
    if not fault and not good:
        no_daemon = "" if "daemon" in told else "no cron daemon is running, and "
        fault = f"{no_daemon}nothing is scheduled that runs it"
        if starters:
            fault = f"{starters[0].name}, which would run it, does not: {starters[0].fault}"
    starter = min(good, key=lambda job: job.days, default=None)
    if starter is None:
        return Job(name, command, fault, days=days)
    return Job(name, command, fault, next_run=starter.next_run, days=max(days, starter.days))


def _certificates(output: str) -> tuple[tuple[StoredCertificate, ...], tuple[str, ...]]:
    found, unreadable = [], []
    for path, kind, text in _files(output):
        if kind == "unreadable":
            unreadable.append(path)
        elif kind == "absent":
            found.append(StoredCertificate(path, absent=True))
        else:
            found.append(_stored(path, text))
    return tuple(found), tuple(unreadable)


def _files(output: str) -> Iterator[tuple[str, str, str]]:
    for block in re.split(r"^(?=@)", output, flags=re.MULTILINE):
        head, _, text = block.partition("\n")
        match = re.fullmatch(r"@(file|absent|unreadable) (.+)", head)
        if match:
            yield match[2], match[1], text


def _stored(path: str, text: str) -> StoredCertificate:
    from cryptography import x509

    try:
        certificate = x509.load_pem_x509_certificate(text.encode())
    except ValueError:
        return StoredCertificate(path)
    return StoredCertificate(path, False, certificate.not_valid_before_utc, certificate.not_valid_after_utc)


JOBS = Question("jobs", "the timers and cron jobs", Path(__file__).with_name("jobs.sh"), _jobs)
"""What timers and cron run."""

CERTIFICATES = Question("certificates", "the certificates", Path(__file__).with_name("certificates.sh"), _certificates)
"""The certificates in files, or without a file in those that ACME clients keep; and what may not be read."""
