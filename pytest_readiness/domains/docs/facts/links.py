"""Where the links of documents lead."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass

from pytest_readiness.config.target import Target
from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.core.registry import fact
from pytest_readiness.domains.docs.facts.history import place_of
from pytest_readiness.domains.docs.facts.text import too_long
from pytest_readiness.domains.docs.linking import fault_of, links_of, places_of
from pytest_readiness.domains.docs.reading import TakesTooLongError
from pytest_readiness.domains.docs.resource import Document
from pytest_readiness.domains.source.commit import ReleaseCommit, TreeFile, files_of, read_files

_MARKDOWN = (".md", ".markdown", ".mdx")


@dataclass(frozen=True, slots=True)
class DocumentLink:
    """A link or picture of a document.

    Attributes:
        line: of the document.
        outside: it leads out of the repository, and was not followed.
        fault: why it leads nowhere, as a clause; "" where it leads somewhere or outside.
    """

    line: int
    outside: bool
    fault: str


@dataclass(frozen=True, slots=True)
class DocumentLinks:
    """The links of a document.

    Attributes:
        path: of the document, from the top of its repository.
        commit: the commit that was read.
        links: all of them, in its order.
    """

    path: str
    commit: ReleaseCommit
    links: tuple[DocumentLink, ...]


@fact(deadline=60)
def document_links(document: Document, target: Target) -> DocumentLinks:
    """Every link of a Markdown document, and whether the commit has the file and the heading that it leads to."""
    if document.path.suffix.lower() not in _MARKDOWN:
        raise CouldNotVerify(f"{document.path} is not Markdown (.md), and only the links of that are read")
    commit, path = place_of(document, target)
    tree = {each.path: each for each in files_of(commit)}
    if path not in tree:
        raise CouldNotVerify(f"{path} is not in the commit {commit.short} of {commit.path}")
    folders = {folder for each in tree for folder in _above(each)}
    files = frozenset((*tree, *folders))
    known: dict[str, frozenset[str] | None] = {}

    def places(file: str) -> frozenset[str] | None:
        if file not in known:
            known[file] = places_of(_text(commit, tree[file])) if _is_markdown(file) and file in tree else None
        return known[file]

    try:
        links = list(links_of(_text(commit, tree[path])))
        faults = [fault_of(address, path, files, places) for address, _ in links]
    except TakesTooLongError as error:
        raise too_long(document.path, error) from None
    found = (DocumentLink(line, fault is None, fault or "") for (_, line), fault in zip(links, faults, strict=True))
    return DocumentLinks(path, commit, tuple(found))


def _is_markdown(path: str) -> bool:
    return posixpath.splitext(path)[1].lower() in _MARKDOWN


def _above(path: str) -> list[str]:
    parts = path.split("/")[:-1]
    return ["/".join(parts[: count + 1]) for count in range(len(parts))]


def _text(commit: ReleaseCommit, file: TreeFile) -> str:
    try:
        texts = [data.decode("utf-8-sig") for _, data in read_files(commit, [file])]
    except UnicodeDecodeError:
        raise CouldNotVerify(f"{file.path} of {commit.short} is not UTF-8, so its headings cannot be read") from None
    if not texts:
        raise CouldNotVerify(f"{file.path} of {commit.short} cannot be read: it is a link, or too large")
    return texts[0]
