"""Claims about documents: that they are there, and that they say something about what they must."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Annotated

from pydantic import AfterValidator, Field

from pytest_readiness.core.evidence import Evidence, claim
from pytest_readiness.core.registry import check
from pytest_readiness.domains.docs.facts import CELL, DocumentSection, DocumentText

_WORD = re.compile(r"\w+")
_NUMBERING = re.compile(r"\A\W*(?:(?:\d+\.)*\d+[.):]?|[A-Za-z][.)]|[IVX]+[.)])\s+(?=\S)")
_ATTRIBUTES = re.compile(r"(?<!\s)\s*\{[^{}]*\}\s*\Z")
"""What some tools read behind a heading: {#rollback}."""
_SHORTCODE = re.compile(r":[a-z0-9_+-]+:")
"""An emoji by its name: :rewind:"""
# What is written where text is still missing.
_STUB = re.compile(
    r"""\W* (?:
        (?:to-?do | tbd | tba | tbc | fixme | wip | xxx+ | lorem\ ipsum) \b .*
      | to\ be\ (?:done | written | decided | defined | determined | added | completed | confirmed) \b .*
      | (?:[\w']+\ ){0,4} (?:(?:still\ )? (?:to\ be | needs?\ to\ be | will\ be))\ (?:written | documented | described
          | defined | decided | determined | confirmed | announced | provided) (?:\ [\w']+){0,3}
      | (?:[\w']+\ ){0,4} (?:will | to)\ (?:follow | come) (?:\ [\w']+){0,3}
      | (?:coming\ soon | work\ in\ progress | under\ construction
          | not\ (?:yet\ )?(?:written | documented | defined | decided | available)) \b .*
      | (?:this\ )? (?:section | chapter | page | part)\ (?:is | was)\ (?:still\ )?
          (?:empty | intentionally | left | missing | under | a\ stub | incomplete | a\ draft) \b .*
      | (?:place-?holder | n/?a | not\ applicable | none | nothing (?:\ (?:yet | here | so\ far))? | empty | blank
          | stub | draft | pending | unknown | open | missing | text | description | content | details
          | more | see\ (?:above | below)
          | your\ [\w\ ]{1,40} | (?:your | the)\ text\ here | enter\ text)
      | (?:insert | describe)\ .*here | (?:add | write | enter | put | fill | document) (?:\ [\w']+){1,5}\ here
      | (?:待补充 | 待補充 | 待定 | 未定 | 暂无 | 無 | 无 | なし | 準備中 | 作成中 | 工事中)
      | <[^<>]*> | \[(?!picture\]).*\] | \{\{.*\}\}
    )? \W*""",
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_LABEL = re.compile(
    r"\W{0,20}(?:[\w'’()/.&+-]{1,30}[ \t]{1,9}){0,5}[\w'’()/.&+]{1,30}[ \t]{0,9}"
    r"(?:[:：](?=\s|\Z|[^\x00-\x7f\[])|[-–—=→](?=\s|\Z)|[:：](?=\[))"
)
"""What a place to be filled in is for: "Admin: [Your contact]"."""
_BLANKS = re.compile(r"\[(?!picture\])[^\[\]]*\]|<[^<>]*>|\{\{[^{}]*\}\}|_{3,}|\.{4,}|…{2,}")
"""Places to be filled in."""
_NUMBER = re.compile(r"\W*\d{1,3}[.)]?\W*")
"""Of a row or a step."""
_FEW_WORDS = 3
"""So many words beside a place to be filled in say what it is for, and nothing of what is in it."""
_UNSPACED = re.compile(
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)
"""Letters of scripts that put no blanks between words; two of them are about one word."""


def _normalised(heading: str) -> str:
    """A heading's letters in small, without numbering, emoji, blanks and punctuation."""
    text = _SHORTCODE.sub(" ", _ATTRIBUTES.sub("", unicodedata.normalize("NFKC", heading)))
    return "".join(_WORD.findall(_NUMBERING.sub("", text).casefold().replace("_", " ")))


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

    Headings, comments, the head rows of tables and places where the text is still to be written (TODO, "will follow",
    "Admin: [name]" …) are not counted. Two letters of Chinese, Japanese or Thai are a word. Whether
    the text is right and up to date is not looked at.

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

    Headings, in Markdown or HTML, are compared by their letters, without capitals, blanks, numbering, emoji,
    attributes ({#id}) and punctuation. A section has text when a paragraph, list, table or code block is under its
    heading or under one below it and is more than a place where text is still to be written (TODO, "will follow",
    "None", "Admin: [name]", numbers of rows …). Whether the text is right is not looked at.

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
    words = 0
    for part in parts:
        said = sum(_counted(block) for block in part.blocks if _says_something(block))
        # Numbers of rows and steps are words beside what they number, and nothing without it.
        words += said + (sum(bool(_NUMBER.fullmatch(block)) for block in part.blocks) if said else 0)
    return words


def _counted(text: str) -> int:
    unspaced = len(_UNSPACED.findall(text))
    return len(_WORD.findall(_UNSPACED.sub(" ", text))) + (unspaced + 1) // 2


def _says_something(block: str) -> bool:
    """Whether a block is more than a stub, the label of one ("Steps:"), or a row of a table with places to fill in."""
    if CELL in block:
        cells = [cell for cell in block.split(CELL) if not _NUMBER.fullmatch(cell)]
        numbers = block.count(CELL) + 1 - len(cells)
        if len(cells) < 2:
            return any(map(_is_written, cells))
        first, *others = cells
        # What is in the first column says what the row is for, or is a whole sentence with a column to tick.
        said = any(map(_is_written, others)) or (numbers and not any(others))
        return bool(said) or (_counted(first) > _FEW_WORDS and _is_written(first))
    return not _NUMBER.fullmatch(block) and _is_written(block)


def _is_written(text: str) -> bool:
    # A stub shows at its beginning, and what is not one must not take long to be told from one.
    start = text[:2000]
    label = _LABEL.match(start[:100])
    if _STUB.fullmatch(start) or (label and _STUB.fullmatch(start[label.end() :])):
        return False
    left, places = _BLANKS.subn(" ", start)
    return not places or _counted(left) > _FEW_WORDS


def _shown(section: str) -> str:
    return " or ".join(f"'{alternative.strip()}'" for alternative in section.split("|"))
