"""YAML files of the user, read with the line of every key and value, for messages about mistakes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

from pytest_readiness.core.problems import Problem, ProblemsError

MOST_CHARACTERS = 10_000_000
MOST_VALUES = 1_000_000
DEEPEST = 100
"""What is longer is no file that a person keeps."""
_NESTED = re.compile(rf"(?m)^ {{{DEEPEST}}}|(?:[-?:] +){{{DEEPEST}}}")
"""What could be deeper than that without as many brackets."""


class YamlMap(dict[str, Any]):
    """A mapping that knows where it is: `line` of itself, `lines` of its keys, `path` of its file."""

    def __init__(self, path: Path, line: int) -> None:
        super().__init__()
        self.path = path
        self.line = line
        self.lines: dict[str, int] = {}
        self._elsewhere: dict[str, Path] = {}

    def adopt(self, key: str, other: YamlMap) -> None:
        """Take an entry of another mapping, which may be of another file."""
        self[key], self.lines[key], self._elsewhere[key] = other[key], other.lines[key], other.path

    def path_of(self, keys: Iterable[str | int]) -> Path:
        """Return the file that holds what `keys` lead to."""
        return self._elsewhere.get(str(next(iter(keys), "")), self.path)

    def line_of(self, keys: Iterable[str | int]) -> int:
        """Return the line of the nearest thing on the way along `keys` that has one."""
        here: Any = self
        line = self.line
        for key in keys:
            if isinstance(here, YamlMap) and key in here.lines:
                line = here.lines[str(key)]
                here = here[str(key)]
            elif isinstance(here, YamlList) and isinstance(key, int) and key < len(here):
                line = here.lines[key]
                here = here[key]
            else:
                break
        return line


class YamlList(list[Any]):
    """A sequence that knows the line of each entry, and its own tag ("!reference"; "" for none)."""

    def __init__(self, path: Path, line: int) -> None:
        super().__init__()
        self.path = path
        self.line = line
        self.lines: list[int] = []
        self.tag = ""


UNRESOLVED = "holds a conflict of a merge that nobody has resolved ('<<<<<<<')."


def unresolved(text: str) -> int:
    """Return the line on which a conflict begins that a merge has left in a text; 0 where there is none."""
    lines = text.splitlines()
    begins = [number for number, line in enumerate(lines, 1) if line.startswith("<<<<<<< ")]
    ends = [number for number, line in enumerate(lines, 1) if line.startswith(">>>>>>> ")]
    return begins[0] if begins and ends and begins[0] < ends[-1] else 0


def read_text(path: Path, what: str) -> str:
    """Return the text of a UTF-8 file (a byte order mark is dropped).

    Args:
        path: the file.
        what: what it is for the user ("configuration", "bindings").

    Raises:
        ProblemsError: missing, a directory, unreadable, or not UTF-8.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise ProblemsError([Problem(path, 0, f"The {what} file does not exist.")]) from None
    except OSError as error:
        raise ProblemsError([Problem(path, 0, f"The {what} file cannot be read: {error.strerror}.")]) from None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise ProblemsError(
            [Problem(path, line, f"The {what} file is not UTF-8 here; save it in that encoding.")]
        ) from None


def read_yaml(path: Path, what: str) -> YamlMap:
    """Return the mapping in a YAML file.

    Raises:
        ProblemsError: every problem of form: unreadable, not UTF-8, empty, not YAML, duplicate keys, not a mapping.
    """
    return parse_yaml(read_text(path, what), path, what)


def _refuse_deep(events: Iterable[Any]) -> None:
    """Raise RecursionError for what libyaml would compose until the stack, and with it the whole run, ends."""
    depth = 0
    for event in events:
        kind = type(event).__name__
        depth += kind.endswith("StartEvent") - kind.endswith("EndEvent")
        if depth > 2 * DEEPEST:
            raise RecursionError


def parse_yaml(text: str, path: Path, what: str) -> YamlMap:
    """Return the mapping in `text`; `path` is named in problems (see `read_yaml`)."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError
    from ruamel.yaml.resolver import VersionedResolver

    class Resolver(VersionedResolver):
        """The library's, which otherwise works out the version of YAML, and its rules, again for each scalar."""

        @cached_property
        def versioned_resolver(self) -> Any:
            return super().versioned_resolver

    if not text.strip():
        raise ProblemsError([Problem(path, 0, f"The {what} file is empty.")])
    if len(text) > MOST_CHARACTERS:
        raise ProblemsError([Problem(path, 0, f"The {what} file is longer than {MOST_CHARACTERS:,} characters.")])
    yaml = YAML(typ="safe")
    yaml.Resolver = Resolver
    try:
        try:
            if _NESTED.search(text) or text.count("[") + text.count("{") > DEEPEST:
                _refuse_deep(yaml.parse(text))
            root = yaml.compose(text)
        except YAMLError:
            # libyaml is fast, but refuses some YAML 1.2, such as an address without quotes within braces.
            yaml = YAML(typ="safe", pure=True)
            root = yaml.compose(text)
        reader = _Reader(path, yaml.constructor)
        value: Any = reader.value(root) if root is not None else None
    except RecursionError:
        message = f"The {what} file has lists or mappings in one another, too deeply to be read."
        raise ProblemsError([Problem(path, 0, message)]) from None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        reason = " ".join(str(part) for part in (error.context, error.problem) if part)
        line = mark.line + 1 if mark else 0
        if conflict := unresolved(text):
            raise ProblemsError([Problem(path, conflict, f"The {what} file {UNRESOLVED}")]) from None
        if mark and "${" in "".join(text.splitlines()[mark.line : mark.line + 1]):
            reason += " (a value with ${…} within braces or brackets needs quotes)"
        raise ProblemsError([Problem(path, line, f"The {what} file is not YAML: {reason}.")]) from None
    except YAMLError as error:
        reason = str(error).splitlines()[0]
        raise ProblemsError([Problem(path, 0, f"The {what} file is not YAML: {reason}.")]) from None
    if reader.most > MOST_VALUES:
        message = f"The {what} file's aliases stand for {reader.most:,} values; at most {MOST_VALUES:,} are read."
        raise ProblemsError([Problem(path, 0, message)])
    if not isinstance(value, YamlMap):
        reader.problems.append(Problem(path, 1, f"The {what} file must hold a mapping (key: value)."))
    if reader.problems or not isinstance(value, YamlMap):
        raise ProblemsError(reader.problems)
    return value


