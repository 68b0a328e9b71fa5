from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pytest_readiness.config.target import Target
from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify, Evidence, NotDeclared
from pytest_readiness.domains.forge.resource import Forge
from pytest_readiness.domains.source.resource import Repository
from tests.judging import judge
from tests.stack.repositories import Repo

PUSH = "on: {push: {branches: [main]}, pull_request: {}}\n"


@pytest.fixture
def ci(tmp_path: Path) -> Any:
    """Judge a check against a repository with these files; a text is its only workflow."""

    def judged(id: str, files: str | dict[str, str], branch: str | None = "main", **parameters: Any) -> Evidence:
        files = {".github/workflows/ci.yml": files} if isinstance(files, str) else files
        Repo(tmp_path).commit({"src/app.py": "", "src/api.py": "", **files})
        repository = Repository(name="shop", path=tmp_path, branch=branch)
        return judge(id, repository, target=Target("test"), **parameters)

    return judged


def job(steps: str, *, on: str = PUSH, more: str = "") -> str:
    return f"{on}jobs:\n  test:\n    runs-on: ubuntu-latest\n{more}    steps:\n{steps}"


def run(script: str, more: str = "") -> str:
    lines = "\n".join(f"          {line}" for line in script.splitlines())
    return f"      - run: |\n{lines}\n{more}"


def package(test: str) -> dict[str, str]:
    return {"package.json": json.dumps({"scripts": {"test": test}}), ".github/workflows/ci.yml": job(run("npm test"))}


RIGHT: dict[str, str | dict[str, str]] = {
    "plain": job(run("pytest -q")),
    "yaml 1.1 key": job(run("pytest"), on='"on": push\n'),
    "list": job(run("pytest"), on="on: [push, pull_request]\n"),
    "pull requests only": job(run("pytest"), on="on: {pull_request: {branches: [main]}}\n"),
    "tags": job(run("pytest"), on="on: {push: {tags: ['v*']}}\n"),
    "merge queue": job(run("pytest"), on="on: merge_group\n"),
    "glob": job(run("pytest"), on="on: {push: {branches: ['m*']}}\n"),
    "pipefail by bash": job(run("pytest | tee log", "        shell: bash\n")),
    "pipefail set": job(run("set -o pipefail\npytest 2>&1 | tee log")),
    "defaults": job(run("pytest | tee log"), more="    defaults: {run: {shell: bash}}\n"),
    "fails after or": job(run("pytest || { cat log; exit 1; }")),
    "exit after": job(run("pytest\nexit 0")),
    "in docker": job(run("docker compose run --rm app python -m pytest")),
    "with poetry": job(run("poetry run pytest --cov")),
    "with variables": job(run("CI=1 DEBUG= npx --yes vitest run")),
    "go": job(run("go test -race ./...")),
    "maven": job(run("./mvnw -B -ntp clean verify")),
    "npm": package("vitest run"),
    "npm by two": package("npm run lint && jest --ci"),
    "if of the event": job(run("pytest", "        if: github.event_name == 'push'\n")),
    "if of the branch": job(run("pytest", "        if: ${{ github.ref == 'refs/heads/main' }}\n")),
    "if always": job(run("pytest", "        if: ${{ !cancelled() }}\n")),
    "matrix": job(run("${{ matrix.run }}"), more="    strategy: {matrix: {run: [ruff check, pytest]}}\n"),
    "one of the matrix may fail": job(
        run("pytest"),
        more="    continue-on-error: ${{ matrix.n }}\n    strategy: {matrix: {include: [{n: true}, {n: false}]}}\n",
    ),
    "anchor": "x: &t\n  - run: pytest\n" + PUSH + "jobs: {a: {runs-on: x, steps: *t}}\n",
    "condition that ends": job(run("if ! pytest; then\n  echo bad\n  exit 1\nfi\necho good")),
    "otherwise ends": job(run("if pytest; then echo good; else exit 2; fi")),
    "script that ends by itself": {
        "ci/test.sh": "#!/bin/sh\nif ! pytest; then exit 1; fi\necho good\n",
        ".github/workflows/ci.yaml": job(run("./ci/test.sh")),
    },
    "loop": job(run("for each in a b; do\n  pytest $each\ndone")),
    "sub-folder and script": {
        "ci/test.sh": "#!/bin/bash\nset -e\npytest\n",
        ".github/workflows/ci.yaml": job(run("./ci/test.sh")),
    },
    "make": {
        "Makefile": "check: lint\n\t@pytest\nlint:\n\truff check\n",
        ".github/workflows/ci.yml": job(run("make check")),
    },
    "folder": {
        "web/package.json": json.dumps({"scripts": {"test": "jest"}}),
        ".github/workflows/ci.yml": job(run("yarn test", "        working-directory: web\n")),
    },
    "reusable": {
        ".github/workflows/ci.yml": PUSH + "jobs: {t: {uses: ./.github/workflows/t.yml, with: {cmd: pytest}}}\n",
        ".github/workflows/t.yml": job(
            run("${{ inputs.cmd }}"), on="on: {workflow_call: {inputs: {cmd: {type: string}}}}\n"
        ),
    },
    "composite": {
        ".github/workflows/ci.yml": job("      - uses: ./.github/actions/t\n"),
        ".github/actions/t/action.yml": "runs: {using: composite, steps: [{run: pytest, shell: bash}]}\n",
    },
    "after another": {
        ".github/workflows/a.yml": "name: A\n" + job(run("make")),
        ".github/workflows/b.yml": job(run("pytest"), on="on: {workflow_run: {workflows: [A], types: [completed]}}\n"),
    },
    "paths of most files": job(run("pytest"), on="on: {push: {paths: ['src/**']}}\n"),
}


