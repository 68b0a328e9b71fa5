"""`readiness bind CHECKLIST.md --review`: what is proposed is confirmed in the terminal, by single keys."""

from __future__ import annotations

import re
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import typer

from pytest_readiness.bind.file import BindingsFile
from pytest_readiness.bind.mistakes import SOMEONE
from pytest_readiness.bind.proposal import Candidate, Proposal, Suggestion
from pytest_readiness.bind.review import LEAVE, Blank, Claim, Desk, Mode, Pasted, Review
from pytest_readiness.bind.reviewed import ReviewedFile, roles_of
from pytest_readiness.bind.values import parameters_for
from pytest_readiness.bind.words import all_words
from pytest_readiness.bind.writing import entry_lines, key_text, plain
from pytest_readiness.cli.checks import meant
from pytest_readiness.core.problems import ProblemsError
from pytest_readiness.core.registry import CHECKS, CLASSES
from pytest_readiness.core.text import what_broke
from pytest_readiness.core.yamlfile import parse_yaml
from pytest_readiness.plan.binding import Use, bindings_path
from pytest_readiness.plan.bindings import bindings_in
from pytest_readiness.plan.coming import COMING
from pytest_readiness.plan.resolution import BindingResolver

if TYPE_CHECKING:
    from pytest_readiness.checklist.model import Checklist, Item
    from pytest_readiness.cli.output import Output
    from pytest_readiness.config.target import Configuration, Target
    from pytest_readiness.core.registry import Check


@dataclass(frozen=True)
class ReviewContext:
    """What a review is about.

    Attributes:
        checklist: the document.
        proposals: what is proposed for its items.
        catalogue: all checks by id.
        configuration: readiness.yaml, where there is one.
        target: where checks would look, where that is named.
        target_name: its name; "" where none is named.
    """

    checklist: Checklist
    proposals: Sequence[Proposal]
    catalogue: Mapping[str, Check]
    configuration: Configuration | None
    target: Target | None
    target_name: str


def review_in_terminal(context: ReviewContext, out: Output) -> None:
    """Review what is proposed, and tell at the end what was decided and what is left.

    Raises:
        ProblemsError: the file of bindings cannot be read.
        typer.Exit: the terminal was closed, or the program was ended by a signal.
    """
    from pytest_readiness.cli.terminal import Terminal

    file = ReviewedFile(BindingsFile.read(context.checklist))
    review = Review(context.proposals, _desk(context, file))
    with Terminal() as terminal:
        if review.queue:
            _go_through(review, terminal, out)
    if terminal.gone or terminal.stopped not in (0, signal.SIGINT):
        raise typer.Exit(128 + (terminal.stopped or signal.SIGHUP))
    _tell(review, context, file.path, out)


def _go_through(review: Review, terminal: Any, out: Output) -> None:
    from pytest_readiness.cli.review_screen import LEAST, ReviewScreen, too_small
    from pytest_readiness.cli.terminal import RESIZED

    screen = ReviewScreen(out.clean)
    shown = (review.at, False)
    while not review.left:
        if review.mode is Mode.EDITOR:
            with terminal.away():
                written = _edited(review, out)
            review.edited(*written)
            continue
        if (at := (review.at, review.mode is Mode.END)) != shown:
            # What was pressed before an item was shown decides nothing about it.
            terminal.forget()
            shown = at
        small = any(has < least for has, least in zip(terminal.size, LEAST, strict=True))
        if not terminal.pending:
            terminal.show(too_small(*terminal.size) if small else screen.draw(review, *terminal.size))
        key: str | Pasted = terminal.read()
        # Nothing is decided of what cannot be read.
        if small and key != RESIZED:
            key = LEAVE if key in ("q", LEAVE) else RESIZED
        if key != RESIZED:
            review.press(key)


def _desk(context: ReviewContext, file: ReviewedFile) -> Desk:
    roles = context.configuration.roles if context.configuration else {}
    claims = _Claims(context)
    return Desk(
        file=file,
        claim=claims.of,
        search=lambda words, item: _search(context, words, item),
        mistakes=lambda item, value: _mistakes(context, item, value),
        parse=_parsed,
        roles=tuple(roles),
    )


class _Claims:
    """What a person reads of claims, each put together once."""

    def __init__(self, context: ReviewContext) -> None:
        self._context = context
        self._known: dict[str, Claim] = {}

    def of(self, id: str) -> Claim:
        if id not in self._known:
            self._known[id] = self._made(id)
        return self._known[id]

    def _made(self, id: str) -> Claim:
        from pytest_readiness.cli.describe import parameters

        # A claim to come is no reason to import all checks; one of a pack that has it is there already.
        check = CHECKS.get(id) if id in COMING else self._context.catalogue.get(id)
        if check is None:
            return Claim(COMING.get(id, ""), coming=True)
        words = all_words().get(id)
        told = words.parameters or {} if words else {}
        every = [
            Blank(
                each.name,
                each.description or each.type,
                several=each.type.startswith("list of"),
                long="mapping" in each.type,
                usual="" if each.required else each.usual,
            )
            for each in parameters(check)
        ]
        return Claim(
            check.title,
            where=self._where(check),
            needs=tuple(each for each in every if not each.usual),
            usual=tuple(each for each in every if each.usual and each.name in told),
        )

    def _where(self, check: Check) -> str:
        """On which resources of the target the check would look, or why on none."""
        target = self._context.target
        if target is None or check.kind is None:
            return ""
        allowed = frozenset((CLASSES[0], *target.policy.allow))
        wanted = BindingResolver(target, allowed).resolve(Use(check, {}, None, (), 0)).wanted
        if settled := wanted[0].settled:
            return settled.reason
        return f"looks at {', '.join(each.resource.name for each in wanted if each.resource)}"


