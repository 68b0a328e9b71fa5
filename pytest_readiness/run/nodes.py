"""pytest's nodes: checklist file -> sections -> tests, each test an ordinary pytest function."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import pluggy
import pytest

from pytest_readiness.checklist.model import Section
from pytest_readiness.core import clock
from pytest_readiness.core.domains import domains
from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify
from pytest_readiness.core.problems import near
from pytest_readiness.core.redact import printable
from pytest_readiness.core.registry import CHECKS, CLASSES, FACTS, SEVERITIES, TARGET
from pytest_readiness.core.resources import KINDS, where_of
from pytest_readiness.gather.gatherer import Reading
from pytest_readiness.plan.plan import PlannedChecklist, PlannedTest
from pytest_readiness.verdict.provenance import again

PLANNED = pytest.StashKey[PlannedTest]()
"""On every test that the plan made."""

_TAKEN = frozenset(
    (
        *("parametrize", "skip", "skipif", "xfail", "usefixtures", "filterwarnings", "tryfirst", "trylast"),
        *("readiness", "xdist_group", "timeout", "flaky", "asyncio", "anyio", "trio", "no_cover", "django_db"),
        *("order", "dependency", "benchmark", "repeat", "vcr"),
    )
)
"""Markers that mean something to pytest or to plugins in wide use."""


def marker(slug: str) -> str:
    """Return the marker of a section or checklist: its slug, unless that has a meaning of its own for pytest."""
    name = re.sub(r"[^\w-]+", "-", slug).strip("-_") or "checklist"
    return f"section-{name}" if name in _TAKEN else name


def section_markers(section: Section) -> tuple[str, ...]:
    """Markers that select a section: its own and those of the headings above it."""
    return tuple(dict.fromkeys(marker(slug) for slug in (section.id, *section.ancestors)))


def register_markers(config: pytest.Config, checklists: Iterable[PlannedChecklist]) -> None:
    """Register every marker that the run's tests carry, so that strict markers hold and `--markers` lists them."""
    lines: dict[str, str] = {}
    for severity in SEVERITIES:
        lines[severity] = f"items of {severity} severity."
    for check_class in CLASSES:
        lines[check_class] = f"{check_class} checks."
    for domain in sorted({*domains(), *(check.domain for check in CHECKS.values())}):
        lines[domain] = f"checks of the domain {domain}."
    for planned in checklists:
        name = planned.checklist.name
        lines.setdefault(marker(name), f"items of the checklist {name}.")
        for section in planned.checklist.sections:
            for each in section_markers(section):
                words = lines.get(each, "")
                if "section" not in words:
                    what = f"items of the section {printable(section.title) if each == section.id else each}."
                    lines[each] = f"{words[:-1]}; {what}" if words else what
    for name, words in lines.items():
        config.addinivalue_line("markers", f"{name}: {words}")


def waived(planned: PlannedTest, *false: type[BaseException]) -> tuple[pytest.MarkDecorator, ...]:
    """Return the mark of a test whose item may fail today; `false` is what it raises then."""
    waiver = planned.waiver
    if waiver is None or clock.now().date() > waiver.expires:
        return ()
    reason = printable(f"waived until {waiver.expires} by {waiver.by}: {waiver.reason}")
    return (pytest.mark.xfail(reason=reason, raises=false, strict=False),)


