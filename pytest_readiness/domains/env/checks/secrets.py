"""Claims about the secrets among the variables; none of them is ever shown, only names, lengths and counts."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator, Mapping
from contextlib import contextmanager
from itertools import combinations
from pathlib import PurePath
from typing import Annotated, Literal

from pydantic import Field

from pytest_readiness.core.entropy import estimated_bits
from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify, Evidence, NotDeclared, claim
from pytest_readiness.core.registry import check
from pytest_readiness.core.resources import Named
from pytest_readiness.domains.env.addresses import Address, address_of, items_of
from pytest_readiness.domains.env.facts import EnvFacts, EnvText
from pytest_readiness.domains.env.facts.source import InSource, SourceSearch
from pytest_readiness.domains.env.resource import EnvFile
from pytest_readiness.domains.env.secrets import (
    alike,
    is_same,
    is_worthless,
    parts_of,
    pieces_of,
    readings,
    whole_addresses,
)
from pytest_readiness.domains.env.shared import (
    Name,
    Names,
    contents_of,
    count,
    in_different_ways,
    least_of,
    listed,
    refuse_odd_lines,
    refuse_references,
    unclear,
    visible_text,
)


def compared(env_file: EnvFile, other: str | None) -> str | None:
    """The name of another file, as what a check asks; one is not compared with itself."""
    if other == env_file.name:
        raise NotDeclared(f"{other} would be compared with itself: name another env file")
    return other


def example_of(env_file: EnvFile, example: str | None) -> str | None:
    """What a check asks of an example: the name of a declared file, "" for the file's own, or None for none."""
    if example or env_file.example is None:
        return compared(env_file, example)
    if env_file.path is not None and env_file.example == env_file.path:
        raise NotDeclared(f"{env_file.path} would be compared with itself: another file must be its `example`")
    return ""


def called(example: str | None, other: EnvFacts | EnvText) -> str:
    """What an example is called in sentences."""
    return example or PurePath(other.path).name


def _published(
    env_file: EnvFile, names: list[str], example: str | None, repository: str | None
) -> Mapping[str, Hashable]:
    search = SourceSearch(repository, tuple(dict.fromkeys(names))) if repository else None
    return {"other_env": example_of(env_file, example), "in_source": search}


@check(
    "env.not_default",
    severity="critical",
    remedy="Replace the secret with the output of a generator, for example of `openssl rand -base64 48`.",
    source="CWE-1392 (use of default credentials); CWE-798 (hard-coded credentials)",
    asks=_published,
)
def not_default(
    env_facts: EnvFacts,
    other_env: EnvFacts | None,
    in_source: InSource | None,
    *,
    names: Names,
    example: Annotated[str, Named("env_file")] | None = None,
    repository: Annotated[str, Named("repository")] | None = None,
) -> Evidence:
    """No named secret is a known default, a value of the example file, or in the source of the release.

    Known are defaults and placeholders, also in other capitals, written twice or encoded, the secrets of some
    tutorials and products, and a password that is its user's name; in an address its password is judged. The source is
    that of the commit that is released, searched byte for byte; its history, very large files, submodules and files of
    Git LFS are not looked at. A variable that is not set fails: the program may have a default of its own. There
    must be an example, a `repository`, or both.

    Args:
        names: variables that hold secrets, at least one.
        example: name of the declared env file that is the example; unless given, the file's own `example`.
        repository: name of the repository whose source is searched.
    """
    parts = parts_of(env_facts, names)
    texts = contents_of(env_facts, names)
    known = [name for name, text in texts.items() if is_worthless(name, text)]
    claim(not known, expected="secrets that nobody knows", seen=f"a well-known default in {listed(known)}")
    told = ["none is a known default"]
    if other_env is not None:
        its_name = called(example, other_env)
        examples = [each for name, variable in other_env.variables.items() if (each := pieces_of(name, variable))]
        given = [piece for pieces in examples for piece in pieces]
        same = [name for name, own in parts.items() if any(_is_of_example(one, each) for one in own for each in given)]
        claim(not same, expected="other values than in the example", seen=f"a value of {its_name} in {listed(same)}")
        refuse_odd_lines(other_env)
        if not examples:
            raise CouldNotVerify(f"{other_env.path} sets no variable to a value")
        told.append(f"none is one of the {len(examples)} values of {its_name}")
    if in_source is not None:
        seen = listed(in_source.found) or "some of them"
        claim(not in_source.places, expected=f"no secret in the source of {in_source.commit}", seen=seen)
        if lost := [name for name in parts if name not in in_source.searched]:
            raise CouldNotVerify(f"{listed(lost)} could not be looked for in the source: too short")
        if not in_source.files:
            raise CouldNotVerify(f"no file of {in_source.commit} could be read")
        unread = f" ({in_source.unread} not looked at)" if in_source.unread else ""
        told.append(f"none is in the {in_source.files} files of {in_source.commit}{unread}")
    if other_env is None and in_source is None:
        raise NotDeclared("neither an example nor a repository is named, which the values could be compared with")
    return Evidence(f"{count(parts)} ({listed(parts)}): {', '.join(told)}")


