"""50 full TLS scans through the fact `tls_scan`, against sslyze's own Scanner with its defaults in one process.

`python -m bench.tls [--rounds 5] [--endpoints 50]` starts one nginx with that many TLS ports (ECDSA P-256), scans all
of them with every scan command, alternating between both ways, and prints the medians and their ratio. Both are
turned into records; should those differ, it ends with status 1. The processes of the fact's pool start anew in each
round, as they do in each run of the tests.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from pytest_readiness.facts import tls
from pytest_readiness.facts.connection import connection
from pytest_readiness.facts.tls import COMMANDS, ScanRequest, TlsScan
from pytest_readiness.facts.tls_worker import record
from pytest_readiness.target.resources import Url
from tests.stack.certs import Authority
from tests.stack.nginx import Nginx
from tests.stack.process import free_port

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


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--endpoints", type=int, default=50)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    ways: tuple[Callable[[list[Url]], list[TlsScan]], ...] = (sslyzes, ours)
    seconds: dict[str, list[float]] = {way.__name__: [] for way in ways}
    with endpoints(options.endpoints) as urls:
        for _ in range(options.rounds):
            scans = []
            for way in ways:
                started = time.perf_counter()
                scans.append(way(urls))
                seconds[way.__name__].append(time.perf_counter() - started)
                print(f"{way.__name__:8} {seconds[way.__name__][-1]:6.2f} s", flush=True)
            if scans[0] != scans[1]:
                raise SystemExit("The findings differ.")
    theirs, mine = (statistics.median(each) for each in seconds.values())
    print(f"medians: sslyze {theirs:.2f} s, ours {mine:.2f} s, ratio {mine / theirs:.2f}; findings are equal")


if __name__ == "__main__":
    main()
