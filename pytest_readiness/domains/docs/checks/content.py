"""Claims about documents: that they are there, and that they say something about what they must."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Annotated

from pydantic import AfterValidator, Field

from pytest_readiness.core.evidence import CouldNotVerify, Evidence, NotDeclared, claim
from pytest_readiness.core.registry import check
from pytest_readiness.core.resources import Named
from pytest_readiness.core.text import cut
from pytest_readiness.domains.docs.facts.described import VariableNames
from pytest_readiness.domains.docs.facts.text import DocumentText
from pytest_readiness.domains.docs.reading import CELL, DocumentSection
from pytest_readiness.domains.docs.written import count_words, hole_in, is_number, says_something

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


@check(
    "docs.no_placeholders",
    severity="medium",
    remedy="Fill in what is still to be written.",
    source="Google SRE Book, chapter 14: responders act on what is written down",
)
def no_placeholders(
    document_text: DocumentText, *, allow: tuple[Annotated[str, Field(min_length=1)], ...] = ()
) -> Evidence:
    """The document has no place left that is still to be filled in.

    Looked for in headings, paragraphs, lists and each cell of tables: TODO, TBD, "will follow", "to be defined", in
    other languages, too; "[Contact Info]", "{{name}}", "+1 (XXX) XXX-XXXX", "First Last", "YYYY-MM-DD", lines of
    underscores; a section without any text, a row of which only the first cell is filled in; and TODO, FIXME and TBD in
    comments. What is marked as code, empty boxes of tasks and "none" or "n/a" are right. Pictures are not looked at.

    Args:
        allow: texts that are right as they are, such as "[Name]" in a template for others; compared exactly.
    """
    _there(document_text)
    if not _words(document_text.sections):
        raise CouldNotVerify(f"{document_text.path} has no text")
    holes = []
    for index, part in enumerate(document_text.sections):
        where = f"under '{cut(part.title, 60)}'" if part.title else "before the first heading"
        for block in (part.title, *part.blocks):
            texts = [cell for cell in block.split(CELL) if cell.strip()]
            only = CELL in block and len(texts) == 1 and not is_number(texts[0])
            hole = hole_in(block, part.code) or (f"{texts[0]} with empty cells" if only else "")
            if hole and hole not in allow:
                holes.append(f"'{cut(hole, 60)}' {where} (line {part.line})")
        if part.level and not part.includes and not any(each.blocks for each in _family(document_text.sections, index)):
            holes.append(f"nothing {where} (line {part.line})")
    for line, comment in document_text.comments:
        if _OPEN.search(comment):
            holes.append(f"a comment with '{_OPEN.findall(comment)[0]}' (line {line})")
    more = f" and {len(holes) - _SHOWN} more" if len(holes) > _SHOWN else ""
    claim(not holes, expected="nothing left to be filled in", seen=", ".join(holes[:_SHOWN]) + more)
    includes = [each for section in document_text.sections for each in section.includes]
    if includes:
        raise CouldNotVerify(f"{document_text.path} {_elsewhere(includes)}")
    return Evidence(
        f"no place left to be filled in, in {sum(len(part.blocks) for part in document_text.sections)} blocks"
    )


_OPEN = re.compile(r"\b(?:TODO|FIXME|TBD|XXX)\b")
_SHOWN = 10


@check(
    "docs.covers",
    severity="medium",
    remedy="Describe what is missing, each under its own name.",
    source="Google SRE Book, chapter 32: production readiness review",
    asks=lambda _, variables_of: {"variable_names": variables_of},
)
def covers(
    document_text: DocumentText,
    variable_names: VariableNames | None,
    *,
    names: Annotated[list[Annotated[str, Field(min_length=1)]], Field(min_length=1)] | None = None,
    variables_of: Annotated[str, Named("env_file")] | None = None,
    allow_missing: tuple[str, ...] = (),
) -> Evidence:
    """The document has an entry with some text for each of the names.

    An entry is a heading with text below it, a row of a table with another cell that says something, or a paragraph,
    entry of a list or definition that begins with the name and goes on. That a name is mentioned elsewhere does not
    count, and a longer word that holds it neither; `AWS_*` describes every name that begins so. Whether what is written
    is right is not looked at.

    Args:
        names: what must be described: tables, alerts, services, settings.
        variables_of: an env file of the target, each of whose variables must be described.
        allow_missing: names that need no entry, such as those that the platform sets.

    `names` or `variables_of` must be given.
    """
    if names is None and variable_names is None:
        raise NotDeclared("neither names nor variables_of says what must be described")
    wanted = [
        each
        for each in dict.fromkeys((*(names or ()), *(variable_names.names if variable_names else ())))
        if each not in allow_missing
    ]
    if not wanted:
        raise CouldNotVerify("there is no name that must be described")
    _there(document_text)
    described = _entries(document_text.sections)
    lacking = [each for each in wanted if not _has_entry(each, described)]
    includes = [each for section in document_text.sections for each in section.includes]
    if lacking and includes:
        raise CouldNotVerify(
            f"{cut(lacking[0], 60)} is not described in {document_text.path}, which {_elsewhere(includes)}"
        )
    shown = ", ".join(cut(each, 60) for each in lacking[:_SHOWN])
    more = f" and {len(lacking) - _SHOWN} more" if len(lacking) > _SHOWN else ""
    claim(not lacking, expected=f"an entry for each of {len(wanted)} names", seen=f"none for {shown}{more}")
    return Evidence(f"an entry for each of {len(wanted)} names")


def _entries(parts: Sequence[DocumentSection]) -> frozenset[str]:
    """What a document has entries for, as it names them, in small letters."""
    found: set[str] = set()
    for index, part in enumerate(parts):
        if part.level and _words(_family(parts, index)):
            found |= {part.title, *_IDENTIFIER.findall(part.title)}
        for block, following in zip(part.blocks, (*part.blocks[1:], ""), strict=False):
            if CELL in block:
                cells = block.split(CELL)
                for place, cell in enumerate(cells):
                    others = [each for each in (*cells[:place], *cells[place + 1 :]) if not is_number(each)]
                    if any(map(says_something, others)):
                        found.add(cell)
            elif block.endswith("\n"):
                continue
            elif lead := _LEAD.match(block):
                if count_words(block[lead.end() :]) and says_something(block[lead.end() :]):
                    found.add(lead["name"])
            elif following and CELL not in following and not _LEAD.match(following) and says_something(following):
                found.add(block)
    return frozenset(each.strip(" `:").removeprefix("**").removesuffix("**").casefold() for each in found)


_IDENTIFIER = re.compile(r"[\w.*-]+")
_LEAD = re.compile(r"\W{0,3}(?P<name>[\w.*/-]{1,100}(?: [\w.*/-]{1,40}){0,3}?)`?(?: ?[:–—=]| - | \()\s*")
"""The beginning of an entry in a list: "`NAME`: …", "NAME – …"."""


def _has_entry(name: str, described: Iterable[str]) -> bool:
    name = name.casefold()
    return any(
        each == name or (each.endswith("*") and len(each) > 2 and name.startswith(each[:-1])) for each in described
    )


@check(
    "docs.contacts",
    severity="high",
    remedy="Write for each role who is reached and how: a number, an address, a channel or a link to the rota.",
    source="Google SRE Book, chapter 14: managing incidents",
)
def contacts(document_text: DocumentText, *, roles: Annotated[list[Heading], Field(min_length=1)]) -> Evidence:
    """The document names for each role a way in which someone can be reached.

    That is a mail address, a number of seven digits or more, a channel (`#incidents`), or a link to a rota or a pager:
    in the row, paragraph or entry that names the role, or under its heading. Addresses and numbers of nobody
    (example.com, "+1 (XXX) XXX-XXXX", 555-0100, 123-456-7890) do not count. Whether anybody answers is not looked at.

    Args:
        roles: who must be reachable, such as "Incident commander|On-call"; "|" is between names for the same role.
    """
    _there(document_text)
    lacking = []
    for role in roles:
        names = {_normalised(alternative) for alternative in role.split("|")}
        pieces = list(_pieces(document_text.sections, names))
        if not pieces:
            lacking.append(f"no {_shown(role)}")
        elif not any(map(_reaches, pieces)):
            lacking.append(f"no way to reach {_shown(role)}")
    claim(not lacking, expected=f"a contact of {', '.join(map(_shown, roles))}", seen="; ".join(lacking))
    return Evidence(f"a contact of {', '.join(map(_shown, roles))}")


def _pieces(parts: Sequence[DocumentSection], names: Collection[str]) -> Iterator[tuple[str, bool]]:
    """What a document says of a role, a piece each, and whether it links to another place."""
    for index, part in enumerate(parts):
        if part.level and _normalised(part.title) in names:
            family = _family(parts, index)
            yield "\n".join(block for each in family for block in each.blocks), any(each.linked for each in family)
        for block in part.blocks:
            leads = [*block.split(CELL), *re.split(r"[:–—]| - ", block, maxsplit=1)[:1]]
            if any(_normalised(each) in names for each in leads):
                yield block, block in part.linked


def _reaches(piece: tuple[str, bool]) -> bool:
    text, linked = piece
    if linked:
        return True
    kept = _NOBODY.sub(" ", text)
    return not hole_in(kept) and bool(_CONTACT.search(kept))


_NOBODY = re.compile(
    r"[\w.+-]{1,64}@(?:[\w-]{1,60}\.){0,3}(?:example|test|invalid|domain|company|yourcompany)(?:\.[a-z]{2,6})?\b"
    r"|\+?[\d ()-]{0,8}\b555[ -]?\d{4}\b|\b(?:123[ -]?456[ -]?7890|0{5,})\b",
    re.IGNORECASE,
)
_CONTACT = re.compile(
    r"[\w.+-]{1,64}@[\w-]{1,60}(?:\.[\w-]{1,60}){1,4}|(?<![\w#])#[a-z][\w-]{1,79}\b"
    r"|\+?\d(?:[ ()./-]{0,2}\d){6,14}(?!\w)"
)


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
