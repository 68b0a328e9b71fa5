"""Which files of a commit are code, who reads them, and what was found in them; whatever is not looked at is told."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from pytest_readiness.domains.source.commit import BLOB_BYTES, ReleaseCommit, TreeFile, files_of, read_files
from pytest_readiness.domains.source.markers import NotParsedError

WALK_SECONDS = 90
"""For all files of a commit; those that are not reached count as not looked at."""

LFS_POINTER = b"version https://git-lfs.github.com/spec/"

READ = {
    **dict.fromkeys((".py", ".pyw"), "Python"),
    **dict.fromkeys((".js", ".mjs", ".cjs", ".jsx"), "JavaScript"),
    **dict.fromkeys((".ts", ".mts", ".cts"), "TypeScript"),
    ".tsx": "TSX",
}
_OTHERS = (
    "Go=.go;Ruby=.rb;Java=.java;PHP=.php;Rust=.rs;C#=.cs;Swift=.swift;Kotlin=.kt .kts;Scala=.scala;Dart=.dart"
    ";Elixir=.ex .exs;Vue=.vue;Svelte=.svelte;Astro=.astro;notebooks=.ipynb;Cython=.pyx;Lua=.lua;Perl=.pl;C=.c .h"
    ";C++=.cc .cpp .hpp;Objective-C=.m;Clojure=.clj;Erlang=.erl;Haskell=.hs;R=.r;F#=.fs;Groovy=.groovy"
    ";CoffeeScript=.coffee;shell=.sh .bash;SQL=.sql;HTML=.html .htm;CSS=.css .scss;templates=.j2 .jinja .erb .ejs .hbs"
)
UNREAD = {
    suffix: language
    for language, _, suffixes in (each.partition("=") for each in _OTHERS.split(";"))
    for suffix in suffixes.split()
}
"""Languages that are not read, by the end of a file's name."""
BESIDES = frozenset({"shell", "SQL", "HTML", "CSS", "templates"})
"""Of these, what stands beside a program in nearly every repository, and is only told."""

TESTS = (
    *("test/", "tests/", "__tests__/", "testing/", "spec/", "e2e/", "cypress/", "fixtures/", "testdata/", "__mocks__/"),
    *("test_*.py", "*_test.py", "conftest.py", "*.test.*", "*.spec.*", "*.stories.*", "examples/", "example/", "docs/"),
)
"""Where tests and examples stand, as in .gitignore."""
_LEFT_OUT = {
    "vendored": ("node_modules/", "bower_components/", "vendor/", "third_party/", "site-packages/", ".yarn/"),
    "generated": ("dist/", "*.min.js", "*.bundle.js", "*_pb2.py", "*_pb2_grpc.py", "*.generated.*"),
}
_SHEBANG = re.compile(rb"#!\s{0,4}\S{0,100}?(?:/|\benv\s{1,4})(python|node|deno|bun)[\d.]{0,8}\b")
_ATTRIBUTE = re.compile(r"(-?)linguist-(generated|vendored)(?:=(\w{1,10}))?")


@dataclass(frozen=True, slots=True)
class CodeFile:
    """A file of code.

    Attributes:
        path: from the top of the repository.
        language: "Python".
        problem: why it was not looked at ("generated", "not read", "does not parse in line 3"); "" where it was.
    """

    path: str
    language: str
    problem: str = ""


@dataclass(frozen=True, slots=True)
class CodeFinding:
    """Something in the code, without its text.

    Attributes:
        kind: "flag", "breakpoint", "output", "todo", "unimplemented" or "handler".
        what: what it is ("print()", "TODO").
        path: the file.
        line: in it, from 1.
        ticket: a marker's comment names a ticket.
    """

    kind: str
    what: str
    path: str
    line: int
    ticket: bool = False


@dataclass(frozen=True, slots=True)
class CodeFindings:
    """What one walk over the code of a commit found.

    Attributes:
        commit: its first digits.
        total: how many files of code there are.
        files: all of them, looked at or not.
        count: how many findings there are.
        findings: in the order of the files.
    """

    commit: str
    total: int
    files: tuple[CodeFile, ...]
    count: int
    findings: tuple[CodeFinding, ...]


