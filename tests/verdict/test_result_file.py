from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from pytest_readiness.core.problems import ProblemsError
from pytest_readiness.core.redact import Redactor
from pytest_readiness.verdict.result_file import (
    ResultFile,
    as_text,
    file_of,
    outcome_of,
    read_baseline,
    read_result,
    result_schema,
)
from tests.release import Release, lasting


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    release = Release(tmp_path_factory.mktemp("release"))
    done = release.run("--readiness-out=out", "--readiness-history=history.db")
    assert done.returncode == 0, done.stdout
    return release.result()


def test_a_run_writes_what_the_schema_describes_and_nothing_else(data: dict[str, Any]) -> None:
    jsonschema.Draft202012Validator.check_schema(result_schema())
    jsonschema.validate(data, result_schema())
    # What files of before do not have is left out where it says nothing.
    assert json.loads(as_text(ResultFile.model_validate(data), Redactor())) == data
    states = {item.id: item.state for item in outcome_of(ResultFile.model_validate(data)).verdict.items}
    assert states == {
        "release:security/secrets-set": "passed",
        "release:security/secrets-long": "failed",
        "release:security/written": "failed",
        "release:security/complete": "failed",
        "release:operations/later": "waived",
        "release:operations/not-needed-any-more": "passed",
        "release:operations/tried-by-ourselves": "passed",
        "release:operations/signed": "unverified",
        "release:operations/forgotten": "unverified",
        "release:operations/elsewhere": "not applicable",
    }


@pytest.mark.parametrize("change", [{"format": "other"}, {"verdict": {}}, {"sections": [{}]}, {"shard": 3}])
def test_the_schema_refuses_what_is_no_result(data: dict[str, Any], change: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**data, **change}, result_schema())


def test_a_verdict_comes_back_from_its_file(release: Release) -> None:
    release.run("--readiness-out=before")
    release.write("two.env", "TOKEN=" + "k3y-" * 9)
    release.replace("release.md", "Later", "Soon")
    release.replace("release.checks.yaml", "later", "soon")
    release.write(
        "waivers.yaml",
        "waivers: [{item: operations/soon, reason: r, by: operations@example.com, expires: 2020-01-01}]\n",
    )
    release.run("--readiness-out=out", "--readiness-baseline=before/result.json")
    path = release.path / "out" / "result.json"
    file = read_result(path)
    outcome = outcome_of(file)
    assert file_of(outcome) == file
    assert as_text(file_of(outcome), Redactor()) == path.read_text("utf-8")
    verdict = outcome.verdict
    assert outcome_of(file_of(outcome)).verdict == verdict
    drift = verdict.drift
    assert [change.item for change in drift.better] == ["release:security/secrets-long"]
    assert [change.item for change in drift.gone] == ["release:operations/later"]
    assert [change.item for change in drift.new] == ["release:operations/soon"]
    assert drift.expired_waivers == ("release:operations/soon",)
    assert drift.unbound == ("release:operations/forgotten",)
    assert drift.baseline == read_baseline(release.path / "before" / "result.json", "prod")
    assert [item.text for section in verdict.sections for item in section.walk() if item.is_group] == ["Documents"]
    assert verdict.open_items[0].severity == "critical"


def test_order_and_words_do_not_depend_on_workers(release: Release) -> None:
    release.run("--readiness-out=one")
    release.run("--readiness-out=many", "-n3")
    one, many = lasting(release.result("one")), lasting(release.result("many"))
    one["environment"] = many["environment"] = {}
    assert many == one


def test_secrets_do_not_break_the_file(release: Release) -> None:
    """Passwords that are words of the format: those stay, texts from elsewhere are masked."""
    databases = "databases: {a: '${A_DSN}', b: '${B_DSN}', c: '${C_DSN}'}"
    release.replace("readiness.yaml", "    policy", f"    {databases}\n    policy")
    done = release.run(
        "--readiness-out=out",
        A_DSN="postgresql://u:tests@localhost/x",
        B_DSN="postgresql://u:failed@localhost/x",
        C_DSN="postgresql://u:TOKEN@localhost/x",
    )
    assert done.returncode == 0, done.stdout
    file = read_result(release.path / "out" / "result.json")
    assert "TOKEN" not in (release.path / "out" / "result.json").read_text("utf-8")
    assert outcome_of(file).verdict.counts["failed"] == 3


def test_what_a_passing_test_prints_is_masked(release: Release) -> None:
    release.replace("readiness.yaml", "    policy", "    databases: {a: '${A_DSN}'}\n    policy")
    release.write("test_own.py", "def test_beside():\n    print('it is ' + 'hunter' + '2hunter')\n")
    release.run("--readiness-out=out", "--readiness-report=page.html", A_DSN="postgresql://u:hunter2hunter@localhost/x")
    for name in ("out/result.json", "page.html"):
        written = (release.path / name).read_text("utf-8")
        assert "it is •••" in written or "it is \\u2022" in written
        assert "hunter2hunter" not in written


