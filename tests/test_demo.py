from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Collection, Iterator, Mapping
from mailbox import Maildir
from pathlib import Path

import pytest
import requests

from pytest_readiness.checklist.reading import read_checklist
from pytest_readiness.core.domains import load_catalogue
from pytest_readiness.plan.binding import bindings_path
from pytest_readiness.plan.bindings import read_bindings
from suites.demo import shop
from suites.demo.store import Invalid, Store
from tests.stack.patience import patient

ROOT = Path(__file__).parent.parent


STATES = ("failed", "error", "unverified", "waived", "not applicable")


class Demo:
    """A run of the demo as a user starts it.

    Attributes:
        output: what it printed.
        code: its exit code.
        found: kind or state of each item that did not simply pass, by the item's id, in the order of the checklist.
        severities: of all its items.
    """

    def __init__(self, folder: Path, mend: Collection[str], *options: str) -> None:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("GITHUB_")}
        environment |= {"DEMO_MEND": ",".join(mend), "COLUMNS": "200", "NO_COLOR": "1", "PYTHONUTF8": "1"}
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--readiness-target=demo", *options]
        done = subprocess.run(
            [*command, f"--readiness-out={folder / 'out'}"],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            encoding="utf-8",
            timeout=patient(120),
            check=False,
        )
        self.output, self.code = done.stdout + done.stderr, done.returncode
        data = json.loads((folder / "out" / "result.json").read_text("utf-8"))
        self.sections = data["sections"]
        items = [item for section in self.sections for item in section["items"]]
        self.found = {
            item["id"].partition(":")[2]: next((test["kind"] for test in item["tests"] if test["kind"]), item["state"])
            for item in items
            if item["state"] in STATES
        }
        self.severities = {item["id"].partition(":")[2]: item["severity"] for item in items}

    @property
    def faults(self) -> list[str]:
        """The items that failed, could not be verified or lack a signature: what a release would stumble over."""
        return [item for item, how in self.found.items() if item not in MEANT]


MEANT = {
    "web/texts-are-compressed": "waived",
    "web/a-cdn-delivers-the-files": "not applicable",
    "operation/containers-do-not-run-as-root": "not applicable",
    "operation/database-refuses-unencrypted-connections": "not applicable",
    "operation/an-uptime-service-watches-the-shop": "no check yet",
    "operation/backups-are-kept-at-a-second-site": "no check yet",
}
"""What does not pass in the demo and is no fault of it."""
ITEMS = {fault.item for fault in shop.FAULTS.values()}


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """The demo with all its faults."""
    return Demo(tmp_path_factory.mktemp("demo"), ())


def test_every_fault_is_found_and_nothing_else(demo: Demo) -> None:
    assert demo.found == MEANT | dict.fromkeys(ITEMS, "failed") | {"people/acceptance-tests-are-approved": "unsigned"}
    assert (demo.code, len(demo.severities)) == (1, 77)


def test_faults_are_listed_first_and_announced_in_the_same_order(demo: Demo) -> None:
    lines = demo.output.splitlines()
    begin = lines.index(f"Open, failed first ({len(shop.FAULTS)})")
    listed = [match[1] for line in lines[begin:] if (match := re.search(r"release:(\S+/\S+), line \d+$", line))]
    assert listed == [fault.item for fault in shop.FAULTS.values()]
    at = next(number for number, line in enumerate(lines) if line.startswith("The shop has 11 faults on purpose."))
    assert at > begin
    assert [line for line in lines[at + 1 :] if re.match(r"  [a-z]", line)] == [
        f"  {name}: {fault.item}" for name, fault in shop.FAULTS.items()
    ]


def test_nothing_is_wrong_once_every_fault_is_mended(tmp_path: Path) -> None:
    mended = Demo(tmp_path, ["all"])
    assert (mended.found, mended.code) == (MEANT, 0)
    assert "The shop was started without its faults" in mended.output


@pytest.mark.parametrize("bit", range(4))
def test_each_fault_fails_its_item_only(tmp_path: Path, bit: int) -> None:
    # Of any two faults, one of these runs has the one and not the other.
    left = [name for number, name in enumerate(shop.FAULTS, 1) if number >> bit & 1]
    some = Demo(tmp_path, [name for name in shop.FAULTS if name not in left])
    assert set(some.faults) == {shop.FAULTS[name].item for name in left}
    assert some.output.count("    " + shop.FAULTS[left[0]].mend) == 1


