from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify, Evidence
from pytest_readiness.domains.source import python_code, script_code
from pytest_readiness.domains.source.markers import NotParsedError
from pytest_readiness.domains.source.resource import Repository
from tests.judging import judge
from tests.stack.repositories import Repo

RIGHT = {
    "shop/app.py": "import logging\n\nlog = logging.getLogger(__name__)\nDEBUG = False\n",
    "web/app.ts": "export const x: number = 1;\nconsole.error(x);\n",
}


@pytest.fixture
def judged(tmp_path: Path, in_line: None) -> Any:
    repo = Repo(tmp_path / "shop")

    def judge_with(claim: str, files: dict[str, str | bytes] | None = None, **parameters: Any) -> Evidence:
        repo.commit({**RIGHT, **(files or {})})
        return judge(f"source.{claim}", Repository(name="shop", path=repo.path), **parameters)

    return judge_with


def kinds(found: Any) -> list[str]:
    return [f"{kind} {line}" for kind, _, line, _ in found]


PYTHON = {
    "breakpoint()": "breakpoint 1",
    "import pdb; pdb.set_trace()": "breakpoint 1",
    "from ipdb import set_trace": "breakpoint 1",
    "import debugpy": "breakpoint 1",
    "import pudb": "breakpoint 1",
    "import pydevd": "breakpoint 1",
    "from IPython import embed\nembed()": "breakpoint 1",
    "import IPython\nIPython.embed()": "breakpoint 2",
    "from icecream import ic\nic(1)": "output 1",
    "print(1)": "output 1",
    "log = print": "output 1",
    "map(print, [1])": "output 1",
    "from pprint import pprint\npprint(1)": "output 2",
    "import sys\nsys.stdout.write('x')": "output 2",
    "import sys\nprint(1, file=sys.stdout)": "output 2",
    "DEBUG = True": "flag 1",
    "DEBUG: bool = True": "flag 1",
    "TEMPLATE_DEBUG = 1": "flag 1",
    "app.config['DEBUG'] = True": "flag 1",
    "app.debug = True": "flag 1",
    "app.run(host='x', debug=True)": "flag 1",
    "C = {'debug': True}": "flag 1",
    "import os\nDEBUG = os.getenv('DEBUG', '1')": "flag 2",
    "import os\nDEBUG = os.environ.get('DEBUG', True)": "flag 2",
    "DEBUG = config('DEBUG', default=True, cast=bool)": "flag 1",
    "import os\nDEBUG = bool(os.environ.get('DEBUG', 'False'))": "flag 2",
    "os.environ['FLASK_DEBUG'] = '1'": "flag 1",
    "def create(debug=True):\n    return 1": "flag 1",
    "from .development import *": "flag 1",
    "DEBUG, X = True, 1": "flag 1",
    "f(DEBUG := True)": "flag 1",
    "DEBUG = os.environ.get('DEBUG') or True": "flag 1",
    "debug: bool = Field(default=True)": "flag 1",
    "setattr(app, 'debug', True)": "flag 1",
    "__import__('pdb').set_trace()": "breakpoint 1",
    "builtins.print(1)": "output 1",
    "print(1, file=None)": "output 1",
    "sys.stdout.buffer.write(b'x')": "output 1",
    "try:\n    f()\nexcept Exception as e:\n    e": "handler 3",
    "try:\n    f()\nexcept:\n    log.error('x')": "handler 3",
    "try:\n    f()\nexcept:\n    if 0:\n        raise": "handler 3",
    "try:\n    f()\nexcept:\n    def g():\n        raise": "handler 3",
    "try:\n    f()\nexcept Exception:\n    pass": "handler 3",
    "try:\n    f()\nexcept (ValueError, Exception):\n    ...": "handler 3",
    "try:\n    f()\nexcept BaseException as e:\n    log.debug(e)": "handler 3",
    "for x in y:\n    try:\n        f()\n    except Exception:\n        continue": "handler 4",
    "with suppress(Exception):\n    f()": "handler 1",
    "x = 1  # TODO later": "todo 1",
    "# fixme: x": "todo 1",
    "def f():\n    '''Do it.\n\n    TODO: rest\n    '''": "todo 4",
    "def f():\n    raise NotImplementedError": "unimplemented 2",
    "def f():\n    '''Doc.'''\n    raise NotImplementedError('x')": "unimplemented 3",
}
PYTHON_RIGHT = [
    "import sys\nprint(1, file=sys.stderr)",
    "from IPython.display import HTML\nx = embed(ic(1))",
    "try:\n    f()\nexcept:\n    if False:\n        pass\n    else:\n        raise",
    'def f():\n    """Lists all\n    TODO items that are open."""',
    "if __debug__:\n    print(1)",
    "if __name__ == '__main__':\n    print(1)",
    "def print(*a): ...\nprint(1)",
    "DEBUG = False",
    "DEBUG, X = False, True",
    "DEBUG = os.environ.get('DEBUG') or False",
    "debug: bool = Field(False, alias='x')",
    "sys.stderr.buffer.write(b'x')",
    "import os\nDEBUG = os.getenv('DEBUG', '0')",
    "import os\nDEBUG = os.environ.get('DEBUG') == '1'",
    "DEBUGGER = True\nlog.debug('x')\nx = 'print(1) # TODO DEBUG = True'",
    "from .development import *\nDEBUG = False",
    "try:\n    import x\nexcept ImportError:\n    pass",
    "try:\n    f()\nexcept:\n    log()\n    raise",
    "try:\n    f()\nexcept Exception:\n    log.exception('x')",
    "with suppress(FileNotFoundError):\n    f()",
    "# todo el texto, TodoList and XXX-XXXX",
    "class A:\n    def f(self):\n        raise NotImplementedError",
    "class A(ABC):\n    @abstractmethod\n    def f(self):\n        raise NotImplementedError",
]


