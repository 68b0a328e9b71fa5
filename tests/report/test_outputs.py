from __future__ import annotations

import json
import os
import re
import resource
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytest_readiness.checklist.reading import parse_checklist
from pytest_readiness.core.redact import MASK, Redactor
from pytest_readiness.report import badge
from pytest_readiness.report.outputs import write_outputs
from pytest_readiness.verdict.outcome import Outcome
from tests.release import Release
from tests.release import lasting as without
from tests.report.making import all_of, outcome_of
from tests.stack.patience import patient
from tests.stack.programs import program, unavailable

NAMES = {
    "result.json",
    "release.completed.md",
    "junit.xml",
    "hdf.json",
    "in-toto.json",
    "readiness.sarif",
    "readiness.prom",
    "badge.svg",
}
GOOD = f"TOKEN={'k3y-' * 9}\n"
FIGURES = re.compile(
    r'"(?:run_time|seconds|start|duration)": [\d.e-]+'
    r'|"start_time": "[^"]*"'
    r'|\btime="[\d.]+"'
    r"|readiness_run_duration_seconds{.*} .*"
)
"""How long things took, which is never the same."""


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Release:
    release = Release(tmp_path_factory.mktemp("release"))
    done = release.run("--readiness-out=out", "--readiness-release=1.4.2", READINESS_NOW="2026-03-01T12:00:00Z")
    assert done.returncode == 0, done.stdout
    return release


def files(folder: Path) -> dict[str, str]:
    return {path.name: path.read_bytes().decode() for path in folder.iterdir()}


def lasting(folder: Path) -> dict[str, Any]:
    """The files without what is different in each run: figures of time, and how the run was started."""
    found: dict[str, Any] = {name: FIGURES.sub("time", text) for name, text in files(folder).items()}
    result = json.loads((folder / "result.json").read_text("utf-8"))
    return {**found, "result.json": without({**result, "environment": {}})}


def test_one_run_writes_everything(ran: Release) -> None:
    assert set(files(ran.path / "out")) == NAMES
    original = (ran.path / "release.md").read_text("utf-8")
    copy = (ran.path / "out" / "release.completed.md").read_text("utf-8")
    assert [item.text for item in parse_checklist(copy, Path("x")).items() if item.ticked] == [
        "Secrets set",
        "Not needed any more",
        "Tried by ourselves",
    ]
    assert original.splitlines()[0] in copy
    inputs = [each["path"] for each in ran.result()["inputs"]]
    assert inputs == ["readiness.yaml", "release.md", "release.checks.yaml", "waivers.yaml"]


def test_workers_change_nothing(ran: Release) -> None:
    arguments = ("--readiness-release=1.4.2", "-n3")
    ran.run("--readiness-out=many", *arguments, READINESS_NOW="2026-03-01T12:00:00Z")
    assert lasting(ran.path / "many") == lasting(ran.path / "out")


def test_the_files_can_be_made_again_byte_for_byte(ran: Release) -> None:
    done = ran.cli("report", "out/result.json", "--out=again")
    assert (done.returncode, done.stdout, done.stderr) == (0, "again\n", "")
    assert files(ran.path / "again") == files(ran.path / "out")
    done = ran.cli("report", "out/result.json")
    assert done.returncode == 4
    assert "--html FILE" in done.stderr


def test_shards_and_a_merged_run_write_the_same_files(ran: Release) -> None:
    arguments = ("--readiness-release=1.4.2",)
    moment = {"READINESS_NOW": "2026-03-01T12:00:00Z"}
    for number in (1, 2):
        ran.run(f"--readiness-shard={number}/2", f"--readiness-out=shard{number}", *arguments, **moment)
    assert set(files(ran.path / "shard1")) == NAMES
    assert "SHARD 1 of 2" in files(ran.path / "shard1")["badge.svg"]
    done = ran.cli("merge", "shard1/result.json", "shard2/result.json", "--out=merged")
    assert done.returncode == 0, done.stderr
    assert lasting(ran.path / "merged") == lasting(ran.path / "out")


