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


def test_a_chart_at_the_top_has_templates_too(folder: Path, look: Look) -> None:
    write(folder, "Chart.yaml", "apiVersion: v2\nname: shop\n")
    write(folder, "templates/a.yaml", "apiVersion: v1\nkind: {{ .Values.kind }}\n")
    write(folder, "values.yaml", "ingress: {host: a.example.com}\n")
    found = look()
    assert [(each.name, each.fields["url"]) for each in found.found] == [("shop", "http://a.example.com")]
    assert not found.skipped


def test_hosts_of_an_ingress_are_urls(folder: Path, look: Look) -> None:
    spec = "{tls: [{hosts: [b.example.com, {}]}], rules: [{host: b.example.com}, {host: a.example.com}, {host: {}}]}"
    manifest = f"apiVersion: v1\nkind: Ingress\nmetadata: {{name: shop}}\nspec: {spec}\n"
    write(folder, "deploy/staging/ingress.yaml", manifest)
    assert [(each.fields, each.target) for each in look().found] == [
        ({"url": "https://b.example.com"}, "staging"),
        ({"url": "http://a.example.com"}, "staging"),
    ]


WORKLOAD = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: api}
spec:
  template:
    metadata: {labels: {app: api, tier: back}}
    spec:
      containers:
        - name: api
          ports: [{name: web, containerPort: 8000}]
          livenessProbe: {httpGet: {path: /livez, port: web}}
          readinessProbe: {httpGet: {path: READY, port: PORT}}
---
apiVersion: v1
kind: Service
metadata: {name: api}
spec:
  selector: {app: SELECTED}
  ports: [{name: http, port: 80, targetPort: 8000}]
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: shop, annotations: {NOTE: /}}
spec:
  rules:
    - host: shop.example.com
      http:
        paths:
          - {path: PATH, pathType: Prefix, backend: {service: {name: api, port: {name: http}}}}
          - {path: /static, pathType: Prefix, backend: {service: {name: files, port: {number: 80}}}}
