"""Sources that say little: Dockerfiles, manifests, documents, Git, pipelines, the environment."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_readiness.discover import documents
from pytest_readiness.discover.choosing import choices
from pytest_readiness.discover.found import Survey
from pytest_readiness.discover.repository import without_user
from pytest_readiness.discover.variables import is_name
from tests.discover.application import CHECKLIST, git, write

Look = Callable[..., Survey]


def told(found: Survey) -> list[str]:
    return [f"{each.source}: {each.text}" for each in found.hints]


def test_a_dockerfile_alone_is_told(folder: Path, look: Look) -> None:
    write(
        folder,
        "Dockerfile",
        "FROM scratch\nEXPOSE 8000/tcp 53/udp \\\n  9000\nHEALTHCHECK NONE\nhealthcheck CMD wget http://127.0.0.1:8000/up\n",
    )
    assert told(look()) == [
        "Dockerfile: builds an image that listens on 8000, 9000 and is asked for its health at /up: "
        'name it as images: {app: {image: "shop:TAG"}}'
    ]


def test_manifests_give_names_only(folder: Path, look: Look) -> None:
    write(
        folder, "k8s/app.yaml", "kind: Deployment\napiVersion: apps/v1\nmetadata: {name: shop}\n---\n---\nkind: List\n"
    )
    write(folder, "chart/Chart.yaml", "apiVersion: v2\nname: shop\n")
    write(folder, "chart/templates/a.yaml", "apiVersion: v1\nkind: {{ .Values.kind }}\n")
    config = write(folder.parent, "kube", "current-context: prod-cluster\nusers: [{user: {token: pl4nted}}]\n")
    found = look(KUBECONFIG=str(config))
    assert told(found) == [
        "chart/Chart.yaml: is a Helm chart, whose templates were not read",
        "k8s/app.yaml:1: the Deployment shop",
        "the configuration of kubectl: the current context is prod-cluster; nothing was asked of it",
    ]
    assert not found.skipped


def test_hosts_of_an_ingress_are_urls(folder: Path, look: Look) -> None:
    spec = "{tls: [{hosts: [b.example.com, {}]}], rules: [{host: b.example.com}, {host: a.example.com}, {host: {}}]}"
    manifest = f"apiVersion: v1\nkind: Ingress\nmetadata: {{name: shop}}\nspec: {spec}\n"
    write(folder, "deploy/staging/ingress.yaml", manifest)
    assert [(each.fields, each.target) for each in look().found] == [
        ({"url": "https://b.example.com"}, "staging"),
        ({"url": "http://a.example.com"}, "staging"),
    ]


def test_the_likeliest_document_comes_first_and_templates_last(folder: Path, look: Look) -> None:
    for name in ("TODO.md", ".github/PULL_REQUEST_TEMPLATE.md", "docs/notes.md", "docs/production-readiness.md"):
        write(folder, name, CHECKLIST)
    write(folder, "CONTRIBUTING.md", "- [ ] one\n- [ ] two\n")
    offered = [each.checklist for each in choices(look())]
    suites = [each for each in offered if each.startswith("suite:")]
    assert offered == [
        "docs/production-readiness.md",
        *suites,
        *("docs/notes.md", "TODO.md", ".github/PULL_REQUEST_TEMPLATE.md"),
    ]
    assert suites[0] == "suite:starter"


@pytest.mark.parametrize(
    ("files", "suite"),
    [
        ({}, "starter"),
        ({"compose.yaml": "services: {db: {image: postgres}}"}, "starter"),
        ({"compose.yaml": "services: {db: {image: postgres}}", ".env": "STRIPE_API_KEY=x\n"}, "compose-payments"),
        ({"compose.yaml": "services: {db: {image: mongo}}"}, "containers-mongodb"),
        ({".do/app.yaml": "name: shop"}, "paas-digitalocean"),
        ({"compose.yaml": "services: {db: {image: mysql}}"}, "starter"),
    ],
)
def test_the_suite_that_fits_is_taken(folder: Path, look: Look, files: dict[str, str], suite: str) -> None:
    for name, text in files.items():
        write(folder, name, text)
    assert choices(look())[0].checklist == f"suite:{suite}"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("docs/RUNBOOK.md", "runbook"),
        ("docs/disaster_recovery.md", "recovery"),
        ("CHANGELOG.md", "changelog"),
        ("docs/incident-response.md", "incidents"),
        ("docs/rollback.md", "rollback"),
        ("docs/notes.md", None),
        ("docs/history-of-art.md", "changelog"),
    ],
)
def test_documents_are_told_by_their_names(folder: Path, look: Look, name: str, kind: str | None) -> None:
    write(folder, name, "# Title\n")
    assert [each.name for each in look().found] == ([kind] if kind else [])


def test_a_very_long_document_is_no_checklist(folder: Path, look: Look) -> None:
    write(folder, "checklist.md", "- [ ] item\n" * (documents._LONGEST // 10))
    assert not look().papers


@pytest.mark.parametrize(
    ("remote", "shown"),
    [
        ("https://user:pl4nted@git.example.com/a/b.git", "https://git.example.com/a/b.git"),
        ("https://pl4nted@git.example.com:8443/a/b", "https://git.example.com:8443/a/b"),
        ("https://git.example.com/a?token=pl4nted#pl4nted", "https://git.example.com/a"),
        ("https://user:pl4@nted@git.example.com/a", "https://git.example.com/a"),
        ("git@git.example.com:a/b.git", "git.example.com:a/b.git"),
        ("pl4nted@git.example.com:a/b.git", "git.example.com:a/b.git"),
        ("ssh://git@git.example.com/a", "ssh://git.example.com/a"),
        ("/srv/pl4nted", ""),
        ("https://user:pl4/nted@git.example.com/a", ""),
        ("https://git.example.com/ghp_0123456789abcdefghij0123456789abcdef", ""),
    ],
)
def test_a_remote_is_shown_without_user_and_token(remote: str, shown: str) -> None:
    assert without_user(remote) == shown


def test_a_folder_within_a_repository(folder: Path, look: Look) -> None:
    git(folder.parent, "init", "-q")
    (repository,) = [each for each in look().found if each.section == "repositories"]
    assert repository.fields == {"path": ".."}
    assert repository.source == "git"


def test_the_environment_is_told_by_names(look: Look) -> None:
    found = look(MAIN_DATABASE_URL="mysql://u:pl4nted@10.0.0.1/d", OTHER="pl4nted", lower="redis://pl4nted")
    assert [(each.name, each.fields, each.target) for each in found.found] == [
        ("main_database", {"dsn": "${MAIN_DATABASE_URL}", "engine": "mysql"}, "prod")
    ]
    assert "pl4nted" not in repr(found)


@pytest.mark.parametrize(
    "value", ["", "://", "postgres://", "postgres://u:p@", "http://x", "postgres", "x" * 100_000 + "://"]
)
def test_values_of_any_form_are_looked_at(look: Look, value: str) -> None:
    assert len(look(DATABASE_URL=value).found) <= 1


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("DATABASE_URL", True),
        ("S3_BUCKET", True),
        ("path", False),
        ("MIIEVQIBADANBGKQHKIG9W0BAQEFAASC", False),
        ("AKIA0123456789ABCDEF", False),
        ("A B", False),
    ],
)
def test_pieces_of_keys_are_no_names(name: str, is_one: bool) -> None:
    assert is_name(name) == is_one


def test_pipelines_are_told(folder: Path, look: Look) -> None:
    write(folder, ".gitlab-ci.yml", "job: !reference [pl4nted]\n")
    write(folder, "main.tf", 'password = "pl4nted"\n')
    assert told(look()) == [".gitlab-ci.yml: a pipeline of GitLab CI", "main.tf: is of Terraform"]
