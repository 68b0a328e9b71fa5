"""What renews certificates on a host, by its timers and cron tables, and the certificates there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pytest_readiness.domains.host.question import Question

BOOT_ONLY = ("", "disabled", "transient", "enabled-runtime", "linked-runtime")
"""States of a unit file with which a timer that runs now does not come back after the next boot."""

_WORDS = {"@hourly": 1, "@daily": 1, "@midnight": 1, "@weekly": 7, "@monthly": 31, "@yearly": 366, "@annually": 366}
_FOLDERS = {"hourly": 1, "daily": 1, "weekly": 7, "monthly": 31}
_SETTING = re.compile(r"\s*\w+\s*=")
NEVER = 10_000


@dataclass(frozen=True, slots=True)
class Job:
    """A command that a timer or cron is to run.

    Attributes:
        name: the timer, or cron's file.
        command: what is run.
        fault: why it will not run, though it is there; "" where it will.
        failed: how its last run ended, where that is known and was not a success.
        next_run: when it runs next; None where only `days` is known.
        days: most days from one run to the next; `NEVER` where that is not known.
    """

    name: str
    command: str
    fault: str
    failed: str = ""
    next_run: datetime | None = None
    days: int = NEVER


@dataclass(frozen=True, slots=True)
class Jobs:
    """Everything that runs on a schedule on a host.

    Attributes:
        jobs: of timers, then of cron.
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
    told: dict[str, list[tuple[str, str]]] = {}
    for block in output.split("\n\n"):
        fields: dict[str, str] = {}
        for line in block.splitlines():
            name, equals, value = line.partition("=")
            if equals and not line.startswith("@"):
                # A service may have several commands, a line each.
                fields[name] = f"{fields[name]} {value}" if name in fields else value
        if "Id" in fields:
            units[fields["Id"]] = fields
    for line in output.splitlines():
        match = re.fullmatch(r"@(systemd|daemon|unreadable|cron|script)(?: ([^\t]+))?(?:\t(.*))?", line)
        if match:
            told.setdefault(match[1], []).append((match[2] or "", match[3] or ""))
    scripts: dict[str, list[str]] = {}
    for path, text in told.get("script", ()):
        scripts.setdefault(path, []).append(text)
    entries = [(path, *_schedule(text)) for path, text in told.get("cron", ()) if not _SETTING.match(text)]
    for path, texts in scripts.items():
        entries.append((path, _FOLDERS[path.split("/")[2].partition(".")[2]], "; ".join(texts)))
    jobs = [_of_timer(unit, units) for name, unit in sorted(units.items()) if name.endswith(".timer")]
    for path, days, command in entries:
        fault = _cron_fault(path, days, command, systemd="systemd" in told, daemon="daemon" in told)
        jobs.append(Job(name=path, command=command.strip(), fault=fault, days=days))
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
    result = service.get("Result", "")
    return Job(
        name=timer["Id"],
        command="; ".join(commands),
        fault=fault,
        failed="" if result == "success" else result or "unknown",
        next_run=next_run,
    )


def _cron_fault(path: str, days: int, command: str, *, systemd: bool, daemon: bool) -> str:
    folder, _, file = path.rpartition("/")
    if not daemon:
        return "no cron daemon is running"
    if folder.startswith("/etc/cron.") and not re.fullmatch(r"[A-Za-z0-9_-]+", file):
        return "cron ignores a file of that name"
    if systemd and "/run/systemd/system" in command:
        # So do packages that bring a timer, too: where systemd runs, what cron runs ends at once.
        return "leaves it to a timer where systemd runs"
    if days >= NEVER:
        return "runs at boot only, or its schedule is not understood"
    return ""


def _schedule(line: str) -> tuple[int, str]:
    """Most days between two runs, and what is run (with the user before it, in system tables)."""
    first, _, rest = line.strip().partition(" ")
    if first.startswith("@"):
        return _WORDS.get(first, NEVER), rest
    fields = line.split(None, 5)
    if len(fields) < 6 or not all(re.fullmatch(r"[\d*,/A-Za-z-]+", each) for each in fields[:5]):
        return NEVER, line
    _, _, day, month, weekday, command = fields
    if month != "*":
        return 366, command
    if day != "*":
        step = re.fullmatch(r"\*/([1-9]\d?)", day)
        return (min(int(step[1]), 31) if step and weekday == "*" else 31), command
    return (1 if weekday == "*" else 7), command


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
