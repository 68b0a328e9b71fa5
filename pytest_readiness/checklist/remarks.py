"""What a text says about itself in a remark, or by being struck through."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from pytest_readiness.checklist.markdown import Node, has, one_line, plain
from pytest_readiness.core.text import says_nothing

STRUCK = "struck through in the checklist"
MARKED_NOT_APPLICABLE = "marked N/A in the checklist"

PARENTHESIS = re.compile(r"\(([^()]*(?:\([^()]*\)[^()]*)*)\)")
_OPTIONAL = re.compile(r"optional\s*(?:$|[,;:!.]\s*|(?<=\s)[–—-]\s+|but\b.*\Z)", re.IGNORECASE | re.DOTALL)
_USED = r"(?:applicable|needed|necessary|required|relevant|available|used|present|enabled|configured)"
_VERB = r"(?:us|handl|process|stor|send|accept|offer|serv|host|collect|support|sell|expos|provid|charg)"
# "If the disk is full", "if one leaks" and "if it fails, call us" say when something happens, and nothing about what
# the environment has.
_CONDITION = re.compile(
    # What is not there, or too much, or wrong, no resource tells: "if no CDN is used", "when using a wrong key".
    r"(?:only\s+)?(?:if|when|where)\s+(?!.*\b(?:no|not|none|never|without|too|more|less|fewer|wrong|invalid|incorrect|bad"
    r"|expired|stolen|unknown|untrusted)\b)(?![^,]*,\s*(?!(?:or|and)\b)\w)(?:"
    # "if applicable", "when using S3", "if there are mobile apps", "if we have a queue", "if the shop uses S3"
    rf"{_USED}\b.*|(?:{_VERB}ing|there\s+(?:is|are)|(?:you|we)\s+have)\s.+|using"
    rf"|(?:you|we|(?:the|your|our|this)\s+\S+)\s+{_VERB}e?s?\s.+"
    # "if S3 is used", "if the GDPR applies"
    rf"|(?:\S+\s+){{1,4}}(?:(?:is|are)\s+(?:{_USED}|in\s+(?:use|scope|place))|appl(?:y|ies)|exists?)"
    # "if separate": one word that is no event
    r"|(?!(?:any|possible|feasible|practical|convenient|not|so|missing|down|up|offline|online|live|broken|lost|slow|late|full"
    r"|empty|unhealthy|unsure|sure|unclear|urgent|wrong|ready|done|complete|over|green|red)\b)[\w-]+(?<!ed)"
    r")",
    re.IGNORECASE | re.DOTALL,
)
_NOT_APPLICABLE = re.compile(
    r"(?:n/a|n\.a\.|(?:is |does )?not (?:applicable|apply))(?!\w)\s*"
    # A reason stands after a sign; one that begins with these words says for what, or when, it does not apply.
    r"(?:$|(?:[:,;.–—-]++|(?=because\b|since\b|as\s+(?!long|soon)))\s*+"
    r"((?!(?:for|in|on|to|if|when|where|while|unless|until|except|outside|within|during|before|after"
    r"|but|ask|check|verify|confirm|clarify|pending)\b).*))\Z",
    re.IGNORECASE | re.DOTALL,
)
_TAIL_AFTER_DASH = re.compile(r"\s[–—-]+\s*(optional|(?:n/a|not applicable)\b[^–—]*)\Z", re.IGNORECASE)
_TAIL_CONDITION = re.compile(rf",\s*((?:if|when|where)\s+(?:{_USED}|using\s[^,]+))\Z", re.IGNORECASE)
_HEAD_OPTIONAL = re.compile(r"\A\W*optional(?:ly)?\s*(?::|[–—-]\s)\s*(?=\S)", re.IGNORECASE)
# Without any of these a text has no remark; most have none.
_SIGNS = re.compile(r"[(\[]|n/a|applicable|optional|,\s*(?:if|when|where)\b", re.IGNORECASE)
_CLOSING = {")": "(", "]": "["}
_QUOTES = "\"'“„”‘’«»「『"
_OPENING = {opening: closing for closing, opening in _CLOSING.items()}
# What code has in brackets is not said of the item: "returns `(N/A)`".
_HIDDEN = {ord(sign): chr(0xE000 + number) for number, sign in enumerate("()[],:–—-")}
_SHOWN = {ord(hidden): chr(sign) for sign, hidden in _HIDDEN.items()}


@dataclass(frozen=True, slots=True)
class Remarks:
    """What a text says about itself in remarks, or is said of what encloses it."""

    optional: bool = False
    condition: str | None = None
    not_applicable: str | None = None


def remarks_of(inlines: Sequence[Node], enclosing: Remarks) -> Remarks:
    """What the texts say of themselves, and where they are silent, what is said of what encloses them."""
    own = Remarks()
    for inline in inlines:
        for words in _split(plain(inline, code=_HIDDEN))[1]:
            own = _with(own, words)
    return Remarks(
        own.optional or enclosing.optional,
        own.condition or enclosing.condition,
        own.not_applicable or (STRUCK if _is_struck(inlines) else enclosing.not_applicable),
    )


def without_remarks(inline: Node) -> str:
    """The text of an inline without the remarks at its beginning and end."""
    return _split(plain(inline, code=_HIDDEN))[0].translate(_SHOWN)


def is_bold(inline: Node) -> bool:
    """Whether all that an inline says is bold; what is in parentheses does not count."""
    return has(inline, "strong") and not _says_something(plain(inline, "strong"))


@lru_cache(maxsize=64)  # it is asked for a text's remarks, and then for what is left
def _split(text: str) -> tuple[str, tuple[str, ...]]:
    """The text without its remarks, and the remarks, which stand alone in a known form at an end of it."""
    found: list[str] = []
    if not _SIGNS.search(text):
        return text, ()
    for cut in (_last, _first):
        while (pair := cut(text)) is not None:
            text, words = pair
            found.append(words)
    return text, tuple(found)


def _last(text: str) -> tuple[str, str] | None:
    """What is before the remark at the end, and its words; None where there is none."""
    end = len(text)
    while end and not text[end - 1].isalnum() and text[end - 1] not in _CLOSING:
        end -= 1
    kept = text[:end]
    if kept and kept[-1] in _CLOSING:
        start = _opened(kept)
        # What is quoted is shown to someone, and not said of the item.
        alone = start == 0 or not (kept[start - 1].isalnum() or kept[start - 1] in _QUOTES)
        if start >= 0 and alone and is_remark(kept[start + 1 : -1]):
            return f"{kept[:start]} {text[end:]}", kept[start + 1 : -1]
    if text[end:].lstrip().startswith("?"):
        return None
    for tail in (_TAIL_AFTER_DASH, _TAIL_CONDITION):
        if (match := tail.search(kept)) and is_remark(words := _without_bracket(match[1])):
            return kept[: match.start()], words
    return None


def _first(text: str) -> tuple[str, str] | None:
    """What is after the remark at the beginning, and its words; None where there is none."""
    if match := _HEAD_OPTIONAL.match(text):
        return text[match.end() :], "optional"
    start = next((number for number, sign in enumerate(text) if sign.isalnum() or sign in _OPENING), len(text))
    if start == len(text) or text[start] not in _OPENING:
        return None
    end = text.find(_OPENING[text[start]], start)
    words = text[start + 1 : end]
    if end < 0 or text[end + 1 : end + 2].strip() or not is_remark(words):
        return None
    return f"{text[:start]} {text[end + 1 :]}", words


def _opened(text: str) -> int:
    """Where the bracket opens with which the text ends, or -1."""
    closing, depth = text[-1], 0
    for place in range(len(text) - 1, -1, -1):
        depth += (text[place] == closing) - (text[place] == _CLOSING[closing])
        if not depth:
            return place
    return -1


def _without_bracket(words: str) -> str:
    """`N/A (no mail)` as `N/A: no mail`."""
    before, bracket, inside = words.strip().partition("(")
    return f"{before.rstrip()}: {inside[:-1]}" if bracket and inside.endswith(")") else words.strip()


@lru_cache(maxsize=256)
def is_remark(words: str) -> bool:
    """Whether words that stand alone say something about the text that they are in."""
    return _with(Remarks(), words) != Remarks()


def _with(known: Remarks, words: str) -> Remarks:
    """What is known already, and what these words of a remark add to it."""
    return Remarks(
        known.optional or any(map(_OPTIONAL.match, _parts(words))),
        known.condition or next((one_line(part) for part in _parts(words) if _CONDITION.fullmatch(part)), None),
        known.not_applicable or _reason(words),
    )


def _reason(words: str) -> str | None:
    match = _NOT_APPLICABLE.match(words.strip())
    # "N/A: TBD" says that nobody knows yet.
    if match and match[1] and says_nothing(match[1]):
        return None
    return (one_line(match[1] or "") or MARKED_NOT_APPLICABLE) if match else None


def _parts(words: str) -> Iterator[str]:
    """The words, or of "optional, if needed" both parts."""
    words = words.strip()
    yield words
    if (match := _OPTIONAL.match(words)) and match.end() < len(words):
        yield words[match.end() :]


def _is_struck(inlines: Sequence[Node]) -> bool:
    if not any(has(inline, "s") for inline in inlines):
        return False
    return not any(_says_something(plain(inline, "s")) for inline in inlines)


def _says_something(text: str) -> bool:
    return any(map(str.isalnum, PARENTHESIS.sub("", text)))