def _is_of_example(one: str, given: str) -> bool:
    return is_same(one, given) or (len(given) >= _LONG and bool(alike([one], [given])))


_LONG = 16
"""Characters from which on a text is likely a secret, and another one that is like it was made from it."""


@check(
    "env.differs",
    severity="critical",
    remedy="Give each environment secrets of its own, for example from `openssl rand -base64 48`.",
    source="OWASP Secrets Management Cheat Sheet; The Twelve-Factor App, III. Config",
    asks=lambda env_file, other: {"other_env": compared(env_file, other)},
)
def differs(
    env_facts: EnvFacts, other_env: EnvFacts, *, names: Names, other: Annotated[str, Named("env_file")]
) -> Evidence:
    """Each named variable is set in both environments, with different secrets in them.

    Of an address its password is compared, so that another host makes no difference, and encoded secrets are decoded.
    A secret that contains the other one, or differs in up to three characters, in the name of the environment or in a
    third of its length, is not another one.

    Args:
        names: variables that hold secrets, at least one; what may be the same, such as a public key, is left out.
        other: name of the env file of the other environment.
    """
    own = parts_of(env_facts, names)
    with _told_of(other):
        its = parts_of(other_env, names)
    same = [f"{name} has {how}" for name in own if (how := alike(own[name], its[name]))]
    claim(not same, expected=f"other secrets than in {other}", seen=listed(same))
    return Evidence(f"{count(own)} with other secrets than in {other}: {listed(own)}")


@contextmanager
def _told_of(other: str) -> Iterator[None]:
    try:
        yield
    except ClaimFalse as error:
        raise ClaimFalse(f"{error.expected}, in {other} too", f"in {other}: {error.seen}") from None
    except CouldNotVerify as error:
        raise CouldNotVerify(f"in {other}: {error.reason}") from None


@check(
    "env.distinct",
    severity="high",
    remedy="Give each variable a secret of its own, for example from `openssl rand -base64 48`.",
    source="NIST SP 800-57 part 1 rev. 5, section 5.2: a key for one purpose only",
)
def distinct(
    env_facts: EnvFacts,
    *,
    names: Annotated[list[Name], Field(min_length=2, examples=[["SECRET_KEY", "JWT_SECRET"]])],
    same: list[Annotated[list[Name], Field(min_length=2)]] = [],  # noqa: B006 (pydantic copies it)
) -> Evidence:
    """No two of the named variables have the same secret.

    Compared as by env.differs: passwords of addresses, encoded secrets decoded, and what differs by little is the same.

    Args:
        names: variables that hold secrets, at least two.
        same: groups of variables that are one secret for several readers, such as [POSTGRES_PASSWORD, DATABASE_URL].
    """
    there = [name for name in dict.fromkeys(names) if name in env_facts.variables]
    if len(there) < 2:
        raise CouldNotVerify(f"{len(there)} of the named variables are set in {env_facts.path}: two are needed")
    parts = parts_of(env_facts, there)
    pairs = [pair for pair in combinations(parts, 2) if not any(set(pair) <= set(group) for group in same)]
    wrong = [f"{one} and {two} have {how}" for one, two in pairs if (how := alike(parts[one], parts[two]))]
    claim(not wrong, expected="a secret of its own in each variable", seen=listed(wrong))
    if missing := [name for name in names if name not in parts]:
        raise CouldNotVerify(f"{env_facts.path} does not set {listed(missing)}")
    if not pairs:
        raise CouldNotVerify("all of the named variables may be the same")
    return Evidence(f"{count(parts)} with secrets of their own: {listed(parts)}")


