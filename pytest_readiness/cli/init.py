"""`readiness init`: a first readiness.yaml, from what is there."""

from __future__ import annotations

import os
import shlex
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
_NO_URL = (
    "no address of the product was found: declare it under urls; "
    "readiness init --url https://shop.example.com --dry-run shows how"
)
_SHOWN = 8
"""Documents that are listed to choose from; the suites are listed besides."""
_INTERRUPTED = 130
"""Exit code of who breaks off, as of programs that a signal ends."""


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

    folder = (directory or Path.cwd()).absolute().resolve()
    if not folder.is_dir():
        raise CommandError(f"{folder} is not a folder; name the one that the product is in.")
    path = folder / FILE_NAME
    asks = not yes and sys.stdin.isatty() and sys.stdout.isatty()
    there = path.exists() or path.is_symlink()
    if not dry_run and there and not force:
        raise CommandError(f"{path} is there already; --dry-run shows what would be written, --force replaces it.")
    out = Output()
    try:
        if not dry_run:
            _say_where(folder, there=there, named=directory is not None or yes, asks=asks)
        found = _surveyed(out, folder, url or (), asks=asks)
        choice = _choice(out, found, folder, checklist, asks=asks)
        draft, refused = _draft(found, folder, choice, target, asks=asks)
        unread = (*found.skipped, *refused)
        taken = "" if asks or checklist else _taken(found, choice)
        if dry_run:
            out.text(draft.text())
            if taken:
                out.line(f"# {taken}")
            for each in unread:
                out.line(f"# Not read: {each.source}: {each.why}")
            return
        _summary(out, draft, unread)
        if taken:
            out.line(taken)
        if asks and not typer.confirm(f"{'Replace' if there else 'Write'} {path}?", default=not there):
            out.line("Nothing was written.")
            return
    except (typer.Abort, KeyboardInterrupt):
        typer.echo()
        raise CommandError("Nothing was written.", _INTERRUPTED) from None
    _write(path, draft.text())
    _next(out, path, draft, choice)


def _say_where(folder: Path, *, there: bool, named: bool, asks: bool) -> None:
    """Warn of a folder that is hardly meant: the home directory, and one that another readiness.yaml is for.

    Args:
        folder: the one that is looked at.
        there: whether it has its own readiness.yaml.
        named: whether the person has said that it is this one.
        asks: whether a person can be asked.
    """
    from pytest_readiness.config.loading import FILE_NAME, find_configuration

    # Without a home, which containers may lack, Path.home() raises.
    if folder == Path(os.path.expanduser("~")).resolve():  # noqa: PTH111
        typer.echo(f"{folder} is your home directory, and not a product's: go to the product's folder first.", err=True)
    other = None if there else find_configuration(folder.parent)
    if other is None:
        return
    told = f"{other} is there already, and would no longer be used in {folder}: a run takes the nearest {FILE_NAME}."
    if not named and not asks:
        raise CommandError(f"{told} Name the folder, as 'readiness init .', or say --yes, to write a second one.")
    typer.echo(told, err=True)
    if not named and not typer.confirm("Write a second one?", default=False):
        raise typer.Abort


def _surveyed(out: Output, folder: Path, urls: Sequence[str], *, asks: bool) -> Survey:
    from pytest_readiness.core.environment import environment
    from pytest_readiness.discover.surveying import survey

    addresses = [_address(each) for each in urls]
    if asks and not addresses:
        addresses = _asked_addresses()
    found = survey(folder, addresses, environment())
    if asks:
        _ask_hosts(out, found)
    return found


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
    question = "Which of them are servers of this product? (numbers; Enter: none)"
    while True:
        words = typer.prompt(question, default="", show_default=False).replace(",", " ").split()
        numbers = [_number(word, len(known)) for word in words]
        if all(numbers):
            break
        typer.echo(f"Write numbers from 1 to {len(known)}, with blanks between them.")
    found.take(ssh.chosen(known[number - 1]) for number in numbers)


def _number(text: str, most: int) -> int:
    """A number of a list, which begins at 1; 0 for anything else."""
    number = int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0
    return number if number <= most else 0


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
    every = choices(found)
    if not asks:
        return every[0]
    documents = [each for each in every if not each.suite]
    offered = [each for each in every if each not in documents[_SHOWN:]]
    out.line("Which checklist decides about a release?")
    out.table((), [(number, each.checklist, each.why) for number, each in enumerate(offered, 1)], indent=2)
    if others := len(every) - len(offered):
        out.line(f"Left out: {others} more documents with boxes; --checklist DOCUMENT takes any of them.", indent=2)
    while True:
        if number := _number(typer.prompt("Number", default="1").strip(), len(offered)):
            return offered[number - 1]
        typer.echo(f"Write a number from 1 to {len(offered)}.")


def _taken(found: Survey, choice: Choice) -> str:
    """Which checklist was taken unasked, and which others there are."""
    from pytest_readiness.cli.output import count

    others = sum(paper.path != choice.checklist for paper in found.papers)
    documents = f"{count(others, 'other document')} with boxes or " if others else ""
    return f"The checklist is {choice.checklist}; --checklist takes {documents}one of 'readiness suites'."


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
    hints = [*found.hints]
    if set(names) == {LOCAL}:
        hints.append(Hint(_ELSEWHERE, "targets"))
    if not any(each.section == "urls" for each in good):
        hints.append(Hint(_NO_URL, "urls"))
    draft = Draft(
        checklist=choice.checklist,
        why=f"{choice.why}; see: readiness suites {choice.suite}" if choice.suite and choice.why else choice.why,
        roles=roles(choice, folder),
        found=good,
        hints=hints,
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


def _summary(out: Output, draft: Draft, skipped: Sequence[Skipped]) -> None:
    from pytest_readiness.discover.found import EVERY

    found, called = draft.found, {EVERY: "all", **dict(draft.names)}
    rows = [(called.get(each.target, each.target), each.section, each.name, each.source) for each in found]
    if rows:
        out.table(("target", "section", "name", "from"), rows)
    else:
        out.line("Nothing was found that a target could declare.")
    if not any(each.section == "urls" for each in found):
        out.line(f"{_NO_URL[:1].upper()}{_NO_URL[1:]}.")
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
    # Each in a line of its own, so that it can be copied.
    steps = [] if path.parent == Path.cwd().resolve() else [(shlex.join(["cd", str(path.parent)]), "")]
    document, target = path.parent / choice.checklist, ["--target", name]
    if not choice.suite and not bindings_path(document).exists():
        bind = ["readiness", "bind", choice.checklist, *target]
        steps.append((shlex.join(bind), "propose what answers each item"))
        confirm = "confirm it by single keys: what is only proposed counts for nothing"
        steps.append((shlex.join([*bind, "--review"]), confirm))
    steps.append((shlex.join(["readiness", "plan", *target]), "what a run would look at; nothing is contacted"))
    steps += [
        (f"export {variable}='...'", f"not set here; a run needs it, or its entry taken out: {told}")
        for variable, told in _unset(draft, name)
    ]
    steps.append((shlex.join(["pytest", f"--readiness-target={name}"]), "the first run"))
    for line, what in steps:
        out.line(line, indent=2)
        if what:
            out.line(what, indent=6)


def _unset(draft: Draft, target: str) -> list[tuple[str, str]]:
    """The variables of a target that are not set, and what is known of them."""
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
