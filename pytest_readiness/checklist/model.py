"""A checklist as an immutable tree: sections and items, with ids that survive re-ordering."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pytest_readiness.core.problems import Problem


class ChecklistError(ValueError):
    """A checklist that cannot be used; `problem` is a sentence with the file and, if known, line."""

    def __init__(self, path: Path, line: int, message: str) -> None:
        self.problem = Problem(path, line, message)
        super().__init__(str(self.problem))


@dataclass(frozen=True, slots=True)
class Item:
    """One box of a checklist: a claim about the environment, or a group of such claims.

    `text` is the claim in one line of plain text, `detail` what else belongs to it. `line` is 1-based,
    `column` the 0-based place in it (not counting a BOM) of the character that says whether the box is
    ticked, or -1 where there is no such single character.
    `level` is 0 for an item that no other encloses. `condition` ("if using S3") and `not_applicable` (a
    reason) are the item's own, or those of the nearest item or heading above it that has one. `fingerprint` is that of
    all that it says: its text and detail, and those of what it is in. `introduced` is what else is said of it: by
    paragraphs above its list that end in a colon, by the head of its table, and by a row above it that has no box.
    """

    id: str
    slug: str
    text: str
    detail: str
    line: int
    column: int
    ticked: bool
    level: int
    children: tuple[Item, ...]
    optional: bool
    condition: str | None
    not_applicable: str | None
    fingerprint: str = ""
    introduced: tuple[str, ...] = ()

    @property
    def is_group(self) -> bool:
        """Whether other items belong to it, so that its state follows from theirs."""
        return bool(self.children)


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with the items directly under it.

    A bold paragraph before a list, or a plain list line with boxes below it, is a heading too, one level
    deeper than the heading it is under. `path` and `ancestors` are the titles and the slugs of the
    headings above it, outermost first. Items before any heading are in a section without title.
    """

    id: str
    title: str
    line: int
    level: int
    path: tuple[str, ...]
    ancestors: tuple[str, ...]
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Checklist:
    """A checklist as read from `path`; `sha256` is that of the file, `sections` are those that hold items.

    `text` is all of it, as it was read, `fenced` whether what is in code fences was read too; `unread` says what looks
    like boxes and was not read as such, in a sentence, "" where nothing does.
    """

    name: str
    title: str
    path: Path
    sha256: str
    sections: tuple[Section, ...]
    text: str = field(default="", repr=False)
    fenced: bool = False
    unread: str = ""

    def items(self) -> Iterator[Item]:
        """Every box, groups too, in document order."""
        every = [item for section in self.sections for top in section.items for item in family(top)]
        # A section goes on after a plain list line that made a section of its own.
        return iter(sorted(every, key=lambda item: item.line))

    def leaves(self) -> Iterator[Item]:
        """Every box that is not a group, in document order."""
        return (item for item in self.items() if not item.is_group)

    def section_of(self, item: Item) -> Section:
        """The section that holds `item`, at whatever depth; KeyError for an item of another checklist."""
        wanted = item.id.rpartition("/")[0]
        for section in self.sections:
            if section.id == wanted:
                return section
        raise KeyError(item.id)


def groups_above(checklist: Checklist) -> dict[str, tuple[Item, ...]]:
    """Return the groups that each item is in, outermost first, by its id."""
    found: dict[str, tuple[Item, ...]] = {}
    # A group stands before what belongs to it.
    for item in checklist.items():
        above = found.setdefault(item.id, ())
        found |= dict.fromkeys((child.id for child in item.children), (*above, item))
    return found


def family(item: Item) -> Iterator[Item]:
    """An item and all that belong to it, in document order."""
    yield item
    for child in item.children:
        yield from family(child)
