"""Connections to what variables name, opened from the runner; no piece of an address is in what is told of them."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote, urlencode

from pydantic import SecretStr, ValidationError

from pytest_readiness.core.audit import sent
from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.core.extras import is_installed, needed
from pytest_readiness.core.registry import fact
from pytest_readiness.core.text import cut
from pytest_readiness.domains.env.addresses import Address, address_of
from pytest_readiness.domains.env.facts import EnvFacts
from pytest_readiness.domains.env.resource import EnvFile
from pytest_readiness.domains.env.shared import visible_text
from pytest_readiness.domains.postgres.facts import postgres_facts
from pytest_readiness.domains.postgres.resource import Postgres

REDIS_SECONDS = 5
"""For a connection to a Redis server, and for each of its answers."""
_OF_ORM = ("schema", "connection_limit", "pool_timeout", "pool_size", "max_overflow", "pgbouncer", "socket_timeout")
"""Options of libraries above the driver, which libpq does not know."""


@dataclass(frozen=True, slots=True)
class EnvConnection:
    """What became of a connection to what a variable names.

    Attributes:
        outcome: "opened", "refused" (by what answers there), or "not tried" where the file does not say the address.
        words: what was seen, without any piece of the address.
        warning: why somebody should look nevertheless; "" for nothing.
    """

    outcome: Literal["opened", "refused", "not tried"]
    words: str = ""
    warning: str = ""


@fact(deadline=40)
def env_connection(env_file: EnvFile, env_facts: EnvFacts, *, ask: str) -> EnvConnection:  # noqa: ARG001
    """A connection from the runner to what the variable names, with the credentials in its address, closed at once.

    PostgreSQL answers SELECT 1, Redis PING. Of an http or https address the root is asked for, not its path: an address
    of a webhook does something when it is asked for.
    """
    variable = env_facts.variables.get(ask)
    if variable is None or variable.unfilled or variable.references or variable.unclear or variable.left:
        return EnvConnection("not tried")
    address = address_of(visible_text(variable.value.get_secret_value()))
    if address is None:
        raise CouldNotVerify(f"{ask} holds no address that is known")
    if address.wrong:
        raise CouldNotVerify(f"the address in {ask} was not connected to: {address.wrong}")
    try:
        if address.scheme in ("postgres", "postgresql"):
            return _told(_postgres(address), address)
        if address.scheme in ("redis", "rediss"):
            return _told(_redis(address), address)
        if address.scheme in ("http", "https") and not address.driver:
            return _told(_http(address), address)
    except CouldNotVerify as error:
        # One address that does not answer says nothing of the others in the file.
        raise CouldNotVerify(f"{ask}: {_masked(error.reason, address)}", transient=error.transient) from None
    raise CouldNotVerify(f"there is no driver here for {address.scheme or 'such'} addresses as {ask} holds one")


def _postgres(address: Address) -> EnvConnection:
    if not is_installed("postgres"):
        raise needed("env.connection with a PostgreSQL server", "postgres")
    options = [(name, value) for name, value in address.query if name not in _OF_ORM]
    if address.driver == "asyncpg":
        options = [("sslmode" if name == "ssl" else name, value) for name, value in options]
    login = ":".join(quote(part, safe="") for part in (address.user, address.password) if part)
    named = any(name in ("host", "hostaddr") for name, _ in options)
    hosts = "" if named else ",".join(_shown(host, port) for host, port in address.hosts)
    dsn = f"postgresql://{login}{'@' if login else ''}{hosts}{address.path}?{urlencode(options, quote_via=quote)}"
    try:
        postgres = Postgres(name="address", dsn=SecretStr(dsn))
    except ValidationError as error:
        raise CouldNotVerify(error.errors(include_input=False, include_url=False)[0]["msg"]) from None
    seen = postgres_facts(postgres)
    if seen.session is None:
        if seen.refused_for == "login" or (seen.refused_for == "tls" and "certificate" not in seen.refusal):
            return EnvConnection("refused", seen.refusal)
        raise CouldNotVerify(f"no session was opened: {seen.refusal}")
    how = "over TLS" if seen.session.encrypted else "without TLS" if seen.session.place.address else "over a socket"
    others = f"{len(seen.session.others)} more servers in it were not tried" if seen.session.others else ""
    return EnvConnection("opened", f"PostgreSQL {seen.session.version} answered SELECT 1 {how}", others)


def _shown(host: str, port: str) -> str:
    name = f"[{host}]" if ":" in host else quote(host, safe="")
    return f"{name}:{port}" if port else name


def _redis(address: Address) -> EnvConnection:
    if not is_installed("redis"):
        raise needed("env.connection with a Redis server", "redis")
    import redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    if address.driver or len(address.hosts) != 1 or address.is_socket:
        raise CouldNotVerify("only the address of one Redis server is connected to, not of a group or a socket")
    (host, port), number = address.hosts[0], address.path.strip("/") or "".join(address.options("db")) or "0"
    if not number.isdecimal():
        raise CouldNotVerify("the database in its path is not a number")
    unverified = any(each in ("none", "cert_none") for each in address.options("sslcertreqs"))
    authorities = next((value for name, value in address.query if name == "ssl_ca_certs"), None)
    sent(f"connect to redis://{_shown(host, port or '6379')}, AUTH, PING")
    try:
        client = redis.Redis(
            host=host,
            port=int(port or 6379),
            db=int(number),
            username=address.user or None,
            password="".join(address.passwords[:1]) or None,
            socket_timeout=REDIS_SECONDS,
            socket_connect_timeout=REDIS_SECONDS,
            retry=Retry(NoBackoff(), 0),
            protocol=2,
            ssl=address.scheme == "rediss",
            ssl_cert_reqs="none" if unverified else "required",
            ssl_check_hostname=not unverified,
            ssl_ca_certs=authorities,
        )
        with client:
            client.ping()
    except redis.exceptions.NoPermissionError:
        raise CouldNotVerify("the server let the login in, and forbids it to send PING") from None
    except (redis.exceptions.AuthenticationError, redis.exceptions.AuthorizationError) as error:
        return EnvConnection("refused", cut(str(error)))
    except redis.exceptions.BusyLoadingError as error:
        raise CouldNotVerify(cut(str(error)), transient=True) from None
    except redis.exceptions.ConnectionError as error:
        raise CouldNotVerify(f"no connection: {cut(str(error))}") from None
    except redis.exceptions.ResponseError as error:
        return EnvConnection("refused", cut(str(error)))
    except (redis.exceptions.RedisError, OSError, ValueError) as error:
        raise CouldNotVerify(f"no connection: {cut(str(error) or type(error).__name__)}") from None
    return EnvConnection("opened", f"Redis answered PING {'over' if address.scheme == 'rediss' else 'without'} TLS")


def _http(address: Address) -> EnvConnection:
    from pytest_readiness.protocols.http.client import Session

    if len(address.hosts) != 1:
        raise CouldNotVerify("it names no host")
    login = f"{address.user}:{address.password}"
    headers = (("Authorization", f"Basic {base64.b64encode(login.encode()).decode()}"),) if len(login) > 1 else ()
    root = f"{address.scheme}://{_shown(*address.hosts[0])}/"
    with Session(root, headers=headers, fresh=True, once=True) as session:
        status = session.get(root).status
    if status in (407, 502, 503, 504):
        raise CouldNotVerify(
            f"GET / was answered with {status}: something before the server answers, or it is overloaded"
        )
    if headers and status in (401, 403):
        return EnvConnection("refused", f"GET / with its user and password was answered with {status}")
    if headers:
        with Session(root, fresh=True, once=True) as session:
            without = session.get(root).status
        if without not in (401, 403):
            raise CouldNotVerify(f"GET / is answered without its user and password, too, with {without}")
    return EnvConnection("opened", f"GET / was answered with {status}")


def _told(seen: EnvConnection, address: Address) -> EnvConnection:
    return EnvConnection(seen.outcome, _masked(seen.words, address), seen.warning)


def _masked(text: str, address: Address) -> str:
    """The text without any piece of the address, as a word of its own; without its passwords anywhere."""
    whole = [address.user, *(part for pair in address.hosts for part in pair), *address.path.split("/")]
    whole += [value for _, value in address.query]
    for piece in sorted(filter(None, {*whole, *address.passwords}), key=len, reverse=True):
        shape = re.escape(piece) if piece in address.passwords else rf"(?<!\w){re.escape(piece)}(?!\w)"
        text = re.sub(shape, "•••", text, flags=re.IGNORECASE)
    return text
