"""What kind of system a host is."""

from __future__ import annotations

from pytest_readiness.domains.host.question import Question

SYSTEM = Question(
    "system",
    "the kind of system",
    """\
id -un && uname -n && uname -sr && cut -d " " -f 1 /proc/uptime || return
[ ! -r /etc/os-release ] || sed -n "s/^PRETTY_NAME=//p" /etc/os-release
""",
    lambda text: tuple(text.splitlines()),
)
"""User logged in as, host name, kernel, seconds since boot, and the distribution where known."""
