"""Where the links of a Markdown document lead, and which places it has that links can lead to."""

from __future__ import annotations

import posixpath
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from urllib.parse import unquote

from pytest_readiness.core.text import cut
from pytest_readiness.domains.docs.reading import NOWHERE, tokens_of

_ELSEWHERE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|//")
"""What begins an address of another place than the repository."""
_TEMPLATE = re.compile(r"\{\{|\{%|\$\{|<")
_OF_ONE_MACHINE = re.compile(r"file:|[A-Za-z]:(?:[\\/]|%5C)", re.IGNORECASE)
_LINE = re.compile(r"L\d+(?:C\d+)?(?:-L?\d+(?:C\d+)?)?")
_UNDEFINED = re.compile(r"(?<![\w\])])\[([^\[\]\n]{1,100})\]\[([^\[\]\n]{0,100})\]")
"""A link by a name that nothing defines, which is left as text."""
_HREF = re.compile(r"<(?:a|img)\b[^>]{0,2000}?\b(?:href|src)\s*=\s*[\"']([^\"'>]{0,2000})[\"']", re.IGNORECASE)
_PLACE = re.compile(r"\b(?:id|name)\s*=\s*[\"']([^\"'>\s]{1,200})[\"']", re.IGNORECASE)
_EXPLICIT = re.compile(r"\{:?\s*#([\w.:-]{1,200})[^{}]{0,200}\}\s*\Z")
_PAGES = ("", ".md", ".mdx", ".markdown", "/index.md", "/README.md")
"""What generators of sites leave out of an address."""


def links_of(text: str) -> Iterator[tuple[str, int]]:
    """The address of every link and picture, with its line; "[text][name]" where nothing defines that name."""
    for token in tokens_of(text):
        line = token.map[0] + 1 if token.map else 0
        pieces = [token.content] if token.type == "html_block" else []
        for child in token.children or ():
            line += child.type in ("softbreak", "hardbreak")
            if child.type in ("link_open", "image"):
                yield str(child.attrGet("href") or child.attrGet("src") or ""), line
            elif child.type == "html_inline":
                pieces.append(child.content)
            elif child.type == "text":
                yield from ((found[0], line) for found in _UNDEFINED.finditer(child.content))
        yield from ((address, line) for piece in pieces for address in _HREF.findall(piece))


def places_of(text: str) -> frozenset[str]:
    """The names of all places of a document, as GitHub, GitLab and MkDocs make them of headings, and its own ids."""
    found: set[str] = set()
    counts = [Counter[str]() for _ in _SLUGS]
    tokens = tokens_of(text)
    for index, token in enumerate(tokens):
        found |= set(_PLACE.findall(token.content))
        if token.type != "heading_open":
            continue
        inline = tokens[index + 1]
        title = "".join(each.content for each in inline.children or () if each.type in ("text", "code_inline", "image"))
        if explicit := _EXPLICIT.search(title):
            found.add(explicit[1])
            title = title[: explicit.start()]
        for (slug, joined), count in zip(_SLUGS, counts, strict=True):
            name = slug(title.strip())
            found.add(f"{name}{joined}{count[name]}" if count[name] else name)
            count[name] += 1
    return frozenset(found)


def _as_github(title: str) -> str:
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def _as_gitlab(title: str) -> str:
    return re.sub(r"-{2,}", "-", _as_github(title)).strip("-")


def _as_mkdocs(title: str) -> str:
    ascii_only = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode()
    return re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", ascii_only).strip().lower())


_SLUGS: tuple[tuple[Callable[[str], str], str], ...] = ((_as_github, "-"), (_as_gitlab, "-"), (_as_mkdocs, "_"))


def fault_of(
    address: str, path: str, files: frozenset[str], places: Callable[[str], frozenset[str] | None]
) -> str | None:
    """What is wrong with a link within the repository; "" where it leads somewhere, None where it leads outside.

    Args:
        address: as written.
        path: of the document, from the top of the repository.
        files: every tracked file and folder.
        places: the places of a file by its path; None where they are not known.
    """
    if address == "#":
        return None
    if _OF_ONE_MACHINE.match(address):
        return f"{cut(address, 100)} is on a machine of somebody"
    if _UNDEFINED.fullmatch(address):
        return f"{cut(address, 100)} names a link that is not defined"
    if NOWHERE.fullmatch(unquote(address)[:500]):
        return f"'{cut(address, 100)}' is still to be filled in"
    if _ELSEWHERE.match(address) or _TEMPLATE.search(address):
        return None
    goal, _, place = address.partition("#")
    goal = unquote(goal.partition("?")[0])
    base = "" if goal.startswith("/") else posixpath.dirname(path)
    full = posixpath.normpath(posixpath.join(base, goal.lstrip("/"))) if goal else path
    if full.startswith(".."):
        return f"{cut(address, 100)} leads out of the repository"
    file = next((f"{full}{end}" for end in _PAGES if f"{full}{end}" in files or full == "."), None)
    if file is None:
        return f"{cut(address, 100)} leads to no tracked file"
    # "#L3" is a line of the file.
    known = places(file) if place and not _LINE.fullmatch(place) else None
    if known is not None and unquote(place) not in known and unquote(place).lower() not in known:
        return f"{cut(address, 100)} leads to no heading"
    return ""