@check(
    "env.dsn_passwords",
    severity="critical",
    remedy="Give the account a random password, for example from `openssl rand -hex 24`, and write it in the address.",
    source="NIST SP 800-63B-4 section 3.1.1.2 (15 characters); SP 800-63B section 5.1.2.2 (64 bits)",
)
def dsn_passwords(
    env_facts: EnvFacts,
    *,
    names: Names | None = None,
    min: Annotated[int, Field(gt=0)] = 15,
    min_bits: Annotated[float, Field(gt=0)] = 64,
    without: list[Name] = [],  # noqa: B006 (pydantic copies it)
) -> Evidence:
    """The password inside each address is long, random and no known default.

    Addresses are URLs, also in lists and in JSON, and `host=… password=…`; passwords stand before the host or among the
    options, and are decoded first. Randomness is estimated as by env.entropy. Whether the server accepts the password
    is not asked; one that comes from elsewhere, such as a password file, could not be verified.

    Args:
        names: variables that hold addresses with a password; unless given, all that do, at least one.
        min: fewest characters. 15: NIST SP 800-63B-4 for a password alone.
        min_bits: least estimated entropy in bits. 64: with less, guesses must be limited (NIST SP 800-63B).
        without: variables whose addresses have no password on purpose (client certificates, IAM, a socket).
    """
    named = [*(names or ()), *without]
    texts = contents_of(env_facts, dict.fromkeys(named))
    if names is None:
        texts |= {
            name: text
            for name, each in env_facts.variables.items()
            if "@" in (text := visible_text(each.value.get_secret_value())) or "=" in text
        }
    found: dict[str, list[Address]] = {}
    doubts: list[CouldNotVerify] = []
    for name, text in texts.items():
        try:
            found[name] = _with_logins(env_facts, name, text, is_named=name in named)
        except CouldNotVerify as error:
            doubts.append(error)
    if with_one := [name for name in without if any(each.passwords for each in found.get(name, ()))]:
        raise ClaimFalse("no password where none is declared", f"a password in {listed(with_one)}")
    weak = [
        f"{name} has one {fault}"
        for name in found
        if name not in without
        for each in found[name]
        if (fault := _fault(each, min, min_bits))
    ]
    weak += [f"{name} has an empty one" for name in found if name not in without and _EMPTY.search(texts[name])]
    expected = f"passwords of at least {min} characters and an estimated {min_bits:g} bits that nobody knows"
    claim(not weak, expected=expected, seen=listed(dict.fromkeys(weak)))
    if doubts:
        raise doubts[0]
    if silent := [name for name in named if name not in without and not all(each.passwords for each in found[name])]:
        raise CouldNotVerify(f"{listed(silent)} holds no password; name it in `without` if none is used")
    if names is None:
        refuse_odd_lines(env_facts)
    numbers = {name: number for name in found if (number := sum(len(each.passwords) for each in found[name]))}
    if not numbers and not without:
        raise NotDeclared(f"{env_facts.path} holds no address with a password, and no variable is named")
    none = f"none in {listed(without)} on purpose" if without else ""
    total = sum(numbers.values())
    told = f"{total} password{'' if total == 1 else 's'}, in {listed(numbers)}" if numbers else ""
    return Evidence("; ".join(filter(None, (told, none))))


