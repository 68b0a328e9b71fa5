"""Whether a host renews its certificates by itself."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from itertools import islice
from typing import Annotated, Any

from pydantic import Field

from pytest_readiness.core import clock
from pytest_readiness.core.evidence import CouldNotVerify, Evidence, claim
from pytest_readiness.core.registry import check
from pytest_readiness.core.text import cut, visible
from pytest_readiness.domains.host.facts import asked
from pytest_readiness.domains.host.resource import Host
from pytest_readiness.domains.tls.checks.protocol import DAY, days, listed
from pytest_readiness.domains.tls.renewal import CERTIFICATES, JOBS, Job, Jobs, StoredCertificate

AbsolutePath = Annotated[str, Field(pattern=r"^/[^\x00\n]*$", max_length=1024)]
Words = Annotated[str, Field(min_length=4, max_length=200, pattern=r"\S")]

_END = r"(?![\w.-])"
CLIENTS = (
    (
        "certbot",
        # Also snap's certbot.renew, and a program of the name certbot-renew.
        re.compile(
            rf"(?<![\w.-])certbot([.-]renew(\.sh)?(?![\w./-])|"
            rf"(-auto)?(?=[\s/:@\"']).{{0,1000}}\s(renew{_END}|--keep\b))"
        ),
    ),
    ("acme.sh", re.compile(r"(?<![\w.-])acme\.sh\b.{0,1000}--(cron|renew)\b")),
    ("lego", re.compile(rf"(?<![\w.-])lego(?=[\s/:@\"']).{{0,1000}}\srenew{_END}")),
    ("dehydrated", re.compile(r"(?<![\w.-])dehydrated\b.{0,1000}(\s-c\b|--cron\b)")),
)
"""Clients of ACME, and what their renewal commands look like."""

_REHEARSAL = re.compile(
    r"(?<!\S)(--(dry-run|test-cert|staging|test)|(--server|--ca|-s)[=\s]\S{0,200}(staging|[_-]test))\b"
)
_HELP = re.compile(r"(?<!\S)(--help|-h|help)(?!\S)")
_STATEMENTS = re.compile(r"[;\n]|&&|\|\|?")
_QUOTED = re.compile(
    r"""(?P<shell>\s-[a-z]{0,9}c\s{1,20}|\beval\s{1,20}|\s--entrypoint[\s=])?(?P<text>"[^"\n]*"|'[^'\n]*')"""
)
"""Quoted text, and whether it is what is to be run (`sh -c "…"`)."""
_LOOKED_UP = re.compile(r"(?:\$\(|`)\s{0,9}(?:which|command\s{1,9}-v|type\s{1,9}-p)\s{1,9}([\w./-]{1,100})\s{0,9}[)`]")
"""A program whose path is looked up, to be called by it: `$(which certbot)`."""
_DATED = re.compile(
    r"(?<![\w-])(?:(?P<block>if|case|while|until)\s|\[|(?:test|expr)\s|(?<!\$)\(\()"
    r"[^;\n&|]{0,200}?(?:\$\(|`)\s{0,9}(?:[\w./=+-]{0,60}[/\s])?date\s[^;\n&|)`]{0,200}"
)
"""A condition of the shell that asks for the day or hour."""
_MOST_CONDITIONS = 20
"""Conditions of a script that are looked at."""
_SUBSTITUTED = re.compile(r"\$\(([^()]*)\)|`([^`]*)`")
"""Commands within a text (`"$(…)"`), which the shell runs, too."""
_NAMED = re.compile(
    r"((if|then|else|do|while|until|sudo|!|[({])\s{1,20}){0,5}([\w./-]{1,100}/)?(echo|printf|logger|mailx?|test|\[{1,2}|which|ls|cat|head|tail|e?grep|rm|cp|mv|ln"
    r"|touch|chmod|chown|tar|rsync|scp|g?zip|xz|bzip2|curl|wget|wall|pkill|killall"
    r"|find|tee|sed|awk|sleep|man|less|vim?|nano|stat|journalctl|:"
    r"|systemctl\s{1,20}(status|stop|disable|mask|show|cat|enable|is-[a-z]{1,20}|reset-failed))\s"
)
"""Statements that only name a command, or do something else with its file than to run it."""
_HERE = re.compile(r"(?<!<)<<(?!<)-?\s{0,9}[\"']?(\w{1,40})")
_SET = re.compile(
    r"(?m)^[ \t]{0,40}(?:export |readonly )?([A-Za-z_]\w{0,40})="
    r"(\"[^\"\n$]{0,200}\"|'[^'\n]{0,200}'|[\w./-]{0,200}|\"?\$\(date [^()\n]{0,100}\)\"?)[ \t]{0,40}$"
)
"""A variable of a script that is set to a text, or to the date, on a line of its own."""
_MOST_EXPANDED = 1000
"""Variables of a script that are put in, so that it does not grow without bounds."""


