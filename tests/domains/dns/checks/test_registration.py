from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pytest_readiness.core.evidence import CouldNotVerify, Evidence
from pytest_readiness.domains.dns.facts.registration import service
from tests.domains.dns.dns_world import Registered, World, rdap, seen
from tests.judging import judge
from tests.stack.certs import Authority
from tests.stack.patience import patient
from tests.stack.process import free_port
from tests.stack.silent import Response, WebApp


def test_registration(registered: Registered, registry_app: WebApp) -> None:
    evidence = judge("dns.registration", registered(rdap()))
    day = f"{datetime.now(UTC) + timedelta(days=100):%Y-%m-%d}"
    assert evidence == Evidence(f"good.test until {day} (99 days); active, client transfer prohibited")
    assert registry_app.requests[-1].headers["Accept"] == "application/rdap+json, application/json"


def test_registration_warns(registered: Registered) -> None:
    assert judge("dns.registration", registered(rdap(status=["active"]))).warning == "no lock against transfers"
    paid = ["paid", "ok", "locked"]
    assert judge("dns.registration", registered(rdap(status=paid))).warning == "RDAP does not define the status paid"
    renewing = ["locked", "auto renew period"]
    assert "is renewing it automatically" in judge("dns.registration", registered(rdap(status=renewing))).warning


DATES = {"expiration": 365, "registrar expiration": 5}


def test_registration_that_the_registrar_ends_earlier(registered: Registered) -> None:
    ends = {name: f"{datetime.now(UTC) + timedelta(days=days):%Y-%m-%dT%H:%M:%SZ}" for name, days in DATES.items()}
    events = [{"eventAction": name, "eventDate": date} for name, date in ends.items()]
    warning = judge("dns.registration", registered(rdap(events=events))).warning
    assert warning == f"by its registrar, it ends on {ends['registrar expiration'][:10]}"


@pytest.mark.parametrize(
    "status",
    [
        "serverDeleteProhibited",
        "client delete prohibited",
        "delete prohibited",
        "auto renew period",
        "paid",
        "validated",
    ],
)
def test_registration_with_a_status_that_takes_nothing(registered: Registered, status: str) -> None:
    assert judge("dns.registration", registered(rdap(status=[status])))


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (rdap(days=29.5), "(29 days)"),
        (rdap(days=-3.5), "(expired)"),
        (rdap(status=["Redemption Period", "inactive"]), "good.test: inactive, redemption period"),
        (rdap(status=["client hold", "active"]), "good.test: client hold"),
        (rdap(status=["server hold"]), "good.test: server hold"),
        (rdap(status=["clientHold", "active"]), "good.test: client hold"),
        (rdap(status=["pending delete"]), "good.test: pending delete"),
        (rdap(status=["pending delete restorable"]), "good.test: pending delete restorable"),
        (rdap(status=["pending create"]), "good.test: pending create"),
        (rdap(status="client hold"), "good.test: client hold"),
        (rdap(status=["ACTIVE", "SERVER_HOLD"]), "good.test: server hold"),
        (rdap(status=["server-hold"]), "good.test: server hold"),
        (rdap(status=["clientHold https://icann.org/epp#clientHold"]), "good.test: client hold"),
    ],
)
def test_registration_fails(registered: Registered, data: dict[str, Any], what: str) -> None:
    assert what in seen("dns.registration", registered(data))


def test_registration_of_the_name_above(registered: Registered, registry_app: WebApp) -> None:
    domain = registered(rdap(), domain="api.good.test")
    assert judge("dns.registration", domain).text.startswith("good.test until ")
    assert [request.path for request in registry_app.requests[-2:]] == [
        "/rdap/domain/api.good.test",
        "/rdap/domain/good.test",
    ]


def test_not_registered(registered: Registered, registry_app: WebApp) -> None:
    domain = registered(rdap(), domain="api.nosuch.test")
    service = f"{registry_app.url}/rdap/"
    assert seen("dns.registration", domain) == f"api.nosuch.test, nosuch.test not registered, as {service} answers"


def test_registered_suffix_is_not_taken_for_the_domain(registered: Registered) -> None:
    """A registry may know its own suffix (co.uk), where the team's name below it is gone."""
    with pytest.raises(CouldNotVerify, match=r"good\.test is registered, but there is no gone\.good\.test in DNS"):
        judge("dns.registration", registered(rdap(), domain="www.gone.good.test"))


ENDS = {"eventAction": "expiration", "eventDate": (datetime.now(UTC) + timedelta(days=100)).isoformat()}
DELETED = [ENDS, {"eventAction": "deletion", "eventDate": "2026-01-01T00:00:00Z"}]
AGAIN = [*DELETED, {"eventAction": "reregistration", "eventDate": "2026-02-01T00:00:00Z"}]


def test_registration_after_a_deletion(registered: Registered) -> None:
    later = [ENDS, {"eventAction": "deletion", "eventDate": ENDS["eventDate"]}]
    for events in (AGAIN, later):
        assert not judge("dns.registration", registered(rdap(events=events))).warning


