"""Judging tests: a checklist's by facts and sign-offs, and what pytest's report of any test says about its item."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Generator, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from pytest_readiness.core import clock
from pytest_readiness.core.evidence import (
    MAX_ATTACHMENT,
    Attachment,
    ClaimFalse,
    CouldNotVerify,
    Evidence,
    NotDeclared,
    flaw,
)
from pytest_readiness.core.redact import printable
from pytest_readiness.core.registry import FACTS, TARGET
from pytest_readiness.people.decisions import Circumstances, judge_signoffs
from pytest_readiness.plan.plan import PlannedTest
from pytest_readiness.report.terminal import wait
from pytest_readiness.run.findings import EVIDENCE, TRIES, broken, fields_of, planned_for, unverified
from pytest_readiness.run.hiding import Hiding
from pytest_readiness.run.nodes import ChecklistTest
from pytest_readiness.run.state import Run
from pytest_readiness.verdict.result import TestResult, carry

PROPERTIES = pytest.StashKey[list[tuple[str, object]]]()
"""The `user_properties` that carry an item's result: whatever else a report has is to be cleaned."""


class Judging:
    """The plugin that judges tests."""

    def __init__(self, run: Run, hiding: Hiding) -> None:
        self._run = run
        self._hiding = hiding
        self._begun: set[str] = set()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Wait for what the test reads, saying so on a terminal."""
        if isinstance(item, ChecklistTest) and item.direct and not self._run.settings.collect_only:
            resource = item.planned.resource
            if self._run.settings.is_worker and resource is not None and resource.key not in self._begun:
                self._begun.add(resource.key)
                self._run.gather(item.session.items, only=resource.key)
            item.readings = self._run.readings(item)
            self._wait(item)
        return (yield)

    def _wait(self, item: ChecklistTest) -> None:
        readings = [each for readings in item.readings.values() for each in readings]
        reporter: pytest.TerminalReporter | None = item.config.pluginmanager.getplugin("terminalreporter")
        verbosity = item.config.get_verbosity()
        live = getattr(reporter, "isatty", False) and verbosity >= 0
        wait(self._run.gatherer, readings, reporter if verbosity >= -1 else None, live=live)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Count the tries of a test."""
        item.stash[TRIES] = item.stash.get(TRIES, 0) + 1

    @pytest.hookimpl(tryfirst=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> bool | None:
        """Judge the claim of a checklist's test."""
        if not isinstance(pyfuncitem, ChecklistTest):
            if inspect.isroutine(pyfuncitem.obj) and not inspect.iscoroutinefunction(pyfuncitem.obj):
                pyfuncitem.obj = _heeding(pyfuncitem.obj)
            return None
        pyfuncitem.stash[EVIDENCE] = self.judged(pyfuncitem)
        return True

    def judged(self, item: ChecklistTest) -> Evidence:
        """Return the evidence of a checklist's test.

        Raises:
            ClaimFalse: the claim is false.
            CouldNotVerify: it could not be looked at.
            pytest.skip.Exception: nothing was to be looked at.
        """
        test = item.planned
        if test.settled is not None:
            state, reason, *_ = test.settled
            raise pytest.skip.Exception(f"{state}: {printable(reason)}", _use_item_location=True)
        if test.signoff is not None:
            return self._signed(test)
        assert test.check is not None
        arguments = {name: item.funcargs[name] for name in item._fixtureinfo.argnames}
        try:
            for name in item.direct:
                arguments[name] = self._argument(item, name, test.parameters)
            evidence = test.check.judge(**arguments, **test.parameters)
            if test.warn is not None and isinstance(evidence, Evidence):
                arguments |= {name: self._argument(item, name, test.warn) for name in item.direct}
                evidence = _warned(test, arguments, evidence)
        except NotDeclared as missing:
            raise unverified(str(missing), "not declared", str(missing)) from None
        if wrong := flaw(evidence):
            raise CouldNotVerify(broken(wrong))
        if not isinstance(evidence, Evidence) or not evidence.text.strip():
            raise CouldNotVerify(f"the check {test.check.id} returned no evidence; that is a defect of the check")
        return evidence

    def _argument(self, item: ChecklistTest, name: str, parameters: Mapping[str, Any]) -> Any:
        check, resource = item.planned.check, item.planned.resource
        if name == TARGET:
            return self._run.plan.configuration.target
        if name not in FACTS:
            return resource
        assert check is not None
        assert resource is not None
        read = self._run.gatherer.given(name, resource, item.readings[name])
        return check.argument(name, read, resource, parameters)

    def _signed(self, test: PlannedTest) -> Evidence:
        assert test.signoff is not None
        decisions = self._run.plan.decisions
        evidence, refusal = judge_signoffs(
            test.signoff,
            decisions.signoffs.get(test.full_item, ()),
            decisions.asked.get(test.full_item, ()),
            Circumstances(
                people=self._run.plan.configuration.roles,
                folder=decisions.folder,
                release=self._run.settings.release or None,
                today=clock.now().date(),
                papers=self._run.plan.papers,
            ),
        )
        if evidence is None:
            raise unverified(refusal, "unsigned")
        return evidence

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Keep what was found, as plain data; hide secrets; tell what could not be seen from what is false."""
        if call.excinfo is not None and (wrong := flaw(call.excinfo.value)):
            # Nothing could be told of it; and pytest would end the whole run where the report of one test breaks.
            whole = CouldNotVerify(broken(wrong)).with_traceback(call.excinfo.tb)
            call.excinfo = pytest.ExceptionInfo.from_exception(whole)
        report = yield
        error = call.excinfo.value if call.excinfo is not None else None
        if error is not None and report.passed:
            # A plugin that lets a test pass whatever it found, until it is mended, does not make the claim true.
            report.outcome = "failed"
            report.longrepr = report.longrepr or item.repr_failure(pytest.ExceptionInfo.from_exception(error))
        unseen = isinstance(item, ChecklistTest) and not isinstance(error, (ClaimFalse, pytest.skip.Exception))
        if error is not None and (unseen or isinstance(error, CouldNotVerify)):
            if report.when == "call" and report.failed:
                # pytest tells an error from a failure by the phase; what could not be looked at did not fail.
                report.when = "setup"
            if isinstance(error, CouldNotVerify):
                report.longrepr = f"could not verify: {printable(error.reason)}."
        self._hiding.hide(report)
        if report.user_properties and report.user_properties != item.stash.get(PROPERTIES, None):
            clean = self._hiding.clean_all
            report.user_properties = [(clean(name), clean(value)) for name, value in report.user_properties]
        if report.when != "teardown" and (report.when == "call" or not report.passed):
            result = self.keep(item, call, report, error)
            if result is not None:
                self._run.kept = report, result
        return report

    def keep(
        self,
        item: pytest.Item,
        call: pytest.CallInfo[None],
        report: pytest.TestReport,
        error: BaseException | None,
    ) -> TestResult | None:
        """Return the result of a test of an item, and let its report carry it; None for any other test."""
        test = planned_for(item)
        if test is None:
            return None
        # A test reports more than once where it has subtests or is run again.
        earlier = item.stash.get(PROPERTIES, [])
        for carried in (item.user_properties, report.user_properties):
            carried[:] = [each for each in carried if each not in earlier]
        fields = fields_of(item, test, report, error, call)
        if attachments := fields.get("attachments"):
            fields["attachments"] = tuple(map(self._clean_attachment, attachments))
        result = TestResult.cleaned(self._run.clean, **fields)
        properties = item.stash[PROPERTIES] = carry(report, result)
        item.user_properties += properties
        return result

    def _clean_attachment(self, attachment: Attachment) -> Attachment:
        data = attachment.data
        with suppress(UnicodeDecodeError):
            errors = "replace" if attachment.media_type.startswith("text/") else "strict"
            # A mask may be longer than what it hides.
            data = self._run.redact(data.decode("utf-8", errors)).encode()[:MAX_ATTACHMENT]
        return replace(attachment, name=self._run.clean(attachment.name), data=data)


def _heeding(function: Callable[..., object]) -> Callable[..., object]:
    """A test of the team's that fails where it returns False, of which pytest takes no notice but for a warning."""

    @functools.wraps(function)
    def heeded(*args: object, **kwargs: object) -> object:
        returned = function(*args, **kwargs)
        if returned is False:
            pytest.fail("the test returned False, and asserts nothing by that: write 'assert' in place of 'return'.")
        return returned

    return heeded


def _warned(test: PlannedTest, arguments: Mapping[str, Any], evidence: Evidence) -> Evidence:
    """Judge again with the stricter parameters; what does not hold with them is a warning."""
    assert test.check is not None
    assert test.warn is not None
    try:
        test.check.judge(**arguments, **test.warn)
    except ClaimFalse as false:
        warning = f"expected {false.expected}; seen: {false.seen}"
        return replace(evidence, warning="; ".join(filter(None, (evidence.warning, warning))))
    return evidence
