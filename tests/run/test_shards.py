from __future__ import annotations

import random
from collections import Counter

import pytest

from pytest_readiness.run.settings import parse_shard
from pytest_readiness.verdict.shards import split
from tests.release import Release


@pytest.mark.parametrize("text", ["1/1", "2/3", "007/7"])
def test_shards_that_are_some(text: str) -> None:
    number, of = parse_shard(text)
    assert 1 <= number <= of


@pytest.mark.parametrize(
    "text", ["", "1", "/", "0/2", "3/2", "-1/2", "1/0", "0/0", "a/b", "1/2/3", " 1/2", "1 / 2", "1.0/2", "١/٢"]
)
def test_shards_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(pytest.UsageError, match="--readiness-shard") as caught:
        parse_shard(text)
    assert str(caught.value) == (
        f"--readiness-shard takes K/N, shard K of N, with K from 1 to N, such as 2/3; not '{text}'."
    )


def test_the_command_line_refuses_shards_that_are_none(release: Release) -> None:
    done = release.run("--readiness-shard=0/2", "--readiness-out=out")
    assert done.returncode == 4
    assert "--readiness-shard takes K/N" in done.stderr
    assert not (release.path / "out").exists()


def test_tests_with_a_unit_in_common_stay_together() -> None:
    units = [("a",), ("b",), ("a", "c"), ("c", "d"), ("e",)]
    shards = split(units, [1] * 5, 3)
    assert shards[0] == shards[2] == shards[3]
    assert len({shards[0], shards[1], shards[4]}) == 3


def test_shards_are_balanced() -> None:
    units = [(f"resource {number}",) for number in range(40) for _ in range(number % 7 + 1)]
    load = Counter(split(units, [10] * len(units), 4))
    assert sorted(load) == [1, 2, 3, 4]
    assert max(load.values()) - min(load.values()) <= 7


def test_shards_do_not_depend_on_the_order_of_tests() -> None:
    tests: list[tuple[tuple[str, ...], int]] = [
        ((f"resource {number % 11}",), 10 if number % 3 else 1) for number in range(60)
    ]
    tests += [((f"resource {number}", f"resource {number + 1}"), 10) for number in (2, 5)]

    def shards() -> dict[tuple[str, ...], int]:
        units = [unit for unit, _ in tests]
        return dict(zip(units, split(units, [weight for _, weight in tests], 4), strict=True))

    whole = shards()
    for seed in range(10):
        random.Random(seed).shuffle(tests)
        assert shards() == whole


def test_every_test_runs_in_one_shard_and_every_fact_is_read_in_one(release: Release) -> None:
    release.write(
        "conftest.py",
        """\
        from pathlib import Path
        from pytest_readiness.domains.env.facts import EnvFacts, env_facts
        from pytest_readiness.core.registry import FACTS
        from dataclasses import replace

        def reading(env_file, target):
            with Path("read.txt").open("a") as file:
                file.write(env_file.name + "\\n")
            return env_facts(env_file, target)

        FACTS["env_facts"] = replace(FACTS["env_facts"], read=reading)
        """,
    )
    ran = []
    for number in (1, 2, 3):
        done = release.run(f"--readiness-shard={number}/3", f"--readiness-out=shard{number}", "-v")
        ran += [line.partition(" ")[0] for line in done.stdout.splitlines() if "::" in line and "%]" in line]
    assert sorted((release.path / "read.txt").read_text().split()) == ["one", "two"]
    results = [release.result(f"shard{number}") for number in (1, 2, 3)]
    tests = results[0]["shard"]["tests"]
    assert len(tests) == len(ran) == len(set(ran)) == 18
    whole = {"of": 3, "plan": results[0]["shard"]["plan"], "tests": tests}
    assert [result["shard"] for result in results] == [{"number": number, **whole} for number in (1, 2, 3)]


def test_what_was_left_out_of_all_shards_is_known_when_they_are_merged(release: Release) -> None:
    tests = [line for line in release.run("--collect-only", "-q").stdout.splitlines() if "release.md::" in line]
    items = Counter(test.partition("[")[0] for test in tests)
    left = f"--deselect={next(test for test in tests if items[test.partition('[')[0]] > 1)}"
    for number in (1, 2):
        release.run(f"--readiness-shard={number}/2", f"--readiness-out=shard{number}", left)
    release.run("--readiness-out=whole", left)
    done = release.cli("merge", "--out=merged", "shard1/result.json", "shard2/result.json")
    assert done.stderr == ""
    whole, merged = (release.result(name)["verdict"] for name in ("whole", "merged"))
    assert whole["selected"] == merged["selected"] == whole["total"] - 1


def test_a_shard_is_never_go_and_its_exit_code_is_of_its_part(release: Release) -> None:
    for name in ("two.env", "one.env"):
        release.write(name, "TOKEN=" + "k3y-" * 9 + "\nLATER=1\n")
    release.write("plan.md", (release.path / "runbook.md").read_text("utf-8"))
    release.replace("readiness.yaml", "min_score: 20", "min_score: 20, sections: {operations: 100}")
    for number in (1, 2):
        done = release.run(f"--readiness-shard={number}/2", f"--readiness-out=shard{number}")
        assert done.returncode == 10, done.stdout
        assert f"SHARD {number} of 2: this part holds" in done.stdout
        assert " GO " not in done.stdout
        verdict = release.result(f"shard{number}")["verdict"]
        assert verdict["go"] is False
        assert verdict["reasons"] == []
        assert f"This is a part only: this is shard {number} of 2" in done.stdout


def test_a_shard_fails_where_its_own_part_does(release: Release) -> None:
    release.replace("readiness.yaml", "min_score: 20", "min_score: 100")
    codes = {release.run(f"--readiness-shard={number}/2").returncode for number in (1, 2)}
    assert 1 in codes
    assert codes <= {10, 1, 6}


def test_a_shard_without_tests_is_no_failure(release: Release) -> None:
    done = release.run("--readiness-shard=40/40", "--readiness-out=out", "--readiness-report=page.html")
    assert done.returncode == 10, done.stdout
    assert "18 deselected" in done.stdout
    assert release.result()["verdict"]["selected"] == 0


def test_a_selection_without_tests_is_told_as_ever(release: Release) -> None:
    assert release.run("--readiness-shard=1/2", "-k", "nothing-of-the-kind").returncode == 5


def test_a_shard_has_no_history(release: Release) -> None:
    done = release.run("--readiness-shard=1/2", "--readiness-history=history.db")
    assert done.returncode == 4
    assert "A shard is not a run of its own; give --history to `readiness merge` instead." in done.stderr
    assert not (release.path / "history.db").exists()
