"""DNS names, and the servers that are asked about them."""

from __future__ import annotations

from contextlib import suppress
from ipaddress import ip_address
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    field_validator,
)

from pytest_readiness.core.resources import AnchoredPath, Resource, checked_port
from pytest_readiness.core.spelling import spelled
from pytest_readiness.protocols.http.trust_files import AuthorityFile

DNS_PORT = 53


def dns_server(text: str) -> tuple[str, int]:
    """Host and port of `192.0.2.1`, `192.0.2.1:5353`, `2001:db8::1`, `[2001:db8::1]:5353` or a name in their place.

    Raises:
        ValueError: it is not one of these.
    """
    with suppress(ValueError):
        return str(ip_address(text)), DNS_PORT
    parts = urlsplit(f"//{text}")
    if not parts.hostname or parts.netloc != text or "@" in text:
        raise ValueError(f"'{text}' must be an address or a name, with a port after a colon where it is not 53")
    checked_port(parts)
    return parts.hostname, parts.port or DNS_PORT


def _dns_server(text: str) -> str:
    dns_server(text)
    return text


def _dns_address(text: str) -> str:
    host, _ = dns_server(text)
    try:
        ip_address(host)
    except ValueError:
        raise ValueError(f"'{text}' must be an IP address, with a port after a colon where it is not 53") from None
    return text


class Domain(Resource):
    """A DNS name that the product owns.

    Attributes:
        domain: the name (`shop.example.com`).
        nameservers: addresses of the authoritative servers, `:port` where it is not 53, to ask instead of those that
            the domain is delegated to.
        resolvers: addresses or names of the resolvers, `:port` where it is not 53; default: the system's.
        trust_anchors: file with the DS or DNSKEY records that DNSSEC is validated from; default: those of the root.
        rdap: address of the RDAP service that knows the registration; default: the one that IANA lists.
        ca: file with the private authority that signed the RDAP service's certificate.
    """

    kind = "domain"
    section = "domains"
    main = "domain"

    domain: Annotated[
        str,
        spelled(
            r"^[^\s./:@]{1,63}(\.[^\s./:@]{1,63})+\.?$",
            "a domain's name alone, such as shop.example.com, without https:// and port",
            max_length=254,
        ),
    ]
    nameservers: tuple[Annotated[str, AfterValidator(_dns_address)], ...] = ()
    resolvers: tuple[Annotated[str, AfterValidator(_dns_server)], ...] = ()
    trust_anchors: AnchoredPath | None = None
    rdap: str | None = None
    ca: AuthorityFile | None = None

    @field_validator("rdap")
    @classmethod
    def _web_service(cls, value: str | None) -> str | None:
        parts = urlsplit(value or "https://rdap.example.com")
        plain = not (parts.username or parts.query or parts.fragment)
        if parts.scheme not in ("http", "https") or not parts.hostname or not plain:
            raise ValueError(f"'{value}' must be the address of an RDAP service, such as https://rdap.example.com/")
        checked_port(parts)
        return value

    @property
    def where(self) -> str:
        """The name."""
        return self.domain
