from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify
from tests.stack.repositories import Repo

APACHE = (Path(__file__).parents[3] / "LICENSE").read_text()
MIT = """MIT License

Copyright (c) 2026 Shop

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software, to deal in the Software without restriction, subject to:

The above copyright notice and this permission notice shall be included in all
copies. THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND.
"""
PROJECT = '[project]\nname = "shop"\nversion = "{}"\n'
LOG = "# Changelog\n\n## [Unreleased]\n\n- 9.9.9 is planned\n\n## [{}](https://example.com/v0.1.0...v1)\n\n## 0.9.0\n"


def release(repo: Repo, tag: str, **said: str) -> None:
    """Commit a manifest and a changelog of a version, and tag it."""
    version = said.get("version", "1.2.0")
    texts = {"pyproject.toml": PROJECT.format(version), "CHANGELOG.md": LOG.format(said.get("log", version))}
    repo.commit(texts)
    if tag:
        repo.git("tag", "-a", tag, "-m", tag)


@pytest.mark.parametrize(
    ("tag", "said", "parameters"),
    [
        ("v1.2.0", {}, {}),
        ("1.2.0", {}, {}),
        ("v1.0.0-rc.1", {"version": "1.0.0rc1", "log": "1.0.0-rc.1"}, {}),
        ("2026.11.30", {"version": "2026.11.30"}, {}),
        ("api/v1.2.0", {}, {"prefix": "api/"}),
        ("shop@1.2.0", {}, {"prefix": "shop@"}),
        ("", {}, {"places": ["package", "changelog"]}),
        ("v1.2.0", {"log": "0.1.0"}, {"places": ["package", "tag"]}),
    ],
)
def test_versions_agree(repo: Repo, judged: Any, tag: str, said: dict[str, str], parameters: dict[str, Any]) -> None:
    release(repo, tag, **said)
    assert judged("source.version", **parameters)


@pytest.mark.parametrize(
    ("tag", "said", "seen"),
    [
        ("v1.2.1", {}, r"tag v1\.2\.1 1\.2\.1, pyproject\.toml 1\.2\.0, CHANGELOG\.md 1\.2\.0"),
        ("v1.2.0", {"log": "1.1.0"}, r"CHANGELOG\.md 1\.1\.0"),
        ("v1.2.0", {"version": "1.2.0.dev1", "log": "1.2.0"}, r"pyproject\.toml 1\.2\.0\.dev1"),
        ("v1.2.0", {"log": "soon"}, r"CHANGELOG\.md 0\.9\.0"),
        ("latest", {}, "latest"),
        ("api/v1.2.0", {}, "api/v1"),
    ],
)
def test_versions_that_disagree(repo: Repo, judged: Any, tag: str, said: dict[str, str], seen: str) -> None:
    release(repo, tag, **said)
    with pytest.raises(ClaimFalse, match=f"seen: .*{seen}"):
        judged("source.version")


def test_other_places_of_versions(repo: Repo, judged: Any) -> None:
    release(repo, "v1.2.0")
    repo.commit({"README.md": "x"})
    with pytest.raises(ClaimFalse, match=r"expected a tag VERSION at .*; seen: no tag"):
        judged("source.version")
    repo.commit({"package.json": '{"version": "1.2.1"}'})
    repo.git("tag", "v1.2.0-2")
    with pytest.raises(ClaimFalse, match=r"package.json 1.2.1"):
        judged("source.version", places=["package", "changelog"])
    assert judged("source.version", places=["package", "changelog"], manifests=["pyproject.toml"])
    cargo = '[workspace.package]\nversion = "1.2.0"\n[package]\nname = "shop"\nversion.workspace = true\n'
    dynamic = '[project]\nname = "shop"\ndynamic = ["version"]\n'
    repo.commit(
        {"package.json": '{"version": "0.0.0-semantic-release"}', "Cargo.toml": cargo, "pyproject.toml": dynamic}
    )
    repo.git("tag", "v1.2.0-3")
    said = judged("source.version", places=["package", "changelog"]).text
    assert "Cargo.toml 1.2.0" in said
    assert "package.json, pyproject.toml takes it from the tag" in said
    repo.commit({"CHANGELOG.md": "1.1.0\n-----\n\n```\n## 3.0.0\n```\n\n1.2.0\n-----\n"})
    assert judged("source.version", places=["package", "changelog"])


