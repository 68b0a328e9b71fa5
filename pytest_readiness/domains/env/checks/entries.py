"""Claims about the names in env files, and about the file as a whole."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import Field

from pytest_readiness.core.evidence import CouldNotVerify, Evidence, NotDeclared, claim
from pytest_readiness.core.registry import check
from pytest_readiness.core.resources import Named
from pytest_readiness.domains.env.checks.secrets import called, example_of
from pytest_readiness.domains.env.facts import EnvFacts, EnvText, Variable, variables_in
from pytest_readiness.domains.env.resource import EnvFile
from pytest_readiness.domains.env.shared import Name, count, listed, odd_lines, refuse_odd_lines, visible_text

_ENCRYPTED = re.compile(
    r"\A\s*(?:\$ANSIBLE_VAULT;|-----BEGIN (?:PGP MESSAGE|AGE ENCRYPTED FILE)|age-encryption\.org/|\x00GITCRYPT)"
    r"|(?m:^sops_(?:version|mac)=)"
)
_LFS = "version https://git-lfs.github.com/spec/"


@check(
    "env.file",
    severity="high",
    remedy="Write the file anew from its example, with one NAME=value on each line, and fill it in.",
    source="The Twelve-Factor App, III. Config",
    asks=lambda env_file, example: {"other_text": example_of(env_file, example)},
)
def file(
    env_file: EnvFile,
    env_text: EnvText,
    other_text: EnvText | None,
    *,
    example: Annotated[str, Named("env_file")] | None = None,
) -> Evidence:
    """The file is there, sets variables, and each of its lines means something to what reads it.

    By the rules of the declared dialect; unless one is declared by python-dotenv's grammar, and values that tools read
    in different ways are not told of. Whether the values are right, and whether the release reads this file, is not
    looked at.

    Args:
        example: name of the declared env file that is the example, unless given the file's own `example`: a copy of it
            fails, since nothing is filled in.
    """
    claim(not env_text.missing, expected=f"a file {env_text.path}", seen="there is none")
    text = env_text.text.get_secret_value()
    if _ENCRYPTED.search(text) or "\0" in text or text.startswith(_LFS):
        raise CouldNotVerify(f"{env_text.path} is encrypted, no text, or not fetched from Git LFS")
    facts = variables_in(env_file, env_text)
    values = {name: visible_text(each.value.get_secret_value()) for name, each in facts.variables.items()}
    claim(not facts.odd, expected="NAME=value on each line", seen=f"something else{odd_lines(facts, ignored=True)}")
    claim(not facts.marked, expected="names alone", seen=f"a byte order mark before {listed(facts.marked)}")
    if env_file.dialect == "shell":
        cut_off = [name for name, each in facts.variables.items() if each.value.get_secret_value().endswith("\r")]
        claim(not cut_off, expected="line ends of Unix", seen=f"a carriage return in the value of {listed(cut_off)}")
    claim(any(values.values()), expected="variables that are set", seen=f"{count(values)}, none with a value")
    sealed = [name for name, each in facts.variables.items() if each.unfilled == "an encrypted value"]
    if sealed:
        raise CouldNotVerify(f"{env_text.path} holds encrypted values: {listed(sealed)}")
    if other_text is not None:
        if other_text.missing:
            raise CouldNotVerify(f"the example {other_text.path} does not exist")
        is_copy = _plain(other_text.text.get_secret_value()) == _plain(text)
        claim(
            not is_copy,
            expected="other values than in the example",
            seen=f"a copy of {other_text.path}",
        )
    empty = sum(not each for each in values.values())
    how = env_file.dialect or "by python-dotenv, as no dialect is declared"
    twice = f"set twice to different values, of which the last counts: {listed(facts.twice)}" if facts.twice else ""
    return Evidence(f"{count(values)}, {empty} of them empty; read as {how}", warning=twice)


def _must_be(example: str | None) -> str:
    if example is None:
        raise NotDeclared("no example says which variables there are: give the env file an `example`, a path")
    return example


def _plain(text: str) -> list[str]:
    return [line.strip() for line in text.removeprefix("\ufeff").splitlines() if line.strip()]


@check(
    "env.complete",
    severity="high",
    remedy="Set the missing variables, or take them out of the example where nothing reads them any more.",
    source="The Twelve-Factor App, III. Config",
    asks=lambda env_file, example: {"other_env": _must_be(example_of(env_file, example))},
)
def complete(
    env_facts: EnvFacts,
    other_env: EnvFacts,
    *,
    example: Annotated[str, Named("env_file")] | None = None,
    allow_missing: list[Name] = [],  # noqa: B006 (pydantic copies it)
    any_of: list[Annotated[list[Name], Field(min_length=2)]] = [],  # noqa: B006
) -> Evidence:
    """Every variable of the example is set, and not empty where the example's is not.

    A variable X counts as set where X_FILE is. What the example has in comments only (`# X=`) is optional. Whether the
    example is up to date and the values are right is not looked at; env.documented and env.no_placeholders do.

    Args:
        example: name of the declared env file that is the example; unless given, the file's own `example`.
        allow_missing: variables of the example that the platform sets, or that this environment has no need of.
        any_of: groups of variables of which one suffices, such as [DATABASE_URL, DB_HOST].
    """
    its_name = called(example, other_env)
    wanted = {name: each for name, each in other_env.variables.items() if name not in allow_missing}
    own = env_facts.variables
    stands_for = {name for group in any_of if any(_is_filled(own.get(each)) for each in group) for name in group}
    missing: list[str] = []
    unsure: list[str] = []
    by_file: list[str] = []
    for name, given in wanted.items():
        has = own.get(name)
        if name in stands_for or (has is not None and not _is_filled(given)):
            continue
        if not _is_filled(has) and _is_filled(own.get(f"{name}_FILE")):
            by_file.append(name)
        elif has is None or not (has.unfilled or has.references or visible_text(has.value.get_secret_value())):
            missing.append(f"{name} is {'empty' if has else 'not set'}")
        elif not _is_filled(has):
            unsure.append(name)
    if missing:
        # An odd line may be what sets it.
        refuse_odd_lines(env_facts, [each.partition(" ")[0] for each in missing])
    claim(not missing, expected=f"each variable of {its_name}", seen=listed(missing))
    if unsure:
        raise CouldNotVerify(
            f"the value of {listed(unsure)} is filled in from elsewhere or read in different ways, and may be empty"
        )
    refuse_odd_lines(env_facts, ())
    refuse_odd_lines(other_env)
    unknown = [group for group in any_of if not stands_for.intersection(group) and not wanted.keys() & set(group)]
    if unknown:
        raise CouldNotVerify(f"neither {its_name} nor {env_facts.path} sets any of {listed(unknown[0])}")
    if not wanted or len(other_env.variables) < other_env.number:
        raise CouldNotVerify(f"{other_env.path} sets no variable that is asked for")
    optional = [name for name in other_env.commented if name not in own]
    notes = [f"{listed(by_file)} by a file"] * bool(by_file)
    notes += [f"optional and not set: {listed(optional)}"] * bool(optional)
    return Evidence("; ".join((f"all {count(wanted)} of {its_name} are set", *notes)))


def _is_filled(variable: Variable | None) -> bool:
    """Whether something of a value is sure to be there."""
    if variable is None or variable.unfilled:
        return False
    text = re.sub(r"\$\{[^{}]{0,200}\}", "", variable.value.get_secret_value()) if variable.references else None
    return bool(visible_text(variable.least.get_secret_value() if text is None else text))


@check(
    "env.documented",
    severity="low",
    remedy="Write a line about each of these variables in the example file.",
    source="The Twelve-Factor App, III. Config",
    asks=lambda env_file, example: {"other_env": _must_be(example_of(env_file, example))},
)
def documented(
    env_facts: EnvFacts,
    other_env: EnvFacts,
    *,
    example: Annotated[str, Named("env_file")] | None = None,
    allow_missing: list[Name] = [],  # noqa: B006 (pydantic copies it)
) -> Evidence:
    """Every variable that is set has an entry in the example file.

    An entry is a line of the example, also in a comment (`# X=`); that of X is one for X_FILE, too. What it says, and
    what the program reads besides, is not looked at; docs.covers looks for entries in a document.

    Args:
        example: name of the declared env file that is the example; unless given, the file's own `example`.
        allow_missing: variables that need no entry, such as those of the platform.
    """
    its_name = called(example, other_env)
    names = [name for name in env_facts.variables if name not in allow_missing]
    entries = {*other_env.variables, *other_env.commented}
    lacking = [name for name in names if name not in entries and name.removesuffix("_FILE") not in entries]
    if lacking:
        refuse_odd_lines(other_env, lacking)
    claim(
        not lacking,
        expected=f"an entry in {its_name} for each variable",
        seen=f"none for {listed(lacking)}",
    )
    refuse_odd_lines(env_facts)
    if not names or len(env_facts.variables) < env_facts.number:
        raise CouldNotVerify(f"{env_facts.path} sets no variable that is asked for")
    return Evidence(f"an entry in {its_name} for each of {count(names)}")
