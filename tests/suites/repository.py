"""The repository of the suites' world: a small product with tests, tools, pipelines and a history, and its remote."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.stack.forge import at
from tests.stack.repositories import Repo

VERSION = "1.4.2"
BRANCH = "production"
WORKFLOW = """\
name: ci
on:
  push:
    branches: [production]
  pull_request:
permissions:
  contents: read
jobs:
  test:
    runs-on: ubuntu-24.04
    steps:
      - uses: actions/checkout@0123456789abcdef0123456789abcdef01234567
      - run: pip install -r requirements.txt -r requirements-dev.txt
      - run: ruff check .
      - run: pytest --junitxml=reports/unit.xml
      - run: pip-audit -r requirements.txt
      - run: npm ci && npm test
        working-directory: web
  image:
    needs: test
    runs-on: ubuntu-24.04
    permissions:
      contents: read
      packages: write
    steps:
      - uses: actions/checkout@0123456789abcdef0123456789abcdef01234567
      - uses: docker/build-push-action@0123456789abcdef0123456789abcdef01234567
        with:
          context: .
          push: true
          tags: registry.example.com/shop:${{ github.sha }}
"""
DEPLOY = """\
name: deploy
on:
  push:
    branches: [production]
  workflow_dispatch:
    inputs:
      version:
        description: the version to deploy
        required: true
permissions:
  contents: read
jobs:
  deploy:
    runs-on: ubuntu-24.04
    environment: production
    steps:
      - uses: actions/checkout@0123456789abcdef0123456789abcdef01234567
      - run: kubectl set image deployment/shop shop=registry.example.com/shop:${{ inputs.version || github.sha }}
        env:
          KUBE_TOKEN: ${{ secrets.KUBE_TOKEN }}
"""
READINESS = """\
import sys

from shop.orders import total

PASSED = [total([1, 2]) == 3, total([]) == 0]


def main() -> None:
    score = 100 * sum(PASSED) // len(PASSED)
    critical = PASSED.count(False)
    sys.stdout.write(f"Score: {score} %\\nCritical issues: {critical}\\n")


if __name__ == "__main__":
    main()
