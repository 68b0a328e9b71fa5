"""What commands read before they answer: readiness.yaml, with nothing connected to, and the items of its checklists."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pytest_readiness.cli.problems import CommandError
from pytest_readiness.core.problems import nearest

if TYPE_CHECKING:
    from pytest_readiness.checklist.model import Item, Section
    from pytest_readiness.config.target import Configuration
    from pytest_readiness.people.rules import SignoffRule
    from pytest_readiness.plan.binding import Binding
    from pytest_readiness.plan.plan import Plan, PlannedChecklist

ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE", help="Configuration file (default: readiness.yaml here or above)."),
]


def configuration(path: Path | None, target: str = "") -> Configuration:
    """Return readiness.yaml with `target` chosen, or none; secrets are not resolved.

    Raises:
        CommandError: there is no such file.
        ProblemsError: every mistake in it.
    """
    from pytest_readiness.config.loading import find_configuration, load_configuration

    found = path or find_configuration(Path.cwd())
    if found is None:
        raise CommandError(
            f"There is no readiness.yaml in {Path.cwd()} or above it; write one (see the quickstart) "
            "or name one with --config FILE."
        )
    return load_configuration(found, target, resolve=False)


def plan(configuration: Configuration, documents: tuple[Path, ...] = (), allow: Iterable[str] = ()) -> Plan:
    """Return the plan for these documents, or for those that readiness.yaml names.

    Raises:
        CommandError: there are no documents.
        ProblemsError: every mistake in them and what belongs to them.
    """
    from pytest_readiness.core.registry import CLASSES
    from pytest_readiness.plan.plan import make_plan

    documents = documents or configuration.checklists
    if not documents:
        raise CommandError(f"{configuration.path} names no checklists, under 'checklists'.")
    allowed = frozenset((CLASSES[0], *configuration.target.policy.allow, *allow))
    return make_plan(configuration, documents, allowed, fenced=False)


@dataclass(frozen=True, slots=True)
class Place:
    """An item and where it stands."""

    planned: PlannedChecklist
    section: Section
    item: Item

    @property
    def full_id(self) -> str:
        """Its id over all checklists."""
        return f"{self.planned.checklist.name}:{self.item.id}"

    @property
    def binding(self) -> Binding | None:
        """What answers it, where something does."""
        return self.planned.bindings.get(self.item.id)

    @property
    def rule(self) -> SignoffRule | None:
        """Who must sign it, where somebody must."""
        from pytest_readiness.plan.plan import with_cadence

        rule = self.binding.signoff if self.binding else None
        return with_cadence(rule, self.item, self.section) if rule else None


def places(plan: Plan) -> dict[str, list[Place]]:
    """Return every item by each way to write its id: "section/item" and "checklist:section/item"."""
    found: dict[str, list[Place]] = {}
    for planned in plan.checklists.values():
        for item in planned.checklist.items():
            place = Place(planned, planned.checklist.section_of(item), item)
            found.setdefault(item.id, []).append(place)
            found[place.full_id] = [place]
    return found


def place(plan: Plan, name: str, others: Iterable[str] = ()) -> Place:
    """Return the item called `name`.

    Args:
        plan: the plan with its checklists.
        name: "section/item" or "checklist:section/item".
        others: further names that might have been meant.

    Raises:
        CommandError: there is none, or there are several.
    """
    known = places(plan)
    found = known.get(name, [])
    if len(found) == 1:
        return found[0]
    if found:
        ids = " or ".join(each.full_id for each in found)
        raise CommandError(f"'{name}' is an item of several checklists; write {ids}.")
    short = known if ":" in name else [id for id in known if ":" not in id]
    raise CommandError(f"No checklist has an item '{name}'.{nearest(name, [*short, *others])}")
