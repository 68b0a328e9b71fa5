"""What a repository states of itself: its versions and its licence."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pytest_readiness.core.registry import fact
from pytest_readiness.domains.source.commit import ReleaseCommit, git_text
from pytest_readiness.domains.source.facts.tree import GitTree
from pytest_readiness.domains.source.manifests import texts_of
from pytest_readiness.domains.source.resource import Repository

CHANGELOG = re.compile(
    r"(?:changelog|changes|history|news|releases|release[-_]?notes)(?:\.(?:md|rst|txt|markdown))?", re.I
)
LICENCE = re.compile(r"(?:un)?licen[cs]e(?:[-.][\w.-]{1,60})?|copying(?:[-.][\w.-]{1,60})?", re.I)
VERSION = re.compile(r"(?<![\w.])v?(\d{1,9}(?:\.\d{1,9}){1,3}(?:[-.+]?[0-9A-Za-z][0-9A-Za-z.+-]{0,60})?)")
_MOST = 400_000


@dataclass(frozen=True, slots=True)
class StatedVersions:
    """Where a repository states versions, besides its manifests.

    Attributes:
        commit: the commit, with its tags.
        any_tags: whether the clone has tags at all.
        changelogs: by path, the version of the newest heading that names one; "" where none does.
        problems: why changelogs cannot be read.
    """

    commit: ReleaseCommit
    any_tags: bool
    changelogs: dict[str, str]
    problems: tuple[str, ...]


@fact(deadline=60)
def stated_versions(repository: Repository, git_tree: GitTree) -> StatedVersions:  # noqa: ARG001
    """The tags of the commit, and the newest version that each changelog has a heading for."""
    commit = git_tree.commit
    files = [each for each in git_tree.files if CHANGELOG.fullmatch(PurePosixPath(each.path).name) and each.regular]
    texts = tuple(texts_of(commit, files[:100]))
    return StatedVersions(
        commit=commit,
        any_tags=bool(git_text(Path(commit.path), "for-each-ref", "--count=1", "--format=%(refname)", "refs/tags")),
        changelogs={each.path: _newest(each.text) for each in texts if not each.problem},
        problems=tuple(f"{each.path} {each.problem}" for each in texts if each.problem),
    )


def _newest(text: str) -> str:
    """The version of the newest heading; some changelogs have the oldest at their top."""
    from markdown_it import MarkdownIt

    from pytest_readiness.domains.source.ranges import numbers

    tokens = MarkdownIt("commonmark").parse(text[:_MOST])
    headings = [tokens[at + 1].content for at, token in enumerate(tokens) if token.type == "heading_open"]
    found = [each[1] for each in map(VERSION.search, headings) if each]
    if not found:
        return ""
    first, last = numbers(found[0]), numbers(found[-1])
    return found[-1] if first and last and first < last and len(text) <= _MOST else found[0]


@dataclass(frozen=True, slots=True)
class LicenceText:
    """A file that gives a licence.

    Attributes:
        path: from the top of the repository.
        known: SPDX id of the licence whose text it is; "" for a text that is not recognised.
        holes: places that the text leaves to be filled in, and that nobody has filled in.
        words: how many it has.
        problem: why it cannot be read, or "".
    """

    path: str
    known: str
    holes: tuple[str, ...]
    words: int
    problem: str = ""


@dataclass(frozen=True, slots=True)
class LicenceTexts:
    """The licences that stand at the top of the repository, and in its folder LICENSES.

    Attributes:
        commit: the commit.
        texts: each of them.
    """

    commit: ReleaseCommit
    texts: tuple[LicenceText, ...]


@fact(deadline=60)
def licence_texts(repository: Repository, git_tree: GitTree) -> LicenceTexts:  # noqa: ARG001
    """The files LICENSE, LICENCE and COPYING at the top, and those of LICENSES, told by what only they say."""
    files = [
        each
        for each in git_tree.files
        if ("/" not in each.path and LICENCE.fullmatch(each.path)) or each.path.startswith("LICENSES/")
    ]
    return LicenceTexts(
        git_tree.commit, tuple(_licence(e.path, e.text, e.problem) for e in texts_of(git_tree.commit, files))
    )


_HOLE = re.compile(
    r"[\[<{]{1,2}\s?(?:yyyy|year|full ?name|name|owner|organi[sz]ation|copyright)[^\]>}\n]{0,40}[\]>}]{1,2}", re.I
)
_SIGNS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("AGPL-3.0", ("gnu affero general public license", "version 3, 19 november 2007", "remote network interaction")),
    ("LGPL-3.0", ("gnu lesser general public license", "version 3, 29 june 2007", "combined works")),
    ("LGPL-2.1", ("gnu lesser general public license", "version 2.1, february 1999", "works that use the library")),
    ("GPL-3.0", ("gnu general public license", "version 3, 29 june 2007", "conveying verbatim copies")),
    ("GPL-2.0", ("gnu general public license", "version 2, june 1991", "you may copy and distribute verbatim copies")),
    ("Apache-2.0", ("apache license", "version 2.0, january 2004", "grant of patent license", "limitation of lia")),
    ("MPL-2.0", ("mozilla public license version 2.0", "covered software", "secondary licenses")),
    ("EPL-2.0", ("eclipse public license - v 2.0", "secondary licenses", "no warranty")),
    ("BSL-1.0", ("boost software license - version 1.0", "without warranty of any kind")),
    ("CC0-1.0", ("cc0 1.0 universal", "affirmer")),
    ("Unlicense", ("this is free and unencumbered software released into the public", "without warranty of")),
    ("MIT", ("permission is hereby granted, free of charge", "the above copyright notice and this permission notice",
             "without warranty of any kind")),
    ("MIT-0", ("permission is hereby granted, free of charge", "without warranty of any kind", "without restriction")),
    ("0BSD", ("permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is "
              "hereby granted. the software is provided",)),
    ("ISC", ("permission to use, copy, modify, and", "with or without fee is hereby granted, provided that the above")),
    ("BSD-3-Clause", ("redistributions of source code must retain", "redistributions in binary form must",
                      "endorse or promote products", "as is")),
    ("BSD-2-Clause", ("redistributions of source code must retain", "redistributions in binary form must", "as is")),
)  # fmt: skip
"""By SPDX id, what only its text says; the first that fits."""
_APPENDED = ("AGPL-3.0", "LGPL-3.0", "LGPL-2.1", "GPL-3.0", "GPL-2.0", "Apache-2.0")
"""Licences whose own text ends with a form for notices elsewhere, which is left as it is."""


def _licence(path: str, text: str, problem: str) -> LicenceText:
    said = re.sub(r"[\s*#]+", " ", text[:100_000].lower())
    known = next((name for name, signs in _SIGNS if all(sign in said for sign in signs)), "")
    holes = () if known in _APPENDED else tuple(each[0][:40] for each in _HOLE.finditer(text[:100_000]))
    return LicenceText(path, known, holes[:5], len(said.split()), problem)