def test_versions_that_are_not_told(repo: Repo, judged: Any) -> None:
    with pytest.raises(ValidationError):
        judged("source.version", places=["tag"])
    release(repo, "")
    with pytest.raises(CouldNotVerify, match="has no tags: fetch them"):
        judged("source.version")
    repo.commit({"pyproject.toml": "[tool.ruff]\nline-length = 1\n"})
    with pytest.raises(CouldNotVerify, match="states a version"):
        judged("source.version", places=["package", "changelog"])
    repo.git("rm", "-q", "CHANGELOG.md")
    repo.commit({"pyproject.toml": PROJECT.format("1.0")})
    with pytest.raises(ClaimFalse, match="expected a changelog"):
        judged("source.version", places=["package", "changelog"])
    with pytest.raises(CouldNotVerify, match=r"a/pyproject.toml is not in the commit"):
        judged("source.version", places=["package", "changelog"], manifests=["a/pyproject.toml"])


def project(license: str) -> dict[str, str]:
    return {"pyproject.toml": f'[project]\nname = "shop"\nlicense = {license}\n'}


@pytest.mark.parametrize(
    ("files", "parameters"),
    [
        (project('"MIT"') | {"LICENSE": MIT}, {}),
        (project('{text = "Apache-2.0"}') | {"LICENSE.txt": APACHE}, {}),
        (project('"MIT OR Apache-2.0"') | {"LICENSE-MIT": MIT, "LICENSE-APACHE": APACHE}, {}),
        (project('"MIT"') | {"LICENSES/MIT.txt": MIT}, {}),
        ({"package.json": '{"license": "MIT"}', "LICENCE.md": MIT}, {}),
        ({"package.json": '{"license": "UNLICENSED"}', "LICENSE": "All rights reserved by the shop. " * 5}, {}),
        ({"COPYING": MIT}, {"spdx": "MIT"}),
        ({"LICENSE": MIT.replace("\n", " \r\n  ")}, {"spdx": "mit"}),
    ],
)
def test_licences(repo: Repo, judged: Any, files: dict[str, str], parameters: dict[str, str]) -> None:
    repo.commit(files)
    assert judged("source.license", **parameters)


@pytest.mark.parametrize(
    ("files", "seen"),
    [
        (project('"MIT"'), "no LICENSE"),
        (project('"MIT"') | {"LICENSE": APACHE}, "LICENSE is Apache-2.0"),
        (project('"MIT OR Apache-2.0"') | {"LICENSE": MIT}, "LICENSE is MIT"),
        (
            project('"MIT"') | {"LICENSE": MIT.replace("2026 Shop", "[year] [fullname]")},
            r"leaves \[year\], \[fullname\]",
        ),
        (project('"MIT"') | {"LICENSE": "MIT"}, "LICENSE has 1 words"),
        (project('"MIT"') | {"LICENSE": MIT, "package.json": '{"license": "ISC"}'}, "declares MIT|declares ISC"),
        (project('"Unlicense"') | {"LICENSE": MIT}, "LICENSE is MIT"),
        ({"package.json": '{"license": "UNLICENSED"}', "LICENSE": MIT}, "LICENSE is MIT"),
        (project('"MIT"') | {"docs/LICENSE": MIT}, "no LICENSE"),
    ],
)
def test_licences_that_are_others(repo: Repo, judged: Any, files: dict[str, str], seen: str) -> None:
    repo.commit(files)
    with pytest.raises(ClaimFalse, match=f"seen: .*(?:{seen})"):
        judged("source.license")


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (project('"MIT"') | {"LICENSE": MIT, "package.json": "{"}, "package.json is no valid"),
        (
            project('"MIT"') | {"LICENSE": MIT, "package.json": '{"license": "SEE LICENSE IN LICENSE"}'},
            "SEE LICENSE IN",
        ),
        ({"LICENSE": MIT}, "no manifest at the top declares a licence"),
        (project('"MIT"') | {"LICENSE": "Do what is right, and tell nobody of it. " * 9}, "LICENSE is not recognised"),
        (project('"The MIT thing"') | {"LICENSE": MIT}, "which is no SPDX expression"),
        (project('"MIT"') | {"LICENSE": b"\xff\xfe"}, "LICENSE is not UTF-8"),
    ],
)
def test_licences_that_are_not_told(repo: Repo, judged: Any, files: Any, said: str) -> None:
    repo.commit(files)
    with pytest.raises(CouldNotVerify, match=said):
        judged("source.license")


