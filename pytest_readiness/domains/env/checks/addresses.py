"""Claims about the addresses that variables hold; no piece of one is ever shown, only names and counts."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated

from pydantic import Field

from pytest_readiness.core.evidence import CouldNotVerify, Evidence, claim
from pytest_readiness.core.registry import check
from pytest_readiness.core.spelling import spelled
from pytest_readiness.domains.env.addresses import LOCAL, Address, Tls, addresses_in, demands_tls
from pytest_readiness.domains.env.facts import EnvFacts
from pytest_readiness.domains.env.facts.connecting import EnvConnection
from pytest_readiness.domains.env.hosts import SERVES, hosts_in, is_development, is_local
from pytest_readiness.domains.env.shared import (
    Name,
    Names,
    count,
    in_different_ways,
    least_of,
    listed,
    refuse_odd_lines,
    refuse_references,
    texts_of,
    values_of,
    visible_text,
)

Excepted = Annotated[list[Name], Field(max_length=100)]
HostName = Annotated[str, spelled(r"^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$", "a host's name, such as staging.example.com")]
_NO_ADDRESSES = re.compile(r"(?:.*_)?(?:CSP|CONTENT_SECURITY_POLICY|XMLNS|NAMESPACES?)(?:_.*)?")
"""Names of variables in whose values addresses are words of a policy or names of something."""


@check(
    "env.no_localhost",
    severity="high",
    remedy="Write the address of the service that the release is to use.",
    source="RFC 6761 (special-use names); RFC 1122 section 3.2.1.3 (127.0.0.0/8)",
)
def no_localhost(
    env_facts: EnvFacts,
    *,
    names: Names | None = None,
    excepted: Excepted = [],  # noqa: B006
    development: Annotated[list[HostName], Field(max_length=100)] = [],  # noqa: B006
) -> Evidence:
    """No address or host in the file's values is that of the machine itself or of a development host.

    Looked at are URLs and connection strings, also in lists and JSON, all their hosts, and hosts alone where the
    variable's name says that it is one (DB_HOST, KAFKA_BROKERS). Found are localhost and 127.0.0.0/8 however they are
    written (127.1, 2130706433, [::ffff:7f00:1]), 0.0.0.0, host.docker.internal, names that end in .local, .test,
    .localhost, .example and .invalid, and tunnels such as ngrok's; not names in *.svc.cluster.local. Variables that say
    where the program itself listens, or whom it lets in (HOST, BIND…, LISTEN…, NO_PROXY, ALLOWED_HOSTS), are left out.
    What a name leads to is not asked.

    Args:
        names: variables to look at, each of which must be set; unless given, all of the file.
        excepted: variables that may hold such an address, for example that of a sidecar.
        development: further development hosts; what ends in a dot and one of them is one, too.
    """

    def judged(name: str, text: str) -> str:
        hosts = hosts_in(name, text, named=bool(names))
        return "" if not hosts else "found" if any(is_development(host, development) for host in hosts) else "fine"

    found = _judged(env_facts, names, excepted, judged)
    bad = [name for name, state in found.items() if state == "found"]
    claim(not bad, expected="no address of this machine or a development host", seen=f"one in {listed(bad)}")
    _refuse_unread(env_facts, names, excepted, found)
    return Evidence(f"other hosts only in {count(found)}: {listed(found)}")


@check(
    "env.urls_secure",
    severity="high",
    remedy="Use the scheme with TLS (https, rediss, amqps), or the driver's option (sslmode=verify-full, tls=true).",
    source="PostgreSQL documentation, 'SSL Support'; documentation of the drivers of MySQL, MongoDB and Redis",
)
def urls_secure(
    env_facts: EnvFacts,
    *,
    names: Names | None = None,
    excepted: Excepted = [],  # noqa: B006
    verify: bool = False,
) -> Evidence:
    """Every address in the file's values demands TLS, by its scheme or by an option, as its own driver reads it.

    PostgreSQL's sslmode=prefer, its default, and allow fall back to a connection without TLS; redis:// with an option
    ssl is without it. Where PGSSLMODE is set in the file, it counts for what libpq reads. Not encrypted need
    be what does not leave the machine: unix sockets, files, and hosts that are the machine itself. Addresses among
    the words of a policy (CSP…), names of XML and HTTPS_PROXY are left out. Hosts and options in variables of their own
    (DB_HOST, DB_SSL) are not looked at, nor is a server: whether it speaks TLS, and what a program makes of an address.

    Args:
        names: variables to look at, each of which must hold an address; unless given, all of the file, one at least.
        excepted: variables whose addresses need not demand it, for example within a cluster.
        verify: whether an address must also have the certificate verified (sslmode=verify-ca or verify-full). Unless
            set, one that does not passes with a warning (sslmode=require), if it does not turn that off itself.
    """
    mode = env_facts.variables["PGSSLMODE"].value.get_secret_value() if "PGSSLMODE" in env_facts.variables else ""
    why: dict[str, str] = {}

    def judged(name: str, text: str) -> str:
        if _NO_ADDRESSES.fullmatch(name.upper()) and not names:
            return ""
        states: dict[str, str] = {
            said.state: said.why for address in _secured(name, text) for said in [_tls(address, mode.lower())]
        }
        worst = next((state for state in _WORST if state in states), "")
        why[name] = f"{name} ({states.get(worst, '')})"
        return worst

    found = _judged(env_facts, names, excepted, judged)
    bad = [name for name, state in found.items() if state in ("plain", "unverified", *["encrypted"] * verify)]
    expected = f"TLS{' with the certificate verified' if verify else ''} demanded by every address"
    claim(not bad, expected=expected, seen=listed(why[name] for name in bad))
    unknown = [name for name, state in found.items() if state in ("unknown", *["assumed"] * verify)]
    if unknown:
        raise CouldNotVerify(f"whether TLS is demanded is not known of {listed(why[name] for name in unknown)}")
    _refuse_unread(env_facts, names, excepted, found)
    loose = [why[name] for name, state in found.items() if state == "encrypted"]
    own = [name for name, state in found.items() if state == "local"]
    return Evidence(
        f"TLS is demanded in {count(found.keys() - set(own))} of {len(found)} with addresses"
        + (f", and not needed on the machine itself in {listed(own)}" if own else ""),
        warning=f"the certificate is not verified in {listed(loose)}" if loose else "",
    )


_WORST = ("plain", "unverified", "unknown", "encrypted", "assumed", "verified", "local")


def _secured(name: str, text: str) -> list[Address]:
    addresses = [address for _, address in addresses_in({name: text})]
    # A proxy for https hands on what is encrypted from end to end; names of XML begin so and are no addresses.
    return [
        each for each in addresses if not (each.scheme == "http" and (name.upper() == "HTTPS_PROXY" or _is_name(each)))
    ]


def _is_name(address: Address) -> bool:
    return any(
        host in ("www.w3.org", "xmlns.com", "schemas.xmlsoap.org", "schemas.microsoft.com") for host, _ in address.hosts
    )


def _tls(address: Address, pgsslmode: str) -> Tls:
    if address.wrong:
        return Tls("unknown", address.wrong)
    is_own = address.is_socket or LOCAL.fullmatch(address.scheme)
    if is_own or (address.hosts and all(is_local(host) or host.startswith("/") for host, _ in address.hosts)):
        return Tls("local", "it does not leave the machine")
    return demands_tls(address, pgsslmode) if address.hosts else Tls("unknown", "it names no host")


@check(
    "env.connection",
    severity="critical",
    remedy="Mend the address or its credentials; the log of the server that it names says why it refused them.",
    asks=lambda env_file, names: {"env_connection": list(dict.fromkeys(names))},  # noqa: ARG005
)
def connection(
    env_facts: EnvFacts,
    env_connection: Mapping[str, EnvConnection],
    *,
    names: Annotated[list[Name], Field(min_length=1, max_length=20)],
) -> Evidence:
    """From the runner, a connection opens to what each named variable holds, with the credentials in it.

    It is the runner that connects: whether the release can from its own place is not looked at, and what the runner
    cannot reach could not be verified. PostgreSQL must answer SELECT 1, Redis PING; of an http or https address only
    its host, and a user and password in it where GET / needs them, are tried, not its path or a token there. Where
    several hosts are named, one is enough. For addresses of other kinds there is no driver yet: they could not be
    verified.

    Args:
        names: variables that hold an address each, at least one.
    """
    values_of(env_facts, names)
    refused = [f"{name}: {env_connection[name].words}" for name in names if env_connection[name].outcome == "refused"]
    claim(
        not refused, expected=f"a connection with {listed(names)}", seen="; ".join(each[:250] for each in refused[:10])
    )
    for name in names:
        if env_facts.variables[name].unclear:
            raise in_different_ways(env_facts, name)
        if env_connection[name].outcome != "opened" or not env_connection[name].words:
            raise CouldNotVerify(f"{name} was not connected to")
    warnings = [f"{name}: {env_connection[name].warning}" for name in names if env_connection[name].warning]
    told = "; ".join(f"{name}: {env_connection[name].words}"[:200] for name in names)
    return Evidence(f"from the runner, {told}", warning=listed(warnings))


def _texts(facts: EnvFacts, names: Sequence[str] | None, excepted: Sequence[str]) -> dict[str, str]:
    all_of_them = {name: visible_text(each.value.get_secret_value()) for name, each in facts.variables.items()}
    texts = texts_of(facts, names) if names else all_of_them
    return {
        name: text for name, text in texts.items() if name not in excepted and (names or not SERVES.fullmatch(name))
    }


def _judged(
    facts: EnvFacts, names: Sequence[str] | None, excepted: Sequence[str], judge: Callable[[str, str], str]
) -> dict[str, str]:
    """What is said of each variable whose value is known, and in which there is something to be judged."""
    found: dict[str, str] = {}
    for name, text in _texts(facts, names, excepted).items():
        variable = facts.variables[name]
        if variable.unfilled or variable.references:
            continue
        state = judge(name, text)
        if variable.unclear and judge(name, least_of(variable)) != state:
            found[name] = "unclear"
        elif state:
            found[name] = state
    return found


def _refuse_unread(
    facts: EnvFacts, names: Sequence[str] | None, excepted: Sequence[str], found: Mapping[str, str]
) -> None:
    """Refuse to pass where an address may be in what is not known, or where there is none at all."""
    texts = _texts(facts, names, excepted)
    if not names:
        refuse_odd_lines(facts)
    refuse_references(facts, [name for name, text in texts.items() if names or "://" in text or hosts_in(name, "a.b")])
    wrong = [name for name, address in addresses_in(texts) if address.wrong]
    if wrong:
        raise CouldNotVerify(f"the address in {listed(dict.fromkeys(wrong))} cannot be taken apart")
    for name in (name for name, state in found.items() if state == "unclear"):
        raise in_different_ways(facts, name)
    lacking = [name for name in names or () if name not in found and name not in excepted]
    if lacking or not found:
        where = f"in {listed(lacking)}" if lacking else f"in {facts.path}"
        raise CouldNotVerify(f"no address that could be looked at is {where}")