"""
FILES: Mapping[str, str] = {
    "README.md": "# Shop\n\nA shop with orders and payments.\n",
    "LICENSE": "Apache License\nVersion 2.0, January 2004\n",
    "CHANGELOG.md": f"# Changelog\n\n## {VERSION}\n\n- Orders show their total.\n",
    ".gitignore": ".env\n.env.*\n!.env.example\n!.env.*.example\n__pycache__/\nnode_modules/\n*.log\n",
    "Makefile": "".join(
        f"{target}:\n\t{line}\n\n"
        for target, line in {
            "install": "pip install -r requirements.txt",
            "test": "pytest",
            "lint": "ruff check .",
            "run": "python -m shop",
        }.items()
    ),
    "requirements.txt": "requests==2.32.4\n",
    "requirements-dev.txt": (
        "-r requirements.txt\nblack==25.1.0\nflake8==7.1.1\nmypy==1.15.0\npylint==3.3.3\npytest==8.4.0\nruff==0.9.0\n"
    ),
    "pyproject.toml": (
        f'[project]\nname = "shop"\nversion = "{VERSION}"\n\n[tool.black]\nline-length = 100\n\n'
        '[tool.pytest.ini_options]\ntestpaths = ["tests"]\n\n[tool.pylint.main]\njobs = 1\n\n'
        '[tool.ruff]\nline-length = 100\n\n[tool.ruff.lint]\nselect = ["E", "F", "W"]\n\n[tool.mypy]\nstrict = true\n'
    ),
    ".pre-commit-config.yaml": (
        "repos:\n  - repo: https://github.com/astral-sh/ruff-pre-commit\n"
        "    rev: v0.9.0\n    hooks:\n      - id: ruff\n"
    ),
    ".flake8": "[flake8]\nmax-line-length = 100\n",
    "config/development.yaml": "debug: true\ndatabase: sqlite\n",
    "config/staging.yaml": "debug: false\ndatabase: postgresql\nworkers: 1\n",
    "config/production.yaml": "debug: false\ndatabase: postgresql\nworkers: 8\n",
    "shop/__init__.py": '"""A shop."""\n',
    "shop/orders.py": (
        '"""Orders."""\n\nimport requests\n\n\ndef total(prices: list[int]) -> int:\n'
        '    """The sum of all prices."""\n    return sum(prices)\n\n\n'
        'def rate(address: str) -> float:\n    """The rate that a service names."""\n'
        "    return float(requests.get(address, timeout=5).text)\n"
    ),
    "shop/templates/mail/welcome.html": "<p>Welcome to the shop.</p>\n",
    "shop/templates/mail/receipt.html": "<p>Your receipt.</p>\n",
    "shop/templates/mail/reset.html": "<p>Choose a new password.</p>\n",
    "tests/test_orders.py": (
        "from shop.orders import total\n\n\ndef test_total() -> None:\n    assert total([1, 2]) == 3\n"
    ),
    "scripts/readiness.py": READINESS,
    ".github/workflows/ci.yml": WORKFLOW,
    ".github/workflows/deploy.yml": DEPLOY,
    ".github/dependabot.yml": (
        "version: 2\nupdates:\n"
        + "".join(
            f"  - package-ecosystem: {ecosystem}\n    directory: {folder}\n    schedule:\n      interval: weekly\n"
            for ecosystem, folder in (("pip", "/"), ("npm", "/web"), ("github-actions", "/"), ("docker", "/"))
        )
    ),
    "Dockerfile": 'FROM python:3.13-slim\nCOPY shop /srv/shop\nUSER nobody\nCMD ["flask", "run"]\n',
    "web/package.json": json.dumps(
        {"name": "web", "version": VERSION, "private": True, "scripts": {"test": "node --test"}, "dependencies": {}},
        indent=2,
    )
    + "\n",
    "web/index.js": "export function total(prices) {\n  return prices.reduce((sum, price) => sum + price, 0);\n}\n",
}


def write_repository(folder: Path, changes: Mapping[str, str | None]) -> Repo:
    """Make the repository, with a former release, a tag, and a remote that has all of it.

    Args:
        folder: for the repository and its remote; created.
        changes: files of the last commit that are changed or added, or left out (None).
    """
    repo = Repo(folder / "shop", branch=BRANCH)
    repo.commit({**FILES, "CHANGELOG.md": "# Changelog\n\n## 1.4.1\n\n- First.\n"}, message="First", days_ago=20)
    for name in (name for name, text in changes.items() if text is None):
        (repo.path / name).unlink()
    repo.commit(
        {**FILES, **{name: text for name, text in changes.items() if text is not None}}, message="Totals", days_ago=2
    )
    repo.git("tag", f"v{VERSION}")
    repo.git("clone", "-q", "--bare", str(repo.path), str(folder / "remote.git"))
    repo.git("remote", "add", "origin", f"file://{folder}/remote.git")
    return repo


def forge_answers(repo: Repo, changes: Mapping[str, Any]) -> dict[str, Any]:
    """What a forge says of the repository: green runs of its commit, a protected environment, and no open blocker.

    Args:
        repo: the repository.
        changes: answers by their path that are otherwise.
    """
    sha = repo.git("rev-parse", "HEAD")
    moment = at(datetime.now(UTC) - timedelta(hours=1))
    files = {
        "ci": (".github/workflows/ci.yml", ("test", "image")),
        "deploy": (".github/workflows/deploy.yml", ("deploy",)),
    }
    runs, answers = [], {}
    for number, (name, (path, jobs)) in enumerate(files.items(), 1):
        run = {
            "id": number,
            "name": name,
            "path": path,
            "workflow_id": number,
            "head_sha": sha,
            "head_branch": BRANCH,
            "event": "push",
            "run_number": 1,
            "run_attempt": 1,
            "status": "completed",
            "conclusion": "success",
            "created_at": moment,
            "updated_at": moment,
            "run_started_at": moment,
        }
        runs.append(run)
        done = [
            {"id": 10 * number + place, "name": job, "status": "completed", "conclusion": "success", "run_attempt": 1}
            for place, job in enumerate(jobs)
        ]
        answers[f"actions/runs/{number}/jobs"] = {"total_count": len(done), "jobs": done}
        answers[f"actions/workflows/{Path(path).name}/runs"] = {"total_count": 1, "workflow_runs": [run]}
        answers[f"actions/workflows/{Path(path).name}"] = {"id": number, "path": path, "name": name, "state": "active"}
    reviewers = {
        "id": 1,
        "type": "required_reviewers",
        "prevent_self_review": True,
        "reviewers": [{"type": "User", "reviewer": {"login": "operations", "id": 7}}],
    }
    environment = {"id": 3, "name": "production", "can_admins_bypass": False, "protection_rules": [reviewers]}
    secret = {"name": "KUBE_TOKEN", "created_at": moment, "updated_at": moment}
    labels = [{"id": 1, "name": name} for name in ("blocker", "critical", "P1", "P2", "P3")]
    return {
        **answers,
        "labels": labels,
        "actions/runs": {"total_count": len(runs), "workflow_runs": runs},
        "actions/workflows": {
            "total_count": 2,
            "workflows": [
                {"id": number, "name": name, "path": path, "state": "active"}
                for number, (name, (path, _)) in enumerate(files.items(), 1)
            ],
        },
        f"commits/{sha}/check-runs": {"total_count": 0, "check_runs": []},
        f"commits/{sha}/status": {"state": "success", "sha": sha, "total_count": 0, "statuses": []},
        "environments": {"total_count": 1, "environments": [environment]},
        "environments/production": environment,
        "environments/production/secrets": {"total_count": 1, "secrets": [secret]},
        "actions/secrets": {"total_count": 0, "secrets": []},
        "actions/organization-secrets": {"total_count": 0, "secrets": []},
        "actions/variables": {"total_count": 0, "variables": []},
        "issues": [],
        "milestones": [],
        "branches/production": {"name": BRANCH, "protected": True},
        "branches/production/protection": {
            "required_pull_request_reviews": {"required_approving_review_count": 1, "dismiss_stale_reviews": True},
            "required_status_checks": {
                "strict": True,
                "contexts": ["test"],
                "checks": [{"context": "test", "app_id": 1}],
            },
            "enforce_admins": {"enabled": True},
            "allow_force_pushes": {"enabled": False},
            "allow_deletions": {"enabled": False},
        },
        "rules/branches/production": [],
        **changes,
    }