NODE = {
    "package.json": '{"devDependencies": {"eslint": "^9.1.0"}}',
    "package-lock.json": '{"lockfileVersion": 3, "packages": {"": {"devDependencies": {"eslint": "^9.1.0"}}, '
    '"node_modules/eslint": {"version": "9.1.0"}}}',
}
OLD = {name: text.replace("9.1.0", "8.57.0") for name, text in NODE.items()}
PYTHON = {
    "pyproject.toml": "[tool.ruff]\nline-length = 1\n[tool.mypy]\n",
    "requirements-dev.txt": "ruff==0.9.1\nmypy>=1\n",
}
HOOK = "repos:\n- repo: https://github.com/x/mirrors-mypy\n  rev: v1\n  hooks:\n  - id: mypy\n"


@pytest.mark.parametrize(
    ("files", "tool"),
    [
        (NODE | {"eslint.config.mjs": "export default []"}, "eslint"),
        (OLD | {".eslintrc.json": '{"rules": {}}'}, "eslint"),
        (PYTHON, "ruff"),
        (PYTHON | {"mypy.ini": "[mypy]\nstrict = true\n", ".pre-commit-config.yaml": HOOK}, "mypy"),
        (PYTHON | {"tox.ini": "[flake8]\nmax-line-length = 1\n", "requirements-lint.txt": "flake8==7.1"}, "flake8"),
    ],
)
def test_tools(repo: Repo, judged: Any, files: dict[str, str], tool: str) -> None:
    repo.commit(files)
    assert judged("source.tools", tools=[tool])


@pytest.mark.parametrize(
    ("files", "tool", "seen"),
    [
        (
            NODE | {".eslintrc.json": '{"rules": {}}'},
            "eslint",
            r"no settings that it reads \(\.eslintrc\.json is of earlier",
        ),
        (NODE, "eslint", "eslint 9.1.0 has no settings"),
        (PYTHON, "mypy", "mypy is declared, and not locked, mypy has no settings"),
        (PYTHON, "black", "black is not declared"),
        (
            {"package.json": NODE["package.json"], "eslint.config.js": "x"},
            "eslint",
            "eslint is declared, and not locked",
        ),
    ],
)
def test_tools_that_are_not_set_up(repo: Repo, judged: Any, files: dict[str, str], tool: str, seen: str) -> None:
    repo.commit(files)
    with pytest.raises(ClaimFalse, match=f"seen: .*{seen}"):
        judged("source.tools", tools=[tool])


def test_tools_that_are_not_told(repo: Repo, judged: Any) -> None:
    with pytest.raises(ValidationError, match="the tools that are known are"):
        judged("source.tools", tools=["frobnicate"])
    repo.commit({"a": "1"})
    with pytest.raises(CouldNotVerify, match="no manifest is in"):
        judged("source.tools", tools=["ruff"])
    repo.commit(
        PYTHON | {"noxfile.py": "session.install('black')", "pyproject.toml": "[tool.black]\nline-length = 1\n"}
    )
    with pytest.raises(CouldNotVerify, match=r"black is not declared; noxfile\.py may install it"):
        judged("source.tools", tools=["black"])
