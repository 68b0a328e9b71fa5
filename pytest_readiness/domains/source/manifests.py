"""Files of settings of a repository, whatever their language: read from Git's objects, as values under dotted keys."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.core.problems import ProblemsError
from pytest_readiness.core.text import cut
from pytest_readiness.domains.source.commit import BLOB_BYTES, ReleaseCommit, TreeFile, read_files

POINTER = b"version https://git-lfs.github.com/spec/"
"""What Git LFS leaves in place of a file begins so."""
DEEPEST = 50
_COMMENT = re.compile(r'("(?:[^"\\\n]|\\.)*+")|//[^\n]*|/\*[^*]*+(?:\*(?!/)[^*]*+)*+(?:\*/|\Z)|,(?=\s*+[\]}])')
_PROPERTY = re.compile(r"\s*+([^#!\s=:][^\s=:]*+)\s*+[=:]?\s*+(.*)")


@dataclass(frozen=True, slots=True)
class Computed:
    """Stands for a value that only the running program knows."""

    line: int


@dataclass(frozen=True, slots=True)
class TrackedText:
    """A text file of a commit.

    Attributes:
        path: from the top of the repository.
        text: what it holds.
        problem: why it cannot be read, as a clause; "" where it can.
    """

    path: str
    text: str
    problem: str = ""


def texts_of(commit: ReleaseCommit, files: Iterable[TreeFile], *, most: int = BLOB_BYTES) -> Iterator[TrackedText]:
    """Yield files as texts, in no certain order; what is no text says why.

    Raises:
        CouldNotVerify: git cannot be asked.
    """
    wanted = tuple(files)
    for each in wanted:
        if not each.regular:
            yield TrackedText(each.path, "", "is a link" if each.mode == "120000" else "is a submodule")
        elif each.size > most:
            yield TrackedText(each.path, "", f"has {each.size / 2**20:.1f} MiB, more than is read")
    for each, data in read_files(commit, wanted, most=most):
        if data.startswith(POINTER):
            yield TrackedText(each.path, "", "is kept in Git LFS, and is not in the repository itself")
            continue
        try:
            yield TrackedText(each.path, data.decode("utf-8-sig"))
        except UnicodeDecodeError:
            yield TrackedText(each.path, "", "is not UTF-8")


def parsed(path: str, text: str) -> dict[str, Any]:
    """The mapping that a file of settings holds, by the kind of its name.

    Raises:
        CouldNotVerify: its kind is not read, or it is not what its name says.
    """
    pure = PurePosixPath(path)
    name, suffix = pure.name, pure.suffix
    read = _READERS.get(suffix) or (_env if name.startswith(".env") else None)
    if read is None:
        raise CouldNotVerify(f"{path} is not read: its kind is not among {', '.join(_READERS)}")
    try:
        value = read(text)
        _bounded(value)
    except CouldNotVerify:
        raise
    except ProblemsError as error:
        raise CouldNotVerify(f"{path} cannot be read ({cut(error.problems[0].message, 120)})") from None
    except Exception as error:  # noqa: BLE001  (each library has errors of its own, all about the text)
        # What else they say may be a piece of the text, which may be a secret.
        line = getattr(error, "lineno", None)
        where = f" on line {line}" if isinstance(line, int) else ""
        raise CouldNotVerify(f"{path} is no valid {suffix or name} file{where} ({type(error).__name__})") from None
    if not isinstance(value, dict):
        raise CouldNotVerify(f"{path} holds no mapping of keys to values")
    return value


def _bounded(value: Any, depth: int = 0) -> None:
    if depth > DEEPEST:
        raise RecursionError
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _bounded(each, depth + 1)


def flat(value: Any, at: str = "") -> Iterator[tuple[str, Any]]:
    """Yield each value of a mapping with its dotted key, `server.port` or `hosts.0`; and each collection."""
    if at:
        yield at, value
    if isinstance(value, dict):
        for key, each in value.items():
            yield from flat(each, f"{at}.{key}" if at else str(key))
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from flat(each, f"{at}.{number}")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a key occurs twice")
    return made


def _json(text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_once)
    except json.JSONDecodeError:
        # Many tools allow comments and a comma at the end of a list.
        return json.loads(_COMMENT.sub(lambda found: found[1] or " ", text), object_pairs_hook=_once)


def _toml(text: str) -> Any:
    import tomllib

    return tomllib.loads(text)


def _yaml(text: str) -> Any:
    from pytest_readiness.core.yamlfile import parse_yaml

    return parse_yaml(text, Path(), "YAML")


def _ini(text: str) -> Any:
    from configparser import ConfigParser

    parser = ConfigParser(interpolation=None, default_section="", allow_no_value=True)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string(text)
    return {name: dict(parser.items(name)) for name in parser.sections()}


def _properties(text: str) -> Any:
    lines = re.sub(r"\\\n[ \t]*+", "", text).splitlines()
    lines = [re.sub(r"\\u([0-9a-fA-F]{4})", lambda found: chr(int(found[1], 16)), line) for line in lines]
    return {found[1]: found[2].strip() for line in lines if (found := _PROPERTY.fullmatch(line))}


def _env(text: str) -> Any:
    from io import StringIO

    from dotenv import dotenv_values

    return dict(dotenv_values(stream=StringIO(text), interpolate=False))


def _python(text: str) -> dict[str, Any]:
    module = ast.parse(text)
    found = _names(module.body)
    # A function may set what is the module's, whenever it is called.
    given = {name: node.lineno for node in ast.walk(module) if isinstance(node, ast.Global) for name in node.names}
    return found | {name: Computed(line) for name, line in given.items() if name in found}


def _renamed(node: ast.AST) -> Iterator[str]:
    """Names that a node gives another meaning, otherwise than by storing to a name."""
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        yield from (alias.asname or alias.name.partition(".")[0] for alias in node.names)
    elif isinstance(node, ast.MatchMapping):
        yield node.rest or ""
    elif isinstance(node, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar, ast.FunctionDef, ast.AsyncFunctionDef)):
        yield node.name or ""
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Del):
        yield node.id


def _takes_all(node: ast.AST) -> bool:
    """Whether a node may set any name."""
    if isinstance(node, ast.ImportFrom):
        return any(alias.name == "*" for alias in node.names)
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("exec", "globals", "locals", "vars")
    )


def _names(body: Iterable[ast.stmt]) -> dict[str, Any]:
    """The names that a module or class sets, where their values are written out; others are `Computed`."""
    found: dict[str, Any] = {}
    for node in body:
        goals = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and all(isinstance(each, ast.Name) for each in goals):
            value = _literal(node.value) if node.value else Computed(node.lineno)
            found |= {each.id: value for each in goals if isinstance(each, ast.Name)}
        elif isinstance(node, ast.ClassDef):
            found[node.name] = ({STAR: Computed(node.lineno)} if node.bases else {}) | _names(node.body)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            found |= {node.name: Computed(node.lineno)} if node.name in found else {}
        else:
            # Whatever else sets a name, or changes what it holds, may do so or not.
            for inner in ast.walk(node):
                if _takes_all(inner):
                    found = dict.fromkeys([*found, STAR], Computed(node.lineno))
                found |= {name: Computed(node.lineno) for name in _renamed(inner) if name in found}
                holder = inner.value if isinstance(inner, (ast.Subscript, ast.Attribute)) else None
                while isinstance(holder, (ast.Subscript, ast.Attribute)):
                    holder = holder.value
                name = holder if isinstance(holder, ast.Name) and holder.id in found else inner
                if isinstance(name, ast.Name) and (name is holder or isinstance(name.ctx, ast.Store)):
                    found[name.id] = Computed(name.lineno)
    return found


STAR = "*"
"""The key under which a module of Python tells that it takes all names of another."""


def _literal(node: ast.expr) -> Any:
    if isinstance(node, ast.Dict) and all(isinstance(key, ast.Constant) for key in node.keys):
        return {str(key.value): _literal(value) for key, value in zip(node.keys, node.values, strict=True)}  # type: ignore[union-attr]
    if isinstance(node, (ast.List, ast.Tuple)):
        return [_literal(each) for each in node.elts]
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError, RecursionError):
        return Computed(node.lineno)
    return value if isinstance(value, (str, int, float, bool, type(None))) else Computed(node.lineno)


_READERS: dict[str, Callable[[str], Any]] = {
    ".json": _json,
    ".jsonc": _json,
    ".toml": _toml,
    ".yaml": _yaml,
    ".yml": _yaml,
    ".ini": _ini,
    ".cfg": _ini,
    ".properties": _properties,
    ".env": _env,
    ".py": _python,
}
UNTYPED = (".ini", ".cfg", ".properties", ".env")
"""Kinds of files in which every value is a text."""
