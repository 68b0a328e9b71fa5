"""How texts of readiness.yaml and bindings are written: patterns, and the words that tell a person what they ask."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

WORDS: dict[str, str] = {}
"""What a text of each pattern is, with an example, after "must be"."""


def spelled(pattern: str, words: str, **more: Any) -> Any:
    """A field of pydantic whose text has a pattern, and words for who wrote something else.

    Args:
        pattern: the regular expression.
        words: what the text must be, with an example ("a domain's name, such as shop.example.com").
        more: what else the field has.

    Raises:
        ValueError: the pattern has other words already. What pydantic says of a text names the pattern only.
    """
    if WORDS.setdefault(pattern, words) != words:
        raise ValueError(f"{pattern} is told as {WORDS[pattern]!r} already")
    return Field(pattern=pattern, **more)


Sha256 = Annotated[str, spelled(r"^[0-9a-fA-F]{64}$", "64 hexadecimal digits, as sha256sum prints them")]
"""The digest of a file (FIPS 180-4)."""