@check(
    "tls.renewal",
    severity="high",
    remedy="Let a timer or cron run the ACME client daily (certbot: systemctl enable --now certbot.timer), and look at "
    "why its last run failed.",
    source="RFC 8555; Let's Encrypt integration guide (renew when a third of the lifetime is left)",
    asks=lambda host, certificates: asked(host, [JOBS(), CERTIFICATES(*certificates)]),
)
def renewal(
    host_facts: Mapping[str, Any],
    readiness_host: Host,
    *,
    certificates: list[AbsolutePath] = [],  # noqa: B006
    commands: list[Words] = [],  # noqa: B006
    every_days: Annotated[int, Field(ge=1, le=31)] = 7,
) -> Evidence:
    """A job that renews certificates is scheduled on the host, and no certificate there is overdue for it.

    A job is a systemd timer that is active, comes back after a boot, has a next run (OnCalendar), in time by its
    calendar, too, and whose last run did not fail; or an entry of cron that a running cron daemon takes, by the rules
    of Debian's, of cronie or of busybox (owner and mode of the file, its name, the newline at its end, the fields of
    time, the user, % and CRLF); or a script in /etc/cron.daily and the like that the system can start, or an entry of
    anacron, which one of these runs. An ACME client that is only installed does not count, nor does Debian's entry for
    certbot in cron.d where systemd runs, as that does nothing, nor a rehearsal (--dry-run, a staging server), nor what
    only names a client or does something else with its files (a mail, a backup). One that renews on certain days only,
    by a condition on the date, could not be verified. Whether what cron runs is there, is reached in its script and
    succeeds is not seen.

    The certificates are read from files, and each must have a quarter of its lifetime left, or 20 days where that is
    less: clients renew when a third or 30 days are left, so that certificates of 90 or 47 days never fall below it
    while renewal works. That this job renews just these files is not seen, and neither is what a server presents:
    tls.expiry sees that. Renewal by the server itself (Caddy, Traefik) or by a cluster (cert-manager) is not seen
    either.

    Args:
        certificates: files in PEM, by absolute path; the first certificate of each counts. Default: what certbot,
            acme.sh, lego and dehydrated keep in their own places; one must be there.
        commands: whole words of further commands that renew, at least 4 characters, such as the path of a script of
            your own; certbot, acme.sh, lego and dehydrated are known.
        every_days: longest accepted time between two runs, in days, 1 to 31. 7: several tries before it is too late
            for a certificate of 47 days.
    """
    # Certificates that could not be read are no matter where no job renews any.
    answers = iter(host_facts.values())
    found: Jobs = next(answers)
    rehearsals = {job: _rehearses(job.command, commands) for job in found.jobs}
    renewing = [job for job in found.jobs if rehearsals[job] is not None]
    expected = f"a timer or cron job that renews certificates every {every_days} days or more often"
    told = {job: rehearsals[job] or _fault(job, every_days) for job in renewing}
    certain = {job: _dated(job.command, commands) for job, fault in told.items() if not fault}
    good = [job for job, condition in certain.items() if not condition]
    faults = listed([f"{job.name}: {fault}" for job, fault in told.items()])
    if not good and found.unreadable:
        raise _unread(found.unreadable, readiness_host.where, f"; of what may be, {faults}" if faults else "")
    known = ", ".join([*(name for name, _ in CLIENTS), *commands])
    claim(bool(renewing), expected=expected, seen=f"{len(found.jobs)} timers and cron jobs, none with {known}")
    if certain and not good:
        job, condition = next(iter(certain.items()))
        raise CouldNotVerify(
            f"{job.name} renews only where {condition} holds, so that it is not known how often that is; let the "
            "schedule say when, and the client decides what is due"
        )
    claim(bool(good), expected=expected, seen=faults)
    failed = [job for job in renewing if job.failed and not job.fault and not rehearsals[job]]
    claim(not failed, expected=expected, seen=listed([f"{job.name}: {told[job]}" for job in failed]))
    stored, unreadable = next(answers)
    if unreadable and (certificates or not stored):
        raise _unread(unreadable, readiness_host.where)
    text = _overdue(stored)
    return Evidence(f"{listed([_scheduled(job) for job in good])}; {text}")


def _rehearses(command: str, commands: Sequence[str]) -> str | None:
    """Why a command that names a client renews nothing, "" where it does renew, None where it names none."""
    text = _script(command)
    statements = _STATEMENTS.split(_QUOTED.sub(_unquoted, text))
    known = _known(commands)
    matches = [
        (each, next((found for one in known if (found := one.search(each))), None))
        for each in statements
        if not _NAMED.match(each.lstrip())
    ]
    # Options before the client's name are those of what starts it.
    renewing = [each[found.start() :] for each, found in matches if found]
    if not renewing:
        return None
    faults = [_nothing(each) for each in renewing]
    return "" if "" in faults else faults[0]


def _known(commands: Sequence[str]) -> list[re.Pattern[str]]:
    own = [re.compile(rf"(?<![\w.-]){re.escape(words)}{_END}") for words in commands]
    return [*(client for _, client in CLIENTS), *own]


def _script(command: str) -> str:
    """What a job runs, without line ends within commands and the texts that no shell runs, and with its variables."""
    return _LOOKED_UP.sub(r"\1", _expanded(_without_texts(command.replace("\\\n", " "))))


