"""A world as the target of a readiness.yaml, and the checks that its parameters are for."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pytest_readiness.config.loading import load_configuration
from pytest_readiness.core.domains import catalogue
from pytest_readiness.core.evidence import Evidence
from pytest_readiness.core.resources import Resource
from pytest_readiness.core.yamlfile import read_yaml
from tests.judging import judge
from tests.suites.documents import SUITES
from tests.suites.world import World

PARAMETERS = Path(__file__).with_name("parameters.yaml")
FLOWS = (
    *("registration", "login", "second_factor", "default_admin_refused", "password_reset", "product"),
    *("admin_operations", "order", "payment_link", "payment_initiation", "payment", "payment_status"),
    *("payment_declined", "refund", "webhook", "receipt", "upload", "receipt_upload", "dashboard", "customer_journey"),
    *("goal", "recommendations", "library", "assessment", "text_contact", "interpreter", "not_found_page"),
    "openapi_version",
)
MAILS = ("email_verification", "welcome_mail", "reset_mail", "notification_mail", "invoice_mail")
JOURNEYS = ("login_page", "payment_page", "dashboard_page", "visual_alert", "sign_language_video")
VARIABLES = (
    *("required_variables", "provider_keys", "database_variables", "redis_variables", "s3_variables"),
    *("smtp_variables", "transfer_variables", "oauth_variables", "video_variables", "sign_language_variables"),
    *("tax_variables", "insurance_variables", "openai_variables", "sms_variables", "frontend_variables"),
)
CHECKS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(FLOWS, ("http.flow",)),
    **dict.fromkeys(MAILS, ("mail.received",)),
    **dict.fromkeys(JOURNEYS, ("browser.flow",)),
    **dict.fromkeys(VARIABLES, ("env.present", "env.no_placeholders")),
    "password_policy": ("http.password_policy",),
    "default_credentials": ("http.default_credentials",),
    "csrf": ("http.csrf",),
    "token": ("http.jwt",),
    "protected_paths": ("http.auth_required",),
    "admin_paths": ("http.auth_required",),
    "customer_access": ("http.auth_works",),
    "admin_access": ("http.auth_works",),
    "customer_limits": ("http.role_forbidden",),
    "video_page": ("browser.captions", "browser.accessibility", "browser.keyboard"),
    "test_mail": ("mail.test_message",),
    **dict.fromkeys(("api_limit", "login_limit", "payment_limit", "limited_path"), ("http.rate_limit",)),
    **dict.fromkeys(("timed_path", "page_time", "api_time"), ("http.response_time",)),
    "cors": ("http.cors",),
    "validation": ("http.input_validation",),
    "upload_limit": ("http.upload_limit",),
    "webhook_signature": ("http.webhook_signature",),
    "server_error": ("http.error_500",),
    "error_shape": ("http.errors",),
    "maintenance_page": ("http.maintenance_page",),
    "websocket": ("http.websocket",),
    **dict.fromkeys(("metrics", "custom_metrics", "business_metrics"), ("http.metrics",)),
    "version": ("http.deployed_version",),
    "api_paths": ("http.versioned_api",),
    "openapi": ("http.openapi",),
    **dict.fromkeys(
        ("dependencies", "external_dependencies", "database_health", "redis_health"), ("http.health_dependencies",)
    ),
    "bundle": ("http.bundle",),
    "cdn": ("http.cdn",),
    **dict.fromkeys(("weight", "script_weight"), ("http.page_weight",)),
    "page_budget": ("browser.page_load",),
    **{
        name: (f"browser.{name}",)
        for name in (
            *("accessibility", "contrast", "keyboard", "responsive", "touch_targets", "images"),
            "web_vitals",
        )
    },
    "rollout": ("http.available_during_deploy",),
    "all_secrets": ("env.length", "env.entropy"),
    "secrets": ("env.length", "env.entropy"),
    **dict.fromkeys(("production_values", "site_address", "api_address", "smtp_server"), ("env.values",)),
    **dict.fromkeys(("live_keys", "stripe_keys", "payment_keys"), ("env.live_keys",)),
    **dict.fromkeys(
        ("database_password", "redis_password", "session_secret", "database_root_password"), ("env.entropy",)
    ),
    "open_ports": ("net.open", "host.listening_only"),
    "closed_ports": ("net.closed",),
    "ssh_networks": ("net.ssh_restricted",),
    "services": ("host.services",),
    "env_file_mode": ("host.files",),
    "latency": ("net.latency",),
    "renewal": ("tls.renewal",),
    **dict.fromkeys(("addresses", "api_addresses", "admin_addresses"), ("dns.points_to",)),
    "product_domain": ("dns.subdomains",),
    "subdomains": ("dns.subdomains",),
    "mx": ("dns.mx",),
    "dkim": ("dns.dkim",),
    "caa": ("dns.caa",),
    **dict.fromkeys(("alias", "cdn_alias"), ("dns.cname",)),
    "issuer": ("tls.issuer",),
    **dict.fromkeys(
        (
            *("unit_tests", "frontend_tests", "integration_tests", "end_to_end_tests", "api_tests", "database_tests"),
            *("third_party_tests", "migration_tests"),
        ),
        ("artifact.junit",),
    ),
    **dict.fromkeys(("coverage", "acceptable_coverage"), ("artifact.coverage",)),
    "static_analysis": ("artifact.sarif",),
    "dependency_audit": ("artifact.dependency_audit",),
    **dict.fromkeys(("image_scan", "worker_image_scan"), ("artifact.image_scan",)),
    **dict.fromkeys(("load_test", "load_limits"), ("artifact.load",)),
    "stress_test": ("artifact.stress",),
    "zap_scan": ("artifact.zap",),
    **dict.fromkeys(("lighthouse", "mobile_lighthouse"), ("artifact.lighthouse",)),
    "penetration_test": ("artifact.pentest",),
    **dict.fromkeys(("rehearsals", "recovery"), ("artifact.drill",)),
    "formatter": ("source.format",),
    "linter": ("source.dead_code", "source.lint"),
    "type_checker": ("source.types",),
    **dict.fromkeys(("test_tools", "formatter_tools", "linter_tools"), ("source.tools",)),
    "make_targets": ("source.make_targets",),
    **dict.fromkeys(("environment_files", "production_config"), ("source.config",)),
    "package_indexes": ("source.dependencies_fresh",),
    "mail_templates": ("source.files",),
    "readiness_script": ("source.command",),
    "test_texts": ("source.no_test_data",),
    "ignored_files": ("env.ignored_by_git",),
    "example_file": ("env.complete", "env.documented"),
    **dict.fromkeys(("different_secrets", "different_database"), ("env.differs",)),
    "distinct_secrets": ("env.distinct",),
    "default_secrets": ("env.not_default",),
    "encrypted_variables": ("env.urls_secure",),
    "env_file_access": ("env.permissions",),
    **dict.fromkeys(("documented_settings", "documented_collections"), ("docs.covers",)),
    "startup": ("env.validation_enforced",),
    "workflow": ("ci.workflow",),
    **dict.fromkeys(("test_pipeline", "build_pipeline", "deployment_pipeline"), ("ci.last_run_green",)),
    "deployment": ("ci.deploys",),
    "deployment_approval": ("ci.approval",),
    "rollback_workflow": ("ci.rollback",),
    **dict.fromkeys(("triaged_issues", "blocking_issues"), ("forge.issues",)),
}
"""The checks that a set of parameters is for."""
MAIL_SECONDS = 0
"""How long a mail is waited for, instead of as long as the parameters say."""
BOUND: dict[str, dict[str, Any]] = {
    "limited_path": {"http.rate_limit": {"limit": 100}},
    "version": {"http.deployed_version": {"version": "1.4.2"}},
    "product_domain": {"dns.subdomains": {"names": ["www", "api"]}},
}
"""What the bindings add to a set of parameters."""
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
    **{f"env.{name}": ("production", {}) for name in ("no_debug", "cookies", "file")},
    "env.connection": ("production", {"names": ["DATABASE_URL", "REDIS_URL"]}),
    "env.dsn_passwords": ("production", {"names": ["DATABASE_URL", "REDIS_URL"]}),
    "env.key_size": ("production", {"names": ["FIELD_ENCRYPTION_KEY"]}),
    "env.no_localhost": ("production", {"names": ["MONGODB_URI", "SENTRY_DSN"]}),
    **{
        f"source.{name}": ("", {})
        for name in (
            *("clean", "dependencies_locked", "error_handling", "no_stray_files", "precommit", "version", "pushed"),
            *("dependencies_declared", "no_debug", "no_secrets", "no_todo"),
        )
    },
    "source.gitignore": ("", {"samples": [".env.production", "shop/__pycache__/orders.pyc"]}),
    **{
        f"ci.{name}": ("", {})
        for name in (
            *("branch_protected", "no_secrets", "pinned_actions", "builds_image", "runs_lint", "runs_tests"),
            *("secrets_present", "security_scan", "update_bot"),
        )
    },
    "ci.required_checks": ("", {"checks": ["test"]}),
    "ci.least_privilege": ("", {"jobs": {"image": {"packages": "write"}}}),
    "net.only_open": ("web", {"ports": [80, 443], "range": "1-1024"}),
}
"""The other checks that need no parameters of the target: what they look at, and what a binding says."""
ON = {
    **dict.fromkeys(("api_addresses",), "api"),
    **dict.fromkeys(("admin_addresses",), "admin"),
    "cdn_alias": "cdn",
    "caa": "mail",
}
"""What the binding says where the parameters do not; the production file for variables."""


def parameters() -> dict[str, dict[str, Any]]:
    """The parameters of the world, by name."""
    return dict(read_yaml(PARAMETERS, "parameters"))


class Declared:
    """A world as a readiness.yaml declares it.

    Attributes:
        target: as it is loaded.
    """

    def __init__(self, world: World) -> None:
        path = world.directory / "readiness.yaml"
        # What is YAML is JSON, too; no value of a world has a dollar sign that means a variable.
        path.write_text(json.dumps({"targets": {"prod": world.target()}}).replace("$", "$$"), "utf-8")
        self.target = load_configuration(path, "prod", {}).target

    def resources(self, id: str, on: str = "") -> list[Resource]:
        """The resources that a check looks at: those of a name or label, or all of its kind."""
        kind = catalogue()[id].kind or ""
        found = [each for each in self.target.of(kind) if not on or on == each.name or on in each.labels]
        assert found, f"The world has no {kind} '{on}'."
        return found

    def ask(self, id: str, on: str = "", **given: Any) -> list[Evidence]:
        """What a check says of each resource that it looks at."""
        return [judge(id, resource, target=self.target, **given) for resource in self.resources(id, on)]

    def ask_set(self, name: str, **more: Any) -> list[Evidence]:
        """What the checks of a set of parameters say."""
        given = dict(parameters()[name])
        for step in given.get("steps", []):
            if MAIL_SECONDS and "mail" in step:
                step["mail"]["within"] = MAIL_SECONDS
        on = given.pop("on", ON.get(name, ""))
        evidence = []
        for id in CHECKS[name]:
            own = {**given, **more.get(id, {})}
            evidence += self.ask(id, on or ("production" if id.startswith("env.") else ""), **own)
        return evidence


def in_suites(pattern: str) -> set[str]:
    """What the bindings of the suites name by a pattern, such as checks and sets of parameters."""
    texts = [path.read_text("utf-8") for path in sorted(SUITES.glob("*.checks.yaml"))]
    return {found for text in texts for found in re.findall(pattern, text)}
