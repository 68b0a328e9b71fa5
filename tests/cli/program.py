"""The program `readiness`, run in a small project."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from pytest_readiness.cli import app
from pytest_readiness.cli.problems import told
from tests.stack.patience import patient

CHECKLIST = """\
# Release

## TLS

- [ ] Certificates are valid
- [x] Old versions are refused

## Papers

- [ ] Runbook covers rollback
- [ ] Plans [red]are[/red] written
  - [ ] Plan A (optional)
- [ ] ~~Fax works~~

## Backups (monthly)

- [ ] Restore is rehearsed
- [ ] Acceptance is approved
- [ ] Loose end
"""
BINDINGS = """\
tls:
  certificates-are-valid: {check: tls.expiry, min_days: 10, warn: {min_days: 30}, on: public}
  old-versions-are-refused: {all: [tls.versions, tls.tls13], level: gold}
papers:
  runbook-covers-rollback: {check: docs.sections, sections: [Rollback], partial: ops, valid: 30d}
  plan-a: docs.present
backups-monthly:
  restore-is-rehearsed: {signoff: {role: ops, count: 2, evidence: {max_age_days: 30}}}
  acceptance-is-approved: {signoff: {role: owner, per_release: true}, valid: 5d, severity: high}
"""
CONFIGURATION = """\
checklists: [release.md]
roles: {ops: [a@example.com, b@example.com], owner: [o@example.com, a@example.com]}
levels: [silver, gold]
signoffs: signoffs.yaml
waivers: waivers.yaml
targets:
  prod:
    description: where customers are
    level: silver
    urls:
      shop: {url: "https://${SHOP_HOST}:443", labels: [public]}
    databases:
      orders: {dsn: {command: "touch ran; echo postgresql://u:hunter22@h/d"}, engine: postgres}
      more: ${MORE_DSN}
    documents: {runbook: docs/runbook.md}
"""


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return [" ".join(line.split()) for line in self.out.splitlines()]


class Program:
    """The program in a folder with a project, in this process or in its own."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self.capsys = capsys
        monkeypatch.chdir(folder)
        monkeypatch.setenv("READINESS_NOW", "2026-03-10T12:00:00Z")
        for name in ("SHOP_HOST", "MORE_DSN"):
            monkeypatch.delenv(name, raising=False)
        self.write("release.md", CHECKLIST)
        self.write("release.checks.yaml", BINDINGS)
        self.write("readiness.yaml", CONFIGURATION)
        self.write("docs/runbook.md", "# Runbook\n\n## Rollback\n\nTurn the switch.\n")
        self.write("signoffs.yaml", "signoffs:\n")
        self.write("waivers.yaml", "waivers:\n")

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")

    def read(self, name: str) -> str:
        return (self.folder / name).read_text("utf-8")

    def __call__(self, *arguments: str) -> Result:
        self.capsys.readouterr()
        code = told(lambda: app(list(arguments), prog_name="readiness"))
        return Result(code, *self.capsys.readouterr())

    def json(self, *arguments: str) -> object:
        result = self(*arguments, "--json")
        assert result.code == 0, result.err
        return json.loads(result.out)

    def process(self, *arguments: str, environment: Mapping[str, str] | None = None) -> Result:
        done = subprocess.run(
            [sys.executable, "-m", "pytest_readiness", *arguments],
            cwd=self.folder,
            env={**os.environ, **(environment or {})},
            capture_output=True,
            text=True,
            timeout=patient(60),
            check=False,
        )
        return Result(done.returncode, done.stdout, done.stderr)


def on_terminal(arguments: list[str], columns: int, folder: Path, **environment: str) -> str:
    """What the program writes on a terminal of this width."""
    import pty

    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "pytest_readiness", *arguments],
        stdout=theirs,
        stderr=theirs,
        cwd=folder,
        env={**os.environ, "COLUMNS": str(columns), "TERM": "xterm-256color", **environment},
    ) as process:
        os.close(theirs)
        written = b""
        while True:
            try:
                read = os.read(ours, 65536)
            except OSError:
                break
            if not read:
                break
            written += read
        process.wait(patient(60))
    os.close(ours)
    return written.decode("utf-8").replace("\r\n", "\n")
