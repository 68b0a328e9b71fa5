from __future__ import annotations

from typing import Any

import pytest

from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify
from tests.domains.ci.test_pipeline import ci  # noqa: F401

JOB = "unit:\n  script: [pytest]\n"
MAIN = "rules: [{if: '$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH'}]"

RIGHT: dict[str, dict[str, str]] = {
    "plain": {"": JOB},
    "before_script": {"": "unit:\n  before_script: [pip install .]\n  script:\n    - pytest | tee log\n"},
    "extends": {"": ".base:\n  script: [pytest]\nunit: {extends: .base}\n"},
    "anchors": {"": ".base: &b\n  script: [pytest]\nunit:\n  <<: *b\n"},
    "reference": {"": ".s:\n  script: [pytest]\nunit:\n  script:\n    - !reference [.s, script]\n"},
    "default branch": {"": f"{JOB}  {MAIN}\n"},
    "merge requests": {"": f"{JOB}  rules: [{{if: '$CI_PIPELINE_SOURCE == \"merge_request_event\"'}}]\n"},
    "second rule": {"": f"{JOB}  rules: [{{if: '$CI_COMMIT_TAG', when: never}}, {{when: on_success}}]\n"},
    "only": {"": f"{JOB}  only: [main]\n"},
    "except": {"": f"{JOB}  except: [schedules, tags]\n"},
    "expression": {"": f"{JOB}  rules: [{{if: '$CI_COMMIT_BRANCH =~ /^main$/ && $CI_COMMIT_TAG == null'}}]\n"},
    "workflow": {"": f"workflow:\n  {MAIN}\n{JOB}"},
    "local include": {"": "include: [{local: /ci/t.yml}]\n", "ci/t.yml": JOB},
    "includes by pattern": {"": "include: 'ci/*.yml'\n", "ci/t.yml": JOB},
    "job over an include": {
        "": "include: ci/t.yml\nunit: {allow_failure: false}\n",
        "ci/t.yml": JOB + "  allow_failure: true\n",
    },
    "manual that blocks is another job": {"": JOB + "deploy: {script: [./d.sh], when: manual}\n"},
}


def files(told: dict[str, str]) -> dict[str, str]:
    return {name or ".gitlab-ci.yml": text for name, text in told.items()}


@pytest.mark.parametrize("name", RIGHT)
def test_tests_run(ci: Any, name: str) -> None:  # noqa: F811
    assert "pytest of job unit" in ci("ci.runs_tests", files(RIGHT[name])).text


FALSE: dict[str, tuple[dict[str, str], str]] = {
    "hidden": ({"": "." + JOB}, "none among 0 steps"),
    "never": ({"": f"{JOB}  rules: [{{when: never}}]\n"}, "says never"),
    "never for the branch": ({"": f"{JOB}  rules: [{{if: '$CI_COMMIT_BRANCH == \"dev\"'}}]\n"}, "none of its rules"),
    "no rule for the branch": ({"": f'{JOB}  rules: [{{if: $CI_COMMIT_TAG == "x"}}]\n'}, "none of its rules"),
    "allowed to fail": ({"": f"{JOB}  allow_failure: true\n"}, "'allow_failure' is set"),
    "allowed by exit codes": ({"": f"{JOB}  allow_failure: {{exit_codes: [1]}}\n"}, "'allow_failure' is set"),
    "allowed by a rule": ({"": f"{JOB}  rules: [{{when: always, allow_failure: true}}]\n"}, "'allow_failure' is set"),
    "manual": ({"": f"{JOB}  when: manual\n"}, "started by hand"),
    "manual by a rule": ({"": f"{JOB}  rules: [{{when: manual}}]\n"}, "started by hand"),
    "on failure": ({"": f"{JOB}  when: on_failure\n"}, "where an earlier job fails"),
    "only": ({"": f"{JOB}  only: [dev]\n"}, "leave the branch out"),
    "schedules": ({"": f"{JOB}  only: [schedules]\n"}, "leave the branch out"),
    "except": ({"": f"{JOB}  except: [branches, tags]\n"}, "leave the branch out"),
    "workflow": ({"": f"workflow: {{rules: [{{when: never}}]}}\n{JOB}"}, "does not run for the branch"),
    "or true": ({"": "unit:\n  script: ['pytest || true']\n"}, "'|| true' follows"),
    "after exit": ({"": "unit:\n  script: [exit 0, pytest]\n"}, "after 'exit'"),
    "extends what may fail": ({"": f".b: {{allow_failure: true}}\n{JOB}  extends: .b\n"}, "'allow_failure' is set"),
    "file that nobody includes": ({"": "lint: {script: [ruff check]}\n", "ci/t.yml": JOB}, "none among"),
}


@pytest.mark.parametrize("name", FALSE)
def test_tests_do_not_run(ci: Any, name: str) -> None:  # noqa: F811
    told, seen = FALSE[name]
    with pytest.raises(ClaimFalse) as error:
        ci("ci.runs_tests", files(told))
    assert seen in error.value.seen


UNSURE: dict[str, tuple[dict[str, str], str]] = {
    "remote include": ({"": "include: [{remote: 'https://example.com/ci.yml'}]\nx: {script: [ls]}\n"}, "include https"),
    "template": ({"": "include: [{template: Jobs/Test.gitlab-ci.yml}]\nx: {script: [ls]}\n"}, "include Jobs/Test"),
    "variable": ({"": f"{JOB}  rules: [{{if: $RUN_TESTS}}]\n"}, "depends on the rule '$RUN_TESTS'"),
    "other default branch": ({"": f"{JOB}  {MAIN}\n"}, "depends on the rule"),
    "child pipeline": ({"": "x: {trigger: {include: ci/t.yml}}\n"}, "what it triggers"),
    "hard expression": ({"": f"{JOB}  only: ['/^(a|main).*$/']\n"}, "leave the branch out"),
    "not YAML": ({"": "a: ]\n"}, "not YAML"),
    "missing include": ({"": "include: ci/none.yml\n"}, "is no file"),
}


@pytest.mark.parametrize("name", UNSURE)
def test_whether_tests_run_is_not_known(ci: Any, name: str) -> None:  # noqa: F811
    told, reason = UNSURE[name]
    with pytest.raises(CouldNotVerify) as error:
        ci("ci.runs_tests", files(told), branch="dev" if name == "other default branch" else "main")
    assert reason in error.value.reason
