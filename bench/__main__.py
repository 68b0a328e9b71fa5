"""`python -m bench [NAME …] [--rounds N]`: what the plugin costs beside what one would otherwise do."""

from __future__ import annotations

import argparse
import importlib
import os
import signal
import sys

from rich.console import Console
from rich.table import Table

NAMES = ("startup", "items", "endpoints", "goss", "silent", "hosts", "tls", "report", "unused", "bind")
"""Modules of this package with `run(rounds) -> list[Row]`."""


def main() -> int:
    """Measure what is asked for; 1 where a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[[], *NAMES], metavar="NAME", help=f"of {', '.join(NAMES)}")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each way (default: 5)")
    options = parser.parse_args()
    # Ended from outside, it still ends what it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    table = Table(title=f"medians of {options.rounds} rounds, {os.cpu_count()} processors")
    for column in ("what; beside what", "ours", "other", "ratio", "target", "met?"):
        table.add_column(column, justify="left" if column.startswith("what") else "right")
    missed = False
    try:
        for name in options.names or NAMES:
            for row in importlib.import_module(f"bench.{name}").run(options.rounds):
                missed |= row.met is False
                table.add_row(
                    row.what, row.ours, row.other, row.ratio, row.target, {True: "yes", False: "NO"}.get(row.met, "")
                )
            table.add_section()
    finally:
        # What was measured before an interruption took long enough.
        Console(width=None if os.isatty(1) else 140).print(table)
    return missed


if __name__ == "__main__":
    raise SystemExit(main())
