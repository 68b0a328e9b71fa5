from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests

from pytest_readiness.checklist.reading import read_checklist
from pytest_readiness.config.loading import load_configuration
from pytest_readiness.core.domains import load_catalogue
from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify, NotDeclared
from pytest_readiness.people.decisions import Circumstances, judge_signoffs
from pytest_readiness.plan.binding import bindings_path
from pytest_readiness.plan.bindings import read_bindings
from pytest_readiness.plan.plan import Plan, PlannedTest, make_plan
from suites.demo import shop
from tests.judging import judge
from tests.stack.patience import patient

ROOT = Path(__file__).parent.parent
SEEN_HERE = ("url", "env_file", "document")
"""Kinds of the demo's resources that are the same on every machine."""


@contextmanager
def planned(faults: Collection[str]) -> Iterator[Plan]:
    with shop.running(faults) as variables:
        configuration = load_configuration(ROOT / "readiness.yaml", "demo", variables)
        yield make_plan(configuration, configuration.checklists, frozenset({"passive"}), fenced=False)


def outcome(plan: Plan, test: PlannedTest) -> str:
    if test.signoff is not None:
        evidence, refusal = judge_signoffs(
            test.signoff,
            plan.decisions.signoffs.get(test.full_item, ()),
            plan.decisions.asked.get(test.full_item, ()),
            Circumstances(plan.configuration.roles, plan.decisions.folder, None, datetime.now(UTC).date()),
        )
        return "" if evidence else refusal
    assert test.check is not None
    assert test.resource is not None
    try:
        judge(test.check.id, test.resource, **test.parameters)
    except (ClaimFalse, CouldNotVerify, NotDeclared) as error:
        return str(error)
    return ""


def open_items(plan: Plan, *domains: str) -> dict[str, str]:
    """Items that do not pass, and why: what is signed, and what the checks of these domains look at."""
    return {
        test.item.id: reason
        for test in plan.tests()
        if test.signoff or (test.check and test.check.domain in domains and test.settled is None)
        if (reason := outcome(plan, test))
    }


CHEAP = ("http", "env", "docs")


def test_nothing_is_wrong_once_every_fault_is_mended() -> None:
    with planned(()) as plan:
        assert open_items(plan, *CHEAP, "tls") == {}


def test_every_fault_is_found_and_nothing_else() -> None:
    with planned(shop.FAULTS) as plan:
        assert set(open_items(plan, *CHEAP)) == {fault.item for fault in shop.FAULTS.values()}


@pytest.mark.parametrize("name", shop.FAULTS)
def test_each_fault_fails_its_item_only(name: str) -> None:
    with planned([name]) as plan:
        assert list(open_items(plan, *CHEAP)) == [shop.FAULTS[name].item]


def test_faults_have_different_severities() -> None:
    with planned(()) as plan:
        items = {fault.item for fault in shop.FAULTS.values()}
        severities = {test.item.id: test.severity for test in plan.tests() if test.item.id in items}
    assert set(severities) == items
    assert {"critical", "high", "medium", "low"} <= set(severities.values())


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
    with pytest.raises(ValueError, match=r"DEMO_MEND names no fault of the demo: cookies\. Known: all, exposed-"):
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


@pytest.mark.parametrize("method", ["POST", "PUT", "TRACE", "NONSENSE"])
def test_shop_refuses_other_methods_with_its_headers(variables: Mapping[str, str], method: str) -> None:
    url = f"https://localhost:{variables['DEMO_HTTPS_PORT']}/"
    answer = requests.request(method, url, timeout=patient(5), verify=variables["DEMO_CA"])
    assert answer.status_code == 501
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


def test_nothing_is_imported_unless_the_demo_is_asked_for() -> None:
    code = (
        "import sys, conftest; assert conftest.pytest_readiness_variables(None, 'prod') == {};"
        "assert not [name for name in sys.modules if name.startswith(('suites', 'cryptography', 'http.server'))]"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=patient(60))
