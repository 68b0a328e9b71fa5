"""A pack of somebody else's, installed from a wheel, is as good as what ships: in runs, commands, tests and schemas."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.test_docs import page, part, titled

BOUND = 120.0
"""Seconds after which a process is a hang."""

FILES = {
    "readiness.yaml": "checklists: [release.md]\n"
    "targets: {prod: {flag_files: {shop: flags.json, api: {path: api.json, labels: [inner]}}}}\n",
    "release.md": "# Release\n\n## Flags\n\n- [ ] Beta is off\n- [ ] The file is read\n",
    "release.checks.yaml": "flags:\n  beta-is-off: {check: flags.off, names: [beta], on: shop}\n",
    "flags.json": '{"beta": false, "search": true}',
    "api.json": '{"beta": true}',
    "pytest.ini": "[pytest]\naddopts = --strict-markers\n",
    "test_own.py": "import pytest\n\n"
    "@pytest.mark.readiness('flags/the-file-is-read', on='inner')\n"
    "def test_flags(flag_file, flags):\n    assert (flag_file.name, flags.on) == ('api', ('beta',))\n",
}


@dataclass(frozen=True)
class Project:
    folder: Path
    packs: Path

    def start(self, module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
        return subprocess.run(
            [sys.executable, "-m", module, *arguments],
            cwd=self.folder,
            env={**environment, "PYTHONPATH": str(self.packs), "COLUMNS": "200"},
            capture_output=True,
            text=True,
            timeout=BOUND,
            check=False,
        )

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.start("pytest", "--readiness-target=prod", "--readiness-out=out", *arguments)

    def readiness(self, *arguments: str) -> str:
        done = self.start("pytest_readiness", *arguments)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    def states(self) -> dict[str, str]:
        result = json.loads((self.folder / "out" / "result.json").read_text("utf-8"))
        return {
            item["id"].partition(":")[2]: item["state"] for section in result["sections"] for item in section["items"]
        }


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the pack of docs/writing-checks.md is installed."""
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("installed")
    for name, text in titled(part(page("writing-checks.md"), "A pack")):
        path = source / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")
    for command in (
        ["build", "--wheel", "--no-isolation", "--outdir", str(target), str(source)],
        ["pip", "install", "-q", "--no-index", "--no-deps", "-f", str(target), "-t", str(target), "readiness-flags"],
    ):
        done = subprocess.run(
            [sys.executable, "-m", *command], capture_output=True, text=True, timeout=BOUND, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
    shutil.copytree(source / "tests", target / "own_tests")
    return target


@pytest.fixture
def project(installed: Path, tmp_path: Path) -> Project:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, "utf-8")
    return Project(tmp_path, installed)


