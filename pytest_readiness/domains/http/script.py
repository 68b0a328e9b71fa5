"""What the text of a script gives away: the addresses of developers' machines, and keys; never the keys themselves."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pytest_readiness.core.entropy import estimated_bits
from pytest_readiness.core.keys import secrets_in
from pytest_readiness.domains.http.internals import unescaped

SECRET_BITS = 80
"""Fewest bits that a value must hold to be taken for a secret: half of a random 40-digit token."""

_LOCAL = re.compile(
    r"(?<![\w.-])(?:(?P<scheme>https?|wss?)://)?(?:localhost|127\.0\.[01]\.1|0\.0\.0\.0|\[::1\])"
    r"(?P<rest>:\d{2,5}|:\$(?=\{)|/[\w-]+)?(?![\w.-])",
    re.IGNORECASE,
)
_TUNNELS = (
    r"ngrok\.(?:io|app|dev)|ngrok-free\.(?:app|dev)|loca\.lt|trycloudflare\.com|serveo\.net|serveousercontent\.com"
    r"|localhost\.run|lhr\.(?:life|rocks)|pinggy\.(?:link|io)|devtunnels\.ms|gitpod\.(?:io|dev)|app\.github\.dev"
    r"|webcontainer\.io|ts\.net|webhook\.site|localtunnel\.me|pagekite\.me|zrok\.io|sharedwithexpose\.com|bore\.pub"
    r"|cloudshell\.dev|cloudworkstations\.dev|replit\.dev"
)
"""Domains of what leads to a developer's machine."""
_HOMES = (
    r"local|test|lan|internal|localhost|home\.arpa|lvh\.me|localtest\.me|nip\.io|sslip\.io|ddev\.site|lndo\.site"
    r"|localdomain|intranet|corp|svc|vcap\.me|localho\.st|lacolhost\.com"
)
"""Domains of networks at home and in companies, and those whose names lead back to the machine itself."""
_ANY_HOST = "localhost|host|hostname|server|proxy|domain|example|site|user|username|login"
"""What libraries and examples have in the place of a host's name, or of a user's."""
_PRIVATE = re.compile(
    # Without a scheme or a port, these may be the number of a version.
    r"(?<![\w.-])(?:(?P<scheme>(?:https?|wss?)://)|(?=[\w.-]{1,253}:\d{2,5}\b))"
    # Libraries hold the addresses at which clouds tell a machine about itself.
    r"(?!metadata\.google\.internal|169\.254\.169\.254)"
    r"(?P<host>10(?:\.\d{1,3}){3}|172\.(?:1[6-9]|2\d|3[01])(?:\.\d{1,3}){2}|192\.168(?:\.\d{1,3}){2}"
    r"|169\.254(?:\.\d{1,3}){2}|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])(?:\.\d{1,3}){2}"
    r"|[\w-]{1,63}\.docker\.internal"
    r"|(?(scheme)\[(?:f[cd][\da-f]{2}|fe[89ab][\da-f]):[\da-f:]{1,40}\]|(?!))"
    # A word with a dot before a colon is as often a property's name.
    rf"|(?(scheme)(?:[\w-]{{1,63}}\.){{1,5}}(?:{_HOMES}|{_TUNNELS})|(?!))"
    # Such a domain itself, where it is one; and a container's name, which is known in its own network only.
    r"|(?(scheme)(?:lvh\.me|localtest\.me|webhook\.site|vcap\.me|localho\.st|lacolhost\.com|bore\.pub"
    rf"|(?!(?:{_ANY_HOST}):)[a-z][\w-]{{1,62}}(?=:\d{{3,5}}(?![\d@])))"
    r"|(?!)))"
    r"(?P<port>:\d{2,5})?(?![\w.-])",
    re.IGNORECASE,
)
_NAMED = re.compile(
    r"""(?i)(?<![\w-])(?P<name>[\w-]{0,40}(?:secret|private_?key|password|passwd|service_?role"""
    r"""|(?:admin|master|signing|encryption)_?(?:api_?)?key)[\w-]{0,20})["'`]?\s{0,3}[:=]\s{0,3}"""
    r"""["'`](?P<value>[^"'`\s]{16,500})["'`]"""
)
_PASSWORD = re.compile(
    r"""(?i)(?<![\w-])(?P<name>[\w-]{0,40}(?:password|passwd|_pwd|_pass))["'`]?\s{0,3}[:=]\s{0,3}"""
    r"""["'`](?P<value>[^"'`\s/{}]{6,100})["'`]"""
)
_LOGIN_IN_ADDRESS = re.compile(
    r"\b[a-z][a-z0-9+]{1,20}://(?P<user>[^\s/:@\"'`$<>{}]{0,80}):(?P<password>[^\s/@\"'`$<>{}]{3,200})"
    r"@(?P<host>\w[\w.-]{0,252}|\[[\da-f:.]{2,45}\])"
)
_BASIC = re.compile(r"\bBasic\s{1,3}(?P<encoded>[A-Za-z0-9+/]{8,400}={0,2})(?![\w+/=])")
_ENCODED_LATER = re.compile(r"\bbtoa\(\s{0,3}[\"'`](?P<user>[^\"'`:$\s]{1,80}):(?P<password>[^\"'`$\s]{3,200})[\"'`]")
_BEARER = re.compile(r"\bBearer\s{1,3}(?P<token>[A-Za-z0-9_~+/-]{20,1000}=*)")
_ANYBODY = ("", "user", "username", "login", "name", "usr", "foo")
_ANYTHING = ("pass", "password", "passwd", "pwd", "secret", "bar")
_EXAMPLE_HOST = re.compile(
    r"(?i)(.*\.)?example(\.(com|org|net))?|localhost|[^.]+|.*\.(test|invalid|localhost)"
    r"|(my)?(host|domain|site|server)\.(com|tld)"
)


