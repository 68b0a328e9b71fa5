"""A whole product: what is found becomes a file that loads, can be planned with, and holds no secret."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_readiness.config.loading import load_configuration
from tests.cli.program import Result
from tests.discover.application import PLANTED
from tests.discover.conftest import parsed

Readiness = Callable[..., Result]


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", f"postgresql://shop:{PLANTED}-in-environment@localhost:5433/shop")


@pytest.mark.usefixtures("environment", "shop")
def test_what_is_found_is_declared(readiness: Readiness) -> None:
    result = readiness("init", "--dry-run")
    assert result.code == 0, result.err
    targets = parsed(result.out)["targets"]
    local, prod = targets["local"], targets["prod"]
    assert local["urls"] == {
        "nginx": {"url": "https://localhost:8443", "plain_http": "http://localhost:8080"},
        "api": {"url": "http://localhost:8000", "health": "/healthz"},
    }
    assert local["containers"]["postgres"] == "shop-postgres-1"
    assert local["images"] == {
        "nginx": "nginx:1.27",
        "api": "shop-api",
        "postgres": "postgres:16",
        "redis": "redis:7-alpine",
        "mail": "axllent/mailpit",
        "queue": "rabbitmq:3",
    }
    assert local["databases"] == {
        "postgres": {"dsn": "${DATABASE_URL}", "engine": "postgres"},
        "redis": {"dsn": "${REDIS_URL}", "engine": "redis"},
    }
    assert local["inboxes"] == {"mail": "mailpit+http://localhost:8025"}
    assert local["env_files"] == {"env": {"path": ".env", "dialect": "compose", "example": ".env.example"}}
    assert local["documents"] == {"readme": "README.md", "runbook": "docs/runbook.md"} == prod["documents"]
    assert prod["urls"] == {"shop": "https://shop.example.com"}
    assert prod["hosts"]["web2.example.com"] == {
        "connection": "ssh://deploy@web2.example.com",
        "labels": ["web"],
    }
    assert prod["databases"] == {"database": {"dsn": "${DATABASE_URL}", "engine": "postgres"}}


@pytest.mark.usefixtures("environment", "shop")
def test_comments_say_where_each_is_from(readiness: Readiness) -> None:
    out = readiness("init", "--dry-run").out
    assert "# from compose.yaml:5\n      api:" in out
    assert "# from compose.yaml:14, DATABASE_URL in compose.yaml:11, DATABASE_URL in the environment; fill in:" in out
    assert "#   - .github/workflows/ci.yml: a pipeline of GitHub Actions\n" in out
    assert "# from git, https://git.example.com/shop.git\n" in out


@pytest.mark.usefixtures("environment")
def test_no_secret_is_written_or_printed(shop: Path, readiness: Readiness) -> None:
    told = [readiness("init", "--dry-run"), readiness("init"), readiness("init"), readiness("init", "--force")]
    assert [result.code for result in told] == [0, 0, 4, 0]
    texts = [text for result in told for text in (result.out, result.err)]
    texts.append((shop / "readiness.yaml").read_text("utf-8"))
    assert "shop-postgres-1" in texts[-1]
    for text in texts:
        assert PLANTED not in text.lower()


@pytest.mark.usefixtures("environment")
def test_the_file_loads_and_can_be_planned_with(shop: Path, readiness: Readiness) -> None:
    assert readiness("init").code == 0
    for name in ("local", "prod"):
        assert load_configuration(shop / "readiness.yaml", name, resolve=False).target.resources
        planned = readiness("plan", "--target", name)
        assert planned.code == 0, planned.err
        assert "3 tests" in planned.out


def test_the_first_run_is_shown(shop: Path, readiness: Readiness) -> None:
    lines = readiness("init").lines
    steps = lines[lines.index("Next") + 1 :]
    assert steps[::2] == [
        "readiness bind docs/release-checklist.md --target local",
        "readiness bind docs/release-checklist.md --target local --review",
        "readiness plan --target local",
        "export DATABASE_URL='...'",
        "export REDIS_URL='...'",
        "pytest --readiness-target=local",
    ]
    assert "it listens at localhost:5433; " in steps[7]
    assert "its port is not published" in steps[9]


@pytest.mark.usefixtures("shop")
def test_the_steps_keep_the_target(readiness: Readiness) -> None:
    lines = readiness("init", "--target", "prod").lines
    commands = [line for line in lines[lines.index("Next") :] if line.startswith(("readiness ", "pytest "))]
    assert len(commands) == 4
    assert all("target prod" in line or "target=prod" in line for line in commands)


def test_roles_that_bind_proposes_are_there(shop: Path, readiness: Readiness) -> None:
    items = ("Legal team has approved the contract", "Product owner signs off", "Home page answers")
    text = "\n- [ ] ".join(("# Go-live\n", *items)) + "\n"
    (shop / "docs" / "release-checklist.md").write_text(text, "utf-8")
    assert readiness("init").code == 0
    roles = parsed((shop / "readiness.yaml").read_text("utf-8"))["roles"]
    assert {"compliance", "product-owner"} <= set(roles)
    bound = readiness("bind", "docs/release-checklist.md", "--target", "local")
    assert bound.code == 0, bound.err
    assert "signoff: compliance" in (shop / "docs" / "release-checklist.checks.yaml").read_text("utf-8")
    assert "To be listed under 'roles'" not in bound.out


def test_a_suite_is_taken_where_the_team_has_no_document(shop: Path, readiness: Readiness) -> None:
    (shop / "docs" / "release-checklist.md").unlink()
    result = readiness("init")
    written = parsed((shop / "readiness.yaml").read_text("utf-8"))
    assert written["checklists"] == ["suite:compose-payments"]
    names = ["SIGNING_KEY", "DATABASE_URL", "REDIS_URL"]
    assert written["targets"]["local"]["parameters"] == {"required_variables": {"names": names}}
    assert "readiness bind" not in result.out
    planned = readiness("plan", "--target", "local")
    assert planned.code == 0, planned.err
    assert "http.reachable" in planned.out


def test_nobody_can_sign_for_who_is_to_be_filled_in(shop: Path, readiness: Readiness) -> None:
    (shop / "docs" / "release-checklist.md").unlink()
    readiness("init")
    text = (shop / "readiness.yaml").read_text("utf-8")
    assert "Git knows\n# you as Committer <committer@example.com>" in text
    assert set(map(tuple, parsed(text)["roles"].values())) == {("to be filled in",)}
    item = next(line for line in readiness("plan", "--target", "local").lines if "sign-off: operations" in line)
    signed = readiness(
        *("sign", item.split()[-1].removesuffix("[signoff]"), "--role", "operations", "--by", "to be filled in")
    )
    assert signed.code == 4
    assert "names nobody" in signed.err
    assert not (shop / "signoffs.yaml").exists()


def test_roles_that_bind_will_propose_are_listed(folder: Path, readiness: Readiness) -> None:
    (folder / "release.md").write_text("# Release\n\n- [ ] Support knows what changes\n", "utf-8")
    assert "support" in parsed(readiness("init", "--dry-run", "--checklist", "release.md").out)["roles"]
    (folder / "release.md").write_text("# Release\n\n- [ ] HSTS is switched on\n", "utf-8")
    assert "support" not in parsed(readiness("init", "--dry-run", "--checklist", "release.md").out)["roles"]


@pytest.mark.usefixtures("environment", "shop")
def test_the_order_is_steady(readiness: Readiness) -> None:
    assert readiness("init", "--dry-run").out == readiness("init", "--dry-run").out
