"""Which claims an item's words mean."""

from __future__ import annotations

import pytest

from pytest_readiness.bind.matching import Statement, matches, says_no_check


def first(text: str, *above: str) -> str:
    return matches(Statement(text, above))[0].id


@pytest.mark.parametrize(
    ("text", "claim"),
    [
        ("TLS certificate is valid", "tls.trusted"),
        ("Redirect HTTP to HTTPS", "http.https_redirect"),
        ("HSTS header enabled", "http.hsts"),
        ("SPF record published", "dns.spf"),
        ("Firewall is on", "host.firewall"),
        ("No secrets in the repository", "source.no_secrets"),
        ("Containers do not run as root", "container.non_root"),
        ("All ports closed but 443", "net.only_open"),
        ("robots.txt disallows everything on staging", "http.robots"),
        ("Keeps crawlers out", "http.robots"),
        ("Backup not older than 1 day", "backup.recent"),
        ("Backups older than 30 days are deleted", "backup.retention"),
        ("We can roll back in under 10 minutes", "artifact.drill"),
        ("example.com points to 203.0.113.10", "dns.points_to"),
        ("example.com resolves", "dns.resolves"),
        ("/admin redirects to the login", "http.auth_required"),
        ("Admins can log in", "http.flow"),
        ("XML sitemap is reachable", "http.reachable"),
        ("Favicon there", "http.static_assets"),
        ("Works on a phone", "browser.responsive"),
        ("Deps up to date", "source.dependencies_fresh"),
        ("WordPress version isn't shown", "http.banner"),
        ("The version is shown in the footer", "http.deployed_version"),
        ("Do expired JWTs get rejected?", "http.jwt"),
        ("All ports are closed", "net.only_open"),
        ("Every port is closed", "net.only_open"),
        ("DATABASE_URL is set", "env.present"),
        ("OpenAPI document is published and valid", "http.openapi"),
    ],
)
def test_the_claim_that_is_meant_comes_first(text: str, claim: str) -> None:
    assert first(text) == claim


@pytest.mark.parametrize(
    ("text", "claim"),
    [
        ("Internal server error doesn't leak a traceback", "http.error_500"),
        ("A crash shows a friendly page", "http.error_500"),
        ("500 page in place", "http.error_500"),
        ("Errors don't show stack traces", "http.errors"),
        ("Health endpoint needs a login", "http.auth_required"),
        ("WebSocket needs a token", "http.auth_required"),
        ("Certificates are valid for at most 47 days", "tls.lifetime"),
        ("Certificates live no longer than 90 days", "tls.lifetime"),
        ("Certificates are valid for at least 30 days", "tls.expiry"),
        ("Takes no longer than 80 ms to connect to port 5432", "net.latency"),
        ("Accepts players on port 7777", "net.open"),
        ("Only port 443 accepts connections", "net.only_open"),
        ("Cannot be framed", "http.frame_options"),
        ("The page cannot be framed", "http.frame_options"),
        ("Cannot be embedded in an iframe", "http.frame_options"),
        ("PostGIS extension installed", "postgres.extensions"),
        ("Page doesn't scroll sideways", "browser.responsive"),
        ("Home page opens within 4 s", "browser.page_load"),
        ("Buttons are at least 44 px", "browser.touch_targets"),
        ("TLS 1.3 is spoken", "tls.tls13"),
        ("TLS 1.3 only", "tls.versions"),
        ("All routes begin with /v2", "http.versioned_api"),
        ("SSH root login disabled", "host.ssh_hardened"),
    ],
)
def test_the_nearest_claim_comes_before_its_neighbours(text: str, claim: str) -> None:
    assert first(text) == claim


