"""Ids made of words: slugs of texts, and what keeps equal ones apart."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

from pytest_readiness.checklist.remarks import PARENTHESIS, is_remark

SLUG_LENGTH = 60
_KEYCAP = re.compile("[0-9#*]\ufe0f?\u20e3")
_NO_LETTER = re.compile(r"[\W_]")
_NOT_ASCII = re.compile(r"[^\x00-\x7f]+")


def slug_of(text: str, otherwise: str) -> str:
    """The words of a text in lower case, joined by hyphens; `otherwise` where there are none."""
    text = PARENTHESIS.sub(lambda match: " " if is_remark(match[1]) else match[0], text)
    if not text.isascii():
        text = unicodedata.normalize("NFKC", _NOT_ASCII.sub(_without_mojibake, _KEYCAP.sub(" ", text)))
    text = text.lower().replace("'", "").replace("’", "")
    words = _NO_LETTER.sub(" " if text.isascii() else _without_sign, text).split()
    slug = "-".join(word for word in words if any(map(str.isalnum, word)))
    if len(slug) > SLUG_LENGTH:
        end = slug.rfind("-", 0, SLUG_LENGTH + 1)
        slug = slug[: end if end > 0 else SLUG_LENGTH]
    return slug or otherwise


def _without_mojibake(match: re.Match[str]) -> str:
    """A run of characters, or a blank where they are an emoji's UTF-8 that was read as Windows-1252."""
    run = match[0]
    try:
        raw = b"".join(char.encode("latin-1" if "\x80" <= char <= "\x9f" else "cp1252") for char in run)
    except UnicodeEncodeError:
        return run
    decoded = raw.decode("utf-8", "ignore")
    return run if not decoded or any(map(str.isalnum, decoded)) else " "


def _without_sign(match: re.Match[str]) -> str:
    """Keep the vowel signs and accents that are written as characters of their own; emoji have some, too."""
    sign = match[0]
    return sign if unicodedata.category(sign) in ("Mn", "Mc") and not "\ufe00" <= sign <= "\ufe0f" else " "


def unique_ids(places: Sequence[tuple[tuple[str, ...], str]]) -> list[str]:
    """An id for each (ancestors, slug), unique, and whatever the order the same unless two places are equal.

    All places that would have the same id take one more ancestor into it, until none can.
    """
    ids = {place: place[1] for place in places}
    taken = dict.fromkeys(ids, 0)
    while True:
        users = Counter(ids.values())
        longer = [place for place in ids if users[ids[place]] > 1 and taken[place] < len(place[0])]
        if not longer:
            break
        for place in longer:
            taken[place] += 1
            ids[place] = "-".join((*place[0][-taken[place] :], place[1]))
    used = set(ids.values())
    seen: Counter[str] = Counter()
    unique = []
    for place in places:
        result = wanted = ids[place]
        seen[wanted] += 1
        if seen[wanted] > 1:
            while (result := f"{wanted}-{seen[wanted]}") in used:
                seen[wanted] += 1
            used.add(result)
        unique.append(result)
    return unique
