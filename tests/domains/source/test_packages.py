from __future__ import annotations

import json
import re
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify, NotDeclared
from pytest_readiness.domains.source.ranges import holds
from tests.stack.repositories import Repo

LOCKS = Path(__file__).parents[2] / "data" / "locks"
NPM = ("npm1", "npm2", "npm3", "pnpm", "yarn1", "berry")
KINDS = (*NPM, "uv", "poetry", "cargo", "pipc")


def files(kind: str, folder: str = "") -> dict[str, str]:
    return {f"{folder}{path.name}": path.read_text() for path in (LOCKS / kind).iterdir()}


def changed(kind: str, old: str, new: str) -> dict[str, str]:
    """The files of a kind with something in each manifest changed."""
    found = files(kind)
    if "package.json" in found:
        found["package.json"] = json.dumps(json.loads(found["package.json"]), separators=(",", ":"))
    names = [name for name in found if name in ("package.json", "pyproject.toml", "Cargo.toml", "requirements.in")]
    assert any(old in found[name] for name in names)
    return found | {name: found[name].replace(old, new) for name in names}


@pytest.mark.parametrize("kind", KINDS)
def test_locks_of_the_real_tools(repo: Repo, judged: Any, kind: str) -> None:
    repo.commit(files(kind))
    said = judged("source.dependencies_locked", digests=True).text
    assert "0 without a digest" in said
    repo.commit(files(kind, "apps/shop/"))
    assert judged("source.dependencies_locked", left_out=["/*.json", "/*.toml", "/*.in", "/*.txt"])


@pytest.mark.parametrize("kind", KINDS)
def test_manifests_without_their_lock(repo: Repo, judged: Any, kind: str) -> None:
    locks = ("lock", "requirements.txt")
    repo.commit({name: text for name, text in files(kind).items() if not any(each in name for each in locks)})
    repo.write(files(kind))
    with pytest.raises(ClaimFalse, match=r"seen: 1: \S+ has no lock"):
        judged("source.dependencies_locked")


@pytest.mark.parametrize(
    ("kind", "old", "new", "seen"),
    [
        *((kind, '"ms":"^2.1.0"', '"ms":"^3.0.0"', "ms of package.json is asked for as") for kind in NPM),
        *((kind, '"ms":', '"left-pad":"1.0.0","ms":', "left-pad of package.json is not in") for kind in NPM),
        *((kind, "~3.0.1", "~3.1.0", "is-odd of package.json is asked for as") for kind in NPM),
        ("uv", "idna>=3.6", "idna>=3.7", "idna of pyproject.toml is asked for as .* and uv.lock was made for"),
        ("uv", "iniconfig>=2", "iniconfig>=9", "iniconfig of pyproject.toml is asked for"),
        ("uv", '"idna', '"packaging", "idna', "packaging of pyproject.toml is not in uv.lock"),
        ("poetry", "idna>=3.6,<4", "idna<3", "idna of pyproject.toml is asked for as <3, and poetry.lock has 3"),
        ("poetry", '"idna', '"packaging", "idna', "packaging of pyproject.toml is not in poetry.lock"),
        ("cargo", 'itoa = "1.0"', 'itoa = "2.0"', "itoa of Cargo.toml is asked for as 2.0, and Cargo.lock has 1"),
        ("cargo", 'itoa = "1.0"', 'itoa = "1.0"\nryu = "1"', "ryu of Cargo.toml is not in Cargo.lock"),
        ("pipc", "<4", "<3", "idna of requirements.in is asked for as"),
    ],
)
def test_locks_that_are_older_than_the_manifest(
    repo: Repo, judged: Any, kind: str, old: str, new: str, seen: str
) -> None:
    repo.commit(changed(kind, old, new))
    with pytest.raises(ClaimFalse, match=f"seen: 1: {seen}"):
        judged("source.dependencies_locked")