@pytest.mark.parametrize(
    ("text", "claim"),
    [
        ("Uploads are scanned for viruses", "http.upload_limit"),
        ("Sessions end after 20 minutes of inactivity", "http.cookies"),
        ("Sticky sessions enabled", "http.cookies"),
        ("Certificate has must-staple", "tls.ocsp"),
        ("Certificates are valid for at most 47 days", "tls.expiry"),
        ("JVM heap limit 2 GB", "container.memory_limit"),
        ("ECS tasks are running", "container.running"),
        ("ECS tasks are healthy", "container.healthy"),
        ("HikariCP pool size is 20", "postgres.pooled"),
        ("RDS is Multi-AZ", "postgres.replication"),
        ("Database client certificates required", "postgres.tls"),
        ("Port 5432 accepts no connections", "net.open"),
        ("Server timezone is UTC", "host.time_synced"),
        ("Internal traffic encrypted", "tls.versions"),
        ("CORS with wildcard origin", "http.cors"),
        ("Disk I/O below 80 %", "host.disk"),
        ("404 page links to the home page", "http.links"),
        ("X-Frame-Options is not set", "http.frame_options"),
    ],
)
def test_what_a_check_cannot_see_is_not_its_claim(text: str, claim: str) -> None:
    assert claim not in {match.id for match in matches(Statement(text))[:3]}


@pytest.mark.parametrize(
    ("text", "claim", "word"),
    [
        ("Responses are compressed with zstd", "http.compression", "zstd"),
        ("CSP with nonces", "http.csp", "nonces"),
        ("Wildcard certificate installed", "tls.trusted", "Wildcard"),
        ("SAN certificate installed", "tls.trusted", "SAN"),
        ("SSL Labs grade A+", "tls.mozilla", "grade"),
        ("JWT algorithm is RS256", "http.jwt", "RS256"),
        ("Refresh tokens of the JWT rotate", "http.jwt", "rotate"),
        ("Referrer-Policy is strict-origin", "http.referrer_policy", "strict"),
        ("X-Frame-Options: DENY", "http.frame_options", "DENY"),
        ("Session cookie with __Host- prefix", "http.cookies", "prefix"),
        ("HSTS with includeSubDomains", "http.hsts", "includeSubDomains"),
        ("Rate limit per user", "http.rate_limit", "user"),
        ("Image pinned by digest", "image.pinned", "digest"),
        ("The database user is read-only", "postgres.role", "read-only"),
        ("SSH root login with key", "host.ssh_hardened", "root"),
        ("SSH keys are ed25519", "host.ssh_hardened", "ed25519"),
        ("Let's Encrypt certificate installed", "tls.trusted", "Let's Encrypt"),
        ("p99 response time below 500 ms", "http.response_time", "p99"),
        ("External links work", "http.links", "External"),
    ],
)
def test_a_value_that_a_check_cannot_see_stays_unexplained(text: str, claim: str, word: str) -> None:
    said = Statement(text)
    found = {match.id: said.written(match.matched) for match in matches(said)}
    assert word in said.written(said.own)
    assert word not in found[claim]


@pytest.mark.parametrize(
    ("text", "claim"),
    [
        ("TLS certificate is valid for at least 30 more days", "tls.expiry"),
        ("TLS 1.0 and 1.1 are switched off", "tls.versions"),
        ("API answers on /health and checks the database and Redis", "http.health_dependencies"),
        ("Custom 502/503 page is shown when the app is down", "http.maintenance_page"),
        ("We have rolled back to the previous release once on staging", "artifact.drill"),
        ("Restored a backup this month", "artifact.drill"),
        ("A restore was tested and took less than 1 hour", "artifact.drill"),
        ("Backups can be restored", "backup.restores"),
        ("gunicorn and celery come back by themselves after a reboot", "host.services"),
        ("All services come back up after a reboot", "host.services"),
        ("No queue has more than 1000 messages waiting", "rabbitmq.queues"),
        ("Failed messages go to a dead letter queue", "rabbitmq.dead_letter"),
        ("The backup bucket is not public", "s3.bucket"),
        ("max_connections is higher than what all workers can open together", "postgres.connections"),
        ("Deep links work (refresh does not give 404)", "http.reachable"),
        ("API shuts down cleanly on SIGTERM, no dropped requests", "http.available_during_deploy"),
        ("All config comes from environment variables, all in .env.example", "env.documented"),
        ("API and front-end errors arrive in Sentry", "sentry.events"),
        ("p95 under 300 ms at 200 requests per second", "artifact.load"),
        ("p95 under 300 ms", "http.response_time"),
        ("cert-manager renews certificates", "k8s.condition"),
        ("OIDC login works", "browser.flow"),
        ("The database can't be reached from the internet", "net.closed"),
        ("Health endpoint is not public", "http.auth_required"),
        ("k8s root", "k8s.security_context"),
        ("browser flow", "browser.flow"),
        ("path answers 200", "http.reachable"),
        ("S3 bucket", "s3.bucket"),
        ("backup bucket", "s3.bucket"),
    ],
)
def test_an_item_of_many_words_means_what_they_say_together(text: str, claim: str) -> None:
    assert first(text) == claim


