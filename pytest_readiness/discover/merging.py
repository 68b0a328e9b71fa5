"""What several sources have found of one resource becomes one, with a name of its own; in a steady order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TypeAlias

from pytest_readiness.discover.found import EVERY, Discovered, VariableText, named

Alike: TypeAlias = Callable[[Discovered, Discovered, list[Discovered]], bool]
"""Whether two are one, among all that were found."""
_VARIABLES = {"postgres": "DATABASE_URL", "mysql": "DATABASE_URL", "redis": "REDIS_URL", "mongodb": "MONGODB_URL"}
"""What a database's connection string is usually called."""
_SCHEMES = {"postgres": "postgresql", "mysql": "mysql", "redis": "redis", "mongodb": "mongodb"}


def merged(found: Iterable[Discovered]) -> list[Discovered]:
    """Resources, each once.

    Two are one if they are of the same section and target and share what they are told by. The first one's name and
    fields count, and what the others know besides. A connection string and the only database of its engine that has
    none belong together.
    """
    joined = _joined(_joined(found, _share), _complete)
    return [_with_variable(each, joined) for each in _named_apart(joined)]


def targets(found: Iterable[Discovered]) -> tuple[str, ...]:
    """The targets that resources are of, in the order in which they were found: a given address comes first."""
    return tuple(dict.fromkeys(each.target for each in found if each.target != EVERY))


def _joined(found: Iterable[Discovered], alike: Alike) -> list[Discovered]:
    every = list(found)
    made: list[Discovered] = []
    for each in every:
        # One may show that two that were taken for different are the same.
        same = [other for other in made if _beside(other, each) and alike(other, each, every)]
        for other in reversed(same):
            each = _one(other, each)
        if same:
            made = [each if other is same[0] else other for other in made if other not in same[1:]]
        else:
            made.append(each)
    return made


def _beside(one: Discovered, other: Discovered) -> bool:
    return (one.section, one.target) == (other.section, other.target)


def _share(one: Discovered, other: Discovered, _: list[Discovered]) -> bool:
    return bool(one.same & other.same)


def _complete(one: Discovered, other: Discovered, every: list[Discovered]) -> bool:
    """Whether one is a database and the other the only connection string that can be its."""
    if one.section != "databases" or one.fields["engine"] != other.fields["engine"]:
        return False
    alike = [each for each in every if _beside(each, one) and each.fields["engine"] == one.fields["engine"]]
    return len(alike) == 2 and sum("dsn" in each.fields for each in alike) == 1


def _one(first: Discovered, second: Discovered) -> Discovered:
    """Two as one. A part that has what the other needs filled in makes that needless."""
    sources = dict.fromkeys((*first.source.split(", "), *second.source.split(", ")))
    told = dict.fromkeys(each for each in (*first.fill_in.split("; "), *second.fill_in.split("; ")) if each)
    return replace(
        first,
        fields={**second.fields, **first.fields},
        source=", ".join(sources),
        fill_in="; ".join(told),
        same=first.same | second.same,
    )


def _named_apart(found: Iterable[Discovered]) -> list[Discovered]:
    taken: dict[tuple[str, str], set[str]] = {}
    made = []
    for each in found:
        names = taken.setdefault((each.section, each.target), set())
        numbers = (
            each.name if number == 1 else f"{named(each.name[:60])}-{number}" for number in range(1, len(names) + 2)
        )
        name = next(name for name in numbers if name not in names)
        names.add(name)
        made.append(replace(each, name=name))
    return made


def _with_variable(database: Discovered, every: list[Discovered]) -> Discovered:
    """A database with the variable that its connection string is to be in, where none is known."""
    if database.section != "databases" or "dsn" in database.fields:
        return database
    engine = database.fields["engine"]
    usual = _VARIABLES[engine]
    alike = [each for each in every if each.section == "databases"]
    # Of several without one, each needs its own; and what leads elsewhere is not to be taken for this one.
    needy = [each for each in alike if "dsn" not in each.fields and _VARIABLES[each.fields["engine"]] == usual]
    taken = any(each.fields.get("dsn") == f"${{{usual}}}" for each in alike)
    own = "".join(sign if sign.isalnum() else "_" for sign in database.name.upper())
    name = usual if len(needy) == 1 and not taken else f"{own if own[:1].isalpha() else f'DB_{own}'}_URL"
    told = f"set {name} where pytest runs, as {_SCHEMES[engine]}://user@host/name with its password"
    fields: Mapping[str, object] = {"dsn": VariableText(f"${{{name}}}"), **database.fields}
    return replace(database, fields=fields, fill_in="; ".join(filter(None, (database.fill_in, told))))
