"""How checks of this domain name files of a repository."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field

GLOB = frozenset("*?[")
MOST_STARS = 3
"""In one part of a path, and of `**` in all: how long a name is looked at grows with every one."""


def _few_stars(text: str) -> None:
    parts = [re.sub(r"\*+", "*", each) for each in text.split("/") if each != "**"]
    if text.split("/").count("**") > MOST_STARS or any(each.count("*") > MOST_STARS for each in parts):
        raise ValueError(f"a pattern has at most {MOST_STARS} stars between two slashes, and at most {MOST_STARS} '**'")


def _ignore_pattern(text: str) -> str:
    from pathspec import GitIgnoreSpec

    if text.strip() != text or text.startswith(("!", "#")) or not text.strip("/*"):
        raise ValueError("a pattern is written as in .gitignore, such as *.log or /build/, without '!'")
    _few_stars(text)
    GitIgnoreSpec.from_lines([text])
    return text


def _tree_path(text: str) -> str:
    for each in text.split("|"):
        _few_stars(each)
        parts = each.removesuffix("/").split("/")
        if each.strip() != each or "\\" in each or {"", ".", ".."} & set(parts) or each[0] in "!#":
            raise ValueError(
                "a path is written from the top of the repository, such as docs/setup.md, and a folder as docs/"
            )
    return text


IgnorePattern = Annotated[str, Field(max_length=300), AfterValidator(_ignore_pattern)]
"""What is written in .gitignore, and matches files in any folder unless it has a slash before its end."""
TreePath = Annotated[str, Field(min_length=1, max_length=1000), AfterValidator(_tree_path)]
"""A path from the top, which may have `*`, `?` and `**`; a folder ends with a slash; alternatives stand between '|'."""
