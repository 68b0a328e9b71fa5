"""A target, and the configuration that it was chosen from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pytest_readiness.config.model import Policy, Proof
from pytest_readiness.core.evidence import NotDeclared
from pytest_readiness.core.problems import Problem
from pytest_readiness.core.resources import Resource, word


@dataclass(frozen=True)
class Target:
    """A named environment.

    Attributes:
        name: as given to `--readiness-target`.
        description: one line for people.
        resources: everything declared, in the order of readiness.yaml.
        level: how much is asked of it; "" for everything.
        policy: when the verdict is GO.
        release: the release that the run decides about; "" where none is named.
    """

    name: str
    description: str = ""
    resources: tuple[Resource, ...] = ()
    level: str = ""
    policy: Policy = field(default_factory=Policy)
    release: str = ""

    def of(self, kind: str) -> tuple[Resource, ...]:
        """Resources that count as one of that kind."""
        return tuple(resource for resource in self.resources if kind in resource.kinds())

    def named(self, kind: str, name: str) -> Resource:
        """The resource of that kind and name.

        Raises:
            NotDeclared: the target has none.
        """
        found = next((resource for resource in self.of(kind) if resource.name == name), None)
        if found is None:
            raise NotDeclared(f"target {self.name} declares no {word(kind)} named {name}")
        return found


@dataclass(frozen=True)
class Configuration:
    """What readiness.yaml says, with one target chosen.

    Attributes:
        path: the file.
        checklists: documents that run when no path is given.
        tests: the team's own tests that run with them.
        roles: people by role.
        levels: how much can be asked of a target, lowest first.
        signoffs, waivers: files of people's decisions, where declared.
        signoff_proof: what must show that a sign-off is its author's.
        target: the chosen target.
        declared: names and labels by kind that any target of the file declares.
        secrets: every secret text, for the redactor.
        unset: what is not known because a variable is not set, where that was allowed.
    """

    path: Path
    checklists: tuple[Path, ...]
    tests: tuple[Path, ...]
    roles: Mapping[str, tuple[str, ...]]
    levels: tuple[str, ...]
    signoffs: Path | None
    signoff_proof: Proof
    waivers: Path | None
    target: Target
    declared: Mapping[str, frozenset[str]]
    secrets: tuple[str, ...]
    unset: tuple[Problem, ...] = ()
