"""Everything that the suites' target declares is true of the good world."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_readiness.core.domains import catalogue
from tests.suites.declared import CHECKS, Declared, parameters
from tests.suites.world import World

BOUND: dict[str, dict[str, Any]] = {
    "limited_path": {"http.rate_limit": {"limit": 100}},
    "version": {"http.deployed_version": {"version": "1.4.2"}},
    "product_domain": {"dns.subdomains": {"names": ["www", "api"]}},
}
"""What the bindings add to a set of parameters."""


def test_every_set_of_parameters_is_for_a_check() -> None:
    assert sorted(parameters()) == sorted(CHECKS)


@pytest.mark.parametrize("name", [name for name in CHECKS if name != "rollout"])
def test_parameters_are_true(declared: Declared, name: str) -> None:
    assert declared.ask_set(name, **BOUND.get(name, {}))


OTHERS: dict[str, tuple[str, dict[str, Any]]] = {
    **{
        f"http.{name}": ("", {})
        for name in (
            *("reachable", "https_redirect", "hsts", "csp", "frame_options", "nosniff", "referrer_policy", "cookies"),
            *("permissions_policy", "security_headers", "xss_protection", "banner", "health", "readiness", "liveness"),
            *("errors", "exposed_files", "no_debug", "robots", "security_txt", "caching", "compression", "links"),
            *("static_assets", "mixed_content", "page_weight", "methods", "host_header"),
        )
    },
    **{
        f"browser.{name}": ("site", {})
        for name in (
            *("accessibility", "captions", "console", "contrast", "images", "keyboard", "page_load", "requests"),
            *("responsive", "touch_targets", "web_vitals"),
        )
    },
    "browser.engines": ("site", {"engines": ["chromium"]}),
    **{
        f"tls.{name}": ("", {})
        for name in ("chain", "ciphers", "expiry", "key", "lifetime", "tls13", "trusted", "versions", "vulnerabilities")
    },
    **{f"tls.{name}": ("site", {}) for name in ("mozilla", "ocsp", "resumption")},
    **{f"dns.{name}": ("", {}) for name in ("resolves", "spf", "dmarc", "propagated", "nameservers", "ttl", "dnssec")},
    "dns.registration": ("mail", {}),
    **{f"host.{name}": ("", {}) for name in ("reachable", "disk", "memory", "swap", "time_synced", "ssh_hardened")},
    **{
        f"container.{name}": ("", {})
        for name in (
            *("running", "healthy", "restart_policy", "memory_limit", "non_root", "not_privileged"),
            "no_docker_socket",
        )
    },
    "image.pinned": ("", {}),
    **{
        f"postgres.{name}": ("", {})
        for name in ("connects", "tls", "version_supported", "connections", "role", "slow_query_log")
    },
    **{f"mail.{name}": ("", {}) for name in ("reachable", "starttls", "auth", "wrong_password", "not_open_relay")},
    "env.no_placeholders": ("production", {}),
    "docs.present": ("", {}),
    "docs.sections": ("", {"sections": ["Overview"]}),
    "net.only_open": ("web", {"ports": [80, 443], "range": "1-1024"}),
}
"""The other checks that need no parameters of the target: what they look at, and what a binding says."""


@pytest.mark.parametrize("id", OTHERS)
def test_checks_pass(declared: Declared, id: str) -> None:
    on, given = OTHERS[id]
    assert declared.ask(id, on, **given)


def test_a_new_version_is_rolled_out_without_a_failure(good_world: World, declared: Declared) -> None:
    with good_world.deploying():
        assert declared.ask_set("rollout")


def test_every_check_is_asked() -> None:
    asked = {id for ids in CHECKS.values() for id in ids} | OTHERS.keys()
    assert catalogue().keys() - asked == {
        # Both hosts are in one network namespace.
        "net.reachable_from",
    }
