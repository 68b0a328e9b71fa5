"""A person goes through what is proposed, by single keys; every decision is written before the next item is shown.

Nothing here knows a terminal: keys come in, and what is to be shown is read from a `Review`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from typing import Any

from pytest_readiness.bind.answers import binding_of, claims_in, proposed_binding, signed_by
from pytest_readiness.bind.proposal import LEVELS, PEOPLE, Candidate, Proposal, Suggestion
from pytest_readiness.bind.reviewed import ChangedSinceError, ReviewedFile, is_proposed, roles_of, way_of, with_source
from pytest_readiness.checklist.model import Item, groups_above
from pytest_readiness.core.problems import ProblemsError, nearest
from pytest_readiness.core.text import gives_no_reason

ENTER, ESCAPE, BACKSPACE, CLEAR, LEAVE = "enter", "escape", "backspace", "clear", "leave"
"""Keys that are no character, as `Review.press` takes them."""
SHOWN = 3
"""Candidates that are shown at a time, as keys take them."""
DIGITS = ("1", "2", "3")
LONGEST = 500
"""Characters of a line that is typed."""
GROUPS = (*LEVELS, PEOPLE)
"""What items are reviewed by, in this order."""


@dataclass(frozen=True, slots=True)
class Pasted:
    """Text that was pasted, which is never taken for keys."""

    text: str


@dataclass(frozen=True, slots=True)
class Blank:
    """A parameter of a check that a person may have to give.

    Attributes:
        name: its key in a binding.
        meaning: what it is, in words.
        several: whether it takes a list.
        long: whether its value is too long for a line, as a mapping is.
        usual: what the check takes where nothing is given, in words; "" where it must be given.
    """

    name: str
    meaning: str
    several: bool = False
    long: bool = False
    usual: str = ""


@dataclass(frozen=True, slots=True)
class Claim:
    """What a person reads of a claim before taking it.

    Attributes:
        title: what it says, in a sentence.
        coming: whether there is no check for it yet.
        where: on what of the target it would look, or that nothing is declared; "" where no target is known.
        needs: parameters that must be given.
        usual: those that a text may give and need not.
    """

    title: str
    coming: bool = False
    where: str = ""
    needs: tuple[Blank, ...] = ()
    usual: tuple[Blank, ...] = ()

    def left_out(self, given: Mapping[str, Any]) -> tuple[Blank, ...]:
        """Those that need not be given and are not."""
        return tuple(each for each in self.usual if each.name not in given)


@dataclass(frozen=True)
class Desk:
    """What a review works with.

    Attributes:
        file: the file of bindings.
        claim: what is known of a claim, by its id.
        search: candidates for an item by words.
        mistakes: what is wrong with a binding of an item, as sentences.
        parse: a value that is typed, as YAML means it; a ValueError says what is wrong.
        roles: those of readiness.yaml.
    """

    file: ReviewedFile
    claim: Callable[[str], Claim]
    search: Callable[[str, Item], Sequence[Candidate]]
    mistakes: Callable[[str, Any], Sequence[str]]
    parse: Callable[[str], Any]
    roles: Sequence[str] = ()


class Mode(Enum):
    """What a review waits for."""

    CHOICE = auto()
    """What answers the item."""
    WHICH = auto()
    """Which candidate proves a part of it."""
    ALSO = auto()
    """Whether one more claim belongs to it."""
    VALUE = auto()
    """A parameter that nobody has given, or that the item gives in a way that was not read."""
    ROLE = auto()
    """Who signs."""
    REASON = auto()
    """Why it does not apply."""
    SEARCH = auto()
    """Words to look for."""
    MISTAKES = auto()
    """What to do about a binding that cannot be written."""
    EDITOR = auto()
    """The text of an entry, from an editor."""
    WHOLE = auto()
    """Whether the item's whole text was read."""
    HELP = auto()
    """Whether the help was read."""
    END = auto()
    """What to do after the last item."""


