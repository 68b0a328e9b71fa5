"""Files of the commit that is released, as pipelines need them."""

from __future__ import annotations

import json
import posixpath
import tomllib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.core.problems import ProblemsError
from pytest_readiness.core.text import cut
from pytest_readiness.core.yamlfile import YamlMap, parse_yaml
from pytest_readiness.domains.source.commit import git_text, read_files
from pytest_readiness.domains.source.facts.tree import GitTree

MOST_BYTES = 2**20
"""Of a file of a pipeline; a larger one was not written by a person."""
_PROSE = (".md", ".rst", ".txt", ".adoc")


class Sources:
    """Reads files of a commit by their paths, each once."""

    def __init__(self, tree: GitTree) -> None:
        self.tree = tree
        self._files = {each.path: each for each in tree.files}
        self._texts: dict[str, str] = {}

    def __contains__(self, path: str) -> bool:
        return path in self._files

    @property
    def paths(self) -> Sequence[str]:
        """Paths of all files."""
        return tuple(self._files)

    def preload(self, paths: Sequence[str]) -> None:
        """Read several files in one go."""
        wanted = [self._files[path] for path in paths if path in self._files and path not in self._texts]
        wanted = [each for each in wanted if each.size <= MOST_BYTES]
        for file, data in read_files(self.tree.commit, wanted):
            self._texts[file.path] = data.decode("utf-8-sig", "replace")

    def text(self, path: str) -> str:
        """The text of a file.

        Raises:
            CouldNotVerify: there is no such file, or it is a link or too large.
        """
        self.preload([path])
        if path not in self._texts:
            raise CouldNotVerify(f"{cut(path, 100)} of {self.tree.commit.short} is no file of at most 1 MiB")
        return self._texts[path]

    def mapping(self, path: str) -> YamlMap:
        """The mapping in a YAML file.

        Raises:
            CouldNotVerify: it cannot be read, or holds something else.
        """
        try:
            return parse_yaml(self.text(path), Path(path), "pipeline")
        except ProblemsError as error:
            problem = error.problems[0]
            raise CouldNotVerify(f"{cut(path, 100)}, line {problem.line}: {cut(problem.message)}") from None

    def json(self, path: str) -> dict[str, Any]:
        """The object in a JSON file; an empty one where there is none."""
        try:
            found = json.loads(self.text(path)) if path in self else None
        except (ValueError, RecursionError, CouldNotVerify):
            found = None
        return found if isinstance(found, dict) else {}

    def toml(self, path: str) -> dict[str, Any]:
        """The table in a TOML file; an empty one where there is none."""
        try:
            return tomllib.loads(self.text(path)) if path in self else {}
        except (ValueError, RecursionError, CouldNotVerify):
            return {}

    def matching(self, patterns: Sequence[str], paths: Sequence[str] = ()) -> list[str]:
        """The paths that patterns match, written as in .gitignore; of all files unless some are given."""
        from pathspec import GitIgnoreSpec

        spec = GitIgnoreSpec.from_lines(patterns)
        return [path for path in paths or self.paths if spec.match_file(path)]

    @cached_property
    def default_branch(self) -> str:
        """The branch that others get: by the clone's own word or, where it says nothing, by its usual names; or ""."""
        top = Path(self.tree.commit.path)
        told = git_text(top, "symbolic-ref", "--quiet", "--short", "refs/remotes/origin/HEAD", accepted=(0, 1, 128))
        return told.removeprefix("origin/")

    @cached_property
    def _code(self) -> list[str]:
        return [path for path in self._files if not path.lower().endswith(_PROSE) and not path.startswith(".github/")]

    def share(self, patterns: Sequence[str], *, ignored: bool = False) -> float:
        """The share of the files, prose left out, that any of the patterns matches (or, `ignored`, none does)."""
        # A pattern of a path filter begins at the top of the repository, other than in .gitignore.
        rooted = [f"!/{each[1:]}" if each.startswith("!") else f"/{each}" for each in patterns[:500]]
        matched = len(self.matching(rooted, self._code))
        return (len(self._code) - matched if ignored else matched) / (len(self._code) or 1)


def joined(folder: str, path: str) -> str:
    """A path within the repository, from one that begins in a folder; what leads out of it begins with "../"."""
    return posixpath.normpath(posixpath.join(folder, path)).removeprefix("./").lstrip("/")
