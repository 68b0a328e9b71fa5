"""The tests as JUnit XML, valid by the schema of Jenkins' xUnit plugin (junit-10.xsd)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from xml.etree import ElementTree as Xml

from pytest_readiness.core.redact import printable
from pytest_readiness.report.phrases import decision, name_of, part_of, seen, version, waived_by, zulu
from pytest_readiness.verdict.items import LeafRecord, SectionRecord
from pytest_readiness.verdict.judging import shown
from pytest_readiness.verdict.outcome import Outcome, Report
from pytest_readiness.verdict.result import TestResult

# What XML 1.0 cannot hold, not even escaped.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
OTHERS = "other tests"
"""Name of the suite of tests that answer no item."""


def junit(outcome: Outcome) -> str:
    """Return a suite for each checklist, and one for tests that answer no item.

    A test is named after its item and its resource, its class after checklist and section. Failed is a failure, could
    not verify an error; unverified, waived and not applicable are skipped. The schema allows a test no properties, so
    that they are in its output, in the form [[PROPERTY|name=value]] that several readers know.
    """
    root = Xml.Element("testsuites", name=f"production readiness of {_clean(outcome.provenance.target)}")
    names = dict.fromkeys(section.checklist for section in outcome.verdict.sections)
    answering: set[str] = set()
    suites = []
    for name in names:
        sections = [section for section in outcome.verdict.sections if section.checklist == name]
        triples = [(section, item, result) for section in sections for item in section.leaves for result in item.tests]
        answering.update(result.test for _, _, result in triples)
        suites.append(_suite(name, [_case(*triple) for triple in triples], outcome))
    others = [report for report in outcome.reports if report.test not in answering]
    if others:
        suites.append(_suite(OTHERS, _other_cases(others), outcome))
    _total(root, [case for suite in suites for case in suite.iter("testcase")])
    root.extend(suites)
    Xml.indent(root, " ")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{Xml.tostring(root, encoding="unicode")}\n'


def _suite(name: str, cases: Iterable[Xml.Element], outcome: Outcome) -> Xml.Element:
    provenance = outcome.provenance
    suite = Xml.Element("testsuite", name=_clean(name))
    found = list(cases)
    _total(suite, found)
    suite.set("skipped", str(sum(case.find("skipped") is not None for case in found)))
    suite.set("timestamp", zulu(provenance.started).removesuffix("Z"))
    suite.set("hostname", _clean(provenance.runner))
    properties = Xml.SubElement(suite, "properties")
    values = {
        "readiness.target": provenance.target,
        "readiness.release": provenance.release,
        "readiness.commit": provenance.commit,
        "readiness.verdict": decision(outcome),
        "readiness.score": shown(outcome.verdict.score),
        "readiness.reasons": "; ".join(outcome.verdict.reasons),
        "readiness.part": part_of(outcome),
        "readiness.exit_code": str(outcome.exit_code),
        "readiness.version": version(outcome),
    }
    for key, value in values.items():
        Xml.SubElement(properties, "property", name=key, value=_clean(value))
    suite.extend(found)
    return suite


def _total(suite: Xml.Element, cases: list[Xml.Element]) -> None:
    suite.set("tests", str(len(cases)))
    for name, child in (("failures", "failure"), ("errors", "error")):
        suite.set(name, str(sum(case.find(child) is not None for case in cases)))
    suite.set("time", f"{sum(float(case.attrib['time']) for case in cases):.3f}")


def _case(section: SectionRecord, item: LeafRecord, result: TestResult) -> Xml.Element:
    name = name_of(result, item)
    resource = f"[{result.resource}]" if result.resource and f"[{result.resource}" not in name else ""
    classname = f"{section.checklist}.{section.id}"
    case = _empty(f"{name}{resource}", classname, result.seconds)
    told = f"{seen(result)}{f' ({result.warning})' if result.warning else ''}"
    if result.state == "failed":
        remedy = f"\nremedy: {result.remedy}" if result.remedy else ""
        _outcome(case, "failure", result.state, told, f"{item.text}\n{told}{remedy}")
    elif result.state == "error":
        _outcome(case, "error", "could not verify", told, f"{item.text}\n{told}")
    elif result.state != "passed":
        _outcome(case, "skipped", result.state, f"{result.state}: {told}")
    _properties(case, section, item, result)
    return case


def _properties(case: Xml.Element, section: SectionRecord, item: LeafRecord, result: TestResult) -> None:
    waiver = item.waiver
    values = {
        "readiness.id": item.id,
        "readiness.item": item.text,
        "readiness.section": section.title or section.id,
        "readiness.severity": item.severity,
        "readiness.target": result.target,
        "readiness.status": result.state,
        "readiness.check": result.check,
        "readiness.resource": result.resource,
        "readiness.resource_kind": result.resource_kind,
        "readiness.expected": result.expected,
        "readiness.measured": result.evidence,
        "readiness.warning": result.warning,
        "readiness.waiver": waived_by(item),
        "readiness.waiver.expires": str(waiver.expires) if waiver is not None else "",
        "readiness.signoff.by": ", ".join(signature.by for signature in result.signatures),
    }
    Xml.SubElement(case, "system-out").text = _written(values)


def _written(values: Mapping[str, str]) -> str:
    """The properties, a line each; no value can pass for another one, or for an attachment."""
    lines = [f"[[PROPERTY|{name}={_clean(value).replace('[[', '[ [')}]]" for name, value in values.items() if value]
    return "\n".join(lines)


def _other_cases(reports: Iterable[Report]) -> Iterator[Xml.Element]:
    """Tests that answer no item; of several reports about one the first that did not pass."""
    told: dict[str, list[Report]] = {}
    for report in reports:
        told.setdefault(report.nodeid, []).append(report)
    for nodeid, about in told.items():
        report = next((each for each in about if each.outcome != "passed"), about[0])
        path, _, name = nodeid.partition("::")
        case = _empty(name or nodeid, path, sum(each.seconds for each in about))
        last = report.text.strip().rpartition("\n")[2]
        if report.outcome == "failed":
            _outcome(case, "failure" if report.when == "call" else "error", report.when, last, report.text)
        elif report.outcome == "skipped":
            _outcome(case, "skipped", "skipped" if report.xfail is None else "expected to fail", report.xfail or last)
        yield case


def _empty(name: str, classname: str, seconds: float) -> Xml.Element:
    return Xml.Element("testcase", name=_clean(name), classname=_clean(classname), time=f"{max(seconds, 0):.3f}")


def _outcome(case: Xml.Element, tag: str, kind: str, message: str, text: str = "") -> None:
    child = Xml.SubElement(case, tag, type=kind, message=_clean(message))
    child.text = "\n".join(map(_clean, text.split("\n"))) or None


def _clean(text: str) -> str:
    return printable(_NOT_XML.sub("", text))
