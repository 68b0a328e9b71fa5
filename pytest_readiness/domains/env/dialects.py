"""Env files as the tools read them that start a release: python-dotenv, Docker Compose, a shell, systemd."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from io import StringIO
from typing import NamedTuple

from pydantic import SecretStr

from pytest_readiness.domains.env.forms import left_as_text, unfilled

_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_REFERENCE = "a reference to a variable that the file does not set before"
_COMMAND = "a command"


@dataclass(frozen=True, slots=True)
class Assignment:
    """What a line sets.

    Attributes:
        name: of the variable.
        value: what the tool sets it to; None where the line takes the value away.
        unfilled: what is in it that is filled in from elsewhere; "" for nothing.
        left: what is in it that looks as if it were to be filled in, and that the tool leaves as text; "" for nothing.
        is_marked: whether a byte order mark is before the name, so that the tool does not set this variable.
    """

    name: str
    value: str | None
    unfilled: str = ""
    left: str = ""
    is_marked: bool = False


class EnvLine(NamedTuple):
    """What a line says by python-dotenv's grammar.

    Attributes:
        name: of the variable.
        value: without quotes; None where there is none.
        quote: the quotes around it; "" for none.
        written: all that is behind the sign of equality.
    """

    name: str
    value: str | None
    quote: str
    written: str


@dataclass(frozen=True, slots=True)
class OddLine:
    """A line that is no assignment, no comment, and not empty.

    Attributes:
        number: of the line.
        text: what is written.
        stops: whether it may undo others: what it does is not known, or the tool takes none of the file.
        ignored: whether the tool goes on as if it were not there.
    """

    number: int
    text: SecretStr
    stops: bool = False
    ignored: bool = False


class UnreadableError(Exception):
    """The tool would not read these lines as assignments.

    Attributes:
        lines: their numbers.
    """

    def __init__(self, lines: list[int]) -> None:
        super().__init__(lines)
        self.lines = lines


def assignments(dialect: str, text: str, odd: list[OddLine] | None = None) -> Iterator[Assignment]:
    """What a file sets, in its order, with what earlier lines set filled in.

    Args:
        dialect: by whose rules.
        text: of the file.
        odd: gets the lines that set nothing.

    Raises:
        UnreadableError: the tool would do something else than set variables, and there is no list for that.
    """
    noted = [] if odd is None else odd
    yield from _assigned(dialect, text, noted)
    if odd is None and (lines := [each.number for each in noted if not each.ignored]):
        raise UnreadableError(lines)


def _assigned(dialect: str, text: str, odd: list[OddLine]) -> Iterator[Assignment]:
    known: dict[str, str] = {}
    missing: dict[str, str] = {}
    # To a shell, a carriage return is a part of the value, which no program expects there.
    lines = text if dialect == "shell" else text.replace("\r\n", "\n")
    for each in _READERS[dialect](lines, known, missing, odd):
        if each.is_marked:
            yield each
            continue
        if each.value is None:
            known.pop(each.name, None)
            yield each
            continue
        form = each.unfilled or unfilled(each.name, each.value, of_shell=False)
        missing[each.name] = form
        known[each.name] = each.value
        yield replace(each, unfilled=form, left="" if form else each.left or left_as_text(each.name, each.value))


MARK = "\ufeff"
"""A byte order mark."""
MARKED = "a byte order mark before its name, which some programs take for a part of the name"


def marks_a_name(text: str) -> bool:
    """Whether the file begins with a byte order mark and, on the same line, the first name."""
    return re.match(rf"{MARK}[ \t]*[^\s#]", text) is not None


class _Filling:
    """Fills in `$NAME` and `${NAME…}`; notes what could not be."""

    def __init__(self, known: Mapping[str, str], missing: Mapping[str, str]) -> None:
        self._known, self._missing = known, missing
        self.lacking = ""

    def value(self, name: str, operator: str = "", other: str = "") -> str:
        """What a reference becomes, as the shell has it (POSIX 2.6.2)."""
        if name not in self._known or self._missing.get(name) or re.search(r"[$`\\]", other):
            self.lacking = self._missing.get(name) or _REFERENCE
            return ""
        found = self._known[name]
        is_set = bool(found) or not operator.startswith(":")
        if operator.endswith("+"):
            return other if is_set else ""
        return found if is_set or not operator else other


def _dotenv(
    text: str, known: Mapping[str, str], missing: Mapping[str, str], odd: list[OddLine]
) -> Iterator[Assignment]:
    shape = re.compile(r"\$\{([^}:]{0,200})(?:(:-)([^}]{0,2000}))?\}")
    # python-dotenv tells of a line that it cannot read, and goes on with the next one, whatever is open.
    for number, (name, value, _, _) in enumerate(bindings(text, odd, stops=_CONFLICTS)):
        filling = _Filling(known, missing)
        filled = value if value is None else shape.sub(_replacing(filling), value)
        # Older versions of python-dotenv keep the mark.
        yield Assignment(name, filled, MARKED if not number and marks_a_name(text) else filling.lacking)


def _replacing(filling: _Filling) -> Callable[[re.Match[str]], str]:
    # To python-dotenv a variable that is empty is set, unlike to a shell.
    return lambda found: filling.value(found[1], "-" if found[2] else "", found[3] or "")


def _compose(
    text: str, known: Mapping[str, str], missing: Mapping[str, str], odd: list[OddLine]
) -> Iterator[Assignment]:
    shape = re.compile(rf"\$(?:(\$)|({_NAME})|\{{({_NAME})(?:(:?[-?+])([^{{}}]{{0,2000}}))?\}}|(?=[\w{{(]))")
    # Compose takes none of a file that it cannot read.
    for name, value, quote, _ in bindings(text, odd, colons=True, stops=_ANYTHING):
        filling = _Filling(known, missing)

        def filled(found: re.Match[str], filling: _Filling = filling) -> str:
            if found[1]:
                return "$"
            if not (found[2] or found[3]):
                filling.lacking = "a form that Compose has no rule for"
                return ""
            return filling.value(found[2] or found[3], found[4] or "", found[5] or "")

        if value is None or quote == "'":
            yield Assignment(name, value or "", _OF_CALLER if value is None else "")
            continue
        result = shape.sub(filled, value)
        if not quote and re.search(r"\S#", value):
            filling.lacking = "a # that versions of Compose read in different ways"
        elif r"\$" in value:
            filling.lacking = r"a \$ that versions of Compose read in different ways"
        yield Assignment(name, result, filling.lacking)


def bindings(
    text: str, odd: list[OddLine], *, colons: bool = False, stops: re.Pattern[str] | None = None
) -> Iterator[EnvLine]:
    """What the lines say by python-dotenv's grammar, which Compose's is much alike.

    Args:
        text: of the file; a byte order mark is left out.
        odd: gets the lines that are no assignments.
        colons: whether `NAME: value` on a line sets a variable, too.
        stops: which of these lines may undo others. Unless given, those of a merge, and those with a quote that may
            be open, or with another sign by which a line goes on behind its end.
    """
    from dotenv.parser import parse_stream

    stops = stops or _MAY_GO_ON
    for binding in parse_stream(StringIO(text.removeprefix(MARK))):
        line = binding.original.line
        if colons and (found := _COLON.fullmatch(binding.original.string)):
            [binding, *more] = parse_stream(StringIO(f"{found[1]}={found[2]}"))
            odd += [OddLine(line, SecretStr(found[0]), stops=True)] * bool(more)
        source, name, value = binding.original.string, binding.key, binding.value
        if binding.error:
            blank_lines = source[: len(source) - len(source.lstrip())].count("\n")
            odd.append(OddLine(line + blank_lines, SecretStr(source.strip()), bool(stops.search(source.lstrip()))))
        elif name is not None and (value is not None or not source.lstrip().startswith("export")):
            # NAME alone sets nothing; "export NAME" hands on what was set before.
            if value is None and not colons:
                odd.append(OddLine(line, SecretStr(source.strip()), ignored=True))
            written = source.partition("=")[2].lstrip()
            yield EnvLine(name, value, written[:1] if written[:1] in ("'", '"') else "", written)


_CONFLICTS = re.compile(r"\A(?:<{7}|>{7}|={7}|\|{7})")
"""What a merge leaves where somebody has yet to choose."""
_MAY_GO_ON = re.compile(rf"{_CONFLICTS.pattern}|['\"`(){{}}]|\\$")
_ANYTHING = re.compile("")
_OF_CALLER = "what Compose takes from the environment that it runs in"
_COLON = re.compile(rf"(\s*(?:export[ \t]+)?{_NAME})[ \t]*:([^\n]*\n?)")

_SHELL_SPACE = re.compile(r"(?:[ \t\n;]|\\\n)+|#[^\n]*")
_SHELL_SET = r"set(?:[ \t]+[-+][aefuvx]*(?:[aefuvx]|o[ \t]+(?:allexport|errexit|nounset|xtrace)))+"
# The words that hand a variable on or keep it as it is, without an option that changes its value.
_SHELL_DECLARE = r"(?:export|readonly|(?:declare|typeset)(?:[ \t]+-[gprx]+)*)(?:[ \t]+--)?"
_SHELL_SKIP = re.compile(
    rf"{_SHELL_SET}[ \t]*(?=[\n;#]|\Z)|{_SHELL_DECLARE}(?:[ \t]+{_NAME})+[ \t]*(?=[\n;#]|\Z)"
    rf"|(?P<readonly>readonly|(?:declare|typeset)[ \t]+-[gpx]*r[gprx]*)(?:[ \t]+--)?[ \t]+(?={_NAME}=)"
    rf"|{_SHELL_DECLARE}[ \t]+(?={_NAME}=)"
)
_SHELL_NAME = re.compile(rf"({_NAME})=")
_SHELL_PIECE = re.compile(
    rf"""
    '(?P<single>[^']*)'
  | "(?P<double>(?:[^"\\`$]|\\.|\$\([^()]*\)|`[^`]*`|\$)*)"
  | \\(?P<escaped>.)
  | (?P<dollar>\$(?:{_NAME}|\{{[^{{}}]*\}}|\([^()]*\)|[0-9!?@*\#$-])|`[^`]*`)
  | (?P<plain>[^ \t\n;&|<>()'"\\`$]+|\$(?=\s|;|\Z))
    """,
    re.VERBOSE | re.DOTALL,
)
_SHELL_DOLLAR = re.compile(
    rf"\\(?P<escaped>[\"\\$`\n])|(?P<command>\$\(|`)|\$(?P<name>{_NAME})|\$\{{(?P<braced>{_NAME})(?P<operator>:?[-=?+])?(?P<other>[^{{}}]*)\}}"
    r"|(?P<special>\$[0-9!?@*#$\{-])"
)


def _shell(text: str, known: Mapping[str, str], missing: Mapping[str, str], odd: list[OddLine]) -> Iterator[Assignment]:
    at = len(MARK) if text.startswith(MARK) else 0
    fixed: set[str] = set()
    is_fixed = False
    while at < len(text):
        if found := _SHELL_SPACE.match(text, at):
            is_fixed = is_fixed and found[0].isspace() and "\n" not in found[0]
            at = found.end()
            continue
        if found := _SHELL_SKIP.match(text, at):
            is_fixed = bool(found["readonly"])
            at = found.end()
            continue
        head = _SHELL_NAME.match(text, at)
        if head is None or head[1] in fixed:
            at, line = _odd_in_shell(text, at, is_told_twice=head is not None)
            odd.append(line)
            continue
        fixed |= {head[1]} if is_fixed else set()
        at = head.end()
        filling = _Filling(known, missing)
        value = ""
        if text.startswith("~", at):
            filling.lacking = "a home directory, ~"
        while piece := _SHELL_PIECE.match(text, at):
            value += _shell_piece(piece, filling)
            at = piece.end()
        rest = re.compile(r"[ \t]*").match(text, at)
        end = rest.end() if rest else at
        # Behind a value a command may follow, which alone would get it.
        if not (
            end == len(text) or text[end] in "\n;" or (end > at and text[end] == "#") or _SHELL_NAME.match(text, end)
        ):
            odd.append(OddLine(text.count("\n", 0, at) + 1, SecretStr(text[head.start() : at]), stops=True))
            return
        # With a byte order mark, all of the line is a command that there is not.
        is_marked = text.startswith(MARK) and "\n" not in text[: head.start()]
        yield Assignment(head[1], value, filling.lacking, is_marked=is_marked)


def _odd_in_shell(text: str, at: int, *, is_told_twice: bool) -> tuple[int, OddLine]:
    """Where the next line begins, and what this one is: a command, which may do anything, unless there is none such."""
    end = text.find("\n", at)
    end = len(text) if end < 0 else end
    line = text[at:end]
    is_no_command = _MEANT_TO_SET.fullmatch(line) and not is_told_twice and text[:at].rpartition("\n")[2].strip() == ""
    return end, OddLine(text.count("\n", 0, at) + 1, SecretStr(line), stops=not is_no_command)


_MEANT_TO_SET = re.compile(
    r"(?!(?:source|eval|exec|export|exit|return|set|unset|trap|readonly|declare|typeset|local|alias|let|test|env)\b)"
    r"[A-Za-z_]\w*(?:[ \t]+=|:(?=[ \t])|[.-][\w.-]*=)[\w./:@%+,= \t-]*"
)
"""`NAME = value`, `NAME: value` and `NA-ME=value`, which a shell takes for commands that there hardly are."""


def _shell_piece(piece: re.Match[str], filling: _Filling) -> str:
    if piece["single"] is not None:
        return piece["single"]
    if piece["escaped"] is not None:
        return "" if piece["escaped"] == "\n" else piece["escaped"]
    if piece["plain"] is not None:
        if ":~" in piece["plain"]:
            filling.lacking = "a home directory, ~"
        return piece["plain"]
    inside = piece["double"] if piece["double"] is not None else piece["dollar"]

    def filled(found: re.Match[str]) -> str:
        if found["escaped"]:
            return "" if found["escaped"] == "\n" else found["escaped"]
        if name := found["name"] or found["braced"]:
            other = found["other"] or ""
            if other and not found["operator"]:
                filling.lacking = "a form of the shell, ${…}"
                return ""
            return filling.value(name, (found["operator"] or "").replace("=", "-"), other)
        filling.lacking = _COMMAND if found["command"] else "a form of the shell, $…"
        return ""

    return _SHELL_DOLLAR.sub(filled, inside)


def _systemd(
    text: str,
    known: Mapping[str, str],  # noqa: ARG001
    missing: Mapping[str, str],  # noqa: ARG001
    odd: list[OddLine],
) -> Iterator[Assignment]:
    """By the rules of systemd.exec(5), EnvironmentFile=: no references, lines that are none are left out."""
    at = 0
    while at < len(text):
        while at < len(text) and text[at].isspace():
            at += 1
        end = text.find("\n", at)
        end = len(text) if end < 0 else end
        line = text[at:end]
        name, equals, written = line.partition("=")
        if not line or line[0] in "#;" or not equals:
            if line and (line[0] not in "#;" or line.endswith("\\")):
                stops = line.endswith("\\") or _CONFLICTS.match(line) is not None
                odd.append(OddLine(text.count("\n", 0, at) + 1, SecretStr(line), stops, ignored=not stops))
            at = end + 1
            continue
        number = text.count("\n", 0, at) + 1
        try:
            value, at = _systemd_value(text, at + len(name) + 1)
        except UnreadableError:
            odd.append(OddLine(number, SecretStr(line), stops=True))
            return
        name = name.strip()
        if re.fullmatch(f"{MARK}?{_NAME}", name):
            left = "a comment, # …" if _SYSTEMD_COMMENT.match(written) else ""
            yield Assignment(name.removeprefix(MARK), value, left=left, is_marked=name.startswith(MARK))
        else:
            odd.append(OddLine(number, SecretStr(line), ignored=True))


def _systemd_value(text: str, at: int) -> tuple[str, int]:
    value, kept, started = "", 0, False
    while at < len(text) and text[at] != "\n":
        sign = text[at]
        if not started and sign in "'\"":
            quoted = (_SYSTEMD_SINGLE if sign == "'" else _SYSTEMD_DOUBLE).match(text, at)
            if quoted is None:
                raise UnreadableError([text.count("\n", 0, at) + 1])
            inside = quoted[1]
            value += inside if sign == "'" else re.sub(r"\\([\"\\`$\n])", lambda found: found[1].strip("\n"), inside)
            kept, at = len(value), quoted.end()
            continue
        if sign == "\\":
            started = started or text[at + 1 : at + 2] != "\n"
            value += text[at + 1 : at + 2].strip("\n")
            kept, at = len(value), at + 2
            continue
        if not sign.isspace() or started:
            started = True
            value += sign
            kept = kept if sign.isspace() else len(value)
        at += 1
    return value[:kept], at + 1


_SYSTEMD_COMMENT = re.compile(r"\s*+(?:''|\"\")?\s*+#(?:\s|$)")
_SYSTEMD_SINGLE = re.compile(r"'([^']*)'")
_SYSTEMD_DOUBLE = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_READERS: dict[str, Callable[[str, Mapping[str, str], Mapping[str, str], list[OddLine]], Iterator[Assignment]]] = {
    "dotenv": _dotenv,
    "compose": _compose,
    "shell": _shell,
    "systemd": _systemd,
}