@pytest.fixture
def broken(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project whose pack may be changed."""
    packs = tmp_path_factory.mktemp("broken")
    shutil.copytree(project.packs, packs, dirs_exist_ok=True)
    return Project(project.folder, packs)


@pytest.mark.parametrize("options", [[], ["-n2"], ["-m", "flags"]], ids=["alone", "xdist", "marker"])
def test_a_run(project: Project, options: list[str]) -> None:
    done = project.run("release.md", "test_own.py", *options)
    assert done.returncode == 0, done.stdout
    assert project.states() == {"flags/beta-is-off": "passed", "flags/the-file-is-read": "passed"}
    (project.folder / "flags.json").write_text('{"beta": true}', "utf-8")
    done = project.run("release.md", "test_own.py", *options)
    assert done.returncode == 1
    assert "expected off: beta; seen: on or not in the file: beta" in done.stdout


def test_its_own_tests(project: Project) -> None:
    done = project.start("pytest", "-q", "-p", "no:cacheprovider", str(project.packs / "own_tests"))
    assert (done.returncode, done.stdout.splitlines()[-1][:8]) == (0, "3 passed")


def test_without_a_target_its_fixtures_are_known(project: Project) -> None:
    done = project.start("pytest", "-rs")
    assert "needs --readiness-target NAME" in done.stdout
    assert "1 skipped" in done.stdout
    assert done.returncode == 0


def test_commands(project: Project) -> None:
    plan = project.readiness("plan", "--target", "prod")
    assert re.search(r"^  high +flags\.off +shop +release:flags/beta-is-off\[shop\]$", plan, re.MULTILINE)
    explained = project.readiness("explain", "flags.off")
    assert "The named flags are off, and are in the file." in explained
    assert re.search(r"^from +readiness-flags 1\.0$", explained, re.MULTILINE)
    listed = project.readiness("checks", "--kind", "flag file")
    assert re.search(r"^flags\.off +high +passive +flag file +readiness-flags 1\.0 +The named", listed, re.MULTILINE)
    assert " from " not in project.readiness("checks", "--domain", "tls").splitlines()[0]
    [data] = json.loads(project.readiness("checks", "--domain", "flags", "--json"))
    assert (data["id"], data["from"]) == ("flags.off", "readiness-flags 1.0")


def test_schemas(project: Project) -> None:
    def mistakes(schema: str, value: Any) -> list[str]:
        validator = jsonschema.Draft202012Validator(json.loads(project.readiness("schema", schema)))
        return [error.message for error in validator.iter_errors(value)]

    target = {"flag_files": {"shop": "flags.json", "api": {"path": "api.json"}}}
    assert mistakes("configuration", {"targets": {"prod": target}}) == []
    assert mistakes("configuration", {"targets": {"prod": {"flag_files": {"shop": {"pth": "x"}}}}})
    binding: dict[str, Any] = {"check": "flags.off", "names": ["beta"]}
    assert mistakes("bindings", {"flags": {"beta-is-off": binding}}) == []
    assert mistakes("bindings", {"flags": {"beta-is-off": {**binding, "names": []}}})


def test_mistakes_in_its_declarations_are_told_like_others(project: Project) -> None:
    (project.folder / "readiness.yaml").write_text(
        "checklists: [release.md]\ntargets:\n  prod:\n    flag_files:\n      shop: {pth: flags.json}\n", "utf-8"
    )
    done = project.run()
    assert done.returncode == 4
    assert "readiness.yaml:5: Unknown key 'pth' in flag file 'shop'. Did you mean 'path'?" in done.stderr


@pytest.mark.parametrize(
    ("module", "text", "sentence"),
    [
        ("__init__", "import gone_away\n", "cannot be imported: ModuleNotFoundError: No module named 'gone_away'"),
        ("resource", "def f(:\n", "cannot be imported: SyntaxError: invalid syntax (resource.py, line 1)."),
        ("checks", "1 / 0\n", "cannot be imported: ZeroDivisionError: division by zero ("),
        (
            "checks",
            "from pytest_readiness import check\n\n\n"
            "@check('http.hsts', severity='low', remedy='x')\ndef hsts(url):\n    'Claim.'\n",
            "cannot be imported: There is already a check http.hsts, in pytest_readiness.domains.http.checks.headers.",
        ),
        (
            "checks",
            "from pytest_readiness import fact\n\n\n@fact\ndef other(flag_fil):\n    'x'\n",
            "cannot be used: Fact other reads 'flag_fil', which is not a kind of resource. Did you mean 'flag_file'?",
        ),
        (
            "checks",
            "from pytest_readiness import fact\n\n\n@fact\ndef other(flag_file, flagz):\n    'x'\n",
            "cannot be used: Fact other builds on 'flagz', which is not a fact of the kind flag file. Did you mean ",
        ),
        (
            "checks",
            "from pytest_readiness import check\n\n\n"
            "@check('flag.off', severity='low', remedy='x')\ndef off(flags):\n    'Claim.'\n",
            "cannot be used: The id of its check flag.off must begin with 'flags.', the name of its entry point.",
        ),
        (
            "resource",
            "from pytest_readiness.core.resources import Located\n\n\n"
            "class Page(Located):\n    kind = 'page'\n    section = 'urls'\n",
            "cannot be imported: The section 'urls' is that of Url, in pytest_readiness.domains.http.resource; "
            "the kind 'page' must have a section of its own, or be a variant of it.",
        ),
    ],
)
def test_a_pack_that_cannot_be_used_is_named(broken: Project, module: str, text: str, sentence: str) -> None:
    (broken.packs / "readiness_flags" / f"{module}.py").write_text(text, "utf-8")
    expected = f"The pack 'flags' (readiness_flags, of readiness-flags 1.0) {sentence}"
    for done in (broken.run("release.md"), broken.start("pytest_readiness", "checks")):
        assert done.returncode == 4
        assert expected in done.stderr
        assert "Traceback" not in done.stdout + done.stderr
    # Who asks nothing of it is not held up.
    (broken.folder / "test_own.py").write_text("def test_other():\n    pass\n", "utf-8")
    assert broken.start("pytest", "test_own.py").returncode == 0


@pytest.mark.parametrize(
    ("module", "text", "sentence"),
    [
        (
            "resource",
            "from pytest_readiness.core.resources import Located\n\n\n"
            "class Page(Located):\n    kind = 'page'\n    section = 'policy'\n",
            "'policy' is a key of every target, not a section.",
        ),
        (
            "checks",
            "from pytest_readiness import check\n\n\n@check('flags.off', severity='low', remedy='x')\n"
            "def off(flag_file, *, n: 'lst'):\n    'Claim.'\n",
            "Check flags.off: the type of a parameter is not known (name 'lst' is not defined).",
        ),
    ],
)
def test_a_pack_is_named_where_a_plan_finds_what_is_wrong(
    broken: Project, module: str, text: str, sentence: str
) -> None:
    (broken.packs / "readiness_flags" / f"{module}.py").write_text(text, "utf-8")
    expected = f"The pack 'flags' (readiness_flags, of readiness-flags 1.0) cannot be used: {sentence}\n"
    for done in (broken.run("release.md"), broken.start("pytest_readiness", "plan", "--target", "prod")):
        assert done.returncode == 4
        assert done.stderr.removeprefix("ERROR: ").strip() == expected.strip()


def test_a_pack_may_add_to_a_domain_that_ships(broken: Project) -> None:
    (package := broken.packs / "readiness_web").mkdir()
    (package / "__init__.py").write_text("", "utf-8")
    (package / "checks.py").write_text(
        "from pytest_readiness import Evidence, check\n\n\n"
        "@check('http.greeting', severity='low', remedy='Greet.')\n"
        "def greeting(flags, *, word: str = 'beta'):\n    'It greets.\\n\\n    Args:\\n        word: the greeting.'\n"
        "    return Evidence(f'{word} in {flags.off}')\n",
        "utf-8",
    )
    (about := broken.packs / "readiness_web-2.dist-info").mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: readiness-web\nVersion: 2\n", "utf-8")
    (about / "entry_points.txt").write_text("[pytest_readiness.domains]\nhttp = readiness_web\n", "utf-8")
    (broken.folder / "release.checks.yaml").write_text("flags: {beta-is-off: {check: http.greeting, on: shop}}\n")
    assert broken.run("release.md", "test_own.py", "-m", "http or flags").returncode == 0
    assert broken.states()["flags/beta-is-off"] == "passed"
    assert "readiness-web 2" in broken.readiness("explain", "http.greeting")
    assert {"http.greeting", "http.hsts"} <= set(
        re.findall(r"http\.\w+", broken.readiness("checks", "--domain", "http"))
    )
