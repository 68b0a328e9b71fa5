"""pytest's hooks and options. Without `--readiness-target` nothing but the options and one marker is added.

This module is imported in every pytest run of the machine: it imports nothing but pytest, and whatever an active run
needs is imported in `pytest_configure`.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

CONFIGURATION = "readiness.yaml"
CLASSES = ("active", "disruptive")


class Hooks:
    """Hooks that a project's conftest.py may implement."""

    @pytest.hookspec
    def pytest_readiness_variables(self, config: pytest.Config, target: str) -> dict[str, str]:
        """Return values for `${NAME}` in readiness.yaml, beside the environment, once the target is known.

        Called once, before readiness.yaml is read, in the process that controls the run.
        """
        raise NotImplementedError


def _path(text: str) -> Path:
    """The path of an option; `--readiness-out=$OUT` with nothing in it would be the folder itself."""
    if not text.strip():
        raise argparse.ArgumentTypeError("names nothing; if a variable stands there, it is empty")
    return Path(text)


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Add the options."""
    pluginmanager.add_hookspecs(Hooks)
    group = parser.getgroup("readiness", "production readiness")
    group.addoption(
        "--readiness-target",
        metavar="NAME",
        help="run checklists against this target of readiness.yaml; without paths, the checklists named there",
    )
    group.addoption(
        "--readiness-config",
        metavar="FILE",
        type=_path,
        help="configuration file (default: readiness.yaml in the root directory, or here, or above)",
    )
    group.addoption(
        "--readiness-allow",
        metavar="CLASS",
        action="append",
        choices=CLASSES,
        default=[],
        help="let checks of this class run too: active or disruptive; repeatable",
    )
    group.addoption(
        "--readiness-release", metavar="NAME", help="the release that this run decides about, such as 1.4.2"
    )
    group.addoption(
        "--readiness-report", metavar="FILE", type=_path, help="write the report, one self-contained HTML page"
    )
    group.addoption(
        "--readiness-out",
        metavar="DIR",
        type=_path,
        help="write into this folder, for programs and for the release: result.json, the completed checklist, JUnit, "
        "HDF, in-toto, SARIF, Prometheus metrics and a badge",
    )
    group.addoption(
        "--readiness-baseline",
        metavar="FILE",
        type=_path,
        help="compare with the result.json of an earlier run",
    )
    group.addoption(
        "--readiness-record",
        metavar="FILE",
        type=_path,
        help="write every fact that the run reads, to judge it again later",
    )
    group.addoption(
        "--readiness-replay",
        metavar="FILE",
        type=_path,
        help="judge what an earlier run recorded; nothing is contacted, and the verdict says so",
    )
    group.addoption(
        "--readiness-shard",
        metavar="K/N",
        help="run part K of N; `readiness merge` makes one result of all parts",
    )
    group.addoption(
        "--readiness-history",
        metavar="FILE",
        type=_path,
        help="keep the score and every item's state in this SQLite file, and show how they changed",
    )
    group.addoption(
        "--readiness-audit",
        metavar="FILE",
        type=_path,
        help="write there every command, request and query that the run makes, one JSON object per line",
    )
    group.addoption(
        "--readiness-fenced",
        action="store_true",
        help="also read checklists inside code fences",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Make the run a readiness run where a target is given."""
    config.addinivalue_line(
        "markers",
        "readiness(item, on=None): this test answers an item of a checklist ('section/item'); "
        "`on` restricts its resources to these names or labels.",
    )
    if config.getoption("readiness_target") is None:
        needing = ("report", "out", "config", "release", "baseline", "record", "replay", "shard", "history", "audit")
        for option in needing:
            if config.getoption(f"readiness_{option}") is not None:
                raise pytest.UsageError(f"--readiness-{option} needs --readiness-target NAME.")
        config.pluginmanager.register(Absent(config), "readiness-absent")
        return
    # pytest rewrites the assertions in all modules of a plugin. Here they explain nothing to anybody, and to load the
    # modules so takes a third longer.
    getattr(config.pluginmanager.rewrite_hook, "_must_rewrite", set()).discard("pytest_readiness")
    import gc

    # What is imported and made until the tests begin lives to the end: looking through it for garbage is wasted time,
    # in a large checklist a third of it. `pytest_runtestloop` turns the collector on again.
    usual = gc.get_threshold()
    config.add_cleanup(gc.enable if gc.isenabled() else gc.disable)
    config.add_cleanup(lambda: gc.set_threshold(*usual))
    gc.disable()
    from pytest_readiness.run.start import start

    start(config)


def _declares(folder: Path) -> bool:
    return (folder / CONFIGURATION).is_file()


class Absent:
    """Used where no target is given.

    Args:
        config: of the run.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter, exitstatus: int) -> None:
        """Say how checklists are run, where nothing ran and that may have been meant."""
        config = self._config
        folder = next((each for each in (config.rootpath, config.invocation_params.dir) if _declares(each)), None)
        documents = any(str(argument).partition("::")[0].endswith(".md") for argument in config.args)
        nothing = exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED
        if (nothing and folder) or (documents and (nothing or exitstatus == pytest.ExitCode.USAGE_ERROR)):
            where = folder / CONFIGURATION if folder else f"a {CONFIGURATION}"
            terminalreporter.write_line(
                f"Checklists run against a target of {where}: pytest --readiness-target=NAME (see pytest --help)."
            )

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Skip what asks for a target's resources: without a target there are none.

        Which fixtures those are is looked up only where a test asks for one that is not defined.
        """
        wanted: dict[pytest.Item, set[str]] = {}
        for item in items:
            defined = getattr(getattr(item, "_fixtureinfo", None), "name2fixturedefs", None)
            if defined is not None:
                missing = set(getattr(item, "fixturenames", ())).difference(defined, ("request",))
                if missing:
                    wanted[item] = missing
        if not wanted:
            return
        from pytest_readiness.config.loading import known_kinds

        kinds = known_kinds(self._config.rootpath, self._config.invocation_params.dir)
        for item, missing in wanted.items():
            if not missing.isdisjoint(kinds):
                item.add_marker(pytest.mark.skip(reason="needs --readiness-target NAME"))
