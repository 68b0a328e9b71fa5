"""How many bits of chance a secret can hold at most, judged from the outside.

A generator's output and a thought-up text of the same length look alike to a count of letters, so what a person
would write is found first: words, repetitions, and rows of the alphabet, the digits or the keyboard.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import string
import uuid
from collections.abc import Callable
from functools import cache
from itertools import pairwise
from math import log2
from urllib.parse import unquote_to_bytes

TEXT_BITS = 1.5
"""Bits for each letter of words (Shannon, "Prediction and Entropy of Printed English", 1951: 0.6 to 1.3 in English)."""

_PREDICTABLE = 5
"""Shortest row or repetition that counts as one; chance makes one in 1 of 2000 random 32-digit hexadecimal keys."""

_RUN = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")
_ALONE = re.compile(r"(?<![^\W_])(?:[A-Z]?[a-z]{6,}|[A-Z]{7,})(?![^\W_])")
# The hundred commonest pairs of letters make up three quarters of English text, and 15 % of random letters.
_PAIRS = (
    "ac ad ai al am an ar as at be ca ce ch co ct de di ea ec ed el em en er es et ex fi fo ge ha he hi ho ic if il "
    "im in io is it la le li ll lo ma me mo mp na nc nd ne ng no ns nt od of om on op or ot ou pa pe pl po pr ra re "
    "ri rn ro rs rt se si ss st ta te th ti to tr ts tu ue ul um un ur us ut ve wi"
)
_COMMON = frozenset(_PAIRS.split())
_COMMON_IN_TEXT = 0.75
_COMMON_IN_RANDOM = len(_COMMON) / 26**2
_GOES_ON = 0.9
"""How likely the next character of a text of words is another letter of the same word."""
_ENDS_OTHERWISE = 0.03
"""How likely it is a digit or a letter of the other case; what is left is for blanks, hyphens and other signs."""
_FURTHER = 1.0
"""Bits that speak against words for each further letter or digit between two of them."""
_NO_CHANCE = 24.0
"""From how many bits on, by which words explain a stretch better than a generator does, it is taken for words."""
_NO_CHANCE_OTHERWISE = 27.0
"""The same backwards and with digits and signs read as letters: another look finds more by chance."""
_LONGEST = 1024
_LAYERS = 3
_FEWEST_IN_PIECE = 16
_FEWEST_IN_STEPS = 8
_PIECES = tuple(
    map(
        re.compile,
        (r"(?:[^%]{0,1024}%[0-9A-Fa-f]{2})+[^%]{0,1024}", r"[A-Za-z0-9+/]{11,}={0,6}", r"[A-Za-z0-9_-]{11,}={0,6}"),
    )
)
"""What may be an encoded text: in percent form, base64 or hexadecimal digits, base64 for URLs."""
_COLUMNS = ("1qaz", "2wsx", "3edc", "4rfv", "5tgb", "6yhn", "7ujm", "8ik,", "9ol.", "0p;/")
_SHIFTED = ("!qaz", "@wsx", "#edc", "$rfv", "%tgb", "^yhn", "&ujm", "*ik<", "(ol>", ")p:?")
_PAIRS_OF_COLUMNS = (
    (_COLUMNS, _SHIFTED),
    (_SHIFTED, _COLUMNS),
    (tuple(each[::-1] for each in _COLUMNS), tuple(each[::-1] for each in _SHIFTED)),
)
_ROWS = " ".join(
    (
        string.ascii_lowercase,
        string.digits * 2,
        *("qwertyuiop", "asdfghjkl", "zxcvbnm", "qwertzuiop", "yxcvbnm", "azertyuiop", "qsdfghjklm", "!@#$%^&*()"),
        *("qweasdzxc", "1q2w3e4r5t6y7u8i9o0p", "q1w2e3r4t5y6u7i8o9p0", "qazwsxedcrfvtgbyhnujmikolp"),
        # Columns of the keyboard: all downwards, and down and up in turns.
        *("".join(each) for each in (_COLUMNS, _SHIFTED)),
        "".join(one if number % 2 else one[::-1] for number, one in enumerate(_COLUMNS)),
        *("".join(one + other for one, other in zip(*pair, strict=True)) for pair in _PAIRS_OF_COLUMNS),
        *("".join(pair[number % 2][number] for number in range(len(_COLUMNS))) for pair in _PAIRS_OF_COLUMNS),
    )
)
_ROWS += " " + _ROWS[::-1]
_PUBLIC = re.compile(
    r"-----BEGIN (?:[A-Z0-9 ]{0,40}(?:PUBLIC KEY|CERTIFICATE(?: REQUEST)?|X509 CRL|PARAMETERS))-----"
    r"(?:(?!-----END)[\s\S])*(?:-----END [A-Z0-9 ]{1,60}-----)?"
    r"|(?:ssh-(?:rsa|dss|ed25519)|ecdsa-sha2-nistp\d{3}|sk-ssh-ed25519@openssh\.com) AAAA[A-Za-z0-9+/=]+"
    r"|\bage1[a-z0-9]{58}\b|\bSHA256:[A-Za-z0-9+/]{43}=?"
    # The same keys (SubjectPublicKeyInfo) without the lines around them.
    r"|\b(?:MFkwEwYHKoZIzj0C|MHYwEAYHKoZIzj0C|MII[BC]IjANBgkqhkiG9w0BAQEFAAOC|MIGfMA0GCSqGSIb3DQEBAQUAA4|MCowBQYDK2V)"
    r"[A-Za-z0-9+/]+=*"
)
"""Keys and certificates that everybody may see."""
_UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_TIME = re.compile(
    r"(?:19|20)\d\d-[01]\d-[0-3]\d(?:[T _][0-2]\d:[0-5]\d(?::[0-5]\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?)?"
)
_ABROAD = re.compile(r"[^\W\d_a-zA-Z]+")
"""Letters that no generator of secrets draws: somebody has written them."""
_HEX_WORDS = re.compile(
    r"(?i)deadbeef|cafebabe|feedface|baadf00d|8badf00d|defec8ed|deadc0de|badc0ffee|c0ffee|facade|decade"
)
_DIGITS = re.compile(r"\d{12,}")
_KNOWN_DIGITS = "31415926535897932384626433832795028841971693993751 27182818284590452353602874713526624977572470937"
"""Of pi and of e."""
_LEET = re.compile(r"(?<=[A-Za-z])[01345@$!]{1,2}(?=[A-Za-z])")
_LETTER_FOR = dict(zip("01345@$!", "oieasasi", strict=True))
"""The letters that people write as digits or signs within words."""


def estimated_bits(secret: str) -> float:
    """Return an estimate, in bits, of the entropy of a secret; generous to random text, strict with written text.

    Letters of words count `TEXT_BITS` each, once for each different word; what chance brings now and then is no word.
    A row ("23456", "qwerty", "1qaz2wsx") and the repetition of what came before count as one character, also where two
    rows stand in turns ("1a2b3c"). Digits and signs between letters count as the letters that they look like, where
    that makes words, and letters backwards as those forwards. Public keys and certificates hold nothing, UUIDs what
    their version says. Every other character counts as a random one of its alphabet: hexadecimal digits, else the
    digits, small and capital letters that occur, and the symbols seen. Where most letters are in words, all characters
    count like text. What is the base64, base32, hexadecimal or percent form of a text holds no more than that text. No
    more than 1024 characters are looked at.
    """
    secret = _PUBLIC.sub("", secret[: _LONGEST * 16])[:_LONGEST]
    return min(_bits(each) for text in decoded(secret) for each in (text, *_read_otherwise(text)))


def _read_otherwise(text: str) -> list[str]:
    """The text backwards and with letters for digits and signs, where that makes words, and what makes it a row.

    Two rows may stand in turns ("1a2b3c"), have signs between their parts ("ABCD-EFGH") or each character several times
    ("11:22:33").
    """
    found = [each for each in (text[::-1], *_without_leet(text)) if _is_of_words(each, _NO_CHANCE_OTHERWISE)]
    joined = re.sub(r"[\W_]+", "", text)
    rows = (text[::2] + text[1::2], joined, re.sub(r"(.)\1+", r"\1", joined, flags=re.DOTALL))
    return found + [row for row in rows if _unpredictable(row) * 2 < len(row)]


def _is_of_words(text: str, no_chance: float) -> bool:
    return sum(map(len, _words(text, no_chance))) * 2 > sum(map(str.isalpha, text))


def _without_leet(text: str) -> list[str]:
    if set(re.sub(r"[\W_]", "", text.lower())) <= set(string.hexdigits):
        return []
    plain = _LEET.sub(lambda signs: "".join(_LETTER_FOR[sign] for sign in signs[0]), text)
    return [plain] if plain != text else []


def decoded(secret: str) -> list[str]:
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
        if _says_nothing(data):
            return "0"
        # Random bytes hardly ever all print, unless they are few: a short piece of a longer text is none by chance.
        if len(bare) < _FEWEST_IN_PIECE and len(bare) < len(piece.string.rstrip("=")):
            continue
        for charset in ("ascii", "utf-16-le"):
            try:
                plain = data.decode(charset)
            except UnicodeDecodeError:
                continue
            plain = plain.rstrip("\r\n\t")
            if plain and plain != text and plain.isascii() and re.sub(r"[\r\n\t]", "", plain).isprintable():
                return plain
    return text


def _says_nothing(data: bytes) -> bool:
    """Whether bytes count up or down in equal steps, or are the digest of a common word."""
    steps = {(two - one) % 256 for one, two in pairwise(data)}
    return (len(data) >= _FEWEST_IN_STEPS and len(steps) == 1) or data.hex() in _known()


def _bits(secret: str) -> float:
    if timed := _TIMED.fullmatch(secret):
        secret = timed["ulid"] or timed["cuid"]
    secret = _HEX.sub(lambda found: "" if found[0].lower() in _known() else found[0], _PUBLIC.sub("", secret))
    uuids = [uuid.UUID(found) for found in _UUID.findall(secret)]
    # A time, a word of hexadecimal digits and a known row of digits count as one character each.
    rest = _HEX_WORDS.sub("a", _TIME.sub("1", _UUID.sub("", secret)))
    rest = _DIGITS.sub(lambda found: "1" if found[0] in _KNOWN_DIGITS else found[0], rest)
    return sum(_UUID_BITS.get(each.version or 0, 0) for each in dict.fromkeys(uuids)) + _bits_of_text(rest)


@cache
def _known() -> frozenset[str]:
    """Hexadecimal secrets of tutorials, and the digests of what people write first."""
    words = (
        *("", "a", "0", "1", "123", "1234", "12345", "123456", "1234567", "12345678", "123456789", "1234567890"),
        *("admin", "root", "user", "guest", "test", "demo", "dev", "prod", "production", "staging", "app", "shop"),
        *("secret", "mysecret", "supersecret", "secretkey", "key", "token", "default", "example", "hello", "foo"),
        *("password", "mypassword", "passwort", "passw0rd", "p@ssw0rd", "pass", "changeme", "letmein", "qwerty"),
    )
    ends = ("", "1", "12", "123", "1234", "12345", "!", "1!", "123!", "@123")
    spelled = dict.fromkeys(each for word in words for each in (word, word.capitalize()))
    texts = [word + end + line_end for word in spelled for end in ends for line_end in ("", "\n")]
    ways = ("md5", "sha1", "sha256", "sha512")
    digests = {hashlib.new(way, text.encode(), usedforsecurity=False).hexdigest() for text in texts for way in ways}
    return frozenset(digests) | {
        # FastAPI's tutorial; the first account of Hardhat and Anvil.
        "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7",
        "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80",
        # The examples of FIPS 197 and NIST SP 800-38A.
        "2b7e151628aed2a6abf7158809cf4f3c",
        "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
    }


_HEX = re.compile(r"[0-9A-Fa-f]{32,}")
_TIMED = re.compile(r"01[0-9A-HJKMNP-TV-Z]{8}(?P<ulid>[0-9A-HJKMNP-TV-Z]{16})|c[i-n][a-z0-9]{11}(?P<cuid>[a-z0-9]{12})")
"""A ULID and a cuid of these years: the time, in the latter a counter and the host, and what is drawn."""
_UUID_BITS = {4: 122.0, 7: 74.0}
"""Bits of chance in the versions of UUIDs that have any (RFC 9562)."""


def _bits_of_text(secret: str) -> float:
    words = _words(secret)
    rest = _ABROAD.sub("", secret)
    for word in words:
        rest = rest.replace(word, "", 1)
    words += _ABROAD.findall(secret)
    is_text = sum(map(len, words)) * 2 > sum(map(str.isalpha, secret))
    of_words = TEXT_BITS * sum(map(_unpredictable, dict.fromkeys(word.lower() for word in words)))
    return of_words + _unpredictable(rest) * (TEXT_BITS if is_text else _bits_each(rest))


def _words(text: str, no_chance: float = _NO_CHANCE) -> list[str]:
    """The runs of letters in the stretches of a text that words explain better than a generator does.

    What speaks for words is summed up from letter to letter, and begins anew where more speaks against them: so
    neighbouring words help each other, and a pair of letters now and then in a random text does not count.
    """
    size = 2 ** _bits_each(text)
    if size <= len(string.hexdigits):
        return []
    signs = len(set(text) - set(string.ascii_letters + string.digits))
    # How likely a generator goes on with a letter of the same case.
    goes_on = min(26 / size, _GOES_ON)
    common = log2(_COMMON_IN_TEXT * _GOES_ON / (_COMMON_IN_RANDOM * goes_on))
    other = log2((1 - _COMMON_IN_TEXT) * _GOES_ON / ((1 - _COMMON_IN_RANDOM) * goes_on))
    ends = log2(_ENDS_OTHERWISE / (1 - goes_on))
    ends_with_sign = log2((1 - _GOES_ON - _ENDS_OTHERWISE) * size / max(signs, 1))
    found: list[str] = []
    stretch: list[str] = []
    speaks = most = 0.0
    until = last = 0
    for run in _RUN.finditer(text):
        gap = text[last : run.start()]
        last = run.end()
        if stretch:
            speaks += ends if not gap or gap[0].isalnum() else ends_with_sign
            speaks -= _FURTHER * sum(map(str.isalnum, gap[1:]))
        letters = run[0].lower()
        of_common = _common_pairs(letters)
        speaks += of_common * common + (len(letters) - 1 - of_common) * other
        if speaks <= 0:
            found += stretch[:until] if most >= no_chance else []
            stretch, speaks, most, until = [], 0.0, 0.0, 0
            continue
        stretch.append(run[0])
        if speaks >= most:
            most, until = speaks, len(stretch)
    found += stretch[:until] if most >= no_chance else []
    # A generator hardly ever draws what reads as a word, and signs or an end on both sides of it.
    alone = [each[0] for each in _ALONE.finditer(text) if _common_pairs(each[0].lower()) * 2 > len(each[0]) - 1]
    return found + [each for each in alone if each not in found]


def _common_pairs(letters: str) -> int:
    """How many of its pairs are common in text."""
    return sum(letters[place : place + 2] in _COMMON for place in range(len(letters) - 1))


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
    # One of the shortest is what chance brings now and then.
    return len(text) if len(text) - count < _PREDICTABLE else count


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
