from __future__ import annotations

import json

import pytest

from tests.release import Release, lasting, page_of


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Release:
    """A run in one piece (in `whole`) and the same in three shards, one of them spread over workers."""
    release = Release(tmp_path_factory.mktemp("release"))
    release.run("--readiness-out=before")
    release.write("two.env", "TOKEN=" + "k3y-" * 9)
    options = ("--readiness-baseline=before/result.json", "--readiness-release=1.4")
    release.run("--readiness-out=whole", "--readiness-report=whole.html", *options)
    release.shards(3, *options)
    release.run("--readiness-shard=2/3", "--readiness-out=shard2", "-n2", *options)
    return release


SHARDS = ("shard3/result.json", "shard1/result.json", "shard2/result.json")


def test_shards_give_what_one_run_gives(ran: Release) -> None:
    done = ran.cli("merge", *SHARDS, "--out=merged", "--report=merged.html")
    assert (done.returncode, done.stderr) == (0, "")
    assert "score" in done.stdout
    assert "\x1b" not in done.stdout
    merged, whole = ran.result("merged"), ran.result("whole")
    assert lasting(merged) == lasting(whole)
    assert merged["shard"] is None
    assert merged["drift"]["better"]
    assert merged["provenance"]["command"] == [
        *("--readiness-target=prod", "-p", "no:cacheprovider", "--readiness-out=shard1"),
        *("--readiness-baseline=before/result.json", "--readiness-release=1.4"),
    ]
    rows, _ = page_of(ran.path / "merged.html")
    once, _ = page_of(ran.path / "whole.html")
    assert list(rows["tests"]) == list(once["tests"])
    assert [row[0]["log"] for row in rows["tests"].values()] == [row[0]["log"] for row in once["tests"].values()]


def test_a_merged_run_goes_into_the_history(ran: Release) -> None:
    done = ran.cli("merge", *SHARDS, "--out=merged", "--history=history.db")
    assert done.returncode == 0
    runs = json.loads(ran.cli("history", "history.db", "--json").stdout)["runs"]
    assert [(run["release"], run["whole"]) for run in runs] == [("1.4", True)]


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        (SHARDS[:2], "shard1/result.json: This is shard 1 of 3, and shard 2 is missing."),
        (SHARDS[:1], "shard3/result.json: This is shard 3 of 3, and the shards 1, 2 are missing."),
        (
            (*SHARDS, "shard1/result.json"),
            "shard1/result.json: This is shard 1 of 3, and so is shard1/result.json.",
        ),
        (
            (*SHARDS, "whole/result.json"),
            "whole/result.json: This is the result of a whole run; there is nothing to merge it with.",
        ),
        ((*SHARDS, "readiness.yaml"), "readiness.yaml: This is not a result of a readiness run"),
        ((*SHARDS, "nowhere.json"), "nowhere.json: The result file does not exist."),
    ],
)
def test_shards_that_do_not_make_a_run_are_refused(ran: Release, files: tuple[str, ...], sentence: str) -> None:
    done = ran.cli("merge", *files, "--out=none")
    assert done.returncode == 4
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert not (ran.path / "none").exists()


def changed(release: Release, name: str, *path: str | int, value: object) -> str:
    """A shard's file with one thing changed."""
    data = release.result(name)
    place = data
    for key in path[:-1]:
        place = place[key]  # type: ignore[index]
    place[path[-1]] = value  # type: ignore[index]
    (release.path / "changed.json").write_text(json.dumps(data), "utf-8")
    return "changed.json"


