"""The documents of the suites' world: each has the sections that a suite asks of its label, and text in each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pytest_readiness.core.yamlfile import read_yaml

SUITES = Path(__file__).parents[2] / "suites"
LABELS = (
    *("readme", "runbook", "deployment", "rollback", "recovery", "incidents", "security-incidents", "security-policy"),
    *("architecture", "changelog", "api", "user", "admin", "support", "faq", "troubleshooting", "contributing"),
    *("accessibility", "monitoring", "maintenance", "backup", "environment", "communication", "escalation", "privacy"),
    *("retention", "database", "objectives"),
)
TEXT = (
    "The operations team does this by the steps below, and tells the product owner when it is done. Whoever is on call "
    "begins within fifteen minutes, keeps a log in the team's channel, and hands over at eight in the morning. What "
    "did not go as described is written down on the same day, and this text is put right within the week after."
)


def asked_sections() -> dict[str, list[str]]:
    """The headings that the suites ask for, by label; "" for those asked of every document."""
    found: dict[str, list[str]] = {}
    for path in sorted(SUITES.glob("*.checks.yaml")):
        for binding in _bindings(read_yaml(path, "bindings")):
            for label in _listed(binding.get("on", "")):
                headings = [heading.partition("|")[0] for heading in binding.get("sections", [])]
                found.setdefault(label, []).extend(headings)
    return found


def _listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [str(value)]


def _bindings(value: Any, on: Any = "") -> Iterator[Mapping[str, Any]]:
    """Every mapping that binds docs.sections, with the `on` that holds for it."""
    if isinstance(value, list):
        for each in value:
            yield from _bindings(each, on)
    elif isinstance(value, Mapping):
        on = value.get("on", on)
        if value.get("check") == "docs.sections":
            yield {"on": on, **value}
        for each in value.values():
            yield from _bindings(each, on)


def write_documents(
    folder: Path, changes: Mapping[str, Mapping[str, str]], described: Mapping[str, Sequence[str]]
) -> dict[str, Path]:
    """Write each document, and return its path by label.

    Args:
        folder: for them; created.
        changes: text of a section by label and heading; of all sections by the heading "*".
        described: by label, the names that have a row each in a table; a change by the heading "-NAME" takes it out.
    """
    folder.mkdir()
    asked = asked_sections()
    paths = {}
    for label in LABELS:
        headings = dict.fromkeys(["Overview", *asked.get(label, []), *asked.get("", [])])
        other = changes.get(label, {})
        texts = {heading: other.get(heading, other.get("*", TEXT)) for heading in headings}
        title = label.replace("-", " ").capitalize()
        rows = [
            f"| `{name}` | what the product needs it for |"
            for name in described.get(label, ())
            if f"-{name}" not in other
        ]
        table = "\n".join(["| name | meaning |", "| --- | --- |", *rows, ""]) if rows else ""
        paths[label] = folder / f"{label}.md"
        paths[label].write_text(
            f"# {title}\n\n" + "".join(f"## {heading}\n\n{text}\n\n" for heading, text in texts.items()) + table
        )
    return paths