GO = {"go.mod": "module example.com/shop\n\ngo 1.22\n\nrequire (\n\tgolang.org/x/text v0.14.0 // indirect\n)\n"}
GEM = {"Gemfile": "source 'https://rubygems.org'\ngem 'rack', '~> 3.0'\n# gem 'old'\n"}
PHP = {"composer.json": '{"require": {"php": ">=8.2", "ext-json": "*", "monolog/monolog": "^3.0"}}'}
PIPENV = {"Pipfile": '[packages]\nrequests = "*"\n[dev-packages]\npytest = "*"\n'}
WRITTEN = [
    (GO, {"go.sum": "golang.org/x/text v0.14.0 h1:abc=\ngolang.org/x/text v0.14.0/go.mod h1:def=\n"}),
    (
        GEM,
        {"Gemfile.lock": "GEM\n  specs:\n    rack (3.0.8)\n      webrick (~> 1.8)\n\nDEPENDENCIES\n  rack (~> 3.0)\n"},
    ),
    (PHP, {"composer.lock": '{"packages": [{"name": "monolog/monolog", "version": "3.5.0", "dist": {"shasum": ""}}]}'}),
    (
        PIPENV,
        {"Pipfile.lock": '{"default": {"requests": {"version": "==2"}}, "develop": {"pytest": {"version": "==8"}}}'},
    ),
    (
        {"pyproject.toml": '[project]\nname = "s"\ndependencies = ["idna"]\n'},
        {"pylock.toml": 'lock-version = "1.0"\n[[packages]]\nname = "idna"\nversion = "3.10"\n'},
    ),
    (
        {"requirements.txt": "-r base/requirements.txt\nrich==13.7.1 ; python_version > '3'\n"},
        {"base/requirements.txt": "a==1\n"},
    ),
    ({"requirements.txt": "-c constraints.txt\nrich>=13\n"}, {"constraints.txt": "rich==13.7.1\n"}),
    (
        {"setup.cfg": "[metadata]\nname = s\n[options]\ninstall_requires =\n    rich>=13\n"},
        {"requirements.txt": "rich==13.7.1"},
    ),
]


@pytest.mark.parametrize(("manifest", "lock"), WRITTEN)
def test_locks_written_after_the_documented_form(repo: Repo, judged: Any, manifest: Any, lock: Any) -> None:
    repo.commit(manifest | lock)
    assert judged("source.dependencies_locked")
    (path, text) = next(iter(lock.items()))
    repo.commit({path: re.sub(r"==\S*", "", text) if path.endswith(".txt") else "{}" if text[0] == "{" else "# none\n"})
    with pytest.raises((ClaimFalse, CouldNotVerify)):
        judged("source.dependencies_locked")


@pytest.mark.parametrize(
    ("name", "line", "seen"),
    [
        ("requirements-dev.txt", "pytest==8.4.2", ""),
        ("requirements/dev.txt", "pytest==8.4.2", ""),
        ("requirements-dev.txt", "pytest==7.4.0", "asked for as >=8, and requirements-dev.txt has 7.4.0"),
        ("requirements-dev.txt", "pytest>=8", "left open in requirements-dev.txt"),
        ("requirements-docs.txt", "pytest==8.4.2", "pytest of pyproject.toml is not in requirements.txt"),
        ("requirements-dev.txt", "pytest==8.4.2\nflask==3.1.2", "flask of pyproject.toml is not in requirements.txt"),
    ],
)
def test_an_extra_is_locked_in_a_file_of_its_own(repo: Repo, judged: Any, name: str, line: str, seen: str) -> None:
    needs = 'dependencies = ["idna"' + (', "flask"' if "flask" in line else "") + "]\n"
    extra = '[project.optional-dependencies]\ndev = ["pytest>=8"]\n'
    repo.commit(
        {
            "pyproject.toml": f'[project]\nname = "s"\n{needs}{extra}',
            "requirements.txt": "idna==3.10\n",
            name: f"{line}\n",
        }
    )
    if seen:
        with pytest.raises(ClaimFalse, match=seen):
            judged("source.dependencies_locked", left_out=[f"/{name}"])
    else:
        assert name in judged("source.dependencies_locked").text


@pytest.mark.parametrize(
    ("line", "seen"),
    [
        ("rich", "rich of requirements.txt is left open"),
        ("rich>=13", "rich of requirements.txt is left open"),
        ("rich==13.*", "rich of requirements.txt is left open"),
        ("rich @ git+https://github.com/x/rich@main", "rich of requirements.txt is left open"),
        ("rich @ https://example.com/rich.whl", "rich of requirements.txt is left open"),
    ],
)
def test_requirements_that_are_open(repo: Repo, judged: Any, line: str, seen: str) -> None:
    repo.commit({"requirements.txt": f"# rich==1\nidna==3.10\n{line}  # comment\n"})
    with pytest.raises(ClaimFalse, match=f"seen: 1: {seen}"):
        judged("source.dependencies_locked")
    assert judged("source.dependencies_locked", allowed=["rich"])


