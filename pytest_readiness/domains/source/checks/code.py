"""Claims about the code of the released commit: what must not stand in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from pytest_readiness.core.evidence import CouldNotVerify, Evidence, claim
from pytest_readiness.core.registry import check
from pytest_readiness.core.text import counted, cut, visible
from pytest_readiness.domains.source.code import BESIDES, TESTS, CodeFile, CodeFinding, matches
from pytest_readiness.domains.source.facts.code import CodeFindings, TextPlaces
from pytest_readiness.domains.source.patterns import IgnorePattern

DEVELOPMENT = (
    *("**/settings/dev*.py", "**/settings/local*.py", "**/settings/test*.py", "settings_dev*.py"),
    *("settings_local*.py", "*.dev.js", "*.dev.ts", "webpack.dev.*", "**/config/development.*"),
)
COMMANDS = (
    *("scripts/", "script/", "bin/", "tools/", "commands/", "cli.py", "cli.js", "cli.ts"),
    *("cli/", "__main__.py", "manage.py", "setup.py", "noxfile.py", "tasks.py", "fabfile.py", "*.config.*"),
    *("gulpfile.*", "Gruntfile.*"),
)
_SHOWN = 10


Globs = list[IgnorePattern]
Languages = Annotated[list[Annotated[str, Field(min_length=1)]], Field(max_length=30)]
Of = Annotated[list[Literal["flags", "breakpoints", "output"]], Field(min_length=1)]
_KINDS = {"flags": "flag", "breakpoints": "breakpoint", "output": "output"}


@check(
    "source.no_debug",
    severity="medium",
    remedy="Remove it, switch it off, or name the files in which it is right in `allow` or `commands`.",
    source="OWASP ASVS 5.0, 13.4.2; CWE-489 (active debug code), CWE-215",
)
def no_debug(
    code_findings: CodeFindings,
    *,
    of: Of = ["flags", "breakpoints", "output"],  # noqa: B006
    paths: Globs = [],  # noqa: B006
    allow: Globs = [*TESTS, *DEVELOPMENT],  # noqa: B006
    commands: Globs = [*COMMANDS],  # noqa: B006
    unread: Languages = [],  # noqa: B006
) -> Evidence:
    """No debug flag is on, no debugger is called and nothing is printed in the Python, JavaScript and TypeScript.

    Read by its syntax: DEBUG = True, debug=True in a call, a default of getenv("DEBUG", "1"), bool("False"), settings
    that take all of a development module; breakpoint(), pdb and its like, debugger; print() and sys.stdout.write(),
    also under another name, console.log and its like. What stands under `if __debug__`, `if __name__ ==
    "__main__"` (output only), `if (__DEV__)` or a comparison of NODE_ENV is right, and so are console.error,
    console.warn and print(file=sys.stderr). What a build removes is not known, nor a value that is computed or set
    where it runs.

    Args:
        of: what is looked for.
        paths: files that are looked at, as in .gitignore; none: all.
        allow: files left out; default: tests, examples and settings for development.
        commands: files that may print, since people run them; default: scripts, command-line programs, configuration.
        unread: languages in the repository that nobody looks at here ("Go"); others that cannot be read make this
            an error. None: nothing is left out in silence.
    """
    kinds = {_KINDS[each] for each in of}
    prints = matches(commands)
    found = [
        each
        for each in code_findings.findings
        if each.kind in kinds and not (each.kind == "output" and prints(each.path))
    ]
    return _judged(code_findings, found, "no debug code", paths, allow, unread)


@check(
    "source.no_todo",
    severity="low",
    remedy="Finish it, or open a ticket and name it in the comment.",
    source="CWE-546 (suspicious comment)",
)
def no_todo(
    code_findings: CodeFindings,
    *,
    at_most: Annotated[int, Field(ge=0)] = 0,
    tickets: bool = False,
    paths: Globs = [],  # noqa: B006
    allow: Globs = [],  # noqa: B006
    unread: Languages = [],  # noqa: B006
) -> Evidence:
    """No comment of the Python, JavaScript and TypeScript says TODO, FIXME, XXX or HACK beyond the limit.

    In capitals, or "todo:" and "fixme(…)". So counts code that is to be written: a function that only raises
    NotImplementedError, `throw new Error("not implemented")`. Methods that only raise it are taken for abstract.
    Marks in texts, in comments of other languages and under other names are not looked at.

    Args:
        at_most: most of them that may be left. 0: each is work that somebody meant to do.
        tickets: whether a mark that names a ticket in its line (#12, ABC-12, an address) is right.
        paths: files that are looked at, as in .gitignore; none: all.
        allow: files left out. None: tests are code, too.
        unread: languages in the repository that nobody looks at here ("Go"); others that cannot be read make this
            an error. None: nothing is left out in silence.
    """
    open_ones = [
        each
        for each in code_findings.findings
        if each.kind in ("todo", "unimplemented") and not (tickets and each.ticket)
    ]
    return _judged(code_findings, open_ones, f"at most {at_most} open marks", paths, allow, unread, at_most)


@check(
    "source.error_handling",
    severity="medium",
    remedy="Handle the error, log it or let it through; catch only what is expected.",
    source="CWE-390, CWE-396; PEP 8, programming recommendations",
)
def error_handling(
    code_findings: CodeFindings,
    *,
    at_most: Annotated[int, Field(ge=0)] = 0,
    paths: Globs = [],  # noqa: B006
    allow: Globs = [*TESTS],  # noqa: B006
    unread: Languages = [],  # noqa: B006
) -> Evidence:
    """No handler of the Python, JavaScript and TypeScript catches everything bare or passes over every error.

    Bare: `except:` without a `raise` in it. Passed over: `except Exception` or BaseException with nothing in it but
    pass, a bare return, continue, break or a message for debugging; suppress(Exception); `catch {}` and
    `.catch(() => {})` likewise, with or without a comment. Handlers of named errors (`except ImportError: pass`) are a
    decision. Calls without any handler, and whether one does the right thing, are not looked at.

    Args:
        at_most: most of them that may be left. 0.
        paths: files that are looked at, as in .gitignore; none: all.
        allow: files left out; default: tests and examples.
        unread: languages in the repository that nobody looks at here ("Go"); others that cannot be read make this
            an error. None: nothing is left out in silence.
    """
    found = [each for each in code_findings.findings if each.kind == "handler"]
    return _judged(code_findings, found, f"at most {at_most} such handlers", paths, allow, unread, at_most)


def _judged(
    record: CodeFindings,
    found: Iterable[CodeFinding],
    expected: str,
    paths: Sequence[str],
    allow: Sequence[str],
    unread: Sequence[str],
    at_most: int = 0,
) -> Evidence:
    if (record.total, record.count) != (len(record.files), len(record.findings)):
        raise CouldNotVerify("not all files and findings are in the record")
    wanted = _chosen(paths, allow)
    files = [each for each in record.files if wanted(each.path)]
    here = [each for each in found if wanted(each.path)]
    languages = Counter(each.language for each in files if not each.problem)
    seen = _places([f"{each.what} in {visible(cut(each.path, 100))}:{each.line}" for each in here])
    looked = f"in {counted(sum(languages.values()), 'file')} ({_counted(languages)}) of {record.commit}"
    claim(len(here) <= at_most, expected=f"{expected} {looked}", seen=f"{len(here)}: {seen}")
    _verify_whole(files, unread, len(allow))
    left = Counter(each.problem if each.problem != "not read" else each.language for each in files if each.problem)
    besides = f"; not looked at: {_counted(left)}" if left else ""
    what = f"{len(here)} found" + (f" ({seen})" if here else "")
    return Evidence(f"{what} {looked}{besides}; {counted(len(record.files) - len(files), 'file')} left out by path")


def _chosen(paths: Sequence[str], allow: Sequence[str]) -> Callable[[str], bool]:
    inside, outside = matches(paths), matches(allow)
    return lambda path: (not paths or inside(path)) and not outside(path)


def _verify_whole(files: Sequence[CodeFile], unread: Sequence[str], allowed: int) -> None:
    broken = [each for each in files if each.problem and not each.problem.startswith(("generated", "vendored", "mark"))]
    unknown = Counter(each.language for each in broken if each.problem == "not read")
    others = {name: number for name, number in unknown.items() if name not in {*BESIDES, *unread}}
    if bad := [f"{visible(cut(each.path, 100))} {each.problem}" for each in broken if each.problem != "not read"]:
        raise CouldNotVerify(f"not every file could be looked at: {_places(bad)}")
    if others:
        raise CouldNotVerify(
            f"no reader here knows {_counted(others)}: narrow `paths`, or name what nobody looks at in `unread`"
        )
    if not any(not each.problem for each in files):
        where = "the paths, without those that are left out," if allowed else "the paths"
        raise CouldNotVerify(f"{where} match no file of Python, JavaScript or TypeScript in the commit")


def _counted(numbers: Counter[str] | dict[str, int]) -> str:
    return (
        ", ".join(f"{number} {name}" for name, number in sorted(numbers.items(), key=lambda each: -each[1])) or "none"
    )


def _places(texts: Sequence[str]) -> str:
    more = len(texts) - _SHOWN
    return ", ".join(texts[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _verify_texts(texts: list[str]) -> list[str]:
    if any(len(each.strip()) < 4 for each in texts):
        raise ValueError("each must have 4 characters or more")
    return texts


Texts = Annotated[list[str], Field(min_length=1, max_length=100), AfterValidator(_verify_texts)]


@check(
    "source.no_test_data",
    severity="medium",
    remedy="Move it to the tests or fixtures, or name the files in which it is right in `allow`.",
    source="CWE-489; OWASP ASVS 5.0, 15.2.3",
    asks=lambda _, texts: {"text_places": texts},
)
def no_test_data(
    text_places: TextPlaces,
    *,
    texts: Texts,
    paths: Globs = [],  # noqa: B006
    allow: Globs = [*TESTS, "*.md", "*.rst", "CHANGELOG*", "*.checks.yaml"],  # noqa: B006
) -> Evidence:
    """None of the named texts stands in a text file of the commit that ships.

    They are looked for as they are, regardless of case and not within a longer word; in one of digits only, blanks and
    hyphens may stand between the digits. Nothing else is taken for test data. Binary and large files, what is fetched
    by Git LFS, submodules, and data in databases are not looked at.

    Args:
        texts: what must not be there, 4 characters or more each (addresses, card numbers, names of fixtures).
        paths: files that are looked at, as in .gitignore; none: all.
        allow: files left out; default: tests, examples, documents, and bindings, which name the texts.
    """
    wanted = _chosen(paths, allow)
    files = [path for path in text_places.files if wanted(path)]
    if text_places.count != len(text_places.files) or not files:
        raise CouldNotVerify("the paths, without those that are left out, match no text file in the commit")
    asked = {each.casefold() for each in texts}
    if asked - set(text_places.asked):
        raise CouldNotVerify("not every text was looked for")
    here = [each for each in text_places.places if each.text in asked and wanted(each.path)]
    if text_places.found != len(text_places.places):
        raise CouldNotVerify(f"{len(text_places.places)} of {text_places.found} places are in the record")
    shown = _places([f"'{cut(each.text, 40)}' in {visible(cut(each.path, 100))}:{each.line}" for each in here])
    looked = f"in {counted(len(files), 'text file')} of {text_places.commit}"
    claim(not here, expected=f"none of {counted(len(texts), 'text')} {looked}", seen=f"{len(here)}: {shown}")
    unseen = [path for path in text_places.unseen if wanted(path)]
    besides = f"; not looked at: {counted(len(unseen), 'file')}, binary, large or elsewhere" if unseen else ""
    return Evidence(f"none of {counted(len(texts), 'text')} {looked}{besides}")
