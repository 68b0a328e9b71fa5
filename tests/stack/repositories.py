"""Git repositories that tests make: with authors and times of their own, whatever the machine has configured."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

from pytest_readiness.core.environment import neutral


class Repo:
    """A repository in a folder, with a working tree.

    Attributes:
        path: its folder.
    """

    def __init__(self, path: Path, *, branch: str = "main") -> None:
        self.path = path
        path.mkdir(parents=True, exist_ok=True)
        self.git("init", "-q", "-b", branch)

    def git(self, *arguments: str, at: datetime | None = None, by: str = "Author <author@example.com>") -> str:
        """Return what git prints; `at` and `by` are those of a commit or tag that it makes."""
        name, _, mail = by.partition(" <")
        moment = (at or datetime.now(UTC)).isoformat()
        environment = neutral() | {
            **{f"GIT_{role}_NAME": name for role in ("AUTHOR", "COMMITTER")},
            **{f"GIT_{role}_EMAIL": mail.rstrip(">") for role in ("AUTHOR", "COMMITTER")},
            **{f"GIT_{role}_DATE": moment for role in ("AUTHOR", "COMMITTER")},
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_SYSTEM": os.devnull,
            "GIT_ALLOW_PROTOCOL": "file",
        }
        done = subprocess.run(
            ["git", "-c", "commit.gpgSign=false", "-c", "protocol.file.allow=always", *arguments],
            cwd=self.path,
            env=environment,
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    def write(self, files: Mapping[str, str | bytes]) -> Self:
        """Write files of the working tree, by their paths."""
        for name, content in files.items():
            path = self.path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        return self

    def commit(
        self,
        files: Mapping[str, str | bytes] | None = None,
        *,
        message: str = "Change",
        days_ago: float = 0,
        by: str = "Author <author@example.com>",
    ) -> str:
        """Write files, commit all that has changed, and return the commit."""
        self.write(files or {}).git("add", "-A")
        at = datetime.now(UTC) - timedelta(days=days_ago)
        self.git("commit", "-q", "--allow-empty", "-m", message, at=at, by=by)
        return self.git("rev-parse", "HEAD")