def test_a_commit_of_git_is_one_version(repo: Repo, judged: Any) -> None:
    repo.commit({"requirements.txt": f"rich @ git+https://github.com/x/rich@{'a' * 40}\n-e .\n"})
    assert judged("source.dependencies_locked")


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"build.gradle": "x"}, "build.gradle is of an ecosystem that is not read"),
        ({"app/app.csproj": "<x/>"}, "app/app.csproj is of an ecosystem"),
        ({"lib/setup.py": "setup()"}, "lib/setup.py is of an ecosystem that is not read, or computes"),
        ({"web/package.json": "{"}, "web/package.json is no valid"),
        ({"web/package.json": '{"dependencies": 3}'}, "web/package.json is not written as its tool reads it"),
        ({"uv.lock": "x ="}, "uv.lock cannot be read"),
        ({"requirements.txt": "-r ../other.txt\nidna==3.10\n"}, "takes more from ../other.txt, which is not read"),
        ({"b/Gemfile": "gemspec\n"}, "b/Gemfile takes gems from elsewhere"),
    ],
)
def test_manifests_that_cannot_be_read(repo: Repo, judged: Any, more: dict[str, str], said: str) -> None:
    repo.commit(files("uv") | more)
    with pytest.raises(CouldNotVerify, match=said):
        judged("source.dependencies_locked")


def test_what_another_package_keeps_for_itself_is_not_locked(repo: Repo, judged: Any) -> None:
    lock = json.loads(files("npm3")["package-lock.json"])
    lock["packages"]["node_modules/other/node_modules/ms"] = lock["packages"].pop("node_modules/ms")
    repo.commit(files("npm3") | {"package-lock.json": json.dumps(lock)})
    with pytest.raises(ClaimFalse, match=r"ms of package\.json is not in package-lock\.json"):
        judged("source.dependencies_locked")


def test_nothing_is_asked_for(repo: Repo, judged: Any) -> None:
    for made in (
        {"a": "1"},
        {"package.json": '{"name": "shop"}'},
        {"vendor/x/package.json": '{"dependencies": {"a": "1"}}'},
    ):
        repo.commit(made)
        with pytest.raises(CouldNotVerify, match=r"no manifest of .* asks for packages"):
            judged("source.dependencies_locked")


def test_two_managers_that_disagree_and_a_workspace(repo: Repo, judged: Any) -> None:
    repo.commit(changed("npm3", '"ms":"^2.1.0"', '"ms":"~2.1.0"'))
    with pytest.raises(ClaimFalse, match=r"ms of package.json is asked for as ~2"):
        judged("source.dependencies_locked")
    package = {"name": "web", "dependencies": {"ms": "^2.1.0"}}
    repo.commit(files("npm3") | {"packages/web/package.json": json.dumps(package)})
    with pytest.raises(ClaimFalse, match=r"by a manifest that package-lock.json does not know"):
        judged("source.dependencies_locked")
    lock = json.loads(files("npm3")["package-lock.json"])
    lock["packages"]["packages/web"] = package
    repo.commit({"package-lock.json": json.dumps(lock)})
    assert judged("source.dependencies_locked")
    repo.commit(files("yarn1") | {"package.json": files("npm3")["package.json"].replace("~3.0.1", "^3.0.1")})
    with pytest.raises(ClaimFalse, match=r"yarn\.lock"):
        judged("source.dependencies_locked")


@pytest.mark.parametrize(
    ("version", "spec", "ecosystem", "held"),
    [
        *(("2.1.3", spec, "npm", True) for spec in ("^2.1.0", "~2.1", "2.1.3", "*", ">=2", "")),
        *(("2.1.3", spec, "npm", False) for spec in ("^3", "~2.0.0", "2.1.2", "^2.2.0", ">=2.2")),
        *(("0.2.3", spec, "npm", held) for spec, held in (("^0.2.1", True), ("^0.1.0", False), ("~0.2", True))),
        *(("1.2.3", spec, "npm", None) for spec in ("1.x", "1 || 2", "1 - 2", "beta", "1.2")),
        ("1.2.3-rc.1", "^1.2.3", "npm", None),
        ("1.2.3", "1.1", "Rust", True),
        ("2.0.0", "1.1", "Rust", False),
        ("3.10", ">=3.6,<4", "Python", True),
        ("4.0", ">=3.6,<4", "Python", False),
        ("2.5", "^2.1", "Python", True),
        ("3.0.8", "~> 3.0", "Ruby", None),
    ],
)
def test_ranges(version: str, spec: str, ecosystem: str, held: bool | None) -> None:
    assert holds(version, spec, ecosystem) is held


