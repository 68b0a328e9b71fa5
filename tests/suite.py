"""A suite of our own, small and with one of everything, among those that ship."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_readiness.checklist.reading import parse_checklist
from pytest_readiness.config import suites
from pytest_readiness.plan.originals import said_in

DOCUMENT = """\
# Small shop

A checklist for a shop
of one page.

It has a second paragraph.

## Web

- [ ] The page answers
- [ ] Accounts work
  - [ ] People can sign in
  - [ ] Too many logins are slowed down
- [ ] The page fits the brand

## Data

### Safety

- [ ] Restores are rehearsed every week
- [ ] The cache survives a restart
- [ ] The cache is kept and encrypted (if used)

### Papers

- [ ] There is a runbook
- [ ] ~~There is a fax number~~
"""
BINDINGS = """\
# What answers each item of small.md.

web:
  # One request.
  the-page-answers: {check: http.reachable, on: site, source: "007:3"}
  accounts-work: {source: '007:4'}
  people-can-sign-in:
    # What the account's page says differs from shop to shop.
    check: http.flow
    from_target: login
    source: 007:5
  too-many-logins-are-slowed-down: {check: http.rate_limit, from_target: login_limit, retry_after: false,
    source: "007:6"}
  the-page-fits-the-brand: {signoff: {role: product-owner, count: 1, evidence: {max_age_days: 30}}, valid: 30d,
    source: "007:7"}

# What would hurt.
safety:
  restores-are-rehearsed-every-week: {source: "007:11", signoff: operations}
  the-cache-survives-a-restart: {missing: redis.persistence, source: "007:12"}
  the-cache-is-kept-and-encrypted:
    check: net.open
    on: cache
    from_target: open_ports
    missing: [redis.tls]
    source: "007:13"

papers:
  there-is-a-runbook: {check: docs.sections, on: runbook, sections: [Rollback|Way back],
                       source: "007:16", partial: operations, cadence: yearly}
  there-is-a-fax-number: {not_applicable: "nobody has one any more", source: "007:17"}
"""
TARGET = """\
# What a small shop declares.
checklists: [suite:small]
roles:
  operations: [operations@example.com]
  product-owner: [product-owner@example.com]
targets:
  prod:
    urls:
      shop: {url: "https://shop.example.com", labels: [site], credentials: {login: {user: a, password: b}}}
    documents: {runbook: runbook.md}
    policy: {allow: [active]}
    parameters:
      login:
        on: site
        steps: [{name: signs in, get: /account, credential: login, expect: {text: Signed in}}]
      login_limit: {on: site, path: /login, limit: 10}
"""
ORIGINAL = """\
# Launch of Fruit & Co
**Shop front**
- [x] Website up
- [ ] Login:
  - [ ] Login OK
  - [ ] Brute force protection!
- [ ] Looks nice

## Storage

- [ ] Weekly restore drill
- [ ] Redis AOF on
- [ ] Redis TLS (if used)

#### Docs
- [ ] Runbook
- [ ] ~~Fax~~
"""
"""What the suite says that it was made of, in other words."""


def add(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Path:
    """Make the suite `small`, the only one, in a folder, and return that."""
    folder.mkdir()
    for name, text in (("small.md", DOCUMENT), ("small.checks.yaml", BINDINGS), ("small.target.yaml", TARGET)):
        (folder / name).write_text(text, "utf-8")
    said = said_in(parse_checklist(ORIGINAL, Path("launch.md")))
    digests = " ".join(f"{line}:{digest}" for line, digest in said.items())
    (folder / "originals.yaml").write_text(f"small: {digests}\n", "utf-8")
    monkeypatch.setattr(suites, "FOLDER", folder)
    return folder
