"""`readiness init`: a first readiness.yaml, from what is there."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pytest_readiness.cli.problems import CommandError

if TYPE_CHECKING:
    from pytest_readiness.cli.output import Output
    from pytest_readiness.discover.choosing import Choice
    from pytest_readiness.discover.found import Discovered, Skipped, Survey
    from pytest_readiness.discover.writing import Draft

_ELSEWHERE = (
    "what runs on this machine is not what customers use: add a target for that, such as "
    "prod: {urls: {shop: https://shop.example.com}}"
)
_SHOWN = 12
"""Choices that are listed."""


def command(
    directory: Annotated[Path | None, typer.Argument(help="Folder to look at (default: this one).")] = None,
    url: Annotated[
        list[str] | None,
        typer.Option(metavar="URL", help="Address of the product, which is asked a few things; repeatable."),
    ] = None,
    checklist: Annotated[
        str, typer.Option(metavar="DOCUMENT", help="The team's document in Markdown, or suite:NAME (default: asks).")
    ] = "",
    target: Annotated[
        str, typer.Option(metavar="NAME", help="Name of the target that is looked at first (default: asks).")
    ] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the file, and write nothing.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a readiness.yaml that is there; asks first.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing, and take what is likeliest.")] = False,
) -> None:
    """Write a first readiness.yaml from what is in a folder.

    It looks at Compose files, Dockerfiles, env files (names, never values), Kubernetes manifests, inventories,
    documents, Git, running containers and the environment. Over the network, only the addresses are asked that you
    give.

    \b
    readiness init
    readiness init --url https://shop.example.com --dry-run
    """
    from pytest_readiness.cli.output import Output
    from pytest_readiness.config.loading import FILE_NAME
    from pytest_readiness.core.environment import environment
    from pytest_readiness.discover.surveying import survey

    folder = (directory or Path.cwd()).absolute().resolve()
    if not folder.is_dir():
        raise CommandError(f"{folder} is not a folder; name the one that the product is in.")
    path = folder / FILE_NAME
    asks = not yes and sys.stdin.isatty() and sys.stdout.isatty()
    there = path.exists() or path.is_symlink()
    if not dry_run and there and not force:
        raise CommandError(f"{path} is there already; --dry-run shows what would be written, --force replaces it.")
    out = Output()
    addresses = [_address(each) for each in url or ()]
    if asks and not addresses:
        addresses = _asked_addresses()
    found = survey(folder, addresses, environment())
    if asks:
        _ask_hosts(out, found)
    choice = _choice(out, found, folder, checklist, asks=asks)
    draft, refused = _draft(found, folder, choice, target, asks=asks)
    if dry_run:
        out.text(draft.text())
        for each in (*found.skipped, *refused):
            out.line(f"# Not read: {each.source}: {each.why}")
        return
    _summary(out, draft.found, (*found.skipped, *refused))
    if asks and not typer.confirm(f"{'Replace' if there else 'Write'} {path}?", default=not there):
        out.line("Nothing was written.")
        return
    _write(path, draft.text())
    _next(out, path, draft, choice)


def _address(text: str) -> str:
    from pytest_readiness.discover.address import address

    try:
        return address(text)
    except ValueError as error:
        raise CommandError(str(error)) from None


def _asked_addresses() -> list[str]:
    while True:
        text = typer.prompt(
            "Address of the running product, to be looked at (Enter: none)", default="", show_default=False
        )
        if not text.strip():
            return []
        try:
            return [_address(text)]
        except CommandError as error:
            typer.echo(str(error))


def _ask_hosts(out: Output, found: Survey) -> None:
    """Let the person say which hosts of the own ssh configuration are the product's; others stay unnamed."""
    from pytest_readiness.discover import ssh

    known = ssh.own(Path.home())
    if not known or any(each.section == "hosts" for each in found.found):
        return
    out.line("Hosts in your ssh configuration:")
    out.table((), [(number, alias.name) for number, alias in enumerate(known, 1)], indent=2)
    answer = typer.prompt(
        "Which of them are servers of this product? (numbers; Enter: none)", default="", show_default=False
    )
    numbers = [int(word) for word in answer.replace(",", " ").split() if word.isdecimal()]
    found.take(ssh.chosen(known[number - 1]) for number in numbers if 0 < number <= len(known))


def _choice(out: Output, found: Survey, folder: Path, checklist: str, *, asks: bool) -> Choice:
    from pytest_readiness.config.suites import PREFIX, suite_path
    from pytest_readiness.discover.choosing import Choice, choices

    if checklist:
        if checklist.startswith(PREFIX):
            try:
                suite_path(checklist.removeprefix(PREFIX))
            except ValueError as error:
                raise CommandError(f"{str(error)[:1].upper()}{str(error)[1:]}") from None
            return Choice(checklist, "as you said")
        path = (Path.cwd() / checklist).resolve()
        if not path.is_file():
            raise CommandError(f"There is no document {path}; name one in Markdown, or suite:NAME.")
        return Choice(str(path.relative_to(folder) if path.is_relative_to(folder) else path), "as you said")
    offered = choices(found)[:_SHOWN]
    if not asks:
        return offered[0]
    out.line("Which checklist decides about a release?")
    out.table((), [(number, each.checklist, each.why) for number, each in enumerate(offered, 1)], indent=2)
    return offered[_number("Number", len(offered)) - 1]


