"""Claims about documents: that they are there, and that they say something about what they must."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import takewhile
from typing import Annotated

from pydantic import AfterValidator, Field

from pytest_readiness.core.evidence import CouldNotVerify, Evidence, NotDeclared, claim
from pytest_readiness.core.registry import check
from pytest_readiness.core.resources import Named
from pytest_readiness.core.text import counted, cut
from pytest_readiness.domains.docs.facts.described import VariableNames
from pytest_readiness.domains.docs.facts.text import DocumentText
from pytest_readiness.domains.docs.reading import CELL, DocumentSection
from pytest_readiness.domains.docs.written import count_words, hole_in, is_number, says_something, shows_ticks

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
    seen = f"{counted(words, 'word')} under {counted(len(headings), 'heading')}"
    includes = [each for section in document_text.sections for each in section.includes]
    if words < min_words and includes:
        raise CouldNotVerify(f"{seen} were seen in {document_text.path}, which {_elsewhere(includes)}")
    claim(words >= min_words, expected=f"{counted(min_words, 'word')} or more", seen=seen)
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
    document_text: DocumentText,
    *,
    allow: list[Annotated[str, Field(min_length=1)]] = [],  # noqa: B006 (pydantic copies it)
) -> Evidence:
    """The document has no place left that is still to be filled in.

    Looked for in headings, paragraphs, lists and each cell of tables: TODO, TBD, "will follow", "to be defined", in
    other languages, too; "[Contact Info]", "{{name}}", "+1 (XXX) XXX-XXXX", "First Last", "YYYY-MM-DD", lines of
    underscores; a section without any text, a row of which only the first cell is filled in (but in tables with ticks);
    TODO, FIXME and TBD in comments, links to "TODO" and `<insert link>`. What is marked as code, empty boxes of tasks,
    "none" or "n/a", and an "Unreleased" without entries are right. Pictures are not looked at.

    Args:
        allow: texts that are right as they are, such as "[Name]" in a template for others; compared exactly.
    """
    _there(document_text)
    if not _words(document_text.sections):
        raise CouldNotVerify(f"{document_text.path} has no text")
    holes: list[str] = []
    coming = 0
    for index, part in enumerate(document_text.sections):
        ticked = shows_ticks(block for block in part.blocks if CELL in block)
        where = f"under '{cut(part.title, 60)}'" if part.title else "before the first heading"
        for block, code in zip((part.title, *part.blocks), part.code, strict=True):
            texts = [cell for cell in block.split(CELL) if cell.strip()]
            only = CELL in block and len(texts) == 1 and not is_number(texts[0]) and not ticked
            hole = hole_in(block, code) or (f"{texts[0]} with empty cells" if only else "")
            if hole and hole not in allow:
                holes.append(f"'{cut(hole, 60)}' {where} (line {part.line})")
        if part.level <= coming or not coming:
            coming = part.level if _normalised(part.title) == "unreleased" else 0
        family = _family(document_text.sections, index)
        if part.level and not coming and not any(each.blocks or each.includes for each in family):
            holes.append(f"nothing {where} (line {part.line})")
    for line, comment in document_text.comments:
        if found := _OPEN.search(comment):
            holes.append(f"'{cut(found[0], 60)}' in what no reader sees (line {line})")
    more = f" and {len(holes) - _SHOWN} more" if len(holes) > _SHOWN else ""
    claim(not holes, expected="nothing left to be filled in", seen=", ".join(holes[:_SHOWN]) + more)
    includes = [each for section in document_text.sections for each in section.includes]
    if includes:
        raise CouldNotVerify(f"{document_text.path} {_elsewhere(includes)}")
    blocks = sum(len(part.blocks) for part in document_text.sections)
    return Evidence(f"no place left to be filled in, in {counted(blocks, 'block')}")


_OPEN = re.compile(r"\b(?:TODO|FIXME|TBD|XXX)\b|\A(?!<!--)[<(].*", re.DOTALL)
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
    allow_missing: list[str] = [],  # noqa: B006 (pydantic copies it)
) -> Evidence:
    """The document has an entry with some text for each of the names.

    An entry is a heading that is the name ("Table orders", "orders, items"), with text below it; a row of a table with
    another cell that says something, or an entry of a list, paragraph or definition that begins with the name
    ("NAME (required): …", "`NAME` is …") and goes on. A type, "yes" or "required" says nothing. That a name is
    mentioned elsewhere, in code, a diagram (Mermaid) or a longer word, does not count; `AWS_*` describes every name that begins
    so, and blanks, "-" and "_" are alike. Whether what is written is right is not looked at.

    `names` or `variables_of` must be given.

    Args:
        names: what must be described: tables, alerts, services, settings.
        variables_of: an env file of the target, each of whose variables must be described.
        allow_missing: names that need no entry, such as those that the platform sets.
    """  # noqa: E501
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
    claim(not lacking, expected=f"an entry for each of {counted(len(wanted), 'name')}", seen=f"none for {shown}{more}")
    return Evidence(f"an entry for each of {counted(len(wanted), 'name')}")


def _entries(parts: Sequence[DocumentSection]) -> frozenset[str]:
    """What a document has entries for, as it names them, folded."""
    found: set[str] = set()
    for index, part in enumerate(parts):
        if part.level and _words(_family(parts, index)):
            found |= _names_in(part.title)
        for place, block in enumerate(part.blocks):
            if CELL in block:
                cells = block.split(CELL)
                for at, cell in enumerate(cells):
                    names, others = {cell}, cells[:at] + cells[at + 1 :]
                    if at + 1 < len(cells) and _METHOD.fullmatch(cell):
                        names, others = {f"{cell} {cells[at + 1]}"}, others[:at] + others[at + 1 :]
                    if any(map(_describes, others)):
                        found |= {each for name in names for each in _names_in(name)}
            elif not block.endswith("\n") and (lead := _lead(part, place)):
                rest = block[len(lead) :]
                if _describes(rest) or (not _WORD.search(rest) and any(map(_describes, _below(part, place)))):
                    found |= _names_in(lead)
    return frozenset(map(_fold, found))


_METHOD = re.compile(r"(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS)")
_LEAD_END = re.compile(r" ?[:：–—―=]| - |\s?[(（]")
"""What ends the name at the beginning of an entry: "NAME: …", "NAME (required) – …"."""
_IS = re.compile(
    r" (?:is|are|sets?|gives?|holds?|contains?|names?|says?|defines?|controls?|specifies|determines?|tells?|enables?"
    r"|turns?|ist|est|es|è)\b"
)
_ABOUT = re.compile(
    r"\W*(?:(?:yes|no|true|false|required|optional|mandatory|str|string|int|integer|float|number|bool|boolean|secret|default"
    r"|none|ja|nein|oui|non|pflicht|必須|任意|x)\W*)*",
    re.IGNORECASE,
)
"""What is said of a value without saying what it is for."""
_KINDS = (
    r"(?:env(?:ironment)? )?(?:variable|table|tabelle|view|alert|alarm|service|dienst|endpoint|metric|job|topic|queue|event|setting"  # noqa: E501
    r"|option|parameter|schema|collection|entity|model|field|column|code|error|error code)"
)
_BETWEEN = re.compile(
    r"(?<!\s)\s*+[,;/|&、]\s++|(?<!\s)\s++(?:[/|&]|and|or|und|oder|et|ou|y|e|o)\s++|(?<=[\w`])/(?=[\w`])|[、，]"
)
"""What is between two names of the same entry."""
_VARIABLE_ENTRY = re.compile(r"\$?\{?([A-Za-z][\w.*-]*_[\w.*-]*)\}?(?:=\S*)?")


def _lead(part: DocumentSection, place: int) -> str:
    """How an entry begins: the name or names in it, up to what ends them; "" where a sentence begins."""
    block = part.blocks[place]
    bold = next((each.strip() for each in part.bold[place + 1] if block.startswith(each.strip())), "")
    if bold and not _LEAD_END.search(bold):
        return bold
    code = next((each for each in part.code[place + 1] if block.startswith(each.strip())), "").strip()
    if code and _IS.match(block, len(code)):
        return code
    if found := _LEAD_END.search(block, len(code)):  # noqa: SIM108
        lead = block[: found.start()]
    else:
        lead = block
    return lead if len(lead) <= _LONGEST_LEAD and len(lead.split()) <= _MOST_LEADING_WORDS else ""


_LONGEST_LEAD = 120
_MOST_LEADING_WORDS = 8


def _below(part: DocumentSection, place: int) -> list[str]:
    """The blocks of the entry of a list that a block begins; of a paragraph, the next one."""
    depth, following = part.depths[place], range(place + 1, len(part.blocks))
    if depth:
        end = next((at for at in following if part.depths[at] <= depth), len(part.blocks))
        return list(part.blocks[place + 1 : end])
    beside = part.blocks[place + 1 : place + 2]
    return [
        each for each in beside if not part.depths[place + 1] and CELL not in each and not _LEAD_END.search(each[:60])
    ]


def _describes(text: str) -> bool:
    """Whether a text says more of what it is about than its type and whether it is required."""
    return bool(_WORD.search(text)) and not is_number(text) and not _ABOUT.fullmatch(text) and says_something(text)


def _names_in(text: str) -> set[str]:
    """The names that a heading, cell or beginning of an entry is: itself, and each of several."""
    text = _NUMBERING.sub("", re.sub(r"[(（][^()（）]*[)）]?\s*\Z", "", text))
    text = re.sub(r"\A[^\w$/*{<~]+", "", text).rstrip("`*:： ") if not text.endswith("*") else text.strip(" `:")
    bare = re.sub(rf"\A{_KINDS}:? +(?=\S)|(?<=\S) +{_KINDS}\Z", "", text, flags=re.IGNORECASE)
    words = text.split()
    names = {text, bare, *_BETWEEN.split(bare), *_BETWEEN.split(text)} | (
        {*words} if words and all(map(_VARIABLE_ENTRY.fullmatch, words)) else set()
    )
    names |= {found[1] for name in names if (found := _VARIABLE_ENTRY.fullmatch(name))}
    return names | {name.partition(".")[2] for name in names if name.startswith(("public.", "dbo."))}


def _fold(name: str) -> str:
    return re.sub(r"[\s_-]+", "-", unicodedata.normalize("NFKC", name).strip(" `:")).casefold()


def _has_entry(name: str, described: Iterable[str]) -> bool:
    name = _fold(name)
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

    That is a mail address, a telephone number of seven digits or more, a channel (`#incidents`), or a link to a rota, a
    pager or a chat: in the row with the role in a cell, the paragraph or entry of a list that begins with it, or under
    its heading; where roles are columns, written out below the role. Addresses and numbers of nobody (example.com,
    "+1 (XXX) XXX-XXXX", 555-0100, 123-456-7890), dates and
    numbers of tickets do not count. Whether anybody answers is not looked at.

    Args:
        roles: who must be reachable, such as "Incident commander|On-call"; "|" is between names for the same role.
    """
    _there(document_text)
    lacking = []
    every = {_normalised(alternative) for role in roles for alternative in role.split("|")}
    for role in roles:
        names = {_normalised(alternative) for alternative in role.split("|")}
        pieces = list(_pieces(document_text.sections, names, every - names))
        if not pieces:
            lacking.append(f"no {_shown(role)}")
        elif not any(_reaches(text, addresses) for text, addresses in pieces):
            lacking.append(f"no way to reach {_shown(role)}")
    includes = [each for section in document_text.sections for each in section.includes]
    if lacking and includes:
        raise CouldNotVerify(f"{lacking[0]} in {document_text.path}, which {_elsewhere(includes)}")
    claim(not lacking, expected=f"a contact of {', '.join(map(_shown, roles))}", seen="; ".join(lacking))
    return Evidence(f"a contact of {', '.join(map(_shown, roles))}")


