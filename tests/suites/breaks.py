"""Ways to break one thing of the suites' world, each by a change of its plan before it starts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from pytest_readiness.core.yamlfile import read_yaml
from tests.suites.plan import CSP, Plan
from tests.suites.reports import jtl, junit
from tests.suites.repository import WORKFLOW

RELAY = {"mynetworks": "0.0.0.0/0", "smtpd_relay_restrictions": "permit_mynetworks, reject_unauth_destination"}
OPEN_HBA = ("host all all 127.0.0.1/32 scram-sha-256",)
Change = Callable[[Plan], None]


class Break(NamedTuple):
    """One thing that is wrong.

    Attributes:
        part: of the world that has to be started anew for it.
        what: is wrong, in words.
        change: of the plan.
    """

    part: str
    what: str
    change: Change


def _fault(name: str) -> Change:
    return lambda plan: plan.faults.add(name)


def _set(attribute: str, name: str, value: Any) -> Change:
    """Change one entry of a mapping of the plan; None takes it out."""

    def change(plan: Plan) -> None:
        entries = getattr(plan, attribute)
        if value is None and attribute != "public_files":
            entries.pop(name)
        else:
            entries[name] = value

    return change


def _is(attribute: str, value: Any) -> Change:
    return lambda plan: setattr(plan, attribute, value)


def _option(name: str, value: Any) -> Change:
    """Change an option of every container; None takes it out."""

    def change(plan: Plan) -> None:
        for options in plan.containers.values():
            if value is None:
                options.pop(name)
            else:
                options[name] = value

    return change


def _certificate(**options: Any) -> Change:
    """Another certificate of the web server, without a response about it."""

    def change(plan: Plan) -> None:
        plan.certificate = {"days": 60, **options}
        plan.nginx["stapling"] = ""

    return change


def _old_certificate(plan: Plan) -> None:
    _certificate(not_before=datetime.now(UTC) - timedelta(days=55))(plan)


def _all(*changes: Change) -> Change:
    def change(plan: Plan) -> None:
        for each in changes:
            each(plan)

    return change


def _section(label: str, heading: str, text: str = "TODO") -> Change:
    return _set("documents", label, {heading: text})


def _report(label: str, change: Callable[[Any], Any]) -> Change:
    return lambda plan: plan.reports.update({label: change})


def _vulnerable(report: Any) -> Any:
    report["dependencies"][0]["vulns"] = [{"id": "PYSEC-2026-1", "fix_versions": ["2.33.0"], "aliases": []}]
    return report


def _slow(report: Any) -> Any:
    report["metrics"]["http_req_duration"]["values"] |= {"p(90)": 900.0, "p(95)": 1100.0, "max": 3000.0}
    return report


def _failed(report: Any) -> Any:
    for record in report["records"]:
        if record["kind"] == "rollback":
            record["outcome"] = "failed"
    return report


def _half_covered(report: Any) -> Any:
    for part in (*(each["summary"] for each in report["files"].values()), report["totals"]):
        part["covered_lines"] = part["num_statements"] // 2
    for each in report["files"].values():
        each["executed_lines"], each["missing_lines"] = list(range(1, 6)), list(range(6, 11))
    return report


def _found(report: Any) -> Any:
    place = {"physicalLocation": {"artifactLocation": {"uri": "shop/orders.py"}, "region": {"startLine": 3}}}
    result = {"ruleId": "B602", "level": "error", "message": {"text": "a shell"}, "locations": [place]}
    report["runs"][0]["results"] = [result]
    return report


def _alerted(report: Any) -> Any:
    report["site"][0]["alerts"][0] |= {"riskcode": "3", "riskdesc": "High (Medium)"}
    return report


def _in_workflow(*changes: tuple[str, str]) -> Change:
    def change(plan: Plan) -> None:
        text = WORKFLOW
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        plan.repository[".github/workflows/ci.yml"] = text

    return change


NO_RUNS = {"total_count": 0, "workflow_runs": []}
BLOCKER = {
    "id": 5,
    "number": 5,
    "title": "Orders are lost",
    "state": "open",
    "labels": [{"name": "blocker"}],
    "created_at": "2026-01-02T00:00:00Z",
}
FAULTS: Mapping[str, str] = {
    "any-document": "whatever is sent as JSON is taken",
    "any-file": "files of every type are taken",
    "any-password": "every password of an account is right",
    "article-lost": "no article can be read",
    "assessment-wrong": "every result is 0 points",
    "change-lost": "a changed product stays as it was",
    "common-passwords": "common passwords are taken",
    "confirmation-refused": "links that confirm an address are refused",
    "contrast": "a line is set in light grey",
    "cookie-httponly": "the cookie of the session can be read by scripts",
    "cookie-samesite": "the cookie of the session has no SameSite",
    "cookie-secure": "the cookie of the session is not Secure",
    "cors-any": "every origin may read the API",
    "cors-none": "no origin may read the API",
    "csrf": "forms are taken from everywhere",
    "dashboard-empty": "the dashboard shows nothing",
    "database-down": "the health report says that the database is down",
    "dead-image": "a picture is missing",
    "dead-link": "a link leads nowhere",
    "declined-taken": "an order is paid by a card that was declined",
    "default-password": "the password of the administrator is admin",
    "error-shape": "errors of the API have another shape",
    "foreign-link": "the mail's link leads to another host",
    "forgets": "nobody stays signed in",
    "goal-lost": "a goal is not kept",
    "health-without-database": "the health report does not tell of the database",
    "image-alt": "a picture has no text instead of it",
    "image-eager": "a picture below the fold is loaded at once",
    "image-size": "no space is kept for a picture",
    "large-documents": "documents of any size are taken",
    "large-files": "files of any size are taken",
    "leaked-key": "the page holds a secret key",
    "letter-lost": "messages to the support are not kept",
    "library-empty": "the library lists nothing",
    "link-dead": "links to pay lead nowhere",
    "logout": "signing out changes nothing",
    "mail-down": "the health report says that the mail server is down",
    "metrics-missing": "the metrics of payments are missing",
    "mixed-content": "a picture is named by plain http",
    "no-captions": "the video has no captions",
    "no-confirmation-mail": "no mail asks to confirm the address",
    "no-interpreter": "no interpreter can be had",
    "no-invoice-mail": "no invoice is sent",
    "no-lockout": "passwords can be guessed without end",
    "no-notification-mail": "no note is sent",
    "no-receipt": "there are no receipts",
    "no-recommendations": "nothing is recommended",
    "no-reset-mail": "no mail leads to a new password",
    "no-welcome-mail": "nobody is welcomed",
    "nobody-in": "nobody can sign in",
    "old-webhooks": "messages that were signed long ago are taken",
    "one-factor": "the second factor is not asked for",
    "open-admin": "customers may do what administrators may",
    "open-door": "nobody has to show a token",
    "open-metrics": "everybody sees the metrics",
    "open-redirect": "who signs in is sent to another site",
    "order-lost": "orders are taken and not kept",
    "order-total": "orders cost nothing",
    "payment-lost": "payments are begun and not kept",
    "payment-refused": "payments cannot be begun",
    "product-lost": "products are taken and not kept",
    "product-stays": "a product that was removed is still there",
    "products-broken": "the list of products is an error",
    "receipt-total": "receipts are about nothing",
    "refund-lost": "refunds are answered and not made",
    "registration-lost": "who registers has no account",
    "reset-lost": "a new password is not kept",
    "script-error": "a script is missing",
    "short-passwords": "passwords of six characters are taken",
    "silent-alert": "alerts are not shown",
    "slow-api": "the API takes more than a second",
    "slow-pages": "pages take more than a second",
    "small-target": "two buttons are too small to be touched",
    "spa": "every path is answered with the front page",
    "sql-error": "a quote is an error of the database",
    "tells-accounts": "the page for a new password tells who has an account",
    "token-endless": "tokens never end",
    "token-for-ever": "tokens that have ended are taken",
    "token-unverified": "tokens that were tampered with are taken",
    "trace-404": "unknown paths are answered with a stack trace",
    "trace-500": "errors are answered with a stack trace",
    "trap": "a control cannot be reached by the keyboard",
    "undescribed": "the API answers otherwise than its description says",
    "unescaped": "markup comes back in pages",
    "unsigned-webhooks": "webhooks are taken without a signature",
    "upload-lost": "files are taken and not kept",
    "webhook-ignored": "webhooks are taken and have no effect",
    "wide": "a line is wider than a phone",
}
"""What the application does wrongly by each of its faults."""

BREAKS: Mapping[str, Break] = {
    **{name: Break("web", what, _fault(name)) for name, what in FAULTS.items()},
    # The web server
    "no-redirect": Break("web", "plain http is answered itself", _set("nginx", "redirect", 'return 200 "ready";')),
    "redirect-temporary": Break(
        "web", "the redirect to https is temporary", _set("nginx", "redirect", "return 302 https://$host$request_uri;")
    ),
    "hsts-missing": Break("web", "no HSTS", _set("headers", "Strict-Transport-Security", None)),
    "hsts-short": Break("web", "HSTS lasts a day", _set("headers", "Strict-Transport-Security", "max-age=86400")),
    "csp-missing": Break("web", "no policy for content", _set("headers", "Content-Security-Policy", None)),
    "csp-inline": Break(
        "web",
        "the policy allows inline scripts",
        _set("headers", "Content-Security-Policy", CSP.replace("script-src", "script-src 'unsafe-inline'")),
    ),
    "framed": Break(
        "web",
        "every site may frame the page",
        _all(
            _set("headers", "Content-Security-Policy", CSP.replace("frame-ancestors 'none'", "frame-ancestors *")),
            _set("headers", "X-Frame-Options", None),
        ),
    ),
    "sniffed": Break("web", "types of content are guessed", _set("headers", "X-Content-Type-Options", None)),
    "referrer": Break("web", "other sites see whole addresses", _set("headers", "Referrer-Policy", "unsafe-url")),
    "features": Break("web", "no features are restricted", _set("headers", "Permissions-Policy", None)),
    "xss-filter": Break("web", "the filter of old browsers is on", _set("headers", "X-XSS-Protection", "1")),
    "version-told": Break("web", "the server tells its version", _set("nginx", "versions", "on")),
    "no-edge": Break("web", "pages do not come from the edge", _set("headers", "X-Edge", None)),
    "uncompressed": Break("web", "texts are not compressed", _set("nginx", "gzip", "gzip off;")),
    "uncached": Break("web", "files with a hash are not cached", _set("nginx", "assets", "expires -1;")),
    "no-websocket": Break("web", "web sockets are not passed on", _set("nginx", "websocket", "")),
    "foreign-host": Break(
        "web", "foreign host names are answered", _set("nginx", "foreign", "return 301 https://$http_host/;")
    ),
    "api-unlimited": Break("web", "the API has no limit", _set("limits", "/api/v1/search", None)),
    "login-unlimited": Break("web", "signing in has no limit", _set("limits", "/auth/session", None)),
    "payment-unlimited": Break("web", "payments have no limit", _set("limits", "/payments/quote", None)),
    "robots-forbidden": Break(
        "web", "robots.txt keeps crawlers out", _set("public_files", "robots.txt", b"User-agent: *\nDisallow: /\n")
    ),
    "no-security-txt": Break("web", "security.txt is missing", _set("public_files", ".well-known/security.txt", None)),
    "security-txt-expired": Break(
        "web",
        "security.txt has expired",
        _set(
            "public_files",
            ".well-known/security.txt",
            b"Contact: mailto:security@example.com\nExpires: 2020-01-01T00:00:00Z\n",
        ),
    ),
    "no-maintenance-page": Break("web", "no maintenance page", _set("public_files", "maintenance.html", None)),
    "env-served": Break(
        "web",
        "the env file is served",
        _set("nginx", "more", 'location = /.env { return 200 "DEBUG=false\\nSMTP_PASSWORD=Zm9vYmFyCg\\n"; }'),
    ),
    "git-served": Break(
        "web",
        "the repository is served",
        _set("nginx", "more", 'location = /.git/HEAD { return 200 "ref: refs/heads/main\\n"; }'),
    ),
    "debugger": Break(
        "web",
        "a page for debugging is served",
        _set("nginx", "more", 'location = /debug/pprof/ { default_type text/html; return 200 "Types of profiles"; }'),
    ),
    "picture-gone": Break("web", "a picture is missing", _set("public_files", "assets/thing.webp", None)),
    "large-page": Break("web", "a picture has 2 MB", _set("public_files", "assets/thing.webp", b"RIFF" + b"x" * 2**21)),
    "downtime": Break("web", "a new version interrupts the service", _is("downtime", True)),
    "port-open": Break("machine", "a port of Redis accepts connections", _is("listening", {443, 6379})),
    "tls-old": Break(
        "web",
        "TLS 1.0 and 1.1 are offered",
        _all(
            _set("tls", "ssl_protocols", "TLSv1 TLSv1.1 TLSv1.2 TLSv1.3"),
            _set("tls", "ssl_ciphers", "DEFAULT@SECLEVEL=0"),
        ),
    ),
    "tls-without-13": Break("web", "TLS 1.3 is not offered", _set("tls", "ssl_protocols", "TLSv1.2")),
    "tls-weak-suites": Break(
        "web", "suites without encryption are offered", _set("tls", "ssl_ciphers", "ALL:eNULL:@SECLEVEL=0")
    ),
    "tls-no-resumption": Break(
        "web",
        "sessions are not resumed",
        _all(_set("tls", "ssl_session_cache", "off"), _set("tls", "ssl_session_tickets", "off")),
    ),
    "no-staple": Break("web", "no OCSP response is stapled", _set("nginx", "stapling", "")),
    "certificate-expired": Break("web", "the certificate has expired", _certificate(expired=True)),
    "certificate-ends": Break("web", "the certificate ends in five days", _old_certificate),
    "certificate-name": Break("web", "the certificate is for another name", _certificate(names=["example.net"])),
    "certificate-long": Break("web", "the certificate lasts for years", _certificate(days=800)),
    "certificate-weak": Break(
        "web",
        "the key of the certificate is short",
        _all(_certificate(key="rsa1024"), _set("tls", "ssl_ciphers", "DEFAULT@SECLEVEL=0")),
    ),
    "chain-broken": Break("web", "an intermediate is missing", _certificate(via_intermediate=True, chain="missing")),
    "other-authority": Break("web", "another authority has issued it", _is("authority", "Some Other Authority")),
    # The variables of the release
    "placeholder": Break("files", "a password is a placeholder", _set("env", "SMTP_PASSWORD", "changeme")),
    "variable-missing": Break("files", "SECRET_KEY is missing", _set("env", "SECRET_KEY", None)),
    "variable-empty": Break("files", "REDIS_URL is empty", _set("env", "REDIS_URL", "")),
    "secret-short": Break("files", "a secret is short", _set("env", "JWT_SECRET", "k3J9xQ2")),
    "secret-guessable": Break("files", "a secret is words", _set("env", "SECRET_KEY", "the-secret-key-of-the-shop")),
    "debug-on": Break("files", "debugging is on", _set("env", "DEBUG", "true")),
    "flask-debug-on": Break("files", "Flask's debugger is on", _set("env", "FLASK_DEBUG", "1")),
    "development-mode": Break(
        "files",
        "the release is in development",
        _all(_set("env", "APP_ENV", "development"), _set("env", "FLASK_ENV", "development")),
    ),
    "cookie-setting": Break("files", "cookies may be insecure", _set("env", "SESSION_COOKIE_SECURE", "false")),
    "test-key": Break("files", "Stripe is in its test mode", _set("env", "STRIPE_SECRET_KEY", f"sk_test_51{96 * '7'}")),
    "wrong-address": Break("files", "the address is that of staging", _set("env", "APP_URL", "https://staging.test")),
    "database-password-weak": Break("files", "the database's password is weak", _set("env", "DB_PASSWORD", "shop2024")),
    # The documents
    "runbook-empty": Break("files", "the runbook is still to be written", _section("runbook", "*")),
    "rollback-empty": Break("files", "the rollback is still to be written", _section("rollback", "*")),
    "deployment-empty": Break("files", "the deployment is still to be written", _section("deployment", "*")),
    "recovery-empty": Break("files", "the recovery is still to be written", _section("recovery", "*")),
    "incidents-empty": Break("files", "what to do in incidents is still to be written", _section("incidents", "*")),
    "readme-empty": Break("files", "the readme is still to be written", _section("readme", "*", "Coming soon.")),
    "api-document-empty": Break("files", "the API is still to be described", _section("api", "*")),
    "architecture-empty": Break("files", "the architecture is still to be described", _section("architecture", "*")),
    "objectives-empty": Break("files", "the objectives are still to be set", _section("objectives", "*", "TBD")),
    # Containers
    "container-root": Break("containers", "containers run as root", _option("user", None)),
    "container-unlimited": Break("containers", "containers have no limit of memory", _option("mem_limit", None)),
    "container-no-restart": Break("containers", "containers do not restart", _option("restart_policy", None)),
    "container-privileged": Break("containers", "containers are privileged", _option("privileged", True)),
    "container-unhealthy": Break(
        "containers",
        "containers are unhealthy",
        _option("healthcheck", {"test": ["CMD", "false"], "interval": 10**9, "timeout": 6 * 10**10, "retries": 1}),
    ),
    "container-ended": Break(
        "containers", "containers have ended", _all(_option("command", ["true"]), _option("restart_policy", None))
    ),
    "container-socket": Break(
        "containers",
        "containers hold the engine's socket",
        _option("volumes", ["/var/run/docker.sock:/var/run/docker.sock"]),
    ),
    "image-latest": Break("containers", "an image is not pinned", _set("images", "web", "shop-web:latest")),
    # Reports, and the repository with its pipelines and its forge
    "test-failed": Break(
        "reports", "a unit test has failed", _report("unit-tests", lambda _: junit("unit-tests", 40, failed=1))
    ),
    "vulnerable-dependency": Break(
        "reports", "a dependency has a known weakness", _report("dependency-audit", _vulnerable)
    ),
    "slow-under-load": Break("reports", "answers take a second under load", _report("load", _slow)),
    "never-recovers": Break(
        "reports", "answers stay slow after a stress test", _report("stress", lambda _: jtl(recovers=False))
    ),
    "rollback-failed": Break("reports", "the last rollback did not succeed", _report("records", _failed)),
    "coverage-low": Break("reports", "tests run half of the lines", _report("coverage", _half_covered)),
    "finding": Break("reports", "static analysis has found something", _report("static-analysis", _found)),
    "alert": Break("reports", "a scan has found a weakness", _report("zap", _alerted)),
    "secret-in-code": Break(
        "source", "the code holds a key", _set("repository", "scripts/keys.py", f'KEY = "sk_live_51{"aZ3" * 20}"\n')
    ),
    "todo": Break(
        "source", "a comment says what is to be done", _set("repository", "scripts/later.py", "# TODO: later\n")
    ),
    "tests-ignored": Break(
        "source",
        "tests may fail",
        _in_workflow(("--junitxml=reports/unit.xml", "|| true"), ("npm ci && npm test", "npm ci")),
    ),
    "stale-run": Break("forge", "no pipeline has run for the commit", _set("forge", "actions/runs", NO_RUNS)),
    "blocker": Break("forge", "an issue blocks the release", _set("forge", "issues", [BLOCKER])),
    # The host
    "ssh-root": Break("machine", "root may log in by ssh", _set("sshd", "PermitRootLogin", "yes")),
    "ssh-passwords": Break("machine", "ssh takes passwords", _set("sshd", "PasswordAuthentication", "yes")),
    "ssh-weak": Break("machine", "ssh offers weak ciphers", _set("sshd", "Ciphers", "aes256-ctr,aes128-cbc")),
    "service-stopped": Break("machine", "nginx does not run", _is("stopped", {"nginx.service"})),
    "service-not-at-boot": Break("machine", "nginx does not start at boot", _is("not_at_boot", {"nginx.service"})),
    "disk-full": Break("machine", "a disk is full", _is("filled_mb", 20)),
    "clock-lost": Break("machine", "the clock follows nothing", _is("clock", "")),
    "env-file-open": Break("machine", "everybody may read the env file", _is("env_mode", "0644")),
    "port-listening": Break("machine", "the host listens on port 8080", _is("listening", {443, 8080})),
    "no-renewal": Break("machine", "no timer renews certificates", _is("not_at_boot", {"certbot.timer"})),
    "renewal-overdue": Break("machine", "the certificate was not renewed", _is("renewal_days", (90, 5))),
    # Names
    "name-gone": Break("names", "the name does not resolve", _set("records", "shop", None)),
    "name-elsewhere": Break("names", "the name leads elsewhere", _set("records", "shop", "shop A 198.51.100.7")),
    "api-name-gone": Break("names", "the API's name does not resolve", _set("records", "api", None)),
    "no-mx": Break("names", "the domain takes no mail", _set("records", "mx @", None)),
    "spf-open": Break("names", "everybody may send", _set("records", "spf @", '@ TXT "v=spf1 mx +all"')),
    "spf-missing": Break("names", "there is no SPF", _set("records", "spf @", None)),
    "dmarc-none": Break("names", "DMARC only watches", _set("records", "dmarc", '_dmarc TXT "v=DMARC1; p=none"')),
    "dmarc-missing": Break("names", "there is no DMARC", _set("records", "dmarc", None)),
    "dkim-missing": Break("names", "there is no DKIM", _set("records", "dkim ", None)),
    "caa-missing": Break(
        "names",
        "every authority may issue",
        _all(*(_set("records", f"caa {owner}", None) for owner in ("@", "shop", "api", "admin"))),
    ),
    "unsigned": Break("names", "the zone is not signed", _set("zone", "signed", False)),
    "signatures-expired": Break("names", "the zone's signatures have expired", _set("zone", "valid", -3 * 86400)),
    "one-nameserver": Break("names", "there is one name server", _set("zone", "servers", ("ns1.test.",))),
    "ttl-short": Break("names", "records live for five seconds", _set("zone", "ttl", 5)),
    "not-propagated": Break(
        "names", "the second server has other records", _is("second_records", {"shop": "shop A 198.51.100.9"})
    ),
    "alias-elsewhere": Break("names", "the alias leads elsewhere", _set("records", "alias", "static CNAME shop")),
    "registration-ends": Break("names", "the registration ends in a week", _is("registered_days", 7)),
    "registration-held": Break("names", "the domain is on hold", _is("registered_status", ("client hold",))),
    # The database
    "database-unencrypted": Break(
        "database",
        "the database is open without TLS",
        _is("hba", OPEN_HBA),
    ),
    "database-superuser": Break("database", "the role is superuser", _is("statements", ("ALTER ROLE app SUPERUSER",))),
    "database-owner": Break("database", "the role may make databases", _is("statements", ("ALTER ROLE app CREATEDB",))),
    "slow-queries": Break(
        "database", "slow statements are not logged", _set("postgres", "log_min_duration_statement", "-1")
    ),
    "connections-scarce": Break(
        "database", "few connections are left", _is("statements", ("ALTER ROLE app CONNECTION LIMIT 1",))
    ),
    # Mail
    "mail-unencrypted": Break(
        "mail",
        "the mail server has no STARTTLS",
        _is("mail", {"smtpd_tls_security_level": "none", "smtpd_tls_auth_only": "no"}),
    ),
    "mail-password-wrong": Break("mail", "the declared password is wrong", _is("mail_password", "wrong-horse-battery")),
    "mail-relay": Break("mail", "the mail server relays for everyone", _is("mail", RELAY)),
    "mail-certificate": Break(
        "mail", "the mail server's certificate is for another name", _is("mail_certificate", {"names": ["example.net"]})
    ),
    "mail-plain-login": Break(
        "mail", "the mail server takes passwords before TLS", _is("mail", {"smtpd_tls_auth_only": "no"})
    ),
}
"""What can be wrong, by name."""

BATCHES = read_yaml(Path(__file__).with_name("broken.yaml"), "expectations")
"""By batch: `part`, which is started anew, `only`, what markers of tests are run, and `broken`, by break the items that
fail. No item stands under two breaks of a batch."""
