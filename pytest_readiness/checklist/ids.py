"""Ids made of words: slugs of texts, and what keeps equal ones apart."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from typing import NamedTuple, TypeVar

SLUG_LENGTH = 100
FINGERPRINT_LENGTH = 16
_DIGEST_LENGTH = 8
_KEYCAP = re.compile("[0-9#*]\ufe0f?\u20e3")
_NO_LETTER = re.compile(r"[\W_]")
_NOT_ASCII = re.compile(r"[^\x00-\x7f]+")
# Signs that say something which the words beside them do not, in words. Arrows and <placeholders> are none.
_SPOKEN = (
    (re.compile(r"(?<![-=])[-=]+>|<[-=]*-"), " "),
    (re.compile(r"<(\w[\w .-]*)>"), r" \1 "),
    (re.compile(r"!=|≠"), " not "),
    (re.compile(r"<=|≤"), " at most "),
    (re.compile(r">=|≥"), " at least "),
    (re.compile(r"<"), " under "),
    (re.compile(r">"), " over "),
    (re.compile(r"±"), " plus minus "),
    (re.compile(r"(?<=\w)\+|(?<=\+)\+|\+(?=\w)"), " plus "),
    (re.compile(r"(?<=[^\W\d_])#"), " sharp "),
    (re.compile(r"(?:(?<![\w-])-|−)(?=\.?\d)"), " minus "),
    (re.compile(r"(?<!\w)\.(?=\d)"), " 0."),
    (re.compile(r"(?<!\w)!(?=\w)|¬"), " not "),
)
_MAY_BE_SPOKEN = re.compile(r"[-<>≤≥≠±+#−!¬.]")


class Name(NamedTuple):
    """What an id is made of: the words of a text, and the text itself, which tells it from others with these words."""

    slug: str
    text: str


def name_of(text: str, otherwise: str) -> Name:
    """The name of a text; its words are `otherwise` where there are none.

    Words that would be too long are cut, and then, as where a text is nothing but signs, a digest of the whole text
    follows: whatever is said beyond the words makes another id.
    """
    whole = " ".join(text.split())
    slug = "-".join(_words(text))
    if not slug:
        slug = f"{otherwise}-{digest_of(whole)}" if whole else otherwise
    elif len(slug) > SLUG_LENGTH:
        room = SLUG_LENGTH - _DIGEST_LENGTH - 1
        end = slug.rfind("-", 0, room + 1)
        slug = f"{slug[: end if end > 0 else room]}-{digest_of(whole)}"
    return Name(slug, whole)


def digest_of(*texts: str) -> str:
    """Enough of the digest of texts to tell them from others."""
    return hashlib.sha256(json.dumps(texts).encode()).hexdigest()[:_DIGEST_LENGTH]


def fingerprint_of(said: Sequence[str]) -> str:
    """What changes where anything changes that is said; white space within lines does not count."""
    texts = [
        "\n".join(" ".join(line.split()) for line in unicodedata.normalize("NFC", text).split("\n")) for text in said
    ]
    return hashlib.sha256(json.dumps(texts).encode()).hexdigest()[:FINGERPRINT_LENGTH]


def _words(text: str) -> list[str]:
    if not text.isascii():
        text = without_emoji(text)
    text = text.lower().replace("'", "").replace("’", "")
    if _MAY_BE_SPOKEN.search(text):
        for sign, words in _SPOKEN:
            text = sign.sub(words, text)
    return words_of(text)


def without_emoji(text: str) -> str:
    """The text in its normal form, without numbers on keys and emoji that were wrongly decoded."""
    return unicodedata.normalize("NFKC", _NOT_ASCII.sub(_without_mojibake, _KEYCAP.sub(" ", text)))


def words_of(text: str) -> list[str]:
    """The words of a text in lower case, without signs."""
    words = _NO_LETTER.sub(" " if text.isascii() else _without_sign, text).split()
    return [word for word in words if any(map(str.isalnum, word))]


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


Place = tuple[tuple[Name, ...], Name]
"""What has an id: the names of what it is in, outermost first, and its own."""


_Key = TypeVar("_Key", bound=Hashable)


def with_ancestors(ways: Mapping[_Key, tuple[str, ...]]) -> dict[_Key, str]:
    """The words that each place is called by: its own, and where others have the same, those of what it is in.

    Args:
        ways: by place, the words of what it is in, outermost first, and its own.
    """
    ids = {place: way[-1] for place, way in ways.items()}
    taken = dict.fromkeys(ways, 1)
    while True:
        users = Counter(ids.values())
        longer = [place for place, way in ways.items() if users[ids[place]] > 1 and taken[place] < len(way)]
        if not longer:
            return ids
        for place in longer:
            taken[place] += 1
            ids[place] = "-".join(ways[place][-taken[place] :])


def unique_ids(places: Sequence[Place]) -> list[str]:
    """An id for each place, unique, and whatever the order the same unless two places are equal.

    All places that would have the same id take one more ancestor into it, until none can; then those of different
    texts take a digest of them. Only what is the same in every word is numbered.
    """
    ids = with_ancestors({place: (*(name.slug for name in place[0]), place[1].slug) for place in places})
    users = Counter(ids.values())
    for place, id in ids.items():
        if users[id] > 1:
            ids[place] = f"{id}-{digest_of(*(name.text for name in place[0]), place[1].text)}"
    return numbered([ids[place] for place in places])


def numbered(wanted: Sequence[str]) -> list[str]:
    """The ids, of which those that come again have a number."""
    used = set(wanted)
    seen: Counter[str] = Counter()
    unique = []
    for id in wanted:
        result = id
        seen[id] += 1
        if seen[id] > 1:
            while (result := f"{id}-{seen[id]}") in used:
                seen[id] += 1
            used.add(result)
        unique.append(result)
    return unique
