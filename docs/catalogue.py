"""Write the catalogue, the pages of all checks and facts that ship, to docs/catalogue/: `make catalogue`."""

from __future__ import annotations

import html
import inspect
import re
import typing
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import is_dataclass
from pathlib import Path

from pytest_readiness.cli import describe
from pytest_readiness.core.domains import load_catalogue, ships
from pytest_readiness.core.registry import CHECKS, FACTS, Check, Fact
from pytest_readiness.core.resources import KINDS, word

FOLDER = Path(__file__).parent / "catalogue"
MADE = "<!-- Made by `make catalogue` from the checks and facts themselves; what is changed here is lost. -->"


def domains() -> dict[str, list[Check]]:
    """The checks that ship by domain, both in alphabetical order."""
    load_catalogue()
    found: dict[str, list[Check]] = {}
    for check in _checks():
        found.setdefault(check.domain, []).append(check)
    return dict(sorted(found.items()))


def _checks() -> list[Check]:
    return [check for _, check in sorted(CHECKS.items()) if ships(check.judge)]


def page_of_checks(domain: str, checks: list[Check]) -> str:
    """The page of one domain."""
    parts = [f"# {domain}", f"{len(checks)} checks. Run the items that they answer with `-m {domain}`."]
    for check in checks:
        facts = [name for name in check.fixtures if name in FACTS]
        rows = {
            "Severity": check.severity,
            "Class": check.check_class,
            "Looks at": word(check.kind) if check.kind else "no resource",
            "Facts": ", ".join(f"[`{name}`](facts.md#{name})" for name in facts) or "none",
            "Source": inline(check.source) or "–",
            "If it is false": inline(check.remedy),
        }
        parts += [f"## `{check.id}`", f"**{inline(check.title)}**"]
        parts.append(inline(describe.prose(check)))
        parts.append(_list(rows.items()))
        if parameters := describe.parameters(check):
            lines = ["| parameter | type | default | |", "| --- | --- | --- | --- |"]
            for each in parameters:
                default = "required" if each.required else f"`{describe.shown(each.default)}`"
                cells = (f"`{each.name}`", inline(each.type), default, inline(each.description))
                lines.append(f"| {' | '.join(map(cell, cells))} |")
            parts.append("\n".join(lines))
    return "\n\n".join(filter(None, parts)) + "\n"


def page_of_all(found: dict[str, list[Check]]) -> str:
    """The first page of the catalogue: every check in one line."""
    count = sum(len(checks) for checks in found.values())
    parts = [
        "# Catalogue",
        f"{count} checks in {len(found)} domains, and the [facts](facts.md) that they judge. "
        "[Bindings](../bindings.md) say which of them answer an item.",
    ]
    for domain, checks in found.items():
        parts.append(f"## [{domain}]({domain}.md)")
        lines = ["| check | severity | looks at | claim |", "| --- | --- | --- | --- |"]
        lines += [
            f"| [`{check.id}`]({domain}.md#{anchor(check.id)}) | {check.severity} "
            f"| {word(check.kind) if check.kind else '–'} | {cell(inline(check.title))} |"
            for check in checks
        ]
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


def page_of_facts() -> str:
    """The page of all facts, by kind of resource."""
    parts = [
        "# Facts",
        "A fact is read once for each resource, by whichever tests need it, and is a fixture of the same name for "
        "[tests of your own](../own-tests.md). A dead resource costs one timeout.",
    ]
    for kind in sorted(KINDS, key=word):
        facts = [fact for _, fact in sorted(FACTS.items()) if fact.kind == kind and ships(fact.read)]
        if facts:
            parts.append(f"## {word(kind).capitalize()}")
        for fact in facts:
            doc = (inspect.getdoc(fact.read) or "").partition("\nArgs:\n")[0].partition("\nRaises:\n")[0]
            parts += [f"### `{fact.name}`", inline(doc)]
            parts.append(_list(_facets(fact)))
            parts.append(_record(fact))
    return "\n\n".join(filter(None, parts)) + "\n"


def _facets(fact: Fact) -> Iterator[tuple[str, str]]:
    yield "Given up after", f"{fact.deadline:g} s"
    if fact.needs:
        yield "Builds on", ", ".join(f"[`{name}`](#{name})" for name in fact.needs)
    if fact.extra:
        yield "Needs", f"the extra `{fact.extra}`"
    if fact.asking == "ask":
        yield "Asked", "one question at a time; the fixture maps each question to its answer"
    elif fact.asking == "asks":
        yield "Asked", "everything that the selected checks ask, at once"
    if fact.exclusive:
        yield "Alone", "nothing else reads what is at the same place meanwhile"
    if fact.heavy:
        yield "Heavy", "it keeps a processor busy"
    used = [check for check in _checks() if fact.name in check.fixtures]
    if used:
        links = (f"[`{check.id}`]({check.domain}.md#{anchor(check.id)})" for check in used)
        yield "Judged by", ", ".join(links)


def _record(fact: Fact) -> str:
    returned = typing.get_type_hints(fact.read)["return"]
    for record in (returned, *typing.get_args(returned)):
        if is_dataclass(record) and isinstance(record, type):
            attributes = describe.entries((inspect.getdoc(record) or "").partition("\nAttributes:\n")[2])
            fields = ((f"`{name}`", inline(text)) for name, text in attributes.items())
            return f"Its record, `{record.__name__}`, has\n\n{_list(fields)}" if attributes else ""
    return ""


def _list(entries: Iterable[tuple[str, str]]) -> str:
    return "\n".join(f"- {name}: {text}" for name, text in entries)


def anchor(id: str) -> str:
    """What MkDocs and forges make of such a heading."""
    return id.replace(".", "")


def inline(text: str) -> str:
    """Text of a docstring as Markdown: what stands between backticks is code, and nothing else is markup."""
    parts = text.split("`")
    for index, part in enumerate(parts):
        code = index % 2 and index < len(parts) - 1
        parts[index] = f"`{part}`" if code else re.sub(r"([*_\[\]|])", r"\\\1", html.escape(part, quote=False))
    return "".join(parts)


def cell(text: str) -> str:
    return re.sub(r"(?<!\\)\|", r"\\|", " ".join(text.split()))


def pages() -> dict[str, str]:
    """The pages of the catalogue by name, in the order of the navigation."""
    found = domains()
    made = {"index": page_of_all(found)}
    made |= {domain: page_of_checks(domain, checks) for domain, checks in found.items()}
    made |= {"facts": page_of_facts()}
    return {name: f"{MADE}\n\n{text}" for name, text in made.items()}


def write_pages(folder: Path, made: Mapping[str, str]) -> None:
    """Write pages by name into a folder, and remove what else it has."""
    folder.mkdir(exist_ok=True)
    for path in folder.glob("*.md"):
        path.unlink()
    for name, text in made.items():
        (folder / f"{name}.md").write_text(text, "utf-8")


if __name__ == "__main__":
    write_pages(FOLDER, pages())
