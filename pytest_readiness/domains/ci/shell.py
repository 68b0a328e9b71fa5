"""Which commands of a shell script run, and fail the script where they fail.

The rules are those of POSIX's `set -e`: the result of a command counts for nothing in a condition, before `||`, before
`&&` unless no line follows, behind `!`, in the background, and in a pipe without pipefail.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from pytest_readiness.core.keys import secrets_in
from pytest_readiness.core.redact import MASK
from pytest_readiness.core.text import cut, visible

MOST_CHARACTERS = 100_000
_DEEPEST = 30
_OPERATORS = ("&&", "||", ";;", "|&", "\n", ";", "&", "|", "(", ")")
_HERE = re.compile(r"\d?<<-?([^<]*)")
_SECRET = re.compile(r"(?i)(?:^|[-_])(?:pass(?:word|wd)?|secret|token|key|pwd|credentials?)\Z")
_FAILS = (("false",), ("exit",), ("return",))
_ASKS = ("[", "[[", "test", "grep", "command", "which", "type", "((")
_SHOW = ("base64", "tee", "cat", "sort", "sed", "head", "tail", "tr", "rev", "xxd", "cut", "awk", "fold")
_SAYS = ("echo", "printf", "true", ":")
_LEAVES = ("exit", "return", "break", "continue", "exec")


@dataclass(frozen=True, slots=True)
class ShellCommand:
    """A simple command of a script.

    Attributes:
        words: its words, without quotes; what may be a secret is masked.
        why_not: why it cannot fail what it is part of; "" where it can.
        unsure: that is not certain.
        via: the command that stands in the pipeline, where this one is what it comes to ("npm run check").
        printed: what it prints goes to the log.
    """

    words: tuple[str, ...]
    why_not: str = ""
    unsure: bool = False
    via: str = ""
    printed: bool = True

    @property
    def text(self) -> str:
        """The command in one line, for people."""
        return visible(" ".join(self.words))[:60]

    def behind(self, outer: ShellCommand) -> ShellCommand:
        """This command as part of another, which may not count itself."""
        made = replace(self, via=outer.via or outer.text)
        if outer.why_not and (not outer.unsure or not self.why_not):
            made = replace(made, why_not=outer.why_not, unsure=outer.unsure)
        return made


def masked(name: str, value: str) -> str:
    """A value that a file sets, unless it may be a secret: by the name, or by its own form."""
    secret = _SECRET.search(name) and value and "$" not in value
    return MASK if secret or any(secrets_in(value)) else value[:500]


@dataclass(slots=True)
class _Node:
    words: list[str] = field(default_factory=list)
    inner: list[tuple[str, list[_Line]]] = field(default_factory=list)


_Line = list[tuple[list[_Node], str]]
"""Pipes, each with the operator behind it."""


def commands_of(script: str, *, errexit: bool, pipefail: bool) -> tuple[ShellCommand, ...]:
    """Return the simple commands of a script, in its order.

    Args:
        script: its text; GitHub's expressions may stand in it.
        errexit: it is run with `-e`.
        pipefail: it is run with `-o pipefail`.
    """
    walk = _Walk(errexit, pipefail)
    walk.lines(_Parser(list(_tokens(script[:MOST_CHARACTERS]))).lines(), "", unsure=False, last=True)
    return tuple(walk.found)


def _closing(script: str, at: int) -> int:
    """Where what opens here ends: a quotation, `$(…)`, `${…}`, `(…)`."""
    sign = script[at]
    if sign in "'`":
        end = script.find(sign, at + 1)
        return len(script) if end < 0 else end + 1
    if sign == "$":
        at += 1
    opening, closing = {"(": "()", "{": "{}", '"': ('"', '"')}[script[at]]
    depth, here = 1, at + 1
    while here < len(script) and depth:
        if script[here] == "\\":
            here += 1
        elif script[here] == closing:
            depth -= 1
        elif script[here] == opening:
            depth += 1
        here += 1
    return here


def _tokens(script: str) -> Iterator[tuple[bool, str]]:
    """Yield words and operators, each with whether it is an operator."""
    at, word, begun = 0, "", False
    awaited: list[str] = []
    while at <= len(script):
        sign, two = script[at : at + 1] or "\n", script[at : at + 2]
        if two == "\\\n":
            at += 2
        elif sign == "\\":
            word, begun, at = word + script[at + 1 : at + 2], True, at + 2
        elif sign in "'\"`" or two in ("$(", "${") or (sign == "(" and word.endswith("=")):
            end = _closing(script, at)
            piece = script[at:end]
            word, begun, at = word + (piece[1:-1] if sign in "'\"" else piece), True, end
        elif sign == "&" and (word.endswith((">", "<")) or two == "&>"):
            word, begun, at = word + sign, True, at + 1
        elif sign in " \t\r\n;&|()" or (sign == "#" and not begun):
            if begun:
                if awaited[-1:] == [""]:
                    awaited[-1] = word
                elif here := _HERE.fullmatch(word):
                    awaited.append(here[1])
                yield False, word
                word, begun = "", False
            if sign == "#":
                at = script.find("\n", at) if "\n" in script[at:] else len(script)
            elif sign in " \t\r":
                at += 1
            else:
                operator = next(each for each in _OPERATORS if script.startswith(each, at) or each == sign)
                yield True, operator
                at += len(operator)
                while operator == "\n" and awaited:
                    at = _after(script, at, awaited.pop(0))
        else:
            word, begun, at = word + sign, True, at + 1


def _after(script: str, at: int, ending: str) -> int:
    """Where the text that a script holds for a command ends."""
    for line in script[at:].splitlines(keepends=True):
        at += len(line)
        if line.strip() == ending:
            break
    return at


class _Parser:
    def __init__(self, tokens: Sequence[tuple[bool, str]]) -> None:
        self.tokens = tokens
        self.at = 0
        self.depth = 0

    def _ahead(self) -> tuple[bool, str]:
        return self.tokens[self.at] if self.at < len(self.tokens) else (True, "")

    def lines(self, *ends: str) -> list[_Line]:
        """Return the lines up to one of the words (or a parenthesis) that end them, which is passed over."""
        made: list[_Line] = []
        self.depth += 1
        while self.at < len(self.tokens) and self.depth < _DEEPEST:
            operator, text = self._ahead()
            if text in ends and (not operator or text == ")"):
                break
            if operator and text != "(":
                self.at += 1
            else:
                made.append(self._line())
        self.depth -= 1
        self.at += 1
        return made

    def _line(self) -> _Line:
        line: _Line = []
        while True:
            pipe = [self._node()]
            while self._ahead() in ((True, "|"), (True, "|&")):
                self._pass()
                pipe.append(self._node())
            operator, text = self._ahead()
            line.append((pipe, text if operator and text in ("&&", "||", "&") else ""))
            if not operator or text not in ("&&", "||"):
                return line
            self._pass()

    def _pass(self) -> None:
        """Pass over an operator, and line feeds behind it."""
        self.at += 1
        while self._ahead() == (True, "\n"):
            self.at += 1

    def _node(self) -> _Node:
        words: list[str] = []
        while self.at < len(self.tokens):
            operator, text = self._ahead()
            if operator and words[:1] == ["[["] and words[-1] != "]]":
                self.at += 1
                continue
            if operator and text != "(":
                break
            self.at += 1
            if operator and words:
                self._pass()
                return _Node(inner=[("function", [[([self._node()], "")]])])
            if not words and text in ("if", "while", "until", "for", "select", "case", "function", "!", "{", "("):
                return self._compound(text)
            if words or text != "time":
                words.append(text)
        return _Node(words)

    def _compound(self, word: str) -> _Node:
        node = _Node()
        if word in ("{", "("):
            node.inner.append(("group", self.lines("}")) if word == "{" else ("subshell", self.lines(")")))
        elif word == "if":
            node.inner.append(("condition", self.lines("then")))
            while True:
                node.inner.append(("branch", self.lines("elif", "else", "fi")))
                ended = self.tokens[self.at - 1][1] if self.at <= len(self.tokens) else "fi"
                if ended == "elif":
                    node.inner.append(("condition", self.lines("then")))
                elif ended != "else":
                    break
        elif word in ("while", "until"):
            node.inner += [("condition", self.lines("do")), ("branch", self.lines("done"))]
        elif word in ("for", "select"):
            self.lines("do")
            node.inner.append(("group", self.lines("done")))
        elif word == "case":
            node.inner.append(("branch", self.lines("esac")))
        elif word == "!":
            node.inner.append(("inverted", [[([self._node()], "")]]))
        else:
            self.at += 1
            while self._ahead() in ((True, "("), (True, ")"), (True, "\n")):
                self.at += 1
            node.inner.append(("function", [[([self._node()], "")]]))
        while self.at < len(self.tokens) and not self._ahead()[0]:
            self.at += 1
        return node


_WITHIN = {
    "condition": ("its result is only asked in a condition", False),
    "branch": ("it stands in a branch of 'if', 'case' or 'while'", True),
    "function": ("it stands in a function", True),
    "inverted": ("its result is inverted by '!'", False),
    "group": ("", False),
    "subshell": ("", False),
}


class _Walk:
    def __init__(self, errexit: bool, pipefail: bool) -> None:
        self.errexit = errexit
        self.pipefail = pipefail
        self.found: list[ShellCommand] = []
        self.stopped = ("", False)

    def lines(self, lines: list[_Line], why: str, *, unsure: bool, last: bool) -> None:
        for number, line in enumerate(lines, 1):
            self._line(line, why, unsure, last=last and number == len(lines))

    def _line(self, line: _Line, why: str, unsure: bool, *, last: bool) -> None:
        for at, (pipe, operator) in enumerate(line):
            reason, doubt = (why, unsure) if why else self._reason(line, at, last=last)
            if not why and not at and operator != "&" and len(pipe) == 1 and _ending_condition(pipe[0]):
                reason, doubt = self.stopped  # 'exit' ends the script wherever it stands
            for place, node in enumerate(pipe, 1):
                lost = place < len(pipe) and not self.pipefail
                told = ("its result is lost in a pipe without pipefail", False) if lost and not reason else ("", False)
                self._node(
                    node,
                    *(told if told[0] else (reason, doubt)),
                    last=last and at + 1 == len(line),
                    sure=not why and self._is_reached(line, at),
                    shown=all(each.words[:1] and each.words[0] in _SHOW for each in pipe[place:])
                    and not any(">" in word for each in pipe[place:] for word in each.words),
                    guarded=operator in ("&&", "||"),
                )

    def _is_reached(self, line: _Line, at: int) -> bool:
        return all(
            operator == "&&" and all(node.words[:1] and node.words[0] in _SAYS for node in pipe)
            for pipe, operator in line[:at]
        )

    def _reason(self, line: _Line, at: int, *, last: bool) -> tuple[str, bool]:
        """Why the result of one of a line's pipes does not count, and whether that is not certain."""
        if self.stopped[0]:
            return self.stopped
        operators = [operator for _, operator in line]
        if "||" in operators[at:]:
            otherwise = [node for pipe, _ in line[operators.index("||", at) + 1 :] for node in pipe]
            words = list(_simple(otherwise))
            fails = any(tuple(each[:1]) in _FAILS and each[1:2] != ["0"] for each in words)
            if not fails and line[at][0][-1].words not in words:
                return f"'|| {cut(' '.join(words[0]) if words else '…', 30)}' follows", False
        elif operators[at] == "&":
            return "it runs in the background", False
        elif operators[at] == "&&" and not last:
            return "its failure is not noticed before '&&', as more lines follow", False
        elif not self.errexit and not last:
            return "without 'set -e' only the last command's result counts", False
        if at and operators[at - 1] == "||":
            return "it runs only where what is before '||' fails", False
        asks = [pipe[0].words for pipe, _ in line[:at] if pipe[0].words[:1] and pipe[0].words[0] in _ASKS]
        return (f"it runs only where '{cut(' '.join(asks[0]), 40)}' holds", True) if asks else ("", False)

    def _node(self, node: _Node, why: str, unsure: bool, *, last: bool, sure: bool, shown: bool, guarded: bool) -> None:
        ending = _ending_condition(node)
        for kind, lines in node.inner:
            reason, doubt = _WITHIN[kind]
            counts = kind == "condition" and ending is not None
            before = self.errexit
            self.errexit = before and not guarded and not counts
            self.lines(
                ending if counts and ending else lines,
                why or ("" if counts else reason),
                unsure=unsure if why else doubt,
                last=last or guarded or counts or kind == "subshell",
            )
            self.errexit = before
        if not node.words:
            return
        words = node.words
        if words[0] == "set":
            self._set(words[1:])
        elif words[0] == "exit" and not self.stopped[0]:
            if sure:
                self.stopped = ("it stands after 'exit'", False)
            elif words[1:2] in ([], ["0"]):
                self.stopped = ("an 'exit' before it may end the script", True)
        printed = shown and not any(">" in word for word in words)
        self.found.append(ShellCommand(tuple(map(_kept, words[:60])), why, unsure and bool(why), printed=printed))

    def _set(self, words: Sequence[str]) -> None:
        on = True
        for word in words:
            if word == "pipefail":
                self.pipefail = on
            elif word[:1] in ("-", "+"):
                on = word[0] == "-"
                self.errexit = on if "e" in word else self.errexit