"""
LIVE, READY = {"liveness": "/livez"}, {"readiness": "/readyz"}


@pytest.mark.parametrize(
    ("changed", "more"),
    [
        ({}, {**LIVE, **READY}),
        ({"PORT": "8000"}, {**LIVE, **READY}),
        ({"PORT": "9000"}, LIVE),
        ({"READY": "/"}, LIVE),
        ({"READY": "/static/ready"}, LIVE),
        ({"READY": "'/x y'"}, LIVE),
        ({"READY": "/0123456789abcdef0123456789abcdef"}, LIVE),
        ({"READY": "[1]"}, LIVE),
        ({"SELECTED": "other"}, {}),
        ({"SELECTED": "[x]"}, {}),
        ({"PATH": "/api"}, {}),
        ({"NOTE": "nginx.ingress.kubernetes.io/rewrite-target"}, {}),
    ],
)
def test_probes_are_taken_to_the_url_that_leads_to_them(
    folder: Path, look: Look, changed: dict[str, str], more: dict[str, str]
) -> None:
    text = WORKLOAD
    for word, usual in (("READY", "/readyz"), ("PORT", "web"), ("SELECTED", "api"), ("PATH", "/"), ("NOTE", "note")):
        text = text.replace(word, changed.get(word, usual))
    write(folder, "k8s/api.yaml", text)
    (url,) = [each for each in look().found if each.section == "urls"]
    assert url.fields == {"url": "http://shop.example.com", **more}
    assert url.source == ", ".join(
        ["k8s/api.yaml:26", *(["k8s/api.yaml:11"] if more else []), *(["k8s/api.yaml:12"] if len(more) > 1 else [])]
    )


def test_a_probe_by_a_command_counts(folder: Path, look: Look) -> None:
    text = WORKLOAD.replace(
        "{httpGet: {path: READY, port: PORT}}", "{exec: {command: [curl, 'http://127.0.0.1:8000/up']}}"
    )
    text = text.replace("SELECTED", "api").replace("PATH", "/").replace("NOTE", "note")
    write(folder, "k8s/api.yaml", text)
    (url,) = [each for each in look().found if each.section == "urls"]
    assert url.fields["readiness"] == "/up"


def test_an_environments_probes_are_its_own(folder: Path, look: Look) -> None:
    text = WORKLOAD.replace("PORT", "web").replace("SELECTED", "api").replace("PATH", "/").replace("NOTE", "note")
    workload, service, ingress = text.split("---\n")
    write(folder, "k8s/base/api.yaml", f"{workload.replace('READY', '/base')}---\n{service}")
    write(folder, "k8s/staging/api.yaml", f"{workload.replace('READY', '/staging')}---\n{service}---\n{ingress}")
    write(folder, "k8s/prod/ingress.yaml", ingress)
    found = {each.target: each.fields["readiness"] for each in look().found if each.section == "urls"}
    assert found == {"staging": "/staging", "prod": "/base"}


@pytest.mark.parametrize(
    ("values", "urls"),
    [
        (
            "ingress: {hosts: [{host: a.example.com}, b.example.com], tls: [{hosts: [a.example.com]}]}",
            ["https://a.example.com", "http://b.example.com"],
        ),
        ("ingress: {host: a.example.com}", ["http://a.example.com"]),
        ("ingress: {hostname: a.example.com, tls: true}", ["https://a.example.com"]),
        ("web: {ingress: {host: a.example.com}}", ["http://a.example.com"]),
        ("ingress: {enabled: false, hosts: [chart-example.local]}", []),
        ("ingress: {host: '{{ .Values.host }}', hosts: 7}", []),
        ("ingress: [a]", []),
    ],
)
def test_hosts_of_a_chart_are_urls(folder: Path, look: Look, values: str, urls: list[str]) -> None:
    write(folder, "chart/Chart.yaml", "apiVersion: v2\nname: shop\n")
    write(folder, "chart/values.yaml", f"{values}\n")
    write(folder, "elsewhere/values.yaml", "ingress: {host: other.example.com}\n")
    found = [each for each in look().found if each.section == "urls"]
    assert [each.fields["url"] for each in found] == urls
    assert {each.source for each in found} <= {"chart/values.yaml:1"}


def test_a_charts_probes_and_environments(folder: Path, look: Look) -> None:
    write(folder, "chart/Chart.yaml", "apiVersion: v2\nname: shop\n")
    probes = (
        "livenessProbe:\n  httpGet: {path: /livez, port: http}\nreadinessProbe:\n  httpGet: {path: /, port: http}\n"
    )
    write(folder, "chart/values-staging.yaml", f"ingress: {{host: a.example.com}}\n{probes}")
    assert [(each.fields, each.target, each.source) for each in look().found] == [
        (
            {"url": "http://a.example.com", "liveness": "/livez"},
            "staging",
            "chart/values-staging.yaml:1, chart/values-staging.yaml:2",
        )
    ]


def test_examples_of_env_files(folder: Path, look: Look) -> None:
    for path in (".env", ".env.example", ".env.prod", ".env.staging.dist", "api/.env", "web/.env", "web/.env.sample"):
        write(folder, path, "A=1\n")
    write(folder, "api/.env.example", "\n")
    found = look()
    assert {each.source: each.fields.get("example") for each in found.found if each.section == "env_files"} == {
        ".env": ".env.example",
        ".env.prod": ".env.example",
        "api/.env": None,
        "web/.env": "web/.env.sample",
    }
    assert [each for each in told(found) if "asks for" in each] == [".env.staging.dist: asks for A"]


GITLAB = """\
build: !reference [pl4nted]
live: {environment: {name: Production, url: https://shop.example.com/}}
staged: {environment: {name: staging, url: "https://staging.example.com"}}
gone: {environment: {name: staging, url: "https://gone.example.com", action: stop}}
review: {environment: {name: review/$CI_COMMIT_REF_SLUG, url: "https://$CI_ENVIRONMENT_SLUG.example.com"}}
token: {environment: {name: prod, url: "https://user:pl4nted@x.example.com"}}
dev: {environment: {name: dev, url: "http://dev.example.com:8080"}}
plain: {environment: production}
other: 7
"""


def test_environments_of_gitlab_are_urls(folder: Path, look: Look) -> None:
    write(folder, ".gitlab-ci.yml", GITLAB)
    found = look()
    assert [(each.fields, each.target, each.source) for each in found.found] == [
        ({"url": "https://shop.example.com/"}, "prod", ".gitlab-ci.yml:2"),
        ({"url": "https://staging.example.com"}, "staging", ".gitlab-ci.yml:3"),
    ]
    assert told(found)[1:] == [
        ".gitlab-ci.yml:7: the environment dev is at http://dev.example.com:8080: declare it in a target of its own"
    ]
    assert "pl4nted" not in repr(found)


def test_a_checklist_of_few_boxes_is_told(folder: Path, look: Look) -> None:
    write(folder, "release-checklist.md", "# Release\n\n- [ ] one\n- [ ] two\n")
    write(folder, "notes.md", "- [ ] one\n")
    found = look()
    assert not found.papers
    assert [each.source for each in found.skipped] == ["release-checklist.md"]
    assert "has fewer than 3 boxes" in found.skipped[0].why


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
