"""What Python code says: output, breakpoints, switches, handlers and marks of unfinished work, by its syntax tree."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any

from pytest_readiness.domains.source.markers import HINT, Hints, NotParsedError, markers

_HINTS = {
    word: re.compile(expression)
    for word, expression in {
        b"print": rb"(?i:print)(?!\w)",
        b"stdout": rb"stdout(?!\w)",
        b"breakpoint": rb"breakpoint(?!\w)",
        **dict.fromkeys((b"pdb", b"pudb", b"wdb", b"ptvsd", b"pydevd", b"debugpy", b"icecream", b"ipython"), rb""),
        # log.debug() is none; nor is what asks for it.
        b"debug": rb"(?<!\.)(?i:debug)|(?<=\.)(?i:debug)(?!\s*\()",
        b"except": rb"except[\s\\]*:",
        b"exception": rb"(?<=\W)Exception(?!\w)|(?<=Base)Exception(?!\w)",
        b"notimplementederror": rb"NotImplementedError",
        b"import": rb"import[\s\\(]*\*",
        **dict.fromkeys((b"todo", b"fixme", b"xxx", b"hack"), HINT),
    }.items()
}
_HINTED_COMMENT = re.compile(rb"(?m:^)[^#\n]*+#[^\n]*?" + HINT)
_DEBUGGERS = {"pdb", "ipdb", "pudb", "wdb", "rpdb", "remote_pdb", "pydevd", "pydevd_pycharm", "debugpy", "ptvsd"}
_MARK_LINE = re.compile(r"\s{0,200}(?:TODO|FIXME|XXX|HACK)(?:[:(!]|\s{0,9}(?:-|$))")
_SHELLS = {"embed", "embed_kernel"}
_SWITCH = re.compile(r"(?:[a-z0-9]{1,20}_)?debug(?:_mode|_enabled)?|enable_debug", re.I)
_DEV = {"dev", "devel", "development", "debug"}
_ON = {"1", "true", "yes", "on", "t", "y"}
_BROAD = {"Exception", "BaseException"}
Found = tuple[str, str, int, bool]


def find(data: bytes, language: str = "Python") -> Iterator[Found]:  # noqa: ARG001
    """Yield what is in a file.

    Raises:
        NotParsedError: it is no Python that this version of Python reads.
    """
    if b"\0" in data:
        raise NotParsedError("not text in UTF-8")
    data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    hints = Hints(data, _HINTS)
    if not hints.places:
        return
    try:
        tree = ast.parse(data)
        comments = _comments(data, tree)
    except (SyntaxError, ValueError, tokenize.TokenError, MemoryError) as error:
        line = getattr(error, "lineno", None)
        raise NotParsedError("does not parse" + (f" in line {line}" if line else "")) from None
    walk = _PythonWalk(tree, _lines_of(data, hints.places))
    walk.visit(tree)
    yield from walk.found
    for text, line in comments:
        yield from markers(text, line)


def _lines_of(data: bytes, places: Iterable[int]) -> list[int]:
    lines: list[int] = []
    number, at = 1, 0
    for place in places:
        number += data.count(b"\n", at, place)
        at = place
        lines.append(number)
    return lines


def _comments(data: bytes, tree: ast.Module) -> list[tuple[str, int]]:
    """Comments in which a mark may be: only the statements around them are taken apart, which is slow."""
    wanted = _lines_of(data, (each.start() for each in _HINTED_COMMENT.finditer(data)))
    if not wanted:
        return []
    blocks: list[tuple[int, int]] = []
    for each in tree.body:
        first = min([each.lineno, *(one.lineno for one in getattr(each, "decorator_list", ()))])
        if blocks and first <= blocks[-1][1]:
            first = blocks.pop()[0]
        blocks.append((first, each.end_lineno or first))
    lines = data.decode(tokenize.detect_encoding(io.BytesIO(data).readline)[0]).split("\n")
    starts = [first for first, _ in blocks]
    around = {
        blocks[at] if at >= 0 and line <= blocks[at][1] else (line, line)
        for line, at in ((line, bisect_right(starts, line) - 1) for line in wanted)
    }
    return [
        (each.string, each.start[0] + first - 1)
        for first, last in sorted(around)
        for each in tokenize.generate_tokens(io.StringIO("\n".join(lines[first - 1 : last]) + "\n").readline)
        if each.type == tokenize.COMMENT
    ]


def _name(node: ast.AST | None) -> str:
    """The last word of a name, an attribute or a key."""
    if isinstance(node, ast.Subscript):
        node = node.slice
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _on(node: ast.AST | None) -> bool:
    """Whether an expression is on by its text."""
    if isinstance(node, ast.Constant):
        return node.value.strip().lower() in _ON if isinstance(node.value, str) else node.value in (True, 1)
    if isinstance(node, ast.Call) and _name(node.func) == "bool" and node.args:
        inside = node.args[0]
        default = _default(inside) if isinstance(inside, ast.Call) else inside
        # Any text is true, "False" as well.
        return isinstance(default, ast.Constant) and bool(default.value)
    if isinstance(node, ast.Call) and _name(node.func) == "Field":
        return _on(node.args[0] if node.args else _default(node))
    if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or):
        return any(map(_on, node.values))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return isinstance(node.operand, ast.Constant) and not node.operand.value
    return False


def _default(call: ast.Call) -> ast.AST | None:
    """What a call falls back to that asks for a variable."""
    named = [each.value for each in call.keywords if each.arg in ("default", "fallback")]
    return named[0] if named else call.args[1] if len(call.args) > 1 else None


class _PythonWalk(ast.NodeVisitor):
    def __init__(self, tree: ast.Module, lines: list[int]) -> None:
        self._lines = lines
        self.found: list[Found] = []
        self._main = 0
        self._method = False
        self._tree = tree

    @cached_property
    def _own_print(self) -> bool:
        """Whether the file has a print of its own."""
        return any(
            (isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef)) and each.name == "print")
            or (isinstance(each, ast.Name) and each.id == "print" and isinstance(each.ctx, ast.Store))
            for each in ast.walk(self._tree)
        )

    @cached_property
    def _set_off(self) -> bool:
        """Whether the file itself sets a switch to off."""
        return any(
            _SWITCH.fullmatch(_name(target)) and isinstance(each.value, ast.Constant) and not each.value.value
            for each in ast.walk(self._tree)
            if isinstance(each, ast.Assign)
            for target in each.targets
        )

    def visit(self, node: ast.AST) -> None:
        """Walk over what has a hint in one of its lines."""
        end = getattr(node, "end_lineno", None)
        if end is None or self._hinted(node, end):
            super().visit(node)

    def _hinted(self, node: Any, end: int) -> bool:
        first = min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", ()))])
        at = bisect_left(self._lines, first)
        return at < len(self._lines) and self._lines[at] <= end

    def _add(self, kind: str, what: str, node: ast.AST) -> None:
        self.found.append((kind, what, getattr(node, "lineno", 1), False))

    def _flag(self, name: str, value: ast.AST | None, node: ast.AST) -> None:
        if _SWITCH.fullmatch(name) and _on(value):
            self._add("flag", f"{name[:40]} is on", node)

    def visit_If(self, node: ast.If) -> None:
        test = node.test
        if isinstance(test, ast.Name) and test.id in ("__debug__", "TYPE_CHECKING"):
            for each in node.orelse:
                self.visit(each)
            return
        main = isinstance(test, ast.Compare) and _name(test.left) == "__name__"
        self.visit(test)
        self._main += main
        for each in node.body:
            self.visit(each)
        self._main -= main
        for each in node.orelse:
            self.visit(each)

    def _imported(self, module: str, what: str, node: ast.AST) -> None:
        top = module.partition(".")[0]
        if top in _DEBUGGERS:
            self._add("breakpoint", what, node)
        elif top == "icecream":
            self._add("output", what, node)

    def visit_Import(self, node: ast.Import) -> None:
        for each in node.names:
            self._imported(each.name, f"import {each.name[:40]}", node)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        module = node.module or ""
        if not node.level:
            self._imported(module, f"from {module[:40]}", node)
        if module == "IPython" and any(each.name in _SHELLS for each in node.names):
            self._add("breakpoint", "from IPython", node)
        if node.names[0].name == "*" and module.rpartition(".")[2].lower() in _DEV and not self._set_off:
            self._add("flag", f"all settings of {module[:40]}", node)

    def visit_Assign(self, node: ast.Assign) -> None:
        for target in node.targets:
            if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                for each, value in zip(target.elts, node.value.elts, strict=False):
                    self._flag(_name(each), value, node)
            self._flag(_name(target), node.value, node)
        self.generic_visit(node)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self._flag(_name(node.target), node.value, node)
        self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self._flag(_name(node.target), node.value, node)
        self.generic_visit(node)

    def visit_Dict(self, node: ast.Dict) -> None:
        for key, value in zip(node.keys, node.values, strict=True):
            self._flag(_name(key), value, value)
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        name = _name(node.func)
        if name == "breakpoint" and isinstance(node.func, ast.Name):
            self._add("breakpoint", "breakpoint()", node)
        if name in ("__import__", "import_module") and node.args:
            module = _name(node.args[0]) if isinstance(node.args[0], ast.Constant) else ""
            self._imported(module, f"import {module[:40]}", node)
        if name == "setattr" and len(node.args) == 3 and isinstance(node.args[1], ast.Constant):
            self._flag(_name(node.args[1]), node.args[2], node)
        of = node.func.value if isinstance(node.func, ast.Attribute) else None
        of = of.value if isinstance(of, ast.Attribute) and of.attr == "buffer" else of
        if _name(of) == "IPython" and name in _SHELLS:
            self._add("breakpoint", f"IPython.{name}()", node)
        stdout = _name(of) in ("stdout", "__stdout__")
        if (stdout and name in ("write", "writelines")) or (name == "pprint"):
            self._output("sys.stdout.write()" if stdout else "pprint()", node)
        if name == "print" and (isinstance(node.func, ast.Name) or _name(of) == "builtins"):
            to = [each.value for each in node.keywords if each.arg == "file"]
            nowhere = to and isinstance(to[0], ast.Constant) and to[0].value is None
            if not to or nowhere or _name(to[0]) in ("stdout", "__stdout__"):
                self._output("print()", node)
        elif name == "suppress" and any(_name(each) in _BROAD for each in node.args):
            self._add("handler", "suppress(Exception)", node)
        for each in node.keywords:
            self._flag(each.arg or "", each.value, node)
        if node.args:
            self._flag(_name(node.args[0]) if isinstance(node.args[0], ast.Constant) else "", _default(node), node)
        for child in ast.iter_child_nodes(node):
            if not (child is node.func and name == "print"):
                self.visit(child)

    def visit_Name(self, node: ast.Name) -> None:
        if node.id == "print" and isinstance(node.ctx, ast.Load):
            self._output("print under another name", node)

    def _output(self, what: str, node: ast.AST) -> None:
        if not self._main and not (self._own_print and "print" in what and what != "pprint()"):
            self._add("output", what, node)

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        kinds = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
        names = {_name(each) for each in kinds}
        if node.type is None and not _raises(node.body):
            self._add("handler", "except: without a type", node)
        elif names & _BROAD and all(map(_passes, node.body)):
            self._add("handler", f"except {sorted(names & _BROAD)[0]} that passes over it", node)
        self.generic_visit(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        before, self._method = self._method, True
        self.generic_visit(node)
        self._method = before

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        arguments = node.args
        places = [*arguments.posonlyargs, *arguments.args]
        pairs = [
            *zip(places[len(places) - len(arguments.defaults) :], arguments.defaults, strict=True),
            *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True),
        ]
        for argument, default in pairs:
            self._flag(argument.arg, default, node)
        body = node.body[1:] if ast.get_docstring(node, clean=False) is not None else node.body
        if len(body) == 1 and isinstance(body[0], ast.Raise) and not self._method:
            raised = body[0].exc.func if isinstance(body[0].exc, ast.Call) else body[0].exc
            if _name(raised) == "NotImplementedError":
                self._add("unimplemented", "raise NotImplementedError", body[0])
        before, self._method = self._method, False
        self.generic_visit(node)
        self._method = before

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815

    def visit_Expr(self, node: ast.Expr) -> None:
        # A docstring, or a text that comments something out.
        if isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            for number, line in enumerate(node.value.value.splitlines(), node.lineno):
                # "TODO items are listed" is a sentence.
                if _MARK_LINE.match(line):
                    self.found += markers(line, number)
        self.generic_visit(node)


def _raises(body: Iterable[ast.AST]) -> bool:
    """Whether statements raise: not where `if 0` stands before it, nor in a function that is only defined there."""
    for node in body:
        if isinstance(node, ast.Raise):
            return True
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            continue
        inside: Iterable[ast.AST] = ast.iter_child_nodes(node)
        if isinstance(node, (ast.If, ast.While)) and isinstance(node.test, ast.Constant) and not node.test.value:
            inside = node.orelse
        if _raises(inside):
            return True
    return False


def _passes(node: ast.stmt) -> bool:
    """Whether a statement of a handler lets nobody hear of the error."""
    if isinstance(node, ast.Return):
        return node.value is None or (isinstance(node.value, ast.Constant) and node.value.value is None)
    if isinstance(node, ast.Expr):
        call = node.value
        quiet = isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "debug"
        return quiet or isinstance(call, (ast.Constant, ast.Name))
    return isinstance(node, (ast.Pass, ast.Continue, ast.Break))