@pytest.mark.parametrize(
    ("text", "above", "claim"),
    [
        ("The queue's certificate is valid", "", "tls.trusted"),
        ("LDAP certificate chain is complete", "", "tls.chain"),
        ("RabbitMQ certificate is not expired", "", "tls.expiry"),
        ("Kafka connections use TLS 1.2", "", "tls.versions"),
        ("TLS for outgoing requests", "", "tls.trusted"),
        ("TLS 1.2 between services", "", "tls.versions"),
        ("Disk usage of S3 is below 80 %", "", "host.disk"),
        ("Laptops have a firewall", "", "host.firewall"),
        ("UDP port 53 is open", "", "net.open"),
        ("Login page of the wiki is public", "", "docs.present"),
        ("/admin is only reachable from the VPN", "", "host.vpn"),
        ("Certificate does not expire within 30 days", "Database", "tls.expiry"),
        ("TLS 1.2 or higher", "Kafka brokers", "tls.versions"),
        ("Disks are encrypted", "Laptops", "host.disk_encrypted"),
        ("Page weight is below 500 kB", "Mobile app", "http.page_weight"),
        ("CDN cache was warmed", "", "http.cdn"),
        ("Session cookies are cleared at logout", "", "http.cookies"),
        ("Pages are not cached", "", "http.caching"),
        ("Swap is enabled", "", "host.swap"),
        ("robots.txt is absent", "", "http.robots"),
        ("Certificate renewal was rehearsed", "", "tls.renewal"),
        ("No alerts are firing", "", "prometheus.healthy_rules"),
        ("Health endpoint reports a broken database", "", "http.health_dependencies"),
    ],
)
def test_what_stands_elsewhere_or_was_only_done_once_is_not_the_claim(text: str, above: str, claim: str) -> None:
    found = {match.id: match.score for match in matches(Statement(text, (above,) if above else ()))}
    assert found.get(claim, 0.0) < 0.35


@pytest.mark.parametrize("text", ["sitemap.xml is valid", "sitemap.xml exists", "sitemap.xml is served"])
def test_a_page_is_not_any_file_of_the_site(text: str) -> None:
    assert not [match for match in matches(Statement(text)) if match.id == "http.reachable" and match.score >= 0.35]


def test_an_aspect_that_is_claimed_decides_between_claims_of_one_subject() -> None:
    assert first("Disk usage below 80 %") == "host.disk"
    assert first("Alert on disk usage") == "prometheus.rules"
    assert first("Rollback procedure documented").startswith("docs.")


def test_a_heading_says_what_a_short_item_is_about() -> None:
    assert (
        first("Enabled", "Swap", "HSTS") == first("HSTS enabled") if matches(Statement("Enabled", ("HSTS",))) else True
    )
    assert {match.id for match in matches(Statement("Rotation configured", ("Logs",)))} & {"host.log_rotation"}