@pytest.mark.parametrize("options", [("-n2",), ("-q",)], ids=["xdist", "quiet"])
def test_the_demo_finds_the_same_however_it_runs(demo: Demo, tmp_path: Path, options: tuple[str, ...]) -> None:
    other = Demo(tmp_path, (), *options)
    assert other.found == demo.found
    assert ("faults on purpose" in other.output) is (options != ("-q",))


def test_the_demo_can_be_planned_without_its_shop() -> None:
    command = [sys.executable, "-m", "pytest_readiness", "plan", "--target", "demo"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=patient(60), check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "No check yet (2)" in done.stdout
    assert "Would be unverified" not in done.stdout


@pytest.mark.parametrize("page", ["README.md", "docs/quickstart.md"])
def test_what_is_said_of_the_demo_is_true(demo: Demo, page: str) -> None:
    text = " ".join((ROOT / page).read_text("utf-8").split())
    assert f"of {len(demo.severities)} items" in text
    assert len(shop.FAULTS) == 11
    assert "eleven faults" in text


def test_faults_are_of_every_severity_and_of_many_domains(demo: Demo) -> None:
    assert {demo.severities[item] for item in ITEMS} == {"critical", "high", "medium", "low"}
    tests = [test for section in demo.sections for item in section["items"] for test in item["tests"]]
    failed = {test["check"].partition(".")[0] for test in tests if test["item"].partition(":")[2] in ITEMS}
    assert failed == {"tls", "http", "env", "mail", "docs", "signoff"}


@pytest.mark.parametrize("fault", [fault for fault in shop.FAULTS.values() if fault.paper])
def test_faults_of_papers_stand_in_the_papers(fault: shop.Fault) -> None:
    assert (shop.FOLDER / fault.paper).read_text("utf-8").count(fault.wrong) == 1


def test_every_item_of_the_suite_is_bound() -> None:
    checklist = read_checklist(ROOT / "suites" / "starter.md")
    roles = dict.fromkeys(("release-manager", "security", "operations", "product-owner"), ("a@example.com",))
    bindings = read_bindings(bindings_path(checklist.path), checklist, load_catalogue(), roles, {})
    assert list(bindings) == [item.id for item in checklist.leaves()]


@pytest.mark.parametrize(
    ("mend", "left"),
    [
        ("", list(shop.FAULTS)),
        ("all", []),
        ("all, stale-signoff", []),
        (" cookie-samesite,stale-signoff ", [n for n in shop.FAULTS if n not in ("cookie-samesite", "stale-signoff")]),
    ],
)
def test_remaining_faults(mend: str, left: list[str]) -> None:
    assert list(shop.remaining_faults(mend)) == left


def test_remaining_faults_refuses_unknown_names() -> None:
    with pytest.raises(ValueError, match=r"DEMO_MEND names no fault of the demo: cookies\. Known: all, certificate-"):
        shop.remaining_faults("cookies,all")


@pytest.fixture(scope="module")
def variables() -> Iterator[Mapping[str, str]]:
    with shop.running(()) as running:
        yield running


def test_shop_redirects_plain_http_with_the_path(variables: Mapping[str, str]) -> None:
    for path in ("/", "/orders?page=2", "//elsewhere.example.com/"):
        url = f"http://localhost:{variables['DEMO_HTTP_PORT']}{path}"
        answer = requests.get(url, timeout=patient(5), allow_redirects=False)
        assert answer.status_code == 308
        assert answer.headers["Location"] == (f"https://localhost:{variables['DEMO_HTTPS_PORT']}/{path.lstrip('/')}")


@pytest.mark.parametrize(("method", "status"), [("POST", 405), ("PUT", 501), ("TRACE", 501), ("NONSENSE", 501)])
def test_shop_refuses_other_methods_with_its_headers(variables: Mapping[str, str], method: str, status: int) -> None:
    url = f"https://localhost:{variables['DEMO_HTTPS_PORT']}/"
    answer = requests.request(method, url, timeout=patient(5), verify=variables["DEMO_CA"])
    assert answer.status_code == status
    assert answer.headers["Server"] == "shop"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_shop_is_held_up_by_nobody(variables: Mapping[str, str], capfd: pytest.CaptureFixture[str]) -> None:
    port = int(variables["DEMO_HTTPS_PORT"])
    url = f"https://127.0.0.1:{port}/healthz"
    with socket.create_connection(("127.0.0.1", port), 5), socket.create_connection(("127.0.0.1", port), 5) as talker:
        talker.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        for _ in range(2):
            health = requests.get(url, timeout=patient(5), verify=variables["DEMO_CA"])
            assert health.json() == {"status": "ok", "checks": {"database": "up"}}
    assert capfd.readouterr() == ("", "")


def test_shop_leaves_nothing_behind() -> None:
    before = set(threading.enumerate())
    with shop.running() as variables:
        requests.get(
            f"https://localhost:{variables['DEMO_HTTPS_PORT']}/",
            timeout=patient(5),
            verify=variables["DEMO_CA"],
            headers={"Connection": "close"},
        )
        serving = [thread for thread in threading.enumerate() if thread not in before]
    assert serving
    for thread in serving:
        thread.join(patient(10))
        assert not thread.is_alive()
    assert not Path(variables["DEMO_FOLDER"]).exists()
    for name in ("DEMO_HTTP_PORT", "DEMO_HTTPS_PORT"):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", int(variables[name])), 5)


def test_a_suite_of_the_checkout_runs_from_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "readiness.yaml").write_text(
        "checklists: [suite:starter]\ntargets: {prod: {}}\n"
        "roles: {release-manager: [a], security: [a], operations: [a], product-owner: [a]}\n"
    )
    command = [sys.executable, "-m", "pytest", "-qq", "-p", "no:cacheprovider", "--readiness-target=prod"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=patient(60), check=False)
    assert done.returncode == 6, done.stdout + done.stderr