class ChecklistFile(pytest.File):
    """A checklist; its children are its sections."""

    def __init__(self, planned: PlannedChecklist, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.planned = planned
        self.add_marker(marker(planned.checklist.name))

    def collect(self) -> Iterator[pytest.Collector]:
        """Every section that has tests."""
        for section in self.planned.checklist.sections:
            tests = self.planned.tests[section.id]
            if tests:
                yield ChecklistSection.from_parent(self, name=section.id, section=section, tests=tests)


class ChecklistSection(pytest.Collector):
    """A section; its children are the tests of its items."""

    def __init__(self, section: Section, tests: tuple[PlannedTest, ...], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.tests = tests
        self._split: dict[tuple[str, ...], tuple[tuple[str, ...], Any]] = {}
        for name in section_markers(section):
            self.add_marker(name)

    def collect(self) -> Iterator[pytest.Item]:
        """Every test of every item."""
        for test in self.tests:
            fixtures = test.check.fixtures if test.check is not None and test.settled is None else ()
            if fixtures not in self._split:
                # What nobody overrides comes straight from the gatherer: a fixture of pytest's for each of many
                # thousand tests would cost more than the judging.
                own = tuple(name for name in fixtures if name != TARGET and not self._is_ours(name))
                manager = self.session._fixturemanager
                # A section stands for each of its tests here: they differ in nothing that fixtures depend on.
                self._split[fixtures] = own, manager.getfixtureinfo(self, _taking(*own), None)  # type: ignore[arg-type]
            own, info = self._split[fixtures]
            direct = tuple(name for name in fixtures if name not in own)
            yield ChecklistTest.from_parent(
                self, name=test.name, planned=test, direct=direct, callobj=_taking(*own), fixtureinfo=info
            )

    def _is_ours(self, name: str) -> bool:
        definitions = self.session._fixturemanager.getfixturedefs(name, self)
        return definitions is not None and definitions[-1].func.__module__ == "pytest_readiness.run.fixtures"


@functools.cache
def _taking(*fixtures: str) -> Callable[..., None]:
    """Return a function that takes these fixtures, for pytest to read; what is called is the check itself."""

    def test(**_: object) -> None:
        """A claim of a checklist."""

    parameters = [inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD) for name in fixtures]
    test.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return test


@functools.cache
def _mark(name: str) -> pytest.MarkDecorator:
    """Return the plain mark of that name; thousands of tests share a handful."""
    mark: pytest.MarkDecorator = getattr(pytest.mark, name)
    return mark


class ChecklistTest(pytest.Function):
    """One test of an item. pytest calls it like any function; what it calls is the check.

    Attributes:
        planned: what the plan says about it.
        direct: the check's arguments that come from the gatherer; the others are pytest's fixtures.
        readings: what the gatherer reads for them, by fact, once the test begins.
        hooks: those of its file, once everything is collected; pytest would look for them eight times a test.
    """

    def __init__(self, planned: PlannedTest, direct: tuple[str, ...], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if hasattr(self, "_id"):
            # From pytest 9.2 on, --lf and --sw compare ids by their parts, and brackets are a part of their own there.
            self._id = type(self._id).parse(self.nodeid)
        self.stash[PLANNED] = planned
        self.planned = planned
        self.direct = direct
        self.readings: Mapping[str, list[Reading]] = {}
        self.hooks: pluggy.HookRelay | None = None
        marks = [_mark(planned.severity)]
        if planned.check is not None:
            marks += [_mark(planned.check.domain), _mark(planned.check.check_class)]
        if planned.settled is not None:
            state, reason, *_ = planned.settled
            marks.append(pytest.mark.skip(reason=f"{state}: {printable(reason)}"))
        for mark in (*marks, *waived(planned, ClaimFalse)):
            self.add_marker(mark)

    def setup(self) -> None:
        """Set up the fixtures of the check.

        Raises:
            CouldNotVerify: there is nothing of the name that it takes.
        """
        known = self._fixtureinfo.name2fixturedefs
        for name in self._fixtureinfo.argnames:
            if name not in known and name != "request":
                assert self.planned.check is not None
                meant = near(name, (*FACTS, *KINDS, *known))
                hint = f" (did you mean '{meant}'?)" if meant else ""
                raise CouldNotVerify(
                    f"the check {self.planned.check.id} takes '{name}', and there is no fact, kind or fixture of that "
                    f"name{hint}; that is a defect of the check"
                )
        super().setup()

    @property
    def ihook(self) -> pluggy.HookRelay:
        """Calls hooks, without those of conftest.py files that are not for this path."""
        return self.hooks or super().ihook

    @functools.cached_property
    def location(self) -> tuple[str, int, str]:
        """Path from the root directory, line and headline; pytest would work out the same path for every item."""
        path, line, headline = self.reportinfo()
        return self.session._node_location_to_relpath(path), line, headline

    def reportinfo(self) -> tuple[Any, int, str]:
        """Place and headline: the item's line in its checklist."""
        brackets = self.name[len(self.planned.item.slug) :]
        return self.path, self.planned.item.line - 1, printable(f"{self.planned.item.text} {brackets}".strip())

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException]) -> Any:  # type: ignore[override]
        """Say in sentences what is false, or why nothing could be seen; a defect keeps its traceback."""
        if isinstance(excinfo.value, ClaimFalse):
            config = self.config
            arguments = [str(argument) for argument in config.invocation_params.args]
            line = again(config.option.readiness_target, arguments, [self.nodeid])
            return failure_text(self.planned, excinfo.value, line)
        if isinstance(excinfo.value, CouldNotVerify):
            return f"could not verify: {printable(excinfo.value.reason)}."
        return super().repr_failure(excinfo)


def failure_text(planned: PlannedTest, error: ClaimFalse, line: str) -> str:
    """Return the lines that a person reads when a claim is false; `line` runs the test again."""
    assert planned.check is not None
    rows = {
        "claim": planned.check.title,
        "expected": error.expected,
        "seen": error.seen,
        "where": f"{where_of(planned.resource)} ({planned.resource.name})" if planned.resource else "",
        "remedy": error.remedy or planned.check.remedy,
        "check": f"{planned.check.id}, severity {planned.severity}",
        "again": line,
    }
    return "\n".join(f"{name:<9} {printable(text)}" for name, text in rows.items() if text)