def yaml_documents(text: str, path: Path, what: str) -> Iterator[YamlMap]:
    """The mappings in a text of several YAML documents, each with the lines of the whole; see `parse_yaml`."""
    marks = [match.start() for match in _DOCUMENT_MARK.finditer(text)]
    for start, end in pairwise([0, *marks, len(text)]):
        part = text[start:end]
        if _DOCUMENT_MARK.sub("", part).strip():
            yield parse_yaml("\n" * text[:start].count("\n") + part, path, what)


_DOCUMENT_MARK = re.compile(r"^---(?:[ \t].*)?$", re.MULTILINE)


def events_of(text: str) -> tuple[Any, ...]:
    """Return the events of a text that `parse_yaml` reads, each with its place: for what changes files in place."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        return tuple(YAML(typ="safe").parse(text))
    except YAMLError:
        return tuple(YAML(typ="safe", pure=True).parse(text))


class _Reader:
    """Turns composed nodes into Python values; a node behind several aliases becomes one shared value."""

    def __init__(self, path: Path, constructor: Any) -> None:
        self.path = path
        self.constructor = constructor
        self.problems: list[Problem] = []
        self.most = 0
        """How many values the largest collection holds, those behind each of its aliases counted."""
        self._done: dict[int, tuple[Any, int]] = {}
        self._open: set[int] = set()
        self._count = 0

    def value(self, node: Any) -> Any:
        self._count += 1
        if node.id == "scalar":
            return self._scalar(node)
        if id(node) in self._done:
            made, count = self._done[id(node)]
            self._count += count
            self.most = max(self.most, self._count)
            return made
        before = self._count
        line = node.start_mark.line + 1
        if id(node) in self._open:
            self.problems.append(Problem(self.path, line, "An alias refers to what encloses it."))
            return None
        if len(self._open) == DEEPEST:
            raise RecursionError
        self._open.add(id(node))
        made = self._map(node, line) if node.id == "mapping" else self._list(node, line)
        self._open.discard(id(node))
        self._done[id(node)] = made, self._count - before
        return made

    def _scalar(self, node: Any) -> Any:
        if node.tag == "tag:yaml.org,2002:str":
            return node.value
        try:
            return self.constructor.construct_object(node)
        except Exception as error:  # noqa: BLE001  (any constructor's complaint is about the user's scalar)
            reason = str(getattr(error, "problem", None) or error)
            if "int_max_str_digits" in reason:
                reason = "it is a number of thousands of digits; put it in quotes if it is a text"
            line = node.start_mark.line + 1
            self.problems.append(Problem(self.path, line, f"The value cannot be read: {reason}."))
            return None

    def _map(self, node: Any, line: int) -> YamlMap:
        made = YamlMap(self.path, line)
        merged: list[YamlMap] = []
        for key_node, value_node in node.value:
            key_line = key_node.start_mark.line + 1
            value = self.value(value_node)
            if key_node.tag == "tag:yaml.org,2002:merge":
                parts = value if isinstance(value, YamlList) else [value]
                if not all(isinstance(part, YamlMap) for part in parts):
                    message = "'<<' takes a mapping, or a list of mappings, to merge."
                    self.problems.append(Problem(self.path, key_line, message))
                    parts = []
                merged += parts
                continue
            key = key_node.value if isinstance(key_node.value, str) else None
            if key is None:
                self.problems.append(Problem(self.path, key_line, "A key must be a plain word."))
            elif key in made:
                self.problems.append(
                    Problem(self.path, key_line, f"The key '{key}' occurs twice; first on line {made.lines[key]}.")
                )
            else:
                made[key] = value
                made.lines[key] = key_line
        for part in merged:
            for key, value in part.items():
                if key not in made:
                    made[key] = value
                    made.lines[key] = part.lines[key]
        return made

    def _list(self, node: Any, line: int) -> YamlList:
        made = YamlList(self.path, line)
        made.tag = node.tag if str(node.tag).startswith("!") else ""
        for child in node.value:
            made.append(self.value(child))
            made.lines.append(child.start_mark.line + 1)
        return made
