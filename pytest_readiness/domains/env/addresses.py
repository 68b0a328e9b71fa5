"""Addresses in the values of variables: URLs, connection strings and lists of them. No piece of one may be shown."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple
from urllib.parse import parse_qsl, unquote

from pytest_readiness.domains.database.resource import parsed

LOCAL = re.compile(
    "sqlite3?|file|unix|data|mem(?:ory)?|h2|hsqldb|derby|duckdb|locmem|dummy|console|blob|about|mailto|tel"
)
"""Schemes of what is reached over no network."""
WEB = re.compile("https?|wss?|ftps?")
"""Schemes whose addresses may have any sign in their paths, and a fragment."""
_SCHEME = r"(?:jdbc:[a-z0-9:+]{2,40}:|[a-z][a-z0-9.-]{0,30}(?:\+[a-z0-9_.+-]{1,30})?:)//"
_BEGINS = re.compile(rf"(?i){_SCHEME}|jdbc:[a-z]|(?:sqlite3?|mailto|data|tel):")
_BETWEEN = re.compile(rf"(?i)(?<![\s,;'\"])[\s,;'\"]++(?={_SCHEME})")
_JDBC = re.compile(r"(?i)jdbc:([a-z0-9]+)(?::[a-z]{1,20}){0,2}:(?=//)")
_GO = re.compile(r"(?:([^:@/\s]*)(?::([^@\s]*))?@)?(?:tcp6?|unix)\(([^()\s]*)\)/([^?\s]*)(?:\?(\S*))?")
_PAIR = re.compile(r"(\w{1,40})\s?=\s?('[^']{0,300}'|[^\s']\S*)")
_HOSTS = ("hostaddr", "host", "server", "datasource", "addr", "address")
_NO_ADDRESS = (
    "it cannot be taken apart in one way only: percent-encode special characters (@ is %40, / is %2F, # is %23)"
)


@dataclass(frozen=True, slots=True)
class Address:
    """One address, taken apart.

    Attributes:
        scheme: in lower case, without a driver ("postgresql" of `postgresql+asyncpg://` and `jdbc:postgresql://`); ""
            where names and values do not say whose they are.
        driver: what the scheme names besides ("asyncpg", "srv", "jdbc", "go", "pairs"); "" for nothing.
        hosts: each with its port as written, names decoded and in lower case; a path is a unix socket's.
        user, password: decoded; "" for none.
        path: as written, from the slash on.
        query: options by their names as written, decoded.
        wrong: why it could not be taken apart, as a clause that quotes nothing; then nothing else is known.
    """

    scheme: str
    driver: str = ""
    hosts: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    path: str = field(default="", repr=False)
    query: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    wrong: str = ""

    @property
    def passwords(self) -> tuple[str, ...]:
        """Every password in it, decoded: before the host, and among the options."""
        asked = (
            value for name, value in self.query if _key(name) in ("password", "pwd", "passwd", "pass", "authtoken")
        )
        return tuple(filter(None, (self.password, *asked)))

    def options(self, *names: str) -> list[str]:
        """The values of options in lower case, by names without capitals, hyphens, blanks and underscores."""
        return [value.strip().lower() for name, value in self.query if _key(name) in names]

    @property
    def is_socket(self) -> bool:
        """Whether it is reached over a socket of the machine itself."""
        over = self.driver in ("unix", "socket", "unixsocket") or self.options("unixsocket", "unixsock", "socket")
        return bool(over) or (bool(self.hosts) and all(host.startswith("/") for host, _ in self.hosts))


def _key(name: str) -> str:
    return re.sub(r"[-_\s]", "", name).lower()


def addresses_in(texts: Mapping[str, str]) -> Iterator[tuple[str, Address]]:
    """Yield the addresses in the values of variables, each with its variable's name; other values have none.

    Args:
        texts: values by name. One may be a list (by commas, semicolons, blanks, or of JSON).
    """
    for name, text in texts.items():
        for item in items_of(text):
            if (found := address_of(item)) is not None:
                yield name, found


def items_of(text: str) -> list[str]:
    """The parts of a value that may be addresses: texts of JSON, or what stands before and behind a separator."""
    if text[:1] in "[{":
        try:
            return [each for leaf in _leaves(json.loads(text)) for each in items_of(leaf) if leaf[:1] not in "[{"]
        except (ValueError, RecursionError):
            text = text.strip("[]{} '\"")
    return [item.strip(" '\",") for item in _BETWEEN.split(text)]


def _leaves(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, dict)):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _leaves(each)


def address_of(text: str) -> Address | None:
    """The pieces of an address; None for what is none."""
    if found := _GO.fullmatch(text):
        user, password, host, path, query = (part or "" for part in found.groups())
        where = _host_and_port(host) if "unix(" not in text else (host, "")
        return Address("mysql", "go", (where,), user, password, f"/{path}", tuple(parse_qsl(query, True)))
    if not _BEGINS.match(text):
        return _of_pairs(text)
    head, _, rest = text.partition(":")
    scheme, _, driver = head.lower().partition("+")
    if scheme == "jdbc":
        if found := _JDBC.match(text):
            return _of_jdbc(found[1].lower(), text[found.end() :])
        scheme = re.split(r"[:/]", rest.lower(), maxsplit=1)[0]
        return Address(
            scheme, "jdbc", wrong="" if LOCAL.fullmatch(scheme) else "it is in a form of JDBC's that is not known"
        )
    return Address(scheme, driver) if LOCAL.fullmatch(scheme) else _of_url(scheme, driver, rest)


def _of_jdbc(scheme: str, rest: str) -> Address:
    if scheme not in ("sqlserver", "jtds"):
        return replace(_of_url(scheme, "", rest), driver="jdbc")
    server, *pairs = rest.removeprefix("//").split(";")
    query = tuple(
        (name.strip(), value.strip(" {}")) for name, _, value in (each.partition("=") for each in pairs) if name
    )
    host = re.split(r"[\\/]", server, maxsplit=1)[0]
    return Address(scheme, "jdbc", (_host_and_port(host),) if host else (), query=query)


def _of_url(scheme: str, driver: str, rest: str) -> Address:
    authority = re.split(r"[/?#]" if WEB.fullmatch(scheme) else r"[/?]", rest[2:], maxsplit=1)[0]
    behind = rest[2 + len(authority) :]
    path, _, query = behind.partition("#")[0].partition("?") if WEB.fullmatch(scheme) else behind.partition("?")
    # What is behind a bare slash of a password would be taken for a path.
    unsure = "#" in authority or ("@" not in authority and ":" in authority and "@" in path)
    try:
        if unsure:
            raise ValueError
        found = parsed(f"{scheme}://{authority}{'' if WEB.fullmatch(scheme) else behind}")
    except ValueError:
        return Address(scheme, driver, wrong=_NO_ADDRESS)
    options = tuple(parse_qsl(query, keep_blank_values=True))
    hosts = tuple((host.strip("[]"), port) for host, port in found.hosts if host)
    asked = dict(options) if scheme in ("postgres", "postgresql", "cockroachdb") else {}
    if elsewhere := asked.get("hostaddr") or asked.get("host"):
        # libpq connects to what the options name.
        hosts = tuple(_host_and_port(each) if each[:1] != "/" else (each, "") for each in elsewhere.split(","))
    return Address(scheme, driver, hosts, unquote(found.user), unquote(found.password), path, options)


def _of_pairs(text: str) -> Address | None:
    """Of `host=… user=…`, as libpq has it, and `Server=…;Database=…`, as .NET does."""
    if ";" in text:
        pairs = [(name, value.strip(" '\"")) for name, _, value in (each.partition("=") for each in text.split(";"))]
    else:
        pairs = [(name, value.strip("'")) for name, value in _PAIR.findall(text)]
    keys = {_key(name): value for name, value in pairs if value}
    if len(keys) < 2 or not (hosts := next(filter(None, map(keys.get, _HOSTS)), "")):
        return None
    if keys.get("server") or keys.get("datasource"):
        # The name of an instance is behind a backslash.
        hosts = hosts.partition("\\")[0]
    scheme = "postgresql" if "host" in keys or "hostaddr" in keys else ""
    if hosts.startswith(("tcp:", "np:", "lpc:")) or keys.keys() & {
        "encrypt",
        "trustservercertificate",
        "initialcatalog",
    }:
        # A port is behind a comma there.
        scheme, hosts = "sqlserver", (hosts.partition(":")[2] or hosts).partition(",")[0]
    user = keys.get("user") or keys.get("userid") or keys.get("username") or keys.get("uid") or ""
    return Address(scheme, "pairs", tuple(map(_host_and_port, hosts.split(","))), user, query=tuple(pairs))


def _host_and_port(text: str) -> tuple[str, str]:
    host, colon, port = text.strip().lower().rpartition(":")
    if text.strip().startswith("[") and not text.strip().endswith("]"):
        return host.strip("[]"), port
    # Several colons without brackets are an IPv6 address.
    return (host, port) if colon and ":" not in host and port.isdecimal() else (text.strip().lower().strip("[]"), "")


class Tls(NamedTuple):
    """What an address says of encryption.

    Attributes:
        state: "verified" (also where its clients do so unless told otherwise), "encrypted" (the certificate is not
            verified), "assumed" (by its scheme; clients differ in whether they verify), "unverified" (told not to),
            "plain" (or only where the server offers it), "local" (it does not leave the machine), "unknown".
        why: a clause that quotes no value but those of the drivers' own words.
    """

    state: Literal["verified", "encrypted", "assumed", "unverified", "plain", "local", "unknown"]
    why: str


_MODES: Mapping[str, Literal["plain", "encrypted", "verified"]] = {
    **dict.fromkeys(("disable", "disabled", "allow", "prefer", "preferred", "none"), "plain"),
    **dict.fromkeys(("require", "required", "trust"), "encrypted"),
    **dict.fromkeys(("verifyca", "verifyfull", "verifyidentity"), "verified"),
}
_GO_MODES: Mapping[str, Literal["plain", "unverified", "verified"]] = {
    "true": "verified",
    "skip-verify": "unverified",
    "preferred": "plain",
    "false": "plain",
}
_YES, _NO = ("true", "1", "yes", "on", "strict", "mandatory"), ("false", "0", "no", "off")
_BY_DEFAULT = re.compile("(?:http|ws|valkey|ldap|ftp|imap|smtp|pop3|grpc|mqtt|amqp|tcp)s|rediss|sftp|ssh")
_VERIFIED = re.compile("https|wss|rediss|valkeys")
_KNOWN_PLAIN = re.compile("http|ws|ftp|redis|valkey|ldap|smtp|imap|pop3|mqtt|amqp|tcp|telnet|stomp|git|grpc|memcached")
_SECURE_DRIVERS = ("https", "ssl", "tls", "ssh", "smtps")
_SWITCHES = ("sslmode", "ssl", "tls", "usessl", "encrypt")
_OFF: Mapping[str, tuple[str, ...]] = {
    "sslcertreqs": ("none", "cert_none", "0", "optional"),
    "verify": ("verify_none", "false", "none", "0"),
    **dict.fromkeys(("tlsinsecure", "tlsallowinvalidcertificates", "tlsallowinvalidhostnames", "sslinsecure"), _YES),
    **dict.fromkeys(("trustservercertificate", "sslallowinvalidcertificates", "allowselfsigned"), _YES),
    **dict.fromkeys(("verifyservercertificate", "sslcheckhostname", "rejectunauthorized", "sslverify"), _NO),
    "tls": ("skip-verify",),
    "sslaccept": ("accept_invalid_certs",),
}
"""Options by which a certificate is not verified, with the values that do so."""


def demands_tls(address: Address, pgsslmode: str = "") -> Tls:
    """Whether the address itself demands TLS, as its own driver reads it.

    Args:
        address: one that could be taken apart.
        pgsslmode: what the file's PGSSLMODE says, which libpq takes where the address is silent; "" for nothing.
    """
    names = [_key(name) for name, _ in address.query]
    for name in (*_SWITCHES, *_OFF):
        if names.count(name) > 1:
            return Tls("unknown", f"it has the option {name} more than once")
    found = _demanded(address, pgsslmode)
    if found.state in ("verified", "encrypted", "assumed"):
        for name, values in _OFF.items():
            if any(value in values for value in address.options(name)):
                return Tls("unverified", f"{name} turns the verification of the certificate off")
    return found


def _demanded(address: Address, pgsslmode: str) -> Tls:
    scheme, driver = address.scheme, address.driver
    if _BY_DEFAULT.fullmatch(scheme) or driver in _SECURE_DRIVERS:
        return Tls("verified" if _VERIFIED.fullmatch(scheme) else "assumed", "by its scheme")
    if _KNOWN_PLAIN.fullmatch(scheme):
        # Options such as ?ssl=true are ignored by their clients.
        return Tls("plain", f"{scheme}:// is not encrypted")
    if driver == "asyncpg" and address.options("sslmode"):
        return Tls("unknown", "asyncpg takes no option sslmode, but ssl")
    mode = address.options("sslmode") or (address.options("ssl") if driver == "asyncpg" else [])
    if not mode and scheme in ("postgres", "postgresql") and driver in ("", "psycopg", "psycopg2", "pairs"):
        mode = [pgsslmode] * bool(pgsslmode)
    if scheme in ("postgres", "postgresql", "cockroachdb") and driver not in ("jdbc", "pairs"):
        # Others than JDBC and .NET take no capitals: some refuse them, and Node's connects without TLS.
        names = [(name, value) for name, value in address.query if _key(name) in ("sslmode", "ssl")]
        if any(name != name.lower() or value != value.lower() for name, value in names):
            return Tls("unknown", "its sslmode is in capitals")
    if mode:
        state = _MODES.get(_key(mode[0]))
        verb = f"sslmode is {mode[0]}" if state else "its sslmode is none that is known"
        return Tls(state or "unknown", verb)
    return _by_switch(address)


def _by_switch(address: Address) -> Tls:
    scheme, driver = address.scheme, address.driver
    switch = address.options("ssl", "tls", "usessl", "encrypt")
    if scheme == "mongodb":
        on = switch[0] in _YES if switch else driver == "srv"
        return Tls("verified" if on else "plain", "MongoDB's clients verify" if on else "it does not set tls=true")
    if scheme in ("postgres", "postgresql", "cockroachdb"):
        if not switch:
            return Tls("plain", "without sslmode its drivers fall back to a connection without TLS")
        if switch[0] in _YES and driver in ("", "jdbc", "psycopg", "psycopg2"):
            # libpq takes it for sslmode=require, JDBC for verify-full.
            return Tls("verified" if driver == "jdbc" else "encrypted", "it sets ssl=true")
    if driver == "go" and switch:
        return Tls(_GO_MODES.get(switch[0], "unknown"), "by its option tls")
    if scheme in ("mysql", "mariadb", "mysql2") and driver in ("", "jdbc", "go", "mysqldb", "mysqlconnector"):
        if any(value in _YES for value in address.options("requiressl")):
            return Tls("encrypted", "it sets requireSSL")
        if not any(_key(name).startswith("ssl") for name, _ in address.query) and scheme != "mariadb":
            return Tls("plain", "without ssl-mode its drivers fall back to a connection without TLS")
    if switch and switch[0] in _NO:
        return Tls("plain", "it turns TLS off")
    if scheme in ("sqlserver", "mssql", "jtds") and switch and switch[0] in _YES:
        return Tls("verified", "it sets encrypt")
    return Tls("unknown", "what its driver does is not known")
