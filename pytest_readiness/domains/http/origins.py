"""Origins that are not a site's own, and that a loose comparison takes for it."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

FOREIGN = "https://readiness-probe.example"
"""An origin that no one trusts: .example is reserved (RFC 2606)."""

_NUMERIC = re.compile(r"[0-9.]+")
_SECOND_LEVEL = re.compile(r"(com?|org|net|edu|gov|ac|or|ne|go)\.[a-z]{2}")


def lookalikes(own: str, whose: str) -> dict[str, str]:
    """Foreign origins that begin like an origin, end like it, or differ from it in a dot, by what they are.

    Args:
        own: the origin.
        whose: what it is called.
    """
    scheme, _, place = own.partition("://")
    host, colon, port = place.partition(":")
    domain = _registered(host)
    found = {
        # It contains the whole origin, too, unless that has a port.
        f"an origin that begins like {whose}": f"{scheme}://{host}.{urlsplit(FOREIGN).netloc}",
        f"an origin that ends like {whose}": f"{scheme}://readiness-probe{domain}{colon}{port}",
    }
    # What is left of the dot before the owner's domain is the owner's anyway.
    dots = [] if _NUMERIC.fullmatch(host) else [each.start() for each in re.finditer(r"\.", host)]
    for dot in dots[:-1]:
        if dot >= len(host) - len(domain) - 1:
            name = f"an origin like {whose} with another character for a dot ({host[:dot]}x{host[dot + 1 :]})"
            found[name] = f"{scheme}://{host[:dot]}x{host[dot + 1 :]}{colon}{port}"
    return found


def _registered(host: str) -> str:
    """The domain that a host's owner registered, so that all names below it are the owner's; else the host itself."""
    labels = host.split(".")
    if len(labels) < 3 or _NUMERIC.fullmatch(host):
        return host
    return ".".join(labels[-3 if _SECOND_LEVEL.fullmatch(".".join(labels[-2:])) else -2 :])
