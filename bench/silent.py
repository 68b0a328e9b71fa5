"""20 endpoints that accept connections and never answer, 10 items each: one deadline for all, not one a test."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.measure import Row, in_turn, median, pytest, write
from pytest_readiness.protocols.http.limits import CONNECT_SECONDS
from tests.stack.silent import SilentServer

ENDPOINTS = 20
CHECKS = (
    *("reachable", "hsts", "csp", "frame_options", "nosniff", "referrer_policy", "permissions_policy"),
    *("cookies", "banner", "errors"),
)
DEADLINE = 2 * CONNECT_SECONDS
"""Seconds; of the fact `connection`."""
BESIDES = 3
"""Seconds for everything else."""


def run(rounds: int) -> list[Row]:
    """Measure."""
    number = ENDPOINTS * len(CHECKS)
    with ExitStack() as stack:
        servers = [stack.enter_context(SilentServer()) for _ in range(ENDPOINTS)]
        urls = "".join(f"      port-{server.port}: https://localhost:{server.port}\n" for server in servers)
        items = [f"claim-{number}" for number in range(len(CHECKS))]
        bindings = "".join(f"  {item}: http.{check}\n" for item, check in zip(items, CHECKS, strict=True))
        folder = write(
            Path(stack.enter_context(TemporaryDirectory()), "silent"),
            {
                "web.md": "# Web\n\n" + "".join(f"- [ ] {item}\n" for item in items),
                "web.checks.yaml": f"web:\n{bindings}",
                "readiness.yaml": f"checklists: [web.md]\ntargets:\n  t:\n    urls:\n{urls}",
            },
        )

        runs = in_turn(
            rounds,
            {
                "ours": lambda: pytest(
                    "--readiness-target=t", "--tb=no", folder=folder, expect=f"{number} errors", status=(6,)
                )
            },
        )
    seconds = median(runs["ours"])
    most = DEADLINE + BESIDES
    what = f"{ENDPOINTS} silent endpoints × {len(CHECKS)} items; a deadline ({DEADLINE:g} s) a test"
    return [
        Row(
            what,
            f"{seconds:.2f} s",
            f"{number * DEADLINE:.0f} s, computed",
            f"{number * DEADLINE / seconds:.0f} × faster",
            f"≤ {most:g} s",
            seconds <= most,
        )
    ]
