"""What the checks of env files share: the values of named variables, and what is said about them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Annotated

from pydantic import Field

from pytest_readiness.core.evidence import CouldNotVerify, claim
from pytest_readiness.core.spelling import spelled
from pytest_readiness.domains.env.facts import EnvFacts, Variable
from pytest_readiness.domains.env.placeholders import is_kept_elsewhere, is_path

Name = Annotated[str, spelled(r"^[^\s=]+$", "a variable's name alone, such as SECRET_KEY")]
Names = Annotated[list[Name], Field(min_length=1)]


def values_of(facts: EnvFacts, names: Iterable[str]) -> dict[str, str]:
    """The values of named variables, all of which must be set in the file itself, and to what somebody meant."""
    texts = texts_of(facts, names)
    refuse_references(facts, texts)
    left = [f"{name} holds {form}" for name in texts if (form := facts.variables[name].left)]
    claim(not left, expected="values that are filled in, not commands or references as text", seen=listed(left))
    for name, variable in unclear(facts, names):
        if not least_of(variable):
            # With "NAME=#text" some of them read a comment, and nothing before it.
            raise in_different_ways(facts, name)
    return texts


def unclear(facts: EnvFacts, names: Iterable[str]) -> Iterator[tuple[str, Variable]]:
    """The named variables of which programs that read such files make different texts."""
    return ((name, facts.variables[name]) for name in names if facts.variables[name].unclear)


def least_of(variable: Variable) -> str:
    """What every program reads of it at least."""
    return visible_text(variable.least.get_secret_value())


def in_different_ways(facts: EnvFacts, name: str) -> CouldNotVerify:
    """That the file's dialect must be declared to know the value."""
    form = facts.variables[name].unclear
    return CouldNotVerify(
        f"{name} holds {form}, which programs read in different ways; declare the dialect of {facts.path}"
    )


def contents_of(facts: EnvFacts, names: Iterable[str]) -> dict[str, str]:
    """The values of named variables, none of which says where the secret is instead of holding it."""
    texts = values_of(facts, names)
    for name, text in texts.items():
        if is_path(name, text):
            raise CouldNotVerify(f"{name} holds the path of a file, and what is in that file is not read")
        if is_kept_elsewhere(text):
            raise CouldNotVerify(f"{name} holds where the secret is kept, and what is there is not read")
    return texts


def counted(text: str) -> str:
    """What counts for the length: not the name of an encoding before the secret, and no signs that nobody sees."""
    return re.sub(rf"\A(?:base64|hex):|(?!\s){_INVISIBLE}", "", text)


def texts_of(facts: EnvFacts, names: Iterable[str], *, may_be_empty: bool = False) -> dict[str, str]:
    """The values of named variables as they are written; all must be set in the file itself."""
    names = list(dict.fromkeys(names))
    refuse_odd_lines(facts, names)
    texts = {
        name: visible_text(facts.variables[name].value.get_secret_value()) for name in names if name in facts.variables
    }
    missing = [f"{name} is not set{_why(facts, name)}" for name in names if name not in texts]
    if not may_be_empty:
        missing += [
            f"{name} is empty" for name, text in texts.items() if not text and not facts.variables[name].unfilled
        ]
    by_file = [name for name in names if name not in texts and f"{name}_FILE" in facts.variables]
    if by_file and len(by_file) == len(missing):
        raise CouldNotVerify(f"{listed(by_file)} is set by a file that {by_file[0]}_FILE names, which is not read")
    claim(not missing, expected=f"a value for {listed(names)}", seen=listed(missing))
    return texts


def refuse_odd_lines(facts: EnvFacts, names: Iterable[str] | None = None) -> None:
    """What is in lines that are no assignments was not seen; a claim about all of a file asks so when nothing is wrong.

    Args:
        facts: of the file.
        names: variables that the claim is about, which must not be in such a line or missing; unless given, all.

    Raises:
        CouldNotVerify: such a line may matter.
    """
    if not facts.odd_lines:
        return
    odd = [each for each in facts.odd if not each.ignored]
    told = f"{facts.path} cannot be read as NAME=value{odd_lines(facts)}"
    if names is None or len(odd) < facts.odd_lines or any(each.stops for each in odd):
        raise CouldNotVerify(told)
    written = " ".join(each.text.get_secret_value() for each in odd)
    lost = [name for name in names if name not in facts.variables or name in re.findall(r"[\w.-]+", written)]
    if lost:
        raise CouldNotVerify(f"{told}, which may be meant to set {listed(lost)}")


def odd_lines(facts: EnvFacts, *, ignored: bool = False) -> str:
    """By which dialect and on which lines there is something else than an assignment."""
    numbers = [each.number for each in facts.odd if ignored or not each.ignored]
    how = f" by {facts.dialect}" if facts.dialect else ""
    more = ", …" if len(numbers) > 10 else ""
    return f"{how} on line{'s' if len(numbers) > 1 else ''} {', '.join(map(str, numbers[:10]))}{more}"


def _why(facts: EnvFacts, name: str) -> str:
    return ", as a byte order mark is before its line (save the file as UTF-8 without one)" * (name in facts.marked)


def visible_text(text: str) -> str:
    """Without blanks and signs that nobody sees at the ends."""
    return re.sub(rf"\A{_INVISIBLE}+|{_INVISIBLE}+\Z", "", text)


_INVISIBLE = r"[\s\u00ad\u200b-\u200f\u2060-\u2064\ufeff]"


def refuse_references(facts: EnvFacts, names: Iterable[str], *, see_through: bool = False) -> None:
    """A value that is filled in from elsewhere was not seen; with `see_through`, from elsewhere than this file."""
    for name in names:
        variable = facts.variables[name]
        if variable.unfilled:
            raise CouldNotVerify(f"the value of {name} is not what the file says: it holds {variable.unfilled}")
        seen = facts.variables.keys() - {name} if see_through else ()
        if any(other not in seen for other in variable.references):
            # The name is left out: it may be a piece of a password that happens to hold `${`.
            raise CouldNotVerify(f"the value of {name} refers to another variable, which is not filled in here")


def count(names: Iterable[str]) -> str:
    """How many variables: "2 variables"."""
    number = len(list(names))
    return f"{number} variable{'' if number == 1 else 's'}"


def listed(texts: Iterable[str]) -> str:
    """Texts in a row, the first twenty of them."""
    texts = [text[:100] for text in texts]
    return ", ".join(texts[:20]) + (f" and {len(texts) - 20} more" if len(texts) > 20 else "")
