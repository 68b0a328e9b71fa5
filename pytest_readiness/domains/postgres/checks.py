"""PostgreSQL databases."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Any

from pydantic import Field

from pytest_readiness.core import clock
from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify, Evidence, NotDeclared, claim
from pytest_readiness.core.registry import check
from pytest_readiness.domains.postgres.facts import (
    HARMLESS,
    PostgresFacts,
    PostgresSession,
    Role,
    ServerTls,
    WithoutTls,
)
from pytest_readiness.domains.postgres.resource import Postgres

END_OF_SUPPORT = {
    13: date(2025, 11, 13),
    14: date(2026, 11, 12),
    15: date(2027, 11, 11),
    16: date(2028, 11, 9),
    17: date(2029, 11, 8),
    18: date(2030, 11, 14),
}
"""Day of the final release of each major version: https://www.postgresql.org/support/versioning/"""

POWERFUL = (
    "alloydbsuperuser",
    "azure_pg_admin",
    "cloudsqlsuperuser",
    "mdb_admin",
    "mdb_replication",
    "neon_superuser",
    "rds_password",
    "rds_replication",
    "rds_superuser",
    "supabase_admin",
    "yb_db_admin",
)
"""Roles that a provider has in the superuser's place, or in that of REPLICATION or CREATEROLE. Its server knows them by
name: no attribute shows what they may do."""
MOST_RIGHTS = 5
"""Of single rights that are named."""
MOST_NAMES = 20
"""Of roles, databases and schemas that are named."""
_RELEASE = re.compile(r"\d+\.\d+(?: .*)?")
"""How PostgreSQL calls its releases since version 10; who builds one may write something after a blank."""
_EXPLAINED = "auto_explain.log_min_duration"
_LEVELS = (
    *("debug5", "debug4", "debug3", "debug2", "debug1", "info", "notice", "warning", "error"),
    # In a server's log; among what clients are sent it stands lower.
    *("log", "fatal", "panic"),
)


@check(
    "postgres.connects",
    severity="critical",
    remedy="Check role, password, database and pg_hba.conf; the server's log has the details.",
)
def connects(postgres: Postgres, postgres_facts: PostgresFacts) -> Evidence:
    """A session opens with the declared credentials and answers a query.

    From the runner: whether the application can connect from its own place is not looked at.
    """
    session = postgres_facts.session
    if session is None:
        raise ClaimFalse(f"a session at {postgres.where}", postgres_facts.refusal)
    return _seen(
        session,
        f"from the runner, {session.place.user} on {postgres.where}: PostgreSQL {session.version} answered SELECT 1 in "
        f"{session.round_trip_ms:.1f} ms",
    )


@check(
    "postgres.tls",
    severity="high",
    remedy="Set ssl = on, and let remote clients in by hostssl lines only (pg_hba.conf).",
    source="PostgreSQL documentation, 'Secure TCP/IP Connections with SSL'; CIS PostgreSQL Benchmark",
)
def tls(postgres: Postgres, postgres_facts: PostgresFacts, postgres_without_tls: WithoutTls) -> Evidence:
    """The session is encrypted, and the server refuses the same one without TLS.

    Both sides must call the session encrypted, or else something between them terminates TLS. A second connection,
    without TLS and without a password, must be refused before it is asked for one, at each address of the server. That
    is seen for the declared role and database from the runner's address; other lines of pg_hba.conf are not looked at.
    The server's certificate is verified where the connection string asks for it, or names no sslmode and the target
    declares `ca`; else the check passes with a warning.
    """
    session = postgres_facts.session
    expected = "a TLS session, and none without TLS"
    if session is None:
        claim(postgres_facts.refused_for != "tls", expected=expected, seen=postgres_facts.refusal)
    session = _opened(postgres_facts)
    if not session.place.address:
        raise NotDeclared(f"{postgres.name} is reached over a unix socket, on which there is nothing to encrypt")
    claim(session.encrypted, expected=expected, seen=f"a session without TLS (sslmode={session.sslmode})")
    server: ServerTls = _known(session, "server_tls")
    between = "the server's side of the session is without TLS: something in between terminates it"
    claim(server.on, expected=expected, seen=between)
    words, at = postgres_without_tls.words, postgres_without_tls.place and f" at {postgres_without_tls.place}"
    if postgres_without_tls.answer == "unclear":
        raise CouldNotVerify(f"a connection without TLS{at} ended neither in a session nor in a refusal: {words}")
    claim(
        postgres_without_tls.answer == "refused",
        expected=expected,
        seen=f"{server.protocol}, but without TLS {postgres_without_tls.answer}{at}{words and f': {words}'}",
    )
    text = f"{server.protocol}, {server.cipher}; without TLS refused: {words}"
    silent = ", ".join(postgres_without_tls.silent)
    warning = f"no answer to a connection without TLS at {silent}" if silent else ""
    if session.verified:
        return _seen(session, f"{text}; the certificate's {session.verified} verified", warning)
    missing = "write sslmode=verify-full, or leave sslmode out" if postgres.ca else "declare ca"
    unverified = f"the server's certificate is not verified (sslmode={session.sslmode}): {missing}"
    return _seen(session, text, unverified, warning)


