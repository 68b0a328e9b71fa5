from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from pytest_readiness.report import github
from pytest_readiness.report.github import ANNOTATIONS, SUMMARY_BYTES, annotated, command, publish, summary
from tests.release import Release
from tests.report.making import HOSTILE, all_of, outcome_of, states, waiver

MANY = "".join(f"- [ ] item {number}\n" for number in range(1500))
COMMAND = re.compile(r"::(?P<name>[a-z-]+)(?: (?P<properties>[^:]*))?::(?P<message>.*)")


def read(line: str) -> tuple[str, dict[str, str], str]:
    """A workflow command as GitHub's runner reads it."""
    match = COMMAND.fullmatch(line)
    assert match is not None, line
    pairs = (pair.split("=", 1) for pair in (match["properties"] or "").split(",") if pair)
    return match["name"], {key: unescaped(value) for key, value in pairs}, unescaped(match["message"])


def unescaped(text: str) -> str:
    for code, character in (("%2C", ","), ("%3A", ":"), ("%0A", "\n"), ("%0D", "\r"), ("%25", "%")):
        text = text.replace(code, character)
    return text


def test_open_items_are_annotated_at_their_lines() -> None:
    outcome = outcome_of(
        "# A\n- [ ] a\n- [ ] b\n- [ ] c\n- [ ] d\n",
        states("unverified", "failed", "passed", "waived"),
        severity=lambda item: "critical" if item.text == "b" else "low",
    )
    assert [read(line) for line in annotated(outcome)] == [
        ("error", {"file": "docs/release.md", "line": "3", "title": "critical, failed: b"}, "as it should be"),
        ("warning", {"file": "docs/release.md", "line": "2", "title": "low, unverified: a"}, "as it should be"),
    ]


