"""What documents say."""

from __future__ import annotations

import re
import stat
from dataclasses import dataclass
from pathlib import Path

from pytest_readiness.core import extras
from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.core.registry import fact
from pytest_readiness.domains.docs.asciidoc import asciidoc_comments, read_asciidoc
from pytest_readiness.domains.docs.reading import (
    DocumentSection,
    TakesTooLongError,
    comments_of,
    read_restructured,
    read_sections,
    restructured_comments,
)
from pytest_readiness.domains.docs.resource import Document
from pytest_readiness.protocols.text_file import read_text_file

_ASCIIDOC = (".adoc", ".asciidoc", ".asc")
SUFFIXES = ("", ".md", ".markdown", ".txt", ".rst", *_ASCIIDOC)

_NO_TEXT = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
"""Characters that no text has; not the escape, which colours what a terminal printed."""
_OTHERS = {
    "%PDF-": "a PDF file",
    "{\\rtf": "an RTF file",
    "$ANSIBLE_VAULT;": "encrypted by Ansible Vault",
    "-----BEGIN PGP MESSAGE-----": "encrypted by OpenPGP",
    "-----BEGIN AGE ENCRYPTED FILE-----": "encrypted by age",
    "age-encryption.org/": "encrypted by age",
    "version https://git-lfs.github.com/spec/": "what Git LFS leaves in place of a file (`git lfs pull` fetches it)",
    "/annex/objects/": "what git-annex leaves in place of a file (`git annex get` fetches it)",
    "<!doctype html": "a page of HTML",
    "<html": "a page of HTML",
    "<?xml": "an XML file",
}
"""What other files than documents begin with."""


@dataclass(frozen=True, slots=True)
class DocumentText:
    """A document as a reader sees it: comments, front matter and link addresses left out.

    Attributes:
        path: the file.
        missing: why there is no such document ("does not exist", "is a directory"); "" where there is one.
        sections: in the order of the document, the part before the first heading included.
        conflict: line of the first conflict marker of Git ("<<<<<<<"), but for those in code blocks that may be
            examples; 0 where there is none.
        comments: what no reader sees, with its line: comments, and places to be filled in that are a tag or an address.
    """

    path: str
    missing: str
    sections: tuple[DocumentSection, ...]
    conflict: int = 0
    comments: tuple[tuple[int, str], ...] = ()


@fact
def document_text(document: Document) -> DocumentText:
    """The headings of the document and the text below each; Markdown by CommonMark, with tables."""
    path = document.path
    try:
        missing = "is a directory" if stat.S_ISDIR(path.stat().st_mode) else ""
    except (FileNotFoundError, NotADirectoryError):
        missing = "does not exist"
    except OSError as error:
        raise CouldNotVerify(f"{path} cannot be read ({error.strerror})") from None
    if missing:
        return DocumentText(str(path), missing, ())
    if path.suffix.lower() not in SUFFIXES:
        raise CouldNotVerify(
            f"{path} is neither Markdown, reStructuredText, AsciiDoc nor plain text (.md, .rst, .adoc, .txt), and only"
            " these are read"
        )
    text = read_text_file(path)
    begin = text[:200].lstrip().lower()
    for beginning, kind in _OTHERS.items():
        if begin.startswith(beginning.lower()):
            raise CouldNotVerify(f"{path} is {kind}, and only Markdown and plain text are read")
    if found := _NO_TEXT.search(text):
        line = text.count("\n", 0, found.start()) + 1
        raise CouldNotVerify(f"{path} is not text: line {line} has the control character U+{ord(found[0]):04X}")
    sections, conflict = read_text(text, path)
    hidden = {".rst": restructured_comments, **dict.fromkeys(_ASCIIDOC, asciidoc_comments)}
    comments = hidden.get(path.suffix.lower(), comments_of)(text)
    return DocumentText(str(path), "", sections, conflict, comments)


def read_text(text: str, path: Path) -> tuple[tuple[DocumentSection, ...], int]:
    """The sections of a document by its format, and the line of its first conflict marker; 0 if there is none.

    Raises:
        CouldNotVerify: it would take too long, or needs an extra or a program that is not installed.
    """
    if path.suffix.lower() in _ASCIIDOC:
        return read_asciidoc(text, path.name)
    if path.suffix.lower() == ".rst":
        if not extras.is_installed("rst"):
            raise extras.needed(path.name, "rst")
        try:
            return read_restructured(text)
        except RecursionError:
            raise CouldNotVerify(f"{path} is nested too deeply to be read") from None
    try:
        return read_sections(text)
    except TakesTooLongError as error:
        raise too_long(path, error) from None


def too_long(path: Path, error: TakesTooLongError) -> CouldNotVerify:
    """What to raise where a document takes too long to read."""
    return CouldNotVerify(
        f"{path} has thousands of brackets or asterisks in the paragraph of line {error.line}, which would take"
        " too long to read: make it a code block"
    )
