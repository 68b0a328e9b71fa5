"""A certificate or protocol at fault: every http check says so, and none of them talks to the server all the same."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pytest_readiness.core.domains import load_catalogue
from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify
from pytest_readiness.domains.http.resource import Url
from tests.judging import judge
from tests.stack.certs import Authority
from tests.stack.fixtures import NginxFactory
from tests.stack.nginx import Options

FAULTS: dict[str, tuple[Callable[[Authority], Options], str]] = {
    "expired": (lambda authority: {"https": authority.issue(expired=True)}, "a certificate of the path has expired"),
    "self-signed": (lambda authority: {"https": authority.self_signed()}, "the certificate is self-signed"),
    "wrong name": (
        lambda authority: {"https": authority.issue(["other.example.com"])},
        "the certificate is not for this name",
    ),
    "incomplete chain": (
        lambda authority: {"https": authority.issue(via_intermediate=True, chain="missing")},
        "no path leads to the trust store",
    ),
    "TLS 1.0 only": (
        lambda authority: {"https": authority.issue(), "protocols": "TLSv1", "ciphers": "ALL:@SECLEVEL=0"},
        "refused the TLS handshake|could not be asked for .the server speaks other versions of TLS only",
    ),
}

TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1c2VyIn0.c2lnbmF0dXJl"
"""A JSON Web Token of nobody's."""

FIELDS = {"fields": {"name": "value"}}
PARAMETERS: Mapping[str, Mapping[str, Any]] = {
    "http.auth_required": {"paths": ["/account"]},
    "http.auth_works": {"path": "/account", "credential": "user"},
    "http.available_during_deploy": {"path": "/health", "version_field": "version", "seconds": 5},
    "http.csrf": {"path": "/form", **FIELDS},
    "http.default_credentials": {"path": "/login", "failure": "wrong"},
    "http.deployed_version": {"path": "/health", "version": "1.0"},
    "http.error_500": {"path": "/error", "text": "sorry"},
    "http.flow": {"steps": [{"name": "home", "get": "/", "expect": {"status": 200}}]},
    "http.health_dependencies": {"names": ["database"]},
    "http.input_validation": {"path": "/form", "sample": {"name": "value"}},
    "http.jwt": {"path": "/account", "credential": "user"},
    "http.maintenance_page": {"path": "/maintenance", "text": "back soon"},
    "http.password_policy": {"path": "/password", "messages": ["too short"], "fields": {"password": "{password}"}},
    "http.rate_limit": {"path": "/login", "limit": 5},
    "http.role_forbidden": {"paths": ["/admin"], "credential": "user", "own": "/account"},
    "http.upload_limit": {"path": "/upload", "max_mb": 1, "accepted": "png"},
    "http.versioned_api": {"paths": ["/v1"]},
    "http.webhook_signature": {"path": "/hook", "scheme": "github", "credential": "user"},
    "http.websocket": {"path": "/socket"},
}
"""Of checks that have parameters without a default."""


@dataclass(frozen=True)
class Faulty:
    """A server with a fault in TLS that would answer every request.

    Attributes:
        url: as the target declares it.
        why: words of the reason.
        log: requests that it answered over TLS.
    """

    url: Url
    why: str
    log: Path


@pytest.fixture(scope="module", params=FAULTS)
def faulty(
    request: pytest.FixtureRequest,
    authority: Authority,
    nginx_factory: NginxFactory,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Faulty]:
    make, why = FAULTS[request.param]
    log = tmp_path_factory.mktemp("faulty") / "access.log"
    options: Options = {**make(authority), "redirect": True, "raw": f"access_log {log};"}
    with nginx_factory(**options) as server:
        url = Url.model_validate(
            {
                "name": "shop",
                "url": server.url,
                "plain_http": server.http_url,
                "ca": authority.ca_file,
                "health": "/health",
                "readiness": "/ready",
                "liveness": "/live",
                "credentials": {"user": {"token": TOKEN}},
            }
        )
        yield Faulty(url, why, log)


PLAIN = "http.https_redirect"
"""It looks at the plain side, where there is no TLS."""


def http_checks() -> list[str]:
    return [id for id, check in sorted(load_catalogue().items()) if check.domain == "http" and id != PLAIN]


@pytest.mark.parametrize("id", http_checks())
def test_http_check_tells_the_fault(id: str, faulty: Faulty) -> None:
    with pytest.raises((ClaimFalse, CouldNotVerify)) as caught:
        judge(id, faulty.url, **PARAMETERS.get(id, {}))
    assert re.search(faulty.why, str(caught.value)), str(caught.value)
    assert faulty.log.read_text() == ""


def test_ca_of_the_target_is_the_only_one_that_counts(
    authority: Authority, nginx_factory: NginxFactory, tmp_path: Path
) -> None:
    """The same server, with the right authority and with another one."""
    with nginx_factory(https=authority.issue()) as server:
        assert judge("http.reachable", Url(name="shop", url=server.url, ca=authority.ca_file)).text
        other = Authority(tmp_path / "other")
        for ca in (other.ca_file, None):
            with pytest.raises((ClaimFalse, CouldNotVerify), match=r"no path leads to the trust store|self-signed"):
                judge("http.reachable", Url(name="shop", url=server.url, ca=ca))


def test_redirect_to_a_fault_is_seen_without_following_it(faulty: Faulty) -> None:
    assert judge(PLAIN, faulty.url).text
    assert faulty.log.read_text() == ""