@pytest.mark.parametrize("name", RIGHT)
def test_tests_run(ci: Any, name: str) -> None:
    assert "for main on:" in ci("ci.runs_tests", RIGHT[name]).text


FALSE: dict[str, tuple[str | dict[str, str], str]] = {
    "no pipeline": ({}, "0 steps of 0 workflows"),
    "name in package.json": (
        {
            "package.json": json.dumps({"scripts": {"jest": "echo"}}),
            ".github/workflows/ci.yml": job(run("npm run jest")),
        },
        "none among",
    ),
    "printed": (job(run("sudo echo pytest")), "none among"),
    "beside one that people start": (
        {
            **package("echo none"),
            ".github/workflows/back.yml": job(run("./back"), on="on: workflow_dispatch\n"),
        },
        "none among 2 steps of 2 workflows",
    ),
    "no step": (job(run("echo pytest")), "none among 1 step"),
    "installed only": (job(run("pip install pytest\nuv add pytest\nuv pip install pytest")), "none among"),
    "image named test": (job(run("docker build -t test .")), "none among"),
    "word in the name": (job("      - name: pytest\n        run: echo done\n"), "none among"),
    "version": (job(run("pytest --version")), "'--version' is set"),
    "collected": (job(run("pytest --collect-only")), "'--collect-only' is set"),
    "skipped in maven": (job(run("mvn verify -DskipTests")), "'-DskipTests' is set"),
    "commented": (job(run("# pytest\necho")), "none among"),
    "if false": (job(run("pytest", "        if: false\n")), "'if: False' is false"),
    "if false in job": (job(run("pytest"), more="    if: ${{ false }}\n"), "is false"),
    "other branch": (job(run("pytest", "        if: github.ref == 'refs/heads/dev'\n")), "is false"),
    "only on failure": (job(run("pytest", "        if: failure()\n")), "is false"),
    "scheduled": (job(run("pytest"), on="on: {schedule: [{cron: '0 0 * * *'}]}\n"), "'schedule' is no change"),
    "by hand": (job(run("pytest"), on="on: workflow_dispatch\n"), "started by hand"),
    "closed": (job(run("pytest"), on="on: {pull_request: {types: [labeled]}}\n"), "'pull_request' is no change"),
    "branches": (job(run("pytest"), on="on: {push: {branches: [dev, 'release/**']}}\n"), "leaves main out"),
    "branches left out": (job(run("pytest"), on="on: {push: {branches-ignore: [main]}}\n"), "leaves main out"),
    "negated": (job(run("pytest"), on="on: {push: {branches: ['**', '!main']}}\n"), "leaves main out"),
    "paths of nothing": (job(run("pytest"), on="on: {push: {paths: ['docs/**']}}\n"), "lets 0% of the files pass"),
    "continue-on-error": (job(run("pytest", "        continue-on-error: true\n")), "'continue-on-error: True' is set"),
    "continue-on-error of the job": (job(run("pytest"), more="    continue-on-error: true\n"), "is set"),
    "or true": (job(run("pytest || true")), "'|| true' follows"),
    "or echo": (job(run("pytest || echo failed")), "'|| echo failed' follows"),
    "or exit 0": (job(run("pytest || exit 0")), "'|| exit 0' follows"),
    "pipe": (job(run("pytest | tee log")), "without pipefail"),
    "set +e": (job(run("set +e\npytest\necho done")), "without 'set -e'"),
    "background": (job(run("pytest &\nwait")), "in the background"),
    "inverted": (job(run("! pytest")), "inverted"),
    "condition": (job(run("if pytest; then echo good; fi")), "in a condition"),
    "ends well": (job(run("if ! pytest; then echo bad; exit 0; fi")), "in a condition"),
    "may end well": (job(run("if ! pytest; then [ $A ] && exit 0; exit 1; fi")), "in a condition"),
    "ends in a pipe": (job(run("if ! pytest; then exit 1; fi | tee log")), "without pipefail"),
    "ends in part": (job(run("(if ! pytest; then exit 1; fi) || true")), "'|| true' follows"),
    "after exit": (job(run("exit 0\npytest")), "after 'exit'"),
    "before and": (job(run("pytest && echo good\necho done")), "before '&&'"),
    "login shell": (job(run("pytest\necho done", "        shell: bash -l {0}\n")), "without 'set -e'"),
    "windows": (job(run("pytest\necho done")).replace("ubuntu", "windows"), "without 'set -e'"),
    "python": (job(run("pytest", "        shell: python\n")), "none among"),
    "here document": (job(run("cat <<END > run.sh\npytest\nEND\necho")), "none among"),
    "npm stub": (package('echo "Error: no test specified" && exit 0'), "none among"),
    "npm or true": (package("jest || true"), "'|| true' follows"),
    "npm semicolon": (package("jest; echo done"), "without 'set -e'"),
    "outer or true": (
        {**package("jest"), ".github/workflows/ci.yml": job(run("npm test || true"))},
        "'|| true' follows",
    ),
    "make ignores": (
        {"Makefile": "test:\n\t-pytest\n", ".github/workflows/ci.yml": job(run("make test"))},
        "'|| true' follows",
    ),
    "script without -e": (
        {"t.sh": "#!/bin/sh\npytest\necho done\n", ".github/workflows/ci.yml": job(run("./t.sh"))},
        "without 'set -e'",
    ),
    "sub-folder": ({".github/workflows/sub/ci.yml": job(run("pytest"))}, "does not read folders"),
    "needs one that is off": (
        PUSH + "jobs:\n  a: {if: false, runs-on: x, steps: [{run: ls}]}\n"
        "  b: {needs: a, runs-on: x, steps: [{run: pytest}]}\n",
        "needs the job 'a'",
    ),
    "empty matrix": (job(run("pytest"), more="    strategy: {matrix: {os: []}}\n"), "matrix is empty"),
    "reusable that nobody calls": (
        {".github/workflows/t.yml": job(run("pytest"), on="on: workflow_call\n")},
        "'workflow_call' is no change",
    ),
    "reusable without call": (
        {
            ".github/workflows/ci.yml": PUSH + "jobs: {t: {uses: ./.github/workflows/t.yml}}\n",
            ".github/workflows/t.yml": job(run("pytest"), on="on: workflow_dispatch\n"),
        },
        "started by hand",
    ),
    "action of another system": (
        {".github/actions/t/action.yml": "runs: {using: composite, steps: [{run: pytest}]}\n"},
        "0 steps",
    ),
}