@check(
    "postgres.version_supported",
    severity="high",
    remedy="Upgrade to a supported major version (pg_upgrade, logical replication, or the provider's way).",
    source="https://www.postgresql.org/support/versioning/",
)
def version_supported(
    postgres_facts: PostgresFacts, *, min_major: Annotated[int, Field(gt=0)] | None = None
) -> Evidence:
    """The server's major version is still supported.

    A version newer than this catalogue knows passes with a warning. A beta or release candidate is not supported. Where
    another product calls its version otherwise than PostgreSQL does, who supports it is not known: it could not be
    verified without `min_major`. Whether the minor release is the latest one is not looked at.

    Args:
        min_major: oldest accepted major version. Default: the oldest that PostgreSQL's developers support on the day of
            the run.
    """
    session = _opened(postgres_facts)
    major = session.version_number // 10000
    today = clock.now().date()
    end = END_OF_SUPPORT.get(major)
    until = f"supported until {end}" if end else "with an unknown end of support"
    seen = f"PostgreSQL {session.version}, {until}"
    supported = [known for known, last in END_OF_SUPPORT.items() if last >= today]
    oldest = min_major or min(supported, default=max(END_OF_SUPPORT) + 1)
    claim(major >= oldest, expected=f"PostgreSQL {oldest} or later on {today}", seen=seen)
    claim(not re.match(r"\d+(beta|rc|devel)", session.version), expected="a released version", seen=seen)
    if not min_major and not _RELEASE.fullmatch(session.version):
        raise CouldNotVerify(
            f"the server calls its version '{session.version}', which is none of PostgreSQL's: who supports it is not "
            "known; min_major says which major version is accepted"
        )
    unsupported = end is None or end < today
    return _seen(
        session, seen, "its developers do not support it, as far as this catalogue knows" if unsupported else ""
    )


@check(
    "postgres.connections",
    severity="medium",
    remedy="Pool connections (PgBouncer), shrink the applications' pools, or raise max_connections.",
    source="PostgreSQL documentation, 'Connections and Authentication'",
)
def connections(postgres_facts: PostgresFacts, *, max_used_pct: Annotated[float, Field(gt=0, le=100)] = 80) -> Evidence:
    """Enough connections are free, of the server's and of those that role and database are limited to.

    At this moment, with this run's own session; the busiest hour may look different. Those reserved for administrators
    do not count as usable. What limits role and database is their CONNECTION LIMIT; a pooler's own limits are not
    looked at, nor is who has not logged in yet, whom no server shows. A role without pg_monitor cannot tell workers
    with a database (parallel ones, those of extensions) from sessions, so both count as used.

    Args:
        max_used_pct: highest accepted share of the usable connections that is in use, in percent. 80: the usual alert
            threshold; during a rolling release old and new instances are connected together.
    """
    expected = f"at most {max_used_pct:g} % of the connections in use"
    if postgres_facts.refused_for == "full":
        raise ClaimFalse(expected, postgres_facts.refusal)
    session = _opened(postgres_facts)
    used: int = _known(session, "clients")
    settings = _Settings(_known(session, "settings"))
    most = int(settings["max_connections"])
    reserved = sum(int(settings.get(f"{name}reserved_connections", 0)) for name in ("", "superuser_"))
    usable = most - reserved
    share = f"{100 * used / usable:.1f} %"
    seen = f"{used} of {usable} in use, with this run's own ({share}); {reserved} of {most} are reserved"
    claim(100 * used <= max_used_pct * usable, expected=expected, seen=seen)
    for limit in _known(session, "limits"):
        share = f" ({100 * limit.used / limit.most:.1f} %)" if limit.most else ""
        seen += f"; {limit.used} of the {limit.most} of {limit.of}{share}"
        used, usable = max((used, usable), (limit.used, limit.most), key=lambda pair: pair[0] / max(pair[1], 0.1))
    claim(100 * used <= max_used_pct * usable, expected=expected, seen=seen)
    return _seen(session, seen)


