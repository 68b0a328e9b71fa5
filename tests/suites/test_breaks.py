"""Each break of the world that no run of the suites has makes a check fail that passes in the good one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pytest_readiness.core.evidence import ClaimFalse
from tests.suites.breaks import BATCHES, BREAKS
from tests.suites.declared import BOUND, CHECKS, FLOWS, JOURNEYS, MAILS, OTHERS, Declared, parameters
from tests.suites.plan import Plan
from tests.suites.world import World

SIGNED_OUT = [
    *parameters()["login"]["steps"],
    {"name": "someone signs out", "submit": {"form": "#main"}, "expect": {"status": 303}},
    {"name": "the page is closed again", "get": "/account", "expect": {"status": 302, "location": "/login"}},
]
TOKEN = {name: value for name, value in parameters()["token"].items() if name != "on"}
SEEN_BY: dict[str, str | tuple[str, str, dict[str, Any]]] = {
    # By the application's faults
    "any-document": "validation",
    "any-file": "upload_limit",
    "any-password": "reset_mail",
    "article-lost": "library",
    "assessment-wrong": "assessment",
    "change-lost": "admin_operations",
    "common-passwords": "password_policy",
    "confirmation-refused": "email_verification",
    "contrast": "browser.contrast",
    "cookie-httponly": "http.cookies",
    "cookie-samesite": "http.cookies",
    "cookie-secure": "http.cookies",
    "cors-any": "cors",
    "cors-none": "cors",
    "csrf": "csrf",
    "dashboard-empty": "dashboard",
    "database-down": "dependencies",
    "dead-image": "http.static_assets",
    "dead-link": "http.links",
    "declined-taken": "payment_declined",
    "default-password": "default_credentials",
    "error-shape": "error_shape",
    "foreign-link": "email_verification",
    "forgets": "login",
    "goal-lost": "goal",
    "health-without-database": "dependencies",
    "image-alt": "browser.accessibility",
    "image-eager": "browser.images",
    "image-size": "browser.images",
    "large-documents": "validation",
    "large-files": "upload_limit",
    "leaked-key": "bundle",
    "letter-lost": "text_contact",
    "library-empty": "library",
    "link-dead": "payment_link",
    "logout": ("http.flow", "site", {"steps": SIGNED_OUT}),
    "mail-down": "dependencies",
    "metrics-missing": "business_metrics",
    "mixed-content": "http.mixed_content",
    "no-captions": "browser.captions",
    "no-confirmation-mail": "email_verification",
    "no-interpreter": "interpreter",
    "no-invoice-mail": "invoice_mail",
    "no-lockout": "default_credentials",
    "no-notification-mail": "notification_mail",
    "no-receipt": "receipt",
    "no-recommendations": "recommendations",
    "no-reset-mail": "reset_mail",
    "no-welcome-mail": "welcome_mail",
    "nobody-in": "login_page",
    "old-webhooks": "webhook_signature",
    "one-factor": "second_factor",
    "open-admin": "customer_limits",
    "open-door": "protected_paths",
    "open-metrics": "metrics",
    "open-redirect": "login",
    "order-lost": "order",
    "order-total": "order",
    "payment-lost": "payment",
    "payment-refused": "payment_initiation",
    "product-lost": "product",
    "product-stays": "admin_operations",
    "products-broken": "openapi",
    "receipt-total": "receipt",
    "refund-lost": "refund",
    "registration-lost": "registration",
    "reset-lost": "reset_mail",
    "script-error": "browser.console",
    "short-passwords": "password_policy",
    "silent-alert": "visual_alert",
    "slow-api": "api_time",
    "slow-pages": "page_time",
    "small-target": "browser.touch_targets",
    "spa": "http.errors",
    "sql-error": "validation",
    "tells-accounts": "password_reset",
    "token-endless": "token",
    "token-for-ever": ("http.jwt", "api", {**TOKEN, "expired": "expired"}),
    "token-unverified": "token",
    "trace-404": "http.errors",
    "trace-500": "server_error",
    "trap": "browser.keyboard",
    "undescribed": "openapi",
    "unescaped": "validation",
    "unsigned-webhooks": "webhook",
    "upload-lost": "upload",
    "webhook-ignored": "payment_status",
    "wide": "browser.responsive",
    # By reports, the repository and its forge
    "test-failed": "unit_tests",
    "vulnerable-dependency": "dependency_audit",
    "slow-under-load": "load_limits",
    "never-recovers": "stress_test",
    "rollback-failed": ("artifact.drill", "records", {"kind": "rollback", "system": "shop", "environment": "staging"}),
    "coverage-low": "acceptable_coverage",
    "finding": "static_analysis",
    "alert": "zap_scan",
    "secret-in-code": "source.no_secrets",
    "todo": "source.no_todo",
    "tests-ignored": "ci.runs_tests",
    "stale-run": "deployment_pipeline",
    "blocker": "blocking_issues",
    # By the web server
    "no-redirect": "http.https_redirect",
    "redirect-temporary": "http.https_redirect",
    "hsts-missing": "http.hsts",
    "hsts-short": "http.hsts",
    "csp-missing": "http.csp",
    "csp-inline": "http.csp",
    "framed": "http.frame_options",
    "sniffed": "http.nosniff",
    "referrer": "http.referrer_policy",
    "features": "http.permissions_policy",
    "xss-filter": "http.xss_protection",
    "version-told": "http.banner",
    "no-edge": "cdn",
    "uncompressed": "http.compression",
    "uncached": "http.caching",
    "no-websocket": "websocket",
    "foreign-host": "http.host_header",
    "api-unlimited": "api_limit",
    "login-unlimited": "login_limit",
    "payment-unlimited": "payment_limit",
    "robots-forbidden": "http.robots",
    "no-security-txt": "http.security_txt",
    "security-txt-expired": "http.security_txt",
    "no-maintenance-page": "maintenance_page",
    "env-served": "http.exposed_files",
    "git-served": "http.exposed_files",
    "debugger": "http.no_debug",
    "picture-gone": "browser.requests",
    "large-page": "weight",
    "downtime": "rollout",
    "port-open": "closed_ports",
    "tls-old": "tls.versions",
    "tls-without-13": "tls.tls13",
    "tls-weak-suites": "tls.ciphers",
    "tls-no-resumption": "tls.resumption",
    "no-staple": "tls.ocsp",
    "certificate-expired": "tls.expiry",
    "certificate-ends": "tls.expiry",
    "certificate-name": "tls.trusted",
    "certificate-long": "tls.lifetime",
    "certificate-weak": "tls.key",
    "chain-broken": "tls.chain",
    "other-authority": "issuer",
    # By the variables of the release
    "placeholder": "env.no_placeholders",
    "variable-missing": "required_variables",
    "variable-empty": "redis_variables",
    "secret-short": "secrets",
    "secret-guessable": "secrets",
    "debug-on": "production_values",
    "flask-debug-on": ("env.values", "production", {"values": {"FLASK_DEBUG": False}}),
    "development-mode": "production_values",
    "cookie-setting": ("env.values", "production", {"values": {"SESSION_COOKIE_SECURE": True}}),
    "test-key": "live_keys",
    "wrong-address": "site_address",
    "database-password-weak": "database_password",
    # By documents
    **{
        name: ("docs.sections", label, {"sections": ["Overview"]})
        for name, label in (
            *(("runbook-empty", "runbook"), ("rollback-empty", "rollback"), ("deployment-empty", "deployment")),
            *(("recovery-empty", "recovery"), ("incidents-empty", "incidents"), ("readme-empty", "readme")),
            *(("api-document-empty", "api"), ("architecture-empty", "architecture")),
            ("objectives-empty", "objectives"),
        )
    },
    # By containers
    "container-root": "container.non_root",
    "container-unlimited": "container.memory_limit",
    "container-no-restart": "container.restart_policy",
    "container-privileged": "container.not_privileged",
    "container-unhealthy": "container.healthy",
    "container-ended": "container.running",
    "container-socket": "container.no_docker_socket",
    "image-latest": "image.pinned",
    # By the host
    "ssh-root": "host.ssh_hardened",
    "ssh-passwords": "host.ssh_hardened",
    "ssh-weak": "host.ssh_hardened",
    "service-stopped": "services",
    "service-not-at-boot": "services",
    "disk-full": "host.disk",
    "clock-lost": "host.time_synced",
    "env-file-open": "env_file_mode",
    "port-listening": ("host.listening_only", "web", {"ports": [80, 443]}),
    "no-renewal": "renewal",
    "renewal-overdue": "renewal",
    # By names
    "name-gone": "dns.resolves",
    "name-elsewhere": "addresses",
    "api-name-gone": "subdomains",
    "no-mx": "mx",
    "spf-open": "dns.spf",
    "spf-missing": "dns.spf",
    "dmarc-none": "dns.dmarc",
    "dmarc-missing": "dns.dmarc",
    "dkim-missing": "dkim",
    "caa-missing": "caa",
    "unsigned": "dns.dnssec",
    "signatures-expired": "dns.dnssec",
    "one-nameserver": "dns.nameservers",
    "ttl-short": "dns.ttl",
    "not-propagated": "dns.propagated",
    "alias-elsewhere": "alias",
    "registration-ends": "dns.registration",
    "registration-held": "dns.registration",
    # By the database
    "database-unencrypted": "postgres.tls",
    "database-superuser": "postgres.role",
    "database-owner": "postgres.role",
    "slow-queries": "postgres.slow_query_log",
    "connections-scarce": "postgres.connections",
    # By the mail server
    "mail-unencrypted": "mail.starttls",
    "mail-password-wrong": "mail.auth",
    "mail-relay": "mail.not_open_relay",
    "mail-certificate": "mail.starttls",
    "mail-plain-login": "mail.auth",
}
"""A set of parameters, or a check with what a binding says, that sees each break."""


FLOWS_BY = {
    "customer_journey": "order-lost",
    "dashboard_page": "nobody-in",
    "default_admin_refused": "default-password",
    "not_found_page": "spa",
    "openapi_version": "spa",
    "payment_page": "payment-refused",
    "receipt_upload": "upload-lost",
    "sign_language_video": "spa",
}
"""Breaks that further flows see."""


def test_every_flow_sees_a_break() -> None:
    seen = {each for each in SEEN_BY.values() if isinstance(each, str)} | FLOWS_BY.keys()
    assert {*FLOWS, *MAILS, *JOURNEYS} <= seen


def test_every_break_is_seen_by_something() -> None:
    assert sorted(BREAKS) == sorted(SEEN_BY)


IN_RUNS = {name for batch in BATCHES.values() for name in batch["broken"]}
CASES = [*SEEN_BY.items(), *((name, flow) for flow, name in FLOWS_BY.items())]


@pytest.mark.parametrize(("name", "seen_by"), [case for case in CASES if case[0] not in IN_RUNS])
def test_breaks_are_seen(
    good_world: World,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    seen_by: str | tuple[str, str, dict[str, Any]],
) -> None:
    plan = Plan()
    BREAKS[name].change(plan)
    # A mail that does not come is not waited for as long as in the target.
    monkeypatch.setattr("tests.suites.declared.MAIL_SECONDS", 5)
    with World(tmp_path / "broken", plan, part=BREAKS[name].part, rest=good_world) as world, world.deploying():
        declared = Declared(world)
        with pytest.raises(ClaimFalse):
            _ask(declared, seen_by)


def _ask(declared: Declared, seen_by: str | tuple[str, str, dict[str, Any]]) -> None:
    if isinstance(seen_by, tuple):
        id, on, given = seen_by
        declared.ask(id, on, **given)
    elif seen_by in CHECKS:
        declared.ask_set(seen_by, **BOUND.get(seen_by, {}))
    else:
        on, given = OTHERS[seen_by]
        declared.ask(seen_by, on, **given)
