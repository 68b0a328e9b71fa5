"""What the text of a script gives away: the addresses of developers' machines, and keys; never the keys themselves."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from pytest_readiness.core.entropy import estimated_bits
from pytest_readiness.core.redact import KEY_SHAPES

SECRET_BITS = 80
"""Fewest bits that a value must hold to be taken for a secret: half of a random 40-digit token."""

_LOCAL = re.compile(
    r"(?<![\w.-])(?:(?P<scheme>https?|wss?)://)?(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\])"
    r"(?P<rest>:\d{2,5}|/[\w-]+)?(?![\w.-])",
    re.IGNORECASE,
)
_KEYS = {
    **{name: rf"\b{shape}" for name, shape in KEY_SHAPES.items()},
    "a private key": r"-----BEGIN [A-Z ]*PRIVATE KEY-----(?:\\[nr]|\s)*[A-Za-z0-9+/]{16,}",
    "a password in an address": r"\b(?!https?:)[a-z][a-z0-9+]{1,20}://[^\s/:@\"'`$<>{}]{1,80}:"
    r"[^\s/@\"'`$<>{}]{3,200}@[\w.-]{3,}",
}
_NAMED = re.compile(
    r"""(?i)(?<![\w-])(?P<name>[\w-]{0,40}(?:secret|private_?key|password|passwd|service_?role)[\w-]{0,20})["'`]?\s{0,3}[:=]\s{0,3}"""
    r"""["'`](?P<value>[^"'`\s]{16,500})["'`]"""
)


@dataclass(frozen=True, slots=True)
class Code:
    """What was found in a script.

    Attributes:
        length: characters.
        named: those of the asked texts that are in it as words of their own.
        local: addresses on the developer's own machine, with a port or path.
        placeholders: such addresses without either, as libraries hold them to build on.
        keys: what it holds that looks like a secret ("a Stripe secret key"); never the secret.
    """

    length: int
    named: tuple[str, ...]
    local: tuple[str, ...]
    placeholders: tuple[str, ...]
    keys: tuple[str, ...]


def read_code(text: str, asks: Iterable[str]) -> Code:
    """Look through a script for the asked texts, local addresses, and keys."""
    text = text.replace("\\/", "/")
    local, placeholders = dict[str, None](), dict[str, None]()
    for found in _LOCAL.finditer(text):
        if found["rest"]:
            local[found[0]] = None
        elif found["scheme"]:
            placeholders[found[0]] = None
    keys = [name for name, shape in _KEYS.items() if re.search(shape, text)]
    keys += [
        f"a value of {found['name']}"
        for found in _NAMED.finditer(text)
        if estimated_bits(found["value"]) >= SECRET_BITS
    ]
    return Code(
        len(text),
        tuple(ask for ask in asks if re.search(rf"(?<![\w.-]){re.escape(ask)}(?![\w-]|\.\w)", text)),
        tuple(local)[:20],
        tuple(placeholders)[:20],
        tuple(dict.fromkeys(keys))[:20],
    )
