"""What is proposed for the items of a document."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_readiness.bind.matching import Statement
from pytest_readiness.bind.memory import BoundBefore, Remembered, of_suites, remembered
from pytest_readiness.bind.proposal import Proposal
from pytest_readiness.bind.proposing import propose
from pytest_readiness.checklist.reading import read_checklist

Proposed = Callable[..., tuple[Proposal, ...]]


@pytest.fixture
def proposed(tmp_path: Path) -> Proposed:
    def of(text: str, memory: BoundBefore | None = None) -> tuple[Proposal, ...]:
        path = tmp_path / "release.md"
        path.write_text(text, "utf-8")
        return propose(read_checklist(path), memory=memory)

    return of


def first(proposal: Proposal) -> str:
    return proposal.candidates[0].checks[0].check


def test_plain_items_are_proposed_with_their_words(proposed: Proposed) -> None:
    (proposal,) = proposed("# R\n## Security\n- [ ] TLS certificate valid for the domain\n")
    assert (first(proposal), proposal.level) == ("tls.trusted", "sure")
    assert "certificate" in proposal.candidates[0].matched


@pytest.mark.parametrize(
    ("engine", "claim"),
    [("MySQL", "mysql.migrations"), ("MongoDB", "mongodb.migrations"), ("PostgreSQL", "postgres.migrations")],
)
def test_the_database_that_the_document_names_is_meant(proposed: Proposed, engine: str, claim: str) -> None:
    text = f"# R\n## Database\n- [ ] {engine} server is up\n- [ ] Migrations applied\n"
    assert first(proposed(text)[1]) == claim


def test_claims_that_stand_beside_each_other_are_proposed_together(proposed: Proposed) -> None:
    (proposal,) = proposed("# R\n- [ ] HSTS and CSP headers are set\n")
    assert {each.check for each in proposal.candidates[0].checks} == {"http.hsts", "http.csp"}


def test_what_no_check_shows_is_unsure(proposed: Proposed) -> None:
    (proposal,) = proposed("# R\n- [ ] Health checks and circuit breakers are in place\n")
    assert proposal.level == "unsure"


def test_an_item_of_unknown_words_gets_only_what_fits_anything(proposed: Proposed) -> None:
    (proposal,) = proposed("# R\n- [ ] Bananas are yellow\n")
    assert proposal.level == "unsure"
    assert [each.score for each in proposal.candidates] == [0.0] * len(proposal.candidates)


def test_an_item_that_was_bound_before_says_for_its_claims(proposed: Proposed) -> None:
    text = "# R\n- [ ] Shop window lights up\n"
    known = Remembered("team:shop/lights", Statement("Shop window lights up"), ("http.reachable",))
    (proposal,) = proposed(text, BoundBefore([known]))
    assert first(proposal) == "http.reachable"
    assert proposal.candidates[0].source == "team:shop/lights"
    # Without a word of its own, memory is not enough.
    assert proposal.level == "unsure"


def test_proposals_do_not_depend_on_what_else_was_read(proposed: Proposed) -> None:
    text = "# R\n## Web\n- [ ] HSTS on\n- [ ] Backups tested\n- [ ] Alerts on errors\n"
    assert proposed(text) == proposed(text, BoundBefore(of_suites()))


def test_what_is_only_proposed_is_not_remembered(tmp_path: Path) -> None:
    document = tmp_path / "release.md"
    document.write_text("# R\n## Web\n- [ ] HSTS on\n- [ ] Pages answer\n- [ ] CDN in use\n", "utf-8")
    (tmp_path / "release.checks.yaml").write_text(
        "web:\n  hsts-on: {proposed: http.hsts}\n  pages-answer: http.reachable\n"
        "  cdn-in-use: {not_applicable: no CDN in this product}\n",
        "utf-8",
    )
    assert [(each.source, each.claims) for each in remembered(document)] == [
        ("release:web/pages-answer", ("http.reachable",))
    ]


def test_what_does_not_apply_by_the_document_says_why(proposed: Proposed) -> None:
    text = "# R\n- [ ] CDN in use (N/A: no CDN)\n- [ ] ~~HSTS on~~\n- [ ] HSTS on\n"
    reasons = [each.not_applicable for each in proposed(text)]
    assert reasons[0] == "no CDN"
    assert "struck" in reasons[1]
    assert reasons[2] == ""


def test_what_only_people_know_is_theirs_first(proposed: Proposed) -> None:
    (proposal,) = proposed("# R\n- [ ] TLS configuration reviewed and approved by the security lead, quarterly\n")
    assert (proposal.people_first, proposal.level, proposal.cadence) == (True, "unsure", "quarterly")
    assert proposal.role


def test_values_of_the_text_are_parameters(proposed: Proposed) -> None:
    (proposal,) = proposed("# R\n- [ ] HTTP 200 from /healthz health endpoint\n")
    (check,) = proposal.candidates[0].checks
    assert check.check == "http.health"
    assert "/healthz" in str(check.parameters)


@pytest.mark.parametrize(
    ("text", "number"), [("PostgreSQL is version 16", "16"), ("log_min_duration_statement = 1000", "1000")]
)
def test_a_number_that_the_check_is_not_given_is_shown(proposed: Proposed, text: str, number: str) -> None:
    (proposal,) = proposed(f"# R\n- [ ] {text}\n")
    assert number in proposal.candidates[0].unexplained
    assert proposal.level != "sure"


def test_an_item_that_may_ask_for_the_opposite_is_unsure(proposed: Proposed) -> None:
    forbidden, either = proposed(
        "# R\n- [ ] robots.txt disallows everything\n- [ ] robots.txt lets Googlebot only in\n"
    )
    assert forbidden.candidates[0].checks[0].parameters == {"crawling": "forbidden"}
    assert (first(either), either.level) == ("http.robots", "unsure")


DOUBTFUL = """\
# R
- [ ] HSTS is enabled, mostly
- [ ] HSTS is enabled?
- [ ] HSTS is planned
- [ ] HSTS is enabled on staging
- [ ] HSTS is postponed
- [ ] HSTS is left unused
- [ ] HSTS is broken
- [ ] Nobody uses HSTS
- [ ] HSTS may be enabled later
- [ ] HSTS: N/A
- [ ] TRACE is not disabled
- [ ] Port 9000 is not closed
- [ ] Certificate is valid for 30 days more than 4 of the others

