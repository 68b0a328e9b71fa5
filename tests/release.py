"""A small project with a checklist whose items end in every state, for tests of what comes after a run."""

from __future__ import annotations

import html
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from textwrap import dedent
from typing import Any

from tests.command import readiness
from tests.stack.patience import patient

FILES = {
    "release.md": """\
        # Release
        ## Security
        - [ ] Secrets set
        - [x] Secrets long
        - [ ] Documents
          - [ ] Written
          - [ ] Complete
        ## Operations
        - [ ] Later
        - [ ] Not needed any more
        - [ ] Tried by ourselves
        - [ ] Signed
        - [ ] Forgotten
        - [ ] Elsewhere (N/A: no such thing)
        """,
    "release.checks.yaml": """\
        security:
          secrets-set: {check: env.present, names: [TOKEN]}
          secrets-long: {check: env.length, names: [TOKEN]}
          written: docs.present
          complete: {check: docs.sections, sections: [Deploy]}
        operations:
          later: {check: env.present, names: [LATER]}
          not-needed-any-more: {check: env.present, names: [TOKEN]}
          signed: {signoff: operations}
        """,
    "readiness.yaml": """\
        checklists: [release.md]
        tests: [test_own.py]
        roles: {operations: [operations@example.com]}
        waivers: waivers.yaml
        waiver_days: 40000
        targets:
          prod:
            description: where it runs
            env_files: {one: one.env, two: two.env}
            documents: {plan: plan.md, runbook: runbook.md}
            policy: {min_score: 20}
          other:
            extends: prod
        """,
    "waivers.yaml": """\
        waivers:
          - {item: operations/later, reason: next month, by: operations@example.com, expires: 2100-01-01}
          - {item: operations/not-needed-any-more, reason: next month, by: operations@example.com, expires: 2100-01-01}
        """,
    "one.env": f"TOKEN={'k3y-' * 9}\n",
    "two.env": "TOKEN=short\n",
    "plan.md": "# Plan\n\n## Other\n\ntext\n",
    "runbook.md": f"# Runbook\n\n## Deploy\n\n{'Do it with care. ' * 10}\n",
    "test_own.py": """\
        import pytest

        @pytest.mark.readiness("operations/tried-by-ourselves")
        def test_own(env_file):
            print("looked at", env_file.name)

        def test_beside():
            pass
        """,
}


class Release:
    """The project in a folder of its own."""

    def __init__(self, path: Path) -> None:
        self.path = path
        for name, text in FILES.items():
            self.write(name, text)

    def write(self, name: str, text: str) -> Path:
        path = self.path / name
        path.write_text(dedent(text), "utf-8")
        return path

    def replace(self, name: str, old: str, new: str) -> None:
        text = (self.path / name).read_text("utf-8")
        assert old in text
        self.write(name, text.replace(old, new))

    def run(self, *arguments: str, target: str = "prod", **environment: str) -> subprocess.CompletedProcess[str]:
        options = (f"--readiness-target={target}", "-p", "no:cacheprovider")
        return self._python("-m", "pytest", *options, *arguments, **environment)

    def interrupted(self, *arguments: str) -> None:
        """Run it with a test of its own that hangs, and interrupt it there."""
        self.write(
            "test_own.py",
            """\
            import time
            from pathlib import Path

            def test_hangs():
                Path("begun").touch()
                time.sleep(60)
            """,
        )
        command = [sys.executable, "-m", "pytest", "--readiness-target=prod", "-p", "no:cacheprovider", *arguments]
        running = subprocess.Popen(command, cwd=self.path, stdout=subprocess.PIPE)
        try:
            ends = time.monotonic() + patient(60)
            while not (self.path / "begun").exists():
                assert time.monotonic() < ends
                assert running.poll() is None
                time.sleep(0.05)
            running.send_signal(signal.SIGINT)
            running.communicate(timeout=patient(60))
        finally:
            running.kill()
            running.wait()
        assert running.returncode == 2

    def cli(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return readiness(self.path, *arguments, **environment)

    def _python(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=self.path,
            env={**os.environ, "PYTHONIOENCODING": "utf-8", **environment},
            capture_output=True,
            encoding="utf-8",
            timeout=patient(120),
            check=False,
            stdin=subprocess.DEVNULL,
        )

    def shards(self, of: int, *arguments: str) -> list[str]:
        """Run every shard; return their result files."""
        for number in range(1, of + 1):
            self.run(f"--readiness-shard={number}/{of}", f"--readiness-out=shard{number}", *arguments)
        return [f"shard{number}/result.json" for number in range(1, of + 1)]

    def result(self, folder: str = "out") -> dict[str, Any]:
        data: dict[str, Any] = json.loads((self.path / folder / "result.json").read_text("utf-8"))
        return data


PASSING = {"seconds", "start", "started", "finished", "command", "shard"}
"""Keys of what is different in each run."""


def lasting(data: Any) -> Any:
    """Return a result without what is different in each run."""
    if isinstance(data, dict):
        return {key: lasting(value) for key, value in data.items() if key not in PASSING}
    return [lasting(value) for value in data] if isinstance(data, list) else data


def page_of(path: Path) -> tuple[dict[str, Any], str]:
    """Return the rows that pytest-html's page holds, and its verdict block."""
    text = path.read_text("utf-8")
    blob = re.search(r'data-jsonblob="([^"]*)"', text)
    block = re.search(r'<section class="readiness".*?</section>', text, re.DOTALL)
    assert blob is not None
    data: dict[str, Any] = json.loads(html.unescape(blob[1]))
    return data, block[0] if block else ""