def test_a_copy_beside_the_checklist_leaves_it_alone(release: Release) -> None:
    before = (release.path / "release.md").read_bytes()
    assert release.run("--readiness-out=.").returncode == 0
    assert (release.path / "release.md").read_bytes() == before
    assert release.run("--readiness-out=.").returncode == 0
    assert not (release.path / "release.completed.completed.md").exists()


def test_a_crash_of_one_check_keeps_no_file_from_being_written(release: Release) -> None:
    release.write(
        "conftest.py",
        """\
        from pytest_readiness import Evidence, check

        @check("toy.breaks", severity="high", remedy="Mend it.", source="none")
        def breaks(env_file) -> Evidence:
            \"\"\"It holds.\"\"\"
            raise SystemError("<broken> ::error::x")
        """,
    )
    release.replace("release.checks.yaml", "{check: env.present, names: [LATER]}", "toy.breaks")
    release.replace("conftest.py", "env_file)", "env_file: EnvFile)")
    release.replace(
        "conftest.py",
        "import Evidence, check\n",
        "import Evidence, check\nfrom pytest_readiness.domains.env.resource import EnvFile\n",
    )
    done = release.run("--readiness-out=out")
    assert set(files(release.path / "out")) == NAMES, done.stdout
    assert "`could not verify: the check broke" in files(release.path / "out")["release.completed.md"]
    assert '<error type="could not verify"' in files(release.path / "out")["junit.xml"]


def test_an_interrupted_run_writes_everything(release: Release) -> None:
    release.interrupted("--readiness-out=out", "release.md", "test_own.py")
    found = files(release.path / "out")
    assert set(found) == NAMES
    assert "- [x] Secrets set\n" in found["release.completed.md"]
    assert 'readiness_go{target="prod"} 0\n' in found["readiness.prom"]
    assert json.loads(found["in-toto.json"])["predicate"]["result"] == "FAILED"
    assert json.loads(found["readiness.sarif"])["runs"][0]["invocations"][0]["executionSuccessful"] is False


def assert_kept(release: Release, before: dict[str, str], after: dict[str, str], told: str, why: str) -> None:
    """Each file is either new and whole, or not there and told of; there is one of each kind at least."""
    lost = {name for name in NAMES if f"out/{name} cannot be written: {why}." in told}
    assert 0 < len(lost) < len(NAMES), told
    assert set(after) == NAMES - lost
    assert "result.json" in lost
    assert all(after[name] != before[name] for name in after)
    assert "Traceback" not in told


FULL = """\
set -e
mount -t tmpfs -o size=1m tmpfs out
{pytest} || true
mkdir before after
mv out/* before
cat /dev/zero >out/filler 2>/dev/null || true
truncate -s -8k out/filler
echo 'TOKEN={key}' >two.env
set +e
{pytest}
echo "ended with $?"
rm out/filler
ls -A out >listed
cp out/* after
"""


def test_a_full_disk_costs_only_what_it_must(release: Release) -> None:
    if os.geteuid() != 0:
        unavailable("A small file system needs root.")
    (release.path / "out").mkdir()
    pytest_run = f"{sys.executable} -m pytest --readiness-target=prod -p no:cacheprovider --readiness-out=out"
    script = release.write("full.sh", FULL.format(pytest=pytest_run, key="k3y-" * 9))
    command = [str(program("unshare")), "--mount", "--propagation=private", "sh", str(script)]
    done = subprocess.run(command, cwd=release.path, capture_output=True, text=True, timeout=patient(120), check=False)
    assert done.returncode == 0, done.stderr
    assert "ended with 4" in done.stdout
    before, after = files(release.path / "before"), files(release.path / "after")
    assert set((release.path / "listed").read_text("utf-8").split()) == set(after)
    assert_kept(release, before, after, done.stdout, "No space left on device")


