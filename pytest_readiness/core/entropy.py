"""How many bits of chance a secret can hold at most, judged from the outside.

A generator's output and a thought-up text of the same length look alike to a count of letters, so what a person
would write is found first: words, repetitions, and rows of the alphabet, the digits or the keyboard.
"""

from __future__ import annotations

import base64
import binascii
import re
import string
import uuid
from collections.abc import Callable
from math import log2
from urllib.parse import unquote_to_bytes

TEXT_BITS = 1.5
"""Bits for each letter of words (Shannon, "Prediction and Entropy of Printed English", 1951: 0.6 to 1.3 in English)."""

_PREDICTABLE = 5
"""Shortest row or repetition that counts as one; chance makes one in 1 of 2000 random 32-digit hexadecimal keys."""

_LETTERS = re.compile(r"[A-Z]?[a-z]{3,}|[A-Z]{4,}")
# The hundred commonest pairs of letters make up three quarters of English text, and 15 % of random letters.
_PAIRS = (
    "ac ad ai al am an ar as at be ca ce ch co ct de di ea ec ed el em en er es et ex fi fo ge ha he hi ho ic if il "
    "im in io is it la le li ll lo ma me mo mp na nc nd ne ng no ns nt od of om on op or ot ou pa pe pl po pr ra re "
    "ri rn ro rs rt se si ss st ta te th ti to tr ts tu ue ul um un ur us ut ve wi"
)
_WORD_SHARE = 0.45
_FEWEST_IN_WORDS = 8
"""Four random letters read as a word now and then; fewer letters in words than this are taken for chance."""
_LONGEST = 1024
_LAYERS = 3
_PIECES = tuple(
    map(
        re.compile,
        (r"(?:[^%]{0,1024}%[0-9A-Fa-f]{2})+[^%]{0,1024}", r"[A-Za-z0-9+/]{12,}={0,6}", r"[A-Za-z0-9_-]{12,}={0,6}"),
    )
)
"""What may be an encoded text: in percent form, base64 or hexadecimal digits, base64 for URLs."""
_ROWS = " ".join((string.ascii_lowercase, string.digits * 2, "qwertyuiop", "asdfghjkl", "zxcvbnm"))
_ROWS += " " + _ROWS[::-1]


def estimated_bits(secret: str) -> float:
    """Return an estimate, in bits, of the entropy of a secret; generous to random text, strict with written text.

    Letters of words count `TEXT_BITS` each, once for each different word. A row ("23456", "qwerty") and the
    repetition of what came before count as one character. Every other character counts as a random one of its
    alphabet: hexadecimal digits, else the digits, small and capital letters that occur, and the symbols seen. Where
    most letters are in words, all characters count like text. What is the base64, base32, hexadecimal or percent form
    of a text holds no more than that text. No more than 1024 characters are looked at.
    """
    secret = secret[:_LONGEST]
    return min(_bits(text) for text in _decoded(secret))


def _decoded(secret: str) -> list[str]:
    """The secret, and what it is when its encoded pieces are read, as often as there are any."""
    found = [secret]
    for _ in range(_LAYERS):
        last = found[-1]
        read = next((text for pieces in _PIECES if (text := pieces.sub(_plain, last)) != last), last)
        if read == last:
            break
        found.append(read)
    return found


def _plain(piece: re.Match[str]) -> str:
    """The text that a piece is the encoded form of; itself where it is none."""
    text = piece[0]
    bare = text.rstrip("=")
    ways: tuple[Callable[[], bytes], ...] = (
        lambda: bytes.fromhex(text.removeprefix("0x")),
        lambda: base64.b32decode(bare + "=" * (-len(bare) % 8)),
        lambda: base64.b64decode(bare + "=" * (-len(bare) % 4), altchars=b"-_", validate=True),
        lambda: base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True),
        lambda: unquote_to_bytes(text),
    )
    for way in ways:
        try:
            data = way()
        except (ValueError, binascii.Error):
            continue
        # Random bytes hardly ever all print; sixteen characters are at least eight of them.
        for charset in ("ascii", "utf-16-le"):
            try:
                plain = data.decode(charset)
            except UnicodeDecodeError:
                continue
            plain = plain.rstrip("\r\n\t")
            if plain and plain != text and plain.isascii() and plain.isprintable():
                return plain
    return text


def _bits(secret: str) -> float:
    if _is_uuid(secret):
        return 122.0 if uuid.UUID(secret).version == 4 else 0.0
    words = [found[0] for found in _LETTERS.finditer(secret) if _reads_as_word(found[0])]
    in_words = sum(map(len, words))
    if in_words < _FEWEST_IN_WORDS:
        return _unpredictable(secret) * _bits_each(secret)
    rest = secret
    for word in words:
        rest = rest.replace(word, "", 1)
    is_text = in_words * 2 > sum(map(str.isalpha, secret))
    of_words = TEXT_BITS * sum(map(_unpredictable, dict.fromkeys(word.lower() for word in words)))
    return of_words + _unpredictable(rest) * (TEXT_BITS if is_text else _bits_each(rest))


def _is_uuid(secret: str) -> bool:
    return re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", secret) is not None


def _reads_as_word(letters: str) -> bool:
    if set(letters.lower()) <= set(string.hexdigits):
        return False
    pairs = [one + other for one, other in zip(letters.lower(), letters.lower()[1:], strict=False)]
    return sum(pair in _PAIRS for pair in pairs) >= _WORD_SHARE * len(pairs)


def _unpredictable(text: str) -> int:
    """The number of characters that do not follow from the ones before."""
    text = text.lower()
    count = start = 0
    while start < len(text):
        end = start + _PREDICTABLE
        while end <= len(text) and (text[start:end] in _ROWS or text[start:end] in text[: end - 1]):
            end += 1
        start = end - 1 if end > start + _PREDICTABLE else start + 1
        count += 1
    return count


def _bits_each(text: str) -> float:
    """Bits of a random character of the alphabet that `text` seems to be drawn from."""
    plain = {character for character in text if character.isalnum()}
    if plain and (plain <= set(string.digits + "abcdef") or plain <= set(string.digits + "ABCDEF")):
        size = 10 if plain <= set(string.digits) else 16
    else:
        cases = [case for case in (string.ascii_lowercase, string.ascii_uppercase) if not plain.isdisjoint(case)]
        # Short random texts in letters of both cases often lack the digits that they could have held.
        digits = 10 if len(cases) == 2 or not plain.isdisjoint(string.digits) else 0
        size = 26 * len(cases) + digits
    size += len(set(text) - set(string.ascii_letters + string.digits))
    return log2(size) if size > 1 else 0.0