@pytest.mark.parametrize(("code", "found"), PYTHON.items())
def test_python_is_read_by_its_syntax(code: str, found: str) -> None:
    assert found in kinds(python_code.find(code.encode()))


@pytest.mark.parametrize("code", PYTHON_RIGHT)
def test_python_that_is_right(code: str) -> None:
    assert kinds(python_code.find(code.encode())) == []


def test_places_are_right_in_a_larger_file() -> None:
    code = (
        "@dec(\n    debug=True\n)\ndef f():\n    x = 'a # TODO b'\n\n# TODO\nclass A:\n    # TODO\n"
        "    y = 1; z = '''\n# TODO\n'''; w = 2  # FIXME\n"
    )
    for text in (code, code.replace("\n", "\r\n"), code.replace("\n", "\r")):
        assert sorted(kinds(python_code.find(text.encode()))) == ["flag 1", "todo 12", "todo 7", "todo 9"]
    assert kinds(python_code.find(b"def f():\n    log.debug('x')\n    return (1,\n        print)\n")) == ["output 4"]


SCRIPTS = {
    "debugger;": "breakpoint 1",
    "console.log(1)": "output 1",
    "window.console.debug(1)": "output 1",
    "const log = console.log;": "output 1",
    "const { log } = console;": "output 1",
    "const c = console; c.log(1)": "output 1",
    "p.catch(() => ({}));": "handler 1",
    "xs.forEach(console.log)": "output 1",
    "console['log'](1)": "output 1",
    "const DEBUG = true;": "flag 1",
    "const c = { debug: true };": "flag 1",
    "config.debug = true;": "flag 1",
    "const d = process.env.DEBUG || '1';": "flag 1",
    "function f(debug = true) {}": "flag 1",
    "class A { debug = true; }": "flag 1",
    "try { f() } catch (e) {}": "handler 1",
    "try { f() } catch { /* fine */ }": "handler 1",
    "try { f() } catch (e) { console.debug(e) }": "handler 1",
    "p.catch(() => {});": "handler 1",
    "p.catch(function () {});": "handler 1",
    "p.catch(noop);": "handler 1",
    "\n// FIXME x": "todo 2",
    "/*\n * TODO x\n */": "todo 2",
    "throw new Error('Not implemented');": "unimplemented 1",
}
SCRIPTS_RIGHT = [
    "console.error(1); console.warn(2); logger.log(3); Math.log(4)",
    "const c = console; c.error(1); d.c.log(2)",
    "p.catch((e) => ({ e }));",
    "if (__DEV__) { console.log(1) }",
    "if (process.env.NODE_ENV !== 'production') { console.log(1) }",
    "process.env.NODE_ENV !== 'production' && console.log(1)",
    "const debug = false; const s = 'console.log(1) // TODO debugger';",
    "try { f() } catch (e) { report(e) }",
    "p.catch((e) => report(e)); p.catch(report);",
    "const TodoList = 1; // todo el texto",
]


@pytest.mark.parametrize("language", ["JavaScript", "TypeScript", "TSX"])
@pytest.mark.parametrize(("code", "found"), SCRIPTS.items())
def test_scripts_are_read_by_their_syntax(code: str, found: str, language: str) -> None:
    assert found in kinds(script_code.find(code.encode(), language))


