"""What commands read before they answer: readiness.yaml, without connecting to anything, and its checklists' items."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pytest_readiness.cli.problems import CommandError
from pytest_readiness.core.problems import ProblemsError, nearest

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
    """Return readiness.yaml with `target` chosen, or none; secrets are not resolved, its extensions are imported.

    Raises:
        CommandError: there is no such file.
        ProblemsError: every mistake in it.
        RegistrationError: a pack that is installed cannot be used.
    """
    from pytest_readiness.config.loading import find_configuration, load_configuration

    found = path or find_configuration(Path.cwd())
    if found is None:
        raise CommandError(
            f"There is no readiness.yaml in {Path.cwd()} or above it; write one with 'readiness init', "
            "or name one with --config FILE."
        )
    return load_configuration(found, target, resolve=False)


def load_extensions(path: Path | None) -> Path | None:
    """Import the extensions of this project, and return its readiness.yaml; None where there is none.

    Args:
        path: readiness.yaml, where it is named.

    Raises:
        ProblemsError: that file is not there or cannot be read, or an extension cannot be used.
        RegistrationError: a pack that is installed cannot be used.
    """
    from pytest_readiness.config.extensions import load_extensions_of
    from pytest_readiness.config.loading import find_configuration

    found = path or find_configuration(Path.cwd())
    if found is not None:
        load_extensions_of(found)
    return found


def unknown_to_commands(id: str, sentence: str, *places: Path) -> str:
    """Return why commands may not know a check that pytest knows, as a sentence after a blank; "" where they all would.

    Args:
        id: the check's id.
        sentence: what is said about it so far; a similar name is the likelier reason.
        places: files of the project: a conftest.py may be beside them.
    """
    from pytest_readiness.config.extensions import may_declare

    conftest = may_declare(id, sentence, _conftests(places))
    if conftest is None:
        return ""
    return (
        " It is not among those that ship, are installed or are named under 'extensions' in readiness.yaml; "
        f"{conftest} is read by pytest only, so if the check is declared there, list its module under 'extensions'."
    )


def _conftests(places: Iterable[Path]) -> Iterator[Path]:
    """Each conftest.py beside these files, here, and above them up to where the project begins."""
    folders: dict[Path, None] = {}
    for start in (*(place.absolute().parent for place in places), Path.cwd()):
        for folder in (start, *start.parents):
            folders[folder] = None
            if any((folder / name).exists() for name in (".git", "pyproject.toml", "pytest.ini", "tox.ini")):
                break
    return (folder / "conftest.py" for folder in folders if (folder / "conftest.py").is_file())


def plan(configuration: Configuration, documents: tuple[Path, ...] = (), allow: Iterable[str] = ()) -> Plan:
    """Return the plan for these documents, or for those that readiness.yaml names.

    Raises:
        CommandError: there are no documents.
        ProblemsError: every mistake in them and what belongs to them.
    """
    from pytest_readiness.core.registry import CLASSES
    from pytest_readiness.plan.bindings import UnknownCheck
    from pytest_readiness.plan.plan import make_plan

    documents = documents or configuration.checklists
    if not documents:
        raise CommandError(f"{configuration.path} names no checklists under 'checklists'.")
    allowed = frozenset((CLASSES[0], *configuration.target.policy.allow, *allow))
    try:
        return make_plan(configuration, documents, allowed, fenced=False)
    except ProblemsError as error:
        raise ProblemsError(
            replace(
                each, message=each.message + unknown_to_commands(each.id, each.message, configuration.path, each.path)
            )
            if isinstance(each, UnknownCheck)
            else each
            for each in error.problems
        ) from None


@dataclass(frozen=True, slots=True)
class PlannedItem:
    """An item of the plan and where it is."""

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
        """Who must sign it, where someone must."""
        from pytest_readiness.plan.plan import with_cadence

        rule = self.binding.signoff if self.binding else None
        return with_cadence(rule, self.item, self.section) if rule else None


def items_by_id(plan: Plan) -> dict[str, list[PlannedItem]]:
    """Return every item by each way to write its id: "section/item" and "checklist:section/item"."""
    found: dict[str, list[PlannedItem]] = {}
    for planned in plan.checklists.values():
        for item in planned.checklist.items():
            one = PlannedItem(planned, planned.checklist.section_of(item), item)
            found.setdefault(item.id, []).append(one)
            found[one.full_id] = [one]
    return found


def find_item(plan: Plan, name: str, others: Iterable[str] = ()) -> PlannedItem:
    """Return the item called `name`.

    Args:
        plan: the plan with its checklists.
        name: "section/item" or "checklist:section/item".
        others: further names that might have been meant.

    Raises:
        CommandError: there is none, or there are several.
    """
    known = items_by_id(plan)
    found = known.get(name, [])
    if not found:
        found = [known[full][0] for full in plan.former(name)]
        if len(found) > 1:
            ids = " or ".join(each.full_id for each in found)
            raise CommandError(f"'{name}' no longer says which item is meant; write {ids}.")
    if len(found) == 1:
        return found[0]
    if found:
        ids = " or ".join(each.full_id for each in found)
        raise CommandError(f"'{name}' is an item of several checklists; write {ids}.")
    short = known if ":" in name else [id for id in known if ":" not in id]
    raise CommandError(f"No checklist has an item '{name}'.{nearest(name, [*short, *others])}")