def _with_logins(facts: EnvFacts, name: str, text: str, *, is_named: bool) -> list[Address]:
    """The addresses in a value, which must have some where it is named; else those with passwords."""
    variable = facts.variables[name]
    found = whole_addresses(name, text) if is_named or "://" in text else _addresses(text)
    if found:
        # A piece of a list may be cut off by one of the tools.
        refuse_references(facts, [name])
        if variable.unclear and [each.passwords for each in _addresses(least_of(variable))] != [
            each.passwords for each in _addresses(text)
        ]:
            raise in_different_ways(facts, name)
    elif is_named:
        raise CouldNotVerify(f"{name} holds no address")
    return found if is_named else [each for each in found if each.passwords or _EMPTY.search(text)]


_EMPTY = re.compile(r"://[^/@:\s]{0,200}:@")


def _addresses(text: str) -> list[Address]:
    return [found for item in items_of(text) if (found := address_of(item)) is not None]


def _fault(address: Address, min: int, min_bits: float) -> str:
    """What is wrong with the passwords of an address, as the end of a sentence, or ""."""
    for secret in address.passwords:
        if secret.casefold() == address.user.casefold():
            return "that is its user's name"
        if is_worthless("", secret):
            return "that everybody knows"
        if len(secret) < min:
            return f"of {len(secret)} characters"
        if (bits := estimated_bits(secret)) < min_bits:
            return f"of about {int(bits)} bits"
    return ""


@check(
    "env.key_size",
    severity="critical",
    remedy="Generate a key of that size, for example by `openssl rand -base64 32` for AES-256.",
    source="FIPS 197 (AES: keys of 128, 192 and 256 bits); RFC 4648 (base16, base64)",
)
def key_size(
    env_facts: EnvFacts,
    *,
    names: Names,
    size: Annotated[int, Field(gt=0, le=1024)] = 32,
    encoding: Literal["base64", "hex", "text"] | None = None,
) -> Evidence:
    """Each named variable, decoded, is a key of exactly so many bytes.

    What the key was made from is not looked at; env.entropy does. Prefixes `base64:` and `hex:` count.

    Args:
        names: variables that hold keys, at least one.
        size: bytes. 32: a key for AES-256.
        encoding: how the program decodes the value: `base64` (also that for URLs, with or without =), `hex`, or `text`
            (each byte as it is). Unless given, hexadecimal digits are hex, else base64 is base64; a text of so many
            characters could then not be verified.
    """
    contents_of(env_facts, names)
    for name, _ in unclear(env_facts, names):
        raise in_different_ways(env_facts, name)
    wrong, unsure, told = [], [], []
    for name in dict.fromkeys(names):
        text = env_facts.variables[name].value.get_secret_value()
        read = readings(text)
        how: str = encoding or next(each for each in ("hex", "base64", "text") if each in read)
        if how == "hex" and not encoding and text[:2] in ("0x", "0X"):
            unsure.append(f"{name} begins with 0x, which few programs take for hex")
        elif len(read.get(how, b"")) == size:
            told.append(f"{name} ({how})")
        elif encoding or size not in map(len, read.values()):
            is_read = f"{len(read[how])} bytes as {how}" if how in read else f"what is no {how}"
            wrong.append(f"{name} has {is_read}")
        else:
            other = next(each for each in read if len(read[each]) == size)
            unsure.append(f"{name} is a key of {len(read[how])} bytes as {how}, and one of {size} as {other}")
    claim(not wrong, expected=f"a key of exactly {size} bytes each", seen=listed(wrong))
    if unsure:
        raise CouldNotVerify(f"{listed(unsure)}: declare its `encoding`")
    return Evidence(f"{size} bytes ({size * 8} bits) each: {listed(told)}")
