"""The time of every regular expression is linear in what it is shown: a target's text holds up nobody."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
import time
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import product
from pathlib import Path
from re import _constants as opcodes  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

import pytest

import pytest_readiness

ROOT = Path(pytest_readiness.__file__).parent
METHODS = {
    "match": "match",
    "fullmatch": "fullmatch",
    **dict.fromkeys(("search", "sub", "subn", "split", "findall", "finditer"), "finditer"),
}
"""The method that takes as long as each other one."""
Uses = frozenset[str]
PROBE, SMALL, MIDDLE, LARGE = 2_000, 4_000, 8_000, 16_000
"""From the first to the third size, as from the second to the fourth, linear time grows by 4, quadratic by 16."""
OWN_TEXT = {"pytest_readiness.report.html.whole._SCRIPT: <script>(.*?)</script>"}
"""What reads only what this package wrote itself."""
ONLY_MATCHED = {
    "pytest_readiness.domains.database.resource._MISTAKES",
    *(f"pytest_readiness.domains.docs.written.{name}" for name in ("_STUBS", "_PENDING", "_NOTHING_SAID", "_ORDER")),
    "pytest_readiness.domains.docs.written._UNSPACED_STUB",
}
"""Tables, and what is in them, whose expressions are matched at the beginning of a text, and not searched for."""
WORST_RATIO, PLAIN_RATIO = 8, 6
"""What grows by 8 from 4,000 to 16,000 characters, half of it quadratic, grows by 6.4 from 2,000 to 8,000."""
NOTICEABLE_S = 0.05
LONG_S = 1
"""Of a probe: what takes that long is not measured with more."""
NOTICEABLE_PROBE_S = NOTICEABLE_S * (PROBE / LARGE) ** 2 / 2
"""Quadratic time that is noticeable takes twice that for a probe, and a machine may be in a better mood."""
COMMON = [*"a <0-.\n\t\"'\\{(/=&%:;,_#+*[é", "a ", "a.", "a-", "a/", "a=", "a:", "a\n", "<a", "a1", "${", "%4"]


def trees() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(ROOT.rglob("*.py")):
        yield ".".join((ROOT.name, *path.relative_to(ROOT).with_suffix("").parts)), ast.parse(path.read_text("utf-8"))


def called() -> Iterator[tuple[str, str, ast.Call]]:
    """Yield module, method and call, of each call of a method of something that has a name."""
    for module, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                yield module, node.func.attr, node


def expressions() -> dict[str, tuple[re.Pattern[Any], Uses]]:
    """Return every expression of the package by where it is, and how it is used."""
    found: dict[str, tuple[re.Pattern[Any], Uses]] = {}
    used: dict[str, set[str]] = {}
    for module, method, call in called():
        owner = call.func.value  # type: ignore[attr-defined]
        if method in METHODS:
            if isinstance(owner, ast.Name) and owner.id == "re":
                if isinstance(call.args[0], ast.Constant):
                    found[f"{module}:{call.lineno}"] = re.compile(call.args[0].value), frozenset({METHODS[method]})
            else:
                used.setdefault(ast.unparse(owner).rpartition(".")[2], set()).add(METHODS[method])
    for each in pkgutil.walk_packages(pytest_readiness.__path__, f"{ROOT.name}."):
        if not each.name.endswith("__main__"):
            for name, value in vars(importlib.import_module(each.name)).items():
                uses = used.get(name, set()) if isinstance(value, re.Pattern) else set()
                if f"{each.name}.{name}" in ONLY_MATCHED:
                    uses = {"match", "fullmatch"}
                for pattern in compiled(value):
                    where = f"{each.name}.{name}: {pattern.pattern}"
                    found.setdefault(where, (pattern, frozenset(uses or METHODS.values())))
    return found


def compiled(value: object, depth: int = 3) -> Iterator[re.Pattern[Any]]:
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, dict) and depth:
        yield from compiled((*value, *value.values()), depth - 1)
    elif isinstance(value, (tuple, list, frozenset, set)) and depth:
        for each in value:
            yield from compiled(each, depth - 1)


def literals(pattern: str) -> list[str]:
    """Return texts that parts of the expression begin with."""
    found: set[str] = set()

    def read(parsed: Any) -> None:
        run = ""
        for code, value in parsed:
            if code is opcodes.LITERAL:
                run += chr(value)
                continue
            found.add(run)
            run = ""
            if code is opcodes.IN:
                kind, first = value[0]
                found.add(chr(first if kind is opcodes.LITERAL else first[0]) if kind in READABLE else "")
            elif code in (opcodes.MAX_REPEAT, opcodes.MIN_REPEAT):
                read(value[2])
            elif code is opcodes.SUBPATTERN:
                read(value[3])
            elif code is opcodes.BRANCH:
                for branch in value[1]:
                    read(branch)
        found.add(run)

    read(parser.parse(pattern))
    return sorted(found - {""})[:12]


READABLE = (opcodes.LITERAL, opcodes.RANGE)


def seconds(use: str, pattern: re.Pattern[Any], piece: str, tail: str, size: int) -> float:
    text: Any = piece * (size // len(piece)) + tail
    if isinstance(pattern.pattern, bytes):
        text = text.encode()
    method = getattr(pattern, use)
    began = time.thread_time()
    for _ in method(text) if use == "finditer" else [method(text)]:
        pass
    return time.thread_time() - began


def pieces(pattern: str | bytes) -> Iterator[str]:
    own = literals(pattern) if isinstance(pattern, str) else []
    return iter((*COMMON, *own, *(f"{one}{more}" for one in own[:6] for more in (" ", "a", "0", "/", "\n"))))


def slow(pattern: re.Pattern[Any], uses: Iterable[str]) -> str:
    """Return for what the expression takes more than linear time, if for anything."""
    for piece, tail, use in product(pieces(pattern.pattern), ("", "\0!"), sorted(uses)):
        timed = partial(seconds, use, pattern, piece, tail)
        probe = timed(PROBE)
        if probe > LONG_S:
            return f"{use} of {PROBE} characters of {piece!r} takes {probe:.1f} s"
        # The shorter of two, here and below: whatever else this thread did meanwhile counts, too.
        if probe < NOTICEABLE_PROBE_S or timed(MIDDLE) < PLAIN_RATIO * min(probe, timed(PROBE)):
            continue
        most = max(NOTICEABLE_S, WORST_RATIO * timed(SMALL))
        if timed(LARGE) >= most and (large := timed(LARGE)) >= most:
            return f"{use} of {LARGE} characters of {piece!r} takes {large * 1000:.0f} ms"
    return ""


def each_once() -> dict[str, tuple[re.Pattern[Any], Uses]]:
    """Return one place of each expression, and how it is used anywhere."""
    places: dict[re.Pattern[Any], list[str]] = {}
    for where in sorted(FOUND.keys() - OWN_TEXT):
        places.setdefault(FOUND[where][0], []).append(where)
    return {
        wheres[0]: (pattern, frozenset().union(*(FOUND[where][1] for where in wheres)))
        for pattern, wheres in places.items()
    }


FOUND = expressions()
ONCE = each_once()


def test_they_are_found() -> None:
    assert len(FOUND) > 150


@pytest.mark.parametrize("where", sorted(ONCE))
def test_time_is_linear(where: str) -> None:
    pattern, uses = ONCE[where]
    shortest, _ = parser.parse(pattern.pattern, pattern.flags).getwidth()
    assert shortest < PROBE / 2, "it matches nothing as short as a probe, which says nothing of it then"
    found = slow(pattern, uses)
    assert not found, found


@pytest.mark.parametrize(
    ("expression", "use"),
    [
        (r"\s+$", "finditer"),
        (r"<.*>", "finditer"),
        (r"a*a*b", "match"),
        (r"a*[ab]*!", "fullmatch"),
        (r"x?\$\{[^}]*\}", "finditer"),
    ],
)
def test_more_than_linear_time_is_found(expression: str, use: str) -> None:
    assert slow(re.compile(expression), {use})


@pytest.mark.parametrize("expression", [r"(?<!\s)\s+$", r"[^<>]{0,100}>", r"(?<![a-z])[a-z]+:", r"a{0,300}b"])
def test_linear_time_is_not(expression: str) -> None:
    assert not slow(re.compile(expression), frozenset(METHODS.values()))