@pytest.mark.parametrize("code", SCRIPTS_RIGHT)
def test_scripts_that_are_right(code: str) -> None:
    assert kinds(script_code.find(code.encode(), "JavaScript")) == []


def test_markup_in_scripts_is_read() -> None:
    found = script_code.find(b"const a = <p>{/* TODO */}<b onClick={() => { console.log(1) }}/></p>;", "TSX")
    assert sorted(kinds(found)) == ["output 1", "todo 1"]


@pytest.mark.parametrize(
    ("find", "data"),
    [
        (python_code.find, b"print 'x'"),
        (python_code.find, b"print(\0)"),
        (python_code.find, b"print(" + b"(" * 5000),
        (python_code.find, "print(1)".encode("utf-16")),
        (script_code.find, b"console.log(;"),
        (script_code.find, b"console.log(1)\0"),
    ],
)
def test_what_does_not_parse_is_told(find: Any, data: bytes) -> None:
    with pytest.raises((NotParsedError, RecursionError)):
        list(find(data, "JavaScript"))


def test_depth_and_size_do_not_end_the_reading() -> None:
    began = time.monotonic()
    list(script_code.find(b"console; " + b"[" * 20_000 + b"]" * 20_000, "JavaScript"))
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("claim", ["no_debug", "no_todo", "error_handling"])
def test_right_code_passes_with_figures(judged: Any, claim: str) -> None:
    text = judged(claim, {"README.md": "x", "run.sh": "x", "a.min.js": "console.log(1)"}).text
    assert text.startswith("0 found in 2 files (1 Python, 1 TypeScript) of ")
    assert "not looked at: 1 generated, 1 shell" in text


@pytest.mark.parametrize(
    ("claim", "files", "seen"),
    [
        ("no_debug", {"shop/x.py": "print(1)\n"}, r"1: print\(\) in shop/x.py:1"),
        ("no_debug", {"web/x.tsx": "\ndebugger;\n"}, "1: debugger in web/x.tsx:2"),
        ("no_debug", {"shop/settings/prod.py": "from .dev import *\n"}, "all settings of dev"),
        (
            "no_debug",
            {"bin/serve": "DEBUG = True\n", "scripts/a.py": "DEBUG = True\n"},
            "1: DEBUG is on in scripts/a.py",
        ),
        ("no_todo", {"tests/test_a.py": "# TODO(#12) x\n"}, "1: TODO in tests/test_a.py:1"),
        ("error_handling", {"shop/x.js": "try { f() } catch {}\n"}, "catch that passes over the error in shop/x.js:1"),
        # What is certainly wrong is said before what could not be looked at.
        ("no_debug", {"shop/x.py": "print(1)\n", "shop/y.py": "print 1\n"}, r"print\(\)"),
    ],
)
def test_one_thing_fails(judged: Any, claim: str, files: dict[str, str], seen: str) -> None:
    with pytest.raises(ClaimFalse, match=seen):
        judged(claim, files)


@pytest.mark.parametrize(
    ("claim", "files", "parameters"),
    [
        ("no_debug", {"tests/x.py": "print(1)\nDEBUG = True\n"}, {}),
        ("no_debug", {"shop/management/commands/x.py": "print(1)\n", "manage.py": "print(1)\n"}, {}),
        ("no_debug", {"shop/settings/dev.py": "DEBUG = True\n"}, {}),
        ("no_debug", {"node_modules/x/i.js": "console.log(1)", "vendor/a.py": "print(1)"}, {}),
        ("no_debug", {"gen/a.py": "print(1)", ".gitattributes": "gen/* linguist-generated=true\n"}, {}),
        ("no_debug", {"shop/x.py": "print(1)\n"}, {"of": ["flags", "breakpoints"]}),
        ("no_debug", {"shop/x.py": "print(1)\n"}, {"paths": ["web/"]}),
        ("no_debug", {"shop/x.py": "print(1)\n"}, {"allow": ["/shop/x.py"]}),
        ("no_debug", {"legacy/x.go": "package x\n"}, {"unread": ["Go"]}),
        ("no_debug", {"shop/y.py": "# no such thing is in: x = (\n"}, {}),
        ("no_todo", {"shop/x.py": "# TODO(#12) x\n# FIXME: SHOP-3\n"}, {"tickets": True}),
        ("no_todo", {"shop/x.py": "# TODO x\n"}, {"at_most": 1}),
        ("error_handling", {"tests/x.py": "try:\n    f()\nexcept:\n    pass\n"}, {}),
    ],
)
def test_what_is_right_but_unusual_passes(judged: Any, claim: str, files: Any, parameters: Any) -> None:
    assert " of " in judged(claim, files, **parameters).text