def test_nothing_is_imported_unless_the_demo_is_asked_for() -> None:
    code = (
        "import sys, conftest; assert conftest.pytest_readiness_variables(None, 'prod') == {};"
        "assert not [name for name in sys.modules if name.startswith(('suites', 'cryptography', 'http.server'))]"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=patient(60))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(Maildir(tmp_path / "mail"), "https://localhost:1", "https://localhost:1")


def test_a_token_of_the_shop_ends_and_cannot_be_changed(store: Store) -> None:
    token = store.signed("a@example.com")
    claims = store.claims(token)
    assert claims is not None
    assert (claims["sub"], claims["exp"] - claims["iat"]) == ("a@example.com", 3600)
    assert store.claims(store.signed("a@example.com", issued=time.time() - 7200)) is None
    for forged in ("", "a.b.c", token[:-2], f"{token.rpartition('.')[0]}.", "ä.ö.ü", f"x{token}"):
        assert store.claims(forged) is None


def test_the_shop_locks_an_account_for_a_while(store: Store) -> None:
    store.add("a@example.com", "a long password")
    assert [store.login("a@example.com", "wrong") for _ in range(5)] == [None] * 5
    with pytest.raises(Invalid, match="too many wrong passwords"):
        store.login("a@example.com", "a long password")
    assert store.login("b@example.com", "wrong") is None
    store.add("b@example.com", "a long password")
    assert store.login("b@example.com", "a long password") is not None


@pytest.mark.parametrize(
    "given",
    [None, [], {}, {"product": "moon", "quantity": 1}, {"product": [], "quantity": 1}, {"product": "tea"}]
    + [{"product": "tea", "quantity": quantity} for quantity in (0, 21, -1, 1.5, True, "2", None)],
)
def test_the_shop_takes_no_senseless_order(store: Store, given: object) -> None:
    with pytest.raises(Invalid):
        store.order("a@example.com", given)
    assert not store.orders


@pytest.mark.parametrize("header", ["", "t=1,v1=", "t=x,v1=y", "v1=", "t=,v1=ä", "t=99999999999999999999,v1=a"])
def test_the_shop_believes_no_message_without_a_signature(store: Store, header: str) -> None:
    assert not store.believes(header, b"{}")
