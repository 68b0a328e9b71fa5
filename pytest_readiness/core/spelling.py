"""How texts of readiness.yaml and bindings are written: patterns, and the words that tell a person what they ask."""

from __future__ import annotations

from typing import Any

from pydantic import Field

WORDS: dict[str, str] = {}
"""What a text of each pattern is, with an example, after "must be"."""


def spelled(pattern: str, words: str, **more: Any) -> Any:
    """A field of pydantic whose text has a pattern, and words for who wrote something else.

    Args:
        pattern: the regular expression.
        words: what the text must be, with an example ("a domain's name, such as shop.example.com").
        more: what else the field has.
    """
    WORDS[pattern] = words
    return Field(pattern=pattern, **more)
