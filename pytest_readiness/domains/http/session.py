"""Sessions with a web endpoint, by what readiness.yaml says about it."""

from __future__ import annotations

from urllib.parse import urlsplit

from pytest_readiness.domains.http.resource import Url
from pytest_readiness.domains.tls.facts.connection import Connection
from pytest_readiness.protocols.http.client import Session
from pytest_readiness.protocols.http.trust import Trust


def open_session(
    url: Url,
    connection: Connection,
    origin: str = "",
    credential: str = "",
    *,
    headers: tuple[tuple[str, str], ...] = (),
    client_cert: bool = True,
    fresh: bool = False,
    once: bool = False,
) -> Session:
    """A session with an endpoint, or with another origin as the endpoint's page names it.

    Args:
        url: the endpoint, for its authority, its client certificate and its credentials.
        connection: the host of the endpoint is reached at the address that answered this.
        origin: any address on the origin; "" for the endpoint's own.
        credential: name of the credential that is shown with every request, or "".
        headers: shown with every request besides those of the credential.
        client_cert: whether the endpoint's client certificate is shown.
        fresh: begin with a new connection, even if one exists.
        once: send each request over a new connection, so that none is sent twice.

    Raises:
        NotDeclared: the endpoint has no such credential.
        CouldNotVerify: the origin has no host name.
    """
    origin = origin or url.url
    return Session(
        origin,
        address=connection.address if urlsplit(origin).hostname == url.host else "",
        trust=trust_of(url) if client_cert else Trust(url.ca),
        headers=(*(url.credential(credential).as_headers() if credential else ()), *headers),
        fresh=fresh,
        once=once,
    )


def trust_of(url: Url) -> Trust:
    """How TLS of an endpoint is verified, and the client certificate to show."""
    return Trust(url.ca, url.client_cert, url.client_key)