Finder = Callable[[bytes, str], Iterable[tuple[str, str, int, bool]]]
"""Yields kind, what, line and whether a ticket is named, of the bytes and the language of a file."""


def matches(patterns: Iterable[str]) -> Callable[[str], bool]:
    """Whether a path is matched by any of the patterns, which are written as in .gitignore."""
    from pathspec import GitIgnoreSpec

    return GitIgnoreSpec.from_lines(patterns).match_file


def code_files(commit: ReleaseCommit) -> Iterator[tuple[TreeFile, CodeFile]]:
    """Yield each file of code, with the reason where it is to be left out."""
    files = [each for each in files_of(commit) if each.regular]
    by_rule = {why: matches(patterns) for why, patterns in _LEFT_OUT.items()}
    kept, marked = _attributes(commit, files)
    bare = [each for each in files if not PurePosixPath(each.path).suffix and each.mode == "100755"]
    programs = {each.path: found[1] for each, data in read_files(commit, bare) if (found := _SHEBANG.match(data))}
    for file in files:
        suffix = PurePosixPath(file.path).suffix.lower()
        language = READ.get(suffix) or UNREAD.get(suffix, "")
        if program := programs.get(file.path):
            language = "Python" if program == b"python" else "JavaScript"
        if not language:
            continue
        problem = "marked as generated or vendored in .gitattributes" if marked(file.path) else ""
        if not problem and not kept(file.path):
            problem = next((why for why, rule in by_rule.items() if rule(file.path)), "")
        if not problem and suffix in UNREAD:
            problem = "not read"
        if not problem and file.size > BLOB_BYTES:
            problem = f"larger than {BLOB_BYTES // 2**20} MiB"
        yield file, CodeFile(told(file.path), language, problem)


def told(path: str) -> str:
    """A path that JSON can hold."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _attributes(commit: ReleaseCommit, files: list[TreeFile]) -> tuple[Callable[[str], bool], Callable[[str], bool]]:
    """What .gitattributes say is neither generated nor vendored, and what is."""
    said: dict[bool, list[str]] = {True: [], False: []}
    for file, data in read_files(commit, [each for each in files if each.path.split("/")[-1] == ".gitattributes"]):
        folder = file.path.removesuffix(".gitattributes")
        for line in data.decode("utf-8", "replace").splitlines():
            pattern, *attributes = line.split() or [""]
            for found in filter(None, map(_ATTRIBUTE.fullmatch, attributes)):
                no = bool(found[1]) or (found[3] or "true") == "false"
                inside = "**/" if folder and "/" not in pattern.strip("/") else ""
                whole = f"/{folder}{inside}{pattern.lstrip('/')}" if folder else pattern
                said[not no].append(whole)
                said[no].append(f"!{whole}")
    return matches(said[False]), matches(said[True])


def walk(commit: ReleaseCommit) -> CodeFindings:
    """Look at every file of code, once for all checks."""
    from pytest_readiness.domains.source import python_code, script_code

    finders: dict[str, Finder] = {**dict.fromkeys(READ.values(), script_code.find), "Python": python_code.find}
    until = time.monotonic() + WALK_SECONDS
    listed = list(code_files(commit))
    problems = {file.path: code for file, code in listed}
    findings: list[CodeFinding] = []
    for file, data in read_files(commit, [file for file, code in listed if not code.problem]):
        code = problems[file.path]
        problem = "" if time.monotonic() < until else f"not reached in {WALK_SECONDS} s"
        try:
            if data.startswith(LFS_POINTER):
                problem = "fetched by Git LFS"
            if not problem:
                found = list(finders[code.language](data, code.language))
                findings += [CodeFinding(kind, what, code.path, line, ticket) for kind, what, line, ticket in found]
        except NotParsedError as error:
            problem = str(error)
        except RecursionError:
            problem = "nested too deeply"
        problems[file.path] = CodeFile(code.path, code.language, problem)
    return CodeFindings(commit.short, len(problems), tuple(problems.values()), len(findings), tuple(findings))
