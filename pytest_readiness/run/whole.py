"""What the whole of a run is, and what of the team's own tests was left out of it.

Which items of the checklists were left out follows from the plan. Own tests are not planned: they are what pytest finds
in the `tests` of readiness.yaml, so what it found is compared here with what is left to run.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Generator
from fnmatch import fnmatch
from pathlib import Path

import pytest

from pytest_readiness.run.nodes import ChecklistFile, ChecklistSection
from pytest_readiness.run.state import Run

_MOST_ENTRIES = 20_000
"""Of an ignored folder, that are looked at."""

_ENDS = "It ends the run while it is read (sys.exit({code})); let only a test or a program of its own do that."


class Whole:
    """The plugin that notes which of the team's own tests are left out.

    Args:
        config: of the run.
        run: the run.
    """

    def __init__(self, config: pytest.Config, run: Run) -> None:
        self._config = config
        self._run = run
        self._declared = tuple(path.resolve() for path in run.plan.configuration.tests)
        self._found: dict[int, tuple[str, pytest.Item]] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_ignore_collect(self, collection_path: Path) -> Generator[None, bool | None, bool | None]:
        """Note tests, in a file or a folder, that are passed over for whatever reason, and what an option excludes."""
        ignored = yield
        # What is linked from elsewhere lies in the folder that holds the link, too.
        places = (collection_path.resolve(), collection_path.parent.resolve() / collection_path.name)
        within = any(place.is_relative_to(path) for place in places for path in self._declared)
        if ignored and within and (self._holds_tests(collection_path) or self._excluded(collection_path)):
            self._note(f"{self._shown(collection_path)} was ignored")
        return ignored

    def _holds_tests(self, path: Path) -> bool:
        """Whether a path is a file of tests, or a folder with one that is the team's own."""
        if not path.is_dir():
            return path.suffix == ".py" and any(
                fnmatch(path.name, each) for each in self._config.getini("python_files")
            )
        if _is_of_others(path):
            return False
        looked = 0
        for folder, folders, files in os.walk(path):
            folders[:] = [name for name in folders if not _is_of_others(Path(folder, name))]
            looked += len(files) + len(folders)
            # A folder too large to be looked through is not known to be without tests.
            if looked > _MOST_ENTRIES or any(self._holds_tests(Path(folder, name)) for name in files):
                return True
        return False

    def _excluded(self, path: Path) -> bool:
        """Whether an option of the command line excludes a path."""
        folder, option = self._run.settings.folder, self._config.getoption
        return any(path == folder / each for each in option("ignore") or ()) or any(
            fnmatch(str(path), str(folder / each)) for each in option("ignore_glob") or ()
        )

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_make_collect_report(
        self, collector: pytest.Collector
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        """Remember what is found, before another plugin takes some of it away."""
        try:
            report = yield
        except SystemExit as ended:
            # pytest would end with a traceback of its own, and look at nothing else.
            report = pytest.CollectReport(collector.nodeid, "failed", _ENDS.format(code=ended.code), None)
        if not isinstance(collector, ChecklistFile | ChecklistSection):
            if isinstance(collector, pytest.File) and report.passed and "call" not in vars(report):
                # `--lf` answers for a file so that it is not looked into.
                self._note(f"{self._run.clean(collector.nodeid)} was not looked into")
            for node in report.result or ():
                if isinstance(node, pytest.Item):
                    # xdist may change the node id later.
                    self._found[id(node)] = node.nodeid, node
        return report

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Compare what was found with what is left to run."""
        self._missed()
        left = {id(item) for item in session.items} | self._run.of_others
        # One that is named twice may have been found twice.
        names = {nodeid for number, (nodeid, _) in self._found.items() if number in left}
        for nodeid, _ in self._found.values():
            if nodeid not in names:
                self._note(f"{self._run.clean(nodeid)} was not selected")

    def pytest_warning_recorded(self, warning_message: warnings.WarningMessage) -> None:
        """Note what looks like tests and cannot be collected, such as a class with `__init__`."""
        path = Path(warning_message.filename).resolve()
        if issubclass(warning_message.category, pytest.PytestCollectionWarning) and any(
            path.is_relative_to(each) for each in self._declared
        ):
            self._note(f"{self._shown(path)}: {self._run.clean(str(warning_message.message).splitlines()[0])}")

    def _missed(self) -> None:
        """Note `tests` of readiness.yaml that the command line does not name, and those in which there is no test."""
        arguments = [argument.partition("::") for argument in self._config.args]
        named = [((self._run.settings.folder / path).resolve(), bool(below)) for path, below, _ in arguments]
        for path in self._declared:
            if not any(path.is_relative_to(each) for each, below in named if not below):
                some = any(each.is_relative_to(path) for each, _ in named)
                self._note(f"{'only a part of ' if some else ''}{self._shown(path)} was {'' if some else 'not '}named")
            elif not any(item.path.resolve().is_relative_to(path) for _, item in self._found.values()):
                self._note(f"no test was found in {self._shown(path)}")

    def _shown(self, path: Path) -> str:
        root = self._run.settings.root
        return self._run.clean(path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path))

    def _note(self, phrase: str) -> None:
        self._run.omitted[phrase] = None


def _is_of_others(folder: Path) -> bool:
    """Whether what is in a folder was installed or made there, and is nobody's to run."""
    name = folder.name
    return (
        name.startswith(".")
        or name in ("__pycache__", "node_modules")
        or name.endswith(".egg")
        or (folder / "pyvenv.cfg").exists()
    )
