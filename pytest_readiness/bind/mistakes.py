"""What a run would refuse of a file of bindings, beside what is not in step with the document."""

from __future__ import annotations

from pytest_readiness.bind.file import BindingsFile
from pytest_readiness.bind.updating import is_of_group, roles_in
from pytest_readiness.checklist.former import Names
from pytest_readiness.config.target import Configuration, Target
from pytest_readiness.core.domains import catalogue
from pytest_readiness.core.problems import Problem, ProblemsError
from pytest_readiness.core.yamlfile import YamlMap, read_yaml
from pytest_readiness.plan.bindings import bindings_in

SOMEONE = ("someone",)
"""Stands for the people of a role that readiness.yaml does not have so far."""


def mistakes(file: BindingsFile, configuration: Configuration | None, target: Target | None) -> tuple[Problem, ...]:
    """Return what is wrong with what a file says, as it is on the disk, of items that the document has.

    Args:
        file: the file.
        configuration: readiness.yaml, where there is one; without it, any role may be named.
        target: gives what bindings ask of it; without one, nothing is given.
    """
    if not file.path.exists():
        return ()
    checklist = file.checklist
    try:
        bindings_in(
            _in_step(read_yaml(file.path, "bindings"), file.names),
            file.path,
            checklist,
            catalogue(),
            configuration.roles if configuration else dict.fromkeys(roles_in(file), SOMEONE),
            configuration.declared if configuration else {},
            configuration.levels if configuration else (),
            target,
            configuration.parameters if configuration else (),
        )
    except ProblemsError as error:
        return tuple(error.problems)
    return ()


def refused(file: BindingsFile, problems: tuple[Problem, ...]) -> frozenset[str]:
    """Return the ids of the entries that are mistaken, of a file that was not changed since it was read."""
    entries = sorted(file.entries().values(), key=lambda entry: entry.line)
    found = set()
    for problem in problems:
        before = [entry for entry in entries if entry.line <= problem.line and problem.path == file.path]
        found |= {entry.id for entry in before[-1:]}
    return frozenset(found)


def _in_step(root: YamlMap, names: Names) -> YamlMap:
    """The bindings without entries that are for no item, or for none that is known."""
    kept = YamlMap(root.path, root.line)
    for section, held in root.items():
        kept.adopt(section, root)
        if section.startswith(".") or not isinstance(held, YamlMap):
            continue
        kept[section] = entries = YamlMap(held.path, held.line)
        for slug in held:
            found = names.items(f"{section}/{slug}")
            if slug.startswith(".") or (len(found) == 1 and (not found[0].is_group or is_of_group(held[slug]))):
                entries.adopt(slug, held)
        if len(entries) < len(held) and all(slug.startswith(".") for slug in entries):
            del kept[section]
    return kept
