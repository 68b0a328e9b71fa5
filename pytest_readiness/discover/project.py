"""The folder that is looked at: its files by name, each read within a limit, and what cannot be read told in a line."""

from __future__ import annotations

import os
from collections.abc import Iterator
from fnmatch import fnmatchcase
from itertools import islice
from pathlib import Path

from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.core.problems import ProblemsError
from pytest_readiness.core.text import size
from pytest_readiness.core.yamlfile import YamlList, YamlMap, yaml_documents
from pytest_readiness.discover.found import Skipped, is_plain, said
from pytest_readiness.protocols.text_file import read_text_file

MOST_ENTRIES = 20_000
"""Files and folders that are looked at, those nearest to the top first."""
DEEPEST = 6
MOST_READ = 500
"""Files of one kind that are read."""
MOST_BYTES = 2**26
"""Of all files together."""
MOST_DOCUMENTS = 200
"""Of one file of YAML."""
_NEVER = frozenset(
    (
        *("node_modules", "bower_components", "vendor", "site-packages", "venv", "env", "virtualenv", "target"),
        *("dist", "build", "htmlcov", "coverage", "__pycache__", "Pods", "DerivedData", "tmp", "logs"),
    )
)
"""Folders of what others wrote, or what tools made."""
_LOOKED_INTO = frozenset((".github", ".gitlab", ".circleci", ".buildkite", ".do", ".woodpecker", ".forgejo", ".gitea"))
"""Folders with a dot that hold something of the project's own."""
_FILES = ("*.yaml", "*.yml", "*.md", ".env", ".env.*", "Dockerfile", "hosts", "*.ini")
"""Names that are a file's: a folder of such a name is told."""


class Project:
    """A folder and what is in it.

    Args:
        folder: absolute.

    Attributes:
        skipped: what could not be read.
        files: paths relative to the folder, by depth and then by name.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.skipped: list[Skipped] = []
        self._texts: dict[str, str] = {}
        self._left = MOST_BYTES
        self.files = tuple(self._walk())

    def named(self, *patterns: str) -> list[str]:
        """The files whose names match one of these patterns."""
        return [each for each in self.files if any(fnmatchcase(Path(each).name, pattern) for pattern in patterns)]

    def below(self, *patterns: str) -> list[str]:
        """The files whose paths match one of these patterns."""
        return [each for each in self.files if any(fnmatchcase(each, pattern) for pattern in patterns)]

    def text(self, path: str) -> str:
        """The text of a file; "" where it cannot be read, which is told once."""
        if path not in self._texts:
            whole = self.folder / path
            if self._left <= 0:
                self.skip(".", f"has more than {size(MOST_BYTES)} of text; not all of it was read")
                return ""
            try:
                self._texts[path] = read_text_file(whole)
            except CouldNotVerify as error:
                self._texts[path] = ""
                self.skip(path, str(error).removeprefix(f"{whole} "))
            if "\0" in self._texts[path]:
                self._texts[path] = ""
                self.skip(path, "is no text")
            self._left -= len(self._texts[path])
        return self._texts[path]

    def documents(self, path: str) -> Iterator[YamlMap]:
        """The mappings of a file of YAML, of which one may hold several, each with the lines of the whole file."""
        text = self.text(path)
        documents = yaml_documents(text, self.folder / path, "")
        try:
            yield from islice(documents, MOST_DOCUMENTS)
            if next(documents, None) is not None:
                self.skip(path, f"has more than {MOST_DOCUMENTS} documents; the first were read")
        except ProblemsError as error:
            # What it says may quote a value.
            line = error.problems[0].line
            self.skip(f"{path}:{line}" if line else path, "cannot be read as YAML")

    def skip(self, source: str, why: str) -> None:
        """Tell that something was not read."""
        if (one := Skipped(source, why)) not in self.skipped:
            self.skipped.append(one)

    def limited(self, paths: list[str], what: str) -> list[str]:
        """The first of these files, as many as are read."""
        if len(paths) > MOST_READ:
            self.skip(".", f"has {len(paths):,} {what}; {MOST_READ} were read")
        return paths[:MOST_READ]

    def _walk(self) -> Iterator[str]:
        level, left = [""], MOST_ENTRIES
        for depth in range(DEEPEST):
            below: list[str] = []
            for folder in level:
                try:
                    with os.scandir(self.folder / folder) as entries:
                        read = sorted(islice(entries, left + 1), key=lambda entry: entry.name)
                except OSError as error:
                    self.skip(folder or ".", f"cannot be read ({error.strerror})")
                    continue
                for entry in read[:left]:
                    path = f"{folder}{entry.name}"
                    if not is_plain(path):
                        self.skip(said(path), "has a name that cannot be written")
                    elif not _is_folder(entry):
                        yield path
                    elif any(fnmatchcase(entry.name, pattern) for pattern in _FILES):
                        self.skip(path, "is a folder, not a file")
                    elif not entry.is_symlink() and _is_looked_into(entry):
                        below.append(f"{path}/")
                if len(read) > left:
                    self.skip(".", f"has more than {MOST_ENTRIES:,} files; what lies deeper was not looked at")
                    return
                left -= len(read)
            level = below
            if not below:
                return
            if depth == DEEPEST - 1:
                self.skip(below[0].rstrip("/"), f"and what else lies deeper than {DEEPEST} folders was not looked at")


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads to itself
        return False


def _is_looked_into(entry: os.DirEntry[str]) -> bool:
    if entry.name in _NEVER or (entry.name.startswith(".") and entry.name not in _LOOKED_INTO):
        return False
    return not Path(entry.path, "pyvenv.cfg").exists()


def entries(value: object) -> YamlMap:
    """A mapping of a file; an empty one where something else stands in its place."""
    return value if isinstance(value, YamlMap) else YamlMap(Path(), 0)


def listed(value: object) -> list[object]:
    """A list of a file; an empty one where something else stands in its place."""
    return list(value) if isinstance(value, YamlList) else []
