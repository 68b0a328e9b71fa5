from __future__ import annotations

import subprocess
from typing import Any

import pytest
from pydantic import ValidationError

from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify
from tests.stack.repositories import Repo

SAME = {
    "a.yaml": "server:\n  port: 8080\n  debug: false\nhosts: [a.example.com]\n",
    "a.toml": 'hosts = ["a.example.com"]\n[server]\nport = 8080\ndebug = false\n',
    "a.json": '{"server": {"port": 8080, "debug": false}, "hosts": ["a.example.com"]}',
    "a.jsonc": '{// comment "x\n"server": {"port": 8080, /* x */ "debug": false,}, "hosts": ["a.example.com"],}',
    "a.properties": "# x\nserver.port=8080\nserver.debug : FALSE\nhosts.0 = a.exam\\\n  ple.com\n",
    "a.py": "class server(object):\n    port = 8080\n    debug = False\nhosts = ['a.example.com']\nX = f()\n",
}


@pytest.mark.parametrize("path", SAME)
def test_config_in_every_language(repo: Repo, judged: Any, path: str) -> None:
    repo.commit(SAME)
    values = {"server.port": 8080, "server.debug": False, "hosts.0": "a.example.com"}
    said = judged("source.config", files=[path], values=values, present=["server.port"]).text
    assert said.startswith(f"server.port=8080, server.debug=false, hosts.0=a.example.com, server.port in {path} of ")
    for key, value, seen in (
        ("server.port", 80, "server.port is "),
        ("server.debug", True, "server.debug is "),
        ("hosts.0", "b.example.com", "hosts.0 is another text in "),
        ("server.host", "x", "no server.host in "),
    ):
        with pytest.raises((ClaimFalse, CouldNotVerify), match=f"{seen}|computes server.host"):
            judged("source.config", files=[path], values={key: value})


@pytest.mark.parametrize(
    ("path", "text", "seen"),
    [
        ("a.yaml", "debug: 'false'", "debug is another text in a.yaml"),
        ("a.json", '{"debug": "False"}', "debug is another text"),
        ("a.py", "debug = 'False'", "debug is another text"),
        ("a.py", "debug = 0", "debug is 0"),
        ("a.yaml", "debug: null", "debug is null"),
        ("a.yaml", "debug:\n  x: false", "debug is another mapping"),
        ("a.env", "debug=true", "debug is another text"),
        ("a.ini", "[app]\ndebug = false", "no debug in"),
        ("a.yaml", "# debug: false\nx: 1", "no debug in"),
        ("a.toml", "", "a.toml holds no value"),
        ("b.toml", "", "no b.toml"),
    ],
)
def test_config_that_is_not_so(repo: Repo, judged: Any, path: str, text: str, seen: str) -> None:
    repo.commit({path if path != "b.toml" else "c.toml": text})
    repo.write({"b.toml": "debug = false"})
    with pytest.raises(ClaimFalse, match=f"seen: {seen}"):
        judged("source.config", files=[path], values={"debug": False})