def _cut(text: str) -> str:
    return text[: len(text) // 2]


def _changed(**changes: Any) -> Callable[[str], str]:
    return lambda text: json.dumps({**json.loads(text), **changes})


FOREIGN = "This is not a result of a readiness run (the result.json that --readiness-out writes)."


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (lambda _: "", FOREIGN),
        (lambda _: "[]", FOREIGN),
        (lambda _: '{"format": 3}', FOREIGN),
        (lambda _: "[" * 100_000, FOREIGN),
        (lambda _: "<html>", FOREIGN),
        (_cut, f"{FOREIGN} It is cut off, or not JSON, at this line."),
        (
            _changed(format="pytest-readiness/2"),
            "This result has the format pytest-readiness/2, but this version reads pytest-readiness/1; "
            "update pytest-readiness.",
        ),
        (_changed(exit_code="x"), "The result is broken: exit_code: input should be a valid integer, unable to parse "),
        (_changed(sections=[{}]), "The result is broken: sections.0.checklist: field required."),
        (_changed(verdict=float("nan")), "The result is broken: verdict: "),
    ],
)
def test_files_that_are_none_are_told_in_a_sentence(
    data: dict[str, Any], tmp_path: Path, damage: Callable[[str], str], sentence: str
) -> None:
    path = tmp_path / "result.json"
    path.write_text(damage(json.dumps(data)), "utf-8")
    with pytest.raises(ProblemsError) as caught:
        read_result(path)
    (problem,) = caught.value.problems
    assert problem.message.startswith(sentence)
    assert problem.message.endswith(".")


def test_a_run_tells_of_a_baseline_that_is_none(release: Release) -> None:
    release.write("old.json", "{}")
    done = release.run("--readiness-baseline=old.json")
    assert done.returncode == 4
    assert FOREIGN in done.stderr


def test_a_missing_file_is_told_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ProblemsError, match=r"The baseline file does not exist\."):
        read_baseline(tmp_path / "result.json", "prod")


def test_a_part_another_target_and_what_did_not_end_are_no_baseline(release: Release) -> None:
    release.run("--readiness-out=part", "-k", "secrets")
    release.run("--readiness-out=whole")
    data = json.loads((release.path / "whole" / "result.json").read_text("utf-8"))
    data["provenance"]["target"] = "staging"
    release.write("other.json", json.dumps(data))
    release.write("ended.json", json.dumps({**data, "exit_code": 2}).replace("staging", "prod"))
    better = {**data["verdict"], "score": data["verdict"]["score"] - 1}
    release.write("edited.json", json.dumps({**data, "verdict": better}).replace("staging", "prod"))
    for file, sentence in (
        ("edited.json", "In this result its items add up to a score of "),
        ("part/result.json", "This is a result of a part of a run, with which a whole one cannot be compared"),
        ("ended.json", "This is a result of a run that did not come to its end (exit code 2); name another."),
        ("other.json", "This is a result of target 'staging', but this run is about 'prod'; `readiness diff` compares"),
    ):
        done = release.run(f"--readiness-baseline={file}")
        assert done.returncode == 4, done.stdout
        assert sentence in done.stderr


def test_another_day_is_told(release: Release) -> None:
    done = release.run("--readiness-out=out", READINESS_NOW="2026-03-01T12:00:00Z")
    note = "judged as of 2026-03-01 12:00 UTC, as READINESS_NOW says"
    assert note in done.stdout
    assert note in release.result()["drift"]["notes"]
    for number, day in enumerate(("2026-03-01", "2026-03-02"), 1):
        release.run(f"--readiness-out=out{number}", f"--readiness-shard={number}/2", READINESS_NOW=day)
    assert release.cli("merge", "out1/result.json", "out2/result.json", "--out", "merged").returncode == 4


def test_a_shard_is_no_baseline(release: Release) -> None:
    release.run("--readiness-out=out", "--readiness-shard=1/2")
    done = release.run("--readiness-baseline=out/result.json")
    assert done.returncode == 4
    assert "This is shard 1 of 2, a part of a run; `readiness merge` makes one result" in done.stderr


def test_a_file_that_cannot_be_written_is_told_in_a_sentence(release: Release) -> None:
    (release.path / "out" / "result.json").mkdir(parents=True)
    done = release.run("--readiness-out=out", "--readiness-report=page.html")
    assert done.returncode == 4
    assert "out/result.json cannot be written: " in done.stdout
    assert "INTERNALERROR" not in done.stdout + done.stderr
    assert (release.path / "page.html").exists()