## Out of scope

- [ ] HSTS is enabled

## Known gaps

- [ ] HSTS is enabled

## Rollback criteria

- [ ] HSTS header is set

## Web

- [ ] All of these are off:
  - [ ] HSTS

The following must not be the case:

- [ ] HSTS header is set

| Must not be | Done |
| --- | --- |
| HSTS header is set | [ ] |
"""


def test_what_an_item_leaves_open_or_undoes_is_unsure(proposed: Proposed) -> None:
    assert {each.item.text: each.level for each in proposed(DOUBTFUL) if each.level != "unsure"} == {}


def test_nothing_is_sure_of_which_a_word_is_left_over(proposed: Proposed) -> None:
    texts = (
        "HSTS header is set",
        "HSTS header is set for admins",
        "HSTS header is set\n\n  on the wiki",
        "HSTS header was set",
    )
    items = "".join(f"- [ ] {text}\n" for text in texts)
    found = proposed(
        f"# R\n## Web\n{items}## Partner systems\n- [ ] HSTS header is set\n## Kafka\n- [ ] HSTS header is set\n"
    )
    assert {first(each) for each in found} == {"http.hsts"}
    assert [each.level for each in found] == ["sure", *["likely"] * 5]


def test_what_says_that_it_does_not_apply_is_proposed_so(proposed: Proposed) -> None:
    found = proposed(
        "# R\n- [ ] CDN: N/A\n- [ ] Not applicable since we have no uploads\n- [ ] N/A is shown where empty\n"
    )
    assert [each.not_applicable for each in found] == ["CDN: N/A", "Not applicable since we have no uploads", ""]


def test_in_a_document_on_kubernetes_pods_are_meant(proposed: Proposed) -> None:
    item = "- [ ] Containers do not run as root\n"
    docker, pods = proposed(f"# R\n{item}")[0], proposed(f"# R\n{item}- [ ] Helm chart is deployed\n")[0]
    assert [first(docker), first(pods)] == ["container.non_root", "k8s.security_context"]


def test_a_heading_that_names_another_product_holds_back_claims_of_this_one(proposed: Proposed) -> None:
    text = "# R\n## Oracle database\n- [ ] Connections are encrypted\n## Database\n- [ ] Connections are encrypted\n"
    oracle, database = proposed(text)
    assert (oracle.level, first(database)) == ("unsure", "postgres.tls")


@pytest.mark.parametrize(
    ("affirmed", "denied", "claim"),
    [
        ("Password login over ssh works", "No password login over ssh", "host.ssh_hardened"),
        ("Root may log in by ssh with a password", "SSH root login is disabled", "host.ssh_hardened"),
        ("Image tag is latest", "Image tag is not latest", "image.pinned"),
        ("Images use the latest tag", "No image uses the latest tag", "image.pinned"),
        ("The latest image is used", "Images never use latest", "image.pinned"),
        ("Server version is shown", "Server version is hidden", "http.banner"),
        ("Certificate expired", "Certificates have not expired", "tls.expiry"),
        ("Certificate has been expired", "No expired certificates", "tls.expiry"),
        ("SSLv3 is enabled", "SSLv3 is disabled", "tls.versions"),
        ("Weak ciphers are accepted", "No weak ciphers", "tls.ciphers"),
        ("Links are broken", "No broken links", "http.links"),
        ("The bucket is public", "The bucket is not public", "s3.bucket"),
        ("Pods run as root", "Pods do not run as root", "k8s.security_context"),
        ("Redis evicts keys", "Redis evicts no keys", "redis.evictions"),
        ("Tests fail", "No test fails", "artifact.junit"),
        ("Vulnerabilities are known in dependencies", "No known vulnerabilities", "artifact.dependency_audit"),
        ("A reboot is required", "No reboot is required", "host.reboot_required"),
        ("The .env file is committed", "The .env file is not committed", "env.ignored_by_git"),
        ("Dependencies are outdated", "No outdated dependencies", "source.dependencies_fresh"),
        ("Memory leaks", "Memory does not leak", "container.memory_trend"),
        ("Memory grows", "Memory does not grow", "container.memory_trend"),
        ("JWTs never expire", "JWTs expire", "http.jwt"),
        ("Access tokens have no expiry", "Access tokens expire", "http.jwt"),
        ("Tampered tokens work", "Tampered tokens are refused", "http.jwt"),
        ("Domain never expires", "Domain does not expire within 60 days", "dns.registration"),
        ("CSP has unsafe-inline", "CSP has no unsafe-inline", "http.csp"),
        ("Container is unhealthy", "No container is unhealthy", "container.healthy"),
        ("Webhooks are unsigned", "Unsigned webhooks are rejected", "http.webhook_signature"),
        ("Deploys with downtime", "Deploys without downtime", "http.available_during_deploy"),
        ("Clock drifts", "Clock drift is below 100 ms", "host.time_synced"),
        ("Certificate expires soon", "Certificate does not expire soon", "tls.expiry"),
        ("Certificate has run out", "Certificate has not run out", "tls.expiry"),
        ("Page with errors", "Error pages are friendly", "http.errors"),
        ("Schema drifts", "No schema drift", "postgres.schema_matches"),
        ("Database deadlocks", "No deadlocks", "postgres.long_transactions"),
        ("Queries are slow", "Slow queries are logged", "postgres.slow_query_log"),
        ("Tasks failed", "Failed tasks are kept", "celery.dead_letter"),
        ("Retry failed", "Failed tasks are retried", "celery.retry"),
        ("Swap is set up", "Swap usage is below 20 %", "host.swap"),
        ("All ports are closed", "Port 5432 is closed", "net.closed"),
    ],
)
def test_what_a_claim_denies_is_proposed_where_it_is_denied_only(
    proposed: Proposed, affirmed: str, denied: str, claim: str
) -> None:
    wrong, right = proposed(f"# R\n- [ ] {affirmed}\n- [ ] {denied}\n")
    assert first(wrong) != claim or wrong.level == "unsure"
    assert first(right) == claim
    assert right.level != "unsure"


@pytest.mark.parametrize(
    ("text", "claims"),
    [
        ("HSTS and CSP are set", {"http.hsts", "http.csp"}),
        ("Ports 80 and 443 are open, all others closed", {"net.open", "net.only_open"}),
        ("Security headers are set", {"http.security_headers"}),
        ("CPU and memory limits are set", {"container.cpu_limit", "container.memory_limit"}),
    ],
)
def test_one_claim_is_not_proposed_for_what_several_show(proposed: Proposed, text: str, claims: set[str]) -> None:
    (proposal,) = proposed(f"# R\n- [ ] {text}\n")
    assert {each.check for each in proposal.candidates[0].checks} == claims


@pytest.mark.parametrize(
    ("text", "claim"),
    [
        ("Error pages for 404 and 500", "http.error_500"),
        ("No errors or warnings in the console", "browser.console"),
        ("Stripe and PayPal use live keys", "env.live_keys"),
        ("Razorpay uses live keys", "env.live_keys"),
        ("A and AAAA records are set", "dns.resolves"),
        ("gzip and brotli are on", "http.compression"),
        ("Welcome and reset mails are sent", "mail.received"),
        ("X-Robots-Tag: noindex", "http.robots"),
        ("Meta robots noindex", "http.robots"),
        ("Version in the footer is right", "http.deployed_version"),
        ("Low TTL", "dns.ttl"),
        ("Latency is 10 ms", "http.response_time"),
        ("Renewal is manual", "docs.present"),
        ("Privacy policy exists", "docs.sections"),
        ("API_TOKEN and CSRF_KEY are at least 32 characters", "http.csrf"),
    ],
)
def test_a_claim_that_shows_half_or_another_thing_is_not_sure(proposed: Proposed, text: str, claim: str) -> None:
    (proposal,) = proposed(f"# R\n- [ ] {text}\n")
    assert first(proposal) != claim or proposal.level != "sure"


def test_search_engines_that_are_kept_out_are_forbidden(proposed: Proposed) -> None:
    (proposal,) = proposed("# R\n- [ ] Search engines are kept out\n")
    assert proposal.candidates[0].checks[0].parameters == {"crawling": "forbidden"}
