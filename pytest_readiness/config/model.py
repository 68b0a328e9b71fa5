"""readiness.yaml as it is written, apart from its resources."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from pytest_readiness.config.suites import PREFIX, suite_path
from pytest_readiness.core.registry import CheckClass, Severity
from pytest_readiness.core.resources import AnchoredPath


def _document(value: object) -> object:
    return suite_path(value.removeprefix(PREFIX)) if isinstance(value, str) and value.startswith(PREFIX) else value


Proof = Literal["none", "author", "signature"]
"""What must prove that a sign-off is genuine: nothing; the author of the line's commit; also a valid signature."""

WAIVER_DAYS = 366
"""How long a waiver may last where readiness.yaml does not say."""

ChecklistPath = Annotated[AnchoredPath, BeforeValidator(_document)]


def _percent(value: object) -> object:
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= 1:
        raise ValueError(f"is of 100, so that {value:g} would let nearly everything pass; write {100 * value:g}")
    return value


Percent = Annotated[float, Field(ge=0, le=100), BeforeValidator(_percent)]
"""A score, of 100."""

Weight = Annotated[float, Field(ge=0, le=1_000_000)]
"""Bounded, so that the sum of no checklist's weights is beyond what a number can hold."""


class Weights(BaseModel):
    """How much an item of each severity counts in the score."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, defer_build=True)

    critical: Weight = 10
    high: Weight = 5
    medium: Weight = 2
    low: Weight = 1


class Policy(BaseModel):
    """When the verdict is GO.

    Attributes:
        min_score: lowest score, 0 to 100, with which a release may go.
        block: an open item of this severity or a higher one means NO-GO whatever the score.
        allow: classes of checks that may run beside the passive ones.
        weights: how much an item of each severity counts.
        sections: lowest score, 0 to 100, of single sections, by their ids.
        max_drop: how many points the score may be below the baseline's.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, defer_build=True)

    min_score: Percent = 90
    block: Severity = "critical"
    allow: tuple[CheckClass, ...] = ()
    weights: Weights = Weights()
    sections: dict[str, Percent] = {}
    max_drop: Annotated[float, Field(ge=0, le=100)] | None = None


class TargetFile(BaseModel):
    """A target as written, apart from its resources.

    Attributes:
        description: one line for people.
        extends: name of a target whose declarations this one takes over and changes.
        level: how much is asked of this target, one of the file's `levels`; everything where it is not given.
        policy: when the verdict is GO.
        parameters: what only this environment knows of checks (paths, limits, names, flows), by the names under which
            bindings ask for it with `from_target`; taken as it is written, without variables of the environment. Null
            says that the environment has nothing of that kind.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    description: str = ""
    extends: str | None = None
    level: str = ""
    policy: Policy = Policy()
    parameters: dict[str, dict[str, Any] | None] = {}


class ConfigurationFile(BaseModel):
    """readiness.yaml as written, apart from its targets.

    Attributes:
        checklists: the Markdown documents that decide; all of them, and `tests`, are the whole of a run. `suite:NAME`
            is one that ships with the package.
        tests: files or folders of the team's own tests that run with them.
        extensions: modules with checks, facts and kinds of the project's own, looked for beside readiness.yaml first,
            or paths of files that end in `.py`.
        roles: people (mail addresses or names) by role.
        levels: how much can be asked of a target, lowest first; bindings say from which level up an item is needed.
        signoffs: file of the sign-offs.
        signoff_proof: what must prove that a sign-off or a waiver is genuine: `none`; `author`, the git author of its
            line; `signature`, also a valid signature of that commit.
        waivers: file of the waivers.
        waiver_roles: the roles that may waive; every role where none is named.
        waiver_days: days for which a waiver counts at most.
        targets: the environments by name.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    checklists: tuple[ChecklistPath, ...] = ()
    tests: tuple[AnchoredPath, ...] = ()
    extensions: tuple[str, ...] = ()
    roles: dict[str, tuple[str, ...]] = {}
    levels: tuple[str, ...] = ()
    signoffs: AnchoredPath | None = None
    signoff_proof: Proof = "none"
    waivers: AnchoredPath | None = None
    waiver_roles: tuple[str, ...] = ()
    waiver_days: Annotated[int, Field(ge=1)] = WAIVER_DAYS
    targets: dict[str, dict[str, Any] | None]
