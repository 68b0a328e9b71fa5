"""The registration of a domain."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated

from pydantic import Field

from pytest_readiness.core import clock
from pytest_readiness.core.evidence import CouldNotVerify, Evidence, claim
from pytest_readiness.core.registry import check
from pytest_readiness.domains.dns.checks.answers import listed
from pytest_readiness.domains.dns.facts.registration import Registration, is_plain

_BAD = re.compile(r"redemption period|pending (delete|restore)\b.*|(client|server) hold|inactive|pending create")
"""Those of a domain that is about to be lost, does not work, or is not registered yet."""
_GONE = re.compile(
    r"hold|expired|suspend|delet|redempt|quarantine|free|available|cancel|blocked|not registered|out ?zone"
    r"|reserved|not delegated|undelegated|transit"
)
"""Words of a status that RDAP does not define, which may mean that the domain does not work."""
_DEFINED = re.compile(
    r"(client |server )?(delete|renew|transfer|update) prohibited|(pending|active|locked)\b.*|.* period"
    r"|ok|associated|validated|private|proxy|removed|obscured|administrative"
)
"""Those that it does define, and that keep a domain as it is (RFC 8056, and the registry of RDAP at IANA)."""
_LOCKS = ("client transfer prohibited", "server transfer prohibited", "transfer prohibited", "locked")


@check(
    "dns.registration",
    severity="critical",
    remedy="Renew the domain, let the registrar renew it automatically, and clear any hold of the registry.",
    source="RFC 9083 (RDAP), RFC 8056 (status values), RFC 3915 (grace periods)",
)
def registration(registration: Registration, *, min_days: Annotated[int, Field(ge=0)] = 30) -> Evidence:
    """The domain is registered, neither on hold nor about to be deleted, and does not expire soon.

    The registry's RDAP service is asked for the domain, and where it does not know it for the names above it: the
    evidence says which one is registered. Whether it renews by itself, and who owns it, is not seen. Warnings say that
    nothing keeps it from being transferred away, that the registrar's own date comes earlier, as where a registry has
    renewed what nobody has paid for yet, and that a status is none that RDAP knows; where such a one may mean that the
    domain does not work, or where a day of deletion is given, the check could not be done.

    Args:
        min_days: days until the registration ends. 30: a registrar's last reminders are sent about then (ICANN's
            Expired Registration Recovery Policy asks for one a month before).
    """
    expected = f"registered for at least {min_days} days"
    found = registration
    claim(bool(found.name), expected=expected, seen=f"{listed(found.asked)} not registered, as {found.service} answers")
    bad = [each for each in found.status if _BAD.fullmatch(each)]
    claim(not bad, expected=expected, seen=f"{found.name}: {listed(bad)}")
    unknown = [each for each in found.status if not _DEFINED.fullmatch(each)]
    if gone := [each for each in unknown if _GONE.search(each)]:
        raise CouldNotVerify(
            f"{found.service} gives {found.name} the status {listed(gone)}, which RDAP does not define, so that it "
            "is not known whether the domain works; ask the registrar"
        )
    if found.expires is None:
        raise CouldNotVerify(f"{found.service} does not say how long {found.name} is registered")
    left = (found.expires - clock.now()) / timedelta(days=1)
    seen = f"{found.name} until {found.expires:%Y-%m-%d} ({f'{int(left)} days' if left > 0 else 'expired'})"
    claim(left >= min_days, expected=expected, seen=seen)
    if found.deleted is not None and (found.deleted - clock.now()) / timedelta(days=1) < min_days:
        raise CouldNotVerify(
            f"{found.service} gives {found.deleted:%Y-%m-%d} as the day on which {found.name} is deleted, but "
            f"{found.expires:%Y-%m-%d} as the end of its registration; ask the registrar"
        )
    paid = found.paid_until
    early = paid is not None and (paid - clock.now()) / timedelta(days=1) < min_days
    warnings = [
        f"by its registrar, it ends on {paid:%Y-%m-%d}" if early else "",
        "" if any(each in _LOCKS for each in found.status) else "no lock against transfers",
        "the registry is renewing it automatically, which can still be undone"
        if "auto renew period" in found.status
        else "",
        f"RDAP does not define the status {listed(unknown)}" if unknown else "",
        f"{found.service} was asked without TLS" if is_plain(found) else "",
    ]
    return Evidence(f"{seen}; {listed(found.status) or 'no status'}", warning="; ".join(filter(None, warnings)))
