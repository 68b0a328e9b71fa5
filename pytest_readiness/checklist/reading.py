"""A Markdown file to its checklist."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from pytest_readiness.checklist.ids import fingerprint_of, unique_ids
from pytest_readiness.checklist.markdown import Node, fences_with_boxes, lines_of, parse, source_of, unix
from pytest_readiness.checklist.model import Checklist, ChecklistError, Item, Section
from pytest_readiness.checklist.outline import NUMBERING, Heading, ItemDraft, Outline
from pytest_readiness.checklist.unread import unread_boxes
from pytest_readiness.core.yamlfile import UNRESOLVED, unresolved


def read_checklist(path: Path, *, fenced: bool = False) -> Checklist:
    """Read the checklist in the file at `path`; with `fenced`, also one inside a code fence.

    Raises ChecklistError for a file that is missing, not a file, not UTF-8, empty or without any item.
    """
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise ChecklistError(path, 0, "there is no such file.") from None
    except IsADirectoryError:
        raise ChecklistError(path, 0, "this is a directory, not a checklist in Markdown.") from None
    except OSError as error:
        raise ChecklistError(path, 0, f"the file cannot be read: {error.strerror}.") from None
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = unix(raw[: error.start].decode("utf-8")).count("\n") + 1
        raise ChecklistError(path, line, "the text is not UTF-8; save the file as UTF-8.") from None
    return parse_checklist(text, path, fenced=fenced)


def parse_checklist(text: str, path: Path, *, fenced: bool = False) -> Checklist:
    """Read the checklist in `text`, from the file at `path`; the file itself is not opened.

    Raises ChecklistError for a text that is empty or holds no item.
    """
    sha256 = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    source = source_of(text, fenced=fenced)
    if not source.strip():
        raise ChecklistError(path, 0, "the file is empty.")
    if line := unresolved(text):
        raise ChecklistError(path, line, f"the text {UNRESOLVED}")
    root = parse(source)
    outline = Outline(root)
    headings = sorted((heading for heading in outline.headings if heading.items), key=lambda heading: heading.start)
    if not headings:
        raise ChecklistError(path, *_nothing_found(root))
    # The title of a document, which may name a release, is no part of what an item says; one of several is.
    titles = [heading for heading in outline.headings if heading.level == 1]
    return Checklist(
        name=path.stem,
        title=outline.title or path.stem,
        path=path,
        sha256=sha256,
        sections=_freeze(headings, titles[0] if len(titles) == 1 else None),
        text=text,
        fenced=fenced,
        unread=unread_boxes(root, source, {item.line for heading in headings for item in heading.family()}),
    )


def _nothing_found(root: Node) -> tuple[int, str]:
    """The line to look at, or 0, and what is wrong with a document without items."""
    for fence in fences_with_boxes(root):
        return (
            lines_of(fence)[0] + 1,
            "no item was found: the boxes are inside a code fence, from which they are read with the option `fenced`.",
        )
    return (
        0,
        "no item was found: neither a list item that begins with [ ] or [x], "
        "nor a table row with a box, nor a list of ✅ and ❌ lines.",
    )


def _freeze(headings: Sequence[Heading], title: Heading | None) -> tuple[Section, ...]:
    ids = unique_ids([(heading.ancestors, heading.name) for heading in headings])
    return tuple(
        Section(
            id=section_id,
            title=heading.title,
            line=heading.start,
            level=heading.level,
            path=tuple(above.title for above in heading.above),
            ancestors=tuple(name.slug for name in heading.ancestors),
            items=_freeze_items(heading, section_id, title),
        )
        for heading, section_id in zip(headings, ids, strict=True)
    )


def _freeze_items(heading: Heading, section_id: str, title: Heading | None) -> tuple[Item, ...]:
    every = list(heading.family())
    slugs = iter(unique_ids([(draft.groups, draft.name) for draft in every]))
    above = [each for each in heading.above if each is not title]
    headings = [NUMBERING.sub("", each.title) for each in (*above, heading)]
    marked = [more for each in (*above, heading) for more in each.beside]

    def freeze(draft: ItemDraft, outer: tuple[str, ...]) -> Item:
        slug = next(slugs)
        detail = "\n".join(draft.detail).strip("\n")
        beside = (*draft.introduced, *draft.beside)
        said = (*headings, *(name.text for name in draft.groups), draft.text, detail)
        return Item(
            id=f"{section_id}/{slug}",
            slug=slug,
            text=draft.text,
            detail=detail,
            line=draft.line,
            column=draft.box.column,
            ticked=draft.box.ticked,
            level=draft.level,
            children=tuple(freeze(child, (*outer, draft.text, *draft.detail, *beside)) for child in draft.children),
            optional=draft.remarks.optional,
            condition=draft.remarks.condition,
            not_applicable=draft.remarks.not_applicable,
            fingerprint=fingerprint_of((*said, *outer, *beside)),
            introduced=draft.introduced,
        )

    return tuple(freeze(draft, tuple(marked)) for draft in heading.items)
