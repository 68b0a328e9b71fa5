"""Writes entries into the files of people's decisions; the rest of the files stays as it is, byte by byte."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pytest_readiness.core.files import write_atomically
from pytest_readiness.core.problems import Problem, ProblemsError
from pytest_readiness.core.yamlfile import parse_yaml, read_text

WIDE = 4096
"""Columns before a text is folded: never."""


def is_blank(path: Path) -> bool:
    """Whether the file is missing, or holds nothing but white space and comments."""
    if not path.exists():
        return True
    lines = read_text(path, path.stem).splitlines()
    return all(not line.strip() or line.lstrip().startswith("#") for line in lines)


def append(path: Path, key: str, entry: Mapping[str, Any]) -> None:
    """Add an entry at the end of the list `key` of a file, which is created if it does not exist.

    Args:
        path: the file.
        key: name of its list.
        entry: texts and dates by name.

    Raises:
        ProblemsError: the file cannot be read or written, or has a form to which no entry can be added.
    """
    path = path.resolve()
    old = read_text(path, key) if path.exists() else ""
    entries = [] if is_blank(path) else list(parse_yaml(old, path, key).get(key) or ())
    wanted = [*entries, dict(entry)]
    text = next((each for each in _candidates(old, key, entry) if _entries(each, path, key) == wanted), None)
    if text is None:
        raise ProblemsError([Problem(path, 0, f"No entry can be added to '{key}' in this form; write it by hand.")])
    try:
        mode = path.stat().st_mode if path.exists() else None
        write_atomically(path, text)
        if mode is not None:
            path.chmod(mode)
    except OSError as error:
        raise ProblemsError([Problem(path, 0, f"The file cannot be written: {error.strerror}.")]) from None


def _entries(text: str, path: Path, key: str) -> object:
    try:
        return parse_yaml(text, path, key).get(key)
    except ProblemsError:
        return None


def _candidates(old: str, key: str, entry: Mapping[str, Any]) -> Iterator[str]:
    """The file with the entry: as new lines at its end, indented like the others; else with its list rewritten.

    New lines leave the old ones with the authors that git knows.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError
    from ruamel.yaml.util import load_yaml_guess_indent

    yaml = YAML()
    yaml.width = WIDE
    yaml.preserve_quotes = True
    yaml.allow_unicode = True

    def dumped(data: object) -> str:
        stream = io.StringIO()
        yaml.dump(data, stream)
        return stream.getvalue()

    start = f"{old.rstrip()}\n" if old.strip() else ""
    lines = dumped([dict(entry)])
    newline = "\r\n" if "\r\n" in old else "\n"
    yield f"{start}{key}:\n{textwrap.indent(lines, '  ')}".replace("\r\n", "\n").replace("\n", newline)
    try:
        data, _, offset = load_yaml_guess_indent(old)
    except YAMLError:
        return
    yield f"{start}{textwrap.indent(lines, ' ' * (2 if offset is None else offset))}".replace("\r\n", "\n").replace(
        "\n", newline
    )
    found = data.get(key)
    if found is not None:
        found.fa.set_block_style()
        found.append(dict(entry))
        yield dumped(data)
