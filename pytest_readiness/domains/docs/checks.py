"""Claims about documents: that they are there, and that they say something about what they must."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Annotated

from pydantic import AfterValidator, Field

from pytest_readiness.core.evidence import Evidence, claim
from pytest_readiness.core.registry import check
from pytest_readiness.domains.docs.facts import DocumentSection, DocumentText

_WORD = re.compile(r"\w+")
_NUMBERING = re.compile(r"\A\W*(?:(?:\d+\.)*\d+[.):]?|[A-Za-z][.)]|[IVX]+[.)])\s+(?=\S)")
# What is written where text is still missing.
_STUB = re.compile(
    r"""\W* (?:
        (?:to-?do | tbd | tba | tbc | fixme | wip | xxx+ | lorem\ ipsum) \b .*
      | to\ be\ (?:done | written | decided | defined | determined | added | completed | confirmed) \b .*
      | (?:coming\ soon | work\ in\ progress | not\ (?:yet\ )?(?:written | documented)) \b .*
      | (?:place-?holder | n/a | text | description | content | (?:insert | describe)\ .*\ here)
      | <[^<>]*> | \[(?!picture\]).*\] | \{\{.*\}\}
    )? \W*""",
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)


def _normalised(heading: str) -> str:
    """A heading's words in small letters, without numbering, emoji and punctuation."""
    text = unicodedata.normalize("NFKC", heading)
    return " ".join(_WORD.findall(_NUMBERING.sub("", text).casefold().replace("_", " ")))


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

    Headings, comments, the head rows of tables and places where the text is still to be written (TODO, TBD …) are
    not counted. Whether the text is right and up to date is not looked at.

    Args:
        min_words: fewest words. 20: a short paragraph; a document with less is a stub.
    """
    _there(document_text)
    words = _words(document_text.sections)
    headings = [section for section in document_text.sections if section.level]
    seen = f"{words} word{'' if words == 1 else 's'} under {len(headings)} heading{'' if len(headings) == 1 else 's'}"
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

    Headings are compared by their words, without capitals, numbering, emoji and punctuation. A section has text when
    a paragraph, list, table or code block is under its heading or under one below it and is more than a place
    where text is still to be written (TODO, TBD …). Whether the text is right is not looked at.

    Args:
        sections: headings that must be there, at least one; "Rollback|Roll back" accepts either.
    """
    _there(document_text)
    lacking = [reason for wanted in sections if (reason := _lacking(document_text.sections, wanted))]
    text = f"text under {', '.join(map(_shown, sections))}"
    claim(not lacking, expected=text, seen=", ".join(lacking))
    return Evidence(text)


def _there(document: DocumentText) -> None:
    claim(not document.missing, expected=f"the document {document.path}", seen=f"it {document.missing}")


def _lacking(parts: Sequence[DocumentSection], wanted: str) -> str:
    """Why no heading of the document is `wanted` with text below it; "" where one is."""
    names = {_normalised(alternative) for alternative in wanted.split("|")}
    at = [index for index, part in enumerate(parts) if part.level and _normalised(part.title) in names]
    if not at:
        return f"no heading {_shown(wanted)}"
    if not any(_words(_family(parts, index)) for index in at):
        return f"nothing written under '{parts[at[0]].title[:100]}' (line {parts[at[0]].line})"
    return ""


def _family(parts: Sequence[DocumentSection], index: int) -> list[DocumentSection]:
    """A section and those below it."""
    family = [parts[index]]
    for part in parts[index + 1 :]:
        if part.level <= family[0].level:
            break
        family.append(part)
    return family


def _words(parts: Iterable[DocumentSection]) -> int:
    return sum(len(_WORD.findall(block)) for part in parts for block in part.blocks if _says_something(block))


def _says_something(block: str) -> bool:
    """Whether a block is more than a stub or the label of one ("Steps:")."""
    # A stub shows at its beginning, and what is not one must not take long to be told from one.
    return _STUB.fullmatch(block[:2000]) is None and not (block.endswith(":") and "\n" not in block)


def _shown(section: str) -> str:
    return " or ".join(f"'{alternative.strip()}'" for alternative in section.split("|"))