def _search(context: ReviewContext, words: str, item: Item) -> tuple[Candidate, ...]:
    """Candidates for an item by words that are typed, as `readiness checks` finds them."""
    ids = meant(" ".join(words.split()), tuple(context.catalogue.values()))
    return tuple(_candidate(id, item, coming=id not in context.catalogue) for id in ids)


def _candidate(id: str, item: Item, *, coming: bool) -> Candidate:
    words = all_words().get(id)
    read = parameters_for(id, item, all_words())
    return Candidate(
        checks=(Suggestion(id, read.given, coming, read.not_read),),
        level="unsure",
        score=0.0,
        does_not_prove=words.does_not_prove if words else "",
        also=tuple(words.together_with) if words else (),
    )


def _mistakes(context: ReviewContext, item: str, value: Any) -> tuple[str, ...]:
    """What is wrong with a binding of an item, as a run would tell it; a role may be one that is still to be listed."""
    configuration = context.configuration
    section, _, slug = item.rpartition("/")
    path = bindings_path(context.checklist.path)
    roles = configuration.roles if configuration else {}
    try:
        bindings_in(
            parse_yaml(f"{key_text(section)}:\n{_as_entry(slug, value, 2)}", path, "bindings"),
            path,
            context.checklist,
            context.catalogue,
            {**dict.fromkeys(roles_of(value), SOMEONE), **roles},
            configuration.declared if configuration else {},
            configuration.levels if configuration else (),
            context.target,
            configuration.parameters if configuration else (),
        )
    except ProblemsError as error:
        return tuple(each.message for each in error.problems)
    return ()


def _parsed(text: str) -> Any:
    """A value as YAML means it; "NAME: value" needs no braces."""
    try:
        if re.match(r"[\w.-]+:\s", text):
            text = f"{{{text}}}"
        return parse_yaml(f"value: {text}", Path(), "value")["value"]
    except ProblemsError as error:
        raise ValueError(" ".join(each.message for each in error.problems)) from None


def _edited(review: Review, out: Output) -> tuple[str, Any, tuple[str, ...]]:
    """Let the person write the entry in an editor; the text, what it says, and what is wrong with it.

    An editor that is left without saving changes nothing.
    """
    item = review.proposal.item
    heads = [f"# {out.clean(line)}".rstrip() + "\n" for line in (item.text, *item.detail.splitlines())]
    entry = review.text or _as_entry(item.slug, review.draft)
    try:
        text = click.edit("".join(heads) + entry, extension=".yaml")
    except click.ClickException as error:
        return entry, None, (f"{error.message}. The variable EDITOR names the editor.",)
    except (OSError, ValueError) as error:
        return entry, None, (f"The editor could not be used: {what_broke(error)}.",)
    if text is None:
        return "", None, ()
    # What the item says stands there to be read only.
    written = "".join(line for line in text.splitlines(keepends=True) if line not in heads)
    try:
        root = parse_yaml(text, Path(), "entry")
    except ProblemsError as error:
        told = [f"Line {each.line}: {each.message}" if each.line else each.message for each in error.problems]
        return written, None, tuple(told)
    if list(root) != [item.slug]:
        return written, None, (f"The entry must have the one key '{item.slug}', with what answers the item.",)
    if root[item.slug] is None:
        return written, None, (f"'{item.slug}' must say what answers the item.",)
    return written, plain(root[item.slug]), ()


def _as_entry(slug: str, value: Any, indent: int = 0) -> str:
    """An entry as the file of bindings has it."""
    return "".join(f"{line}\n" for line in entry_lines(slug, value, indent, 2)[1])


def _is_as_read(checklist: Checklist) -> bool:
    """Whether a document says what it said when the review began."""
    try:
        return sha256(checklist.path.read_bytes()).hexdigest() == checklist.sha256
    except OSError:
        return False


def _tell(review: Review, context: ReviewContext, path: Path, out: Output) -> None:
    """Say what is confirmed, what is left, and how to go on."""
    from pytest_readiness.cli.output import count

    ways = review.ways()
    left = ways.pop("", 0)
    out.line(f"{path}: {ways.total()} of {count(ways.total() + left, 'item')} confirmed.", style="bold")
    out.pairs(ways.most_common(), indent=2)
    document, configuration = context.checklist.path, context.configuration
    if missing := review.new_roles:
        out.line(f"To be listed under 'roles' of readiness.yaml, with their people: {', '.join(missing)}.")
    name = context.target_name
    if not _is_as_read(context.checklist):
        out.line(f"{document} has changed since it was read. Before a run:")
        out.line(f"readiness bind {document}", indent=2)
    if left:
        out.line(f"{left} left, unverified until a person confirms them:")
        out.line(f"readiness bind {document}{f' --target {name}' if name else ''} --review", indent=2)
    out.line("What they come to:")
    name = name or "NAME"
    known = configuration.checklists if configuration else ()
    named = "" if document.resolve() in [each.resolve() for each in known] else f" {document}"
    out.line(f"readiness plan{named} --target {name}", indent=2)
    out.line(f"pytest --readiness-target={name}{named}", indent=2)