TYPED = frozenset((Mode.VALUE, Mode.ROLE, Mode.REASON, Mode.SEARCH))
"""Where a line is typed."""


@dataclass
class _Taking:
    """A binding that is being put together."""

    checks: list[Suggestion]
    also: list[str]
    partial: bool
    role: str = ""
    needed: list[tuple[int, Blank]] = field(default_factory=list)
    kept: set[tuple[int, str]] = field(default_factory=set)
    """Parameters that stay what they are unless given, by the place of their check."""


@dataclass(frozen=True, slots=True)
class _Decision:
    at: int
    item: str


def group_of(proposal: Proposal) -> str:
    """The group that an item is reviewed in."""
    return PEOPLE if proposal.people_first else proposal.level


def _said(error: ProblemsError) -> str:
    """What is wrong, with the lines of the file, whose name need not be said."""
    return " ".join(f"Line {each.line}: {each.message}" if each.line else each.message for each in error.problems)


class Review:
    """Items, and what a person decides of each: first those that are confirmed, to which one can go back.

    Args:
        proposals: what is proposed for the document's items.
        desk: what the review works with.
    """

    def __init__(self, proposals: Iterable[Proposal], desk: Desk) -> None:
        self.desk = desk
        self.all = tuple(proposals)
        asked = [each for each in self.all if not each.item.not_applicable]
        asked.sort(key=lambda each: (is_proposed(desk.file.entry(each.item.id)), GROUPS.index(group_of(each))))
        self.queue = tuple(asked)
        self.mode = Mode.CHOICE
        self.line = ""
        """What is typed so far."""
        self.text = ""
        """An entry that was written in an editor and could not be taken."""
        self.message = ""
        self.left = False
        """Whether the person has left."""
        self.mistakes: tuple[str, ...] = ()
        self.page = 0
        """Of the first candidate that is shown, or of the first line of a whole text."""
        self._groups = groups_above(desk.file.checklist)
        self._at = max(0, len(self.queue) - 1)
        self._found: tuple[Candidate, ...] | None = None
        self._taking: _Taking | None = None
        self._value: Any = None
        self._unknown = ""
        self._decisions: list[_Decision] = []
        self._seen: Any = None
        self._go(self._first_open)

    # What is shown.

    @property
    def at(self) -> int:
        """The place of the item that is shown, from 0."""
        return self._at

    @property
    def proposal(self) -> Proposal:
        """The item that is shown, and what is proposed for it."""
        return self.queue[self._at]

    @property
    def above(self) -> tuple[str, ...]:
        """The headings and groups that the item is in, outermost first."""
        section = self.proposal.section
        groups = self._groups.get(self.proposal.item.id, ())
        return tuple(filter(None, (*section.path, section.title, *(each.text for each in groups))))

    @property
    def entry(self) -> Any:
        """What the file says about the item that is shown."""
        return self.desk.file.entry(self.proposal.item.id)

    @property
    def proposed(self) -> Any:
        """What the file proposes, where it is none of the candidates: what was bound for other words, or by hand."""
        entry = self.entry
        if entry is None or not is_proposed(entry):
            return None
        known = [binding_of(each.checks) for each in self.proposal.candidates[:1]]
        return None if entry["proposed"] in known else entry["proposed"]

    @property
    def candidates(self) -> tuple[Candidate, ...]:
        """Those that are shown, best first: of the proposal, or what was found by words."""
        return self._pages[min(self.page, len(self._pages) - 1)]

    @property
    def more(self) -> int:
        """How many candidates are not shown so far."""
        return sum(map(len, self._pages[self.page + 1 :]))

    @property
    def also(self) -> str:
        """The claim that is asked about."""
        return self._taking.also[0] if self._taking and self._taking.also else ""

    @property
    def needed(self) -> tuple[Suggestion, Blank]:
        """The check whose parameter is asked for, as far as it is put together, and that parameter."""
        assert self._taking is not None
        at, needed = self._taking.needed[0]
        return self._taking.checks[at], needed

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles that can be chosen, each by one number at every item; a new one that is proposed comes last."""
        known = dict.fromkeys((*self.desk.roles, *self.new_roles))
        proposed = [self.proposal.role] if self.proposal.role else []
        return tuple(dict.fromkeys((*known, *proposed)))

    @property
    def new_roles(self) -> tuple[str, ...]:
        """Roles that are to sign by what is confirmed, and that readiness.yaml does not have."""
        entries = (self.desk.file.entry(each.item.id) for each in self.all)
        named = (role for entry in entries for role in roles_of(entry))
        return tuple(dict.fromkeys(role for role in named if role not in self.desk.roles))

    @property
    def open(self) -> int:
        """How many items are only proposed so far."""
        return sum(is_proposed(self.desk.file.entry(each.item.id)) for each in self.queue)

    def ways(self) -> Counter[str]:
        """How many items of the document are confirmed in which way; "" counts what is not."""
        return Counter(
            "not applicable" if each.item.not_applicable else way_of(self.desk.file.entry(each.item.id))
            for each in self.all
        )

    # What is pressed.

    def press(self, key: str | Pasted) -> None:
        """Take a key: a character, the name of one that is none, or what was pasted; others mean nothing."""
        self.message = ""
        if key == LEAVE:
            self.left = True
        elif self.mode in TYPED:
            self._type(key)
        elif isinstance(key, str):
            self._KEYS[self.mode](self, key)

    def edited(self, text: str, value: Any, mistakes: Sequence[str] = ()) -> None:
        """Take the entry that an editor gave back.

        Args:
            text: as it was written.
            value: what it says; None where nothing was saved.
            mistakes: why it cannot be read, where that is so.
        """
        self._drop()
        self.text = text
        if mistakes:
            self._refuse(None, mistakes)
        elif value is None:
            self.message = "Nothing was saved, so nothing is changed."
        elif is_proposed(value):
            self._refuse(None, ["This is still a proposal: write what answers the item in place of 'proposed'."])
        else:
            # Of an entry that was shown as a whole, all is as it was written.
            self._decide(value if not is_proposed(self.entry) else with_source(value, self.entry), text)

    @property
    def draft(self) -> Any:
        """What an editor begins with: the entry, or what is proposed, as it would be confirmed."""
        if self._value is not None:
            return self._value
        entry = self.entry
        if not is_proposed(entry):
            return entry
        if entry is not None:
            return entry["proposed"]
        return proposed_binding(self.proposal) or {"signoff": self.proposal.role or "ROLE"}

    def _choice(self, key: str) -> None:
        if key in DIGITS:
            self._take(int(key) - 1, partial=False)
        elif key == "c" and self.proposed is not None:
            self._confirm(self.proposed)
        elif key == "s":
            self._ask_role(None)
        elif key == "p":
            if len(self.candidates) == 1:
                self._take(0, partial=True)
            elif self.candidates:
                self.mode = Mode.WHICH
            else:
                self.message = "There is no candidate that could prove a part; search for one by /."
        elif key == "n":
            self.mode, self.line = Mode.REASON, self.proposal.not_applicable
        elif key == "/":
            self.mode, self.line = Mode.SEARCH, ""
        elif key == "m":
            if self.more:
                self.page += 1
            elif self.page:
                self.page = 0
            else:
                self.message = "There are no more candidates; / searches for others."
        elif key == "e":
            self._value = None
            self.mode = Mode.EDITOR
        elif key in (" ", ENTER):
            self._next()
        elif key == "v":
            self.mode, self.page = Mode.WHOLE, 0
        elif key == ESCAPE:
            self._found, self.page = None, 0
        else:
            self._common(key)

    def _confirm(self, proposed: Any) -> None:
        """Take what the file proposes; what the proposal still needs is asked as it is of candidates."""
        role, cadence = self.proposal.role, self.proposal.cadence
        first = self.proposal.candidates[0].checks if self.proposal.candidates else ()
        if role and proposed == signed_by(role, cadence):
            self._ask_role(None)
            self._sign(role)
        elif role and first and proposed == signed_by(role, cadence, first):
            self._taking = _Taking(list(first), [], partial=True, role=role)
            self._go_on()
        else:
            self._decide(with_source(proposed, self.entry))

    def _common(self, key: str) -> None:
        if key == "b":
            if self._at or self.mode is Mode.END:
                self._go(self._at if self.mode is Mode.END else self._at - 1)
            else:
                self.message = "This is the first item."
        elif key == "u":
            self._undo()
        elif key == "q":
            self.left = True
        elif key == "?":
            self.mode = Mode.HELP

    def _which(self, key: str) -> None:
        self.mode = Mode.CHOICE
        if key in DIGITS:
            self._take(int(key) - 1, partial=True)

    def _also(self, key: str) -> None:
        taking = self._taking
        assert taking is not None
        if key in ("y", "Y"):
            id = taking.also.pop(0)
            taking.checks.append(Suggestion(id, coming=self.desk.claim(id).coming))
            self._go_on()
        elif key in ("n", "N"):
            taking.also.pop(0)
            self._go_on()
        elif key == ENTER:
            taking.also.clear()
            self._go_on()
        elif key == ESCAPE:
            self._drop()

    def _mistaken(self, key: str) -> None:
        if key == "e":
            self.mode = Mode.EDITOR
        elif key in ("d", ESCAPE):
            self._drop()

    def _read(self, key: str) -> None:
        """After a page of the item's whole text, or of the help."""
        if self.mode is Mode.WHOLE and key == " ":
            self.page += 1
        else:
            self.mode, self.page = Mode.CHOICE, 0

    def _end(self, key: str) -> None:
        if key in (" ", ENTER):
            if self.open:
                self._go(self._first_open)
            else:
                self.left = True
        elif key != "?":
            self._common(key)

    def _none(self, key: str) -> None:
        """While an editor is open no key comes."""

    _KEYS: Mapping[Mode, Callable[[Review, str], None]] = {
        Mode.CHOICE: _choice,
        Mode.WHICH: _which,
        Mode.ALSO: _also,
        Mode.MISTAKES: _mistaken,
        Mode.WHOLE: _read,
        Mode.HELP: _read,
        Mode.EDITOR: _none,
        Mode.END: _end,
    }

    # Lines that are typed.

    def _type(self, key: str | Pasted) -> None:
        if isinstance(key, Pasted):
            text = "".join(each for each in " ".join(key.text.split()) if each.isprintable())
            self.line = (self.line + text)[:LONGEST]
        elif key == ESCAPE:
            self._drop()
        elif key == BACKSPACE:
            self.line = self.line[:-1]
        elif key == CLEAR:
            self.line = ""
        elif key == ENTER:
            self._entered(self.line.strip())
        elif len(key) == 1 and key.isprintable():
            self.line = (self.line + key)[:LONGEST]

    def _entered(self, text: str) -> None:
        if self.mode is Mode.REASON:
            if gives_no_reason(text):
                self.message = "That is no reason: say why the item does not apply."
            else:
                self._decide(with_source({"not_applicable": text}, self.entry))
        elif self.mode is Mode.SEARCH:
            self._search(text)
        elif self.mode is Mode.ROLE:
            self._role(text)
        else:
            self._given(text)

    def _search(self, text: str) -> None:
        self.mode, self.page = Mode.CHOICE, 0
        if not text:
            self._found = None
            return
        found = tuple(self.desk.search(text, self.proposal.item))
        if found:
            self._found = found
            self.message = f"Found by '{text}'; Esc shows what was proposed."
        else:
            self.message = f"Nothing is found by '{text}'."

    def _role(self, text: str) -> None:
        roles = self.roles
        if not text and self.proposal.role:
            text = self.proposal.role
        if text.isdecimal() and text not in roles:
            number = int(text)
            if not 0 < number <= len(roles):
                self.message = f"The list has no role {number}."
                return
            text = roles[number - 1]
        if not text:
            self.message = "Say who signs: a number of the list, or the name of a role."
            return
        begun = [role for role in roles if role.startswith(text)]
        self._sign(text if text in roles or len(begun) != 1 else begun[0])

    def _sign(self, role: str) -> None:
        """Take a role; one that readiness.yaml does not have is asked for twice."""
        self.line = role
        if role not in self.desk.roles and role not in self.new_roles and role != self._unknown:
            self._unknown = role
            hint = nearest(role, self.desk.roles)
            self.message = (
                f"readiness.yaml has no role '{role}'.{hint} Enter takes it all the same; list its people there, "
                "under 'roles', before the next run."
            )
            return
        taking = self._taking
        value = signed_by(role, self.proposal.cadence, taking.checks if taking else ())
        self._decide(with_source(value, self.entry))

    def _given(self, text: str) -> None:
        """Take a parameter's value."""
        taking = self._taking
        assert taking is not None
        at, needed = taking.needed[0]
        known = taking.checks[at]
        if not text and needed.usual:
            taking.kept.add((at, needed.name))
            self._go_on()
            return
        if not text:
            # Some values are too long for a line.
            taking.checks[at] = replace(known, parameters={**known.parameters, needed.name: None})
            self._value = (
                signed_by(self.proposal.role or "ROLE", self.proposal.cadence, taking.checks)
                if taking.partial
                else binding_of(taking.checks)
            )
            self.mode = Mode.EDITOR
            return
        try:
            value = self.desk.parse(text)
            if needed.several and not needed.long and not isinstance(value, list):
                # As people write several: with commas between them.
                value = [self.desk.parse(part) for part in map(str.strip, text.split(",")) if part]
        except ValueError as error:
            self.message = f"That cannot be read: {error}"
            return
        taking.checks[at] = replace(known, parameters={**known.parameters, needed.name: value})
        self._go_on()

    # Putting a binding together.

    def _take(self, number: int, *, partial: bool) -> None:
        if number >= len(self.candidates):
            self.message = f"There is no candidate {number + 1}."
            return
        candidate = self.candidates[number]
        if partial and any(each.coming for each in candidate.checks):
            self.message = "There is no check for it yet, so that nobody can be asked to sign the rest."
            return
        there = {each.check for each in candidate.checks} | self._claimed_elsewhere()
        also = [id for id in candidate.also if id not in there]
        if partial:
            also = [id for id in also if not self.desk.claim(id).coming]
        self._taking = _Taking(list(candidate.checks), list(dict.fromkeys(also)), partial)
        self._go_on()

    def _claimed_elsewhere(self) -> set[str]:
        """Claims that another item of the document is bound to, or that are proposed for it first."""
        others = [each for each in self.all if each.item.id != self.proposal.item.id]
        said = [*map(proposed_binding, others), *(self.desk.file.entry(each.item.id) for each in others)]
        return {claim for each in said for claim in claims_in(each)}

    def _go_on(self) -> None:
        """Ask what is still open of the binding that is put together, or write it."""
        taking = self._taking
        assert taking is not None
        self.line = ""
        if taking.also:
            self.mode = Mode.ALSO
            return
        taking.needed = [
            (at, needed)
            for at, each in enumerate(taking.checks)
            if not each.coming
            for needed in self._asked(each)
            if (at, needed.name) not in taking.kept
        ]
        if taking.needed:
            self.mode = Mode.VALUE
        elif taking.partial:
            self._ask_role(taking)
            if taking.role:
                self._sign(taking.role)
        else:
            self._decide(with_source(binding_of(taking.checks), self.entry))

    def _asked(self, each: Suggestion) -> list[Blank]:
        """What a check must be given, and what it must not be left without unseen, as the item says something of it."""
        claim = self.desk.claim(each.check)
        said = {note.parameter for note in each.not_read}
        open = [needed for needed in claim.needs if needed.name not in each.parameters]
        return open + [usual for usual in claim.left_out(each.parameters) if usual.name in said]

    def _ask_role(self, taking: _Taking | None) -> None:
        self._taking, self._unknown = taking, ""
        self.mode, self.line = Mode.ROLE, ""

    def _drop(self) -> None:
        self.mode, self.line, self.text, self._taking, self._value = Mode.CHOICE, "", "", None, None

    def _refuse(self, value: Any, mistakes: Sequence[str]) -> None:
        self.mode, self.mistakes, self._value = Mode.MISTAKES, tuple(mistakes), value

    # Deciding.

    def _decide(self, value: Any, written: str = "") -> None:
        """Write what answers the item, as it was written where it was, and show the next one."""
        item = self.proposal.item.id
        if mistakes := self.desk.mistakes(item, value):
            self._refuse(value, mistakes)
            return
        before = self._seen
        self._drop()
        if (news := self._news(item, before)) is None:
            return
        try:
            self.desk.file.put(item, value, written)
        except ProblemsError as error:
            self.message = f"Nothing is decided. {_said(error)}"
            return
        self._decisions.append(_Decision(self._at, item))
        self._next()
        self.message = news

    def _news(self, item: str, before: Any) -> str | None:
        """Read the file again if another program has changed it; what to tell, None where nothing may be written."""
        try:
            if not self.desk.file.refresh():
                return ""
        except ProblemsError as error:
            self.message = f"Nothing is written, as another program has changed the file. {_said(error)}"
            return None
        self._seen = self.desk.file.entry(item)
        if self._seen != before:
            self.message = (
                "Another program has changed what the file says of this item. Nothing is written; look again."
            )
            return None
        return "Another program had changed the file; it was read again, and nothing of it is overwritten."

    def _undo(self) -> None:
        if not self._decisions:
            self.message = "There is nothing to undo in this review; b goes back to what was decided before."
            return
        decision = self._decisions[-1]
        if (news := self._news(decision.item, self.desk.file.entry(decision.item))) is None:
            return
        try:
            self.desk.file.undo()
        except ProblemsError as error:
            self.message = f"Nothing is undone. {_said(error)}"
            if isinstance(error, ChangedSinceError):
                self._decisions.pop()
            return
        self._decisions.pop()
        self._go(decision.at)
        self.message = f"Undone. {news}".strip()

    # Going from item to item.

    @property
    def _all_candidates(self) -> tuple[Candidate, ...]:
        return self.proposal.candidates if self._found is None else self._found

    @property
    def _pages(self) -> list[tuple[Candidate, ...]]:
        """The candidates, by what is shown at once; those that fit any item come last, after a key."""
        every = self._all_candidates
        fitting = [each for each in every if each.score > 0 or self._found is not None]
        others = [each for each in every if each not in fitting]
        pages = [tuple(each[at : at + SHOWN]) for each in (fitting, others) for at in range(0, len(each), SHOWN)]
        return pages if fitting and pages else [(), *pages]

    def _is_open(self, proposal: Proposal) -> bool:
        return is_proposed(self.desk.file.entry(proposal.item.id))

    @property
    def _first_open(self) -> int:
        return self._open_from(0)

    def _open_from(self, begin: int) -> int:
        """The place of the next open item; behind the last one where there is none."""
        after = range(begin, len(self.queue))
        return next((at for at in after if self._is_open(self.queue[at])), len(self.queue))

    def _next(self) -> None:
        self._go(self._open_from(self._at + 1))

    def _go(self, at: int) -> None:
        self._drop()
        self._found, self.page, self.message = None, 0, ""
        if at < len(self.queue):
            self._at = at
            self._seen = self.entry
        else:
            self.mode = Mode.END
