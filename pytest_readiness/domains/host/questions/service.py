"""Units of systemd."""

from __future__ import annotations

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
    """

    unit: str
    type: str
    load: str
    active: str
    sub: str
    enabled: str
    triggered_by: str


def _service(text: str) -> Service:
    seen = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    try:
        return Service(
            unit=seen["Id"],
            type=seen.get("Type", ""),
            load=seen["LoadState"],
            active=seen["ActiveState"],
            sub=seen["SubState"],
            enabled=seen["UnitFileState"],
            triggered_by=seen.get("TriggeredBy", ""),
        )
    except KeyError as missing:
        raise Unread(f"systemctl show does not report {missing}") from None


SERVICE = Question(
    "service",
    "the service",
    """\
[ -d /run/systemd/system ] || refuse 3 "its init is $(cat /proc/1/comm), not systemd"
systemctl show --no-pager -p Id,Type,LoadState,ActiveState,SubState,UnitFileState,TriggeredBy -- "$1"
""",
    _service,
)
"""With the name of a unit: its state; systemd only."""