def _number(question: str, most: int) -> int:
    while True:
        number: int = typer.prompt(question, default=1, type=int)
        if 0 < number <= most:
            return number
        typer.echo(f"Write a number from 1 to {most}.")


def _draft(found: Survey, folder: Path, choice: Choice, target: str, *, asks: bool) -> tuple[Draft, list[Skipped]]:
    from pytest_readiness.discover.choosing import asks_for, roles
    from pytest_readiness.discover.found import LOCAL, Hint
    from pytest_readiness.discover.merging import merged, targets
    from pytest_readiness.discover.writing import Draft, kept, problems

    taken = [each for each in found.found if (each.section, each.fields.get("path")) != ("documents", choice.checklist)]
    good, refused = kept(merged(taken), folder)
    names = targets(good) or ("prod",)
    if asks and not target:
        target = typer.prompt(f"Name of the target{_of(names[0], good)}", default=names[0])
    if target in names:
        # It is looked at first, and keeps its name.
        good.sort(key=lambda each: each.target != target)
        target = ""
    draft = Draft(
        checklist=choice.checklist,
        why=f"{choice.why}; see: readiness suites {choice.suite}" if choice.suite and choice.why else choice.why,
        roles=roles(choice, folder),
        found=good,
        hints=[*found.hints, *([Hint(_ELSEWHERE, "targets")] if set(names) == {LOCAL} else [])],
        people=found.people,
        required=found.names[0].names if found.names and asks_for(choice, "required_variables") else (),
        names=((names[0], target),) if target else (),
        described=((LOCAL, "what runs on this machine"),),
    )
    if faults := problems(draft, folder):
        raise CommandError("\n".join(f"Nothing was written. {fault}" for fault in faults))
    return draft, refused


def _of(target: str, found: Sequence[Discovered]) -> str:
    """Where the resources of a target are, for the question how it is called."""
    from pytest_readiness.discover.found import LOCAL

    return " that runs on this machine" if target == LOCAL and any(each.target == LOCAL for each in found) else ""


def _summary(out: Output, found: Sequence[Discovered], skipped: Sequence[Skipped]) -> None:
    from pytest_readiness.discover.found import EVERY

    rows = [(each.target if each.target != EVERY else "all", each.section, each.name, each.source) for each in found]
    if rows:
        out.table(("target", "section", "name", "from"), rows)
    else:
        out.line("Nothing was found that a target could declare.")
    if skipped:
        out.heading("Not read")
        for each in skipped:
            out.line(f"{each.source}: {each.why}", indent=2)


def _write(path: Path, text: str) -> None:
    from pytest_readiness.core.files import write_atomically

    try:
        write_atomically(path, text)
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error.strerror}.") from None


def _next(out: Output, path: Path, draft: Draft, choice: Choice) -> None:
    from pytest_readiness.plan.binding import bindings_path

    out.line()
    out.line(f"{path} is written. Look it over: 'fill in' stands where only you know.")
    out.heading("Next")
    name = draft.targets[0]
    steps = []
    document = path.parent / choice.checklist
    if not choice.suite and not bindings_path(document).exists():
        bind = f"readiness bind {choice.checklist} --target {name}"
        steps.append((bind, "propose what answers each item"))
        steps.append((f"{bind} --review", "confirm it by single keys: what is only proposed counts for nothing"))
    steps += [
        (f"readiness plan --target {name}", "what a run would look at; nothing is contacted"),
        (f"pytest --readiness-target={name}", "the first run"),
    ]
    for line, what in steps:
        # Each in a line of its own, so that it can be copied.
        out.line(line, indent=2)
        out.line(what, indent=6)
    if unset := _unset(draft, name):
        out.heading("A run needs these variables, which are not set here: export them, or take their entries out")
        out.table((), unset, indent=2)


def _unset(draft: Draft, target: str) -> list[tuple[str, str]]:
    """The variables of a target that are not set, and what is known of them."""
    import os
    import re

    old = {new: old for old, new in draft.names}.get(target, target)
    found = {
        name: each.fill_in
        for each in reversed(draft.found)
        if each.target in (old, "")
        for value in each.fields.values()
        for name in re.findall(r"^\$\{(\w+)\}$", str(value))
    }
    return [(name, told) for name, told in sorted(found.items()) if not os.environ.get(name)]
