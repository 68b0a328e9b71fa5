"""What waits for connections."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from pathlib import Path

from pytest_readiness.domains.host.question import Question


@dataclass(frozen=True, slots=True)
class Listener:
    """A TCP socket that waits for connections.

    Attributes:
        address: IP address that it is bound to.
        port: its port.
        process: the program's name; "" where unknown (another user's process, or no `ss` on the host).
    """

    address: str
    port: int
    process: str

    @property
    def loopback(self) -> bool:
        """Whether only the host itself can connect."""
        address = ipaddress.ip_address(self.address)
        mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
        return (mapped or address).is_loopback


def _listeners(text: str) -> tuple[Listener, ...]:
    first, *lines = text.splitlines()
    little = first.split()[-1] == "0001"
    sockets = [fields for line in lines if (fields := line.split())[0].endswith(":")]
    names = {
        inode[1]: name[1]
        for line in lines
        if (inode := re.search(r"\bino:(\d+)", line)) and (name := re.search(r'users:\(\("([^"]*)"', line))
    }
    found = {
        Listener(address_of(address, little=little), int(port, 16), names.get(fields[9], ""))
        for fields in sockets
        for address, port in [fields[1].split(":")]
    }
    return tuple(sorted(found, key=lambda each: (each.port, each.address, each.process)))


def address_of(text: str, *, little: bool) -> str:
    """The address that /proc/net/tcp shows as 32-bit words in the host's own byte order."""
    words = [bytes.fromhex(text[at : at + 8]) for at in range(0, len(text), 8)]
    return str(ipaddress.ip_address(b"".join(word[::-1] if little else word for word in words)))


LISTENERS = Question("listeners", "the listening sockets", Path(__file__).with_name("listeners.sh"), _listeners)
"""Every TCP listener in the host's network namespace, by port; as /proc/net/tcp and tcp6 show it."""
