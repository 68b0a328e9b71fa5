"""A name with several addresses: what is wrong at one of them is found, whichever the first connection goes to."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify, Evidence
from pytest_readiness.domains.http.checks.reachability import reachable
from pytest_readiness.domains.http.facts.pages import Page
from pytest_readiness.domains.http.resource import Url
from pytest_readiness.domains.tls.facts.connection import Connection, Elsewhere
from pytest_readiness.domains.tls.facts.scan import tls_scan
from pytest_readiness.domains.tls.records import VERSIONS
from pytest_readiness.protocols.http.answer import Response
from tests.domains.tls.tls_scans import outcome
from tests.judging import judge
from tests.protocols.http.certificates import CASES, Setup, authority, leaf, written
from tests.stack.patience import patient
from tests.stack.programs import program, unavailable
from tests.stack.tls_servers import OK, TlsServers

WITH_HOSTS = 'mount --bind "$0" /etc/hosts && exec "$@"'
IDS = ("http.reachable", "tls.trusted", "tls.expiry", "tls.chain", "tls.key")


def judged(hosts: Path, url: str, ca: Path) -> dict[str, Any]:
    """What checks say where this file is /etc/hosts."""
    command: list[str | Path] = [
        *(program("unshare"), "--user", "--map-root-user", "--mount", "sh", "-c", WITH_HOSTS, hosts),
        *(sys.executable, "-m", "tests.domains.tls.test_addresses", url, str(ca)),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=patient(60))
    if "unshare" in done.stderr or "mount:" in done.stderr:
        unavailable(f"No mount namespace can be made here: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("first", ["127.0.0.1", "::1"])
def test_one_address_with_a_fault(first: str, tmp_path: Path) -> None:
    root = authority()
    good = Setup([leaf(root)], [root])
    faults = {
        "same": (good, set()),
        "expired": (Setup([leaf(root, days=(-90, -1))], [root]), {"http.reachable", "tls.trusted", "tls.expiry"}),
        "ending": (Setup([leaf(root, days=(-80, 3))], [root]), {"tls.expiry"}),
        "incomplete": (
            Setup([leaf(authority(root))], [root]),
            {"http.reachable", "tls.trusted", "tls.chain"},
        ),
    }
    second = "::1" if first == "127.0.0.1" else "127.0.0.1"
    (tmp_path / "good").mkdir()
    files = written(good, tmp_path / "good")
    for name, (setup, expected) in faults.items():
        (tmp_path / name).mkdir()
        faulty = written(setup, tmp_path / name)
        hosts = tmp_path / name / "hosts"
        hosts.write_text(f"{first} shop.test\n{second} shop.test\n")
        with TlsServers() as servers:
            by_ipv4, by_ipv6 = (files, faulty) if first == "127.0.0.1" else (faulty, files)
            port = servers.serve(by_ipv4, by_ipv6)
            servers.start()
            found = judged(hosts, f"https://shop.test:{port}", files.ca_file)
        assert {id for id in IDS if found[id][0] == "false"} == expected, (name, found)
        assert not [said for said in found.values() if said[0] == "error"], found


def test_one_address_that_answers_otherwise(tmp_path: Path) -> None:
    files = written(CASES["as it should be"][0](), tmp_path)
    hosts = tmp_path / "hosts"
    hosts.write_text("127.0.0.1 shop.test\n::1 shop.test\n")
    safe = OK.replace(b"OK\r\n", b"OK\r\nStrict-Transport-Security: max-age=31536000\r\n")
    for other, (verdicts, told) in {
        safe: (("true",), ""),
        OK: (("true",), "(strict-transport-security)"),
        safe.replace(b"200 OK", b"503 Down"): (("false",), "503"),
        b"": (("false", "error"), "closed"),
    }.items():
        # Which of the two is asked first is for the system to say.
        for answers in ((safe, other), (other, safe)):
            with TlsServers() as servers:
                port = servers.serve(files, answers=answers)
                servers.start()
                verdict, *said = judged(hosts, f"https://shop.test:{port}", files.ca_file)["http.reachable"]
            assert verdict in verdicts, said
            assert told in " ".join(said), said
            assert told or not said[1]


def test_a_declared_address_is_the_only_one(tmp_path: Path) -> None:
    files = written(CASES["as it should be"][0](), tmp_path)
    with TlsServers() as servers:
        port = servers.serve(files)
        servers.start()
        url = Url(name="shop", url=f"https://shop.test:{port}", address="127.0.0.1", ca=files.ca_file)
        assert not judge("http.reachable", url).warning


def test_evidence_names_the_address() -> None:
    one = Connection("192.0.2.1", 443, 0.1, "", elsewhere=())
    several = replace(
        one, elsewhere=(Elsewhere("192.0.2.2", True, ""), Elsewhere("2001:db8::1", False, "connection refused"))
    )
    # Recordings of before do not know.
    assert (one.note, replace(one, elsewhere=None).note) == ("", "")
    assert several.note == "at 192.0.2.1, one of 3 addresses; not reached: 2001:db8::1 (connection refused)"


def test_a_check_warns_of_an_address_that_is_not_reached() -> None:
    made = Connection("192.0.2.1", 443, 0.1, "", elsewhere=(Elsewhere("2001:db8::1", False, "network unreachable"),))
    answer = Response("https://a.test/", 200, (), "", False, 0.1, datetime.now(UTC), 0)
    evidence = reachable(None, Page("https://a.test/", "", (answer,)), (), made)
    assert evidence.warning == "The name has addresses that could not be reached from here: 2001:db8::1."


def test_tls_is_not_seen_at_an_address_that_is_not_reached(tmp_path: Path) -> None:
    files = written(CASES["as it should be"][0](), tmp_path)
    with TlsServers() as servers:
        port = servers.serve(files)
        servers.start()
        url = Url(name="shop", url=f"https://shop.test:{port}", address="127.0.0.1", ca=files.ca_file)
        others = (Elsewhere("192.0.2.2", False, "connection refused"),)
        made = Connection("127.0.0.1", port, 0.1, "", elsewhere=others)
        scan = tls_scan(url, made, asks=("certificate_info", *VERSIONS))
    seen = "Nothing was seen at 192.0.2.2 (connection refused), which shop.test has as an address, too."
    for id in ("tls.trusted", "tls.chain", "tls.expiry", "tls.versions"):
        told = [outcome(id, each) for each in (scan, replace(scan, failed={}))]
        assert [each.warning for each in told if isinstance(each, Evidence)] == [seen, ""]


def main() -> None:
    """Judge in a process of its own."""
    url = Url(name="shop", url=sys.argv[1], ca=Path(sys.argv[2]))
    found = {}
    for id in IDS:
        try:
            evidence = judge(id, url)
            found[id] = ("true", evidence.text, evidence.warning)
        except ClaimFalse as error:
            found[id] = ("false", error.seen, "")
        except CouldNotVerify as error:
            found[id] = ("error", error.reason, "")
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
