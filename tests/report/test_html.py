"""The page as text: what it says, what it leaves out, and that nothing in it is markup that should be none."""

from __future__ import annotations

import base64
import hashlib
import html
import os
import re
import shlex
import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from pytest_readiness.core.evidence import Attachment
from pytest_readiness.core.redact import MASK, Redactor
from pytest_readiness.people.decisions import Signature
from pytest_readiness.report.html.page import (
    FOLDER,
    Command,
    endings,
    findings,
    link,
    render,
    size,
    source,
    unsigned,
    why,
)
from pytest_readiness.report.html.whole import finished
from pytest_readiness.verdict.items import LeafRecord
from pytest_readiness.verdict.outcome import Outcome
from pytest_readiness.verdict.provenance import Provenance
from pytest_readiness.verdict.result import TestResult
from tests.release import Release, page_of
from tests.report import pages
from tests.report.making import HOSTILE, all_of, outcome_of, states, waiver
from tests.stack.patience import patient

CHECKLIST = "# Release\n\n## Web\n\n- [ ] One\n- [ ] Two\n- [ ] Three\n"


@pytest.fixture(scope="module")
def text(ran: Release) -> str:
    return (ran.path / "page.html").read_text("utf-8")


def block(outcome: Outcome) -> str:
    return render(outcome, Redactor())


