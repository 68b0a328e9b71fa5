"""Which checklist a team may begin with: its own document, or the ready-made one that fits what was found."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_readiness.bind.answers import proposed_binding
from pytest_readiness.bind.proposing import propose
from pytest_readiness.checklist.reading import read_checklist
from pytest_readiness.config.suites import PREFIX, suite_names, target_path
from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.core.problems import ProblemsError
from pytest_readiness.core.yamlfile import YamlMap, parse_yaml, read_yaml
from pytest_readiness.discover.documents import LIKELY
from pytest_readiness.discover.found import Survey
from pytest_readiness.plan.binding import bindings_path
from pytest_readiness.protocols.text_file import read_text_file

STARTER = "starter"
_NEEDS = {
    "paas-digitalocean": {"digitalocean"},
    "containers-mongodb": {"mongodb", "containers"},
    "fintech-platform": {"postgres", "payments", "kubernetes", "tasks"},
    "compose-payments": {"postgres", "compose", "payments"},
}
"""What must have been found for a suite to fit, the more particular suite first."""
_ROLES = ("release-manager", "operations", "security", "product-owner")
"""Who usually signs items of a document."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A checklist that may be taken.

    Attributes:
        checklist: as readiness.yaml names it: a path, or "suite:NAME".
        why: what speaks for it, as a clause.
    """

    checklist: str
    why: str

    @property
    def suite(self) -> str:
        """The name of the suite; "" for a document."""
        return self.checklist.removeprefix(PREFIX) if self.checklist.startswith(PREFIX) else ""


def choices(survey: Survey) -> list[Choice]:
    """The checklists that may be taken, the likeliest first."""
    papers = sorted(survey.papers, key=lambda paper: (-paper.likely, paper.path))
    documents = [Choice(paper.path, f"a document with {paper.items} items") for paper in papers]
    likely = sum(paper.likely >= LIKELY for paper in papers)
    return [*documents[:likely], *_suites(survey), *documents[likely:]]


def _suites(survey: Survey) -> Iterator[Choice]:
    found = survey.topics | {each.section for each in survey.found}
    found |= {str(each.fields["engine"]) for each in survey.found if each.section == "databases"}
    if any(each.section == "containers" for each in survey.found):
        found.add("compose")
    names = suite_names()
    fitting = [name for name, needs in _NEEDS.items() if needs <= found and name in names]
    for name in fitting:
        yield Choice(f"{PREFIX}{name}", f"fits what was found: {', '.join(sorted(_NEEDS[name]))}")
    yield Choice(f"{PREFIX}{STARTER}", "a general one, for a web product")
    yield from (Choice(f"{PREFIX}{name}", "") for name in names if name not in (*fitting, STARTER))


def roles(choice: Choice, folder: Path) -> list[str]:
    """The roles that sign items of a checklist, or would by what is proposed for them."""
    if choice.suite:
        return list(read_yaml(target_path(choice.suite), "suite").get("roles") or {})
    path = bindings_path(folder / choice.checklist)
    try:
        bound = parse_yaml(read_text_file(path), path, "bindings") if path.is_file() else {}
    except (ProblemsError, CouldNotVerify):
        # A run tells what is wrong with it.
        bound = {}
    return list(dict.fromkeys(_signing(bound))) or list(dict.fromkeys((*_ROLES, *_proposed(folder / choice.checklist))))


def _proposed(document: Path) -> Iterator[str]:
    """The roles that `readiness bind` will propose: a run refuses those that readiness.yaml does not have."""
    try:
        checklist = read_checklist(document)
    except ProblemsError:
        return
    for each in propose(checklist):
        yield from _signing(proposed_binding(each))


def _signing(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, child in value.items():
            if key in ("signoff", "role", "partial") and isinstance(child, str):
                yield child
            else:
                yield from _signing(child)
    elif isinstance(value, list):
        for child in value:
            yield from _signing(child)


def asks_for(choice: Choice, parameter: str) -> bool:
    """Whether bindings of a suite ask the target for a parameter of that name."""
    if not choice.suite:
        return False
    every = read_yaml(target_path(choice.suite), "suite").get("targets") or {}
    return any(parameter in (target.get("parameters") or {}) for target in _maps(every.values()))


def _maps(values: Iterable[Any]) -> Iterator[YamlMap]:
    yield from (value for value in values if isinstance(value, YamlMap))