def test_a_limit_of_file_sizes_costs_only_what_it_must(release: Release) -> None:
    release.run("--readiness-out=out")
    before = files(release.path / "out")
    release.write("two.env", GOOD)
    limited = (
        "import resource, sys, pytest; resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192)); "
        "sys.exit(pytest.main(['--readiness-target=prod', '-p', 'no:cacheprovider', '--readiness-out=out']))"
    )
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY
    done = release._python("-c", limited, PYTHONDONTWRITEBYTECODE="1")
    assert done.returncode == 4
    assert_kept(release, before, files(release.path / "out"), done.stdout, "File too large")


def test_a_report_that_cannot_be_written_leaves_none(release: Release) -> None:
    page = release.path / "page.html"
    release.run("--readiness-report=page.html")
    assert page.exists()
    limited = (
        "import resource, sys, pytest; resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192)); "
        "sys.exit(pytest.main(['--readiness-target=prod', '-p', 'no:cacheprovider', '--readiness-report=page.html']))"
    )
    done = release._python("-c", limited, PYTHONDONTWRITEBYTECODE="1")
    assert done.returncode == 4
    assert f"The report {page} cannot be written: File too large." in done.stdout
    assert "Generated html report" not in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    assert not page.exists()


def test_a_report_goes_nowhere_by_a_link(release: Release) -> None:
    other = release.write("other.html", "another file")
    (release.path / "page.html").symlink_to("other.html")
    release.run("--readiness-report=page.html")
    assert other.read_text("utf-8") == "another file"
    assert "<html" in (release.path / "page.html").read_text("utf-8")


def test_a_defect_of_one_format_costs_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(outcome: Outcome) -> str:
        raise KeyError(f"hunter2hunter {outcome.exit_code}")

    monkeypatch.setattr(badge, "badge", broken)
    outcome = outcome_of("- [ ] a\n", all_of("passed"))
    assert write_outputs(outcome, tmp_path, Redactor(["hunter2hunter"])) == (
        f"{tmp_path}/badge.svg cannot be made: KeyError: '{MASK} 0'; that is a defect of pytest-readiness.",
    )
    assert set(files(tmp_path)) == NAMES - {"badge.svg"}


def test_secrets_are_in_no_file(tmp_path: Path) -> None:
    secret = "hunter2/ü+&<hunter"
    fields = {"evidence": f"it is {secret}", "expected": secret, "warning": secret, "remedy": secret, "check": secret}
    text = f"# A\n- [ ] a\n\n<!-- {secret} -->\n"
    outcome = outcome_of(text, all_of("failed", **fields, resource=secret), target=secret, release=secret)
    outcome = replace(outcome, environment={secret: [secret]})
    assert write_outputs(outcome, tmp_path, Redactor([secret])) == ()
    found = files(tmp_path)
    assert set(found) == NAMES
    for name, content in found.items():
        assert "hunter2" not in content, name
        assert "hunter" not in content.replace(MASK, ""), name
    assert MASK in found["release.completed.md"]


def test_a_result_from_elsewhere_writes_into_the_folder_only(tmp_path: Path) -> None:
    outcome = outcome_of("- [ ] a\n", all_of("passed"))
    (original,) = outcome.originals
    outcome = replace(outcome, originals=(replace(original, checklist="../../evil"),))
    assert write_outputs(outcome, tmp_path / "a" / "b", Redactor()) == ()
    assert "..-..-evil.completed.md" in files(tmp_path / "a" / "b")
    assert not (tmp_path / "evil.completed.md").exists()


def test_names_that_are_no_text_break_nothing(tmp_path: Path) -> None:
    outcome = outcome_of("- [ ] a\n", all_of("passed", evidence="a\udc80b", resource="\ud800"), runner="\udcff")
    assert write_outputs(outcome, tmp_path, Redactor()) == ()
    assert set(files(tmp_path)) == NAMES
