"""All active checks of http together: the good application passes, and one fault fails exactly its check."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_readiness.core import audit
from pytest_readiness.core.domains import load_catalogue
from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify, Unreachable
from pytest_readiness.core.registry import CHECKS, CLASSES, FACTS, class_of
from pytest_readiness.protocols.http import client as http_client
from tests.domains.http.http_shop import ORIGIN, SECRETS, Shop
from tests.judging import judge, read
from tests.record.test_recording import same_after_replay
from tests.stack.patience import patient
from tests.stack.process import free_port
from tests.stack.silent import FlakyServer, Response, SilentServer

LOGIN = {"path": "/login", "failure": "wrong user or password"}
REGISTER = {"path": "/register", "messages": ["too weak"], "fields": {"email": "readiness-{unique}@example.com"}}
CSRF = {"path": "/settings", "page": "/settings", "token": "csrf", "credential": "session", "fields": {"name": "x"}}
GOOD: dict[str, dict[str, Any]] = {
    "http.auth_required": {"paths": ["/admin", "/mine"]},
    "http.auth_works": {"path": "/mine", "credential": "clerk"},
    "http.role_forbidden": {"paths": ["/admin"], "credential": "clerk", "own": "/mine", "admin": "boss"},
    "http.jwt": {"path": "/mine", "credential": "user", "login": "/login"},
    "http.csrf": CSRF,
    "http.default_credentials": {**LOGIN, "credential": "user"},
    "http.password_policy": REGISTER,
    "http.cors": {"path": "/orders", "origins": [ORIGIN], "method": "PUT"},
    "http.host_header": {},
    "http.methods": {"allowed": ["GET", "HEAD", "OPTIONS"]},
    "http.rate_limit": {"path": "/limited", "limit": 10, "recovery": 1},
    "http.input_validation": {"path": "/orders", "sample": {"item": "pen", "count": 1}, "max_kb": 64},
    "http.upload_limit": {"path": "/upload", "max_mb": 0.125, "accepted": "png"},
    "http.webhook_signature": {"path": "/hooks/stripe", "scheme": "stripe", "credential": "hook"},
    "http.error_500": {"path": "/boom", "text": "Something went wrong"},
}


COUNTED = {
    *("http.jwt", "http.csrf", "http.default_credentials", "http.password_policy", "http.rate_limit"),
    *("http.upload_limit", "http.webhook_signature"),
}
"""Checks of which nothing is sent a second time because the network failed once."""


def outcomes(shop: Shop) -> dict[str, Exception]:
    found: dict[str, Exception] = {}
    for id, parameters in GOOD.items():
        shop.wrong.clear()
        shop.limited = 0
        try:
            judge(id, shop.url, **parameters)
        except (ClaimFalse, CouldNotVerify) as error:
            found[id] = error
    return found


def test_a_good_application_passes_everything(shop: Shop) -> None:
    assert outcomes(shop) == {}


@pytest.mark.parametrize(
    ("fault", "id"),
    [
        ("admin open", "http.auth_required http.role_forbidden"),
        ("mine broken", "http.auth_works"),
        ("role ignored", "http.role_forbidden"),
        ("none accepted", "http.jwt"),
        ("no protection", "http.csrf"),
        ("default password", "http.default_credentials"),
        ("common taken", "http.password_policy"),
        ("origin echoed", "http.cors"),
        ("host reflected", "http.host_header"),
        ("trace", "http.methods"),
        ("no limit", "http.rate_limit"),
        ("json unchecked", "http.input_validation"),
        ("large taken", "http.upload_limit"),
        ("unsigned taken", "http.webhook_signature"),
        ("other page", "http.error_500"),
    ],
)
def test_one_fault_fails_exactly_its_check(shop: Shop, fault: str, id: str) -> None:
    shop.fault = fault
    found = outcomes(shop)
    assert [each for each, error in found.items() if isinstance(error, ClaimFalse)] == id.split(), found
    for error in found.values():
        if isinstance(error, ClaimFalse):
            assert error.seen
            assert "\n" not in error.expected + error.seen


def test_secrets_are_in_no_question_evidence_or_audit(shop: Shop) -> None:
    lines: list[str] = []
    secrets = {*SECRETS, *shop.url.secrets()}
    audit.start(lines.append)  # type: ignore[arg-type]
    try:
        for id, parameters in GOOD.items():
            shop.wrong.clear()
            shop.limited = 0
            asked = CHECKS[id].asked(shop.url, dict(CHECKS[id].parameters.model_validate(parameters)))
            lines += [repr(asked), judge(id, shop.url, **parameters).text]
    finally:
        audit.stop()
    assert len(lines) > 100
    assert not [line for line in lines for secret in secrets if secret in line]


def test_what_is_read_holds_no_token(shop: Shop) -> None:
    for id in ("http.jwt", "http.default_credentials"):
        parameters = dict(CHECKS[id].parameters.model_validate(GOOD[id]))
        asks = CHECKS[id].asked(shop.url, parameters)
        [name] = [name for name in CHECKS[id].fixtures if name in FACTS]
        assert "eyJ" not in repr(read(name, shop.url, asks))
        shop.wrong.clear()


@pytest.mark.parametrize("id", GOOD)
def test_what_is_read_can_be_replayed(shop: Shop, id: str) -> None:
    asks = CHECKS[id].asked(shop.url, dict(CHECKS[id].parameters.model_validate(GOOD[id])))
    for name in CHECKS[id].fixtures:
        if name in FACTS and (asks.get(name) or FACTS[name].asking != "ask"):
            assert same_after_replay(name, shop.url, asks)


@pytest.mark.parametrize("allow", [(), ("--readiness-allow=active",)])
def test_they_are_off_unless_allowed(shop: Shop, pytester: pytest.Pytester, allow: tuple[str, ...]) -> None:
    pytester.makefile(".yaml", readiness=f"targets: {{prod: {{urls: {{shop: '{shop.app.url}'}}}}}}")
    pytester.makefile(".md", release="# Release\n\n## Web\n\n- [ ] Odd methods are refused\n")
    pytester.makefile(".checks.yaml", release="web: {odd-methods-are-refused: http.methods}")
    run = pytester.runpytest_subprocess(
        *("--readiness-target=prod", "--readiness-audit=audit.log", "release.md", *allow), timeout=patient(60)
    )
    run.assert_outcomes(passed=1 if allow else 0, skipped=0 if allow else 1)
    assert [request.method for request in shop.app.requests].count("TRACE") == len(allow)
    lines = (pytester.path / "audit.log").read_text("utf-8").splitlines()
    assert sum(f"TRACE {shop.app.url}/ at localhost" in line for line in lines) == len(allow)
    if not allow:
        run.stdout.fnmatch_lines(["  active checks; --readiness-allow=active or*"])


@pytest.mark.parametrize("id", GOOD)
def test_a_closed_port_is_unreachable(shop: Shop, id: str) -> None:
    url = shop.url.model_copy(update={"url": f"http://localhost:{free_port()}"})
    with pytest.raises(Unreachable, match="refused the connection"):
        judge(id, url, **GOOD[id])


@pytest.mark.parametrize("id", GOOD)
@pytest.mark.parametrize(
    ("server", "why"), [(SilentServer, "was not answered within"), (lambda: FlakyServer(99), "reset")]
)
def test_no_answer_is_no_verdict(shop: Shop, monkeypatch: pytest.MonkeyPatch, id: str, server: Any, why: str) -> None:
    monkeypatch.setattr(http_client, "READ_SECONDS", patient(0.2))
    with server() as running:
        url = shop.url.model_copy(update={"url": running.url})
        with pytest.raises(CouldNotVerify, match=why) as caught:
            judge(id, url, **GOOD[id])
        assert not caught.value.transient or id not in COUNTED


@pytest.mark.parametrize("status", [404, 403, 401, 429, 500, 503, 200, 302])
@pytest.mark.parametrize("id", GOOD)
def test_a_site_that_answers_everything_alike_passes_nothing(shop: Shop, id: str, status: int) -> None:
    class Alike(dict[str, Any]):
        def get(self, path: str, default: Any = None) -> Any:
            page = b"<!doctype html><title>Shop</title><p>Sorry</p>"
            location = [("Location", "/login")] if status == 302 else []
            return Response(status, [("Content-Type", "text/html"), *location], page)

    shop.app.routes = Alike()
    if (id, status) in {("http.host_header", 200), ("http.host_header", 302)}:
        assert "not reflected" in judge(id, shop.url).text
        return
    with pytest.raises((ClaimFalse, CouldNotVerify)):
        judge(id, shop.url, **GOOD[id])


def test_classes() -> None:
    load_catalogue()
    for id in GOOD:
        facts = [name for name in CHECKS[id].fixtures if name not in ("url", "admission", "missing_page")]
        assert all(CLASSES.index(class_of(name)) <= CLASSES.index(CHECKS[id].check_class) for name in facts)
    passive = {id for id in GOOD if CHECKS[id].check_class == "passive"}
    assert passive == {"http.auth_required", "http.auth_works"}
    assert all("Sends:" in (CHECKS[id].judge.__doc__ or "") for id in GOOD)
