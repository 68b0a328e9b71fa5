"""The report: pytest-html's self-contained page, with the verdict on top and columns for what was seen."""

from __future__ import annotations

import html
from collections.abc import Iterable
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from pytest_readiness.redact import printable
from pytest_readiness.result import STATES, State, from_properties
from pytest_readiness.verdict import ItemVerdict, headline, replay_notice, shown

if TYPE_CHECKING:
    from pytest_readiness.outcome import Outcome
    from pytest_readiness.provenance import Provenance
    from pytest_readiness.redact import Redactor


class Source(Protocol):
    """What a page is made from: a run that goes on, or one that was read from its result file.

    Attributes:
        outcome: what was found, once that is known.
        provenance: where it comes from.
        redact: hides secrets.
    """

    outcome: Outcome | None
    provenance: Provenance
    redact: Redactor

    def titles(self) -> dict[str, tuple[str, str]]:
        """Section and text of each item, by full id."""


_FOLDER = resources.files(__package__)
_TEST_COLUMN = 1
COLUMNS = ("section", "item", "severity", "resource", "evidence")


class HtmlReport:
    """Feeds pytest-html through its hooks."""

    def __init__(self, config: pytest.Config, source: Source, path: Path) -> None:
        self.source = source
        config.option.htmlpath = str(config.invocation_params.dir / path)
        config.option.self_contained_html = True
        config.option.css = [*config.option.css, str(_FOLDER / "report.css")]
        self._items = source.titles()

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_report_title(self, report: Any) -> None:
        """Name the page after the target."""
        replay = " (replay)" if self.source.provenance.replayed_from else ""
        report.title = f"Production readiness of {self.source.provenance.target}{replay}"

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_results_table_header(self, cells: list[str]) -> None:
        """Put our columns where the test's name stands."""
        cells[_TEST_COLUMN : _TEST_COLUMN + 1] = [
            f'<th class="sortable" data-column-type="{name}">{name.capitalize()}</th>' for name in COLUMNS
        ]

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_results_table_row(self, report: pytest.TestReport, cells: list[str]) -> None:
        """Fill our columns; a test that answers no item keeps its name in the item's column."""
        if not cells:
            return
        result = from_properties(getattr(report, "user_properties", ()))
        values = dict.fromkeys(COLUMNS, "")
        values["item"] = report.nodeid
        if result is not None:
            values["section"], values["item"] = self._items[result.item]
            expected = f"expected {result.expected}; seen: " if result.expected else ""
            values["severity"] = result.severity
            values["resource"] = result.resource
            values["evidence"] = f"{expected}{result.evidence}{f' ({result.warning})' if result.warning else ''}"
        cells[_TEST_COLUMN : _TEST_COLUMN + 1] = [
            f'<td class="col-{name}">{self._safe(value)}</td>' for name, value in values.items()
        ]

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_results_table_html(self, report: pytest.TestReport, data: list[str]) -> None:
        """Unfold a row to the evidence, and what to do."""
        result = from_properties(getattr(report, "user_properties", ()))
        if result is None:
            return
        rows = {
            "item": result.item,
            "check": result.check,
            "expected": result.expected,
            "seen": result.evidence,
            "note": result.warning,
            "remedy": result.remedy,
            "node": report.nodeid,
        }
        data[:0] = [f"{name:<9} {self._safe(value)}" for name, value in rows.items() if value]

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_results_summary(self, prefix: list[str]) -> None:
        """Put the verdict on top."""
        outcome = self.source.outcome
        if outcome is not None and (outcome.verdict.items or outcome.shard):
            prefix.append(self.source.redact(render(outcome)))

    def _safe(self, text: str) -> str:
        return html.escape(self.source.redact(printable(text)))


def render(outcome: Outcome) -> str:
    """Return the verdict block as HTML; every text in it is escaped."""
    from jinja2 import Environment

    from pytest_readiness.history import course_lines

    verdict, provenance, course = outcome.verdict, outcome.provenance, outcome.course
    environment = Environment(autoescape=True, finalize=_finalized)
    template = environment.from_string((_FOLDER / "verdict.html.jinja").read_text("utf-8"))
    return template.render(
        verdict=verdict,
        provenance=provenance,
        headline=headline(verdict, provenance.replayed_from),
        notice=replay_notice(provenance.replayed_from),
        course=course_lines(course) if course else [],
        flaky=course.flaky if course else (),
        since={each.item: each for each in course.open} if course else {},
        states=STATES,
        several=len(provenance.checklists) > 1,
        score=shown,
        class_of=lambda state: state.replace(" ", "-"),
        counted=_counted,
        summary=lambda items: ", ".join(f"{count} {state}" for state, count in _counted(items)),
        passed=lambda items: sum(item.state == "passed" for item in items),
        in_state=lambda state: [item for item in verdict.items if item.state == state],
        signed=lambda: [
            item
            for item in verdict.items
            if item.state == "passed" and any(result.check == "signoff" for result in item.results)
        ],
    )


def _finalized(value: object) -> object:
    return printable(value) if type(value) is str else value


def _counted(items: Iterable[ItemVerdict]) -> list[tuple[State, int]]:
    states = [item.state for item in items]
    order = ("passed", "waived", "unverified", "error", "failed", "not applicable")
    return [(state, states.count(state)) for state in order if state in states]
