"""The process that drives a browser: `python -m pytest_readiness.domains.browser.worker DESCRIPTOR`.

Playwright's interface belongs to one thread, and leaves a driver and a browser with many processes behind when that is
given up: here they all end with this process, and this one with its standard input.
"""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

from pytest_readiness.core.children import below
from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.core.text import cut
from pytest_readiness.domains.browser.facts.flow import JourneyJob
from pytest_readiness.domains.browser.facts.pages import Launch, Missing, VisitJob
from pytest_readiness.domains.browser.pool import MEMORY_MB, OUT_OF_MEMORY, Crashed, Sending

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Playwright

CHROMIUM = "READINESS_CHROMIUM"
"""Environment variable with the Chromium to use."""
PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
"""Names under which it is looked for. The shell is the same engine without windows, for a quarter of the work."""

NOWHERE = "http://127.0.0.1:9/"
"""Chromium does not connect to this port, which the fetch standard blocks."""
QUIET = (
    "--disable-gpu",
    # Edges of letters in one colour: pictures of texts are measured.
    "--disable-lcd-text",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-domain-reliability",
    "--no-first-run",
    "--no-default-browser-check",
    "--no-proxy-server",
    # These are asked for in spite of all switches above; the last one would tell of the page's forms.
    f"--gaia-url={NOWHERE}",
    f"--component-updater=url-source={NOWHERE}",
    f"--autofill-server-url={NOWHERE}",
)
"""Nothing leaves the browser but what the page asks for, and it goes straight there."""

_SUBREAPER = 36
WATCH_SECONDS = 0.1
"""How often the memory is looked at. A page can fill a hundred MB in that time."""

_ending = Event()


class Driver:
    """Playwright, started once, with the browser of the last job."""

    def __init__(self, playwright: Playwright, home: Path) -> None:
        self._playwright = playwright
        self._home = home
        self._browser: Browser | None = None
        self._opening: tuple[object, ...] = ()

    def browser(self, way: Launch) -> Browser:
        """A browser that is opened that way.

        Raises:
            LookupError: the engine is not installed, or did not start.
        """
        wanted = (way.engine, way.host if way.address else "", way.address, way.pin)
        if self._browser and wanted == self._opening and self._browser.is_connected():
            return self._browser
        if self._browser:
            self._browser.close()
            self._browser = None
        self._browser, self._opening = self._launched(way), wanted
        return self._browser

    def _launched(self, way: Launch) -> Browser:
        from playwright.sync_api import Error

        options: dict[str, Any] = {}
        if way.engine == "chromium":
            options["args"] = [*QUIET, *_reaching(way)]
            options["chromium_sandbox"] = os.geteuid() != 0
            options["executable_path"] = _chromium()
        try:
            return getattr(self._playwright, way.engine).launch(  # type: ignore[no-any-return]
                # A browser needs neither the runner's secrets nor its proxies.
                env={
                    "HOME": str(self._home),
                    "TMPDIR": str(self._home),
                    "PATH": os.environ.get("PATH", os.defpath),
                    "LANG": "C.UTF-8",
                },
                timeout=25_000,
                **options,
            )
        except Error as error:
            said = error.message
            if "Executable doesn't exist" in said:
                where = f"; {CHROMIUM} and {', '.join(PROGRAMS)} were tried" if way.engine == "chromium" else ""
                raise LookupError(
                    f"{way.engine} is not installed{where} (playwright install {way.engine} installs one)"
                ) from None
            sandbox = " (its sandbox needs user namespaces)" if "No usable sandbox" in said else ""
            raise LookupError(f"{way.engine} did not start{sandbox}: {_last_words(said)}") from None


def _last_words(log: str) -> str:
    """What a browser said when it did not start, from Playwright's log with all arguments."""
    found = re.findall(r"\[err\] (.+)|(exitCode=\d+)", log)
    return cut("; ".join(said or code for said, code in found) or log)


