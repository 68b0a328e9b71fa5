"""A binding: which checks answer an item of a checklist, or who signs it, or why it does not apply."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_readiness.core.problems import Problem, near
from pytest_readiness.core.registry import Check, Severity
from pytest_readiness.people.rules import SignoffRule

SUFFIX = ".checks.yaml"


@dataclass(frozen=True, slots=True)
class Use:
    """One check with its parameters, on some of the target's resources.

    Attributes:
        check: the check.
        parameters: validated values, defaults included; where some are lacking, those of the binding, as written. What
            is proposed may lack some that its check requires.
        warn: values of a stricter judgement, where there is one: what passes but not with these, passes with a warning.
        on: names or labels of resources, any of which counts; empty for all of the check's kind.
        narrowed: names or labels that the target gives beside them; of two lists, both count.
        line: its line in the bindings.
        from_target: the name under which the target gives parameters of it; "" where the binding has all.
        lacking: what the target does not give of them, as a clause; "" where nothing lacks.
        without: whether that is because the target says that it has nothing of that kind.
    """

    check: Check
    parameters: Mapping[str, Any]
    warn: Mapping[str, Any] | None
    on: tuple[str, ...]
    line: int
    from_target: str = ""
    lacking: str = ""
    without: bool = False
    narrowed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Alternatives: those apply whose resources the target declares, and all that apply must pass."""

    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class AllOf:
    """Parts that must all pass."""

    parts: tuple[Part, ...]


Part = Use | AnyOf | AllOf


@dataclass(frozen=True, slots=True)
class Binding:
    """What answers one item.

    Attributes:
        item: id of the item.
        line: its line in the bindings.
        checks: the checks, where there are any.
        signoff: who signs: the whole item, or, beside checks, the part that they cannot see.
        not_applicable: why the item does not apply, where it does not.
        severity: overrides the checks' own.
        level: lowest level of a target that needs the item; "" for every target.
        missing: the claims without which it is not answered, and for which there is no check yet.
        source: where the item comes from, for people and programs that keep documents in step.
        proposed: what may answer it, as long as nobody has confirmed that. It stands apart: it does not run, nobody is
            asked to sign it, and it does not decide whether the item applies; the item weighs as much as it would with
            it.
        reworded: whether what is proposed was confirmed, for an item that said something else.
        unsaid: whether what is proposed was bound, and it is not kept what its item said, as it is of others.
    """

    item: str
    line: int
    checks: Part | None = None
    signoff: SignoffRule | None = None
    not_applicable: str | None = None
    severity: Severity | None = None
    level: str = ""
    missing: tuple[str, ...] = ()
    source: str = ""
    proposed: Binding | None = None
    reworded: bool = False
    unsaid: bool = False

    @property
    def uses(self) -> tuple[Use, ...]:
        """Every use of a check in it, in order."""
        return tuple(_uses(self.checks))

    @property
    def named(self) -> tuple[str, ...]:
        """What answers the item, in few words: checks and claims, whose signature, or that it does not apply."""
        ids = dict.fromkeys((*(use.check.id for use in self.uses), *self.missing))
        signature = (f"signature of {self.signoff.role}",) if self.signoff else ()
        reason = (f"not applicable ({self.not_applicable})",) if self.not_applicable else ()
        return (*ids, *signature, *reason)


def _uses(part: Part | None) -> Iterator[Use]:
    if isinstance(part, Use):
        yield part
    elif part is not None:
        for child in part.parts:
            yield from _uses(child)


def bindings_path(checklist: Path) -> Path:
    """Where the bindings of a checklist are."""
    return checklist.with_name(checklist.stem + SUFFIX)


def misnamed_bindings(checklist: Path) -> Problem | None:
    """Return what is wrong where a checklist has no bindings, and beside it is a file that may be meant as them."""
    wanted = bindings_path(checklist)
    if wanted.exists() or not checklist.parent.is_dir():
        return None
    # A document may end in ".MD" as well.
    documents = {each.stem for each in checklist.parent.iterdir() if each.suffix.lower() in (".md", ".markdown")}
    others = {
        each.name: each
        for each in checklist.parent.glob("*check*.y*ml")
        if each.name.removesuffix(SUFFIX) not in documents
    }
    found = near(wanted.name, others)
    if not found:
        return None
    return Problem(
        others[found],
        0,
        f"The bindings of {checklist.name} are read from {wanted.name} only. Rename this file, or remove it.",
    )
