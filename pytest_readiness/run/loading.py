"""Reading all that a run needs before it contacts anything: every mistake is reported at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_readiness.config.extensions import may_declare
from pytest_readiness.config.loading import ConfigurationError, find_configuration, load_configuration
from pytest_readiness.core.problems import Problem, ProblemsError
from pytest_readiness.core.redact import Redactor
from pytest_readiness.core.registry import CLASSES
from pytest_readiness.plan.bindings import UnknownCheck
from pytest_readiness.plan.plan import Plan, make_plan
from pytest_readiness.run.settings import Settings
from pytest_readiness.verdict.drift import BaselineRecord

if TYPE_CHECKING:
    from pytest_readiness.config.target import Configuration
    from pytest_readiness.record.recording import Recording


class LoadingError(Exception):
    """There is nothing to run; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a run is made from.

    Attributes:
        plan: the tests, with the configuration and the decisions that they follow from.
        paths: what pytest is to collect where the command line names no path; else None.
        unplanned: checklists of readiness.yaml that the command line does not name, and in which there are mistakes.
        baseline: the earlier result to compare with, where one is named.
        recording: what is judged in place of the target, in a replay.
    """

    plan: Plan
    paths: tuple[Path, ...] | None
    unplanned: tuple[Path, ...]
    baseline: BaselineRecord | None
    recording: Recording | None


@dataclass(frozen=True, slots=True)
class Earlier:
    """What is read of earlier runs.

    Attributes:
        baseline: the result to compare with, where one is named.
        recording: what is judged in place of the target, in a replay.
        problems: what is wrong with them.
    """

    baseline: BaselineRecord | None
    recording: Recording | None
    problems: tuple[Problem, ...]


def load(settings: Settings, path: Path, variables: Mapping[str, str], redact: Redactor, earlier: Earlier) -> Loaded:
    """Read readiness.yaml and all that belongs to it, and make the plan.

    Args:
        settings: of the run.
        path: readiness.yaml.
        variables: values for `${NAME}` beside the environment.
        redact: gets to know the secrets.
        earlier: what `read_earlier` has read.

    Raises:
        LoadingError: the file names nothing to run.
        ProblemsError: every mistake found.
    """
    problems: tuple[Problem, ...] = ()
    try:
        configuration = load_configuration(
            path, settings.target, variables, contacts=settings.replay is None and not settings.collect_only
        )
    except ConfigurationError as error:
        if error.configuration is None:
            raise
        configuration, problems = error.configuration, error.problems
    configuration = replace(configuration, target=replace(configuration.target, release=settings.release))
    redact.add(*configuration.secrets)
    problems += earlier.problems
    # What readiness.yaml declares is the whole, whatever the command line names: what is not named is left out.
    declared = tuple(path for path in configuration.checklists if path.is_file() or not problems)
    paths = None
    if settings.documents is None:
        if not declared and not configuration.tests and not problems:
            raise LoadingError(f"{path} names no checklists; give one as an argument or under 'checklists'.")
        paths = (*declared, *configuration.tests)
    named = {each.resolve(): each for each in settings.documents or declared}
    others = tuple(each for each in declared if each.resolve() not in named)
    have = {each.resolve() for each in declared}
    documents = (*declared, *(each for resolved, each in named.items() if resolved not in have))
    unplanned: tuple[Path, ...] = ()
    try:
        plan = _plan(settings, configuration, documents, problems)
    except ProblemsError:
        if not others:
            raise
        # A mistake in a checklist that is not named is not one of this run.
        plan, unplanned = _plan(settings, configuration, tuple(named.values()), problems), others
    return Loaded(plan, paths, unplanned, earlier.baseline, earlier.recording)


def find(settings: Settings) -> Path:
    """Return where readiness.yaml is.

    Raises:
        LoadingError: there is none.
    """
    folders = dict.fromkeys((settings.root, settings.folder))
    path = settings.config or find_configuration(*folders)
    if path is None:
        raise LoadingError(
            f"There is no readiness.yaml in {' or '.join(map(str, folders))} or above it; "
            "write one with 'readiness init', or name one with --readiness-config FILE."
        )
    return Path(path)


def read_earlier(settings: Settings) -> Earlier:
    """Read what earlier runs left, before this one writes anything where that may be."""
    baseline, recording = None, None
    problems: tuple[Problem, ...] = ()
    try:
        if settings.baseline is not None:
            from pytest_readiness.verdict.result_file import read_baseline

            baseline = read_baseline(settings.folder / settings.baseline, settings.target)
    except ProblemsError as error:
        problems += error.problems
    try:
        if settings.replay is not None:
            from pytest_readiness.record.recording import read_recording

            recording = read_recording(settings.folder / settings.replay, settings.target)
    except ProblemsError as error:
        problems += error.problems
    return Earlier(baseline, recording, problems)


def _plan(
    settings: Settings, configuration: Configuration, documents: tuple[Path, ...], problems: tuple[Problem, ...]
) -> Plan:
    allow = frozenset((CLASSES[0], *configuration.target.policy.allow, *settings.allow))
    try:
        plan = make_plan(configuration, documents, allow, fenced=settings.fenced)
    except ProblemsError as error:
        told = [
            replace(each, message=each.message + _unread(settings, each)) if isinstance(each, UnknownCheck) else each
            for each in error.problems
        ]
        raise ProblemsError([*problems, *told]) from None
    if problems:
        raise ProblemsError(problems)
    return plan


def _unread(settings: Settings, unknown: UnknownCheck) -> str:
    """Why a conftest.py near a checklist was not read, which may declare its check, after a blank; "" for none."""
    folder = unknown.path.absolute().parent
    above = (each for each in folder.parents if each.is_relative_to(settings.root))
    near = (each / "conftest.py" for each in (folder, *above))
    conftest = may_declare(
        unknown.id, unknown.message, (each for each in near if each.is_file() and each not in settings.conftests)
    )
    if conftest is None:
        return ""
    read = ", ".join(map(str, settings.conftests)) or "none"
    return (
        f" {conftest} has not been read: before the checklists pytest reads a conftest.py only in the folders that the "
        f"command line names, and above them (here: {read}). If the check is declared there, name {conftest.parent} on "
        "the command line, or list the file under 'extensions' in readiness.yaml."
    )
