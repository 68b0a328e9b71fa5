"""50 full TLS scans through the fact `tls_scan`, against sslyze's own Scanner with its defaults in one process.

One nginx has that many TLS ports (ECDSA P-256), and all of them are scanned with every scan command. The processes of
the fact's pool start again in each round, as they do in each run of the tests.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path

from bench.measure import Row, at_most, in_turn
from pytest_readiness.domains.http.resource import Url
from pytest_readiness.domains.tls.facts import scan as tls
from pytest_readiness.domains.tls.facts.connection import connection
from pytest_readiness.domains.tls.records import COMMANDS, ScanRequest, TlsScan
from pytest_readiness.domains.tls.worker import record
from tests.stack.certs import Authority
from tests.stack.nginx import Nginx
from tests.stack.process import free_port

ENDPOINTS = 50
SHARE = 0.4
"""Of the time of sslyze's own scanner, the most that may be needed."""
OURS_ONLY = "tls13_resumption"
"""What the fact measures and sslyze does not."""
SERVER = """
server {{
    listen 127.0.0.1:{port} ssl;
    ssl_certificate {certificate.chain};
    ssl_certificate_key {certificate.key};
    ssl_protocols TLSv1.2 TLSv1.3;
    location / {{ return 200 "ready"; }}
}}
"""


@contextmanager
def endpoints(number: int) -> Iterator[list[Url]]:
    """That many TLS ports of one nginx."""
    with tempfile.TemporaryDirectory() as directory:
        certificate = Authority(Path(directory, "authority")).issue()
        ports = [free_port() for _ in range(number)]
        servers = "".join(SERVER.format(port=port, certificate=certificate) for port in ports)
        with Nginx(Path(directory, "nginx"), http_raw=servers):
            yield [Url(name=f"port-{port}", url=f"https://localhost:{port}", ca=certificate.ca_file) for port in ports]


def ours(urls: list[Url]) -> list[TlsScan]:
    """As the engine does: each endpoint's fact in a thread."""
    with ThreadPoolExecutor(len(urls)) as threads:
        scans = list(threads.map(lambda url: tls.tls_scan(url, connection(url), asks=()), urls))
    tls._pool().close()
    tls._pool.cache_clear()
    return scans


def sslyzes(urls: list[Url]) -> list[TlsScan]:
    """By sslyze's Scanner with its defaults."""
    from sslyze.scanner.models import ServerScanRequest
    from sslyze.scanner.scanner import Scanner
    from sslyze.server_setting import ServerNetworkLocation

    scanner = Scanner()
    scanner.queue_scans([ServerScanRequest(ServerNetworkLocation(url.host, url.port, "127.0.0.1")) for url in urls])
    results = {result.server_location.port: result.scan_result for result in scanner.get_results()}
    scans = []
    for url in urls:
        result = results[url.port]
        assert result, url
        scans.append(record(ScanRequest(url.host, url.port, "127.0.0.1", str(url.ca), COMMANDS), result))
    return scans


def difference(mine: TlsScan, theirs: TlsScan) -> str:
    """What both measure and do not agree on, in words; "" where they do."""
    names = [field.name for field in fields(TlsScan) if field.name != OURS_ONLY]
    found = [
        f"{name} is {getattr(mine, name)!r}, by sslyze {getattr(theirs, name)!r}"
        for name in names
        if getattr(mine, name) != getattr(theirs, name)
    ]
    return f"{mine.host}:{mine.port}: {'; '.join(found)}" if found else ""


def run(rounds: int) -> list[Row]:
    """Measure."""

    def timed(way: Callable[[list[Url]], list[TlsScan]]) -> tuple[float, list[TlsScan]]:
        started = time.perf_counter()
        scans = way(urls)
        return time.perf_counter() - started, scans

    with warnings.catch_warnings(), endpoints(ENDPOINTS) as urls:
        warnings.simplefilter("ignore")
        runs = in_turn(rounds, {"ours": lambda: timed(ours), "other": lambda: timed(sslyzes)})
    differences = [
        difference(mine, theirs)
        for (_, all_of_mine), (_, all_of_theirs) in zip(runs["ours"], runs["other"], strict=True)
        for mine, theirs in zip(all_of_mine, all_of_theirs, strict=True)
    ]
    for each in filter(None, differences):
        print(each, file=sys.stderr)
    same = differences.count("")
    seconds = {way: statistics.median(each for each, _ in runs[way]) for way in runs}
    what = f"{ENDPOINTS} full TLS scans; sslyze's Scanner"
    return [
        at_most(what, seconds["ours"], seconds["other"], SHARE),
        Row(f"{what}: same findings", str(same), str(len(differences)), target="all", met=same == len(differences)),
    ]
