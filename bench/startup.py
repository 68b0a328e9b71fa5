"""What a run needs before it can judge: two small documents, against one plain test that does nothing."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from bench.measure import Row, at_most, in_turn, median, noop_tests, pytest, write

RUNS = 5
"""In each round: a run takes less than a second, and one differs from the next."""
SLOWDOWN = 1.6
DOCUMENT = f"# Runbook\n\n## Deploy\n\n{'Do it with care. ' * 10}\n"


def run(rounds: int) -> list[Row]:
    """Measure."""
    with TemporaryDirectory() as directory:
        ours = write(
            Path(directory, "ours"),
            {
                "small.md": "# Small\n\n- [ ] Runbook is written\n- [ ] Plan is written\n",
                "small.checks.yaml": "small:\n"
                "  runbook-is-written: {check: docs.present, on: runbook}\n"
                "  plan-is-written: {check: docs.sections, on: plan, sections: [Deploy]}\n",
                "readiness.yaml": "checklists: [small.md]\n"
                "targets: {t: {documents: {runbook: runbook.md, plan: plan.md}}}\n",
                "runbook.md": DOCUMENT,
                "plan.md": DOCUMENT,
            },
        )
        other = write(Path(directory, "other"), {"test_nothing.py": noop_tests(1)})
        runs = in_turn(
            rounds * RUNS,
            {
                "ours": lambda: pytest("--readiness-target=t", folder=ours, expect="2 passed"),
                "other": lambda: pytest(folder=other, expect="1 passed"),
            },
        )
    what = "start-up: two documents; a test that does nothing"
    cpu = [median(runs[side], "cpu") for side in ("ours", "other")]
    return [
        at_most(what, median(runs["ours"]), median(runs["other"]), SLOWDOWN),
        Row(f"{what}: processor", f"{cpu[0]:.2f} s", f"{cpu[1]:.2f} s", f"{cpu[0] / cpu[1]:.2f}"),
    ]
