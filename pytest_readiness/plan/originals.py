"""Bindings for the document that a suite was made of, whose items are the suite's in other words.

A suite says of each of its items on which line of that document it stands, and a digest of what that line says ships.
So an item is bound only where the document says the same on the same line, and a section only as a whole, in the same
groups: beside a line that was changed, others may mean something else than before.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pytest_readiness.checklist.ids import digest_of
from pytest_readiness.checklist.model import Checklist, Item, family
from pytest_readiness.config.suites import digests_path
from pytest_readiness.core.yamlfile import read_yaml
from pytest_readiness.plan.binding import bindings_path
from pytest_readiness.plan.bindings import ORIGIN
from pytest_readiness.plan.suites import ShippedSuite

_SOURCE = re.compile(r"(.+):(\d+)")

NOT_IN_SUITE = "Items that the suite does not have; bind them yourself"
NOT_READ = "Items of the suite that this document does not have on their lines"
CHANGED = "Items of sections that do not say the same on the same lines; bind them yourself"


class OriginalError(ValueError):
    """The document is not the one that the suite was made of, as a sentence."""


@dataclass(frozen=True, slots=True)
class TeamBindings:
    """The bindings of a document that follow those of a suite.

    Attributes:
        text: the file.
        items: how many items it binds, groups not counted.
        left_out: why items are not bound, with the line in the document and the item of each.
    """

    text: str
    items: int
    left_out: Mapping[str, tuple[tuple[int, str], ...]]


def said_in(document: Checklist) -> dict[int, str]:
    """Return a digest of what each item of a document says, with the headings and groups above it, by its line."""
    return {
        line: digest_of(*(" ".join(text.split()) for text in (*section.path, section.title, *texts)))
        for section in document.sections
        for top in section.items
        for line, texts in _texts(top, ())
    }


def _texts(item: Item, above: tuple[str, ...]) -> Iterator[tuple[int, tuple[str, ...]]]:
    own = (*above, item.text)
    yield item.line, own
    for child in item.children:
        yield from _texts(child, own)


def said_by(suite: str) -> dict[int, str]:
    """Return the digests of the document that a suite was made of, by line; none where it was made of none."""
    path = digests_path()
    written = read_yaml(path, "digests").get(suite, "") if path.is_file() else ""
    return {int(line): digest for line, _, digest in (each.partition(":") for each in str(written).split())}


def follow(suite: ShippedSuite, document: Checklist, said: Mapping[int, str] | None = None) -> TeamBindings:
    """Return the bindings of a document that the suite was made of.

    Args:
        suite: the suite.
        document: the document.
        said: digests of what the suite was made of, by line; those that ship unless given.

    Raises:
        OriginalError: the suite was not made of a document, or not of this one.
    """
    sources = _sources(suite)
    if not sources:
        raise OriginalError(
            f"The suite '{suite.name}' was not made of a document that a team has; use it as it is: suite:{suite.name}."
        )
    items = {item.line: item for item in document.items()}
    fitting = _fitting(suite, sources, document, said_by(suite.name) if said is None else said)
    if not fitting:
        raise OriginalError(
            f"{document.path} is not the document that the suite '{suite.name}' was made of, or was changed from its "
            "beginning: no section says the same on the same lines."
        )
    left_out: defaultdict[str, list[tuple[int, str]]] = defaultdict(list)
    for line, item in items.items():
        if line not in fitting:
            left_out[CHANGED if line in sources else NOT_IN_SUITE].append((line, item.id))
    for line, item in sorted(sources.items()):
        if line not in items:
            left_out[NOT_READ].append((line, f"{suite.name}:{item.id}"))
    blocks = _blocks(bindings_path(suite.checklist.path))
    parts = [_HEAD.format(document=document.path.name, suite=suite.name, key=ORIGIN)]
    for section in document.sections:
        of_section = [item for item in section.items for item in family(item) if item.line in fitting]
        entries = [_entry(blocks[sources[item.line].id], item, sources[item.line], suite) for item in of_section]
        if entries:
            parts.append("\n".join([f"{section.id}:", *entries]))
    return TeamBindings(
        text="\n\n".join(parts) + "\n",
        items=sum(not items[line].is_group for line in fitting),
        left_out={reason: tuple(left_out[reason]) for reason in (CHANGED, NOT_IN_SUITE, NOT_READ) if left_out[reason]},
    )


_HEAD = """\
# What answers each item of {document}, as in the suite that it was made of.
#
# Written by: readiness suites {suite} --for {document}
# Items were matched by their lines and words: read each beside the item of the suite that its source names.
# Names that no target declares leave items unverified, as 'readiness plan' shows. A target that declares all of them is
# printed by: readiness suites {suite} --target
{key}: {suite}"""


def _sources(suite: ShippedSuite) -> dict[int, Item]:
    """The items of a suite by the line of the document that they were made of."""
    items = {item.id: item for item in suite.checklist.items()}
    found = {}
    for id, binding in suite.bindings.items():
        if match := _SOURCE.fullmatch(binding.source):
            found[int(match[2])] = items[id]
    return found


def _fitting(
    suite: ShippedSuite, sources: Mapping[int, Item], document: Checklist, said: Mapping[int, str]
) -> set[int]:
    """The lines of all items that mean the same in both: those of whole sections, each with the same groups."""
    items = {item.line: item for item in document.items()}
    above = _groups(document, {item.id: line for line, item in items.items()})
    above_twin = _groups(suite.checklist, {item.id: line for line, item in sources.items()})
    own = said_in(document)
    fitting = {
        line
        for line, item in items.items()
        if line in sources
        and said.get(line) == own[line]
        and sources[line].is_group == item.is_group
        and above_twin.get(line) == above.get(line)
    }
    whole = [*_sections(document, {item.id: line for line, item in items.items()})]
    whole += _sections(suite.checklist, {item.id: line for line, item in sources.items()})
    # A section of either that does not fit as a whole takes those of the other with it.
    while broken := fitting & set[int]().union(*(lines for lines in whole if not lines <= fitting)):
        fitting -= broken
    return fitting


def _groups(checklist: Checklist, lines: Mapping[str, int]) -> dict[int, int | None]:
    """The line of the group that each item is in, by its own, where `lines` has the lines of both by their ids."""
    return {
        lines[child.id]: lines.get(group.id)
        for group in checklist.items()
        for child in group.children
        if child.id in lines
    }


def _sections(checklist: Checklist, lines: Mapping[str, int]) -> Iterator[set[int]]:
    """The lines of the items of each section."""
    for section in checklist.sections:
        # An item without a line is on none of the other's.
        yield {lines.get(item.id, -1) for top in section.items for item in family(top)}


def _blocks(path: Path) -> dict[str, str]:
    """What the bindings of a suite say of each item, as it is written, with the comments above it."""
    lines = path.read_text("utf-8").splitlines()
    root = read_yaml(path, "bindings")
    entries = {root[section].lines[slug]: f"{section}/{slug}" for section in root for slug in root[section]}
    begins = {line: _with_comments(lines, line) for line in (*root.lines.values(), *entries)}
    ends = sorted([*begins.values(), len(lines) + 1])
    found = {}
    for line, id in entries.items():
        end = next(each for each in ends if each > line)
        found[id] = "\n".join(lines[begins[line] - 1 : end - 1]).rstrip()
    return found


def _with_comments(lines: list[str], line: int) -> int:
    while line > 1 and lines[line - 2].lstrip().startswith("#"):
        line -= 1
    return line


def _entry(block: str, item: Item, twin: Item, suite: ShippedSuite) -> str:
    """An entry of the suite under the document's own id."""
    block = re.sub(
        rf"^(\s*)(['\"]?){re.escape(twin.slug)}\2:", rf"\g<1>{item.slug}:", block, count=1, flags=re.MULTILINE
    )
    source = suite.bindings[twin.id].source
    return re.sub(
        rf"\bsource:\s*(['\"]?){re.escape(source)}\1", f'source: "suite:{suite.name} {twin.id}"', block, count=1
    )
