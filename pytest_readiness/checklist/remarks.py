"""What a text says in parentheses, or by being struck through, about itself."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pytest_readiness.checklist.markdown import Node, has, one_line, plain

STRUCK = "struck through in the checklist"
MARKED_NOT_APPLICABLE = "marked N/A in the checklist"

PARENTHESIS = re.compile(r"\(([^()]*(?:\([^()]*\)[^()]*)*)\)")
_OPTIONAL = re.compile(r"\s*optional\s*(?:$|[,;:]|but\b)", re.IGNORECASE)
_CONDITION = re.compile(r"\s*(?:optional\W+)?(if\s.+)", re.IGNORECASE | re.DOTALL)
_NOT_APPLICABLE = re.compile(r"\s*n/a(?!\w)[\s:,;.–—-]*(.*)", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Remarks:
    """What a text says in parentheses about itself, or is said of what encloses it."""

    optional: bool = False
    condition: str | None = None
    not_applicable: str | None = None


def remarks_of(inlines: Sequence[Node], enclosing: Remarks) -> Remarks:
    """What the texts say of themselves, and where they are silent, what is said of what encloses them."""
    optional = False
    condition = None
    not_applicable = STRUCK if _is_struck(inlines) else None
    # Code in parentheses is not said of the item: "returns `(N/A)`".
    for words in PARENTHESIS.findall(" ".join(plain(inline, "code_inline") for inline in inlines)):
        optional = optional or _OPTIONAL.match(words) is not None
        if condition is None and (match := _CONDITION.match(words)):
            condition = one_line(match[1])
        if match := _NOT_APPLICABLE.match(words):
            not_applicable = one_line(match[1]) or MARKED_NOT_APPLICABLE
    return Remarks(optional, condition or enclosing.condition, not_applicable or enclosing.not_applicable)


def is_remark(words: str) -> bool:
    """Whether words in parentheses say something about the text that they are in."""
    return any(remark.match(words) for remark in (_OPTIONAL, _CONDITION, _NOT_APPLICABLE))


def is_bold(inline: Node) -> bool:
    """Whether all that an inline says is bold; what is in parentheses does not count."""
    return has(inline, "strong") and not _says_something(plain(inline, "strong"))


def _is_struck(inlines: Sequence[Node]) -> bool:
    if not any(has(inline, "s") for inline in inlines):
        return False
    return not any(_says_something(plain(inline, "s")) for inline in inlines)


def _says_something(text: str) -> bool:
    return any(map(str.isalnum, PARENTHESIS.sub("", text)))
