"""10,000 bound items by the plugin, against as many plain tests that do nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.measure import Row, at_most, in_turn, median, noop_tests, pytest, write

SECTIONS = 100
ITEMS = 100
"""In each section."""
SLOWDOWN = 1.15
MEMORY = 250
"""MB, the most that a run may take."""


@contextmanager
def checklist(sections: int = SECTIONS, items: int = ITEMS) -> Iterator[Path]:
    """A folder with a checklist whose every item is answered by a check of one env file."""
    document = ["# Large"]
    bindings = []
    for section in range(sections):
        document += ["", f"## Part {section}", ""]
        bindings.append(f"part-{section}:")
        for item in range(items):
            document.append(f"- [ ] Variable {item} of part {section} is set")
            bindings.append(f"  variable-{item}-of-part-{section}-is-set: {{check: env.present, names: [NAME_{item}]}}")
    with TemporaryDirectory() as directory:
        yield write(
            Path(directory, "ours"),
            {
                "large.md": "\n".join(document) + "\n",
                "large.checks.yaml": "\n".join(bindings) + "\n",
                "readiness.yaml": "checklists: [large.md]\ntargets: {t: {env_files: {production: production.env}}}\n",
                "production.env": "".join(f"NAME_{item}=value-{item}\n" for item in range(items)),
            },
        )


def run(rounds: int) -> list[Row]:
    """Measure."""
    number = SECTIONS * ITEMS
    passed = f"{number} passed"
    with checklist() as ours, TemporaryDirectory() as directory:
        other = write(Path(directory, "other"), {"test_nothing.py": noop_tests(number)})
        runs = in_turn(
            rounds,
            {
                "ours": lambda: pytest("--readiness-target=t", folder=ours, expect=passed),
                "other": lambda: pytest(folder=other, expect=passed),
            },
        )
    cpu = [median(runs[side], "cpu") for side in ("ours", "other")]
    memory = [median(runs[side], "memory") for side in ("ours", "other")]
    what = f"{number:,} items; {number:,} tests that do nothing"
    return [
        at_most(what, median(runs["ours"]), median(runs["other"]), SLOWDOWN),
        Row(f"{what}: processor", f"{cpu[0]:.2f} s", f"{cpu[1]:.2f} s", f"{cpu[0] / cpu[1]:.2f}"),
        Row(
            f"{what}: memory",
            f"{memory[0]:.0f} MB",
            f"{memory[1]:.0f} MB",
            f"{memory[0] / memory[1]:.2f}",
            f"≤ {MEMORY} MB",
            memory[0] <= MEMORY,
        ),
    ]