@pytest.mark.parametrize("name", FALSE)
def test_tests_do_not_run(ci: Any, name: str) -> None:
    files, seen = FALSE[name]
    with pytest.raises(ClaimFalse) as error:
        ci("ci.runs_tests", files)
    assert seen in error.value.seen


UNSURE: dict[str, tuple[str | dict[str, str], str]] = {
    "another's reusable workflow": (PUSH + "jobs: {t: {uses: example/ci/.github/workflows/t.yml@v1}}\n", "is not read"),
    "tox": (job(run("tox -e py")), "what 'tox -e py' of job test"),
    "make without target": (job(run("make check")), "'make check'"),
    "script that is not there": (job(run("./ci/test.sh")), "'./ci/test.sh'"),
    "changes": (
        job(run("pytest", "        if: needs.changes.outputs.api == 'true'\n")),
        "depends on 'if: needs.changes",
    ),
    "whose repository": (job(run("pytest"), more="    if: github.repository == 'example/shop'\n"), "github.repository"),
    "in a branch": (job(run("if [ -d tests ]; then\n  pytest\nfi")), "in a branch of"),
    "perhaps": (job(run("[ -d tests ] && pytest")), "only where '[ -d tests ]' holds"),
    "early end": (job(run('[ -z "$CI" ] && exit 0\npytest')), "may end the script"),
    "paths of some files": (
        job(run("pytest"), on="on: {push: {paths: ['src/api.py', '.github/**']}}\n").replace("api", "a*i"),
        "33% of the files",
    ),
    "not YAML": ("on: [push\njobs: {", "not YAML"),
    "jenkins": ({"Jenkinsfile": "pipeline {}"}, "Jenkinsfile is of a system"),
    "circle": ({".circleci/config.yml": "version: 2.1\n"}, ".circleci/config.yml is of a system"),
    "drone": ({".drone.yml": "kind: pipeline\n"}, ".drone.yml is of a system"),
}