@check(
    "postgres.role",
    severity="high",
    remedy="Give the application a role of its own: ALTER ROLE … NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION "
    "NOBYPASSRLS, no membership in powerful roles, and a schema instead of the database; REVOKE what else is named.",
    source="PostgreSQL documentation, 'Role Attributes' and 'Predefined Roles'; CIS PostgreSQL Benchmark",
)
def role(postgres_facts: PostgresFacts, *, owns_database: bool = False) -> Evidence:
    """The declared role has none of the administrators' rights.

    It is not a superuser and has none of CREATEDB, CREATEROLE, REPLICATION and BYPASSRLS, itself or by membership; it
    is not a member of a predefined role, PostgreSQL's or a provider's (rds_superuser, rds_replication and the like),
    but of those that only look at the server's state; it may execute no function, read no system table or view and set
    no parameter that is the administrators' alone when a server or an extension is installed; it may make nothing in a
    system schema, and no function in a language that reaches past the server's rules; and it owns neither a database
    nor the schema public, nor what only administrators make (event triggers, subscriptions, publications of all tables,
    foreign data wrappers, tablespaces). Rights on other tables and functions, on foreign servers, and functions that
    run with their owner's rights are not looked at.

    Args:
        owns_database: whether it may own databases, and with one its schema public.
    """
    session = _opened(postgres_facts)
    own: Role
    own, *others = _known(session, "roles")
    owned: tuple[str, ...] = _known(session, "owned")
    wrong = list(own.attributes)
    for other in others:
        predefined = other.name in POWERFUL or (other.name.startswith("pg_") and other.name not in HARMLESS)
        powers = [*other.attributes, *(["its rights"] if predefined else [])]
        wrong += [f"{power} by membership in {other.name}" for power in powers]
    if not owns_database and "SUPERUSER" not in own.attributes:
        wrong += [f"owner of {name}" for name in owned if name.startswith("database ") or name == "schema public"]
    # What is wrong already is so without the single rights, too.
    rights: tuple[str, ...] = (session.rights or ()) if wrong else _known(session, "rights")
    wrong = [*wrong, *rights[:MOST_RIGHTS]]
    if len(rights) > MOST_RIGHTS:
        wrong.append(f"{len(rights) - MOST_RIGHTS} more rights of the kind")
    claim(not wrong, expected="a role without administrators' rights", seen=f"{own.name}: {', '.join(wrong)}")
    belongings = _listed(owned) or "no schema"
    members = _listed([other.name for other in others]) or "no role"
    named = session.place.user
    return _seen(
        session,
        f"{own.name}: no administrator's right; member of {members}; owner of {belongings}",
        f"the session is of the role {own.name}, though the connection string names {named}" * (named != own.name),
    )


