"""`readiness bind`: what may answer the items of a document, written as proposals into its bindings."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pytest_readiness.cli import project
from pytest_readiness.cli.problems import CommandError
from pytest_readiness.cli.project import ConfigOption

if TYPE_CHECKING:
    from pytest_readiness.bind.file import BindingsFile, BoundEntry
    from pytest_readiness.bind.proposal import Proposal
    from pytest_readiness.bind.updating import Update
    from pytest_readiness.checklist.model import Checklist
    from pytest_readiness.cli.output import Output
    from pytest_readiness.config.target import Configuration, Target
    from pytest_readiness.core.problems import Problem

DRIFTED = 1
"""Exit code of `--check` where document and bindings are not in step."""
_UNSAID = "; it was not kept until now"
_NARROW = 80
"""Columns of what is no terminal."""


def command(
    documents: Annotated[list[str], typer.Argument(metavar="CHECKLIST", help="The document, in Markdown.")],
    target: Annotated[
        str, typer.Option("--target", metavar="NAME", help="Target of readiness.yaml that says what is there.")
    ] = "",
    config: ConfigOption = None,
    again: Annotated[
        bool, typer.Option("--again", help="Propose anew what nobody has confirmed or changed, too.")
    ] = False,
    prune: Annotated[
        bool, typer.Option("--prune", help="Take out entries whose item is not in the document any more.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what would change as a diff, and write nothing.")
    ] = False,
    check: Annotated[
        bool,
        typer.Option(
            "--check", help="Write nothing; exit code 1 if document and bindings are not in step, 4 on mistakes."
        ),
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print what is proposed as JSON, and write nothing.")] = False,
    review: Annotated[
        bool, typer.Option("--review", help="Go through what is proposed and confirm it, by single keys.")
    ] = False,
) -> None:
    """Propose what answers the items of a document, and write it into its bindings.

    A proposal is no binding: its item stays unverified until a person confirms it. What is bound stays as it is.
    Nothing is contacted.

    \b
    readiness bind release.md --target prod
    readiness bind release.md --dry-run
    readiness bind release.md --check
    readiness bind release.md --target prod --review
    """
    from pytest_readiness.bind.file import BindingsFile
    from pytest_readiness.bind.updating import update
    from pytest_readiness.cli.output import Output
    from pytest_readiness.core.problems import ProblemsError

    given_ways = (("--json", json), ("--check", check), ("--dry-run", dry_run), ("--review", review))
    ways = [name for name, given in given_ways if given]
    ways += [name for name, given in (("--again", again), ("--prune", prune)) if given and (json or check)]
    if len(ways) > 1:
        raise CommandError(f"{ways[0]} and {ways[1]} do not go together; ask for one of them.")
    if review:
        from pytest_readiness.cli.terminal import need_terminal

        need_terminal()
    # What is loaded stays to the end, so time would be lost on looking for what could be freed of it.
    gc.disable()
    try:
        work = _work(documents, target, config)
    finally:
        gc.enable()
    file = BindingsFile.read(work.checklist)
    out = Output(work.configuration.secrets if work.configuration else ())
    if json:
        from pytest_readiness.bind.mistakes import refused
        from pytest_readiness.cli.bind_json import listing

        out.json(listing(work.checklist, work.proposals, file, refused(file, work.mistakes(file))))
        return
    done = update(file, work.proposals, again=again, prune=prune)
    if check:
        drift = list(_drift(work, file, done))
        for line in drift:
            out.line(line)
        if wrong := work.mistakes(file):
            raise ProblemsError(wrong)
        if drift:
            raise SystemExit(DRIFTED)
        out.line(f"{file.path.name} is in step with {work.checklist.path.name}.{_still_proposed(file)}")
    elif dry_run:
        diff = file.diff()
        for line in diff.removesuffix("\n").split("\n") if diff else ():
            out.line(line)
        # The diff alone is what standard output hands on.
        beside = Output(work.configuration.secrets if work.configuration else (), beside=True)
        _report(beside, work, file, done, written=bool(diff), prune=prune, dry=True)
    elif review:
        from pytest_readiness.cli.bind_review import ReviewContext, review_in_terminal
        from pytest_readiness.core.domains import catalogue

        file.write()
        context = ReviewContext(work.checklist, work.proposals, catalogue(), work.configuration, work.chosen, target)
        review_in_terminal(context, out)
        _write_listed(out, file, "Taken as confirmed for what their items say now", _UNSAID, done.unsaid)
        if gone := len(done.vanished) + len(done.groups):
            out.line(f"Entries without an item to answer: {gone}. 'readiness bind {work.checklist.path}' lists them.")
    else:
        written = file.write()
        _report(out, work, file, done, written=written, prune=prune)


@dataclass(frozen=True)
class _Work:
    """What a document and its project say."""

    checklist: Checklist
    configuration: Configuration | None
    proposals: tuple[Proposal, ...]
    target: str

    @property
    def review(self) -> str:
        """The command by which what is proposed is confirmed."""
        return f"readiness bind {self.checklist.path}{f' --target {self.target}' if self.target else ''} --review"

    def mistakes(self, file: BindingsFile) -> tuple[Problem, ...]:
        """What a run would refuse of the bindings."""
        from pytest_readiness.bind.mistakes import mistakes

        return mistakes(file, self.configuration, self.chosen)

    @property
    def chosen(self) -> Target | None:
        """What is known of the target, where one is named."""
        return self.configuration.target if self.configuration and self.target else None


def _work(documents: Sequence[str], target: str, config: Path | None) -> _Work:
    from pytest_readiness.bind.memory import BoundBefore, of_suites, remembered
    from pytest_readiness.bind.proposing import propose
    from pytest_readiness.checklist.model import ChecklistError
    from pytest_readiness.checklist.reading import read_checklist
    from pytest_readiness.config.loading import find_configuration
    from pytest_readiness.core.problems import ProblemsError
    from pytest_readiness.plan.binding import misnamed_bindings

    path = _document(documents)
    # The target is needed only where one is named; a team may not have one yet.
    found = config or find_configuration(Path.cwd())
    configuration = project.configuration(found, target) if found or target else None
    try:
        checklist = read_checklist(path)
    except ChecklistError as error:
        raise CommandError(str(error.problem)) from None
    if problem := misnamed_bindings(path):
        raise ProblemsError([problem])
    memory = [*of_suites()]
    for other in configuration.checklists if configuration else ():
        # What is wrong with another document is told when that one is bound.
        with suppress(ProblemsError, ChecklistError):
            memory += [] if other.resolve() == path.resolve() else remembered(other)
    proposals = propose(checklist, configuration.target if configuration and target else None, BoundBefore(memory))
    return _Work(checklist, configuration, proposals, target)


def _document(documents: Sequence[str]) -> Path:
    from pytest_readiness.config.suites import PREFIX, is_suite

    if len(documents) > 1:
        raise CommandError(f"One document at a time: readiness bind {documents[0]}")
    path = Path(documents[0])
    if documents[0].startswith(PREFIX) or is_suite(path.absolute()):
        raise CommandError(
            f"{documents[0]} comes with its bindings, so there is nothing to bind; 'readiness suites' shows how to use "
            "it."
        )
    return path


def _drift(work: _Work, file: BindingsFile, done: Update) -> Iterator[str]:
    """What is not in step, a line each, in the order of the document."""
    document, bindings = work.checklist.path.name, file.path.name
    lines = {item.id: item.line for item in work.checklist.items()}
    without = (*done.added, *(each.item.id for each in done.unbound))
    for id in sorted(without, key=lines.__getitem__):
        yield f"{document}:{lines[id]}: {id} has no entry in {bindings}."
    for each in done.followed:
        yield f"{bindings}:{each.line}: {each.old} is {each.how}: {each.new} in {document}:{lines[each.new]}."
    for entry in done.vanished:
        yield f"{bindings}:{entry.line}: {entry.written} is not in {document}."
    for entry in done.unsaid:
        yield f"{bindings}:{entry.line}: {entry.written} is confirmed, but '.confirmed' lacks what its item said."
    for written in done.strays:
        yield f"{bindings}: {written} in '.confirmed' is no item that is bound."
    for entry in done.unclear:
        yield f"{bindings}:{entry.line}: {_unclear(file, entry)}"
    for entry in done.groups:
        yield f"{bindings}:{entry.line}: {entry.written} is a group by now; its items are to be bound."


def _unclear(file: BindingsFile, entry: BoundEntry) -> str:
    from pytest_readiness.plan.bindings import ambiguous

    return ambiguous(entry.written, file.names.items(entry.written))


def _named(file: BindingsFile, entry: BoundEntry) -> str:
    """An entry as it is written, with the items that it may be for where these are several."""
    return _unclear(file, entry) if len(file.names.items(entry.written)) > 1 else entry.written


def _waits(entry: BoundEntry) -> bool:
    """Whether an entry, or what it proposes, names claims that no check shows so far."""
    said = entry.data.get("proposed", entry.data) if isinstance(entry.data, dict) else entry.data
    return isinstance(said, dict) and "missing" in said


def _still_proposed(file: BindingsFile) -> str:
    from pytest_readiness.cli.output import count

    number = sum(entry.state == "proposed" for entry in file.entries().values())
    return f" {count(number, 'item')} {'is' if number == 1 else 'are'} proposed only." if number else ""


def _report(
    out: Output, work: _Work, file: BindingsFile, done: Update, *, written: bool, prune: bool, dry: bool = False
) -> None:
    from pytest_readiness.cli.output import count

    document = work.checklist.path
    out.line(f"{document}: {count(len(work.proposals), 'item')}", style="bold")
    out.table(("items", "level", "what it means"), list(_counts(work, file)), indent=2)
    if number := sum(map(_waits, file.entries().values())):
        waits, stays = ("waits", "stays") if number == 1 else ("wait", "stay")
        out.line(
            f"{count(number, 'item')} of them {waits} for a check that is still to come, and {stays} unverified until "
            "then, unless you choose a signature."
        )
    _write_unbound(out, done)
    _write_followed(out, work, done)
    taken = f"{'to be ' if dry else ''}taken out" if prune else f"left; taken out by: readiness bind {document} --prune"
    for heading, behind, entries in (
        ("Proposed anew", "", tuple(map(file.entries().__getitem__, done.refreshed))),
        ("Taken as confirmed for what their items say now", _UNSAID, done.unsaid),
        ("Proposed otherwise by now", ", and left, as a person has changed them", done.kept),
        ("Groups by now", "; bind their items, and take these out by hand", done.groups),
        ("For several items by now", ", so that nothing is proposed for these", done.unclear),
        ("Not in the document any more", f", {taken}", done.vanished),
    ):
        _write_listed(out, file, heading, behind, entries)
    if wrong := work.mistakes(file):
        out.heading(f"Mistakes ({len(wrong)}), which a run refuses; mend them by hand")
        for problem in wrong:
            out.line(str(problem), indent=2)
    if work.checklist.unread:
        out.heading("Not read")
        out.line(work.checklist.unread, indent=2)
    _write_end(out, work, file, done, written=written, dry=dry)


def _write_listed(out: Output, file: BindingsFile, heading: str, behind: str, entries: Sequence[BoundEntry]) -> None:
    if entries:
        out.heading(f"{heading} ({len(entries)}){behind}")
        out.table((), [(f"{file.path.name}:{each.line}", _named(file, each)) for each in entries], indent=2)


def _counts(work: _Work, file: BindingsFile) -> Iterator[tuple[int, str, str]]:
    """How many items are how far, and what that means."""
    from pytest_readiness.bind.proposal import LEVELS
    from pytest_readiness.bind.updating import is_signature

    entries = file.entries()
    meaning: dict[str, str] = {
        "confirmed": "bound by a person",
        **dict(zip(LEVELS, ("the words fit well", "the words fit", "read it before you take it"), strict=True)),
        "people": "a signature is proposed",
        "not applicable": "as the document says",
        "unbound": "nothing is proposed",
    }
    numbers = dict.fromkeys(meaning, 0)
    for each in work.proposals:
        entry = entries.get(each.item.id)
        if each.item.not_applicable is not None:
            way = "not applicable"
        elif entry is None:
            way = "unbound"
        elif entry.state == "confirmed":
            way = "confirmed"
        else:
            way = "people" if is_signature(entry) else each.level
        numbers[way] += 1
    return ((number, way, meaning[way]) for way, number in numbers.items() if number)


def _write_unbound(out: Output, done: Update) -> None:
    from pytest_readiness.bind.matching import Statement
    from pytest_readiness.core.text import cut

    if not done.unbound:
        return
    out.heading(f"Unbound ({len(done.unbound)}): bind them by hand, to a check or a sign-off")
    width = max(len(str(each.item.line)) for each in done.unbound)
    room = (out.console.width if out.console else _NARROW) - width - len("  line   ")
    for each in done.unbound:
        said = Statement(each.item.text)
        words = ", ".join(said.written(said.content))
        sought = cut(f"searched for {words}" if words else "it has no word to search for", room * 3 // 5)
        text = f"{cut(each.item.text, max(room - len(sought) - 3, 20))} ({sought})"
        out.line(f"line {each.item.line:>{width}}  {text}", indent=2)


def _write_followed(out: Output, work: _Work, done: Update) -> None:
    headings = {
        "renamed": "Renamed, in words that say the same ({})",
        "moved": "Moved, or below another heading ({}): what was bound is proposed, to be confirmed for the new place",
        "re-worded": "Re-worded ({}): what was bound is proposed, to be confirmed for the new words",
    }
    for how, heading in headings.items():
        if found := [each for each in done.followed if each.how == how]:
            out.heading(heading.format(len(found)))
            out.table((), [(each.old, f"-> {each.new}") for each in found], indent=2)
    if told := list(_decisions(work, [each.old for each in done.followed] + [each.written for each in done.vanished])):
        out.heading("Named by decisions of people, which a run refuses now; sign or waive anew, and take these out")
        out.table((), told, indent=2)


def _decisions(work: _Work, gone: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Sign-offs and waivers of items that have another id by now, or none."""
    from pytest_readiness.core.problems import ProblemsError
    from pytest_readiness.core.yamlfile import YamlList, YamlMap, read_yaml

    names = {*gone, *(f"{work.checklist.name}:{id}" for id in gone)}
    for key in ("signoffs", "waivers"):
        path: Path | None = getattr(work.configuration, key, None)
        if path is None or not names:
            continue
        with suppress(ProblemsError):
            entries = read_yaml(path, key).get(key)
            for entry in entries if isinstance(entries, YamlList) else ():
                if isinstance(entry, YamlMap) and entry.get("item") in names:
                    yield f"{path.name}:{entry.line}", str(entry["item"])


def _write_end(out: Output, work: _Work, file: BindingsFile, done: Update, *, written: bool, dry: bool) -> None:
    from pytest_readiness.bind.updating import roles_in
    from pytest_readiness.cli.output import count

    out.line()
    would = "would be " if dry else ""
    changes = [f"{count(len(done.added), 'item')} {would}added"] if done.added else []
    changes += [f"{len(done.refreshed)} {would}proposed anew"] if done.refreshed else []
    said = ", ".join(changes) or f"{would}changed"
    out.line(f"{file.path}: {said}." if written else f"{file.path}: nothing to write.")
    known = work.configuration.roles if work.configuration else {}
    if roles := [role for role in roles_in(file) if role not in known]:
        out.line(f"To be listed under 'roles' of readiness.yaml, with their people: {', '.join(roles)}.")
    if any(entry.state == "proposed" for entry in file.entries().values()):
        out.line("What is proposed counts for nothing until a person confirms it:")
        out.line(work.review, indent=2)