@pytest.mark.parametrize(
    ("path", "text", "said"),
    [
        ("a.py", "import os\ndebug = os.environ.get('DEBUG', False)", "computes debug"),
        ("a.py", "debug = False\nfrom local import *", "computes debug"),
        ("a.py", "from base import *", "takes it from elsewhere"),
        ("a.py", "debug = False\nif x:\n    debug = True", "computes debug"),
        ("a.py", "class Production(Base):\n    pass\n", "computes debug|no debug"),
        ("a.py", "debug = (", "is no valid .py file on line 1"),
        ("a.yaml", "debug: [", "cannot be read"),
        ("a.yaml", "debug: false\ndebug: true", "occurs twice"),
        ("a.json", '{"debug": false, "debug": true}', "is no valid .json file"),
        ("a.json", "[" * 100_000, "is no valid .json file"),
        ("a.toml", 'password = "hunter2', "is no valid .toml file"),
        ("a.js", "module.exports = {debug: false}", "its kind is not among"),
        ("a.yaml", "version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "kept in Git LFS"),
    ],
)
def test_config_that_cannot_be_read(repo: Repo, judged: Any, path: str, text: str, said: str) -> None:
    repo.commit({path: text})
    with pytest.raises((CouldNotVerify, ClaimFalse), match=said) as raised:
        judged("source.config", files=[path], values={"debug": False})
    assert raised.type is CouldNotVerify or "Production" in text
    assert "hunter2" not in str(raised.value)


def test_config_of_each_environment(repo: Repo, judged: Any) -> None:
    repo.commit({"dev.yaml": "port: 1", "prod.yaml": "port: 2"})
    assert "2 values read" in judged("source.config", files=["dev.yaml", "prod.yaml"], present=["port"]).text
    repo.commit({"prod.yaml": "port: 1"})
    with pytest.raises(ClaimFalse, match=r"seen: dev\.yaml and prod\.yaml hold the same"):
        judged("source.config", files=["dev.yaml", "prod.yaml"], present=["port"])


def test_django_settings(repo: Repo, judged: Any) -> None:
    repo.commit(
        {"s.py": "DEBUG = False\nDB = {'default': {'HOST': 'db', 'PASSWORD': env('X')}}\nif DEBUG:\n    A += 1\n"}
    )
    assert judged("source.config", files=["s.py"], values={"DEBUG": False, "DB.default.HOST": "db"})
    assert judged("source.config", files=["s.py"], present=["DB.default.PASSWORD"])
    repo.commit({"s.py": "DEBUG = False\nDB = {'default': {'HOST': 'db'}}\nDB['default']['HOST'] = 'other'\n"})
    with pytest.raises((CouldNotVerify, ClaimFalse)):
        judged("source.config", files=["s.py"], values={"DB.default.HOST": "db"})


MAKE = """\
# test: not a rule
.PHONY: test build empty
VERSION := 1:2
OUT ?= a:b
test lint: deps ; @echo $(VERSION)
build:: src/%.o
\t# only a comment
\tgcc -o $@ \\
\t  x.c
empty:
idle: ; @true
waits: idle nowhere
loop: ring
ring: loop
	@:
deps:
\techo "fake: rule"
release: NAME = x
release:
\t./release.sh
a b &: c
define TEXT
hidden:
\tx
endef
ifdef CI
sometimes:
\tx
endif
"""


def test_make_targets(repo: Repo, judged: Any) -> None:
    repo.commit({"Makefile": MAKE, "c": "1"})
    said = judged("source.make_targets", targets=["test", "lint", "build", "deps", "release", "a", "b"]).text
    assert said.startswith(
        "test (line 5), lint (line 5), build (line 6), deps (line 16), release (line 19), a (line 21)"
    )
    # What make itself knows.
    known = subprocess.run(["make", "-pnq"], cwd=repo.path, capture_output=True, text=True, check=False).stdout
    for name in ("test", "lint", "build", "release"):
        assert f"\n{name}:" in known


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        *((name, f"{name} does nothing") for name in ("empty", "idle", "waits", "loop")),
        ("hidden", "no hidden"),
        ("fake", "no fake"),
        ("VERSION", "no VERSION"),
        ("NAME", "no NAME"),
        ("tes", "no tes"),
    ],
)
def test_make_targets_that_are_not_there(repo: Repo, judged: Any, name: str, seen: str) -> None:
    repo.commit({"Makefile": MAKE})
    with pytest.raises(ClaimFalse, match=f"seen: {seen}"):
        judged("source.make_targets", targets=["test", name])


def test_makefiles_that_do_not_tell(repo: Repo, judged: Any) -> None:
    with pytest.raises(ValidationError):
        judged("source.make_targets", targets=[])
    repo.commit({"a": "1"})
    with pytest.raises(ClaimFalse, match="seen: no Makefile"):
        judged("source.make_targets", targets=["test"])
    repo.commit({"Makefile": MAKE})
    with pytest.raises(CouldNotVerify, match="under a condition only"):
        judged("source.make_targets", targets=["sometimes"])
    repo.commit({"Makefile": ".RECIPEPREFIX = >\ntest:\n> pytest\n"})
    with pytest.raises(CouldNotVerify, match=r"has more by \.RECIPEPREFIX"):
        judged("source.make_targets", targets=["test"])
    repo.commit({"Makefile": "include rules.mk\n$(NAMES):\n\techo\nbuild:\n\techo"})
    assert judged("source.make_targets", targets=["build"])
    with pytest.raises(CouldNotVerify, match="has more by include on line 1, a computed name on line 2"):
        judged("source.make_targets", targets=["test"])
    repo.commit({"GNUmakefile": "all:\n\techo"})
    with pytest.raises(ClaimFalse, match="in GNUmakefile; seen: no build"):
        judged("source.make_targets", targets=["build"])
    assert judged("source.make_targets", targets=["build"], path="Makefile")


PRE = "repos:\n- repo: https://github.com/astral-sh/ruff-pre-commit\n  rev: v0.9\n  hooks:\n  - id: ruff\n"
HUSKY = {"package.json": '{"scripts": {"prepare": "husky"}, "lint-staged": {"*.js": ["eslint --fix", "prettier -w"]}}'}
LEFT = "pre-commit:\n  commands:\n    lint:\n      run: npx eslint {staged_files}\n  jobs:\n  - run: ruff check\n"


@pytest.mark.parametrize(
    ("files", "hooks"),
    [
        ({".pre-commit-config.yaml": PRE}, ["ruff"]),
        ({".pre-commit-config.yaml": PRE + "    stages: [pre-push]\n"}, ["ruff"]),
        ({**HUSKY, ".husky/pre-commit": "#!/bin/sh\nnpx lint-staged\n"}, ["lint-staged", "eslint", "prettier"]),
        ({"lefthook.yml": LEFT}, ["eslint", "ruff", "lint"]),
        ({"package.json": '{"simple-git-hooks": {"pre-commit": "npm run lint"}}'}, ["lint"]),
    ],
)
def test_hooks(repo: Repo, judged: Any, files: dict[str, str], hooks: list[str]) -> None:
    repo.commit(files)
    assert judged("source.precommit", hooks=hooks)
    assert judged("source.precommit")
    with pytest.raises(ClaimFalse, match="without mypy"):
        judged("source.precommit", hooks=["mypy"])


