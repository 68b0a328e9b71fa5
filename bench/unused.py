"""What the plugin costs where it is installed and not used: pytest over an empty folder, with it and without."""

from __future__ import annotations

import statistics
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.measure import Ran, Row, in_turn, median, pytest, python, write

RUNS = 10
"""In each round: one run differs from the next by more than the plugin costs, so the pairs' differences count."""
MOST = 20
"""Milliseconds."""
HEAVY = ("pydantic", "requests", "docker", "sslyze", "testinfra", "rich", "ruamel", "markdown_it", "jinja2")
NO_TESTS = 5
OURS = "pytest_readiness"
WITHOUT = ("-p", "no:readiness")
"""Blocked by name, an entry point is not imported by pytest."""
MODULES = "import sys, pytest; pytest.main(sys.argv[1:]); print('Modules:', *sys.modules)"


def imported(*arguments: str, folder: Path) -> set[str]:
    """Names of all modules that a run has imported at its end."""
    ran = python("-c", MODULES, "--co", *arguments, folder=folder, expect="no tests collected")
    return set(ran.output.rpartition("Modules: ")[2].split())


def run(rounds: int) -> list[Row]:
    """Measure."""
    with TemporaryDirectory() as directory:
        folder = write(Path(directory, "empty"), {})
        loaded, others = imported(folder=folder), imported(*WITHOUT, folder=folder)
        if not any(name.startswith(OURS) for name in loaded) or any(name.startswith(OURS) for name in others):
            raise RuntimeError(f"{' '.join(WITHOUT)} makes no difference.")

        def collect(*arguments: str) -> Ran:
            return pytest("--co", *arguments, folder=folder, status=(NO_TESTS,))

        runs = in_turn(rounds * RUNS, {"ours": collect, "other": lambda: collect(*WITHOUT)})
    ours, other = (median(runs[side], "cpu") * 1000 for side in ("ours", "other"))
    more = 1000 * statistics.median(mine.cpu - its.cpu for mine, its in zip(runs["ours"], runs["other"], strict=True))
    added = sorted(loaded - others)
    heavy = sorted({name.partition(".")[0] for name in added}.intersection(HEAVY))
    return [
        Row(
            "pytest --co of an empty folder; -p no:readiness: processor",
            f"{ours:.0f} ms",
            f"{other:.0f} ms",
            f"{more:+.1f} ms",
            f"≤ {MOST} ms",
            more <= MOST,
        ),
        Row(
            "modules imported there",
            f"{len(loaded)}",
            f"{len(others)}",
            ", ".join(heavy or added),
            "none that is heavy",
            not heavy,
        ),
    ]
