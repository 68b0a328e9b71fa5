"""`readiness checks`: the catalogue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from pytest_readiness.cli.problems import CommandError, chosen
from pytest_readiness.cli.project import ConfigOption, load_extensions
from pytest_readiness.core.registry import CLASSES, SEVERITIES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_readiness.cli.output import Output
    from pytest_readiness.core.registry import Check

NOTHING = 1
"""Exit code where no check matches."""
_NEAR = 0.4
"""How near to the best match, as a share of its score, what words mean besides."""


def command(
    words: Annotated[
        list[str] | None,
        typer.Argument(help="Words of a checklist ('database backup'), or of an id, a claim or a source."),
    ] = None,
    domain: Annotated[str, typer.Option(metavar="NAME", help="Only this domain, such as tls.")] = "",
    severity: Annotated[str, typer.Option(metavar="NAME", help=f"Only this severity: {', '.join(SEVERITIES)}.")] = "",
    check_class: Annotated[
        str, typer.Option("--class", metavar="NAME", help=f"Only this class: {', '.join(CLASSES)}.")
    ] = "",
    kind: Annotated[str, typer.Option(metavar="NAME", help="Only checks of this kind of resource, such as url.")] = "",
    config: ConfigOption = None,
    json: Annotated[bool, typer.Option("--json", help="Everything known about each, as JSON.")] = False,
) -> None:
    """List the checks that bindings can use.

    Without words or options, all of them: those that ship, those of packs that are installed, and those of the
    extensions of this project. With words, those that they mean, the nearest first, as 'readiness bind' would propose
    them; and claims that have no check yet, first where one of those is the nearest. Exit code 1: no check matches.

    \b
    readiness checks
    readiness checks session cookies
    readiness checks certificate --severity high
    readiness checks --kind postgres --json
    """
    from pytest_readiness.cli.describe import as_data
    from pytest_readiness.cli.output import Output
    from pytest_readiness.core.domains import load_catalogue, origin
    from pytest_readiness.core.resources import KINDS, SECTIONS, word
    from pytest_readiness.plan.coming import COMING

    load_extensions(config)
    catalogue = load_catalogue()
    kinds = {word(fixture): fixture for fixture in KINDS}
    for what, name, known in (
        ("domain", domain, {_domain(id) for id in (*catalogue, *COMING)}),
        ("severity", severity, SEVERITIES),
        ("class", check_class, CLASSES),
        ("kind of resource", kind, kinds),
    ):
        if name:
            chosen(what, name, known)
    looked_at: set[str] = set()
    if kind:
        model = KINDS[kinds[kind]]
        # The fixture for all variants of a section: what looks at any of them.
        models = model.models().values() if SECTIONS[model.section] is model else (model,)
        looked_at = {each for one in models for each in one.kinds()}
    found = [
        check
        for _, check in sorted(catalogue.items())
        if domain in ("", check.domain)
        and severity in ("", check.severity)
        and check_class in ("", check.check_class)
        and (not kind or check.kind in looked_at)
    ]
    coming = [id for id in sorted(COMING) if domain == _domain(id)]
    coming_first = not found
    if words:
        ids = meant(" ".join(words), found)
        coming = [id for id in ids if id not in catalogue and domain in ("", _domain(id))]
        coming_first = bool(ids) and ids[0] in coming
        found = [catalogue[id] for id in ids if id in catalogue]
    out = Output()
    if coming and coming_first and not json:
        _write_coming(out, coming)
    if not found:
        raise CommandError(f"None of the {len(catalogue)} checks matches.", NOTHING)
    if json:
        out.json([as_data(check) for check in found])
        return
    if coming and coming_first:
        out.heading("Checks")
    # A column more where something does not ship.
    named = any(map(origin, found))
    rows = [
        (
            *(check.id, check.severity, check.check_class, word(check.kind) if check.kind else "–"),
            *([origin(check) or "–"] if named else []),
            check.title,
        )
        for check in found
    ]
    out.table(("check", "severity", "class", "looks at", *(["from"] if named else []), "claim"), rows)
    if coming and not coming_first:
        _write_coming(out, coming)


def meant(text: str, checks: Sequence[Check]) -> list[str]:
    """The ids of the checks and of the claims to come that words mean, the nearest first; or of the one that they name.

    Behind them are those of a domain that is called so, and the checks whose texts have the words as they stand.
    """
    from pytest_readiness.bind.matching import Statement, matches
    from pytest_readiness.plan.coming import COMING

    known = {check.id: check for check in checks}
    if text in known or text in COMING:
        return [text]
    found = matches(Statement(text))
    near = max((match.score for match in found), default=0.0) * _NEAR
    ids = [match.id for match in found if match.score >= near and (match.id in known or match.id in COMING)]
    said = text.casefold()
    having = [each.id for each in checks if said in f"{each.id} {each.title} {each.remedy} {each.source}".casefold()]
    return list(dict.fromkeys([*ids, *(id for id in sorted({*known, *COMING}) if text == _domain(id)), *having]))


def _domain(id: str) -> str:
    return id.partition(".")[0]


def _write_coming(out: Output, ids: Sequence[str]) -> None:
    from pytest_readiness.plan.coming import COMING

    out.heading("No check yet")
    out.table((), [(id, COMING[id]) for id in ids], indent=2)
