"""Claims about documents: that they are there, and that they say something about what they must."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Annotated

from pydantic import AfterValidator, Field

from pytest_readiness.core.evidence import CouldNotVerify, Evidence, claim
from pytest_readiness.core.registry import check
from pytest_readiness.domains.docs.facts import DocumentText
from pytest_readiness.domains.docs.reading import DocumentSection
from pytest_readiness.domains.docs.written import count_words, is_number, says_something

_WORD = re.compile(r"\w+")
_NUMBERING = re.compile(
    r"\A\W*(?:(?:(?:\d+\.)*\d+[.):]?|[A-Za-z][.)]|[IVX]+[.)])\s+(?=\S)"
    # In scripts without blanks between words: "1.回滚", "一、回滚", "(二)回滚", "第三章 回滚", "2장 복구".
    r"|(?:(?:\d+\.)*\d+[.)、]|[一二三四五六七八九十]{1,3}(?:[.)、:]|\s+))\s*(?=[\u3040-\u9fff\uac00-\ud7a3])"
    r"|(?:第\s*+)?(?:\d+|[一二三四五六七八九十]{1,3})\s*[章节節部条項장절](?:[:.、]\s*|\s+)(?=\S))"
)
_MARKS = re.compile("(?<=[\u0370-\u03ff\u1f00-\u1fff\u0435])[\u0300\u0301\u0308\u0342]+")
"""Marks that are left out in capitals (Greek) or as often as not (ё), apart from their letters."""
_ATTRIBUTES = re.compile(r"(?<!\s)\s*\{[^{}]*\}\s*\Z")
"""What some tools read behind a heading: {#rollback}."""
_FOOTNOTE = re.compile(r"\[\^[^\[\]\s]{1,100}\]")
"""The sign of a footnote, which is no part of what the heading says."""
_SHORTCODE = re.compile(r":[a-z0-9_+-]+:")
"""An emoji by its name: :rewind:"""


def _normalised(heading: str) -> str:
    """A heading's letters in small, without numbering, emoji, blanks and punctuation."""
    text = _FOOTNOTE.sub("", _ATTRIBUTES.sub("", unicodedata.normalize("NFKC", heading)))
    text = _NUMBERING.sub("", _SHORTCODE.sub(" ", text)).casefold().replace("_", " ")
    text = _MARKS.sub("", unicodedata.normalize("NFD", text))
    return "".join(_WORD.findall(unicodedata.normalize("NFC", text)))


def _alternatives(section: str) -> str:
    if not all(_normalised(alternative) for alternative in section.split("|")):
        raise ValueError("a heading must have words, and so must each alternative between '|'")
    return section


Heading = Annotated[str, AfterValidator(_alternatives)]


@check(
    "docs.present",
    severity="medium",
    remedy="Write the document, or correct its path in readiness.yaml.",
    source="Google SRE Book, chapter 32: production readiness review",
)
def present(document_text: DocumentText, *, min_words: Annotated[int, Field(gt=0)] = 20) -> Evidence:
    """The document is there and has text.

    Headings, titles of admonitions and of `<details>`, what is hidden, commented out or struck through, the head rows
    of tables, links to places of the document and what only holds the place of a text (TODO, "will follow",
    "Admin: [name]", "Owner: First Last", "Step 1", "Describe here how …", "As follows:", a question without an answer,
    in many languages) are not counted. Two letters of Chinese, Japanese or Thai are a word. A document with conflict
    markers of Git fails. One that takes its text from other files, a page of HTML and an encrypted file could not be
    verified. Whether the text is right and up to date is not looked at.

    Args:
        min_words: fewest words. 20: a short paragraph; a document with less is a stub.
    """
    _there(document_text)
    words = _words(document_text.sections)
    headings = [section for section in document_text.sections if section.level]
    seen = f"{words} word{'' if words == 1 else 's'} under {len(headings)} heading{'' if len(headings) == 1 else 's'}"
    includes = [each for section in document_text.sections for each in section.includes]
    if words < min_words and includes:
        raise CouldNotVerify(f"{seen} were seen in {document_text.path}, which {_elsewhere(includes)}")
    claim(words >= min_words, expected=f"{min_words} words or more", seen=seen)
    return Evidence(seen)


@check(
    "docs.sections",
    severity="medium",
    remedy="Write the missing sections; a heading alone or a TODO does not count.",
    source="Google SRE Book, chapters 14 and 32: what responders must find written down",
)
def sections(document_text: DocumentText, *, sections: Annotated[list[Heading], Field(min_length=1)]) -> Evidence:
    """The document has the named sections, each with text.

    Headings, in Markdown or HTML, are compared by their letters, without capitals, blanks, numbering, emoji,
    attributes ({#id}) and punctuation. A section has text when a paragraph, list, table or code block is under its
    heading or under one below it and is more than a place where text is still to be written (TODO, "will follow",
    "None", "Admin: [name]", "Owner: First Last", "Step 1", "Describe here how …", "As follows:", a question without an
    answer, in many languages), the heading once more, comments, or what is hidden or struck through. A picture and a
    link to another place are text; what a picture shows is not looked at. A document with
    conflict markers of Git fails. A section that takes all its text from other files could not be verified. Whether
    the text is right is not looked at.

    Args:
        sections: headings that must be there, at least one; "Rollback|Roll back" accepts either.
    """
    _there(document_text)
    lacking: list[str] = []
    unseen: list[str] = []
    for wanted in sections:
        _judge(document_text.sections, wanted, lacking, unseen)
    text = f"text under {', '.join(map(_shown, sections))}"
    claim(not lacking, expected=text, seen=", ".join(lacking))
    if unseen:
        raise CouldNotVerify(f"in {document_text.path}, {', and '.join(unseen)}")
    return Evidence(text)


def _there(document: DocumentText) -> None:
    claim(not document.missing, expected=f"the document {document.path}", seen=f"it {document.missing}")
    claim(
        not document.conflict,
        expected=f"one settled text in {document.path}",
        seen=f"a conflict marker of Git in line {document.conflict}: decide which of the two texts stays",
    )


def _elsewhere(includes: Sequence[str]) -> str:
    return (
        f"takes text from elsewhere ({includes[0][:100]}); only this file is read, so declare the other as a document"
    )


def _judge(parts: Sequence[DocumentSection], wanted: str, lacking: list[str], unseen: list[str]) -> None:
    """Say why no heading of the document is `wanted` with text below it, if there is none that is."""
    names = {_normalised(alternative) for alternative in wanted.split("|")}
    at = [index for index, part in enumerate(parts) if part.level and _normalised(part.title) in names]
    families = [_family(parts, index) for index in at]
    if not at:
        lacking.append(f"no heading {_shown(wanted)}")
    elif not any(map(_words, families)):
        where = f"under '{parts[at[0]].title[:100]}' (line {parts[at[0]].line})"
        if includes := [each for family in families for part in family for each in part.includes]:
            unseen.append(f"what is {where} {_elsewhere(includes)}")
        else:
            lacking.append(f"nothing written {where}")


def _family(parts: Sequence[DocumentSection], index: int) -> list[DocumentSection]:
    """A section and those below it."""
    family = [parts[index]]
    for part in parts[index + 1 :]:
        if part.level <= family[0].level:
            break
        family.append(part)
    return family


def _words(parts: Iterable[DocumentSection]) -> int:
    words = 0
    for part in parts:
        said = sum(count_words(block) for block in part.blocks if _is_said(block, part))
        # Numbers of rows and steps are words beside what they number, and nothing without it.
        words += said + (sum(map(is_number, part.blocks)) if said else 0)
    return words


def _is_said(block: str, part: DocumentSection) -> bool:
    linked = block in part.linked
    # A heading said again says nothing, but as code (which ends with its last line) or where it leads to another place.
    if not linked and not block.endswith("\n") and part.title and _normalised(block) == _normalised(part.title):
        return False
    return says_something(block, italic=block in part.italic, linked=linked)


def _shown(section: str) -> str:
    return " or ".join(f"'{alternative.strip()}'" for alternative in section.split("|"))
