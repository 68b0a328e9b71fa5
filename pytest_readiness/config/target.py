"""A target, and the configuration that it was chosen from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from pytest_readiness.config.model import WAIVER_DAYS, Policy, Proof
from pytest_readiness.core.evidence import CouldNotVerify, NotDeclared
from pytest_readiness.core.problems import Problem
from pytest_readiness.core.resources import Resource, where_of, word
from pytest_readiness.core.text import what_broke
from pytest_readiness.core.yamlfile import YamlMap


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
        unknown: what is left out of its resources ("database 'main'"), as the variable that tells its kind is not set.
        parameters: what bindings ask of it by `from_target`, by name, with their lines.
        without: names of parameters of which it says that it has nothing of that kind.
    """

    name: str
    description: str = ""
    resources: tuple[Resource, ...] = ()
    level: str = ""
    policy: Policy = field(default_factory=Policy)
    release: str = ""
    unknown: tuple[str, ...] = ()
    parameters: Mapping[str, YamlMap] = field(default_factory=dict)
    without: frozenset[str] = frozenset()

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

    def referred(self, resource: Resource, by: str) -> Resource:
        """The resource that a field of another names; for no field, that other itself.

        Raises:
            NotDeclared: the field is empty, or the target has no such resource.
        """
        if not by:
            return resource
        kind, name = resource.references()[by].kind, getattr(resource, by)
        if not name:
            raise NotDeclared(f"the {word(resource.kind)} {resource.name} names no {word(kind)} as its '{by}'")
        return self.named(kind, name)

    def through(self, resource: Resource) -> Resource:
        """The resource through which another is reached, so that its place counts; where there is none, that other."""
        for name in (name for name, reference in resource.references().items() if reference.through):
            with suppress(NotDeclared):
                return self.referred(resource, name)
        return resource

    def group(self, resource: Resource) -> str:
        """Key of the resource at the end of what it refers to: what is of one group is best read by one process."""
        chain = {resource.key: resource}
        while named := next(self._named_by(resource), None):
            if named.key in chain:
                break
            chain[named.key] = resource = named
        return resource.key

    def _named_by(self, resource: Resource) -> Iterator[Resource]:
        for by in resource.references():
            with suppress(NotDeclared):
                yield self.referred(resource, by)


def place_of(resource: Resource) -> str:
    """The place of a resource, as its kind tells it.

    Raises:
        CouldNotVerify: the kind fails to tell that.
    """
    try:
        place: object = resource.place
        why = f"it is a {type(place).__name__}, not a text"
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001  (the kind may be anyone's)
        place, why = None, what_broke(error)
    if isinstance(place, str):
        return str.__str__(place)  # a class of its own may refuse to be a key
    kind = f"the kind {word(resource.kind)}, in {type(resource).__module__}"
    raise CouldNotVerify(f"the place of {where_of(resource)} could not be told ({why}); that is a defect of {kind}")


@dataclass(frozen=True)
class Configuration:
    """What readiness.yaml says, with one target chosen.

    Attributes:
        path: the file.
        checklists: documents that decide, and that run when no path is given.
        tests: the team's own tests that run with them.
        roles: people by role.
        levels: how much can be asked of a target, lowest first.
        signoffs, waivers: files of people's decisions, where declared.
        signoff_proof: what must prove that a sign-off is genuine.
        target: the chosen target.
        declared: names and labels by kind that any target of the file declares.
        secrets: every secret text, for the redactor.
        waiver_roles: the roles that may waive; every role where there are none.
        waiver_days: days for which a waiver counts at most.
        unset: what is not known because a variable is not set, where that was allowed.
        section_lines: line of each section for which the policy of the target has a minimum.
        parameters: names under which any target of the file gives parameters of checks.
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
    waiver_roles: tuple[str, ...] = ()
    waiver_days: int = WAIVER_DAYS
    unset: tuple[Problem, ...] = ()
    section_lines: Mapping[str, int] = field(default_factory=dict)
    parameters: frozenset[str] = frozenset()