@pytest.mark.parametrize("name", UNSURE)
def test_whether_tests_run_is_not_known(ci: Any, name: str) -> None:
    files, reason = UNSURE[name]
    if name == "paths of some files":
        assert isinstance(files, str)
        files = {".github/workflows/ci.yml": files, "web/a.js": "", "web/b.js": ""}
        reason = "25% of the files"
    with pytest.raises(CouldNotVerify) as error:
        ci("ci.runs_tests", files)
    assert reason in error.value.reason


def test_a_command_is_named(ci: Any) -> None:
    assert "tox -e py of job test" in ci("ci.runs_tests", job(run("tox -e py")), command="tox -e py").text
    with pytest.raises(ClaimFalse):
        ci("ci.runs_tests", job(run("tox -e py || true")), command="tox -e py")


def test_the_branch_is_declared_or_asked_for(ci: Any) -> None:
    with pytest.raises(NotDeclared):
        ci("ci.runs_tests", job(run("pytest")), branch=None)
    with pytest.raises(ClaimFalse, match="leaves dev out"):
        ci("ci.runs_tests", job(run("pytest"), on="on: {push: {branches: [main]}}\n"), branch="dev")


def test_only_the_commit_is_read(ci: Any, tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text(".github/\n")
    with pytest.raises(ClaimFalse, match="0 workflows"):
        ci("ci.runs_tests", job(run("pytest")))


@pytest.mark.parametrize(("needs", "warned"), [("", True), ("    needs: test\n", False)])
def test_a_deployment_that_does_not_wait_is_told(ci: Any, needs: str, warned: bool) -> None:
    text = job(run("pytest")) + f"  deploy:\n    runs-on: x\n{needs}    steps: [{{run: kubectl apply -f k8s}}]\n"
    assert bool(ci("ci.runs_tests", text).warning) is warned


def test_whose_repository_it_is_tells_the_declared_forge(ci: Any, tmp_path: Path) -> None:
    forge = Forge(name="hub", project="example/shop")
    for owner, right in (("example/shop", True), ("other/shop", False)):
        text = job(run("pytest"), more=f"    if: github.repository == '{owner}'\n")
        Repo(tmp_path).commit({".github/workflows/ci.yml": text})
        repository = Repository(name="shop", path=tmp_path, branch="main", forge="hub")
        target = Target("test", resources=(repository, forge))
        if right:
            assert judge("ci.runs_tests", repository, target=target)
        else:
            with pytest.raises(ClaimFalse, match="is false"):
                judge("ci.runs_tests", repository, target=target)
