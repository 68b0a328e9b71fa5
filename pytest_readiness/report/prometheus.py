"""The verdict as metrics, in the text format of Prometheus (https://prometheus.io/docs/instrumenting/exposition_formats/)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from pytest_readiness.core.redact import printable
from pytest_readiness.core.registry import SEVERITIES
from pytest_readiness.report.phrases import is_go, version
from pytest_readiness.verdict.outcome import Outcome
from pytest_readiness.verdict.result import STATES

Sample = tuple[Mapping[str, str], float | None]


def metrics(outcome: Outcome) -> str:
    """Return the metrics; a score that there is not has no sample."""
    verdict, provenance = outcome.verdict, outcome.provenance
    target = {"target": provenance.target}
    info = {
        "release": provenance.release,
        "commit": provenance.commit,
        "version": version(outcome),
        "replayed_from": provenance.replayed_from,
        "shard": verdict.shard,
    }
    counts = [(item.severity, item.state) for item in verdict.items]
    families: list[tuple[str, str, Iterable[Sample]]] = [
        ("readiness_go", "1 where a whole run looked, ended well and says GO, else 0.", [(target, is_go(outcome))]),
        ("readiness_score", "Weighted share of items that passed, 0 to 100.", [(target, verdict.score)]),
        (
            "readiness_part",
            "1 where less was looked at than readiness.yaml declares, else 0.",
            [(target, outcome.verdict.partial)],
        ),
        (
            "readiness_items",
            "Number of items by severity and state.",
            [
                ({**target, "severity": severity, "state": state}, counts.count((severity, state)))
                for severity in SEVERITIES
                for state in STATES
            ],
        ),
        ("readiness_items_selected", "Number of items of this run.", [(target, verdict.selected)]),
        ("readiness_items_known", "Number of items of its checklists.", [(target, verdict.total)]),
        (
            "readiness_section_score",
            "Score of a section, 0 to 100.",
            [
                ({**target, "checklist": section.checklist, "section": section.id}, section.score)
                for section in verdict.sections
            ],
        ),
        ("readiness_exit_code", "Exit code of the run.", [(target, outcome.exit_code)]),
        ("readiness_run_timestamp_seconds", "When the run ended.", [(target, _seconds(provenance.finished))]),
        ("readiness_run_duration_seconds", "How long the run took.", [(target, provenance.seconds)]),
        ("readiness_info", "What the run was about; always 1.", [({**target, **info}, 1)]),
    ]
    return "".join(_family(name, text, samples) for name, text, samples in families)


def _family(name: str, text: str, samples: Iterable[Sample]) -> str:
    lines = [f"{name}{{{_labels(labels)}}} {_number(value)}\n" for labels, value in samples if value is not None]
    return "".join([f"# HELP {name} {text}\n# TYPE {name} gauge\n", *lines]) if lines else ""


def _labels(labels: Mapping[str, str]) -> str:
    return ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items())


def _escaped(value: str) -> str:
    return printable(value).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _seconds(moment: str) -> float | None:
    return datetime.fromisoformat(moment).timestamp() if moment else None


def _number(value: float) -> str:
    return repr(float(value)).removesuffix(".0")