def _dated(command: str, commands: Sequence[str]) -> str:
    """The condition on the date behind which all renewing in a command stands; "" where some does not."""
    script, known = _script(command), _known(commands)
    calls = sorted(found.start() for one in known for found in islice(one.finditer(script), _MOST_CONDITIONS))
    behind = {}
    for condition in islice(_DATED.finditer(script), _MOST_CONDITIONS):
        for call in calls:
            between = script[condition.end() : call]
            if call < condition.end() or call in behind or _ended(between, block=bool(condition["block"])):
                continue
            shown = re.split(r"[;\n&|]", script[condition.start() : condition.start() + 200])[0]
            behind[call] = cut(visible(shown.strip()), 60)
    return next(iter(behind.values()), "") if len(behind) == len(calls) else ""


def _ended(between: str, *, block: bool) -> bool:
    """Whether a condition says nothing any more about what comes after this text."""
    if block:
        end = re.search(r"\b(fi|else|esac|done)\b", between)
        return end is not None and not re.search(r"\bthen\s{1,20}(exit|return)\b", between[: end.start()])
    if re.match(r"[^;\n]{0,200}?(\|\||&&)\s{0,9}(exit|return)\b", between):
        return False
    if group := re.match(r"[^;\n]{0,200}?&&\s{0,9}\{\s", between):
        return bool(re.search(r"[;\n]\s{0,40}\}", between[group.end() :]))
    return ";" in between or "\n" in between


def _nothing(statement: str) -> str:
    """Why a client that is called to renew does not."""
    if flag := _REHEARSAL.search(statement):
        return f"it only rehearses ({flag[0]})"
    return f"it only shows help ({flag[0]})" if (flag := _HELP.search(statement)) else ""


def _without_texts(script: str) -> str:
    """A script without the texts within it (`cat <<EOF`) that no shell is given to run."""
    kept, end = [], ""
    for line in script.split("\n"):
        if end:
            end = "" if line.strip() == end else end
            continue
        kept.append(line)
        here = _HERE.search(line)
        if here and _NAMED.match(line.lstrip()):
            end = here[1]
    return "\n".join(kept)


def _expanded(script: str) -> str:
    """A script with the variables that it sets to a text, such as `CERTBOT=/usr/bin/certbot`, put in."""
    values = {name: value.strip("\"'") for name, value in _SET.findall(script)}

    def value(match: re.Match[str]) -> str:
        return str(values.get(match[1], match[0]))

    return re.sub(r"\$\{?(\w{1,41})\}?", value, script, count=_MOST_EXPANDED) if values else script


def _unquoted(quoted: re.Match[str]) -> str:
    """What a shell is to run stands on its own; other text of several words is a subject or a message, and goes.

    What is to be put into such a text, by `$(…)`, is run.
    """
    text = quoted["text"][1:-1]
    if quoted["shell"]:
        return f"; {text};"
    if inner := [one or other for one, other in _SUBSTITUTED.findall(text if quoted["text"][0] == '"' else "")]:
        return f"; {'; '.join(inner)};"
    return text if len(text.split()) == 1 else " "


def _fault(job: Job, every_days: int) -> str:
    if job.fault:
        return job.fault
    if job.failed:
        return f"its last run failed ({job.failed})"
    if job.next_run is not None and job.next_run > clock.now() + every_days * DAY:
        return f"its next run is on {job.next_run:%Y-%m-%d} only"
    return f"up to {job.days} days between two runs" if job.days > every_days else ""


def _scheduled(job: Job) -> str:
    if job.next_run is not None:
        return f"{job.name}, next run {job.next_run:%Y-%m-%d %H:%M} UTC"
    return f"{job.name}, at least every {job.days} days"


def _overdue(stored: Sequence[StoredCertificate]) -> str:
    expected = "certificates that are renewed in time"
    claim(bool(stored), expected=expected, seen="none where ACME clients keep them; name the files as 'certificates'")
    return listed([f"{each.path} {_left(each, expected)}" for each in stored])


def _left(each: StoredCertificate, expected: str) -> str:
    claim(not each.absent, expected=expected, seen=f"{each.path} is not there")
    if each.not_before is None or each.not_after is None:
        raise CouldNotVerify(f"{each.path} holds no certificate in PEM")
    lifetime, left = each.not_after - each.not_before, each.not_after - clock.now()
    wanted = min(20 * DAY, lifetime / 4)
    early = f"{each.path}: valid only from {each.not_before:%Y-%m-%d %H:%M} UTC"
    claim(left <= lifetime, expected=expected, seen=early)
    claim(left > timedelta(), expected=expected, seen=f"{each.path}: expired {days(-left, beside=timedelta())} ago")
    seen = f"{each.path}: {days(left, beside=wanted)} left of {days(lifetime)}, overdue for renewal"
    claim(left >= wanted, expected=expected, seen=seen)
    return f"{days(left)} left of {days(lifetime)}"


def _unread(paths: Sequence[str], where: str, told: str = "") -> CouldNotVerify:
    return CouldNotVerify(f"{listed(paths)} on {where} may not be read; set sudo: true on this host{told}")