def shown(markup: str) -> str:
    """Text of some markup, in one line."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", markup)).split())


def item_of(outcome: Outcome, number: int = 0) -> LeafRecord:
    return outcome.verdict.items[number]


def test_every_item_is_there_once_in_its_section_and_state(text: str) -> None:
    found = re.findall(r'<details class="item [^"]*" id="i-release:([^"]*)" data-state="([^"]*)"', text)
    assert dict(found) == pages.STATES
    assert len(found) == len(pages.STATES)
    for part in re.split(r'<details class="section"', text)[1:]:
        (section,) = re.findall(r'^[^>]*data-section="release:([^"]*)"', part)
        assert {name.partition("/")[0] for name in re.findall(r'id="i-release:([^"]*)"', part)} == {section}


def test_an_item_tells_what_there_is_to_know(text: str) -> None:
    def said(item: str) -> str:
        found = re.search(
            rf'<details class="item [^"]*" id="i-release:{item}".*?<p class="again">.*?</p>', text, re.DOTALL
        )
        assert found is not None
        return shown(found[0])

    long = said("security/secrets-long")
    assert "Thirty-two characters or more." in long
    assert "Expected at least 32 characters each Seen TOKEN has 5 Remedy Replace the secret" in long
    assert "Seen TOKEN has 36 characters" in long
    assert "release.md, line 4: - [x] Secrets long ; ticked by hand; open since 2026-02-28, 2 runs" in long
    assert "Sign-off by operations Signed operations@example.com (operations) on 2026-02-27, for release 1.4" in said(
        "operations/rehearsed"
    )
    assert "Note With the new database." in said("operations/rehearsed")
    assert "Waiver next month accepted by lead@example.com, until 2026-03-31" in said("operations/later")
    assert "Waiver only that week accepted by lead@example.com, expired on 2026-02-20" in said(
        "operations/accepted-once"
    )
    assert "Look the waiver is no longer needed" in said("operations/not-needed-any-more")
    assert "Why no such thing" in said("operations/elsewhere")
    assert "Test test_own.py::test_own[one]" not in said("operations/tried-by-ourselves")
    assert "Tests test_own.py::test_own[one] , test_own.py::test_own[two]" in said("operations/tried-by-ourselves")


def test_what_several_checks_found_alike_is_said_once(text: str) -> None:
    quiet = text.partition('id="i-release:pages/home-page-is-quiet"')[2].partition("</details>\n<details")[0]
    body = quiet.partition('<div class="body">')[2]
    assert body.count("2 errors") == 1
    assert body.count("<img ") == 1
    assert "shot.quiet on plan , shot.still on plan" in shown(body)


def test_the_first_screen_names_what_decides(text: str) -> None:
    first = shown(text.partition('<section class="readiness"')[2].partition('<h2 id="items"')[0])
    assert "NO-GO Because 2 critical items are open; the score 45.9 is below 60; test_own.py::test_" in first
    assert "45.9 of 100 60 needed" in first
    assert "45.9 → 45.9 over the last 2 whole runs, since 2026-02-28" in first
    assert "Blocks the release 2 Secrets long failed, critical Accepted once failed, critical" in first
    assert "Unsigned 1 operations must sign Approved high" in first
    assert (
        "Expires within 30 days 2 11 d Handbook read signed by operations, 2026-03-12 30 d Later waiver, 2026-03-31"
    ) in first
    assert "Target prod Release 1.4 Seen 2026-03-01 00:00 UTC From" in first
    assert [
        f"{title} 1" in first for title in ("Ticked by hand, though the machine says no", "Waivers that expired")
    ] == [
        True,
        True,
    ]
    assert "Security 1 passed, 3 failed; score 1/4 41.6" in first


def test_people_are_listed(text: str) -> None:
    people = text.partition('<h2 id="people"')[2].partition('<h2 id="provenance"')[0]
    assert (
        "Handbook read operations@example.com operations 2026-02-20 2026-03-12 https://example.com/handbook"
        in shown(people)
    )
    assert '<a href="https://example.com/handbook" rel="noopener noreferrer">' in people
    assert re.search(r"<code>plan\.md</code>\s*<small>sha256 [0-9a-f]{12}…</small>", people)
    assert "Accepted once failed lead@example.com only that week 2026-02-20 expired" in shown(people)


@pytest.mark.parametrize(
    ("item", "tests"),
    [
        ("pages/home-page-is-quiet", 2),
        ("operations/tried-by-ourselves", 2),
        ("operations/rehearsed", 1),
    ],
)
def test_the_command_runs_just_the_item(ran: Release, text: str, item: str, tests: int) -> None:
    (line,) = re.findall(rf'id="i-release:{item}".*?<p class="again"><code>(.*?)</code>', text, re.DOTALL)
    program, *arguments = shlex.split(html.unescape(line))
    assert (program, arguments[0], "--readiness-release=1.4" in arguments) == (
        "pytest",
        "--readiness-target=prod",
        True,
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--readiness-out=again", *arguments],
        cwd=ran.path,
        capture_output=True,
        text=True,
        timeout=patient(120),
        check=False,
        env={**os.environ, "READINESS_NOW": pages.DAY},
    )
    assert re.search(rf"collected {tests} items?\b", done.stdout), done.stdout + done.stderr
    assert ran.result("again")["verdict"]["counts"] == {pages.STATES[item]: 1}


def test_pytest_html_shows_only_what_the_items_do_not(ran: Release) -> None:
    rows, _ = page_of(ran.path / "page.html")
    assert set(rows["tests"]) == {
        "test_own.py::test_beside",
        "test_own.py::test_own[one]",
        "test_own.py::test_own[two]",
        "release.md::pages::home-page-renders[plan]",
    }
    assert "looked at the page" in rows["tests"]["release.md::pages::home-page-renders[plan]"][0]["log"]
    assert rows["environment"]["Branch"] == html.escape(pages.BRANCH)


def test_the_page_comes_from_the_result_file_alone(ran: Release, tmp_path: Path) -> None:
    again = pages.page(ran.result(), tmp_path / "again.html")
    assert page_of(again)[1] == page_of(ran.path / "page.html")[1]
    # But for the moment at which pytest-html writes.
    strip = re.compile(
        r"""<p>Report generated on .*?</p>|<p class="run-count">.*?</p>|data-jsonblob="[^"]*\"""", re.DOTALL
    )
    before = (ran.path / "page.html").read_text("utf-8")
    assert strip.sub("", again.read_text("utf-8")) == strip.sub("", before)


def test_files_are_shown_or_kept_but_never_run(text: str) -> None:
    assert text.count('<img src="data:image/png;base64,') == 2
    assert not re.search(r"data:(?!image/(png|jpeg|webp);base64,|application/octet-stream;base64,)\w", text)
    assert re.search(
        r'<a href="data:application/octet-stream;base64,[^"]+" download="home\.svg">home\.svg <small>image/svg\+xml',
        text,
    )
    assert "onload" not in text
    assert "hit(2)" not in text


def test_the_policy_lets_the_two_scripts_run_and_nothing_else(text: str) -> None:
    (policy,) = re.findall(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)"/>', text)
    scripts = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    digests = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts]
    assert len(digests) == 2
    assert "script-src 'sha256-{}' 'sha256-{}';".format(*digests) in policy
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe-inline" not in policy.partition("style-src")[0]
    assert not re.search(r"<[^>]*\son\w+=", re.sub(r'data-jsonblob="[^"]*"', "", text.partition("<script>")[0]))


def test_a_foreign_script_is_not_blessed() -> None:
    page = (
        '<html>\n<head>\n<meta charset="utf-8"/>\n</head><body><script>theirs()</script><footer></footer></body></html>'
    )
    made = finished(page, "ours()")
    assert "Content-Security-Policy" not in made
    assert '<html lang="en">' in made
    assert 'name="viewport"' in made


def test_the_script_can_stand_in_a_page() -> None:
    script = (FOLDER / "report.js").read_text("utf-8")
    assert not re.search(r"</script|<!--|innerHTML|insertAdjacentHTML|eval\(|document\.write|fetch\(|XMLHttp", script)


@pytest.mark.parametrize(
    ("address", "followed"),
    [
        ("https://example.com/a?b=c", True),
        ("http://example.com", True),
        ("javascript:alert(1)", False),
        ("JavaScript://example.com/%0aalert(1)", False),
        ("data:text/html,<script>alert(1)</script>", False),
        ("vbscript:x", False),
        ("file:///etc/passwd", False),
        ("//example.com", False),
        ("https://", False),
        ("https://[", False),
        ("plan.md", False),
        (" https://example.com", False),
    ],
)
def test_only_addresses_of_the_web_are_links(address: str, followed: bool) -> None:
    signature = Signature("a@example.com", "lead", "2026-03-01", evidence=address)
    outcome = outcome_of(CHECKLIST, all_of("passed", check="signoff", role="lead", signatures=(signature,)))
    assert link(address) == (address if followed else "")
    assert ('rel="noopener noreferrer"' in block(outcome)) == followed


def test_every_text_is_data() -> None:
    evil = f"{HOSTILE}</script></style></svg></details>\" onmouseover=hit() '"
    signature = Signature(evil, evil, "2026-03-01", "2026-03-02", evil, "", evil, evil)
    attachments = (Attachment(evil, "image/png", pages.PNG), Attachment(evil, evil, b"x"))
    fields: dict[str, Any] = {
        "check": evil, "resource": evil, "evidence": evil, "expected": evil, "remedy": evil, "warning": evil,
        "attachments": attachments, "role": evil,
    }  # fmt: skip
    calm: dict[str, Any] = {name: "calm" for name, value in fields.items() if isinstance(value, str)}
    plain = Signature("calm", "calm", "2026-03-01", "2026-03-02", "calm", "", "calm", "calm")

    def made(words: str, fields: dict[str, Any], signature: Signature) -> Outcome:
        provenance: Any = dict.fromkeys(("target", "description", "release", "commit", "runner"), words)
        line = " ".join(words.splitlines())
        accepted = waiver(words, words, date(2026, 3, 5))
        outcome = outcome_of(
            f"# {line}\n\n## S {line}\n\n- [ ] First {line}\n- [ ] Second {line}\n\n  detail {line}\n",
            lambda item: [
                {
                    "state": "failed" if item.slug.startswith("first") else "waived",
                    **fields,
                    "signatures": (signature,),
                }
            ],
            severity=lambda _: "critical",
            **provenance,
            command=(words, "--readiness-config", words),
            versions=((words, words),),
        )
        items = tuple(replace(item, waiver=accepted) for item in outcome.verdict.items)
        sections = tuple(replace(section, items=items) for section in outcome.verdict.sections)
        return replace(outcome, verdict=replace(outcome.verdict, sections=sections, reasons=(words,)))

    hostile, harmless = (
        re.findall(r"<[^>]*>", block(made(*given)))
        for given in (
            (evil, fields, signature),
            (
                "calm",
                {**fields, **calm, "attachments": tuple(replace(each, name="calm") for each in attachments)},
                plain,
            ),
        )
    )
    # The same elements with the same attributes, whatever the texts are.
    names = [[re.findall(r"^</?\w+|[\w-]+(?==\")", tag) for tag in tags] for tags in (hostile, harmless)]
    assert names[0] == names[1]
    said = block(made(evil, fields, signature))
    assert not {"\x1b", "\x00", "\x9b", "\u202e"} & set(said)
    assert "<script" not in said.lower()


def test_secrets_are_masked() -> None:
    outcome = outcome_of(
        CHECKLIST, all_of("failed", evidence="token is hunter2hunter<", expected="x"), target="hunter2hunter<"
    )
    said = render(outcome, Redactor(["hunter2hunter<"]))
    assert "hunter2" not in said
    assert MASK in said


def results(*found: dict[str, Any]) -> LeafRecord:
    return item_of(outcome_of("# R\n\n## W\n\n- [ ] One\n", lambda _: found))


def test_findings_stand_worst_first_and_alike_together() -> None:
    item = results(
        {"state": "passed", "check": "a.a", "resource": "x"},
        {"state": "failed", "check": "a.b", "resource": "x", "expected": "e", "evidence": "s"},
        {"state": "failed", "check": "a.b", "resource": "y", "expected": "e", "evidence": "s"},
        {"state": "failed", "check": "a.b", "resource": "z", "expected": "e", "evidence": "other"},
    )
    assert [(each.first.state, each.tests) for each in findings(item)] == [
        ("failed", (("a.b", "x"), ("a.b", "y"))),
        ("failed", (("a.b", "z"),)),
        ("passed", (("a.a", "x"),)),
    ]
    assert why(item) == "expected e; seen: s (and 1 more)"


def test_a_passed_item_says_why_somebody_should_look() -> None:
    assert why(results({"state": "passed"})) == ""
    assert why(results({"state": "passed", "warning": "soon"}, {"state": "passed", "warning": "soon"})) == "soon"


@pytest.mark.parametrize(
    ("day", "left"), [("2026-02-28", None), ("2026-03-01", 0), ("2026-03-31", 30), ("2026-04-01", None), ("", None)]
)
def test_what_ends_within_thirty_days(day: str, left: int | None) -> None:
    signature = Signature("a@example.com", "lead", "2026-01-01", until=day)
    item = results({"state": "passed", "role": "lead", "signatures": (signature,)})
    assert [each.left for each in endings([item], date(2026, 3, 1))] == ([] if left is None else [left])
    if day:
        accepted = waiver(expires=date.fromisoformat(day))
        failing = replace(results({"state": "waived"}), waiver=accepted)
        assert [each.left for each in endings([failing], date(2026, 3, 1))] == ([] if left is None else [left])
        # A waiver that nothing needs ends nothing.
        assert endings([replace(failing, state="passed")], date(2026, 3, 1)) == []


def test_the_days_count_from_the_run_not_from_the_reading() -> None:
    signature = Signature("a@example.com", "lead", "2019-12-01", until="2020-01-10")
    outcome = outcome_of(
        CHECKLIST,
        all_of("passed", role="lead", signatures=(signature,)),
        started="2020-01-01T00:00:00+00:00",
        finished="2020-01-01T00:01:00+00:00",
    )
    assert "9 d" in block(outcome)


def test_unsigned_items_stand_by_role() -> None:
    items = [
        results({"state": "unverified", "check": "signoff", "role": "security"}),
        results({"state": "passed", "check": "signoff", "role": "security"}),
        results({"state": "unverified", "check": "signoff", "role": "lead"}, {"state": "passed"}),
        results({"state": "unverified"}),
        results({"state": "not applicable", "role": "lead"}),
    ]
    assert [(each.role, each.items) for each in unsigned(items)] == [("lead", (items[2],)), ("security", (items[0],))]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (("-q", "--readiness-target=prod", "--readiness-out=x"), ""),
        (("--readiness-config=a b.yaml",), " '--readiness-config=a b.yaml'"),
        (("--readiness-config", "it's.yaml"), " '--readiness-config=it'\"'\"'s.yaml'"),
        (
            ("--readiness-allow", "active", "--readiness-allow=disruptive", "--readiness-fenced"),
            " --readiness-allow=active --readiness-allow=disruptive --readiness-fenced",
        ),
        (("--readiness-release=$(reboot)",), " '--readiness-release=$(reboot)'"),
    ],
)
def test_the_command_is_quoted_and_keeps_what_decides(given: tuple[str, ...], kept: str) -> None:
    outcome = outcome_of(CHECKLIST, all_of("passed", resource="a"), command=given)
    provenance: Provenance = replace(outcome.provenance, documents=(("release", "my docs/release.md"),))
    line = Command(provenance).of(item_of(outcome))
    assert line == f"pytest --readiness-target=prod{kept} 'my docs/release.md::web::one[a]'"
    assert Command(outcome.provenance).of(item_of(outcome)) == ""


def test_a_colon_in_the_name_of_a_checklist_is_part_of_it() -> None:
    outcome = outcome_of(CHECKLIST, all_of("passed", resource="a"), path="docs/shop: release.md")
    provenance = replace(outcome.provenance, documents=(("shop: release", "docs/shop: release.md"),))
    assert Command(provenance).of(item_of(outcome)).endswith(" 'docs/shop: release.md::web::one[a]'")
    page = shown(block(replace(outcome, provenance=provenance)))
    assert "docs/shop: release.md, line 5: - [ ] One shop: release:web/one" in page


@pytest.mark.parametrize(
    ("given", "tone", "words"),
    [
        ({}, "go", "<strong>GO</strong>"),
        ({"exit_code": 2}, "part", "<strong>GO, but the run ended with exit code 2</strong>"),
        ({"replayed_from": "2026-01-01"}, "replay", "<strong>GO (replayed from 2026-01-01)</strong>"),
    ],
)
def test_only_a_whole_run_that_looked_is_green(given: dict[str, Any], tone: str, words: str) -> None:
    said = block(outcome_of(CHECKLIST, all_of("passed"), **given))
    assert f'<div class="verdict {tone}">' in said
    assert words in said


def test_a_part_is_not_green() -> None:
    outcome = outcome_of(CHECKLIST, lambda item: [{"state": "passed"}] if "one" in item.id else [])
    said = block(outcome)
    assert '<div class="verdict part">' in said
    assert "1 of 3 items were fully selected" in said


def test_no_go_that_nothing_blocks_says_so() -> None:
    from pytest_readiness.config.model import Policy

    said = shown(block(outcome_of(CHECKLIST, states("passed", "passed", "failed"), policy=Policy(min_score=90))))
    assert "No open item blocks it: the reasons above do." in said


def test_sizes_and_sources_of_files() -> None:
    assert size(Attachment("a", "text/plain", b"x" * 10)) == "10 bytes"
    assert size(Attachment("a", "text/plain", b"x" * 34_567)) == "34 KiB"
    assert source(Attachment("a", "image/jpeg", b"x")) == "data:image/jpeg;base64,eA=="
    for kind in ("image/svg+xml", "text/html", "IMAGE/PNG", 'image/png" onerror="hit()'):
        assert source(Attachment("a", kind, b"x")) == "data:application/octet-stream;base64,eA=="


def test_a_result_of_an_earlier_version_makes_a_page() -> None:
    """One without documents, signatures and waivers."""
    outcome = outcome_of(CHECKLIST, all_of("failed", check="a.b"))
    said = block(replace(outcome, originals=()))
    assert "release, line 5" in shown(said)
    assert 'class="again"' not in said
    assert isinstance(outcome.verdict.items[0].tests[0], TestResult)