PYPI = {
    "idna": {"3.7": False, "3.20": False, "5.0rc1": False, "9.0": True},
    "iniconfig": {"2.3.1": False, "4.0": False},
    "epoch": {"1.0": False, "1!1.0": False},
}
ODD = {"ends": [], "parts": {"1.0": [1]}}
TAGS = {"ms": "2.1.3", "is-odd": "5.0.0", "@shop/ui": "1.0.0"}


class _Index(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        parts = self.path.strip("/").replace("%2F", "/").split("/")
        body: Any = None
        if parts[0] == "pypi" and parts[1] in PYPI:
            body = {"releases": {version: [{"yanked": yanked}] for version, yanked in PYPI[parts[1]].items()}}
        elif parts[0] == "pypi" and parts[1] in ODD:
            body = {"releases": ODD[parts[1]]}
        elif parts[0] == "-" and (name := "/".join(parts[2:-1])) in TAGS:
            body = {"latest": TAGS[name], "next": "99.0.0"}
        data = json.dumps(body).encode()
        self.send_response(404 if body is None else 200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture(scope="module")
def index() -> Iterator[str]:
    """An index after the documented form of PyPI's JSON API and of npm's dist-tags."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Index)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_fresh(repo: Repo, judged: Any, index: str) -> None:
    at = {"pypi": index, "npm": index}
    repo.commit(files("uv"))
    with pytest.raises(ClaimFalse, match=r"seen: iniconfig 2\.3\.1 \(newest 4\.0\)"):
        judged("source.dependencies_fresh", **at)
    assert judged("source.dependencies_fresh", **at, max_majors=2).text.startswith("0 of 2 at http://127.0.0.1")
    assert judged("source.dependencies_fresh", **at, allowed=["iniconfig"])
    repo.commit(files("npm3"))
    with pytest.raises(ClaimFalse, match=r"is-odd 3\.0\.1 \(newest 5\.0\.0\)"):
        judged("source.dependencies_fresh", **at, max_majors=1, allowed=["iniconfig"])
    assert judged("source.dependencies_fresh", **at, max_majors=2)


def test_each_version_of_a_package_is_compared(repo: Repo, judged: Any, index: str) -> None:
    repo.commit({"a/requirements.txt": "iniconfig==4.0\n", "b/requirements.txt": "iniconfig==2.3.1\n"})
    with pytest.raises(ClaimFalse, match=r"of 2 at http://127\.0\.0\.1:\d+; seen: iniconfig 2\.3\.1 \(newest 4\.0\)"):
        judged("source.dependencies_fresh", pypi=index.replace("//", "//user:hunter2@"))
    repo.commit({"b/requirements.txt": "iniconfig==4.0\n"})
    assert "hunter2" not in judged("source.dependencies_fresh", pypi=index.replace("//", "//user:hunter2@")).text


@pytest.mark.parametrize(
    ("locked", "reason"),
    [
        ("idna==5.0", "idna 5.0 is newer than what the index knows"),
        ("idna==5.0rc1", ""),
        ("ends==1.0", "answers without releases"),
        ("parts==1.0", "parts has no version there"),
        ("epoch==1.0", "behind"),
    ],
)
def test_an_index_that_is_old_or_none(repo: Repo, judged: Any, index: str, locked: str, reason: str) -> None:
    repo.commit({"requirements.txt": f"{locked}\n"})
    if not reason:
        assert judged("source.dependencies_fresh", pypi=index)
        return
    with pytest.raises(ClaimFalse if reason == "behind" else CouldNotVerify, match=reason):
        judged("source.dependencies_fresh", pypi=index)


def test_what_the_index_does_not_tell(repo: Repo, judged: Any, index: str) -> None:
    at = {"pypi": index, "npm": index}
    repo.commit({"requirements.txt": "internal==1.0\nidna==3.7\n"})
    with pytest.raises(CouldNotVerify, match="internal is not on the index; name in `allowed`"):
        judged("source.dependencies_fresh", **at)
    assert judged("source.dependencies_fresh", **at, allowed=["internal"])
    with pytest.raises(NotDeclared, match=r"no index of Python packages is named \(`pypi`\)"):
        judged("source.dependencies_fresh", npm=index)
    repo.commit({"requirements.txt": "idna\n"})
    with pytest.raises(CouldNotVerify, match="idna is not locked to one version"):
        judged("source.dependencies_fresh", **at)
    repo.commit({"requirements.txt": "idna==3.7\n", **files("cargo")})
    with pytest.raises(CouldNotVerify, match=r"no index is asked for the packages of Cargo\.toml"):
        judged("source.dependencies_fresh", **at)
    with pytest.raises(CouldNotVerify):
        judged("source.dependencies_fresh", pypi="http://127.0.0.1:1", npm=index, left_out=["Cargo.toml"])


APP = {
    "pyproject.toml": '[project]\nname = "shop"\ndependencies = ["PyYAML", "requests", "google-cloud-storage"]\n'
    '[dependency-groups]\ndev = ["pytest"]\n',
    "src/shop/__init__.py": "import os, yaml\nfrom google.cloud import storage\nfrom . import views\nimport shop\n",
    "src/shop/views.py": "def f():\n    import requests.auth\ntry:\n    import ujson\nexcept ImportError:\n    x = 1\n",
    "src/shop/types.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import boto3\n",
    "tests/test_shop.py": "import pytest\nimport shop\nfrom helpers import x\n",
    "tests/helpers.py": "import yaml\n",
}


def test_declared(repo: Repo, judged: Any) -> None:
    repo.commit(APP | {"web/app.js": "import x from 'y'"})
    said = judged("source.dependencies_declared").text
    assert said == "4 modules that 5 Python files import, by pyproject.toml; 1 file of other languages not looked at"


@pytest.mark.parametrize(
    ("more", "seen"),
    [
        ({"src/shop/a.py": "import numpy\n"}, r"numpy \(src/shop/a.py:1\)"),
        ({"src/shop/a.py": "x = 1\nif x:\n    from boto3 import client\n"}, r"boto3 \(src/shop/a.py:3\)"),
        ({"src/shop/a.py": "import pytest\n"}, r"pytest \(src/shop/a.py:1\)"),
        ({"src/shop/a.py": "import urllib3\n"}, r"urllib3 \("),
        ({"tools/numpy.py": "", "src/shop/a.py": "import numpy\n"}, r"numpy \("),
    ],
)
def test_not_declared(repo: Repo, judged: Any, more: dict[str, str], seen: str) -> None:
    repo.commit(APP | more)
    with pytest.raises(ClaimFalse, match=f"seen: 1: {seen}"):
        judged("source.dependencies_declared")
    if "numpy" in seen:
        assert judged("source.dependencies_declared", modules={"numpy": "PyYAML"})


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"pyproject.toml": APP["pyproject.toml"]}, "has no Python code"),
        ({"a.py": "import yaml\n"}, "no manifest"),
        (APP | {"src/shop/old.py": "print 'x'\n"}, r"src/shop/old\.py is no Python"),
        ({"a.py": "import os\n", "requirements.txt": "rich\n"}, "imports no foreign module"),
    ],
)
def test_imports_that_cannot_be_judged(repo: Repo, judged: Any, files: dict[str, str], said: str) -> None:
    repo.commit(files)
    with pytest.raises(CouldNotVerify, match=said):
        judged("source.dependencies_declared")


def test_the_version_that_go_asks_for(repo: Repo, judged: Any) -> None:
    sums = "".join(f"github.com/a/b {version} h1:{'A' * 43}=\n" for version in ("v1.0.0", "v1.1.0"))
    repo.commit({"go.mod": "module x\ngo 1.22\nrequire github.com/a/b v1.1.0\n", "go.sum": sums})
    assert "not compared" not in judged("source.dependencies_locked").text
    repo.commit({"go.sum": sums.splitlines()[0]})
    with pytest.raises(ClaimFalse, match=r"asked for as v1\.1\.0, and go\.sum has v1\.0\.0"):
        judged("source.dependencies_locked")