@pytest.mark.parametrize(
    ("claim", "files", "parameters", "reason"),
    [
        ("no_debug", {"shop/x.py": "print 1\n"}, {}, "shop/x.py does not parse in line 1"),
        ("no_debug", {"shop/x.js": "console.log(;\n"}, {}, "shop/x.js does not parse in line 1"),
        (
            "no_debug",
            {"shop/x.go": "package x\n", "a.vue": "<script/>"},
            {},
            "no reader here knows 1 Go, 1 Vue|1 Vue, 1 Go",
        ),
        ("no_debug", {"a.ipynb": "{}"}, {}, "1 notebooks"),
        ("no_todo", {"x.py": b"# TODO\n" * 400_000}, {}, "x.py larger than 2 MiB"),
        ("no_debug", {"x.py": "version https://git-lfs.github.com/spec/v1\n"}, {}, "x.py fetched by Git LFS"),
        ("no_debug", {}, {"paths": ["nothing/"]}, "match no file"),
        ("error_handling", {"x.css": "a"}, {"paths": ["*.css"]}, "match no file"),
        ("no_todo", {".gitattributes": "* linguist-generated\n"}, {}, "match no file"),
    ],
)
def test_what_cannot_be_looked_at_is_no_pass(judged: Any, claim: str, files: Any, parameters: Any, reason: str) -> None:
    with pytest.raises(CouldNotVerify, match=reason):
        judged(claim, files, **parameters)


def test_a_program_without_an_ending_is_read(tmp_path: Path, judged: Any) -> None:
    repo = Repo(tmp_path / "shop")
    repo.write({"serve": "#!/usr/bin/env python3\nbreakpoint()\n"})
    (repo.path / "serve").chmod(0o755)
    with pytest.raises(ClaimFalse, match=r"breakpoint\(\) in serve:2"):
        judged("no_debug")


def test_only_the_commit_is_read(tmp_path: Path) -> None:
    """In a process of its own, as everything is in a run."""
    Repo(tmp_path / "shop").commit(RIGHT)
    Repo(tmp_path / "shop").write({"shop/app.py": "print(1)", "new.py": "print(1)"})
    assert judge("source.no_debug", Repository(name="shop", path=tmp_path / "shop"))


DATA = ["4242424242424242", "test@shop.example", "Jane Tester"]


def test_no_test_data_passes(judged: Any) -> None:
    files = {
        "tests/x.py": "jane tester",
        "release.checks.yaml": "code: {no-test-data: {check: source.no_test_data, texts: [Jane Tester]}}",
        "logo.png": b"\0Jane Tester",
        "a.py": "latest@shop.examples 14242424242424242",
    }
    assert "none of 3 texts in 3 text files of " in judged("no_test_data", files, texts=DATA).text


@pytest.mark.parametrize(
    "content",
    [
        "card = '4242 4242-4242 4242'",
        "card = 4242_4242_4242_4242",
        "card = '4242\u00a04242\u20134242\u20134242'",
        "<p>JANE TESTER</p>",
        "to: test@shop.example\n",
        "'4242424242424242'",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_test_data_fails(judged: Any, content: str, encoding: str) -> None:
    with pytest.raises(ClaimFalse, match=r"1: '.*' in shop/x.html:2"):
        judged("no_test_data", {"shop/x.html": f"\n{content}".encode(encoding)}, texts=DATA)


def test_test_data_that_nobody_could_see(judged: Any) -> None:
    with pytest.raises(CouldNotVerify, match="no text file"):
        judged("no_test_data", texts=DATA, paths=["nothing/"])


@pytest.mark.parametrize(
    ("claim", "parameters"),
    [
        ("no_test_data", {"texts": []}),
        ("no_test_data", {"texts": ["ab"]}),
        ("no_debug", {"of": []}),
        ("no_debug", {"of": ["logs"]}),
        ("no_debug", {"allow": ["*"]}),
        ("no_debug", {"paths": ["!x"]}),
        ("no_todo", {"at_most": -1}),
    ],
)
def test_what_would_assert_nothing_is_refused(judged: Any, claim: str, parameters: Any) -> None:
    with pytest.raises(ValidationError):
        judged(claim, **parameters)
