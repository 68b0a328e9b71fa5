"""Keeps secrets and terminal control out of what pytest itself writes of a run.

That is its terminal, live logs, log file, reports (and so what reads them: JUnit, HTML, xdist), assertions, and the
ids of parametrized tests. What a test prints while pytest does not capture it (`-s`) is not covered.
"""

from __future__ import annotations

import copy
import logging
import re
import warnings
from collections.abc import Generator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TextIO
from xml.etree import ElementTree as Xml

import pytest

from pytest_readiness.core.redact import MASK, Redactor, printable, printable_lines

COMPARED = 1000
"""Characters of a comparison that holds a secret."""

# Colours, and the progress that some terminals show in their title.
_OURS = re.compile(r"(\x1b\[[\d;]*m|\x1b\]9;4;[\d;]*\x1b\\|[\r\n\t])")


class Hiding:
    """Hides secrets and control characters, in the process that controls the run and in xdist's workers."""

    def __init__(self, config: pytest.Config, redact: Redactor) -> None:
        self.config = config
        self.redact = redact
        self.is_worker = hasattr(config, "workerinput")
        tracer = config.trace.root
        if (write := tracer._writer) is not None:
            tracer.setwriter(lambda text: write(self._without_lines(text)))

    def clean(self, text: str) -> str:
        """Return a text of several lines that may be shown."""
        return self.redact(printable_lines(self.redact(text)))

    def _without_lines(self, text: str) -> str:
        """Return what --debug writes of each hook, without the lines in which it may have cut a secret in pieces."""
        if self.redact(text) == text:
            return text
        lines = text.splitlines(keepends=True)
        return "".join(line if self.redact(line) == line else f"{MASK}\n" for line in lines)

    def clean_all(self, value: Any) -> Any:
        """Return plain data with every text in it clean."""
        if isinstance(value, str):
            return self.clean(value)
        if isinstance(value, Mapping):
            return {self.clean(str(key)): self.clean_all(child) for key, child in value.items()}
        if isinstance(value, list | tuple):
            return [self.clean_all(child) for child in value]
        return value

    def hide(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        """Clean everything in a report."""
        longrepr: Any = report.longrepr
        if isinstance(longrepr, tuple):
            path, line, reason = longrepr
            report.longrepr = path, line, self.clean(reason)
        elif longrepr is not None:
            crash = getattr(getattr(longrepr, "reprcrash", None), "message", "")
            text = str(longrepr)
            # Where there is nothing to hide it stays what it is, and keeps its colours.
            if (hidden := self.clean(text)) != text or self.clean(crash) != crash:
                report.longrepr = hidden
        report.sections = [(name, self.clean(content)) for name, content in report.sections]
        if isinstance(reason := getattr(report, "wasxfail", None), str):
            report.wasxfail = self.clean(reason)  # type: ignore[union-attr]
        for extra in getattr(report, "extras", ()):
            if isinstance(extra, dict):
                extra.update(self.redact.deep(extra))

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Come between pytest and the terminal, and between logging and where it writes."""
        reporter: Any = session.config.pluginmanager.getplugin("terminalreporter")
        if reporter is not None:
            reporter._tw._file = _Terminal(reporter._tw._file, self.redact)
        logs = session.config.pluginmanager.getplugin("logging-plugin")
        for name in ("log_cli_handler", "log_file_handler"):
            handler: logging.Handler | None = getattr(logs, name, None)
            if handler is not None:
                handler.setFormatter(_Formatter(handler.formatter or logging.Formatter(), self))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_make_collect_report(self) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        """Clean the report of a file that could not be collected."""
        report = yield
        self.hide(report)
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_warning_recorded(self, warning_message: warnings.WarningMessage) -> None:
        """Clean a warning before anyone shows it."""
        text = str(warning_message.message)
        if (hidden := self.clean(text)) != text:
            warning_message.message = hidden

    @pytest.hookimpl(tryfirst=True)
    def pytest_make_parametrize_id(self, val: object) -> str | None:
        """Keep a secret out of a test's id, which is in every output, and in pytest's cache."""
        return self.redact(val) if isinstance(val, str) and self.redact(val) != val else None

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> Generator[None, None, None]:
        """Keep a secret out of an id that a test was given by name, too."""
        yield
        taken = {call.id for call in metafunc._calls}
        for number, call in enumerate(metafunc._calls):
            ids = [self.redact(each) for each in call._idlist]
            if ids != list(call._idlist):
                if "-".join(ids) in taken:
                    ids[-1] += str(number)
                taken.add("-".join(ids))
                metafunc._calls[number] = replace(call, _idlist=ids)

    @pytest.hookimpl(tryfirst=True)
    def pytest_assertrepr_compare(self, op: str, left: object, right: object) -> list[str] | None:
        """Compare without pytest's differences, which show parts of what is compared."""
        try:
            text = f"{left!r} {op} {right!r}"
        except Exception:  # noqa: BLE001  (an object that cannot be shown shows no secret either)
            return None
        hidden = self.redact(text)
        return [printable(hidden)[:COMPARED]] if hidden != text else None

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self) -> Generator[None, None, None]:
        """Clean pytest's own JUnit file, into which fixtures such as record_xml_attribute write past all reports."""
        yield
        path = getattr(self.config.option, "xmlpath", None)
        if path is None or self.is_worker:
            return
        file = Path(self.config.invocation_params.dir, path).expanduser()
        if file.is_file() and self.redact(text := file.read_text("utf-8")) != text:
            self._clean_xml(file)

    def _clean_xml(self, file: Path) -> None:
        tree = Xml.parse(file)  # noqa: S314  (pytest has just written it)
        for element in tree.iter():
            element.text, element.tail = (text and self.redact(text) for text in (element.text, element.tail))
            for name, value in element.attrib.items():
                element.set(name, self.redact(value))
        tree.write(file, "utf-8", xml_declaration=True)


class _Terminal:
    """What pytest's terminal writer writes to."""

    def __init__(self, file: TextIO, redact: Redactor) -> None:
        self._file = file
        self._redact = redact

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def write(self, text: str) -> int:
        shown = _shown(self._redact(text))
        # pytest would write the line ends of a text as escapes, too, where one character cannot be written.
        encoding = self._file.encoding or "utf-8"
        return self._file.write(shown.encode(encoding, "backslashreplace").decode(encoding))


def _shown(text: str) -> str:
    """The text without control characters other than pytest's own."""
    if text.isprintable():
        return text
    return "".join(part if number % 2 else printable(part) for number, part in enumerate(_OURS.split(text)))


class _Formatter(logging.Formatter):
    """Formats what has nothing left to hide; the colours that are added to it stay."""

    def __init__(self, inner: logging.Formatter, hiding: Hiding) -> None:
        super().__init__()
        self._inner = inner
        self._clean = hiding.clean
        self._redact = hiding.redact

    def format(self, record: logging.LogRecord) -> str:
        made = copy.copy(record)
        made.name = self._clean(record.name)
        made.msg, made.args = self._clean(record.getMessage()), ()
        if record.exc_info:
            made.exc_text = self._clean(self._inner.formatException(record.exc_info))
        elif record.exc_text:
            made.exc_text = self._clean(record.exc_text)
        if record.stack_info:
            made.stack_info = self._clean(record.stack_info)
        return self._redact(self._inner.format(made))