def _keys(text: str) -> Iterator[str]:
    """What is in a script that looks like a secret."""
    yield from secrets_in(text)
    for found in _NAMED.finditer(text):
        if estimated_bits(found["value"]) >= SECRET_BITS:
            yield f"a value of {found['name']}"
    for found in _PASSWORD.finditer(text):
        if _is_chosen(found["name"], found["value"]):
            yield f"a value of {found['name']}"
    for found in (*_LOGIN_IN_ADDRESS.finditer(text), *_ENCODED_LATER.finditer(text)):
        host = found.groupdict().get("host", "localhost")
        generic = found["user"].lower() in _ANYBODY and found["password"].lower() in _ANYTHING
        if not (generic and _EXAMPLE_HOST.fullmatch(host)):
            yield "a password in an address" if "host" in found.groupdict() else "a password for Basic"
    for found in _BASIC.finditer(text):
        if _is_login(found["encoded"]):
            yield "a password for Basic"
    for found in _BEARER.finditer(text):
        if estimated_bits(found["token"]) >= SECRET_BITS:
            yield "a token for Bearer"


def _is_chosen(name: str, value: str) -> bool:
    """Whether somebody has thought the value up as a password, so that it is no label, message or code of an error."""
    letters, digits = (any(map(test, value)) for test in (str.isalpha, str.isdigit))
    if not letters or not digits or re.fullmatch(r"[A-Z0-9_]+|https?:.*", value):
        return False
    return name.isupper() or any(sign in value for sign in "!@#$%^&*?+")


def _is_login(encoded: str) -> bool:
    try:
        return re.fullmatch(r"[!-~]{1,200}:[ -~]{3,}", base64.b64decode(encoded, validate=True).decode()) is not None
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class Code:
    """What was found in a script.

    Attributes:
        length: characters.
        named: those of the asked texts that are in it as words of their own.
        local: addresses on the developer's own machine, with a port or path.
        private: addresses in a private network, or of what leads to a developer's machine, and the host of each, with
            its port where it has one.
        placeholders: such addresses without either, as libraries hold them to build on.
        keys: what it holds that looks like a secret ("a Stripe secret key"); never the secret.
    """

    length: int
    named: tuple[str, ...]
    local: tuple[str, ...]
    private: tuple[tuple[str, str], ...]
    placeholders: tuple[str, ...]
    keys: tuple[str, ...]


def read_code(text: str, asks: Iterable[str]) -> Code:
    """Look through a script for the asked texts, local addresses, and keys."""
    # As it came, and without the escapes of JSON: twice, for JSON within a script.
    once = unescaped(text)
    readings = tuple(dict.fromkeys((text, once, unescaped(once))))
    local, placeholders = dict[str, None](), dict[str, None]()
    for found in (each for reading in readings for each in _LOCAL.finditer(reading)):
        if found["rest"]:
            local[found[0]] = None
        elif found["scheme"]:
            placeholders[found[0]] = None
    private = dict.fromkeys(
        (each[0], f"{each['host'].lower()}{each['port'] or ''}")
        for reading in readings
        for each in _PRIVATE.finditer(reading)
    )
    keys = dict.fromkeys(key for reading in readings for key in _keys(reading))
    named = (ask for ask in asks if any(re.search(_word(ask), reading) for reading in readings))
    return Code(
        len(text),
        tuple(named),
        tuple(local)[:20],
        tuple(private)[:20],
        tuple(placeholders)[:20],
        tuple(keys)[:20],
    )


def _word(text: str) -> str:
    """Pattern of a host's name that is not a part of a longer one, nor of an address of mail, nor with another port."""
    port = "" if ":" in text else r"|:(?!443\b|80\b)\d"
    return rf"(?i)(?<![\w.@-]){re.escape(text)}(?![\w-]|\.\w{port})"
