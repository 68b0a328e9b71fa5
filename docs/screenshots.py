"""Write the pictures of the report that these pages show to docs/images/: `make screenshots`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from playwright.sync_api import Browser, ViewportSize, sync_playwright

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "docs" / "images"
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")
WIDE = ViewportSize(width=1280, height=900)
PHONE = ViewportSize(width=390, height=844)
UNFOLDED = """() => {
  document.querySelector(".item[data-state=failed]").open = true
  document.getElementById("items").scrollIntoView()
}"""
PICTURES: dict[str, tuple[Literal["light", "dark"], ViewportSize, str]] = {
    "report.png": ("light", WIDE, ""),
    "report-dark.png": ("dark", WIDE, ""),
    "report-items.png": ("light", WIDE, UNFOLDED),
    "report-phone.png": ("light", PHONE, ""),
    "report-phone-dark.png": ("dark", PHONE, UNFOLDED),
}
"""Colour scheme, size of the window, and what happens before, by file name."""


def demo(folder: Path) -> Path:
    """Run the demo; return its report."""
    page = folder / "readiness.html"
    options = ("-q", "-p", "no:cacheprovider", "--readiness-target=demo", f"--readiness-report={page}")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode not in (0, 1, 6):
        raise RuntimeError(f"The demo ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return page


def take(browser: Browser, page: Path, folder: Path) -> list[Path]:
    """Write every picture of a report; return their paths."""
    taken = []
    for name, (scheme, size, script) in PICTURES.items():
        context = browser.new_context(viewport=size, color_scheme=scheme)
        tab = context.new_page()
        tab.goto(page.as_uri())
        if script:
            tab.evaluate(script)
        taken.append(folder / name)
        tab.screenshot(path=taken[-1])
        context.close()
    return taken


if __name__ == "__main__":
    with TemporaryDirectory() as directory, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=list(ARGUMENTS))
        for picture in take(chromium, demo(Path(directory)), FOLDER):
            print(picture.relative_to(ROOT))
        chromium.close()
