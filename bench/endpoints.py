"""50 HTTPS endpoints with 16 items each, which answer after 100 ms, against three ways of plain pytest."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.measure import Ran, Row, at_most, faster, in_turn, median, noop_tests, pytest, python, write
from tests.stack.certs import Authority, Certificate

ENDPOINTS = 50
CHECKS = (
    "http.reachable",
    "{check: http.reachable, path: /}",
    "http.hsts",
    "{check: http.hsts, min_age_days: 180}",
    "{check: http.hsts, preload: true}",
    "http.csp",
    "http.frame_options",
    "http.nosniff",
    "http.referrer_policy",
    "http.permissions_policy",
    "{check: http.permissions_policy, features: [camera]}",
    "http.cookies",
    "{check: http.cookies, samesite: Strict}",
    "{check: http.cookies, max_age_hours: 24}",
    "http.banner",
    "http.errors",
)
"""All look at the endpoint's root but the last one, which asks for an unknown path; each way makes both requests."""
FASTER_THAN_TESTS = 50
FASTER_THAN_FIXTURE = 6
FLOOR = 1.2

GET = """
import requests

def get(session, port, number):
    path = "unknown" if number == TESTS - 1 else ""
    answer = session.get(f"https://localhost:{port}/{path}", verify=CA, timeout=10)
    assert answer.headers["Strict-Transport-Security"]
    return answer
"""
TEST_EACH = """
import pytest

@pytest.mark.parametrize("port", PORTS)
@pytest.mark.parametrize("number", range(TESTS))
def test_header(port, number):
    with requests.Session() as session:
        assert get(session, port, number).headers["X-Content-Type-Options"] == "nosniff"
"""
FIXTURE = """
import pytest

@pytest.fixture(scope="module", params=PORTS)
def answers(request):
    with requests.Session() as session:
        root, unknown = get(session, request.param, 0), get(session, request.param, TESTS - 1)
    return [root] * (TESTS - 1) + [unknown]

@pytest.mark.parametrize("number", range(TESTS))
def test_header(answers, number):
    assert answers[number].headers["X-Content-Type-Options"] == "nosniff"
"""
POOL = """
from concurrent.futures import ThreadPoolExecutor

def both(port):
    with requests.Session() as session:
        get(session, port, 0)
        get(session, port, TESTS - 1)

with ThreadPoolExecutor(len(PORTS)) as pool:
    list(pool.map(both, PORTS))
"""


@contextmanager
def serving(certificate: Certificate, number: int) -> Iterator[list[int]]:
    """That many endpoints in a process of its own, by port."""
    command = [sys.executable, "-m", "bench.endpoint_server", str(certificate.chain), str(certificate.key), str(number)]
    root = Path(__file__).parent.parent
    with subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout
            yield list(map(int, server.stdout.readline().split()))
        finally:
            server.communicate()


def write_all(folder: Path, ports: Sequence[int], ca: Path) -> dict[str, Path]:
    """A folder for each way."""
    known = f"CA = {str(ca)!r}\nPORTS = {list(ports)}\nTESTS = {len(CHECKS)}\n{GET}"
    urls = "".join(f"      port-{port}: {{url: 'https://localhost:{port}', ca: {ca}}}\n" for port in ports)
    items = [f"claim-{number}" for number in range(len(CHECKS))]
    checklist = {
        "web.md": "# Web\n\n" + "".join(f"- [ ] {item}\n" for item in items),
        "web.checks.yaml": "web:\n"
        + "".join(f"  {item}: {check}\n" for item, check in zip(items, CHECKS, strict=True)),
        "readiness.yaml": f"checklists: [web.md]\ntargets:\n  t:\n    urls:\n{urls}",
    }
    return {
        "ours": write(folder / "ours", checklist),
        "each": write(folder / "each", {"test_each.py": known + TEST_EACH}),
        "fixture": write(folder / "fixture", {"test_fixture.py": known + FIXTURE}),
        "floor": write(
            folder / "floor", {"pool.py": known + POOL, "test_nothing.py": noop_tests(len(ports) * len(CHECKS))}
        ),
    }


def run(rounds: int) -> list[Row]:
    """Measure."""
    number = ENDPOINTS * len(CHECKS)
    passed = f"{number} passed"
    with TemporaryDirectory() as directory:
        certificate = Authority(Path(directory, "authority")).issue()
        with serving(certificate, ENDPOINTS) as ports:
            folders = write_all(Path(directory), ports, certificate.ca_file)

            def floor() -> Ran:
                pool = python("pool.py", folder=folders["floor"])
                empty = pytest(folder=folders["floor"], expect=passed)
                return Ran(pool.seconds + empty.seconds, pool.cpu + empty.cpu, max(pool.memory, empty.memory), "")

            runs = in_turn(
                rounds,
                {
                    "ours": lambda: pytest("--readiness-target=t", folder=folders["ours"], expect=passed),
                    "each": lambda: pytest(folder=folders["each"], expect=passed),
                    "fixture": lambda: pytest(folder=folders["fixture"], expect=passed),
                    "floor": floor,
                },
            )
    seconds = {way: median(runs[way]) for way in runs}
    what = f"{ENDPOINTS} endpoints × {len(CHECKS)} items"
    return [
        faster(f"{what}; a request a test", seconds["ours"], seconds["each"], FASTER_THAN_TESTS),
        faster(f"{what}; a fixture an endpoint", seconds["ours"], seconds["fixture"], FASTER_THAN_FIXTURE),
        at_most(f"{what}; thread pool and empty run", seconds["ours"], seconds["floor"], FLOOR),
    ]
