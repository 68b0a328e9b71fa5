"""Making a pytest run a readiness run."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_readiness.core import clock
from pytest_readiness.core.domains import sentence
from pytest_readiness.core.problems import ProblemsError
from pytest_readiness.core.redact import Redactor, printable
from pytest_readiness.core.registry import RegistrationError
from pytest_readiness.run.audit_log import start_audit
from pytest_readiness.run.collection import Collection
from pytest_readiness.run.ending import RunEnd
from pytest_readiness.run.fixtures import Fixtures, testinfra_hosts
from pytest_readiness.run.hiding import Hiding
from pytest_readiness.run.judging import Judging
from pytest_readiness.run.loading import LoadingError, find, load
from pytest_readiness.run.nodes import register_markers
from pytest_readiness.run.results import Results
from pytest_readiness.run.settings import Settings
from pytest_readiness.run.shards import ShardSelection
from pytest_readiness.run.state import Run
from pytest_readiness.run.workers import VARIABLES, Workers


def start(config: pytest.Config) -> None:
    """Make this run a readiness run.

    Raises:
        pytest.UsageError: every mistake in the configuration, the checklists and their bindings.
    """
    redact = Redactor()
    settings = Settings.of(config)
    start_audit(config, settings, redact)
    try:
        clock.now()
        path = find(settings)
        variables = _variables(config, settings)
        loaded = load(settings, path, variables, redact)
    except (LoadingError, ProblemsError, RegistrationError, clock.ClockError) as error:
        text = sentence(error) if isinstance(error, RegistrationError) else str(error)
        raise pytest.UsageError("\n".join(redact(printable(line)) for line in text.splitlines())) from None
    if loaded.paths is not None:
        config.args[:] = map(str, loaded.paths)
    _register(config, Run(settings, loaded, redact), variables)


def _variables(config: pytest.Config, settings: Settings) -> dict[str, str]:
    if settings.is_worker:
        worker: dict[str, Any] = config.workerinput  # type: ignore[attr-defined]
        return dict(worker[VARIABLES])
    variables: dict[str, str] = {}
    for each in config.hook.pytest_readiness_variables(config=config, target=settings.target):
        variables.update((name, str(value)) for name, value in each.items())
    return variables


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
    if not settings.is_worker:
        plugins.register(Workers(run, variables), "readiness-workers")
    if not settings.is_worker and not settings.collect_only:
        from pytest_readiness.run.reports import register_reports

        register_reports(config, run)
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
