"""What the terminal shows: widths, colours, quiet and talkative runs, and what is waited for."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from rich.cells import cell_len

from tests.pty import on_a_terminal
from tests.release import Release

BOUND = 90.0
ESCAPE = "\x1b"
CHECKLIST = """\
# Release

## 安全检查 と 準備 🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀

- [ ] 証明書の有効期限を確認する 証明書の有効期限を確認する 証明書の有効期限を確認する 証明書の有効期限を確認する
- [ ] Deploy 🚀 and celebrate 🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉
- [ ] {word}

## Many

{items}
"""
CONFTEST = """\
import threading

from pytest_readiness import Evidence, check, fact
from pytest_readiness.report import terminal

terminal.FIRST_LINE_SECONDS, terminal.NEXT_LINE_SECONDS = 0.3, 0.5


@fact(deadline=2)
def slow(document) -> str:
    "Never comes."
    threading.Event().wait()
    return ""


@check("own.slow", severity="low", remedy="r")
def slow_check(slow) -> Evidence:
    "It comes."
    return Evidence("came")
"""
NAME = "a" * 60


@pytest.fixture
def wide(tmp_path: Path) -> Release:
    """A project with characters of width 2, words that fit no line, and more open items than are listed."""
    release = Release(tmp_path)
    items = "\n".join(f"- [ ] Item {number}" for number in range(30))
    release.write("release.md", CHECKLIST.format(word="x" * 250, items=items))
    release.write("release.checks.yaml", "{}\n")
    release.write("readiness.yaml", "checklists: [release.md]\ntargets: {prod: {}}\n")
    return release


@pytest.fixture
def hanging(tmp_path: Path) -> Release:
    """A project with a fact that does not come."""
    release = Release(tmp_path)
    release.write("release.md", "# Release\n\n- [ ] Slow\n")
    release.write("release.checks.yaml", "release: {slow: own.slow}\n")
    release.write(
        "readiness.yaml", f"checklists: [release.md]\ntargets: {{prod: {{documents: {{{NAME}: plan.md}}}}}}\n"
    )
    release.write("conftest.py", CONFTEST)
    return release


def shown(release: Release, *options: str, **environment: str) -> str:
    command = [sys.executable, "-m", "pytest", "--readiness-target=prod", "-p", "no:cacheprovider", *options]
    code, text = on_a_terminal(command, release.path, BOUND, PYTHONUTF8="1", **environment)
    assert code == 6, text
    return text


def plain(text: str) -> str:
    return re.sub(r"\x1b\[[\d;]*m", "", text)


def summary(text: str) -> list[str]:
    lines = text.replace("\r\n", "\n").split("\n")
    begin = next(number for number, line in enumerate(lines) if " readiness =" in line)
    end = next(number for number, line in enumerate(lines) if number > begin and plain(line).startswith("="))
    return lines[begin + 1 : end]


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_the_summary_fits(wide: Release, columns: int) -> None:
    lines = summary(shown(wide, "--color=no", COLUMNS=str(columns)))
    assert max(map(cell_len, lines)) <= columns
    text = re.sub(r"\s+", "", "".join(lines))
    # Nothing of an item is lost, however long it is.
    for whole in ("証明書の有効期限を確認する" * 4, "🎉" * 43, "x" * 250):
        assert whole in text
    assert "NO-GO" in text
    assert any("安全检查" in line and "░" in line for line in lines)


def coloured(text: str) -> bool:
    return f"{ESCAPE}[" in "\n".join(summary(text))


@pytest.mark.parametrize(
    ("options", "environment", "expected"),
    [
        ([], {}, True),
        ([], {"NO_COLOR": "1"}, False),
        (["--color=yes"], {"NO_COLOR": "1", "TERM": "dumb", "COLUMNS": "120"}, True),
        ([], {"TERM": "dumb"}, False),
    ],
    ids=["terminal", "NO_COLOR", "--color=yes", "dumb"],
)
def test_colours_of_a_terminal(wide: Release, options: list[str], environment: dict[str, str], expected: bool) -> None:
    text = shown(wide, *options, **environment)
    assert coloured(text) is expected
    if not expected:
        assert ESCAPE not in "\n".join(summary(text))
    if "COLUMNS" in environment:
        assert max(len(line) for line in summary(plain(text))) > 100


@pytest.mark.parametrize(
    ("options", "environment", "expected"),
    [([], {}, False), ([], {"FORCE_COLOR": "1"}, True)],
    ids=["pipe", "FORCE_COLOR"],
)
def test_colours_of_a_pipe(wide: Release, options: list[str], environment: dict[str, str], expected: bool) -> None:
    text = wide.run(*options, **environment).stdout
    assert (ESCAPE in text) is expected
    assert ESCAPE not in plain(text)
    assert "NO-GO" in plain(text)


def test_how_much_is_told(wide: Release) -> None:
    usual, talkative, quiet, quietest = (wide.run(*options).stdout for options in ([], ["-v"], ["-q"], ["-qq"]))
    assert "and 8 more; -v lists all." in usual
    assert "░" in usual
    assert "-v lists all" not in talkative
    assert "release:many/item-29" in talkative
    assert "NO-GO" in quiet
    assert "because" in quiet
    assert "░" not in quiet
    assert "Open, failed first" not in quiet
    assert "NO-GO" in quietest
    assert "because" not in quietest
    assert len(quietest.strip().splitlines()) <= 3


def test_a_terminal_that_knows_ascii_only_gets_lines(wide: Release) -> None:
    text = wide.run(PYTHONIOENCODING="ascii", PYTHONUTF8="0").stdout
    assert "NO-GO" in text
    assert r"\n" not in text
    assert text.isascii()
    assert any(line.startswith("Open, failed first") for line in text.splitlines())
    assert any(re.search(r"Many +\.{12}", line) for line in text.splitlines())


@pytest.mark.parametrize("columns", [40, 120])
def test_a_terminal_shows_what_is_waited_for_in_one_line(hanging: Release, columns: int) -> None:
    text = shown(hanging, "--color=no", COLUMNS=str(columns))
    # The line is written again and again, and cleared before the next text.
    begin = "0/1 slow of aaa" if columns == 40 else "gathering facts 0/1, waiting for slow of aaa"
    lines = [each for each in re.split(r"[\r\n]+", text) if each.startswith(begin)]
    assert len(lines) > 1
    assert max(map(cell_len, lines)) < columns
    assert re.search(r"\r +\r", text)
    assert ESCAPE not in re.sub(r"\x1b\]9;4;[\d;]*\x1b\\", "", text)
    assert all(re.search(r"\(\d+ s\) *$", line) for line in lines)


@pytest.mark.parametrize("options", [[], ["-q"]], ids=["usual", "-q"])
def test_a_log_shows_what_is_waited_for_in_lines(hanging: Release, options: list[str]) -> None:
    done = hanging.run(*options)
    assert "\r" not in done.stdout
    lines = [line for line in done.stdout.splitlines() if line.startswith("gathering facts")]
    assert 2 <= len(lines) <= 6
    seconds = [int(match[1]) for line in lines if (match := re.search(r"waiting for slow of a+ \((\d+) s\)$", line))]
    assert len(seconds) == len(lines)
    assert seconds == sorted(seconds)


def test_a_quick_run_shows_nothing_of_it(hanging: Release) -> None:
    hanging.write("conftest.py", CONFTEST.replace("    threading.Event().wait()\n", ""))
    assert "gathering" not in hanging.run().stdout
    assert "gathering" not in hanging.run("-qq").stdout
