"""Hosts that are the machine itself or somebody's development machine, and where values name hosts."""

from __future__ import annotations

import ipaddress
import re
import socket
import unicodedata
from collections.abc import Iterable

from pytest_readiness.domains.env.addresses import addresses_in

_LISTENS = re.compile(
    r"NO_PROXY|HOST|HOSTNAME|(?:.*_)?(?:BIND|LISTEN|LISTENERS?|INTERFACE|ADVERTISED)(?:_.*)?"
    r"|(?:.*_)?(?:ALLOWED|TRUSTED)_(?:HOSTS?|PROXIES)"
    r"|(?:UVICORN|GUNICORN|HYPERCORN|DAPHNE|FLASK_RUN|NUXT|NITRO|VITE|GRADIO|STREAMLIT|ROCKET|SERVER|HTTP|HTTPS|METRICS)"
    r"_(?:HOST|ADDRESS|ADDR|SERVER_NAME|SERVER_ADDRESS)"
)
"""Names of variables that say where a program itself listens, or whom it lets in, not where it connects to."""
SERVES = re.compile("(?:ASPNETCORE|DOTNET)_URLS")
"""Names of variables whose addresses are those that the program itself answers at."""
_IS_HOST = re.compile(
    r"(?:.*_|PG|MYSQL|MONGO|REDIS)?(?:HOST|HOSTADDR|HOSTNAME|BASE|ZOOKEEPER|CONNECT|SERVER|ADDR|ADDRESS|ENDPOINT|NODE|BROKER|DOMAIN|ORIGIN|URL|URI|DSN|PEER|MASTER|LOCATION)"
    r"(?:S|ES)?_?\d{0,3}"
)
_HOST = re.compile(
    r"\[([0-9A-Fa-f:.]{2,45})\](?::\d{1,5})?|\.?([A-Za-z0-9_-][A-Za-z0-9_.-]{0,252})(?::\d{1,5})?(?:/.*)?|(::1?)"
)
_DEVELOPMENT = re.compile(
    r"(?:.*\.)?(?:localhost|localdomain|local|test|invalid|example)"
    r"|(?:host|gateway|vm|kubernetes)\.docker\.internal|host\.(?:containers|lima|minikube|orb)\.internal"
    r"|docker\.for\.(?:mac|win)\..*"
    # Names of the whole Internet that lead to the machine itself, and tunnels to somebody's.
    r"|(?:.*\.)?(?:lvh\.me|localtest\.me|vcap\.me|lacolhost\.com|127[.-]0[.-]0[.-]1\.(?:nip|sslip|xip)\.io"
    r"|ngrok\.(?:io|app|dev|com)|ngrok-free\.(?:app|dev)|loca\.lt|localtunnel\.me|trycloudflare\.com|serveo\.net"
    r"|localhost\.run|lhr\.(?:life|rocks)|pagekite\.me|bore\.pub|devtunnels\.ms|app\.github\.dev|gitpod\.io"
    r"|tunnelmole\.net|telebit\.io|pinggy\.(?:io|link)|zrok\.io)"
)
_CLUSTER = re.compile(r".*\.(?:svc|pod|cluster)\.local")


def hosts_in(name: str, text: str, *, named: bool = False) -> list[str]:
    """The hosts that a variable's value names as targets.

    Args:
        name: of the variable; one that says where a program listens has none.
        text: its value.
        named: whether somebody named the variable, so that its own name says nothing.
    """
    if _LISTENS.fullmatch(name.upper()) and not named:
        return []
    if addresses := [address for _, address in addresses_in({name: text})]:
        return [host for address in addresses for host, _ in address.hosts if not host.startswith("/")]
    if not named and not _IS_HOST.fullmatch(name.upper()):
        return []
    pieces = (
        _HOST.fullmatch(piece)
        for piece in re.split(r"[\s,;\"']+", text.strip("[]{}\"' ") if ":" not in text[:2] else text)
    )
    return [next(filter(None, piece.groups()), "") for piece in pieces if piece]


def is_local(host: str) -> bool:
    """Whether a host is the machine itself, however its address is written ("127.1", "2130706433")."""
    host = unicodedata.normalize("NFKC", host).strip("[]").partition("%")[0].lower()
    # As .NET writes it for SQL Server.
    if host in (".", "(local)", "(localdb)"):
        return True
    host = host.rstrip(".")
    if host in ("localhost.localdomain", "ip6-localhost", "ip6-loopback") or re.fullmatch(r"(?:.*\.)?localhost", host):
        return True
    try:
        # As the system's resolver takes what is made of numbers.
        numbers = re.fullmatch(r"(?:0x)?[0-9a-f]+(?:\.(?:0x)?[0-9a-f]+){0,3}", host)
        packed = socket.inet_aton(host) if numbers and re.match(r"\d", host) else None
        address = ipaddress.ip_address(packed or host)
    except (OSError, ValueError):
        return False
    address = getattr(address, "ipv4_mapped", None) or address
    return address.is_loopback or address.is_unspecified


def is_development(host: str, others: Iterable[str] = ()) -> bool:
    """Whether a host is the machine itself, or a name of development, or ends in one of others."""
    if is_local(host):
        return True
    host = unicodedata.normalize("NFKC", host).rstrip(".").lower()
    if any(f".{host}".endswith(f".{each.lower()}") for each in others):
        return True
    return _DEVELOPMENT.fullmatch(host) is not None and not _CLUSTER.fullmatch(host)
