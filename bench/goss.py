"""HTTPS endpoints that answer after 100 ms, their status and four headers asserted: against goss at full concurrency.

goss is built by Go once, and kept under build/.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.endpoint_server import HEADERS
from bench.endpoints import serving
from bench.measure import Row, at_most, in_turn, median, pytest, started, write
from tests.stack.certs import Authority

VERSION = "0.4.9"
COMMAND = "github.com/goss-org/goss/cmd/goss"
CHECKS = {
    "http.hsts": "Strict-Transport-Security",
    "http.frame_options": "X-Frame-Options",
    "http.nosniff": "X-Content-Type-Options",
    "http.referrer_policy": "Referrer-Policy",
}
"""Check and the header that it looks at; goss asserts its whole value."""
LIMITS = {50: (1.5, 10.0), 300: (0.9, 5.0)}
"""By number of endpoints, how many times goss's time by the clock, and its processor time, may be needed."""
BUILT = Path(__file__).parent.parent / "build" / f"goss-{VERSION}"


def goss() -> Path | None:
    """The program, built where it was not yet; None without Go.

    Raises:
        RuntimeError: it could not be built.
    """
    program = BUILT / "goss"
    go = shutil.which("go")
    if program.exists() or go is None:
        return program if program.exists() else None
    BUILT.mkdir(parents=True, exist_ok=True)
    # `go install` refuses a module with a replace directive, which one that only requires it does not take over.
    (BUILT / "go.mod").write_text(f"module bench\n\nrequire github.com/goss-org/goss v{VERSION}\n")
    (BUILT / "tools.go").write_text(f'package tools\n\nimport _ "{COMMAND}"\n')
    done = subprocess.run(
        [go, "build", "-o", program, COMMAND],
        cwd=BUILT,
        env={**os.environ, "GOFLAGS": "-mod=mod"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"goss {VERSION} could not be built:\n{done.stderr[-3000:]}")
    return program


def write_ours(folder: Path, ports: Sequence[int], ca: Path) -> Path:
    """A folder with a checklist of the status and the headers."""
    bindings = {f"claim-{number}": check for number, check in enumerate(["http.reachable", *CHECKS])}
    urls = {f"port-{port}": {"url": f"https://localhost:{port}", "ca": str(ca)} for port in ports}
    return write(
        folder,
        {
            "web.md": "# Web\n\n" + "".join(f"- [ ] {item}\n" for item in bindings),
            "web.checks.yaml": json.dumps({"web": bindings}),
            "readiness.yaml": json.dumps({"checklists": ["web.md"], "targets": {"t": {"urls": urls}}}),
        },
    )


def write_goss(folder: Path, ports: Sequence[int], ca: Path) -> Path:
    """A folder with a gossfile of the same."""
    asserted = [header for header in HEADERS if header.partition(":")[0] in CHECKS.values()]
    answer = {"status": 200, "headers": asserted, "ca-file": str(ca), "timeout": 10_000}
    http = {f"https://localhost:{port}/": answer for port in ports}
    return write(folder, {"goss.yaml": json.dumps({"http": http})})


def compared(number: int, rounds: int, program: Path) -> list[Row]:
    """Measure that many endpoints."""
    with TemporaryDirectory() as directory:
        certificate = Authority(Path(directory, "authority")).issue()
        with serving(certificate, number) as ports:
            ours = write_ours(Path(directory, "ours"), ports, certificate.ca_file)
            theirs = write_goss(Path(directory, "goss"), ports, certificate.ca_file)
            goss_ = (program, "validate", "--no-color", f"--max-concurrent={number}")
            asserted = f"Count: {2 * number}, Failed: 0"
            passed = f"{number * (1 + len(CHECKS))} passed"
            runs = in_turn(
                rounds,
                {
                    "ours": lambda: pytest("--readiness-target=t", folder=ours, expect=passed),
                    "goss": lambda: started(*goss_, folder=theirs, expect=asserted),
                },
            )
    what = f"{number} endpoints × {1 + len(CHECKS)} items; goss {VERSION}"
    seconds, cpu = LIMITS[number]
    return [
        at_most(what, median(runs["ours"]), median(runs["goss"]), seconds),
        at_most(f"{what}: processor", median(runs["ours"], "cpu"), median(runs["goss"], "cpu"), cpu),
    ]


def run(rounds: int) -> list[Row]:
    """Measure."""
    program = goss()
    if program is None:
        return [Row(f"goss {VERSION} was not compared: Go, which builds it, is not installed.", "", "")]
    return [row for number in LIMITS for row in compared(number, rounds, program)]
