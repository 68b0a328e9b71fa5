"""What JavaScript and TypeScript say: output, breakpoints, switches, handlers and marks, by their syntax trees."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

from pytest_readiness.domains.source.markers import HINT, Hints, NotParsedError, markers

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

_HINTS = {
    word: re.compile(expression)
    for word, expression in {
        b"console": rb"console",
        # log.debug() is none; that of the console is found by its name.
        b"debug": rb"(?<!\.)(?i:debug)|(?<=\.)(?i:debug)(?!\s*\()",
        b"catch": rb"catch",
        b"not": rb"(?i:not (?:yet )?implemented)",
        **dict.fromkeys((b"todo", b"fixme", b"xxx", b"hack"), HINT),
    }.items()
}
_SWITCH = re.compile(r"(?:[a-z0-9]{1,20}_)?debug(?:_?mode|_?enabled)?|enable_?debug|isdebug", re.I)
_OUTPUT = {"log", "debug", "info", "dir", "dirxml", "table", "trace", "count", "time", "timeEnd", "timeLog", "group"}
_ON = {"true", "1", '"1"', "'1'", '"true"', "'true'", "!0"}
_DEV_ONLY = re.compile(
    r"""\(?\s*(?:__DEV__|import\.meta\.env\.DEV
    |(?:process|import\.meta)\.env\.(?:NODE_ENV|MODE)\s*(?:!==?\s*["']production["']|===?\s*["'](?:development|test)["'])
    )\s*\)?""",
    re.VERBOSE,
)
_NOT_YET = re.compile(r"not (?:yet )?implemented", re.I)
_CONSOLE = {"console", "window.console", "globalThis.console", "global.console", "self.console"}
_UNHEARD = {"noop", "() => {}", "() => undefined", "() => null", "() => void 0"}
Found = tuple[str, str, int, bool]


@cache
def _parser(language: str) -> Parser:
    import tree_sitter
    import tree_sitter_javascript
    import tree_sitter_typescript

    grammars = {
        "JavaScript": tree_sitter_javascript.language,
        "TypeScript": tree_sitter_typescript.language_typescript,
        "TSX": tree_sitter_typescript.language_tsx,
    }
    return tree_sitter.Parser(tree_sitter.Language(grammars[language]()))


def find(data: bytes, language: str) -> Iterator[Found]:
    """Yield what is in a file.

    Raises:
        NotParsedError: it is no JavaScript or TypeScript that the grammar knows.
    """
    if b"\0" in data:
        raise NotParsedError("not text in UTF-8")
    hints = Hints(data, _HINTS)
    if not hints.places:
        return
    root = _parser(language).parse(data).root_node
    if root.has_error:
        raise NotParsedError(f"does not parse in line {_first_error(root)}")
    stack = [root]
    while stack:
        node = stack.pop()
        for kind, what in _of(node):
            yield kind, what, node.start_point[0] + 1, False
        if node.type == "comment":
            yield from markers(_text(node), node.start_point[0] + 1)
        if not node.child_count:
            continue
        children = [each for each in node.named_children if hints.within(each.start_byte, each.end_byte)]
        if node.type == "if_statement" and _DEV_ONLY.fullmatch(_text(node.child_by_field_name("condition"))):
            children = [each for each in children if each != node.child_by_field_name("consequence")]
        left = node.child_by_field_name("left") if node.type == "binary_expression" else None
        if left is not None and _text(_field(node, "operator")) == "&&" and _DEV_ONLY.fullmatch(_text(left)):
            children = []
        stack += reversed(children)


def _first_error(node: Node) -> int:
    while inside := next((each for each in node.children if each.has_error or each.is_error or each.is_missing), None):
        node = inside
    return node.start_point[0] + 1


def _text(node: Node | None) -> str:
    return node.text.decode("utf-8", "replace") if node is not None and node.text is not None else ""


def _field(node: Node, *names: str) -> Node | None:
    for name in names:
        found = node.child_by_field_name(name)
        if found is None:
            return None
        node = found
    return node


def _of(node: Node) -> Iterator[tuple[str, str]]:
    kind = node.type
    if kind == "debugger_statement":
        yield "breakpoint", "debugger"
    elif kind == "member_expression":
        name = _text(_field(node, "property"))
        if name in _OUTPUT and _text(_field(node, "object")).rpartition(".")[2] == "console":
            called = node.parent is not None and node.parent.type == "call_expression"
            yield "output", f"console.{name}" if called else f"console.{name} under another name"
    elif kind == "subscript_expression" and _text(_field(node, "object")).rpartition(".")[2] == "console":
        name = _text(_field(node, "index")).strip("\"'`")
        if name in _OUTPUT:
            yield "output", f"console.{name}"
    elif kind in ("variable_declarator", "assignment_expression", "pair", "assignment_pattern"):
        yield from _assigned(node)
    elif kind in ("public_field_definition", "field_definition", "required_parameter"):
        name = _text(_field(node, "name") or _field(node, "property") or _field(node, "pattern"))
        yield from _flag(name, _field(node, "value"))
    elif kind == "binary_expression" and _text(_field(node, "operator")) in ("||", "??"):
        yield from _flag(_text(_field(node, "left")).rpartition(".")[2], _field(node, "right"))
    elif kind == "catch_clause":
        body = _field(node, "body")
        if body is not None and all(map(_silent, body.named_children)):
            yield "handler", "catch that passes over the error"
    elif kind == "call_expression" and _text(_field(node, "function", "property")) == "catch":
        arguments = _field(node, "arguments")
        if arguments is not None and len(arguments.named_children) == 1 and _hears_nothing(arguments.named_children[0]):
            yield "handler", ".catch() that passes over the error"
    elif kind == "throw_statement" and _NOT_YET.search(_text(node)[:300]):
        yield "unimplemented", "throw 'not implemented'"


def _assigned(node: Node) -> Iterator[tuple[str, str]]:
    target = _field(node, "name") or _field(node, "key") or _field(node, "left")
    value = _field(node, "value") or _field(node, "right")
    if target is not None and target.type == "object_pattern" and _text(value).rpartition(".")[2] == "console":
        taken = {_text(each).partition(":")[0].strip() for each in target.named_children} & _OUTPUT
        if taken:
            yield "output", f"console.{sorted(taken)[0]} under another name"
    if target is not None and target.type == "identifier" and _text(value) in _CONSOLE and _prints_by(target):
        yield "output", "console under another name"
    yield from _flag(_text(target).rpartition(".")[2].strip("\"'`[]"), value)


def _prints_by(name: Node) -> bool:
    """Whether the file prints by another name of the console."""
    root = name
    while root.parent is not None:
        root = root.parent
    words = re.finditer(r"(?<![\w.$])([\w$]{1,100})\??\.(\w{1,20})\(", _text(root))
    return any(found[1] == _text(name) and found[2] in _OUTPUT for found in words)


def _flag(name: str, value: Node | None) -> Iterator[tuple[str, str]]:
    if _SWITCH.fullmatch(name) and _text(value) in _ON:
        yield "flag", f"{name[:40]} is on"


def _silent(node: Node) -> bool:
    """Whether a statement of a handler lets nobody hear of the error."""
    if node.type in ("comment", "empty_statement", "continue_statement", "break_statement"):
        return True
    text = _text(node).rstrip(";")
    return text in ("return", "return undefined", "return null") or text.startswith("console.debug(")


def _hears_nothing(node: Node) -> bool:
    if node.type in ("arrow_function", "function_expression", "function"):
        body = _field(node, "body")
        if body is not None and body.type == "statement_block":
            return all(map(_silent, body.named_children))
        return _text(body) in ("undefined", "null", "void 0", "({})")
    return _text(node) in _UNHEARD
