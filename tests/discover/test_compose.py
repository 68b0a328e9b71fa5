"""What a Compose file starts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytest_readiness.discover.found import Survey
from pytest_readiness.discover.merging import merged
from tests.discover.application import write

Look = Callable[..., Survey]


def declared(found: Survey, section: str) -> dict[str, Any]:
    return {each.name: dict(each.fields) for each in merged(found.found) if each.section == section}


@pytest.mark.parametrize(
    ("port", "url"),
    [
        ('"8080:80"', "http://localhost:8080"),
        ('"127.0.0.1:8080:80"', "http://localhost:8080"),
        ('"[::1]:8080:80"', "http://localhost:8080"),
        ('"192.0.2.7:8080:80"', "http://192.0.2.7:8080"),
        ('"8443:443/tcp"', "https://localhost:8443"),
        ('"3000-3005:3000-3005"', "http://localhost:3000"),
        ('"${PORT:-8081}:80"', "http://localhost:8081"),
        ('{target: 80, published: "8082"}', "http://localhost:8082"),
        ("{target: 80, published: 8083, host_ip: 127.0.0.1, protocol: tcp}", "http://localhost:8083"),
        ('"80"', None),
        ('"${PORT}:80"', None),
        ('"8080:80/udp"', None),
        ('"99999:80"', None),
        ('"2222:22"', None),
        ("null", None),
        ("[1, 2]", None),
    ],
)
def test_published_ports_are_urls_of_this_machine(folder: Path, look: Look, port: str, url: str | None) -> None:
    write(folder, "compose.yaml", f"services:\n  web:\n    image: shop\n    ports: [{port}]\n")
    found = look()
    assert [each["url"] for each in declared(found, "urls").values()] == ([url] if url else [])
    assert {each.target for each in found.found} == {"local"}


@pytest.mark.parametrize(
    ("image", "engine"),
    [
        ("postgres:16", "postgres"),
        ("registry.example.com:5000/mirror/postgis@sha256:0", "postgres"),
        ("bitnami/mariadb", "mysql"),
        ("${REGISTRY:-docker.io}/valkey/valkey:8", "redis"),
        ("mongo", "mongodb"),
        ("postgres-exporter", None),
        ("${IMAGE}", None),
    ],
)
def test_databases_are_told_by_their_images(folder: Path, look: Look, image: str, engine: str | None) -> None:
    write(folder, "compose.yaml", f'services:\n  store:\n    image: "{image}"\n')
    assert [each["engine"] for each in declared(look(), "databases").values()] == ([engine] if engine else [])


def test_the_same_database_in_compose_env_and_environment_is_one(folder: Path, look: Look) -> None:
    write(
        folder,
        "compose.yaml",
        "services:\n  db:\n    image: postgres\n    ports: ['5433:5432']\n"
        "  api:\n    image: shop\n    environment: [ORDERS_DSN=postgres://u:a@db/orders]\n",
    )
    write(folder, ".env", "ORDERS_DSN=postgresql+asyncpg://u:p@ss/w@db:5432/orders\n")
    found = look(ORDERS_DSN="postgres://u:p@127.0.0.1:5433/orders")
    assert declared(found, "databases") == {"db": {"dsn": "${ORDERS_DSN}", "engine": "postgres"}}
    (database,) = [each for each in merged(found.found) if each.section == "databases"]
    assert (
        database.source
        == "compose.yaml:2, ORDERS_DSN in compose.yaml:7, ORDERS_DSN in .env:1, ORDERS_DSN in the environment"
    )


def test_what_leads_elsewhere_is_another_database_of_another_target(folder: Path, look: Look) -> None:
    write(folder, "compose.yaml", "services:\n  db:\n    image: postgres\n    ports: ['5432:5432']\n")
    found = merged(look(DATABASE_URL="postgres://u:p@db.example.com/shop").found)
    databases = {each.target: each.fields["dsn"] for each in found if each.section == "databases"}
    assert databases == {"local": "${DB_URL}", "prod": "${DATABASE_URL}"}


def test_two_databases_of_one_engine_have_variables_of_their_own(folder: Path, look: Look) -> None:
    write(folder, "compose.yaml", "services:\n  a-1: {image: redis}\n  b: {image: redis}\n  c: {image: mysql}\n")
    assert {name: each["dsn"] for name, each in declared(look(), "databases").items()} == {
        "a-1": "${A_1_URL}",
        "b": "${B_URL}",
        "c": "${DATABASE_URL}",
    }


def test_containers_are_called_as_compose_does(folder: Path, look: Look) -> None:
    write(
        folder,
        "compose.yml",
        "name: My.Shop\nservices:\n  web: {image: nginx}\n  own: {image: nginx, container_name: front}\n"
        "  tools: {image: nginx, profiles: [debug]}\n",
    )
    found = look()
    assert declared(found, "containers") == {"web": {"container": "myshop-web-1"}, "own": {"container": "front"}}
    assert [each.text for each in found.hints] == ["the service tools is started with the profile debug only"]


def test_an_override_is_read_and_other_stacks_are_not(folder: Path, look: Look) -> None:
    write(folder, "compose.yaml", "services:\n  web:\n    image: nginx\n    ports: ['8080:80']\n")
    write(folder, "compose.override.yaml", "services:\n  web:\n    ports: ['8443:443']\n  db: {image: mysql}\n")
    write(folder, "compose.prod.yaml", "services:\n  other: {image: nginx}\n")
    found = look()
    plain_and_secure = {"url": "https://localhost:8443", "plain_http": "http://localhost:8080"}
    assert declared(found, "urls") == {"web": plain_and_secure}
    assert declared(found, "databases") == {"db": {"dsn": "${DATABASE_URL}", "engine": "mysql"}}
    assert "other" not in declared(found, "containers")
    assert ("compose.prod.yaml", "prod") in [(each.source, each.text.split()[2].rstrip(",")) for each in found.hints]


def test_a_health_check_gives_the_path(folder: Path, look: Look) -> None:
    write(
        folder,
        "compose.yaml",
        "services:\n  web:\n    image: shop\n    ports: ['9000:8000', '9001:8001']\n"
        "    healthcheck: {test: [CMD, curl, -f, 'http://localhost:8001/readyz?token=pl4nted']}\n",
    )
    urls = declared(look(), "urls")
    assert urls == {
        "web": {"url": "http://localhost:9000"},
        "web-8001": {"url": "http://localhost:9001", "readiness": "/readyz"},
    }


def test_a_stack_below_the_folder_is_called_after_its_own(folder: Path, look: Look) -> None:
    write(folder, "deploy/docker-compose.yml", "services:\n  web:\n    build: ../app\n    env_file: [web.env]\n")
    write(folder, "deploy/web.env", "A=1\n")
    write(folder, "app/Dockerfile", "FROM scratch\n")
    found = look()
    assert declared(found, "containers") == {"web": {"container": "deploy-web-1"}}
    assert declared(found, "env_files") == {"deploy-web": {"path": "deploy/web.env", "dialect": "compose"}}
    assert not [each for each in found.hints if each.source == "app/Dockerfile"]


def test_what_a_file_refers_to_elsewhere_is_told(folder: Path, look: Look) -> None:
    write(folder, "web.env", "REDIS_URL=redis://:pl4nted@cache/0\n")
    text = "include: [other.yaml]\nservices:\n  web: {image: nginx, env_file: ../../web.env, build: ../../..}\n"
    write(folder, "compose.yaml", text)
    found = look()
    assert [(each.source, each.why) for each in found.skipped] == [
        ("compose.yaml:1", "includes other files, which were not read")
    ]
    assert declared(found, "env_files") == {"web": {"path": "web.env"}}


@pytest.mark.parametrize(
    "text",
    [
        "services: [a, b]\n",
        "services:\n  web: 7\n  'we b': {image: nginx}\n",
        "services:\n  web: {image: [1], ports: 80, environment: 7, env_file: {a: b}, build: [x], healthcheck: no}\n",
        "services:\n  web: {ports: [{target: x}], env_file: [{path: 1}], build: {context: 1}, profiles: x}\n",
        "just: text\n",
    ],
)
def test_wrong_shapes_are_passed_over(folder: Path, look: Look, text: str) -> None:
    write(folder, "compose.yaml", text)
    assert {each.section for each in look().found} <= {"containers", "images"}


def test_images_of_others_are_declared_as_they_stand(folder: Path, look: Look) -> None:
    write(
        folder,
        "compose.yaml",
        "services:\n  db: {image: 'postgres:15'}\n  api: {build: .}\n  cache: {image: 'redis:${TAG:-7}'}\n"
        "  again: {image: 'postgres:15'}\n  tools: {image: 'adminer:4', profiles: [debug]}\n",
    )
    found = look()
    assert declared(found, "images") == {"db": {"image": "postgres:15"}, "api": {"image": "shop-api"}}
    assert "compose.yaml:4: the image of the service cache depends on variables" in "\n".join(
        f"{each.source}: {each.text}" for each in found.hints
    )


PROXIED = """\
services:
  front:
    image: {image}
    ports: ["8080:80"]
    depends_on: {depends}
  api:
    image: shop
    healthcheck: {{test: [CMD, curl, -f, "http://localhost:8000/ready"]}}
  other:
    image: shop
    healthcheck: {{test: [CMD, curl, -f, "http://localhost:8000/up"]}}
  db: {{image: postgres}}
"""


@pytest.mark.parametrize(
    ("image", "depends", "more"),
    [
        ("nginx:1.27", "[api, db, elsewhere]", {"readiness": "/ready"}),
        ("traefik", "{api: {condition: service_healthy}}", {"readiness": "/ready"}),
        ("nginx", "[api, other]", {}),
        ("nginx", "[db]", {}),
        ("nginx", "7", {}),
        ("shop-front", "[api]", {}),
    ],
)
def test_a_proxy_is_asked_as_the_one_behind_it(
    folder: Path, look: Look, image: str, depends: str, more: dict[str, str]
) -> None:
    write(folder, "compose.yaml", PROXIED.format(image=image, depends=depends))
    assert declared(look(), "urls") == {"front": {"url": "http://localhost:8080", **more}}