@pytest.mark.parametrize(
    ("data", "status", "reason"),
    [
        (b"<!doctype html><title>Welcome</title>", 200, "was answered with no RDAP object of good.test"),
        ([], 200, "was answered with no RDAP object of good.test"),
        (rdap("other.test"), 200, "was answered with no RDAP object of good.test"),
        (rdap(objectClassName="entity"), 200, "was answered with no RDAP object of good.test"),
        (rdap(status={"client hold": True}), 200, "the status of good.test in RDAP is no list of words"),
        (rdap(status=[["client hold"]]), 200, "the status of good.test in RDAP is no list of words"),
        (rdap(status=["ok", "Expired"]), 200, "the status expired, which RDAP does not define"),
        (rdap(status=["registry-hold"]), 200, "the status registry hold, which RDAP does not define"),
        (rdap(status=["paid", "outzone"]), 200, "the status outzone, which RDAP does not define"),
        (rdap(status=["notDelegated"]), 200, "the status not delegated, which RDAP does not define"),
        (rdap(status=["reserved"]), 200, "the status reserved, which RDAP does not define"),
        (rdap(events=DELETED), 200, "gives 2026-01-01 as the day on which good.test is deleted"),
        (rdap(events=[]), 200, "does not say how long good.test is registered"),
        (rdap(events=[{"eventAction": "expiration", "eventDate": "soon"}, 7]), 200, "does not say how long"),
        (b"", 400, "was answered 400"),
        (b"", 401, "was answered 401"),
        (b"", 429, "was answered 429, too many requests"),
        (b"", 503, "was answered 503"),
    ],
)
def test_registration_is_not_known(registered: Registered, data: Any, status: int, reason: str) -> None:
    with pytest.raises(CouldNotVerify, match=reason):
        judge("dns.registration", registered(data, status=status))


def test_registry_that_redirects_to_plain_http(world: World, registry_app: WebApp, authority: Authority) -> None:
    """Also where the service is the one that IANA lists."""
    with WebApp() as plain:
        registry_app.routes["/rdap/domain/plain.test"] = Response(302, [("Location", plain.url)])
        domain = world.domain("plain.test", ca=authority.ca_file)
        with (
            service(domain, f"{registry_app.url}/rdap/", time.monotonic() + patient(10)) as registry,
            pytest.raises(CouldNotVerify, match=r"led to http://.*, which is not https"),
        ):
            registry.get("domain/plain.test", dict)
        assert not plain.requests


def test_registry_that_redirects(registered: Registered, registry_app: WebApp) -> None:
    domain = registered(rdap(), name="moved.test", domain="good.test")
    registry_app.routes["/rdap/domain/good.test"] = Response(302, [("Location", "/elsewhere")])
    registry_app.routes["/elsewhere"] = Response(body=json.dumps(rdap()).encode())
    assert judge("dns.registration", domain)
    registry_app.routes["/elsewhere"] = Response(302, [("Location", "/elsewhere")])
    with pytest.raises(CouldNotVerify, match="redirected more than 3 times, last to"):
        judge("dns.registration", domain)
    registry_app.routes["/elsewhere"] = Response(302, [("Location", "http://localhost:1/")])
    with pytest.raises(CouldNotVerify, match="which is not https"):
        judge("dns.registration", domain)


def test_registry_that_is_not_trusted(registered: Registered) -> None:
    domain = registered(rdap()).model_copy(update={"ca": None})
    with pytest.raises(CouldNotVerify, match="is not trusted"):
        judge("dns.registration", domain)


def test_registry_that_is_gone(world: World) -> None:
    port = free_port()
    with pytest.raises(CouldNotVerify, match=f"localhost:{port} refused the connection"):
        judge("dns.registration", world.domain("good.test", rdap=f"https://localhost:{port}/"))


def test_registry_without_tls(world: World) -> None:
    with WebApp({"/domain/good.test": Response(body=json.dumps(rdap()).encode())}) as app:
        warning = judge("dns.registration", world.domain("good.test", rdap=app.url)).warning
    assert warning == f"{app.url} was asked without TLS"


def test_services_that_iana_lists(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with WebApp({"/domain/good.test": Response(body=json.dumps(rdap()).encode())}) as app:
        services = [[["example"], ["https://rdap.example.com/"]], [["TEST"], [f"{app.url}/"]]]
        app.routes["/dns.json"] = Response(body=json.dumps({"services": services}).encode())
        monkeypatch.setattr("pytest_readiness.domains.dns.facts.registration.BOOTSTRAP", f"{app.url}/dns.json")
        assert judge("dns.registration", world.domain("good.test")).text.startswith("good.test until ")
        with pytest.raises(CouldNotVerify, match=r"IANA lists no RDAP service for \.invalid"):
            judge("dns.registration", world.domain("good.invalid"))
        for body, status in ((b"[]", 200), (b"", 200), (b"{}", 200), (b"", 500)):
            app.routes["/dns.json"] = Response(status, body=body)
            with pytest.raises(CouldNotVerify, match="was answered"):
                judge("dns.registration", world.domain("good.test"))