def test_as_many_annotations_as_github_shows_the_worst_first() -> None:
    outcome = outcome_of(
        MANY,
        lambda item: [
            {"state": "failed" if int(item.text[5:]) % 2 else "error", "resource": f"r{n}"} for n in range(20)
        ],
        severity=lambda item: ("critical", "high", "low")[int(item.text[5:]) // 500],
    )
    found = [read(line) for line in annotated(outcome)]
    assert [kind for kind, _, _ in found] == ["error"] * ANNOTATIONS + ["warning"] * ANNOTATIONS
    assert {title["title"].partition(":")[0] for _, title, _ in found} == {"critical, failed", "high, failed"}
    assert all(message.endswith("\nand 10 more") for _, _, message in found)


def test_nothing_in_a_text_can_be_a_command() -> None:
    outcome = outcome_of(
        "- [ ] a\n",
        all_of("failed", evidence=HOSTILE, resource=HOSTILE, expected=HOSTILE),
        path="docs/a:b,c%0A::x::.md",
        target=HOSTILE,
    )
    (line,) = annotated(outcome)
    assert not {"\n", "\r", "\x1b", "\x9b", "\u202e"} & set(line)
    kind, properties, message = read(line)
    assert kind == "error" or kind == "warning"
    assert properties["file"] == "docs/a:b,c%0A::x::.md"
    assert "::set-output name=verdict::GO" in message
    assert "%0A" in message
    assert command("error", "50%\r\n::x::", {"title": "a:b,c\nd"}) == "::error title=a%3Ab%2Cc d::50%25%0D%0A::x::"


def test_the_summary_says_what_is_open_waived_and_signed() -> None:
    outcome = outcome_of(
        "# A\n- [ ] a\n- [ ] b\n- [ ] c\n- [ ] d\n",
        lambda item: [
            {"a": {"state": "failed", "expected": "x", "evidence": "y"}, "b": {"state": "waived"}}.get(
                item.text, {"state": "passed", "check": "signoff" if item.text == "c" else "http.hsts"}
            )
        ],
        waivers={"a/b": waiver()},
    )
    text = summary(outcome)
    assert "| Verdict | **`GO`** |" in text
    assert "| `A` | 2 | 1 | 1 | 0 | 66.6 |" in text
    assert "### Open, failed first (1)\n\n- `a` (`docs/release.md:2`)\n  - **failed (medium)**: expected `x`" in text
    assert "### Waived (1)\n\n- `b` (`docs/release.md:3`)\n" in text
    assert "### Signed (1)\n\n- `c` (`docs/release.md:4`)\n  - **signed**: `as it should be`\n" in text


def test_the_summary_is_cut_between_two_items() -> None:
    outcome = outcome_of(MANY, all_of("failed", evidence="ü" * 400))
    text = summary(outcome)
    assert SUMMARY_BYTES - 2000 < len(text.encode()) <= SUMMARY_BYTES
    *items, sentence = text.splitlines()
    assert sentence.startswith("This is cut off here, as GitHub takes at most 1 MiB;")
    assert items[-2].endswith(f"`{'ü' * 400}`")
    assert summary(outcome, 500).count("\n### ") == 0
    assert len(summary(outcome, 700).encode()) <= 700
    assert summary(outcome, 10) == ""


def test_text_of_a_target_is_no_markup_in_the_summary() -> None:
    text = summary(
        outcome_of(
            "# <b>A</b>\n- [ ] @b [x](y)\n", all_of("failed", evidence=HOSTILE, resource=HOSTILE), target=HOSTILE
        )
    )
    inlines = [token for token in MarkdownIt("gfm-like", {"linkify": False}).parse(text) if token.type == "inline"]
    kinds = {child.type for inline in inlines for child in inline.children or []}
    assert kinds <= {"text", "code_inline", "strong_open", "strong_close"}
    spoken = "".join(child.content for inline in inlines for child in inline.children or [] if child.type == "text")
    assert "@" not in spoken


@pytest.fixture
def step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT"):
        monkeypatch.setenv(name, str(tmp_path / name))
    return tmp_path


def test_a_step_gets_summary_and_outputs_behind_what_it_has(step: Path) -> None:
    (step / "GITHUB_STEP_SUMMARY").write_text("before\n" + "x" * (SUMMARY_BYTES - 5000), "utf-8")
    outcome = outcome_of(MANY, all_of("failed"), replayed_from="2026\nscore=100")
    assert publish(outcome) == []
    written = (step / "GITHUB_STEP_SUMMARY").read_bytes()
    assert written.startswith(b"before\n")
    assert SUMMARY_BYTES - 2000 < len(written) <= SUMMARY_BYTES
    assert (step / "GITHUB_OUTPUT").read_text("utf-8") == ("verdict=NO-GO (replayed from 2026 score=100)\nscore=0.0\n")


def test_what_cannot_be_written_is_told(step: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_OUTPUT", str(step))
    assert [str(problem) for problem in publish(outcome_of("- [ ] a\n", all_of("passed")))] == [
        f"{step}: GITHUB_OUTPUT cannot be written: Is a directory."
    ]
    assert (step / "GITHUB_STEP_SUMMARY").exists()


def on_github(release: Release) -> dict[str, str]:
    names = ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT")
    return {"GITHUB_ACTIONS": "true", **{name: str(release.path / name) for name in names}}


@pytest.mark.parametrize("arguments", [(), ("-n2", "--no-summary", "-q")])
def test_a_run_in_a_step_tells_github(release: Release, arguments: tuple[str, ...]) -> None:
    release.write(
        "test_own.py", "def test_beside():\n    print('\\n::set-output name=verdict::GO')\n    assert False\n"
    )
    done = release.run(*arguments, **on_github(release))
    assert done.returncode == 1, done.stderr
    lines = done.stdout.splitlines()
    begin = next(number for number, line in enumerate(lines) if line.startswith("::"))
    word = lines[begin].removeprefix("::stop-commands::")
    end = lines.index(f"::{word}::")
    # What a test prints stands where GitHub obeys nothing; behind that there are annotations only.
    assert all(begin < number < end for number, line in enumerate(lines) if "set-output" in line)
    found = [read(line) for line in lines[end + 1 :]]
    assert [(kind, properties["line"]) for kind, properties, _ in found] == [
        ("warning", "4"),
        ("warning", "6"),
        ("warning", "7"),
        # Unsigned, then bound to nothing.
        ("warning", "12"),
        ("warning", "11"),
        ("warning", "13"),
    ]
    assert (release.path / "GITHUB_OUTPUT").read_text("utf-8").startswith("verdict=NO-GO\n")
    assert (release.path / "GITHUB_STEP_SUMMARY").read_text("utf-8").count("## Production readiness\n") == 1
    assert not (release.path / "out").exists()


def test_only_a_readiness_run_tells_github(release: Release) -> None:
    release.write("test_own.py", "def test_beside():\n    pass\n")
    done = release._python("-m", "pytest", "-p", "no:cacheprovider", "test_own.py", **on_github(release))
    assert done.returncode == 0
    assert "::" not in done.stdout
    assert not (release.path / "GITHUB_OUTPUT").exists()
    done = release.run("--collect-only", "-q", **on_github(release))
    assert "::stop-commands" not in done.stdout
    assert not (release.path / "GITHUB_OUTPUT").exists()


def test_a_merged_run_tells_github(release: Release) -> None:
    files = release.shards(2)
    done = release.cli("merge", *files, "--out=merged", **on_github(release))
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("::stop-commands::")
    after = lines[lines.index(f"::{lines[0].removeprefix('::stop-commands::')}::") + 1 :]
    assert [read(line)[0] for line in after] == ["warning"] * 5
    assert (release.path / "GITHUB_OUTPUT").read_text("utf-8") == "verdict=GO\nscore=62.8\n"


def test_a_run_whose_summary_cannot_be_written_ends_with_4(release: Release) -> None:
    done = release.run(**{**on_github(release), "GITHUB_STEP_SUMMARY": str(release.path)})
    assert done.returncode == 4
    assert f"{release.path}: GITHUB_STEP_SUMMARY cannot be written: Is a directory." in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_elsewhere_nothing_is_told() -> None:
    assert "GITHUB_ACTIONS" not in os.environ
    assert not github.on_github()