def _pieces(
    parts: Sequence[DocumentSection], names: Collection[str], others: Collection[str]
) -> Iterator[tuple[str, Sequence[str]]]:
    """What a document says of a role, a piece each, and where the links in it lead."""
    for index, part in enumerate(parts):
        if part.level and _is_role(part.title, names):
            for each in _family(parts, index):
                if not _is_role(each.title, others):
                    yield from zip(each.blocks, each.addresses, strict=True)
        for place, block in enumerate(part.blocks):
            leads = block.split(CELL) if CELL in block else [_lead(part, place)]
            if not any(_is_role(each, names) for each in leads):
                continue
            yield block, part.addresses[place]
            if not _WORD.search(block[len(leads[0]) :]) and part.depths[place]:
                below = _below(part, place)
                yield from zip(below, part.addresses[place + 1 :], strict=False)
        # Roles that are columns: of each row, the cell below counts, but no links, which may be those of other cells.
        for start, heads in part.heads:
            rows = takewhile(lambda block: CELL in block, part.blocks[start:])
            for cells in (row.split(CELL) for row in rows):
                if len(cells) == len(heads):
                    yield from ((cell, ()) for head, cell in zip(heads, cells, strict=True) if _is_role(head, names))


def _is_role(text: str, names: Collection[str]) -> bool:
    """Whether a heading, cell or beginning of an entry is a role or several, one of which is of the names."""
    for each in _names_in(text):
        name = _normalised(re.sub(r"\A(?:primary|main|first|lead)\s+", "", each, flags=re.IGNORECASE))
        if any(each in names for each in (_normalised(each), name, name.removesuffix("s"))):
            return True
    return False


