"""Units of systemd."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pytest_readiness.domains.host.question import Question, Unread


@dataclass(frozen=True, slots=True)
class Service:
    """A unit of systemd, in systemd's own words.

    Attributes:
        unit: full name.
        type: simple, forking, oneshot …; "" for units that are not services.
        load: loaded, not-found, masked …
        active: active, inactive, failed …
        sub: running, exited, dead …
        enabled: state of the unit file: enabled, disabled, static …
        triggered_by: units that start it on demand.
        restarts: how often systemd has started it again by itself, since somebody last did.
        since_seconds: how long it has been active; None where it is not, or that is not known.
        completed: of a oneshot service that leaves nothing behind, whether it has run since the boot and ended well.
        spent: of a timer, whether it will not elapse any more, and has not since the boot.
        stale: whether its files have changed since systemd read them.
        conflicted_by: units that stop it when they start.
    """

    unit: str
    type: str
    load: str
    active: str
    sub: str
    enabled: str
    triggered_by: str
    restarts: int = 0
    since_seconds: float | None = None
    completed: bool = False
    spent: bool = False
    stale: bool = False
    conflicted_by: tuple[str, ...] = ()


def _service(text: str) -> Service:
    seen = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    begun, now = seen.get("ActiveEnterTimestampMonotonic", ""), seen.get("Uptime", "")
    since = float(now) - int(begun) / 1e6 if begun.isdecimal() and int(begun) and now else None
    restarts = seen.get("NRestarts", "")
    try:
        return Service(
            unit=seen["Id"],
            type=seen.get("Type", ""),
            load=seen["LoadState"],
            active=seen["ActiveState"],
            sub=seen["SubState"],
            enabled=seen["UnitFileState"],
            triggered_by=seen.get("TriggeredBy", ""),
            restarts=int(restarts) if restarts.isdecimal() else 0,
            since_seconds=since,
            # ExecMainCode is waitid's: 1 for one that exited, which one that was stopped did not.
            completed=_has(seen, Type="oneshot", Result="success", ExecMainCode="1", RemainAfterExit="no"),
            spent=_has(seen, SubState="elapsed", LastTriggerUSecMonotonic="0"),
            stale=_has(seen, NeedDaemonReload="yes"),
            conflicted_by=tuple(seen.get("ConflictedBy", "").split()),
        )
    except KeyError as missing:
        raise Unread(f"systemctl show does not report {missing}") from None


def _has(seen: Mapping[str, str], **values: str) -> bool:
    return all(seen.get(name) == value for name, value in values.items())


# systemctl puts names with a backslash (srv-my\x2ddata.mount) in quotes, and doubles it there.
_AS_THEY_ARE = r'tr -d "\"" | tr -s "\\\\"'

SERVICE = Question(
    "service",
    "the service",
    f"""\
[ -d /run/systemd/system ] || refuse 3 "its init is $(cat /proc/1/comm), not systemd"
properties=Id,Type,LoadState,ActiveState,SubState,UnitFileState,TriggeredBy,NRestarts,ActiveEnterTimestampMonotonic
properties=$properties,Result,ExecMainCode,RemainAfterExit,LastTriggerUSecMonotonic,NeedDaemonReload,ConflictedBy
told=$(systemctl show --no-pager -p "$properties" -- "$1") || return
printf "%s\\n" "$told" | {_AS_THEY_ARE}
echo "Uptime=$(cut -d " " -f 1 /proc/uptime)"
""",
    _service,
)
"""With the name of a unit: its state; systemd only."""


def _names(text: str) -> frozenset[str]:
    names = frozenset(text.split())
    if len(names) < 2:
        raise Unread("systemctl show does not report what the default target pulls in")
    return names


BOOT = Question(
    "boot",
    "what starts at boot",
    f"""\
[ -d /run/systemd/system ] || refuse 3 "its init is $(cat /proc/1/comm), not systemd"
# Devices are found at boot and may want services, too.
devices=$(systemctl list-units --type=device --state=active --plain --no-legend --no-pager) || return
new="default.target $(printf "%s\n" "$devices" | cut -d " " -f 1 | tr "\n" " ")"
known=$(printf "%s\n" $new)
while [ -n "$new" ]; do
    told=$(systemctl show --no-pager -p Wants,Requires,BindsTo,Upholds,Triggers -- $new) || return
    told=$(printf "%s\n" "$told" | {_AS_THEY_ARE} | sed "s/^[A-Za-z]*=//" | tr " " "\n")
    new=$(printf "%s\n" "$told" | sort -u | grep -vxF -e "$known" -e "")
    known="$known
$new"
done
printf "%s\n" "$known"
systemctl show --no-pager -p Id -- default.target | sed "s/^Id=//"
""",
    _names,
)
"""Names of the units that the default target starts, through any number of others, or that these trigger; systemd."""
