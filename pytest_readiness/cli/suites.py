"""`readiness suites`: the checklists that ship, and how to begin with one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pytest_readiness.cli.problems import CommandError, chosen

if TYPE_CHECKING:
    from pytest_readiness.cli.output import Output
    from pytest_readiness.plan.suites import ShippedSuite, Way

_TARGET = "prod"
"""The target of every suite's example."""


def command(
    name: Annotated[str, typer.Argument(help="One suite (default: all of them).")] = "",
    target: Annotated[
        bool, typer.Option("--target", help="Print its example of a readiness.yaml, to start from.")
    ] = False,
    original: Annotated[
        Path | None,
        typer.Option(
            "--for", metavar="FILE", help="Write the bindings of the document that the suite was made of, beside it."
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="With --for: replace bindings that are there.")] = False,
    claims: Annotated[
        bool, typer.Option("--claims", help="List the claims that no check proves yet, which bindings name as missing.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="The same as JSON.")] = False,
) -> None:
    """List the checklists that ship, with how their items are answered, or show one of them.

    By checks: a program sees all that the item says. In part: it sees a part, and a person signs the rest. By people: a
    person signs it. Missing: it waits for a check, and is unverified until then.

    \b
    readiness suites
    readiness suites starter
    readiness suites starter --target > readiness.yaml
    readiness suites --claims
    """
    from pytest_readiness.cli.output import Output
    from pytest_readiness.config.suites import suite_names, target_path

    if name:
        chosen("suite", name, suite_names())
    asked = [option for option, given in (("--target", target), ("--for", original), ("--claims", claims)) if given]
    if len(asked) > 1:
        raise CommandError(f"{asked[0]} and {asked[1]} are two questions; ask one at a time.")
    if asked and asked[0] != "--claims" and not name:
        raise CommandError(f"Which suite? Write: readiness suites NAME {asked[0]}. Known: {', '.join(suite_names())}.")
    if force and not original:
        raise CommandError("--force lets --for replace bindings that are there; it does nothing by itself.")
    out = Output()
    if target:
        out.text(target_path(name).read_text("utf-8"))
        return
    from pytest_readiness.plan.suites import read_suite

    suites = [read_suite(each) for each in ([name] if name else suite_names())]
    if original:
        _write_for(out, suites[0], original, force)
    elif claims:
        _claims(out, suites, json, every=not name)
    elif json:
        data = [_as_data(suite) for suite in suites]
        out.json(data[0] if name else data)
    elif name:
        _one(out, suites[0])
    else:
        _all(out, suites)


def _as_data(suite: ShippedSuite) -> dict[str, Any]:
    from pytest_readiness.plan.suites import WAYS, total

    def numbers(counts: Counter[Way]) -> dict[str, int]:
        return {"items": counts.total(), **{way: counts[way] for way in WAYS}}

    figures = suite.figures()
    titles = {section.id: section.title for section in suite.checklist.sections}
    return {
        "name": suite.name,
        "title": suite.checklist.title,
        "purpose": " ".join(suite.purpose.split()),
        **numbers(total(figures.values())),
        "sections": [{"id": id, "title": titles[id], **numbers(counts)} for id, counts in figures.items()],
    }


def _figures(out: Output, heading: str, rows: Sequence[tuple[str, Counter[Way]]]) -> None:
    """A table of figures with their sum; a way in which nothing is answered has no column."""
    from pytest_readiness.plan.suites import WAYS, total

    every = [*rows, ("all", total(counts for _, counts in rows))]
    used = [way for way in WAYS if every[-1][1][way]]
    out.table(
        (heading, "items", *used),
        [(name, counts.total(), *(counts[way] for way in used)) for name, counts in every],
    )


def _all(out: Output, suites: Sequence[ShippedSuite]) -> None:
    from pytest_readiness.plan.suites import total

    _figures(out, "suite", [(suite.name, total(suite.figures().values())) for suite in suites])


def _one(out: Output, suite: ShippedSuite) -> None:
    out.line(suite.checklist.title, style="bold")
    out.paragraphs(suite.purpose)
    out.line()
    _figures(out, "section", list(suite.figures().items()))
    out.heading("To begin")
    out.table(
        (),
        [
            (f"readiness suites {suite.name} --target > readiness.yaml", "fill in what your target is"),
            (f"readiness plan --target {_TARGET}", "what would be looked at, and what would not"),
            (f"pytest --readiness-target={_TARGET} --readiness-report=readiness.html", "run it"),
        ],
        indent=2,
    )


def _claims(out: Output, suites: Sequence[ShippedSuite], json: bool, *, every: bool) -> None:
    """The claims for which a suite waits, or every one that has no check yet."""
    from pytest_readiness.plan.coming import COMING

    missing = sum((suite.missing() for suite in suites), Counter[str]())
    ids = [id for id in COMING if id in missing or every]
    if json:
        out.json([{"id": id, "claim": COMING[id], "items": missing[id]} for id in ids])
    elif not ids:
        out.line("No check is missing.")
    else:
        out.table(("claim", "items", "what it will prove"), [(id, missing[id], COMING[id]) for id in ids])


def _write_for(out: Output, suite: ShippedSuite, original: Path, force: bool) -> None:
    from pytest_readiness.checklist.model import ChecklistError
    from pytest_readiness.checklist.reading import read_checklist
    from pytest_readiness.cli.output import count
    from pytest_readiness.plan.binding import bindings_path
    from pytest_readiness.plan.originals import OriginalError, follow

    try:
        document = read_checklist(original)
        followed = follow(suite, document)
    except ChecklistError as error:
        raise CommandError(str(error.problem)) from None
    except OriginalError as error:
        raise CommandError(str(error)) from None
    path = bindings_path(original)
    if path.exists() and not force:
        raise CommandError(f"{path} is there already; --force replaces it.")
    try:
        path.write_text(followed.text, "utf-8")
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error.strerror}.") from None
    out.line(f"{path}: {count(followed.items, 'item')} of {original.name} bound as in the suite {suite.name}.")
    for reason, entries in followed.left_out.items():
        out.heading(f"{reason} ({len(entries)})")
        out.table((), [(f"{original.name}:{line}", what) for line, what in entries], indent=2)