@pytest.mark.parametrize(
    ("text", "claim"),
    [
        ("Not listening on port 8080", "net.open"),
        ("Port 6379 no longer listens", "net.open"),
        ("Ports 5432 and 6379 are never open", "net.open"),
        ("Port 3000 is not reachable from outside", "net.open"),
        ("Port 2375 is blocked", "host.firewall"),
        ("Firewall is off", "host.firewall"),
        ("Maintenance mode is off", "http.maintenance_page"),
        ("Maintenance page is gone", "http.maintenance_page"),
        ("CORS allows any origin", "http.cors"),
        ("WebSockets are not used", "http.websocket"),
        ("CSP is report-only", "http.csp"),
        ("Cron jobs are stopped", "host.cron"),
        ("Backups are paused", "backup.recent"),
        ("HSTS is off", "http.hsts"),
        ("The site must not be indexed", "postgres.indexes"),
        ("Firestore rules deny by default", "host.firewall"),
        ("No API key in the JS bundle", "http.page_weight"),
        ("Rolled back in under 10 minutes", "ci.rollback"),
        ("Docker is installed", "container.no_docker_socket"),
        ("All services run", "container.no_docker_socket"),
    ],
)
def test_the_opposite_of_a_claim_and_what_has_its_words_by_chance_are_not_it(text: str, claim: str) -> None:
    assert claim not in {match.id for match in matches(Statement(text))[:3]}


@pytest.mark.parametrize(
    ("heading", "text", "claim"),
    [
        ("Database", "Latency below 5 ms", "postgres.latency"),
        ("Network", "Latency below 5 ms", "net.latency"),
        ("Redis", "Latency below 5 ms", "redis.latency"),
        ("API", "Latency below 200 ms", "http.response_time"),
        ("Mail server", "Reachable", "mail.reachable"),
        ("RabbitMQ", "Reachable", "rabbitmq.connects"),
        ("Staging", "Not indexed", "http.robots"),
    ],
)
def test_a_heading_says_where(heading: str, text: str, claim: str) -> None:
    assert first(text, heading) == claim


@pytest.mark.parametrize(("heading", "text"), [("", "Kafka brokers reachable"), ("Kafka", "Consumer lag below 1000")])
def test_one_broker_is_not_another(heading: str, text: str) -> None:
    assert not [match.id for match in matches(Statement(text, (heading,))) if match.id.startswith("rabbitmq.")]


def test_headings_alone_mean_nothing() -> None:
    assert matches(Statement("Bananas", ("TLS certificate is valid",))) == []


def test_what_no_check_shows_is_known() -> None:
    assert says_no_check(Statement("Terraform state is stored remotely"))
    assert not says_no_check(Statement("TLS certificate is valid"))


def test_equal_matches_have_one_order() -> None:
    found = matches(Statement("Database backups, TLS and health checks are configured"))
    assert [match.score for match in found] == sorted((match.score for match in found), reverse=True)
    assert found == matches(Statement("Database backups, TLS and health checks are configured"))


def test_words_are_named_as_they_are_written() -> None:
    said = Statement("SSL/TLS Certificates are valid")
    assert said.written(matches(said)[0].matched) == ("SSL/TLS", "Certificates", "valid")


@pytest.mark.parametrize(
    ("text", "claim"),
    [
        ("GraphQL introspection is enabled", "http.no_debug"),
        ("Container runs as root", "container.non_root"),
        ("Docker socket is mounted", "container.no_docker_socket"),
        ("Database user is superuser", "postgres.role"),
        ("No redirect from http to https", "http.https_redirect"),
    ],
)
def test_what_an_item_says_may_be_the_opposite_of_a_claim(text: str, claim: str) -> None:
    assert {match.id: match.opposed for match in matches(Statement(text))}[claim]


@pytest.mark.parametrize(
    ("text", "claim"),
    [
        ("GraphQL introspection is disabled", "http.no_debug"),
        ("Container runs as non-root user", "container.non_root"),
        ("Database user is no superuser", "postgres.role"),
        ("No secrets in the repository", "source.no_secrets"),
    ],
)
def test_what_is_forbidden_is_denied(text: str, claim: str) -> None:
    assert not {match.id: match.opposed for match in matches(Statement(text))}[claim]