def _reaches(text: str, addresses: Sequence[str]) -> bool:
    """Whether a piece of text names a way to reach somebody."""
    if hole_in(_NOBODY.sub(" ", text)):
        return False
    addresses = [*addresses, *_ADDRESS.findall(text)]
    if any(_TO_SOMEBODY.search(each) and not _OF_NOBODY.search(each) for each in addresses):
        return True
    # A rota is one by the words of its link, too, wherever it is kept.
    if any(_ROTA.search(text) and not _OF_NOBODY.search(each) and not _ADDRESS.match(text) for each in addresses):
        return True
    return bool(_CONTACT.search(_NO_NUMBER.sub(" ", _NOBODY.sub(" ", _ADDRESS.sub(" ", text)))))


_ADDRESS = re.compile(r"\bhttps?://[^\s<>()]+", re.IGNORECASE)
_ROTA = re.compile(
    r"\b(?:rota|roster|schedule|on-?call|pager|pagerduty|opsgenie|dienstplan|bereitschaft)", re.IGNORECASE
)
_TO_SOMEBODY = re.compile(
    rf"\A(?:mailto|tel|sip|sms|slack|msteams):.|{_ROTA.pattern}"
    r"|\b(?:victorops|splunkoncall|squadcast|zenduty|rootly|firehydrant|incident\.io|slack\.com|teams\.microsoft|chat\.google"
    r"|mattermost|zulip|t\.me|wa\.me|discord)",
    re.IGNORECASE,
)
"""Where a link to somebody leads: a mailbox, a telephone, a chat, a rota or a pager."""
_OF_NOBODY = re.compile(
    r"[/.@](?:example|your[\w-]*|company|domain)\.[a-z]|\.(?:example|test|invalid)\b|[/@]localhost\b|TODO|TBD|[\[{<]",
    re.IGNORECASE,
)
_NOBODY = re.compile(
    r"(?:\b(?:no-?reply|git|donotreply)@\S+)"
    r"|[\w.+-]{1,64}@(?:[\w-]{1,60}\.){0,3}(?:example|test|invalid|domain|company|yourcompany)(?:\.[a-z]{2,6})?\b"
    r"|\+?[\d ()-]{0,8}\b555[ -]?(?:\d{3}[ -]?)?\d{4}\b"
    r"|\b(?:123[ -]?456[ -]?7890|0{5,}|000[ -]?000[ -]?0000|1?[ -]?234[ -]?567[ -]?89\d\d)\b",
    re.IGNORECASE,
)
_NO_NUMBER = re.compile(
    # Dates, addresses of machines, versions, colours and numbers of tickets.
    r"\b\d{4}[-/.]\d\d?[-/.]\d\d?(?:[T ]\d\d?:\d\d(?::\d\d)?)?\b|\b\d\d?[-/.]\d\d?[-/.]\d{4}\b|\b\d\d?:\d\d\b"
    r"|\bv?\d+(?:\.\d+){3}\b|\b(?:v|version )\d+(?:\.\d+)+\b|#\w*\d\w*(?![\w-])|#(?:[0-9a-fA-F]{3}){1,2}\b|\b[A-Za-z]{2,10}-\d+\b"  # noqa: E501
    r"|\b(?:account|ticket|id|no|nr|number of|commit|build|order|case|change|issue|version|port|konto|room)\b\W{0,3}\d[\d -]*",  # noqa: E501
    re.IGNORECASE,
)
_CONTACT = re.compile(
    r"[\w.+-]{1,64}@[\w-]{1,60}(?:\.[\w-]{1,60}){0,3}\.[^\W\d_]{2,24}\b|(?<![\w#])#[^\W\d_][\w-]{1,79}\b"
    r"|(?<![\d.,])\+?\(?\d(?:[ ()./-]{0,2}\d){6,14}(?!\w)"
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
        linked, italic = frozenset(part.linked), frozenset(part.italic)
        said = sum(
            count_words(block)
            for block in part.blocks
            if _is_said(block, part.title, italic=block in italic, linked=block in linked)
        )
        # Numbers of rows and steps are words beside what they number, and nothing without it.
        words += said + (sum(map(is_number, part.blocks)) if said else 0)
    return words


def _is_said(block: str, title: str, *, italic: bool, linked: bool) -> bool:
    # A heading said again says nothing, but as code (which ends with its last line) or where it leads to another place.
    if not linked and not block.endswith("\n") and title and _normalised(block) == _normalised(title):
        return False
    return says_something(block, italic=italic, linked=linked)


def _shown(section: str) -> str:
    return " or ".join(f"'{alternative.strip()}'" for alternative in section.split("|"))