def _ending_condition(node: _Node) -> list[_Line] | None:
    """The condition whose failure ends the script: `if ! tests; then exit 1; fi`, or with `exit 1` behind 'else'."""
    kinds = [kind for kind, _ in node.inner]
    if kinds not in (["condition", "branch"], ["condition", "branch", "branch"]) or len(node.inner[0][1]) != 1:
        return None
    asked = node.inner[0][1]
    (pipe, operator), *others = asked[0]
    if others or operator:
        return None
    if len(pipe) == 1 and pipe[0].inner and pipe[0].inner[0][0] == "inverted":
        return pipe[0].inner[0][1] if _ends(node.inner[1][1]) else None
    return asked if len(kinds) == 3 and _ends(node.inner[2][1]) else None


def _ends(branch: list[_Line]) -> bool:
    """Whether a branch is sure to end the script with a failure, and with nothing else before."""
    for line in branch:
        words = [each for pipe, _ in line for each in _simple(pipe) if each[:1] and each[0] in _LEAVES]
        if words:
            code = words[0][1] if len(words[0]) == 2 else ""
            whole = len(line) == 1 and len(line[0][0]) == 1 and line[0][1] == "" and line[0][0][0].words == words[0]
            return whole and words[0][0] == "exit" and code.isdecimal() and int(code[:9]) % 256 != 0
    return False


def _simple(nodes: list[_Node]) -> Iterator[list[str]]:
    for node in nodes:
        if node.words:
            yield node.words
        for _, lines in node.inner:
            for line in lines:
                for pipe, _ in line:
                    yield from _simple(pipe)


def _kept(word: str) -> str:
    name, sign, value = word.partition("=")
    return f"{name}={masked(name, value)}" if sign else masked("", word)
