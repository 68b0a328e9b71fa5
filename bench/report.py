"""The page of 1,200 items in a browser: until it can be read, and until a filter is followed.

Beside it, pytest-html's own page of as many tests.
"""

from __future__ import annotations

from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

from bench.items import checklist
from bench.measure import Row, in_turn, noop_tests, pytest, write
from docs.screenshots import ARGUMENTS
from tests.stack.programs import program

SECTIONS = 40
ITEMS = 30
"""In each section; a third of them fail."""
OPENS = 2.0
"""Seconds, the most that the page may take to open."""
FILTERS = 0.1
"""Seconds, the most that a filter may take: what is faster is felt as immediate (Nielsen, Response Times)."""
PAINTED = "() => new Promise(done => requestAnimationFrame(() => setTimeout(done)))"


def pages(folder: Path) -> dict[str, Path]:
    """Our page, and pytest-html's of as many tests that do nothing."""
    number = SECTIONS * ITEMS
    found = {"ours": folder / "ours.html", "other": folder / "other.html"}
    with checklist(SECTIONS, ITEMS) as ours:
        names = (f"NAME_{item}={'' if item % 3 == 0 else 'value'}\n" for item in range(ITEMS))
        (ours / "production.env").write_text("".join(names), "utf-8")
        pytest(
            "--readiness-target=t",
            f"--readiness-report={found['ours']}",
            folder=ours,
            expect=f"{number // 3} failed, {number - number // 3} passed",
            status=(1,),
        )
    other = write(folder / "other", {"test_nothing.py": noop_tests(number)})
    pytest(f"--html={found['other']}", "--self-contained-html", folder=other, expect=f"{number} passed")
    return found


def opened(browser: Any, path: Path, then: str = "() => 0") -> tuple[float, float]:
    """Seconds until a page is painted, and what a script measures in it."""
    page = browser.new_page()
    try:
        begun = perf_counter()
        page.goto(path.as_uri())
        page.evaluate(PAINTED)
        took = perf_counter() - begun
        return took, page.evaluate(then)
    finally:
        page.close()


FILTERED = """async () => {
  const painted = () => new Promise(done => requestAnimationFrame(() => setTimeout(done)))
  const text = document.querySelector("input[name=q]")
  const typed = words => () => {
    text.value = words
    text.dispatchEvent(new Event("input", {bubbles: true}))
  }
  const failed = document.querySelector("input[name=state][value=failed]")
  let longest = 0
  for (const act of [typed("variable 7 of part"), typed(""), () => failed.click(), () => failed.click()]) {
    const begun = performance.now()
    act()
    await painted()
    longest = Math.max(longest, performance.now() - begun)
  }
  return longest / 1000
}"""
"""Types a text, takes it away, ticks a state, and takes it away: the longest that one of them took to be painted."""


def run(rounds: int) -> list[Row]:
    """Measure."""
    from playwright.sync_api import sync_playwright

    with TemporaryDirectory() as directory, sync_playwright() as playwright:
        found = pages(Path(directory))
        browser = playwright.chromium.launch(executable_path=program("chromium"), args=list(ARGUMENTS))
        opened(browser, found["other"])
        times = in_turn(
            rounds,
            {
                "ours": lambda: opened(browser, found["ours"], FILTERED),
                "other": lambda: opened(browser, found["other"]),
            },
        )
        browser.close()
        sizes = {name: path.stat().st_size / 1e6 for name, path in found.items()}
    ours, other = (median(took for took, _ in times[name]) for name in ("ours", "other"))
    filters = median(took for _, took in times["ours"])
    size, plain = sizes["ours"], sizes["other"]
    what = f"page of {SECTIONS * ITEMS:,} items; pytest-html's of as many tests"
    return [
        Row(what, f"{ours:.2f} s", f"{other:.2f} s", f"{ours / other:.2f}", f"≤ {OPENS:g} s", ours <= OPENS),
        Row(f"{what}: filters", f"{filters * 1000:.0f} ms", "", "", f"≤ {FILTERS * 1000:.0f} ms", filters <= FILTERS),
        Row(f"{what}: size", f"{size:.1f} MB", f"{plain:.1f} MB", f"{size / plain:.2f}"),
    ]
