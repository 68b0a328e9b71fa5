"""Secrets in the values of variables: where they are in them, whether two are alike, and what everybody knows.

What is returned here is compared and counted, and never shown.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable

from pytest_readiness.core.entropy import decoded, estimated_bits
from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.domains.env.addresses import WEB, Address, address_of, items_of
from pytest_readiness.domains.env.facts import EnvFacts, Variable
from pytest_readiness.domains.env.placeholders import is_placeholder
from pytest_readiness.domains.env.shared import contents_of, in_different_ways, least_of, unclear, visible_text

_KNOWN = frozenset(
    (
        # Of the documentation of Testbench (Laravel), Flask's quick start, Symfony, Directus, Supabase and Superset.
        "AckfSECXIvnK5r28GVIWUAxmbBSjTsmF",
        "192b9bdd22ab9ed4d12e236c78afcb9a393ec15f71bbf5dc987d54727823bcbf",
        '_5#y2L"F4Q8z\\n\\xec]/',
        "ThisTokenIsNotSoSecretChangeIt",
        "255d861b-5ea1-5996-9aa3-922530ec40b1",
        "6116487b-cda1-52c2-b5b5-c8022c45e263",
        "super-secret-jwt-token-with-at-least-32-characters-long",
        "thisISaSECRET_1234",
        # The key that Stripe's documentation had.
        "sk_test_4eC39HqLyjWDarjtT1zdp7dc",
        # What Grafana, Redis and Guacamole come with, and the emulators of Azure's storage and Cosmos DB.
        "SW2YcwTIb9zpOOhoPsMm",
        "foobared",
        "guacadmin",
        "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==",
        "C2y6yDjf5/R+ob0N8A7Cgv30VRDJIWEHLM+4QDU5DE2nQ9nDuVTqobD4b8mGGyPMbIZnqyMsEcaGQy67XIw/Jw==",
    )
)
"""Secrets that many have copied, and that look like those of a generator."""
_SECRET_BITS = 64
_FEWEST = 8
_MOST_EDITS = 3
_ENVIRONMENTS = re.compile(r"(?:pre)?prod(?:uction)?|stag(?:e|ing)|dev(?:elopment)?|test(?:ing)?|live|local|qa|uat")
_ARMOUR = re.compile(r"-----[A-Z0-9 ]{1,60}-----|\s")
_HEX = re.compile(r"(?:0x)?((?:[0-9A-Fa-f]{2})+)")
_BASE64 = re.compile(r"([A-Za-z0-9+/]+|[A-Za-z0-9_-]+)(={0,2})")


def parts_of(facts: EnvFacts, names: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """What is secret in the values of named variables: passwords in addresses, secrets in JSON, else all of a value.

    Raises:
        ClaimFalse: one is not set.
        CouldNotVerify: one was not seen, is read in different ways, or is an address that cannot be taken apart.
    """
    texts = contents_of(facts, names)
    for name, variable in unclear(facts, texts):
        whole = secrets_of(name, texts[name])
        try:
            is_clear = secrets_of(name, least_of(variable)) == whole
        except CouldNotVerify:
            is_clear = False
        if not is_clear:
            raise in_different_ways(facts, name)
    return {name: secrets_of(name, text) for name, text in texts.items()}


def secrets_of(name: str, text: str) -> tuple[str, ...]:
    """What is secret in a value.

    Raises:
        CouldNotVerify: it is an address that cannot be taken apart, or one of a server, without a password.
    """
    addresses = whole_addresses(name, text)
    if any(not each.passwords and not WEB.fullmatch(each.scheme) for each in addresses):
        raise CouldNotVerify(f"{name} holds an address without a password")
    passwords = tuple(password for each in addresses for password in each.passwords)
    return passwords or tuple(_of_json(text)) or _of_list(text) or (visible_text(text),)


def whole_addresses(name: str, text: str) -> list[Address]:
    """The addresses in a value, each of them taken apart.

    Raises:
        CouldNotVerify: one cannot be taken apart.
    """
    found = [each for item in items_of(text) if (each := address_of(item)) is not None]
    if wrong := next((each.wrong for each in found if each.wrong), ""):
        raise CouldNotVerify(f"{name} is no valid address: {wrong}")
    return found


def pieces_of(name: str, variable: Variable) -> tuple[str, ...]:
    """The value of a variable of another file or for a search, and what is secret in it; nothing where it is empty."""
    text = visible_text(variable.value.get_secret_value())
    try:
        return tuple(filter(None, dict.fromkeys((text, *secrets_of(name, text)))))
    except CouldNotVerify:
        return (text,)


def _of_json(text: str) -> list[str]:
    if text[:1] != "{":
        return []
    try:
        leaves = json.loads(text)
    except (ValueError, RecursionError):
        return []
    # Addresses and names are the same for several keys.
    return [
        leaf
        for leaf in leaves.values()
        if isinstance(leaf, str) and not re.search(r"://|@", leaf) and estimated_bits(leaf) >= _SECRET_BITS
    ]


def _of_list(text: str) -> tuple[str, ...]:
    """The secrets of a list, such as a new key and the one before it; nothing of what is one secret."""
    pieces = [visible_text(each).strip("\"'") for each in re.split(r"[,;]", text.strip("[]"))]
    return tuple(pieces) if len(pieces) > 1 and all(estimated_bits(each) >= _SECRET_BITS for each in pieces) else ()


def is_worthless(name: str, text: str) -> bool:
    """Whether a secret is what everybody knows: a placeholder, a default, a published example, its user's name.

    Also where it is written twice, in other capitals or encoded, and within an address.
    """
    if is_placeholder(name, text):
        return True
    for part in secrets_of(name, text):
        for form in decoded(re.sub(r"\A(?:base64|hex):", "", part)):
            period = (form + form).find(form, 1)
            for each in {form, form[:period]} if period > 0 else {form}:
                if each in _KNOWN or each.casefold() in _KNOWN_FOLDED or is_placeholder("PASSWORD", each):
                    return True
    return False


_KNOWN_FOLDED = frozenset(map(str.casefold, _KNOWN))


def readings(text: str) -> dict[str, bytes]:
    """The bytes that a text stands for, by each encoding that it may be written in: hex, base64, text."""
    prefix, bare = (found[1], found[2]) if (found := re.fullmatch(r"(?s)(base64|hex):(.*)", text)) else ("", text)
    read = {"text": text.encode()}
    if (found := _HEX.fullmatch(bare.strip())) and prefix != "base64":
        read["hex"] = bytes.fromhex(found[1])
    if (found := _BASE64.fullmatch(re.sub(r"\s", "", bare))) and prefix != "hex":
        digits, padding = found.groups()
        if len(digits) % 4 != 1 and (not padding or (len(digits) + len(padding)) % 4 == 0):
            read["base64"] = base64.b64decode(digits.translate(_URL_SAFE) + "=" * (-len(digits) % 4), validate=True)
    return {prefix: read[prefix]} if prefix in read else read


_URL_SAFE = str.maketrans("-_", "+/")


def alike(ones: Iterable[str], others: Iterable[str]) -> str:
    """In which way secrets of two variables are the same, as a clause, or ""."""
    others = tuple(others)
    told = {_alike(one, other) for one in ones for other in others}
    return next((each for each in (_SAME, _NEAR) if each in told), "")


def is_same(one: str, other: str) -> bool:
    """Whether two secrets are one, also in another encoding and in other capitals."""
    return not _forms(one).isdisjoint(_forms(other))


_SAME = "the same secret"
_NEAR = "secrets that differ by little"


def _alike(one: str, other: str) -> str:
    if is_same(one, other):
        return _SAME
    plain, its = (_ARMOUR.sub("", decoded(each)[-1].casefold())[:4096] for each in (one, other))
    bare = [_ENVIRONMENTS.sub("", each).strip("-_.") for each in (plain, its)]
    says_enough = min(map(len, bare)) * 2 >= min(len(plain), len(its)) >= _FEWEST
    return _NEAR if _is_near(plain, its) or (says_enough and (bare[0] == bare[1] or _is_near(*bare))) else ""


def _is_near(one: str, other: str) -> bool:
    """Whether one holds the other, or they are different in few characters or in up to a third of them."""
    short, long = sorted((one, other), key=len)
    common = _common(short, long) + _common(short[::-1], long[::-1])
    is_long = len(short) >= _FEWEST
    return (is_long and (short in long or common * 3 >= len(long) * 2)) or _is_edited(
        short, long, min(_MOST_EDITS, len(short) // 4)
    )


def _forms(text: str) -> set[str]:
    """The secret in each way in which it is the same: decoded, as bytes, in small letters."""
    text = visible_text(text)
    found = {visible_text(each).casefold() for each in decoded(text)}
    return found | {data.hex() for how, data in readings(text).items() if how != "text" and len(data) >= _FEWEST}


def _common(one: str, other: str) -> int:
    """How many characters are the same from the beginning on."""
    places = (place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b)
    return next(places, min(len(one), len(other)))


def _is_edited(short: str, long: str, most: int) -> bool:
    """Whether at most so many characters were put in, taken away or changed (Levenshtein, near the diagonal only)."""
    if len(long) - len(short) > most:
        return False
    row = {place: place for place in range(most + 1)}
    for at, sign in enumerate(short, 1):
        before, row = row, {}
        for place in range(max(0, at - most), min(len(long), at + most) + 1):
            ways = [before.get(place, most + 1) + 1, row.get(place - 1, most + 1) + 1]
            if place:
                ways.append(before.get(place - 1, most + 1) + (sign != long[place - 1]))
            row[place] = min(ways)
    return row.get(len(long), most + 1) <= most