@check(
    "postgres.slow_query_log",
    severity="medium",
    remedy="ALTER SYSTEM SET log_min_duration_statement = '1s'; SELECT pg_reload_conf();",
    source="PostgreSQL documentation, 'When to Log'; CIS PostgreSQL Benchmark",
)
def slow_query_log(postgres_facts: PostgresFacts, *, max_ms: Annotated[float, Field(ge=0)] = 5000) -> Evidence:
    """The server logs slow statements of the declared role in this database.

    By log_min_duration_statement; by log_min_duration_sample or log_transaction_sample_rate where each sample is taken;
    by log_statement = all together with log_duration; or by the module auto_explain where it is loaded, takes no mere
    sample and writes at a level that reaches the log. It does not see COPY, VACUUM and commands that define things
    (DDL), so where it is alone, the check passes with a warning. What the connection string itself sets (options) says
    nothing of the server, and could not be verified. That someone reads the log is not looked at, nor a logged line.

    Args:
        max_ms: longest time, in milliseconds, that a statement may take without being logged. 5000: the long end of
            what is usual, 250 ms to 5 s.
    """
    session = _opened(postgres_facts)
    settings = _Settings(_known(session, "settings"))
    if session.set_here:
        names = ", ".join(session.set_here)
        raise CouldNotVerify(
            f"the session sets {names} itself (options in the connection string, or a pooler): what holds for others "
            "is not seen"
        )
    thresholds = {"log_min_duration_statement": float(settings["log_min_duration_statement"])}
    if float(settings.get("log_statement_sample_rate", 0)) == 1:
        thresholds["log_min_duration_sample"] = float(settings["log_min_duration_sample"])
    if float(settings.get("log_transaction_sample_rate", 0)) == 1:
        thresholds["log_transaction_sample_rate 1:"] = 0
    if settings.get("log_statement") == "all" and settings.get("log_duration") == "on":
        thresholds["log_statement all with log_duration:"] = 0
    level = settings["log_min_messages"]
    explained, lacking = _auto_explain(settings, session.version_number)
    if explained is not None and not lacking:
        thresholds[_EXPLAINED] = explained
    # The rate is 1 by default, and the threshold off: nothing to tell.
    thresholds = {name: ms for name, ms in thresholds.items() if ms >= 0 or name != "log_min_duration_sample"}
    seen = ", ".join(f"{name} {'off' if ms < 0 else f'{ms:g} ms'}" for name, ms in thresholds.items())
    if lacking:
        seen += f", {_EXPLAINED} {explained:g} ms but {lacking}"
    enough = [name for name, ms in thresholds.items() if 0 <= ms <= max_ms]
    claim(bool(enough), expected=f"statements of {max_ms:g} ms and more logged", seen=seen)
    claim(_reaches("log", level), expected="a log with messages of level LOG", seen=f"log_min_messages {level}")
    destination = settings["log_destination"]
    claim(bool(destination), expected="a log that is written somewhere", seen="log_destination is empty")
    text = f"{seen}; to {destination}"
    kept = settings["logging_collector"] == "on" or re.search("syslog|eventlog", destination)
    warnings = [] if kept else ["it goes to the server's standard error, and nothing here shows whether that is kept"]
    if enough == [_EXPLAINED]:
        warnings.append("auto_explain does not see COPY, VACUUM and DDL: set log_min_duration_statement for those")
    return _seen(session, text, *warnings)


def _auto_explain(settings: Mapping[str, str], version: int) -> tuple[float | None, str]:
    """From how many milliseconds on the module logs, None where it does not; and why that is not enough, or ""."""
    if float(settings.get(_EXPLAINED, -1)) < 0:
        return None, ""
    ms, rate = float(settings[_EXPLAINED]), settings["auto_explain.sample_rate"]
    if float(rate) < 1:
        return ms, f"of a sample (auto_explain.sample_rate {rate})"
    # Before version 12 it has no such setting, and writes at level LOG.
    level = settings["auto_explain.log_level"] if version >= 120000 else "log"
    lowest = settings["log_min_messages"]
    if not _reaches(level, lowest):
        return ms, f"at level {level}, which log_min_messages {lowest} keeps out"
    return ms, ""


def _reaches(level: str, lowest: str) -> bool:
    """Whether messages of a level are written to the server's log, which starts with another."""
    known = {"debug": "debug2"}
    try:
        return _LEVELS.index(known.get(level, level)) >= _LEVELS.index(known.get(lowest, lowest))
    except ValueError:
        raise CouldNotVerify(f"which messages reach the log is not known (log_min_messages {lowest})") from None


class _Settings(dict[str, str]):
    """Values by name; one that is missing could not be verified."""

    def __missing__(self, name: str) -> str:
        raise CouldNotVerify(f"the server has no setting {name}, or does not show it to this session")


def _opened(facts: PostgresFacts) -> PostgresSession:
    if facts.session is None:
        raise CouldNotVerify(f"no session was opened: {facts.refusal}")
    return facts.session


def _seen(session: PostgresSession, text: str, *warnings: str) -> Evidence:
    """What was seen, of the one server that a session was opened to."""
    if session.others:
        one = f"{session.place.host or session.place.address}:{session.place.port}"
        warnings = (*warnings, f"of the servers in the connection string only {one} was looked at")
    return Evidence(text, warning="; ".join(filter(None, warnings)))


def _listed(names: Sequence[str]) -> str:
    further = len(names) - MOST_NAMES
    return ", ".join([*names[:MOST_NAMES], *([f"{further} more"] if further > 0 else [])])


def _known(session: PostgresSession, attribute: str) -> Any:
    value = getattr(session, attribute)
    if value is None:
        raise CouldNotVerify(session.unread.get(attribute, "the server does not show it to this session"))
    return value
