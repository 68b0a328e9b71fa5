"""Resources and facts as pytest fixtures, for checks and for a team's own tests alike."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from types import ModuleType
from typing import Any
from urllib.parse import urlencode

import pytest

from pytest_readiness.config.target import Target
from pytest_readiness.core.domains import load_catalogue, sentence
from pytest_readiness.core.evidence import NotDeclared
from pytest_readiness.core.registry import FACTS, Fact, RegistrationError, class_of
from pytest_readiness.core.resources import KINDS, Resource, words
from pytest_readiness.domains.host.resource import Host
from pytest_readiness.gather.gatherer import Gatherer
from pytest_readiness.plan.resolution import not_allowed
from pytest_readiness.run.findings import unverified
from pytest_readiness.run.marker import MarkerError, answers
from pytest_readiness.run.nodes import PLANNED, ChecklistFile


def _narrower(name: str, fixtures: Iterable[str]) -> str | None:
    """Which of these fixtures says which resource it is, where `name` is that of a wider kind (`url`: `endpoint`)."""
    kinds = (each for each in fixtures if each in KINDS and each != name)
    return next((each for each in kinds if name in KINDS[each].kinds()), None)


class Fixtures:
    """The plugin that defines a fixture for every kind of resource and every fact.

    Facts that no check of the run needs are imported, and get their fixtures, once a module or a conftest.py is there
    that might ask for them.

    Args:
        config: of the run.
        gatherer: reads the facts.
        allow: classes of facts that may be read.
    """

    def __init__(self, config: pytest.Config, gatherer: Gatherer, allow: frozenset[str]) -> None:
        self._config = config
        self._gatherer = gatherer
        self._allow = allow
        self._defined: set[str] = set()
        self._whole = False
        self._define(*KINDS)
        if config.option.showfixtures or config.option.show_fixtures_per_test:
            self._define_all()

    def pytest_plugin_registered(self, plugin_name: str) -> None:
        """Define all for a conftest.py."""
        if plugin_name.endswith("conftest.py"):
            self._define_all()

    @pytest.hookimpl(tryfirst=True)
    def pytest_make_collect_report(self, collector: pytest.Collector) -> None:
        """Define all for a file of other people's tests."""
        if isinstance(collector, pytest.File) and not isinstance(collector, ChecklistFile):
            self._define_all()

    def _define_all(self) -> None:
        if not self._whole:
            self._whole = True
            try:
                load_catalogue()
            except RegistrationError as error:
                raise pytest.UsageError(sentence(error)) from None
            self._define()

    def _define(self, *kinds: str) -> None:
        made = {kind: _resource_fixture(kind) for kind in kinds}
        new = {name: fact for name, fact in FACTS.items() if name not in self._defined}
        made |= {name: _fact_fixture(fact, self._gatherer, self._allow) for name, fact in new.items()}
        plugin = ModuleType(f"pytest_readiness_fixtures_{len(self._defined)}")
        for name, function in made.items():
            setattr(plugin, name, pytest.fixture(function, name=name))
        self._defined.update(made)
        self._config.pluginmanager.register(plugin)


def testinfra_hosts(target: Target) -> str:
    """Return the target's hosts as `--hosts` wants them, for pytest-testinfra's own fixture `host`."""
    specs = []
    for host in target.of(Host.kind):
        if not isinstance(host, Host) or host.connection is None:
            continue
        options: dict[str, object] = {"ssh_config": host.ssh_config, "ssh_identity_file": host.identity_file}
        if host.sudo:
            options["sudo"] = "true"
        query = urlencode({name: str(value) for name, value in options.items() if value is not None}, safe="/")
        specs.append(f"{host.connection}?{query}" if query else host.connection)
    return ",".join(specs)


def _resource_fixture(name: str) -> Callable[..., object]:
    def resource(request: pytest.FixtureRequest) -> object:
        planned = request.node.stash.get(PLANNED, None)
        if planned is not None:
            return planned.resource
        narrower = _narrower(name, request.fixturenames)
        return request.getfixturevalue(narrower) if narrower else request.param

    resource.__name__ = name
    resource.__doc__ = KINDS[name].__doc__
    return resource


def _fact_fixture(fact: Fact, gatherer: Gatherer, allow: frozenset[str]) -> Callable[..., object]:
    def value(request: pytest.FixtureRequest, **resources: Resource) -> object:
        if (needed := class_of(fact.name)) not in allow:
            settled = not_allowed(fact.name, needed)
            raise unverified(settled.reason, "not allowed", settled.lacks)
        planned = request.node.stash.get(PLANNED, None)
        resource = resources[fact.kind]
        try:
            if planned is None or planned.check is None or planned.resource is None:
                return gatherer.value(fact.name, resource, {})
            read = gatherer.value(fact.name, resource, planned.asks)
            return planned.check.argument(fact.name, read, planned.resource, planned.parameters)
        except NotDeclared as missing:
            raise unverified(str(missing), "not declared", str(missing)) from None

    value.__name__ = fact.name
    value.__doc__ = inspect.getdoc(fact.read)
    # pytest reads the signature to learn that this fixture builds on the resource's.
    parameters = [inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD) for name in ("request", fact.kind)]
    value.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return value


class Undeclared(str):
    """Why a test is skipped: the target has nothing for it to look at, so that nothing was left out."""

    __slots__ = ()


def parametrize(metafunc: pytest.Metafunc, target: Target) -> None:
    """Give a team's own test every resource of the kinds that it asks for."""
    for name in metafunc.fixturenames:
        if name not in KINDS or not _is_ours(metafunc, name) or _narrower(name, metafunc.fixturenames):
            continue
        on = _on(metafunc)
        found = [
            resource
            for resource in target.of(name)
            if not on or resource.name in on or not set(resource.labels).isdisjoint(on)
        ]
        values: list[Any] = [pytest.param(resource, id=resource.name) for resource in found]
        if not values:
            named = f" named or labelled {' or '.join(on)}" if on else ""
            reason = f"unverified: target {target.name} declares no {words(name)}{named}"
            values = [pytest.param(None, id="none", marks=pytest.mark.skip(reason=Undeclared(reason)))]
        metafunc.parametrize(name, values, indirect=True)


def _on(metafunc: pytest.Metafunc) -> tuple[str, ...]:
    try:
        marked = answers(metafunc.definition)
    except MarkerError:
        # It is told with all others, once everything is collected.
        return ()
    return marked.on if marked is not None else ()


def _is_ours(metafunc: pytest.Metafunc, name: str) -> bool:
    """Whether no conftest or test module overrides the fixture, and no mark parametrizes it already."""
    definitions = metafunc._arg2fixturedefs.get(name, ())
    marked = any(
        name in str(mark.args[0]).replace(" ", "").split(",")
        for mark in metafunc.definition.iter_markers("parametrize")
        if mark.args
    )
    return bool(definitions) and definitions[-1].func.__module__ == __name__ and not marked
