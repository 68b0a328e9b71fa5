"""Making a pytest run a readiness run."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from pytest_readiness.core import children, clock
from pytest_readiness.core.domains import sentence
from pytest_readiness.core.problems import ProblemsError
from pytest_readiness.core.redact import Redactor, printable
from pytest_readiness.core.registry import RegistrationError
from pytest_readiness.core.text import what_broke
from pytest_readiness.run.audit_log import start_audit
from pytest_readiness.run.collection import Collection
from pytest_readiness.run.conftests import Conftests
from pytest_readiness.run.earlier import refuse_others, remove_earlier
from pytest_readiness.run.ending import RunEnd
from pytest_readiness.run.fixtures import Fixtures, testinfra_hosts
from pytest_readiness.run.hiding import Hiding
from pytest_readiness.run.judging import Judging
from pytest_readiness.run.leaving import Leaving
from pytest_readiness.run.loading import LoadingError, find, load, read_earlier
from pytest_readiness.run.nodes import register_markers
from pytest_readiness.run.results import Results
from pytest_readiness.run.settings import Settings
from pytest_readiness.run.shards import ShardSelection
from pytest_readiness.run.state import Run
from pytest_readiness.run.termination import end_on_signals, end_worker_once
from pytest_readiness.run.thresholds import Thresholds
from pytest_readiness.run.whole import Whole
from pytest_readiness.run.workers import VARIABLES, Worker, Workers


def start(config: pytest.Config) -> None:
    """Make this run a readiness run.

    Raises:
        pytest.UsageError: every mistake in the configuration, the checklists and their bindings.
    """
    if sys.flags.optimize:
        raise pytest.UsageError(
            "Python leaves out every assert (-O, PYTHONOPTIMIZE), so that tests would pass whatever is true. Unset it."
        )
    config.add_cleanup(children.begin)
    redact = Redactor()
    settings = Settings.of(config)
    earlier = read_earlier(settings)
    if settings.controls:
        remove_earlier(settings, kept=settings.baseline)
        junit = getattr(config.option, "xmlpath", None)
        refuse_others(settings, also=settings.folder / junit if junit else None)
    start_audit(config, settings, redact)
    try:
        clock.now()
        path = find(settings)
        variables = _variables(config, settings)
        loaded = load(settings, path, variables, redact, earlier)
    except (LoadingError, ProblemsError, RegistrationError, clock.ClockError) as error:
        text = sentence(error) if isinstance(error, RegistrationError) else str(error)
        raise pytest.UsageError("\n".join(redact(printable(line)) for line in text.splitlines())) from None
    if settings.controls:
        remove_earlier(settings)
    if loaded.paths is not None:
        config.args[:] = [_argument(path, config.invocation_params.dir) for path in loaded.paths]
    _register(config, Run(settings, loaded, redact), variables)


def _argument(path: Path, folder: Path) -> str:
    """A path as pytest takes it: what is behind a bracket it reads as a test's parameters, also in a folder's name."""
    return os.path.relpath(path, folder) if "[" in str(path) else str(path)


def _variables(config: pytest.Config, settings: Settings) -> dict[str, str]:
    if settings.is_worker:
        worker: dict[str, Any] = config.workerinput  # type: ignore[attr-defined]
        return dict(worker[VARIABLES])
    variables: dict[str, str] = {}
    giving = [each for each in config.hook.pytest_readiness_variables.get_hookimpls() if not _wraps(each)]
    for one in reversed(giving):
        # Each is called by itself, so that what is wrong can be told of the one that is.
        others = [each.plugin for each in giving if each is not one]
        hook = config.pluginmanager.subset_hook_caller("pytest_readiness_variables", others)
        told = f"The hook pytest_readiness_variables of {one.plugin_name}"
        try:
            given: object = hook(config=config, target=settings.target)
        except (pytest.UsageError, pytest.exit.Exception):
            raise
        except Exception as error:
            raise LoadingError(f"{told} broke ({what_broke(error)}). Mend it.") from error
        for found in given if isinstance(given, list) else [given]:
            variables |= _texts(found, told)
    return variables


def _wraps(implementation: Any) -> bool:
    return bool(implementation.wrapper or implementation.hookwrapper)


def _texts(found: object, told: str) -> dict[str, str]:
    if not isinstance(found, Mapping):
        raise LoadingError(f"{told} returned a {type(found).__name__}; it must return a mapping of names to texts.")
    for name, value in found.items():
        if not isinstance(name, str) or not isinstance(value, (str, int, float, Path)):
            raise LoadingError(
                f"{told} returned a {type(value).__name__} for {name!r}; it must return a mapping of names to texts. "
                "Leave out what has no value."
            )
    return {name: str(value) for name, value in found.items()}


def _register(config: pytest.Config, run: Run, variables: dict[str, str]) -> None:
    """Register the plugins of the run."""
    settings, plan, plugins = run.settings, run.plan, config.pluginmanager
    hiding = Hiding(config, run.redact)
    plugins.register(hiding, "readiness-hiding")
    register_markers(config, plan.checklists.values())
    plugins.register(Fixtures(config, run.gatherer, plan.allow), "readiness-fixtures")
    if getattr(config.option, "hosts", "") is None:
        config.option.hosts = testinfra_hosts(plan.configuration.target) or None
    if settings.shard is not None:
        plugins.register(ShardSelection(run, *settings.shard), "readiness-shard")
    if settings.is_worker:
        end_worker_once(config)
        plugins.register(Worker(config), "readiness-worker")
    else:
        end_on_signals(config)
        plugins.register(Conftests(run), "readiness-conftests")
        plugins.register(Workers(config, run, variables), "readiness-workers")
    if settings.controls:
        from pytest_readiness.run.reports import register_reports

        register_reports(config, run)
        plugins.register(Leaving(config, run), "readiness-leaving")
    if run.recording is not None:
        from pytest_readiness.run.recorder import Replay

        plugins.register(Replay(), "readiness-replay")
    if settings.record is not None and not settings.collect_only:
        from pytest_readiness.run.recorder import Recorder

        plugins.register(Recorder(config, run), "readiness-recorder")
    judging = Judging(run, hiding)
    plugins.register(judging, "readiness-judging")
    if not settings.is_worker:
        plugins.register(Results(run), "readiness-results")
    plugins.register(RunEnd(run, judging), "readiness-ending")
    plugins.register(Collection(run), "readiness-collection")
    plugins.register(Whole(config, run), "readiness-whole")
    if settings.controls:
        # After the end: of those that are to come first, the last one does.
        plugins.register(Thresholds(config, run), "readiness-thresholds")
