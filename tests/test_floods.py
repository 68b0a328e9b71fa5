"""Targets that never end, all in one run: little memory, every deadline kept, and nothing passes."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import time
import zlib
from contextlib import ExitStack, suppress
from pathlib import Path

from tests.stack.fixtures import SshdFactory
from tests.stack.floods import Flood, PostgresFlood
from tests.stack.patience import patient
from tests.stack.process import descendants
from tests.stack.silent import DrippingServer, SilentServer, _Server

MEMORY = 400 * 2**20
SECONDS = 240
"""More than all deadlines of the facts that are read, one after the other."""
HTTP = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
EMPTY = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
ZEROS = EMPTY.compress(bytes(10 * 2**20)) + EMPTY.flush(zlib.Z_FULL_FLUSH)


def servers() -> dict[str, _Server]:
    return {
        "silent": SilentServer(),
        "drip": DrippingServer(),
        "big": Flood(HTTP + b"Content-Length: 10737418240\r\n\r\n", b"<a href='/x'>" * 4096),
        "headers": Flood(HTTP, b"X-Filler: " + b"x" * 4096 + b"\r\n"),
        "header": Flood(HTTP + b"X-Filler: ", b"x" * 65536),
        "chunk": Flood(HTTP + b"Transfer-Encoding: chunked\r\n\r\n", b"f" * 65536),
        "bomb": Flood(HTTP + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"")[:10], ZEROS),
        "interim": Flood(b"", b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" * 1000),
        "ssh": Flood(b"SSH-2.0-OpenSSH_9.2\r\n", b"x" * 65536),
        "engine": Flood(HTTP + b"\r\n[", b"0," * 2**15),
        "mail": Flood(b"", b"220-" + b"x" * 60 + b"\r\n"),
        "rows": PostgresFlood(PostgresFlood.ROWS),
        "row": PostgresFlood(PostgresFlood.ROW),
    }


URLS = ("silent", "drip", "big", "headers", "header", "chunk", "bomb", "interim", "ssh")
CHECKS = {
    **dict.fromkeys(URLS, ("http.links", "http.health")),
    "tls": ("tls.trusted", "tls.versions"),
    "shell": ("host.reachable", "host.disk"),
    "box": ("container.running",),
    "rows": ("postgres.connects",),
    "row": ("postgres.connects",),
    "post": ("mail.reachable",),
}


def bytes_of(pid: int) -> int:
    """What a process takes for itself of the memory, of what it shares its part."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text("utf-8").splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0


def test_what_never_ends_takes_little_memory_and_no_more_than_its_time(
    tmp_path: Path, sshd_factory: SshdFactory
) -> None:
    with ExitStack() as stack:
        ports = {name: stack.enter_context(server).port for name, server in servers().items()}
        shell = stack.enter_context(sshd_factory(config="ForceCommand yes 'Welcome to the host of endless words.'"))
        urls = "".join(f"      {name}: 'http://127.0.0.1:{ports[name]}/'\n" for name in URLS)
        dsn = "postgresql://shop@127.0.0.1:{}/shop?sslmode=disable"
        names = [(name, check) for name, checks in CHECKS.items() for check in checks]
        files = {
            "c.md": "# C\n\n" + "".join(f"- [ ] {name} {check.replace('.', ' ')}\n" for name, check in names),
            "c.checks.yaml": "c:\n"
            + "".join(
                f"  {name}-{check.replace('.', '-').replace('_', '-')}: "
                f"{{check: {check}, on: {name}{', path: /' * (check == 'http.health')}}}\n"
                for name, check in names
            ),
            "readiness.yaml": f"checklists: [c.md]\ntargets:\n  prod:\n    urls:\n{urls}"
            f"      tls: 'https://127.0.0.1:{ports['ssh']}/'\n"
            f"    hosts: {{shell: {{connection: '{shell.spec}', ssh_config: '{shell.ssh_config}'}}}}\n"
            f"    containers: {{box: {{container: box, engine: 'tcp://127.0.0.1:{ports['engine']}'}}}}\n"
            f"    databases: {{rows: '{dsn.format(ports['rows'])}', row: '{dsn.format(ports['row'])}'}}\n"
            f"    mail: {{post: '127.0.0.1:{ports['mail']}'}}\n",
        }
        for name, text in files.items():
            (tmp_path / name).write_text(text, "utf-8")
        command = [sys.executable, "-m", "pytest", "--readiness-target=prod", "-p", "no:cacheprovider"]
        command += ["--readiness-record=record.json", "--readiness-out=out"]
        begun, bound = time.monotonic(), patient(SECONDS)
        with (tmp_path / "told").open("wb") as told:
            run = subprocess.Popen(command, cwd=tmp_path, stdout=told, stderr=told, stdin=subprocess.DEVNULL)
            try:
                most = 0
                while run.poll() is None:
                    assert time.monotonic() - begun < bound
                    most = max(most, sum(map(bytes_of, [run.pid, *descendants(run.pid)])))
                    time.sleep(0.1)
            finally:
                run.kill()
                run.wait()
    said = (tmp_path / "told").read_text("utf-8")
    assert "Traceback" not in said
    assert most < MEMORY
    result = json.loads((tmp_path / "out" / "result.json").read_text("utf-8"))
    states = {item["id"]: item["state"] for section in result["sections"] for item in section["items"]}
    assert len(states) == len(names), said
    assert set(states.values()) <= {"error", "failed"}, states
    assert run.returncode in (1, 6), said
    assert (tmp_path / "record.json").stat().st_size < 100 * 2**20
