"""Reading the answers to a flow, and reporting them without showing secrets."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import quote, urljoin

from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.core.redact import MASK
from pytest_readiness.core.text import cut
from pytest_readiness.domains.http.said import readings
from pytest_readiness.protocols.http.addresses import origin, shown
from pytest_readiness.protocols.http.answer import Response

SENSITIVE = re.compile(
    r"(?i)pass(word|phrase|wd)|secret|token|csrf|xsrf|nonce|session|credential|api[_-]?key|authori[sz]ation|cookie|"
    r"card.?number|iban|\b(pin|cvc|cvv|otp)\b"
)
"""Names whose values are not shown."""


class Unexpected(Exception):
    """An answer is not as expected.

    Args:
        expected: what was declared.
        seen: what was there instead.
    """

    def __init__(self, expected: str, seen: str) -> None:
        super().__init__(f"expected {expected}; seen: {seen}")
        self.expected = expected
        self.seen = seen


def need(holds: bool, expected: str, seen: str) -> None:
    """Raise `Unexpected` unless `holds`."""
    if not holds:
        raise Unexpected(expected, seen)


def place(answer: Response) -> str:
    """Status and address of an answer."""
    to = f" to {shown(answer.location)}" if answer.location else ""
    return f"{answer.status}{to} from {shown(answer.url)}"


def whole(answer: Response) -> Response:
    """The answer, of which nothing is missing.

    Raises:
        CouldNotVerify: it was too large to be read completely.
    """
    if answer.truncated:
        raise CouldNotVerify(f"the answer from {shown(answer.url)} goes on after {answer.size} bytes, not all read")
    return answer


def beginning(answer: Response, length: int = 120) -> str:
    """How an answer begins, as it may be shown."""
    text = readings(answer)[0]
    with suppress(ValueError, RecursionError):
        text = json.dumps(masked(json.loads(text)), ensure_ascii=False)
    return cut(text, length) or "no text"


def masked(value: Any) -> Any:
    """A JSON value without what its names call secret."""
    if isinstance(value, Mapping):
        return {name: MASK if SENSITIVE.search(name) else masked(child) for name, child in value.items()}
    if isinstance(value, list | tuple):
        return [masked(child) for child in value]
    return value


def dumped(value: Any) -> str:
    """A JSON value as it may be shown."""
    return cut(json.dumps(masked(value), ensure_ascii=False, default=str))


def parsed(answer: Response) -> Any:
    """The value of an answer in JSON.

    Raises:
        Unexpected: it is not in JSON.
    """
    try:
        return json.loads(whole(answer).body)
    except (ValueError, RecursionError):
        kind = cut(answer.header("content-type") or "no type", 60)
        raise Unexpected("an answer in JSON", f"{answer.status} with {kind}: {beginning(answer)}") from None


def origin_of(address: str) -> tuple[str, str, int]:
    """Scheme, host and port of an address; empty ones where it cannot be read."""
    try:
        scheme, host, port = origin(address)
    except ValueError:
        return "", "", 0
    return scheme, host or "", port


def next_on_host(answer: Response) -> str:
    """Where a redirect leads to, if that is on the same host and not a step back from https to http."""
    goal = answer.location.partition("#")[0]
    here, there = origin_of(answer.url), origin_of(goal)
    allowed = ("https",) if answer.secure else ("http", "https")
    return goal if there[1] == here[1] and there[0] in allowed else ""


def leads(wanted: str, answer: Response, address: str) -> bool:
    """Whether an address is the wanted one: its query counts where one is wanted, `*` matches anything."""
    if not address:
        return False
    bare = address.partition("#")[0]
    if "?" not in wanted:
        bare = bare.partition("?")[0]
    whole = urljoin(answer.url, wanted) if wanted.startswith("/") else wanted
    pattern = ".*".join(re.escape(_sent(each)) for each in whole.split("*"))
    return re.fullmatch(pattern, _sent(bare)) is not None


def _sent(address: str) -> str:
    """An address with its letters beyond ASCII as they are sent, in capital digits."""
    encoded = re.sub(r"[^\x00-\x7f]+", lambda found: quote(found[0]), address)
    return re.sub(r"%[0-9a-f]{2}", lambda found: found[0].upper(), encoded, flags=re.IGNORECASE)


def value_at(value: Any, path: str) -> Any:
    """What is at a path (`order.lines.0`) or JSON pointer (RFC 6901).

    Raises:
        Unexpected: nothing does.
    """
    if path.startswith("/"):
        keys = [key.replace("~1", "/").replace("~0", "~") for key in path[1:].split("/")]
    else:
        keys = path.split(".")
    here = value
    for key in keys:
        if isinstance(here, Mapping) and key in here:
            here = here[key]
        elif isinstance(here, list) and key.isdecimal() and int(key) < len(here):
            here = here[int(key)]
        else:
            has = ", ".join(map(str, here)) if isinstance(here, Mapping) else dumped(here)
            raise Unexpected(f"a value at {path}", f"no '{key}' in {cut(has) or 'an empty object'}")
    return here


def same(one: Any, other: Any) -> bool:
    """Whether two JSON values are equal; for Python, true is 1."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(same(*pair) for pair in zip(one, other, strict=True))
    return bool(isinstance(one, bool) == isinstance(other, bool) and one == other)