ANOTHER = "changed.json: This is a shard of another run"


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        (("provenance", "target"), "staging", f"{ANOTHER}: the target is staging, and prod in shard1/result.json."),
        (("provenance", "release"), "", f"{ANOTHER}: the release is none, and 1.4 in shard1/result.json."),
        (("provenance", "commit"), "abc", f"{ANOTHER}: the commit is abc, and unknown in shard1/result.json."),
        (("shard", "of"), 4, f"{ANOTHER}: the number of shards is 4, and 3 in shard1/result.json."),
        (("provenance", "checklists"), [], f"{ANOTHER} than shard1/result.json: the checklists differ."),
        (
            ("shard", "tests"),
            ["release:x"],
            f"{ANOTHER} than shard1/result.json: the selected tests differ (-m, -k and paths must be the same",
        ),
        (
            ("shard", "plan"),
            "0",
            f"{ANOTHER} than shard1/result.json: readiness.yaml, the values of its variables, bindings, ",
        ),
        (("drift", "baseline"), None, f"{ANOTHER} than shard1/result.json: the baselines differ."),
        (("exit_code",), 2, "changed.json: This shard did not finish (exit code 2)."),
        (("sections",), [], "shard1/result.json: No shard has a result of release:"),
    ],
)
def test_shards_of_other_runs_are_refused(ran: Release, path: tuple[str, ...], value: object, sentence: str) -> None:
    other = changed(ran, "shard3", *path, value=value)
    if path == ("sections",):
        changed_data = json.loads((ran.path / other).read_text("utf-8"))
        (ran.path / other).write_text(json.dumps({**changed_data, "reports": []}), "utf-8")
    done = ran.cli("merge", "shard1/result.json", "shard2/result.json", other, "--out=none")
    assert done.returncode == 4
    assert sentence in done.stderr
    assert not (ran.path / "none").exists()


def test_a_shard_that_holds_another_ones_tests_is_refused(ran: Release) -> None:
    sections = [*ran.result("shard1")["sections"], *ran.result("shard3")["sections"]]
    other = changed(ran, "shard3", "sections", value=sections)
    done = ran.cli("merge", "shard1/result.json", "shard2/result.json", other, "--out=none")
    assert done.returncode == 4
    assert "is in shard1/result.json too." in done.stderr


def test_a_bindings_change_between_shards_is_seen(release: Release) -> None:
    release.run("--readiness-shard=1/2", "--readiness-out=shard1")
    release.replace("release.checks.yaml", "names: [LATER]", "names: [LATER, TOO]")
    release.run("--readiness-shard=2/2", "--readiness-out=shard2")
    done = release.cli("merge", "shard1/result.json", "shard2/result.json", "--out=none")
    assert done.returncode == 4
    assert "bindings" in done.stderr


def test_shards_of_two_environments_are_seen(release: Release, monkeypatch: pytest.MonkeyPatch) -> None:
    release.replace("readiness.yaml", "one: one.env", 'one: "${FIRST:-one.env}"')
    release.run("--readiness-shard=1/2", "--readiness-out=shard1")
    monkeypatch.setenv("FIRST", "two.env")
    release.run("--readiness-shard=2/2", "--readiness-out=shard2")
    done = release.cli("merge", "shard1/result.json", "shard2/result.json", "--out=none")
    assert done.returncode == 4
    assert "the values of its variables" in done.stderr


def test_selections_compose_with_shards(release: Release) -> None:
    selection = ("-m", "operations", "-k", "not later")
    release.run("--readiness-out=whole", *selection)
    done = release.cli("merge", *release.shards(2, *selection), "--out=merged")
    assert done.returncode == 10, done.stderr
    assert lasting(release.result("merged")) == lasting(release.result("whole"))


@pytest.mark.parametrize(
    ("policy", "code"), [("min_score: 20", 0), ("min_score: 100", 1), ("min_score: 0, sections: {operations: 100}", 1)]
)
def test_the_exit_code_is_the_one_of_the_run(release: Release, policy: str, code: int) -> None:
    release.replace("readiness.yaml", "min_score: 20", policy)
    whole = release.run("--readiness-out=whole")
    merged = release.cli("merge", *release.shards(2), "--out=merged")
    assert (whole.returncode, merged.returncode) == (code, code)
    assert release.result("merged")["verdict"] == release.result("whole")["verdict"]


def test_only_unverified_items_are_six(release: Release) -> None:
    selection = ("-k", "signed or secrets-set")
    release.replace("readiness.yaml", "min_score: 20", "min_score: 100")
    assert release.run("--readiness-out=whole", *selection).returncode == 6
    assert release.cli("merge", *release.shards(2, *selection), "--out=merged").returncode == 6


def test_a_failed_test_beside_the_checklist_counts(release: Release) -> None:
    release.replace("test_own.py", "    pass", "    assert False")
    assert release.run("--readiness-out=whole").returncode == 1
    assert release.cli("merge", *release.shards(2), "--out=merged").returncode == 1
    assert release.result("merged")["exit_code"] == 1