@pytest.mark.parametrize(
    ("files", "seen"),
    [
        ({"a": "1"}, "0 that run, without any hook"),
        ({".pre-commit-config.yaml": "repos: []\n"}, "0 that run"),
        ({".pre-commit-config.yaml": PRE + "    stages: [manual]\n"}, "ruff runs at the stage manual only"),
        ({".pre-commit-config.yaml": "default_stages: [manual]\n" + PRE}, "ruff runs at the stage manual only"),
        ({".pre-commit-config.yaml": PRE + "    exclude: .*\n"}, "ruff leaves out every file"),
        ({".pre-commit-config.yaml": "exclude: ''\n" + PRE}, "ruff leaves out every file"),
        ({".pre-commit-config.yaml": PRE.replace("  rev: v0.9\n", "")}, "ruff has no rev"),
        ({"package.json": "{}", ".husky/pre-commit": "npm test\n"}, "pre-commit no script of package.json"),
        ({**HUSKY, ".husky/pre-commit": "#!/bin/sh\n# npm test\n"}, "pre-commit does nothing"),
        *(
            ({**HUSKY, ".husky/pre-commit": f"{script}\n"}, "pre-commit does nothing")
            for script in ("exit 0", "echo eslint", "npx eslint . || true", "exit 0\nnpx eslint .")
        ),
        ({".pre-commit-config.yaml": f"exclude: ^\n{PRE}"}, "leaves out every file"),
        ({"lefthook.yml": LEFT.replace("pre-commit:\n", "pre-commit:\n  skip: true\n")}, "lint is skipped"),
        ({"lefthook.yml": "# " + LEFT.replace("\n", "\n# ") + "\nx: 1\n"}, "0 that run"),
        ({"docs/.pre-commit-config.yaml": PRE}, "0 that run"),
    ],
)
def test_hooks_that_never_run(repo: Repo, judged: Any, files: dict[str, str], seen: str) -> None:
    repo.commit(files)
    with pytest.raises(ClaimFalse, match=f"seen: .*{seen}"):
        judged("source.precommit")


@pytest.mark.parametrize("text", ["repos: [", "repos: 3\n", "hooks: []\n", "repos:\n- a\n"])
def test_hooks_that_cannot_be_read(repo: Repo, judged: Any, text: str) -> None:
    repo.commit({".pre-commit-config.yaml": text})
    with pytest.raises(CouldNotVerify, match=r"\.pre-commit-config\.yaml"):
        judged("source.precommit")


@pytest.mark.parametrize(
    "later",
    [
        "globals()['DEBUG'] = True",
        "globals().update(DEBUG=True)",
        "exec(open('local.py').read())",
        "from .base import DEBUG",
        "from .base import FLAG as DEBUG",
        "def f():\n    global DEBUG\n    DEBUG = True\nf()",
        "def DEBUG(): pass",
        "del DEBUG",
        "match f():\n    case DEBUG: pass",
    ],
)
def test_what_else_gives_a_name_another_value(repo: Repo, judged: Any, later: str) -> None:
    repo.commit({"a.py": f"DEBUG = False\n{later}\n", "b.py": f"import os\n{later}\nDEBUG = False\n"})
    with pytest.raises(CouldNotVerify, match="computes DEBUG or takes it from elsewhere"):
        judged("source.config", files=["a.py"], values={"DEBUG": False})
    if "global DEBUG" not in later:
        assert judged("source.config", files=["b.py"], values={"DEBUG": False})


def test_copies_and_files_that_are_too_deep(repo: Repo, judged: Any) -> None:
    deep = "[" * 50_000 + "]" * 50_000
    repo.commit({"a.yaml": "x: 1\ny: 2\n", "b.yaml": "# b\ny: 2\nx: 1\n", "c.yaml": "x: 1\ny: 3\n", "deep.yaml": deep})
    assert judged("source.config", files=["a.yaml", "c.yaml"], present=["x"])
    with pytest.raises(ClaimFalse, match=r"a\.yaml and b\.yaml hold the same"):
        judged("source.config", files=["a.yaml", "b.yaml"])
    with pytest.raises(CouldNotVerify, match="too deeply"):
        judged("source.config", files=["deep.yaml"])
    for text in ("- " * 50_000 + "x", "\n".join(" " * depth + "a:" for depth in range(1_500))):
        repo.commit({"deep.yaml": text})
        with pytest.raises(CouldNotVerify, match="too deeply"):
            judged("source.config", files=["deep.yaml"])