def _chromium() -> str | None:
    """The program; None for Playwright's own."""
    given = os.environ.get(CHROMIUM)
    if given:
        found = shutil.which(given)
        if found is None:
            raise LookupError(f"{CHROMIUM} names {given}, which is not a program")
        return found
    return next((path for name in PROGRAMS if (path := shutil.which(name))), None)


def _reaching(way: Launch) -> list[str]:
    arguments = []
    if way.address:
        place = f"[{way.address}]" if ":" in way.address else way.address
        arguments.append(f"--host-resolver-rules=MAP {way.host} {place}")
    if way.pin:
        arguments.append(f"--ignore-certificate-errors-spki-list={way.pin}")
    return arguments


def _work(channel: Connection, home: Path) -> None:
    from playwright.sync_api import sync_playwright

    from pytest_readiness.domains.browser.journey import journey
    from pytest_readiness.domains.browser.visit import visit

    with sync_playwright() as playwright:
        driver = Driver(playwright, home)
        while True:
            try:
                job = channel.recv()
            except EOFError:
                return
            do = visit if isinstance(job, VisitJob) else journey
            answer = _answer(job, driver, do, lambda what: channel.send(Sending(what)))
            if _ending.is_set():
                # Only that its browser was killed, not why: the exit code tells.
                Event().wait()
            channel.send(answer)


def _answer(
    job: VisitJob | JourneyJob, driver: Driver, do: Callable[..., object], say: Callable[[str], None]
) -> object:
    from playwright.sync_api import Error

    from pytest_readiness.domains.browser.visit import said

    try:
        try:
            browser = driver.browser(job.opening)
        except LookupError as missing:
            return Missing(str(missing.args[0]))
        return do(browser, job, say)
    except CouldNotVerify as error:
        return error
    except Error as error:
        # A journey must not be made twice.
        return Crashed(CouldNotVerify(f"the browser crashed ({said(error)})", transient=isinstance(job, VisitJob)))
    except Exception as error:  # noqa: BLE001 - a defect of ours or of Playwright's; what it says may hold a credential
        place = traceback.extract_tb(error.__traceback__)[-1]
        what = f"{type(error).__name__} at {Path(place.filename).name}:{place.lineno}"
        return Crashed(CouldNotVerify(f"the visit ended by a defect of pytest-readiness or Playwright ({what})"))


def _end_with_parent(home: Path) -> None:
    while os.read(0, 1024):
        pass
    _end(home)


def _private_kb(pid: int) -> int:
    """Memory of a process that is not backed by files, in kB; 0 for one that is gone."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return sum(int(kb) for kb in re.findall(r"^Rss(?:Anon|Shmem):\s+(\d+)", status, re.MULTILINE))


def _end_when_out_of_memory(home: Path) -> None:
    """A page must not take the machine's memory: no limit of the system counts what all its processes take."""
    while sum(map(_private_kb, [os.getpid(), *below(os.getpid())])) <= MEMORY_MB * 1024:
        time.sleep(WATCH_SECONDS)
    _end(home, OUT_OF_MEMORY)


def _end(home: Path, code: int = 0) -> None:
    """Kill all that this process started, remove their files, and end."""
    _ending.set()
    while children := below(os.getpid()):
        for pid in children:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        with suppress(ChildProcessError):
            os.waitpid(-1, 0)
    shutil.rmtree(home, ignore_errors=True)
    os._exit(code)


def main() -> None:
    """Do jobs until there are no more."""
    # What a browser's processes leave behind becomes a child of this one, and is found by `below`.
    ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)
    home = Path(tempfile.mkdtemp(prefix="readiness-browser-"))
    os.environ["TMPDIR"] = str(home)
    for watch in (_end_with_parent, _end_when_out_of_memory):
        Thread(target=watch, args=(home,), daemon=True).start()
    try:
        _work(Connection(int(sys.argv[1])), home)
    finally:
        _end(home)


if __name__ == "__main__":
    main()
