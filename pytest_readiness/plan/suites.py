"""The suites that ship: what each is for, and how its items are answered."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from pytest_readiness.checklist.model import Checklist, Item, Section
from pytest_readiness.checklist.reading import read_checklist
from pytest_readiness.config.loading import load_configuration
from pytest_readiness.config.suites import suite_path, target_path
from pytest_readiness.core.domains import load_catalogue
from pytest_readiness.plan.binding import Binding, bindings_path
from pytest_readiness.plan.bindings import read_bindings

Way = Literal["checks", "in part", "people", "missing", "not applicable", "unbound"]
"""How an item is answered: by checks alone, by checks and a person, by people alone; or not, as a check is missing, it
does not apply, or nothing is said of it."""
WAYS: tuple[Way, ...] = get_args(Way)


@dataclass(frozen=True)
class ShippedSuite:
    """A suite with what answers its items, whatever a target gives.

    Attributes:
        name: its name, without `suite:`.
        checklist: its document.
        bindings: what answers each item, by id.
    """

    name: str
    checklist: Checklist
    bindings: Mapping[str, Binding]

    @property
    def purpose(self) -> str:
        """What kind of product it fits: the paragraphs below its title."""
        _, _, below = self.checklist.text.partition("\n")
        return re.split(r"^#", below, maxsplit=1, flags=re.MULTILINE)[0].strip()

    def way(self, item: Item) -> Way:
        """How an item, which is no group, is answered."""
        binding = self.bindings.get(item.id)
        if item.not_applicable or (binding and binding.not_applicable):
            return "not applicable"
        if binding is None or binding.proposed:
            return "unbound"
        if binding.missing:
            return "missing"
        if binding.signoff:
            return "in part" if binding.checks else "people"
        return "checks"

    def figures(self) -> dict[str, Counter[Way]]:
        """How many items are answered in which way, by the id of their section."""
        found: dict[str, Counter[Way]] = {section.id: Counter() for section in self.checklist.sections}
        for item in self.checklist.leaves():
            found[self.checklist.section_of(item).id][self.way(item)] += 1
        return found

    def missing(self) -> Counter[str]:
        """In how many items each claim is missing that has no check yet."""
        return Counter(claim for binding in self.bindings.values() for claim in binding.missing)


def read_suite(name: str) -> ShippedSuite:
    """Return a suite that ships.

    Raises:
        ValueError: there is no suite of that name.
        ProblemsError: it cannot be read, as an installed pack has spoilt what it needs.
    """
    path = suite_path(name)
    checklist = read_checklist(path)
    example = load_configuration(target_path(name), "", resolve=False)
    bindings = read_bindings(bindings_path(path), checklist, load_catalogue(), example.roles, {}, example.levels)
    return ShippedSuite(name, checklist, bindings)


def total(figures: Iterable[Counter[Way]]) -> Counter[Way]:
    """The sum of figures."""
    return sum(figures, Counter())


def path_of(section: Section) -> str:
    """The titles of the headings above a section and its own; the title of the document is not among them."""
    return " / ".join([*section.path[1:], section.title]) if section.path else section.title
